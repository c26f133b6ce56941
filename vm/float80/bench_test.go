// SPDX-License-Identifier: BSD-3-Clause
// Speed of the operations; none of them allocates.

package float80_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	. "ring0/vm/float80"
)

var operations = []struct {
	name string
	do   func(a, b F80, c Control) (F80, Status)
}{
	{"Add", Add},
	{"Sub", Sub},
	{"Mul", Mul},
	{"Div", Div},
	{"Sqrt", func(a, _ F80, c Control) (F80, Status) { return Sqrt(a, c) }},
	{"Prem", Prem},
	{"RoundToInt", func(a, _ F80, c Control) (F80, Status) { return RoundToInt(a, c) }},
	{"ToFloat64", func(a, _ F80, c Control) (F80, Status) { v, st := ToFloat64(a, c); return F80{Man: v}, st }},
	{"FromFloat64", func(a, _ F80, c Control) (F80, Status) { return FromFloat64(a.Man >> 2) }},
	{"Sin", func(a, _ F80, c Control) (F80, Status) { return Sin(a, c) }},
	{"Tan", func(a, _ F80, c Control) (F80, Status) { v, _, st := Tan(a, c); return v, st }},
	{"Atan", Atan},
	{"YLog2X", YLog2X},
	{"Exp2M1", func(_, b F80, c Control) (F80, Status) { return Exp2M1(b, c) }},
}

var benchA, benchB = F80{0xc90fdaa22168c235, 0x4000}, F80{0xadf85458a2bb4a9b, 0x3ffd}

func BenchmarkOperations(b *testing.B) {
	for _, op := range operations {
		b.Run(op.name, func(b *testing.B) {
			for b.Loop() {
				op.do(benchA, benchB, Default)
			}
		})
	}
}

func TestNoAllocation(t *testing.T) {
	for _, op := range operations {
		require.Zerof(t, testing.AllocsPerRun(10, func() { op.do(benchA, benchB, Default) }), op.name)
	}
}
