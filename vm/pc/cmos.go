// SPDX-License-Identifier: BSD-3-Clause

// CMOS memory as the set-up program of an AT left it: what is installed.
//
// IBM PC AT Technical Reference, "Real-time clock/CMOS RAM information";
// 30–31 and 32 as firmware of the 1990s uses them, 34–35 as emulators do.

package pc

// CMOS addresses.
const (
	cmosFloppies  = 0x10
	cmosDisks     = 0x12
	cmosEquipment = 0x14
	cmosBaseKB    = 0x15 // and 16: memory below 640 KB
	cmosExtended  = 0x17 // and 18: memory above 1 MB in KB, up to 65535
	cmosChecksum  = 0x2e // and 2F, high byte first: of 10–2D
	cmosActualKB  = 0x30 // and 31: as 17, found by the power-on self-test
	cmosCentury   = 0x32
	cmosAbove16M  = 0x34 // and 35: memory above 16 MB in 64 KB
)

// Equipment: coprocessor, no floppies, the display has its own firmware.
const equipment = 1 << 1

// cmos fills in what depends on the configuration.
func (p *PC) cmos() error {
	ram := p.RAMSize()
	extended := min((ram-1<<20)>>10, 0xffff)
	above := uint32(0)
	if ram > 16<<20 {
		above = min((ram-16<<20)>>16, 0xffff)
	}
	word := func(at uint8, v uint32) {
		p.RTC.Poke(at, uint8(v))
		p.RTC.Poke(at+1, uint8(v>>8))
	}
	p.RTC.Poke(cmosFloppies, 0)
	p.RTC.Poke(cmosDisks, 0)
	p.RTC.Poke(cmosEquipment, equipment)
	word(cmosBaseKB, 640)
	word(cmosExtended, extended)
	word(cmosActualKB, extended)
	word(cmosAbove16M, above)
	century := p.cfg.Date.Year() / 100 % 100
	p.RTC.Poke(cmosCentury, uint8(century/10<<4|century%10))
	sum := uint16(0)
	for at := uint8(0x10); at < cmosChecksum; at++ {
		sum += uint16(p.RTC.Peek(at))
	}
	p.RTC.Poke(cmosChecksum, uint8(sum>>8))
	p.RTC.Poke(cmosChecksum+1, uint8(sum))
	return nil
}
