// SPDX-License-Identifier: BSD-3-Clause
// The code: source lines with their instructions, instructions alone, or source alone.

package tui

import (
	"fmt"
	"path"
	"strings"

	"ring0/cmd/internal/debuginfo"
	"ring0/cmd/internal/disasm"
)

// codeMode is what the code pane shows.
type codeMode int

const (
	mixedCode codeMode = iota
	instructionsOnly
	sourceOnly
	codeModes
)

// codePane shows code around a place.
type codePane struct {
	mode   codeMode
	cursor uint32   // address of the line with the cursor
	source int      // source mode: line with the cursor; 0: the one of cursor
	top    int      // first row shown, kept while the rows are the same ones
	anchor uint32   // address the rows were made around
	built  codeMode // what they show
	rows   []codeRow
	moved  bool // the cursor is not where execution stands
}

// codeRow is a line of the pane.
type codeRow struct {
	addr   uint32 // of an instruction, or of the first one of a source line
	line   line
	source bool
	number int // of a source line
}

// follow puts the cursor where execution stands.
func (p *codePane) follow() { p.moved, p.rows, p.source = false, nil, 0 }

// showAt puts the cursor at an address.
func (p *codePane) showAt(addr uint32) { p.cursor, p.moved, p.rows, p.source = addr, true, nil, 0 }

// around is how many instructions are kept above and below the anchor.
const around = 120

// build makes the rows. Those around an address stay while the cursor is among them, not near an end.
func (p *codePane) build(m *Model) {
	if !p.moved {
		p.cursor = m.con.SelectedPC()
	}
	if p.mode == sourceOnly && p.buildSource(m) {
		return
	}
	if p == &m.source {
		p.rows = nil
		return
	}
	mode := p.mode
	if mode == mixedCode && m.layout.shown(sourcePlace) && m.source.shows(m) {
		mode = instructionsOnly // the source stands beside it
	}
	if i := p.index(); p.built == mode && p.rows != nil && i >= 0 && (i > around/4 && i < len(p.rows)-around/4 || p.cursor == p.anchor) && p.rows[0].number == 0 {
		return
	}
	p.anchor = p.cursor
	p.rows, p.built = nil, mode
	if p.buildModelled(m) {
		return
	}
	above, below := m.con.Disassembly(p.cursor, around, around)
	var last debuginfo.Line
	for _, l := range append(above, below...) {
		if mode == mixedCode {
			last = p.header(m, l.Addr, last)
		}
		p.rows = append(p.rows, codeRow{addr: l.Addr, line: instructionLine(l)})
	}
}

// buildModelled makes the rows of a kernel function that is written in Go: there is nothing to see but the way in and out.
func (p *codePane) buildModelled(m *Model) bool {
	s, _, ok := m.con.Table().SymbolAt(p.cursor)
	if !ok || !m.con.Debugger().View().Kernel().IsSlot(s.Addr) {
		return false
	}
	p.rows = []codeRow{{addr: s.Addr, source: true, line: say(symbol, s.Name+":").add(faint, " of the kernel, modelled")}}
	const instructions = 2 // into the model, and back
	_, below := m.con.Disassembly(s.Addr, 0, instructions)
	for _, l := range below {
		p.rows = append(p.rows, codeRow{addr: l.Addr, line: instructionLine(l)})
	}
	return true
}

// header adds the symbol or the source line that begins at an address.
func (p *codePane) header(m *Model, addr uint32, last debuginfo.Line) debuginfo.Line {
	if s, offset, ok := m.con.Table().SymbolAt(addr); ok && offset == 0 && s.Text() {
		p.rows = append(p.rows, codeRow{addr: addr, source: true, line: say(symbol, s.Name+":")})
	}
	l, ok := m.con.Table().LineOf(addr)
	if !ok || l.Line == last.Line && l.File == last.File {
		return l
	}
	text := path.Base(l.File)
	if lines := m.con.SourceText(l); l.Line <= len(lines) {
		text = strings.TrimRight(expandTabs(lines[l.Line-1]), " ")
	}
	p.rows = append(p.rows, codeRow{addr: addr, source: true, line: say(faint, fmt.Sprintf("%5d ", l.Line)).add(keyword, text)})
	return l
}

// shows tells whether the pane has source to show.
func (p *codePane) shows(m *Model) bool {
	p.build(m)
	return len(p.rows) > 0
}

// buildSource makes the rows of the source file; false when there is none.
func (p *codePane) buildSource(m *Model) bool {
	l, ok := m.con.Table().LineOf(p.cursor)
	if !ok {
		return false
	}
	text := m.con.SourceText(l)
	if text == nil {
		return false
	}
	p.rows, p.anchor = make([]codeRow, 0, len(text)), 0
	for i, s := range text {
		p.rows = append(p.rows, codeRow{number: i + 1, source: true, line: say(faint, fmt.Sprintf("%5d ", i+1)).add(plain, expandTabs(s))})
	}
	lineTable := m.con.Table().ModuleAt(p.cursor).Lines
	for _, n := range lineTable.LinesOf(l.File) {
		if n <= len(p.rows) {
			if addrs, _ := lineTable.AddrsOf(l.File, n); len(addrs) > 0 {
				p.rows[n-1].addr = addrs[0]
			}
		}
	}
	if p.source == 0 {
		p.source = l.Line
	}
	return true
}

// index is the row with the cursor.
func (p *codePane) index() int {
	if len(p.rows) > 0 && p.rows[0].number > 0 {
		return min(p.source, len(p.rows)) - 1
	}
	for i, r := range p.rows {
		if r.addr == p.cursor && !r.source {
			return i
		}
	}
	return -1
}

// move moves the cursor by rows.
func (p *codePane) move(d int) {
	if len(p.rows) == 0 {
		return
	}
	p.moved = true
	if p.rows[0].number > 0 {
		p.source = max(1, min(p.source+d, len(p.rows)))
		return
	}
	step := 1
	if d < 0 {
		step = -1
	}
	for i := p.index(); d != 0 && i+step >= 0 && i+step < len(p.rows); {
		i += step
		if !p.rows[i].source {
			p.cursor = p.rows[i].addr
			d -= step
		}
	}
}

// selected is the address of the row with the cursor; false on a source line without code.
func (p *codePane) selected() (uint32, bool) {
	i := p.index()
	if i < 0 {
		return p.cursor, true
	}
	return p.rows[i].addr, p.rows[i].addr != 0
}

// instructionLine is an instruction in colour.
func instructionLine(l disasm.Line) line {
	if !l.OK { // "(bad)", "(not mapped)"
		return say(address, fmt.Sprintf("%08x ", l.Addr)).add(faint, l.Text)
	}
	mnemonicText, operands, _ := strings.Cut(l.Text, " ")
	out := say(address, fmt.Sprintf("%08x ", l.Addr)).add(mnemonic, mnemonicText)
	if operands != "" {
		out = out.add(plain, strings.Repeat(" ", max(1, 7-len(mnemonicText)))+operands)
	}
	if l.Note != "" {
		out = out.add(symbol, " <"+l.Note+">")
	}
	return out
}

// draw shows the pane.
func (p *codePane) draw(c *canvas, r rect, m *Model, focused bool) {
	p.build(m)
	if len(p.rows) == 0 {
		c.put(r.x, r.y, r.w, say(faint, "no source is known here"))
		return
	}
	at := p.index()
	const margin = 1
	switch {
	case !p.moved && (at < p.top+margin || at >= p.top+r.h-margin), at < p.top-r.h, at >= p.top+2*r.h:
		p.top = at - r.h/2
	case at < p.top+margin: // somebody scrolls: by as little as it takes
		p.top = at - margin
	case at >= p.top+r.h-margin:
		p.top = at - r.h + 1 + margin
	}
	p.top = max(0, min(p.top, len(p.rows)-r.h))
	marks := m.breakMarks()
	pc := m.con.SelectedPC()
	here, hereOK := m.con.Table().LineOf(pc)
	for y := range r.h {
		i := p.top + y
		if i >= len(p.rows) {
			c.fill(r.x, r.y+y, r.w, plain)
			continue
		}
		row := p.rows[i]
		stands := !row.source && row.addr == pc || row.number > 0 && hereOK && row.number == here.Line
		p.drawRow(c, rect{r.x, r.y + y, r.w, 1}, m, row, gutter{mark: marks[row.addr], stands: stands, cursor: i == at && focused})
	}
}

// gutter is what stands before a row.
type gutter struct {
	mark   rune // of a breakpoint; 0: none
	stands bool // execution stands here
	cursor bool
}

func (p *codePane) drawRow(c *canvas, r rect, m *Model, row codeRow, g gutter) {
	over := plain
	if g.stands {
		over = here
	} else if g.cursor {
		over = selected
	}
	c.putOver(r.x+2, r.y, r.w-2, row.line, over)
	c.set(r.x, r.y, ' ', plain)
	c.set(r.x+1, r.y, ' ', plain)
	if g.mark != 0 && (!row.source || row.number > 0) && row.addr != 0 {
		c.set(r.x, r.y, g.mark, mark)
	}
	if g.stands {
		c.set(r.x+1, r.y, m.theme.glyphs.here, good)
	}
	if g.cursor && g.stands {
		c.set(r.x+1, r.y, m.theme.glyphs.here, selected)
	}
}

// breakMarks are the marks of breakpoints by address.
func (m *Model) breakMarks() map[uint32]rune {
	marks := map[uint32]rune{}
	for _, b := range m.con.Debugger().Breakpoints() {
		for _, addr := range b.Addrs {
			marks[addr] = m.theme.glyphs.breakpoint
			if b.Disabled {
				marks[addr] = m.theme.glyphs.disabled
			}
		}
	}
	return marks
}

// sourceTitle names the file shown.
func (p *codePane) sourceTitle(m *Model) string {
	if l, ok := m.con.Table().LineOf(p.cursor); ok {
		return path.Base(l.File)
	}
	return "source"
}

// title names the code shown.
func (p *codePane) title(m *Model) string {
	addr := p.cursor
	if !p.moved {
		addr = m.con.SelectedPC()
	}
	name := m.con.Table().Name(addr)
	if name == "" {
		name = fmt.Sprintf("%08x", addr)
	}
	if l := m.con.Line(addr); l != "" {
		name += " " + l
	}
	return name
}
