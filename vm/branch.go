// SPDX-License-Identifier: BSD-3-Clause

// Near branches off the fast path: segment limits, 16-bit operand size
// (SDM vol. 2: JMP, Jcc, CALL, RET), and fusing a compare with its jump.

package vm

import "ring0/vm/x86"

//go:generate go run ./internal/gen

// branchTo ends the block at eip, or raises #GP(0) when eip lies outside CS.
func (c *CPU) branchTo(eip, link uint32) bool {
	if !c.inCode(eip) {
		return c.gp0()
	}
	c.eip, c.link = eip, link
	return false
}

// inCode checks a branch target against the limit of CS.
func (c *CPU) inCode(eip uint32) bool { return eip <= c.seg[x86.CS].limit }

// opJCCFull is Jcc outside flat modes.
func opJCCFull(c *CPU, in *inst) bool {
	if c.cond(in.Cond) {
		return c.branchTo(in.Imm, linkTaken)
	}
	c.eip, c.link = in.Next(), linkNext
	return false
}

func (c *CPU) jumpSlow(in *inst) bool { return c.branchTo(in.Imm, linkTaken) }

// jumpIndirectSlow is JMP r/m of either operand size.
func (c *CPU) jumpIndirectSlow(in *inst) bool {
	t, ok := c.readRM(in)
	return ok && c.branchTo(t, linkIndirect)
}

// callTo pushes the return address and branches; the target is checked first.
func (c *CPU) callTo(in *inst, target, link uint32) bool {
	if !c.inCode(target) {
		return c.gp0()
	}
	if !c.push(in.Size, in.Next()) {
		return false
	}
	c.eip, c.link = target, link
	return false
}

func (c *CPU) callSlow(in *inst) bool { return c.callTo(in, in.Imm, linkTaken) }

func (c *CPU) callIndirectSlow(in *inst) bool {
	t, ok := c.readRM(in)
	return ok && c.callTo(in, t, linkIndirect)
}

// retSlow is RET and RET imm16 of either operand size.
func (c *CPU) retSlow(in *inst) bool {
	t, ok := c.peek(in.Size, 0)
	if !ok {
		return false
	}
	if !c.inCode(t) {
		return c.gp0()
	}
	c.drop(uint32(in.Size) + in.Imm)
	c.eip, c.link = t, linkIndirect
	return false
}

// leaveSlow is LEAVE off the fast path: ESP becomes EBP, EBP is popped.
func (c *CPU) leaveSlow(size uint8) bool {
	m := c.stackMask()
	v, ok := c.readSeg(x86.SS, c.gpr[x86.EBP]&m, size)
	if !ok {
		return false
	}
	c.setSP(c.gpr[x86.EBP] + uint32(size))
	c.setRegSized(x86.EBP, size, uint32(v))
	return true
}

// fusedOp has the handlers of one kind of compare and the conditional jump
// behind it, by condition; nil where the pair stays two records.
type fusedOp struct {
	op   x86.Op
	form x86.Form
	size uint8
	fast [16]fastHandler
	base [16]fastHandler // for a memory operand without an index
}

// fuse makes one record of a compare and the conditional jump behind it,
// where handlers for the pair exist. It reports whether it did.
func fuse(prev, jump *inst) bool {
	if jump.Op != x86.JCC || jump.slow != 0 || prev.slow != 0 || prev.n != 1 || prev.Op != x86.CMP && prev.Op != x86.TEST {
		return false
	}
	for i := range fusedOps {
		f := &fusedOps[i]
		if f.op != prev.Op || f.form != prev.Form || f.size != prev.Size {
			continue
		}
		h := f.fast[jump.Cond&15]
		if b := f.base[jump.Cond&15]; b != nil && prev.Index == x86.NoReg {
			h = b
		}
		if h == nil {
			return false
		}
		prev.fn, prev.full, prev.n = h, opFusedFull, 2
		prev.Cond, prev.target, prev.len2 = jump.Cond, jump.Imm, prev.Len+jump.Len
		return true
	}
	return false
}

// opFusedFull is the full handler of a fused pair.
func opFusedFull(c *CPU, in *inst) bool {
	if !aluOps[in.Op].by[in.Form][sizeIndex(in.Size)](c, in) {
		return false
	}
	if c.cond(in.Cond) {
		c.eip, c.link = in.target, linkTaken
	} else {
		c.eip, c.link = in.EIP+uint32(in.len2), linkNext
	}
	return false
}

// The flag-bit and sign-extension instructions.

func opCLC(c *CPU, _ *inst) bool { c.setCF(false); return true }
func opSTC(c *CPU, _ *inst) bool { c.setCF(true); return true }
func opCMC(c *CPU, _ *inst) bool { c.setCF(!c.cf()); return true }
func opCLD(c *CPU, _ *inst) bool { c.flags &^= FlagDF; return true }
func opSTD(c *CPU, _ *inst) bool { c.flags |= FlagDF; return true }
func opNOP(c *CPU, _ *inst) bool { return true }

// opCBW is CBW (AL → AX) and CWDE (AX → EAX).
func opCBW(c *CPU, in *inst) bool {
	if in.Size == 2 {
		c.setReg16(x86.EAX, uint16(int8(c.reg8(x86.EAX))))
	} else {
		c.gpr[x86.EAX] = uint32(int16(c.gpr[x86.EAX]))
	}
	return true
}

// opCWD is CWD (AX → DX:AX) and CDQ (EAX → EDX:EAX).
func opCWD(c *CPU, in *inst) bool {
	if in.Size == 2 {
		c.setReg16(x86.EDX, uint16(int16(c.gpr[x86.EAX])>>15))
	} else {
		c.gpr[x86.EDX] = uint32(int32(c.gpr[x86.EAX]) >> 31)
	}
	return true
}

var simpleOps = opTable{
	x86.CLC: {any: opCLC}, x86.STC: {any: opSTC}, x86.CMC: {any: opCMC},
	x86.CLD: {any: opCLD}, x86.STD: {any: opSTD}, x86.NOP: {any: opNOP},
	x86.CBW: {any: opCBW}, x86.CWD: {any: opCWD},
}
