// SPDX-License-Identifier: BSD-3-Clause
// Doubly linked lists in guest memory: struct list_head (linux/list.h): next, then prev.

package guestkernel

import (
	"iter"

	"ring0/guestkernel/abi"
)

// listInit makes head an empty list.
func (k *Kernel) listInit(head uint32) {
	k.mem.SetU32(head, head)
	k.mem.SetU32(head+4, head)
}

// listAdd puts entry right behind head.
func (k *Kernel) listAdd(entry, head uint32) { k.listInsert(entry, head, k.mem.U32(head)) }

// listAddTail puts entry right before head.
func (k *Kernel) listAddTail(entry, head uint32) { k.listInsert(entry, k.mem.U32(head+4), head) }

func (k *Kernel) listInsert(entry, prev, next uint32) {
	k.mem.SetU32(next+4, entry)
	k.mem.SetU32(entry, next)
	k.mem.SetU32(entry+4, prev)
	k.mem.SetU32(prev, entry)
}

// listDel takes entry out of its list. Its own pointers stay as they are.
func (k *Kernel) listDel(entry uint32) {
	next, prev := k.mem.U32(entry), k.mem.U32(entry+4)
	k.mem.SetU32(next+4, prev)
	k.mem.SetU32(prev, next)
}

// listEmpty tells whether head has no entries.
func (k *Kernel) listEmpty(head uint32) bool { return k.mem.U32(head) == head }

// listMembers walks a list, without its head.
func (k *Kernel) listMembers(what string, head uint32) iter.Seq[uint32] {
	return k.ring(what, k.mem.U32(head), head, k.lay.ListHead.Next)
}

// ring walks structures that are linked through a field, from the first until one is at end. The next member is known
// before one is yielded. A list that does not come to its end stops with a remark where a member comes a second time.
func (k *Kernel) ring(what string, first, end uint32, link abi.Field) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		seen := map[uint32]bool{}
		for at := first; at != end; {
			if seen[at] {
				k.note("%s is circular: 2.4.18 would follow it for ever", what)
				return
			}
			seen[at] = true
			next := k.mem.Get(at, link)
			if !yield(at) {
				return
			}
			at = next
		}
	}
}
