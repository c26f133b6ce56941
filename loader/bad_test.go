// SPDX-License-Identifier: BSD-3-Clause
// Hostile and mistaken objects: each is refused with the sentence the table
// gives, none crashes.

package loader

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tableRows reads `column | column` lines; # begins a comment line.
func tableRows(t testing.TB, file string, columns int) [][]string {
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	var rows [][]string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.SplitN(line, "|", columns)
		require.Len(t, cells, columns, "%s: %s", file, line)
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, rows)
	return rows
}

func TestBadObjects(t *testing.T) {
	good := goodObject().build(t)
	_, err := link("good.o", good.bytes, testKernel(), Options{})
	require.NoError(t, err, "the object must be good before it is spoilt")
	for _, row := range tableRows(t, "testdata/bad/objects.txt", 2) {
		t.Run(row[0], func(t *testing.T) {
			_, err := link("bad.o", good.patched(t, row[0]), testKernel(), Options{})
			require.Error(t, err)
			require.Equal(t, "bad.o: "+row[1], err.Error())
		})
	}
}

// TestTruncatedObjects cuts the file at every length: an error each time, and
// never a crash.
func TestTruncatedObjects(t *testing.T) {
	good := goodObject().build(t)
	for n := range good.bytes {
		_, err := link("cut.o", good.bytes[:n], testKernel(), Options{})
		require.Error(t, err, "cut to %d bytes", n)
	}
}

// TestFlippedBytes changes every byte in three ways: whatever comes of it, it
// does not crash.
func TestFlippedBytes(t *testing.T) {
	good := goodObject().build(t)
	file := append([]byte(nil), good.bytes...)
	for i := range file {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			file[i] ^= flip
			_, _ = link("flip.o", file, testKernel(), Options{Parameters: []string{"count=1,2", "who=x"}})
			file[i] = good.bytes[i]
		}
	}
}

// TestLaterKernelModule: a 2.6 module is recognised by its section.
func TestLaterKernelModule(t *testing.T) {
	object := goodObject()
	object.sections = append(object.sections, testSection{
		name: ".gnu.linkonce.this_module", typ: shtProgbits, flags: shfAlloc | shfWrite, align: 4, data: make([]byte, 8)})
	_, err := Parse("new.ko", object.build(t).bytes)
	require.EqualError(t, err, "new.ko: .gnu.linkonce.this_module: this is a module of Linux 2.6 or later; "+
		"a 2.4 module has no such section (insmod lays struct module itself)")
}
