// SPDX-License-Identifier: BSD-3-Clause

// FERR# and IGNNE#: an x87 error on a board as PC/AT machines have it.

package vm

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

// atBoard turns FERR# into vector 75h as the second 8259 does with IRQ 13;
// writing port F0h withdraws the request and asserts IGNNE# until FERR# goes.
type atBoard struct {
	m   *Machine
	log []string
}

func (b *atBoard) ferr(active bool) {
	if active {
		b.log = append(b.log, "ferr")
	} else {
		b.log = append(b.log, "ferr off")
		b.m.SetIGNNE(false)
	}
	b.m.SetINTR(active)
}

func (b *atBoard) Acknowledge() uint8 {
	b.m.SetINTR(false)
	return 0x75
}

func (b *atBoard) ReadPort(uint16, uint8) uint32 { return 0xff }

func (b *atBoard) WritePort(port uint16, size uint8, v uint32) {
	b.log = append(b.log, "port f0")
	b.m.SetIGNNE(true)
}

const (
	flatHandler = 0x00110000
	flatIDT     = 0x00120000
	flatGDT     = 0x00121000
)

// withError loads code that divides zero by zero with the exception not
// masked, then code, and clears CR0.NE.
func withError(t *testing.T, code ...byte) *Machine {
	m := newFlat(t)
	m.cpu.cr0 &^= CR0NE
	m.WritePhys(flatGDT+0x10, []byte{0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0})
	m.SetGDTR(flatGDT, 0x1f)
	m.SetIDTR(flatIDT, 0x7ff)
	m.WritePhys32(flatIDT+0x75*8, 0x10<<16|flatHandler&0xffff)
	m.WritePhys32(flatIDT+0x75*8+4, flatHandler&^0xffff|0x8e00)
	m.cpu.fpu.fcw = 0x37e
	m.load(append([]byte{0xd9, 0xee, 0xd9, 0xee, 0xde, 0xf9}, code...)...) // fldz; fldz; fdivp
	return m
}

// TestFERR takes IRQ 13, ends the error in the handler and goes on where the
// processor waited.
func TestFERR(t *testing.T) {
	m := withError(t,
		0xdf, 0xe0, // fnstsw %ax: does not wait
		0xd9, 0xe8, // fld1: does
		0xf4) // hlt
	b := &atBoard{m: m}
	m.SetFERR(b.ferr)
	m.SetInterruptController(b)
	require.NoError(t, m.AddPorts(0xf0, 0xf0, b))
	m.WritePhys(flatHandler, []byte{
		0x30, 0xc0, // xor %al, %al
		0xe6, 0xf0, // out %al, $0xf0
		0xd9, 0xe8, // fld1: ignored now
		0xdb, 0xe2, // fnclex
		0xd9, 0xd0, // fnop
		0xcf, // iret
	})
	m.SetEflags(FlagIF)
	require.Equal(t, StopHalt, m.Run(1000).Reason)
	require.Equal(t, []string{"ferr", "port f0", "ferr off"}, b.log)
	require.EqualValues(t, flatCode+11, m.EIP())
	require.EqualValues(t, 0xb000, m.Reg(EAX)&0xffff, "AL is the handler's, AH what FNSTSW saw")
	require.EqualValues(t, 4, m.cpu.fpu.top, "fldz, fldz, fld1 in the handler, fld1")
	require.EqualValues(t, 4+6+1+1, m.Now(), "waiting takes no instructions")
}

// TestFERRWithoutBoard stands still before the waiting instruction.
func TestFERRWithoutBoard(t *testing.T) {
	for name, step := range map[string]bool{"running": false, "stepping": true} {
		t.Run(name, func(t *testing.T) {
			m := withError(t, 0x9b, 0xf4) // wait; hlt
			if step {
				m.SetInstrHook(func(*x86.Inst) {})
			}
			m.SetEflags(FlagIF)
			require.Equal(t, StopHalt, m.Run(1000).Reason)
			require.EqualValues(t, flatCode+6, m.EIP())
			require.EqualValues(t, 3, m.Now())
		})
	}
}

// TestIGNNE ignores an error as long as the pin is active.
func TestIGNNE(t *testing.T) {
	m := withError(t, 0xd9, 0xe8, 0xd9, 0xe8, 0xf4) // fld1; fld1; hlt
	m.SetIGNNE(true)
	require.Equal(t, StopLimit, m.Run(4).Reason)
	require.EqualValues(t, flatCode+8, m.EIP())
	m.SetIGNNE(false)
	require.Equal(t, StopHalt, m.Run(1000).Reason)
	require.EqualValues(t, flatCode+8, m.EIP())
}
