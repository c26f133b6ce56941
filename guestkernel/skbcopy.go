// SPDX-License-Identifier: BSD-3-Clause
// Copying, enlarging and summing socket buffers (2.4.18 net/core/skbuff.c).

package guestkernel

import "ring0/guestkernel/abi"

func skbCopyFunctions() []Function {
	return []Function{
		{Name: "skb_copy", Fn: func(c *Call) { c.Return(c.Kernel.copySkb(c.Arg(0), skbRoom{}, c.Arg(1))) }, Level: Full},
		{Name: "skb_copy_expand", Fn: skbCopyExpand, Level: Full},
		{Name: "pskb_copy", Fn: func(c *Call) { c.Return(c.Kernel.copySkb(c.Arg(0), skbRoom{}, c.Arg(1))) }, Level: Partial, Note: "copies pages too, instead of sharing them"},
		{Name: "pskb_expand_head", Fn: pskbExpandHead, Level: Full},
		{Name: "skb_realloc_headroom", Fn: skbReallocHeadroom, Level: Full},
		{Name: "skb_linearize", Fn: skbLinearize, Level: Full},
		{Name: "__pskb_pull_tail", Fn: pskbPullTail, Level: Full},
		{Name: "skb_copy_bits", Fn: skbCopyBits, Level: Full},
		{Name: "skb_checksum", Fn: skbChecksum, Level: Full},
		{Name: "skb_copy_and_csum_bits", Fn: skbCopyAndSum, Level: Full},
		{Name: "skb_copy_and_csum_dev", Fn: skbCopyAndSumDev, Level: Full},
	}
}

// skbBytes is the n bytes of a packet from offset on, which may be negative as far as there is headroom; false: there are
// not as many.
func (k *Kernel) skbBytes(skb uint32, offset int32, n uint32) ([]byte, bool) {
	lay, sh, frag := &k.drv.core.Skb, &k.drv.core.Shared, &k.drv.core.Frag
	if int64(offset)+int64(n) > int64(k.mem.Get(skb, lay.Len)) {
		return nil, false
	}
	out := make([]byte, 0, n)
	take := func(at uint32, length int32) { // the piece has length bytes from position 0 on
		if offset < length && n > 0 {
			m := min(uint32(length-offset), n)
			out = append(out, k.mem.Bytes(at+uint32(offset), m)...)
			offset, n = offset+int32(m), n-m
		}
		offset -= length
	}
	take(k.mem.Get(skb, lay.Data), int32(k.skbHeadLen(skb)))
	info := k.skbShared(skb)
	for i := range k.mem.Get(info, sh.NrFrags) {
		at := info + sh.Frags.Off + i*frag.Size
		take(k.pageAddress(k.mem.Get(at, frag.Page))+k.mem.Get(at, frag.PageOffset), int32(k.mem.Get(at, frag.Length)))
	}
	for list := k.mem.Get(info, sh.FragList); list != 0 && n > 0; list = k.mem.Get(list, lay.Next) {
		length := int32(k.mem.Get(list, lay.Len))
		if offset < length {
			m := min(uint32(length-offset), n)
			part, ok := k.skbBytes(list, offset, m)
			if !ok {
				return nil, false
			}
			out = append(out, part...)
			offset, n = offset+int32(m), n-m
		}
		offset -= length
	}
	return out, n == 0
}

// skbRoom is how much more room a copy has than its original, in front and behind; set says that it is not more but all.
type skbRoom struct {
	head, tail uint32
	exact      bool
}

// copySkb is a private copy of a packet in one piece; 0 without memory.
func (k *Kernel) copySkb(skb uint32, room skbRoom, gfp uint32) uint32 {
	lay := &k.drv.core.Skb
	head := k.mem.Get(skb, lay.Data) - k.mem.Get(skb, lay.Head)
	size := k.mem.Get(skb, lay.End) - k.mem.Get(skb, lay.Head) + k.mem.Get(skb, lay.DataLen)
	length := k.mem.Get(skb, lay.Len)
	before := head
	if room.exact {
		before, size = 0, room.head+length+room.tail
		head = room.head
	}
	n := k.allocSkb(size, gfp)
	if n == 0 {
		return 0
	}
	data := k.mem.Get(n, lay.Head) + head
	k.mem.Set(n, lay.Data, data)
	k.mem.Set(n, lay.Len, length)
	k.mem.Set(n, lay.Tail, data+length)
	k.mem.Set(n, lay.Csum, k.mem.Get(skb, lay.Csum))
	k.mem.Set(n, lay.IPSummed, k.mem.Get(skb, lay.IPSummed))
	bytes, ok := k.skbBytes(skb, -int32(before), before+length)
	if !ok {
		const line = 483
		k.bug("skb_copy", "skbuff.c", line)
	}
	k.mem.Write(data-before, bytes)
	k.copySkbHeader(n, skb)
	return n
}

// copySkbHeader is what a copy has of its original besides data (copy_skb_header).
func (k *Kernel) copySkbHeader(n, skb uint32) {
	lay := &k.drv.core.Skb
	shift := k.mem.Get(n, lay.Data) - k.mem.Get(skb, lay.Data)
	for _, f := range []abi.Field{lay.H, lay.Nh, lay.Mac} {
		k.mem.Set(n, f, k.mem.Get(skb, f)+shift)
	}
	for _, f := range []abi.Field{lay.Dev, lay.Priority, lay.Protocol, lay.Dst, lay.PktType, lay.Security, lay.Nfmark, lay.Nfcache, lay.Nfct, lay.TCIndex} {
		k.mem.Set(n, f, k.mem.Get(skb, f))
	}
	k.mem.Copy(n+lay.Cb.Off, skb+lay.Cb.Off, lay.Cb.Size)
	k.mem.Copy(n+lay.Stamp.Off, skb+lay.Stamp.Off, lay.Stamp.Size)
	k.holdDst(k.mem.Get(skb, lay.Dst))
}

// skbCopyExpand models struct sk_buff *skb_copy_expand(const struct sk_buff *skb, int newheadroom, int newtailroom, int
// gfp_mask).
func skbCopyExpand(c *Call) {
	c.Return(c.Kernel.copySkb(c.Arg(0), skbRoom{head: c.Arg(1), tail: c.Arg(2), exact: true}, c.Arg(3)))
}

// pskbExpandHead models int pskb_expand_head(struct sk_buff *skb, int nhead, int ntail, int gfp_mask).
func pskbExpandHead(c *Call) {
	c.Return(0)
	if !c.Kernel.expandSkb(c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3)) {
		c.Fail(abi.ENOMEM)
	}
}

// expandSkb moves a buffer to memory of its own with more room in front and behind. Nobody else may have the buffer.
func (k *Kernel) expandSkb(skb, head, tail, gfp uint32) bool {
	const sharedLine = 625
	lay, sh, frag := &k.drv.core.Skb, &k.drv.core.Shared, &k.drv.core.Frag
	if k.mem.Get(skb, lay.Users) != 1 {
		k.bug("pskb_expand_head", "skbuff.c", sharedLine)
	}
	old, end := k.mem.Get(skb, lay.Head), k.mem.Get(skb, lay.End)
	size := skbAlign(head + end - old + tail)
	data := k.Kmalloc(size+sh.Size, gfp)
	if data == 0 {
		return false
	}
	k.mem.Copy(data+head, old, k.mem.Get(skb, lay.Tail)-old)
	k.mem.Copy(data+size, end, sh.Size)
	for i := range k.mem.Get(end, sh.NrFrags) {
		k.getPage(k.mem.Get(end+sh.Frags.Off+i*frag.Size, frag.Page))
	}
	for list := k.mem.Get(end, sh.FragList); list != 0; list = k.mem.Get(list, lay.Next) {
		k.mem.Set(list, lay.Users, k.mem.Get(list, lay.Users)+1)
	}
	k.releaseSkbData(skb)
	for _, f := range []abi.Field{lay.Data, lay.Tail, lay.Mac, lay.H, lay.Nh} {
		k.mem.Set(skb, f, k.mem.Get(skb, f)+data+head-old)
	}
	k.mem.Set(skb, lay.Head, data)
	k.mem.Set(skb, lay.End, data+size)
	k.mem.Set(skb, lay.Cloned, 0)
	k.mem.Set(data+size, sh.Dataref, 1)
	return true
}

// skbReallocHeadroom models struct sk_buff *skb_realloc_headroom(struct sk_buff *skb, unsigned int headroom): a clone, which
// gets memory of its own when there is less room in front.
func skbReallocHeadroom(c *Call) {
	k, skb, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.core.Skb
	n := k.cloneSkb(skb, k.pages.gfp.atomic)
	c.Return(n)
	have := k.mem.Get(skb, lay.Data) - k.mem.Get(skb, lay.Head)
	if n == 0 {
		return
	}
	more := uint32(0)
	if c.Arg(1) > have {
		more = skbAlign(c.Arg(1) - have)
	}
	if !k.expandSkb(n, more, 0, k.pages.gfp.atomic) {
		k.freeSkb(n)
		c.Return(0)
	}
}

// skbLinearize models int skb_linearize(struct sk_buff *skb, int gfp_mask): all of the packet into the buffer itself.
func skbLinearize(c *Call) {
	c.Return(0)
	if !c.Kernel.linearizeSkb(c.Arg(0), c.Arg(1)) {
		c.Fail(abi.ENOMEM)
	}
}

func (k *Kernel) linearizeSkb(skb, gfp uint32) bool {
	lay, sh := &k.drv.core.Skb, &k.drv.core.Shared
	old, data := k.mem.Get(skb, lay.Head), k.mem.Get(skb, lay.Data)
	length, head := k.mem.Get(skb, lay.Len), data-old
	size := skbAlign(head + length)
	bytes, ok := k.skbBytes(skb, -int32(head), head+length)
	to := k.Kmalloc(size+sh.Size, gfp)
	if !ok || to == 0 {
		k.Kfree(to)
		return false
	}
	k.mem.Write(to, bytes)
	k.releaseSkbData(skb)
	k.mem.Set(to+size, sh.Dataref, 1)
	k.mem.Set(to+size, sh.NrFrags, 0)
	k.mem.Set(to+size, sh.FragList, 0)
	for _, f := range []abi.Field{lay.Data, lay.Mac, lay.H, lay.Nh} {
		k.mem.Set(skb, f, k.mem.Get(skb, f)+to-old)
	}
	k.mem.Set(skb, lay.Head, to)
	k.mem.Set(skb, lay.End, to+size)
	k.mem.Set(skb, lay.Tail, to+head+length)
	k.mem.Set(skb, lay.DataLen, 0)
	k.mem.Set(skb, lay.Cloned, 0)
	return true
}

// pskbPullTail models unsigned char *__pskb_pull_tail(struct sk_buff *skb, int delta): delta more bytes into the buffer
// itself. Returns the new tail, NULL without memory. All that the packet has elsewhere comes along when delta is less.
func pskbPullTail(c *Call) {
	k, skb, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.core.Skb
	tail := k.skbHeadLen(skb) + c.Arg(1)
	c.Return(0)
	if tail > k.mem.Get(skb, lay.Len) {
		const line = 824
		k.bug("__pskb_pull_tail", "skbuff.c", line)
	}
	if k.linearizeSkb(skb, k.pages.gfp.atomic) {
		c.Return(k.mem.Get(skb, lay.Tail))
	}
}

// skbCopyBits models int skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int len): EFAULT beyond the end.
func skbCopyBits(c *Call) {
	b, ok := c.Kernel.skbBytes(c.Arg(0), int32(c.Arg(1)), c.Arg(3))
	if !ok {
		c.Fail(abi.EFAULT)
		return
	}
	c.Kernel.mem.Write(c.Arg(2), b)
	c.Return(0)
}

// sumBytes adds bytes to a 32-bit partial checksum, as csum_partial does.
func sumBytes(b []byte, sum uint32) uint32 {
	total := uint64(sum)
	for i, v := range b {
		total += uint64(v) << (8 * (i & 1))
	}
	for total>>32 != 0 {
		total = total>>32 + total&0xffffffff
	}
	return uint32(total)
}

// skbChecksum models unsigned int skb_checksum(const struct sk_buff *skb, int offset, int len, unsigned int csum).
func skbChecksum(c *Call) {
	b, ok := c.Kernel.skbBytes(c.Arg(0), int32(c.Arg(1)), c.Arg(2))
	if !ok {
		const line = 1069
		c.Kernel.bug("skb_checksum", "skbuff.c", line)
	}
	c.Return(sumBytes(b, c.Arg(3)))
}

// skbCopyAndSum models unsigned int skb_copy_and_csum_bits(const struct sk_buff *skb, int offset, u8 *to, int len, unsigned
// int csum).
func skbCopyAndSum(c *Call) {
	b, ok := c.Kernel.skbBytes(c.Arg(0), int32(c.Arg(1)), c.Arg(3))
	if !ok {
		const line = 1147
		c.Kernel.bug("skb_copy_and_csum_bits", "skbuff.c", line)
	}
	c.Kernel.mem.Write(c.Arg(2), b)
	c.Return(sumBytes(b, c.Arg(4)))
}

// checksumHW is CHECKSUM_HW: the device, or who stands for it, computes the sum.
const checksumHW = 1

// skbCopyAndSumDev models void skb_copy_and_csum_dev(const struct sk_buff *skb, u8 *to): with the checksum in its place.
func skbCopyAndSumDev(c *Call) {
	k, skb, to, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.core.Skb
	length := k.mem.Get(skb, lay.Len)
	b, ok := k.skbBytes(skb, 0, length)
	start := k.skbHeadLen(skb)
	if k.mem.Get(skb, lay.IPSummed) == checksumHW {
		start = k.mem.Get(skb, lay.H) - k.mem.Get(skb, lay.Data)
	}
	if !ok || start > k.skbHeadLen(skb) {
		const line = 1162
		k.bug("skb_copy_and_csum_dev", "skbuff.c", line)
	}
	k.mem.Write(to, b)
	if k.mem.Get(skb, lay.IPSummed) == checksumHW {
		sum := sumBytes(b[start:], 0)
		sum = sum>>16 + sum&0xffff
		sum += sum >> 16
		k.mem.SetU16(to+start+k.mem.Get(skb, lay.Csum), ^uint16(sum))
	}
}
