// SPDX-License-Identifier: BSD-3-Clause
// Checks of resources: pages, areas and registrations that modules take and must give back.
//
// A row names the function that takes, the one that gives back, and what ties the two together: an argument or the result.
// What a row does not say is that the kernel's own structures are asked where they know better: timers, interrupt handlers,
// /proc and tasks (check_unload.go).

package guestkernel

import (
	"fmt"
	"slices"
	"strings"

	"ring0/guestkernel/abi"
)

// A tie is how one finds from giving back to taking: arguments of both calls, from 1; 0 is the result of taking.
type tie struct{ take, give int }

// resourceRow is one kind of resource.
type resourceRow struct {
	take, give string
	what       string // "page block of order %d"
	label      int    // the argument, from 1, that what shows; 0: that of the tie
	text       bool   // which is a string, as is the tie, unless that is the result
	tie        tie
	second     tie    // a second argument that must agree; zero: none
	all        string // gives back all that agree in allTie; "" when there is no such function
	allTie     tie
	points     bool // the tie of taking is the word that the argument points to
	void       bool // taking cannot fail
	memory     bool // pages or address space: a leak, not a registration
}

// resourceRows lists what is kept track of. Pointers that give up something different each time, such as brelse, are not.
func resourceRows() []resourceRow {
	result, first := tie{0, 1}, tie{1, 1}
	return []resourceRow{
		{take: "__vmalloc", give: "vfree", what: "area of %d bytes", label: 1, tie: result, memory: true},
		{take: "__ioremap", give: "iounmap", what: "area of %d bytes", label: 2, tie: result, memory: true},
		{take: "__get_free_pages", give: "free_pages", what: "page block of order %d", label: 2, tie: result, memory: true},
		{take: "get_zeroed_page", give: "free_pages", what: "page", tie: result, memory: true},
		{take: "_alloc_pages", give: "__free_pages", what: "page block of order %d", label: 2, tie: result, memory: true},
		{take: "pci_alloc_consistent", give: "pci_free_consistent", what: "DMA memory of %d bytes", label: 2, tie: tie{0, 3}, memory: true},
		{take: "kmem_cache_create", give: "kmem_cache_destroy", what: "slab cache %q", label: 1, text: true, tie: result},
		{take: "mempool_create", give: "mempool_destroy", what: "memory pool", tie: result},
		{take: "pci_pool_create", give: "pci_pool_destroy", what: "PCI pool", tie: result},
		{take: "__request_region", give: "__release_region", what: "region from %#x", tie: tie{2, 2}, second: tie{1, 1}},
		{take: "request_resource", give: "release_resource", what: "resource", tie: tie{2, 1}},
		{take: "request_dma", give: "free_dma", what: "DMA channel %d", tie: first},
		{take: "register_blkdev", give: "unregister_blkdev", what: "block major %d", tie: first},
		{take: "register_chrdev", give: "unregister_chrdev", what: "character major %d", tie: first},
		{take: "misc_register", give: "misc_deregister", what: "misc device", tie: first},
		{take: "register_netdev", give: "unregister_netdev", what: "net device", tie: first},
		{take: "register_netdevice", give: "unregister_netdevice", what: "net device", tie: first},
		{take: "register_filesystem", give: "unregister_filesystem", what: "file system type", tie: first},
		{take: "register_binfmt", give: "unregister_binfmt", what: "binary format", tie: first},
		{take: "register_exec_domain", give: "unregister_exec_domain", what: "execution domain", tie: first},
		{take: "register_console", give: "unregister_console", what: "console", tie: first, void: true},
		{take: "register_nls", give: "unregister_nls", what: "character set", tie: first},
		{take: "register_sysctl_table", give: "unregister_sysctl_table", what: "sysctl table", tie: result},
		{take: "register_reboot_notifier", give: "unregister_reboot_notifier", what: "reboot notifier", tie: first},
		{take: "register_netdevice_notifier", give: "unregister_netdevice_notifier", what: "net device notifier", tie: first},
		{take: "register_inetaddr_notifier", give: "unregister_inetaddr_notifier", what: "address notifier", tie: first},
		{take: "notifier_chain_register", give: "notifier_chain_unregister", what: "notifier", tie: tie{2, 2}, second: first},
		{take: "inter_module_register", give: "inter_module_unregister", what: "inter-module name %q", label: 1, text: true, tie: first, void: true},
		{take: "pci_register_driver", give: "pci_unregister_driver", what: "PCI driver", tie: first},
		{take: "pm_register", give: "pm_unregister", what: "power management device", tie: result,
			all: "pm_unregister_all", allTie: tie{3, 1}},
		{take: "tty_register_driver", give: "tty_unregister_driver", what: "tty driver", tie: first},
		{take: "sock_register", give: "sock_unregister", what: "protocol family %d", tie: first, points: true},
		{take: "inet_add_protocol", give: "inet_del_protocol", what: "IP protocol", tie: first, void: true},
		{take: "inet_register_protosw", give: "inet_unregister_protosw", what: "socket protocol", tie: first, void: true},
		{take: "dev_add_pack", give: "dev_remove_pack", what: "packet handler", tie: first, void: true},
		{take: "nf_register_hook", give: "nf_unregister_hook", what: "netfilter hook", tie: first},
		{take: "nf_register_sockopt", give: "nf_unregister_sockopt", what: "netfilter option", tie: first},
		{take: "nf_register_queue_handler", give: "nf_unregister_queue_handler", what: "netfilter queue %d", tie: first},
		{take: "register_md_personality", give: "unregister_md_personality", what: "RAID personality %d", tie: first},
		{take: "register_8022_client", give: "unregister_8022_client", what: "802.2 client", tie: tie{1, 1}},
		{take: "register_snap_client", give: "unregister_snap_client", what: "SNAP client", tie: tie{1, 1}},
		{take: "register_framebuffer", give: "unregister_framebuffer", what: "frame buffer", tie: first},
		{take: "cpufreq_register_notifier", give: "cpufreq_unregister_notifier", what: "CPU frequency notifier", tie: first},
	}
}

// resource is something that a module has taken.
type resource struct {
	row   *resourceRow
	key   string
	group string // of allTie
	order uint32 // of pages, taken
	text  string
	owner codeOwner
	at    uint32 // the call that took it
}

// resourceCall is what is known before a call: its arguments, some of which the function may spoil.
type resourceCall struct {
	take []string // keys by row of takers, "" where the result is the key
	rows []*resourceRow
}

// resourceArgs reads what a call that takes something has for arguments, and sees to calls that give something back.
func (ch *checker) resourceArgs(c *Call) (r resourceCall) {
	for _, row := range ch.takers[c.Fn.Name] {
		key := ""
		switch {
		case row.points:
			ch.k.quietly(func() { key = fmt.Sprint(ch.k.mem.U32(c.Arg(row.tie.take - 1))) })
		case row.tie.take != 0:
			key = ch.key(row, c, row.tie.take, row.second.take)
		}
		r.rows, r.take = append(r.rows, row), append(r.take, key)
	}
	if _, gives := ch.givers[c.Fn.Name]; gives {
		ch.gives(c)
	}
	return r
}

// text is a string of the guest's.
func (ch *checker) text(addr uint32) (s string) {
	const longest = 64
	ch.k.quietly(func() { s, _ = ch.k.mem.CString(addr, longest) })
	return s
}

// key is the tie of a call, as text.
func (ch *checker) key(row *resourceRow, c *Call, arg, second int) string {
	key := fmt.Sprint(c.Arg(arg - 1))
	if row.text && row.tie.take != 0 {
		key = ch.text(c.Arg(arg - 1))
	}
	if second != 0 {
		key += fmt.Sprintf(" %d", c.Arg(second-1))
	}
	return key
}

// afterCall enters what a call has taken.
func (ch *checker) afterCall(c *Call, call moduleCall, r resourceCall) {
	if o := ch.objects[c.Result()]; o != nil && o.freed == nil && o.how == c.Fn.Name {
		o.result = strings.Contains(givesObjects, " "+o.how+" ")
	}
	for i, row := range r.rows {
		result, key := c.Result(), r.take[i]
		taken := int32(result) >= 0 || row.void
		if key == "" {
			key, taken = fmt.Sprint(result), result != 0
		}
		if strings.HasPrefix(c.Fn.Name, "__request") {
			taken = result != 0
		}
		if !taken || c.trap != nil {
			continue
		}
		if key == "0" && strings.HasSuffix(row.what, "major %d") {
			key = fmt.Sprint(result) // the kernel chose it
		}
		have := &resource{row: row, key: key, owner: call.from, at: call.caller, text: ch.describe(row, c, key)}
		if row.all != "" {
			have.group = fmt.Sprint(c.Arg(row.allTie.take - 1))
		}
		if row.give == "free_pages" || row.give == "__free_pages" {
			if row.take != "get_zeroed_page" {
				have.order = c.Arg(1)
			}
			have.key = fmt.Sprint(ch.blockOf(row, result))
		}
		ch.resources = append(ch.resources, have)
	}
}

// describe says in words what a call has taken.
func (ch *checker) describe(row *resourceRow, c *Call, key string) string {
	arg := row.label
	if arg == 0 {
		arg = row.tie.take
	}
	switch {
	case !strings.Contains(row.what, "%"):
		return row.what
	case row.text:
		return fmt.Sprintf(row.what, ch.text(c.Arg(arg-1)))
	case row.points, strings.HasSuffix(row.what, "major %d"):
		return strings.Replace(row.what, "%d", key, 1)
	}
	return fmt.Sprintf(row.what, c.Arg(arg-1))
}

// blockOf makes of the address of pages the frame number: pages that are taken by address can be given back by struct page.
func (ch *checker) blockOf(row *resourceRow, v uint32) uint32 {
	if row.give == "__free_pages" {
		return ch.k.frameOf(v)
	}
	return physical(v) >> abi.PageShift
}

// gives sees to a call that gives something back.
func (ch *checker) gives(c *Call) {
	for _, row := range ch.givers[c.Fn.Name] {
		if c.Fn.Name == row.all {
			group := fmt.Sprint(c.Arg(row.allTie.give - 1))
			ch.resources = slices.DeleteFunc(ch.resources, func(r *resource) bool { return r.row == row && r.group == group })
			return
		}
		arg, second := row.tie.give, row.second.give
		if row.give == "free_pages" || row.give == "__free_pages" {
			if v := c.Arg(0); v != 0 {
				ch.givesPages(c, ch.blockOf(row, v), c.Arg(1))
			}
			return
		}
		key := ch.key(row, c, arg, second)
		if ch.drop(func(r *resource) bool { return r.row.give == row.give && r.key == key }) {
			return
		}
		if v := c.Arg(0); row.give == "vfree" && v != 0 {
			ch.badArea(c, v)
		}
	}
}

// badArea reports a vfree of what is no area.
func (ch *checker) badArea(c *Call, addr uint32) {
	lay, found := &ch.k.lay.VMStruct, false
	ch.k.quietly(func() {
		for area := range ch.k.chain("vmlist", ch.k.mem.U32(ch.k.sym.Vmlist), lay.Next) {
			found = found || ch.k.mem.Get(area, lay.Addr) == addr
		}
	})
	if call, ok := ch.call(); ok && !found {
		ch.report(Finding{Kind: BadFree, Module: call.from.name, At: ch.place(call.caller),
			Text: fmt.Sprintf("vfree of %08x, where no area begins", addr)})
	}
}

// givesPages checks a block of pages that a module gives back.
func (ch *checker) givesPages(c *Call, frame, order uint32) {
	call, _ := ch.call()
	key := fmt.Sprint(frame)
	for _, r := range ch.resources {
		if r.key != key || !strings.HasSuffix(r.row.give, "free_pages") {
			continue
		}
		if r.order != order {
			at := ch.place(r.at)
			ch.report(Finding{Kind: BadFree, Module: call.from.name, At: ch.place(call.caller), Allocated: &at,
				Text: fmt.Sprintf("a block of order %d is given back with order %d", r.order, order)})
		}
	}
	if frame >= ch.k.pages.count {
		return
	}
	ch.k.quietly(func() {
		page := ch.k.pageOf(frame)
		reserved := ch.k.mem.Get(page, ch.k.lay.Page.Flags)>>ch.k.reservedBit&1 != 0
		switch {
		case reserved:
		case ch.k.mem.Get(page, ch.k.lay.Page.Count) == 0:
			ch.report(Finding{Kind: DoubleFree, Module: call.from.name, At: ch.place(call.caller),
				Text: fmt.Sprintf("%s of a page block that is free", c.Fn.Name)})
		case ch.k.mem.Get(page, ch.k.lay.Page.Count) == 1:
			ch.drop(func(r *resource) bool { return r.key == key && strings.HasSuffix(r.row.give, "free_pages") })
		}
	})
}

// blockFreed is told that pages are free, whoever gave them back.
func (ch *checker) blockFreed(frame uint32) {
	if ch == nil || len(ch.resources) == 0 {
		return
	}
	key := fmt.Sprint(frame)
	ch.drop(func(r *resource) bool { return r.key == key && strings.HasSuffix(r.row.give, "free_pages") })
}

// areaFreed is told that an area of vmalloc's is gone.
func (ch *checker) areaFreed(addr uint32) {
	if ch == nil || len(ch.resources) == 0 {
		return
	}
	key := fmt.Sprint(addr)
	ch.drop(func(r *resource) bool { return r.key == key && (r.row.give == "vfree" || r.row.give == "iounmap") })
}

// drop forgets the newest resource that fits.
func (ch *checker) drop(fits func(*resource) bool) bool {
	for i := len(ch.resources) - 1; i >= 0; i-- {
		if fits(ch.resources[i]) {
			ch.resources = append(ch.resources[:i:i], ch.resources[i+1:]...)
			return true
		}
	}
	return false
}
