// SPDX-License-Identifier: BSD-3-Clause
// Who uses which I/O ports and memory addresses: the trees below ioport_resource and iomem_resource
// (2.4.18 kernel/resource.c, linux/ioport.h). What is in them after boot is in bootioport.go.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

func resourceFunctions() []Function {
	return []Function{
		{Name: "request_resource", Fn: requestResource, Level: Full},
		{Name: "release_resource", Fn: releaseResource, Level: Full},
		{Name: "check_resource", Fn: checkResource, Level: Full},
		{Name: "allocate_resource", Fn: allocateResource, Level: Full},
		{Name: "__request_region", Fn: requestRegion, Level: Full},
		{Name: "__check_region", Fn: checkRegion, Level: Full},
		{Name: "__release_region", Fn: releaseRegion, Level: Full},
	}
}

// children walks the resources right below one, by address.
func (k *Kernel) children(root uint32) func(yield func(uint32) bool) {
	lay := &k.lay.Resource
	return k.ring("a list of resources", k.mem.Get(root, lay.Child), 0, lay.Sibling)
}

// placeResource puts a resource below root. It returns 0, or what it conflicts with: root itself when it lies outside.
func (k *Kernel) placeResource(root, res uint32) (conflict uint32) {
	lay := &k.lay.Resource
	start, end := k.mem.Get(res, lay.Start), k.mem.Get(res, lay.End)
	if end < start || start < k.mem.Get(root, lay.Start) || end > k.mem.Get(root, lay.End) {
		return root
	}
	link, next := root+lay.Child.Off, uint32(0)
	for other := range k.children(root) {
		if k.mem.Get(other, lay.Start) > end {
			next = other
			break
		}
		if k.mem.Get(other, lay.End) >= start {
			return other
		}
		link = other + lay.Sibling.Off
	}
	k.mem.Set(res, lay.Sibling, next)
	k.mem.SetU32(link, res)
	k.mem.Set(res, lay.Parent, root)
	return 0
}

// removeResource takes a resource out of its tree; false when it is not in one.
func (k *Kernel) removeResource(res uint32) bool {
	lay := &k.lay.Resource
	parent := k.mem.Get(res, lay.Parent)
	link := parent + lay.Child.Off
	for other := range k.children(parent) {
		if other == res {
			k.mem.SetU32(link, k.mem.Get(res, lay.Sibling))
			k.mem.Set(res, lay.Parent, 0)
			return true
		}
		link = other + lay.Sibling.Off
	}
	return false
}

// requestResource models int request_resource(struct resource *root, struct resource *new).
func requestResource(c *Call) {
	c.Return(0)
	if c.Kernel.placeResource(c.Arg(0), c.Arg(1)) != 0 {
		c.Fail(abi.EBUSY)
	}
}

// releaseResource models int release_resource(struct resource *old).
func releaseResource(c *Call) {
	c.Return(0)
	if !c.Kernel.removeResource(c.Arg(0)) {
		c.Fail(abi.EINVAL)
	}
}

// checkResource models int check_resource(struct resource *root, unsigned long start, unsigned long len).
func checkResource(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.Resource
	probe := c.Alloca(lay.Size)
	k.mem.Set(probe, lay.Start, c.Arg(1))
	k.mem.Set(probe, lay.End, c.Arg(1)+c.Arg(2)-1)
	if k.placeResource(c.Arg(0), probe) != 0 {
		c.Fail(abi.EBUSY)
		return
	}
	k.removeResource(probe)
	c.Return(0)
}

// allocateResource models int allocate_resource(struct resource *root, struct resource *new, unsigned long size,
// unsigned long min, unsigned long max, unsigned long align, void (*alignf)(void *, struct resource *, unsigned long),
// void *alignf_data): finds the first gap, by address, and takes it.
func allocateResource(c *Call) {
	k := c.Kernel
	root, res := c.Arg(0), c.Arg(1)
	if !k.findGapBelow(root, res, gapSpec{size: c.Arg(2), low: c.Arg(3), high: c.Arg(4), align: c.Arg(5), alignf: c.Arg(6), data: c.Arg(7)}) {
		c.Fail(abi.EBUSY)
		return
	}
	c.Return(0)
	if k.placeResource(root, res) != 0 {
		c.Fail(abi.EBUSY)
	}
}

// A gapSpec is what allocate_resource looks for. alignf may move the start of a gap on.
type gapSpec struct{ size, low, high, align, alignf, data uint32 }

// findGapBelow sets start and end of res to the first gap that fits (find_resource). A gap's last address is taken to be
// where the next resource begins, as there.
func (k *Kernel) findGapBelow(root, res uint32, g gapSpec) bool {
	lay := &k.lay.Resource
	fits := func(end uint32) bool {
		start := max(k.mem.Get(res, lay.Start), g.low)
		k.mem.Set(res, lay.Start, (start+g.align-1)&^(g.align-1))
		k.mem.Set(res, lay.End, min(end, g.high))
		if g.alignf != 0 {
			k.Call(g.alignf, g.data, res, g.size)
		}
		start, end = k.mem.Get(res, lay.Start), k.mem.Get(res, lay.End)
		if start >= end || end-start+1 < g.size {
			return false
		}
		k.mem.Set(res, lay.End, start+g.size-1)
		return true
	}
	k.mem.Set(res, lay.Start, k.mem.Get(root, lay.Start))
	for other := range k.children(root) {
		if fits(k.mem.Get(other, lay.Start)) {
			return true
		}
		k.mem.Set(res, lay.Start, k.mem.Get(other, lay.End)+1)
	}
	return fits(k.mem.Get(root, lay.End))
}

// request makes a busy resource of n addresses below parent, or below what there is not busy itself (__request_region).
// 0: something there is busy, or there is no memory.
func (k *Kernel) request(parent, start, n, name uint32) uint32 {
	lay := &k.lay.Resource
	res := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if res == 0 {
		return 0
	}
	busy := k.constant("IORESOURCE_BUSY")
	k.mem.Fill(res, lay.Size, 0)
	k.mem.Set(res, lay.Name, name)
	k.mem.Set(res, lay.Start, start)
	k.mem.Set(res, lay.End, start+n-1)
	k.mem.Set(res, lay.Flags, busy)
	for {
		conflict := k.placeResource(parent, res)
		if conflict == 0 {
			return res
		}
		if conflict == parent || k.mem.Get(conflict, lay.Flags)&busy != 0 {
			k.Kfree(res)
			return 0
		}
		parent = conflict
	}
}

// requestRegion models struct resource *__request_region(struct resource *parent, unsigned long start, unsigned long n,
// const char *name). NULL when a part of it is busy.
func requestRegion(c *Call) { c.Return(c.Kernel.request(c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3))) }

// checkRegion models int __check_region(struct resource *parent, unsigned long start, unsigned long n).
func checkRegion(c *Call) {
	k := c.Kernel
	res := k.request(c.Arg(0), c.Arg(1), c.Arg(2), 0)
	if res == 0 {
		c.Fail(abi.EBUSY)
		return
	}
	k.removeResource(res)
	k.Kfree(res)
	c.Return(0)
}

// releaseRegion models void __release_region(struct resource *parent, unsigned long start, unsigned long n): frees the busy
// resource with exactly these bounds, or complains.
func releaseRegion(c *Call) { c.Kernel.releaseRegion(c.Arg(0), c.Arg(1), c.Arg(2)) }

func (k *Kernel) releaseRegion(parent, start, n uint32) {
	end := start + n - 1
	if link := k.findRegion(parent, start, end); link != 0 {
		res := k.mem.U32(link)
		k.mem.SetU32(link, k.mem.Get(res, k.lay.Resource.Sibling))
		k.Kfree(res)
		return
	}
	k.Printk("<4>Trying to free nonexistent resource <%08x-%08x>\n", start, end)
}

// findRegion returns the link to the busy resource start … end below root, 0 when there is none.
func (k *Kernel) findRegion(root, start, end uint32) (link uint32) {
	lay := &k.lay.Resource
	busy := k.constant("IORESOURCE_BUSY")
	link = root + lay.Child.Off
	for other := range k.children(root) {
		first, last := k.mem.Get(other, lay.Start), k.mem.Get(other, lay.End)
		switch {
		case first > start || last < end:
		case k.mem.Get(other, lay.Flags)&busy == 0:
			return k.findRegion(other, start, end)
		case first == start && last == end:
			return link
		default:
			return 0
		}
		link = other + lay.Sibling.Off
	}
	return 0
}

// ResourceList is the text of /proc/ioports or /proc/iomem: the resources below the one at root.
func (k *Kernel) ResourceList(root uint32) string {
	var b strings.Builder
	digits := 8
	if k.mem.Get(root, k.lay.Resource.End) < 0x10000 {
		digits = 4
	}
	k.listResources(&b, root, digits, 0)
	return b.String()
}

func (k *Kernel) listResources(b *strings.Builder, root uint32, digits, depth int) {
	const longest, deepest = 256, 64
	lay := &k.lay.Resource
	for res := range k.children(root) {
		name := "<BAD>"
		if at := k.mem.Get(res, lay.Name); at != 0 {
			name, _ = k.mem.CString(at, longest)
		}
		indent := strings.Repeat("  ", min(depth, 4))
		fmt.Fprintf(b, "%s%0*x-%0*x : %s\n", indent, digits, k.mem.Get(res, lay.Start), digits, k.mem.Get(res, lay.End), name)
		if depth < deepest {
			k.listResources(b, res, digits, depth+1)
		}
	}
}

// IOPorts and IOMem are the texts of /proc/ioports and /proc/iomem.
func (k *Kernel) IOPorts() string { return k.ResourceList(k.sym.IoportResource) }

// IOMem is the text of /proc/iomem.
func (k *Kernel) IOMem() string { return k.ResourceList(k.sym.IomemResource) }
