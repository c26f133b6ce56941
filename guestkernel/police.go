// SPDX-License-Identifier: BSD-3-Clause
// Rates of traffic: tables of transmission times, estimators, policers (2.4.18 net/sched/sch_api.c, estimator.c, police.c,
// net/pkt_sched.h). Time is in ticks, as in this configuration.

package guestkernel

import (
	"bytes"

	"ring0/guestkernel/abi"
)

type rateTableLayout struct {
	Size   uint32    `c:"(sizeof)"`
	Rate   abi.Field `c:"rate"`
	Data   abi.Field `c:"data"`
	Next   abi.Field `c:"next"`
	Refcnt abi.Field `c:"refcnt"`
}

type policeLayout struct {
	Size     uint32    `c:"(sizeof)"`
	Next     abi.Field `c:"next"`
	Refcnt   abi.Field `c:"refcnt"`
	Index    abi.Field `c:"index"`
	Action   abi.Field `c:"action"`
	Result   abi.Field `c:"result"`
	EwmaRate abi.Field `c:"ewma_rate"`
	Burst    abi.Field `c:"burst"`
	Mtu      abi.Field `c:"mtu"`
	Tokens   abi.Field `c:"toks"`
	PTokens  abi.Field `c:"ptoks"`
	Lock     abi.Field `c:"lock"`
	RateTab  abi.Field `c:"R_tab"`
	PeakTab  abi.Field `c:"P_tab"`
	Stats    abi.Field `c:"stats"`
}

type trafficStatsLayout struct {
	Bytes      abi.Field `c:"bytes"`
	Packets    abi.Field `c:"packets"`
	Overlimits abi.Field `c:"overlimits"`
	BPS        abi.Field `c:"bps"`
	PPS        abi.Field `c:"pps"`
	Lock       abi.Field `c:"lock"`
}

// struct tc_ratespec, struct tc_police, and attributes.
const (
	rateSpecSize   = 12
	rateSpecCell   = 0 // cell_log
	rateSpecRate   = 8
	rateTableData  = 1024
	policeIndex    = 0
	policeAction   = 4
	policeBurst    = 12
	policeMtu      = 16
	policeRate     = 20
	policePeak     = 32
	policeParmSize = 44
	attrPolice     = 1 // TCA_POLICE_TBF; then RATE, PEAKRATE, AVRATE, RESULT
	attrPoliceRate = 2
	attrPolicePeak = 3
	attrPoliceAvg  = 4
	attrPoliceRes  = 5
	attrStats      = 3 // TCA_STATS
	policeBuckets  = 16
)

func policeFunctions() []Function {
	return []Function{
		{Name: "qdisc_get_rtab", Fn: func(c *Call) { c.Return(c.Kernel.rateTable(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "qdisc_put_rtab", Fn: func(c *Call) { c.Kernel.putRateTable(c.Arg(0)) }, Level: Full},
		{Name: "qdisc_copy_stats", Fn: qdiscCopyStats, Level: Full},
		{Name: "tcf_police_locate", Fn: func(c *Call) { c.Return(c.Kernel.locatePolicer(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "tcf_police_destroy", Fn: func(c *Call) { c.Kernel.destroyPolicer(c.Arg(0)) }, Level: Full},
		{Name: "tcf_police", Fn: func(c *Call) { c.Return(c.Kernel.police(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "tcf_police_dump", Fn: tcfPoliceDump, Level: Full},
	}
}

// rateTable is struct qdisc_rate_table *qdisc_get_rtab(struct tc_ratespec *r, struct rtattr *tab): one that others use
// already, or a new one. 0 without memory, or when the attribute is not a table of 256 words.
func (k *Kernel) rateTable(spec, attr uint32) uint32 {
	lay, list := &k.drv.proto.RateTable, k.symbol("qdisc_rtab_list")
	rate := k.mem.Bytes(spec, rateSpecSize)
	for _, tab := range k.links("qdisc_rtab_list", list, lay.Next) {
		if tab != 0 && bytes.Equal(k.mem.Bytes(tab+lay.Rate.Off, rateSpecSize), rate) {
			k.add(tab, lay.Refcnt, 1)
			return tab
		}
	}
	if attr == 0 || k.mem.U32(spec+rateSpecRate) == 0 || rate[rateSpecCell] == 0 || k.attrLen(attr) != rateTableData {
		return 0
	}
	tab := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if tab != 0 {
		k.mem.Write(tab+lay.Rate.Off, rate)
		k.mem.Set(tab, lay.Refcnt, 1)
		k.mem.Copy(tab+lay.Data.Off, attrData(attr), rateTableData)
		k.push(list, tab, lay.Next)
	}
	return tab
}

// putRateTable is void qdisc_put_rtab(struct qdisc_rate_table *tab).
func (k *Kernel) putRateTable(tab uint32) {
	lay := &k.drv.proto.RateTable
	if tab == 0 {
		return
	}
	n := k.mem.Get(tab, lay.Refcnt) - 1
	if k.mem.Set(tab, lay.Refcnt, n); n != 0 {
		return
	}
	if word := k.wordOf("qdisc_rtab_list", k.symbol("qdisc_rtab_list"), lay.Next, tab); word != 0 {
		k.mem.SetU32(word, k.mem.Get(tab, lay.Next))
		k.Kfree(tab)
	}
}

// sendTime is how long a packet of that length takes by a table (L2T).
func (k *Kernel) sendTime(tab, length uint32) int32 {
	lay := &k.drv.proto.RateTable
	cell := k.mem.U8(tab + lay.Rate.Off + rateSpecCell)
	return int32(k.mem.U32(tab + lay.Data.Off + length>>(cell&31)*wordSize))
}

// qdiscCopyStats models int qdisc_copy_stats(struct sk_buff *skb, struct tc_stats *st): all but the lock as an attribute. -1
// without room.
func qdiscCopyStats(c *Call) {
	c.Return(0)
	if !c.tryAttr(c.Arg(0), attrStats, c.Kernel.mem.Bytes(c.Arg(1), c.Kernel.drv.proto.Traffic.Lock.Off)) {
		c.Return(0xffffffff)
	}
}

// scheduleTime is PSCHED_GET_TIME.
func (k *Kernel) scheduleTime() uint64 {
	return k.mem.U64(k.symbol("psched_time_base")) + uint64(k.jiffies()-k.mem.U32(k.symbol("psched_time_mark")))
}

// policerTime is where a policer keeps when it let a packet pass: t_c, a psched_time_t of 64 bits, behind ptoks.
func (k *Kernel) policerTime(p uint32) uint32 { return p + k.drv.proto.Police.PTokens.Off + wordSize }

func (k *Kernel) policerBucket(index uint32) uint32 {
	return k.symbol("tcf_police_ht") + index%policeBuckets*wordSize
}

// policerOf finds a policer by its number, 0 when there is none.
func (k *Kernel) policerOf(index uint32) uint32 {
	lay := &k.drv.proto.Police
	for _, p := range k.links("tcf_police_ht", k.policerBucket(index), lay.Next) {
		if p != 0 && k.mem.Get(p, lay.Index) == index {
			return p
		}
	}
	return 0
}

// newPolicerIndex is the next number that is free and not 0.
func (k *Kernel) newPolicerIndex() uint32 {
	at := k.symbol("idx_gen")
	for {
		n := k.mem.U32(at) + 1
		if n == 0 {
			n = 1
		}
		if k.mem.SetU32(at, n); k.policerOf(n) == 0 {
			return n
		}
	}
}

// locatePolicer is struct tcf_police *tcf_police_locate(struct rtattr *rta, struct rtattr *est): one with that number, with
// another user, or a new one. 0 for attributes that describe none, and without memory.
func (k *Kernel) locatePolicer(rta, est uint32) uint32 {
	lay := &k.drv.proto.Police
	tb := k.attributes(attrData(rta), int32(k.attrLen(rta)), attrPoliceRes)
	if tb[attrPolice-1] == 0 {
		return 0
	}
	parm := attrData(tb[attrPolice-1])
	index := k.mem.U32(parm + policeIndex)
	if index != 0 {
		if p := k.policerOf(index); p != 0 {
			k.add(p, lay.Refcnt, 1)
			return p
		}
	}
	p := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if p == 0 {
		return 0
	}
	k.mem.Fill(p, lay.Size, 0)
	k.mem.Set(p, lay.Refcnt, 1)
	k.mem.Set(p+lay.Stats.Off, k.drv.proto.Traffic.Lock, p+lay.Lock.Off)
	if !k.policerRates(p, parm, tb) {
		k.putRateTable(k.mem.Get(p, lay.RateTab))
		k.Kfree(p)
		return 0
	}
	k.fillPolicer(p, parm, tb)
	if index == 0 {
		index = k.newPolicerIndex()
	}
	k.mem.Set(p, lay.Index, index)
	if est != 0 {
		k.newEstimator(p+lay.Stats.Off, est)
	}
	k.push(k.policerBucket(index), p, lay.Next)
	return p
}

// policerRates gives a policer the tables of its rate and peak rate; false when one that is asked for is not described.
func (k *Kernel) policerRates(p, parm uint32, tb []uint32) bool {
	lay := &k.drv.proto.Police
	for _, t := range []struct {
		spec, attr uint32
		f          abi.Field
	}{{parm + policeRate, tb[attrPoliceRate-1], lay.RateTab}, {parm + policePeak, tb[attrPolicePeak-1], lay.PeakTab}} {
		if k.mem.U32(t.spec+rateSpecRate) == 0 {
			break // without a rate there is no peak rate
		}
		tab := k.rateTable(t.spec, t.attr)
		if k.mem.Set(p, t.f, tab); tab == 0 {
			return false
		}
	}
	return true
}

// fillPolicer sets what a new policer does.
func (k *Kernel) fillPolicer(p, parm uint32, tb []uint32) {
	const cells = 255
	lay := &k.drv.proto.Police
	for _, o := range []struct {
		attr uint32
		f    abi.Field
	}{{tb[attrPoliceRes-1], lay.Result}, {tb[attrPoliceAvg-1], lay.EwmaRate}} {
		if o.attr != 0 {
			k.mem.Set(p, o.f, k.mem.U32(attrData(o.attr)))
		}
	}
	burst, mtu := k.mem.U32(parm+policeBurst), k.mem.U32(parm+policeMtu)
	if mtu == 0 {
		mtu = ^uint32(0)
		if tab := k.mem.Get(p, lay.RateTab); tab != 0 {
			mtu = cells << (k.mem.U8(tab+k.drv.proto.RateTable.Rate.Off+rateSpecCell) & 31)
		}
	}
	k.mem.Set(p, lay.Burst, burst)
	k.mem.Set(p, lay.Tokens, burst)
	k.mem.Set(p, lay.Mtu, mtu)
	if tab := k.mem.Get(p, lay.PeakTab); tab != 0 {
		k.mem.Set(p, lay.PTokens, uint32(k.sendTime(tab, mtu)))
	}
	k.mem.SetU64(k.policerTime(p), k.scheduleTime())
	k.mem.Set(p, lay.Action, k.mem.U32(parm+policeAction))
}

// destroyPolicer is void tcf_police_destroy(struct tcf_police *p).
func (k *Kernel) destroyPolicer(p uint32) {
	lay := &k.drv.proto.Police
	word := k.wordOf("tcf_police_ht", k.policerBucket(k.mem.Get(p, lay.Index)), lay.Next, p)
	if word == 0 {
		k.Printk("KERNEL: assertion (0) failed at police.c(94)\n")
		return
	}
	k.mem.SetU32(word, k.mem.Get(p, lay.Next))
	k.killEstimators(p + lay.Stats.Off)
	k.putRateTable(k.mem.Get(p, lay.RateTab))
	k.putRateTable(k.mem.Get(p, lay.PeakTab))
	k.Kfree(p)
}

// police is int tcf_police(struct sk_buff *skb, struct tcf_police *p): what to do with a packet, by two buckets of tokens
// that fill with time.
func (k *Kernel) police(skb, p uint32) uint32 {
	lay, st := &k.drv.proto.Police, &k.drv.proto.Traffic
	stats, length := p+lay.Stats.Off, k.mem.Get(skb, k.drv.core.Skb.Len)
	k.mem.SetU64(stats+st.Bytes.Off, k.mem.U64(stats+st.Bytes.Off)+uint64(length))
	k.add(stats, st.Packets, 1)
	average := k.mem.Get(p, lay.EwmaRate)
	rate, mtu, burst := k.mem.Get(p, lay.RateTab), k.mem.Get(p, lay.Mtu), int32(k.mem.Get(p, lay.Burst))
	switch {
	case average != 0 && k.mem.Get(stats, st.BPS) >= average, length > mtu:
	case rate == 0:
		return k.mem.Get(p, lay.Result)
	default:
		now, peak := k.scheduleTime(), int32(0)
		// The bound is unsigned there.
		tokens := int32(min(int64(now-k.mem.U64(k.policerTime(p))), int64(uint32(burst))))
		if tab := k.mem.Get(p, lay.PeakTab); tab != 0 {
			peak = min(tokens+int32(k.mem.Get(p, lay.PTokens)), k.sendTime(tab, mtu)) - k.sendTime(tab, length)
		}
		tokens = min(tokens+int32(k.mem.Get(p, lay.Tokens)), burst) - k.sendTime(rate, length)
		if tokens|peak >= 0 {
			k.mem.SetU64(k.policerTime(p), now)
			k.mem.Set(p, lay.Tokens, uint32(tokens))
			k.mem.Set(p, lay.PTokens, uint32(peak))
			return k.mem.Get(p, lay.Result)
		}
	}
	k.add(stats, st.Overlimits, 1)
	return k.mem.Get(p, lay.Action)
}

// tcfPoliceDump models int tcf_police_dump(struct sk_buff *skb, struct tcf_police *p): a policer as attributes. Returns the
// message's length, or -1 without room, with the message as it was. (The limit, which a policer does not keep, is not set
// there; here it is 0.)
func tcfPoliceDump(c *Call) {
	k, skb, p, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.proto.Police
	length := k.mem.Get(skb, k.drv.core.Skb.Len)
	parm := words(k.mem.Get(p, lay.Index), k.mem.Get(p, lay.Action), 0, k.mem.Get(p, lay.Burst), k.mem.Get(p, lay.Mtu))
	for _, f := range []abi.Field{lay.RateTab, lay.PeakTab} {
		spec := make([]byte, rateSpecSize)
		if tab := k.mem.Get(p, f); tab != 0 {
			k.mem.Read(tab+k.drv.proto.RateTable.Rate.Off, spec)
		}
		parm = append(parm, spec...)
	}
	ok := c.tryAttr(skb, attrPolice, parm)
	for _, o := range []struct {
		kind uint32
		f    abi.Field
	}{{attrPoliceRes, lay.Result}, {attrPoliceAvg, lay.EwmaRate}} {
		if v := k.mem.Get(p, o.f); v != 0 {
			ok = ok && c.tryAttr(skb, o.kind, words(v))
		}
	}
	if !ok {
		k.cutSkb(skb, length)
		c.Return(0xffffffff)
		return
	}
	c.Return(k.mem.Get(skb, k.drv.core.Skb.Len))
}
