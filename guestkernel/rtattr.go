// SPDX-License-Identifier: BSD-3-Clause
// Attributes of rtnetlink messages: length, type, value, padded to words (2.4.18 net/core/rtnetlink.c, linux/rtnetlink.h).

package guestkernel

const attrHeader = 4 // sizeof(struct rtattr)

func rtattrFunctions() []Function {
	return []Function{
		{Name: "__rta_fill", Fn: rtaFill, Level: Full,
			Proto: "void __rta_fill(struct sk_buff *skb, int attrtype, int attrlen, const void *data)"},
		{Name: "rtattr_parse", Fn: rtattrParse, Level: Full,
			Proto: "int rtattr_parse(struct rtattr **tb, int maxattr, struct rtattr *rta, int len)"},
	}
}

// putSkb is skb_put: room for more bytes at the end of a packet, which must be there. Returns where they go.
func (c *Call) putSkb(skb, n uint32) (at uint32) {
	k, lay := c.Kernel, &c.Kernel.drv.core.Skb
	at = k.mem.Get(skb, lay.Tail)
	k.mem.Set(skb, lay.Tail, at+n)
	k.mem.Set(skb, lay.Len, k.mem.Get(skb, lay.Len)+n)
	if at+n > k.mem.Get(skb, lay.End) {
		k.Call(k.functionAt("skb_over_panic"), skb, n, c.Slot)
	}
	return at
}

// tailRoom is skb_tailroom: nothing where a part of the packet lies elsewhere.
func (k *Kernel) tailRoom(skb uint32) int32 {
	lay := &k.drv.core.Skb
	if k.mem.Get(skb, lay.DataLen) != 0 {
		return 0
	}
	return int32(k.mem.Get(skb, lay.End) - k.mem.Get(skb, lay.Tail))
}

// alignWord rounds up to words (RTA_ALIGN, NLMSG_ALIGN, CMSG_ALIGN).
func alignWord(n uint32) uint32 { return (n + wordSize - 1) &^ (wordSize - 1) }

// rtaFill models void __rta_fill(struct sk_buff *skb, int attrtype, int attrlen, const void *data).
func rtaFill(c *Call) {
	at := c.newAttr(c.Arg(0), c.Arg(1), c.Arg(2))
	c.Kernel.mem.Copy(at, c.Arg(3), c.Arg(2))
}

// newAttr makes an attribute at the end of a message and returns where its value goes. The padding keeps what was there.
func (c *Call) newAttr(skb, kind, length uint32) (value uint32) {
	at := c.putSkb(skb, alignWord(attrHeader+length))
	c.Kernel.mem.SetU16(at, uint16(attrHeader+length))
	c.Kernel.mem.SetU16(at+2, uint16(kind))
	return at + attrHeader
}

// tryAttr is RTA_PUT: false when there is no room.
func (c *Call) tryAttr(skb, kind uint32, value []byte) bool {
	if c.Kernel.tailRoom(skb) < int32(attrHeader+len(value)) {
		return false
	}
	c.Kernel.mem.Write(c.newAttr(skb, kind, uint32(len(value))), value)
	return true
}

// attributes finds attributes by their type, the last of each: their values' places and lengths are in index type-1.
func (k *Kernel) attributes(at uint32, length int32, most uint32) []uint32 {
	found := make([]uint32, most)
	for length >= attrHeader {
		size, kind := uint32(k.mem.U16(at)), uint32(k.mem.U16(at+2))
		if size < attrHeader || int32(size) > length {
			break
		}
		if kind != 0 && kind <= most {
			found[kind-1] = at
		}
		length -= int32(alignWord(size))
		at += alignWord(size)
	}
	return found
}

// attrData and attrLen are RTA_DATA and RTA_PAYLOAD.
func attrData(at uint32) uint32 { return at + attrHeader }

func (k *Kernel) attrLen(at uint32) uint32 { return uint32(k.mem.U16(at)) - attrHeader }

// rtattrParse models int rtattr_parse(struct rtattr *tb[], int maxattr, struct rtattr *rta, int len): 0 always. What is
// damaged ends the list.
func rtattrParse(c *Call) {
	k, most := c.Kernel, c.Arg(1)
	k.mem.Fill(c.Arg(0), most*wordSize, 0)
	for i, at := range k.attributes(c.Arg(2), int32(c.Arg(3)), most) {
		k.mem.SetU32(c.Arg(0)+uint32(i)*wordSize, at)
	}
	c.Return(0)
}
