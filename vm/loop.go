// SPDX-License-Identifier: BSD-3-Clause

// Branches on the count register: E0–E3
// (SDM vol. 2, "LOOP/LOOPcc", "JCXZ/JECXZ" under "Jcc").

package vm

import "ring0/vm/x86"

// opLOOP counts (E)CX down and branches while it is not zero.
//
//	E2 cb   LOOP Jb
//
// The address size chooses CX or ECX. Flags: none.
// Faults: #GP(0) when the target lies outside the code segment; the count
// then stays as it was.
func opLOOP(c *CPU, in *inst) bool { return c.loop(in, true) }

// opLOOPE, opLOOPNE are LOOP that also ask for ZF set, or clear.
//
//	E1 cb   LOOPE Jb
//	E0 cb   LOOPNE Jb
func opLOOPE(c *CPU, in *inst) bool { return c.loop(in, c.zf()) }

func opLOOPNE(c *CPU, in *inst) bool { return c.loop(in, !c.zf()) }

func (c *CPU) loop(in *inst, wanted bool) bool {
	mask := addrMask(in)
	count := (c.gpr[x86.ECX] - 1) & mask
	taken := wanted && count != 0
	if taken && !c.inCode(in.Imm) {
		return c.gp0()
	}
	c.gpr[x86.ECX] = c.gpr[x86.ECX]&^mask | count
	return c.branchIf(in, taken)
}

// opJCXZ branches when (E)CX is zero.
//
//	E3 cb   JCXZ, JECXZ Jb
//
// The address size chooses CX or ECX. Flags: none. Faults: as LOOP.
func opJCXZ(c *CPU, in *inst) bool {
	return c.branchIf(in, c.gpr[x86.ECX]&addrMask(in) == 0)
}

// branchIf leaves the block to in's target or to the next instruction.
func (c *CPU) branchIf(in *inst, taken bool) bool {
	if taken {
		return c.branchTo(in.Imm, linkTaken)
	}
	c.eip, c.link = in.Next(), linkNext
	return false
}
