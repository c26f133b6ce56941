// SPDX-License-Identifier: BSD-3-Clause

// Running: slices of blocks between events, and what ends them.

package vm

import (
	"fmt"
	"math"

	"ring0/vm/x86"
)

// StopReason says why Run returned.
type StopReason uint8

// Stop reasons.
const (
	StopLimit      StopReason = iota // the given number of instructions has retired
	StopHalt                         // HLT, and nothing will ever wake the CPU
	StopHypercall                    // a hypercall returned StopRun
	StopShutdown                     // triple fault
	StopUnwritten                    // an instruction this machine lacks; Err names it
	StopBreakpoint                   // a breakpoint lies at EIP; the instruction has not run
	StopRequested                    // Machine.Stop was called
)

func (r StopReason) String() string {
	return [...]string{"limit", "halt", "hypercall", "shutdown", "unwritten instruction", "breakpoint", "stop requested"}[r]
}

// Stop is how a Run ended.
type Stop struct {
	Reason StopReason
	EIP    uint32
	Err    error
}

// maxSlice bounds the instructions between two looks at the outside world.
const maxSlice = 200_000

// Now is the number of instructions retired since reset, plus the time
// skipped while halted. Each iteration of a repeated string instruction counts.
func (m *Machine) Now() uint64 { return m.cpu.now() }

func (c *CPU) now() uint64 { return c.horizon - uint64(c.budget) }

// setNow moves the clock.
func (c *CPU) setNow(t uint64) { c.horizon, c.budget = t, 0 }

// Stop makes the innermost Run return before the next block. It may only be
// called while the machine stands still: from a hook, an event or a device.
func (m *Machine) Stop() {
	m.cpu.stopping = true
	m.cpu.endSliceBy(m.cpu.now())
}

// Interrupt makes the innermost Run return soon, with StopRequested. Unlike
// everything else here it may be called from another goroutine.
func (m *Machine) Interrupt() { m.interrupt.Store(true) }

// Forever is no limit for Run.
const Forever = math.MaxUint64

// Run executes until max instructions have retired or something stops it. It
// may be called again from inside a hypercall: the inner Run then has the
// machine until it returns.
func (m *Machine) Run(max uint64) Stop {
	c := &m.cpu
	end := c.now() + max
	if end < max {
		end = Forever
	}
	if m.mon.on && len(m.watch.ranges) != 0 {
		m.hostWrites() // by the hypercall that this Run is inside
	}
	skip := true // a breakpoint at the very first instruction was already seen
	for {
		now := c.now()
		m.events.fire(now)
		if c.stopping || m.interrupt.Load() {
			c.stopping = false
			m.interrupt.Store(false)
			return m.stop(StopRequested)
		}
		if now >= end {
			return m.stop(StopLimit)
		}
		if c.halted && !m.wake(end) {
			return m.stop(StopHalt)
		}
		if now = c.now(); c.halted || now >= end || m.events.due(now) {
			continue
		}
		c.horizon = min(end, m.events.next(), now+maxSlice)
		if at := m.mon.at; m.mon.on && at > now {
			c.horizon = min(c.horizon, at)
		}
		c.budget = int64(c.horizon - now)
		if s, stopped := m.slice(skip); stopped {
			return s
		}
		skip = false
	}
}

// wake ends a HLT when an interrupt can do so, skipping idle time up to the
// next event. It returns false when nothing will ever happen; true with the
// CPU still halted when somebody wants the machine, or end has come.
func (m *Machine) wake(end uint64) bool {
	c := &m.cpu
	for c.halted {
		if c.nmi || c.intrLine && c.flags&FlagIF != 0 {
			c.halted = false
			return true
		}
		next := m.events.next()
		if next == Forever || c.flags&FlagIF == 0 && !m.events.mayNMI {
			return false
		}
		if next >= end {
			c.setNow(end)
			return true
		}
		c.setNow(next)
		m.events.fire(next)
		if c.stopping || m.interrupt.Load() {
			return true
		}
	}
	return true
}

// slice runs until the budget is used up or something needs attention.
func (m *Machine) slice(skip bool) (Stop, bool) {
	c := &m.cpu
	c.exit = exitNone
	mid := c.sys.midRep
	if !c.shadow && c.takeInterrupt() {
		c.letTimePass()
		return m.after()
	}
	if m.mon.on {
		skip = m.look(mid) || mid
	}
	if len(c.cache.probes) != 0 && !mid {
		called, stay := m.probe(skip)
		if !stay {
			return Stop{}, false
		}
		skip = skip || called
	}
	switch {
	case c.shadow:
		if !skip && c.breakAt() {
			return m.stop(StopBreakpoint), true
		}
		c.stepShadowed()
	case c.stepping():
		if !skip && c.breakAt() {
			return m.stop(StopBreakpoint), true
		}
		c.stepInst()
	default:
		c.runBlocks(skip)
	}
	return m.after()
}

// after acts on why execution left its blocks.
func (m *Machine) after() (Stop, bool) {
	c := &m.cpu
	switch c.exit {
	case exitFault, exitTrap:
		c.deliverPending()
		if c.exit == exitShutdown {
			return m.stop(StopShutdown), true
		}
		c.letTimePass()
	case exitHalt:
		c.halted = true
	case exitHypercall:
		if m.hypercall == nil {
			return m.stopErr(StopUnwritten, fmt.Errorf("vm: VMCALL at %08x, and no hypercall handler", c.eip))
		}
		action := m.hypercall(m)
		if m.mon.on && len(m.watch.ranges) != 0 {
			m.hostWrites()
		}
		if action == StopRun {
			return m.stop(StopHypercall), true
		}
	case exitShutdown:
		return m.stop(StopShutdown), true
	case exitBreak:
		if !m.mon.on && c.breakAt() { // else the monitor or a probe is called before anything runs
			return m.stop(StopBreakpoint), true
		}
	case exitWatch:
		c.stepWatched()
		return m.after()
	case exitUnwritten:
		return m.stopErr(StopUnwritten, c.unwritten())
	}
	return Stop{}, false
}

// maxStuck is how many faults and interrupts may come without an instruction
// between them that retires. Software needs a few; more are a handler that
// faults itself, or is interrupted at its door by what it is there for.
const maxStuck = 1024

// letTimePass keeps such a handler from holding the time, and so the machine,
// for ever: after a while each fault takes as long as an instruction.
func (c *CPU) letTimePass() {
	s, now := &c.sys, c.now()
	if s.stuckAt != now {
		s.stuckAt, s.stuck = now, 0
	}
	if s.stuck < maxStuck {
		s.stuck++
		return
	}
	c.setNow(now + 1)
	s.stuckAt = now + 1
}

func (m *Machine) stop(r StopReason) Stop { return Stop{Reason: r, EIP: m.cpu.eip} }

func (m *Machine) stopErr(r StopReason, err error) (Stop, bool) {
	return Stop{Reason: r, EIP: m.cpu.eip, Err: err}, true
}

// runBlocks executes blocks until the budget is used up or c.exit says why not.
func (c *CPU) runBlocks(skip bool) {
	clear(c.cache.gone) // none of them is running
	c.cache.gone = c.cache.gone[:0]
	var from *inst // the record that led here and can be linked
	for {
		r := c.find()
		if r == nil {
			return
		}
		if r.tag&tagStop != 0 && !skip {
			c.exit = exitBreak
			return
		}
		skip = false
		if from != nil && !c.cache.isSingle(r) {
			from.to[c.link&1] = r
		}
		if c.budget < int64(r.rest) {
			c.stepInst()
			return
		}
		c.budget -= int64(r.rest)
		r = c.executeLinked(r)
		if c.exit != exitNone {
			c.leave(r)
			return
		}
		if c.budget <= 0 {
			return // before the next instruction is fetched: that may fault
		}
		from = nil
		switch c.link {
		case linkTaken, linkNext:
			from = r
		case linkLookup:
			if c.attention() {
				return
			}
		}
	}
}

// executeLinked runs r and what follows until a record leaves for a block it
// is not linked to, or for a reason; it returns that record.
func (c *CPU) executeLinked(r *inst) *inst {
	for {
		r = c.execute(r)
		if c.exit != exitNone || c.link > linkNext {
			return r
		}
		next := c.chained(r, c.link)
		if next == nil {
			return r
		}
		r = next
	}
}

// execute runs r and what follows, block after linked block, until a record
// leaves; it returns that record.
func (c *CPU) execute(r *inst) *inst {
	for {
		for r != &parked {
			r = r.fn(c, r)
			r = r.fn(c, r)
			r = r.fn(c, r)
			r = r.fn(c, r)
		}
		r = c.leaver()
		if c.exit != exitSlow {
			return r
		}
		c.exit = exitNone
		if !r.full(c, r) {
			return r
		}
		r = nextRec(r)
	}
}

// leave settles the clock and EIP after record r left its block with a reason.
// Fault and stale: r did not retire. The others: it did.
func (c *CPU) leave(r *inst) {
	back := int64(r.rest)
	switch c.exit {
	case exitFault, exitStale, exitUnwritten, exitWatch:
		c.eip = r.EIP
	case exitAgain:
		c.sys.midRep = true
	default:
		back -= int64(r.n)
	}
	c.budget += back
	if c.exit == exitStale || c.exit == exitAgain {
		c.exit = exitNone
	}
}

// attention reports that the outer loop has something to do before the next
// block.
func (c *CPU) attention() bool {
	return c.shadow || c.stopping || c.nmi ||
		c.intrLine && c.flags&FlagIF != 0 || c.flags&FlagTF != 0 || c.sys.attn != 0
}

// stepping reports that instructions must run one at a time.
func (c *CPU) stepping() bool {
	return c.flags&(FlagTF|FlagRF) != 0 || c.sys.attn&attnArmed != 0 || c.m.hooks.instr != nil || c.m.mon.each
}

// breakAt reports a breakpoint at EIP.
func (c *CPU) breakAt() bool {
	if len(c.cache.breaks) == 0 {
		return false
	}
	_, hit := c.cache.breaks[c.seg[x86.CS].base+c.eip]
	return hit
}

// stepInst executes one instruction.
func (c *CPU) stepInst() {
	if c.beforeStep() {
		return
	}
	c.mode |= modeSingle
	c.setTag()
	first := c.find()
	c.mode &^= modeSingle
	c.setTag()
	if first == nil {
		return
	}
	tf := c.flags&FlagTF != 0
	if h := c.m.hooks.instr; h != nil {
		h(&first.Inst)
		if c.stopping {
			return
		}
	}
	if len(c.m.watch.ranges) != 0 {
		c.m.watch.from = c.m.Place()
	}
	// With no budget left nothing follows the one instruction.
	left := c.budget - 1
	c.budget, c.horizon = 0, c.horizon-uint64(left)
	c.m.watch.single = true
	r := c.execute(first)
	c.m.watch.single = false
	why := c.exit
	if why != exitNone {
		c.leave(r)
	}
	c.budget, c.horizon = c.budget+left, c.horizon+uint64(left)
	c.afterStep(first, tf, why)
}

// unwritten names the instruction at EIP, which has no handler.
func (c *CPU) unwritten() error {
	var buf [15]byte
	n := c.m.ReadLinear(c.seg[x86.CS].base+c.eip, buf[:])
	var in x86.Inst
	x86.Decode(buf[:n], c.eip, c.decodeMode(), &in)
	return fmt.Errorf("vm: %v at %08x (% x): this instruction is not written yet", in.Op, c.eip, buf[:min(int(in.Len), n)])
}
