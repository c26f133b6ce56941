// SPDX-License-Identifier: BSD-3-Clause

// From the rows of the opcode tables to what Decode reads.
//
// An opcode has one cell in its map. A cell names its entries and how to
// select one of them by the ModRM byte. An entry is a row with the choice
// between register and memory already made.

package x86

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
	fop      uint16 // which bits of opcode<<8|modrm go to Imm2 as the x87 opcode
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
	t := &tables{entries: make([]entry, 0, 4096)}
	t.entries = append(t.entries, invalidEntry) // the zero cell
	b := &builder{}
	for r := range allRows() {
		b.add(r)
	}
	for opcode := range 256 {
		t.oneByte[opcode] = t.addCell(&b.oneByte[opcode])
		for prefix := range b.twoByte {
			t.twoByte[prefix][opcode] = t.addTwoByteCell(b, prefix, opcode)
		}
	}
	return t
}

// addTwoByteCell is addCell for an opcode after 0F. One that no prefix
// selects a meaning of has one cell for all prefixes. One that has rows under
// some prefixes only is, under the others, #UD of the same length.
func (t *tables) addTwoByteCell(b *builder, prefix, opcode int) cell {
	rows := &b.twoByte[prefix][opcode]
	plain := b.twoByte[mandatoryNone][opcode].list
	anyPrefix := plain != nil && plain[0].at.prefix == ""
	switch {
	case anyPrefix && prefix != mandatoryNone:
		if rows.list != nil {
			panic("x86: row " + plain[0].code + " leaves no prefix to " + rows.list[0].code)
		}
		return t.twoByte[mandatoryNone][opcode]
	case rows.list != nil:
		return t.addCell(rows)
	}
	for other := range b.twoByte {
		if rows := &b.twoByte[other][opcode]; rows.list != nil {
			return cell{first: t.addHoles(rows), sel: rows.sel}
		}
	}
	return cell{}
}

// addCell appends the entries of an opcode.
func (t *tables) addCell(rows *opcodeRows) cell {
	if rows.list == nil {
		return cell{}
	}
	first := t.addHoles(rows)
	rows.fill(t.entries[first:])
	return cell{first: first, sel: rows.sel}
}

// addHoles appends entries for a cell with the given rows, all of them #UD,
// and returns the first one's index.
func (t *tables) addHoles(rows *opcodeRows) uint16 {
	first := len(t.entries)
	hole := invalidEntry
	hole.imm = rows.commonImmediate()
	for i := range selectionSizes[rows.sel] {
		e := hole
		if rows.isMemory(i) && !rows.list[0].ignoresMod() {
			e.props |= hasModRMMem
		}
		t.entries = append(t.entries, e)
	}
	return uint16(first)
}

// opcodeRows are the rows of one cell.
type opcodeRows struct {
	sel  selection
	list []*placedRow
}

// placedRow is a row ready to be put into cells.
type placedRow struct {
	*row
	at    opcodeRange
	forms [2]formEntry
}

// Indexes of placedRow.forms: what ModRM.mod says.
const (
	registerForm = iota // also without ModRM
	memoryForm
)

// formEntry is a row's entry for its register or memory form.
type formEntry struct {
	entry
	exists bool
}

// A builder gathers the rows of each cell.
type builder struct {
	oneByte [256]opcodeRows
	twoByte [4][256]opcodeRows // by mandatory prefix
}

// add puts a row into the cells of all its opcodes.
func (b *builder) add(r *row) {
	p := r.place()
	cells := &b.oneByte
	switch {
	case !p.at.two:
	case p.at.prefix == "66":
		cells = &b.twoByte[mandatory66]
	case p.at.prefix == "F3":
		cells = &b.twoByte[mandatoryF3]
	case p.at.prefix == "F2":
		cells = &b.twoByte[mandatoryF2]
	default:
		cells = &b.twoByte[mandatoryNone]
	}
	for i := range p.at.count {
		q := p
		if p.at.count == 16 {
			q = p.withCondition(uint8(i))
		}
		cells[int(p.at.opcode)+i].add(q)
	}
}

// place parses the row and makes its entries.
func (r *row) place() *placedRow {
	p := &placedRow{row: r, at: r.parse()}
	if p.at.modrm < 0 && p.selection() != selNone && p.allows(true) {
		p.forms[memoryForm] = formEntry{p.entry(true), true}
	}
	if p.allows(false) {
		p.forms[registerForm] = formEntry{p.entry(false), true}
	}
	return p
}

// withCondition is the row for one condition of its sixteen.
func (p *placedRow) withCondition(cond uint8) *placedRow {
	q := *p
	for i := range q.forms {
		q.forms[i].cond = cond
	}
	return &q
}

func (o *opcodeRows) add(p *placedRow) {
	sel := p.selection()
	if len(o.list) > 0 && sel == selNone {
		// "90" stands before "90+" and keeps its opcode.
		if p.at.count == 1 || o.list[0].at.count != 1 {
			panic("x86: rows " + o.list[0].code + " and " + p.code + " collide")
		}
		return
	}
	if len(o.list) > 0 && o.list[0].at.prefix != p.at.prefix {
		panic("x86: row " + p.code + " and " + o.list[0].code + " do not agree on prefixes")
	}
	o.sel = max(o.sel, sel)
	o.list = append(o.list, p)
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

// fill replaces the entries that the cell's rows cover.
func (o *opcodeRows) fill(entries []entry) {
	for _, p := range o.list {
		for i := range entries {
			e := &p.forms[registerForm]
			if o.isMemory(i) {
				e = &p.forms[memoryForm]
			}
			if !e.exists || !p.covers(o.sel, i) {
				continue
			}
			if entries[i].op != Invalid {
				panic("x86: row " + p.code + " collides with another")
			}
			entries[i] = e.entry
		}
	}
}

// commonImmediate is the immediate that all rows of the cell have: then the
// group members that are #UD have it as well.
func (o *opcodeRows) commonImmediate() immKind {
	first := o.list[0].immediate()
	for _, p := range o.list {
		if p.immediate() != first {
			return immNone
		}
	}
	return first
}

// isMemory says whether the cell's entry i is for mod other than 3.
func (o *opcodeRows) isMemory(i int) bool {
	switch o.sel {
	case selNone:
		return false
	case selMod:
		return i == 0
	}
	return i < 8
}

// covers says whether the row's ModRM.reg or ModRM byte is that of entry i.
func (p *placedRow) covers(sel selection, i int) bool {
	if sel < selGroup {
		return true
	}
	reg := i & 7
	if sel == selModRM && i >= 8 {
		modrm := 0xC0 + i - 8
		if p.at.modrm >= 0 {
			return modrm >= p.at.modrm && modrm < p.at.modrm+p.at.modrms
		}
		reg = modrm >> 3 & 7
	}
	return p.at.group < 0 || p.at.group == reg
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
	if p.op >= firstFPU && p.op < FXSAVE {
		e.fop = 0x7ff
	}
	e.size = p.size(memory)
	p.registers(&e, memory)
	p.flags(&e)
	return e
}

// ignoresMod says whether ModRM.rm is a register whatever mod says.
func (p *placedRow) ignoresMod() bool {
	return operandTable[p.operands[0]].place == atAnyRM || operandTable[p.operands[1]].place == atAnyRM
}

// condition is the one the row names.
func (p *placedRow) condition() uint8 {
	if info := &operandTable[p.operands[2]]; info.place == atCondition {
		return info.value
	}
	return 0
}

// size is that of the first operand that has one, an immediate's last.
func (p *placedRow) size(memory bool) sizeRule {
	var immediate sizeRule
	for _, o := range p.operands {
		switch info := &operandTable[o]; {
		case o == oMwRv && memory:
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
