// SPDX-License-Identifier: BSD-3-Clause

// Package bios is a small PC BIOS: as much as boot loaders and the real-mode
// part of operating systems ask for.
//
// Its ROM (bios.S) has one door per service, and the services are Go. So they
// take no guest time, and what software asks for that is not here can be named.
//
//	bios.go    the ROM, the doors, how a service sees its caller
//	post.go    the state a power-on self-test leaves: vectors, BIOS data, chips
//	video.go   INT 10     system.go    INT 11 12 15, memory map, A20
//	disk.go    INT 13 14 17
//	keys.go    INT 09 16  clock.go     INT 08 1A
//	apm.go     advanced power management, by INT 15 and protected-mode calls
//
// IBM PC AT Technical Reference, "ROM BIOS"; "APM BIOS Interface Specification
// 1.2"; the ACPI specification for INT 15 E820.
package bios

import (
	_ "embed" // the ROM
	"fmt"

	"ring0/vm"
	"ring0/vm/pc"
	"ring0/vm/pc/internal/romtext"
)

//go:embed bios.txt
var text string

// Places in the ROM; see bios.S.
const (
	romSegment  = 0xf000
	romBase     = romSegment << 4
	romSize     = 0x10000
	doorSize    = 16
	atTimer     = 0x800
	atNothing   = 0x810
	atAPM16     = 0x820
	atAPM32     = 0x830
	atAPMIdle   = 0x835
	atConfig    = 0x840
	atNoDrive   = 0x850
	doorAPM32   = 0x80
	doorAPM16   = 0x81
	doorReset   = 0xff
	waitAfter   = 1 // the wait lies behind a door's IRET
	firstVector = 0x00
	vectors     = 0x80
)

// ROM is the image for pc.Config.
func ROM() ([]byte, error) { return romtext.Parse(text, romSize) }

// BIOS serves the doors of one PC.
type BIOS struct {
	pc  *pc.PC
	out func(c byte) // a character on the screen, as text
	apm apmState
}

// Start does what the power-on self-test does and installs the services. The
// processor is left in real mode with interrupts off; the caller points it at
// what is to run. text, which may be nil, is told what INT 10 writes.
func Start(p *pc.PC, text func(c byte)) *BIOS {
	b := &BIOS{pc: p, out: text}
	b.selfTest()
	p.SetHypercall(b.door)
	return b
}

// A service does the work of one door. It returns waiting when it has no
// answer yet: the caller then idles until the next interrupt.
type service func(b *BIOS, r *regs) verdict

type verdict uint8

const (
	done verdict = iota
	waiting
)

// services are the doors, by interrupt vector. Vectors without one, and
// functions that a service does not know, have their answer in unserved.
var services = map[uint8]service{
	0x08: timerTick, 0x09: keyInterrupt,
	0x10: video, 0x11: equipmentList, 0x12: baseMemory, 0x13: disk, 0x14: serial,
	0x15: system, 0x16: keys, 0x17: printer, 0x18: nothingToBoot, 0x19: nothingToBoot, 0x1a: timeOfDay,
	doorAPM32: apmCall, doorAPM16: apmCall,
}

// door is the machine's hypercall handler.
func (b *BIOS) door(m *vm.Machine) vm.Action {
	la := m.SegmentRaw(vm.CS).Base + m.EIP()
	at, _ := m.Translate(la, 0) // a kernel maps the ROM where it likes
	if at-romBase >= romSize {
		b.pc.Fail(fmt.Errorf("bios: VMCALL at %08x, which is no door of the BIOS", la-3))
		return vm.Continue
	}
	var number [1]byte
	m.ReadPhys(at, number[:])
	m.SetEIP(m.EIP() + 1)
	r := &regs{m: m, direct: number[0] >= vectors}
	serve, ok := services[number[0]]
	if !ok {
		b.unserved(number[0])
		return vm.Continue
	}
	if serve(b, r) == waiting {
		m.SetEIP(m.EIP() + waitAfter)
	}
	return vm.Continue
}

// unserved is a door that nobody should come through: a hardware interrupt
// without a device is ended and ignored, everything else is named.
func (b *BIOS) unserved(vector uint8) {
	switch {
	case vector >= 0x0a && vector <= 0x0f:
		b.pc.PIC.Out(0x20, 0x20)
	case vector >= 0x70 && vector <= 0x77:
		b.pc.PIC.Out(0xa0, 0x20)
		b.pc.PIC.Out(0x20, 0x20)
	case vector == doorReset:
		b.pc.Fail(fmt.Errorf("bios: the processor was reset, and this BIOS cannot start again"))
	default:
		caller := (&regs{m: b.pc.Machine}).caller()
		b.pc.Fail(fmt.Errorf("bios: interrupt %02x at %s: exception or unknown service", vector, caller))
	}
}

// regs is the caller's registers as a service sees them.
type regs struct {
	m      *vm.Machine
	direct bool // a far call, not an interrupt: the flags are in the processor
}

func (r *regs) get16(reg int) uint16 { return uint16(r.m.Reg(reg)) }

func (r *regs) set16(reg int, v uint16) {
	r.m.SetReg(reg, r.m.Reg(reg)&0xffff0000|uint32(v))
}

func (r *regs) ax() uint16 { return r.get16(vm.EAX) }
func (r *regs) bx() uint16 { return r.get16(vm.EBX) }
func (r *regs) cx() uint16 { return r.get16(vm.ECX) }
func (r *regs) dx() uint16 { return r.get16(vm.EDX) }
func (r *regs) ah() uint8  { return uint8(r.ax() >> 8) }
func (r *regs) al() uint8  { return uint8(r.ax()) }
func (r *regs) bl() uint8  { return uint8(r.bx()) }
func (r *regs) bh() uint8  { return uint8(r.bx() >> 8) }
func (r *regs) cl() uint8  { return uint8(r.cx()) }
func (r *regs) ch() uint8  { return uint8(r.cx() >> 8) }
func (r *regs) dl() uint8  { return uint8(r.dx()) }
func (r *regs) dh() uint8  { return uint8(r.dx() >> 8) }

func (r *regs) setAX(v uint16) { r.set16(vm.EAX, v) }
func (r *regs) setBX(v uint16) { r.set16(vm.EBX, v) }
func (r *regs) setCX(v uint16) { r.set16(vm.ECX, v) }
func (r *regs) setDX(v uint16) { r.set16(vm.EDX, v) }
func (r *regs) setAH(v uint8)  { r.setAX(uint16(v)<<8 | uint16(r.al())) }
func (r *regs) setAL(v uint8)  { r.setAX(r.ax()&0xff00 | uint16(v)) }

// linear is the address of an offset in a segment register.
func (r *regs) linear(seg int, off uint16) uint32 { return r.m.SegmentRaw(seg).Base + uint32(off) }

// frame is the linear address of the interrupt frame: IP, CS, FLAGS.
func (r *regs) frame() uint32 { return r.linear(vm.SS, uint16(r.m.Reg(vm.ESP))) }

// setFlag changes a flag that the caller gets back.
func (r *regs) setFlag(flag uint32, on bool) {
	if r.direct {
		f := r.m.Eflags() &^ flag
		if on {
			f |= flag
		}
		r.m.SetEflags(f)
		return
	}
	at := r.frame() + 4
	f := r.read16(at) &^ uint16(flag)
	if on {
		f |= uint16(flag)
	}
	r.write16(at, f)
}

// fail and succeed are the usual way out: carry, and a code in AH.
func (r *regs) fail(ah uint8) verdict {
	r.setAH(ah)
	r.setFlag(vm.FlagCF, true)
	return done
}

func (r *regs) succeed() verdict {
	r.setFlag(vm.FlagCF, false)
	return done
}

// caller is where the interrupt frame goes back to, for messages.
func (r *regs) caller() string {
	at := r.frame()
	return fmt.Sprintf("%04x:%04x", r.read16(at+2), r.read16(at))
}

func (r *regs) read8(la uint32) uint8 {
	var b [1]byte
	r.m.ReadLinear(la, b[:])
	return b[0]
}

func (r *regs) read16(la uint32) uint16 {
	var b [2]byte
	r.m.ReadLinear(la, b[:])
	return uint16(b[0]) | uint16(b[1])<<8
}

func (r *regs) write16(la uint32, v uint16) { r.m.WriteLinear(la, []byte{uint8(v), uint8(v >> 8)}) }
