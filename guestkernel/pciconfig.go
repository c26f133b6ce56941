// SPDX-License-Identifier: BSD-3-Clause
// The PCI configuration space of a PC with the 440FX chipset: what a 2.4 kernel finds when it scans bus 0.

package guestkernel

import "encoding/binary"

// Registers of a configuration header of type 0.
const (
	pciVendorID    = 0x00
	pciCommand     = 0x04
	pciStatus      = 0x06
	pciRevision    = 0x08
	pciHeaderType  = 0x0e
	pciBar0        = 0x10
	pciSubsystem   = 0x2c
	pciROM         = 0x30
	pciCapList     = 0x34
	pciIntLine     = 0x3c
	pciConfigSize  = 256
	pciMultiFunc   = 0x80
	pciCapListFlag = 0x10 // in the status: there is a capability list
	pciMaster      = 4    // in the command
)

// pciFunction is one function of a device on bus 0.
type pciFunction struct {
	devfn    uint32
	name     string // the kernel's own list has it
	config   [pciConfigSize]byte
	writable [pciConfigSize]byte // bits that a write changes
	bars     []pciBar
}

// pciBar is a base address register.
type pciBar struct {
	number     uint32
	base, size uint32
	flags      uint32 // the register's low bits: 1 ports, 8 prefetchable memory
}

// pciState is the configuration space.
type pciState struct{ functions []*pciFunction }

// pcFunctions are the functions of the PC: host bridge, ISA bridge, IDE, power management, VGA.
func pcFunctions() []*pciFunction {
	const subsystem = 0x11001af4
	host := newPCIFunction(0, 0, 0x12378086, 0x06000002, subsystem)
	isa := newPCIFunction(1, 0, 0x70008086, 0x06010000, subsystem)
	isa.config[pciHeaderType] = pciMultiFunc
	ide := newPCIFunction(1, 1, 0x70108086, 0x01018000, subsystem)
	ide.addBar(pciBar{number: 4, base: 0xc040, size: 16, flags: 1})
	pm := newPCIFunction(1, 3, 0x71138086, 0x06800003, subsystem)
	pm.interrupt(9, 1)
	binary.LittleEndian.PutUint32(pm.config[0x40:], 0x601) // power management ports
	binary.LittleEndian.PutUint32(pm.config[0x90:], 0x701) // SMBus ports
	pm.config[0x80], pm.config[0xd2] = 1, 9
	for _, at := range []int{0x40, 0x41, 0x80, 0x90, 0x91, 0xd2} {
		pm.writable[at] = 0xff
	}
	vga := newPCIFunction(2, 0, 0x11111234, 0x03000002, subsystem)
	vga.addBar(pciBar{number: 0, base: 0xfd000000, size: 16 << 20, flags: 8})
	vga.addBar(pciBar{number: 2, base: 0xfebf0000, size: 4096})
	host.name = "Intel Corp. 440FX - 82441FX PMC [Natoma]"
	isa.name = "Intel Corp. 82371SB PIIX3 ISA [Natoma/Triton II]"
	ide.name = "Intel Corp. 82371SB PIIX3 IDE [Natoma/Triton II]"
	pm.name = "Intel Corp. 82371AB/EB/MB PIIX4 ACPI"
	vga.name = "PCI device 1234:1111 (Technical Corp.)"
	all := []*pciFunction{host, isa, ide, pm, vga}
	for _, f := range all {
		binary.LittleEndian.PutUint16(f.config[pciCommand:], 7)
	}
	return all
}

// newPCIFunction fills in a header. id is device and vendor, class the class code and revision.
func newPCIFunction(device, function, id, class, subsystem uint32) *pciFunction {
	f := &pciFunction{devfn: device<<3 | function}
	put := binary.LittleEndian.PutUint32
	put(f.config[pciVendorID:], id)
	put(f.config[pciRevision:], class)
	put(f.config[pciSubsystem:], subsystem)
	f.writable[pciCommand], f.writable[pciCommand+1] = 0xff, 0x05
	f.writable[pciIntLine] = 0xff
	f.writable[0x0c], f.writable[0x0d] = 0xff, 0xff
	return f
}

// interrupt sets line and pin.
func (f *pciFunction) interrupt(line, pin byte) {
	f.config[pciIntLine], f.config[pciIntLine+1] = line, pin
}

// addBar adds a base address register, of whose bits those above its size can be written.
func (f *pciFunction) addBar(b pciBar) {
	at := pciBar0 + b.number*4
	binary.LittleEndian.PutUint32(f.config[at:], b.base|b.flags)
	binary.LittleEndian.PutUint32(f.writable[at:], ^(b.size - 1))
	f.bars = append(f.bars, b)
}

// read returns size bytes of the configuration space at a register.
func (f *pciFunction) read(reg, size uint32) uint32 {
	var v uint32
	for i := range size {
		v |= uint32(f.config[(reg+i)%pciConfigSize]) << (8 * i)
	}
	return v
}

// write changes what can be changed.
func (f *pciFunction) write(reg, size, v uint32) {
	for i := range size {
		at := (reg + i) % pciConfigSize
		mask := f.writable[at]
		f.config[at] = f.config[at]&^mask | byte(v>>(8*i))&mask
	}
}

// function returns the function at a place, nil when there is none.
func (s *pciState) function(bus, devfn uint32) *pciFunction {
	for _, f := range s.functions {
		if bus == 0 && f.devfn == devfn {
			return f
		}
	}
	return nil
}
