// SPDX-License-Identifier: BSD-3-Clause

// The world of a case: low memory with tables, stacks and handlers.

package syscase

import "encoding/binary"

// Where things lie. Linear addresses are physical ones unless a case changes
// page tables.
const (
	addrGDT    = 0x1000
	addrLDT    = 0x1800
	addrIDT    = 0x2000 // in real mode the vector table
	addrTSS    = 0x3000 // of the running task
	addrTSSB   = 0x3400 // a second task, 32 bits
	addrTSS16  = 0x3800 // a third, 16 bits
	addrStubs  = 0x4000 // handlers, 4 bytes each: HLT, jump back
	stackRing0 = 0x6000 // tops of stacks
	stackRing1 = 0x7000
	stackRing2 = 0x8000
	stackRing3 = 0x9000
	addrCode   = 0xa000 // the case's code
	addrData   = 0xb000
	addrTaskB  = 0xb800 // code of the second and third task: INT 82
	stackTaskB = 0xd000
	addrPDir   = 0x10000 // PAE: page-directory-pointer table
	addrPTab   = 0x11000 // PAE: page directory
	addrPAETab = 0x12000
	addrTramp  = 0xe000 // the way into real mode
	lowEnd     = 0x14000
)

// Selectors of the fixed GDT. Entries from 90 on are the case's own.
const (
	selCode0   = 0x08
	selData0   = 0x10
	selCode3   = 0x1b
	selData3   = 0x23
	selCode1   = 0x29
	selData1   = 0x31
	selCode2   = 0x3a
	selData2   = 0x42
	selTSS     = 0x48
	selLDT     = 0x50
	selCode16  = 0x58
	selData16  = 0x60
	selCode163 = 0x6b
	selData163 = 0x73
	selConf0   = 0x78
	selTSSB    = 0x80
	selTSS16   = 0x88
)

// Vectors that no case uses otherwise: the end of the code, and of the second task.
const (
	vecOK    = 0x81
	vecTaskB = 0x82
)

// world is a case on its way to an image.
type world struct {
	low      [lowEnd]byte // memory from address 0 on
	seg      [6]uint16    // ES CS SS DS FS GS at the start
	gpr      [8]uint32
	eip      uint32
	eflags   uint32
	cr0, cr4 uint32
	cr3      uint32
	dr       [8]uint32
	msrs     [][3]uint32 // number, low, high
	gdtLimit uint16
	idtLimit uint16
	ldt, tr  uint16
	real     bool
}

// mode is what a mode name stands for.
type mode struct {
	cs, ss, data uint16
	esp, eflags  uint32
	eip          uint32
	real         bool
}

var modes = map[string]mode{
	"ring0":    {cs: selCode0, ss: selData0, data: selData0, esp: stackRing0, eip: addrCode},
	"ring1":    {cs: selCode1, ss: selData1, data: selData1, esp: stackRing1, eip: addrCode},
	"ring2":    {cs: selCode2, ss: selData2, data: selData2, esp: stackRing2, eip: addrCode},
	"ring3":    {cs: selCode3, ss: selData3, data: selData3, esp: stackRing3, eip: addrCode},
	"ring0-16": {cs: selCode16, ss: selData16, data: selData16, esp: stackRing0, eip: addrCode},
	"ring3-16": {cs: selCode163, ss: selData163, data: selData163, esp: stackRing3, eip: addrCode},
	"v86":      {cs: addrCode >> 4, ss: 0x0800, data: addrData >> 4, esp: 0x1000, eflags: 1 << 17},
	"real":     {cs: addrCode >> 4, ss: 0x0500, data: addrData >> 4, esp: 0x1000, real: true},
}

func (w *world) put16(at uint32, v uint16) { binary.LittleEndian.PutUint16(w.low[at:], v) }
func (w *world) put32(at, v uint32)        { binary.LittleEndian.PutUint32(w.low[at:], v) }
func (w *world) put64(at uint32, v uint64) { binary.LittleEndian.PutUint64(w.low[at:], v) }

// newWorld lays out what all cases of a mode share.
func newWorld(m mode) *world {
	w := &world{
		seg: [6]uint16{m.data, m.cs, m.ss, m.data, 0, 0}, eip: m.eip, eflags: m.eflags | 2,
		gdtLimit: 0x1ff, idtLimit: 0x7ff, ldt: selLDT, tr: selTSS, real: m.real, cr3: addrPDir, cr0: 0x11,
	}
	w.gpr[4] = m.esp
	if m.eflags != 0 || m.real {
		w.seg[4], w.seg[5] = m.data, m.data
	}
	w.descriptors()
	for i := range uint32(256) {
		copy(w.low[addrStubs+4*i:], []byte{0xf4, 0xeb, 0xfd})
		if m.real {
			w.put32(addrIDT+4*i, (addrStubs>>4)<<16|4*i)
		} else {
			w.put64(addrIDT+8*i, uint64(gate(0xe, selCode0, addrStubs+4*i, 3, 0)))
		}
	}
	if m.real {
		w.idtLimit = 0x3ff
	}
	w.tasks()
	w.pageTables()
	return w
}

// descriptors fills the GDT.
func (w *world) descriptors() {
	const g32, g16 = 0xc000, 0x0000
	put := func(sel uint16, base, limit uint32, attr uint16) {
		w.put64(addrGDT+uint32(sel&^7), descriptor(base, limit, attr))
	}
	for dpl, sel := range []uint16{selCode0, selCode1, selCode2, selCode3} {
		put(sel, 0, 0xfffff, 0x9b|g32|uint16(dpl)<<5)
	}
	for dpl, sel := range []uint16{selData0, selData1, selData2, selData3} {
		put(sel, 0, 0xfffff, 0x93|g32|uint16(dpl)<<5)
	}
	put(selCode16, 0, 0xffff, 0x9b|g16)
	put(selData16, 0, 0xffff, 0x93|g16)
	put(selCode163, 0, 0xffff, 0xfb|g16)
	put(selData163, 0, 0xffff, 0xf3|g16)
	put(selConf0, 0, 0xfffff, 0x9f|g32)
	put(selTSS, addrTSS, 0x67, 0x89)
	put(selTSSB, addrTSSB, 0x67, 0x89)
	put(selTSS16, addrTSS16, 0x2b, 0x81)
	put(selLDT, addrLDT, 0xff, 0x82)
}

// descriptor makes a segment or system descriptor; attr as descriptor bytes 5
// and 6, the limit in the units of its G bit.
func descriptor(base, limit uint32, attr uint16) uint64 {
	return uint64(limit&0xffff) | uint64(base&0xffffff)<<16 | uint64(attr&0xff)<<40 |
		uint64(limit>>16&0xf)<<48 | uint64(attr>>12)<<52 | uint64(base>>24)<<56
}

// gate makes a gate descriptor.
func gate(kind uint8, sel uint16, off uint32, dpl, params uint8) uint64 {
	return uint64(off&0xffff) | uint64(sel)<<16 | uint64(params)<<32 |
		uint64(0x80|dpl<<5|kind)<<40 | uint64(off>>16)<<48
}

// tasks fills the TSSs. The running task has stacks for the inner rings and
// no I/O bitmap; the others are ring-0 tasks that execute INT 82.
func (w *world) tasks() {
	for i, s := range [][2]uint32{{stackRing0, selData0}, {stackRing1, selData1}, {stackRing2, selData2}} {
		w.put32(addrTSS+4+8*uint32(i), s[0])
		w.put32(addrTSS+8+8*uint32(i), s[1])
	}
	w.put32(addrTSS+0x1c, addrPDir)
	w.put32(addrTSS+0x60, selLDT)
	w.put32(addrTSS+0x64, 0x68<<16)
	copy(w.low[addrTaskB:], []byte{0xcd, vecTaskB})

	w.put32(addrTSSB+0x1c, addrPDir)
	w.put32(addrTSSB+0x20, addrTaskB)
	w.put32(addrTSSB+0x24, 2)
	w.put32(addrTSSB+0x38, stackTaskB)
	for i, sel := range []uint32{selData0, selCode0, selData0, selData0, 0, 0} {
		w.put32(addrTSSB+0x48+4*uint32(i), sel)
	}
	w.put32(addrTSSB+0x64, 0x68<<16)

	w.put16(addrTSS16+0x0e, addrTaskB)
	w.put16(addrTSS16+0x10, 2)
	w.put16(addrTSS16+0x1a, stackTaskB)
	for i, sel := range []uint16{selData0, selCode0, selData16, selData0} { // the upper half of ESP is undefined
		w.put16(addrTSS16+0x22+2*uint32(i), sel)
	}
}

// pageTables maps the first 4 MB to themselves for everyone.
func (w *world) pageTables() {
	w.put32(addrPDir, addrPTab|7)
	for i := range uint32(1024) {
		w.put32(addrPTab+4*i, i<<12|7)
	}
}

// paePageTables replaces pageTables: 2 MB in 4 KB pages, then 2 MB pages.
func (w *world) paePageTables() {
	clear(w.low[addrPDir:])
	w.put64(addrPDir, addrPTab|1)
	w.put64(addrPTab, addrPAETab|7)
	for i := range uint32(512) {
		w.put64(addrPAETab+8*i, uint64(i<<12|7))
		if i > 0 {
			w.put64(addrPTab+8*i, uint64(i<<21|0x87))
		}
	}
}
