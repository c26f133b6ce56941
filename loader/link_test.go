// SPDX-License-Identifier: BSD-3-Clause
// Relocation, struct module, symbols from the kernel and from other modules,
// and what a module exports.

package loader

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

func mustLink(t *testing.T, object testObject, providers []Provider, options Options) *Image {
	img, err := link("good.o", object.build(t).bytes, providers, options)
	require.NoError(t, err)
	return img
}

func addrOf(t *testing.T, img *Image, name string) uint32 {
	s, ok := img.Symbol(name)
	require.True(t, ok, name)
	return s.Addr
}

func TestModuleHeader(t *testing.T) {
	img := mustLink(t, goodObject(), testKernel(), Options{Autoclean: true})
	field := func(name string) uint32 { return moduleField(t, img, name) }
	require.Equal(t, uint32(96), field("size_of_struct"))
	require.Equal(t, "good", text(t, img, field("name")))
	require.Equal(t, img.Size(), field("size"))
	require.Equal(t, uint32(4), field("flags"), "MOD_AUTOCLEAN")
	require.Equal(t, addrOf(t, img, "init_module"), field("init"))
	require.Equal(t, addrOf(t, img, "cleanup_module"), field("cleanup"))
	table, _ := img.Section("__ex_table")
	require.Equal(t, table.Addr, field("ex_table_start"))
	require.Equal(t, table.Addr+8, field("ex_table_end"))
	for _, name := range []string{"next", "usecount", "ndeps", "deps", "refs", "can_unload", "runsize",
		"kallsyms_start", "kallsyms_end", "archdata_start", "archdata_end", "kernel_data"} {
		require.Zero(t, field(name), name)
	}
}

// TestRelocations: each kind, with an addend in place.
func TestRelocations(t *testing.T) {
	object := goodObject()
	code := object.sections[0].data
	binary.LittleEndian.PutUint32(code[4:], 6)              // .rodata + 6
	binary.LittleEndian.PutUint32(code[8:], 0xfffffffc)     // call printk
	binary.LittleEndian.PutUint32(code[16:], 20)            // shared + 20
	object.relocs[".text"] = append(object.relocs[".text"], // 16 and 8 bits, absolute and relative
		testReloc{24, 20, "magic"}, testReloc{26, 23, "helper"}, testReloc{28, 0, "printk"})
	code[26] = 0xff
	img := mustLink(t, object, testKernel(), Options{})
	text, _ := img.Section(".text")
	rodata, _ := img.Section(".rodata")
	require.Equal(t, rodata.Addr+6, word(t, img, text.Addr+4))
	require.Equal(t, uint32(0xc011afe0)-4-(text.Addr+8), word(t, img, text.Addr+8))
	require.Zero(t, word(t, img, text.Addr+12), "weak and undefined")
	require.Equal(t, addrOf(t, img, "shared")+20, word(t, img, text.Addr+16))
	require.Equal(t, uint32(testBase), word(t, img, text.Addr+20), "__this_module is the image's start")
	require.Equal(t, uint32(0x1234), word(t, img, text.Addr+24)&0xffff)
	require.Equal(t, byte(0xfd), img.Bytes[text.Addr+26-img.Base], "24 - 1 - 26")
	require.Zero(t, word(t, img, text.Addr+28), "R_386_NONE changes nothing")
	table, _ := img.Section("__ex_table")
	require.Equal(t, text.Addr, word(t, img, table.Addr))
	require.Equal(t, text.Addr+24, word(t, img, table.Addr+4))
}

// TestGot: GOT32 is an entry's offset from the table, GOT32X without a base
// register its address, GOTOFF a distance, GOTPC the table from here, PLT32 a call.
func TestGot(t *testing.T) {
	object := goodObject()
	code := object.sections[0].data
	code[15] = 0x05 // ModRM of an operand without a base register, before the place at 16
	code[23] = 0x83 // ModRM with EBX, before the place at 24
	object.symbols = append(object.symbols, testSymbol{name: gotSymbol, bind: bindGlobal, section: "UNDEF"})
	object.relocs[".text"] = []testReloc{
		{0, 4, "printk"}, {4, 10, gotSymbol}, {8, 3, "printk"}, {16, 43, "count"}, {24, 43, "count"}, {28, 9, "who"},
	}
	img := mustLink(t, object, testKernel(), Options{})
	got, ok := img.Section(".got")
	require.True(t, ok)
	require.Equal(t, uint32(8), got.Size, "one word for printk, one for count")
	require.Equal(t, uint32(0xc011afe0), word(t, img, got.Addr))
	require.Equal(t, addrOf(t, img, "count"), word(t, img, got.Addr+4))
	text, _ := img.Section(".text")
	at := func(offset uint32) uint32 { return word(t, img, text.Addr+offset) }
	require.Equal(t, 0xc011afe0-text.Addr, at(0))
	require.Equal(t, got.Addr-(text.Addr+4), at(4))
	require.Equal(t, uint32(0), at(8), "printk's entry is the first")
	require.Equal(t, got.Addr+4, at(16))
	require.Equal(t, uint32(4), at(24))
	require.Equal(t, addrOf(t, img, "who")-got.Addr, at(28))
}

func TestUnresolved(t *testing.T) {
	object := goodObject()
	object.symbols = append(object.symbols, testSymbol{name: "missing", bind: bindGlobal, section: "UNDEF"})
	file := object.build(t).bytes
	_, err := link("two.o", file, nil, Options{})
	require.EqualError(t, err, "two.o: unresolved symbol printk\ntwo.o: unresolved symbol missing")
	var unresolved *UnresolvedError
	require.ErrorAs(t, err, &unresolved)
	require.Equal(t, []string{"printk", "missing"}, unresolved.Names)
	o, err := Parse("two.o", file)
	require.NoError(t, err)
	require.Equal(t, []string{"printk", "missing"}, o.Undefined())
}

// TestGPLOnly: an export of EXPORT_SYMBOL_GPL is there for compatible licences,
// and insmod's note is given only where it is the reason.
func TestGPLOnly(t *testing.T) {
	kernel := []Provider{{Exports: []Export{{"GPLONLY_printk", 0xc0100000}}}}
	img := mustLink(t, goodObject(), kernel, Options{})
	require.Equal(t, Import{Name: "printk", Export: "GPLONLY_printk", Value: 0xc0100000}, img.Imports[0])

	object := goodObject()
	object.sections[2].data = modinfo("kernel_version=2.4.18", "license=Proprietary")
	file := object.build(t).bytes
	_, err := link("closed.o", file, kernel, Options{})
	require.EqualError(t, err, "closed.o: unresolved symbol printk\n"+
		"closed.o: Note: modules without a GPL compatible license cannot use GPLONLY_ symbols")
	_, err = link("closed.o", file, nil, Options{})
	require.EqualError(t, err, "closed.o: unresolved symbol printk")
}

// TestDependencies: the newest module's symbol wins, modules come before the
// kernel, and each module that is used gets one struct module_ref.
func TestDependencies(t *testing.T) {
	providers := []Provider{
		{Name: "newer", Addr: 0xc8840000, Exports: []Export{{"printk", 0xc8840100}, {"other", 1}}},
		{Name: "unused", Addr: 0xc8838000, Exports: []Export{{"printk", 0xc8838100}}},
		{Name: "older", Addr: 0xc8830000, Exports: []Export{{"wanted", 0xc8830200}}},
		{Exports: []Export{{"printk", 0xc011afe0}, {"wanted", 0xc0100000}}},
	}
	object := goodObject()
	object.symbols = append(object.symbols, testSymbol{name: "wanted", bind: bindGlobal, section: "UNDEF"})
	img := mustLink(t, object, providers, Options{})
	require.Equal(t, []Dependency{{"newer", 0xc8840000}, {"older", 0xc8830000}}, img.Deps)
	require.Equal(t, []Import{{"printk", "printk", "newer", 0xc8840100}, {"wanted", "wanted", "older", 0xc8830200}}, img.Imports)
	require.Equal(t, uint32(2), moduleField(t, img, "ndeps"))
	at := moduleField(t, img, "deps")
	for i, want := range []uint32{0xc8840000, testBase, 0, 0xc8830000, testBase, 0} {
		require.Equal(t, want, word(t, img, at+uint32(4*i)), "word %d", i)
	}
}

// TestReplacedDefinitions: as with insmod an export takes the place of a weak
// definition and of a COMMON symbol, not of a real one.
func TestReplacedDefinitions(t *testing.T) {
	object := goodObject()
	object.symbols[8].bind = bindWeak // count
	kernel := []Provider{{Exports: []Export{{"printk", 0xc0000001}, {"count", 0xc0000002}, {"shared", 0xc0000003}, {"who", 0xc0000004}}}}
	img := mustLink(t, object, kernel, Options{})
	var names []string
	for _, i := range img.Imports {
		names = append(names, i.Name)
	}
	require.Equal(t, []string{"printk", "shared", "count"}, names)
	text, _ := img.Section(".text")
	require.Equal(t, uint32(0xc0000003), word(t, img, text.Addr+16))
}

// TestRepeatedNames: a definition beats a reference, a strong one a weak one, a
// real one a common one.
func TestRepeatedNames(t *testing.T) {
	define := func(bind uint8, section string, value uint32) testSymbol {
		return testSymbol{name: "twice", bind: bind, typ: symObject, section: section, value: value, size: 4}
	}
	for _, c := range []struct {
		first, second testSymbol
		want          uint32 // offset in .data, or 1 for .bss
	}{
		{define(bindGlobal, "UNDEF", 0), define(bindGlobal, ".data", 8), 8},
		{define(bindGlobal, ".data", 8), define(bindGlobal, "UNDEF", 0), 8},
		{define(bindWeak, ".data", 4), define(bindGlobal, ".data", 8), 8},
		{define(bindGlobal, ".data", 8), define(bindWeak, ".data", 4), 8},
		{define(bindGlobal, "COMMON", 4), define(bindGlobal, ".data", 8), 8},
		{define(bindGlobal, ".data", 8), define(bindGlobal, "COMMON", 4), 8},
	} {
		object := goodObject()
		object.symbols = append(object.symbols, c.first, c.second)
		object.relocs[".text"] = append(object.relocs[".text"], testReloc{28, 1, "twice"})
		img := mustLink(t, object, testKernel(), Options{})
		data, _ := img.Section(".data")
		code, _ := img.Section(".text")
		require.Equal(t, data.Addr+c.want, word(t, img, code.Addr+28), "%v, %v", c.first, c.second)
	}
}

// exports reads the module's struct module_symbol array.
func exports(t *testing.T, img *Image) []string {
	var names []string
	at := moduleField(t, img, "syms")
	for i := range moduleField(t, img, "nsyms") {
		name := text(t, img, word(t, img, at+8*i+4))
		names = append(names, name)
		require.Equal(t, addrOf(t, img, name), word(t, img, at+8*i), name)
	}
	return names
}

// TestExports: without a __ksymtab every global symbol, in the order of insmod's
// hash table (bucket, then newest first); init_module and cleanup_module never.
func TestExports(t *testing.T) {
	img := mustLink(t, goodObject(), testKernel(), Options{})
	require.Equal(t, []string{"__insmod_good_S.text_L32", "__insmod_good_S.data_L16", "__insmod_good_S.rodata_L12",
		"shared", "magic", "count", "who", "__insmod_good_S.bss_L40", "buf"}, exports(t, img))

	img = mustLink(t, goodObject(), testKernel(), Options{NoKsymoops: true})
	require.Equal(t, []string{"shared", "magic", "count", "who", "buf"}, exports(t, img))

	img = mustLink(t, goodObject(), testKernel(), Options{NoExport: true, Name: "other"})
	require.Equal(t, []string{"__insmod_other_S.text_L32", "__insmod_other_S.rodata_L12",
		"__insmod_other_S.data_L16", "__insmod_other_S.bss_L40"}, exports(t, img))

	img = mustLink(t, goodObject(), testKernel(), Options{NoExport: true, NoKsymoops: true})
	require.Zero(t, moduleField(t, img, "syms"))

	img = mustLink(t, goodObject(), testKernel(), Options{NoExport: true, Origin: &Origin{Path: "/lib/good.o", MTime: 0x3da5f2c1}})
	require.Equal(t, "__insmod_good_O/lib/good.o_M3DA5F2C1_V132114", exports(t, img)[0])
	require.Equal(t, uint32(testBase), word(t, img, moduleField(t, img, "syms")))
}

// TestListedExports: a __ksymtab in the file is the list; the __insmod_* symbols
// are added behind.
func TestListedExports(t *testing.T) {
	object := goodObject()
	object.sections = append(object.sections,
		testSection{name: ".kstrtab", typ: shtProgbits, flags: shfAlloc, align: 1, data: []byte("count\x00")},
		testSection{name: "__ksymtab", typ: shtProgbits, flags: shfAlloc, align: 4, data: make([]byte, 8)})
	object.symbols = append([]testSymbol{{name: ".kstrtab", typ: symSection, section: ".kstrtab"}}, object.symbols...)
	object.relocs["__ksymtab"] = []testReloc{{0, 1, "count"}, {4, 1, ".kstrtab"}}
	img := mustLink(t, object, testKernel(), Options{})
	require.Equal(t, []string{"count", "__insmod_good_S.text_L32", "__insmod_good_S.rodata_L12",
		"__insmod_good_S.data_L16", "__insmod_good_S.bss_L40"}, exports(t, img))
	require.Equal(t, []string{".this", ".text", ".rodata", "__ex_table", ".kstrtab", "__ksymtab", ".data", ".bss"}, sectionNames(img))
}

func TestTaint(t *testing.T) {
	const see = "  See http://www.tux.org/lkml/#export-tainted for information about tainted modules"
	for _, c := range []struct {
		license  string
		force    bool
		taint    uint32
		warnings []string
	}{
		{"license=GPL", false, 0, nil},
		{"license=Dual BSD/GPL", false, 0, nil},
		{"license=GPL sucks", false, TaintProprietary, []string{`Warning: loading good will taint the kernel: non-GPL license - "GPL sucks"`, see}},
		{"nothing=", false, TaintProprietary, []string{"Warning: loading good will taint the kernel: no license", see}},
		{"license=GPL v2", true, TaintForced, []string{"Warning: loading good will taint the kernel: forced load", see}},
		{"nothing=", true, TaintProprietary | TaintForced, []string{"Warning: loading good will taint the kernel: no license", see,
			"Warning: loading good will taint the kernel: forced load"}},
	} {
		object := goodObject()
		object.sections[2].data = modinfo("kernel_version=2.4.18", c.license)
		o, err := Parse("good.o", object.build(t).bytes)
		require.NoError(t, err)
		plan, err := Prepare(o, testKernel(), Options{Force: c.force})
		require.NoError(t, err)
		require.Equal(t, c.warnings, plan.Warnings())
		require.Equal(t, c.taint, plan.Taint())
	}
}

// TestDebugSection: references to loaded code are addresses.
func TestDebugSection(t *testing.T) {
	img := mustLink(t, goodObject(), testKernel(), Options{})
	require.Equal(t, []string{".modinfo", ".debug_info"}, img.plan.object.DebugSections())
	info, err := img.DebugSection(".debug_info")
	require.NoError(t, err)
	rodata, _ := img.Section(".rodata")
	require.Equal(t, []uint32{addrOf(t, img, "init_module"), 0xc011afe0, rodata.Addr},
		[]uint32{le32(info), le32(info[4:]), le32(info[8:])})
	nothing, err := img.DebugSection(".debug_line")
	require.NoError(t, err)
	require.Nil(t, nothing)
	_, err = img.DebugSection(".text")
	require.EqualError(t, err, "good.o: .text: is loaded: its bytes are in the image")
}

// TestBadDebugSection: the relocations of debug sections are checked when used.
func TestBadDebugSection(t *testing.T) {
	good := goodObject().build(t)
	for patch, want := range map[string]string{
		"rel[.rel.debug_info][0].type=77":    ".rel.debug_info+0x0: unknown relocation type 77",
		"rel[.rel.debug_info][0].type=9":     ".rel.debug_info+0x0: relocation type 9 (R_386_GOTOFF) cannot be used in a section that is not loaded",
		"rel[.rel.debug_info][1].offset=9":   ".rel.debug_info+0x9: place is outside section .debug_info (0xc bytes)",
		"rel[.rel.debug_info][1].symbol=900": ".rel.debug_info+0x4: symbol index 900 is not one of the 14 symbols",
		"shdr[.debug_info].flags=0x800":      ".debug_info: compressed debug sections are not read; objcopy --decompress-debug-sections unpacks them",
	} {
		img, err := link("bad.o", good.patched(t, patch), testKernel(), Options{})
		require.NoError(t, err, "loading does not depend on it")
		_, err = img.DebugSection(".debug_info")
		require.EqualError(t, err, "bad.o: "+want)
	}
}

// TestSameObjectTwice: an object links the same way again.
func TestSameObjectTwice(t *testing.T) {
	o, err := Parse("good.o", goodObject().build(t).bytes)
	require.NoError(t, err)
	options := Options{Parameters: []string{"who=first", "count=3,4", "buf=abc"}}
	first, err := Link(o, testBase, testKernel(), options)
	require.NoError(t, err)
	plain, err := Link(o, testBase, testKernel(), Options{})
	require.NoError(t, err)
	second, err := Link(o, testBase, testKernel(), options)
	require.NoError(t, err)
	require.Equal(t, first.Bytes, second.Bytes)
	require.NotEqual(t, first.Bytes, plain.Bytes)
}
