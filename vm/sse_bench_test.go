// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

// BenchmarkSSE times single instructions in a loop of ten and a JMP.
func BenchmarkSSE(b *testing.B) {
	for _, bm := range []struct{ name, code string }{
		{"addsd", "f20f58c1"},
		{"mulsd", "f20f59c1"},
		{"divsd", "f20f5ec1"},
		{"sqrtsd", "f20f51c1"},
		{"addsd mem", "f20f5803"},
		{"addps", "0f58c1"},
		{"mulps", "0f59c1"},
		{"addps mem", "0f5803"},
		{"movaps mem", "0f2803"},
		{"movsd mem", "f20f1003"},
		{"movsd store", "f20f1103"},
		{"movaps store", "0f2903"},
		{"cvtsi2sd", "f20f2ac0"},
		{"cvttsd2si", "f20f2cc1"},
		{"comisd", "660f2fc1"},
		{"paddd", "660ffec1"},
		{"paddw", "660ffdc1"},
		{"pshufd", "660f70c11b"},
		{"pmaddwd mmx", "0ff5c1"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			m := newSSE(b)
			one, err := hex.DecodeString(bm.code)
			require.NoError(b, err)
			var code []byte
			for range 10 {
				code = append(code, one...)
			}
			code = append(code, 0xeb, byte(-2-len(code)))
			m.load(code...)
			c := &m.cpu
			c.gpr[x86.EBX] = flatData
			m.WritePhys(flatData, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f})
			c.fpu.xmm[0] = xmmReg{0x3ff0000000000001, 0x3f8000013f800001}
			c.fpu.xmm[1] = xmmReg{0x3ff0000000000003, 0x3f8000033f800003}
			b.ReportAllocs()
			b.ResetTimer()
			_, faulted := m.runSlice(int64(b.N))
			require.False(b, faulted)
		})
	}
}

// newSSE is newFlat on a processor with SSE2, switched on.
func newSSE(t testing.TB) *Machine {
	m := newFlat(t)
	model, err := modelByName("pentium4")
	require.NoError(t, err)
	m.cpu.model = model
	m.cpu.cr4 |= CR4OSFXSR | CR4OSXMMEXCPT
	m.cpu.fpu.mxcsr = mxcsrReset
	return m
}
