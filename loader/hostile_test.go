// SPDX-License-Identifier: BSD-3-Clause
// Files made to be slow or to grow: each list at its limit, names that overlap.
// The tests only run them; a loader that is quadratic in any of these would not
// come back.

package loader

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestManySections: more than 50,000 loaded sections.
func TestManySections(t *testing.T) {
	object := testObject{}
	for range 3000 {
		object.sections = append(object.sections, testSection{name: ".text", typ: shtProgbits, flags: shfAlloc | shfExec, align: 1})
	}
	object.sections = append(object.sections, testSection{name: ".modinfo", typ: shtProgbits, align: 1, data: modinfo("kernel_version=2.4.18")})
	built := object.build(t)
	// The section table again and again: header 0, then 20 copies of the rest.
	table := built.bytes[le32(built.bytes[32:]):]
	file := append([]byte(nil), built.bytes[:le32(built.bytes[32:])]...)
	file = append(file, table...)
	loaded := table[sectionHeaderSize : 3000*sectionHeaderSize]
	for range 19 {
		file = append(file, loaded...)
	}
	count := (len(file) - int(le32(built.bytes[32:]))) / sectionHeaderSize
	require.Less(t, 50000, count)
	binary.LittleEndian.PutUint16(file[48:], uint16(count))
	img, err := link("many.o", file, nil, Options{})
	require.NoError(t, err)
	require.Less(t, 50000, len(img.Sections))
}

// tailsPerName is how many symbols are named by tails of one string.
const tailsPerName = 512

// longNames are strings of the greatest length, which differ at their ends.
func longNames() []byte {
	var b bytes.Buffer
	for i := range maxSymbols / tailsPerName {
		fmt.Fprintf(&b, "%s%08d\x00", strings.Repeat("x", maxName-9), i)
	}
	return b.Bytes()
}

// hugeSymtab is an object with as many global symbols as there may be, whose
// names are tails of one string.
func hugeSymtab(t *testing.T, section uint16) []byte {
	object := goodObject()
	object.sections[2].data = modinfo("kernel_version=2.4.18")
	object.sections = append(object.sections, testSection{name: ".names", typ: shtStrtab, align: 1,
		data: longNames()})
	built := object.build(t)
	file := built.bytes
	locals := make([]byte, symbolSize)
	symtab := append([]byte(nil), locals...)
	for i := range maxSymbols - 1 {
		var raw [symbolSize]byte
		putLE32(raw[0:], uint32(i/tailsPerName*maxName+i%tailsPerName))
		raw[12] = bindGlobal<<4 | symObject
		binary.LittleEndian.PutUint16(raw[14:], section)
		symtab = append(symtab, raw[:]...)
	}
	at := len(file)
	file = append(file, symtab...)
	header := built.sections[".symtab"].headerOffset
	putLE32(file[header+16:], uint32(at))
	putLE32(file[header+20:], uint32(len(symtab)))
	putLE32(file[header+24:], 8) // .names
	putLE32(file[header+28:], 1) // one local
	for _, name := range []string{".rel.text", ".rel__ex_table", ".rel.data", ".rel.debug_info"} {
		putLE32(file[built.sections[name].headerOffset+20:], 0)
	}
	return file
}

func TestManySymbols(t *testing.T) {
	_, err := link("huge.o", hugeSymtab(t, 0), testKernel(), Options{})
	var unresolved *UnresolvedError
	require.ErrorAs(t, err, &unresolved)
	require.Len(t, unresolved.Names, maxSymbols-1)
	require.Less(t, len(err.Error()), 1<<20)

	_, err = link("huge.o", hugeSymtab(t, shnAbs), testKernel(), Options{})
	require.EqualError(t, err, "huge.o: the table of 262147 exported symbols is above the limit of 64 MB")
}
