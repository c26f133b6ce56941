// SPDX-License-Identifier: BSD-3-Clause

// Package pc is a whole PC of the late 1990s: the processor of package vm, the
// chips of package device, and the board that wires them: 440FX and PIIX3, one
// serial port, a text screen, no disks.
//
//	pc.go      what is on the board
//	run.go     running it: resets, the ends of a run
//	cmos.go    what firmware finds in CMOS memory
//	fpu.go     FERR#, IGNNE#, interrupt 13
//	input.go   what somebody types on the serial line
//	state.go   snapshots
//
// Physical memory:
//
//	00000000  RAM
//	000A0000  nothing (RAM where SMRAM is opened)
//	000B8000  text screen
//	000C0000  nothing, or RAM, as the host bridge's PAM registers say
//	000x0000  the ROM's last 128 KB, or all of a smaller one; shadow RAM likewise
//	00100000  RAM up to its size
//	xxxxxxxx  ROM, ending at 4 GB
package pc

import (
	"fmt"
	"io"
	"time"

	"ring0/vm"
	"ring0/vm/device"
)

// Config describes a PC. The zero value of a field means its default.
type Config struct {
	RAM  uint32    // bytes; default 64 MB, at least 1 MB
	CPU  string    // model; default as in vm.Config
	Rate uint64    // instructions per second; default 100 million
	Date time.Time // on the clock at power-up; default 2003-10-23 07:21:03
	ROM  []byte    // firmware, up to 256 KB, a multiple of 4 KB

	Serial      io.Writer // what the serial port sends; nil: lost
	SerialSpeed uint64    // how many times faster the line is than its baud rate; default 1
	Debug       io.Writer // ports E9 and 402; nil: not there
	Progress    func(port uint16, code uint8)

	OnReset    ResetPolicy // what a reset does that software asks for
	OnShutdown ResetPolicy // what a triple fault does
}

// ResetPolicy says whether a run goes on after the processor was reset.
type ResetPolicy uint8

// Policies.
const (
	Stop    ResetPolicy = iota // the run ends
	Restart                    // the reset happens
)

// Defaults.
const (
	DefaultRAM  = 64 << 20
	DefaultRate = 100_000_000
	MaxROM      = 256 << 10
)

// DefaultDate is on the clock of a PC whose Config has none.
func DefaultDate() time.Time { return time.Date(2003, 10, 23, 7, 21, 3, 0, time.UTC) }

// PC is the machine with its chips.
type PC struct {
	*vm.Machine
	Clock   *device.Clock
	PIC     *device.PIC
	PIT     *device.PIT
	RTC     *device.RTC
	KBC     *device.I8042
	DMA     *device.DMA
	Chipset *device.Chipset
	System  *device.System
	VGA     *device.VGA
	COM1    *device.UART

	cfg     Config
	a20     struct{ kbc, port92 bool }
	fpu     fpuGlue
	demand  demand
	powerOn *State
}

// New builds a PC and switches it on: the processor is about to fetch from
// the reset vector.
func New(cfg Config) (*PC, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	m, err := vm.New(vm.Config{RAM: cfg.RAM, CPU: cfg.CPU})
	if err != nil {
		return nil, err
	}
	p := &PC{Machine: m, cfg: cfg}
	if p.Clock, err = device.NewClock(m, cfg.Rate); err != nil {
		return nil, err
	}
	for _, build := range []func() error{p.memory, p.chips, p.ports, p.cmos} {
		if err := build(); err != nil {
			return nil, fmt.Errorf("pc: %w", err)
		}
	}
	p.powerOn = p.State()
	return p, nil
}

// complete fills in defaults and checks the rest.
func (cfg *Config) complete() error {
	if cfg.RAM == 0 {
		cfg.RAM = DefaultRAM
	}
	if cfg.Rate == 0 {
		cfg.Rate = DefaultRate
	}
	if cfg.Date.IsZero() {
		cfg.Date = DefaultDate()
	}
	if cfg.RAM < 1<<20 {
		return fmt.Errorf("pc: %d bytes of RAM: a PC has at least 1 MB", cfg.RAM)
	}
	if n := len(cfg.ROM); n == 0 || n > MaxROM || n%vm.PageSize != 0 {
		return fmt.Errorf("pc: a ROM of %d bytes: want a multiple of %d, up to %d", n, vm.PageSize, MaxROM)
	}
	return nil
}

// memory lays out the address space.
func (p *PC) memory() error {
	rom := p.cfg.ROM
	low := rom[max(0, len(rom)-128<<10):]
	first := uint32(1<<20 - len(low))
	if err := p.AddHole(0xa0000, device.VGAText-0xa0000); err != nil {
		return err
	}
	if err := p.AddRAM(device.VGAText, device.VGATextSize); err != nil {
		return err
	}
	if err := p.AddHole(0xc0000, first-0xc0000); err != nil {
		return err
	}
	if err := p.AddROM(low, first); err != nil {
		return err
	}
	return p.AddROM(rom, -uint32(len(rom)))
}

// chips puts the chips on the board.
func (p *PC) chips() (err error) {
	m := p.Machine
	if p.PIC, err = device.NewPIC(m); err != nil {
		return err
	}
	if p.PIT, err = device.NewPIT(m, p.Clock, p.PIC.Line(0)); err != nil {
		return err
	}
	if p.RTC, err = device.NewRTC(m, p.Clock, p.PIC.Line(8), p.cfg.Date); err != nil {
		return err
	}
	p.KBC, err = device.NewI8042(m, p.Clock, device.I8042Config{
		IRQ1: p.PIC.Line(1), IRQ12: p.PIC.Line(12),
		A20:   func(open bool) { p.a20.kbc = open; p.gateA20() },
		Reset: p.resetWanted,
	})
	if err != nil {
		return err
	}
	if p.DMA, err = device.NewDMA(m, func(v uint8) { p.progress(0x80, v) }); err != nil {
		return err
	}
	if p.Chipset, err = device.NewChipset(m, p.resetWanted); err != nil {
		return err
	}
	a20 := func(open bool) { p.a20.port92 = open; p.gateA20() }
	if p.System, err = device.NewSystem(m, p.PIT, a20, p.resetWanted); err != nil {
		return err
	}
	if p.VGA, err = device.NewVGA(m, p.Clock); err != nil {
		return err
	}
	p.COM1, err = device.NewUART(m, p.Clock, device.UARTConfig{
		Base: 0x3f8, IRQ: p.PIC.Line(4), Out: p.cfg.Serial, Speed: p.cfg.SerialSpeed,
	})
	return err
}

// ports connects what no chip has.
func (p *PC) ports() error {
	if err := p.connectFPU(); err != nil {
		return err
	}
	if p.cfg.Debug != nil {
		if err := device.NewDebugConsole(p.Machine, p.cfg.Debug, 0xe9, 0x402); err != nil {
			return err
		}
	}
	post := func(v uint32) { p.progress(0x190, uint8(v)) }
	if err := device.NewValuePort(p.Machine, post, 1, 0x190); err != nil {
		return err
	}
	if err := device.NewValuePort(p.Machine, p.exitWanted, 4, 0xf4); err != nil {
		return err
	}
	return device.NewValuePort(p.Machine, p.exitWanted, 2, 0x501)
}

// gateA20 opens the gate when either of its two switches is on.
func (p *PC) gateA20() { p.SetA20(p.a20.kbc || p.a20.port92) }

func (p *PC) progress(port uint16, code uint8) {
	if p.cfg.Progress != nil {
		p.cfg.Progress(port, code)
	}
}
