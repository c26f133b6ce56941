// SPDX-License-Identifier: BSD-3-Clause

// INT 13, 14 and 17: no disks, one serial port, no printer.

package bios

import "ring0/vm"

// INT 13 status codes.
const (
	diskBadCommand = 0x01
	diskNotReady   = 0x80
)

// disk is INT 13 on a machine without drives.
func disk(b *BIOS, r *regs) verdict {
	switch r.ah() {
	case 0x00: // reset of controllers that are not there
		r.setAH(0)
		return r.succeed()
	case 0x08: // drive parameters: none installed
		r.setDX(r.dx() & 0xff00)
		return r.fail(0x07)
	case 0x15: // drive type: none
		r.setAH(0)
		return r.succeed()
	case 0x02, 0x03, 0x04, 0x05, 0x0c, 0x10:
		return r.fail(diskNotReady)
	}
	return r.fail(diskBadCommand)
}

// Registers of the serial port, from its base.
const (
	serialData = 0
	serialLine = 5
	modemLine  = 6
	lineReady  = 0x01
	lineEmpty  = 0x20
	timedOut   = 0x80
)

// serial is INT 14 on COM1. Other ports time out.
func serial(b *BIOS, r *regs) verdict {
	const base = 0x3f8
	u := b.pc.COM1
	if r.dx() != 0 {
		r.setAH(timedOut)
		return done
	}
	line := u.In(base + serialLine)
	switch r.ah() {
	case 0x00:
		b.serialSetup(r.al())
		line = u.In(base + serialLine)
	case 0x01:
		if line&lineEmpty == 0 {
			return waiting
		}
		u.Out(base+serialData, r.al())
		r.setAH(line)
		return done
	case 0x02:
		if line&lineReady == 0 {
			r.setAH(timedOut)
			return done
		}
		r.setAL(u.In(base + serialData))
		r.setAH(line & 0x1e)
		return done
	}
	r.setAH(line)
	if r.ah() != 0x01 {
		r.setAL(u.In(base + modemLine))
	}
	return done
}

// serialSetup is AH=00: bits 7–5 rate, 4–3 parity, 2 stop bits, 1–0 length.
func (b *BIOS) serialSetup(v uint8) {
	const base = 0x3f8
	divisor := [...]uint16{1047, 768, 384, 192, 96, 48, 24, 12}[v>>5]
	for _, w := range [][2]uint16{
		{3, 0x80}, {0, divisor & 0xff}, {1, divisor >> 8}, {3, uint16(v & 0x1f)}, {4, 0x03},
	} {
		b.pc.COM1.Out(base+w[0], uint8(w[1]))
	}
}

// printer is INT 17: none, every call times out.
func printer(_ *BIOS, r *regs) verdict {
	r.setAH(0x01)
	r.setFlag(vm.FlagCF, false)
	return done
}
