// SPDX-License-Identifier: BSD-3-Clause
// The CPU's tables: GDT, LDT, TSS, IDT (2.4.18 arch/i386/kernel/{head.S,traps.c,i8259.c}) and the kernel's page directory
// (arch/i386/mm/init.c pagetable_init).

package guestkernel

import (
	"encoding/binary"
	"fmt"

	"ring0/guestkernel/abi"
)

// gdtEntries: four segments of the kernel, the BIOS calls' (not there: no APM, no PnP BIOS), and TSS and LDT of one CPU.
const gdtEntries = 24

// Descriptors of 4 GB and of the system segments: the second word, without base.
const (
	descKernelCode = 0x00cf9a00
	descKernelData = 0x00cf9200
	descUserCode   = 0x00cffa00
	descUserData   = 0x00cff200
	descTSS        = 0x00008900 // available 32-bit TSS
	descLDT        = 0x00008200
)

// Limits 2.4 gives its TSS and the default LDT.
const (
	tssLimit        = 235
	ldtLimit        = 5*8 - 1
	tssNoBitmap     = 0x8000 // INVALID_IO_BITMAP_OFFSET
	gateInterrupt   = 0x8e00 // DPL 0, interrupts off
	gateTrap        = 0x8f00 // DPL 0
	gateSystem      = 0xef00 // trap gate, DPL 3
	gateCall        = 0xec00 // call gate, DPL 3
	kernelCSInGate  = abi.KernelCS << 16
	selectorToEntry = 3
)

// layDescriptors writes GDT, LDT, TSS and IDT.
func (k *Kernel) layDescriptors() {
	gdt := make([]byte, gdtEntries*8)
	put := func(index int, low, high uint32) {
		binary.LittleEndian.PutUint32(gdt[8*index:], low)
		binary.LittleEndian.PutUint32(gdt[8*index+4:], high)
	}
	put(abi.GDTKernelCode, 0xffff, descKernelCode)
	put(abi.GDTKernelData, 0xffff, descKernelData)
	put(abi.GDTUserCode, 0xffff, descUserCode)
	put(abi.GDTUserData, 0xffff, descUserData)
	tss, _ := k.profile.TSSSelector(0)
	ldt, _ := k.profile.LDTSelector(0)
	system := func(sel uint16, base, limit, kind uint32) {
		put(int(sel>>selectorToEntry), limit|base<<16, kind|base&0xff000000|base>>16&0xff)
	}
	system(tss, k.sym.InitTSS, tssLimit, descTSS)
	system(ldt, k.sym.DefaultLDT, ldtLimit, descLDT)
	k.m.WritePhys(physical(k.sym.GDTTable), gdt)
	k.layTableOperand(k.sym.GDTDescr, gdtEntries*8-1, k.sym.GDTTable)

	ts, init := &k.lay.TSS, physical(k.sym.InitTSS)
	k.m.WritePhys32(init+ts.Esp0.Off, k.sym.InitTask+abi.ThreadSize)
	k.putPhys16(init+ts.SS0.Off, abi.KernelDS)
	k.putPhys16(init+ts.LDT.Off, ldt)
	k.putPhys16(init+ts.Bitmap.Off, tssNoBitmap)
	k.layIDT()
}

// layTableOperand writes the six bytes that LGDT and LIDT load, for those who look there.
func (k *Kernel) layTableOperand(addrWord uint32, limit uint16, base uint32) {
	k.putPhys16(physical(addrWord)-2, limit)
	k.m.WritePhys32(physical(addrWord), base)
}

func (k *Kernel) putPhys16(pa uint32, v uint16) { k.m.WritePhys(pa, []byte{byte(v), byte(v >> 8)}) }

// layIDT writes the gates as trap_init and init_IRQ do: every vector without a handler goes to ignore_int.
func (k *Kernel) layIDT() {
	idt := make([]byte, abi.IDTEntries*8)
	gate := func(vector int, kind, to uint32) {
		binary.LittleEndian.PutUint32(idt[8*vector:], kernelCSInGate|to&0xffff)
		binary.LittleEndian.PutUint32(idt[8*vector+4:], to&0xffff0000|kind)
	}
	for v := range abi.IDTEntries {
		gate(v, gateInterrupt, k.sym.IgnoreInt)
	}
	for _, g := range trapGates() {
		gate(g.vector, g.kind, k.stub(g.stub))
	}
	for irq := range abi.NrIRQs {
		addr := k.stub(fmt.Sprintf("IRQ0x%02x_interrupt", irq))
		gate(abi.FirstExternalVector+irq, gateInterrupt, addr)
		k.m.WritePhys32(physical(k.sym.Interrupt)+4*uint32(irq), addr)
	}
	k.m.WritePhys(physical(k.sym.IDTTable), idt)
	k.layTableOperand(k.sym.IDTDescr, abi.IDTEntries*8-1, k.sym.IDTTable)
	ldt := make([]byte, 8*5)
	callGate := func(index int, to uint32) {
		binary.LittleEndian.PutUint32(ldt[8*index:], kernelCSInGate|to&0xffff)
		binary.LittleEndian.PutUint32(ldt[8*index+4:], to&0xffff0000|gateCall)
	}
	callGate(0, k.sym.Lcall7)
	callGate(4, k.sym.Lcall27)
	k.m.WritePhys(physical(k.sym.DefaultLDT), ldt)
}
