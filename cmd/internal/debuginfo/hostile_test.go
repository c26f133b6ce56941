// SPDX-License-Identifier: BSD-3-Clause
// Broken debug information: whatever the sections hold, reading them ends soon, and so does every question afterwards.

package debuginfo

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/loader"
)

// sectionsOf are the relocated debug sections of a test module.
func sectionsOf(t testing.TB, format string) (*loader.Image, map[string][]byte, []string) {
	img := place(t, modules+"source_"+format+".o")
	sections := map[string][]byte{}
	names := append(img.DebugSectionNames(), ".stabstr")
	names = slices.DeleteFunc(names, func(name string) bool {
		data, err := img.DebugSection(name)
		require.NoError(t, err)
		sections[name] = data
		return len(data) == 0
	})
	return img, sections, names
}

// ask reads sections and asks about everything.
func ask(img *loader.Image, sections map[string][]byte) {
	m := &Module{Name: img.Name, Base: img.Base, Size: img.Size(), Sections: img.Sections}
	for _, s := range img.Symbols {
		m.Symbols = append(m.Symbols, Symbol{Name: s.Name, Addr: s.Addr, Size: s.Size, Type: s.Type, Module: img.Name})
	}
	m.read(sections)
	table := NewTable(nil, nil)
	table.Add(m)
	for addr := img.Base; addr < img.Base+0x400; addr += 13 {
		table.LineOf(addr)
		table.Name(addr)
		if rules, ok, err := m.FrameRulesAt(addr); ok && err == nil {
			rules.EvalCFA(blankFrame(addr))
		}
		f := table.FunctionAt(addr)
		if f == nil {
			continue
		}
		f.InlinedAt(addr)
		m.Lines.PrologueEnd(f)
		for _, v := range f.VarsAt(addr) {
			_, _ = v.Place(blankFrame(addr)) // most of them are broken
			_ = v.Type.String()
			v.Type.Sizeof()
		}
	}
	table.AddrsOf("source.c", 90)
	table.Files()
	table.Enumerator("GREEN")
	for _, name := range []string{"struct shape", "struct point", "port_t"} {
		if t, ok := table.Type(name); ok {
			t.Member("corner")
			_ = t.String()
			walkType(t, 5)
		}
	}
}

func walkType(t *Type, depth int) {
	if depth == 0 {
		return
	}
	_ = t.String()
	t.Sizeof()
	for _, m := range t.Strip().Members[:min(len(t.Strip().Members), 5)] {
		walkType(m.Type, depth-1)
	}
	walkType(t.Target(), depth-1)
}

// blankFrame is a frame with the same number in every register and zeros for memory.
type blankFrame uint32

func (f blankFrame) LookupPC() uint32                  { return uint32(f) }
func (f blankFrame) Register(n int) (uint32, bool)     { return 0x1000, n >= 0 && n < 9 }
func (f blankFrame) FrameBase() (uint32, bool)         { return 0x2000, true }
func (f blankFrame) ReadMemory(_ uint32, b []byte) int { clear(b); return len(b) }
func (f blankFrame) Caller() (FrameContext, *CallSite) { return f, &CallSite{} }

var dumpFormats = []string{"dwarf2", "dwarf3", "dwarf4", "dwarf5", "stabs"}

func TestHostile(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, format := range dumpFormats {
		img, whole, names := sectionsOf(t, format)
		for range 400 {
			broken := map[string][]byte{}
			for name, data := range whole {
				broken[name] = slices.Clone(data)
			}
			for range 1 + random.IntN(6) {
				data := broken[names[random.IntN(len(names))]]
				if len(data) == 0 {
					continue
				}
				at := random.IntN(len(data))
				switch random.IntN(4) {
				case 0:
					data[at] = 0xff
				case 1:
					data[at] ^= 1 << random.IntN(8)
				case 2:
					data[at] = byte(random.Uint32())
				case 3:
					if at+4 <= len(data) {
						binary.LittleEndian.PutUint32(data[at:], random.Uint32()>>random.Uint32N(32))
					}
				}
			}
			if random.IntN(8) == 0 {
				name := names[random.IntN(len(names))]
				broken[name] = broken[name][:random.IntN(len(broken[name])+1)]
			}
			ask(img, broken)
		}
	}
}

// Files made to cost much cost little.
func TestBombs(t *testing.T) {
	img := place(t, modules+"hello.o")
	many := func(b []byte, n int) (all []byte) {
		for range n {
			all = append(all, b...)
		}
		return all
	}
	le := binary.LittleEndian.AppendUint32
	line := func(version uint16, rest []byte) []byte {
		body := binary.LittleEndian.AppendUint16(nil, version)
		body = append(body, rest...)
		return append(le(nil, uint32(len(body))), body...)
	}
	// A table of 2^60 directories without columns, and one of 2^60 entries of a string each.
	leb := []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10}
	head := []byte{4, 0, 0xff, 0xff, 0, 0, 1, 1, 1, 0xfb, 14, 1}
	ask(img, map[string][]byte{".debug_line": line(5, append(append(slices.Clone(head), 0), leb...))})
	ask(img, map[string][]byte{".debug_line": line(5, append(append(slices.Clone(head), 1, 1, 8), leb...))})
	// A million units, each with abbreviations of its own.
	unit := append(le(nil, 8), 4, 0, 1, 0, 0, 0, 4, 0)
	ask(img, map[string][]byte{".debug_info": many(unit, 50_000), ".debug_abbrev": append(many([]byte{1, 0x24, 0, 0, 0}, 1000), 0)})
	// A chain of 100,000 pointers to pointers, and one that ends where it began.
	abbrev := []byte{1, 0x11, 1, 0, 0, 2, 0x0f, 0, 0x49, 0x13, 0, 0, 3, 0x34, 0, 3, 8, 0x49, 0x13, 2, 0x0a, 0, 0, 0}
	entries := []byte{1, 3, 'x', 0}
	entries = le(entries, 11+1+3+4+6)
	entries = append(le(append(entries, 5, opAddr), img.Base), 0)[:len(entries)+6]
	first := uint32(11 + len(entries))
	const chain = 100_000
	for i := range uint32(chain) {
		next := first + (i+1)%chain*5
		entries = le(append(entries, 2), next)
	}
	body := append([]byte{4, 0, 0, 0, 0, 0, 4}, append(entries, 0)...)
	info := append(le(nil, uint32(len(body))), body...)
	ask(img, map[string][]byte{".debug_info": info, ".debug_abbrev": abbrev})
	// Stabs: deep nesting, long continuations.
	deep := append(append([]byte("\x00x:t1="), many([]byte("*"), 50_000)...), 0)
	stab := append(le(nil, 1), nLSYM, 0, 0, 0, 0, 0, 0, 0)
	ask(img, map[string][]byte{".stab": many(stab, 1000), ".stabstr": deep})
	ask(img, map[string][]byte{".stab": many(stab, 100_000), ".stabstr": append(append([]byte{0}, many([]byte("a"), 100_000)...), '\\', 0)})
}

func FuzzDebugInfo(f *testing.F) {
	img, whole, names := sectionsOf(f, "dwarf5")
	stabsImage, stabs, _ := sectionsOf(f, "stabs")
	f.Add(uint16(0), uint32(10), []byte{0xff, 0xff})
	f.Add(uint16(3), uint32(100), []byte{0x80, 0x80, 0x80, 0x80, 0x10})
	f.Add(uint16(100), uint32(24), []byte{0x24, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, which uint16, at uint32, patch []byte) {
		image, sections, list := img, whole, names
		if which >= 100 {
			image, sections, list = stabsImage, stabs, []string{".stab", ".stabstr", ".debug_frame"}
		}
		broken := map[string][]byte{}
		for name, data := range sections {
			broken[name] = slices.Clone(data)
		}
		data := broken[list[int(which)%len(list)]]
		if uint64(at) < uint64(len(data)) {
			copy(data[at:], patch)
		}
		ask(image, broken)
	})
}

// A size fits an int of 32 bits: what is as large or larger counts as that, and is longer than anything that can be read.
func TestSizesFitAnInt(t *testing.T) {
	big := &Type{Kind: Struct, Size: 1 << 31}
	for _, typ := range []*Type{big, {Kind: Array, Count: 1 << 31, Elem: &Type{Kind: Int, Size: 1}}, {Kind: Array, Count: 3, Elem: big}} {
		require.Equal(t, uint32(math.MaxInt32), typ.Sizeof())
	}
}
