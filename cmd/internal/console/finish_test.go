// SPDX-License-Identifier: BSD-3-Clause
// finish by the return address that the unwinder finds, and by watching calls and returns, end at the same place.

package console

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/debugger"
)

func TestFinishBothWays(t *testing.T) {
	known := 0
	for _, module := range []string{"source_dwarf4.o", "fixup.o"} {
		c := open(t, module)
		d := c.Debugger()
		first := d.Position().Count
		c.toEnd()
		last := d.Position().Count
		for at := first; at < last; at += max(7, (last-first)/12) {
			for _, dir := range []debugger.Direction{debugger.Forward, debugger.Backward} {
				finish := func() debugger.Position {
					_, err := d.GoTo(debugger.Position{Count: at})
					require.NoError(t, err)
					c.arrived()
					stop, err := d.Finish(dir)
					require.NoError(t, err)
					return stop.Position
				}
				d.SetUnwind(nil)
				want := finish()
				d.SetUnwind(func(v debugger.View) (ret, esp uint32, ok bool) {
					if ret, esp, ok = c.returnsTo(v); ok {
						known++
					}
					return ret, esp, ok
				})
				require.Equal(t, want, finish(), "%s from %d, direction %d", module, at, dir)
			}
		}
	}
	require.Greater(t, known, 10)
}
