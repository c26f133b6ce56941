// SPDX-License-Identifier: BSD-3-Clause

// The tables agree with each other, and with what a real CPU did.

package x86

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryOperationHasNameAndRow(t *testing.T) {
	encoded := map[Op]bool{Invalid: true}
	for r := range Rows() {
		encoded[r.Op] = true
	}
	for op := range NumOps {
		if op == firstFPU || op == firstMMX {
			continue // these are FADD and MOVDTOMM
		}
		require.NotEqual(t, "op?", op.String(), "operation %d", op)
		require.True(t, encoded[op], "%v (%d) has no row", op, op)
	}
	require.Equal(t, "op?", NumOps.String())
}

func TestRowsDescribeEncodings(t *testing.T) {
	rows := slices.Collect(Rows())
	find := func(code string, op Op) Row {
		i := slices.IndexFunc(rows, func(r Row) bool { return r.Code == code && r.Op == op })
		require.GreaterOrEqual(t, i, 0, code)
		return rows[i]
	}
	require.Equal(t, Row{Code: "00", Op: ADD, Operands: "Eb, Gb", Memory: true, Lock: true}, find("00", ADD))
	require.Equal(t, Row{Code: "02", Op: ADD, Operands: "Gb, Eb", Memory: true}, find("02", ADD))
	require.Equal(t, Row{Code: "A3", Op: MOV, Operands: "Ov, eAX", Memory: true}, find("A3", MOV))
	require.Equal(t, Row{Code: "90+", Op: XCHG, Operands: "Zv, eAX"}, find("90+", XCHG))
	require.Equal(t, Row{Code: "0F 22 /3", Op: MOVTOCR, Operands: "Cd, Rd", Priv: true}, find("0F 22 /3", MOVTOCR))
	require.Equal(t, Row{Code: "66 0F 73 /7", Op: PSLLDQ, Operands: "Udq, Ib"}, find("66 0F 73 /7", PSLLDQ))
	require.Equal(t, Row{Code: "DA C8+", Op: FCMOVCC, Operands: "ST(0), ST(i)"}, find("DA C8+", FCMOVCC))
}

// memoryBytes is the manual's size of a memory operand, for 32- and for
// 16-bit operand size.
var memoryBytes = map[operand][2]int{
	oEb: {1, 1}, oEw: {2, 2}, oEd: {4, 4}, oEv: {4, 2}, oMwRv: {2, 2},
	oM: {0, 0}, oMb: {1, 1}, oMw: {2, 2}, oMd: {4, 4}, oMq: {8, 8}, oMdq: {16, 16}, oMt: {10, 10},
	oMs: {6, 6}, oMa: {8, 4}, oMp: {6, 4}, oMenv: {28, 14}, oMstate: {108, 94}, oM512: {512, 512},
	oOb: {1, 1}, oOv: {4, 2}, oXb: {1, 1}, oXv: {4, 2}, oYb: {1, 1}, oYv: {4, 2}, oXlatB: {1, 1},
	oQq: {8, 8}, oQd: {4, 4}, oWd: {4, 4}, oWq: {8, 8}, oWdq: {16, 16}, oEwMMX: {2, 2}, oEwXMM: {2, 2},
}

func TestMemSizeIsTheOperands(t *testing.T) {
	checked := map[operand]bool{}
	for r := range allRows() {
		if r.op == NOP || r.op == Invalid {
			continue // no access
		}
		for _, f := range r.place().forms {
			i := slices.IndexFunc(r.operands[:], func(o operand) bool {
				info := &operandTable[o]
				return info.isMemory(f.props&hasModRMMem != 0) || info.place == atString || o == oXlatB
			})
			if !f.exists || i < 0 {
				continue
			}
			want, ok := memoryBytes[r.operands[i]]
			require.True(t, ok, "%+v", *r)
			for size := range want {
				in := Inst{Op: f.op, Form: f.form, Size: f.size[size]}
				require.Equal(t, want[size], in.MemSize(), "%+v, operand size %d", *r, 4>>size)
			}
			checked[r.operands[i]] = true
		}
	}
	require.Len(t, checked, len(memoryBytes))
}

// TestWrongRowsPanic keeps the builder from accepting rows it misreads.
func TestWrongRowsPanic(t *testing.T) {
	for _, r := range []row{
		{"8G", ADD, operands{oEb, oGb}},
		{"40-", INC, operands{oZv}},
		{"0F 4", INC, operands{oZv}},
		{"0F 1F 1G", NOP, operands{}},
	} {
		t.Run(r.code, func(t *testing.T) {
			require.Panics(t, func() { r.place() })
		})
	}
	build := func(rows ...row) {
		b := &builder{}
		for i := range rows {
			b.add(&rows[i])
		}
		(&tables{}).addCell(&b.oneByte[0x80])
	}
	add := row{"80 /0", ADD, operands{oEb, oIb}}
	require.NotPanics(t, func() { build(add, row{"80 /1", OR, operands{oEb, oIb}}) })
	require.Panics(t, func() { build(add, add) })
	require.Panics(t, func() { build(add, row{"80", OR, operands{oEb, oIb}}) })
	require.Panics(t, func() { build(row{"80", OR, operands{}}, row{"80", OR, operands{}}) })

	twoByte := func(rows ...row) {
		b := &builder{}
		for i := range rows {
			b.add(&rows[i])
		}
		for prefix := range b.twoByte {
			(&tables{}).addTwoByteCell(b, prefix, 0x0B)
		}
	}
	ud2 := row{"0F 0B", UD2, operands{}}
	require.NotPanics(t, func() { twoByte(ud2) })
	require.Panics(t, func() { twoByte(ud2, row{"66 0F 0B", NOP, operands{}}) })
	require.Panics(t, func() { twoByte(ud2, row{"NP 0F 0B /1", NOP, operands{oEv}}) })
}
