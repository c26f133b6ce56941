// SPDX-License-Identifier: BSD-3-Clause
// Kernel threads, and becoming one (2.4.18 arch/i386/kernel/process.c kernel_thread, kernel/fork.c, kernel/exit.c).
//
// A thread shares its parent's address space, files, working directory and, with CLONE_SIGHAND, signal handlers.
//
// Left out: without CLONE_FS and CLONE_FILES the real kernel copies the parent's fs_struct and files_struct; here they are
// shared then, too. A thread that has ended is gone at once unless its parent is a program.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

func kthreadFunctions() []Function {
	return []Function{
		{Name: "kernel_thread", Fn: kernelThread, Level: Partial, Note: "fs_struct and files_struct are always shared with the parent"},
		{Name: "daemonize", Fn: func(c *Call) { c.Kernel.daemonize(c.Task()) }, Level: Full},
		{Name: "reparent_to_init", Fn: func(c *Call) { c.Kernel.reparentToInit(c.Task()) }, Level: Full},
		{Name: "exit_mm", Fn: func(c *Call) { c.withTask(c.Kernel.exitMM) }, Level: Full},
		{Name: "exit_fs", Fn: func(c *Call) { c.withTask(c.Kernel.exitFs) }, Level: Full},
		{Name: "exit_files", Fn: func(c *Call) { c.withTask(c.Kernel.exitFiles) }, Level: Partial, Note: "the last user's files stay open"},
		{Name: "exit_sighand", Fn: func(c *Call) { c.withTask(c.Kernel.exitSighand) }, Level: Full},
		{Name: "complete_and_exit", Fn: completeAndExit, Level: Full},
		{Name: "do_exit", Fn: func(c *Call) { c.Kernel.exit(c.Arg(0)) }, Level: Full},
	}
}

// withTask calls f for the task that is the call's first argument.
func (c *Call) withTask(f func(*Task)) {
	if t := c.Kernel.taskAt(c.Arg(0)); t != nil {
		f(t)
	}
}

// kernelThread models int kernel_thread(int (*fn)(void *), void *arg, unsigned long flags): the thread's pid, or ENOMEM.
// The new thread runs when its parent gives up the CPU.
//
// Context: process.
func kernelThread(c *Call) {
	k, fn, arg, flags := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2)
	t := k.cloneThread(c.Task(), flags)
	if t == nil {
		c.Fail(abi.ENOMEM)
		return
	}
	t.entry = fn
	t.body = func() {
		k.Invoke(GuestCall{Fn: fn, Args: []uint32{arg}, ReturnTo: k.site("kernel_thread", kernelThreadFn)})
		k.exit(flags & 0xff << 8)
	}
	t.start()
	k.enqueue(t)
	c.Return(uint32(t.Pid()))
}

// completeAndExit models void complete_and_exit(struct completion *comp, long code).
func completeAndExit(c *Call) {
	if done := c.Arg(0); done != 0 {
		c.Kernel.complete(done)
	}
	c.Kernel.exit(c.Arg(1))
}

// cloneThread makes a task like parent, which shares its address space; nil without memory.
func (k *Kernel) cloneThread(parent *Task, flags uint32) *Task {
	k.saveFPU(parent)
	pid := k.freePID(k.nextPID)
	t := k.newTaskLike(parent, parent.Comm(), pid)
	if t == nil {
		return nil
	}
	k.nextPID = pid + 1
	lay := &k.lay.Task
	t.Set(lay.AddrLimit, parent.Get(lay.AddrLimit))
	t.Set(lay.Flags, t.Get(lay.Flags)&^(abi.PFSuperPriv|abi.PFUsedFPU|abi.PFSignaled)|abi.PFForkNoExec)
	t.Set(lay.ExitSignal, flags&0xff)
	t.Set(lay.UsedMath, 0)
	t.cpu.eflags = eflagsIF | 2
	t.cpu.regs[vm.ESP] = t.stackTop() - 2*wordSize // below it lay the frame of the clone system call
	if mm := t.MM(); mm != 0 {
		k.mem.Set(mm, k.lay.MM.MmUsers, k.mem.Get(mm, k.lay.MM.MmUsers)+1)
	}
	if flags&abi.CloneSighand == 0 {
		k.copySighand(t)
	}
	return t
}

// copySighand gives a task signal handlers of its own, like those it has. Without memory they stay shared.
func (k *Kernel) copySighand(t *Task) {
	lay := &k.lay.Signal
	own := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if own == 0 {
		return
	}
	shared := t.Get(k.lay.Task.Sig)
	k.mem.Copy(own, shared, lay.Size)
	k.mem.Set(shared, lay.Count, k.mem.Get(shared, lay.Count)-1)
	k.mem.Set(own, lay.Count, 1)
	t.Set(k.lay.Task.Sig, own)
}

// exitSighand gives up a task's share of its signal handlers and frees its pending signals.
func (k *Kernel) exitSighand(t *Task) {
	lay := &k.lay.Signal
	sig := t.Get(k.lay.Task.Sig)
	if sig != 0 {
		t.Set(k.lay.Task.Sig, 0)
		count := k.mem.Get(sig, lay.Count) - 1
		k.mem.Set(sig, lay.Count, count)
		if count == 0 && sig != k.sym.InitSignals {
			k.Kfree(sig)
		}
	}
	t.Set(k.lay.Task.Sigpending, 0)
	k.flushSigqueue(t)
}

// shareStructs counts a new task's share of what it has in common with the task it is like.
func (k *Kernel) shareStructs(t *Task) {
	for _, s := range []struct {
		of    abi.Field
		count abi.Field
	}{{k.lay.Task.Fs, k.lay.Fs.Count}, {k.lay.Task.Files, k.lay.Files.Count}, {k.lay.Task.Sig, k.lay.Signal.Count}} {
		if at := t.Get(s.of); at != 0 {
			k.mem.Set(at, s.count, k.mem.Get(at, s.count)+1)
		}
	}
}

// dropStruct gives up a task's share of a counted structure.
func (k *Kernel) dropStruct(t *Task, of, count abi.Field) {
	if at := t.Get(of); at != 0 {
		t.Set(of, 0)
		k.mem.Set(at, count, k.mem.Get(at, count)-1)
	}
}

// exitFs gives up a task's root and working directory; with the last user they go, but init's stay.
func (k *Kernel) exitFs(t *Task) {
	fs := t.Get(k.lay.Task.Fs)
	k.dropStruct(t, k.lay.Task.Fs, k.lay.Fs.Count)
	if fs != 0 && fs != k.sym.InitFs && k.mem.Get(fs, k.lay.Fs.Count) == 0 {
		k.freeFs(fs)
	}
}

func (k *Kernel) exitFiles(t *Task) { k.dropStruct(t, k.lay.Task.Files, k.lay.Files.Count) }

// exitMM gives up a task's address space: it goes on in the kernel's part, which all have.
func (k *Kernel) exitMM(t *Task) {
	lay := &k.lay.Task
	mm := t.MM()
	if mm == 0 {
		return
	}
	t.Set(lay.Mm, 0)
	t.Set(lay.ActiveMm, k.sym.InitMM)
	k.putMM(mm)
}

// putMM is mmput: the last user's address space is freed.
func (k *Kernel) putMM(mm uint32) {
	users := k.mem.Get(mm, k.lay.MM.MmUsers) - 1
	k.mem.Set(mm, k.lay.MM.MmUsers, users)
	if users != 0 {
		return
	}
	if k.m.CR(3) == physical(k.mem.Get(mm, k.lay.MM.Pgd)) {
		k.m.SetCR(3, physical(k.sym.SwapperPgDir))
	}
	k.freeMM(mm)
}

// daemonize models void daemonize(void): gives up what belongs to the process that started the thread.
func (k *Kernel) daemonize(t *Task) {
	lay, init := &k.lay.Task, k.sym.InitTask
	k.exitMM(t)
	t.Set(lay.Session, 1)
	t.Set(lay.Pgrp, 1)
	t.Set(lay.Tty, 0)
	k.exitFs(t)
	k.exitFiles(t)
	for _, s := range []struct{ of, count abi.Field }{{lay.Fs, k.lay.Fs.Count}, {lay.Files, k.lay.Files.Count}} {
		at := k.mem.Get(init, s.of)
		t.Set(s.of, at)
		k.mem.Set(at, s.count, k.mem.Get(at, s.count)+1)
	}
}

// reparentToInit models void reparent_to_init(void): init is the parent from now on, and the thread has what a task of
// init's would: no tracer, normal priority, root's capabilities and limits.
func (k *Kernel) reparentToInit(t *Task) {
	lay, init := &k.lay.Task, k.sym.InitTask
	k.setParent(t, k.mem.U32(k.sym.ChildReaper))
	t.Set(lay.ExitSignal, abi.SIGCHLD)
	t.Set(lay.Ptrace, 0)
	if lay.StaticPrio.Exists {
		t.Set(lay.StaticPrio, defaultPrio)
		t.Set(lay.Prio, defaultPrio)
	}
	k.mem.Copy(t.addr+lay.Rlim.Off, init+lay.Rlim.Off, uint32(lay.Rlim.Size))
	t.Set(lay.CapEffective, rootCaps)
	t.Set(lay.CapInheritable, 0)
	t.Set(lay.CapPermitted, allCaps)
	t.Set(lay.KeepCapabilities, 0)
	t.Set(lay.User, k.sym.RootUser)
}

// setParent moves a task to the children of the task at parent.
func (k *Kernel) setParent(t *Task, parent uint32) {
	k.unlinkChild(t)
	t.Set(k.lay.Task.POpptr, parent)
	t.Set(k.lay.Task.PPptr, parent)
	k.linkChild(t)
}

// linkChild makes a task its parent's youngest child.
func (k *Kernel) linkChild(t *Task) {
	lay, parent := &k.lay.Task, t.Get(k.lay.Task.PPptr)
	older := k.mem.Get(parent, lay.PCptr)
	t.Set(lay.PYsptr, 0)
	t.Set(lay.POsptr, older)
	if older != 0 {
		k.mem.Set(older, lay.PYsptr, t.addr)
	}
	k.mem.Set(parent, lay.PCptr, t.addr)
}

func (k *Kernel) unlinkChild(t *Task) {
	lay := &k.lay.Task
	older, younger := t.Get(lay.POsptr), t.Get(lay.PYsptr)
	if older != 0 {
		k.mem.Set(older, lay.PYsptr, younger)
	}
	if younger != 0 {
		k.mem.Set(younger, lay.POsptr, older)
	} else if parent := t.Get(lay.PPptr); k.mem.Get(parent, lay.PCptr) == t.addr {
		k.mem.Set(parent, lay.PCptr, older)
	}
}

// orphan gives a dying task's children to init (forget_original_parent).
func (k *Kernel) orphan(parent *Task) {
	if parent.addr == k.mem.U32(k.sym.ChildReaper) {
		k.becomeInit(k.sched.idle)
		return
	}
	lay, reaper := &k.lay.Task, k.mem.U32(k.sym.ChildReaper)
	for _, t := range k.everyTask() {
		if t == parent || t.Get(lay.POpptr) != parent.addr {
			continue
		}
		t.Set(lay.ExitSignal, abi.SIGCHLD)
		k.setParent(t, reaper)
		switch {
		case !t.dead:
			if signal := t.Get(lay.PdeathSignal); signal != 0 {
				k.sendSignalInfo(t, signal, infoUser)
			}
		case k.awaited(t):
			k.notifyParent(t, abi.SIGCHLD)
		case t != k.running:
			k.release(t)
		}
	}
}
