// SPDX-License-Identifier: BSD-3-Clause

// Guest physical memory: RAM, ROM and memory-mapped devices, and the state
// map that says which 64-byte lines hold cached code or are watched.

package vm

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

const (
	pageShift = 12
	pageSize  = 1 << pageShift
	pageMask  = pageSize - 1
	lineShift = 6
	lineSize  = 1 << lineShift
)

// PageSize is the size of a page in bytes.
const PageSize = pageSize

// physMemory is guest physical memory. All of it that has bytes lies in one
// slab, so that one host pointer and an offset reach RAM and ROM alike.
type physMemory struct {
	slab    []byte
	ramSize uint32
	lines   []uint8  // per line of the slab: lineCode, lineWatched
	regions []region // everything that is not plain RAM at its own address, by base
	a20     uint32   // mask on physical addresses: all ones, or all but bit 20
}

// Line states.
const (
	lineCode    = 1 << 0 // bytes of a cached block
	lineWatched = 1 << 1 // inside a watched range
)

// region is a part of the physical address space that is not plain RAM:
// ROM (slab offset, not writable), a hole, or a device.
type region struct {
	base, size uint32
	off        uint32 // in the slab, for ROM
	rom        bool
	dev        MMIO // nil: nothing there: reads all ones, writes are lost
}

// MMIO is a memory-mapped device. off is relative to the start of its range;
// size is 1, 2 or 4 bytes.
type MMIO interface {
	ReadMMIO(off uint32, size uint8) uint32
	WriteMMIO(off uint32, size uint8, v uint32)
}

func newPhysMemory(ram uint32) (*physMemory, error) {
	if ram == 0 || ram&pageMask != 0 || ram > 0xc0000000 {
		return nil, fmt.Errorf("vm: RAM size %d: want a multiple of %d up to 3 GB", ram, pageSize)
	}
	p := &physMemory{ramSize: ram, a20: 0xffffffff}
	p.grow(ram)
	return p, nil
}

// grow makes the slab n bytes long, keeping its content.
func (p *physMemory) grow(n uint32) {
	slab := make([]byte, n)
	copy(slab, p.slab)
	lines := make([]uint8, n>>lineShift)
	copy(lines, p.lines)
	p.slab, p.lines = slab, lines
}

// base is the host address of the slab.
func (p *physMemory) base() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(p.slab)) }

// find returns the region that holds pa, or nil for plain RAM.
func (p *physMemory) find(pa uint32) *region {
	for i := range p.regions {
		if r := &p.regions[i]; pa-r.base < r.size {
			return r
		}
	}
	return nil
}

// noBytes is the slab offset of an address that has no bytes behind it.
const noBytes = ^uint32(0)

// offset returns where pa's byte lies in the slab, or noBytes, and whether
// the guest may write there.
func (p *physMemory) offset(pa uint32) (off uint32, writable bool) {
	if r := p.find(pa); r != nil {
		if r.rom {
			return r.off + pa - r.base, false
		}
		return noBytes, false
	}
	if pa < p.ramSize {
		return pa, true
	}
	return noBytes, false
}

// read reads size bytes (1, 2, 4) that do not cross a page.
func (p *physMemory) read(pa uint32, size uint8) uint32 {
	pa &= p.a20
	off, _ := p.offset(pa)
	if off == noBytes {
		if r := p.find(pa); r != nil && r.dev != nil {
			return r.dev.ReadMMIO(pa-r.base, size) & sizeMask(size)
		}
		return sizeMask(size)
	}
	return p.fetch(off, size)
}

// fetch reads size bytes of the slab without any check.
func (p *physMemory) fetch(off uint32, size uint8) uint32 {
	switch size {
	case 1:
		return uint32(p.slab[off])
	case 2:
		return uint32(binary.LittleEndian.Uint16(p.slab[off:]))
	}
	return binary.LittleEndian.Uint32(p.slab[off:])
}

// sizeMask has size*8 ones.
func sizeMask(size uint8) uint32 { return uint32(1<<(size*8) - 1) }

// store writes size bytes into the slab without any check.
func (p *physMemory) store(off uint32, size uint8, v uint32) {
	switch size {
	case 1:
		p.slab[off] = uint8(v)
	case 2:
		binary.LittleEndian.PutUint16(p.slab[off:], uint16(v))
	default:
		binary.LittleEndian.PutUint32(p.slab[off:], v)
	}
}

// lineStates ors the states of the lines that hold [off, off+n).
func (p *physMemory) lineStates(off, n uint32) uint8 {
	var s uint8
	for l := off >> lineShift; l <= (off+n-1)>>lineShift; l++ {
		s |= p.lines[l]
	}
	return s
}

// physOf is the physical address of slab offset off.
func (p *physMemory) physOf(off uint32) (uint32, bool) {
	if off < p.ramSize {
		return off, true
	}
	for i := range p.regions {
		if r := &p.regions[i]; r.rom && off-r.off < r.size {
			return r.base + off - r.off, true
		}
	}
	return 0, false
}
