// SPDX-License-Identifier: BSD-3-Clause
// Small helpers of network code: limiting log messages (2.4.18 net/core/utils.c), counters of ATM (net/atm/atm_misc.c).

package guestkernel

// ratelimitState is what net_ratelimit keeps between calls: ticks saved up, when it was called last, messages not logged.
type ratelimitState struct{ tokens, last, missed uint32 }

// Ticks that a message costs, and that can be saved up, in seconds.
const (
	netMessageCost  = 5
	netMessageBurst = 50
)

func netHelperFunctions() []Function {
	return []Function{
		{Name: "net_ratelimit", Fn: netRatelimit, Level: Full},
		{Name: "sonet_copy_stats", Fn: sonetStats(func(to, from uint32) (uint32, uint32) { return from, from }), Level: Full},
		{Name: "sonet_subtract_stats", Fn: sonetStats(func(to, from uint32) (uint32, uint32) { return to, from - to }), Level: Full},
	}
}

func (k *Kernel) bootNetHelpers() error {
	hz := uint32(k.profile.HZ)
	k.mem.SetU32(k.sym.NetMsgCost, netMessageCost*hz)
	k.mem.SetU32(k.sym.NetMsgBurst, netMessageBurst*hz)
	k.ratelimit.tokens = netMessageBurst * hz
	return nil
}

// netRatelimit models int net_ratelimit(void): 1 when a message may be logged, which is at most every five seconds on
// average.
func netRatelimit(c *Call) { c.Return(boolWord(c.Kernel.netRatelimit())) }

func (k *Kernel) netRatelimit() bool {
	r := &k.ratelimit
	now, cost := k.mem.U32(k.sym.Jiffies), k.mem.U32(k.sym.NetMsgCost)
	r.tokens = min(r.tokens+now-r.last, k.mem.U32(k.sym.NetMsgBurst))
	r.last = now
	if r.tokens < cost {
		r.missed++
		return false
	}
	lost := r.missed
	r.tokens, r.missed = r.tokens-cost, 0
	if lost != 0 {
		k.Printk("<4>NET: %d messages suppressed.\n", lost)
	}
	return true
}

// sonetStats models void sonet_copy_stats(struct k_sonet_stats *from, struct sonet_stats *to), and sonet_subtract_stats:
// what each counter of the two becomes.
func sonetStats(update func(to, from uint32) (newTo, newFrom uint32)) func(*Call) {
	const counters = 10
	return func(c *Call) {
		mem, from, to := c.Kernel.mem, c.Arg(0), c.Arg(1)
		for i := range uint32(counters) {
			newTo, newFrom := update(mem.U32(to+4*i), mem.U32(from+4*i))
			mem.SetU32(to+4*i, newTo)
			mem.SetU32(from+4*i, newFrom)
		}
	}
}
