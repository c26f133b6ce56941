// SPDX-License-Identifier: BSD-3-Clause
// init_task and what new tasks get from it (2.4.18 linux/sched.h INIT_TASK, kernel/fork.c).

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Capability sets of 2.4: all, and all that programs get by being root (CAP_INIT_EFF_SET: without CAP_SETPCAP).
const (
	allCaps  = 0xffffffff
	rootCaps = allCaps &^ (1 << abi.CapSetpcap)
)

const (
	rlimInfinity  = 0xffffffff
	defaultPrio   = 120 // nice 0
	initTaskPrio  = 140 // MAX_PRIO: the idle task
	lockDepthNone = 0xffffffff
)

// rlimits of a process: soft, hard, by RLIMIT_ number.
func rlimits() [11][2]uint32 {
	limits := [11][2]uint32{}
	for i := range limits {
		limits[i] = [2]uint32{rlimInfinity, rlimInfinity}
	}
	limits[3] = [2]uint32{8 << 20, rlimInfinity} // RLIMIT_STACK
	limits[4] = [2]uint32{0, rlimInfinity}       // RLIMIT_CORE
	limits[7] = [2]uint32{1024, 1024}            // RLIMIT_NOFILE
	return limits
}

// bootTasks writes init_task: the idle task, pid 0, and the shared structures it starts with.
func (k *Kernel) bootTasks() error {
	lay, init := &k.lay.Task, &Task{k: k, addr: k.sym.InitTask}
	k.tasks = append(k.tasks, init)
	init.Set(lay.AddrLimit, abi.KernelLimit)
	init.Set(lay.ExecDomain, k.sym.ExecDomain)
	init.Set(lay.LockDepth, lockDepthNone)
	if lay.Prio.Exists {
		init.Set(lay.Prio, initTaskPrio)
		init.Set(lay.StaticPrio, initTaskPrio)
	}
	init.Set(lay.CpusAllowed, 0xffffffff)
	init.Set(lay.ActiveMm, k.sym.InitMM)
	for _, link := range []abi.Field{lay.NextTask, lay.PrevTask, lay.POpptr, lay.PPptr} {
		init.Set(link, init.addr)
	}
	k.listInit(init.addr + lay.RunList.Off)
	k.listInit(init.addr + lay.ThreadGroup.Off)
	k.listInit(init.addr + lay.WaitChldexit.Off + k.lay.WaitQueueHead.TaskList.Off)
	init.Set(lay.CapEffective, rootCaps)
	init.Set(lay.CapPermitted, allCaps)
	init.Set(lay.User, k.sym.RootUser)
	for i, limit := range rlimits() {
		at := init.addr + lay.Rlim.Off + uint32(i)*8
		k.mem.SetU32(at, limit[0])
		k.mem.SetU32(at+4, limit[1])
	}
	k.mem.Write(init.addr+lay.Comm.Off, []byte("swapper\x00"))
	init.Set(lay.Fs, k.sym.InitFs)
	init.Set(lay.Files, k.sym.InitFiles)
	init.Set(lay.Sig, k.sym.InitSignals)
	init.Set(lay.PendingTail, init.addr+lay.PendingHead.Off)
	init.Set(lay.ThreadEsp0, init.stackTop())
	k.bootSharedStructs()
	return nil
}

// bootSharedStructs writes init_mm, init_fs, init_files and init_signals as far as their counts go.
func (k *Kernel) bootSharedStructs() {
	mm := &k.lay.MM
	k.mem.Set(k.sym.InitMM, mm.Pgd, k.sym.SwapperPgDir)
	k.mem.Set(k.sym.InitMM, mm.MmUsers, 2)
	k.mem.Set(k.sym.InitMM, mm.MmCount, 1)
	k.listInit(k.sym.InitMM + mm.MmapSem.Off + k.lay.RwSemaphore.WaitList.Off)
	k.listInit(k.sym.InitMM + mm.Mmlist.Off)
	k.mem.Set(k.sym.InitFs, k.lay.Fs.Count, 1)
	k.mem.Set(k.sym.InitFs, k.lay.Fs.Umask, 0o22)
	k.mem.Set(k.sym.InitFiles, k.lay.Files.Count, 1)
	k.mem.Set(k.sym.InitSignals, k.lay.Signal.Count, 1)
}

// newTask makes a task like init_task with a stack of its own; nil without memory. Its first instruction is ret_from_fork
// with the pt_regs at the top of the stack, which the caller fills in.
func (k *Kernel) newTask(comm string, pid int32) *Task { return k.newTaskLike(k.tasks[0], comm, pid) }

// newTaskLike makes a task that begins as another one and shares what that has.
func (k *Kernel) newTaskLike(model *Task, comm string, pid int32) *Task {
	addr := k.GetFreePages(k.pages.gfp.kernel, 1)
	if addr == 0 {
		return nil
	}
	t, lay := &Task{k: k, addr: addr}, &k.lay.Task
	k.mem.Copy(addr, model.addr, lay.Size)
	for _, none := range []abi.Field{lay.State, lay.Sigpending, lay.NeedResched, lay.PendingHead, lay.PCptr} {
		t.Set(none, 0)
	}
	k.mem.SetU64(addr+lay.PendingSignal.Off, 0)
	k.mem.SetU64(addr+lay.RealTimer.Off+k.lay.Timer.List.Off, 0)
	k.shareStructs(t)
	t.Set(lay.AddrLimit, abi.TaskSize)
	if lay.Prio.Exists {
		t.Set(lay.Prio, defaultPrio)
		t.Set(lay.StaticPrio, defaultPrio)
	}
	for _, id := range []abi.Field{lay.Pid, lay.Tgid} {
		t.Set(id, uint32(pid))
	}
	for _, list := range []uint32{lay.RunList.Off, lay.ThreadGroup.Off, lay.WaitChldexit.Off + k.lay.WaitQueueHead.TaskList.Off} {
		k.listInit(addr + list)
	}
	t.Set(lay.PendingTail, addr+lay.PendingHead.Off)
	t.Set(lay.POpptr, model.addr)
	t.Set(lay.PPptr, model.addr)
	t.Set(lay.ThreadEsp0, t.stackTop())
	t.Set(lay.ExitSignal, abi.SIGCHLD)
	name := make([]byte, lay.Comm.Size)
	copy(name[:lay.Comm.Size-1], comm)
	k.mem.Write(addr+lay.Comm.Off, name)
	k.linkTask(t)
	t.cpu = k.newCPUState(k.sym.RetFromFork, 2)
	t.cpu.regs[vm.ESP] = k.frameOfNew(t).addr
	t.cpu.regs[vm.EBX] = addr
	return t
}

// newCPUState is that of code at CPL 0 which begins at eip.
func (k *Kernel) newCPUState(eip, eflags uint32) cpuState {
	return cpuState{eip: eip, eflags: eflags, seg: [6]uint16{vm.CS: abi.KernelCS, vm.SS: abi.KernelDS, vm.DS: abi.KernelDS, vm.ES: abi.KernelDS}}
}

// frameOfNew is the pt_regs that a new task returns through.
func (k *Kernel) frameOfNew(t *Task) Frame { return k.Frame(t.stackTop() - k.lay.PtRegs.Size) }

// linkTask puts a task into the ring of all tasks, at its end, and into the pid hash (SET_LINKS, hash_pid).
func (k *Kernel) linkTask(t *Task) {
	lay, init := &k.lay.Task, k.sym.InitTask
	last := k.mem.Get(init, lay.PrevTask)
	t.Set(lay.NextTask, init)
	t.Set(lay.PrevTask, last)
	k.mem.Set(last, lay.NextTask, t.addr)
	k.mem.Set(init, lay.PrevTask, t.addr)
	k.linkChild(t)
	bucket := k.pidBucket(t.Pid())
	first := k.mem.U32(bucket)
	t.Set(lay.PidhashNext, first)
	if first != 0 {
		k.mem.Set(first, lay.PidhashPprev, t.addr+lay.PidhashNext.Off)
	}
	k.mem.SetU32(bucket, t.addr)
	t.Set(lay.PidhashPprev, bucket)
	k.mem.SetU32(k.sym.NrThreads, k.mem.U32(k.sym.NrThreads)+1)
	k.mem.SetU32(k.sym.TotalForks, k.mem.U32(k.sym.TotalForks)+1)
	k.mem.SetU32(k.sym.LastPid, uint32(t.Pid()))
	k.tasks = append(k.tasks, t)
}

// unlinkTask is the reverse of linkTask.
func (k *Kernel) unlinkTask(t *Task) {
	lay := &k.lay.Task
	next, prev := t.Get(lay.NextTask), t.Get(lay.PrevTask)
	k.mem.Set(next, lay.PrevTask, prev)
	k.mem.Set(prev, lay.NextTask, next)
	k.unlinkChild(t)
	hashNext, pprev := t.Get(lay.PidhashNext), t.Get(lay.PidhashPprev)
	if hashNext != 0 {
		k.mem.Set(hashNext, lay.PidhashPprev, pprev)
	}
	k.mem.SetU32(pprev, hashNext)
	k.mem.SetU32(k.sym.NrThreads, k.mem.U32(k.sym.NrThreads)-1)
}

// pidBucket is the head of the hash chain of a pid: pidhash has 1024 of them (pid_hashfn).
func (k *Kernel) pidBucket(pid int32) uint32 {
	const buckets = 4096 / 4
	return k.sym.Pidhash + uint32(pid>>8^pid)%buckets*4
}

// freePID returns the next pid that no task has, from the given one on.
func (k *Kernel) freePID(pid int32) int32 {
	const maxPID = 0x8000
	for {
		used := false
		for _, t := range k.everyTask() {
			used = used || t.Pid() == pid
		}
		if !used {
			return pid
		}
		if pid++; pid >= maxPID {
			pid = 300
		}
	}
}
