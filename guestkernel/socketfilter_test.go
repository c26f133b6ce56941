// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// filter stores a program.
func (g *guest) filter(program ...filterStep) (at, n uint32) {
	var b []byte
	for _, in := range program {
		b = binary.LittleEndian.AppendUint16(b, uint16(in.code))
		b = append(b, byte(in.jt), byte(in.jf))
		b = binary.LittleEndian.AppendUint32(b, in.k)
	}
	return g.put(b...), uint32(len(program))
}

func stmt(code, k uint32) filterStep         { return filterStep{code: code, k: k} }
func jump(code, k, jt, jf uint32) filterStep { return filterStep{code, jt, jf, k} }

// What each instruction does to a packet of 20 bytes.
func TestRunFilter(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.core.Skb
	packet := []byte{0x45, 0x11, 0x22, 0x33, 0x84, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}
	skb := g.packet(packet...)
	data := k.mem.Get(skb, lay.Data)
	k.mem.Set(skb, lay.Mac, data)
	k.mem.Set(skb, lay.Nh, data+4)
	k.mem.Set(skb, lay.Protocol, 0x0608)
	k.mem.Set(skb, lay.PktType, packetMulticast)
	k.mem.Set(skb, lay.Dev, k.drv.sym.Loopback)
	retA := stmt(bpfRET|bpfA, 0)
	neg := func(v int32) uint32 { return uint32(v) }
	for _, row := range []struct {
		name    string
		result  uint32
		program []filterStep
	}{
		{"no program", 0, nil},
		{"ret k", 77, []filterStep{stmt(bpfRET, 77)}},
		{"end without return", 0, []filterStep{stmt(bpfLD, 5)}},
		{"ld w", 0x45112233, []filterStep{stmt(bpfLD|bpfW|bpfABS, 0), retA}},
		{"ld w unaligned", 0x22338405, []filterStep{stmt(bpfLD|bpfW|bpfABS, 2), retA}},
		{"ld h", 0x1112, []filterStep{stmt(bpfLD|bpfH|bpfABS, 17), retA}},
		{"ld b", 19, []filterStep{stmt(bpfLD|bpfB|bpfABS, 19), retA}},
		{"ld w over the end", 0, []filterStep{stmt(bpfLD, 9), stmt(bpfLD|bpfW|bpfABS, 17), retA}},
		{"ld b over the end", 0, []filterStep{stmt(bpfLD, 9), stmt(bpfLD|bpfB|bpfABS, 20), retA}},
		{"ld ind", 6, []filterStep{stmt(bpfLDX, 4), stmt(bpfLD|bpfB|bpfIND, 2), retA}},
		{"ld ind h", 0x0607, []filterStep{stmt(bpfLDX, 4), stmt(bpfLD|bpfH|bpfIND, 2), retA}},
		{"ld ind w", 0x06070809, []filterStep{stmt(bpfLDX, 4), stmt(bpfLD|bpfW|bpfIND, 2), retA}},
		{"ld len", 20, []filterStep{stmt(bpfLD|bpfLEN, 0), retA}},
		{"ldx len, txa", 20, []filterStep{stmt(bpfLDX|bpfLEN, 0), stmt(bpfMISC|bpfTXA, 0), retA}},
		{"msh", 20, []filterStep{stmt(bpfLDX|bpfB|bpfMSH, 0), stmt(bpfMISC|bpfTXA, 0), retA}},
		{"msh over the end", 0, []filterStep{stmt(bpfLDX|bpfB|bpfMSH, 20), stmt(bpfRET, 1)}},
		{"tax", 3, []filterStep{stmt(bpfLD, 3), stmt(bpfMISC, 0), stmt(bpfLD, 0), stmt(bpfMISC|bpfTXA, 0), retA}},
		{"memory", 30, []filterStep{stmt(bpfLD, 30), stmt(bpfST, 15), stmt(bpfLD, 0), stmt(bpfLDX|bpfMEM, 15), stmt(bpfSTX, 0), stmt(bpfLD|bpfMEM, 0), retA}},
		{"add k", 7, []filterStep{stmt(bpfLD, 3), stmt(bpfALU, 4), retA}},
		{"add x", 8, []filterStep{stmt(bpfLD, 3), stmt(bpfLDX, 5), stmt(bpfALU|bpfX, 0), retA}},
		{"sub", neg(-1), []filterStep{stmt(bpfLD, 3), stmt(bpfALU|0x10, 4), retA}},
		{"mul", 12, []filterStep{stmt(bpfLD, 3), stmt(bpfALU|0x20, 4), retA}},
		{"div", 3, []filterStep{stmt(bpfLD, 13), stmt(bpfALU|0x30, 4), retA}},
		{"div by zero", 0, []filterStep{stmt(bpfLD, 13), stmt(bpfALU|0x30|bpfX, 4), retA}},
		{"or", 7, []filterStep{stmt(bpfLD, 3), stmt(bpfALU|0x40, 4), retA}},
		{"and", 1, []filterStep{stmt(bpfLD, 3), stmt(bpfALU|0x50, 5), retA}},
		{"lsh by 33", 6, []filterStep{stmt(bpfLD, 3), stmt(bpfALU|0x60, 33), retA}},
		{"rsh", 1, []filterStep{stmt(bpfLD, 3), stmt(bpfALU|0x70, 1), retA}},
		{"neg", neg(-3), []filterStep{stmt(bpfLD, 3), stmt(bpfALU|bpfNEG, 0), retA}},
		{"jeq", 1, []filterStep{stmt(bpfLD, 3), jump(bpfJMP|bpfJEQ, 3, 1, 0), stmt(bpfRET, 2), stmt(bpfRET, 1)}},
		{"jgt unsigned", 1, []filterStep{stmt(bpfLD, neg(-1)), jump(bpfJMP|bpfJGT, 3, 1, 0), stmt(bpfRET, 2), stmt(bpfRET, 1)}},
		{"jge x", 1, []filterStep{stmt(bpfLD, 3), stmt(bpfLDX, 3), jump(bpfJMP|bpfJGE|bpfX, 0, 1, 0), stmt(bpfRET, 2), stmt(bpfRET, 1)}},
		{"jset not", 2, []filterStep{stmt(bpfLD, 3), jump(bpfJMP|bpfJSET, 4, 1, 0), stmt(bpfRET, 2), stmt(bpfRET, 1)}},
		{"ja", 1, []filterStep{stmt(bpfJMP, 1), stmt(bpfRET, 2), stmt(bpfRET, 1)}},
		{"the protocol", 0x0806, []filterStep{stmt(bpfLD|bpfH|bpfABS, neg(filterExtra)), retA}},
		{"the kind", packetMulticast, []filterStep{stmt(bpfLD|bpfB|bpfABS, neg(filterExtra+extraKind)), retA}},
		{"the device", 1, []filterStep{stmt(bpfLD|bpfW|bpfABS, neg(filterExtra+extraDevice)), retA}},
		{"no more of these", 0, []filterStep{stmt(bpfLD|bpfW|bpfABS, neg(filterExtra+12)), stmt(bpfRET, 1)}},
		{"the network header", 0x84050607, []filterStep{stmt(bpfLD|bpfW|bpfABS, neg(filterNet)), retA}},
		{"the link header", 0x45, []filterStep{stmt(bpfLD|bpfB|bpfABS, neg(filterLink)), retA}},
		{"far before the buffer", 0, []filterStep{stmt(bpfLD|bpfB|bpfABS, neg(filterLink-1)), stmt(bpfRET, 1)}},
		{"no such instruction", 0, []filterStep{stmt(0xff, 0), stmt(bpfRET, 1)}},
		{"round for ever", 0, []filterStep{stmt(bpfJMP, neg(-1)), stmt(bpfRET, 1)}},
	} {
		at, n := g.filter(row.program...)
		require.EqualValues(t, int32(row.result), g.callKernel(t, "sk_run_filter", skb, at, n), row.name)
	}
	require.Contains(t, k.Notes()[len(k.Notes())-1], "goes round for ever")
}

func TestCheckFilter(t *testing.T) {
	g := newGuest(t, Config{})
	ret := stmt(bpfRET, 0)
	for _, row := range []struct {
		name    string
		answer  abi.Errno
		program []filterStep
	}{
		{"return", 0, []filterStep{ret}},
		{"no return", abi.EINVAL, []filterStep{ret, stmt(bpfLD, 0)}},
		{"ja to the last", 0, []filterStep{stmt(bpfJMP, 1), ret, ret}},
		{"ja behind the last", abi.EINVAL, []filterStep{stmt(bpfJMP, 2), ret, ret}},
		{"ja backwards", abi.EINVAL, []filterStep{stmt(bpfJMP, 0xffffffff), ret, ret}},
		{"jt behind the last", abi.EINVAL, []filterStep{jump(bpfJMP|bpfJEQ, 0, 2, 0), ret, ret}},
		{"jf behind the last", abi.EINVAL, []filterStep{jump(bpfJMP|bpfJEQ, 0, 0, 2), ret, ret}},
		{"last word of memory", 0, []filterStep{stmt(bpfST, 15), ret}},
		{"beyond memory", abi.EINVAL, []filterStep{stmt(bpfLDX|bpfMEM, 16), ret}},
		{"a constant of 16", 0, []filterStep{stmt(bpfLD, 16), ret}},
		{"an unknown instruction", 0, []filterStep{stmt(0xff, 0), ret}},
	} {
		at, n := g.filter(row.program...)
		require.EqualValues(t, -row.answer, g.callKernel(t, "sk_chk_filter", at, n), row.name)
	}
	require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "sk_chk_filter", 0, 0xffffffff), "not looked at")
}
