// SPDX-License-Identifier: BSD-3-Clause
// DWARF: compilation units, abbreviations and debugging information entries (DWARF 5, 7.5; versions 2 to 5).
//
// The standard library's reader is for files one trusts; this one is for any file.

package debuginfo

import (
	"fmt"
	"sort"
)

// dwarfData is the debug sections of one module.
type dwarfData struct {
	m        *Module
	info     []byte
	abbrev   []byte
	str      []byte
	lineStr  []byte
	line     []byte
	ranges   []byte
	rnglists []byte
	loc      []byte
	loclists []byte
	addr     []byte
	strOffs  []byte

	units   []*unit // by offset
	abbrevs map[uint64]abbrevTable
	budget  int // see spend
	files   map[string]int32

	types    map[uint32]*Type // by offset in .debug_info
	pending  []*Type          // made, to be filled
	unfilled map[*Type]uint32 // where the entries of these are
	enumsAt  []uint32         // of all enumerations
	allEnums []*Type          // these, once asked for
	byName   map[string]uint32
	calls    map[uint32]*CallSite // by return address
}

// dwarfBudget bounds what one module's debug information may become in memory: entries, types, abbreviations, line rows
// and list entries count one each. The largest drivers of 2.4 need some 200,000.
const dwarfBudget = 4_000_000

// spend takes n from the budget and reports whether there was enough.
func (d *dwarfData) spend(n int) bool {
	d.budget -= n
	return d.budget >= 0
}

var errBudget = fmt.Errorf("debug information of more than %d entries: the rest is left out", dwarfBudget)

// unit is one compilation unit.
type unit struct {
	d        *dwarfData
	start    uint32 // of its header in .debug_info
	first    uint32 // of its first entry
	end      uint32
	version  uint16
	offSize  uint8 // 4, or 8 in the 64-bit format
	abbrevs  abbrevTable
	name     string
	compDir  string
	low      uint32
	addrBase uint64
	strBase  uint64
	rngBase  uint64
	locBase  uint64
	files    []string // the line table's file names, by DW_AT_decl_file
}

// abbrevTable is the abbreviations of a unit by code.
type abbrevTable map[uint64]*abbrev

type abbrev struct {
	tag      uint32
	children bool
	attrs    []attrSpec
}

type attrSpec struct {
	name, form uint32
	value      int64 // of DW_FORM_implicit_const
}

// entry is a debugging information entry.
type entry struct {
	unit     *unit
	offset   uint32
	tag      uint32
	children bool
	attrs    []attribute
}

// attribute is an attribute with its value, by what its form is.
type attribute struct {
	name, form uint32
	number     uint64 // address, constant, offset, index, flag; a reference as an offset in .debug_info
	data       []byte // block, expression
	text       string
}

// get finds an attribute.
func (e *entry) get(name uint32) (*attribute, bool) {
	for i := range e.attrs {
		if e.attrs[i].name == name {
			return &e.attrs[i], true
		}
	}
	return nil, false
}

func (e *entry) number(name uint32) (uint64, bool) {
	if a, ok := e.get(name); ok && a.data == nil {
		return a.number, true
	}
	return 0, false
}

func (e *entry) text(name uint32) string {
	if a, ok := e.get(name); ok {
		return a.text
	}
	return ""
}

func (e *entry) flag(name uint32) bool {
	n, ok := e.number(name)
	return ok && n != 0
}

// readUnits reads the unit headers.
func (d *dwarfData) readUnits() {
	c := from(d.info, 0)
	for c.more() {
		at := c.at
		u, err := d.readUnit(c)
		if err != nil {
			d.m.problem(problem(".debug_info", at, "%v", err))
		}
		if u == nil {
			return
		}
		if err == nil {
			d.units = append(d.units, u)
		}
		c.at = int(u.end)
	}
}

// readUnit reads a unit's header. Without an error but nil nothing more can be read; with an error and a unit, that unit
// is to be skipped.
func (d *dwarfData) readUnit(c *cursor) (*unit, error) {
	u := &unit{d: d, start: uint32(c.at), offSize: 4}
	length := uint64(c.u32())
	if length == 0xffffffff {
		u.offSize, length = 8, c.u64()
	}
	if c.bad || length > uint64(c.left()) {
		return nil, fmt.Errorf("a unit of %#x bytes ends behind the section", length)
	}
	u.end = uint32(c.at) + uint32(length)
	u.version = c.u16()
	if u.version < 2 || u.version > 5 {
		return u, fmt.Errorf("unit of DWARF version %d; 2 to 5 are read", u.version)
	}
	kind, addrSize, abbrevAt := uint8(utCompile), uint8(0), uint64(0)
	if u.version == 5 {
		kind, addrSize = c.u8(), c.u8()
		abbrevAt = c.sized(u.offSize)
	} else {
		abbrevAt, addrSize = c.sized(u.offSize), c.u8()
	}
	if c.bad || uint32(c.at) > u.end {
		return u, fmt.Errorf("a unit ends inside its header")
	}
	if addrSize != 4 {
		return u, fmt.Errorf("addresses of %d bytes; an i386 object has 4", addrSize)
	}
	if kind != utCompile && kind != utPartial {
		return u, fmt.Errorf("unit of kind %d is not read", kind)
	}
	u.first = uint32(c.at)
	var err error
	u.abbrevs, err = d.abbrevTable(abbrevAt)
	return u, err
}

// Unit kinds that are read.
const (
	utCompile = 1
	utPartial = 3
)

// abbrevTable reads the abbreviations at an offset, once.
func (d *dwarfData) abbrevTable(at uint64) (abbrevTable, error) {
	if t, ok := d.abbrevs[at]; ok {
		return t, nil
	}
	t := abbrevTable{}
	c := from(d.abbrev, at)
	for {
		code := c.uleb()
		if code == 0 {
			break
		}
		a := &abbrev{tag: uint32(c.uleb()), children: c.u8() != 0}
		for {
			s := attrSpec{name: uint32(c.uleb()), form: uint32(c.uleb())}
			if s.form == formImplicitConst {
				s.value = c.sleb()
			}
			if s.name == 0 && s.form == 0 || c.bad {
				break
			}
			if !d.spend(1) {
				return nil, errBudget
			}
			a.attrs = append(a.attrs, s)
		}
		if c.bad {
			break
		}
		t[code] = a
	}
	if c.bad {
		return nil, problem(".debug_abbrev", int(at), "table ends inside an entry")
	}
	d.abbrevs[at] = t
	return t, nil
}

// unitAt finds the unit an offset in .debug_info lies in.
func (d *dwarfData) unitAt(offset uint32) *unit {
	i := sort.Search(len(d.units), func(i int) bool { return d.units[i].start > offset }) - 1
	if i < 0 || offset >= d.units[i].end || offset < d.units[i].first {
		return nil
	}
	return d.units[i]
}

// entryAt reads the entry at an offset of .debug_info.
func (d *dwarfData) entryAt(offset uint32) (*entry, error) {
	u := d.unitAt(offset)
	if u == nil {
		return nil, problem(".debug_info", int(offset), "refers to no entry of any unit")
	}
	var e entry
	c := u.cursor(offset)
	if err := u.read(c, &e); err != nil {
		return nil, err
	}
	if e.tag == 0 {
		return nil, problem(".debug_info", int(offset), "refers to the end of a list of entries")
	}
	return &e, nil
}

func (u *unit) cursor(offset uint32) *cursor {
	return from(u.d.info[:u.end], uint64(offset))
}

// read reads the entry at the cursor; tag 0 is the end of a list of children.
func (u *unit) read(c *cursor, e *entry) error {
	*e = entry{unit: u, offset: uint32(c.at), attrs: e.attrs[:0]}
	code := c.uleb()
	if code == 0 || c.bad {
		return u.short(c, e)
	}
	a := u.abbrevs[code]
	if a == nil {
		return problem(".debug_info", int(e.offset), "abbreviation %d does not exist", code)
	}
	if !u.d.spend(1) {
		return errBudget
	}
	e.tag, e.children = a.tag, a.children
	for _, s := range a.attrs {
		v := attribute{name: s.name, form: s.form}
		if err := u.value(c, s, &v); err != nil {
			return problem(".debug_info", int(e.offset), "attribute %#x: %v", s.name, err)
		}
		e.attrs = append(e.attrs, v)
	}
	return u.short(c, e)
}

func (u *unit) short(c *cursor, e *entry) error {
	if c.bad {
		return problem(".debug_info", int(e.offset), "the unit ends inside an entry")
	}
	return nil
}

// each calls f for every entry of the unit with its depth, the unit's own being 0.
func (u *unit) each(f func(e *entry, depth int) error) error {
	c, depth := u.cursor(u.first), 0
	var e entry
	for c.more() {
		if err := u.read(c, &e); err != nil {
			return err
		}
		if e.tag == 0 {
			if depth--; depth <= 0 {
				return nil
			}
			continue
		}
		if err := f(&e, depth); err != nil {
			return err
		}
		if e.children {
			depth++
		} else if depth == 0 {
			return nil
		}
	}
	return nil
}

// address is an entry of the unit's part of .debug_addr.
func (u *unit) address(index uint64) (uint32, bool) {
	if index > uint64(len(u.d.addr)) {
		return 0, false
	}
	c := from(u.d.addr, u.addrBase+index*4)
	v := c.u32()
	return v, !c.bad
}
