// SPDX-License-Identifier: BSD-3-Clause

// Repeating a string instruction: REP, REPE, REPNE
// (SDM vol. 2, "REP/REPE/REPZ/REPNE/REPNZ").
//
// Between two elements (E)CX, (E)SI and (E)DI say how far it has come, and
// EIP is that of the instruction: there it may be left for an interrupt, a
// fault, a limit or a debug trap, and is then simply executed again. The one
// exception is a repetition that overwrites itself; see overwritten.
//
// The clock counts each element as one instruction, and a repetition of no
// elements as one.

package vm

import "ring0/vm/x86"

// A bulk does up to max elements, index registers and flags included, and
// returns how many it did; 0 when only one at a time will do.
type bulk func(c *CPU, in *inst, max uint32) uint32

// repeat runs a repeated string instruction as far as the clock allows.
//
// CMPS and SCAS set the flags when the repetition ends, and for a single-step
// trap. One that is left in between for another reason shows those from before
// the instruction: what it shows must not depend on where the clock stopped it.
func (c *CPU) repeat(in *inst, one handler, many bulk) bool {
	r := repetition{in: in, compares: in.Op == x86.CMPS || in.Op == x86.SCAS, single: c.stepping(), res: c.fres, aux: c.faux}
	count := c.index(in, x86.ECX)
	if count == 0 {
		return true
	}
	c.budget++ // the block has charged one; from here on each element is charged as it runs
	for {
		n := uint32(0)
		if many != nil && !r.single {
			n = many(c, in, r.chunk(c, count))
			c.budget -= int64(n)
		}
		if n == 0 {
			c.budget-- // before the element: a device it reaches may look at the clock
			if !one(c, in) {
				r.restoreFlags(c) // a fault: leave gives nothing back for this element
				return false
			}
			n = 1
		}
		count -= n
		c.advance(in, x86.ECX, -n)
		if count == 0 || r.compares && c.zf() != (in.Flags&x86.Rep != 0) {
			return true
		}
		if (c.budget <= 0 || r.single || c.attention()) && (c.interrupted() || !c.overwritten(in)) {
			if c.flags&FlagTF == 0 {
				r.restoreFlags(c)
			}
			c.budget-- // leave gives one back
			c.eip, c.exit = in.EIP, exitAgain
			return false
		}
	}
}

// repetition is what stays the same during one run of repeat.
type repetition struct {
	in       *inst
	compares bool
	single   bool   // one element at a time: somebody is stepping
	res, aux uint64 // the flags before
}

// chunk is how many of count elements the clock allows at once.
func (r *repetition) chunk(c *CPU, count uint32) uint32 {
	return uint32(min(int64(count), max(c.budget, 1)))
}

func (r *repetition) restoreFlags(c *CPU) {
	if r.compares {
		c.fres, c.faux = r.res, r.aux
	}
}

// interrupted reports that the program itself sees an interrupt or a debug
// trap here.
func (c *CPU) interrupted() bool {
	return c.flags&FlagTF != 0 || c.nmi || c.intrLine && c.flags&FlagIF != 0 ||
		c.sys.hits != 0 || c.sys.attn&attnTrap != 0
}

// overwritten reports that a running repetition has changed its own bytes.
//
// A processor has fetched the instruction and goes on with it until an
// interrupt or trap makes it fetch again. So it is not left for the clock or
// for somebody who only looks on: the program must not be able to tell.
func (c *CPU) overwritten(in *inst) bool {
	var code [x86.MaxLen]byte
	n := c.m.ReadLinear(c.seg[x86.CS].base+in.EIP, code[:in.Len])
	var now x86.Inst
	return x86.Decode(code[:n], in.EIP, c.decodeMode(), &now) != x86.OK || now != in.Inst
}
