// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// A pool whose alloc function counts down from a number of elements, and gives their number.
func TestMemoryPool(t *testing.T) {
	g := newGuest(t, Config{})
	left, freed := g.put(le(5)...), g.put(le(0)...)
	alloc := g.put(code(0xa1, left, 0x85, 0xc0, 0x74, 0x06, 0xff, 0x0d, left, 0xc3)...) // eax = left; if eax, left--
	free := g.put(code(0xff, 0x05, freed, 0xc3)...)
	elements := func() uint32 { return g.k.mem.U32(left) }

	pool := uint32(g.callKernel(t, "mempool_create", 2, alloc, free, 0))
	require.NotZero(t, pool)
	require.EqualValues(t, 3, elements())
	atomic := g.k.constant("GFP_ATOMIC")
	take := func() int32 { return g.callKernel(t, "mempool_alloc", pool, atomic) }
	require.Equal(t, []int32{3, 2, 1}, []int32{take(), take(), take()}, "from alloc_fn")
	require.Equal(t, []int32{4, 5, 0}, []int32{take(), take(), take()}, "put by, then none")
	g.callKernel(t, "mempool_free", 4, pool)
	g.callKernel(t, "mempool_free", 5, pool)
	require.Zero(t, g.k.mem.U32(freed))
	g.callKernel(t, "mempool_free", 3, pool)
	require.EqualValues(t, 1, g.k.mem.U32(freed), "the pool is full")
	g.callKernel(t, "mempool_destroy", pool)
	require.EqualValues(t, 3, g.k.mem.U32(freed))

	g.k.mem.SetU32(left, 1)
	require.Zero(t, g.callKernel(t, "mempool_create", 2, alloc, free, 0), "only one element to be had")
	require.EqualValues(t, 4, g.k.mem.U32(freed))
	g.callKernel(t, "mempool_destroy", 0)
	require.EqualValues(t, abi.TaskRunning, g.k.tasks[0].Get(g.k.lay.Task.State))
}
