// SPDX-License-Identifier: BSD-3-Clause

// Memory operands of SSE instructions: watched, beside code, in a device.

package vm

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

func TestWideOperandsAreWatched(t *testing.T) {
	m := newSSE(t)
	m.WritePhys(flatData, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9})
	m.cpu.gpr[x86.EBX] = flatData
	m.cpu.fpu.xmm[1] = xmmReg{0x1122334455667788, 9}
	m.Watch(Watched{First: flatData + 8, Last: flatData + 11, Read: true, Write: true})
	for _, step := range []struct {
		code []byte
		want []string
	}{
		{[]byte{0x0f, 0x28, 0x03}, []string{"0+16=807060504030201 false"}},             // movaps xmm0, [ebx]
		{[]byte{0x0f, 0x10, 0x43, 0x04}, []string{"4+16=908070605 false"}},             // movups xmm0, [ebx+4]
		{[]byte{0x0f, 0x29, 0x0b}, []string{"0+16=1122334455667788 true"}},             // movaps [ebx], xmm1
		{[]byte{0x0f, 0x13, 0x4b, 0x08}, []string{"8+8=1122334455667788 true"}},        // movlps [ebx+8], xmm1
		{[]byte{0xf3, 0x0f, 0x11, 0x4b, 0x08}, []string{"8+4=55667788 true"}},          // movss [ebx+8], xmm1
		{[]byte{0xf3, 0x0f, 0x11, 0x4b, 0x0c}, nil},                                    // movss [ebx+c], xmm1: beside it
		{[]byte{0x0f, 0x28, 0x43, 0x10}, nil},                                          // movaps xmm0, [ebx+10]
		{[]byte{0x0f, 0x58, 0x0b}, []string{"0+16=1122334455667788 false"}},            // addps xmm1, [ebx]
		{[]byte{0xf2, 0x0f, 0x58, 0x4b, 0x08}, []string{"8+8=5566778855667788 false"}}, // addsd xmm1, [ebx+8]
	} {
		m.load(step.code...)
		require.Equal(t, StopLimit, m.Run(1).Reason)
		var events []string
		for _, e := range m.mon.hits {
			events = append(events, fmt.Sprintf("%x+%d=%x %v", e.Addr-flatData, e.Size, e.Value, e.Write))
			require.Equal(t, uint32(flatCode), e.EIP)
		}
		m.mon.hits = nil
		require.Equal(t, step.want, events, "% x", step.code)
	}
}

// TestWideStoreChangesCode overwrites, with one 16-byte store, the
// instruction behind it in the same block.
func TestWideStoreChangesCode(t *testing.T) {
	m := newSSE(t)
	c := &m.cpu
	m.load(0x0f, 0x29, 0x0b, // movaps [ebx], xmm1: the 16 bytes from flatCode on
		0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40) // inc eax
	c.gpr[x86.EBX] = flatCode
	c.fpu.xmm[1] = xmmReg{0x48484848480b290f, 0x4848484848484848} // the same movaps, dec eax
	for range 2 {
		m.SetEIP(flatCode)
		_, faulted := m.runSlice(6)
		require.False(t, faulted)
	}
	require.Equal(t, uint32(0xfffffff6), c.gpr[x86.EAX]) // 2 · 5 decrements
}
