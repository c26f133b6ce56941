// SPDX-License-Identifier: BSD-3-Clause
// Places as one types them, and the names the core asks for.

package console

import (
	"path"
	"strconv"
	"strings"

	"ring0/cmd/internal/debugger"
)

// debugNames answers the core from the debug information.
type debugNames struct{ c *Console }

// Symbol returns where a breakpoint on name goes: behind a function's prologue. "*name" is the function's first
// instruction.
func (n debugNames) Symbol(name string) (addrs []uint32) {
	plain, exact := strings.CutPrefix(name, "*")
	for _, s := range n.c.table.Symbols(plain) {
		addrs = append(addrs, s.Addr)
	}
	if len(addrs) == 0 { // compilers give specialised functions other symbols: factorial.constprop.0
		for _, f := range n.c.table.FunctionsNamed(plain) {
			addrs = append(addrs, f.Entry())
		}
	}
	if !exact {
		for i, addr := range addrs {
			addrs[i] = n.c.table.BreakAddr(addr)
		}
	}
	if len(addrs) == 0 {
		addrs = n.compiled(strings.TrimPrefix(name, "*"), exact)
	}
	return addrs
}

// compiled is where the code of a function is that has no symbol of its name: a compiler's copy of it with another one, and the places
// where it was compiled into its callers.
func (n debugNames) compiled(name string, exact bool) (addrs []uint32) {
	for _, f := range n.c.table.FunctionsNamed(name) {
		if len(f.Ranges) == 0 {
			continue
		}
		addr := f.Entry()
		if !exact {
			addr = n.c.table.BreakAddr(addr)
		}
		addrs = append(addrs, addr)
	}
	for _, m := range n.c.table.Modules() {
		for _, f := range m.Functions {
			for _, in := range f.Inlined {
				if in.Name == name && in.Entry != 0 {
					addrs = append(addrs, in.Entry)
				}
			}
		}
	}
	return addrs
}

// Line returns the addresses of a line, or of the next one with code.
func (n debugNames) Line(file string, line int) []uint32 {
	addrs, _ := n.c.table.AddrsOf(file, line)
	return addrs
}

// LineOf tells which line an instruction belongs to.
func (n debugNames) LineOf(addr uint32) (debugger.LineRange, bool) {
	l, ok := n.c.table.LineOf(addr)
	if !ok {
		return debugger.LineRange{}, false
	}
	return debugger.LineRange{File: l.File, Line: l.Line, IsStmt: l.IsStmt, Lo: l.Low, Hi: l.High}, true
}

// location reads a place: nothing (here), *EXPRESSION, FILE:LINE, LINE, +LINES, -LINES, SYMBOL or SYMBOL+OFFSET.
func (c *Console) location(text string) (debugger.Location, error) {
	switch {
	case text == "":
		return debugger.Location{Kind: debugger.AtAddress, Addr: c.pc()}, nil
	case text[0] == '*':
		return c.exactLocation(strings.TrimSpace(text[1:]))
	}
	if file, line, ok := fileLine(text); ok {
		if line > 0 {
			return debugger.Location{Kind: debugger.AtLine, File: file, Line: line}, nil
		}
		return debugger.Location{}, usage("%q: a line number was expected behind the colon", text)
	}
	if n, err := strconv.Atoi(text); err == nil {
		here, ok := c.table.LineOf(c.pc())
		if !ok {
			return debugger.Location{}, usage("no source line is known here, so %q is none; FILE:LINE and *ADDRESS work", text)
		}
		if text[0] == '+' || text[0] == '-' {
			n += here.Line
		}
		return debugger.Location{Kind: debugger.AtLine, File: path.Base(here.File), Line: n}, nil
	}
	name, offset, err := symbolOffset(text)
	if err != nil {
		return debugger.Location{}, err
	}
	if offset != 0 {
		name = "*" + name
	}
	return debugger.Location{Kind: debugger.AtSymbol, Symbol: name, Offset: offset}, nil
}

// exactLocation is the place behind "*": a symbol, which may come to be known only later, or any expression.
func (c *Console) exactLocation(text string) (debugger.Location, error) {
	if name, offset, err := symbolOffset(text); err == nil && len(c.localNamed(name)) == 0 {
		return debugger.Location{Kind: debugger.AtSymbol, Symbol: "*" + name, Offset: offset}, nil
	}
	addr, err := c.address(text)
	return debugger.Location{Kind: debugger.AtAddress, Addr: addr}, err
}

// fileLine divides "FILE:LINE". Line 0 is no number.
func fileLine(text string) (file string, line int, ok bool) {
	i := strings.LastIndexByte(text, ':')
	if i <= 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(text[i+1:])
	if err != nil || n < 0 {
		n = 0
	}
	return text[:i], n, true
}

// symbolOffset divides "symbol+0x12".
func symbolOffset(text string) (name string, offset uint32, err error) {
	name, off, has := strings.Cut(text, "+")
	name = strings.TrimSpace(name)
	for i, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '.' || i > 0 && r >= '0' && r <= '9') {
			return "", 0, usage("%q is no place: SYMBOL, SYMBOL+OFFSET, FILE:LINE, LINE or *ADDRESS", text)
		}
	}
	if name == "" {
		return "", 0, usage("%q is no place", text)
	}
	if has {
		n, err := strconv.ParseUint(strings.TrimSpace(off), 0, 32)
		if err != nil {
			return "", 0, usage("%q is no offset", strings.TrimSpace(off))
		}
		offset = uint32(n)
	}
	return name, offset, nil
}

// pc is the address of the instruction about to execute, or of the selected frame.
func (c *Console) pc() uint32 {
	if c.frame > 0 && c.frame < len(c.frames) {
		return c.frames[c.frame].PC
	}
	return c.dbg.View().Registers().EIP
}

// baseName is the last part of a path.
func baseName(p string) string { return path.Base(p) }
