// SPDX-License-Identifier: BSD-3-Clause

// Instructions that interrupt: INT n, INT3, INTO, INT1 (ICEBP), BOUND, UD2.
//
// Intel SDM vol. 2, "INT n/INTO/INT3/INT1", "BOUND", "UD".

package vm

// opINT is CD ib. In virtual-8086 mode it needs IOPL 3.
func opINT(c *CPU, in *inst) bool {
	if c.flags&FlagVM != 0 && c.iopl() < 3 {
		return c.gp0()
	}
	return c.interruptNow(in, uint8(in.Imm), evSoftware)
}

// opINT3 is CC: not IOPL-sensitive.
func opINT3(c *CPU, in *inst) bool { return c.interruptNow(in, VecBP, evSoftware) }

// opINTO is CE: #OF as a trap when OF is set.
func opINTO(c *CPU, in *inst) bool {
	if !c.of() {
		return c.proceed(in, c.mode)
	}
	return c.interruptNow(in, VecOF, evSoftware)
}

// opICEBP is F1: #DB without a DPL check and without a mark in DR6.
func opICEBP(c *CPU, in *inst) bool { return c.interruptNow(in, VecDB, evICEBP) }

// interruptNow delivers an interrupt that an instruction asks for.
func (c *CPU) interruptNow(in *inst, vector uint8, kind eventKind) bool {
	ev := event{fault: fault{vector: vector}, kind: kind, next: in.Next()}
	c.eip = in.EIP
	if c.deliver(&ev) {
		c.exit, c.link = exitNone, linkLookup
		c.sys.noStep = true
	}
	return false
}

// opBOUND checks a signed array index.
//
//	62 /r   BOUND r, m16&16; BOUND r, m32&32
//
// Flags: none. Faults: the operand's; #BR, a fault, when the index lies
// outside [lower, upper].
func opBOUND(c *CPU, in *inst) bool {
	v, ok := c.readAligned(in.Seg, c.effAddr(in), in.Size*2, in.Size)
	if !ok {
		return false
	}
	var index, lower, upper int32
	if in.Size == 2 {
		index, lower, upper = int32(int16(c.reg16(in.Dst))), int32(int16(v)), int32(int16(v>>16))
	} else {
		index, lower, upper = int32(c.reg32(in.Dst)), int32(v), int32(v>>32)
	}
	if index < lower || index > upper {
		return c.raise(VecBR)
	}
	return true
}

// opUD is UD2, and every encoding the manual leaves undefined.
func opUD(c *CPU, in *inst) bool { return c.ud() }
