// SPDX-License-Identifier: BSD-3-Clause
// The ELF32 file format as far as a relocatable object uses it.
//
// System V ABI, "Object Files", and its Intel386 supplement. Names are the
// standard's own; only the fields used here are kept.

package loader

import "encoding/binary"

// Sizes of the file's records.
const (
	headerSize        = 52
	sectionHeaderSize = 40
	symbolSize        = 16
	relSize           = 8
)

// Offsets within e_ident, and the values wanted there.
const (
	identClass   = 4
	identData    = 5
	identVersion = 6

	class32       = 1
	class64       = 2
	dataLSB       = 1
	dataMSB       = 2
	versionNumber = 1
)

// e_type.
const (
	typeRel  = 1
	typeExec = 2
	typeDyn  = 3
	typeCore = 4
)

// e_machine.
const (
	machine386 = 3
	machine486 = 6
)

// Section types.
const (
	shtNull         = 0
	shtProgbits     = 1
	shtSymtab       = 2
	shtStrtab       = 3
	shtRela         = 4
	shtHash         = 5
	shtDynamic      = 6
	shtNote         = 7
	shtNobits       = 8
	shtRel          = 9
	shtShlib        = 10
	shtDynsym       = 11
	shtInitArray    = 14
	shtFiniArray    = 15
	shtPreinitArray = 16
	shtGroup        = 17
	shtSymtabShndx  = 18
	shtLoOS         = 0x60000000
)

// Section flags.
const (
	shfWrite      = 0x1
	shfAlloc      = 0x2
	shfExec       = 0x4
	shfTLS        = 0x400
	shfCompressed = 0x800
)

// Special section indices.
const (
	shnUndef     = 0
	shnLoReserve = 0xff00
	shnAbs       = 0xfff1
	shnCommon    = 0xfff2
	shnXindex    = 0xffff
)

// Symbol bindings and types.
const (
	bindLocal  = 0
	bindGlobal = 1
	bindWeak   = 2

	symNone    = 0
	symObject  = 1
	symFunc    = 2
	symSection = 3
	symFile    = 4
)

// fileHeader is Elf32_Ehdr without e_ident, entry and program header fields.
type fileHeader struct {
	Type, Machine   uint16
	Version         uint32
	SectionOffset   uint32
	SectionSize     uint16 // e_shentsize
	SectionCount    uint16 // e_shnum; 0 = in section 0's size
	SectionNamesIdx uint16 // e_shstrndx; shnXindex = in section 0's link
}

func decodeFileHeader(b []byte) fileHeader {
	return fileHeader{
		Type:            le16(b[16:]),
		Machine:         le16(b[18:]),
		Version:         le32(b[20:]),
		SectionOffset:   le32(b[32:]),
		SectionSize:     le16(b[46:]),
		SectionCount:    le16(b[48:]),
		SectionNamesIdx: le16(b[50:]),
	}
}

// sectionHeader is Elf32_Shdr.
type sectionHeader struct {
	Name, Type, Flags, Addr, Offset, Size, Link, Info, Align, EntSize uint32
}

func decodeSectionHeader(b []byte) sectionHeader {
	return sectionHeader{
		Name: le32(b[0:]), Type: le32(b[4:]), Flags: le32(b[8:]), Addr: le32(b[12:]),
		Offset: le32(b[16:]), Size: le32(b[20:]), Link: le32(b[24:]), Info: le32(b[28:]),
		Align: le32(b[32:]), EntSize: le32(b[36:]),
	}
}

// elfSymbol is Elf32_Sym.
type elfSymbol struct {
	Name, Value, Size uint32
	Bind, Type        uint8
	Section           uint16
}

func decodeSymbol(b []byte) elfSymbol {
	return elfSymbol{
		Name: le32(b[0:]), Value: le32(b[4:]), Size: le32(b[8:]),
		Bind: b[12] >> 4, Type: b[12] & 0xf, Section: le16(b[14:]),
	}
}

// rel is Elf32_Rel: where, against which symbol, of which type. The addend is
// what the place holds.
type rel struct {
	Offset uint32
	Symbol uint32
	Type   uint8
}

func decodeRel(b []byte) rel {
	info := le32(b[4:])
	return rel{Offset: le32(b), Symbol: info >> 8, Type: uint8(info)}
}

func le16(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }
func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

func putLE32(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }
