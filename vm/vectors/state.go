// SPDX-License-Identifier: BSD-3-Clause
// The architectural state of a vector: what a user program can see of an i686 with x87, MMX, SSE and SSE2.

package vectors

import "fmt"

// Indexes into State.GPR, in the order of the instruction encodings.
const (
	EAX = iota
	ECX
	EDX
	EBX
	ESP
	EBP
	ESI
	EDI
)

// Indexes into State.Seg, in the order of the instruction encodings.
const (
	ES = iota
	CS
	SS
	DS
	FS
	GS
)

// EFLAGSMask covers the bits of EFLAGS that a vector records.
const EFLAGSMask = 0x0026FFFF

// State is the whole user-visible state of the CPU. It is comparable.
type State struct {
	GPR    [8]uint32
	EFLAGS uint32
	EIP    uint32
	Seg    [6]uint16 // selectors
	FCW    uint16    // x87 control word
	FSW    uint16    // x87 status word
	Tag    uint8     // abridged tag word as FXSAVE writes it: bit i set = physical register i is not empty
	MXCSR  uint32
	R      [8][10]byte // x87 registers in physical order, little-endian; MMi is the low 8 bytes of R[i]
	XMM    [8][16]byte // little-endian
}

// Top is the physical number of the x87 register that ST(0) names.
func (s *State) Top() int { return int(s.FSW >> 11 & 7) }

// ST is the content of x87 register ST(i).
func (s *State) ST(i int) [10]byte { return s.R[(s.Top()+i)&7] }

// STEmpty says whether x87 register ST(i) is tagged empty.
func (s *State) STEmpty(i int) bool { return s.Tag>>((s.Top()+i)&7)&1 == 0 }

// state reads a full state.
func (d *decoder) state() (s State) {
	for i := range s.GPR {
		s.GPR[i] = d.u32()
	}
	s.EFLAGS, s.EIP = d.u32(), d.u32()
	for i := range s.Seg {
		s.Seg[i] = d.u16()
	}
	s.FCW, s.FSW, s.Tag, s.MXCSR = d.u16(), d.u16(), d.u8(), d.u32()
	for i := range s.R {
		copy(s.R[i][:], d.bytes(10))
	}
	for i := range s.XMM {
		copy(s.XMM[i][:], d.bytes(16))
	}
	return s
}

// First numbers of the field ids in a list of changes.
const (
	idGPR    = 0
	idEFLAGS = 8
	idEIP    = 9
	idSeg    = 10
	idR      = 16
	idFCW    = 24
	idFSW    = 25
	idTag    = 26
	idMXCSR  = 27
	idXMM    = 32
	idEnd    = 40
)

// changes reads a list of changed fields and applies it to s.
func (d *decoder) changes(s *State) {
	for n := d.u8(); n > 0 && d.err == nil; n-- {
		d.change(s, int(d.u8()))
	}
}

// change reads the new value of field id into s.
func (d *decoder) change(s *State, id int) {
	switch {
	case id < idEFLAGS:
		s.GPR[id-idGPR] = d.u32()
	case id == idEFLAGS:
		s.EFLAGS = d.u32()
	case id == idEIP:
		s.EIP = d.u32()
	case id < idR:
		s.Seg[id-idSeg] = d.u16()
	case id < idFCW:
		copy(s.R[id-idR][:], d.bytes(10))
	case id == idFCW:
		s.FCW = d.u16()
	case id == idFSW:
		s.FSW = d.u16()
	case id == idTag:
		s.Tag = d.u8()
	case id == idMXCSR:
		s.MXCSR = d.u32()
	case id >= idXMM && id < idEnd:
		copy(s.XMM[id-idXMM][:], d.bytes(16))
	default:
		d.fail(fmt.Errorf("unknown field id %d", id))
	}
}
