// SPDX-License-Identifier: BSD-3-Clause

// The chipset: the 440FX host bridge, which decides where RAM lies below
// 1 MB, and the PIIX3 ISA bridge.
//
// Intel 82441FX data sheet (290549), 3.2 "PCI configuration registers":
// PAM0–PAM6 (59–5F), SMRAM (72); Intel 82371SB (PIIX3) data sheet (290550),
// 2.2 "PCI configuration registers", 2.5.4 "Reset control register" (CF9).
//
// The bridges are functions 00:00.0 and 00:01.0. The DRAM timing and row
// registers keep what is written and change nothing: all RAM is there from
// the start. There is no system management mode: SMRAM can be opened with
// DOPEN, not by an SMI. Of the PIIX3 only function 0 is there, without IDE
// and USB; its PCI interrupt routing registers keep what is written, as there
// is no PCI device with an interrupt.

package device

import "ring0/vm"

// Host bridge registers.
const (
	fxPMCCFG = 0x50 // memory controller configuration, 2 bytes
	fxDETURB = 0x52 // … to 58: deturbo, buffers, DRAM control and timing
	fxPAM    = 0x59
	fxDRB    = 0x60 // DRAM row boundaries, 8 bytes, in 8 MB
	fxFDHC   = 0x68 // fixed DRAM hole
	fxMTT    = 0x70 // latency timer
	fxSMRAM  = 0x72
	fxErrors = 0x90 // to 93
	// SMRAM bits.
	smramOpen   = 1 << 6
	smramClosed = 1 << 5
	smramLock   = 1 << 4
	smramEnable = 1 << 3
	smramBase   = 2 // A0000–BFFFF, fixed
)

// pamSegments are the ranges of PAM: each nibble rules one, PAM0 only its
// high one.
const (
	pamSegments = 13
	pamFirst    = 0xc0000 // of the twelve ranges of 16 KB
	pamSize     = 0x4000
	biosFirst   = 0xf0000 // PAM0's range of 64 KB
	smramFirst  = 0xa0000
	smramSize   = 0x20000
)

// Chipset is the two bridges.
type Chipset struct {
	*PCI
	m            *vm.Machine
	host, bridge *PCIFunction
}

// ChipsetState is the state of both.
type ChipsetState struct {
	Address      uint32
	ResetControl uint8
	Host, ISA    [256]uint8
}

// NewChipset makes the chipset and connects it. reset is called when software
// asks for a reset at port CF9.
func NewChipset(m *vm.Machine, reset func(Reset)) (*Chipset, error) {
	bus, err := newPCI(m, reset)
	if err != nil {
		return nil, err
	}
	c := &Chipset{PCI: bus, m: m}
	c.host = hostBridge(c.hostChanged)
	c.setRows(m.RAMSize())
	c.bridge = isaBridge()
	c.add(0, 0, c.host)
	c.add(1, 0, c.bridge)
	return c, c.remap()
}

// hostBridge is an 82441FX in its reset state.
func hostBridge(changed func(reg int)) *PCIFunction {
	f := newFunction(0x8086, 0x1237, 0x060000, 2, changed)
	f.put(pciCommand, 0x06, 0x40)
	f.put(pciCommand+1, 0, 0x01)
	f.put(pciStatus, 0x80, 0)
	f.put(pciStatus+1, 0x02, 0)
	f.put(0x0d, 0, 0xf8) // latency timer
	for reg := fxPMCCFG; reg < fxPAM; reg++ {
		f.put(reg, 0, 0xff)
	}
	f.put(fxPMCCFG, 0x00, 0xff)
	f.put(0x57, 0x01, 0xff) // DRAM control
	f.put(0x58, 0x10, 0xff) // DRAM timing
	f.put(fxPAM, 0, 0x30)
	for reg := fxPAM + 1; reg < fxPAM+7; reg++ {
		f.put(reg, 0, 0x33)
	}
	for reg := fxDRB; reg < fxDRB+8; reg++ {
		f.put(reg, 0x01, 0xff)
	}
	f.put(fxFDHC, 0, 0xc0)
	f.put(fxMTT, 0x20, 0xf8)
	f.put(fxSMRAM, smramBase, smramOpen|smramClosed|smramLock|smramEnable)
	f.put(0x93, 0, 0x03)
	return f
}

// isaBridge is a PIIX3's function 0 in its reset state.
func isaBridge() *PCIFunction {
	f := newFunction(0x8086, 0x7000, 0x060100, 0, nil)
	f.put(pciCommand, 0x07, 0x08)
	f.put(pciStatus+1, 0x02, 0)
	f.put(0x4c, 0x4d, 0xff) // ISA I/O recovery timer
	f.put(0x4e, 0x03, 0xff) // X-bus chip select
	f.put(0x4f, 0x00, 0x01)
	for reg := 0x60; reg < 0x64; reg++ { // PIRQ routing: not routed
		f.put(reg, 0x80, 0x8f)
	}
	f.put(0x69, 0x02, 0xfe) // top of memory
	f.put(0x6a, 0x00, 0x15) // miscellaneous status
	for _, reg := range [...]int{0x70, 0x71} {
		f.put(reg, 0x80, 0xcf) // motherboard interrupt routing
	}
	f.put(0x76, 0x0c, 0x8f) // motherboard DMA
	f.put(0x77, 0x0c, 0x8f)
	f.put(0x78, 0x00, 0xff) // programmable chip select
	f.put(0x79, 0x00, 0xff)
	f.put(0x80, 0x00, 0x7f)              // APIC base
	f.put(0x82, 0x00, 0x0f)              // deterministic latency
	for reg := 0xa0; reg < 0xb0; reg++ { // power management
		f.put(reg, 0x00, 0xff)
	}
	f.put(0xa0, 0x08, 0x1f)
	f.put(0xa8, 0x0f, 0xff)
	return f
}

// setRows fills the row boundaries as firmware would find them by probing.
func (c *Chipset) setRows(ram uint32) {
	for row := range 8 {
		c.host.Config[fxDRB+row] = uint8(min((ram+(8<<20)-1)/(8<<20), 0xff))
	}
}

// hostChanged is a write to the host bridge.
func (c *Chipset) hostChanged(reg int) {
	if reg == fxSMRAM {
		c.lockSMRAM()
	}
	if reg >= fxPAM && reg < fxPAM+7 || reg == fxSMRAM {
		if err := c.remap(); err != nil {
			panic(err) // the ranges are the ones NewChipset asked for
		}
	}
}

// lockSMRAM: once DLCK is set nothing but a reset can open SMRAM again.
func (c *Chipset) lockSMRAM() {
	r := &c.host.Config[fxSMRAM]
	if *r&smramLock != 0 {
		*r &^= smramOpen
		c.host.writable[fxSMRAM] = smramClosed
	}
}

// remap switches RAM below 1 MB in and out.
func (c *Chipset) remap() error {
	pam := c.host.Config[fxPAM : fxPAM+7]
	for i := range uint32(pamSegments - 1) {
		attr := pam[1+i/2] >> (i % 2 * 4) & 3
		if err := c.m.SetShadow(pamFirst+i*pamSize, pamSize, vm.Shadow(attr)); err != nil {
			return err
		}
	}
	if err := c.m.SetShadow(biosFirst, 0x10000, vm.Shadow(pam[0]>>4&3)); err != nil {
		return err
	}
	smram := vm.ShadowOff
	if c.host.Config[fxSMRAM]&smramOpen != 0 {
		smram = vm.ShadowReadWrite
	}
	return c.m.SetShadow(smramFirst, smramSize, smram)
}

// ShadowAll makes C0000–FFFFF plain RAM, as firmware leaves it after copying
// itself there.
func (c *Chipset) ShadowAll() {
	for i := range 7 {
		c.host.write(fxPAM+i, 0x33)
	}
}

// Reset is PCIRST#: both bridges' registers take their reset values.
func (c *Chipset) Reset() error {
	fresh := hostBridge(nil)
	c.host.Config, c.host.writable = fresh.Config, fresh.writable
	c.setRows(c.m.RAMSize())
	c.bridge.Config = isaBridge().Config
	c.address = 0
	c.resetCtl.value = 0
	return c.remap()
}

// State and SetState are for snapshots.
func (c *Chipset) State() ChipsetState {
	return ChipsetState{c.address, c.resetCtl.value, c.host.Config, c.bridge.Config}
}

// SetState restores a State.
func (c *Chipset) SetState(s ChipsetState) error {
	c.address, c.resetCtl.value = s.Address, s.ResetControl
	c.host.Config, c.bridge.Config = s.Host, s.ISA
	c.host.writable = hostBridge(nil).writable
	c.lockSMRAM()
	return c.remap()
}

// resetControl is port CF9. A reset comes when bit 2 rises: of the whole board
// with bit 1, of the CPU without.
type resetControl struct {
	value uint8
	reset func(Reset)
}

const (
	rcReset = 1 << 2
	rcHard  = 1 << 1
)

func (r *resetControl) write(v uint8) {
	rises := v&^r.value&rcReset != 0
	r.value = v & (rcReset | rcHard)
	switch {
	case rises && v&rcHard != 0:
		r.reset(ResetBoard)
	case rises:
		r.reset(ResetCPU)
	}
}
