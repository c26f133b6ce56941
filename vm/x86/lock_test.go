// SPDX-License-Identifier: BSD-3-Clause

// LOCK where it is not allowed is #UD: every instruction of
// testdata/decode.txt with the prefix in front.

package x86

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lockList is the manual's list (SDM vol. 2, "LOCK"): these, with a
// destination in memory. XCHG has no order of operands.
var lockList = []string{
	"add", "adc", "and", "btc", "btr", "bts", "cmpxchg", "cmpxchg8b", "dec", "inc",
	"neg", "not", "or", "sbb", "sub", "xadd", "xchg", "xor",
}

func TestLockIsForTheManualsList(t *testing.T) {
	legal, illegal := map[string]bool{}, map[Op]bool{}
	for _, c := range decodeCases(t) {
		var in Inst
		if Decode(c.code, 0x1000, c.mode, &in) != OK || in.Flags&Lock != 0 || in.Op == Invalid || in.Len == MaxLen {
			continue
		}
		mnemonic, operands, _ := strings.Cut(in.String(), " ")
		destination, source, _ := strings.Cut(operands, ", ")
		memory := strings.Contains(destination, "[") || mnemonic == "xchg" && strings.Contains(source, "[")
		var locked Inst
		require.Equal(t, OK, Decode(append([]byte{0xf0}, c.code...), 0x1000, c.mode, &locked), "line %d", c.line)
		if memory && slices.Contains(lockList, mnemonic) {
			require.Equal(t, in.Op, locked.Op, "line %d: lock %v", c.line, &in)
			legal[mnemonic] = true
			continue
		}
		require.Equal(t, Invalid, locked.Op, "line %d: lock %v", c.line, &in)
		illegal[in.Op] = true
	}
	require.Len(t, legal, len(lockList))
	for op := range NumOps {
		require.True(t, op == Invalid || illegal[op] || opTable[op].access == locks, "%v is not among the cases", op)
	}
}
