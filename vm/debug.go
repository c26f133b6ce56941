// SPDX-License-Identifier: BSD-3-Clause

// Debugging as the guest sees it: single-step, DR0–DR7, RF, the T bit of a
// TSS, last-branch recording.
//
// Intel SDM vol. 3, chapter 17 "Debug, branch profile, …": 17.2 "Debug
// registers", 17.3 "Debug exceptions".
//
// While anything is armed in DR7 or DEBUGCTL the machine steps, and pages
// with a data breakpoint leave the fast memory path. Otherwise none of this
// runs.

package vm

import "ring0/vm/x86"

// DR6: why a debug exception came.
const (
	dr6BD    = 1 << 13 // debug registers touched while DR7.GD was set
	dr6BS    = 1 << 14 // single step
	dr6BT    = 1 << 15 // T bit of the TSS
	dr6Hits  = 0xf     // breakpoints 0–3
	dr6Fixed = 0xffff0ff0
)

// DR7: what is armed.
const (
	dr7Local   = 0x155 // L0–L3 and LE: cleared by a task switch
	dr7GD      = 1 << 13
	dr7Fixed   = 1 << 10
	dr7Defined = 0xffff23ff
)

// Breakpoint conditions in DR7.R/W.
const (
	bpExecute = 0
	bpWrite   = 1
	bpIO      = 2 // with CR4.DE; never without
	bpAccess  = 3
)

// DEBUGCTL bits.
const (
	debugctlLBR = 1 << 0 // record branches
	debugctlBTF = 1 << 1 // TF traps branches only
)

// sysState is what the system half of the CPU keeps beside the registers.
type sysState struct {
	ext        uint32 // EXT bit for error codes made now
	attn       attnBits
	hits       uint32 // DR6 bits the running instruction has earned
	trap       uint32 // DR6 bits of a debug trap due before the next instruction
	shadowSS   bool   // MOV SS or POP SS just executed: debug traps wait too
	noStep     bool   // the instruction entered a handler or another task: no single-step trap
	midRep     bool   // stopped between two elements of a repeated string instruction
	stuckAt    uint64 // the time at which faults come,
	stuck      uint32 // and how many have come at it
	nmiBlocked bool   // from an NMI to the next IRET
	nmiLatched bool   // one more NMI came meanwhile
	pdpte      [4]uint64
}

// sysCache is what it remembers that is no state of the guest's.
type sysCache struct {
	large           [16]uint64 // which 4 MB of linear addresses may have TLB entries from a large page
	csBase, csLimit uint32     // CS when a mode that is not flat was last set
}

type attnBits uint8

const (
	attnArmed attnBits = 1 << iota // DR7 or DEBUGCTL asks for stepping
	attnData                       // DR7 has data breakpoints
	attnTrap                       // sysState.trap is not 0
)

// noteTrap makes a debug trap due.
func (s *sysState) noteTrap(bits uint32) {
	s.trap |= bits
	s.attn |= attnTrap
}

// breakpoint is one of DR0–DR3 with its part of DR7.
type breakpoint struct {
	first, last uint32
	cond        uint8
	enabled     bool
}

func (c *CPU) breakpoint(i int) breakpoint {
	field := c.dr[7] >> (16 + 4*i)
	size := field >> 2 & 3 // 0, 1, 3: 1, 2, 4 bytes; 2 is UNDEFINED: taken as 4
	if size == 2 {
		size = 3
	}
	b := breakpoint{cond: uint8(field & 3), enabled: c.dr[7]>>(2*i)&3 != 0}
	if b.cond == bpExecute {
		size = 0
	}
	if b.cond == bpIO && c.cr4&CR4DE == 0 {
		b.enabled = false
	}
	b.first = c.dr[i] &^ size
	b.last = b.first + size
	return b
}

// debugChanged follows every change of DR0–DR3, DR7, CR4.DE and DEBUGCTL.
func (c *CPU) debugChanged() {
	old := c.sys.attn
	c.sys.attn &^= attnArmed | attnData
	for i := range 4 {
		if b := c.breakpoint(i); b.enabled {
			c.sys.attn |= attnArmed
			if b.cond == bpWrite || b.cond == bpAccess {
				c.sys.attn |= attnData
			}
		}
	}
	if c.msr.debugctl != 0 {
		c.sys.attn |= attnArmed
	}
	if len(c.m.watch.ranges) != 0 {
		c.sys.attn |= attnData
	}
	if (old|c.sys.attn)&attnData != 0 {
		c.flushTLB() // the pages with breakpoints get other tags
	}
}

// tagEntry derives a TLB entry's tags. Pages with a data breakpoint, and those
// somebody watches, get none.
func (c *CPU) tagEntry(e *tlbEntry, in *tlbInfo) {
	c.setTags(e, in)
	if c.sys.attn&attnData == 0 {
		return
	}
	if c.m.watch.watchesPage(in.lin) {
		e.setNone(in)
	}
	for i := range 4 {
		b := c.breakpoint(i)
		if b.enabled && (b.cond == bpWrite || b.cond == bpAccess) && (b.first&^pageMask == in.lin || b.last&^pageMask == in.lin) {
			e.setNone(in)
		}
	}
}

// noteHits remembers which breakpoints an access of [first, last] meets.
// Conditions that hold are reported even when they are not enabled, but only
// an enabled one traps.
func (c *CPU) noteHits(first, last uint32, meets func(cond uint8) bool) {
	hits, enabled := uint32(0), false
	for i := range 4 {
		b := c.breakpoint(i)
		if meets(b.cond) && first <= b.last && b.first <= last {
			hits |= 1 << i
			enabled = enabled || b.enabled
		}
	}
	if enabled {
		c.sys.hits |= hits
	}
}

// noteData is called for every data access while data breakpoints are armed.
func (c *CPU) noteData(la uint32, size uint8, acc access) {
	c.noteHits(la, la+uint32(size)-1, func(cond uint8) bool {
		return cond == bpAccess || cond == bpWrite && acc&accWrite != 0
	})
}

// noteIO is called for every port access while breakpoints are armed.
func (c *CPU) noteIO(port uint16, size uint8) {
	if c.cr4&CR4DE != 0 {
		c.noteHits(uint32(port), uint32(port)+uint32(size)-1, func(cond uint8) bool { return cond == bpIO })
	}
}

// stepShadowed executes the one instruction that interrupts wait for. When
// somebody stops the machine before it ran, they go on waiting.
func (c *CPU) stepShadowed() {
	now, ss := c.now(), c.sys.shadowSS
	c.shadow = false
	c.stepInst()
	if c.stopping && c.now() == now && c.exit == exitNone {
		c.shadow, c.sys.shadowSS = true, ss
	}
}

// beforeStep prepares one instruction of stepping. It returns true when an
// instruction breakpoint keeps it from running: a fault that, unlike others,
// does not set RF in the frame.
func (c *CPU) beforeStep() bool {
	s := &c.sys
	spared := c.flags&FlagRF != 0 || s.shadowSS || s.midRep
	s.shadowSS, s.midRep, s.noStep = false, false, false
	if spared || s.attn&attnArmed == 0 {
		return false
	}
	la := c.seg[x86.CS].base + c.eip
	c.noteHits(la, la, func(cond uint8) bool { return cond == bpExecute })
	if s.hits&dr6Hits == 0 {
		return false
	}
	c.enterDebug(s.hits)
	s.hits = 0
	c.raise(VecDB)
	c.exit = exitTrap
	return true
}

// afterStep ends one instruction of stepping: in is its record, tf was TF
// before it, why the reason it left its block.
func (c *CPU) afterStep(in *inst, tf bool, why exitReason) {
	s := &c.sys
	noStep := s.noStep
	s.noStep = false
	switch why {
	case exitFault, exitStale, exitUnwritten:
		s.hits = 0 // it did not happen
		return
	case exitAgain:
	default:
		if in.Op != x86.IRET && !noStep {
			c.flags &^= FlagRF
		}
	}
	// After MOV SS data breakpoints wait for the next instruction, and there
	// is no single-step trap.
	if s.shadowSS {
		return
	}
	branch := why != exitAgain && c.eip != in.Next()
	if branch && !noStep {
		c.recordBranch(in.EIP, c.eip)
	}
	trap := s.hits
	s.hits = 0
	if tf && !noStep && (branch || c.msr.debugctl&debugctlBTF == 0) {
		trap |= dr6BS
	}
	if trap == 0 {
		return
	}
	s.noteTrap(trap)
	c.shadow = false
	if c.exit == exitHalt {
		c.exit = exitNone
	}
}

// enterDebug is what a debug exception does before its handler runs.
func (c *CPU) enterDebug(bits uint32) {
	c.dr[6] = c.dr[6]&^dr6Hits | bits
	if c.dr[7]&dr7GD != 0 || c.msr.debugctl != 0 {
		c.dr[7] &^= dr7GD
		c.msr.debugctl &^= debugctlLBR | debugctlBTF
		c.debugChanged()
	}
}

// deliverDebugTrap delivers the trap that is due.
func (c *CPU) deliverDebugTrap() {
	bits := c.sys.trap
	c.sys.trap = 0
	c.sys.attn &^= attnTrap
	c.enterDebug(bits)
	c.deliverEvent(&event{fault: fault{vector: VecDB}, kind: evTrap, next: c.eip})
}

// recordBranch keeps the last branch for the MSRs.
func (c *CPU) recordBranch(from, to uint32) {
	if c.msr.debugctl&debugctlLBR != 0 {
		c.msr.lastBranch = branchPair{from, to}
	}
}

// recordEvent keeps the branch before an interrupt or exception, and the
// event itself as a branch.
func (c *CPU) recordEvent(to uint32) {
	if c.msr.debugctl&debugctlLBR != 0 {
		c.msr.lastEvent = c.msr.lastBranch
		c.msr.lastBranch = branchPair{c.eip, to}
	}
}

// opMOVTODR is 0F 23.
func opMOVTODR(c *CPU, in *inst) bool {
	r, ok := c.debugReg(in.Dst)
	if !ok {
		return false
	}
	c.setDR(r, c.gpr[in.Src&7])
	return c.proceed(in, c.mode)
}

// opMOVFROMDR is 0F 21.
func opMOVFROMDR(c *CPU, in *inst) bool {
	r, ok := c.debugReg(in.Src)
	if !ok {
		return false
	}
	c.gpr[in.Dst&7] = c.dr[r]
	return true
}

// debugReg checks an access to a debug register and resolves the old names
// DR4 and DR5.
func (c *CPU) debugReg(r uint8) (uint8, bool) {
	// With CR4.DE there is no DR4 or DR5.
	if r&^1 == 4 {
		if c.cr4&CR4DE != 0 {
			return 0, c.ud()
		}
		r += 2
	}
	// CPL must be 0.
	if c.cpl != 0 {
		return 0, c.gp0()
	}
	// With DR7.GD any access is #DB, a fault.
	if c.dr[7]&dr7GD != 0 {
		c.enterDebug(dr6BD)
		return 0, c.raise(VecDB)
	}
	return r, true
}

// setDR writes a debug register.
func (c *CPU) setDR(r uint8, v uint32) {
	switch r {
	case 4, 6:
		c.dr[6] = v&(dr6Hits|dr6BD|dr6BS|dr6BT) | dr6Fixed
		return
	case 5, 7:
		c.dr[7] = v&dr7Defined | dr7Fixed
	default:
		c.dr[r] = v
	}
	c.debugChanged()
}
