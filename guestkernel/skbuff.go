// SPDX-License-Identifier: BSD-3-Clause
// Socket buffers: struct sk_buff, a packet with room around it (2.4.18 net/core/skbuff.c).
//
//	head ──── data ════ tail ──── end │ skb_shared_info: users of the memory, pages and buffers that hold the rest
//
// skb_put, skb_push and the like are inline: the guest itself moves data and tail. Copying is in skbcopy.go.

package guestkernel

import "ring0/guestkernel/abi"

type skbLayout struct {
	Size       uint32    `c:"(sizeof)"`
	Next       abi.Field `c:"next"`
	Prev       abi.Field `c:"prev"`
	List       abi.Field `c:"list"`
	Sk         abi.Field `c:"sk"`
	StampSec   abi.Field `c:"stamp.tv_sec"`
	Stamp      abi.Field `c:"stamp"`
	Dev        abi.Field `c:"dev"`
	H          abi.Field `c:"h.raw"`
	Nh         abi.Field `c:"nh.raw"`
	Mac        abi.Field `c:"mac.raw"`
	Dst        abi.Field `c:"dst"`
	Cb         abi.Field `c:"cb"`
	Len        abi.Field `c:"len"`
	DataLen    abi.Field `c:"data_len"`
	Csum       abi.Field `c:"csum"`
	Cloned     abi.Field `c:"cloned"`
	PktType    abi.Field `c:"pkt_type"`
	IPSummed   abi.Field `c:"ip_summed"`
	Priority   abi.Field `c:"priority"`
	Users      abi.Field `c:"users"`
	Protocol   abi.Field `c:"protocol"`
	Security   abi.Field `c:"security"`
	Truesize   abi.Field `c:"truesize"`
	Head       abi.Field `c:"head"`
	Data       abi.Field `c:"data"`
	Tail       abi.Field `c:"tail"`
	End        abi.Field `c:"end"`
	Destructor abi.Field `c:"destructor"`
	Nfmark     abi.Field `c:"nfmark"`
	Nfcache    abi.Field `c:"nfcache"`
	Nfct       abi.Field `c:"nfct"`
	TCIndex    abi.Field `c:"tc_index"`
}

// skbSharedLayout is struct skb_shared_info, behind a buffer's memory.
type skbSharedLayout struct {
	Size     uint32    `c:"(sizeof)"`
	Dataref  abi.Field `c:"dataref"`
	NrFrags  abi.Field `c:"nr_frags"`
	FragList abi.Field `c:"frag_list"`
	Frags    abi.Field `c:"frags"`
}

type skbFragLayout struct {
	Size       uint32    `c:"(sizeof)"`
	Page       abi.Field `c:"page"`
	PageOffset abi.Field `c:"page_offset"`
	Length     abi.Field `c:"size"`
}

type skbHeadLayout struct {
	Size uint32    `c:"(sizeof)"`
	Next abi.Field `c:"next"`
	Prev abi.Field `c:"prev"`
	Qlen abi.Field `c:"qlen"`
}

func skbFunctions() []Function {
	return []Function{
		{Name: "alloc_skb", Fn: func(c *Call) { c.Return(c.Kernel.allocSkb(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "__kfree_skb", Fn: func(c *Call) { c.Kernel.destroySkb(c, c.Arg(0)) }, Level: Full},
		{Name: "skb_clone", Fn: func(c *Call) { c.Return(c.Kernel.cloneSkb(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "skb_over_panic", Fn: skbPanic("skput:over", "skb_over_panic", 92), Level: Full},
		{Name: "skb_under_panic", Fn: skbPanic("skput:under", "skb_under_panic", 109), Level: Full},
		{Name: "___pskb_trim", Fn: pskbTrim, Level: Full},
	}
}

// initSkbQueue is skb_queue_head_init.
func (k *Kernel) initSkbQueue(head uint32) {
	k.listInit(head)
	k.mem.Set(head, k.drv.core.SkbHead.Qlen, 0)
}

// enqueueSkb is __skb_queue_tail.
func (k *Kernel) enqueueSkb(head, skb uint32) {
	k.listAddTail(skb, head)
	k.mem.Set(skb, k.drv.core.Skb.List, head)
	k.mem.Set(head, k.drv.core.SkbHead.Qlen, k.mem.Get(head, k.drv.core.SkbHead.Qlen)+1)
}

// requeueSkb is __skb_queue_head.
func (k *Kernel) requeueSkb(head, skb uint32) {
	k.listAdd(skb, head)
	k.mem.Set(skb, k.drv.core.Skb.List, head)
	k.mem.Set(head, k.drv.core.SkbHead.Qlen, k.mem.Get(head, k.drv.core.SkbHead.Qlen)+1)
}

// dequeueSkb is __skb_dequeue; 0: the queue is empty.
func (k *Kernel) dequeueSkb(head uint32) uint32 {
	skb := k.mem.U32(head)
	if skb == head {
		return 0
	}
	k.unlinkSkb(head, skb)
	return skb
}

// unlinkSkb takes a buffer off a queue.
func (k *Kernel) unlinkSkb(head, skb uint32) {
	lay := &k.drv.core.Skb
	k.listDel(skb)
	k.mem.Set(head, k.drv.core.SkbHead.Qlen, k.mem.Get(head, k.drv.core.SkbHead.Qlen)-1)
	for _, f := range []abi.Field{lay.Next, lay.Prev, lay.List} {
		k.mem.Set(skb, f, 0)
	}
}

// purgeSkbs frees all buffers of a queue.
func (k *Kernel) purgeSkbs(head uint32) {
	for skb := k.dequeueSkb(head); skb != 0; skb = k.dequeueSkb(head) {
		k.freeSkb(skb)
	}
}

// skbAlign is SKB_DATA_ALIGN.
func skbAlign(size uint32) uint32 { return (size + cacheLine - 1) &^ (cacheLine - 1) }

// skbShared is where a buffer's shared information lies.
func (k *Kernel) skbShared(skb uint32) uint32 { return k.mem.Get(skb, k.drv.core.Skb.End) }

// allocSkb is alloc_skb: an empty buffer with at least size bytes of room, one user; 0 without memory.
func (k *Kernel) allocSkb(size, gfp uint32) uint32 {
	const fromInterrupt = 174
	lay, sh := &k.drv.core.Skb, &k.drv.core.Shared
	if k.inInterrupt() && gfp&k.pages.gfp.wait != 0 {
		k.Printk("<3>alloc_skb called nonatomically from interrupt\n")
		k.bug("alloc_skb", "skbuff.c", fromInterrupt)
	}
	skb := k.cacheAlloc(k.mem.U32(k.symbol("skbuff_head_cache")), gfp&^k.pages.gfp.dma)
	if skb == 0 {
		return 0
	}
	size = skbAlign(size)
	data := k.Kmalloc(size+sh.Size, gfp)
	if data == 0 {
		k.cacheFree(k.mem.U32(k.symbol("skbuff_head_cache")), skb)
		return 0
	}
	k.mem.Fill(skb, lay.Size, 0)
	k.mem.Set(skb, lay.Truesize, size+lay.Size)
	for _, f := range []abi.Field{lay.Head, lay.Data, lay.Tail} {
		k.mem.Set(skb, f, data)
	}
	k.mem.Set(skb, lay.End, data+size)
	k.mem.Set(skb, lay.Users, 1)
	k.mem.Set(data+size, sh.Dataref, 1)
	k.mem.Set(data+size, sh.NrFrags, 0)
	k.mem.Set(data+size, sh.FragList, 0)
	return skb
}

// freeSkb is kfree_skb: gives up a use.
func (k *Kernel) freeSkb(skb uint32) {
	users := k.drv.core.Skb.Users
	n := k.mem.Get(skb, users) - 1
	k.mem.Set(skb, users, n)
	if n == 0 {
		k.destroySkb(nil, skb)
	}
}

// destroySkb is __kfree_skb: the last user is gone. c is the guest's call, nil from modelled code.
func (k *Kernel) destroySkb(c *Call, skb uint32) {
	const onList = 315
	lay := &k.drv.core.Skb
	if k.mem.Get(skb, lay.List) != 0 {
		from := uint32(0)
		if c != nil {
			from = c.Caller()
		}
		k.Printk("<4>Warning: kfree_skb passed an skb still on a list (from %08x).\n", from)
		k.bug("__kfree_skb", "skbuff.c", onList)
	}
	k.releaseDst(k.mem.Get(skb, lay.Dst))
	if destructor := k.mem.Get(skb, lay.Destructor); destructor != 0 {
		k.Call(destructor, skb)
	}
	k.releaseSkbData(skb)
	k.cacheFree(k.mem.U32(k.symbol("skbuff_head_cache")), skb)
}

// releaseDst gives up the use of a route (dst_release).
func (k *Kernel) releaseDst(dst uint32) {
	if dst != 0 {
		at := k.drv.core.Dst.Refcnt
		k.mem.Set(dst, at, k.mem.Get(dst, at)-1)
	}
}

// releaseSkbData gives up a buffer's use of its memory: with the last one it goes, and its pages and further buffers
// (skb_release_data).
func (k *Kernel) releaseSkbData(skb uint32) {
	lay, sh := &k.drv.core.Skb, &k.drv.core.Shared
	info := k.skbShared(skb)
	if k.mem.Get(skb, lay.Cloned) != 0 {
		n := k.mem.Get(info, sh.Dataref) - 1
		k.mem.Set(info, sh.Dataref, n)
		if n != 0 {
			return
		}
	}
	for i := range k.mem.Get(info, sh.NrFrags) {
		k.putPage(k.mem.Get(info+sh.Frags.Off+i*k.drv.core.Frag.Size, k.drv.core.Frag.Page))
	}
	k.dropFragList(info)
	k.Kfree(k.mem.Get(skb, lay.Head))
}

// dropFragList frees the buffers that hold the rest of a packet (skb_drop_fraglist).
func (k *Kernel) dropFragList(info uint32) {
	list := k.mem.Get(info, k.drv.core.Shared.FragList)
	k.mem.Set(info, k.drv.core.Shared.FragList, 0)
	for list != 0 {
		next := k.mem.Get(list, k.drv.core.Skb.Next)
		k.freeSkb(list)
		list = next
	}
}

// cloneSkb is skb_clone: another buffer for the same memory; 0 without memory.
func (k *Kernel) cloneSkb(skb, gfp uint32) uint32 {
	lay, sh := &k.drv.core.Skb, &k.drv.core.Shared
	n := k.cacheAlloc(k.mem.U32(k.symbol("skbuff_head_cache")), gfp)
	if n == 0 {
		return 0
	}
	k.mem.Copy(n, skb, lay.Size)
	for _, f := range []abi.Field{lay.Next, lay.Prev, lay.List, lay.Sk, lay.Destructor} {
		k.mem.Set(n, f, 0)
	}
	k.mem.Set(n, lay.Users, 1)
	k.mem.Set(n, lay.Cloned, 1)
	k.mem.Set(skb, lay.Cloned, 1)
	k.holdDst(k.mem.Get(skb, lay.Dst))
	info := k.skbShared(skb)
	k.mem.Set(info, sh.Dataref, k.mem.Get(info, sh.Dataref)+1)
	return n
}

func (k *Kernel) holdDst(dst uint32) {
	if dst != 0 {
		k.mem.Set(dst, k.drv.core.Dst.Refcnt, k.mem.Get(dst, k.drv.core.Dst.Refcnt)+1)
	}
}

// skbPanic models void skb_over_panic(struct sk_buff *skb, int sz, void *here) and skb_under_panic: BUG().
func skbPanic(what, function string, line uint16) func(*Call) {
	return func(c *Call) {
		k, skb := c.Kernel, c.Arg(0)
		name := "<NULL>"
		if dev := k.mem.Get(skb, k.drv.core.Skb.Dev); dev != 0 {
			name = k.netName(dev)
		}
		k.Printk("%s: %08x:%d put:%d dev:%s", what, c.Arg(2), k.mem.Get(skb, k.drv.core.Skb.Len), c.Arg(1), name)
		k.bug(function, "skbuff.c", line)
	}
}

// cutSkb is skb_trim of a buffer without pages.
func (k *Kernel) cutSkb(skb, length uint32) {
	lay := &k.drv.core.Skb
	k.mem.Set(skb, lay.Len, length)
	k.mem.Set(skb, lay.Tail, k.mem.Get(skb, lay.Data)+length)
}

// pskbTrim models int ___pskb_trim(struct sk_buff *skb, unsigned int len, int realloc): cuts a packet that has pages off.
func pskbTrim(c *Call) {
	const sharedLine = 750
	k, skb, length, lay, sh, frag := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.core.Skb, &c.Kernel.drv.core.Shared, &c.Kernel.drv.core.Frag
	head := k.skbHeadLen(skb)
	offset := head
	for i := range k.mem.Get(k.skbShared(skb), sh.NrFrags) {
		at := k.skbShared(skb) + sh.Frags.Off + i*frag.Size
		end := offset + k.mem.Get(at, frag.Length)
		if end > length {
			if k.skbIsCloned(skb) {
				if c.Arg(2) == 0 {
					k.bug("___pskb_trim", "skbuff.c", sharedLine)
				}
				if !k.expandSkb(skb, 0, 0, k.pages.gfp.atomic) {
					c.Fail(abi.ENOMEM)
					return
				}
				at = k.skbShared(skb) + sh.Frags.Off + i*frag.Size
			}
			if length <= offset {
				k.putPage(k.mem.Get(at, frag.Page))
				k.mem.Set(k.skbShared(skb), sh.NrFrags, k.mem.Get(k.skbShared(skb), sh.NrFrags)-1)
			} else {
				k.mem.Set(at, frag.Length, length-offset)
			}
		}
		offset = end
	}
	c.Return(0)
	if length <= head && offset >= length {
		k.cutSkb(skb, length)
		k.mem.Set(skb, lay.DataLen, 0)
		if !k.skbIsCloned(skb) {
			k.dropFragList(k.skbShared(skb))
		}
		return
	}
	k.mem.Set(skb, lay.DataLen, k.mem.Get(skb, lay.DataLen)-(k.mem.Get(skb, lay.Len)-length))
	k.mem.Set(skb, lay.Len, length)
}

// skbHeadLen is how much of a packet is in the buffer itself.
func (k *Kernel) skbHeadLen(skb uint32) uint32 {
	return k.mem.Get(skb, k.drv.core.Skb.Len) - k.mem.Get(skb, k.drv.core.Skb.DataLen)
}

// skbIsCloned tells whether others use the buffer's memory.
func (k *Kernel) skbIsCloned(skb uint32) bool {
	return k.mem.Get(skb, k.drv.core.Skb.Cloned) != 0 && k.mem.Get(k.skbShared(skb), k.drv.core.Shared.Dataref) != 1
}

// putPage gives up a use of a page frame; the last one frees it.
func (k *Kernel) putPage(page uint32) { k.freePage(page, 0) }

func (k *Kernel) getPage(page uint32) {
	k.mem.Set(page, k.lay.Page.Count, k.mem.Get(page, k.lay.Page.Count)+1)
}
