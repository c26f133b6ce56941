// SPDX-License-Identifier: BSD-3-Clause
// Red-black trees in guest memory (2.4.18 lib/rbtree.c): callers search and link themselves, these keep the balance.

package guestkernel

import "ring0/guestkernel/abi"

// Colours.
const (
	rbRed   = 0
	rbBlack = 1
)

// A side is where a child hangs.
type side int

const (
	rbLeft side = iota
	rbRight
)

type rbNodeLayout struct {
	Parent abi.Field `c:"rb_parent"`
	Color  abi.Field `c:"rb_color"`
	Right  abi.Field `c:"rb_right"`
	Left   abi.Field `c:"rb_left"`
}

func rbTreeFunctions() []Function {
	return []Function{
		{Name: "rb_insert_color", Fn: func(c *Call) { rbTree{c.Kernel, c.Arg(1)}.inserted(c.Arg(0)) }, Level: Full},
		{Name: "rb_erase", Fn: func(c *Call) { rbTree{c.Kernel, c.Arg(1)}.erase(c.Arg(0)) }, Level: Full},
	}
}

// rbTree is a tree by its struct rb_root.
type rbTree struct {
	k    *Kernel
	root uint32
}

func (t rbTree) lay() *rbNodeLayout { return &t.k.drv.fs.lay.RBNode }

func (t rbTree) link(s side) abi.Field {
	if s == rbLeft {
		return t.lay().Left
	}
	return t.lay().Right
}

func (t rbTree) child(n uint32, s side) uint32       { return t.k.mem.Get(n, t.link(s)) }
func (t rbTree) setChild(n uint32, s side, c uint32) { t.k.mem.Set(n, t.link(s), c) }
func (t rbTree) parent(n uint32) uint32              { return t.k.mem.Get(n, t.lay().Parent) }
func (t rbTree) setColor(n, color uint32)            { t.k.mem.Set(n, t.lay().Color, color) }

// isBlack takes what is not there for black.
func (t rbTree) isBlack(n uint32) bool { return n == 0 || t.k.mem.Get(n, t.lay().Color) == rbBlack }

// setParent sets the parent of a node, if there is one.
func (t rbTree) setParent(n, parent uint32) {
	if n != 0 {
		t.k.mem.Set(n, t.lay().Parent, parent)
	}
}

// sideOf is where a node hangs below its parent.
func (t rbTree) sideOf(n, parent uint32) side {
	if t.child(parent, rbLeft) == n {
		return rbLeft
	}
	return rbRight
}

// replace hangs another node, or none, where old hung below parent.
func (t rbTree) replace(old, by, parent uint32) {
	if parent == 0 {
		t.k.mem.SetU32(t.root, by)
		return
	}
	t.setChild(parent, t.sideOf(old, parent), by)
}

// rotate lets a node sink to one side; its child on the other side takes its place.
func (t rbTree) rotate(n uint32, to side) {
	up, parent := t.child(n, 1-to), t.parent(n)
	inner := t.child(up, to)
	t.setChild(n, 1-to, inner)
	t.setParent(inner, n)
	t.setChild(up, to, n)
	t.setParent(up, parent)
	t.replace(n, up, parent)
	t.setParent(n, up)
}

// inserted is void rb_insert_color(rb_node_t *node, rb_root_t *root): a red node has been linked in. Red nodes have no red
// children.
func (t rbTree) inserted(n uint32) {
	for {
		parent := t.parent(n)
		if t.isBlack(parent) {
			break
		}
		grand := t.parent(parent)
		s := t.sideOf(parent, grand)
		if uncle := t.child(grand, 1-s); !t.isBlack(uncle) {
			t.setColor(uncle, rbBlack)
			t.setColor(parent, rbBlack)
			t.setColor(grand, rbRed)
			n = grand
			continue
		}
		if t.child(parent, 1-s) == n {
			t.rotate(parent, s)
			parent, n = n, parent
		}
		t.setColor(parent, rbBlack)
		t.setColor(grand, rbRed)
		t.rotate(grand, 1-s)
	}
	t.setColor(t.k.mem.U32(t.root), rbBlack)
}

// erase is void rb_erase(rb_node_t *node, rb_root_t *root). A node with two children makes place for the next one.
func (t rbTree) erase(n uint32) {
	k, lay := t.k, t.lay()
	gone := n
	if t.child(n, rbLeft) != 0 && t.child(n, rbRight) != 0 {
		for gone = t.child(n, rbRight); t.child(gone, rbLeft) != 0; {
			gone = t.child(gone, rbLeft)
		}
	}
	child, parent, black := t.child(gone, rbLeft), t.parent(gone), t.isBlack(gone)
	if child == 0 {
		child = t.child(gone, rbRight)
	}
	t.setParent(child, parent)
	t.replace(gone, child, parent)
	if gone != n {
		if parent == n {
			parent = gone
		}
		above := t.parent(n)
		t.setParent(gone, above)
		t.setColor(gone, k.mem.Get(n, lay.Color))
		for _, s := range []side{rbLeft, rbRight} {
			t.setChild(gone, s, t.child(n, s))
			t.setParent(t.child(n, s), gone)
		}
		t.replace(n, gone, above)
	}
	if black {
		t.rebalance(child, parent)
	}
}

// rebalance mends the tree where a path through a node, which may not be there, has lost a black node.
func (t rbTree) rebalance(n, parent uint32) {
	for t.isBlack(n) && n != t.k.mem.U32(t.root) {
		s := t.sideOf(n, parent)
		other := t.child(parent, 1-s)
		if !t.isBlack(other) {
			t.setColor(other, rbBlack)
			t.setColor(parent, rbRed)
			t.rotate(parent, s)
			other = t.child(parent, 1-s)
		}
		if t.isBlack(t.child(other, rbLeft)) && t.isBlack(t.child(other, rbRight)) {
			t.setColor(other, rbRed)
			n, parent = parent, t.parent(parent)
			continue
		}
		if t.isBlack(t.child(other, 1-s)) {
			if near := t.child(other, s); near != 0 {
				t.setColor(near, rbBlack)
			}
			t.setColor(other, rbRed)
			t.rotate(other, 1-s)
			other = t.child(parent, 1-s)
		}
		t.setColor(other, t.k.mem.Get(parent, t.lay().Color))
		t.setColor(parent, rbBlack)
		if far := t.child(other, 1-s); far != 0 {
			t.setColor(far, rbBlack)
		}
		t.rotate(parent, s)
		n = t.k.mem.U32(t.root)
		break
	}
	if n != 0 {
		t.setColor(n, rbBlack)
	}
}
