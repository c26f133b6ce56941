// SPDX-License-Identifier: BSD-3-Clause

// Ports that firmware, tests and emulators agree on: text for a developer,
// progress codes, the end of a run. No PC has them but on a plug-in card.
//
//	E9 402   debug console: a byte is a character; reads give E9
//	190      progress codes of test ROMs (port 80 is the DMA page register's)
//	F4 501   debug exit: the value ends the run

package device

import (
	"io"

	"ring0/vm"
)

// debugConsole is ports E9 and 402.
type debugConsole struct{ out io.Writer }

// consoleIsHere is what reading the port gives, for software that looks.
const consoleIsHere = 0xe9

// NewDebugConsole connects a debug console to ports.
func NewDebugConsole(m *vm.Machine, out io.Writer, ports ...uint16) error {
	for _, p := range ports {
		if err := Attach(m, debugConsole{out}, Ports{p, p}); err != nil {
			return err
		}
	}
	return nil
}

func (d debugConsole) In(uint16) uint8       { return consoleIsHere }
func (d debugConsole) Out(_ uint16, v uint8) { d.out.Write([]byte{v}) }

// valuePort tells a function what is written to a port.
type valuePort struct{ f func(v uint32) }

// NewValuePort connects f to ports of 32 bits, each of size bytes. Reads
// float.
func NewValuePort(m *vm.Machine, f func(v uint32), size uint16, ports ...uint16) error {
	for _, p := range ports {
		if err := m.AddPorts(p, p+size-1, valuePort{f}); err != nil {
			return err
		}
	}
	return nil
}

func (p valuePort) ReadPort(uint16, uint8) uint32         { return 0xffffffff }
func (p valuePort) WritePort(_ uint16, _ uint8, v uint32) { p.f(v) }
