// SPDX-License-Identifier: BSD-3-Clause

// Package device has the chips of a PC, one file each, written from their
// data sheets: what the registers do and when, and nothing about the board
// they sit on. Package pc wires them.
//
// Chips live on a Clock, which derives every oscillator from the machine's
// instruction count, so that two runs are the same to the tick. A chip's
// registers are its State, a plain struct; SetState(State()) on another chip
// of the kind makes it go on where the first was.
//
//	pic.go              two cascaded 8259A interrupt controllers
//	pit.go pitcounter.go    8254 interval timer
//	uart.go uartline.go     16550 serial port
//	rtc.go rtctime.go       MC146818 clock and CMOS memory
//	i8042.go keyboard.go    keyboard controller and keyboard
//	dma.go              8237 DMA controllers, page registers
//	pci.go i440fx.go    PCI configuration mechanism 1, host bridge, ISA bridge
//	sysport.go          ports 61 and 92: speaker gate, refresh, A20, reset
//	ports.go            debug console, POST codes, debug exit
//	vga.go              the text adapter's registers
package device

import (
	"fmt"

	"ring0/vm"
)

// A Line is the far end of a wire: whoever drives the wire calls it with the
// new level. A nil Line is not connected.
type Line func(high bool)

func (l Line) drive(high bool) {
	if l != nil {
		l(high)
	}
}

// Reset is what a reset that software asks for reaches.
type Reset uint8

// Resets.
const (
	ResetCPU   Reset = iota // the processor alone; chips and memory keep their state
	ResetBoard              // everything but the real-time clock
)

// ByteChip is a chip on an 8-bit bus.
type ByteChip interface {
	In(port uint16) uint8
	Out(port uint16, v uint8)
}

// Ports is an inclusive range of port numbers.
type Ports struct{ First, Last uint16 }

// Attach connects an 8-bit chip to the machine's ports.
func Attach(m *vm.Machine, chip ByteChip, ranges ...Ports) error {
	for _, r := range ranges {
		if err := m.AddPorts(r.First, r.Last, byteBus{chip}); err != nil {
			return fmt.Errorf("device: %T: %w", chip, err)
		}
	}
	return nil
}

// byteBus makes 8-bit cycles of wider ones, lowest port first.
type byteBus struct{ chip ByteChip }

func (b byteBus) ReadPort(port uint16, size uint8) (v uint32) {
	for i := range uint16(size) {
		v |= uint32(b.chip.In(port+i)) << (8 * i)
	}
	return v
}

func (b byteBus) WritePort(port uint16, size uint8, v uint32) {
	for i := range uint16(size) {
		b.chip.Out(port+i, uint8(v>>(8*i)))
	}
}
