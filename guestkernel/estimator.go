// SPDX-License-Identifier: BSD-3-Clause
// Estimators of traffic: bytes and packets a second, averaged over time (2.4.18 net/sched/estimator.c).

package guestkernel

import "ring0/guestkernel/abi"

// struct qdisc_estimator and its lists, which only estimator.c knows: for each interval a timer and the estimators.
const (
	estNext        = 0
	estStats       = 4
	estInterval    = 8
	estWeight      = 12 // how slowly the average follows
	estLastBytes   = 16
	estLastPackets = 24
	estPacketRate  = 28
	estByteRate    = 32
	estSize        = 36
	estHeadSize    = 24
	estHeadList    = 20
	estIntervals   = 6
	estParmSize    = 2
)

func estimatorFunctions() []Function {
	return []Function{
		{Name: "qdisc_new_estimator", Fn: func(c *Call) { c.Return(errWord(c.Kernel.newEstimator(c.Arg(0), c.Arg(1)))) }, Level: Full},
		{Name: "qdisc_kill_estimator", Fn: func(c *Call) { c.Kernel.killEstimators(c.Arg(0)) }, Level: Full},
		{Name: "est_timer", Fn: estTimer, Level: Full, Proto: "void est_timer(unsigned long arg)"},
	}
}

func (k *Kernel) estimatorHead(interval uint32) uint32 {
	return k.symbol("elist") + interval*estHeadSize
}

// estimatorPeriod is a quarter of a second, doubled with every step.
func (k *Kernel) estimatorPeriod(interval uint32) uint32 {
	return uint32(k.profile.HZ) / 4 << interval
}

// newEstimator is int qdisc_new_estimator(struct tc_stats *stats, struct rtattr *opt): EINVAL for an interval that is not
// from -2 to 3, ENOBUFS.
func (k *Kernel) newEstimator(stats, opt uint32) abi.Errno {
	const least, most = -2, 3
	st := &k.drv.proto.Traffic
	interval := int32(int8(k.mem.U8(attrData(opt))))
	if k.attrLen(opt) < estParmSize || interval < least || interval > most {
		return abi.EINVAL
	}
	est, index := k.Kmalloc(estSize, k.pages.gfp.kernel), uint32(interval-least)
	if est == 0 {
		return abi.ENOBUFS
	}
	head := k.estimatorHead(index)
	next := k.mem.U32(head + estHeadList)
	k.mem.Fill(est, estSize, 0)
	for at, v := range map[uint32]uint32{estNext: next, estStats: stats, estInterval: index, estWeight: uint32(k.mem.U8(attrData(opt) + 1)),
		estLastPackets: k.mem.Get(stats, st.Packets), estPacketRate: k.mem.Get(stats, st.PPS) << 10, estByteRate: k.mem.Get(stats, st.BPS) << 5} {
		k.mem.SetU32(est+at, v)
	}
	k.mem.SetU64(est+estLastBytes, k.mem.U64(stats+st.Bytes.Off))
	if next == 0 {
		k.initTimer(head, k.symbol("est_timer"), index)
		k.startTimer(head, k.jiffies()+k.estimatorPeriod(index))
	}
	k.mem.SetU32(head+estHeadList, est)
	return 0
}

// killEstimators is void qdisc_kill_estimator(struct tc_stats *stats): all of these counters.
func (k *Kernel) killEstimators(stats uint32) {
	for i := range uint32(estIntervals) {
		head, killed := k.estimatorHead(i), false
		for word := head + estHeadList; k.mem.U32(word) != 0; {
			est := k.mem.U32(word)
			if k.mem.U32(est+estStats) != stats {
				word = est + estNext
				continue
			}
			k.mem.SetU32(word, k.mem.U32(est+estNext))
			k.Kfree(est)
			killed = true
		}
		if killed && k.mem.U32(head+estHeadList) == 0 {
			k.deleteTimer(head)
		}
	}
}

// estTimer models static void est_timer(unsigned long arg): one interval's estimators.
func estTimer(c *Call) {
	k, index := c.Kernel, c.Arg(0)
	head := k.estimatorHead(index)
	for _, est := range k.links("estimators", head+estHeadList, abi.Field{Off: estNext, Size: wordSize}) {
		if est != 0 {
			k.estimate(est, index)
		}
	}
	k.startTimer(head, k.jiffies()+k.estimatorPeriod(index))
}

// estimate brings an estimator up to date: averages are kept scaled, by 32 and 1024, and rounded up when they are told.
func (k *Kernel) estimate(est, index uint32) {
	st, stats, weight := &k.drv.proto.Traffic, k.mem.U32(est+estStats), k.mem.U32(est+estWeight)&31
	follow := func(at, rate uint32) uint32 {
		average := k.mem.U32(est + at)
		average += uint32((int32(rate) - int32(average)) >> weight)
		k.mem.SetU32(est+at, average)
		return average
	}
	total, packets := k.mem.U64(stats+st.Bytes.Off), k.mem.Get(stats, st.Packets)
	k.mem.Set(stats, st.BPS, (follow(estByteRate, uint32((total-k.mem.U64(est+estLastBytes))<<(7-index)))+0xf)>>5)
	k.mem.SetU64(est+estLastBytes, total)
	k.mem.Set(stats, st.PPS, (follow(estPacketRate, (packets-k.mem.U32(est+estLastPackets))<<(12-index))+0x1ff)>>10)
	k.mem.SetU32(est+estLastPackets, packets)
}
