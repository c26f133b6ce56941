// SPDX-License-Identifier: BSD-3-Clause

// The I/O port space (SDM vol. 1, chapter 18 "Input/Output").

package vm

import "fmt"

// PortDevice answers IN and OUT. size is 1, 2 or 4 bytes; port is absolute.
// An access that reaches beyond a device's ports comes in halves.
type PortDevice interface {
	ReadPort(port uint16, size uint8) uint32
	WritePort(port uint16, size uint8, v uint32)
}

// portMap finds the device of a port. Ports without one float: reads give all
// ones, writes are lost.
type portMap struct {
	ranges []portRange
}

type portRange struct {
	first, last uint16
	dev         PortDevice
}

func (p *portMap) init() { p.ranges = nil }

// AddPorts connects dev to ports first … last.
func (m *Machine) AddPorts(first, last uint16, dev PortDevice) error {
	for _, r := range m.ports.ranges {
		if first <= r.last && r.first <= last {
			return fmt.Errorf("vm: ports %x-%x overlap ports %x-%x", first, last, r.first, r.last)
		}
	}
	m.ports.ranges = append(m.ports.ranges, portRange{first, last, dev})
	return nil
}

// find returns the range that holds port, or nil.
func (p *portMap) find(port uint16) *portRange {
	for i := range p.ranges {
		if r := &p.ranges[i]; port >= r.first && port <= r.last {
			return r
		}
	}
	return nil
}

// whole reports that one access reaches all of [port, port+size): a device
// has them all, or nothing has any. Otherwise the bus makes two of it.
func (p *portMap) whole(r *portRange, port uint16, size uint8) bool {
	end := port + uint16(size) - 1
	if r != nil {
		return end <= r.last && end >= port
	}
	for i := range uint16(size) {
		if p.find(port+i) != nil {
			return false
		}
	}
	return true
}

// in reads a port.
func (m *Machine) in(port uint16, size uint8) uint32 {
	r := m.ports.find(port)
	if size > 1 && !m.ports.whole(r, port, size) {
		half := size / 2
		low := m.in(port, half)
		return low | m.in(port+uint16(half), half)<<(half*8)
	}
	if r == nil {
		return sizeMask(size)
	}
	return r.dev.ReadPort(port, size) & sizeMask(size)
}

// out writes a port.
func (m *Machine) out(port uint16, size uint8, v uint32) {
	r := m.ports.find(port)
	if size > 1 && !m.ports.whole(r, port, size) {
		half := size / 2
		m.out(port, half, v&sizeMask(half))
		m.out(port+uint16(half), half, v>>(half*8))
		return
	}
	if r != nil {
		r.dev.WritePort(port, size, v&sizeMask(size))
	}
}

// InterruptController is what the CPU's INTR pin hangs on. The controller
// says through Machine.SetINTR whether it has something; Acknowledge gives
// the vector (the INTA cycle).
type InterruptController interface {
	Acknowledge() uint8
}

// SetInterruptController connects the INTR pin.
func (m *Machine) SetInterruptController(ic InterruptController) { m.intc = ic }

// SetINTR drives the INTR pin.
func (m *Machine) SetINTR(level bool) {
	m.cpu.intrLine = level
	if level {
		m.cpu.endSliceBy(m.cpu.now())
	}
}
