// SPDX-License-Identifier: BSD-3-Clause
// What is in the resource trees of a PC once 2.4.18 is up (arch/i386/kernel/setup.c, and the drivers built into it).

package guestkernel

import (
	"fmt"
)

// A region is a range of ports or addresses with a name.
type region struct {
	start, end uint32
	name       string
}

// boardPorts are the ports of the mainboard: standard_io_resources.
func boardPorts() []region {
	return []region{
		{0x00, 0x1f, "dma1"}, {0x20, 0x3f, "pic1"}, {0x40, 0x5f, "timer"}, {0x60, 0x6f, "keyboard"},
		{0x80, 0x8f, "dma page reg"}, {0xa0, 0xbf, "pic2"}, {0xc0, 0xdf, "dma2"}, {0xf0, 0xff, "fpu"},
	}
}

// driverPorts are the ports that drivers in the kernel have requested.
func driverPorts() []region {
	return []region{
		{0x70, 0x7f, "rtc"}, {0x170, 0x177, "ide1"}, {0x1f0, 0x1f7, "ide0"}, {0x376, 0x376, "ide1"},
		{0x3c0, 0x3df, "vga+"}, {0x3f6, 0x3f6, "ide0"}, {0x3f8, 0x3ff, "serial(auto)"}, {0xcf8, 0xcff, "PCI conf1"},
	}
}

// memoryMap is the PC's memory as its BIOS tells (INT 15h, E820), between the ROMs that the kernel finds first.
func (k *Kernel) memoryMap() []region {
	top := k.cfg.Mem - acpiReserved
	return []region{
		{0xf0000, 0xfffff, "System ROM"}, {0xc0000, 0xc7fff, "Video ROM"},
		{0, 0x9fbff, ramName}, {0x9fc00, 0x9ffff, "reserved"}, {0x100000, top - 1, ramName},
		{top, k.cfg.Mem - 1, "reserved"}, {0xfffc0000, 0xffffffff, "reserved"}, {0xa0000, 0xbffff, "Video RAM area"},
	}
}

const ramName = "System RAM"

// layBIOS writes what the BIOS left at physical address 0, where a copy from user space that runs over the end of user
// memory reads on: the low byte of its first interrupt vector. (Of the real PC no more is known than that this byte is not
// zero and the next one is.)
func (k *Kernel) layBIOS() { k.m.WritePhys(0, []byte{0x53, 0x00}) }

// Memory of adapters below 1 MB: text of the screen, the ROMs of the screen and of the board.
const (
	adapterMemory = 0xa0000
	screenText    = 0xb8000
	videoROM      = 0xc0000
	videoROMSize  = 0x8000
	boardROM      = 0xf0000
	endOfROM      = 0x100000
)

// layAdapters puts into the first megabyte what a PC has there: the screen's memory in text mode, its ROM, the board's. All
// else is empty: it reads as ones. What is in the ROMs is not known but for the header of the first.
func (k *Kernel) layAdapters() error {
	const blocks = 512 // the header counts in these
	rom := make([]byte, videoROMSize)
	copy(rom, []byte{0x55, 0xaa, videoROMSize / blocks, 0xcb})
	for _, b := range rom[:videoROMSize-1] {
		rom[videoROMSize-1] -= b // the sum of all is 0
	}
	for _, hole := range []struct{ from, to uint32 }{{adapterMemory, screenText}, {videoROM + videoROMSize, boardROM}} {
		if err := k.m.AddHole(hole.from, hole.to-hole.from); err != nil {
			return err
		}
	}
	if err := k.m.AddROM(rom, videoROM); err != nil {
		return err
	}
	return k.m.AddROM(make([]byte, endOfROM-boardROM), boardROM)
}

// bootResources builds both trees.
func (k *Kernel) bootResources() error {
	k.layBIOS()
	if err := k.layAdapters(); err != nil {
		return err
	}
	lay := &k.lay.Resource
	const lastPort = 0xffff
	io, mem := k.constant("IORESOURCE_IO"), k.constant("IORESOURCE_MEM")
	k.writeResource(k.sym.IoportResource, region{0, lastPort, "PCI IO"}, io)
	k.writeResource(k.sym.IomemResource, region{0, 0xffffffff, "PCI mem"}, mem)
	busy := k.constant("IORESOURCE_BUSY")
	for _, r := range k.memoryMap() {
		res := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
		k.writeResource(res, r, mem|busy)
		if k.placeResource(k.sym.IomemResource, res) != 0 {
			return fmt.Errorf("guestkernel: memory map: %s at %08x overlaps", r.name, r.start)
		}
		if r.name == ramName {
			k.placeKernel(res)
		}
	}
	for i, r := range boardPorts() {
		res := k.sym.BoardPorts + uint32(i)*lay.Size
		k.writeResource(res, r, busy)
		k.placeResource(k.sym.IoportResource, res)
	}
	for _, r := range driverPorts() {
		if k.request(k.sym.IoportResource, r.start, r.end-r.start+1, k.newString(r.name)) == 0 {
			return fmt.Errorf("guestkernel: ports of %s are taken", r.name)
		}
	}
	return nil
}

// writeResource fills in a struct resource that is in no tree.
func (k *Kernel) writeResource(at uint32, r region, flags uint32) {
	lay := &k.lay.Resource
	k.mem.Fill(at, lay.Size, 0)
	k.mem.Set(at, lay.Name, k.newString(r.name))
	k.mem.Set(at, lay.Start, r.start)
	k.mem.Set(at, lay.End, r.end)
	k.mem.Set(at, lay.Flags, flags)
}

// placeKernel puts the kernel's code and data below the RAM they are in.
func (k *Kernel) placeKernel(ram uint32) {
	flags := k.constant("IORESOURCE_MEM") | k.constant("IORESOURCE_BUSY")
	text, etext, edata := physical(k.sym.Text), physical(k.sym.Etext), physical(k.sym.Edata)
	k.writeResource(k.sym.CodeResource, region{text, etext - 1, "Kernel code"}, flags)
	k.writeResource(k.sym.DataResource, region{etext, edata - 1, "Kernel data"}, flags)
	k.placeResource(ram, k.sym.CodeResource)
	k.placeResource(ram, k.sym.DataResource)
}
