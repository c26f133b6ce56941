// SPDX-License-Identifier: BSD-3-Clause

// How long it takes to get into the kernel and back.

package vm

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

// newRings returns a flat machine with a GDT, an IDT and a TSS at CPL 3:
// selectors 10 18 (ring 0), 23 2b (ring 3), 30 (TSS).
func newRings(t testing.TB) *Machine {
	m := newFlat(t)
	const gdt, idt, tss = 0x4000, 0x5000, 0x6000
	put := func(pa uint32, v uint64) {
		m.WritePhys32(pa, uint32(v))
		m.WritePhys32(pa+4, uint32(v>>32))
	}
	put(gdt+0x10, 0x00cf9b000000ffff)
	put(gdt+0x18, 0x00cf93000000ffff)
	put(gdt+0x20, 0x00cffb000000ffff)
	put(gdt+0x28, 0x00cff3000000ffff)
	put(gdt+0x30, 0x000089000000006b|tss<<16)
	gate := func(vector, off uint32, attr uint64) {
		put(idt+vector*8, uint64(off)&0xffff|0x10<<16|attr<<40|uint64(off)>>16<<48)
	}
	gate(0x80, flatCode+0x800, 0xef)
	gate(VecPF, flatCode+0x900, 0x8e)
	m.WritePhys32(tss+4, flatStack-0x1000)
	m.WritePhys32(tss+8, 0x18)
	m.SetGDTR(gdt, 0x37)
	m.SetIDTR(idt, 0x7ff)
	m.LoadTR(0x30)
	m.LoadSegment(CS, 0x23)
	for _, s := range []int{SS, DS, ES} {
		m.LoadSegment(s, 0x2b)
	}
	m.LoadSegment(FS, 0)
	m.LoadSegment(GS, 0)
	return m
}

func BenchmarkInt80(b *testing.B) {
	m := newRings(b)
	m.load(0xcd, 0x80, 0xeb, 0xfc)            // 1: int $0x80; jmp 1
	m.WritePhys(flatCode+0x800, []byte{0xcf}) // iret
	b.ResetTimer()
	s := m.Run(uint64(b.N) * 3)
	require.Equal(b, StopLimit, s.Reason)
}

// BenchmarkInt80Saving is the way a 2.4 kernel does it, with its SAVE_ALL and
// RESTORE_ALL.
func BenchmarkInt80Saving(b *testing.B) {
	m := newRings(b)
	m.load(0xcd, 0x80, 0xeb, 0xfc)
	m.WritePhys(flatCode+0x800, []byte{
		0x50, 0xfc, 0x06, 0x1e, 0x50, 0x55, 0x57, 0x56, 0x52, 0x51, 0x53, // push eax; cld; push es ds eax ebp edi esi edx ecx ebx
		0xba, 0x18, 0, 0, 0, 0x8e, 0xda, 0x8e, 0xc2, // mov edx,0x18; mov ds,edx; mov es,edx
		0x5b, 0x59, 0x5a, 0x5e, 0x5f, 0x5d, 0x58, 0x1f, 0x07, 0x83, 0xc4, 4, 0xcf, // pop …; pop ds es; add esp,4; iret
	})
	b.ResetTimer()
	s := m.Run(uint64(b.N) * 30)
	require.Equal(b, StopLimit, s.Reason)
}

// BenchmarkPageFault faults, edits EIP in the frame, and goes on.
func BenchmarkPageFault(b *testing.B) {
	m := newRings(b)
	m.WritePhys32(flatPgdir+0x3ff*4, 0)
	m.load(0x8b, 0x05, 0, 0, 0xf0, 0xff, 0xeb, 0xf8)                              // 1: mov eax,[fff00000]; jmp 1
	m.WritePhys(flatCode+0x900, []byte{0x83, 0xc4, 4, 0x83, 0x04, 0x24, 6, 0xcf}) // add esp,4; add [esp],6; iret
	m.SetReg(x86.EAX, 0)
	b.ResetTimer()
	s := m.Run(uint64(b.N) * 4)
	require.Equal(b, StopLimit, s.Reason)
}
