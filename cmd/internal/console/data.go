// SPDX-License-Identifier: BSD-3-Clause
// Commands that look at and change values: expressions, memory, registers, types.

package console

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/expr"
)

func dataCommands() []Command {
	const group = "Values"
	return []Command{
		{name: "print", aliases: []string{"p"}, usage: "[/FORMAT] EXPR", group: group, words: symbolWords,
			help: "Prints a C expression over registers ($eax), symbols, variables and memory.\n" +
				"FORMAT: x hexadecimal, d decimal, u unsigned, o octal, t binary, c character, a address, s string, f float.",
			run: (*Console).printCommand},
		{name: "x", usage: "[/COUNT FORMAT SIZE] [ADDRESS]", group: group, words: symbolWords, repeats: true,
			help: "Shows memory: x/8xw $esp; formats as in print, i for instructions, s for strings; sizes b h w g.",
			run:  (*Console).examineCommand},
		{name: "set", usage: "LVALUE = EXPR", group: group, words: symbolWords,
			help: "Changes a register, a variable or memory; the change is part of history from here on.", run: (*Console).setCommand},
		{name: "ptype", usage: "TYPE | EXPR", group: group, words: symbolWords,
			help: "Shows a type with all its fields.", run: (*Console).ptypeCommand},
		{name: "whatis", usage: "EXPR", group: group, words: symbolWords,
			help: "Shows the type of an expression.", run: (*Console).whatisCommand},
		{name: "registers", usage: "[NAME…]", group: group, words: registerWords,
			help: "Shows the general registers, EIP, EFLAGS and the segments.", run: (*Console).registersCommand},
		{name: "all-registers", group: group, help: "Shows every register: control, debug, descriptor tables, x87, SSE as well.",
			run: listCommand((*Console).AllRegisters)},
		{name: "symbol", usage: "ADDRESS", group: group, words: symbolWords,
			help: "Names an address.", run: (*Console).symbolCommand},
	}
}

// eval evaluates an expression in the selected frame.
func (c *Console) eval(text string) (expr.Value, error) {
	if text == "" {
		return expr.Value{}, usage("an expression was expected")
	}
	v, err := expr.Eval(text, c.env())
	if err != nil {
		return v, &errUsage{err.Error()}
	}
	return v, nil
}

// address evaluates an expression to an address.
func (c *Console) address(text string) (uint32, error) {
	v, err := c.eval(text)
	if err != nil {
		return 0, err
	}
	n, err := v.Uint(c.env())
	if err != nil {
		return 0, &errUsage{err.Error()}
	}
	return uint32(n), nil
}

// memoryRange reads "ADDRESS,SIZE", or an expression that is an object in memory. A plain number is an address of 4 bytes, as "*ADDRESS" is.
func (c *Console) memoryRange(text string) (debugger.Range, error) {
	if at, size, ok := strings.Cut(text, ","); ok {
		addr, err := c.address(at)
		if err != nil {
			return debugger.Range{}, err
		}
		n, err := c.address(size)
		if err == nil && (n == 0 || n > -addr && addr != 0) {
			err = usage("%d bytes at %#x are no memory", n, addr)
		}
		return debugger.Range{Addr: addr, Size: n}, err
	}
	v, err := c.eval(text)
	if err != nil {
		return debugger.Range{}, err
	}
	if v.Kind == expr.InMemory && v.Type.Sizeof() > 0 {
		return debugger.Range{Addr: v.Addr, Size: v.Type.Sizeof()}, nil
	}
	if v.Kind == expr.Computed {
		n, err := v.Uint(c.env())
		if err == nil {
			return debugger.Range{Addr: uint32(n), Size: 4}, nil
		}
	}
	return debugger.Range{}, usage("%s is not in memory", text)
}

// compileCondition makes a condition of an expression: not 0 holds. It is evaluated in the innermost frame.
func (c *Console) compileCondition(text string) (debugger.Condition, error) {
	x, err := expr.Parse(text)
	if err != nil {
		return nil, &errUsage{err.Error()}
	}
	return func(v debugger.View) (bool, error) {
		env := c.envOf(v)
		holds, err := x.Truth(env)
		return holds || err != nil, err
	}, nil
}

// format takes "/FORMAT" off the arguments.
func (a *call) format() (expr.Format, error) {
	if !strings.HasPrefix(a.text, "/") {
		return expr.Format{}, nil
	}
	f, err := expr.ParseFormat(a.word())
	if err != nil {
		return f, &errUsage{err.Error()}
	}
	return f, nil
}

func (c *Console) printCommand(a *call) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	v, err := c.eval(a.text)
	if err != nil {
		return err
	}
	a.printf("%s\n", expr.Print(c.env(), v, f))
	return nil
}

// setCommand assigns. gdb's "set var x = 1" is understood.
func (c *Console) setCommand(a *call) error {
	text := a.text
	for _, noise := range []string{"var ", "variable "} {
		text = strings.TrimPrefix(text, noise)
	}
	if !strings.Contains(text, "=") {
		return usage("set: LVALUE = EXPR was expected")
	}
	if _, err := c.eval(text); err != nil {
		return err
	}
	c.arrived()
	return nil
}

func (c *Console) ptypeCommand(a *call) error {
	t, err := c.typeOf(a.text)
	if err != nil {
		return err
	}
	a.printf("%s\n", c.definition(t))
	return nil
}

func (c *Console) whatisCommand(a *call) error {
	v, err := c.eval(a.text)
	if err != nil {
		return err
	}
	a.printf("%s\n", v.Type)
	return nil
}

func (c *Console) symbolCommand(a *call) error {
	addr, err := c.address(a.text)
	if err != nil {
		return err
	}
	name := c.table.Name(addr)
	if l, ok := c.table.LineOf(addr); ok {
		name += fmt.Sprintf(" at %s:%d", l.File, l.Line)
	}
	a.printf("%#08x %s\n", addr, name)
	return nil
}

// examine is what x shows.
type examine struct {
	count  int
	letter byte
	size   uint32
}

// maxExamine bounds what one x shows.
const maxExamine = 4096

// parseExamine reads "/8xw"; what is not given stays.
func (e *examine) parse(text string) error {
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits > 0 {
		n, err := strconv.Atoi(text[:digits])
		if err != nil || n < 1 || n > maxExamine {
			return usage("x: %s is no count from 1 to %d", text[:digits], maxExamine)
		}
		e.count = n
	}
	for _, r := range text[digits:] {
		switch r {
		case 'b', 'h', 'w', 'g':
			e.size = map[rune]uint32{'b': 1, 'h': 2, 'w': 4, 'g': 8}[r]
		case 'x', 'd', 'u', 'o', 't', 'c', 'a', 's', 'i':
			e.letter = byte(r)
			if r == 'a' {
				e.size = 4
			}
			if r == 'c' {
				e.size = 1
			}
		default:
			return usage("x: %q is no format; x d u o t c a s i, b h w g", r)
		}
	}
	return nil
}

func (c *Console) examineCommand(a *call) error {
	if c.shape.count == 0 {
		c.shape = examine{1, 'x', 4}
	}
	if strings.HasPrefix(a.text, "/") {
		c.shape.count = 1
		if err := c.shape.parse(a.word()[1:]); err != nil {
			return err
		}
	}
	if a.text != "" {
		addr, err := c.address(a.text)
		if err != nil {
			return err
		}
		c.next = addr
	}
	switch c.shape.letter {
	case 'i':
		for _, l := range c.code().Range(c.next, c.shape.count, c.syntax) {
			a.printf("%s\n", l)
			c.next = l.Next()
		}
	case 's':
		for range c.shape.count {
			a.printf("%s\n", c.stringLine())
		}
	default:
		c.examineWords(a)
	}
	c.last = "x"
	return nil
}

// stringLine shows the string at c.next and moves behind it.
func (c *Console) stringLine() string {
	const most = 200
	b := make([]byte, most)
	b = b[:c.dbg.View().ReadMem(c.next, b)]
	at := c.next
	if len(b) == 0 {
		c.next++
		return fmt.Sprintf("%#08x: not mapped", at)
	}
	text, _, terminated := strings.Cut(string(b), "\x00")
	c.next += uint32(len(text))
	if terminated {
		c.next++
		return fmt.Sprintf("%#08x: %q", at, text)
	}
	return fmt.Sprintf("%#08x: %q…", at, text)
}

// examineWords shows numbers, 16 bytes a line.
func (c *Console) examineWords(a *call) {
	size, left := c.shape.size, c.shape.count
	perLine := max(1, int(16/size))
	for left > 0 {
		n := min(left, perLine)
		a.printf("%s:", c.at(c.next))
		for range n {
			b := make([]byte, size)
			if c.dbg.View().ReadMem(c.next, b) < int(size) {
				a.printf("\tnot mapped\n")
				return
			}
			a.printf("\t%s", c.shape.text(c, b))
			c.next += size
		}
		a.printf("\n")
		left -= n
	}
}

// text shows one number.
func (e examine) text(c *Console, b []byte) string {
	var buf [8]byte
	copy(buf[:], b)
	v := binary.LittleEndian.Uint64(buf[:])
	bits := 8 * len(b)
	signed := int64(v<<(64-bits)) >> (64 - bits)
	switch e.letter {
	case 'd':
		return strconv.FormatInt(signed, 10)
	case 'u':
		return strconv.FormatUint(v, 10)
	case 'o':
		return fmt.Sprintf("%#o", v)
	case 't':
		return fmt.Sprintf("%0*b", bits, v)
	case 'c':
		return fmt.Sprintf("%d %q", signed, rune(byte(v)))
	case 'a':
		return c.at(uint32(v))
	}
	return fmt.Sprintf("%#0*x", bits/4, v)
}
