// SPDX-License-Identifier: BSD-3-Clause

// The state after power-up or RESET (SDM vol. 3, 9.1 "Initialization
// overview", table 9-1).

package vm

import "ring0/vm/x86"

// Values the reset state is made of.
const (
	resetEIP    = 0xfff0
	resetCS     = 0xf000
	resetCSBase = 0xffff0000
	resetLimit  = 0xffff
	resetData   = attrP | attrS | attrWritable | attrAccessed // present, read/write, accessed
)

// reset puts the CPU into its reset state: real mode at FFFF:FFF0. The clock
// goes on; the time-stamp counter starts at 0.
func (c *CPU) reset() {
	c.gpr = [16]uint32{x86.EDX: c.model.signature()}
	c.eip = resetEIP
	c.setEflags(flagsFixed)
	c.cpl = 0
	for i := range c.seg {
		c.seg[i] = segment{attr: resetData, limit: resetLimit}
	}
	c.seg[x86.CS] = segment{sel: resetCS, attr: resetData, base: resetCSBase, limit: resetLimit}
	c.ldtr = segment{attr: attrP | sysLDT, limit: resetLimit}
	c.tr = segment{attr: attrP | sysTSS32Busy, limit: resetLimit}
	c.gdtr, c.idtr = tableReg{limit: resetLimit}, tableReg{limit: resetLimit}
	c.cr0, c.cr2, c.cr3, c.cr4 = CR0CD|CR0NW|CR0ET, 0, 0, 0
	c.dr = [8]uint32{6: dr6Fixed, 7: dr7Fixed}
	c.msr.reset(c.now())
	c.driveFERR(false)
	c.fpu.reset()
	c.sys = sysState{}
	c.shadow, c.halted, c.nmi = false, false, false
	c.exit = exitNone
	c.flushTLB()
	c.updateMode()
}

// Reset does what the RESET pin does to the processor. Memory and devices
// keep their state.
func (m *Machine) Reset() {
	m.cpu.reset()
	m.cpu.endSliceBy(m.cpu.now())
}
