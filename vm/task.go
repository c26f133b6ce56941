// SPDX-License-Identifier: BSD-3-Clause

// Task switching: by JMP, CALL, an interrupt or IRET, through a TSS selector
// or a task gate.
//
// Intel SDM vol. 3, chapter 7 "Task management": 7.3 "Task switching", 7.4
// "Task linking", table 7-1 "Exception conditions checked during a task
// switch". The layout of TSSs is in tss.go.

package vm

import "ring0/vm/x86"

// taskCause says what switches tasks: busy bits, NT and the back link depend
// on it.
type taskCause uint8

const (
	taskJump taskCause = iota
	taskCall           // CALL, or an interrupt: nests
	taskReturn
)

// farTSS is JMP or CALL to a TSS.
func (c *CPU) farTSS(in *inst, t *farTarget, cause taskCause) bool {
	// A TSS is in the GDT (SDM vol. 3, 7.2.2). Its DPL must not be below CPL
	// or RPL.
	if t.sel&4 != 0 || t.desc.dpl() < c.cpl || t.desc.dpl() < uint8(t.sel&3) {
		return c.selFault(VecGP, t.sel)
	}
	// (A busy TSS has another type and does not come here.)
	// It must be present.
	if !t.desc.present() {
		return c.selFault(VecNP, t.sel)
	}
	return c.leaveTask(in.Next(), t.sel, t.desc, cause)
}

// farTaskGate is JMP or CALL to a task gate.
func (c *CPU) farTaskGate(in *inst, t *farTarget, cause taskCause) bool {
	// The gate's DPL must not be below CPL or RPL.
	if t.desc.dpl() < c.cpl || t.desc.dpl() < uint8(t.sel&3) {
		return c.selFault(VecGP, t.sel)
	}
	// The gate must be present.
	if !t.desc.present() {
		return c.selFault(VecNP, t.sel)
	}
	sel := t.desc.gateSelector()
	d, ok := c.gateTSS(sel)
	return ok && c.leaveTask(in.Next(), sel, d, cause)
}

// gateTSS checks the TSS a task gate names.
func (c *CPU) gateTSS(sel uint16) (descriptor, bool) {
	// The selector must be of the GDT, and within it.
	if sel&4 != 0 || nullSel(sel) {
		return 0, c.selFault(VecGP, sel)
	}
	d, ok := c.fetchDesc(sel, VecGP)
	if !ok {
		return 0, false
	}
	// It must be an available TSS.
	if d.kind() != sysTSS16 && d.kind() != sysTSS32 {
		return 0, c.selFault(VecGP, sel)
	}
	// It must be present.
	if !d.present() {
		return 0, c.selFault(VecNP, sel)
	}
	return d, true
}

// leaveTask switches tasks for an instruction.
func (c *CPU) leaveTask(next uint32, sel uint16, d descriptor, cause taskCause) bool {
	if c.switchTask(next, sel, d, cause, c.eflags()) {
		c.link = linkLookup
	}
	return false
}

// returnToTask is IRET with NT set: back to the task in the back link.
func (c *CPU) returnToTask(next uint32) bool {
	v, ok := c.readSys(c.tr.base, 2)
	if !ok {
		return false
	}
	sel := uint16(v)
	// The link must be of the GDT, and within it.
	if sel&4 != 0 || nullSel(sel) {
		return c.selFault(VecTS, sel)
	}
	d, ok := c.fetchDesc(sel, VecTS)
	if !ok {
		return false
	}
	// It must be a busy TSS.
	if d.kind() != sysTSS16Busy && d.kind() != sysTSS32Busy {
		return c.selFault(VecTS, sel)
	}
	// It must be present.
	if !d.present() {
		return c.selFault(VecNP, sel)
	}
	if c.switchTask(next, sel, d, taskReturn, c.eflags()) {
		c.unblockNMI()
		c.link = linkLookup
	}
	return false
}

// throughTaskGate delivers ev by a task switch. The error code goes on the
// new task's stack.
func (c *CPU) throughTaskGate(ev *event, gate descriptor) bool {
	sel := gate.gateSelector()
	d, ok := c.gateTSS(sel)
	if !ok || !c.switchTask(ev.next, sel, d, taskCall, c.pushedFlags(ev)) {
		return false
	}
	if !ev.hasErr {
		return true
	}
	var top stackTop
	c.currentStack(&top)
	if !c.pushAll(&top, d.gateSize(), []uint32{ev.err}) {
		c.exit = exitTrap
		return false
	}
	c.gpr[x86.ESP] = top.sp
	return true
}

// switchTask saves the current task with next and flags as its EIP and
// EFLAGS, and loads the one of TSS sel.
//
// On false a fault is pending: with exitFault nothing has changed; with
// exitTrap the fault belongs to the new task, whose state is loaded as far as
// it could be.
func (c *CPU) switchTask(next uint32, sel uint16, d descriptor, cause taskCause, flags uint32) bool {
	// The new TSS must be large enough.
	if d.limit() < tssLast(d.gateSize()) {
		return c.selFault(VecTS, sel)
	}
	if !c.preparedSwitch(sel, d, cause) {
		return false
	}
	if cause == taskReturn {
		flags &^= FlagNT
	}
	c.saveTask(next, flags)
	n := c.readTSS(d)
	if cause == taskCall {
		c.writeSys(d.base(), 2, uint64(c.tr.sel))
		n.eflags |= FlagNT
	} else {
		c.setBusy(c.tr.sel, false)
	}
	if cause != taskReturn {
		c.setBusy(sel, true)
	}
	c.tr.load(sel, d)
	c.tr.attr |= sysBusy
	c.cr0 |= CR0TS
	c.sys.noStep = true
	if !c.loadTask(&n) {
		c.exit = exitTrap
		return false
	}
	return true
}

// preparedSwitch makes sure that nothing the switch reads or writes can
// page-fault: the incoming and the outgoing TSS, the back link, both
// descriptors; and that the new CR3 can be loaded.
func (c *CPU) preparedSwitch(sel uint16, d descriptor, cause taskCause) bool {
	if !c.canReadSys(d.base(), tssLast(d.gateSize())+1) {
		return false
	}
	if d.gateSize() == 4 && c.cr0&CR0PG != 0 {
		cr3, _ := c.readSys(d.base()+tss32CR3, 4)
		if _, ok := c.readPDPTEs(uint32(cr3)); !ok {
			return c.zeroFault(VecGP)
		}
	}
	first, last := tssSaved(c.tssSize())
	if c.tr.null() || c.tr.limit < last {
		return c.selFault(VecTS, c.tr.sel)
	}
	if !c.canWriteSys(c.tr.base+first, last-first+1) {
		return false
	}
	if cause == taskCall && !c.canWriteSys(d.base(), 2) {
		return false
	}
	la, _ := c.descAddr(sel)
	if cause != taskReturn && !c.canWriteSys(la+5, 1) {
		return false
	}
	if cause == taskCall {
		return true
	}
	la, ok := c.descAddr(c.tr.sel)
	if !ok {
		return c.selFault(VecTS, c.tr.sel)
	}
	return c.canWriteSys(la+5, 1)
}

// canWriteSys checks that [la, la+n) can be written as the supervisor.
func (c *CPU) canWriteSys(la, n uint32) bool {
	if _, ok := c.translate(la, accWrite); !ok {
		return false
	}
	_, ok := c.translate(max(la, (la+n-1)&^pageMask), accWrite)
	return ok
}

// canReadSys checks that [la, la+n) can be read as the supervisor.
func (c *CPU) canReadSys(la, n uint32) bool {
	if _, ok := c.translate(la, 0); !ok {
		return false
	}
	_, ok := c.translate(max(la, (la+n-1)&^pageMask), 0)
	return ok
}

// loadTask makes n the CPU's state. From here on faults happen in the new
// task: first all selectors are in place and unusable, then each is checked.
func (c *CPU) loadTask(n *taskState) bool {
	if n.wide && c.cr0&CR0PG != 0 && n.cr3 != c.cr3 {
		c.setCR3(n.cr3)
	}
	copy(c.gpr[:8], n.gpr[:])
	c.setEflags(n.eflags & flagsDefined)
	c.eip = n.eip
	c.cpl = uint8(n.seg[x86.CS] & 3)
	if c.flags&FlagVM != 0 {
		c.cpl = 3
	}
	for i, s := range n.seg {
		c.seg[i] = segment{sel: s}
	}
	c.ldtr = segment{sel: n.ldt}
	defer c.updateMode()
	if c.flags&FlagRF != 0 && c.sys.attn&attnArmed == 0 {
		c.flags &^= FlagRF // see loadFlags
	}
	c.dr[7] &^= dr7Local
	c.debugChanged()
	if n.trap {
		c.sys.noteTrap(dr6BT)
	}
	if !c.loadTaskLDT(n.ldt) || !c.loadTaskSegments(n) {
		return false
	}
	// The first instruction must lie within the code segment.
	if n.eip > c.seg[x86.CS].limit {
		return c.zeroFault(VecGP)
	}
	return true
}

// loadTaskLDT loads LDTR from the TSS.
func (c *CPU) loadTaskLDT(sel uint16) bool {
	if nullSel(sel) {
		return true
	}
	// The selector must be of the GDT and within it, name an LDT, and that
	// be present.
	if sel&4 != 0 {
		return c.selFault(VecTS, sel)
	}
	d, ok := c.fetchDesc(sel, VecTS)
	if !ok {
		return false
	}
	if d.kind() != sysLDT || !d.present() {
		return c.selFault(VecTS, sel)
	}
	c.ldtr.load(sel, d)
	return true
}

// loadTaskSegments fills the hidden parts: CS, SS, then the data segments.
func (c *CPU) loadTaskSegments(n *taskState) bool {
	if c.flags&FlagVM != 0 {
		for i, s := range n.seg {
			c.seg[i] = c.realSegment(segment{}, s)
		}
		return true
	}
	d, ok := c.checkTaskCode(n.seg[x86.CS])
	if !ok {
		return false
	}
	c.seg[x86.CS].load(n.seg[x86.CS], d)
	if d, ok = c.checkStackSel(n.seg[x86.SS], c.cpl, VecTS); !ok {
		return false
	}
	c.seg[x86.SS].load(n.seg[x86.SS], d)
	for _, r := range [...]uint8{x86.ES, x86.DS, x86.FS, x86.GS} {
		if d, ok = c.checkDataSel(n.seg[r], c.cpl, VecTS); !ok {
			return false
		}
		c.seg[r].load(n.seg[r], d)
	}
	return true
}

// checkTaskCode checks CS of an incoming task.
func (c *CPU) checkTaskCode(sel uint16) (descriptor, bool) {
	// The selector must not be null, and within its table.
	if nullSel(sel) {
		return 0, c.selFault(VecTS, sel)
	}
	d, ok := c.fetchDesc(sel, VecTS)
	if !ok {
		return 0, false
	}
	// It must be code. Conforming: DPL not above RPL. Other: DPL equal to RPL.
	rpl := uint8(sel & 3)
	if !d.isCode() || d.isConforming() && d.dpl() > rpl || !d.isConforming() && d.dpl() != rpl {
		return 0, c.selFault(VecTS, sel)
	}
	// It must be present.
	if !d.present() {
		return 0, c.selFault(VecNP, sel)
	}
	return c.markAccessed(sel, d)
}
