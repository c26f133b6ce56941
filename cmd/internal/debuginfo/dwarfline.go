// SPDX-License-Identifier: BSD-3-Clause
// DWARF line number programs, versions 2 to 5 (DWARF 5, 6.2).

package debuginfo

import (
	"fmt"
	"path"
)

// Opcodes of line number programs.
const (
	lnsCopy             = 1
	lnsAdvancePC        = 2
	lnsAdvanceLine      = 3
	lnsSetFile          = 4
	lnsSetColumn        = 5
	lnsNegateStmt       = 6
	lnsSetBasicBlock    = 7
	lnsConstAddPC       = 8
	lnsFixedAdvancePC   = 9
	lnsSetPrologueEnd   = 10
	lnsSetEpilogueBegin = 11
	lnsSetISA           = 12

	lneEndSequence = 1
	lneSetAddress  = 2
	lneDefineFile  = 3

	lnctPath      = 1
	lnctDirectory = 2
)

// lineProgram is the header of one unit's program.
type lineProgram struct {
	d       *dwarfData
	u       *unit
	at      uint64
	version uint16
	offSize uint8
	code    *cursor
	minInst uint8
	stmt    bool
	base    int8
	span    uint8
	opBase  uint8
	lengths []byte
	dirs    []string
	files   []string // by the number the program uses
	numbers []int32  // the same in the LineTable, -1 until used
}

// readLines reads the line number program at an offset of .debug_line. u may be nil: then nobody knows the directory.
func (d *dwarfData) readLines(at uint64, u *unit) error {
	p := &lineProgram{d: d, u: u, at: at}
	if err := p.header(); err != nil {
		return problem(".debug_line", int(at), "%v", err)
	}
	if u != nil {
		u.files = p.files
	}
	if err := p.run(); err != nil {
		return problem(".debug_line", int(at), "%v", err)
	}
	return nil
}

// lineEnd is where the program at an offset ends, to find the next one.
func (d *dwarfData) lineEnd(at uint64) (uint64, bool) {
	c := from(d.line, at)
	length := uint64(c.u32())
	if length == 0xffffffff {
		length = c.u64()
	}
	if c.bad || length > uint64(c.left()) {
		return 0, false
	}
	return uint64(c.at) + length, true
}

func (p *lineProgram) header() error {
	end, ok := p.d.lineEnd(p.at)
	if !ok {
		return fmt.Errorf("the program ends behind the section")
	}
	c := from(p.d.line[:end], p.at)
	p.offSize = 4
	if c.u32() == 0xffffffff {
		p.offSize = 8
		c.u64()
	}
	p.version = c.u16()
	if p.version < 2 || p.version > 5 {
		return fmt.Errorf("version %d; 2 to 5 are read", p.version)
	}
	if p.version == 5 {
		if size, segment := c.u8(), c.u8(); size != 4 || segment != 0 {
			return fmt.Errorf("addresses of %d+%d bytes; an i386 object has 4", size, segment)
		}
	}
	rest := c.sized(p.offSize)
	if c.bad || rest > uint64(c.left()) {
		return fmt.Errorf("the header ends behind the program")
	}
	p.code = from(c.data, uint64(c.at)+rest)
	c.data = c.data[:p.code.at]
	p.minInst = c.u8()
	if p.version >= 4 {
		c.u8() // operations per instruction: of VLIW machines
	}
	p.stmt = c.u8() != 0
	p.base, p.span, p.opBase = int8(c.u8()), c.u8(), c.u8()
	if p.opBase == 0 || p.span == 0 {
		return fmt.Errorf("opcode base %d, line range %d", p.opBase, p.span)
	}
	p.lengths = c.bytes(uint64(p.opBase) - 1)
	if p.version == 5 {
		return p.tables5(c)
	}
	return p.tables(c)
}

// compDir is the directory that relative names are relative to.
func (p *lineProgram) compDir() string {
	if p.u == nil {
		return ""
	}
	return p.u.compDir
}

// tables reads the directory and file tables of versions 2 to 4.
func (p *lineProgram) tables(c *cursor) error {
	p.dirs = []string{p.compDir()}
	for c.more() {
		dir := c.cString()
		if dir == "" {
			break
		}
		if !p.d.spend(1 + (len(p.compDir())+len(dir))/32) {
			return errBudget
		}
		p.dirs = append(p.dirs, joinPath(p.compDir(), dir))
	}
	p.files = []string{""}
	if p.u != nil {
		p.files[0] = joinPath(p.compDir(), p.u.name)
	}
	for c.more() {
		name := c.cString()
		if name == "" {
			break
		}
		p.addFile(name, c.uleb())
		c.uleb()
		c.uleb()
		if !p.d.spend(1) {
			return errBudget
		}
	}
	return p.tablesEnd(c)
}

func (p *lineProgram) tablesEnd(c *cursor) error {
	if c.bad {
		return fmt.Errorf("the header ends inside its tables")
	}
	p.numbers = make([]int32, len(p.files))
	for i := range p.numbers {
		p.numbers[i] = -1
	}
	return nil
}

func (p *lineProgram) addFile(name string, dir uint64) {
	from := p.compDir()
	if dir < uint64(len(p.dirs)) {
		from = p.dirs[dir]
	}
	full := joinPath(from, name)
	p.d.spend(len(full) / 32)
	p.files = append(p.files, full)
}

// joinPath makes a name relative to a directory one of its own.
func joinPath(dir, name string) string {
	if dir == "" || path.IsAbs(name) || name == "" {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// tables5 reads the self-describing tables of version 5.
func (p *lineProgram) tables5(c *cursor) error {
	err := p.table5(c, func(name string, _ uint64) {
		full := joinPath(p.compDir(), name)
		p.d.spend(len(full) / 32)
		p.dirs = append(p.dirs, full)
	})
	if err == nil {
		err = p.table5(c, p.addFile)
	}
	if err != nil {
		return err
	}
	return p.tablesEnd(c)
}

func (p *lineProgram) table5(c *cursor, add func(name string, dir uint64)) error {
	type column struct{ content, form uint64 }
	format := make([]column, c.u8())
	for i := range format {
		format[i] = column{c.uleb(), c.uleb()}
	}
	count := c.uleb()
	u := p.u
	if u == nil {
		u = &unit{d: p.d}
	}
	forms := unit{d: p.d, offSize: p.offSize, strBase: u.strBase, addrBase: u.addrBase, version: p.version}
	for range count {
		if c.bad || !p.d.spend(1) {
			return errBudget
		}
		if len(format) == 0 {
			return fmt.Errorf("%d table entries without columns", count)
		}
		name, dir := "", uint64(0)
		for _, col := range format {
			var v attribute
			if err := forms.value(c, attrSpec{form: uint32(col.form)}, &v); err != nil {
				return err
			}
			switch col.content {
			case lnctPath:
				name = v.text
			case lnctDirectory:
				dir = v.number
			}
		}
		if c.bad {
			return fmt.Errorf("the header ends inside its tables")
		}
		add(name, dir)
	}
	return nil
}

// lineState is the registers of the state machine.
type lineState struct {
	addr        uint32
	file        uint64
	line        int32
	col         uint16
	stmt        bool
	prologueEnd bool
}

func (p *lineProgram) initial() lineState { return lineState{file: 1, line: 1, stmt: p.stmt} }

// run executes the program.
func (p *lineProgram) run() error {
	c, s := p.code, p.initial()
	open := false // a sequence has rows
	for c.more() {
		op := c.u8()
		if op >= p.opBase {
			adjusted := op - p.opBase
			s.addr += uint32(adjusted/p.span) * uint32(p.minInst)
			s.line += int32(p.base) + int32(adjusted%p.span)
			open = true
			if err := p.emit(&s, 0); err != nil {
				return err
			}
			continue
		}
		switch op {
		case 0:
			ended, err := p.extended(c, &s)
			if err != nil {
				return err
			}
			if ended {
				s, open = p.initial(), false
			}
		case lnsCopy:
			open = true
			if err := p.emit(&s, 0); err != nil {
				return err
			}
		default:
			p.standard(c, op, &s)
		}
	}
	if c.bad {
		return fmt.Errorf("the program ends inside an instruction")
	}
	if open {
		return p.emit(&s, rowEnd)
	}
	return nil
}

// standard executes an opcode that emits no row.
func (p *lineProgram) standard(c *cursor, op uint8, s *lineState) {
	switch op {
	case lnsAdvancePC:
		s.addr += uint32(c.uleb()) * uint32(p.minInst)
	case lnsAdvanceLine:
		s.line += int32(c.sleb())
	case lnsSetFile:
		s.file = c.uleb()
	case lnsSetColumn:
		s.col = uint16(min(c.uleb(), 0xffff))
	case lnsNegateStmt:
		s.stmt = !s.stmt
	case lnsConstAddPC:
		s.addr += uint32((255-p.opBase)/p.span) * uint32(p.minInst)
	case lnsFixedAdvancePC:
		s.addr += uint32(c.u16())
	case lnsSetPrologueEnd:
		s.prologueEnd = true
	case lnsSetBasicBlock, lnsSetEpilogueBegin:
	case lnsSetISA:
		c.uleb()
	default: // one this reader does not know: the header says how many operands to skip
		for range p.lengths[op-1] {
			c.uleb()
		}
	}
}

// extended executes an extended opcode and reports whether it ended the sequence.
func (p *lineProgram) extended(c *cursor, s *lineState) (ended bool, err error) {
	length := c.uleb()
	body := &cursor{data: c.bytes(length)}
	if c.bad || length == 0 {
		return false, nil
	}
	switch body.u8() {
	case lneEndSequence:
		return true, p.emit(s, rowEnd)
	case lneSetAddress:
		if body.left() != 4 {
			return false, fmt.Errorf("an address of %d bytes", body.left())
		}
		s.addr = body.u32()
	case lneDefineFile:
		name := body.cString()
		p.addFile(name, body.uleb())
		p.numbers = append(p.numbers, -1)
	}
	return false, nil
}

// emit adds a row.
func (p *lineProgram) emit(s *lineState, flags uint8) error {
	if !p.d.spend(1) {
		return errBudget
	}
	if s.stmt {
		flags |= rowStmt
	}
	if s.prologueEnd {
		flags |= rowPrologueEnd
	}
	s.prologueEnd = false
	row := lineRow{addr: s.addr, line: max(s.line, 0), col: s.col, flags: flags}
	if s.file < uint64(len(p.files)) {
		if p.numbers[s.file] < 0 {
			p.numbers[s.file] = p.d.m.Lines.file(p.files[s.file], p.d.files)
		}
		row.file = p.numbers[s.file]
	} else {
		row.line, row.file = 0, p.d.m.Lines.file("", p.d.files)
	}
	p.d.m.Lines.rows = append(p.d.m.Lines.rows, row)
	return nil
}
