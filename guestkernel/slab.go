// SPDX-License-Identifier: BSD-3-Clause
// kmalloc over pages of equal objects, by the sizes of 2.4's general caches (2.4.18 mm/slab.c).
//
// So far the free lists are the host's, and kmem_cache_t does not exist in guest memory.

package guestkernel

import (
	"math/bits"

	"ring0/guestkernel/abi"
)

// slabState is the host side of kmalloc.
type slabState struct {
	free   map[uint32][]uint32 // free objects by size, last freed first out
	sizeOf map[uint32]uint32   // size of the objects in a page, or bytes of a block of pages, by its first page's address
	inUse  map[uint32]uint32   // objects in use by page
}

const (
	smallestObject = 32
	largestObject  = 128 << 10
)

func slabFunctions() []Function {
	return []Function{
		{Name: "kmalloc", Fn: func(c *Call) { c.Return(c.Kernel.Kmalloc(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "kfree", Fn: func(c *Call) { c.Kernel.Kfree(c.Arg(0)) }, Level: Full},
	}
}

func (k *Kernel) bootSlab() error {
	k.slab = slabState{free: map[uint32][]uint32{}, sizeOf: map[uint32]uint32{}, inUse: map[uint32]uint32{}}
	return nil
}

// Kmalloc returns at least size bytes of physically contiguous memory, or 0.
func (k *Kernel) Kmalloc(size, gfp uint32) uint32 {
	if size > largestObject {
		return 0
	}
	size = max(uint32(1)<<bits.Len32(max(size, 1)-1), smallestObject)
	if size >= abi.PageSize {
		addr := k.GetFreePages(gfp, uint32(bits.Len32(size>>abi.PageShift)-1))
		if addr != 0 {
			k.slab.sizeOf[addr] = size
		}
		return addr
	}
	if len(k.slab.free[size]) == 0 && !k.growSlab(size, gfp) {
		return 0
	}
	list := k.slab.free[size]
	addr := list[len(list)-1]
	k.slab.free[size] = list[:len(list)-1]
	k.slab.inUse[addr&abi.PageMask]++
	return addr
}

// growSlab cuts a fresh page into objects.
func (k *Kernel) growSlab(size, gfp uint32) bool {
	page := k.GetFreePages(gfp, 0)
	if page == 0 {
		return false
	}
	k.slab.sizeOf[page] = size
	for off := abi.PageSize - size; ; off -= size {
		k.slab.free[size] = append(k.slab.free[size], page+off)
		if off == 0 {
			return true
		}
	}
}

// Kfree gives back what Kmalloc returned; 0 is ignored. A page goes back when its last object does.
func (k *Kernel) Kfree(addr uint32) {
	if addr == 0 {
		return
	}
	page := addr & abi.PageMask
	size, known := k.slab.sizeOf[page]
	switch {
	case !known:
		k.note("kfree of %08x, which kmalloc never returned", addr)
	case size >= abi.PageSize:
		delete(k.slab.sizeOf, page)
		k.FreePages(page, uint32(bits.Len32(size>>abi.PageShift)-1))
	default:
		k.slab.free[size] = append(k.slab.free[size], addr)
		if k.slab.inUse[page]--; k.slab.inUse[page] == 0 {
			k.shrinkSlab(page, size)
		}
	}
}

// shrinkSlab gives a page of free objects back.
func (k *Kernel) shrinkSlab(page, size uint32) {
	kept := k.slab.free[size][:0]
	for _, addr := range k.slab.free[size] {
		if addr&abi.PageMask != page {
			kept = append(kept, addr)
		}
	}
	k.slab.free[size] = kept
	delete(k.slab.sizeOf, page)
	delete(k.slab.inUse, page)
	k.FreePages(page, 0)
}
