// SPDX-License-Identifier: BSD-3-Clause
// What the paths of packets know of the profile, and how they are set up (2.4.18 net/core/dev.c net_dev_init,
// drivers/net/loopback.c).

package guestkernel

import (
	"reflect"

	"ring0/guestkernel/abi"
)

// netcoreState is layouts only: everything else is in guest memory.
type netcoreState struct {
	Skb        skbLayout        `c:"struct sk_buff"`
	Shared     skbSharedLayout  `c:"struct skb_shared_info"`
	Frag       skbFragLayout    `c:"struct skb_frag_struct"`
	SkbHead    skbHeadLayout    `c:"struct sk_buff_head"`
	Dst        dstLayout        `c:"struct dst_entry"`
	Device     netPathLayout    `c:"struct net_device"`
	Softnet    softnetLayout    `c:"struct softnet_data"`
	Qdisc      qdiscLayout      `c:"struct Qdisc"`
	QdiscOps   qdiscOpLayout    `c:"struct Qdisc_ops"`
	Packet     packetLayout     `c:"struct packet_type"`
	NeighTable neighTableLayout `c:"struct neigh_table"`
	Sock       sockMoreLayout   `c:"struct sock"`
	DstMore    dstMoreLayout    `c:"struct dst_entry"`
	DstOps     dstOpsLayout     `c:"struct dst_ops"`
	NeighParms neighParmsLayout `c:"struct neigh_parms"`
	ProtoOps   protoOpsLayout   `c:"struct proto_ops"`
	Msghdr     msghdrLayout     `c:"struct msghdr"`
	Proto      protoLayout      `c:"struct proto"`
	InDevice   inDeviceLayout   `c:"struct in_device"`
	InAddress  inAddressLayout  `c:"struct in_ifaddr"`
	Group      groupLayout      `c:"struct ip_mc_list"`
	DevMC      devMCLayout      `c:"struct dev_mc_list"`
	InetSock   inetSockLayout   `c:"struct sock"`
}

type dstLayout struct {
	Refcnt abi.Field `c:"__refcnt"`
}

// netPathLayout is what packets need of struct net_device besides netDeviceLayout.
type netPathLayout struct {
	NextSched     abi.Field `c:"next_sched"`
	GetStats      abi.Field `c:"get_stats"`
	TransStart    abi.Field `c:"trans_start"`
	LastRx        abi.Field `c:"last_rx"`
	Promiscuity   abi.Field `c:"promiscuity"`
	Allmulti      abi.Field `c:"allmulti"`
	WatchdogTimeo abi.Field `c:"watchdog_timeo"`
	WatchdogTimer abi.Field `c:"watchdog_timer"`
	PollList      abi.Field `c:"poll_list"`
	Quota         abi.Field `c:"quota"`
	Weight        abi.Field `c:"weight"`
	Open          abi.Field `c:"open"`
	HardStartXmit abi.Field `c:"hard_start_xmit"`
	Poll          abi.Field `c:"poll"`
	TxTimeout     abi.Field `c:"tx_timeout"`
	NeighSetup    abi.Field `c:"neigh_setup"`
	RxHook        abi.Field `c:"rx_hook"`
	Owner         abi.Field `c:"owner"`
	BrPort        abi.Field `c:"br_port"`
	McList        abi.Field `c:"mc_list"`
	McCount       abi.Field `c:"mc_count"`
	DoIoctl       abi.Field `c:"do_ioctl"`
	GFlags        abi.Field `c:"gflags"`
	IPPtr         abi.Field `c:"ip_ptr"`
	MemStart      abi.Field `c:"mem_start"`
	MemEnd        abi.Field `c:"mem_end"`
	BaseAddr      abi.Field `c:"base_addr"`
	IRQ           abi.Field `c:"irq"`
	DMA           abi.Field `c:"dma"`
	IfPort        abi.Field `c:"if_port"`
	SetConfig     abi.Field `c:"set_config"`
}

type softnetLayout struct {
	Throttle        abi.Field `c:"throttle"`
	CngLevel        abi.Field `c:"cng_level"`
	AvgBlog         abi.Field `c:"avg_blog"`
	Input           abi.Field `c:"input_pkt_queue"`
	PollList        abi.Field `c:"poll_list"`
	OutputQueue     abi.Field `c:"output_queue"`
	CompletionQueue abi.Field `c:"completion_queue"`
	BlogDev         abi.Field `c:"blog_dev"`
}

type packetLayout struct {
	Type abi.Field `c:"type"`
	Dev  abi.Field `c:"dev"`
	Func abi.Field `c:"func"`
	Data abi.Field `c:"data"`
	Next abi.Field `c:"next"`
}

// Numbers of linux/netdevice.h, linux/if_packet.h.
const (
	softirqNetTx  = 1
	softirqNetRx  = 2
	rxSched       = 1 << 5 // __LINK_STATE_RX_SCHED
	txSched       = 1 << 3 // __LINK_STATE_SCHED
	txStopped     = 1 << 0 // __LINK_STATE_XOFF
	maxBacklog    = 300    // netdev_max_backlog
	backlogWeight = 64     // weight_p
)

// bootNetCore binds the layouts, makes the cache of buffers and the queues of this processor.
func (k *Kernel) bootNetCore() error {
	lays := reflect.ValueOf(&k.drv.core).Elem()
	for i := range lays.NumField() {
		if err := k.profile.Bind(lays.Type().Field(i).Tag.Get("c"), lays.Field(i).Addr().Interface()); err != nil {
			return err
		}
	}
	cache := k.createCache(cacheSpec{name: "skbuff_head_cache", size: k.drv.core.Skb.Size, flags: k.slab.hwAlign})
	if cache == 0 {
		return errNoMemory
	}
	k.mem.SetU32(k.symbol("skbuff_head_cache"), cache)
	queue, lay, dev := k.symbol("softnet_data"), &k.drv.core.Softnet, &k.drv.core.Device
	k.initSkbQueue(queue + lay.Input.Off)
	k.listInit(queue + lay.PollList.Off)
	k.mem.Set(queue, lay.AvgBlog, 10)
	blog := queue + lay.BlogDev.Off
	k.mem.Set(blog, k.drv.lay.NetDevice.State, linkStart)
	k.mem.Set(blog, dev.Weight, backlogWeight)
	k.mem.Set(blog, dev.Poll, k.symbol("process_backlog"))
	k.mem.Set(blog, k.drv.lay.NetDevice.Refcnt, 1)
	k.mem.SetU32(k.symbol("netdev_max_backlog"), maxBacklog)
	k.setSoftirq(softirqNetTx, k.functionAt("net_tx_action"), 0)
	k.setSoftirq(softirqNetRx, k.functionAt("net_rx_action"), 0)
	k.bootQdiscs()
	if err := k.bootSock(); err != nil {
		return err
	}
	return k.bootLoopback()
}

// bootLoopback gives the loopback device its functions and counters.
func (k *Kernel) bootLoopback() error {
	const statsSize, features, addrLen = 92, 1 | 4 | 0x20 | 0x40, 6
	lo, lay, path := k.drv.sym.Loopback, &k.drv.lay.NetDevice, &k.drv.core.Device
	stats := k.Kmalloc(statsSize, k.pages.gfp.kernel)
	if stats == 0 {
		return errNoMemory
	}
	k.mem.Fill(stats, statsSize, 0)
	k.mem.Set(lo, lay.Priv, stats)
	k.mem.Set(lo, lay.AddrLen, addrLen)
	k.mem.Set(lo, lay.Features, features)
	k.mem.Set(lo, lay.XmitLockOwner, 0xffffffff)
	for _, row := range []struct {
		f    abi.Field
		name string
	}{
		{path.HardStartXmit, "loopback_xmit"}, {lay.HardHeader, "eth_header"}, {lay.HardHeaderCache, "eth_header_cache"},
		{lay.HeaderCacheUpdate, "eth_header_cache_update"}, {lay.RebuildHeader, "eth_rebuild_header"},
	} {
		k.mem.Set(lo, row.f, k.symbol(row.name))
	}
	k.initDevQueue(lo)
	return nil
}

// netRandom is net_random: the kernel's own sequence, stirred by the clock.
func (k *Kernel) netRandom() uint32 {
	const multiplier = 69069
	at := k.symbol("net_rand_seed")
	seed := k.mem.U32(at)*multiplier + 1
	k.mem.SetU32(at, seed)
	return seed ^ k.jiffies()
}

// initTimer fills in a timer that is not pending.
func (k *Kernel) initTimer(timer, fn, data uint32) {
	lay := &k.lay.Timer
	k.mem.SetU32(timer+lay.List.Off, 0)
	k.mem.SetU32(timer+lay.List.Off+4, 0)
	k.mem.Set(timer, lay.Function, fn)
	k.mem.Set(timer, lay.Data, data)
}

// startTimer is mod_timer: it tells whether the timer was pending.
func (k *Kernel) startTimer(timer, expires uint32) bool {
	k.mem.Set(timer, k.lay.Timer.Expires, expires)
	pending := k.detachTimer(timer)
	k.enterTimer(timer)
	return pending
}
