// SPDX-License-Identifier: BSD-3-Clause

// The task-state segment: layout, saving, reading, the I/O permission bitmap.
//
// Intel SDM vol. 3, 7.2.1 "Task-state segment", 7.6 "16-bit TSS"; vol. 1,
// 18.5.2 "I/O permission bit map".

package vm

import "ring0/vm/x86"

// Offsets in a 32-bit TSS.
const (
	tss32CR3    = 0x1c
	tss32EIP    = 0x20 // EIP EFLAGS EAX … EDI, 4 bytes each
	tss32ES     = 0x48 // ES CS SS DS FS GS, 4 bytes each
	tss32LDT    = 0x60
	tss32Trap   = 0x64
	tss32Bitmap = 0x66
	tss32Last   = 0x67
)

// Offsets in a 16-bit TSS.
const (
	tss16IP   = 0x0e // IP FLAGS AX … DI, 2 bytes each
	tss16ES   = 0x22 // ES CS SS DS, 2 bytes each
	tss16LDT  = 0x2a
	tss16Last = 0x2b
)

// taskState is what a task switch loads.
type taskState struct {
	wide        bool // from a 32-bit TSS
	trap        bool // the T flag
	cr3         uint32
	eip, eflags uint32
	gpr         [8]uint32
	seg         [6]uint16
	ldt         uint16
}

// tssLast is the smallest limit of a TSS with fields of size bytes.
func tssLast(size uint8) uint32 {
	if size == 4 {
		return tss32Last
	}
	return tss16Last
}

// tssSaved is where the part lies that a task switch writes.
func tssSaved(size uint8) (first, last uint32) {
	if size == 4 {
		return tss32EIP, tss32ES + 6*4 - 1
	}
	return tss16IP, tss16ES + 4*2 - 1
}

// tssSize is the field size of the current TSS.
func (c *CPU) tssSize() uint8 {
	if c.tr.attr&sys32 != 0 {
		return 4
	}
	return 2
}

// saveTask writes the current state into the current TSS, which has been
// checked to be writable.
func (c *CPU) saveTask(next, flags uint32) {
	size := c.tssSize()
	at, segs, nseg := c.tr.base+tss32EIP, c.tr.base+tss32ES, 6
	if size == 2 {
		at, segs, nseg = c.tr.base+tss16IP, c.tr.base+tss16ES, 4
	}
	put := func(la uint32, size uint8, v uint32) { c.writeSys(la, size, uint64(v&sizeMask(size))) }
	put(at, size, next)
	put(at+uint32(size), size, flags)
	for i, v := range c.gpr[:8] {
		put(at+uint32(size)*uint32(i+2), size, v)
	}
	// The upper half of a selector's field is reserved and not written.
	for i, s := range c.seg[:nseg] {
		put(segs+uint32(size)*uint32(i), 2, uint32(s.sel))
	}
}

// readTSS reads the TSS of descriptor d, which is known to be mapped.
func (c *CPU) readTSS(d descriptor) (n taskState) {
	get := func(off uint32, size uint8) uint32 {
		v, _ := c.readSys(d.base()+off, size)
		return uint32(v)
	}
	size := d.gateSize()
	at, segs, nseg, ldt := uint32(tss32EIP), uint32(tss32ES), uint32(6), uint32(tss32LDT)
	if size == 2 {
		at, segs, nseg, ldt = tss16IP, tss16ES, 4, tss16LDT
	}
	n.wide = size == 4
	n.eip = get(at, size)
	n.eflags = get(at+uint32(size), size)
	// UNDEFINED: the upper halves of the registers after a 16-bit TSS. They are
	// ones, as on the 386.
	upper := uint32(0)
	if !n.wide {
		upper = 0xffff0000
	}
	for i := range n.gpr {
		n.gpr[i] = upper | get(at+uint32(size)*uint32(i+2), size)
	}
	// FS and GS become null in a task with a 16-bit TSS.
	for i := range nseg {
		n.seg[i] = uint16(get(segs+uint32(size)*i, 2))
	}
	n.ldt = uint16(get(ldt, 2))
	if n.wide {
		n.cr3 = get(tss32CR3, 4)
		n.trap = get(tss32Trap, 2)&1 != 0
	}
	return n
}

// ioAllowed checks the permission to use size ports from port on. On false
// #GP(0), or a page fault on the bitmap, has been raised.
//
// Real mode may always; protected mode with CPL ≤ IOPL. Otherwise, and in
// virtual-8086 mode always, the bits of all ports must be clear in the
// bitmap of a 32-bit TSS. The processor reads two bytes of it; both must lie
// within the limit.
func (c *CPU) ioAllowed(port uint16, size uint8) bool {
	if c.sys.attn&attnArmed != 0 {
		c.noteIO(port, size)
	}
	if c.cr0&CR0PE == 0 || c.flags&FlagVM == 0 && c.cpl <= c.iopl() {
		return true
	}
	if c.tr.null() || c.tr.attr&0x1f&^sysBusy != sysTSS32 || c.tr.limit < tss32Last {
		return c.gp0()
	}
	base, ok := c.readSys(c.tr.base+tss32Bitmap, 2)
	if !ok {
		return false
	}
	at := uint32(base) + uint32(port)/8
	if at+1 > c.tr.limit {
		return c.gp0()
	}
	bits, ok := c.readSys(c.tr.base+at, 2)
	if !ok {
		return false
	}
	if uint32(bits)>>(port&7)&(1<<size-1) != 0 {
		return c.gp0()
	}
	return true
}

// opIN reads a port.
//
//	E4 E5   IN AL/AX/EAX, imm8
//	EC ED   IN AL/AX/EAX, DX
func opIN(c *CPU, in *inst) bool {
	port := c.portOf(in)
	if !c.ioAllowed(port, in.Size) {
		return false
	}
	c.setRegSized(x86.EAX, in.Size, c.m.in(port, in.Size))
	return true
}

// opOUT writes a port.
//
//	E6 E7   OUT imm8, AL/AX/EAX
//	EE EF   OUT DX, AL/AX/EAX
func opOUT(c *CPU, in *inst) bool {
	port := c.portOf(in)
	if !c.ioAllowed(port, in.Size) {
		return false
	}
	c.m.out(port, in.Size, c.regSized(x86.EAX, in.Size))
	return true
}

// portOf is the port an IN or OUT names.
func (c *CPU) portOf(in *inst) uint16 {
	if in.Form != x86.FormR {
		return uint16(in.Imm & 0xff)
	}
	return uint16(c.gpr[x86.EDX])
}
