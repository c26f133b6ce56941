// SPDX-License-Identifier: BSD-3-Clause

// PCI configuration space access mechanism 1.
//
// PCI Local Bus Specification 2.1, 3.7.4.1 "Configuration mechanism #1", 6.1
// "Configuration space organization".
//
//	CF8       address: enable, bus, device, function, register; 32-bit accesses only
//	CF9       reset control (of the host bridge; see i440fx.go)
//	CFC–CFF   data
//
// Only bus 0 exists. What no function answers reads as ones.

package device

import (
	"encoding/binary"

	"ring0/vm"
)

// PCIFunction is the configuration space of one function.
type PCIFunction struct {
	Config   [256]uint8
	writable [256]uint8 // bits that software may change
	changed  func(reg int)
}

// Config registers.
const (
	pciVendor     = 0x00
	pciDevice     = 0x02
	pciCommand    = 0x04
	pciStatus     = 0x06
	pciRevision   = 0x08
	pciClass      = 0x09 // interface, subclass, class
	pciHeaderType = 0x0e
)

// newFunction makes a function with its identity. changed is called for each
// byte written.
func newFunction(vendor, device uint16, class uint32, revision uint8, changed func(reg int)) *PCIFunction {
	f := &PCIFunction{changed: changed}
	binary.LittleEndian.PutUint16(f.Config[pciVendor:], vendor)
	binary.LittleEndian.PutUint16(f.Config[pciDevice:], device)
	binary.LittleEndian.PutUint32(f.Config[pciRevision:], class<<8|uint32(revision))
	return f
}

// put stores a byte that the bits of mask of can be written to.
func (f *PCIFunction) put(reg int, v, mask uint8) { f.Config[reg], f.writable[reg] = v, mask }

func (f *PCIFunction) write(reg int, v uint8) {
	mask := f.writable[reg]
	f.Config[reg] = f.Config[reg]&^mask | v&mask
	if f.changed != nil {
		f.changed(reg)
	}
}

// PCI is bus 0 and its host bridge's ports.
type PCI struct {
	address   uint32
	functions map[uint8]*PCIFunction // by device << 3 | function
	resetCtl  *resetControl
}

const pciEnable = 1 << 31

// newPCI makes an empty bus.
func newPCI(m *vm.Machine, reset func(Reset)) (*PCI, error) {
	p := &PCI{functions: map[uint8]*PCIFunction{}, resetCtl: &resetControl{reset: reset}}
	if err := m.AddPorts(0xcf8, 0xcfb, (*pciAddress)(p)); err != nil {
		return nil, err
	}
	return p, m.AddPorts(0xcfc, 0xcff, (*pciData)(p))
}

// add plugs a function in.
func (p *PCI) add(device, function uint8, f *PCIFunction) { p.functions[device<<3|function] = f }

// target is what the address register points at, or nil.
func (p *PCI) target() *PCIFunction {
	if p.address&pciEnable == 0 || p.address>>16&0xff != 0 {
		return nil
	}
	return p.functions[uint8(p.address>>8)]
}

// pciAddress is the address register. Smaller accesses are not for it: they
// reach the reset control at CF9, or nothing.
type pciAddress PCI

func (p *pciAddress) ReadPort(port uint16, size uint8) uint32 {
	switch {
	case size == 4:
		return p.address
	case port == 0xcf9 && size == 1:
		return uint32(p.resetCtl.value)
	}
	return 0xffffffff
}

func (p *pciAddress) WritePort(port uint16, size uint8, v uint32) {
	switch {
	case size == 4:
		p.address = v & 0x80fffffc
	case port == 0xcf9 && size == 1:
		p.resetCtl.write(uint8(v))
	}
}

// pciData is the data register, of which any bytes may be accessed.
type pciData PCI

func (p *pciData) ReadPort(port uint16, size uint8) (v uint32) {
	f := (*PCI)(p).target()
	if f == nil {
		return 0xffffffff
	}
	for i := range int(size) {
		v |= uint32(f.Config[p.register(port)+i]) << (8 * i)
	}
	return v
}

func (p *pciData) WritePort(port uint16, size uint8, v uint32) {
	f := (*PCI)(p).target()
	if f == nil {
		return
	}
	for i := range int(size) {
		f.write(p.register(port)+i, uint8(v>>(8*i)))
	}
}

func (p *pciData) register(port uint16) int { return int(p.address&0xfc) + int(port&3) }
