// SPDX-License-Identifier: BSD-3-Clause
// Placement: the order of sections, COMMON, and the load map.

package loader

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite golden files")

// golden compares text with a file under testdata/golden.
func golden(t *testing.T, name, text string) {
	path := filepath.Join("testdata", "golden", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to make it")
	require.Equal(t, string(want), text)
}

// sectionNames are an image's sections in address order.
func sectionNames(img *Image) []string {
	var names []string
	for _, s := range img.Sections {
		names = append(names, s.Name)
	}
	return names
}

func TestLoadMap(t *testing.T) {
	img, err := link("good.o", goodObject().build(t).bytes, testKernel(), Options{Parameters: []string{"who=world"}})
	require.NoError(t, err)
	golden(t, "good.map", img.LoadMap())
}

// TestSectionOrder: executable, read only, written, without contents; within
// each the file's order; the ten-character .init names at the end; struct module
// in front, and what insmod makes after its kind.
func TestSectionOrder(t *testing.T) {
	section := func(name string, typ, flags uint32) testSection {
		s := testSection{name: name, typ: typ, flags: flags, align: 4, data: make([]byte, 4)}
		if typ == shtNobits {
			s.size, s.data = 4, nil
		}
		return s
	}
	object := testObject{sections: []testSection{
		section(".bss", shtNobits, shfAlloc|shfWrite),
		section(".data", shtProgbits, shfAlloc|shfWrite),
		section(".data.init", shtProgbits, shfAlloc|shfWrite),
		section(".modinfo", shtProgbits, shfAlloc),
		section(".comment", shtProgbits, 0),
		section(".rodata", shtProgbits, shfAlloc),
		section(".text.init", shtProgbits, shfAlloc|shfExec),
		section(".text", shtProgbits, shfAlloc|shfExec),
		section(".text.exit", shtProgbits, shfAlloc|shfExec),
		section(".setup.init", shtProgbits, shfAlloc|shfWrite),
		section("__ksymtab", shtProgbits, 0),
	}}
	object.sections[3].data = modinfo("kernel_version=2.4.18")
	object.sections[10].data = nil
	file := object.build(t).bytes

	img, err := link("order.o", file, nil, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{".this", ".text", ".text.exit", ".rodata", ".data", ".setup.init", ".kstrtab", ".bss",
		"__ksymtab", ".text.init", ".data.init"}, sectionNames(img))
	addr := func(name string) uint32 {
		s, ok := img.Section(name)
		require.True(t, ok, name)
		return s.Addr
	}
	require.Equal(t, uint32(testBase), addr(".this"))
	require.Equal(t, addr(".text.init")-testBase, moduleField(t, img, "runsize"))

	img, err = link("order.o", file, nil, Options{NoKsymoops: true})
	require.NoError(t, err)
	require.NotContains(t, sectionNames(img), "__ksymtab", "EXPORT_NO_SYMBOLS: nothing to list")
	require.Zero(t, moduleField(t, img, "nsyms"))
}

// moduleField reads a field of the image's struct module by its C name.
func moduleField(t *testing.T, img *Image, name string) uint32 {
	kernel, err := kernelABIFor(img.Profile)
	require.NoError(t, err)
	m := kernel.module
	fields := map[string]uint32{
		"size_of_struct": m.SizeOfStruct.Off, "next": m.Next.Off, "name": m.Name.Off, "size": m.ModuleSize.Off,
		"usecount": m.Usecount.Off, "flags": m.Flags.Off, "nsyms": m.Nsyms.Off, "ndeps": m.Ndeps.Off,
		"syms": m.Syms.Off, "deps": m.Deps.Off, "refs": m.Refs.Off, "init": m.Init.Off, "cleanup": m.Cleanup.Off,
		"ex_table_start": m.ExTableStart.Off, "ex_table_end": m.ExTableEnd.Off, "can_unload": m.CanUnload.Off,
		"runsize": m.Runsize.Off, "kallsyms_start": m.KallsymsStart.Off, "kallsyms_end": m.KallsymsEnd.Off,
		"archdata_start": m.ArchdataStart.Off, "archdata_end": m.ArchdataEnd.Off, "kernel_data": m.KernelData.Off,
	}
	offset, ok := fields[name]
	require.True(t, ok, name)
	return le32(img.Bytes[offset:])
}

// word reads a word of the image by address.
func word(t *testing.T, img *Image, addr uint32) uint32 {
	require.True(t, img.Contains(addr) && img.Contains(addr+3), "%#x", addr)
	return le32(img.Bytes[addr-img.Base:])
}

// text reads a string of the image by address.
func text(t *testing.T, img *Image, addr uint32) string {
	require.True(t, img.Contains(addr), "%#x", addr)
	s, ok := cString(img.Bytes[addr-img.Base:])
	require.True(t, ok)
	return s
}

// TestCommons: smallest first behind what .bss has; a module without a section
// for them gets one.
func TestCommons(t *testing.T) {
	object := goodObject()
	object.symbols = append(object.symbols,
		testSymbol{name: "byte", bind: bindGlobal, typ: symObject, section: "COMMON", value: 1, size: 1},
		testSymbol{name: "page", bind: bindGlobal, typ: symObject, section: "COMMON", value: 4096, size: 2})
	img, err := link("common.o", object.build(t).bytes, testKernel(), Options{})
	require.NoError(t, err)
	bss, _ := img.Section(".bss")
	require.Equal(t, uint32(4096), bss.Align)
	require.Zero(t, bss.Addr%4096)
	at := func(name string) uint32 {
		s, ok := img.Symbol(name)
		require.True(t, ok, name)
		require.Equal(t, byte('B'), s.Type)
		return s.Addr - bss.Addr
	}
	require.Equal(t, []uint32{0, 16, 4096, 4104}, []uint32{at("buf"), at("byte"), at("page"), at("shared")})
	require.Equal(t, uint32(4104+24), bss.Size)

	object = goodObject()
	object.sections[5] = testSection{name: ".more", typ: shtProgbits, flags: shfAlloc | shfWrite, align: 4, data: make([]byte, 16)}
	object.symbols[9].section = ".more"
	img, err = link("nobss.o", object.build(t).bytes, testKernel(), Options{})
	require.NoError(t, err)
	shared, ok := img.Symbol("shared")
	require.True(t, ok)
	require.True(t, img.Contains(shared.Addr+23), "a section was made and loaded for it")
}

// TestSizeIsKnownBeforeTheAddress: Plan.Size is the image's, wherever it goes.
func TestSizeIsKnownBeforeTheAddress(t *testing.T) {
	object, err := Parse("good.o", goodObject().build(t).bytes)
	require.NoError(t, err)
	plan, err := Prepare(object, testKernel(), Options{})
	require.NoError(t, err)
	for _, base := range []uint32{0xc8831000, 0xd0000000, 0xfffff000} {
		img, err := plan.Place(base)
		require.NoError(t, err)
		require.Equal(t, plan.Size(), img.Size())
		require.Equal(t, plan.Size(), moduleField(t, img, "size"))
	}
	_, err = plan.Place(0xc8831004)
	require.EqualError(t, err, "good.o: base 0xc8831004 is not page aligned")
}
