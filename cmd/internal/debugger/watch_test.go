// SPDX-License-Identifier: BSD-3-Clause

package debugger

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// rounds is where spin.o counts, once it runs.
func rounds(t *testing.T, d *Debugger) Range {
	_, err := d.AddBreakpoint(Breakpoint{Location: Location{Kind: AtModuleInit}, OneShot: true})
	require.NoError(t, err)
	s := must(t)(d.Continue(Forward))
	require.Equal(t, "spin", s.Module.Name)
	require.Empty(t, d.Breakpoints())
	at := d.symbol("rounds")
	require.Len(t, at, 1)
	return Range{at[0], 4}
}

func (v View) word(addr uint32) uint32 {
	var b [4]byte
	v.ReadMem(addr, b[:])
	return binary.LittleEndian.Uint32(b[:])
}

func TestWatchBothWays(t *testing.T) {
	d := start(t, "", "spin.o")
	ok := must(t)
	at := rounds(t, d)
	id, err := d.AddWatchpoint(Watchpoint{Range: at, Kind: WatchWrite})
	require.NoError(t, err)
	var stops []Stop
	for i := range uint32(4) {
		s := ok(d.Continue(Forward))
		require.Equal(t, ReasonWatch, s.Reason)
		require.Equal(t, id, s.Breakpoint)
		require.Len(t, s.Hits, 1)
		h := s.Hits[0]
		require.Equal(t, i, binary.LittleEndian.Uint32(h.Old))
		require.Equal(t, i+1, binary.LittleEndian.Uint32(h.New))
		require.Equal(t, i+1, d.View().word(at.Addr))
		require.Equal(t, s.Position.Count-1, h.Position.Count)
		stops = append(stops, s)
	}
	for i := 2; i >= 0; i-- {
		require.Equal(t, stops[i], ok(d.Continue(Backward)))
	}
	require.Equal(t, uint64(4), d.Watchpoints()[0].Hits)

	require.NoError(t, d.UpdateWatchpoint(Watchpoint{ID: id, Range: at, When: func(v View) (bool, error) {
		return v.word(at.Addr)%5000 == 0, nil
	}}))
	for i := range uint32(3) {
		ok(d.Continue(Forward))
		require.Equal(t, (i+1)*5000, d.View().word(at.Addr))
	}
	ok(d.Continue(Backward))
	require.Equal(t, uint32(10_000), d.View().word(at.Addr))

	require.NoError(t, d.UpdateWatchpoint(Watchpoint{ID: id, Range: at, Kind: WatchRead, Ignore: 10}))
	s := ok(d.Continue(Forward))
	require.False(t, s.Hits[0].Write)
	require.Equal(t, uint32(10_010), d.View().word(at.Addr))
	require.Error(t, func() error { _, err := d.AddWatchpoint(Watchpoint{}); return err }())
}

// TestLastWrite asks who wrote last: an instruction, and the kernel's own code.
func TestLastWrite(t *testing.T) {
	d := start(t, "", "spin.o")
	ok := must(t)
	at := rounds(t, d)
	ok(d.GoTo(Position{Count: 10_000_000}))
	n := d.View().word(at.Addr)
	s := ok(d.LastWrite(at))
	require.Equal(t, ReasonWatch, s.Reason)
	require.Equal(t, n, binary.LittleEndian.Uint32(s.Hits[0].New))
	require.Less(t, 10_000_000-s.Position.Count, uint64(5))
	require.Equal(t, n, d.View().word(at.Addr))

	jiffies := d.symbol("jiffies")[0]
	s = ok(d.LastWrite(Range{jiffies, 4}))
	require.NotEmpty(t, s.Hits)
	require.NotEmpty(t, s.Hits[0].Host, "%+v", s.Hits[0])
	require.Equal(t, d.View().word(jiffies), binary.LittleEndian.Uint32(s.Hits[0].New))

	s = ok(d.LastWrite(Range{at.Addr, 4}))
	require.Less(t, binary.LittleEndian.Uint32(s.Hits[0].New), n)
	n = d.View().word(at.Addr)
	for range n % 7 {
		ok(d.LastWrite(at))
	}
	require.Zero(t, d.View().word(at.Addr)%7)
}
