// SPDX-License-Identifier: BSD-3-Clause

// INT 08 and 1A: the time of day.

package bios

import "ring0/vm"

// timerTick is INT 08. INT 1C follows in the ROM.
func timerTick(b *BIOS, _ *regs) verdict {
	ticks := b.peek32(bdaTicks) + 1
	if ticks >= ticksPerDay {
		ticks = 0
		b.poke8(bdaMidnight, 1)
	}
	b.poke32(bdaTicks, ticks)
	b.pc.PIC.Out(0x20, 0x20)
	return done
}

// ticksOfDay is the time of the clock in timer ticks.
func (b *BIOS) ticksOfDay() uint32 {
	seconds := uint64(fromBCD(b.pc.RTC.Peek(4)))*3600 + uint64(fromBCD(b.pc.RTC.Peek(2)))*60 + uint64(fromBCD(b.pc.RTC.Peek(0)))
	return uint32(seconds % daySeconds * ticksPerDay / daySeconds)
}

func fromBCD(v uint8) uint8 { return v>>4*10 + v&15 }

// CMOS registers of time and date.
const (
	rtcSeconds, rtcMinutes, rtcHours = 0, 2, 4
	rtcDay, rtcMonth, rtcYear        = 7, 8, 9
	rtcCentury                       = 0x32
)

// timeOfDay is INT 1A. The clock is set through its ports; setting it here,
// alarms and PCI functions are not supported and say so with carry.
func timeOfDay(b *BIOS, r *regs) verdict {
	rtc := func(high, low uint8) uint16 {
		return uint16(b.readCMOS(high))<<8 | uint16(b.readCMOS(low))
	}
	switch r.ah() {
	case 0x00:
		ticks := b.peek32(bdaTicks)
		r.setCX(uint16(ticks >> 16))
		r.setDX(uint16(ticks))
		r.setAL(r.read8(bdaMidnight))
		b.poke8(bdaMidnight, 0)
		return done
	case 0x01:
		b.poke32(bdaTicks, uint32(r.cx())<<16|uint32(r.dx()))
		b.poke8(bdaMidnight, 0)
		return done
	case 0x02:
		r.setCX(rtc(rtcHours, rtcMinutes))
		r.setDX(uint16(b.readCMOS(rtcSeconds)) << 8)
		return r.succeed()
	case 0x04:
		r.setCX(rtc(rtcCentury, rtcYear))
		r.setDX(rtc(rtcMonth, rtcDay))
		return r.succeed()
	}
	r.setFlag(vm.FlagCF, true)
	return done
}

// readCMOS reads as software does, leaving the address register alone.
func (b *BIOS) readCMOS(addr uint8) uint8 {
	b.pc.RTC.State() // brings the clock to the present
	return b.pc.RTC.Peek(addr)
}
