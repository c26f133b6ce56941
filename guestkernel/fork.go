// SPDX-License-Identifier: BSD-3-Clause
// New processes: fork, vfork, clone (2.4.18 kernel/fork.c, arch/i386/kernel/process.c).
//
// The parent goes on; the child runs when its turn comes, as the vendor kernel's scheduler has it.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

func forkFunctions() []Function {
	const note = "no limit on processes per user; CLONE_PTRACE and CLONE_PID stop the run by name"
	return []Function{
		{Name: "sys_fork", Fn: func(c *Call) { c.fork(abi.SIGCHLD, 0) }, Level: Partial, Note: note},
		{Name: "sys_vfork", Fn: func(c *Call) { c.fork(abi.CloneVfork|abi.CloneVM|abi.SIGCHLD, 0) }, Level: Partial, Note: note},
		{Name: "sys_clone", Fn: func(c *Call) { c.fork(c.Arg(0), c.Arg(1)) }, Level: Partial, Note: note},
	}
}

// fork models do_fork for a system call: the caller's registers lie behind the return address. stack is the child's stack
// pointer, 0 for the caller's. Returns the child's pid, ENOMEM or EINVAL.
func (c *Call) fork(flags, stack uint32) {
	k, parent := c.Kernel, c.Task()
	if flags&(abi.ClonePID|abi.ClonePtrace) != 0 {
		k.stop(Outcome{Kind: Missing, Reason: "clone with CLONE_PID or CLONE_PTRACE is not written"})
	}
	regs := k.Frame(c.ArgAddr(0))
	k.saveFPU(parent)
	child := kept(k, func() *Task { return k.copyTask(parent, regs, flags, stack) })
	if child == nil {
		c.Fail(abi.ENOMEM)
		return
	}
	pid := uint32(child.Pid())
	c.Return(pid)
	var done uint32
	if flags&abi.CloneVfork != 0 {
		done = c.newCompletion()
		child.Set(k.lay.Task.VforkDone, done)
	}
	child.start()
	k.enqueue(child)
	if done != 0 {
		c.waitFor(done)
	}
}

// newCompletion makes a completion on the caller's stack.
func (c *Call) newCompletion() uint32 {
	lay := &c.Kernel.lay.Completion
	done := c.Alloca(lay.Size)
	c.Kernel.mem.Set(done, lay.Done, 0)
	c.Kernel.initWaitQueue(done + lay.Wait.Off)
	return done
}

// vforkDone lets a parent go on that waits in vfork for this task to leave its address space.
func (k *Kernel) vforkDone(t *Task) {
	if done := t.Get(k.lay.Task.VforkDone); done != 0 {
		t.Set(k.lay.Task.VforkDone, 0)
		k.complete(done)
	}
}

// copyTask makes a child of the running task that returns from the same system call with 0; nil without memory.
func (k *Kernel) copyTask(parent *Task, regs Frame, flags, stack uint32) *Task {
	lay, exitSignal := &k.lay.Task, flags&0xff
	pid := k.freePID(k.nextPID)
	mm := k.shareMM(parent, flags)
	if mm == 0 && parent.MM() != 0 {
		return nil
	}
	t := k.newTaskLike(parent, parent.Comm(), pid)
	if t == nil {
		k.putMM(mm)
		return nil
	}
	k.nextPID = pid + 1
	t.forked = true
	t.Set(lay.AddrLimit, parent.Get(lay.AddrLimit))
	t.Set(lay.Flags, t.Get(lay.Flags)&^(abi.PFSuperPriv|abi.PFUsedFPU|abi.PFSignaled)|abi.PFForkNoExec)
	t.Set(lay.ExitSignal, exitSignal)
	t.Set(lay.Mm, mm)
	t.Set(lay.ActiveMm, mm)
	k.resetTask(t, parent)
	if flags&abi.CloneThread != 0 {
		t.Set(lay.Tgid, parent.Get(lay.Tgid))
		k.listAdd(t.addr+lay.ThreadGroup.Off, parent.addr+lay.ThreadGroup.Off)
	}
	if flags&(abi.CloneParent|abi.CloneThread) != 0 {
		k.setParent(t, parent.Get(lay.POpptr))
	}
	if !k.copyShared(t, parent, flags) {
		k.unmakeTask(t)
		return nil
	}
	k.copyFrame(t, regs, stack)
	return t
}

// unmakeTask gives back a task that has never run.
func (k *Kernel) unmakeTask(t *Task) {
	t.start() // so that there is something to stop
	if mm := t.MM(); mm != 0 {
		t.Set(k.lay.Task.Mm, 0)
		k.putMM(mm)
	}
	k.closeFiles(t)
	k.release(t)
}

// resetTask clears what a child does not inherit: times, alarms, the terminal's lead; half of the time slice is its own.
func (k *Kernel) resetTask(t, parent *Task) {
	lay := &k.lay.Task
	for _, none := range []abi.Field{lay.Leader, lay.DidExec, lay.ItRealValue, lay.ItProfValue, lay.ItVirtValue, lay.ItRealIncr,
		lay.ItProfIncr, lay.ItVirtIncr, lay.MinFlt, lay.MajFlt, lay.VforkDone, lay.PdeathSignal, lay.Ptrace} {
		if none.Size <= 4 {
			t.Set(none, 0)
		}
	}
	k.mem.Fill(t.addr+lay.Times.Off, tmsSize, 0)
	if lay.StaticPrio.Exists {
		t.Set(lay.StaticPrio, parent.Get(lay.StaticPrio))
		t.Set(lay.Prio, parent.Get(lay.StaticPrio))
	}
	if lay.TimeSlice.Exists {
		slice := parent.Get(lay.TimeSlice)
		t.Set(lay.TimeSlice, (slice+1)/2)
		parent.Set(lay.TimeSlice, max(slice/2, 1))
	}
}

// copyShared gives the child its own working directory, files and signal handlers unless it shares them.
func (k *Kernel) copyShared(t, parent *Task, flags uint32) bool {
	if flags&abi.CloneFS == 0 && !k.copyFs(t) {
		return false
	}
	if flags&abi.CloneFiles == 0 && !k.copyFiles(t) {
		return false
	}
	if flags&abi.CloneSighand == 0 {
		k.copySighand(t)
	}
	return true
}

// copyFrame makes the registers with which the child reaches CPL 3.
func (k *Kernel) copyFrame(t *Task, regs Frame, stack uint32) {
	f, lay := k.frameOfNew(t), &k.lay.PtRegs
	k.mem.Copy(f.addr, regs.addr, lay.Size)
	f.Set(lay.Eax, 0)
	if stack != 0 {
		f.Set(lay.Esp, stack)
	}
	for _, s := range []int{vm.FS, vm.GS} {
		t.cpu.seg[s] = k.m.Selector(s)
	}
}

// shareMM is copy_mm: the parent's address space with one more user, or a copy; 0 without memory, or when there is none.
func (k *Kernel) shareMM(parent *Task, flags uint32) uint32 {
	mm := parent.MM()
	if mm == 0 {
		return 0
	}
	if flags&abi.CloneVM != 0 {
		k.mem.Set(mm, k.lay.MM.MmUsers, k.mem.Get(mm, k.lay.MM.MmUsers)+1)
		return mm
	}
	child := k.newMM()
	if child == 0 {
		return 0
	}
	if !k.copyRanges(child, mm) {
		k.freeMM(child)
		return 0
	}
	return child
}

// copyRanges is dup_mmap: every range of an address space, with its pages, in another.
func (k *Kernel) copyRanges(child, mm uint32) bool {
	lay, vl := &k.lay.MM, &k.lay.VMA
	pgd := k.mem.Get(child, lay.Pgd)
	k.mem.Copy(child, mm, lay.Size)
	k.initMMCounts(child)
	k.mem.Set(child, lay.Pgd, pgd)
	for _, none := range []abi.Field{lay.Mmap, lay.MmapCache, lay.MapCount, lay.Rss, lay.LockedVm} {
		k.mem.Set(child, none, 0)
	}
	for vma := range k.chain("the ranges of an address space", k.mem.Get(mm, lay.Mmap), vl.Next) {
		own := k.Kmalloc(vl.Size, k.pages.gfp.kernel)
		if own == 0 {
			return false
		}
		k.mem.Copy(own, vma, vl.Size)
		k.mem.Set(own, vl.MM, child)
		k.mem.Set(own, vl.Next, 0)
		k.mem.Set(own, vl.Flags, k.mem.Get(vma, vl.Flags)&^abi.VMLocked)
		k.useVMAFile(own)
		k.linkVMA(child, own)
		if !k.copyPages(child, mm, vma) {
			return false
		}
	}
	return true
}

// copyPages is copy_page_range: the child maps the same pages. Those of private writable ranges become read-only in both,
// until one writes.
func (k *Kernel) copyPages(child, mm, vma uint32) bool {
	lay := &k.lay.VMA
	private := k.mem.Get(vma, lay.Flags)&(abi.VMShared|abi.VMMayWrite) == abi.VMMayWrite
	pgd, ok := k.mem.Get(child, k.lay.MM.Pgd), true
	k.eachPTE(mm, k.mem.Get(vma, lay.Start), k.mem.Get(vma, lay.End), func(pte, addr, v uint32) {
		to := k.pteAlloc(pgd, addr)
		if to == 0 {
			ok = false
		}
		if !ok {
			return
		}
		if frame := v >> abi.PageShift; frame < k.pages.count {
			if private && v&abi.PageRW != 0 {
				v &^= abi.PageRW
				k.setPTE(pte, addr, v)
			}
			if page := k.pageOf(frame); k.mem.Get(page, k.lay.Page.Flags)>>k.reservedBit&1 == 0 {
				k.mem.Set(page, k.lay.Page.Count, k.mem.Get(page, k.lay.Page.Count)+1)
			}
		}
		k.mem.SetU32(to, v)
		k.addRss(child, 1)
	})
	return ok
}

// copyFs gives a task an fs_struct of its own like the one it has.
func (k *Kernel) copyFs(t *Task) bool {
	lay, shared := &k.lay.Fs, t.Get(k.lay.Task.Fs)
	if shared == 0 {
		return true
	}
	own := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if own == 0 {
		return false
	}
	k.mem.Copy(own, shared, lay.Size)
	k.mem.Set(own, lay.Count, 1)
	k.mem.Set(shared, lay.Count, k.mem.Get(shared, lay.Count)-1)
	t.Set(k.lay.Task.Fs, own)
	for _, d := range []abi.Field{lay.Root, lay.Pwd, lay.Altroot} {
		if at := k.mem.Get(own, d); at != 0 {
			k.mem.Set(at, k.lay.Dentry.Count, k.mem.Get(at, k.lay.Dentry.Count)+1)
		}
	}
	for _, m := range []abi.Field{lay.Rootmnt, lay.Pwdmnt, lay.Altrootmnt} {
		k.countMount(k.mem.Get(own, m), 1)
	}
	return true
}

// countMount changes how many use a mount.
func (k *Kernel) countMount(mnt, d uint32) {
	if mnt != 0 {
		k.mem.Set(mnt, k.mms.mnt.Count, k.mem.Get(mnt, k.mms.mnt.Count)+d)
	}
}

// freeFs gives back an fs_struct that nobody uses any more.
func (k *Kernel) freeFs(fs uint32) {
	lay := &k.lay.Fs
	for _, d := range []abi.Field{lay.Root, lay.Pwd, lay.Altroot} {
		k.dput(k.mem.Get(fs, d))
	}
	for _, m := range []abi.Field{lay.Rootmnt, lay.Pwdmnt, lay.Altrootmnt} {
		k.countMount(k.mem.Get(fs, m), ^uint32(0))
	}
	k.Kfree(fs)
}

// copyFiles gives a task a table of the same open files.
func (k *Kernel) copyFiles(t *Task) bool {
	lay, shared := &k.lay.Files, t.Get(k.lay.Task.Files)
	if shared == 0 || shared == k.sym.InitFiles {
		return true
	}
	t.Set(k.lay.Task.Files, 0)
	own := k.taskFiles(t, true)
	if own == 0 {
		t.Set(k.lay.Task.Files, shared)
		return false
	}
	k.mem.Set(shared, lay.Count, k.mem.Get(shared, lay.Count)-1)
	for _, set := range []abi.Field{lay.OpenFds, lay.CloseOnExec} {
		k.mem.Copy(k.mem.Get(own, set), k.mem.Get(shared, set), smallTable/8)
	}
	for fd := range uint32(smallTable) {
		f := k.mem.U32(k.mem.Get(shared, lay.Fd) + 4*fd)
		if f == 0 {
			continue
		}
		k.mem.Set(f, k.lay.File.Count, k.mem.Get(f, k.lay.File.Count)+1)
		k.mem.SetU32(k.mem.Get(own, lay.Fd)+4*fd, f)
	}
	k.mem.Set(own, lay.NextFd, k.mem.Get(shared, lay.NextFd))
	return true
}
