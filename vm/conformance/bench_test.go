// SPDX-License-Identifier: BSD-3-Clause
// The harness's own eyes: a recording that differs in one place is reported
// as different in that place, and leaves nothing behind for the next vector.

package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

// find returns the first record of a sample that fits.
func find(t *testing.T, f *vectors.File, fits func(*vectors.Record) bool) vectors.Record {
	for rec, err := range f.Records() {
		require.NoError(t, err)
		if fits(rec) {
			return *rec
		}
	}
	t.Fatal("no such vector in the sample")
	return vectors.Record{}
}

func TestEveryDifferenceIsSeen(t *testing.T) {
	f, err := vectors.Open(vectorstest.SamplePath("int"))
	require.NoError(t, err)
	stores := func(r *vectors.Record) bool {
		return r.Exception == vectors.NoException && len(r.MemOut) > 0 && r.Undefined.EFLAGS&1 == 0
	}
	faults := func(r *vectors.Record) bool { return r.Exception == excPF && r.Flags&vectors.AnyCR2 == 0 }
	rows := []struct {
		name   string
		fits   func(*vectors.Record) bool
		change func(*vectors.Record)
		want   string
	}{
		{"register", stores, func(r *vectors.Record) { r.Out.GPR[vectors.EDI] ^= 1 }, "edi want"},
		{"flag", stores, func(r *vectors.Record) { r.Out.EFLAGS ^= 1 }, "eflags want"},
		{"flag of the system", stores, func(r *vectors.Record) { r.Out.EFLAGS ^= 1 << 21 }, "eflags want"},
		{"eip", stores, func(r *vectors.Record) { r.Out.EIP++ }, "eip want"},
		{"segment", stores, func(r *vectors.Record) { r.Out.Seg[vectors.GS] ^= 4 }, "gs want"},
		{"memory that changes", stores, func(r *vectors.Record) {
			data := append([]byte{}, r.MemOut[0].Data...)
			data[0] ^= 0x80
			r.MemOut = []vectors.Memory{{Addr: r.MemOut[0].Addr, Data: data}}
		}, "memory at"},
		{"memory that should not change", stores, func(r *vectors.Record) { r.MemOut = nil }, "memory at"},
		{"no exception", stores, func(r *vectors.Record) { r.Exception = 13 }, "exception want 13"},
		{"an exception", faults, func(r *vectors.Record) { r.Exception = vectors.NoException }, "exception want none"},
		{"error code", faults, func(r *vectors.Record) { r.ErrorCode ^= 2 }, "error code want"},
		{"cr2", faults, func(r *vectors.Record) { r.CR2++ }, "cr2 want"},
	}
	b, err := newBench(f, Options{})
	require.NoError(t, err)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			good := find(t, f, row.fits)
			bad := good
			row.change(&bad)
			v, err := b.run(&bad)
			require.NoError(t, err)
			require.NotEmpty(t, v.differences)
			require.Contains(t, v.differences[0], row.want)
			v, err = b.run(&good)
			require.NoError(t, err)
			require.Empty(t, v.differences)
		})
	}
}

func TestUndefinedIsNotCompared(t *testing.T) {
	f, err := vectors.Open(vectorstest.SamplePath("int"))
	require.NoError(t, err)
	rec := find(t, f, func(r *vectors.Record) bool {
		return r.Exception == vectors.NoException && len(r.MemOut) == 1 && r.Undefined.EFLAGS == 0
	})
	rec.Out.EFLAGS ^= 0x10
	rec.Out.GPR[vectors.EBP] ^= 8
	mem := rec.MemOut[0]
	rec.MemOut = nil
	rec.Undefined = vectors.Undefined{EFLAGS: 0x10, GPR: 1 << vectors.EBP, Mem: []vectors.Range{{Addr: mem.Addr, Len: uint8(len(mem.Data))}}}
	for _, strict := range []bool{false, true} {
		b, err := newBench(f, Options{Strict: strict})
		require.NoError(t, err)
		v, err := b.run(&rec)
		require.NoError(t, err)
		if strict {
			require.Len(t, v.differences, 2+len(mem.Data))
		} else {
			require.Empty(t, v.differences)
		}
	}
}

func TestNear80(t *testing.T) {
	num := func(exp uint16, mantissa uint64) (r [10]byte) {
		for i := range 8 {
			r[i] = byte(mantissa >> (8 * i))
		}
		r[8], r[9] = byte(exp), byte(exp>>8)
		return r
	}
	rows := []struct {
		a, b [10]byte
		want bool
	}{
		{num(0x3fff, 1<<63), num(0x3fff, 1<<63), true},
		{num(0x3fff, 1<<63+1), num(0x3fff, 1<<63), true},
		{num(0x3fff, 1<<63+2), num(0x3fff, 1<<63), false},
		{num(0x3fff, 1<<63), num(0x3ffe, 1<<64-1), true},
		{num(0x3ffe, 1<<64-1), num(0x3fff, 1<<63), true},
		{num(0x3fff, 1<<63), num(0x3ffe, 1<<64-2), false},
		{num(0x3fff, 1<<63+1), num(0x3ffe, 1<<64-1), false},
		{num(0xbfff, 1<<63), num(0x3fff, 1<<63), false},
		{num(0x8000, 1<<63), num(0x7fff, 1<<64-1), false},
	}
	for _, row := range rows {
		require.Equal(t, row.want, near80(row.a, row.b), "%x %x", row.a, row.b)
	}
}
