// SPDX-License-Identifier: BSD-3-Clause

// Instructions on the system flags: CLI, STI, PUSHF, POPF.
//
// Intel SDM vol. 2, "CLI", "STI", "PUSHF", "POPF"; vol. 1, 18.5.1 "I/O
// privilege level".

package vm

// iopl is the I/O privilege level in EFLAGS.
func (c *CPU) iopl() uint8 { return uint8(c.flags >> 12 & 3) }

// mayTouchIF reports that CLI and STI are allowed: always in real mode; with
// CPL ≤ IOPL otherwise (CPL is 3 in virtual-8086 mode).
func (c *CPU) mayTouchIF() bool { return c.cpl <= c.iopl() || c.cr0&CR0PE == 0 }

// opCLI is FA: #GP(0) when IOPL does not permit it.
func opCLI(c *CPU, in *inst) bool {
	if !c.mayTouchIF() {
		return c.gp0()
	}
	c.flags &^= FlagIF
	return c.proceed(in, c.mode)
}

// opSTI is FB: #GP(0) when IOPL does not permit it. When it sets IF no
// external interrupt comes before the next instruction has run.
func opSTI(c *CPU, in *inst) bool {
	if !c.mayTouchIF() {
		return c.gp0()
	}
	if c.flags&FlagIF == 0 {
		c.flags |= FlagIF
		// With budget left and no interrupt asserted the next instruction runs
		// before anybody looks for one.
		if c.intrLine || c.budget <= 0 || c.stepping() {
			c.shadow = true
		}
	}
	return c.proceed(in, c.mode)
}

// opPUSHF is 9C. VM and RF are pushed as zero. In virtual-8086 mode it needs
// IOPL 3.
func opPUSHF(c *CPU, in *inst) bool {
	if c.flags&FlagVM != 0 && c.iopl() < 3 {
		return c.gp0()
	}
	return c.push(in.Size, c.eflags()&^(FlagVM|FlagRF))
}

// opPOPF is 9D. At CPL 0 and in real mode it may change IOPL; with CPL ≤ IOPL,
// IF. VM, VIP and VIF stay, RF becomes 0. In virtual-8086 mode it needs IOPL 3.
func opPOPF(c *CPU, in *inst) bool {
	if c.flags&FlagVM != 0 && c.iopl() < 3 {
		return c.gp0()
	}
	v, ok := c.peek(in.Size, 0)
	if !ok {
		return false
	}
	may := uint32(flagsAlways)
	if c.mayTouchIF() {
		may |= FlagIF
	}
	if c.cpl == 0 {
		may |= FlagIOPL
	}
	if in.Size == 4 {
		may |= flagsWide
	}
	c.drop(uint32(in.Size))
	c.loadFlags(v, may)
	c.flags &^= FlagRF
	old := c.mode
	c.updateMode()
	return c.proceed(in, old)
}
