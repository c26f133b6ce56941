// SPDX-License-Identifier: BSD-3-Clause
// The repository's own modules, with debug/elf as a second opinion on what is in
// the file and on what each relocation must come to.

package loader

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

const modulesDir = "../testdata/modules"

// profileKernel exports what the default profile's kernel exports, as
// query_module tells it.
func profileKernel(t testing.TB) Provider {
	profile, err := abi.ProfileByName(abi.ProfileNames()[0])
	require.NoError(t, err)
	var kernel Provider
	for _, e := range profile.Exports() {
		kernel.Exports = append(kernel.Exports, Export{e.VersionedName(), e.Addr})
	}
	require.True(t, kernelChecksummed([]Provider{kernel}), "a kernel with MODVERSIONS")
	return kernel
}

func moduleFiles(t testing.TB) []string {
	files, err := filepath.Glob(filepath.Join(modulesDir, "*.o"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func parseFile(t testing.TB, path string) *Object {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	object, err := Parse(filepath.Base(path), data)
	require.NoError(t, err)
	return object
}

// standIn gives a module's undefined symbols arbitrary values when the kernel
// has none, so that it can be placed without the modules it needs.
func standIn(object *Object, kernel Provider) []Provider {
	policy := chooseNamePolicy(object, []Provider{kernel})
	known := make(map[string]bool)
	for _, e := range kernel.Exports {
		known[policy.key(e.Name)] = true
	}
	other := Provider{Name: "stand-in", Addr: 0xc9000000}
	for i, name := range object.Undefined() {
		if !known[policy.key(name)] {
			other.Exports = append(other.Exports, Export{name, 0xc9000100 + uint32(16*i)})
		}
	}
	return []Provider{other, kernel}
}

func TestModulesAgainstDebugELF(t *testing.T) {
	kernel := profileKernel(t)
	for _, path := range moduleFiles(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			object := parseFile(t, path)
			img, err := Link(object, testBase, standIn(object, kernel), Options{Force: true})
			require.NoError(t, err)
			second, err := elf.Open(path)
			require.NoError(t, err)
			defer second.Close()
			compareWithDebugELF(t, object, img, second)
		})
	}
}

// compareWithDebugELF checks sections, symbols and every absolute and relative
// relocation of loaded sections.
func compareWithDebugELF(t *testing.T, object *Object, img *Image, second *elf.File) {
	require.Len(t, object.Sections(), len(second.Sections))
	for i, want := range second.Sections {
		got := object.Sections()[i]
		require.Equal(t, want.Name, got.Name)
		require.Equal(t, uint32(want.Size), got.Size, want.Name)
		require.Equal(t, uint32(want.Flags), got.Flags, want.Name)
	}
	symbols, err := second.Symbols()
	require.NoError(t, err)
	require.Len(t, object.Symbols(), len(symbols)+1)
	for i, want := range symbols {
		got := object.Symbols()[i+1]
		require.Equal(t, uint32(want.Value), got.Value)
		require.Equal(t, uint32(want.Size), got.Size)
		if elf.ST_TYPE(want.Info) != elf.STT_SECTION {
			require.Equal(t, want.Name, got.Name)
		}
	}
	for _, section := range second.Sections {
		if section.Type == elf.SHT_REL && second.Sections[section.Info].Flags&elf.SHF_ALLOC != 0 {
			checkPlaces(t, img, second, section, symbols)
		}
	}
}

// sectionAddrs finds where each loaded section went: sections of one name are
// told apart by their order, which placement keeps.
func sectionAddrs(img *Image, second *elf.File) map[int]uint32 {
	next := make(map[string]int)
	addrs := make(map[int]uint32)
	for i, s := range second.Sections {
		skip := next[s.Name]
		for _, placed := range img.Sections {
			if placed.Name != s.Name || s.Flags&elf.SHF_ALLOC == 0 {
				continue
			}
			if skip == 0 {
				addrs[i] = placed.Addr
				next[s.Name]++
				break
			}
			skip--
		}
	}
	return addrs
}

func checkPlaces(t *testing.T, img *Image, second *elf.File, section *elf.Section, symbols []elf.Symbol) {
	addrs := sectionAddrs(img, second)
	relocs, err := section.Data()
	require.NoError(t, err)
	contents, err := second.Sections[section.Info].Data()
	require.NoError(t, err)
	for ; len(relocs) > 0; relocs = relocs[8:] {
		offset, info := le32(relocs), le32(relocs[4:])
		kind := elf.R_386(info & 0xff)
		if kind != elf.R_386_32 && kind != elf.R_386_PC32 && kind != elf.R_386_PLT32 {
			continue // the GOT kinds have their own test
		}
		want := le32(contents[offset:]) + finalValue(t, img, addrs, symbols, info>>8)
		place := addrs[int(section.Info)] + offset
		if kind != elf.R_386_32 {
			want -= place
		}
		if got := word(t, img, place); got != want && !isPatched(img, place) {
			require.Equal(t, want, got, "%s+%#x", section.Name, offset)
		}
	}
}

// isPatched reports the places whose contents insmod replaces.
func isPatched(img *Image, place uint32) bool {
	for _, s := range img.plan.strings {
		if img.plan.sections[s.section].addr+s.offset == place-img.Base {
			return true
		}
	}
	return false
}

// finalValue works a symbol's value out from debug/elf's view of it.
func finalValue(t *testing.T, img *Image, addrs map[int]uint32, symbols []elf.Symbol, index uint32) uint32 {
	if index == 0 {
		return 0
	}
	s := symbols[index-1]
	switch s.Section {
	case elf.SHN_UNDEF:
		for _, i := range img.Imports {
			if i.Name == s.Name {
				return i.Value
			}
		}
		if s.Name == thisModule {
			return img.Base
		}
		require.Equal(t, elf.STB_WEAK, elf.ST_BIND(s.Info), s.Name)
		return 0
	case elf.SHN_ABS:
		return uint32(s.Value)
	case elf.SHN_COMMON:
		placed, ok := img.Symbol(s.Name)
		if !ok { // replaced by an export
			for _, i := range img.Imports {
				if i.Name == s.Name {
					return i.Value
				}
			}
		}
		require.True(t, ok || len(img.Imports) > 0, s.Name)
		return placed.Addr
	}
	return addrs[int(s.Section)] + uint32(s.Value)
}

// TestModulesResolve: the committed modules link against the profile's kernel
// alone, or lack just what they are made to lack.
func TestModulesResolve(t *testing.T) {
	lacks := map[string][]string{
		"unresolved": {"no_such_variable", "no_such_function"},
		"badversion": {"printk_Rdeadbeef"},
		"importer":   {"exporter_add", "exporter_total"},
	}
	kernel := profileKernel(t)
	for _, path := range moduleFiles(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".o")
		_, err := Prepare(parseFile(t, path), []Provider{kernel}, Options{})
		var unresolved *UnresolvedError
		if err != nil {
			require.ErrorAs(t, err, &unresolved, "%s: nothing else can go wrong", name)
		}
		if want, ok := lacks[name]; ok {
			require.NotNil(t, unresolved, name)
			require.Equal(t, want, unresolved.Names, name)
		}
	}
	_, err := Prepare(parseFile(t, filepath.Join(modulesDir, "hello.o")), []Provider{kernel}, Options{Release: "2.4.18-14custom"})
	require.NoError(t, err)
}

// asProvider is what query_module tells of a module that was placed.
func asProvider(t *testing.T, img *Image) Provider {
	provider := Provider{Name: img.Name, Addr: img.Base}
	at := moduleField(t, img, "syms")
	for i := range moduleField(t, img, "nsyms") {
		provider.Exports = append(provider.Exports, Export{text(t, img, word(t, img, at+8*i+4)), word(t, img, at+8*i)})
	}
	return provider
}

// TestModulesUseEachOther: importall needs exporter and exportall, and is told of
// them newest first.
func TestModulesUseEachOther(t *testing.T) {
	loaded := []Provider{profileKernel(t)}
	load := func(name string, base uint32) *Image {
		img, err := Link(parseFile(t, filepath.Join(modulesDir, name+".o")), base, loaded, Options{})
		require.NoError(t, err)
		loaded = append([]Provider{asProvider(t, img)}, loaded...)
		return img
	}
	load("exporter", 0xc8831000)
	load("exportall", 0xc8834000)
	require.Equal(t, []Dependency{{"exporter", 0xc8831000}}, load("importer", 0xc8837000).Deps)
	require.Equal(t, []Dependency{{"exportall", 0xc8834000}, {"exporter", 0xc8831000}}, load("importall", 0xc883a000).Deps)
}
