// SPDX-License-Identifier: BSD-3-Clause
// Which exported functions take their arguments in registers.

package abi

import "slices"

// Regparm3 reports whether an exported function of 2.4.18 is FASTCALL: its first three argument words are in EAX, EDX and
// ECX, the rest on the stack. All other C functions of the kernel are called with everything on the stack. (The few
// functions with conventions of their own, called by inline assembly alone, are neither.)
func Regparm3(function string) bool {
	_, found := slices.BinarySearch(fastcalls(), function)
	return found
}

// fastcalls lists the exports that their headers declare FASTCALL, in byte order.
func fastcalls() []string {
	return []string{
		"__alloc_pages", "__free_pages", "__get_free_pages", "__mark_buffer_dirty", "__tasklet_hi_schedule",
		"__tasklet_schedule", "__user_walk", "__wake_up", "_alloc_pages", "add_wait_queue", "add_wait_queue_exclusive",
		"buffer_insert_inode_data_queue", "buffer_insert_inode_queue", "complete", "cpu_raise_softirq", "fget", "fput",
		"free_pages", "get_zeroed_page", "interruptible_sleep_on", "interruptible_sleep_on_timeout", "kmap_high",
		"kunmap_high", "lock_page", "mark_buffer_dirty", "path_init", "path_walk", "raise_softirq", "remove_wait_queue",
		"rwsem_down_read_failed", "rwsem_down_write_failed", "rwsem_wake", "schedule_timeout", "set_page_dirty",
		"sleep_on", "sleep_on_timeout", "try_to_free_buffers", "unlock_buffer", "unlock_page", "wait_for_completion",
		"wake_up_process",
	}
}
