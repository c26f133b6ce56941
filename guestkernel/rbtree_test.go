// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// A tree of numbers stays a red-black tree whatever comes and goes.
func TestRedBlackTrees(t *testing.T) {
	const nodes, nodeSize = 60, 20 // a struct rb_node, then its key
	g := newGuest(t, Config{})
	k, root := g.k, g.put(0, 0, 0, 0)
	tree := rbTree{k, root}
	lay := tree.lay()
	var height func(n, parent uint32, keys *[]uint32) int
	height = func(n, parent uint32, keys *[]uint32) int {
		if n == 0 {
			return 1
		}
		require.Equal(t, parent, tree.parent(n))
		require.True(t, tree.isBlack(n) || tree.isBlack(parent), "no red child of a red node")
		l := height(tree.child(n, rbLeft), n, keys)
		*keys = append(*keys, k.mem.U32(n+16))
		r := height(tree.child(n, rbRight), n, keys)
		require.Equal(t, l, r, "as many black nodes on every path")
		if tree.isBlack(n) {
			l++
		}
		return l
	}
	rnd := rand.New(rand.NewSource(1))
	var in []uint32
	g.inKernel(func(*Call) {
		for _, key := range rnd.Perm(nodes) {
			n := g.put(make([]byte, nodeSize)...)
			k.mem.SetU32(n+16, uint32(key))
			link, parent := root, uint32(0)
			for k.mem.U32(link) != 0 {
				parent = k.mem.U32(link)
				link = parent + lay.Right.Off
				if uint32(key) < k.mem.U32(parent+16) {
					link = parent + lay.Left.Off
				}
			}
			k.mem.Set(n, lay.Parent, parent)
			k.mem.SetU32(link, n)
			g.export("rb_insert_color", n, root)
			in = append(in, n)
			var keys []uint32
			height(k.mem.U32(root), 0, &keys)
			require.Len(t, keys, len(in))
			if len(keys) > 1 {
				require.IsIncreasing(t, keys)
			}
		}
		for len(in) > 0 {
			i := rnd.Intn(len(in))
			g.export("rb_erase", in[i], root)
			in = append(in[:i], in[i+1:]...)
			var keys []uint32
			height(k.mem.U32(root), 0, &keys)
			require.Len(t, keys, len(in))
		}
	})
	require.Zero(t, k.mem.U32(root))
}
