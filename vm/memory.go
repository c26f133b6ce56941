// SPDX-License-Identifier: BSD-3-Clause

// Guest physical memory: RAM, ROM and memory-mapped devices, and the state
// map that says which 64-byte lines hold cached code or are watched.

package vm

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
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
	lines   []uint8  // per line of the slab: lineCode, lineUnsaved
	bus     []region // what the board has put into the address space; see physmap.go
	shadows []shadowRange
	regions []region // everything that is not plain RAM at its own address, by base
	a20     uint32   // mask on physical addresses: all ones, or all but bit 20
}

// lineCode marks the lines with bytes of a cached block.
const lineCode = 1 << 0

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
	if err := p.grow(ram); err != nil {
		return nil, err
	}
	return p, nil
}

// slabRoom is how much of ROM and adapter memory fits behind RAM without
// moving it.
const slabRoom = 1 << 20

// grow makes the slab n bytes long, keeping its content.
func (p *physMemory) grow(n uint32) error {
	if uint64(n) > uint64(cap(p.slab)) {
		room := uint64(n) + min(uint64(n)/8, slabRoom)
		if used, ok := hostRoom(room + room>>lineShift); !ok {
			return fmt.Errorf("vm: %d MB of memory: a 32-bit host has room for %d MB, and %d MB are in use",
				n>>20, host32>>20, used>>20)
		}
		slab := make([]byte, n, room)
		copy(slab, p.slab)
		lines := make([]uint8, n>>lineShift, room>>lineShift)
		copy(lines, p.lines)
		p.slab, p.lines = slab, lines
	}
	p.slab, p.lines = p.slab[:n], p.lines[:n>>lineShift]
	return nil
}

// host32 is how much the heap of a 32-bit host may hold when a machine is made:
// half of the addresses that a process has at least, as the collector lets the
// heap become twice what is in use.
const host32 = 1536 << 20

// hostRoom looks whether the host has n bytes for a machine, and how many are in
// use. Go has no error for memory that is used up, it ends the process. Where
// addresses have 64 bits that is left to the host, which gives memory when it is
// first touched; where they have 32, machines that are used no longer are in the
// way until they are collected.
func hostRoom(n uint64) (used uint64, ok bool) {
	if math.MaxInt > math.MaxInt32 {
		return 0, true
	}
	if used = heapInUse(); used+n > host32 {
		runtime.GC()
		used = heapInUse()
	}
	return used, used+n <= host32
}

func heapInUse() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
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
		if r.kind >= regionROM {
			return r.off + pa - r.base, r.kind == regionRAM
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
			return r.dev.ReadMMIO(r.off+pa-r.base, size) & sizeMask(size)
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

// eachPhys calls f with every physical address of slab offset off. ROM may
// have several.
func (p *physMemory) eachPhys(off uint32, f func(pa uint32)) {
	if off < p.ramSize {
		f(off)
		return
	}
	for i := range p.regions {
		if r := &p.regions[i]; r.kind >= regionROM && off-r.off < r.size {
			f(r.base + off - r.off)
		}
	}
}
