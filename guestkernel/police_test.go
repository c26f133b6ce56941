// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// attr is the bytes of an attribute.
func attr(kind uint16, value []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(len(value)+attrHeader))
	b = append(binary.LittleEndian.AppendUint16(b, kind), value...)
	return append(b, make([]byte, -len(b)&3)...)
}

func TestAttributes(t *testing.T) {
	g := newGuest(t, Config{})
	k, tb := g.k, g.put(make([]byte, 16)...)
	list := append(attr(2, []byte{1}), attr(1, words(5, 6))...)
	list = append(list, attr(9, nil)...)
	list = append(list, 3, 0, 3, 0) // too short to be one
	at := g.put(append(list, attr(3, nil)...)...)
	require.EqualValues(t, 0, g.callKernel(t, "rtattr_parse", tb, 3, at, uint32(len(list))+4))
	require.Equal(t, words(at+8, at, 0), k.mem.Bytes(tb, 12))

	skb := g.packet()
	g.callKernel(t, "__rta_fill", skb, 7, 5, g.put([]byte("hello")...))
	data := k.mem.Get(skb, k.drv.core.Skb.Data)
	require.EqualValues(t, 12, k.mem.Get(skb, k.drv.core.Skb.Len))
	require.Equal(t, attr(7, []byte("hello"))[:9], k.mem.Bytes(data, 9))
	o := g.run(symbolAddr(t, k, "__rta_fill"), skb, 7, 1000, data)
	require.Equal(t, Killed, o.Kind, "no room")
	require.Contains(t, k.LogText(), "skput:over: ")
}

func TestRateTables(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.proto.RateTable
	spec := g.put(words(3, 0, 1000)...) // cells of 8 bytes
	table := make([]byte, rateTableData)
	for i := range 256 {
		binary.LittleEndian.PutUint32(table[4*i:], uint32(i))
	}
	full, short := g.put(attr(2, table)...), g.put(attr(2, table[:8])...)
	require.EqualValues(t, 0, g.callKernel(t, "qdisc_get_rtab", spec, 0))
	require.EqualValues(t, 0, g.callKernel(t, "qdisc_get_rtab", spec, short))
	tab := uint32(g.callKernel(t, "qdisc_get_rtab", spec, full))
	require.NotZero(t, tab)
	require.Equal(t, tab, uint32(g.callKernel(t, "qdisc_get_rtab", spec, 0)), "one for all of the rate")
	require.EqualValues(t, 2, k.mem.Get(tab, lay.Refcnt))
	require.EqualValues(t, 12, k.sendTime(tab, 100))
	g.callKernel(t, "qdisc_put_rtab", tab)
	g.callKernel(t, "qdisc_put_rtab", tab)
	require.Zero(t, k.mem.U32(k.symbol("qdisc_rtab_list")))
}

func TestPolicers(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.proto.Police
	table := make([]byte, rateTableData)
	for i := range 256 {
		binary.LittleEndian.PutUint32(table[4*i:], uint32(10*i))
	}
	parm := make([]byte, policeParmSize)
	copy(parm[policeAction:], words(2))
	copy(parm[policeBurst:], words(25))
	copy(parm[policeRate:], words(3, 0, 1000))
	rta := g.put(attr(0, append(append(attr(attrPolice, parm), attr(attrPoliceRate, table)...), attr(attrPoliceRes, words(1))...))...)
	require.EqualValues(t, 0, g.callKernel(t, "tcf_police_locate", g.put(attr(0, nil)...), 0))
	p := uint32(g.callKernel(t, "tcf_police_locate", rta, 0))
	require.NotZero(t, p)
	require.EqualValues(t, 1, k.mem.Get(p, lay.Index))
	require.EqualValues(t, 255*8, k.mem.Get(p, lay.Mtu))
	same := make([]byte, policeParmSize)
	copy(same, words(1))
	require.Equal(t, p, uint32(g.callKernel(t, "tcf_police_locate", g.put(attr(0, attr(attrPolice, same))...), 0)))
	require.EqualValues(t, 2, k.mem.Get(p, lay.Refcnt))

	police := func(length int) int32 { return g.callKernel(t, "tcf_police", g.packet(make([]byte, length)...), p) }
	k.mem.SetU64(k.policerTime(p), k.scheduleTime())
	require.EqualValues(t, 1, police(8), "ten of 25 tokens")
	require.EqualValues(t, 1, police(8))
	require.EqualValues(t, 2, police(8), "five are left")
	k.mem.SetU64(k.policerTime(p), k.scheduleTime()-100)
	require.EqualValues(t, 1, police(16), "time fills the bucket, and no more than that")
	require.EqualValues(t, 2, police(16))
	k.mem.Set(p, lay.Mtu, 10)
	k.mem.SetU64(k.policerTime(p), k.scheduleTime()-100)
	require.EqualValues(t, 2, police(16), "too long")
	st := p + lay.Stats.Off
	require.EqualValues(t, 8+8+8+16+16+16, k.mem.U64(st))
	require.EqualValues(t, 3, k.mem.Get(st, k.drv.proto.Traffic.Overlimits))

	skb := g.packet()
	k.mem.Set(p, lay.Mtu, 255*8)
	require.EqualValues(t, 4+policeParmSize+8, g.callKernel(t, "tcf_police_dump", skb, p))
	copy(parm, words(1))
	copy(parm[policeMtu:], words(255*8))
	require.Equal(t, append(attr(attrPolice, parm), attr(attrPoliceRes, words(1))...), k.mem.Bytes(k.mem.Get(skb, k.drv.core.Skb.Data), 4+policeParmSize+8))
	require.EqualValues(t, -1, g.callKernel(t, "tcf_police_dump", skb, p), "no room for it twice")
	require.EqualValues(t, 4+policeParmSize+8, k.mem.Get(skb, k.drv.core.Skb.Len))
	g.callKernel(t, "tcf_police_destroy", p)
	require.Zero(t, k.mem.U32(k.symbol("qdisc_rtab_list")))
	g.callKernel(t, "tcf_police_destroy", p)
	require.Contains(t, k.LogText(), "KERNEL: assertion (0) failed at police.c(")
}

func TestEstimators(t *testing.T) {
	g := newGuest(t, Config{})
	k, st := g.k, &g.k.drv.proto.Traffic
	stats := g.put(make([]byte, 64)...)
	for _, interval := range []int8{-3, 4} {
		require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "qdisc_new_estimator", stats, g.put(attr(5, []byte{byte(interval), 1})...)))
	}
	require.EqualValues(t, 0, g.callKernel(t, "qdisc_new_estimator", stats, g.put(attr(5, []byte{0xfe, 1})...)))
	head := k.estimatorHead(0)
	require.Equal(t, k.jiffies()+uint32(k.profile.HZ)/4, k.mem.Get(head, k.lay.Timer.Expires))
	k.mem.SetU64(stats, 1000)
	k.mem.Set(stats, st.Packets, 10)
	g.callKernel(t, "est_timer", 0)
	require.EqualValues(t, 2000, k.mem.Get(stats, st.BPS), "1000 in a quarter of a second, half of it followed")
	require.EqualValues(t, 20, k.mem.Get(stats, st.PPS))
	g.callKernel(t, "qdisc_kill_estimator", stats)
	require.Zero(t, k.mem.U32(head+estHeadList))
	require.False(t, k.deleteTimer(head), "the timer is not pending")

	skb := g.packet()
	require.EqualValues(t, 0, g.callKernel(t, "qdisc_copy_stats", skb, stats))
	require.Equal(t, attr(attrStats, k.mem.Bytes(stats, st.Lock.Off)), k.mem.Bytes(k.mem.Get(skb, k.drv.core.Skb.Data), 4+st.Lock.Off))
}
