// SPDX-License-Identifier: BSD-3-Clause
// Commands that show code: source lines and instructions.

package console

import (
	"fmt"
	"strings"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/debuginfo"
	"ring0/cmd/internal/disasm"
	"ring0/cmd/internal/explain"
	"ring0/vm/x86"
)

func codeCommands() []Command {
	const group = "Code"
	return []Command{
		{name: "list", aliases: []string{"l"}, usage: "[PLACE]", group: group, words: locationWords, repeats: true,
			help: "Shows source lines around a place, or the next ones.", run: (*Console).listSource},
		{name: "disassemble", aliases: []string{"disas"}, usage: "[PLACE]", group: group, words: locationWords,
			help: "Shows the instructions of a function.", run: (*Console).disassembleCommand},
		{name: "explain", aliases: []string{"e"}, group: group,
			help: "Says what the next instruction is about to do, with the values it will do it with.",
			run: func(c *Console, a *call) error {
				a.printf("%s\n", c.Explain().Text)
				return a.none()
			}},
		{name: "where-is", usage: "PLACE", group: group, words: locationWords, help: "Shows the addresses of a place.",
			run: func(c *Console, a *call) error {
				addrs, err := c.places(a.text)
				for _, addr := range addrs {
					a.printf("%s\n", c.at(addr))
				}
				return err
			}},
		{name: "syntax", usage: "intel | att", group: group, words: words("intel", "att"), help: "Chooses how instructions are written.",
			run: (*Console).syntaxCommand},
	}
}

// code is the guest's code as the running mode reads it.
func (c *Console) code() disasm.Source {
	v := c.dbg.View()
	mode := x86.Mode(0)
	if const32 := uint16(1 << 14); v.Registers().CS.Attr&const32 != 0 {
		mode = x86.Code32
	}
	return disasm.Source{Read: v.ReadMem, Name: c.nameOf, Mode: mode}
}

// nameOf is the symbol of an address, or "".
func (c *Console) nameOf(addr uint32) string {
	if _, _, ok := c.table.SymbolAt(addr); !ok {
		return ""
	}
	return c.table.Name(addr)
}

// at is an address with its symbol: "0xc011afe0 <printk>".
func (c *Console) at(addr uint32) string {
	if name := c.nameOf(addr); name != "" {
		return fmt.Sprintf("%#08x <%s>", addr, name)
	}
	return fmt.Sprintf("%#08x", addr)
}

// instruction is the instruction at an address as text.
func (c *Console) instruction(addr uint32) string {
	l := c.code().At(addr, c.syntax)
	text := l.Text
	if l.Note != "" {
		text += " <" + l.Note + ">"
	}
	return text
}

// Disassembly returns the instructions around an address: before lines above it and after from it on.
func (c *Console) Disassembly(addr uint32, before, after int) (above, below []disasm.Line) {
	src := c.code()
	start := uint32(0)
	if s, offset, ok := c.table.SymbolAt(addr); ok && s.Text() && offset > 0 {
		start = s.Addr
	}
	return src.Before(addr, start, before, c.syntax), src.Range(addr, after, c.syntax)
}

// Explain explains what comes next: an instruction, or what the kernel's modelled code is in the midst of.
func (c *Console) Explain() explain.Explanation {
	if text := c.noInstruction(); text != "" {
		return explain.Explanation{Text: text}
	}
	k := c.dbg.View().Kernel()
	x := explain.Explainer{Machine: k.Machine(), Kernel: k, Symbols: c.table}
	return x.Explain()
}

// noInstruction says what comes next where that is no instruction; "" where it is one.
func (c *Console) noInstruction() string {
	stop := c.dbg.LastStop()
	switch stop.Reason {
	case debugger.ReasonEnded:
		return "the run is over: nothing comes next"
	case debugger.ReasonTripleFault:
		return "the processor has shut down: nothing comes next"
	case debugger.ReasonOops:
		return "the kernel is about to print the oops"
	case debugger.ReasonPanic:
		return "the kernel is about to print the panic"
	}
	switch {
	case stop.Position == debugger.Position{}:
		return "the kernel has booted; nothing has been executed yet"
	case c.dbg.InModel():
		name := "a function"
		if s, _, ok := c.table.SymbolAt(stop.EIP); ok {
			name = s.Name
		}
		return "the kernel's own " + name + " is in the midst of its work"
	}
	return ""
}

// Syntax is how instructions are written.
func (c *Console) Syntax() disasm.Syntax { return c.syntax }

func (c *Console) syntaxCommand(a *call) error {
	switch a.text {
	case "intel":
		c.syntax = disasm.Intel
	case "att":
		c.syntax = disasm.ATT
	default:
		return usage("syntax: intel or att")
	}
	return nil
}

// places are the addresses of a place.
func (c *Console) places(text string) ([]uint32, error) {
	at, err := c.location(text)
	if err != nil {
		return nil, err
	}
	var addrs []uint32
	names := debugNames{c}
	switch at.Kind {
	case debugger.AtAddress:
		return []uint32{at.Addr}, nil
	case debugger.AtLine:
		addrs = names.Line(at.File, at.Line)
	case debugger.AtSymbol:
		for _, addr := range names.Symbol(at.Symbol) {
			addrs = append(addrs, addr+at.Offset)
		}
	}
	if len(addrs) == 0 {
		return nil, usage("%s is nowhere", text)
	}
	return addrs, nil
}

// maxDisassembly bounds the instructions that are shown of a function.
const maxDisassembly = 2000

func (c *Console) disassembleCommand(a *call) error {
	addr := c.pc()
	if a.text != "" {
		addrs, err := c.places("*" + strings.TrimPrefix(a.text, "*"))
		if err != nil {
			return err
		}
		addr = addrs[0]
	}
	start, end := addr, addr+64
	if f := c.table.FunctionAt(addr); f != nil {
		start, end = f.Ranges[0].Low, f.Ranges[0].High
	} else if s, _, ok := c.table.SymbolAt(addr); ok && s.Text() {
		start = s.Addr
		if s.Size > 0 {
			end = s.Addr + s.Size
		}
	}
	src := c.code()
	shown := debuginfo.Line{}
	for n := 0; start < end && n < maxDisassembly; n++ {
		if l, ok := c.table.LineOf(start); ok && (l.Line != shown.Line || l.File != shown.File) {
			shown = l
			text, _ := c.sourceLine(l)
			a.printf("%s:%d\t%s\n", baseName(l.File), l.Line, text)
		}
		line := src.At(start, c.syntax)
		mark := "  "
		if start == c.pc() {
			mark = "=>"
		}
		a.printf("%s %s\n", mark, line)
		start = line.Next()
	}
	return nil
}

// listing is where list has come to.
type listing struct {
	at   debuginfo.Line // a line of the file
	next int            // the line to show next; 0: not listed yet
}

const listLines = 10

func (c *Console) listSource(a *call) error {
	if a.text != "" || c.listed.next == 0 {
		addr := c.pc()
		if a.text != "" {
			addrs, err := c.places(a.text)
			if err != nil {
				return err
			}
			addr = addrs[0]
		}
		l, ok := c.table.LineOf(addr)
		if !ok {
			return usage("list: no source line is known for %s", c.at(addr))
		}
		c.listed = listing{l, max(1, l.Line-listLines/2)}
	}
	lines := c.SourceText(c.listed.at)
	if lines == nil {
		return usage("list: %s is not at hand; --source DIR says where sources are", c.listed.at.File)
	}
	if c.listed.next > len(lines) {
		return usage("list: %s has %d lines", baseName(c.listed.at.File), len(lines))
	}
	here, _ := c.table.LineOf(c.pc())
	for n := c.listed.next; n < c.listed.next+listLines && n <= len(lines); n++ {
		mark := " "
		if n == here.Line && here.File == c.listed.at.File {
			mark = ">"
		}
		a.printf("%s%d\t%s\n", mark, n, lines[n-1])
	}
	c.listed.next += listLines
	c.last = "list"
	return nil
}

// Line is the source line of an address, "file.c:12", or "".
func (c *Console) Line(addr uint32) string {
	l, ok := c.table.LineOf(addr)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s:%d", baseName(l.File), l.Line)
}

// SourceText is the lines of the file of a place in the code; nil when it is not at hand.
func (c *Console) SourceText(l debuginfo.Line) []string {
	lines, _, err := c.sources.Lines(l.File)
	if err != nil {
		return nil
	}
	return lines
}

// sourceLine is the text of a source line.
func (c *Console) sourceLine(l debuginfo.Line) (string, bool) {
	lines := c.SourceText(l)
	if l.Line < 1 || l.Line > len(lines) {
		return "", false
	}
	return lines[l.Line-1], true
}
