// SPDX-License-Identifier: BSD-3-Clause
// Host-driven processes: CPL-3 tasks whose system calls the host chooses.
//
// Such a process owns one page of code: int $0x80, then HLT. The HLT is a #GP at CPL 3; do_general_protection recognises it
// and waits there for the host's next request, which it puts into the frame it returns to. So every call goes the whole
// way: CPL 3, IDT gate, system_call, sys_call_table, iret.

package guestkernel

import (
	"errors"
	"fmt"

	"ring0/guestkernel/abi"
)

// ProcessConfig describes a process. The zero value is root's insmod.
type ProcessConfig struct {
	Comm string // default "insmod"
	PID  int32  // 0: the next free one, from Config.FirstPID on
	UID  uint32 // real, effective, saved and file system user id
	GID  uint32 // the same of groups
	Caps *Caps  // nil: what a program of that user has: for root all but CAP_SETPCAP, else none
}

// Caps are the capability sets of a process, one bit per capability.
type Caps struct{ Effective, Permitted, Inheritable uint32 }

// Process is a host-driven process.
type Process struct {
	k       *Kernel
	task    *Task
	next    uint32   // where the next Alloc maps
	request []uint32 // EAX and arguments of the call to make; nil: none
	calling bool     // a call is under way

	inKernel *GuestCall // a function to call instead of a system call; nil: none
	outcome  *Outcome   // of the last call, until it is fetched; of the process, once it has ended
	ended    bool

	buffer, bufferSize uint32 // user memory for arguments: see scratch
}

// A process's address space: the code page where programs begin, data where mmap starts, one page of stack.
const (
	codeBase  = 0x08048000
	stackBase = abi.StackTop - abi.PageSize
)

// trampoline is int $0x80; hlt.
var trampoline = [...]byte{0xcd, 0x80, 0xf4}

const intLen = 2

// haltAddr is where the process waits for the host.
func (p *Process) haltAddr() uint32 { return codeBase + intLen }

// NewProcess makes a process that waits for its first system call.
func (k *Kernel) NewProcess(cfg ProcessConfig) (p *Process, err error) {
	err = k.fromHost(func() error {
		p, err = k.newProcess(cfg)
		return err
	})
	return p, err
}

func (k *Kernel) newProcess(cfg ProcessConfig) (*Process, error) {
	if k.final != nil {
		return nil, fmt.Errorf("guestkernel: no new process: the machine stands still: %v", k.final)
	}
	if cfg.Comm == "" {
		cfg.Comm = "insmod"
	}
	if err := k.choosePID(&cfg); err != nil {
		return nil, err
	}
	p := &Process{k: k, next: abi.UnmappedBase}
	mm := k.newMM()
	if mm == 0 {
		return nil, errNoMemory
	}
	if p.task = k.newTask(cfg.Comm, cfg.PID); p.task == nil {
		k.freeMM(mm)
		return nil, errNoMemory
	}
	p.task.proc = p
	if cfg.PID == pidInit {
		k.becomeInit(p.task)
	}
	p.task.start()
	p.task.Set(k.lay.Task.Mm, mm)
	p.task.Set(k.lay.Task.ActiveMm, mm)
	k.setIdentity(p.task, cfg)
	if err := p.layOut(mm); err != nil {
		p.end()
		return nil, err
	}
	k.enqueue(p.task)
	return p, nil
}

// choosePID gives a new process the next pid, or checks that the wished one is free.
func (k *Kernel) choosePID(cfg *ProcessConfig) error {
	if cfg.PID == 0 {
		cfg.PID = k.freePID(k.nextPID)
		k.nextPID = cfg.PID + 1
	} else if k.replaceInit(cfg.PID); k.freePID(cfg.PID) != cfg.PID {
		return fmt.Errorf("guestkernel: pid %d is in use", cfg.PID)
	}
	return nil
}

var errNoMemory = errors.New("guestkernel: no guest memory left")

// setIdentity gives a process its ids and capabilities.
func (k *Kernel) setIdentity(t *Task, cfg ProcessConfig) {
	lay := &k.lay.Task
	for _, f := range []abi.Field{lay.Uid, lay.Euid, lay.Suid, lay.Fsuid} {
		t.Set(f, cfg.UID)
	}
	for _, f := range []abi.Field{lay.Gid, lay.Egid, lay.Sgid, lay.Fsgid} {
		t.Set(f, cfg.GID)
	}
	caps := Caps{}
	switch {
	case cfg.Caps != nil:
		caps = *cfg.Caps
	case cfg.UID == 0 && cfg.PID == pidInit: // it keeps what init_task had
		caps = Caps{Effective: rootCaps, Permitted: allCaps}
	case cfg.UID == 0:
		caps = Caps{Effective: rootCaps, Permitted: rootCaps}
	}
	t.Set(lay.CapEffective, caps.Effective)
	t.Set(lay.CapPermitted, caps.Permitted)
	t.Set(lay.CapInheritable, caps.Inheritable)
}

// layOut maps code and stack and makes the frame through which the process first reaches CPL 3.
func (p *Process) layOut(mm uint32) error {
	k := p.k
	const code = abi.VMRead | abi.VMExec | abi.VMMayRead | abi.VMMayWrite | abi.VMMayExec
	const stack = dataFlags | abi.VMGrowsDown
	if !k.mapAnonymous(mm, codeBase, codeBase+abi.PageSize, code) || !k.mapAnonymous(mm, stackBase, abi.StackTop, stack) {
		return errNoMemory
	}
	if err := p.WriteUser(codeBase, trampoline[:]); err != nil {
		return err
	}
	k.mem.Set(mm, k.lay.MM.StartCode, codeBase)
	k.mem.Set(mm, k.lay.MM.EndCode, codeBase+uint32(len(trampoline)))
	k.mem.Set(mm, k.lay.MM.StartStack, abi.StackTop-4)
	f, regs := k.frameOfNew(p.task), &k.lay.PtRegs
	k.mem.Fill(f.addr, regs.Size, 0)
	f.Set(regs.Eip, p.haltAddr())
	f.Set(regs.CS, abi.UserCS)
	f.Set(regs.Eflags, eflagsIF|2)
	f.Set(regs.Esp, abi.StackTop-16)
	f.Set(regs.SS, abi.UserDS)
	f.Set(regs.DS, abi.UserDS)
	f.Set(regs.ES, abi.UserDS)
	return nil
}

// Task is the process's task.
func (p *Process) Task() *Task { return p.task }

// Syscall makes the process execute int $0x80 with nr in EAX and up to six arguments, and runs the machine until the call
// has an outcome. After Blocked the call is still under way: see Wait.
func (p *Process) Syscall(nr uint32, args ...uint32) Outcome {
	if err := p.Start(nr, args...); err != nil {
		return Outcome{Kind: InternalError, Err: err}
	}
	return p.Wait()
}

// Start begins a system call that Wait then waits for. Nothing runs yet.
func (p *Process) Start(nr uint32, args ...uint32) error {
	switch {
	case p.k.final != nil, p.ended:
		return nil // Wait says what happened
	case p.calling:
		return fmt.Errorf("guestkernel: pid %d: a system call is under way", p.task.Pid())
	case len(args) > 6:
		return fmt.Errorf("guestkernel: %d arguments: a system call takes six", len(args))
	}
	p.request, p.calling, p.outcome = append([]uint32{nr}, args...), true, nil
	return p.k.fromHost(func() error {
		p.k.Wake(p.task)
		return nil
	})
}

// Wait runs the machine until the call that Start began has an outcome.
func (p *Process) Wait() Outcome {
	if o := p.k.drive(func() bool { return p.outcome != nil }); o != nil {
		return *o
	}
	return *p.outcome
}

// waitForHost is what the process's HLT does: report the last call's result, sleep until there is a request or a signal, and
// put the request into the frame.
func (p *Process) waitForHost(c *Call, f Frame) {
	regs := &p.k.lay.PtRegs
	if p.calling && p.request == nil && p.inKernel == nil {
		p.calling, p.outcome = false, &Outcome{Kind: Returned, Value: int32(f.Get(regs.Eax))}
	}
	p.takeRequest(c, f)
}

// takeRequest is the rest of the wait.
func (p *Process) takeRequest(c *Call, f Frame) {
	k, regs, lay := p.k, &p.k.lay.PtRegs, &p.k.lay.Task
	if p.task.Get(lay.Sigpending) != 0 {
		return // on the way back to the HLT
	}
	if p.inKernel != nil {
		p.callInKernel(c, f)
		return
	}
	if p.request == nil {
		p.task.Set(lay.State, abi.TaskInterruptible)
		k.parkedIn(c, func(c *Call) {
			k.sti()
			p.takeRequest(c, f)
		})
		return
	}
	for i, r := range [...]abi.Field{regs.Eax, regs.Ebx, regs.Ecx, regs.Edx, regs.Esi, regs.Edi, regs.Ebp} {
		v := uint32(0)
		if i < len(p.request) {
			v = p.request[i]
		}
		f.Set(r, v)
	}
	p.request = nil
	f.SetEIP(codeBase)
}

// exited records how the process ended.
func (p *Process) exited(code uint32) {
	p.outcome, p.ended, p.calling = endOf(code), true, false
}

// endOf is how a process ended, by its status.
func endOf(code uint32) *Outcome {
	if signal := int(code & 0x7f); signal != 0 {
		return &Outcome{Kind: Killed, Signal: signal}
	}
	return &Outcome{Kind: Exited, Value: int32(code >> 8 & 0xff)}
}

// Close ends a process that waits for the host, as a signal would, and gives back its memory.
func (p *Process) Close() error {
	if p.ended || p.k.final != nil {
		return nil
	}
	if p.task.Get(p.k.lay.Task.Files) != p.k.sym.InitFiles && !p.calling { // what is open must be closed by the process itself
		p.k.forceSignal(p.task, abi.SIGKILL)
		p.k.drive(func() bool { return p.ended })
		return nil
	}
	return p.k.fromHost(func() error {
		p.end()
		return nil
	})
}

func (p *Process) end() {
	k := p.k
	p.ended, p.task.dead = true, true
	k.dequeue(p.task)
	if mm := p.task.MM(); mm != 0 {
		k.putMM(mm)
	}
	k.release(p.task)
}
