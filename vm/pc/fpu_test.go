// SPDX-License-Identifier: BSD-3-Clause

package pc_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/pc"
)

// divideByZero unmasks the coprocessor's zero divide and interrupt 13, divides,
// and executes one more x87 instruction. Its handler lies at 70.
var divideByZero = []byte{
	0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x70, // ds = ss = 0; sp = 7000
	0xc7, 0x06, 0xd4, 0x01, 0x70, 0x00, // vector 75: F000:0070
	0xc7, 0x06, 0xd6, 0x01, 0x00, 0xf0,
	0xb0, 0x11, 0xe6, 0x20, 0xe6, 0xa0, // both 8259: ICW1
	0xb0, 0x08, 0xe6, 0x21, 0xb0, 0x70, 0xe6, 0xa1, // ICW2
	0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x02, 0xe6, 0xa1, // ICW3
	0xb0, 0x01, 0xe6, 0x21, 0xe6, 0xa1, // ICW4
	0xb0, 0xfb, 0xe6, 0x21, 0xb0, 0xdf, 0xe6, 0xa1, // only IRQ 2 and 13
	0xfb,       // sti
	0xdb, 0xe3, // fninit
	0xc7, 0x06, 0x02, 0x05, 0x7b, 0x03, 0xd9, 0x2e, 0x02, 0x05, // fldcw: zero divide unmasked
	0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, // 1 / 0
	0xd9, 0xe8, // fld1
	0xfa, 0xf4,
}

// TestCoprocessorError takes the way of an AT, with CR0.NE off: the error
// becomes interrupt 13, and a write to port F0 withdraws it and lets errors be
// ignored until they are cleared.
func TestCoprocessorError(t *testing.T) {
	for _, c := range []struct {
		name  string
		clear []byte
		want  pc.FPUState
	}{
		{"cleared", []byte{0xdb, 0xe2}, pc.FPUState{}}, // fnclex
		{"ignored", []byte{0x90, 0x90}, pc.FPUState{Error: true, Ignore: true}},
	} {
		program := make([]byte, 0x70)
		copy(program, divideByZero)
		program = append(program, 0x30, 0xc0, 0xe6, 0xf0) // xor al,al; out f0,al
		program = append(program, c.clear...)
		program = append(program,
			0xfe, 0x06, 0x00, 0x05, // inc byte [500]
			0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, // end of interrupt
			0xcf)
		p := code(t, pc.Config{}, program...)
		require.Equal(t, pc.Halted, p.Run(1000).Reason, c.name)
		require.Equal(t, uint8(1), peek(p, 0x500), "%s: one interrupt", c.name)
		require.Equal(t, c.want, p.State().FPU, c.name)

		state := p.State()
		q := code(t, pc.Config{}, program...)
		require.NoError(t, q.SetState(state))
		require.Equal(t, state, q.State(), c.name)
	}
}
