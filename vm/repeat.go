// SPDX-License-Identifier: BSD-3-Clause

// Repeating a string instruction: REP, REPE, REPNE
// (SDM vol. 2, "REP/REPE/REPZ/REPNE/REPNZ").
//
// Between two elements (E)CX, (E)SI and (E)DI say how far it has come, and
// EIP is that of the instruction: there it may be left for an interrupt, a
// fault, a limit or a debug trap, and is then simply executed again.
//
// The clock counts each element as one instruction, and a repetition of no
// elements as one.

package vm

import (
	"unsafe"

	"ring0/vm/x86"
)

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
		if c.budget <= 0 || r.single || c.attention() || in.stale() {
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
	res, aux uint32 // the flags before
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

// stale reports that the record's bytes were overwritten while it ran: its
// block was dropped, which made opStale its handler.
func (in *inst) stale() bool {
	f, stale := in.fn, fastHandler(opStale)
	return *(*unsafe.Pointer)(unsafe.Pointer(&f)) == *(*unsafe.Pointer)(unsafe.Pointer(&stale))
}
