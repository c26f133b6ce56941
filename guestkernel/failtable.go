// SPDX-License-Identifier: BSD-3-Clause
// Which functions can be made to fail, and how each of them fails.
//
// A row is here because its function has a failure that its callers must expect: memory or a resource that is not to be
// had, user memory that is not there. The value is the one the real function returns then.

package guestkernel

import (
	"fmt"
	"slices"
	"strings"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// A failure is how a function fails.
type failure struct {
	errno   abi.Errno // negated in EAX; 0: EAX is 0, NULL
	leaves  int       // for user copies: the argument, from 1, that says how much was to be copied; it is all left. 0: none
	zeroes  bool      // what could not be copied is zero in the first argument
	clears  int       // general register, from 1, that is 0 afterwards besides. 0: none
	meaning string    // what the caller gets, in words
}

// Calls that modules make by names that are no functions, and what stands behind them. The names with a blank are copies
// that the compiler put into the module itself.
const (
	inlineFrom = "inline copy_from_user"
	inlineTo   = "inline copy_to_user"
	inlineGet  = "inline get_user"
	inlinePut  = "inline put_user"
)

// failAliases are names of sources that are macros or inline functions, and the functions behind them.
func failAliases() map[string][]string {
	return map[string][]string{
		"copy_from_user":    {"__generic_copy_from_user", inlineFrom},
		"copy_to_user":      {"__generic_copy_to_user", inlineTo},
		"get_user":          {"__get_user_1", "__get_user_2", "__get_user_4", inlineGet},
		"put_user":          {inlinePut},
		"strncpy_from_user": {"strncpy_from_user", "__strncpy_from_user"},
		"clear_user":        {"clear_user", "__clear_user"},
		"vmalloc":           {"__vmalloc"},
		"ioremap":           {"__ioremap"},
		"request_region":    {"__request_region"},
		"get_free_pages":    {"__get_free_pages"},
		"get_free_page":     {"__get_free_pages"},
		"alloc_pages":       {"_alloc_pages"},
		"dev_alloc_skb":     {"alloc_skb"},
	}
}

// failures lists how functions fail, by name.
func failures() map[string]failure {
	all := map[string]failure{}
	null := func(names string) {
		for name := range strings.FieldsSeq(names) {
			all[name] = failure{meaning: "NULL"}
		}
	}
	errno := func(e abi.Errno, names string) {
		for name := range strings.FieldsSeq(names) {
			all[name] = failure{errno: e, meaning: "-" + e.String()}
		}
	}
	null(`kmalloc kmem_cache_alloc kmem_cache_create __vmalloc __get_free_pages get_zeroed_page _alloc_pages __alloc_pages
		alloc_pages_node mempool_create mempool_alloc pci_alloc_consistent pci_pool_create pci_pool_alloc __ioremap
		__request_region create_proc_entry proc_mkdir proc_symlink proc_mknod register_sysctl_table pm_register
		alloc_skb skb_clone skb_copy pskb_copy skb_copy_expand skb_realloc_headroom sock_wmalloc sock_rmalloc
		sock_kmalloc sk_alloc sock_alloc alloc_etherdev alloc_fddidev alloc_fcdev alloc_trdev init_etherdev init_fddidev
		init_fcdev init_trdev d_alloc d_alloc_root iget4 new_inode get_empty_filp bread
		get_unused_buffer_head grab_cache_page netlink_kernel_create md_register_thread dst_alloc
		neigh_parms_alloc register_8022_client register_snap_client llc_register_sap tcp_bucket_create
		inter_module_get_request atm_dev_register`)
	errno(abi.ENOMEM, `alloc_kiovec alloc_divert_blk map_user_kiobuf get_user_pages remap_page_range`)
	errno(abi.EAGAIN, `kernel_thread request_module`)
	errno(abi.EBUSY, `request_irq request_dma request_resource allocate_resource pci_request_regions register_chrdev
		register_blkdev misc_register register_filesystem register_binfmt register_nls register_md_personality
		nf_register_sockopt nf_register_queue_handler register_exec_domain tty_register_driver`)
	errno(abi.EIO, `pci_set_dma_mask kernel_read`)
	errno(abi.EEXIST, `register_netdev register_netdevice sock_register`)
	errno(abi.ENFILE, `dev_alloc_name`)
	errno(abi.ENXIO, `register_framebuffer`)
	errno(abi.ENODEV, `dev_open`)
	errno(abi.ENOBUFS, `neigh_create`)
	errno(abi.ENOENT, `filp_open`)
	errno(abi.EINVAL, `pci_enable_device tty_register_ldisc`)
	errno(abi.EPERM, `register_serial fb_alloc_cmap`) // they return -1
	errno(abi.EFAULT, `strncpy_from_user __strncpy_from_user __get_user_1 __get_user_2 __get_user_4 `)
	for name := range strings.FieldsSeq("__get_user_1 __get_user_2 __get_user_4") {
		f := all[name]
		f.clears = vm.EDX + 1
		all[name] = f
	}
	all["__generic_copy_from_user"] = failure{leaves: 3, zeroes: true, meaning: "nothing copied"}
	all["__generic_copy_to_user"] = failure{leaves: 3, meaning: "nothing copied"}
	all["clear_user"] = failure{leaves: 2, meaning: "nothing cleared"}
	all["__clear_user"] = all["clear_user"]
	all["strnlen_user"] = failure{meaning: "0"}
	for _, name := range []string{inlineFrom, inlineTo, inlineGet, inlinePut} {
		all[name] = failure{meaning: "a fault"}
	}
	return all
}

// FailableFunctions lists the names that a [Fault] can have, sorted.
func FailableFunctions() []string {
	var names []string
	for name := range failures() {
		if !strings.Contains(name, " ") {
			names = append(names, name)
		}
	}
	for name := range failAliases() {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// FailureOf says in words what the caller of a function gets when it fails on demand.
func FailureOf(name string) (meaning string, ok bool) {
	if f, ok := failures()[name]; ok && !strings.Contains(name, " ") {
		return f.meaning, true
	}
	if behind := failAliases()[name]; len(behind) > 0 {
		return failures()[behind[0]].meaning, true
	}
	return "", false
}

// fail makes a call of a modelled function fail instead of running it.
func (f failure) fail(c *Call) {
	c.Return(uint32(-f.errno))
	if f.clears != 0 {
		c.SetReg(f.clears-1, 0)
	}
}

// failGuest makes a function of real guest code, which has just been entered, fail. Its arguments are on the stack.
func (f failure) failGuest(k *Kernel) {
	value, esp := uint32(-f.errno), k.m.Reg(vm.ESP)
	if f.leaves != 0 {
		value = k.mem.U32(esp + 4*uint32(f.leaves))
	}
	if f.zeroes {
		k.mem.Fill(k.mem.U32(esp+4), value, 0)
	}
	if f.clears != 0 {
		k.m.SetReg(f.clears-1, 0)
	}
	k.returnFrom(value)
}

// unknownFailure is the error for a name that no row has, with those that look like it.
func unknownFailure(name string) error {
	var near []string
	for _, have := range FailableFunctions() {
		if strings.Contains(have, name) || strings.Contains(name, have) || distance(have, name) <= 3 {
			near = append(near, have)
		}
	}
	if len(near) == 0 {
		return fmt.Errorf("%s cannot be made to fail; what can: %s", name, strings.Join(FailableFunctions(), " "))
	}
	return fmt.Errorf("%s cannot be made to fail; did you mean %s?", name, strings.Join(near, ", "))
}

// distance is how many letters must be put in, left out or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
