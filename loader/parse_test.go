// SPDX-License-Identifier: BSD-3-Clause
// What Parse makes of a good file, and the format's rarer forms.

package loader

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	o, err := Parse("some/dir/good.o", goodObject().build(t).bytes)
	require.NoError(t, err)
	require.Equal(t, "good", o.ModuleName())
	require.Equal(t, []string{"printk"}, o.Undefined())
	version, ok := o.KernelVersion()
	require.True(t, ok)
	require.Equal(t, "2.4.18-14custom", version)
	license, text := o.License()
	require.Equal(t, LicenseGPL, license)
	require.Equal(t, "GPL", text)
	require.True(t, o.Section(".bss").Loaded())
	require.Nil(t, o.Section(".bss").Data)
	require.False(t, o.Section(".modinfo").Loaded(), "insmod reads it and leaves it out")
	require.Nil(t, o.Section(".nosuch"))
	require.Equal(t, ".rodata", o.Symbols()[2].Name, "a section symbol is called like its section")
	require.Equal(t, Common, o.Symbols()[7].Section)
}

// TestExtendedNumbering: counts and indices that do not fit 16 bits are in
// section 0 and in SHT_SYMTAB_SHNDX.
func TestExtendedNumbering(t *testing.T) {
	object := goodObject()
	object.sections = append(object.sections, testSection{
		name: ".symtab_shndx", typ: shtSymtabShndx, align: 4, link: ".symtab", data: make([]byte, 4*14)})
	built := object.build(t)
	const wide = `ehdr.shnum=0; shdr[].size=16; ehdr.shstrndx=0xffff; shdr[].link=15; sym[helper].shndx=0xffff`
	patched := built.patched(t, wide+`; bytes[.symtab_shndx][12]="\x01\x00\x00\x00"`)
	o, err := Parse("wide.o", patched)
	require.NoError(t, err)
	require.Equal(t, SectionRef(1), o.Symbols()[3].Section)
	plain, err := link("wide.o", built.bytes, testKernel(), Options{})
	require.NoError(t, err)
	img, err := link("wide.o", patched, testKernel(), Options{})
	require.NoError(t, err)
	require.Equal(t, plain.Bytes, img.Bytes)

	_, err = Parse("wide.o", built.patched(t, wide))
	require.EqualError(t, err, "wide.o: .symtab[3] helper: section index 0 is not one of the 16 sections")
	_, err = Parse("wide.o", built.patched(t, wide+"; shdr[.symtab_shndx].size=8"))
	require.EqualError(t, err, "wide.o: .symtab_shndx: size 0x8 does not match the symbol table (want 0x38)")
}

// TestEmptySymbolTable: nothing to run, but nothing wrong either.
func TestEmptySymbolTable(t *testing.T) {
	object := testObject{sections: []testSection{
		{name: ".modinfo", typ: shtProgbits, align: 1, data: modinfo("kernel_version=2.4.18")},
		{name: ".text", typ: shtProgbits, flags: shfAlloc | shfExec, align: 4, data: []byte{0xc3}},
	}}
	built := object.build(t)
	for _, patch := range []string{"shdr[.symtab].size=16", "shdr[.symtab].size=0; shdr[.symtab].info=0"} {
		img, err := link("empty.o", built.patched(t, patch), nil, Options{})
		require.NoError(t, err)
		require.Zero(t, moduleField(t, img, "init"))
		require.Equal(t, "empty", text(t, img, moduleField(t, img, "name")))
	}
}

func TestModuleName(t *testing.T) {
	for file, name := range map[string]string{
		"hello.o": "hello", "/lib/modules/a.b.o": "a.b", "x.mod": "x", "plain": "plain", ".o": ".o", "dir.o/y": "y",
		filepath.Join("dir", "sub", "module.o"): "module", // the host's separator
	} {
		o := Object{File: file}
		require.Equal(t, name, o.ModuleName(), file)
	}
	for _, name := range []string{"a\x00b", "\x00"} {
		_, err := link("good.o", goodObject().build(t).bytes, testKernel(), Options{Name: name})
		require.ErrorContains(t, err, "cannot be a module's name")
	}
}

// TestLocalAndGlobalOfOneName: an undefined global is not satisfied by a local
// symbol, and a parameter prefers the global one.
func TestLocalAndGlobalOfOneName(t *testing.T) {
	object := goodObject()
	object.symbols = append([]testSymbol{{name: "printk", typ: symFunc, section: ".text"}}, object.symbols...)
	built := object.build(t) // relocations name the global one, which comes last
	_, err := link("two.o", built.bytes, nil, Options{})
	require.EqualError(t, err, "two.o: unresolved symbol printk")
	img, err := link("two.o", built.bytes, testKernel(), Options{})
	require.NoError(t, err)
	require.Equal(t, uint32(0xc011afe0), img.Imports[0].Value)
}

// TestUnknownProfile: the profile says how struct module looks.
func TestUnknownProfile(t *testing.T) {
	_, err := link("good.o", goodObject().build(t).bytes, testKernel(), Options{Profile: "2.2.16"})
	require.ErrorContains(t, err, `good.o: abi: unknown kernel profile "2.2.16"`)
	img, err := link("good.o", goodObject().build(t).bytes, testKernel(), Options{Profile: "2.4.37"})
	require.NoError(t, err)
	require.Equal(t, "2.4.37", img.Profile)
}
