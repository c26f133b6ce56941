// SPDX-License-Identifier: BSD-3-Clause

// From the rows of the opcode tables to what Decode reads.
//
// An opcode has one cell in its map. A cell names its entries and how to
// select one of them by the ModRM byte. An entry is a row with the choice
// between register and memory already made.

package x86

import "strings"

// A prop is a property of an entry that the record does not show.
type prop uint8

const (
	hasModRMMem  prop = 1 << iota // ModRM.rm is memory
	lockable                      // LOCK is legal
	isString                      // F2 and F3 repeat
	flagsByCount                  // FlagsOut unless the count is zero
	isInvalid                     // #UD, known only by ModRM

	needsAdjusting = isString | flagsByCount | isInvalid
)

// An immKind is what follows the address.
type immKind uint8

const (
	immNone  immKind = iota
	immS8            // a byte, sign-extended
	immU8            // a byte, not sign-extended
	immU16           // two bytes, not sign-extended
	immZ             // two or four bytes by operand size, sign-extended
	immRel8          // a branch target relative to the next instruction
	immRelZ          //
	immOne           // no byte: the number 1
	immFar           // offset and selector
	immEnter         // two bytes, and one into Imm2
	immMoffs         // an address
)

// Shift counts for numbers|opcode<<8|modrm, that bring a register number to
// the low three bits.
const (
	shiftRM     = 0
	shiftReg    = 3
	shiftOpcode = 8
	shiftNumber = 32 // + 3 n brings n

	numbers = 0o76543210 << shiftNumber
)

// An entry is what is common to all instructions of one form of one row.
type entry struct {
	op       Op
	flags    Flag
	form     Form
	dst, src uint8 // shift counts, see above
	size     sizeRule
	imm      immKind
	imm2     uint8
	cond     uint8
	props    prop
}

// A selection says how an opcode's entry depends on the ModRM byte.
type selection uint8

const (
	selNone  selection = iota // no ModRM byte
	selMod                    // 2 entries: memory, register
	selGroup                  // 8 memory and 8 register entries, by ModRM.reg
	selModRM                  // 8 memory entries by ModRM.reg, 64 by the whole byte
)

// selectionSizes is the number of entries for each selection.
var selectionSizes = [...]int{1, 2, 16, 72}

// selections gives the entry's number for a ModRM byte.
var selections = func() (t [4][256]uint8) {
	for i := range 256 {
		modrm := uint8(i)
		reg := modrm >> 3 & 7
		if modrm < 0xC0 {
			t[selGroup][i] = reg
			t[selModRM][i] = reg
			continue
		}
		t[selMod][i] = 1
		t[selGroup][i] = 8 + reg
		t[selModRM][i] = 8 + modrm&0x3F
	}
	return t
}()

// A cell is one opcode.
type cell struct {
	first uint16 // its first entry
	sel   selection
}

// tables is all that Decode reads. Nothing writes it after newTables.
type tables struct {
	oneByte [256]cell
	twoByte [4][256]cell // by mandatory prefix
	entries []entry
}

var decoding = newTables()

// invalidEntry is every opcode without a row.
var invalidEntry = entry{op: Invalid, flags: EndBlock, dst: shiftNumber, src: shiftNumber, props: isInvalid}

// newTables builds the tables. It panics when rows contradict each other.
func newTables() *tables {
	t := &tables{}
	b := builder{slots: map[slot]*opcodeRows{}}
	for r := range allRows() {
		b.add(r)
	}
	t.entries = append(t.entries, invalidEntry) // the zero cell
	for s, o := range b.inOrder() {
		c := cell{first: uint16(len(t.entries)), sel: o.sel}
		t.entries = append(t.entries, o.entries()...)
		if s.two {
			t.twoByte[s.prefix][s.opcode] = c
		} else {
			t.oneByte[s.opcode] = c
		}
	}
	return t
}

// A slot is the place of a cell.
type slot struct {
	two    bool
	prefix int // mandatory prefix
	opcode uint8
}

// opcodeRows are the rows of one cell.
type opcodeRows struct {
	sel  selection
	rows []placedRow
}

// placedRow is a row in one cell.
type placedRow struct {
	*row
	at   opcodeRange
	cond uint8
}

// A builder gathers the rows of each cell.
type builder struct {
	slots map[slot]*opcodeRows
}

var prefixNumbers = map[string][]int{
	"":   {mandatoryNone, mandatory66, mandatoryF3, mandatoryF2},
	"NP": {mandatoryNone},
	"66": {mandatory66},
	"F3": {mandatoryF3},
	"F2": {mandatoryF2},
}

// add puts a row into the cells of all its opcodes and prefixes.
func (b *builder) add(r *row) {
	c := r.parse()
	prefixes := prefixNumbers[c.prefix]
	if !c.two {
		prefixes = prefixes[:1]
	}
	for i := range c.count {
		for _, prefix := range prefixes {
			s := slot{c.two, prefix, c.opcode + uint8(i)}
			b.addTo(s, placedRow{row: r, at: c, cond: uint8(i)})
		}
	}
}

func (b *builder) addTo(s slot, p placedRow) {
	o := b.slots[s]
	if o == nil {
		o = &opcodeRows{}
		b.slots[s] = o
	}
	sel := p.selection()
	if len(o.rows) > 0 && sel == selNone {
		// "90" stands before "90+" and keeps its opcode.
		if p.at.count == 1 || o.rows[0].at.count != 1 {
			panic("x86: rows " + o.rows[0].code + " and " + p.code + " collide")
		}
		return
	}
	o.sel = max(o.sel, sel)
	o.rows = append(o.rows, p)
}

// selection is what telling this row from others of its opcode needs.
func (p *placedRow) selection() selection {
	if p.at.modrm >= 0 {
		return selModRM
	}
	if p.at.group >= 0 {
		return selGroup
	}
	for _, o := range p.operands {
		switch operandTable[o].place {
		case atReg, atRM, atMem, atRMReg, atAnyRM:
			return selMod
		}
	}
	return selNone
}

// inOrder lists the cells in a fixed order. An opcode that has rows under
// some mandatory prefixes only gets an empty cell of the same length under
// the others.
func (b *builder) inOrder() func(yield func(slot, *opcodeRows) bool) {
	return func(yield func(slot, *opcodeRows) bool) {
		for i := range 5 * 256 {
			s := slot{two: i >= 256, opcode: uint8(i)}
			if s.two {
				s.prefix = i/256 - 1
			}
			o := b.slots[s]
			if o == nil {
				o = b.hole(s)
			}
			if o != nil && !yield(s, o) {
				return
			}
		}
	}
}

// hole is the cell for s, which has no rows, if some other mandatory prefix
// has rows for the opcode.
func (b *builder) hole(s slot) *opcodeRows {
	for prefix := range 4 {
		other := b.slots[slot{s.two, prefix, s.opcode}]
		if other == nil {
			continue
		}
		h := &opcodeRows{sel: other.sel}
		for _, p := range other.rows {
			r := *p.row
			r.op = Invalid
			p.row = &r
			h.rows = append(h.rows, p)
		}
		return h
	}
	return nil
}

// entries makes the cell's entries.
func (o *opcodeRows) entries() []entry {
	list := make([]entry, selectionSizes[o.sel])
	taken := make([]bool, len(list))
	for i := range list {
		list[i] = invalidEntry
		list[i].imm = o.commonImmediate()
		if o.sel != selNone && o.isMemory(i) {
			list[i].props |= hasModRMMem
		}
	}
	for k := range o.rows {
		p := &o.rows[k]
		for i := range list {
			if !p.covers(o.sel, i) {
				continue
			}
			if taken[i] {
				panic("x86: row " + p.code + " collides with another")
			}
			taken[i] = true
			list[i] = p.entry(o.sel != selNone && o.isMemory(i))
		}
	}
	return list
}

// commonImmediate is the immediate that all rows of the cell have: then the
// group members that are #UD have it as well.
func (o *opcodeRows) commonImmediate() immKind {
	first := o.rows[0].immediate()
	for i := range o.rows {
		if o.rows[i].immediate() != first {
			return immNone
		}
	}
	return first
}

// isMemory says whether the cell's entry i is for mod other than 3.
func (o *opcodeRows) isMemory(i int) bool {
	if o.sel == selMod {
		return i == 0
	}
	return i < 8
}

// covers says whether entry i of a cell is an encoding of this row.
func (p *placedRow) covers(sel selection, i int) bool {
	if sel == selNone {
		return true
	}
	memory, reg, modrm := i < 8, i&7, 0xC0
	switch sel {
	case selMod:
		memory = i == 0
	case selModRM:
		if !memory {
			modrm = 0xC0 + i - 8
			reg = modrm >> 3 & 7
		}
	}
	if p.at.modrm >= 0 {
		return !memory && modrm >= p.at.modrm && modrm < p.at.modrm+p.at.modrms
	}
	return (p.at.group < 0 || p.at.group == reg) && p.allows(memory)
}

// allows says whether the row has a memory, or a register, form.
func (p *placedRow) allows(memory bool) bool {
	for _, o := range p.operands {
		switch operandTable[o].place {
		case atMem:
			return memory
		case atRMReg:
			return !memory
		case atRM, atAnyRM:
			return true
		}
	}
	return true
}

// immediate is the kind of all the row's immediates together.
func (p *placedRow) immediate() (kind immKind) {
	for _, o := range p.operands {
		switch info := &operandTable[o]; {
		case info.place == atMoffs:
			return immMoffs
		case info.place == atImm && kind == immU16:
			return immEnter
		case info.place == atImm:
			kind = immKind(info.value)
		}
	}
	return kind
}

// entry makes the row's entry for its memory or register form.
func (p *placedRow) entry(memory bool) entry {
	e := invalidEntry
	e.op = p.op
	e.imm = p.immediate()
	if memory && !p.ignoresMod() {
		e.props |= hasModRMMem
	}
	if p.op == Invalid {
		return e
	}
	e.props &^= isInvalid
	e.cond = p.condition()
	e.size = p.size(memory)
	p.registers(&e, memory)
	p.flags(&e)
	return e
}

// ignoresMod says whether ModRM.rm is a register whatever mod says.
func (p *placedRow) ignoresMod() bool {
	return operandTable[p.operands[0]].place == atAnyRM || operandTable[p.operands[1]].place == atAnyRM
}

// condition is the low nibble of a "+cc" opcode, or the row's own.
func (p *placedRow) condition() uint8 {
	if operandTable[p.operands[2]].place == atCondition {
		return operandTable[p.operands[2]].value
	}
	if strings.Contains(p.code, "+cc") {
		return p.cond
	}
	return 0
}

// size is that of the first operand that has one, an immediate's last.
func (p *placedRow) size(memory bool) sizeRule {
	var immediate sizeRule
	for _, o := range p.operands {
		switch info := &operandTable[o]; {
		case o == MwRv && memory:
			return size2
		case info.size == size0:
		case info.place == atImm:
			immediate = info.size
		default:
			return info.size
		}
	}
	return immediate
}
