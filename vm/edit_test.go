// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"errors"
	"flag"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ring0/vm/x86"
)

// editRow is a register, how it is edited, and the instructions that load it from EAX.
type editRow struct {
	name   string
	code   []byte
	steps  uint64
	values func(t *rapid.T) uint32
	ring0  bool // the instruction is for CPL 0
	edit   func(m *Machine, v uint32) error
}

// Where the selectors of the test point to: a made-up descriptor in the GDT, the ordinary ones, the LDT, behind the end.
const editGDT, editEntry, editEntries = 0x4000, 0x50, 16

func someSelector(t *rapid.T) uint32 {
	sel := rapid.SampledFrom([]uint32{editEntry, editEntry, editEntry, editEntry | 4, 0, 0x10, 0x18, 0x20, 0x28, 0x30, editEntries * 8}).Draw(t, "selector")
	return sel | rapid.Uint32Range(0, 3).Draw(t, "rpl")
}

func someBits(t *rapid.T) uint32 {
	v := rapid.Uint32().Draw(t, "value")
	if rapid.Bool().Draw(t, "few") {
		v &= 1<<rapid.IntRange(0, 31).Draw(t, "bit") | CR0PE | CR0PG
	}
	return v
}

func editRows() (rows []editRow) {
	for seg, name := range []string{"es", "cs", "ss", "ds", "fs", "gs"} {
		row := editRow{name, []byte{0x8e, 0xc0 | byte(seg)<<3}, 1, someSelector, false,
			func(m *Machine, v uint32) error { return m.EditSegment(seg, uint16(v)) }}
		if seg == x86.CS {
			row.code = nil // a far jump to itself: the selector is part of it
		}
		rows = append(rows, row)
	}
	for _, n := range []int{0, 2, 3, 4} {
		rows = append(rows, editRow{fmt.Sprintf("cr%d", n), []byte{0x0f, 0x22, 0xc0 | byte(n)<<3}, 1, someBits, true,
			func(m *Machine, v uint32) error { return m.EditCR(n, v) }})
	}
	fpu := func(change func(f *FPU, v uint32)) func(m *Machine, v uint32) error {
		return func(m *Machine, v uint32) error {
			f := m.FPU()
			change(&f, v)
			return m.EditFPU(f)
		}
	}
	popped := func(t *rapid.T) uint32 { // VM is refused; RF, VIF and VIP are not POPF's to change; TF would trap
		return someBits(t) &^ (FlagVM | FlagRF | FlagVIF | FlagVIP | FlagTF)
	}
	return append(rows,
		editRow{"ldtr", []byte{0x0f, 0x00, 0xd0}, 1, someSelector, true, func(m *Machine, v uint32) error { return m.EditLDTR(uint16(v)) }},
		editRow{"eflags", []byte{0x50, 0x9d}, 2, popped, true, (*Machine).EditEflags},
		editRow{"mxcsr", []byte{0x50, 0x0f, 0xae, 0x14, 0x24, 0x58}, 3, someBits, false, fpu(func(f *FPU, v uint32) { f.MXCSR = v })},
		editRow{"fctrl", []byte{0x50, 0xd9, 0x2c, 0x24, 0x58}, 3, someBits, false, fpu(func(f *FPU, v uint32) { f.FCW = uint16(v) })})
}

// sameChecks makes every run draw the same, and enough for the rare selector that SS takes, unless the flags of rapid say otherwise.
func sameChecks(t *testing.T) {
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "400"} {
		f := flag.Lookup(name)
		require.NotNil(t, f, name)
		if f.Value.String() == f.DefValue {
			require.NoError(t, f.Value.Set(value))
			t.Cleanup(func() { require.NoError(t, f.Value.Set(f.DefValue)) })
		}
	}
}

// TestEditIsTheInstruction: an edit changes what the instruction would, or is refused with the exception that this raises.
func TestEditIsTheInstruction(t *testing.T) {
	sameChecks(t)
	m := newRings(t)
	m.SetGDTR(editGDT, editEntries*8-1)
	m.SetCR(4, CR4OSFXSR|CR4PSE)
	var fault *Fault
	m.SetMonitor(Monitor{Fault: func(f Fault) {
		if fault == nil {
			fault = &f
		}
	}})
	base := m.Snapshot()
	refused, taken := map[string]int{}, map[string]int{}
	for _, row := range editRows() {
		t.Run(row.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				require.True(t, m.Restore(base))
				v := row.values(t)
				row.prepare(t, m, v)
				start := m.Snapshot()
				edited := row.edit(m, v)
				want, wantGDT, wantMode := m.State(), m.words(editGDT, 2*editEntries), m.cpu.mode
				require.True(t, m.Restore(start))
				before := m.State()
				fault = nil
				m.Run(row.steps)
				if fault != nil {
					refused[row.name]++
					var r *Refusal
					require.True(t, errors.As(edited, &r), "the instruction faults, %+v, the edit does not: %v", *fault, edited)
					require.Equal(t, *fault, Fault{r.Vector, r.HasCode, r.Code}, r.Error())
					require.Equal(t, before, want)
					return
				}
				taken[row.name]++
				require.NoError(t, edited)
				got := m.State()
				got.Now, got.EIP, got.shadow, got.sys.shadowSS = want.Now, want.EIP, want.shadow, want.sys.shadowSS
				require.Equal(t, want, got)
				require.Equal(t, wantMode, m.cpu.mode)
				require.Equal(t, wantGDT, m.words(editGDT, 2*editEntries))
			})
		})
	}
	never := map[string]bool{"cr2": true, "cr3": true, "eflags": true, "fctrl": true}
	for _, row := range editRows() {
		require.NotZero(t, taken[row.name], row.name)
		require.Equal(t, never[row.name], refused[row.name] == 0, row.name)
	}
}

// prepare makes up a descriptor and a privilege level, and puts the instructions where they run.
func (row *editRow) prepare(t *rapid.T, m *Machine, v uint32) {
	d := rapid.Uint64().Draw(t, "descriptor")
	if rapid.Bool().Draw(t, "present") {
		d |= attrP << 40
	}
	if rapid.Bool().Draw(t, "large") {
		d |= attrG<<40 | 0xff
	}
	if row.code == nil { // a jump would go through a gate and to a task
		d |= attrS << 40
	}
	m.WritePhys32(editGDT+editEntry, uint32(d))
	m.WritePhys32(editGDT+editEntry+4, uint32(d>>32))
	if row.ring0 || rapid.Bool().Draw(t, "kernel") {
		m.LoadSegment(CS, 0x10)
		m.LoadSegment(SS, 0x18)
	}
	code := row.code
	if code == nil {
		const at = flatCode
		code = []byte{0xea, at & 0xff, at >> 8 & 0xff, at >> 16 & 0xff, at >> 24, byte(v), byte(v >> 8)}
	}
	m.load(code...)
	m.SetReg(EAX, v)
}

func (m *Machine) words(pa uint32, n int) (list []uint32) {
	for i := range uint32(n) {
		list = append(list, m.ReadPhys32(pa+4*i))
	}
	return list
}
