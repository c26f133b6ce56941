// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Before an allocation that may wait fails, names and pages that nobody uses are gone; one that may not wait takes nothing.
func TestMemoryIsTakenBack(t *testing.T) {
	g := newGuest(t, Config{Mem: 20 << 20})
	k := g.k
	const names = 300
	for i := range names {
		_, err := g.p.Open(fmt.Sprintf("/mnt/nothing%d", i), OpenRead, 0)
		require.Error(t, err)
	}
	_, err := g.p.WriteFile("/mnt/kept", make([]byte, 50000))
	require.NoError(t, err)
	unused := func() (n int) {
		for range k.listMembers("dentry_unused", k.symbol("dentry_unused")) {
			n++
		}
		return n
	}
	require.GreaterOrEqual(t, unused(), names)
	kept := k.mem.U32(k.symbol("page_cache_size"))
	require.Positive(t, kept)
	gfp := k.pages.gfp.atomic
	var pages []uint32
	take := g.modelled(func(*Call) {
		for at := k.GetFreePages(gfp, 0); at != 0; at = k.GetFreePages(gfp, 0) {
			pages = append(pages, at)
		}
	})
	g.run(take)
	require.GreaterOrEqual(t, unused(), names)
	atomic := len(pages)
	gfp = k.pages.gfp.kernel
	for _, at := range pages[:atomic/2] { // above the marks again
		k.FreePages(at, 0)
	}
	g.run(take)
	require.Zero(t, unused())
	require.Equal(t, kept, k.mem.U32(k.symbol("page_cache_size")), "a file that is nowhere else stays")
	for _, at := range pages[atomic/2:] {
		k.FreePages(at, 0)
	}
	b, err := g.p.ReadFile("/mnt/kept", 1<<20)
	require.NoError(t, err)
	require.Len(t, b, 50000)
}
