// SPDX-License-Identifier: BSD-3-Clause
// Registration of protocols: socket families, packet types, IP protocols, netfilter hooks, queueing disciplines
// (2.4.18 net/socket.c, net/core/dev.c, net/ipv4/protocol.c, net/core/netfilter.c, net/sched/sch_api.c, cls_api.c).
//
// The lists are kept. Sockets use those of families; what no packet and no call walks says so.

package guestkernel

import "ring0/guestkernel/abi"

// Sizes of the kernel's tables.
const (
	netFamilies  = 32 // NPROTO
	netfilterMax = 8  // NF_MAX_HOOKS
	ptypeHash    = 16
	inetHash     = 32 // MAX_INET_PROTOS
	ethPAll      = 3  // ETH_P_ALL
	tcKindSize   = 16
)

func netProtoFunctions() []Function {
	const unused = "nothing uses the list"
	return []Function{
		{Name: "sock_register", Fn: sockRegister, Level: Full},
		{Name: "sock_unregister", Fn: sockUnregister, Level: Full},
		{Name: "dev_add_pack", Fn: devAddPack, Level: Partial, Note: unused},
		{Name: "dev_remove_pack", Fn: devRemovePack, Level: Full},
		{Name: "inet_add_protocol", Fn: inetAddProtocol, Level: Partial, Note: unused},
		{Name: "inet_del_protocol", Fn: inetDelProtocol, Level: Full},
		{Name: "nf_register_hook", Fn: nfRegisterHook, Level: Partial, Note: "only what modules send passes hooks"},
		{Name: "nf_unregister_hook", Fn: func(c *Call) { c.Kernel.listDel(c.Arg(0) + c.Kernel.drv.lay.NFHook.List.Off) }, Level: Full},
		{Name: "nf_register_sockopt", Fn: nfRegisterSockopt, Level: Full},
		{Name: "nf_unregister_sockopt", Fn: nfUnregisterSockopt, Level: Full},
		{Name: "nf_register_queue_handler", Fn: nfRegisterQueueHandler, Level: Full},
		{Name: "nf_unregister_queue_handler", Fn: nfUnregisterQueueHandler, Level: Full},
		{Name: "register_qdisc", Fn: registerQdisc, Level: Partial, Note: unused},
		{Name: "unregister_qdisc", Fn: unregisterQdisc, Level: Full},
		{Name: "register_tcf_proto_ops", Fn: registerTCFProto, Level: Partial, Note: unused},
		{Name: "unregister_tcf_proto_ops", Fn: unregisterTCFProto, Level: Full},
	}
}

// bootNetProto registers the families that are built in and empties the lists.
func (k *Kernel) bootNetProto() error {
	s := &k.drv.sym
	for i := range uint32(netFamilies * netfilterMax) {
		k.listInit(s.NFHooks + i*k.lay.ListHead.Size)
	}
	k.listInit(s.NFSockopts)
	for _, f := range []struct {
		number      uint32
		ops, create string
	}{{1, "unix_family_ops", "unix_create"}, {2, "inet_family_ops", "inet_create"}, {16, "netlink_family_ops", "netlink_create"},
		{17, "packet_family_ops", "packet_create"}} {
		if ops, ok := k.profile.Symbol(f.ops); ok {
			k.mem.Set(ops, k.drv.lay.NetFamily.Family, f.number)
			k.mem.Set(ops, k.drv.lay.NetFamily.Create, k.symbol(f.create))
			k.mem.SetU32(s.NetFamilies+f.number*wordSize, ops)
		}
	}
	return nil
}

// sockRegister models int sock_register(struct net_proto_family *ops): EEXIST for a family that has one.
func sockRegister(c *Call) {
	k, ops := c.Kernel, c.Arg(0)
	family := k.mem.Get(ops, k.drv.lay.NetFamily.Family)
	if int32(family) >= netFamilies {
		k.Printk("<2>protocol %d >= NPROTO(%d)\n", int32(family), netFamilies)
		c.Fail(abi.ENOBUFS)
		return
	}
	at := k.drv.sym.NetFamilies + family*wordSize
	if k.mem.U32(at) != 0 {
		c.Fail(abi.EEXIST)
		return
	}
	k.mem.SetU32(at, ops)
	c.Return(0)
}

// sockUnregister models int sock_unregister(int family): -1 for a number that is none.
func sockUnregister(c *Call) {
	if c.Arg(0) >= netFamilies {
		c.Return(0xffffffff)
		return
	}
	c.Kernel.mem.SetU32(c.Kernel.drv.sym.NetFamilies+c.Arg(0)*wordSize, 0)
	c.Return(0)
}

// packetList is the list that a packet type belongs to, by its protocol in network order.
func (k *Kernel) packetList(pt uint32) (head uint32, all bool) {
	t := k.mem.Get(pt, k.drv.lay.PacketType.Type)
	t = t>>8&0xff | t<<8&0xff00
	if t == ethPAll {
		return k.drv.sym.PtypeAll, true
	}
	return k.drv.sym.PtypeBase + t%ptypeHash*wordSize, false
}

// devAddPack models void dev_add_pack(struct packet_type *pt).
func devAddPack(c *Call) {
	k := c.Kernel
	head, all := k.packetList(c.Arg(0))
	if all {
		k.mem.SetU32(k.drv.sym.NetdevNit, k.mem.U32(k.drv.sym.NetdevNit)+1)
	}
	k.push(head, c.Arg(0), k.drv.lay.PacketType.Next)
}

// devRemovePack models void dev_remove_pack(struct packet_type *pt).
func devRemovePack(c *Call) {
	k, pt, next := c.Kernel, c.Arg(0), c.Kernel.drv.lay.PacketType.Next
	head, all := k.packetList(pt)
	if all {
		k.mem.SetU32(k.drv.sym.NetdevNit, k.mem.U32(k.drv.sym.NetdevNit)-1)
	}
	word := k.wordOf("the list of packet types", head, next, pt)
	if word == 0 {
		k.Printk("<4>dev_remove_pack: %08x not found.\n", pt)
		return
	}
	k.mem.SetU32(word, k.mem.Get(pt, next))
}

// inetAddProtocol models void inet_add_protocol(struct inet_protocol *prot): two handlers of one protocol both get copies.
func inetAddProtocol(c *Call) {
	k, prot, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.InetProto
	number := k.mem.Get(prot, lay.Protocol)
	head := k.drv.sym.InetProtos + number%inetHash*wordSize
	k.push(head, prot, lay.Next)
	k.mem.Set(prot, lay.Copy, 0)
	for _, p := range k.links("inet_protos", prot+lay.Next.Off, lay.Next) {
		if p != 0 && k.mem.Get(p, lay.Protocol) == number {
			k.mem.Set(prot, lay.Copy, 1)
			return
		}
	}
}

// inetDelProtocol models int inet_del_protocol(struct inet_protocol *prot): -1 when it is not there.
func inetDelProtocol(c *Call) {
	k, prot, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.InetProto
	head := k.drv.sym.InetProtos + k.mem.Get(prot, lay.Protocol)%inetHash*wordSize
	word := k.wordOf("inet_protos", head, lay.Next, prot)
	if word == 0 {
		c.Return(0xffffffff)
		return
	}
	k.mem.SetU32(word, k.mem.Get(prot, lay.Next))
	c.Return(0)
}

// nfRegisterHook models int nf_register_hook(struct nf_hook_ops *reg): before the first of a higher priority number.
func nfRegisterHook(c *Call) {
	k, reg, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.NFHook
	head := k.drv.sym.NFHooks + (k.mem.Get(reg, lay.PF)*netfilterMax+k.mem.Get(reg, lay.Hooknum))*k.lay.ListHead.Size
	before := head
	for at := range k.listMembers("nf_hooks", head) {
		if int32(k.mem.Get(reg, lay.Priority)) < int32(k.mem.Get(at-lay.List.Off, lay.Priority)) {
			before = at
			break
		}
	}
	k.listAddTail(reg+lay.List.Off, before)
	c.Return(0)
}

// nfRegisterSockopt models int nf_register_sockopt(struct nf_sockopt_ops *reg): EBUSY for option numbers that are taken.
func nfRegisterSockopt(c *Call) {
	k, reg, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.NFSockopt
	overlap := func(ops uint32, low, high abi.Field) bool {
		return int32(k.mem.Get(ops, high)) > int32(k.mem.Get(reg, low)) && int32(k.mem.Get(ops, low)) < int32(k.mem.Get(reg, high))
	}
	for at := range k.listMembers("nf_sockopts", k.drv.sym.NFSockopts) {
		ops := at - lay.List.Off
		if k.mem.Get(ops, lay.PF) != k.mem.Get(reg, lay.PF) {
			continue
		}
		if overlap(ops, lay.SetMin, lay.SetMax) || overlap(ops, lay.GetMin, lay.GetMax) {
			c.Fail(abi.EBUSY)
			return
		}
	}
	k.listAdd(reg+lay.List.Off, k.drv.sym.NFSockopts)
	c.Return(0)
}

// queueHandlerOf is the entry of a protocol family: function, data.
func (k *Kernel) queueHandlerOf(pf uint32) uint32 { return k.symbol("queue_handler") + pf*2*wordSize }

// nfRegisterQueueHandler models int nf_register_queue_handler(int pf, nf_queue_outfn_t outfn, void *data): EBUSY for a family
// that has one.
func nfRegisterQueueHandler(c *Call) {
	k, at := c.Kernel, c.Kernel.queueHandlerOf(c.Arg(0))
	if k.mem.U32(at) != 0 {
		c.Fail(abi.EBUSY)
		return
	}
	k.mem.SetU32(at, c.Arg(1))
	k.mem.SetU32(at+wordSize, c.Arg(2))
	c.Return(0)
}

// nfUnregisterQueueHandler models int nf_unregister_queue_handler(int pf).
func nfUnregisterQueueHandler(c *Call) {
	c.Kernel.mem.SetU64(c.Kernel.queueHandlerOf(c.Arg(0)), 0)
	c.Return(0)
}

// registerQdisc models int register_qdisc(struct Qdisc_ops *qops): EEXIST for an id that is taken. What it lacks it gets
// from the discipline that drops everything.
func registerQdisc(c *Call) {
	k, qops, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.QdiscOps
	id := k.text16(qops + lay.ID.Off)
	for word, q := range k.links("qdisc_base", k.drv.sym.QdiscBase, lay.Next) {
		if q != 0 && k.text16(q+lay.ID.Off) == id {
			c.Fail(abi.EEXIST)
			return
		}
		if q != 0 {
			continue
		}
		for _, f := range []struct {
			field abi.Field
			noop  string
		}{{lay.Enqueue, "noop_enqueue"}, {lay.Requeue, "noop_requeue"}, {lay.Dequeue, "noop_dequeue"}} {
			if k.mem.Get(qops, f.field) == 0 {
				k.mem.Set(qops, f.field, k.symbol(f.noop))
			}
		}
		k.mem.Set(qops, lay.Next, 0)
		k.mem.SetU32(word, qops)
		c.Return(0)
	}
}

// unregisterQdisc models int unregister_qdisc(struct Qdisc_ops *qops): ENOENT when it is not there.
func unregisterQdisc(c *Call) {
	c.unlinkOrENOENT("qdisc_base", c.Kernel.drv.sym.QdiscBase, c.Kernel.drv.lay.QdiscOps.Next)
}

// unlinkOrENOENT takes the first argument off a list and clears its link.
func (c *Call) unlinkOrENOENT(what string, head uint32, next abi.Field) {
	k, at := c.Kernel, c.Arg(0)
	word := k.wordOf(what, head, next, at)
	if word == 0 {
		c.Fail(abi.ENOENT)
		return
	}
	k.mem.SetU32(word, k.mem.Get(at, next))
	k.mem.Set(at, next, 0)
	c.Return(0)
}

// registerTCFProto models int register_tcf_proto_ops(struct tcf_proto_ops *ops): EEXIST for a kind that is taken.
func registerTCFProto(c *Call) {
	k, ops, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.TCFProtoOps
	kind := k.text16(ops + lay.Kind.Off)
	for word, t := range k.links("tcf_proto_base", k.drv.sym.TCFProtos, lay.Next) {
		switch {
		case t == 0:
			k.mem.Set(ops, lay.Next, 0)
			k.mem.SetU32(word, ops)
			c.Return(0)
		case k.text16(t+lay.Kind.Off) == kind:
			c.Fail(abi.EEXIST)
			return
		}
	}
}

// unregisterTCFProto models int unregister_tcf_proto_ops(struct tcf_proto_ops *ops).
func unregisterTCFProto(c *Call) {
	k, ops, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.TCFProtoOps
	word := k.wordOf("tcf_proto_base", k.drv.sym.TCFProtos, lay.Next, ops)
	if word == 0 {
		c.Fail(abi.ENOENT)
		return
	}
	k.mem.SetU32(word, k.mem.Get(ops, lay.Next))
	c.Return(0)
}
