// SPDX-License-Identifier: BSD-3-Clause

// How many bytes of memory an instruction's memory operand has.

package x86

// MemSize is the size in bytes of the memory operand, or of one element of a
// string instruction: Size, but for the operations below. It is 0 where only
// an address is meant.
func (in *Inst) MemSize() int {
	size := int(in.Size)
	switch in.Op {
	case MOVZX8, MOVSX8:
		return 1
	case MOVZX16, MOVSX16, LAR, LSL, PINSRW:
		return 2
	case PUNPCKLBW, PUNPCKLWD, PUNPCKLDQ:
		if size == 8 {
			return 4
		}
	case LDSEG, CALLFAR, JMPFAR:
		return size + 2
	case BOUND:
		return 2 * size
	case LGDT, SGDT, LIDT, SIDT:
		return 6
	case FXSAVE, FXRSTOR:
		return 512
	case LEA, NOP, INVLPG:
		return 0
	}
	return size
}
