// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequestQueues(t *testing.T) {
	g := newGuest(t, Config{})
	lay, list := &g.k.lay.RequestQueue, &g.k.lay.RequestList
	free := func(q, dir uint32) uint32 { return g.k.mem.Get(g.k.requestList(q, dir), list.Count) }
	q, second, fn := g.put(make([]byte, lay.Size)...), g.put(make([]byte, lay.Size)...), g.put(0xc3)
	before := g.k.freePageCount()
	g.callKernel(t, "blk_init_queue", q, fn)
	n := g.k.mem.U32(g.k.symbol("queue_nr_requests"))
	require.NotZero(t, n)
	require.Equal(t, n/2, free(q, 0))
	require.Equal(t, n/2, free(q, 1))
	require.Equal(t, fn, g.k.mem.Get(q, lay.RequestFn))
	require.Equal(t, symbolAddr(t, g.k, "__make_request"), g.k.mem.Get(q, lay.MakeRequestFn))
	require.Equal(t, q, g.k.mem.Get(q+lay.PlugTq.Off, g.k.lay.TaskQueue.Data))
	g.callKernel(t, "blk_init_queue", second, fn)
	id := func(q uint32) uint32 { return g.k.mem.Get(q+lay.Elevator.Off, g.k.lay.Elevator.QueueID) }
	require.Equal(t, id(q)+1, id(second))

	g.callKernel(t, "blk_queue_headactive", q, 0)
	g.callKernel(t, "blk_queue_make_request", q, second)
	require.Zero(t, g.k.mem.Get(q, lay.HeadActive))
	require.Equal(t, second, g.k.mem.Get(q, lay.MakeRequestFn))
	g.callKernel(t, "blk_queue_bounce_limit", q, 0xffffff, 0)
	require.EqualValues(t, 0xfff, g.k.mem.Get(q, lay.BouncePfn))
	require.Contains(t, g.k.LogText(), "I/O limit 15Mb (mask 0xffffff)\n")

	request := g.k.mem.U32(g.k.requestList(q, 1)+list.Free.Off) - g.k.lay.Request.Queue.Off
	g.k.listDel(request + g.k.lay.Request.Queue.Off)
	g.k.mem.Set(g.k.requestList(q, 1), list.Count, n/2-1)
	g.k.mem.Set(request, g.k.lay.Request.Q, q)
	g.k.mem.Set(request, g.k.lay.Request.Cmd, 1)
	g.callKernel(t, "blkdev_release_request", request)
	require.Equal(t, n/2, free(q, 1))

	g.callKernel(t, "blk_cleanup_queue", q)
	require.NotContains(t, g.k.LogText(), "leak")
	g.k.listDel(g.k.mem.U32(g.k.requestList(second, 0) + list.Free.Off))
	g.callKernel(t, "blk_cleanup_queue", second)
	require.Contains(t, g.k.LogText(), "request list leak!\n<4>blk_cleanup_queue: leaked requests (1)\n")
	g.callKernel(t, "kmem_cache_shrink", g.k.mem.U32(g.k.symbol("request_cachep")))
	require.InDelta(t, before, g.k.freePageCount(), 1, "the request that was lost keeps its page")
}

func TestQueueOfADevice(t *testing.T) {
	g := newGuest(t, Config{})
	const major, entry = 42, 140
	at := symbolAddr(t, g.k, "blk_dev") + major*entry
	require.Equal(t, at, uint32(g.callKernel(t, "blk_get_queue", major<<8)))
	g.k.mem.SetU32(at+132, g.put(code(movEax(0x1234), 0xc3)...))
	require.EqualValues(t, 0x1234, g.callKernel(t, "blk_get_queue", major<<8))
}
