// SPDX-License-Identifier: BSD-3-Clause
// Queues of packets in front of a device, and the watchdog behind them (2.4.18 net/sched/sch_generic.c): the three bands of
// pfifo_fast, the queue that drops everything, and none.

package guestkernel

import "ring0/guestkernel/abi"

type qdiscLayout struct {
	Size    uint32    `c:"(sizeof)"`
	Enqueue abi.Field `c:"enqueue"`
	Dequeue abi.Field `c:"dequeue"`
	Flags   abi.Field `c:"flags"`
	Ops     abi.Field `c:"ops"`
	Next    abi.Field `c:"next"`
	Refcnt  abi.Field `c:"refcnt"`
	Q       abi.Field `c:"q"`
	Dev     abi.Field `c:"dev"`
	Stats   abi.Field `c:"stats"`
}

type qdiscOpLayout struct {
	PrivSize abi.Field `c:"priv_size"`
	ID       abi.Field `c:"id"`
	Enqueue  abi.Field `c:"enqueue"`
	Dequeue  abi.Field `c:"dequeue"`
	Requeue  abi.Field `c:"requeue"`
	Init     abi.Field `c:"init"`
	Reset    abi.Field `c:"reset"`
	Destroy  abi.Field `c:"destroy"`
}

// What queues answer, and their parts.
const (
	xmitDrop     = 1  // NET_XMIT_DROP
	xmitCN       = 2  // NET_XMIT_CN
	bands        = 3  // of pfifo_fast
	qdiscBuiltin = 1  // TCQ_F_BUILTIN
	dropsInStats = 12 // struct tc_stats: bytes (8), packets, drops
)

func netQueueFunctions() []Function {
	return []Function{
		{Name: "noop_enqueue", Fn: func(c *Call) { c.Kernel.freeSkb(c.Arg(0)); c.Return(xmitCN) }, Level: Full},
		{Name: "noop_dequeue", Fn: func(c *Call) { c.Return(0) }, Level: Full},
		{Name: "noop_requeue", Fn: noopRequeue, Level: Full},
		{Name: "pfifo_fast_enqueue", Fn: pfifoEnqueue, Level: Full},
		{Name: "pfifo_fast_dequeue", Fn: pfifoDequeue, Level: Full},
		{Name: "pfifo_fast_requeue", Fn: pfifoRequeue, Level: Full},
		{Name: "pfifo_fast_init", Fn: pfifoInit, Level: Full},
		{Name: "pfifo_fast_reset", Fn: pfifoReset, Level: Full},
		{Name: "qdisc_restart", Fn: func(c *Call) { c.Return(uint32(c.Kernel.restartQdisc(c.Arg(0)))) }, Level: Full},
		{Name: "qdisc_reset", Fn: func(c *Call) { c.Kernel.resetQdisc(c.Arg(0)) }, Level: Full},
		{Name: "qdisc_destroy", Fn: func(c *Call) { c.Kernel.destroyQdisc(c.Arg(0)) }, Level: Full},
		{Name: "qdisc_create_dflt", Fn: func(c *Call) { c.Return(c.Kernel.newQdisc(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "dev_init_scheduler", Fn: func(c *Call) { c.Kernel.initDevQueue(c.Arg(0)) }, Level: Full},
		{Name: "dev_watchdog", Fn: devWatchdog, Level: Full, Proto: "void dev_watchdog(unsigned long arg)"},
		{Name: "__netdev_watchdog_up", Fn: func(c *Call) { c.Kernel.watchdogUp(c.Arg(0)) }, Level: Full},
	}
}

// bootQdiscs fills in the kernel's own queues and enters pfifo_fast's functions.
func (k *Kernel) bootQdiscs() {
	lay, ops := &k.drv.core.Qdisc, &k.drv.core.QdiscOps
	for _, q := range []struct{ queue, ops, enqueue string }{
		{"noop_qdisc", "noop_qdisc_ops", "noop_enqueue"}, {"noqueue_qdisc", "noqueue_qdisc_ops", ""},
	} {
		at, table := k.symbol(q.queue), k.symbol(q.ops)
		if q.enqueue != "" {
			k.mem.Set(at, lay.Enqueue, k.symbol(q.enqueue))
		}
		k.mem.Set(at, lay.Dequeue, k.symbol("noop_dequeue"))
		k.mem.Set(at, lay.Flags, qdiscBuiltin)
		k.mem.Set(at, lay.Ops, table)
		k.mem.Set(table, ops.Enqueue, k.symbol("noop_enqueue"))
		k.mem.Set(table, ops.Dequeue, k.symbol("noop_dequeue"))
		k.mem.Set(table, ops.Requeue, k.symbol("noop_requeue"))
	}
	fast := k.symbol("pfifo_fast_ops")
	k.setText(fast+ops.ID.Off, ifNameSize, "pfifo_fast")
	k.mem.Set(fast, ops.PrivSize, bands*k.drv.core.SkbHead.Size)
	for _, row := range []struct {
		f    abi.Field
		name string
	}{
		{ops.Enqueue, "pfifo_fast_enqueue"}, {ops.Dequeue, "pfifo_fast_dequeue"}, {ops.Requeue, "pfifo_fast_requeue"},
		{ops.Init, "pfifo_fast_init"}, {ops.Reset, "pfifo_fast_reset"},
	} {
		k.mem.Set(fast, row.f, k.symbol(row.name))
	}
}

// noopRequeue models static int noop_requeue(struct sk_buff *skb, struct Qdisc *qdisc).
func noopRequeue(c *Call) {
	k := c.Kernel
	if k.netRatelimit() {
		k.Printk("<7>%s deferred output. It is buggy.\n", k.netName(k.mem.Get(c.Arg(0), k.drv.core.Skb.Dev)))
	}
	k.freeSkb(c.Arg(0))
	c.Return(xmitCN)
}

// band is where pfifo_fast keeps the packets of a priority, most urgent first.
func (k *Kernel) band(q, i uint32) uint32 {
	return q + k.drv.core.Qdisc.Size + i*k.drv.core.SkbHead.Size
}

func (k *Kernel) bandOf(q, skb uint32) uint32 {
	byPriority := [16]uint32{1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}
	return k.band(q, byPriority[k.mem.Get(skb, k.drv.core.Skb.Priority)&15])
}

// countQueued adds to the packets that a queue says it has.
func (k *Kernel) countQueued(q, n uint32) {
	at := q + k.drv.core.Qdisc.Q.Off
	k.mem.Set(at, k.drv.core.SkbHead.Qlen, k.mem.Get(at, k.drv.core.SkbHead.Qlen)+n)
}

// pfifoEnqueue models static int pfifo_fast_enqueue(struct sk_buff *skb, struct Qdisc *qdisc).
func pfifoEnqueue(c *Call) {
	k, skb, q, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.core.Qdisc
	list := k.bandOf(q, skb)
	if k.mem.Get(list, k.drv.core.SkbHead.Qlen) > k.mem.Get(k.mem.Get(q, lay.Dev), k.drv.lay.NetDevice.TxQueueLen) {
		drops := q + lay.Stats.Off + dropsInStats
		k.mem.SetU32(drops, k.mem.U32(drops)+1)
		k.freeSkb(skb)
		c.Return(xmitDrop)
		return
	}
	k.enqueueSkb(list, skb)
	k.countQueued(q, 1)
	c.Return(0)
}

// pfifoDequeue models static struct sk_buff *pfifo_fast_dequeue(struct Qdisc *qdisc).
func pfifoDequeue(c *Call) {
	k, q := c.Kernel, c.Arg(0)
	c.Return(0)
	for i := range uint32(bands) {
		if skb := k.dequeueSkb(k.band(q, i)); skb != 0 {
			k.countQueued(q, ^uint32(0))
			c.Return(skb)
			return
		}
	}
}

// pfifoRequeue models static int pfifo_fast_requeue(struct sk_buff *skb, struct Qdisc *qdisc).
func pfifoRequeue(c *Call) {
	c.Kernel.requeueSkb(c.Kernel.bandOf(c.Arg(1), c.Arg(0)), c.Arg(0))
	c.Kernel.countQueued(c.Arg(1), 1)
	c.Return(0)
}

// pfifoInit models static int pfifo_fast_init(struct Qdisc *qdisc, struct rtattr *opt).
func pfifoInit(c *Call) {
	for i := range uint32(bands) {
		c.Kernel.initSkbQueue(c.Kernel.band(c.Arg(0), i))
	}
	c.Return(0)
}

// pfifoReset models static void pfifo_fast_reset(struct Qdisc *qdisc): drops what is queued.
func pfifoReset(c *Call) {
	k, q := c.Kernel, c.Arg(0)
	for i := range uint32(bands) {
		k.purgeSkbs(k.band(q, i))
	}
	k.mem.Set(q+k.drv.core.Qdisc.Q.Off, k.drv.core.SkbHead.Qlen, 0)
}

// newQdisc is qdisc_create_dflt: a queue of a kind for a device; 0 without memory or when the kind does not want.
func (k *Kernel) newQdisc(dev, ops uint32) uint32 {
	lay, op := &k.drv.core.Qdisc, &k.drv.core.QdiscOps
	size := lay.Size + k.mem.Get(ops, op.PrivSize)
	q := k.Kmalloc(size, k.pages.gfp.kernel)
	if q == 0 {
		return 0
	}
	k.mem.Fill(q, size, 0)
	k.initSkbQueue(q + lay.Q.Off)
	k.mem.Set(q, lay.Ops, ops)
	k.mem.Set(q, lay.Enqueue, k.mem.Get(ops, op.Enqueue))
	k.mem.Set(q, lay.Dequeue, k.mem.Get(ops, op.Dequeue))
	k.mem.Set(q, lay.Dev, dev)
	k.mem.Set(q, lay.Refcnt, 1)
	if init := k.mem.Get(ops, op.Init); init != 0 && k.Call(init, q, 0) != 0 {
		k.Kfree(q)
		return 0
	}
	return q
}

// resetQdisc is qdisc_reset.
func (k *Kernel) resetQdisc(q uint32) {
	if reset := k.mem.Get(k.mem.Get(q, k.drv.core.Qdisc.Ops), k.drv.core.QdiscOps.Reset); reset != 0 {
		k.Call(reset, q)
	}
}

// destroyQdisc is qdisc_destroy: the last user of a queue that is not built in frees it.
func (k *Kernel) destroyQdisc(q uint32) {
	lay, op := &k.drv.core.Qdisc, &k.drv.core.QdiscOps
	if k.mem.Get(q, lay.Flags)&qdiscBuiltin != 0 {
		return
	}
	n := k.mem.Get(q, lay.Refcnt) - 1
	k.mem.Set(q, lay.Refcnt, n)
	if n != 0 {
		return
	}
	k.resetQdisc(q)
	if destroy := k.mem.Get(k.mem.Get(q, lay.Ops), op.Destroy); destroy != 0 {
		k.Call(destroy, q)
	}
	k.Kfree(q)
}

// initDevQueue is dev_init_scheduler: a device that is not up drops what it should send.
func (k *Kernel) initDevQueue(dev uint32) {
	lay := &k.drv.lay.NetDevice
	k.mem.Set(dev, lay.Qdisc, k.drv.sym.NoopQdisc)
	k.mem.Set(dev, lay.QdiscSleeping, k.drv.sym.NoopQdisc)
	k.initTimer(dev+k.drv.core.Device.WatchdogTimer.Off, k.symbol("dev_watchdog"), dev)
}

// dropDevQueue is dev_shutdown.
func (k *Kernel) dropDevQueue(dev uint32) {
	lay := &k.drv.lay.NetDevice
	q := k.mem.Get(dev, lay.QdiscSleeping)
	k.mem.Set(dev, lay.Qdisc, k.drv.sym.NoopQdisc)
	k.mem.Set(dev, lay.QdiscSleeping, k.drv.sym.NoopQdisc)
	if q != 0 {
		k.destroyQdisc(q)
	}
}

// activateDev is dev_activate: the device gets its queue, if it has not one of its own choice, and packets go out.
func (k *Kernel) activateDev(dev uint32) {
	lay := &k.drv.lay.NetDevice
	noqueue := k.symbol("noqueue_qdisc")
	if k.mem.Get(dev, lay.QdiscSleeping) == k.drv.sym.NoopQdisc {
		q := noqueue
		if k.mem.Get(dev, lay.TxQueueLen) != 0 {
			if q = k.newQdisc(dev, k.symbol("pfifo_fast_ops")); q == 0 {
				k.Printk("<6>%s: activation failed\n", k.netName(dev))
				return
			}
		}
		k.mem.Set(dev, lay.QdiscSleeping, q)
	}
	q := k.mem.Get(dev, lay.QdiscSleeping)
	k.mem.Set(dev, lay.Qdisc, q)
	if q != noqueue {
		k.mem.Set(dev, k.drv.core.Device.TransStart, k.jiffies())
		k.watchdogUp(dev)
	}
}

// deactivateDev is dev_deactivate: what is queued goes nowhere.
func (k *Kernel) deactivateDev(dev uint32) {
	lay := &k.drv.lay.NetDevice
	q := k.mem.Get(dev, lay.Qdisc)
	k.mem.Set(dev, lay.Qdisc, k.drv.sym.NoopQdisc)
	k.resetQdisc(q)
	if k.deleteTimer(dev + k.drv.core.Device.WatchdogTimer.Off) {
		k.putDevice(dev)
	}
}

// runQdisc sends packets until the queue is empty or the driver has enough (qdisc_run).
func (k *Kernel) runQdisc(dev uint32) {
	for k.mem.Get(dev, k.drv.lay.NetDevice.State)&txStopped == 0 && k.restartQdisc(dev) < 0 {
	}
}

// restartQdisc is qdisc_restart: sends one packet. Negative: go on; 0: the queue is empty; positive: later.
func (k *Kernel) restartQdisc(dev uint32) int32 {
	lay, owner := &k.drv.lay.NetDevice, k.drv.lay.NetDevice.XmitLockOwner
	q := k.mem.Get(dev, lay.Qdisc)
	skb := k.Call(k.mem.Get(q, k.drv.core.Qdisc.Dequeue), q)
	if skb == 0 {
		return int32(k.mem.Get(q+k.drv.core.Qdisc.Q.Off, k.drv.core.SkbHead.Qlen))
	}
	if k.mem.Get(dev, owner) == 0 {
		k.freeSkb(skb)
		if k.netRatelimit() {
			k.Printk("<7>Dead loop on netdevice %s, fix it urgently!\n", k.netName(dev))
		}
		return -1
	}
	k.mem.Set(dev, owner, 0)
	sent := false
	if k.mem.Get(dev, lay.State)&txStopped == 0 {
		k.showOutgoing(skb, dev)
		sent = k.Call(k.mem.Get(dev, k.drv.core.Device.HardStartXmit), skb, dev) == 0
	}
	k.mem.Set(dev, owner, 0xffffffff)
	if sent {
		return -1
	}
	q = k.mem.Get(dev, lay.Qdisc)
	k.Call(k.mem.Get(k.mem.Get(q, k.drv.core.Qdisc.Ops), k.drv.core.QdiscOps.Requeue), skb, q)
	k.scheduleDev(dev)
	return 1
}

// scheduleDev is __netif_schedule: net_tx_action runs the queue.
func (k *Kernel) scheduleDev(dev uint32) {
	state := k.drv.lay.NetDevice.State
	if k.mem.Get(dev, state)&txSched != 0 {
		return
	}
	k.mem.Set(dev, state, k.mem.Get(dev, state)|txSched)
	at := k.symbol("softnet_data") + k.drv.core.Softnet.OutputQueue.Off
	k.mem.Set(dev, k.drv.core.Device.NextSched, k.mem.U32(at))
	k.mem.SetU32(at, dev)
	k.raiseSoftirq(softirqNetTx)
}

// watchdogUp is __netdev_watchdog_up: who wants to know that a packet does not get out is told after a while.
func (k *Kernel) watchdogUp(dev uint32) {
	const seconds = 5
	lay := &k.drv.core.Device
	if k.mem.Get(dev, lay.TxTimeout) == 0 {
		return
	}
	if int32(k.mem.Get(dev, lay.WatchdogTimeo)) <= 0 {
		k.mem.Set(dev, lay.WatchdogTimeo, seconds*uint32(k.profile.HZ))
	}
	if !k.startTimer(dev+lay.WatchdogTimer.Off, k.jiffies()+k.mem.Get(dev, lay.WatchdogTimeo)) {
		k.holdDevice(dev, 1)
	}
}

// devWatchdog models static void dev_watchdog(unsigned long arg).
func devWatchdog(c *Call) {
	const running = linkPresent | linkStart
	const noCarrier = 1 << 4
	k, dev, lay, nd := c.Kernel, c.Arg(0), &c.Kernel.drv.core.Device, &c.Kernel.drv.lay.NetDevice
	state := k.mem.Get(dev, nd.State)
	if k.mem.Get(dev, nd.Qdisc) != k.drv.sym.NoopQdisc && state&running == running && state&noCarrier == 0 {
		timeout := k.mem.Get(dev, lay.WatchdogTimeo)
		if state&txStopped != 0 && k.jiffies()-k.mem.Get(dev, lay.TransStart) > timeout {
			k.Printk("<6>NETDEV WATCHDOG: %s: transmit timed out\n", k.netName(dev))
			k.Call(k.mem.Get(dev, lay.TxTimeout), dev)
		}
		if !k.startTimer(dev+lay.WatchdogTimer.Off, k.jiffies()+timeout) {
			k.holdDevice(dev, 1)
		}
	}
	k.putDevice(dev)
}
