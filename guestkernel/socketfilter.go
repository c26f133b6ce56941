// SPDX-License-Identifier: BSD-3-Clause
// The packet filter language of BSD: programs that look at a packet and say how much of it is wanted (2.4.18
// net/core/filter.c, linux/filter.h; McCanne and Jacobson, "The BSD Packet Filter", 1993).
//
// An instruction is code, jt, jf, k. There is an accumulator, an index register and 16 words of memory, which lie on the
// guest's stack and hold what was there.

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

// Classes, the low three bits of a code.
const (
	bpfLD   = 0
	bpfLDX  = 1
	bpfST   = 2
	bpfSTX  = 3
	bpfALU  = 4
	bpfJMP  = 5
	bpfRET  = 6
	bpfMISC = 7
)

// Parts of codes: operand, size, mode of loads, operations.
const (
	bpfX    = 0x08
	bpfW    = 0x00
	bpfH    = 0x08
	bpfB    = 0x10
	bpfABS  = 0x20
	bpfIND  = 0x40
	bpfMEM  = 0x60
	bpfLEN  = 0x80
	bpfMSH  = 0xa0
	bpfNEG  = 0x80
	bpfJA   = 0x00
	bpfJEQ  = 0x10
	bpfJGT  = 0x20
	bpfJGE  = 0x30
	bpfJSET = 0x40
	bpfA    = 0x10
	bpfTXA  = 0x80
)

const (
	filterInsn  = 8    // sizeof(struct sock_filter)
	filterWords = 16   // BPF_MEMWORDS
	filterMost  = 4096 // BPF_MAXINSNS
	filterHead  = 8    // struct sk_filter before its instructions: refcnt, len
	filterSteps = 1 << 20
)

// Offsets below zero mean other things than the packet's bytes.
const (
	filterExtra   = -0x1000   // SKF_AD_OFF: the protocol, the kind, the device
	filterNet     = -0x100000 // SKF_NET_OFF: from the network header on
	filterLink    = -0x200000 // SKF_LL_OFF: from the link header on
	extraProtocol = 0
	extraKind     = 4
	extraDevice   = 8
)

func filterFunctions() []Function {
	return []Function{
		{Name: "sk_run_filter", Fn: skRunFilter, Level: Full},
		{Name: "sk_chk_filter", Fn: func(c *Call) { c.Return(errWord(c.Kernel.checkFilter(c.Arg(0), c.Arg(1)))) }, Level: Full},
	}
}

// filterStep is an instruction.
type filterStep struct {
	code   uint32
	jt, jf uint32
	k      uint32
}

func (k *Kernel) filterStep(program uint32, pc int32) filterStep {
	b := k.mem.Bytes(program+uint32(pc)*filterInsn, filterInsn)
	return filterStep{uint32(b[0]) | uint32(b[1])<<8, uint32(b[2]), uint32(b[3]), binary.LittleEndian.Uint32(b[4:])}
}

// filterRun is a program at work on a packet.
type filterRun struct {
	k    *Kernel
	skb  uint32
	data uint32
	head uint32 // how much of the packet lies at data
	mem  uint32 // the words of memory
	a, x uint32
	pc   int32
}

// How a step ends.
type filterEnd uint8

const (
	filterGoOn filterEnd = iota
	filterReturn
	filterFail // the program returns 0
)

// skRunFilter models int sk_run_filter(struct sk_buff *skb, struct sock_filter *filter, int flen): how many bytes the program
// wants, 0 for none of the packet. What the checks of sk_chk_filter would have refused has no meaning but does what it does
// there: an unknown instruction returns 0, memory beyond the 16 words is the stack.
func skRunFilter(c *Call) { c.Return(c.runFilter(c.Arg(0), c.Arg(1), int32(c.Arg(2)))) }

func (c *Call) runFilter(skb, program uint32, length int32) uint32 {
	k := c.Kernel
	r := &filterRun{k: k, skb: skb, data: k.mem.Get(skb, k.drv.core.Skb.Data), head: k.skbHeadLen(skb), mem: c.Alloca(filterWords * wordSize)}
	for steps := 0; r.pc < length; r.pc++ {
		if steps++; steps > filterSteps {
			k.note("a packet filter goes round for ever: 2.4.18 would too")
			return 0
		}
		in := k.filterStep(program, r.pc)
		switch end, value := r.step(in); end {
		case filterReturn:
			return value
		case filterFail:
			return 0
		}
	}
	return 0
}

// step executes one instruction.
func (r *filterRun) step(in filterStep) (filterEnd, uint32) {
	switch in.code & 7 {
	case bpfLD, bpfLDX:
		return r.load(in), 0
	case bpfALU:
		return r.compute(in), 0
	case bpfJMP:
		return r.jump(in), 0
	}
	switch in.code {
	case bpfST:
		r.k.mem.SetU32(r.mem+in.k*wordSize, r.a)
	case bpfSTX:
		r.k.mem.SetU32(r.mem+in.k*wordSize, r.x)
	case bpfMISC:
		r.x = r.a
	case bpfMISC | bpfTXA:
		r.a = r.x
	case bpfRET:
		return filterReturn, in.k
	case bpfRET | bpfA:
		return filterReturn, r.a
	default:
		return filterFail, 0
	}
	return filterGoOn, 0
}

// compute is a step of class ALU: a with x or k. Division by zero ends the program; shifts count modulo 32.
func (r *filterRun) compute(in filterStep) filterEnd {
	if in.code == bpfALU|bpfNEG {
		r.a = -r.a
		return filterGoOn
	}
	v := in.k
	if in.code&bpfX != 0 {
		v = r.x
	}
	switch in.code &^ bpfX {
	case bpfALU:
		r.a += v
	case bpfALU | 0x10:
		r.a -= v
	case bpfALU | 0x20:
		r.a *= v
	case bpfALU | 0x30:
		if v == 0 {
			return filterFail
		}
		r.a /= v
	case bpfALU | 0x40:
		r.a |= v
	case bpfALU | 0x50:
		r.a &= v
	case bpfALU | 0x60:
		r.a <<= v & 31
	case bpfALU | 0x70:
		r.a >>= v & 31
	default:
		return filterFail
	}
	return filterGoOn
}

// jump is a step of class JMP, from the instruction behind it.
func (r *filterRun) jump(in filterStep) filterEnd {
	if in.code == bpfJMP|bpfJA {
		r.pc += int32(in.k)
		return filterGoOn
	}
	v := in.k
	if in.code&bpfX != 0 {
		v = r.x
	}
	taken := false
	switch in.code &^ bpfX {
	case bpfJMP | bpfJEQ:
		taken = r.a == v
	case bpfJMP | bpfJGT:
		taken = r.a > v
	case bpfJMP | bpfJGE:
		taken = r.a >= v
	case bpfJMP | bpfJSET:
		taken = r.a&v != 0
	default:
		return filterFail
	}
	if taken {
		r.pc += int32(in.jt)
	} else {
		r.pc += int32(in.jf)
	}
	return filterGoOn
}

// load is a step of class LD or LDX.
func (r *filterRun) load(in filterStep) filterEnd {
	switch in.code {
	case bpfLD:
		r.a = in.k
	case bpfLDX:
		r.x = in.k
	case bpfLD | bpfMEM:
		r.a = r.k.mem.U32(r.mem + in.k*wordSize)
	case bpfLDX | bpfMEM:
		r.x = r.k.mem.U32(r.mem + in.k*wordSize)
	case bpfLD | bpfW | bpfLEN:
		r.a = r.head
	case bpfLDX | bpfW | bpfLEN:
		r.x = r.head
	case bpfLD | bpfW | bpfABS, bpfLD | bpfH | bpfABS, bpfLD | bpfB | bpfABS:
		return r.loadPacket(int32(in.k), in.code)
	case bpfLD | bpfW | bpfIND, bpfLD | bpfH | bpfIND, bpfLD | bpfB | bpfIND:
		return r.loadPacket(int32(r.x+in.k), in.code)
	case bpfLDX | bpfB | bpfMSH:
		if int32(in.k) >= 0 && in.k >= r.head {
			return filterFail
		}
		r.x = uint32(r.k.mem.U8(r.data+in.k)&0xf) << 2
	default:
		return filterFail
	}
	return filterGoOn
}

// loadPacket loads bytes at an offset, most significant first; beyond the packet the program ends.
func (r *filterRun) loadPacket(offset int32, code uint32) filterEnd {
	size := uint32(4)
	switch code & 0x18 {
	case bpfH:
		size = 2
	case bpfB:
		size = 1
	}
	var b []byte
	switch {
	case offset >= filterExtra && offset < 0:
		return r.loadExtra(offset - filterExtra)
	case offset < 0:
		at := r.pointer(offset)
		if at == 0 {
			return filterFail
		}
		b = r.k.mem.Bytes(at, size)
	default:
		var ok bool
		if b, ok = r.k.skbBytes(r.skb, offset, size); !ok {
			return filterFail
		}
	}
	r.a = 0
	for _, v := range b {
		r.a = r.a<<8 | uint32(v)
	}
	return filterGoOn
}

// pointer is where an offset from a header leads; 0 when that is not in the buffer.
func (r *filterRun) pointer(offset int32) uint32 {
	lay, mem := &r.k.drv.core.Skb, r.k.mem
	at := uint32(0)
	switch {
	case offset >= filterNet:
		at = mem.Get(r.skb, lay.Nh) + uint32(offset-filterNet)
	case offset >= filterLink:
		at = mem.Get(r.skb, lay.Mac) + uint32(offset-filterLink)
	}
	if at < mem.Get(r.skb, lay.Head) || at >= mem.Get(r.skb, lay.Tail) {
		return 0
	}
	return at
}

// loadExtra loads what is known of a packet besides its bytes.
func (r *filterRun) loadExtra(what int32) filterEnd {
	lay, mem := &r.k.drv.core.Skb, r.k.mem
	switch what {
	case extraProtocol:
		r.a = swap16(mem.Get(r.skb, lay.Protocol))
	case extraKind:
		r.a = mem.Get(r.skb, lay.PktType)
	case extraDevice:
		r.a = mem.Get(mem.Get(r.skb, lay.Dev), r.k.drv.lay.NetDevice.Ifindex)
	default:
		return filterFail
	}
	return filterGoOn
}

// checkFilter is int sk_chk_filter(struct sock_filter *filter, int flen): EINVAL for a program that jumps beyond its end,
// uses memory that is not there, or does not end with a return. Unknown instructions pass.
func (k *Kernel) checkFilter(program, length uint32) abi.Errno {
	const tooMany = 0xffffffff / filterInsn
	if length >= tooMany {
		return abi.EINVAL
	}
	for pc := range length {
		in := k.filterStep(program, int32(pc))
		switch {
		case in.code&7 != bpfJMP:
		case in.code&0xf0 == bpfJA && in.k >= length-pc-1,
			in.code&0xf0 != bpfJA && (pc+in.jt+1 >= length || pc+in.jf+1 >= length):
			return abi.EINVAL
		}
		switch in.code {
		case bpfST, bpfSTX, bpfLD | bpfMEM, bpfLDX | bpfMEM:
			if in.k >= filterWords {
				return abi.EINVAL
			}
		}
	}
	if k.filterStep(program, int32(length)-1).code&7 != bpfRET {
		return abi.EINVAL
	}
	return 0
}
