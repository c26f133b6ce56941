// SPDX-License-Identifier: BSD-3-Clause
// Reading .debug_frame and .eh_frame.

package debuginfo

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Encodings of addresses in .eh_frame.
const (
	pePtr    = 0x00
	peUdata2 = 0x02
	peUdata4 = 0x03
	peSdata2 = 0x0a
	peSdata4 = 0x0b
	pePCRel  = 0x10
	peOmit   = 0xff
	peFormat = 0x0f
	peApply  = 0x70
)

// maxFDEs bounds the entries of one section.
const maxFDEs = 200_000

// frameReader reads one section.
type frameReader struct {
	m     *Module
	data  []byte
	at    uint32 // where the section is loaded; .debug_frame is not
	eh    bool
	table *frameTable
	cies  map[uint64]*cie
}

func (m *Module) debugFrame(data []byte) {
	r := &frameReader{m: m, data: data, table: &frameTable{section: ".debug_frame"}, cies: map[uint64]*cie{}}
	r.read()
}

func (m *Module) ehFrame(data []byte, at uint32) {
	r := &frameReader{m: m, data: data, at: at, eh: true, table: &frameTable{section: ".eh_frame"}, cies: map[uint64]*cie{}}
	r.read()
}

func (r *frameReader) read() {
	c := from(r.data, 0)
	for c.more() && len(r.table.entries) < maxFDEs {
		at := c.at
		if err := r.entry(c); err != nil {
			r.m.problem(problem(r.table.section, at, "%v", err))
			break
		}
	}
	slices.SortStableFunc(r.table.entries, func(a, b fde) int { return cmp.Compare(a.Low, b.Low) })
	if len(r.table.entries) > 0 {
		r.m.frames = append(r.m.frames, r.table)
	}
}

// header reads length and identification of an entry. body ends with the entry.
func (r *frameReader) header(c *cursor) (body *cursor, id uint64, idAt int, err error) {
	length, offSize := uint64(c.u32()), uint8(4)
	if length == 0xffffffff {
		length, offSize = c.u64(), 8
	}
	if c.bad || length > uint64(c.left()) {
		return nil, 0, 0, fmt.Errorf("an entry ends behind the section")
	}
	if length == 0 {
		return nil, 0, 0, nil // the end, where .eh_frame has one; padding elsewhere
	}
	end := c.at + int(length)
	body = &cursor{data: c.data[:end], at: c.at}
	c.at = end
	if r.eh {
		offSize = 4
	}
	idAt = body.at
	id = body.sized(offSize)
	if !r.eh && offSize == 4 && id == 0xffffffff {
		id = ^uint64(0)
	}
	return body, id, idAt, nil
}

// entry reads a CIE or an FDE.
func (r *frameReader) entry(c *cursor) error {
	body, id, idAt, err := r.header(c)
	if body == nil || err != nil {
		return err
	}
	isCIE := r.eh && id == 0 || !r.eh && id == ^uint64(0)
	if isCIE {
		return nil // read when an FDE refers to it
	}
	at := id
	if r.eh {
		at = uint64(idAt) - id
	}
	shared, err := r.cieAt(at)
	if err != nil {
		return err
	}
	f := fde{cie: shared}
	if !r.eh {
		f.Low = body.u32()
		f.High = f.Low + body.u32()
	} else {
		f.Low = r.pointer(body, shared.pointers)
		f.High = f.Low + r.pointer(body, shared.pointers&peFormat)
	}
	if shared.augmented {
		body.skip(body.uleb())
	}
	if body.bad {
		return fmt.Errorf("an entry ends inside its header")
	}
	f.program = body.data[body.at:]
	if f.Low < f.High {
		r.table.entries = append(r.table.entries, f)
	}
	return nil
}

// pointer reads an encoded address.
func (r *frameReader) pointer(c *cursor, encoding uint8) uint32 {
	base := uint32(0)
	switch encoding & peApply {
	case 0:
	case pePCRel:
		base = r.at + uint32(c.at)
	default:
		c.bad = true
	}
	switch encoding & peFormat {
	case pePtr, peUdata4, peSdata4:
		return base + c.u32()
	case peUdata2:
		return base + uint32(c.u16())
	case peSdata2:
		return base + uint32(int32(int16(c.u16())))
	}
	c.bad = true
	return 0
}

// cieAt reads the CIE at an offset, once.
func (r *frameReader) cieAt(at uint64) (*cie, error) {
	if known, ok := r.cies[at]; ok {
		if known.bad {
			return nil, fmt.Errorf("its common entry at %#x is broken", at)
		}
		return known, nil
	}
	shared := &cie{bad: true}
	r.cies[at] = shared
	body, id, _, err := r.header(from(r.data, at))
	if err != nil || body == nil || (r.eh && id != 0) || (!r.eh && id != ^uint64(0)) {
		return nil, fmt.Errorf("there is no common entry at %#x", at)
	}
	version := body.u8()
	augmentation := body.cString()
	if version != 1 && version != 3 && version != 4 {
		return nil, fmt.Errorf("call frame information of version %d; 1, 3 and 4 are read", version)
	}
	if version == 4 {
		if size, segment := body.u8(), body.u8(); size != 4 || segment != 0 {
			return nil, fmt.Errorf("addresses of %d+%d bytes; an i386 object has 4", size, segment)
		}
	}
	shared.codeAlign, shared.dataAlign = body.uleb(), body.sleb()
	if version == 1 {
		shared.returnReg = int(body.u8())
	} else {
		shared.returnReg = int(body.uleb() & 0xffff)
	}
	if err := r.augmentation(body, shared, augmentation); err != nil {
		return nil, err
	}
	if body.bad || shared.returnReg >= dwarfRegs {
		return nil, fmt.Errorf("the common entry at %#x is broken", at)
	}
	shared.program, shared.bad = body.data[body.at:], false
	return shared, nil
}

// augmentation reads what the letters of an .eh_frame entry announce.
func (r *frameReader) augmentation(body *cursor, shared *cie, letters string) error {
	if letters == "" {
		return nil
	}
	if !strings.HasPrefix(letters, "z") {
		return fmt.Errorf("augmentation %q is not known", letters)
	}
	shared.augmented = true
	size := body.uleb()
	data := &cursor{data: body.data, at: body.at}
	body.skip(size)
	for _, letter := range letters[1:] {
		switch letter {
		case 'R':
			shared.pointers = data.u8()
		case 'S':
			shared.signal = true
		case 'P':
			if encoding := data.u8(); encoding != peOmit {
				r.pointer(data, encoding&peFormat)
			}
		case 'L':
			data.u8()
		case 'B':
		default:
			return fmt.Errorf("augmentation %q is not known", letters)
		}
	}
	return nil
}

// find is the entry for an address, or nil.
func (t *frameTable) find(pc uint32) *fde {
	i := sort.Search(len(t.entries), func(i int) bool { return t.entries[i].Low > pc }) - 1
	for n := 0; i >= 0 && n < 8; i, n = i-1, n+1 { // overlapping entries are rare and a file's own fault
		if t.entries[i].Contains(pc) {
			return &t.entries[i]
		}
	}
	return nil
}
