// SPDX-License-Identifier: BSD-3-Clause
// float80 against the host's x87, on the operands of the x87 vectors.

package hostfpu_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	. "ring0/vm/float80"
	"ring0/vm/internal/hostfpu"
	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

func unary(f func(F80, Control) (F80, Status)) hostfpu.Op {
	return func(a, _ F80, c Control) (F80, Status) { return f(a, c) }
}

// ours are float80's operations by the names of their instructions.
var ours = map[string]hostfpu.Op{
	"FADD": Add, "FSUB": Sub, "FMUL": Mul, "FDIV": Div, "FSQRT": unary(Sqrt), "FRNDINT": unary(RoundToInt),
	"FSCALE": Scale, "FPREM": Prem, "FPREM1": Prem1,
}

// defined are the condition codes that an instruction defines.
func defined(name string, st Status) Status {
	if name != "FPREM" && name != "FPREM1" {
		return C1
	}
	if st&(IE|C2) != 0 {
		return C1 | C2
	}
	return C0 | C1 | C2 | C3
}

func needStubs(t testing.TB) {
	if !hostfpu.Available {
		t.Skip("stubs are for amd64 hosts only")
	}
}

// eachOperands calls f with the operands and control word of every x87
// vector, all exceptions masked.
func eachOperands(t *testing.T, f func(a, b F80, mem uint64, c Control)) {
	needStubs(t)
	vectorstest.Run(t, "x87", func(t *testing.T, file *vectors.File) {
		n := 0
		for rec, err := range file.Records() {
			require.NoError(t, err)
			var mem [8]byte
			if len(rec.MemIn) != 0 {
				copy(mem[:], rec.MemIn[0].Data)
			}
			c := Control(rec.In.FCW) | Control(Exceptions)
			f(FromBytes(rec.In.ST(0)), FromBytes(rec.In.ST(1)), binary.LittleEndian.Uint64(mem[:]), c)
			n++
		}
		require.NotZero(t, n)
	})
}

func TestOperations(t *testing.T) {
	needStubs(t)
	host := hostfpu.Ops()
	require.Len(t, host, len(ours))
	eachOperands(t, func(a, b F80, _ uint64, c Control) {
		for name, op := range ours {
			want, wantSt := host[name](a, b, c)
			got, st := op(a, b, c)
			codes := Exceptions | defined(name, wantSt)
			if got != want || (st^wantSt)&codes != 0 {
				t.Errorf("%s %v, %v, control %04x: host %v %04x, float80 %v %04x", name, a, b, uint32(c), want, wantSt, got, st)
			}
		}
	})
}

func TestConversions(t *testing.T) {
	eachOperands(t, func(a, _ F80, mem uint64, c Control) {
		want, wantSt := hostfpu.FromFloat64(mem)
		got, st := FromFloat64(mem)
		require.Equal(t, want, got, "fld m64 %x", mem)
		require.Equal(t, wantSt, st, "fld m64 %x", mem)

		want, wantSt = hostfpu.FromFloat32(uint32(mem))
		got, st = FromFloat32(uint32(mem))
		require.Equal(t, want, got, "fld m32 %x", uint32(mem))
		require.Equal(t, wantSt, st, "fld m32 %x", uint32(mem))

		want64, wantSt := hostfpu.ToFloat64(a, c)
		got64, st := ToFloat64(a, c)
		require.Equal(t, want64, got64, "fst m64 %v, control %04x", a, uint32(c))
		require.Equal(t, wantSt, st, "fst m64 %v, control %04x", a, uint32(c))

		want32, wantSt := hostfpu.ToFloat32(a, c)
		got32, st := ToFloat32(a, c)
		require.Equal(t, want32, got32, "fst m32 %v, control %04x", a, uint32(c))
		require.Equal(t, wantSt, st, "fst m32 %v, control %04x", a, uint32(c))
	})
}

func BenchmarkHost(b *testing.B) {
	needStubs(b)
	x, y := F80{Man: 0xc90fdaa22168c235, SE: 0x4000}, F80{Man: 0xadf85458a2bb4a9b, SE: 0x3ffd}
	for name, op := range hostfpu.Ops() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				op(x, y, Default)
			}
		})
	}
}
