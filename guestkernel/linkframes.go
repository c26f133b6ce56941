// SPDX-License-Identifier: BSD-3-Clause
// Headers that clients of the link layer have made for them (2.4.18 net/802/p8022.c, psnap.c, p8023.c, net/ethernet/pe2.c):
// datalink_header(client, packet, destination). The device's own header comes last and in front.

package guestkernel

const (
	unnumbered = 3 // UI, the control byte of 802.2
	etherIPX   = 0x8137
)

func linkFrameFunctions() []Function {
	row := func(name string, fn func(*Call)) Function {
		return Function{Name: name, Fn: fn, Level: Full, Proto: "void " + name + "(struct datalink_proto *dl, struct sk_buff *skb, unsigned char *dest_node)"}
	}
	return []Function{
		row("p8022_datalink_header", func(c *Call) { c.header8022(c.Arg(0)) }),
		row("snap_datalink_header", snapHeader),
		row("p8023_datalink_header", func(c *Call) { c.deviceHeader(ether8023) }),
		row("pEII_datalink_header", etherIIHeader),
	}
}

// deviceHeader has the device put its header in front of the packet, the second argument, for the destination, the third.
func (c *Call) deviceHeader(kind uint32) {
	k, skb := c.Kernel, c.Arg(1)
	dev := k.mem.Get(skb, k.drv.core.Skb.Dev)
	k.Call(k.mem.Get(dev, k.drv.lay.NetDevice.HardHeader), skb, dev, kind, c.Arg(2), 0, k.mem.Get(skb, k.drv.core.Skb.Len))
}

// header8022 is p8022_datalink_header of a client: its number twice, and that there is no connection.
func (c *Call) header8022(client uint32) {
	kind := c.Kernel.mem.U8(client + c.Kernel.drv.lay.Datalink.Type.Off)
	c.Kernel.mem.Write(c.pushSkb(c.Arg(1), header8022Len), []byte{kind, kind, unnumbered})
	c.deviceHeader(ether8023)
}

// snapHeader models static void snap_datalink_header(struct datalink_proto *dl, struct sk_buff *skb, unsigned char
// *dest_node): the client's five bytes, then 802.2 with the number of SNAP.
func snapHeader(c *Call) {
	at := c.pushSkb(c.Arg(1), snapLen)
	c.Kernel.mem.Copy(at, c.Arg(0)+c.Kernel.drv.lay.Datalink.Type.Off, snapLen)
	c.Kernel.mem.Write(c.pushSkb(c.Arg(1), header8022Len), []byte{extendedSAP, extendedSAP, unnumbered})
	c.deviceHeader(ether8023)
}

// etherIIHeader models static void pEII_datalink_header(struct datalink_proto *dl, struct sk_buff *skb, unsigned char
// *dest_node): IPX's own number.
func etherIIHeader(c *Call) {
	k := c.Kernel
	dev := k.mem.Get(c.Arg(1), k.drv.core.Skb.Dev)
	k.mem.Set(c.Arg(1), k.drv.core.Skb.Protocol, swap16(etherIPX))
	if k.mem.Get(dev, k.drv.lay.NetDevice.HardHeader) != 0 {
		c.deviceHeader(etherIPX)
	}
}
