// SPDX-License-Identifier: BSD-3-Clause

// Properties that hold for any bytes.

package x86

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkAnyBytes checks what holds for whatever bytes: how many bytes are
// given beyond the instruction's own changes nothing, fewer are NeedMore, no
// result is outside its range.
func checkAnyBytes(t *testing.T, code []byte, mode Mode) {
	var in Inst
	switch err := Decode(code, 0x1000, mode, &in); err {
	case NeedMore:
		require.Less(t, len(code), MaxLen, "%x", code)
		return
	case TooLong:
		require.GreaterOrEqual(t, len(code), MaxLen, "%x", code)
		return
	}
	length := int(in.Len)
	require.True(t, length >= 1 && length <= min(MaxLen, len(code)), "%x: length %d", code, length)
	var again Inst
	require.Equal(t, OK, Decode(code[:length], 0x1000, mode, &again), "%x", code)
	require.Equal(t, in, again, "%x", code)
	require.Equal(t, NeedMore, Decode(code[:length-1], 0x1000, mode, &again), "%x", code)

	require.Less(t, in.Op, NumOps, "%x", code)
	require.Less(t, in.Form, NumForms, "%x", code)
	require.True(t, in.Seg <= GS && in.Dst < 8 && in.Src < 8 && in.Scale < 4, "%x: %+v", code, in)
	require.True(t, in.Base <= NoReg && in.Index <= NoReg && in.Index != ESP && in.Cond < 16, "%x: %+v", code, in)
	require.NotEmpty(t, in.String(), "%x", code)
	memory := in.Flags&(MemRead|MemWrite) != 0
	require.False(t, memory && in.MemSize() == 0, "%x: %v", code, &in)
}

// randomCode makes bytes that are more often an instruction than chance has
// it: prefixes, then any opcode of either map.
func randomCode(r *rand.Rand) []byte {
	const prefixes = "\x26\x2E\x36\x3E\x64\x65\x66\x66\x66\x67\x67\xF0\xF2\xF3"
	var code []byte
	for r.IntN(2) == 0 {
		code = append(code, prefixes[r.IntN(len(prefixes))])
	}
	if r.IntN(2) == 0 {
		code = append(code, 0x0F)
	}
	for n := r.IntN(16); n >= 0; n-- {
		code = append(code, byte(r.Uint32()))
	}
	return code
}

func TestRandomBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 4))
	excuses := readExcuses(t)
	for range 30_000 {
		code := randomCode(r)
		checkAnyBytes(t, code, Code32)
		checkAnyBytes(t, code, 0)
		for _, bits := range []int{32, 16} {
			if d := difference(code, bits, excuses); d != "" {
				t.Error(d)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range decodeCases(f) {
		f.Add(c.code)
	}
	excuses := readExcuses(f)
	f.Fuzz(func(t *testing.T, code []byte) {
		checkAnyBytes(t, code, Code32)
		checkAnyBytes(t, code, 0)
		for _, bits := range []int{32, 16} {
			if d := difference(code, bits, excuses); d != "" {
				t.Error(d)
			}
		}
	})
}
