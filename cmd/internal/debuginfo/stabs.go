// SPDX-License-Identifier: BSD-3-Clause
// Stabs: debug information as symbols with strings, what gcc wrote until 3.0.
//
// The "stabs" manual of gdb ("Stabs In ELF": values in functions are offsets from the function's start). One pass: a stab
// means what it does by those before it.

package debuginfo

import (
	"strings"
)

// Stab types.
const (
	nUndf  = 0x00
	nGSYM  = 0x20
	nFUN   = 0x24
	nSTSYM = 0x26
	nLCSYM = 0x28
	nROSYM = 0x2c
	nRSYM  = 0x40
	nSLINE = 0x44
	nSO    = 0x64
	nLSYM  = 0x80
	nBINCL = 0x82
	nSOL   = 0x84
	nPSYM  = 0xa0
	nEINCL = 0xa2
	nLBRAC = 0xc0
	nEXCL  = 0xc2
	nRBRAC = 0xe0
)

const stabSize = 12

// stab is one entry of .stab.
type stab struct {
	text  string
	kind  uint8
	desc  uint16
	value uint32
}

// stabsReader reads the stabs of a module.
type stabsReader struct {
	m       *Module
	stab    []byte
	str     []byte
	strBase uint64 // of the compilation unit in .stabstr
	strSize uint64
	files   map[string]int32
	types   stabTypes

	unit, dir, file string // of the unit being read
	pendingDir      string
	fn              *Function
	fnStart         uint32
	brackets        []*stabBlock
	waiting         []*Variable     // declared, their block not yet begun
	statics         []*Variable     // global ones whose address only the symbol table has
	known           map[uint32]bool // addresses of static variables in functions
}

// stabBlock is a block between N_LBRAC and N_RBRAC.
type stabBlock struct {
	vars  []*Variable
	start uint32
}

// readStabs reads the sections of a module into it.
func readStabs(m *Module, data, str []byte) {
	r := &stabsReader{m: m, stab: data, str: str, files: map[string]int32{}, known: map[uint32]bool{}}
	r.types = newStabTypes(r)
	m.Format, m.types = "stabs", &r.types
	c := from(data, 0)
	for c.left() >= stabSize {
		if len(m.Lines.rows)+r.types.count > dwarfBudget {
			m.problem(errBudget)
			break
		}
		at := c.at
		s, ok := r.next(c)
		if !ok {
			m.problem(problem(".stab", at, "its string is outside .stabstr, or too long"))
			continue
		}
		r.take(s)
	}
	r.endFunction(0)
	r.resolveGlobals()
}

// next reads a stab, with those that continue its string.
func (r *stabsReader) next(c *cursor) (stab, bool) {
	strx := c.u32()
	s := stab{kind: c.u8()}
	c.u8()
	s.desc, s.value = c.u16(), c.u32()
	if s.kind == nUndf { // the head of a unit's stabs
		r.strBase += r.strSize
		r.strSize = uint64(s.value)
		return s, true
	}
	var ok bool
	if s.text, ok = r.string(strx); !ok {
		return s, false
	}
	for strings.HasSuffix(s.text, `\`) && c.left() >= stabSize {
		more, ok := r.string(c.u32())
		c.skip(stabSize - 4)
		if s.text = s.text[:len(s.text)-1] + more; !ok || len(s.text) > maxStabText {
			return s, false
		}
		r.types.count += len(s.text) / 16
	}
	return s, true
}

// maxStabText bounds the string of one stab, with its continuations. Large structures need some 10,000 characters.
const maxStabText = 1 << 17

// string is a string of the unit's part of .stabstr. A structure's may be long.
func (r *stabsReader) string(strx uint32) (string, bool) {
	if strx == 0 {
		return "", true
	}
	c := from(r.str, r.strBase+uint64(strx))
	if c.bad {
		return "", false
	}
	c.data = c.data[:min(len(c.data), c.at+maxStabText)]
	s := c.cString()
	r.types.count += len(s) / 16
	return s, !c.bad
}

// take takes one stab.
func (r *stabsReader) take(s stab) {
	switch s.kind {
	case nSO:
		r.source(s)
	case nSOL:
		r.file = joinPath(r.dir, s.text)
	case nBINCL, nEINCL, nEXCL:
		r.types.include(s)
	case nSLINE:
		r.lineRow(s)
	case nFUN:
		r.function(s)
	case nLBRAC:
		r.open(s)
	case nRBRAC:
		r.closeBlock(s)
	case nGSYM, nSTSYM, nLCSYM, nROSYM, nRSYM, nLSYM, nPSYM:
		r.symbol(s)
	}
}

// source begins a compilation unit, after its directory if that comes first, or ends one.
func (r *stabsReader) source(s stab) {
	switch {
	case s.text == "":
		r.endFunction(s.value)
		r.endSequence(s.value)
		r.unit, r.dir = "", ""
	case strings.HasSuffix(s.text, "/"):
		r.pendingDir = s.text
	default:
		r.endFunction(s.value)
		r.unit, r.dir, r.pendingDir = s.text, r.pendingDir, ""
		r.file = joinPath(r.dir, s.text)
		r.types.begin()
	}
}

// address is a value inside a function: an offset from its start, or with some assemblers an address.
func (r *stabsReader) address(value uint32) uint32 {
	if r.fn == nil || value-r.m.Base < r.m.Size {
		return value
	}
	return r.fnStart + value
}

func (r *stabsReader) lineRow(s stab) {
	row := lineRow{addr: r.address(s.value), line: int32(s.desc), flags: rowStmt}
	row.file = r.m.Lines.file(r.file, r.files)
	if f := r.fn; f != nil && f.File == "" { // the file is said after the function, the line often not at all
		f.File = r.file
		if f.Line == 0 {
			f.Line = int(s.desc)
		}
	}
	r.m.Lines.rows = append(r.m.Lines.rows, row)
}

// endSequence says that from an address on no line is known.
func (r *stabsReader) endSequence(addr uint32) {
	if n := len(r.m.Lines.rows); addr != 0 && n > 0 && r.m.Lines.rows[n-1].flags&rowEnd == 0 {
		r.m.Lines.rows = append(r.m.Lines.rows, lineRow{addr: addr, flags: rowEnd})
	}
}

// function begins a function, or with an empty string ends one.
func (r *stabsReader) function(s stab) {
	if s.text == "" {
		r.endFunction(r.fnStart + s.value)
		return
	}
	name, letter, typ, ok := splitStab(s.text)
	if !ok || letter != 'f' && letter != 'F' {
		return
	}
	r.endFunction(0)
	r.fn = &Function{
		Name: name, Module: r.m.Name, Line: int(s.desc), Unit: r.unit, CompDir: r.dir, External: letter == 'F',
		Result: r.types.parse(typ),
	}
	r.fnStart = s.value
}

// endFunction ends the function being read: where a stab says, or where the symbol table, or the next function's start.
func (r *stabsReader) endFunction(end uint32) {
	f := r.fn
	if f == nil {
		return
	}
	r.fn = nil
	f.Vars = append(f.Vars, r.waiting...)
	for _, b := range r.brackets { // never closed
		f.Vars = append(f.Vars, b.vars...)
	}
	r.waiting, r.brackets = nil, nil
	if sized := r.sizeOf(f.Name); sized != 0 {
		end = r.fnStart + sized
	}
	if end <= r.fnStart {
		end = r.nextText(r.fnStart)
	}
	f.Ranges = []Range{{r.fnStart, end}}
	r.m.Functions = append(r.m.Functions, f)
	r.endSequence(end)
}

// sizeOf is the size the symbol table has for the function being read.
func (r *stabsReader) sizeOf(name string) uint32 {
	for _, s := range r.m.Symbols {
		if s.Addr == r.fnStart && s.Name == name {
			return s.Size
		}
	}
	return 0
}

// nextText is the end of the code at an address: the next function, or the end of the section.
func (r *stabsReader) nextText(addr uint32) uint32 {
	end := addr + 1
	for _, sec := range r.m.Sections {
		if addr-sec.Addr < sec.Size {
			end = sec.Addr + sec.Size
		}
	}
	for _, s := range r.m.Symbols {
		if s.Addr > addr && s.Addr < end && s.Text() {
			end = s.Addr
		}
	}
	return end
}

// open begins a block: the variables declared since are its own.
func (r *stabsReader) open(s stab) {
	if len(r.brackets) >= maxScopes {
		return
	}
	b := &stabBlock{vars: r.waiting, start: r.address(s.value)}
	for _, v := range b.vars {
		v.Block = len(r.brackets)
	}
	r.brackets, r.waiting = append(r.brackets, b), nil
}

func (r *stabsReader) closeBlock(s stab) {
	n := len(r.brackets)
	if n == 0 || r.fn == nil {
		return
	}
	b := r.brackets[n-1]
	r.brackets = r.brackets[:n-1]
	for _, v := range b.vars {
		if n > 1 { // the outermost block is the function's: its variables are shown in all of it
			v.Scope = []Range{{b.start, r.address(s.value)}}
		}
	}
	r.fn.Vars = append(r.fn.Vars, b.vars...)
}

// splitStab takes "name:Xtype" apart; the letter X is 0 for a local on the stack, which has none.
func splitStab(text string) (name string, letter byte, typ string, ok bool) {
	name, rest, ok := strings.Cut(text, ":")
	if !ok || rest == "" {
		return name, 0, "", false
	}
	if rest[0] == '(' || rest[0] == '-' || rest[0] >= '0' && rest[0] <= '9' {
		return name, 0, rest, true
	}
	return name, rest[0], rest[1:], true
}

// symbol takes a variable or a type.
func (r *stabsReader) symbol(s stab) {
	name, letter, typ, ok := splitStab(s.text)
	if !ok {
		return
	}
	if letter == 't' || letter == 'T' {
		r.types.define(name, letter, typ)
		return
	}
	v := &Variable{Name: name, Type: r.types.parse(typ), Unit: r.unit}
	switch letter {
	case 'G':
		r.statics = append(r.statics, v)
	case 'S':
		v.Static, v.Loc = true, fixedLocation(s.value)
		r.m.Globals = append(r.m.Globals, v)
	case 'V':
		v.Static, v.Loc = true, fixedLocation(s.value)
		if r.fn != nil && !r.known[s.value] { // some compilers repeat them at the end of the file
			r.known[s.value] = true
			r.waiting = append(r.waiting, v)
		}
	case 'p', 'P', 'R', 'v':
		v.Param = true
		v.Loc = stabLocation(s)
		if r.fn != nil {
			r.fn.Vars = append(r.fn.Vars, v)
		}
	case 'r', 0:
		v.Loc = stabLocation(s)
		r.local(v, letter == 'r')
	}
}

// local takes a local variable. A parameter that the function moved to a register appears again: it is one variable.
func (r *stabsReader) local(v *Variable, register bool) {
	if r.fn == nil {
		return
	}
	if register {
		for _, p := range r.fn.Vars {
			if p.Param && p.Name == v.Name {
				p.Loc = v.Loc
				return
			}
		}
	}
	r.waiting = append(r.waiting, v)
}

// fixedLocation is that of a variable with an address.
func fixedLocation(addr uint32) Location {
	return Location{always: []byte{opAddr, byte(addr), byte(addr >> 8), byte(addr >> 16), byte(addr >> 24)}}
}

// stabLocation is a register, or an offset from the frame pointer, in DWARF's terms; the register numbers are the same.
func stabLocation(s stab) Location {
	if s.kind == nRSYM {
		return Location{always: []byte{opRegx, byte(s.value & 0x7f)}}
	}
	const ebp = 5
	return Location{always: appendSleb([]byte{opBreg0 + ebp}, int32(s.value))}
}

func appendSleb(b []byte, v int32) []byte {
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

// resolveGlobals finds the addresses of global variables in the symbol table.
func (r *stabsReader) resolveGlobals() {
	addrs := map[string]uint32{}
	for _, s := range r.m.Symbols {
		if s.Global() {
			addrs[s.Name] = s.Addr
		}
	}
	for _, v := range r.statics {
		if addr, ok := addrs[v.Name]; ok {
			v.Loc = fixedLocation(addr)
			r.m.Globals = append(r.m.Globals, v)
		}
	}
}
