// SPDX-License-Identifier: BSD-3-Clause

// How fast decoding is. The instructions are the mix of compiled kernel code.

package x86

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// typicalCode is one instruction a line, as a compiler of 2002 wrote them.
var typicalCode = []string{
	"55", "89e5", "53", "83ec14", "8b5d08", "8b4304", "85c0", "7412", "89442404", "8d55f8",
	"0fb64310", "c1e802", "8b0485102030c0", "c7042400000000", "e8fcffffff", "3b450c", "0f8e10010000",
	"f6431701", "a110a02fc0", "8a0a", "88540810", "f3a5", "0fb7c0", "31d2", "f7f1", "01c8", "ff4308",
	"66c7431c0100", "81e3ff0f0000", "ff5010", "5b", "5d", "c3",
}

func BenchmarkDecode(b *testing.B) {
	var codes [][]byte
	for _, text := range typicalCode {
		code, err := hex.DecodeString(text)
		require.NoError(b, err)
		codes = append(codes, append(code, make([]byte, MaxLen)...))
	}
	var in Inst
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if Decode(codes[i], 0xC0100000, Code32, &in) != OK {
			b.Fatal(typicalCode[i])
		}
		if i++; i == len(codes) {
			i = 0
		}
	}
}

// BenchmarkTables is what the package costs at the start of a program.
func BenchmarkTables(b *testing.B) {
	for b.Loop() {
		newTables()
	}
}
