// SPDX-License-Identifier: BSD-3-Clause
// The i386 relocation types: one row each, read by the checker, the GOT maker
// and the relocator.
//
// System V ABI, Intel386 supplement, "Relocation Types". S: the symbol's value;
// A: the addend, which is what the place holds; P: the place's own address; GOT:
// the table's address; G: the symbol's entry, from there.

package loader

import "fmt"

// relKind is one relocation type.
type relKind struct {
	name    string
	width   uint32 // bytes at the place; 0: nothing is changed
	formula formula
}

type formula int

const (
	fNone   formula = iota
	fAbs            // S + A
	fPC             // S + A - P
	fGot            // G + A
	fGotAbs         // GOT + G + A when the instruction has no base register, else G + A
	fGotOff         // S + A - GOT
	fGotPC          // GOT + A - P
)

// relKinds: the types a relocatable object may hold. PLT32 is PC32: a module
// calls its target directly, so no PLT is made (modutils does the same).
var relKinds = map[uint8]relKind{
	0:  {"R_386_NONE", 0, fNone},
	1:  {"R_386_32", 4, fAbs},
	2:  {"R_386_PC32", 4, fPC},
	3:  {"R_386_GOT32", 4, fGot},
	4:  {"R_386_PLT32", 4, fPC},
	9:  {"R_386_GOTOFF", 4, fGotOff},
	10: {"R_386_GOTPC", 4, fGotPC},
	20: {"R_386_16", 2, fAbs},
	21: {"R_386_PC16", 2, fPC},
	22: {"R_386_8", 1, fAbs},
	23: {"R_386_PC8", 1, fPC},
	43: {"R_386_GOT32X", 4, fGotAbs},
}

// otherRelNames is for messages: types that exist and have no place in an
// object for a kernel.
var otherRelNames = map[uint8]string{
	5: "R_386_COPY", 6: "R_386_GLOB_DAT", 7: "R_386_JMP_SLOT", 8: "R_386_RELATIVE",
	14: "R_386_TLS_TPOFF", 15: "R_386_TLS_IE", 16: "R_386_TLS_GOTIE", 17: "R_386_TLS_LE",
	18: "R_386_TLS_GD", 19: "R_386_TLS_LDM", 32: "R_386_TLS_LDO_32", 38: "R_386_SIZE32",
	39: "R_386_TLS_GOTDESC", 42: "R_386_IRELATIVE",
}

// needsGotEntry and needsGot drive the making of .got.
func (k relKind) needsGotEntry() bool { return k.formula == fGot || k.formula == fGotAbs }
func (k relKind) needsGot() bool {
	return k.needsGotEntry() || k.formula == fGotOff || k.formula == fGotPC
}

func unknownRel(t uint8) string {
	if name, ok := otherRelNames[t]; ok {
		return fmt.Sprintf("relocation type %d (%s) cannot be used in a module", t, name)
	}
	return fmt.Sprintf("unknown relocation type %d", t)
}

// gotRelNeedsAddress reports whether the instruction a R_386_GOT32X belongs to
// addresses memory without a base register (ModRM mod=0, rm=5 just before the
// displacement), so that the place holds an address and not an offset.
func gotRelNeedsAddress(contents []byte, offset uint32) bool {
	return offset > 0 && contents[offset-1]&0xc7 == 0x05
}

// store adds the computed value to the place, whose contents are the addend.
func (k relKind) store(place []byte, add uint32) string {
	switch k.width {
	case 4:
		putLE32(place, le32(place)+add)
	case 2:
		v := uint32(int32(int16(le16(place)))) + add
		if v != uint32(int32(int16(v))) && v > 0xffff {
			return fmt.Sprintf("relocation overflow: %#x does not fit 16 bits", v)
		}
		place[0], place[1] = byte(v), byte(v>>8)
	case 1:
		v := uint32(int32(int8(place[0]))) + add
		if v != uint32(int32(int8(v))) && v > 0xff {
			return fmt.Sprintf("relocation overflow: %#x does not fit 8 bits", v)
		}
		place[0] = byte(v)
	}
	return ""
}
