// SPDX-License-Identifier: BSD-3-Clause
// Exceptions: the do_* functions that the guest's IDT stubs call (2.4.18 arch/i386/kernel/traps.c). Page faults are in
// fault.go.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Frame is a pt_regs in guest memory: the state of the interrupted code. Changing it changes where and how that goes on.
type Frame struct {
	k    *Kernel
	addr uint32
}

// Frame returns the pt_regs at addr.
func (k *Kernel) Frame(addr uint32) Frame { return Frame{k, addr} }

// Addr is the address of the pt_regs.
func (f Frame) Addr() uint32 { return f.addr }

// Get reads a register of the frame: f.Get(k.lay.PtRegs.Eip).
func (f Frame) Get(r abi.Field) uint32 { return f.k.mem.Get(f.addr, r) }

// Set changes a register of the frame.
func (f Frame) Set(r abi.Field, v uint32) { f.k.mem.Set(f.addr, r, v) }

// EIP is where the interrupted code was: at the instruction for faults, behind it for traps.
func (f Frame) EIP() uint32 { return f.Get(f.k.lay.PtRegs.Eip) }

// SetEIP makes the interrupted code go on elsewhere.
func (f Frame) SetEIP(eip uint32) { f.Set(f.k.lay.PtRegs.Eip, eip) }

// User reports that the interrupted code ran at CPL 3 or in virtual-8086 mode.
func (f Frame) User() bool {
	return f.Get(f.k.lay.PtRegs.CS)&3 == 3 || f.Get(f.k.lay.PtRegs.Eflags)&vm.FlagVM != 0
}

// ESP is the stack pointer of the interrupted code. Within CPL 0 the CPU pushes none: it is the end of the frame.
func (f Frame) ESP() uint32 {
	if f.User() {
		return f.Get(f.k.lay.PtRegs.Esp)
	}
	return f.addr + f.k.lay.PtRegs.Esp.Off
}

// A trap is an exception on its way through the kernel: to a fixup, a signal or an oops.
type trap struct {
	frame  Frame
	vector int
	title  string // what the oops calls it
	code   uint32 // error code, 0 for exceptions without one
	signal int    // for code at CPL 3 that caused it
}

// trapGate is an entry of the IDT that trap_init sets.
type trapGate struct {
	vector int
	kind   uint32
	stub   string
}

// trapGates lists them. From CPL 3 a program may only raise int3, overflow, bounds and the system call itself.
func trapGates() []trapGate {
	return []trapGate{
		{vm.VecDE, gateTrap, "divide_error"},
		{vm.VecDB, gateTrap, "debug"},
		{vm.VecNMI, gateInterrupt, "nmi"},
		{vm.VecBP, gateSystem, "int3"},
		{vm.VecOF, gateSystem, "overflow"},
		{vm.VecBR, gateSystem, "bounds"},
		{vm.VecUD, gateTrap, "invalid_op"},
		{vm.VecNM, gateTrap, "device_not_available"},
		{vm.VecDF, gateTrap, "double_fault"},
		{9, gateTrap, "coprocessor_segment_overrun"},
		{vm.VecTS, gateTrap, "invalid_TSS"},
		{vm.VecNP, gateTrap, "segment_not_present"},
		{vm.VecSS, gateTrap, "stack_segment"},
		{vm.VecGP, gateTrap, "general_protection"},
		{vm.VecPF, gateInterrupt, "page_fault"}, // interrupts off until CR2 has been read
		{15, gateTrap, "spurious_interrupt_bug"},
		{vm.VecMF, gateTrap, "coprocessor_error"},
		{vm.VecAC, gateTrap, "alignment_check"},
		{vm.VecXM, gateTrap, "simd_coprocessor_error"},
		{abi.SyscallVector, gateSystem, "system_call"},
	}
}

func trapFunctions() []Function {
	plain := func(name string, vector int, title string, signal int) Function {
		return Function{Name: name, Level: Full, Fn: func(c *Call) {
			c.Kernel.handleTrap(trap{c.Kernel.Frame(c.Arg(0)), vector, title, c.Arg(1), signal})
		}}
	}
	return []Function{
		plain("do_divide_error", vm.VecDE, "divide error", abi.SIGFPE),
		plain("do_int3", vm.VecBP, "int3", abi.SIGTRAP),
		plain("do_overflow", vm.VecOF, "overflow", abi.SIGSEGV),
		plain("do_bounds", vm.VecBR, "bounds", abi.SIGSEGV),
		plain("do_invalid_op", vm.VecUD, "invalid operand", abi.SIGILL),
		plain("do_double_fault", vm.VecDF, "double fault", abi.SIGSEGV),
		plain("do_coprocessor_segment_overrun", 9, "coprocessor segment overrun", abi.SIGFPE),
		plain("do_invalid_TSS", vm.VecTS, "invalid TSS", abi.SIGSEGV),
		plain("do_segment_not_present", vm.VecNP, "segment not present", abi.SIGBUS),
		plain("do_stack_segment", vm.VecSS, "stack segment", abi.SIGBUS),
		plain("do_alignment_check", vm.VecAC, "alignment check", abi.SIGBUS),
		plain("do_coprocessor_error", vm.VecMF, "coprocessor error", abi.SIGFPE),
		plain("do_simd_coprocessor_error", vm.VecXM, "simd coprocessor error", abi.SIGFPE),
		{Name: "do_general_protection", Fn: doGeneralProtection, Level: Full},
		{Name: "do_page_fault", Fn: doPageFault, Level: Full},
		{Name: "do_debug", Fn: doDebug, Level: Partial, Note: "no ptrace: a hardware breakpoint of the guest's own gives SIGTRAP"},
		{Name: "do_spurious_interrupt_bug", Fn: func(*Call) {}, Level: Full},
		{Name: "search_exception_table", Fn: searchExceptionTable, Level: Full},
		{Name: "do_signal", Fn: doSignal, Level: Partial, Note: "no core files, no ptrace"},
	}
}

// handleTrap is do_trap: at CPL 3 a signal; in the kernel the fixup of the exception table, or an oops.
func (k *Kernel) handleTrap(t trap) {
	if t.frame.User() {
		k.running.Set(k.lay.Task.ThreadErrorCode, t.code)
		k.running.Set(k.lay.Task.ThreadTrapNo, uint32(t.vector))
		if code, known := trapCodes()[t.vector]; known {
			k.forceFault(k.running, t.signal, code, t.frame.EIP())
		} else {
			k.forceSignal(k.running, t.signal)
		}
		return
	}
	if fixup := k.searchExceptions(t.frame.EIP()); fixup != 0 {
		t.frame.SetEIP(fixup)
		return
	}
	k.die(t, nil)
}

// trapCodes are the si_code of exceptions of which a program learns more than the number.
func trapCodes() map[int]uint32 {
	return map[int]uint32{vm.VecDE: faultDivide, vm.VecUD: faultIllegal, vm.VecAC: faultUnaligned}
}

// die ends in an oops, unless ESP has left the task's stack: the real kernel then takes whatever lies there for current and
// faults again and again, down to a triple fault, without a word on the console.
func (k *Kernel) die(t trap, pf *pageFaultReport) {
	if k.Current() != k.running.addr {
		k.stop(Outcome{Kind: TripleFault, EIP: t.frame.EIP(), Reason: fmt.Sprintf("%s with ESP %08x outside the stack of pid %d at %08x",
			t.title, t.frame.ESP(), k.running.Pid(), k.running.addr)})
	}
	k.oops(t, pf)
}

// doGeneralProtection models void do_general_protection(struct pt_regs *regs, long error_code). The HLT of a host-driven
// process is where it waits for its next system call.
func doGeneralProtection(c *Call) {
	k, f := c.Kernel, c.Kernel.Frame(c.Arg(0))
	if k.atHostHalt(f) {
		k.running.proc.waitForHost(c, f)
		return
	}
	k.handleTrap(trap{f, vm.VecGP, "general protection fault", c.Arg(1), abi.SIGSEGV})
}

// atHostHalt tells whether a frame is that of a host-driven process at the HLT where it waits for its next system call.
func (k *Kernel) atHostHalt(f Frame) bool {
	p := k.running.proc
	return p != nil && f.User() && f.EIP() == p.haltAddr()
}

// parksForHost tells whether a call is nothing but that waiting: it is none of the guest's business, and not traced.
func (k *Kernel) parksForHost(c *Call) (parks bool) {
	if c.Fn.Name == "do_general_protection" && k.running != nil {
		k.quietly(func() { parks = k.atHostHalt(k.Frame(c.Arg(0))) })
	}
	return parks
}

// doDebug models void do_debug(struct pt_regs *regs, long error_code): single steps in the kernel are switched off and
// otherwise ignored, the rest is SIGTRAP.
func doDebug(c *Call) {
	const dr6Step = 1 << 14
	k, f := c.Kernel, c.Kernel.Frame(c.Arg(0))
	dr6 := k.m.DR(6)
	k.m.SetDR(6, 0)
	if !f.User() {
		if dr6&dr6Step != 0 {
			f.Set(k.lay.PtRegs.Eflags, f.Get(k.lay.PtRegs.Eflags)&^vm.FlagTF)
		}
		k.m.SetDR(7, 0)
		return
	}
	k.running.Set(k.lay.Task.ThreadTrapNo, vm.VecDB)
	k.running.Set(k.lay.Task.ThreadErrorCode, c.Arg(1))
	k.forceSignal(k.running, abi.SIGTRAP)
	k.m.SetDR(7, 0)
}
