// SPDX-License-Identifier: BSD-3-Clause
// Checks of access: who reads or writes objects that were given back, or behind an object's end.
//
// Guest code is seen by the machine's watches, one for each object: on all of it in quarantine, on its red zone before.
// Modelled functions that a module calls, memcpy for one, are seen by the accessors of Memory.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// watch has the machine report what touches an object: its red zone, and all of it once it was given back.
func (ch *checker) watch(o *object) {
	o.endWatch()
	first := o.addr + o.size
	if o.freed != nil {
		first = o.addr
	}
	if last := o.addr + o.room - 1; first <= last {
		w := ch.k.m.Watch(vm.Watched{First: first, Last: last, Read: true, Write: true, Fn: func(e vm.WatchEvent) {
			ch.touchedBy(o, e.Addr, uint32(e.Size), e.Write, e.EIP, "")
		}})
		o.unwatch = func() { ch.k.m.Unwatch(w) }
	}
}

func (o *object) endWatch() {
	if o.unwatch != nil {
		o.unwatch()
		o.unwatch = nil
	}
}

// kernelAccess is called by Memory's accessors: modelled code reads or writes n bytes.
func (ch *checker) kernelAccess(addr, n uint32, write bool) {
	if ch.busy || ch.releasing || len(ch.pages) == 0 || n == 0 {
		return
	}
	call, ok := ch.call()
	if !ok {
		return
	}
	for page := addr >> abi.PageShift; page <= (addr+n-1)>>abi.PageShift; page++ {
		for _, o := range ch.pages[page] {
			first := o.addr
			if o.freed == nil {
				first += o.size
			}
			if addr < o.addr+o.room && addr+n > first {
				ch.touchedBy(o, addr, n, write, call.caller, " by "+call.function)
			}
		}
	}
}

// touchedBy reports an access to what must not be touched.
func (ch *checker) touchedBy(o *object, addr, n uint32, write bool, eip uint32, by string) {
	ch.busy = true
	defer func() { ch.busy = false }()
	verb := "read"
	if write {
		verb = "write"
	}
	f := Finding{Kind: OutOfBounds, Module: ch.k.callingModule(eip).name, At: ch.place(eip), Freed: o.freed}
	if f.Module == "" {
		f.Module = o.owner.name
	}
	allocated := o.allocated
	if allocated.Symbol == "" {
		allocated = ch.place(allocated.EIP)
	}
	f.Allocated = &allocated
	switch {
	case o.freed != nil:
		f.Kind = UseAfterFree
		f.Text = fmt.Sprintf("%s of %s%s at offset %d of %s", verb, byteCount(n), by, int32(addr-o.addr), o)
	case addr < o.addr+o.size:
		f.Text = fmt.Sprintf("%s of %s%s from offset %d over the end of %s", verb, byteCount(n), by, int32(addr-o.addr), o)
	default:
		f.Text = fmt.Sprintf("%s of %s%s, %d behind the end of %s", verb, byteCount(n), by, addr-o.addr-o.size, o)
	}
	ch.report(f)
}

// byteCount is a number of bytes in words.
func byteCount(n uint32) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
