// SPDX-License-Identifier: BSD-3-Clause
// Memory accesses as the processor would check them (SDM vol. 3, 5.3, 5.5; 4.6 "Access rights"; 6.15).

package explain

import (
	"encoding/binary"
	"fmt"

	"ring0/vm"
	"ring0/vm/x86"
)

// Bits of vm.Segment.Attr.
const (
	attrWritable = 1 << 1 // of code: readable
	attrDown     = 1 << 2 // expand-down data
	attrCode     = 1 << 3
	attrP        = 1 << 7
	attrDB       = 1 << 14
)

// offset is the effective address of the memory operand.
func (a *analysis) offset() uint32 {
	in := a.in
	off := in.Disp
	if in.Base != x86.NoReg {
		off += a.gpr[in.Base&7]
	}
	if in.Index != x86.NoReg {
		off += a.gpr[in.Index&7] << in.Scale
	}
	if in.Flags&x86.Addr16 != 0 {
		off &= 0xffff
	}
	return off
}

// realMode says that segment registers have no types.
func (a *analysis) realMode() bool { return a.m.CR(0)&vm.CR0PE == 0 || a.eflags&vm.FlagVM != 0 }

// linear checks an access against its segment and returns the linear address.
func (a *analysis) linear(seg uint8, off, size uint32, write bool) (uint32, bool) {
	s := &a.seg[seg]
	vector := uint8(vm.VecGP)
	if seg == vm.SS {
		vector = vm.VecSS
	}
	switch {
	case a.realMode():
		if off > s.Limit || s.Limit-off < size-1 {
			a.fault(vector, 0, fmt.Sprintf("behind the limit %#x of segment %s", s.Limit, segNames[seg]))
			return 0, false
		}
		return s.Base + off, true
	case s.Attr&attrP == 0:
		a.fault(vector, 0, "segment register "+segNames[seg]+" holds a null selector")
		return 0, false
	case write && s.Attr&(attrCode|attrWritable) != attrWritable:
		a.fault(vector, 0, "segment "+segNames[seg]+" is not writable")
		return 0, false
	case !write && s.Attr&(attrCode|attrWritable) == attrCode:
		a.fault(vector, 0, "segment "+segNames[seg]+" is not readable")
		return 0, false
	case !insideLimit(s, off, size):
		a.fault(vector, 0, fmt.Sprintf("offset %#x lies behind the limit %#x of segment %s", off, s.Limit, segNames[seg]))
		return 0, false
	}
	return s.Base + off, true
}

func insideLimit(s *vm.Segment, off, size uint32) bool {
	last := off + size - 1
	if s.Attr&(attrCode|attrDown) == attrDown {
		top := uint32(0xffff)
		if s.Attr&attrDB != 0 {
			top = 0xffffffff
		}
		return off > s.Limit && last >= off && last <= top
	}
	return last >= off && last <= s.Limit || s.Limit == 0xffffffff
}

// check tries an access of size bytes at seg:off, in the order the processor does. On false the fault is noted.
func (a *analysis) check(seg uint8, off, size uint32, write bool) (uint32, bool) {
	return a.checkAligned(seg, off, size, size, write)
}

// checkAligned is check of an operand whose alignment is not its size.
func (a *analysis) checkAligned(seg uint8, off, size, align uint32, write bool) (uint32, bool) {
	la, ok := a.linear(seg, off, size, write)
	if !ok {
		return 0, false
	}
	const am = 1 << 18
	if a.cpl == 3 && align <= 8 && la&(align-1) != 0 && a.m.CR(0)&am != 0 && a.eflags&vm.FlagAC != 0 {
		a.fault(vm.VecAC, 0, "not aligned")
		return 0, false
	}
	return la, a.checkPages(la, size, write)
}

// checkPages asks the page tables for every page of an access.
func (a *analysis) checkPages(la, size uint32, write bool) bool {
	for done := uint32(0); done < size; {
		at := la + done
		want := vm.Access(0)
		if write {
			want |= vm.Write
		}
		if a.cpl == 3 {
			want |= vm.User
		}
		if _, ok := a.m.Translate(at, want); !ok {
			a.pageFault(at, write)
			return false
		}
		done += 0x1000 - at&0xfff
	}
	return true
}

// pageFault notes a page fault at an address.
func (a *analysis) pageFault(addr uint32, write bool) {
	code := uint32(0)
	why := "not mapped"
	_, present := a.m.Translate(addr, 0)
	if present {
		code |= 1
		why = "not for user mode"
	}
	if write {
		code |= 2
		if _, readable := a.m.Translate(addr, vm.User); present && (a.cpl != 3 || readable) {
			why = "write protected"
		}
	}
	if a.cpl == 3 {
		code |= 4
	}
	a.out.Fault = &Fault{Vector: vm.VecPF, Code: code, HasCode: true, Addr: addr, Known: true}
	a.because = why
	a.raised()
}

// load reads size bytes (1 to 8) at seg:off.
func (a *analysis) load(seg uint8, off, size uint32) (uint64, bool) {
	return a.loadAligned(seg, off, size, size)
}

func (a *analysis) loadAligned(seg uint8, off, size, align uint32) (uint64, bool) {
	a.attempt = fmt.Sprintf("loads %s from %s", bytesText(size), a.place(a.seg[seg].Base+off))
	la, ok := a.checkAligned(seg, off, size, align, false)
	if !ok {
		return 0, false
	}
	a.attempt = ""
	return a.read(la, size), true
}

// read notes a read that is allowed.
func (a *analysis) read(la, size uint32) uint64 {
	a.out.Reads = append(a.out.Reads, Access{Addr: la, Size: size})
	var b [8]byte
	a.m.ReadLinear(la, b[:min(size, 8)])
	return binary.LittleEndian.Uint64(b[:])
}

// store writes size bytes (1 to 8) to seg:off.
func (a *analysis) store(seg uint8, off, size uint32, v uint64) bool {
	return a.storeMaybe(seg, off, size, v, true)
}

// storeMaybe is store of a value that may not be known.
func (a *analysis) storeMaybe(seg uint8, off, size uint32, v uint64, known bool) bool {
	a.attempt = fmt.Sprintf("stores %s to %s", bytesText(size), a.place(a.seg[seg].Base+off))
	la, ok := a.check(seg, off, size, true)
	if !ok {
		return false
	}
	a.attempt = ""
	a.out.Writes = append(a.out.Writes, Access{Addr: la, Size: size, Value: v & wide(size), Known: known})
	return true
}

func wide(size uint32) uint64 {
	if size >= 8 {
		return ^uint64(0)
	}
	return 1<<(8*size) - 1
}

// modify reads an operand that is then written back: permission to write is asked for first.
func (a *analysis) modify(seg uint8, off, size uint32) (uint64, uint32, bool) {
	a.attempt = fmt.Sprintf("changes %s at %s", bytesText(size), a.place(a.seg[seg].Base+off))
	la, ok := a.check(seg, off, size, true)
	if !ok {
		return 0, 0, false
	}
	a.attempt = ""
	return a.read(la, size), la, true
}

// written notes the write of modify.
func (a *analysis) written(la, size uint32, v uint64) {
	a.out.Writes = append(a.out.Writes, Access{Addr: la, Size: size, Value: v & wide(size), Known: true})
}

// stackMask is ffff on a 16-bit stack.
func (a *analysis) stackMask() uint32 {
	if a.seg[vm.SS].Attr&attrDB != 0 {
		return 0xffffffff
	}
	return 0xffff
}

// push stores a word and moves the stack pointer.
func (a *analysis) push(size uint8, v uint32) bool {
	m := a.stackMask()
	sp := (a.newReg(vm.ESP) - uint32(size)) & m
	if !a.store(vm.SS, sp, uint32(size), uint64(v)) {
		return false
	}
	a.setSP(sp)
	return true
}

func (a *analysis) setSP(sp uint32) {
	m := a.stackMask()
	a.noteReg(vm.ESP, a.gpr[vm.ESP]&^m|sp&m, true)
}

// top reads the word of the stack that lies depth bytes above its top.
func (a *analysis) top(size uint8, depth uint32) (uint32, bool) {
	v, ok := a.load(vm.SS, (a.gpr[vm.ESP]+depth)&a.stackMask(), uint32(size))
	return uint32(v) & mask(size), ok
}
