// SPDX-License-Identifier: BSD-3-Clause

// The I/O port space (SDM vol. 1, chapter 18 "Input/Output").

package vm

import "fmt"

// PortDevice answers IN and OUT. size is 1, 2 or 4 bytes; port is absolute.
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

func (p *portMap) find(port uint16) PortDevice {
	for i := range p.ranges {
		if r := &p.ranges[i]; port >= r.first && port <= r.last {
			return r.dev
		}
	}
	return nil
}

// in reads a port. A wide access to a device that only covers the first
// ports is the device's to split.
func (m *Machine) in(port uint16, size uint8) uint32 {
	if d := m.ports.find(port); d != nil {
		return d.ReadPort(port, size) & sizeMask(size)
	}
	return sizeMask(size)
}

func (m *Machine) out(port uint16, size uint8, v uint32) {
	if d := m.ports.find(port); d != nil {
		d.WritePort(port, size, v&sizeMask(size))
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
