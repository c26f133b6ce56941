// SPDX-License-Identifier: BSD-3-Clause

// Running the PC: what ends a run, and resets.

package pc

import (
	"fmt"

	"ring0/vm"
	"ring0/vm/device"
)

// Reason says why Run returned.
type Reason uint8

// Reasons.
const (
	Limit       Reason = iota // the given number of instructions has retired
	Halted                    // HLT, and nothing will ever wake the processor
	TripleFault               // shutdown, and Config.OnShutdown is Stop
	Unwritten                 // an instruction or service that ring0 lacks; Err names it
	Requested                 // Interrupt or Stop was called
	ResetAsked                // software asked for a reset, and Config.OnReset is Stop
	ExitPort                  // a value was written to the debug exit port
	PoweredOff                // software switched the PC off
)

func (r Reason) String() string {
	return [...]string{
		"limit reached", "halted", "triple fault", "not written", "stopped", "reset", "debug exit", "powered off",
	}[r]
}

// End is how a run ended.
type End struct {
	Reason Reason
	Value  uint32 // written to the debug exit port
	Err    error
}

// demand is what a device or service wants of whoever runs the machine. The
// first one counts.
type demand struct {
	is    bool
	reset device.Reset // of ResetAsked
	end   End
}

// Run executes until max instructions have retired or something ends the run.
// Where the machine itself ended it, the serial port has sent everything.
func (p *PC) Run(max uint64) End {
	end := p.run(max)
	if end.Reason != Limit && end.Reason != Requested {
		p.COM1.Drain()
	}
	return end
}

func (p *PC) run(max uint64) End {
	limit := p.Now() + max
	if limit < max {
		limit = vm.Forever
	}
	for {
		s := p.Machine.Run(limit - p.Now())
		if p.demand.is {
			d := p.demand
			p.demand = demand{}
			if d.end.Reason != ResetAsked || p.cfg.OnReset == Stop {
				return d.end
			}
			p.Reset(d.reset)
			continue
		}
		if s.Reason == vm.StopShutdown && p.cfg.OnShutdown == Restart {
			p.Reset(device.ResetCPU)
			continue
		}
		return endOf(s)
	}
}

func endOf(s vm.Stop) End {
	switch s.Reason {
	case vm.StopLimit:
		return End{Reason: Limit}
	case vm.StopHalt:
		return End{Reason: Halted}
	case vm.StopShutdown:
		return End{Reason: TripleFault}
	case vm.StopUnwritten:
		return End{Reason: Unwritten, Err: s.Err}
	}
	return End{Reason: Requested}
}

// ask ends the run after the instruction that is being executed.
func (p *PC) ask(d demand) {
	if !p.demand.is {
		d.is = true
		p.demand = d
	}
	p.Machine.Stop()
}

func (p *PC) resetWanted(r device.Reset) { p.ask(demand{end: End{Reason: ResetAsked}, reset: r}) }

func (p *PC) exitWanted(v uint32) { p.ask(demand{end: End{Reason: ExitPort, Value: v}}) }

// PowerOff ends the run.
func (p *PC) PowerOff() { p.ask(demand{end: End{Reason: PoweredOff}}) }

// Fail ends the run because of something ring0 lacks.
func (p *PC) Fail(err error) { p.ask(demand{end: End{Reason: Unwritten, Err: err}}) }

// Reset is the RESET button (ResetBoard) or the processor's INIT pin. The
// clock goes on; memory keeps its content; the A20 gate opens, so that the
// processor finds the reset vector.
func (p *PC) Reset(r device.Reset) {
	if r == device.ResetBoard {
		if err := p.restoreChips(p.powerOn); err != nil {
			panic(fmt.Sprintf("pc: the state at power-up: %v", err)) // it was taken from this board
		}
	} else {
		s := p.KBC.State()
		s.Output |= device.KBCOutputA20
		p.KBC.SetState(s)
	}
	p.fpu.release()
	p.Machine.Reset()
}
