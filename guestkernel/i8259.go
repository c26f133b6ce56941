// SPDX-License-Identifier: BSD-3-Clause
// The two 8259A interrupt controllers: the chips as far as the kernel uses them, and its functions for them
// (2.4.18 arch/i386/kernel/i8259.c).
//
// Lines are edge-triggered. The kernel ends every interrupt before it calls the handlers and keeps the line masked
// meanwhile, so what is in service needs no register of its own. A guest that writes the mask registers by itself is
// obeyed; one that programs the chips anew is not.

package guestkernel

import (
	"math/bits"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// picState is the hardware: lines by bit.
type picState struct {
	k         *Kernel
	requested uint16 // came and were not taken yet (IRR)
	mask      uint16 // do not get through (IMR)
}

// Ports of the chips: command and mask register of each.
const (
	picMaster = 0x20
	picSlave  = 0xa0
)

const cascadeLine = 2 // where the second chip hangs on the first

func picFunctions() []Function {
	onLine := func(name string, f func(*Kernel, uint32)) Function {
		return Function{Name: name, Level: Full, Fn: func(c *Call) { f(c.Kernel, c.Arg(0)) }}
	}
	return []Function{
		onLine("enable_8259A_irq", (*Kernel).unmaskLine),
		onLine("disable_8259A_irq", (*Kernel).maskLine),
		onLine("mask_and_ack_8259A", (*Kernel).maskAndAck),
		onLine("end_8259A_irq", (*Kernel).endLine),
		{Name: "startup_8259A_irq", Level: Full, Fn: func(c *Call) {
			c.Kernel.unmaskLine(c.Arg(0))
			c.Return(0) // nothing was pending
		}},
		{Name: "i8259A_irq_pending", Level: Full, Fn: func(c *Call) {
			c.Return(uint32(c.Kernel.pic.requested >> (c.Arg(0) & 15) & 1))
		}},
		onLine("make_8259A_irq", func(k *Kernel, line uint32) {
			k.mem.Set(k.irqDesc(line), k.lay.IRQDesc.Handler, k.sym.I8259Type)
			k.enableIRQ(line, 0)
		}),
	}
}

// boot8259 masks all lines and writes the table of functions.
func (k *Kernel) boot8259() {
	k.pic = picState{k: k, mask: 0xffff}
	k.mem.SetU32(k.sym.CachedIRQMask, 0xffff)
	k.m.SetInterruptController(&k.pic)
	for _, base := range []uint16{picMaster, picSlave} {
		if err := k.m.AddPorts(base, base+1, &k.pic); err != nil {
			panicf("%v", err)
		}
	}
	lay := &k.lay.IRQType
	k.mem.Set(k.sym.I8259Type, lay.Typename, k.newString("XT-PIC"))
	for f, name := range map[abi.Field]string{
		lay.Startup: "startup_8259A_irq", lay.Shutdown: "disable_8259A_irq", lay.Enable: "enable_8259A_irq",
		lay.Disable: "disable_8259A_irq", lay.Ack: "mask_and_ack_8259A", lay.End: "end_8259A_irq",
	} {
		addr, _ := k.profile.Symbol(name)
		k.mem.Set(k.sym.I8259Type, f, addr)
	}
}

// RaiseIRQ raises an interrupt line, as a device would. The CPU takes it when it runs next, if the line is not masked and
// interrupts are on.
func (k *Kernel) RaiseIRQ(line uint32) {
	if line < abi.NrIRQs && line != cascadeLine {
		k.raiseLine(line)
	}
}

func (k *Kernel) raiseLine(line uint32) {
	k.pic.requested |= 1 << line
	k.pic.drive()
}

// drive sets the CPU's INTR pin.
func (p *picState) drive() { p.k.m.SetINTR(p.ready() != 0) }

// ready is the lines that get through. Those of the second chip come in by the first one's third.
func (p *picState) ready() uint16 {
	ready := p.requested &^ p.mask
	if p.mask&(1<<cascadeLine) != 0 {
		ready &= 0xff
	}
	return ready
}

// Acknowledge is the CPU's INTA cycle: the vector of the line with the highest priority, 0 1 8…15 3…7. When there is none
// any more the chip answers with its seventh line.
func (p *picState) Acknowledge() uint8 {
	ready := p.ready()
	line := 7
	switch {
	case ready&3 != 0:
		line = bits.TrailingZeros16(ready & 3)
	case ready>>8 != 0:
		line = 8 + bits.TrailingZeros16(ready>>8)
	case ready != 0:
		line = bits.TrailingZeros16(ready)
	}
	p.requested &^= 1 << line
	p.drive()
	return abi.FirstExternalVector + uint8(line)
}

// ReadPort gives the mask register, or the requests.
func (p *picState) ReadPort(port uint16, _ uint8) uint32 {
	shift := port >> 7 & 1 * 8
	if port&1 != 0 {
		return uint32(p.mask >> shift & 0xff)
	}
	return uint32(p.requested >> shift & 0xff)
}

// WritePort sets the mask register. Commands end interrupts, which is done at Acknowledge.
func (p *picState) WritePort(port uint16, _ uint8, v uint32) {
	if port&1 == 0 {
		return
	}
	shift := port >> 7 & 1 * 8
	p.mask = p.mask&^(0xff<<shift) | uint16(v&0xff)<<shift
	p.drive()
}

// setMask writes cached_irq_mask and the chips.
func (k *Kernel) setMask(mask uint32) {
	k.mem.SetU32(k.sym.CachedIRQMask, mask)
	k.pic.mask = uint16(mask)
	k.pic.drive()
}

func (k *Kernel) unmaskLine(line uint32) {
	k.setMask(k.mem.U32(k.sym.CachedIRQMask) &^ (1 << (line & 31)))
}

func (k *Kernel) maskLine(line uint32) {
	k.setMask(k.mem.U32(k.sym.CachedIRQMask) | 1<<(line&31))
}

// maskAndAck models void mask_and_ack_8259A(unsigned int irq). An interrupt on a line that is masked already is spurious:
// the first on each is reported, all are counted.
func (k *Kernel) maskAndAck(line uint32) {
	bit := uint32(1) << (line & 31)
	if k.mem.U32(k.sym.CachedIRQMask)&bit != 0 {
		if seen := k.mem.U32(k.sym.SpuriousMask); seen&bit == 0 {
			k.Printk("spurious 8259A interrupt: IRQ%d.\n", line)
			k.mem.SetU32(k.sym.SpuriousMask, seen|bit)
		}
		k.mem.SetU32(k.sym.IRQErrCount, k.mem.U32(k.sym.IRQErrCount)+1)
	}
	k.maskLine(line)
}

// endLine models void end_8259A_irq(unsigned int irq): lets the line through again unless it is off or still handled.
func (k *Kernel) endLine(line uint32) {
	if k.mem.Get(k.irqDesc(line), k.lay.IRQDesc.Status)&(irqDisabled|irqInProgress) == 0 {
		k.unmaskLine(line)
	}
}

var (
	_ vm.InterruptController = (*picState)(nil)
	_ vm.PortDevice          = (*picState)(nil)
)
