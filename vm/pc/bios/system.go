// SPDX-License-Identifier: BSD-3-Clause

// INT 11, 12 and 15: what is installed, memory, A20.

package bios

import (
	"encoding/binary"

	"ring0/vm"
	"ring0/vm/device"
)

// A Range is a part of physical memory, as INT 15 E820 describes it.
type Range struct {
	Base, Size uint64
	Type       uint32
}

// Types of a Range.
const (
	Usable   = 1
	Reserved = 2
)

// MemoryMap is the memory of a PC with this BIOS.
func MemoryMap(ram uint32) []Range {
	ranges := []Range{
		{0, ebdaBase, Usable},
		{ebdaBase, 0xa0000 - ebdaBase, Reserved},
		{romBase, romSize, Reserved},
	}
	if ram > 1<<20 {
		ranges = append(ranges, Range{1 << 20, uint64(ram) - 1<<20, Usable})
	}
	return append(ranges, Range{1<<32 - romSize, romSize, Reserved})
}

// ExtendedKB is how much memory there is above 1 MB, for interfaces with room
// for limit.
func ExtendedKB(ram, limit uint32) uint32 { return min((ram-1<<20)>>10, limit) }

func equipmentList(b *BIOS, r *regs) verdict {
	r.setAX(b.peek16(bdaEquipment))
	return done
}

func baseMemory(b *BIOS, r *regs) verdict {
	r.setAX(b.peek16(bdaBaseKB))
	return done
}

// errUnsupported in AH is how INT 15 says that it lacks a function.
const errUnsupported = 0x86

// system is INT 15.
func system(b *BIOS, r *regs) verdict {
	switch r.ah() {
	case 0x24:
		return b.gateA20(r)
	case 0x4f: // keyboard intercept: the code stays as it is
		r.setFlag(vm.FlagCF, true)
		return done
	case 0x53:
		return apmCall(b, r)
	case 0x87:
		return b.moveBlock(r)
	case 0x88:
		r.setAX(uint16(ExtendedKB(b.pc.RAMSize(), 0xffff)))
		return r.succeed()
	case 0x90, 0x91: // device busy, done: nobody to tell
		r.setAH(0)
		return r.succeed()
	case 0xc0:
		r.m.LoadSegment(vm.ES, romSegment)
		r.setBX(atConfig)
		r.setAH(0)
		return r.succeed()
	case 0xc1:
		r.m.LoadSegment(vm.ES, ebdaSegment)
		return r.succeed()
	}
	switch r.ax() {
	case 0xe801:
		return b.memoryE801(r)
	case 0xe820:
		return b.memoryE820(r)
	}
	return r.fail(errUnsupported)
}

// memoryE801: KB between 1 and 16 MB, and 64 KB blocks above, both twice.
func (b *BIOS) memoryE801(r *regs) verdict {
	ram := b.pc.RAMSize()
	low := uint16(ExtendedKB(ram, 15<<10))
	high := uint16(0)
	if ram > 16<<20 {
		high = uint16((ram - 16<<20) >> 16)
	}
	r.setAX(low)
	r.setCX(low)
	r.setBX(high)
	r.setDX(high)
	return r.succeed()
}

const smap = 0x534d4150 // "SMAP"

// memoryE820: entry number EBX of the map to ES:DI.
func (b *BIOS) memoryE820(r *regs) verdict {
	ranges := MemoryMap(b.pc.RAMSize())
	n := r.m.Reg(vm.EBX)
	if r.m.Reg(vm.EDX) != smap || r.m.Reg(vm.ECX) < 20 || n >= uint32(len(ranges)) {
		return r.fail(errUnsupported)
	}
	var entry [20]byte
	binary.LittleEndian.PutUint64(entry[0:], ranges[n].Base)
	binary.LittleEndian.PutUint64(entry[8:], ranges[n].Size)
	binary.LittleEndian.PutUint32(entry[16:], ranges[n].Type)
	r.m.WriteLinear(r.linear(vm.ES, r.get16(vm.EDI)), entry[:])
	r.m.SetReg(vm.EAX, smap)
	r.m.SetReg(vm.ECX, 20)
	r.m.SetReg(vm.EBX, (n+1)%uint32(len(ranges)))
	return r.succeed()
}

// moveBlock: CX words, up to 32 KB of them, between the segments of descriptors
// 2 and 3 of the table at ES:SI, anywhere in memory: the A20 gate is open
// meanwhile.
func (b *BIOS) moveBlock(r *regs) verdict {
	const maxWords, tooMany = 0x8000, 0x80
	if r.cx() > maxWords {
		return r.fail(tooMany)
	}
	table := r.linear(vm.ES, r.get16(vm.ESI))
	base := func(descriptor uint32) uint32 {
		at := table + descriptor*8
		return uint32(r.read16(at+2)) | uint32(r.read8(at+4))<<16 | uint32(r.read8(at+7))<<24
	}
	from, to := base(2), base(3)
	open := b.pc.A20()
	b.pc.SetA20(true)
	data := make([]byte, uint32(r.cx())*2)
	b.pc.ReadPhys(from, data)
	b.pc.WritePhys(to, data)
	b.pc.SetA20(open)
	r.setAH(0)
	return r.succeed()
}

// gateA20 is AH=24.
func (b *BIOS) gateA20(r *regs) verdict {
	switch r.al() {
	case 0, 1:
		b.setA20(r.al() == 1)
	case 2:
		r.setAL(0)
		if b.pc.A20() {
			r.setAL(1)
		}
	case 3: // both switches are there
		r.setBX(3)
	default:
		return r.fail(errUnsupported)
	}
	r.setAH(0)
	return r.succeed()
}

// setA20 throws both switches.
func (b *BIOS) setA20(open bool) {
	out, port92 := uint8(0xff), uint8(2)
	if !open {
		out, port92 = 0xff&^device.KBCOutputA20, 0
	}
	b.pc.KBC.Out(0x64, 0xd1)
	b.pc.KBC.Out(0x60, out)
	b.pc.System.Out(0x92, port92)
}

// nothingToBoot is INT 18 and 19: there are no disks.
func nothingToBoot(b *BIOS, _ *regs) verdict {
	b.pc.PowerOff()
	return done
}
