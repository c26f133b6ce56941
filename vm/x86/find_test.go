// SPDX-License-Identifier: BSD-3-Clause

package x86

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFindRow finds the row of every case of testdata/decode.txt by the
// index, and by trying all rows.
func TestFindRow(t *testing.T) {
	x := NewRowIndex()
	found := 0
	for _, c := range decodeCases(t) {
		row, in, ok := x.Find(c.code, c.mode)
		var direct Inst
		if Decode(c.code, 0, c.mode, &direct) != OK {
			require.False(t, ok, "%x", c.code)
			continue
		}
		require.Equal(t, direct, in, "%x", c.code)
		rows := rowsAt(c.code)
		if !ok {
			require.Equal(t, Invalid, in.Op, "%x has no row", c.code)
			continue
		}
		found++
		require.Equal(t, in.Op, row.Op, "%x", c.code)
		require.Contains(t, rows, rowNamed(row), "%x", c.code)
	}
	require.Greater(t, found, 1000)
}

// rowNamed is the row that r describes.
func rowNamed(r Row) *row {
	for candidate := range allRows() {
		if candidate.describe() == r {
			return candidate
		}
	}
	return nil
}

func TestRowsAreDistinct(t *testing.T) {
	seen := map[Row]bool{}
	for r := range Rows() {
		require.False(t, seen[r], "%+v is there twice", r)
		seen[r] = true
	}
}
