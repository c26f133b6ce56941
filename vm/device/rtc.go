// SPDX-License-Identifier: BSD-3-Clause

// The MC146818 real-time clock and its memory, with a 32.768 kHz crystal and
// 128 bytes as in an AT: registers, interrupts, update cycle.
//
// Motorola MC146818 data sheet: "Registers", "Divider stages", "Update cycle",
// "Interrupts". Time and calendar are in rtctime.go.
//
//	70   address (bit 7 masks NMI, which nothing here raises)
//	71   data
//
//	0 2 4   seconds, minutes, hours    1 3 5   their alarms
//	6–9     day of week, day, month, year
//	A–D     registers A to D           E–7F    memory
//
// The chip must be told the date: it knows no other. Other divider settings
// than 010 are for other crystals; the clock then stands still, as in reset.

package device

import (
	"time"

	"ring0/vm"
)

// RTCState is the state of the clock.
type RTCState struct {
	RAM    [128]uint8
	Index  uint8
	Origin uint64 // crystal tick at which the divider chain last began a second
	Synced uint64 // crystal tick up to which time has been kept
	// The repeated hour at the end of daylight saving has been counted.
	HourRepeated bool
}

// Registers.
const (
	rtcSeconds   = 0x00
	rtcMinutes   = 0x02
	rtcHours     = 0x04
	rtcWeekday   = 0x06
	rtcDay       = 0x07
	rtcMonth     = 0x08
	rtcYear      = 0x09
	rtcA         = 0x0a
	rtcB         = 0x0b
	rtcC         = 0x0c
	rtcD         = 0x0d
	rtcAUIP      = 1 << 7
	rtcADivider  = 7 << 4
	rtcARunning  = 2 << 4
	rtcBSet      = 1 << 7
	rtcBPeriodic = 1 << 6
	rtcBAlarm    = 1 << 5
	rtcBUpdate   = 1 << 4
	rtcBBinary   = 1 << 2
	rtcB24       = 1 << 1
	rtcBDaylight = 1 << 0
	rtcCIRQ      = 1 << 7
	rtcDValid    = 1 << 7
)

const (
	rtcCrystal = 32768
	// The update cycle takes 1984 µs; UIP announces it 244 µs ahead.
	rtcUpdateTicks = 65 + 8
)

// RTC is the clock.
type RTC struct {
	clock *Clock
	irq   Line
	s     RTCState
	alarm *alarm
}

// NewRTC makes a clock that shows the given date, running, in BCD and 24-hour
// mode.
func NewRTC(m *vm.Machine, clock *Clock, irq Line, date time.Time) (*RTC, error) {
	r := &RTC{clock: clock, irq: irq}
	r.s.RAM[rtcA] = rtcARunning | 6
	r.s.RAM[rtcB] = rtcB24
	r.s.RAM[rtcD] = rtcDValid
	r.s.Synced = clock.Ticks(rtcCrystal)
	r.s.Origin = r.s.Synced
	r.s.setCalendar(calendarOf(date))
	r.alarm = newAlarm(clock, r.update)
	r.update()
	return r, Attach(m, r, Ports{0x70, 0x71})
}

// Peek and Poke reach the memory from the board's side, registers A–D too.
func (r *RTC) Peek(addr uint8) uint8 { return r.s.RAM[addr&0x7f] }

// Poke stores a byte.
func (r *RTC) Poke(addr, v uint8) { r.s.RAM[addr&0x7f] = v }

// In reads the addressed byte; the address itself cannot be read.
func (r *RTC) In(port uint16) uint8 {
	if port&1 == 0 {
		return 0xff
	}
	r.update()
	v := r.s.RAM[r.s.Index]
	switch r.s.Index {
	case rtcA:
		if r.s.updating() {
			v |= rtcAUIP
		}
	case rtcC:
		r.s.RAM[rtcC] = 0
		r.update()
	}
	return v
}

// Out writes the address or the addressed byte.
func (r *RTC) Out(port uint16, v uint8) {
	r.update()
	s := &r.s
	switch {
	case port&1 == 0:
		s.Index = v & 0x7f
	case s.Index == rtcA:
		wasRunning := s.running()
		s.RAM[rtcA] = v &^ rtcAUIP
		if !wasRunning && s.running() {
			s.Origin = s.Synced - rtcCrystal/2 // the first update comes after half a second
		}
	case s.Index == rtcB:
		if v&rtcBSet != 0 {
			v &^= rtcBUpdate
		}
		s.RAM[rtcB] = v
	case s.Index == rtcC, s.Index == rtcD: // read only
	default:
		s.RAM[s.Index] = v
	}
	r.update()
}

// update brings the clock to the present, drives the interrupt and plans the
// next change.
func (r *RTC) update() {
	s := &r.s
	s.advance(r.clock.Ticks(rtcCrystal))
	flags := s.RAM[rtcC] & 0x70
	irq := flags&s.RAM[rtcB] != 0
	s.RAM[rtcC] = flags
	if irq {
		s.RAM[rtcC] |= rtcCIRQ
	}
	r.irq.drive(irq)
	r.plan()
}

// plan sets the alarm for the next tick at which an interrupt may come.
func (r *RTC) plan() {
	s := &r.s
	next := uint64(never)
	if s.running() {
		if s.RAM[rtcB]&(rtcBAlarm|rtcBUpdate) != 0 && s.RAM[rtcB]&rtcBSet == 0 {
			next = s.nextEdge(rtcCrystal)
		}
		if p := s.period(); s.RAM[rtcB]&rtcBPeriodic != 0 && p != 0 {
			next = min(next, s.nextEdge(p))
		}
	}
	if next != never {
		next = r.clock.At(next, rtcCrystal)
	}
	r.alarm.set(next)
}

// running reports that the divider chain runs.
func (s *RTCState) running() bool { return s.RAM[rtcA]&rtcADivider == rtcARunning }

// period is the length of the periodic interrupt in crystal ticks; 0: none.
func (s *RTCState) period() uint64 {
	switch n := s.RAM[rtcA] & 0xf; n {
	case 0:
		return 0
	case 1, 2:
		return 64 << n
	default:
		return 1 << (n - 1)
	}
}

// nextEdge is the next tick at which a signal of the given period rises.
func (s *RTCState) nextEdge(period uint64) uint64 {
	return s.Synced + period - (s.Synced-s.Origin)%period
}

// edges is how often it has risen between Synced and now.
func (s *RTCState) edges(now, period uint64) uint64 {
	return (now-s.Origin)/period - (s.Synced-s.Origin)/period
}

// updating reports UIP: an update is near or in progress. Time is moved on
// at the end of the cycle.
func (s *RTCState) updating() bool {
	return s.running() && s.RAM[rtcB]&rtcBSet == 0 && s.nextEdge(rtcCrystal)-s.Synced <= rtcUpdateTicks
}

// advance keeps time up to crystal tick now.
func (s *RTCState) advance(now uint64) {
	if s.running() {
		if p := s.period(); p != 0 && s.edges(now, p) != 0 {
			s.RAM[rtcC] |= rtcBPeriodic
		}
		if s.RAM[rtcB]&rtcBSet == 0 {
			for range s.edges(now, rtcCrystal) {
				s.second()
			}
		}
	}
	s.Synced = now
}

// second is one update cycle.
func (s *RTCState) second() {
	s.RAM[rtcC] |= rtcBUpdate
	s.setCalendar(s.after(s.calendar()))
	for _, reg := range [...]uint8{rtcSeconds, rtcMinutes, rtcHours} {
		// An alarm byte of C0–FF matches everything.
		if alarm := s.RAM[reg+1]; alarm < 0xc0 && alarm != s.RAM[reg] {
			return
		}
	}
	s.RAM[rtcC] |= rtcBAlarm
}

// State and SetState are for snapshots.
func (r *RTC) State() RTCState {
	r.update()
	return r.s
}

// SetState restores a State.
func (r *RTC) SetState(s RTCState) {
	r.s = s
	r.update()
}
