// SPDX-License-Identifier: BSD-3-Clause

// The x87, MMX and SSE state and the checks before each of their instructions
// (SDM vol. 1, 8.1 "x87 FPU execution environment", 10.2 "SSE programming
// environment"; vol. 3, 2.5 "Control registers", table 12-1 and 13-1).

package vm

import "ring0/vm/float80"

// fpuState is the register state of x87, MMX and SSE.
type fpuState struct {
	r        [8]float80.F80 // physical registers R0–R7; MM0–MM7 are their significands
	xmm      [8]xmmReg
	fcw      uint16
	fsw      uint16 // without TOP
	top      uint8  // physical register that is ST(0)
	used     uint8  // abridged tag word: bit i is set when Ri is not empty
	fop      uint16 // last instruction: 11 opcode bits, address, operand address
	fcs, fds uint16
	fip, fdp uint32
	mxcsr    uint32
	ferr     bool // FERR# is asserted (fpuerror.go)
}

// xmmReg is an XMM register, low half first.
type xmmReg [2]uint64

// Power-up values (SDM vol. 3, table 9-1).
const (
	fcwReset   = 0x0040
	fcwInit    = 0x037f // after FNINIT
	mxcsrReset = 0x1f80
)

// reset brings the state to power-up values: registers are +0.0 and valid.
func (f *fpuState) reset() { *f = fpuState{fcw: fcwReset, used: 0xff, mxcsr: mxcsrReset} }

// Status word bits.
const (
	fswIE = 1 << 0 // invalid operation
	fswDE = 1 << 1 // denormal operand
	fswZE = 1 << 2 // divide by zero
	fswOE = 1 << 3 // overflow
	fswUE = 1 << 4 // underflow
	fswPE = 1 << 5 // precision
	fswSF = 1 << 6 // stack fault
	fswES = 1 << 7 // an unmasked exception is pending
	fswC0 = 1 << 8
	fswC1 = 1 << 9
	fswC2 = 1 << 10
	fswC3 = 1 << 14
	fswB  = 1 << 15 // follows ES

	fswTopShift = 11
)

// statusWord composes FSW.
func (f *fpuState) statusWord() uint16 { return f.fsw | uint16(f.top)<<fswTopShift }

// setStatusWord takes FSW apart.
func (f *fpuState) setStatusWord(v uint16) {
	f.fsw, f.top = v&^(7<<fswTopShift), uint8(v>>fswTopShift&7)
}

// needFPU checks CR0 before an x87 instruction: EM or TS set is #NM.
func (c *CPU) needFPU() bool {
	if c.cr0&(CR0EM|CR0TS) != 0 {
		return c.raise(VecNM)
	}
	return true
}

// needMMX checks before an MMX instruction: EM set is #UD, TS #NM, an
// unmasked x87 exception is reported.
func (c *CPU) needMMX() bool {
	switch {
	case c.cr0&CR0EM != 0:
		return c.ud()
	case c.cr0&CR0TS != 0:
		return c.raise(VecNM)
	}
	return c.reportError()
}

// needSSE checks before an SSE instruction on XMM registers: EM set or
// CR4.OSFXSR clear is #UD, TS #NM.
func (c *CPU) needSSE() bool {
	switch {
	case c.cr0&CR0EM != 0 || c.cr4&CR4OSFXSR == 0:
		return c.ud()
	case c.cr0&CR0TS != 0:
		return c.raise(VecNM)
	}
	return true
}

// FPU is the x87, MMX and SSE state as debuggers and harnesses see it.
type FPU struct {
	R        [8]float80.F80 // physical registers
	XMM      [8][2]uint64   // low half first
	FCW, FSW uint16
	Tag      uint8 // bit i: physical register i is not empty
	FOP      uint16
	FCS, FDS uint16
	FIP, FDP uint32
	MXCSR    uint32
}

// FPU returns the x87, MMX and SSE state.
func (m *Machine) FPU() FPU {
	f := &m.cpu.fpu
	s := FPU{R: f.r, FCW: f.fcw, FSW: f.statusWord(), Tag: f.used,
		FOP: f.fop, FCS: f.fcs, FDS: f.fds, FIP: f.fip, FDP: f.fdp, MXCSR: f.mxcsr}
	for i := range f.xmm {
		s.XMM[i] = f.xmm[i]
	}
	return s
}

// SetFPU sets the x87, MMX and SSE state. ES and B follow from the exceptions
// and their masks.
func (m *Machine) SetFPU(s *FPU) {
	f := &m.cpu.fpu
	f.r, f.fcw, f.used = s.R, s.FCW, s.Tag
	f.fop, f.fcs, f.fds, f.fip, f.fdp, f.mxcsr = s.FOP, s.FCS, s.FDS, s.FIP, s.FDP, s.MXCSR
	f.setStatusWord(s.FSW)
	f.summarize()
	m.cpu.errorGone()
	for i := range f.xmm {
		f.xmm[i] = s.XMM[i]
	}
}
