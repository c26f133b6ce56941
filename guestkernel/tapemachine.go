// SPDX-License-Identifier: BSD-3-Clause
// The machine as the kernel sees it: everything that modelled functions ask of it or do to it passes through here, for
// the tape of the function that runs. While there is no tape it costs a comparison.
//
// What is not here is for booting, for the host, or never changes; a test has the list.

package guestkernel

import (
	"encoding/binary"
	"hash/crc32"

	"ring0/vm"
)

// machine is the guest's machine.
type machine struct {
	*vm.Machine
	tape *tape // of the innermost modelled function of the running task; nil: there is none, or nothing is kept
}

func (m *machine) Reg(r int) uint32 {
	if m.tape == nil {
		return m.Machine.Reg(r)
	}
	return m.tape.word(tapeReg, uint32(r), func() uint32 { return m.Machine.Reg(r) })
}

func (m *machine) EIP() uint32 {
	if m.tape == nil {
		return m.Machine.EIP()
	}
	return m.tape.word(tapeEIP, 0, func() uint32 { return m.Machine.EIP() })
}

func (m *machine) Eflags() uint32 {
	if m.tape == nil {
		return m.Machine.Eflags()
	}
	return m.tape.word(tapeEflags, 0, func() uint32 { return m.Machine.Eflags() })
}

func (m *machine) CR(n int) uint32 {
	if m.tape == nil {
		return m.Machine.CR(n)
	}
	return m.tape.word(tapeCR, uint32(n), func() uint32 { return m.Machine.CR(n) })
}

func (m *machine) DR(n int) uint32 {
	if m.tape == nil {
		return m.Machine.DR(n)
	}
	return m.tape.word(tapeDR, uint32(n), func() uint32 { return m.Machine.DR(n) })
}

func (m *machine) Selector(seg int) uint16 {
	if m.tape == nil {
		return m.Machine.Selector(seg)
	}
	return uint16(m.tape.word(tapeSelector, uint32(seg), func() uint32 { return uint32(m.Machine.Selector(seg)) }))
}

// Now is two entries, one for each half.
func (m *machine) Now() uint64 {
	if m.tape == nil {
		return m.Machine.Now()
	}
	if low, ok := m.tape.asked(tapeNow, 0); ok {
		high, _ := m.tape.asked(tapeNow, 1)
		return uint64(high)<<32 | uint64(low)
	}
	now := m.Machine.Now()
	m.tape.answer(tapeNow, 0, uint32(now))
	m.tape.answer(tapeNow, 1, uint32(now>>32))
	return now
}

// Translate is two entries: whether there is a page, and where.
func (m *machine) Translate(la uint32, want vm.Access) (pa uint32, ok bool) {
	if m.tape == nil {
		return m.Machine.Translate(la, want)
	}
	if there, played := m.tape.asked(tapeTranslate, la); played {
		pa, _ = m.tape.asked(tapeTranslate, uint32(want))
		return pa, there != 0
	}
	pa, ok = m.Machine.Translate(la, want)
	m.tape.answer(tapeTranslate, la, boolWord(ok))
	m.tape.answer(tapeTranslate, uint32(want), pa)
	return pa, ok
}

func (m *machine) ReadPhys(pa uint32, b []byte) {
	if m.tape == nil {
		m.Machine.ReadPhys(pa, b)
		return
	}
	if !m.tape.read(tapeRead, pa, b) {
		m.Machine.ReadPhys(pa, b)
		m.tape.told(tapeRead, pa, b)
	}
}

func (m *machine) ReadPhys32(pa uint32) uint32 {
	if m.tape == nil {
		return m.Machine.ReadPhys32(pa)
	}
	return m.tape.word(tapeRead, pa, func() uint32 { return m.Machine.ReadPhys32(pa) })
}

func (m *machine) ReadLinear(la uint32, b []byte) int {
	if m.tape == nil {
		return m.Machine.ReadLinear(la, b)
	}
	if n, ok := m.tape.asked(tapeReadLinear, la); ok {
		m.tape.read(tapeReadLinear, la, b[:n])
		return int(n)
	}
	n := m.Machine.ReadLinear(la, b)
	m.tape.answer(tapeReadLinear, la, uint32(n))
	m.tape.told(tapeReadLinear, la, b[:n])
	return n
}

func (m *machine) WritePhys(pa uint32, b []byte) {
	if m.tape == nil || !m.tape.writes(pa, b) {
		m.Machine.WritePhys(pa, b)
	}
}

func (m *machine) WritePhys32(pa, v uint32) {
	if m.tape == nil || !m.tape.does(tapeWrite, pa, v) {
		m.Machine.WritePhys32(pa, v)
	}
}

// Registers by the key of tapeSet.
const (
	setReg = 16 * iota
	setEIP
	setEflags
	setCR
	setDR
	setSegment
)

func (m *machine) SetReg(r int, v uint32) {
	if m.tape == nil || !m.tape.does(tapeSet, setReg+uint32(r), v) {
		m.Machine.SetReg(r, v)
	}
}

func (m *machine) SetEIP(eip uint32) {
	if m.tape == nil || !m.tape.does(tapeSet, setEIP, eip) {
		m.Machine.SetEIP(eip)
	}
}

func (m *machine) SetEflags(f uint32) {
	if m.tape == nil || !m.tape.does(tapeSet, setEflags, f) {
		m.Machine.SetEflags(f)
	}
}

func (m *machine) SetCR(n int, v uint32) {
	if m.tape == nil || !m.tape.does(tapeSet, setCR+uint32(n), v) {
		m.Machine.SetCR(n, v)
	}
}

func (m *machine) SetDR(n int, v uint32) {
	if m.tape == nil || !m.tape.does(tapeSet, setDR+uint32(n), v) {
		m.Machine.SetDR(n, v)
	}
}

func (m *machine) LoadSegment(seg int, sel uint16) {
	if m.tape == nil || !m.tape.does(tapeSet, setSegment+uint32(seg), uint32(sel)) {
		m.Machine.LoadSegment(seg, sel)
	}
}

func (m *machine) InvalidatePage(la uint32) {
	if m.tape == nil || !m.tape.does(tapeOther, la, 0) {
		m.Machine.InvalidatePage(la)
	}
}

func (m *machine) SetINTR(level bool) {
	if m.tape == nil || !m.tape.does(tapeOther, 1, boolWord(level)) {
		m.Machine.SetINTR(level)
	}
}

func (m *machine) SetProbe(la uint32, f func()) {
	if m.tape == nil || !m.tape.does(tapeOther, la, 2) {
		m.Machine.SetProbe(la, f)
	}
}

// Raise delivers an exception.
func (m *machine) Raise(vector uint8, code uint32) bool {
	if m.tape == nil {
		return m.Machine.Raise(vector, code)
	}
	if v, ok := m.tape.asked(tapeRaise, uint32(vector)); ok {
		return v != 0
	}
	return m.tape.answer(tapeRaise, uint32(vector), boolWord(m.Machine.Raise(vector, code))) != 0
}

// SkipTo lets time pass. What is due meanwhile is no affair of the function's.
func (m *machine) SkipTo(at uint64) (done bool) {
	if m.tape == nil {
		return m.Machine.SkipTo(at)
	}
	key := crc32.ChecksumIEEE(binary.LittleEndian.AppendUint64(nil, at))
	if v, ok := m.tape.asked(tapeSkip, key); ok {
		return v != 0
	}
	done = hushed(m.tape, func() bool { return m.Machine.SkipTo(at) })
	return m.tape.answer(tapeSkip, key, boolWord(done)) != 0
}

// MSR is three entries: whether there is such a register, and its halves.
func (m *machine) MSR(n uint32) (v uint64, ok bool) {
	if m.tape == nil {
		return m.Machine.MSR(n)
	}
	if there, played := m.tape.asked(tapeMSR, n); played {
		low, _ := m.tape.asked(tapeMSR, 0)
		high, _ := m.tape.asked(tapeMSR, 1)
		return uint64(high)<<32 | uint64(low), there != 0
	}
	v, ok = m.Machine.MSR(n)
	m.tape.answer(tapeMSR, n, boolWord(ok))
	m.tape.answer(tapeMSR, 0, uint32(v))
	m.tape.answer(tapeMSR, 1, uint32(v>>32))
	return v, ok
}

// SetMSR is two entries: whether it was done, and a checksum of the value.
func (m *machine) SetMSR(n uint32, v uint64) bool {
	if m.tape == nil {
		return m.Machine.SetMSR(n, v)
	}
	if m.tape.does(tapeMSR, n, crc32.ChecksumIEEE(binary.LittleEndian.AppendUint64(nil, v))) {
		done, _ := m.tape.asked(tapeMSR, n)
		return done != 0
	}
	return m.tape.answer(tapeMSR, n, boolWord(m.Machine.SetMSR(n, v))) != 0
}
