// SPDX-License-Identifier: BSD-3-Clause
// Lists of the kernel's objects for debuggers.

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestInspectBootedKernel(t *testing.T) {
	k := newGuest(t, Config{}).k
	require.Empty(t, k.ModuleList())

	areas := k.VmallocAreas()
	require.GreaterOrEqual(t, len(areas), 2)
	require.Equal(t, uint32(0xc8800000), areas[0].Addr)
	require.EqualValues(t, bootArea0+abi.PageSize, areas[0].Size)

	tasks := k.TaskList()
	require.NotEmpty(t, tasks)
	require.EqualValues(t, 0, tasks[0].Pid)
	require.Equal(t, "swapper", tasks[0].Comm)

	tables := k.ExceptionTables()
	require.Len(t, tables, 1)
	require.Empty(t, tables[0].Module)
	require.NotEmpty(t, tables[0].Entries)
	entry := tables[0].Entries[0]
	require.Equal(t, entry.Fixup, k.FixupOf(entry.Insn))
	require.Zero(t, k.FixupOf(0x1234))
}

func TestInspectTimers(t *testing.T) {
	g := newGuest(t, Config{})
	timer := g.put(make([]byte, g.k.lay.Timer.Size)...)
	g.k.mem.Set(timer, g.k.lay.Timer.Expires, g.k.jiffies()+300)
	g.k.mem.Set(timer, g.k.lay.Timer.Function, 0xc0123456)
	before := len(g.k.PendingTimers())
	g.k.enterTimer(timer)
	list := g.k.PendingTimers()
	require.Len(t, list, before+1)
	require.Contains(t, list, TimerInfo{timer, g.k.jiffies() + 300, 0xc0123456, 0, 300})
}

// What a module breaks ends a list; nothing is told to the guest or kept as a remark.
func TestInspectBrokenLists(t *testing.T) {
	g := newGuest(t, Config{})
	g.k.mem.SetU32(g.k.sym.Vmlist, 0xdeadbee0)
	require.Empty(t, g.k.VmallocAreas())
	area := g.put(make([]byte, g.k.lay.VMStruct.Size)...)
	g.k.mem.Set(area, g.k.lay.VMStruct.Next, area)
	g.k.mem.SetU32(g.k.sym.Vmlist, area)
	require.Len(t, g.k.VmallocAreas(), 1)
	require.Empty(t, g.k.Notes())
	g.k.mem.SetU32(g.k.sym.ModuleList, 0x10)
	require.Empty(t, g.k.ModuleList())
	require.Empty(t, g.k.ExceptionTables())
}
