// SPDX-License-Identifier: BSD-3-Clause

// Snapshots of everything but memory.

package pc

import (
	"ring0/vm"
	"ring0/vm/device"
)

// State is the state of the processor and of all chips. Memory is not in it.
type State struct {
	CPU     vm.State
	PIC     device.PICState
	PIT     device.PITState
	RTC     device.RTCState
	KBC     device.I8042State
	DMA     device.DMAState
	Chipset device.ChipsetState
	System  device.SystemState
	VGA     device.VGAState
	COM1    device.UARTState
	FPU     FPUState
}

// State takes a snapshot. It may be asked for only between instructions.
func (p *PC) State() *State {
	return &State{
		CPU: p.Machine.State(),
		PIC: p.PIC.State(), PIT: p.PIT.State(), RTC: p.RTC.State(), KBC: p.KBC.State(), DMA: p.DMA.State(),
		Chipset: p.Chipset.State(), System: p.System.State(), VGA: p.VGA.State(), COM1: p.COM1.State(),
		FPU: p.fpu.s,
	}
}

// SetState goes back to a snapshot of a PC of the same configuration.
func (p *PC) SetState(s *State) error {
	p.Machine.SetState(&s.CPU) // first: the chips read the time
	p.RTC.SetState(s.RTC)
	p.fpu.s = s.FPU
	p.fpu.drive()
	return p.restoreChips(s)
}

// restoreChips sets the state of what a reset of the board reaches. The
// interrupt controllers come last: setting the others moves their lines.
func (p *PC) restoreChips(s *State) error {
	p.PIT.SetState(s.PIT)
	p.KBC.SetState(s.KBC)
	p.DMA.SetState(s.DMA)
	p.System.SetState(s.System)
	p.VGA.SetState(s.VGA)
	p.COM1.SetState(s.COM1)
	if err := p.Chipset.SetState(s.Chipset); err != nil {
		return err
	}
	p.PIC.SetState(s.PIC)
	return nil
}
