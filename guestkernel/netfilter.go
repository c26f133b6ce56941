// SPDX-License-Identifier: BSD-3-Clause
// Netfilter: hooks on the way of packets, and packets that wait for a program's verdict (2.4.18 net/core/netfilter.c). The
// lists are kept by netproto.go.

package guestkernel

import "ring0/guestkernel/abi"

type hookLayout struct {
	List abi.Field `c:"list"`
	Hook abi.Field `c:"hook"`
}

type hookInfoLayout struct {
	Size   uint32    `c:"(sizeof)"`
	Elem   abi.Field `c:"elem"`
	PF     abi.Field `c:"pf"`
	Hook   abi.Field `c:"hook"`
	InDev  abi.Field `c:"indev"`
	OutDev abi.Field `c:"outdev"`
	OkFn   abi.Field `c:"okfn"`
}

type hookOptionLayout struct {
	Set     abi.Field `c:"set"`
	Get     abi.Field `c:"get"`
	Use     abi.Field `c:"use"`
	Cleanup abi.Field `c:"cleanup_task"`
}

// Verdicts.
const (
	verdictDrop   = 0
	verdictAccept = 1
	verdictStolen = 2
	verdictQueue  = 3
	verdictRepeat = 4
)

func netfilterFunctions() []Function {
	return []Function{
		{Name: "nf_hook_slow", Fn: nfHookSlow, Level: Full},
		{Name: "nf_reinject", Fn: nfReinject, Level: Full},
		{Name: "nf_setsockopt", Fn: func(c *Call) { c.hookOption(true) }, Level: Full},
		{Name: "nf_getsockopt", Fn: func(c *Call) { c.hookOption(false) }, Level: Full},
	}
}

// hookPass is a packet on its way past the hooks of one place.
type hookPass struct {
	c                       *Call
	pf, hook, in, out, okFn uint32
	skbAt                   uint32 // hooks may put another packet there
	head                    uint32
	at                      uint32 // the hook that was asked last
}

func (c *Call) newHookPass(pf, hook, skb uint32) *hookPass {
	k := c.Kernel
	p := &hookPass{c: c, pf: pf, hook: hook, skbAt: c.Alloca(wordSize)}
	p.head = k.drv.sym.NFHooks + (pf*netfilterMax+hook)*k.lay.ListHead.Size
	p.at = p.head
	k.mem.SetU32(p.skbAt, skb)
	return p
}

func (p *hookPass) skb() uint32 { return p.c.Kernel.mem.U32(p.skbAt) }

// iterate asks the hooks behind p.at in turn (nf_iterate). What is no verdict lets the packet pass.
func (p *hookPass) iterate() uint32 {
	k, lay := p.c.Kernel, &p.c.Kernel.drv.proto.Hook
	for p.at = k.mem.U32(p.at); p.at != p.head; p.at = k.mem.U32(p.at) {
		verdict := k.Call(k.mem.Get(p.at-lay.List.Off, lay.Hook), p.hook, p.skbAt, p.in, p.out, p.okFn)
		switch verdict {
		case verdictQueue, verdictStolen, verdictDrop:
			return verdict
		case verdictRepeat:
			p.at = k.mem.U32(p.at + wordSize)
		}
	}
	return verdictAccept
}

// queue hands the packet to the family's queue handler, which gives it back with nf_reinject. Without one it is dropped.
func (p *hookPass) queue() {
	k, lay, skb := p.c.Kernel, &p.c.Kernel.drv.proto.HookInfo, p.skb()
	handler := k.queueHandlerOf(p.pf)
	out := k.mem.U32(handler)
	if out == 0 {
		k.freeSkb(skb)
		return
	}
	info := k.Kmalloc(lay.Size, k.pages.gfp.atomic)
	if info == 0 {
		if k.netRatelimit() {
			k.Printk("<3>OOM queueing packet %08x\n", skb)
		}
		k.freeSkb(skb)
		return
	}
	for _, f := range []struct {
		f abi.Field
		v uint32
	}{{lay.Elem, p.at - k.drv.proto.Hook.List.Off}, {lay.PF, p.pf}, {lay.Hook, p.hook}, {lay.InDev, p.in}, {lay.OutDev, p.out}, {lay.OkFn, p.okFn}} {
		k.mem.Set(info, f.f, f.v)
	}
	for _, dev := range []uint32{p.in, p.out} {
		if dev != 0 {
			k.holdDevice(dev, 1)
		}
	}
	if int32(k.Call(out, skb, info, k.mem.U32(handler+wordSize))) < 0 {
		k.forgetHookInfo(info)
		k.freeSkb(skb)
	}
}

// forgetHookInfo gives back what a packet in a queue held.
func (k *Kernel) forgetHookInfo(info uint32) {
	for _, f := range []abi.Field{k.drv.proto.HookInfo.InDev, k.drv.proto.HookInfo.OutDev} {
		if dev := k.mem.Get(info, f); dev != 0 {
			k.putDevice(dev)
		}
	}
	k.Kfree(info)
}

// nfHookSlow models int nf_hook_slow(int pf, unsigned int hook, struct sk_buff *skb, struct net_device *indev, struct
// net_device *outdev, int (*okfn)(struct sk_buff *)): asks the hooks; a packet that passes goes to okfn, whose answer it
// returns. EPERM for one that is dropped, 0 for one that somebody keeps.
//
// Context: any; softirqs run on the way out.
func nfHookSlow(c *Call) {
	k, skb, lay := c.Kernel, c.Arg(2), &c.Kernel.drv.core.Skb
	c.Return(0)
	if k.mem.Get(skb, lay.DataLen) != 0 && !k.linearizeSkb(skb, k.pages.gfp.atomic) {
		k.freeSkb(skb)
		c.Fail(abi.ENOMEM)
		return
	}
	if k.mem.Get(skb, lay.IPSummed) == checksumHW {
		if c.Arg(4) == 0 {
			k.mem.Set(skb, lay.IPSummed, 0)
		} else {
			k.completeChecksum(skb)
		}
	}
	k.disableBH()
	defer c.enableBH()
	p := c.newHookPass(c.Arg(0), c.Arg(1), skb)
	p.in, p.out, p.okFn = c.Arg(3), c.Arg(4), c.Arg(5)
	switch p.iterate() {
	case verdictAccept:
		c.Return(k.Call(p.okFn, p.skb()))
	case verdictQueue:
		p.queue()
	case verdictDrop:
		k.freeSkb(p.skb())
		c.Fail(abi.EPERM)
	}
}

// nfReinject models void nf_reinject(struct sk_buff *skb, struct nf_info *info, unsigned int verdict): a packet comes back
// from a queue and goes on behind the hook that put it there. Is that hook gone, the packet is dropped.
func nfReinject(c *Call) {
	k, info, verdict, lay := c.Kernel, c.Arg(1), c.Arg(2), &c.Kernel.drv.proto.HookInfo
	k.disableBH()
	p := c.newHookPass(k.mem.Get(info, lay.PF), k.mem.Get(info, lay.Hook), c.Arg(0))
	p.in, p.out, p.okFn = k.mem.Get(info, lay.InDev), k.mem.Get(info, lay.OutDev), k.mem.Get(info, lay.OkFn)
	from, there := k.mem.Get(info, lay.Elem)+k.drv.proto.Hook.List.Off, false
	for at := range k.listMembers("nf_hooks", p.head) {
		there = there || at == from
	}
	switch {
	case !there:
		verdict = verdictDrop
	case verdict == verdictRepeat:
		p.at, verdict = k.mem.U32(from+wordSize), verdictAccept
	default:
		p.at = from
	}
	if verdict == verdictAccept {
		verdict = p.iterate()
	}
	switch verdict {
	case verdictAccept:
		k.Call(p.okFn, p.skb())
	case verdictQueue:
		p.queue()
	case verdictDrop:
		k.freeSkb(p.skb())
	}
	c.enableBH()
	k.forgetHookInfo(info)
}

// hookOption models int nf_setsockopt(struct sock *sk, int pf, int val, char *opt, int len) and nf_getsockopt, whose last is
// int *len: what the module says that registered the option. ENOPROTOOPT without one.
func (c *Call) hookOption(set bool) {
	k, lay, more := c.Kernel, &c.Kernel.drv.lay.NFSockopt, &c.Kernel.drv.proto.HookOption
	low, high, call := lay.GetMin, lay.GetMax, more.Get
	if set {
		low, high, call = lay.SetMin, lay.SetMax, more.Set
	}
	c.Fail(abi.ENOPROTOOPT)
	for at := range k.listMembers("nf_sockopts", k.drv.sym.NFSockopts) {
		ops := at - lay.List.Off
		if v := int32(c.Arg(2)); k.mem.Get(ops, lay.PF) != c.Arg(1) || v < int32(k.mem.Get(ops, low)) || v >= int32(k.mem.Get(ops, high)) {
			continue
		}
		k.add(ops, more.Use, 1)
		c.Return(k.Call(k.mem.Get(ops, call), c.Arg(0), c.Arg(2), c.Arg(3), c.Arg(4)))
		k.add(ops, more.Use, ^uint32(0))
		if t := k.taskAt(k.mem.Get(ops, more.Cleanup)); t != nil {
			k.Wake(t)
		}
		return
	}
}

// nfUnregisterSockopt models void nf_unregister_sockopt(struct nf_sockopt_ops *reg): waits until no option is being used.
func nfUnregisterSockopt(c *Call) {
	k, reg, more := c.Kernel, c.Arg(0), &c.Kernel.drv.proto.HookOption
	for k.mem.Get(reg, more.Use) != 0 {
		k.running.Set(k.lay.Task.State, abi.TaskUninterruptible)
		k.mem.Set(reg, more.Cleanup, k.running.addr)
		k.scheduleCall()
	}
	k.listDel(reg + k.drv.lay.NFSockopt.List.Off)
}
