// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// hookFn is a function that counts its calls and returns a value.
func (g *guest) counting(result uint32) (fn, calls uint32) {
	calls = g.put(0, 0, 0, 0)
	return g.put(code(0xff, 0x05, calls, movEax(result), 0xc3)...), calls
}

func TestHooks(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.lay.NFHook
	type hook struct{ ops, calls uint32 }
	join := func(verdict, priority uint32) hook {
		fn, calls := g.counting(verdict)
		at := g.put(make([]byte, 32)...)
		k.mem.Set(at, lay.PF, 2)
		k.mem.Set(at, lay.Hooknum, 1)
		k.mem.Set(at, lay.Priority, priority)
		k.mem.Set(at, k.drv.proto.Hook.Hook, fn)
		g.callKernel(t, "nf_register_hook", at)
		return hook{at, calls}
	}
	ok, passed := g.counting(42)
	send := func() (int32, uint32) {
		skb := g.packet(1, 2, 3)
		k.add(skb, k.drv.core.Skb.Users, 1) // who is sent it does not free it
		return g.callKernel(t, "nf_hook_slow", 2, 1, skb, 0, 0, ok), skb
	}
	answer, _ := send()
	require.EqualValues(t, 42, answer, "no hook")
	first := join(verdictAccept, 10)
	answer, _ = send()
	require.EqualValues(t, 42, answer)
	require.EqualValues(t, 2, k.mem.U32(passed))
	second := join(verdictDrop, 20)
	answer, skb := send()
	require.EqualValues(t, -abi.EPERM, answer)
	require.EqualValues(t, 1, k.mem.Get(skb, k.drv.core.Skb.Users), "freed")
	require.EqualValues(t, 2, k.mem.U32(first.calls))
	g.callKernel(t, "nf_unregister_hook", second.ops)
	stolen := join(verdictStolen, 20)
	answer, skb = send()
	require.EqualValues(t, 0, answer)
	require.EqualValues(t, 2, k.mem.Get(skb, k.drv.core.Skb.Users), "kept")
	g.callKernel(t, "nf_unregister_hook", stolen.ops)
	require.EqualValues(t, 2, k.mem.U32(passed))

	queued := join(verdictQueue, 20)
	answer, skb = send()
	require.EqualValues(t, 0, answer)
	require.EqualValues(t, 1, k.mem.Get(skb, k.drv.core.Skb.Users), "nobody queues: dropped")
	info := g.put(0, 0, 0, 0)
	// outfn(skb, info, data): mov eax,[esp+8]; mov [info],eax; xor eax,eax; ret
	out := g.put(code(0x8b, 0x44, 0x24, 0x08, 0xa3, info, 0x31, 0xc0, 0xc3)...)
	g.callKernel(t, "nf_register_queue_handler", 2, out, 0)
	_, skb = send()
	require.NotZero(t, k.mem.U32(info))
	behind := join(verdictAccept, 30)
	g.callKernel(t, "nf_reinject", skb, k.mem.U32(info), verdictAccept)
	require.EqualValues(t, 1, k.mem.U32(behind.calls), "on behind the hook")
	require.EqualValues(t, 3, k.mem.U32(passed))
	_, skb = send()
	g.callKernel(t, "nf_unregister_hook", queued.ops)
	g.callKernel(t, "nf_reinject", skb, k.mem.U32(info), verdictAccept)
	require.EqualValues(t, 1, k.mem.Get(skb, k.drv.core.Skb.Users), "the hook is gone: dropped")
}

func TestHookOptions(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay, more := g.k, &g.k.drv.lay.NFSockopt, &g.k.drv.proto.HookOption
	ops := g.put(make([]byte, 64)...)
	set, calls := g.counting(7)
	for _, f := range []struct {
		f abi.Field
		v uint32
	}{{lay.PF, 2}, {lay.SetMin, 64}, {lay.SetMax, 66}, {more.Set, set}} {
		k.mem.Set(ops, f.f, f.v)
	}
	require.EqualValues(t, 0, g.callKernel(t, "nf_register_sockopt", ops))
	for _, row := range []struct {
		fn      string
		pf, opt uint32
		answer  int32
	}{
		{"nf_setsockopt", 2, 64, 7}, {"nf_setsockopt", 2, 66, -int32(abi.ENOPROTOOPT)}, {"nf_setsockopt", 10, 64, -int32(abi.ENOPROTOOPT)},
		{"nf_getsockopt", 2, 64, -int32(abi.ENOPROTOOPT)},
	} {
		require.Equal(t, row.answer, g.callKernel(t, row.fn, 0, row.pf, row.opt, 0, 0), "%+v", row)
	}
	require.EqualValues(t, 1, k.mem.U32(calls))
	require.Zero(t, k.mem.Get(ops, more.Use))
	g.callKernel(t, "nf_unregister_sockopt", ops)
	require.EqualValues(t, -abi.ENOPROTOOPT, g.callKernel(t, "nf_setsockopt", 0, 2, 64, 0, 0))
}
