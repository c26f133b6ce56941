// SPDX-License-Identifier: BSD-3-Clause

// The coprocessor's error line as an AT wires it (SDM vol. 1, appendix D,
// "MS-DOS compatibility sub-mode" and figure D-1).
//
//	F0   write: withdraw interrupt 13; errors are ignored until they end
//	F1   write: reset the coprocessor, of which nothing is left today

package pc

import "ring0/vm/device"

// fpuGlue is the flip-flops between the FERR# pin, interrupt 13 and IGNNE#.
type fpuGlue struct {
	pc    *PC
	irq13 device.Line
	s     FPUState
}

// FPUState is their state.
type FPUState struct {
	Error   bool // FERR# is active
	Request bool // interrupt 13
	Ignore  bool // IGNNE# is active
}

func (p *PC) connectFPU() error {
	p.fpu = fpuGlue{pc: p, irq13: p.PIC.Line(13)}
	p.SetFERR(p.fpu.ferr)
	return device.Attach(p.Machine, &p.fpu, device.Ports{First: 0xf0, Last: 0xf1})
}

// ferr is a change of the pin: an error requests the interrupt, its end lets
// errors count again.
func (g *fpuGlue) ferr(active bool) {
	g.s.Error = active
	if active {
		g.s.Request = true
	} else {
		g.s.Ignore = false
	}
	g.drive()
}

// In floats: the ports are written only.
func (g *fpuGlue) In(uint16) uint8 { return 0xff }

// Out is a write to F0 or F1.
func (g *fpuGlue) Out(port uint16, _ uint8) {
	if port == 0xf0 {
		g.s.Request = false
		g.s.Ignore = g.s.Error
		g.drive()
	}
}

func (g *fpuGlue) drive() {
	g.pc.SetIGNNE(g.s.Ignore)
	g.irq13(g.s.Request)
}

// release is a reset.
func (g *fpuGlue) release() {
	g.s = FPUState{}
	g.drive()
}
