// SPDX-License-Identifier: BSD-3-Clause

// The memory operand: ModRM, SIB and displacement.
//
// Intel SDM vol. 2, 2.1.5 "Addressing-mode encoding of ModR/M and SIB bytes",
// tables 2-1 (16-bit), 2-2 and 2-3 (32-bit).
//
// A 16-bit form becomes Base and Index too; whoever computes the address
// reduces the sum to 16 bits when the record says Addr16.

package x86

// address reads the memory operand whose ModRM byte is just before p (its
// mod is not 3) and returns the position after it.
func (in *Inst) address(w *window, p int, modrm uint8) int {
	if in.Flags&Addr16 != 0 {
		return in.address16(w, p, modrm)
	}
	mod, base := modrm>>6, modrm&7
	if base == ESP {
		sib := w.u8(p)
		p++
		base = sib & 7
		// Index 4 means none; there is no scaled ESP.
		if index := sib >> 3 & 7; index != ESP {
			in.Index = index
			in.Scale = sib >> 6
		}
	}
	if mod == 0 && base == EBP {
		in.Disp = w.u32(p)
		return p + 4
	}
	in.setBase(base)
	switch mod {
	case 1:
		in.Disp = uint32(int8(w.u8(p)))
		p++
	case 2:
		in.Disp = w.u32(p)
		p += 4
	}
	return p
}

// setBase sets the base register; a base of ESP or EBP makes SS the default
// segment.
func (in *Inst) setBase(base uint8) {
	in.Base = base
	if base&^1 == ESP && in.Flags&SegPfx == 0 {
		in.Seg = SS
	}
}

// pairs16 gives base and index of the eight 16-bit forms.
var pairs16 = [8]struct{ base, index uint8 }{
	{EBX, ESI}, {EBX, EDI}, {EBP, ESI}, {EBP, EDI},
	{ESI, NoReg}, {EDI, NoReg}, {EBP, NoReg}, {EBX, NoReg},
}

// address16 is address for 16-bit addresses. A displacement beside a
// register is sign-extended, an address of its own is not.
func (in *Inst) address16(w *window, p int, modrm uint8) int {
	mod, rm := modrm>>6, modrm&7
	if mod == 0 && rm == 6 {
		in.Disp = uint32(w.u16(p))
		return p + 2
	}
	in.setBase(pairs16[rm].base)
	in.Index = pairs16[rm].index
	switch mod {
	case 1:
		in.Disp = uint32(int8(w.u8(p)))
		p++
	case 2:
		in.Disp = uint32(int16(w.u16(p)))
		p += 2
	}
	return p
}
