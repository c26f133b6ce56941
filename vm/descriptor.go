// SPDX-License-Identifier: BSD-3-Clause

// Segment and gate descriptors, and the tables they lie in
// (SDM vol. 3, 3.4.5 "Segment descriptors", 3.5 "System descriptor types",
// 5.8.3 "Call gates", 6.11 "IDT descriptors").

package vm

// descriptor is one entry of the GDT, an LDT or the IDT.
//
//	63      56 55  52 51   48 47     40 39            16 15         0
//	base 31–24 G D A  lim19–16 P DPL S T   base 23–0       limit 15–0
type descriptor uint64

// attr is bytes 5 and 6 as segment.attr holds them.
func (d descriptor) attr() uint16 { return uint16(d>>40) & 0xf0ff }

func (d descriptor) base() uint32 { return uint32(d>>16)&0xffffff | uint32(d>>32)&0xff000000 }

// limit is the last offset: granularity applied.
func (d descriptor) limit() uint32 {
	l := uint32(d)&0xffff | uint32(d>>32)&0xf0000
	if d.attr()&attrG != 0 {
		return l<<12 | 0xfff
	}
	return l
}

func (d descriptor) dpl() uint8    { return uint8(d>>(40+attrDPLShift)) & 3 }
func (d descriptor) present() bool { return d>>40&attrP != 0 }

// kind is the type of a system descriptor: S and the four type bits, so that
// code and data segments are none of the sys… kinds.
func (d descriptor) kind() uint8 { return uint8(d>>40) & 0x1f }

// System descriptor types.
const (
	sysTSS16     = 0x1
	sysLDT       = 0x2
	sysTSS16Busy = 0x3
	sysCall16    = 0x4
	sysTaskGate  = 0x5
	sysInt16     = 0x6
	sysTrap16    = 0x7
	sysTSS32     = 0x9
	sysTSS32Busy = 0xb
	sysCall32    = 0xc
	sysInt32     = 0xe
	sysTrap32    = 0xf

	sysBusy = 0x2 // the bit that makes an available TSS busy
	sys32   = 0x8 // the bit that makes a 16-bit gate or TSS 32 bits wide
)

// Parts of a gate.
func (d descriptor) gateOffset() uint32 {
	off := uint32(d) & 0xffff
	if d.kind()&sys32 != 0 {
		off |= uint32(d>>32) & 0xffff0000
	}
	return off
}
func (d descriptor) gateSelector() uint16 { return uint16(d >> 16) }
func (d descriptor) gateParams() uint32   { return uint32(d>>32) & 0x1f }

// gateSize is 4 for a 32-bit gate or TSS, 2 for a 16-bit one.
func (d descriptor) gateSize() uint8 { return uint8(d>>(40+3)&1)*2 + 2 }

func (d descriptor) isCode() bool { return d>>40&(attrS|attrCode) == attrS|attrCode }

// isConforming is for code segments.
func (d descriptor) isConforming() bool { return d>>40&attrConform != 0 }

// isWritable reports a data segment that may be written: what SS needs.
func (d descriptor) isWritable() bool {
	return d>>40&(attrS|attrCode|attrWritable) == attrS|attrWritable
}

// isReadable reports a data segment or a readable code segment.
func (d descriptor) isReadable() bool {
	return d>>40&attrS != 0 && d>>40&(attrCode|attrReadable) != attrCode
}

// shielded reports that the segment's DPL guards it: all but conforming code.
func (d descriptor) shielded() bool {
	return d>>40&(attrCode|attrConform) != attrCode|attrConform
}

// load fills a segment register from selector and descriptor. (Field by field,
// here and in copySegment: a copy of the struct right after its fields were
// written waits for the store buffer.)
func (s *segment) load(sel uint16, d descriptor) {
	s.sel, s.attr, s.base, s.limit = sel, d.attr(), d.base(), d.limit()
}

func (s *segment) copySegment(from *segment) {
	s.sel, s.attr, s.base, s.limit = from.sel, from.attr, from.base, from.limit
}

// nullDesc is what a null selector leaves in the hidden part: not present, but
// with a limit of 4 GB, which shows when a program goes to real mode with it.
const nullDesc descriptor = 0x00cf0000_0000ffff

// nullSel reports a null selector: index 0 of the GDT, whatever its RPL.
func nullSel(sel uint16) bool { return sel&^3 == 0 }

// selFault raises vec with a selector as error code. While an exception or
// an external interrupt is being delivered its EXT bit is set.
func (c *CPU) selFault(vec uint8, sel uint16) bool {
	return c.raiseErr(vec, uint32(sel&^3)|c.sys.ext)
}

// zeroFault raises vec with error code 0 (and EXT).
func (c *CPU) zeroFault(vec uint8) bool { return c.raiseErr(vec, c.sys.ext) }

// descAddr is the linear address of sel's descriptor; false when the table
// does not hold it.
func (c *CPU) descAddr(sel uint16) (uint32, bool) {
	off := uint32(sel &^ 7)
	if sel&4 == 0 {
		return c.gdtr.base + off, off+7 <= uint32(c.gdtr.limit)
	}
	return c.ldtr.base + off, !c.ldtr.null() && off+7 <= c.ldtr.limit
}

// fetchDesc reads the descriptor sel names. A selector beyond its table
// raises vec with the selector.
func (c *CPU) fetchDesc(sel uint16, vec uint8) (descriptor, bool) {
	la, ok := c.descAddr(sel)
	if !ok {
		return 0, c.selFault(vec, sel)
	}
	d, ok := c.readSys64(la)
	return descriptor(d), ok
}

// markAccessed sets the accessed bit in the descriptor table, if it has to,
// and returns the descriptor with it.
func (c *CPU) markAccessed(sel uint16, d descriptor) (descriptor, bool) {
	if d>>40&attrAccessed != 0 {
		return d, true
	}
	return c.setAccessed(sel, d)
}

func (c *CPU) setAccessed(sel uint16, d descriptor) (descriptor, bool) {
	d |= attrAccessed << 40
	la, _ := c.descAddr(sel)
	return d, c.writeSys(la+5, 1, uint64(d>>40)&0xff)
}

// setBusy changes the busy bit of the TSS descriptor sel names.
func (c *CPU) setBusy(sel uint16, busy bool) bool {
	la, _ := c.descAddr(sel)
	v, ok := c.readSys(la+5, 1)
	if !ok {
		return false
	}
	v &^= sysBusy
	if busy {
		v |= sysBusy
	}
	return c.writeSys(la+5, 1, v)
}
