// SPDX-License-Identifier: BSD-3-Clause
// Checks of resources: pages, areas and registrations that modules take and must give back.
//
// A row names the function that takes, the one that gives back, and what ties the two together: an argument or the result.
// What a row does not say is that the kernel's own structures are asked where they know better: timers, interrupt handlers,
// /proc and tasks (check_unload.go).

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// A tie is how one finds from giving back to taking: arguments of both calls, from 1; 0 is the result of taking.
type tie struct{ take, give int }

// resourceRow is one kind of resource.
type resourceRow struct {
	take, give string
	what       string // "page block", with %x for the tie
	tie        tie
	second     tie  // a second argument that must agree; zero: none
	text       bool // the tie is a string
	void       bool // taking cannot fail
	memory     bool // pages or address space: a leak, not a registration
}

// resourceRows lists what is kept track of. Pointers that give up something different each time, such as brelse, are not.
func resourceRows() []resourceRow {
	result, first := tie{0, 1}, tie{1, 1}
	return []resourceRow{
		{take: "__vmalloc", give: "vfree", what: "vmalloc area %08x", tie: result, memory: true},
		{take: "__ioremap", give: "iounmap", what: "ioremap area %08x", tie: result, memory: true},
		{take: "__get_free_pages", give: "free_pages", what: "page block %08x", tie: result, memory: true},
		{take: "get_zeroed_page", give: "free_pages", what: "page %08x", tie: result, memory: true},
		{take: "_alloc_pages", give: "__free_pages", what: "page block (struct page %08x)", tie: result, memory: true},
		{take: "pci_alloc_consistent", give: "pci_free_consistent", what: "DMA memory %08x", tie: tie{0, 3}, memory: true},
		{take: "kmem_cache_create", give: "kmem_cache_destroy", what: "slab cache %08x", tie: result},
		{take: "mempool_create", give: "mempool_destroy", what: "memory pool %08x", tie: result},
		{take: "pci_pool_create", give: "pci_pool_destroy", what: "PCI pool %08x", tie: result},
		{take: "__request_region", give: "__release_region", what: "region from %#x", tie: tie{2, 2}, second: tie{1, 1}},
		{take: "request_resource", give: "release_resource", what: "resource %08x", tie: tie{2, 1}},
		{take: "request_dma", give: "free_dma", what: "DMA channel %d", tie: first},
		{take: "register_blkdev", give: "unregister_blkdev", what: "block major %d", tie: first},
		{take: "register_chrdev", give: "unregister_chrdev", what: "character major %d", tie: first},
		{take: "misc_register", give: "misc_deregister", what: "misc device %08x", tie: first},
		{take: "register_netdev", give: "unregister_netdev", what: "net device %08x", tie: first},
		{take: "register_netdevice", give: "unregister_netdevice", what: "net device %08x", tie: first},
		{take: "register_filesystem", give: "unregister_filesystem", what: "file system type %08x", tie: first},
		{take: "register_binfmt", give: "unregister_binfmt", what: "binary format %08x", tie: first},
		{take: "register_exec_domain", give: "unregister_exec_domain", what: "execution domain %08x", tie: first},
		{take: "register_console", give: "unregister_console", what: "console %08x", tie: first, void: true},
		{take: "register_nls", give: "unregister_nls", what: "character set %08x", tie: first},
		{take: "register_sysctl_table", give: "unregister_sysctl_table", what: "sysctl table %08x", tie: result},
		{take: "register_reboot_notifier", give: "unregister_reboot_notifier", what: "reboot notifier %08x", tie: first},
		{take: "register_netdevice_notifier", give: "unregister_netdevice_notifier", what: "net device notifier %08x", tie: first},
		{take: "register_inetaddr_notifier", give: "unregister_inetaddr_notifier", what: "address notifier %08x", tie: first},
		{take: "notifier_chain_register", give: "notifier_chain_unregister", what: "notifier %08x", tie: tie{2, 2}, second: first},
		{take: "inter_module_register", give: "inter_module_unregister", what: "inter-module name %q", tie: first, text: true, void: true},
		{take: "pci_register_driver", give: "pci_unregister_driver", what: "PCI driver %08x", tie: first},
		{take: "pm_register", give: "pm_unregister", what: "power management device %08x", tie: result},
		{take: "tty_register_driver", give: "tty_unregister_driver", what: "tty driver %08x", tie: first},
		{take: "sock_register", give: "sock_unregister", what: "protocol family %08x", tie: first},
		{take: "inet_add_protocol", give: "inet_del_protocol", what: "IP protocol %08x", tie: first, void: true},
		{take: "inet_register_protosw", give: "inet_unregister_protosw", what: "socket protocol %08x", tie: first, void: true},
		{take: "dev_add_pack", give: "dev_remove_pack", what: "packet handler %08x", tie: first, void: true},
		{take: "nf_register_hook", give: "nf_unregister_hook", what: "netfilter hook %08x", tie: first},
		{take: "nf_register_sockopt", give: "nf_unregister_sockopt", what: "netfilter option %08x", tie: first},
		{take: "nf_register_queue_handler", give: "nf_unregister_queue_handler", what: "netfilter queue %d", tie: first},
		{take: "register_md_personality", give: "unregister_md_personality", what: "RAID personality %d", tie: first},
		{take: "register_8022_client", give: "unregister_8022_client", what: "802.2 client %08x", tie: tie{1, 1}},
		{take: "register_snap_client", give: "unregister_snap_client", what: "SNAP client %08x", tie: tie{1, 1}},
		{take: "register_framebuffer", give: "unregister_framebuffer", what: "frame buffer %08x", tie: first},
		{take: "cpufreq_register_notifier", give: "cpufreq_unregister_notifier", what: "CPU frequency notifier %08x", tie: first},
	}
}

// resource is something that a module has taken.
type resource struct {
	row   *resourceRow
	key   string
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
		if row.tie.take != 0 {
			key = ch.key(row, c, row.tie.take, row.second.take)
		}
		r.rows, r.take = append(r.rows, row), append(r.take, key)
	}
	if _, gives := ch.givers[c.Fn.Name]; gives {
		ch.gives(c)
	}
	return r
}

// key is the tie of a call, as text.
func (ch *checker) key(row *resourceRow, c *Call, arg, second int) string {
	v := c.Arg(arg - 1)
	key := fmt.Sprint(v)
	if row.text {
		ch.k.quietly(func() { key, _ = ch.k.mem.CString(v, 64) })
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
		v := result
		if row.tie.take != 0 {
			v = c.Arg(row.tie.take - 1)
		}
		if c.Fn.Name == "register_chrdev" && v == 0 || c.Fn.Name == "register_blkdev" && v == 0 {
			v, key = result, fmt.Sprint(result) // the kernel chose the major
		}
		have := &resource{row: row, key: key, owner: call.from, at: call.caller}
		have.text = fmt.Sprintf(row.what, v)
		if row.text {
			have.text = fmt.Sprintf(row.what, key)
		}
		if row.give == "free_pages" || row.give == "__free_pages" {
			if row.take != "get_zeroed_page" {
				have.order = c.Arg(1)
			}
			have.key = fmt.Sprint(ch.blockOf(row, v))
		}
		ch.resources = append(ch.resources, have)
	}
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
