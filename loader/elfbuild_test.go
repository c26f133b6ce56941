// SPDX-License-Identifier: BSD-3-Clause
// Hand-made object files for the tests, and patches that spoil them by name.

package loader

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testSection is a section to build; Link and Info are section names where the
// format wants indices.
type testSection struct {
	name         string
	typ, flags   uint32
	align        uint32
	data         []byte
	size         uint32 // of SHT_NOBITS
	link         string
	info         string
	infoNumber   uint32
	entSize      uint32
	headerOffset int
	dataOffset   int
}

// testSymbol is a symbol to build; section is a name, or ABS, COMMON, UNDEF.
type testSymbol struct {
	name        string
	bind, typ   uint8
	section     string
	value, size uint32
}

// testReloc is a relocation against a symbol named in the object.
type testReloc struct {
	offset uint32
	typ    uint8
	symbol string
}

// testObject builds an ET_REL file. Relocation sections are named .relNAME.
type testObject struct {
	sections []testSection
	symbols  []testSymbol
	relocs   map[string][]testReloc
}

// builtObject is the file with the places of everything in it.
type builtObject struct {
	bytes    []byte
	sections map[string]*testSection
	symbols  map[string]int
}

func (o testObject) build(t testing.TB) builtObject {
	symbols := map[string]int{"": 0}
	for i, s := range o.symbols {
		symbols[s.name] = i + 1
	}
	list := append([]testSection{{}}, o.sections...)
	for _, s := range o.sections {
		if relocs := o.relocs[s.name]; relocs != nil {
			list = append(list, testSection{
				name: ".rel" + s.name, typ: shtRel, align: 4, entSize: relSize,
				link: ".symtab", info: s.name, data: relocBytes(t, relocs, symbols),
			})
		}
	}
	index := func(name string) uint16 {
		for i, s := range list {
			if i > 0 && s.name == name {
				return uint16(i)
			}
		}
		special := map[string]uint16{"ABS": shnAbs, "COMMON": shnCommon, "UNDEF": 0, "": 0}
		value, ok := special[name]
		require.True(t, ok, "no section %q", name)
		return value
	}
	var strtab, symtab []byte
	strtab = append(strtab, 0)
	symtab = append(symtab, make([]byte, symbolSize)...)
	locals := uint32(1)
	for _, s := range o.symbols {
		var raw [symbolSize]byte
		if s.name != "" && s.typ != symSection {
			putLE32(raw[0:], uint32(len(strtab)))
			strtab = append(append(strtab, s.name...), 0)
		}
		putLE32(raw[4:], s.value)
		putLE32(raw[8:], s.size)
		raw[12] = s.bind<<4 | s.typ
		binary.LittleEndian.PutUint16(raw[14:], index(s.section))
		symtab = append(symtab, raw[:]...)
		if s.bind == bindLocal {
			locals++
		}
	}
	list = append(list,
		testSection{name: ".symtab", typ: shtSymtab, align: 4, data: symtab, link: ".strtab", infoNumber: locals, entSize: symbolSize},
		testSection{name: ".strtab", typ: shtStrtab, align: 1, data: strtab},
		testSection{name: ".shstrtab", typ: shtStrtab, align: 1})
	return layFile(list, symbols, index)
}

func relocBytes(t testing.TB, relocs []testReloc, symbols map[string]int) []byte {
	var b []byte
	for _, r := range relocs {
		symbol, ok := symbols[r.symbol]
		require.True(t, ok, "no symbol %q", r.symbol)
		b = binary.LittleEndian.AppendUint32(b, r.offset)
		b = binary.LittleEndian.AppendUint32(b, uint32(symbol)<<8|uint32(r.typ))
	}
	return b
}

// layFile writes header, contents and section header table.
func layFile(list []testSection, symbols map[string]int, index func(string) uint16) builtObject {
	names := []byte{0}
	nameAt := make([]uint32, len(list))
	for i := range list {
		if list[i].name != "" {
			nameAt[i] = uint32(len(names))
			names = append(append(names, list[i].name...), 0)
		}
	}
	list[len(list)-1].data = names

	file := make([]byte, headerSize)
	for i := range list {
		for len(file)%16 != 0 {
			file = append(file, 0)
		}
		list[i].dataOffset = len(file)
		file = append(file, list[i].data...)
	}
	for len(file)%4 != 0 {
		file = append(file, 0)
	}
	table := len(file)
	built := builtObject{sections: map[string]*testSection{}, symbols: symbols}
	for i := range list {
		s := &list[i]
		s.headerOffset = len(file)
		size := s.size
		if s.typ != shtNobits {
			size = uint32(len(s.data))
		}
		info := s.infoNumber
		if s.info != "" {
			info = uint32(index(s.info))
		}
		link := uint32(0)
		for j := range list {
			if s.link != "" && list[j].name == s.link {
				link = uint32(j)
			}
		}
		offset := uint32(s.dataOffset)
		if i == 0 {
			offset = 0
		}
		for _, v := range []uint32{nameAt[i], s.typ, s.flags, 0, offset, size, link, info, s.align, s.entSize} {
			file = binary.LittleEndian.AppendUint32(file, v)
		}
		built.sections[s.name] = s
	}
	copy(file, "\x7fELF\x01\x01\x01")
	binary.LittleEndian.PutUint16(file[16:], typeRel)
	binary.LittleEndian.PutUint16(file[18:], machine386)
	putLE32(file[20:], 1)
	putLE32(file[32:], uint32(table))
	binary.LittleEndian.PutUint16(file[40:], headerSize)
	binary.LittleEndian.PutUint16(file[46:], sectionHeaderSize)
	binary.LittleEndian.PutUint16(file[48:], uint16(len(list)))
	binary.LittleEndian.PutUint16(file[50:], uint16(len(list)-1))
	built.bytes = file
	return built
}

// field is a place in the file: offset and width in bytes.
type field struct{ offset, width int }

var headerFields = map[string]field{
	"class": {4, 1}, "data": {5, 1}, "identversion": {6, 1}, "type": {16, 2}, "machine": {18, 2},
	"version": {20, 4}, "shoff": {32, 4}, "shentsize": {46, 2}, "shnum": {48, 2}, "shstrndx": {50, 2},
}

var sectionFields = map[string]field{
	"name": {0, 4}, "type": {4, 4}, "flags": {8, 4}, "offset": {16, 4}, "size": {20, 4},
	"link": {24, 4}, "info": {28, 4}, "align": {32, 4}, "entsize": {36, 4},
}

var symbolFields = map[string]field{
	"name": {0, 4}, "value": {4, 4}, "size": {8, 4}, "info": {12, 1}, "shndx": {14, 2},
}

var relocFields = map[string]field{"offset": {0, 4}, "type": {4, 1}, "symbol": {5, 3}}

// place finds a field by name: ehdr.F, shdr[SECTION].F (shdr[].F is the null
// section), sym[SYMBOL].F, rel[SECTION][N].F, bytes[SECTION][N].
func (b builtObject) place(t testing.TB, name string) field {
	kind, rest, _ := strings.Cut(strings.ReplaceAll(name, "]", ""), "[")
	if kind == name {
		f, ok := headerFields[strings.TrimPrefix(name, "ehdr.")]
		require.True(t, ok, "no header field %q", name)
		return f
	}
	dot := strings.LastIndexByte(name, '.')
	member := name[dot+1:]
	inner := strings.TrimSuffix(rest, "."+member)
	var base int
	var fields map[string]field
	switch kind {
	case "shdr":
		base, fields = b.section(t, inner).headerOffset, sectionFields
	case "sym":
		symbol, ok := b.symbols[inner]
		require.True(t, ok, "no symbol %q", inner)
		base, fields = b.section(t, ".symtab").dataOffset+symbol*symbolSize, symbolFields
	case "rel":
		section, number, _ := strings.Cut(inner, "[")
		base, fields = b.section(t, section).dataOffset+atoi(t, number)*relSize, relocFields
	case "bytes":
		section, number, _ := strings.Cut(rest, "[")
		return field{b.section(t, section).dataOffset + atoi(t, number), 1}
	}
	f, ok := fields[member]
	require.True(t, ok, "no field %q", name)
	return field{base + f.offset, f.width}
}

func (b builtObject) section(t testing.TB, name string) *testSection {
	s := b.sections[name]
	require.NotNil(t, s, "no section %q", name)
	return s
}

func atoi(t testing.TB, s string) int {
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

// patched returns a copy of the file with `place=value` patches applied:
// numbers, or for bytes[…] quoted strings; truncate=N cuts the file, and
// file="…" replaces it.
func (b builtObject) patched(t testing.TB, patches string) []byte {
	file := append([]byte(nil), b.bytes...)
	for _, patch := range strings.Split(patches, ";") {
		place, value, ok := strings.Cut(strings.TrimSpace(patch), "=")
		require.True(t, ok, "patch %q is not place=value", patch)
		text, quoted := strconv.Unquote(value)
		switch {
		case place == "truncate":
			file = file[:atoi(t, value)]
			continue
		case place == "file":
			require.NoError(t, quoted)
			file = []byte(text)
			continue
		}
		f := b.place(t, place)
		if quoted == nil {
			copy(file[f.offset:], text)
			continue
		}
		n, err := strconv.ParseUint(value, 0, 32)
		require.NoError(t, err, "patch %q", patch)
		for i := range f.width {
			file[f.offset+i] = byte(n >> (8 * i))
		}
	}
	return file
}

func modinfo(entries ...string) []byte { return []byte(strings.Join(entries, "\x00") + "\x00") }

// goodObject is what the tables of bad files spoil: every kind of section and
// symbol a module has.
func goodObject() testObject {
	return testObject{
		sections: []testSection{
			{name: ".text", typ: shtProgbits, flags: shfAlloc | shfExec, align: 16, data: make([]byte, 32)},
			{name: ".rodata", typ: shtProgbits, flags: shfAlloc, align: 4, data: []byte("hello %s\n\x00\x00\x00")},
			{name: ".modinfo", typ: shtProgbits, flags: shfAlloc, align: 4, data: modinfo("kernel_version=2.4.18-14custom", "license=GPL", "parm_who=s", "parm_count=1-2i", "parm_buf=c16")},
			{name: "__ex_table", typ: shtProgbits, flags: shfAlloc, align: 4, data: make([]byte, 8)},
			{name: ".data", typ: shtProgbits, flags: shfAlloc | shfWrite, align: 4, data: make([]byte, 16)},
			{name: ".bss", typ: shtNobits, flags: shfAlloc | shfWrite, align: 4, size: 16},
			{name: ".debug_info", typ: shtProgbits, align: 1, data: make([]byte, 12)},
		},
		symbols: []testSymbol{
			{name: ".text", typ: symSection, section: ".text"},
			{name: ".rodata", typ: symSection, section: ".rodata"},
			{name: "helper", typ: symFunc, section: ".text", value: 24, size: 8},
			{name: "init_module", bind: bindGlobal, typ: symFunc, section: ".text", size: 16},
			{name: "cleanup_module", bind: bindGlobal, typ: symFunc, section: ".text", value: 16, size: 8},
			{name: "printk", bind: bindGlobal, section: "UNDEF"},
			{name: "shared", bind: bindGlobal, typ: symObject, section: "COMMON", value: 8, size: 24},
			{name: "who", bind: bindGlobal, typ: symObject, section: ".data", size: 4},
			{name: "count", bind: bindGlobal, typ: symObject, section: ".data", value: 4, size: 8},
			{name: "buf", bind: bindGlobal, typ: symObject, section: ".bss", size: 16},
			{name: "perhaps", bind: bindWeak, section: "UNDEF"},
			{name: "__this_module", bind: bindGlobal, section: "UNDEF"},
			{name: "magic", bind: bindGlobal, section: "ABS", value: 0x1234},
		},
		relocs: map[string][]testReloc{
			".text": {
				{4, 1, ".rodata"}, {8, 2, "printk"}, {12, 1, "perhaps"}, {16, 1, "shared"}, {20, 1, "__this_module"},
			},
			"__ex_table":  {{0, 1, ".text"}, {4, 1, "helper"}},
			".data":       {{0, 1, ".rodata"}},
			".debug_info": {{0, 1, "init_module"}, {4, 1, "printk"}, {8, 1, ".rodata"}},
		},
	}
}

// testKernel exports printk alone.
func testKernel() []Provider {
	return []Provider{{Exports: []Export{{"printk", 0xc011afe0}}}}
}

const testBase = 0xc8831000

// link parses, prepares and places a file; the first error ends it.
func link(name string, file []byte, providers []Provider, options Options) (*Image, error) {
	object, err := Parse(name, file)
	if err != nil {
		return nil, err
	}
	return Link(object, testBase, providers, options)
}

func (s testSymbol) String() string { return fmt.Sprintf("%s in %s", s.name, s.section) }
