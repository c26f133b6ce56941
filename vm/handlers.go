// SPDX-License-Identifier: BSD-3-Clause

// From operation and operand form to handler.
//
// Each chapter (alu_gen.go, move_gen.go, string.go, interrupt.go, …) has one
// table; an operation that no table has stops the run by name.

package vm

import "ring0/vm/x86"

// opImpl is how an operation is executed: by one handler that looks at the
// form itself, or by one per form and operand size or chosen in another way;
// and where it is hot, by a fast handler in front of it.
type opImpl struct {
	any  handler
	pick picker // chooses where form and size do not suffice
	by   *formTable
	fast *fastTable
	base *fastTable // variants of handlers in fast for memory operands without an index
	dead *fastTable // variants of handlers in fast that set no flags
}

// A picker chooses a record's handlers; the fast one may be nil.
type picker func(r *inst) (fast fastHandler, full handler)

// formTable has handlers by operand form and by size: 1, 2, 4 bytes.
type formTable [x86.NumForms][3]handler

// fastTable has fast handlers likewise.
type fastTable [x86.NumForms][3]fastHandler

// An opTable holds the operations of one chapter.
type opTable [x86.NumOps]opImpl

// chapters are all operations, each in exactly one table.
var chapters = [...]*opTable{
	&aluOps, &moveOps, &branchOps, // generated
	&simpleOps,              // branch.go
	&integerOps, &stringOps, // integer.go, string.go
	&systemOps, &transferOps, // system.go, far.go
	&fpuOps, &sseOps, // fpu*.go, sse*.go
	vecOps, // vecmove.go, vecint.go
}

// handlersFor finds the handlers of a record: the one to run, and the one
// that takes over where the first finds that its fast path does not hold.
func handlersFor(r *inst) (fastHandler, handler) {
	if r.Op == x86.JCC {
		if r.slow == 0 {
			return jccOps[r.Cond&15], nil
		}
		return runFull, opJCCFull
	}
	if shiftsByImmediate[r.Op] && r.Imm&countMask == 0 {
		return shiftByNothing(r)
	}
	for _, t := range chapters {
		impl := &t[r.Op]
		if fast, full := impl.handlers(r); fast != nil {
			return fast, full
		}
	}
	return runFull, opUnwritten
}

// handlers are r's handlers in impl, or nil.
func (impl *opImpl) handlers(r *inst) (fast fastHandler, full handler) {
	size := sizeIndex(r.Size)
	full = impl.any
	if full == nil && impl.by != nil {
		full = impl.by[r.Form][size]
	}
	if impl.fast != nil {
		fast = impl.fast[r.Form][size]
	}
	if impl.base != nil && r.Index == x86.NoReg && impl.base[r.Form][size] != nil {
		fast = impl.base[r.Form][size]
	}
	if impl.pick != nil {
		fast, full = impl.pick(r)
	}
	if full != nil && (fast == nil || r.slow != 0 || r.Flags&(x86.Rep|x86.Repne) != 0) {
		fast = runFull
	}
	return fast, full
}

// shiftsByImmediate are the operations whose fast handlers of forms with an
// immediate count on one that is not 0.
var shiftsByImmediate = [x86.NumOps]bool{x86.SHL: true, x86.SHR: true, x86.SAR: true, x86.ROL: true, x86.ROR: true}

// shiftByNothing are the handlers of a shift by 0.
func shiftByNothing(r *inst) (fastHandler, handler) {
	if full := aluOps[r.Op].by[r.Form][sizeIndex(r.Size)]; full != nil {
		return runFull, full
	}
	return runFull, opNOP // of a register
}

// deadHandler is the variant of r's handler that sets no flags, or nil.
func deadHandler(r *inst) fastHandler {
	if t := aluOps[r.Op].dead; t != nil {
		return t[r.Form][sizeIndex(r.Size)]
	}
	return nil
}

// sizeIndex is 0, 1, 2 for operands of 1, 2 and 4 bytes.
func sizeIndex(size uint8) uint8 { return min(size>>1, 2) }

// opUnwritten stops the run: the manual defines this instruction and ring0
// does not have it yet.
func opUnwritten(c *CPU, in *inst) bool {
	c.exit = exitUnwritten
	return false
}

// updateMode derives what decoding and the fast memory path depend on. It
// follows every change of a segment register, CR0, EFLAGS.VM, EFLAGS.AC or CPL.
func (c *CPU) updateMode() {
	m := mode(0)
	if c.seg[x86.CS].attr&attrDB != 0 {
		m |= modeCode32
	}
	if c.flat() {
		m |= modeFlat
	}
	if c.cpl == 3 {
		m |= modeUser
	}
	if m&modeFlat == 0 {
		c.codeChanged()
	}
	c.mode = m
	c.setTag()
	c.tlb = &c.tlbs[0]
	if c.cpl == 3 {
		c.tlb = &c.tlbs[1]
	}
}

// codeChanged makes blocks look again when CS has another base or limit than
// when a mode that is not flat was last set: their tags do not tell.
func (c *CPU) codeChanged() {
	cs := &c.seg[x86.CS]
	if cs.base != c.known.csBase || cs.limit != c.known.csLimit {
		c.known.csBase, c.known.csLimit = cs.base, cs.limit
		c.cache.epoch++
	}
}

// flat reports that offsets are linear addresses in CS, DS, ES and SS and no
// access through them can fail a segment or alignment check.
func (c *CPU) flat() bool {
	if c.realMode() || c.cr0&CR0AM != 0 && c.flags&FlagAC != 0 && c.cpl == 3 {
		return false
	}
	cs, ss := &c.seg[x86.CS], &c.seg[x86.SS]
	return cs.base == 0 && cs.limit == 0xffffffff && ss.attr&attrDB != 0 &&
		ss.flatData() && c.seg[x86.DS].flatData() && c.seg[x86.ES].flatData()
}

// flatData reports a data segment in which every access to every address is allowed.
func (s *segment) flatData() bool {
	return s.base == 0 && s.limit == 0xffffffff && s.attr&(attrP|attrCode|attrDown|attrWritable) == attrP|attrWritable
}
