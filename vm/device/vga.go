// SPDX-License-Identifier: BSD-3-Clause

// The registers of a VGA in a text mode. Its memory at B8000 is memory that
// the board maps; here is what software finds when it programs the adapter,
// and what of it decides which characters are on the screen.
//
// IBM PS/2 Hardware Interface Technical Reference, "Video subsystem". Registers
// keep what is written. Only text at B8000 is shown: other modes, planes, fonts
// and colours have no effect.
//
//	3C0 3C1   attribute controller: index and data in turns
//	3C2 3CC   miscellaneous output; 3C2 reads input status 0
//	3C4 3C5   sequencer          3CE 3CF   graphics controller
//	3C6–3C9   DAC                3D4 3D5   CRT controller
//	3DA       input status 1; resets the attribute controller's turn

package device

import (
	"strings"

	"ring0/vm"
)

// VGAState is the registers.
type VGAState struct {
	Misc              uint8
	Attribute         [32]uint8
	AttributeIndex    uint8
	AttributeData     bool // the next byte written to 3C0 is data
	Sequencer         [8]uint8
	Graphics          [16]uint8
	CRTC              [32]uint8
	SequencerIndex    uint8
	GraphicsIndex     uint8
	CRTCIndex         uint8
	DACMask           uint8
	DACRead, DACWrite uint16 // index * 3 + component
	DAC               [768]uint8
}

// CRT controller registers.
const (
	crtcStartHigh  = 0x0c
	crtcStartLow   = 0x0d
	crtcCursorHigh = 0x0e
	crtcCursorLow  = 0x0f
	crtcProtect    = 0x11 // bit 7: registers 0–7 are read only
	crtcOverflow   = 0x07
)

// Where text lies and how large the screen is.
const (
	VGAText     = 0xb8000
	VGATextSize = 0x8000
	vgaColumns  = 80
	vgaRows     = 25
)

// VGA is the adapter's registers.
type VGA struct {
	m     *vm.Machine
	clock *Clock
	s     VGAState
}

// NewVGA makes the registers and connects them. They are as after setting
// mode 3 as far as text is concerned: start 0, cursor 0.
func NewVGA(m *vm.Machine, clock *Clock) (*VGA, error) {
	v := &VGA{m: m, clock: clock}
	v.s.Misc = 0x67 // colour addresses
	v.s.DACMask = 0xff
	return v, Attach(m, v, Ports{0x3c0, 0x3cf}, Ports{0x3d4, 0x3d5}, Ports{0x3da, 0x3da})
}

// In reads a register.
func (v *VGA) In(port uint16) uint8 {
	s := &v.s
	switch port {
	case 0x3c0:
		return s.AttributeIndex
	case 0x3c1:
		return s.Attribute[s.AttributeIndex&0x1f]
	case 0x3c2:
		return 0x10 // input status 0: the colour monitor's sense line
	case 0x3c4:
		return s.SequencerIndex
	case 0x3c5:
		return s.Sequencer[s.SequencerIndex&7]
	case 0x3c6:
		return s.DACMask
	case 0x3c8:
		return uint8(s.DACWrite / 3)
	case 0x3c9:
		s.DACRead = (s.DACRead + 1) % 768
		return s.DAC[(s.DACRead+767)%768]
	case 0x3cc:
		return s.Misc
	case 0x3ce:
		return s.GraphicsIndex
	case 0x3cf:
		return s.Graphics[s.GraphicsIndex&0xf]
	case 0x3d4:
		return s.CRTCIndex
	case 0x3d5:
		return s.CRTC[s.CRTCIndex&0x1f]
	case 0x3da:
		s.AttributeData = false
		return v.status1()
	}
	return 0xff
}

// Out writes a register.
func (v *VGA) Out(port uint16, b uint8) {
	s := &v.s
	switch port {
	case 0x3c0:
		if s.AttributeData {
			s.Attribute[s.AttributeIndex&0x1f] = b
		} else {
			s.AttributeIndex = b & 0x3f
		}
		s.AttributeData = !s.AttributeData
	case 0x3c2:
		s.Misc = b
	case 0x3c4:
		s.SequencerIndex = b
	case 0x3c5:
		s.Sequencer[s.SequencerIndex&7] = b
	case 0x3c6:
		s.DACMask = b
	case 0x3c7:
		s.DACRead = uint16(b) * 3
	case 0x3c8:
		s.DACWrite = uint16(b) * 3
	case 0x3c9:
		s.DAC[s.DACWrite] = b & 0x3f
		s.DACWrite = (s.DACWrite + 1) % 768
	case 0x3ce:
		s.GraphicsIndex = b
	case 0x3cf:
		s.Graphics[s.GraphicsIndex&0xf] = b
	case 0x3d4:
		s.CRTCIndex = b
	case 0x3d5:
		s.writeCRTC(s.CRTCIndex&0x1f, b)
	}
}

// writeCRTC heeds the write protection of registers 0–7, of which only the
// line compare bit can then be changed.
func (s *VGAState) writeCRTC(reg, v uint8) {
	if reg <= crtcOverflow && s.CRTC[crtcProtect]&0x80 != 0 {
		if reg == crtcOverflow {
			s.CRTC[reg] = s.CRTC[reg]&^0x10 | v&0x10
		}
		return
	}
	s.CRTC[reg] = v
}

// status1 is display enable and vertical retrace of a 70 Hz picture of 449
// lines, of which 400 show, each 100 columns wide, of which 80 show.
func (v *VGA) status1() uint8 {
	const lines, columns = 449, 100
	dot := v.clock.Ticks(70 * lines * columns / 2)
	column, line := dot*2%columns, dot*2/columns%lines
	status := uint8(0)
	if line >= 400 || column >= 80 {
		status |= 1
	}
	if line >= 412 && line < 414 {
		status |= 8
	}
	return status
}

// Screen is the text on the screen, without blanks at the ends of lines.
func (v *VGA) Screen() []string {
	start := uint32(v.s.CRTC[crtcStartHigh])<<8 | uint32(v.s.CRTC[crtcStartLow])
	text := make([]byte, VGATextSize)
	v.m.ReadPhys(VGAText, text)
	font := []rune(cp437Low + cp437ASCII + cp437High)
	lines := make([]string, vgaRows)
	for y := range lines {
		var b strings.Builder
		for x := range vgaColumns {
			b.WriteRune(font[text[(start+uint32(y*vgaColumns+x))*2%VGATextSize]])
		}
		lines[y] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// State and SetState are for snapshots; the text is memory.
func (v *VGA) State() VGAState { return v.s }

// SetState restores a State.
func (v *VGA) SetState(s VGAState) { v.s = s }

// The PC's characters, code page 437. Character 0 is blank.
const (
	cp437Low   = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
	cp437ASCII = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~⌂"
	cp437High  = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
		"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"
)
