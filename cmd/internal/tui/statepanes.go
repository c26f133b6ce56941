// SPDX-License-Identifier: BSD-3-Clause
// Registers, stack and memory.

package tui

import (
	"encoding/binary"
	"fmt"
	"strings"

	"ring0/cmd/internal/console"
	"ring0/vm"
)

// registerRows is the height of the register pane where the stack has its place below it.
const registerRows = 14

// registerLines are the registers for a pane of a width.
func (m *Model) registerLines(w int) (out []line) {
	wide := w >= 40
	for i := 0; i < 8; i++ {
		l := m.registerSpan(i)
		if wide {
			out = append(out, l.add(plain, " ").add(symbol, m.pointee(m.now[i])))
			continue
		}
		if i%2 == 0 {
			out = append(out, l.add(plain, "  "))
		} else {
			out[len(out)-1] = append(out[len(out)-1], l...)
		}
	}
	out = append(out, m.registerSpan(8).add(plain, " ").add(symbol, m.con.Table().Name(m.now[8])))
	out = append(out, m.registerSpan(9))
	flags := console.FlagsText(m.now[9])
	if wide {
		out[len(out)-1] = out[len(out)-1].add(plain, " "+flags)
	} else {
		out = append(out, say(plain, "    "+flags))
	}
	return append(out, m.systemLines()...)
}

// registerSpan is a register with its value, marked when it has changed.
func (m *Model) registerSpan(i int) line {
	name := console.RegisterName(i)
	if name == "eflags" {
		name = "efl"
	}
	r := number
	if m.now[i] != m.before[i] {
		r = changed
	}
	return say(keyword, name+" ").add(r, fmt.Sprintf("%08x", m.now[i]))
}

// systemLines are segments and control registers.
func (m *Model) systemLines() []line {
	r, old := &m.present, &m.past
	value := func(changes bool, format string, v any) span {
		if changes {
			return span{fmt.Sprintf(format, v), changed}
		}
		return span{fmt.Sprintf(format, v), number}
	}
	seg := func(name string, now, then vm.Segment) line {
		return append(say(keyword, name+" "), value(now.Selector != then.Selector, "%04x", now.Selector), span{" ", plain})
	}
	row := func(parts ...line) (l line) {
		for _, p := range parts {
			l = append(l, p...)
		}
		return l
	}
	return []line{
		row(seg("cs", r.CS, old.CS), seg("ss", r.SS, old.SS), seg("ds", r.DS, old.DS)),
		row(seg("es", r.ES, old.ES), seg("fs", r.FS, old.FS), seg("gs", r.GS, old.GS)),
		{{"cr2 ", keyword}, value(r.CR2 != old.CR2, "%08x", r.CR2), {"  cr3 ", keyword}, value(r.CR3 != old.CR3, "%08x", r.CR3)},
		{{"ring ", keyword}, value(r.CPL != old.CPL, "%d", r.CPL)},
	}
}

// pointee says what a value points to: a symbol, or text.
func (m *Model) pointee(v uint32) string {
	if _, offset, ok := m.con.Table().SymbolAt(v); ok && offset < 1<<16 {
		return "<" + m.con.Table().Name(v) + ">"
	}
	const shortest, most = 4, 24
	b := make([]byte, most)
	b = b[:m.con.Debugger().View().ReadMem(v, b)]
	n := 0
	for n < len(b) && b[n] >= ' ' && b[n] < 0x7f {
		n++
	}
	if n < shortest {
		return ""
	}
	return fmt.Sprintf("%q", b[:n])
}

// stackWords is how many words of the stack are shown.
const stackWords = 64

// stackLines are the words from ESP on.
func (m *Model) stackLines(n int) (out []line) {
	esp, ebp := m.now[4], m.now[5]
	b := make([]byte, 4*n)
	b = b[:m.con.Debugger().View().ReadMem(esp, b)&^3]
	for i := 0; i < len(b); i += 4 {
		at, v := esp+uint32(i), binary.LittleEndian.Uint32(b[i:])
		sign := " "
		if at == ebp {
			sign = "b"
		}
		out = append(out, say(address, fmt.Sprintf("%08x", at)).add(faint, fmt.Sprintf("%s+%02x ", sign, i)).
			add(number, fmt.Sprintf("%08x ", v)).add(symbol, m.pointee(v)))
	}
	if len(out) < n {
		out = append(out, say(faint, fmt.Sprintf("%08x not mapped", esp+uint32(len(b)))))
	}
	return out
}

// memoryPane shows memory from an address on.
type memoryPane struct {
	addr   uint32
	chosen bool // else ESP's
}

// draw shows memory in lines of 16 bytes, or of 8 where there is little room.
func (p *memoryPane) draw(c *canvas, r rect, m *Model) {
	if !p.chosen {
		p.addr = m.now[4] &^ 15
	}
	per := perLine(r.w)
	for y := range r.h {
		at := p.addr + uint32(y)*per
		c.put(r.x, r.y+y, r.w, memoryLine(m, at, per))
	}
}

// perLine is how many bytes have room in a line of a width.
func perLine(w int) uint32 {
	if w < 9+16*3+18 {
		return 8
	}
	return 16
}

// memoryLine is a line of a dump.
func memoryLine(m *Model, at, per uint32) line {
	b := make([]byte, per)
	n := m.con.Debugger().View().ReadMem(at, b)
	var hex, text strings.Builder
	for i := range b {
		if i%4 == 0 {
			hex.WriteByte(' ')
		}
		if i >= n {
			hex.WriteString("-- ")
			text.WriteByte(' ')
			continue
		}
		fmt.Fprintf(&hex, "%02x ", b[i])
		if b[i] >= ' ' && b[i] < 0x7f {
			text.WriteByte(b[i])
		} else {
			text.WriteByte('.')
		}
	}
	out := say(address, fmt.Sprintf("%08x", at)).add(number, hex.String()).add(faint, " "+text.String())
	if s, offset, ok := m.con.Table().SymbolAt(at); ok && offset == 0 {
		out = out.add(symbol, " "+s.Name)
	}
	return out
}

func (p *memoryPane) move(d int, per uint32) {
	p.chosen = true
	p.addr += uint32(d) * per
}
