// SPDX-License-Identifier: BSD-3-Clause

// Reporting x87 errors: #MF, or FERR# and IGNNE# to an interrupt controller
// as PC/AT machines have it.
//
// Intel SDM vol. 1, 8.7.1 "Native mode", 8.7.2 "MS-DOS* compatibility
// sub-mode" and appendix D; vol. 3, 2.5 "CR0.NE".
//
// With CR0.NE clear a pending error does not become an exception. The
// processor asserts FERR# when it comes to the next waiting instruction and
// stands still before it, as in HLT, until an interrupt arrives: the board
// turns FERR# into IRQ 13. The handler writes port F0h, on which the board
// withdraws the request and asserts IGNNE#, so that it may execute waiting
// instructions; and it ends the error with FNCLEX or the like, which releases
// FERR#, on which the board releases IGNNE#.

package vm

// fpuPins are the two pins of the MS-DOS compatibility mode.
type fpuPins struct {
	ferr  func(active bool) // the board's end of FERR#; may be nil
	ignne bool
}

// SetFERR connects the FERR# pin: f is called when its level changes, while
// an instruction is being executed. Without it an error with CR0.NE clear
// stops the processor until some other interrupt comes.
func (m *Machine) SetFERR(f func(active bool)) { m.fpuPins.ferr = f }

// SetIGNNE drives the IGNNE# pin: active, errors are ignored while CR0.NE is
// clear.
func (m *Machine) SetIGNNE(active bool) { m.fpuPins.ignne = active }

// reportError is what a waiting instruction does about a pending error. It
// returns true to go on.
func (c *CPU) reportError() bool {
	pins := &c.m.fpuPins
	switch {
	case c.fpu.fsw&fswES == 0:
		return true
	case c.cr0&CR0NE != 0:
		return c.raise(VecMF)
	case pins.ignne:
		return true
	}
	c.driveFERR(true)
	// The instruction waits: it is executed again after an interrupt.
	c.halted, c.exit = true, exitStale
	return false
}

// errorGone releases FERR# after an instruction that may have ended the error.
func (c *CPU) errorGone() {
	if c.fpu.ferr && c.fpu.fsw&fswES == 0 {
		c.driveFERR(false)
	}
}

func (c *CPU) driveFERR(active bool) {
	if c.fpu.ferr == active {
		return
	}
	c.fpu.ferr = active
	if f := c.m.fpuPins.ferr; f != nil {
		f(active)
	}
}
