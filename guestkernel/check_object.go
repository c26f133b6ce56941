// SPDX-License-Identifier: BSD-3-Clause
// Checks of slab objects: quarantine, red zones, double frees.
//
// Looked at are the objects that are taken while a module calls the kernel: by the module itself, or by the kernel for it.
// One that is given back stays in quarantine until there are too many; whoever reads or writes it meanwhile uses memory
// after its end. The space behind what was asked for is its red zone.

package guestkernel

import (
	"fmt"
	"slices"

	"ring0/guestkernel/abi"
)

// What the quarantine holds at most, and how much a red zone has at least.
const (
	quarantineObjects = 512
	quarantineBytes   = 1 << 20
	redZone           = 16
)

// object is a slab object of a module.
type object struct {
	addr, room uint32 // where it is, and its cache's size
	size       uint32 // what was asked for
	cache      uint32
	owner      codeOwner // zero once its module is gone
	serial     int       // of its taking
	how        string    // the function that took it
	result     bool      // and returned it: its caller must free it
	allocated  Place
	freed      *Place // not nil: in quarantine
	unwatch    func() // ends the watch on it, or on its red zone
}

func (o *object) String() string {
	return fmt.Sprintf("an object of %d bytes from %s", o.size, o.how)
}

// padded is the size that kmalloc looks for, so that there is a red zone.
func (ch *checker) padded(size uint32, dma bool) uint32 {
	if _, ok := ch.call(); !ok || size+redZone < size || ch.k.generalCache(size+redZone, dma) == 0 {
		return size
	}
	return size + redZone
}

// padCache makes room for a red zone in the objects of a module's cache.
func (ch *checker) padCache(s cacheSpec) cacheSpec {
	if _, ok := ch.call(); ok && s.size+redZone <= abi.PageSize<<maxObjectOrder {
		s.size += redZone
	}
	return s
}

// cacheMade remembers what size of objects a module asked for.
func (ch *checker) cacheMade(cache, size uint32) {
	if _, ok := ch.call(); ok && cache != 0 {
		ch.caches[cache] = size
	}
}

// allocated is told of a new object, and passes it on.
func (ch *checker) allocated(addr, cache uint32) uint32 {
	call, ok := ch.call()
	if !ok || addr == 0 {
		return addr
	}
	ch.taken++
	o := &object{
		serial: ch.taken, addr: addr, room: ch.k.mem.Get(cache, ch.k.lay.KmemCache.Objsize), cache: cache, owner: call.from,
		how: call.function, allocated: Place{EIP: call.caller},
	}
	o.size = o.room
	if asked, ok := ch.caches[cache]; ok {
		o.size = asked
	}
	ch.objects[addr] = o
	for page := addr >> abi.PageShift; page <= (addr+o.room-1)>>abi.PageShift; page++ {
		ch.pages[page] = append(ch.pages[page], o)
	}
	ch.watch(o)
	return addr
}

// asked is told how much kmalloc was asked for, and passes the object on.
func (ch *checker) asked(addr, size uint32) uint32 {
	if ch == nil {
		return addr
	}
	if o := ch.objects[addr]; o != nil && o.freed == nil && size <= o.room {
		o.size = size
		ch.watch(o)
	}
	return addr
}

// freeing is told that an object is given back. It reports true when the object shall stay as it is: it goes into
// quarantine, or was there already.
func (ch *checker) freeing(cache, addr uint32) (stays bool) {
	if ch == nil || ch.releasing {
		return false
	}
	call, byModule := ch.call()
	o := ch.objects[addr]
	switch {
	case o == nil:
		return byModule && ch.strangeFree(call, cache, addr)
	case o.freed != nil:
		ch.reportFree(DoubleFree, call, o, o.String()+" is given back again by "+call.function)
		return true
	case byModule && call.function == "kmem_cache_free" && cache != o.cache:
		ch.reportFree(BadFree, call, o, o.String()+" is given back to another cache")
	}
	place := Place{EIP: call.caller, Symbol: "the kernel"}
	if byModule {
		place = ch.place(call.caller)
	}
	o.freed, o.allocated = &place, ch.place(o.allocated.EIP)
	ch.watch(o)
	ch.quarantine = append(ch.quarantine, o)
	ch.held += o.room
	for len(ch.quarantine) > quarantineObjects || ch.held > quarantineBytes {
		ch.release(ch.quarantine[0])
	}
	return true
}

// strangeFree looks at what a module gives back and nobody knows: the middle of an object, an object that is free, or what
// is no slab object at all. It reports true when the free would spoil the slab.
func (ch *checker) strangeFree(call moduleCall, cache, addr uint32) bool {
	k := ch.k
	for _, o := range ch.pages[addr>>abi.PageShift] {
		if addr-o.addr < o.room {
			ch.reportFree(BadFree, call, o, fmt.Sprintf("%s is given back by an address %d bytes into it", o, addr-o.addr))
			return true
		}
	}
	f := Finding{Kind: BadFree, Module: call.from.name, At: ch.place(call.caller)}
	state := objectStrange
	if !k.quietly(func() { state = k.objectState(addr) }) {
		state = objectStrange
	}
	switch state {
	case objectFree:
		f.Kind, f.Text = DoubleFree, fmt.Sprintf("%s of an object at %08x that is free", call.function, addr)
	case objectStrange:
		f.Text = fmt.Sprintf("%s of %08x, which is no slab object", call.function, addr)
	default:
		return false
	}
	ch.report(f)
	return state == objectFree
}

// What can be at an address that is given back.
const (
	objectTaken   = iota
	objectFree    // on its slab's free list
	objectStrange // no object
)

// objectState looks an object up in its slab.
func (k *Kernel) objectState(addr uint32) int {
	if addr < abi.PageOffset || physical(addr)>>abi.PageShift >= k.pages.count {
		return objectStrange
	}
	page := k.pageOf(physical(addr) >> abi.PageShift)
	if k.mem.Get(page, k.lay.Page.Flags)>>k.slab.pageSlab&1 == 0 {
		return objectStrange
	}
	cache, slab := k.mem.U32(k.slabPage(addr)), k.mem.U32(k.slabPage(addr)+4)
	size, first := k.mem.Get(cache, k.lay.KmemCache.Objsize), k.mem.Get(slab, k.lay.Slab.SMem)
	if size == 0 || addr < first || (addr-first)%size != 0 {
		return objectStrange
	}
	number, n := k.mem.Get(slab, k.lay.Slab.Free), k.mem.Get(cache, k.lay.KmemCache.Num)
	for ; n > 0 && number != bufctlEnd; n-- {
		if number == (addr-first)/size {
			return objectFree
		}
		number = k.mem.U32(k.bufctl(slab, number))
	}
	return objectTaken
}

func (ch *checker) reportFree(kind FindingKind, call moduleCall, o *object, text string) {
	allocated := ch.place(o.allocated.EIP)
	if o.allocated.Symbol != "" {
		allocated = o.allocated
	}
	f := Finding{Kind: kind, Module: call.from.name, Text: text, Allocated: &allocated, Freed: o.freed}
	if call.from.addr != 0 {
		f.At = ch.place(call.caller)
	} else {
		f.Module = o.owner.name
	}
	ch.report(f)
}

// release lets an object out of the quarantine: it is free now.
func (ch *checker) release(o *object) {
	ch.quarantine = slices.DeleteFunc(ch.quarantine, func(other *object) bool { return other == o })
	ch.held -= o.room
	ch.forget(o)
	ch.releasing = true
	ch.k.cacheFree(o.cache, o.addr)
	ch.releasing = false
}

// releaseAll empties the quarantine of a cache, of all for 0. It reports whether there was anything.
func (ch *checker) releaseAll(cache uint32) (any bool) {
	if ch == nil {
		return false
	}
	for _, o := range slices.Clone(ch.quarantine) {
		if cache == 0 || o.cache == cache {
			ch.release(o)
			any = true
		}
	}
	return any
}

// forget drops what is known of an object.
func (ch *checker) forget(o *object) {
	o.endWatch()
	delete(ch.objects, o.addr)
	for page := o.addr >> abi.PageShift; page <= (o.addr+o.room-1)>>abi.PageShift; page++ {
		rest := slices.DeleteFunc(ch.pages[page], func(other *object) bool { return other == o })
		if ch.pages[page] = rest; len(rest) == 0 {
			delete(ch.pages, page)
		}
	}
}
