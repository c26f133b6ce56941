// SPDX-License-Identifier: BSD-3-Clause

// The MC146818's calendar: formats, counting, daylight saving.
//
// Data sheet, "Time, calendar and alarm locations", "Daylight savings".

package device

import "time"

// calendar is a date as the clock counts it, in binary and 24 hours.
type calendar struct {
	second, minute, hour       uint8
	weekday, day, month, year2 uint8 // Sunday is 1; the year has two digits
}

func calendarOf(t time.Time) calendar {
	return calendar{
		uint8(t.Second()), uint8(t.Minute()), uint8(t.Hour()),
		uint8(t.Weekday()) + 1, uint8(t.Day()), uint8(t.Month()), uint8(t.Year() % 100),
	}
}

// calendar reads the registers in the format that register B says.
func (s *RTCState) calendar() calendar {
	h := s.RAM[rtcHours]
	hour := s.decode(h & 0x7f)
	if s.RAM[rtcB]&rtcB24 == 0 {
		hour %= 12
		if h&0x80 != 0 { // PM
			hour += 12
		}
	}
	return calendar{
		s.decode(s.RAM[rtcSeconds]), s.decode(s.RAM[rtcMinutes]), hour,
		s.decode(s.RAM[rtcWeekday]), s.decode(s.RAM[rtcDay]), s.decode(s.RAM[rtcMonth]), s.decode(s.RAM[rtcYear]),
	}
}

// setCalendar writes the registers.
func (s *RTCState) setCalendar(c calendar) {
	hour := s.encode(c.hour)
	if s.RAM[rtcB]&rtcB24 == 0 {
		hour = s.encode((c.hour+11)%12 + 1)
		if c.hour >= 12 {
			hour |= 0x80
		}
	}
	s.RAM[rtcSeconds], s.RAM[rtcMinutes], s.RAM[rtcHours] = s.encode(c.second), s.encode(c.minute), hour
	s.RAM[rtcWeekday], s.RAM[rtcDay] = s.encode(c.weekday), s.encode(c.day)
	s.RAM[rtcMonth], s.RAM[rtcYear] = s.encode(c.month), s.encode(c.year2)
}

func (s *RTCState) decode(v uint8) uint8 {
	if s.RAM[rtcB]&rtcBBinary != 0 {
		return v
	}
	return v>>4*10 + v&15
}

func (s *RTCState) encode(v uint8) uint8 {
	if s.RAM[rtcB]&rtcBBinary != 0 {
		return v
	}
	return v/10<<4 | v%10
}

// after is one second later. A field beyond its range goes on to its first
// value.
func (s *RTCState) after(c calendar) calendar {
	if c.second++; c.second < 60 {
		return c
	}
	c.second = 0
	if c.minute++; c.minute < 60 {
		return c
	}
	c.minute = 0
	c.hour++
	if s.RAM[rtcB]&rtcBDaylight != 0 {
		c = s.daylight(c)
	}
	if c.hour < 24 {
		return c
	}
	c.hour = 0
	return c.tomorrow()
}

// daylight leaves out an hour at 2:00 on the last Sunday of April and repeats
// one on the last Sunday of October.
func (s *RTCState) daylight(c calendar) calendar {
	if c.hour != 2 {
		return c
	}
	lastSunday := c.weekday == 1 && c.day+7 > c.monthDays()
	switch {
	case lastSunday && c.month == 4:
		c.hour = 3
	case lastSunday && c.month == 10 && !s.HourRepeated:
		c.hour = 1
		s.HourRepeated = true
		return c
	}
	s.HourRepeated = false
	return c
}

func (c calendar) tomorrow() calendar {
	if c.weekday++; c.weekday > 7 {
		c.weekday = 1
	}
	if c.day++; c.day <= c.monthDays() {
		return c
	}
	c.day = 1
	if c.month++; c.month <= 12 {
		return c
	}
	c.month = 1
	c.year2 = (c.year2 + 1) % 100
	return c
}

// monthDays is the length of the month; every fourth year is a leap year.
func (c calendar) monthDays() uint8 {
	switch c.month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if c.year2%4 == 0 {
			return 29
		}
		return 28
	}
	return 31
}
