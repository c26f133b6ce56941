// SPDX-License-Identifier: BSD-3-Clause

// Exchanges between a register and memory: 86 87, 0F B0 B1, 0F C0 C1,
// 0F C7 /1 (SDM vol. 2, "XCHG", "CMPXCHG", "XADD", "CMPXCHG8B").
//
// One CPU: LOCK has nothing to do. All of them write their memory operand in
// every case, so a page or segment that may not be written faults.

package vm

import "ring0/vm/x86"

// opXCHGMem exchanges a register with memory; between registers it is generated.
//
//	86 /r   XCHG Eb, Gb
//	87 /r   XCHG Ev, Gv
//
// Flags: none.
func opXCHGMem(c *CPU, in *inst) bool {
	v, ok := c.rmwRead(in, in.Size)
	if !ok {
		return false
	}
	c.rmwWrite(in.Size, uint64(c.regSized(in.Src, in.Size)))
	c.setRegSized(in.Src, in.Size, v)
	return true
}

// opXADD exchanges and adds: the destination becomes the sum, Src what the
// destination was.
//
//	0F C0 /r   XADD Eb, Gb
//	0F C1 /r   XADD Ev, Gv
//
// Flags: as ADD.
func opXADD(c *CPU, in *inst) bool {
	a, ok := c.readDst(in)
	if !ok {
		return false
	}
	b := c.regSized(in.Src, in.Size)
	r := a + b
	c.setRegSized(in.Src, in.Size, a) // first: Src may be the destination
	c.writeDst(in, r)
	c.flagsAdd(a, b, in.Size)
	return true
}

// opCMPXCHG stores Src when the destination equals the accumulator, and
// otherwise loads the accumulator.
//
//	0F B0 /r   CMPXCHG Eb, Gb
//	0F B1 /r   CMPXCHG Ev, Gv
//
// Flags: as CMP accumulator, destination.
func opCMPXCHG(c *CPU, in *inst) bool {
	old, ok := c.readDst(in)
	if !ok {
		return false
	}
	acc := c.regSized(x86.EAX, in.Size)
	if acc == old {
		c.writeDst(in, c.regSized(in.Src, in.Size))
	} else {
		c.writeDst(in, old)
		c.setRegSized(x86.EAX, in.Size, old)
	}
	c.flagsSub(acc, old, in.Size)
	return true
}

// opCMPXCHG8B stores ECX:EBX when the operand equals EDX:EAX, and otherwise
// loads EDX:EAX.
//
//	0F C7 /1   CMPXCHG8B Mq
//
// Flags: ZF = they were equal; the others stay.
func opCMPXCHG8B(c *CPU, in *inst) bool {
	old, ok := c.rmwReadAt(in.Seg, c.effAddr(in), 8)
	if !ok {
		return false
	}
	f := c.arithFlags() &^ FlagZF
	if old == uint64(c.gpr[x86.EDX])<<32|uint64(c.gpr[x86.EAX]) {
		f |= FlagZF
		c.rmwWrite(8, uint64(c.gpr[x86.ECX])<<32|uint64(c.gpr[x86.EBX]))
	} else {
		c.rmwWrite(8, old)
		c.gpr[x86.EAX], c.gpr[x86.EDX] = uint32(old), uint32(old>>32)
	}
	c.setArithFlags(f)
	return true
}
