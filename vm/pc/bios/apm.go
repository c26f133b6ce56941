// SPDX-License-Identifier: BSD-3-Clause

// Advanced power management 1.2: just enough that an operating system connects
// and can switch the machine off or idle.
//
// APM BIOS Interface Specification 1.2, section 4 "APM functions".

package bios

import "ring0/vm"

// APM error codes.
const (
	apmNotConnected  = 0x03
	apmAlready16     = 0x05
	apmAlready32     = 0x07
	apmBadDevice     = 0x09
	apmBadParameter  = 0x0a
	apmNotSupported  = 0x0c
	apmNoEvents      = 0x80
	apmNotPresent    = 0x86
	apmVersion       = 0x0102
	apmSignature     = 0x504d // "PM"
	apmFlags         = 0x0003 // 16-bit and 32-bit interfaces
	apmAllDevices    = 0x0001
	apmStateOff      = 0x0003
	apmOnAC          = 0x01
	apmNoBattery     = 0xff
	apmSegmentLength = 0xffff
)

// apmState is which interface is connected.
type apmState uint8

const (
	apmNone apmState = iota
	apmReal
	apm16
	apm32
)

// apmCall is INT 15 AH=53 and the protected-mode entry points.
func apmCall(b *BIOS, r *regs) verdict {
	if r.ah() != 0x53 {
		return r.fail(apmNotSupported)
	}
	switch r.al() {
	case 0x00: // installation check
		r.setAX(apmVersion)
		r.setBX(apmSignature)
		r.setCX(apmFlags)
		return r.succeed()
	case 0x01, 0x02, 0x03:
		return b.apmConnect(r)
	case 0x04:
		if b.apm == apmNone {
			return r.fail(apmNotConnected)
		}
		b.apm = apmNone
		return r.succeed()
	}
	if b.apm == apmNone {
		return r.fail(apmNotConnected)
	}
	switch r.al() {
	case 0x05:
		return b.apmIdle(r)
	case 0x06, 0x08, 0x0d, 0x0f: // busy, enable, engage: nothing to do
		return r.succeed()
	case 0x07:
		return b.apmSetState(r)
	case 0x0a: // power status: mains, no battery
		r.setBX(apmOnAC<<8 | apmNoBattery)
		r.setCX(0x80ff)
		r.setDX(0xffff)
		return r.succeed()
	case 0x0b:
		return r.fail(apmNoEvents)
	case 0x0e: // driver version: whatever it is, 1.2
		r.setAX(apmVersion)
		return r.succeed()
	}
	return r.fail(apmNotSupported)
}

// apmConnect hands out the entry points: AL 01 real mode, 02 16-bit, 03 32-bit.
func (b *BIOS) apmConnect(r *regs) verdict {
	switch b.apm {
	case apm16:
		return r.fail(apmAlready16)
	case apm32:
		return r.fail(apmAlready32)
	case apmReal:
		return r.fail(0x02)
	}
	b.apm = apmState(r.al())
	switch b.apm {
	case apm16:
		r.setAX(romSegment)
		r.setBX(atAPM16)
		r.setCX(romSegment)
		r.m.SetReg(vm.ESI, apmSegmentLength<<16|apmSegmentLength)
	case apm32:
		r.setAX(romSegment)
		r.m.SetReg(vm.EBX, atAPM32)
		r.setCX(romSegment)
		r.setDX(romSegment)
		r.m.SetReg(vm.ESI, apmSegmentLength<<16|apmSegmentLength)
		r.set16(vm.EDI, apmSegmentLength)
	}
	return r.succeed()
}

// apmIdle waits for the next interrupt. From protected mode it must be the
// 32-bit entry, whose code has the wait; elsewhere the call returns at once.
func (b *BIOS) apmIdle(r *regs) verdict {
	if b.apm == apm32 && r.direct {
		r.m.SetEIP(atAPMIdle)
		return done
	}
	return r.succeed()
}

// apmSetState switches the machine off. Standby and suspend are refused.
func (b *BIOS) apmSetState(r *regs) verdict {
	switch {
	case r.bx() != apmAllDevices:
		return r.fail(apmBadDevice)
	case r.cx() == apmStateOff:
		b.pc.PowerOff()
		return r.succeed()
	case r.cx() > apmStateOff:
		return r.fail(apmBadParameter)
	}
	return r.fail(0x60) // cannot enter the state
}
