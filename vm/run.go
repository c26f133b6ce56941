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
	skip := true // a breakpoint at the very first instruction was already seen
	for {
		now := c.now()
		m.events.fire(now)
		if c.stopping {
			c.stopping = false
			return m.stop(StopRequested)
		}
		if now >= end {
			return m.stop(StopLimit)
		}
		if c.halted && !m.wake(end) {
			return m.stop(StopHalt)
		}
		if now = c.now(); now >= end || m.events.due(now) {
			continue
		}
		c.horizon = min(end, m.events.next(), now+maxSlice)
		c.budget = int64(c.horizon - now)
		if s, stopped := m.slice(skip); stopped {
			return s
		}
		skip = false
	}
}

// wake ends a HLT when an interrupt can do so, skipping idle time up to the
// next event. It returns false when nothing will happen before end.
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
		if c.stopping {
			return true
		}
	}
	return true
}

// slice runs until the budget is used up or something needs attention.
func (m *Machine) slice(skip bool) (Stop, bool) {
	c := &m.cpu
	c.exit = exitNone
	switch {
	case c.shadow:
		c.shadow = false
		c.stepInst()
	case c.takeInterrupt():
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
	case exitHalt:
		c.halted = true
	case exitHypercall:
		if m.hypercall == nil {
			return m.stopErr(StopUnwritten, fmt.Errorf("vm: VMCALL at %08x, and no hypercall handler", c.eip))
		}
		if m.hypercall(m) == StopRun {
			return m.stop(StopHypercall), true
		}
	case exitShutdown:
		return m.stop(StopShutdown), true
	case exitBreak:
		return m.stop(StopBreakpoint), true
	case exitUnwritten:
		return m.stopErr(StopUnwritten, c.unwritten())
	}
	return Stop{}, false
}

func (m *Machine) stop(r StopReason) Stop { return Stop{Reason: r, EIP: m.cpu.eip} }

func (m *Machine) stopErr(r StopReason, err error) (Stop, bool) {
	return Stop{Reason: r, EIP: m.cpu.eip, Err: err}, true
}

// runBlocks executes blocks until the budget is used up or c.exit says why not.
func (c *CPU) runBlocks(skip bool) {
	b := c.find()
	for {
		if b == nil {
			return
		}
		if b.stop && !skip {
			c.exit = exitBreak
			return
		}
		skip = false
	chained:
		if c.budget < int64(b.n) {
			c.finishSlice()
			return
		}
		c.budget -= int64(b.n)
		r := &b.recs[0]
	next:
		for r.fn(c, r) {
			r = nextRec(r)
		}
		if c.exit != exitNone {
			if c.exit == exitSlow {
				c.exit = exitNone
				if r.slowFn(c, r) {
					r = nextRec(r)
					goto next
				}
			}
			if c.exit != exitNone {
				c.leave(b, r)
				return
			}
		}
		if c.link <= linkNext {
			if nb := b.next[c.link]; nb != nil && nb.tag == c.tag {
				b = nb
				goto chained
			}
			if c.budget <= 0 {
				return // before the next instruction is fetched: that may fault
			}
			b = c.chain(b)
			continue
		}
		if c.budget <= 0 || c.link == linkLookup && c.attention() {
			return
		}
		b = c.find()
	}
}

// chain finds the successor that a branch of b chose and links it. Uncached
// blocks are rewritten in place and must not be linked, nor must blocks with a
// breakpoint.
func (c *CPU) chain(b *block) *block {
	link := c.link & 1
	nb := c.find()
	single := &c.cache.single
	if nb != nil && nb != single && b != single && !nb.stop {
		b.next[link] = nb
	}
	return nb
}

// execute runs r and its successors until one leaves the block, and returns it.
func (c *CPU) execute(r *inst) *inst {
	for {
		for r.fn(c, r) {
			r = nextRec(r)
		}
		if c.exit != exitSlow {
			return r
		}
		c.exit = exitNone
		if !r.slowFn(c, r) {
			return r
		}
		r = nextRec(r)
	}
}

// leave settles the clock and EIP after record r of b returned false with a
// reason. Fault and stale: r did not retire. The others: it did.
func (c *CPU) leave(b *block, r *inst) {
	retired := int64(r.pos)
	switch c.exit {
	case exitFault:
		c.eip = r.EIP
	case exitStale, exitUnwritten:
		c.eip = r.EIP
	case exitAgain:
		c.sys.midRep = true
	default:
		retired += int64(r.n)
	}
	c.budget += int64(b.n) - retired
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

// finishSlice runs the last instructions of a slice one by one, when the
// next block is longer than what is left.
func (c *CPU) finishSlice() {
	for c.budget > 0 && c.exit == exitNone && !c.attention() {
		if c.breakAt() {
			c.exit = exitBreak
			return
		}
		c.stepInst()
	}
}

// stepping reports that instructions must run one at a time.
func (c *CPU) stepping() bool {
	return c.flags&(FlagTF|FlagRF) != 0 || c.sys.attn&attnArmed != 0 || c.m.hooks.instr != nil
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
	b := c.find()
	c.mode &^= modeSingle
	c.setTag()
	if b == nil {
		return
	}
	tf := c.flags&FlagTF != 0
	if h := c.m.hooks.instr; h != nil {
		h(&b.recs[0].Inst)
		if c.stopping {
			return
		}
	}
	c.budget--
	r := c.execute(&b.recs[0])
	why := c.exit
	if why != exitNone {
		c.leave(b, r)
	}
	c.afterStep(&b.recs[0], tf, why)
}

// unwritten names the instruction at EIP, which has no handler.
func (c *CPU) unwritten() error {
	var buf [15]byte
	n := c.m.ReadLinear(c.seg[x86.CS].base+c.eip, buf[:])
	var in x86.Inst
	x86.Decode(buf[:n], c.eip, c.decodeMode(), &in)
	return fmt.Errorf("vm: %v at %08x (% x): this instruction is not written yet", in.Op, c.eip, buf[:min(int(in.Len), n)])
}
