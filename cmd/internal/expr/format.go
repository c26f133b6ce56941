// SPDX-License-Identifier: BSD-3-Clause
// Formats: "/x", "/8xb".

package expr

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"ring0/cmd/internal/debuginfo"
)

// Format says how a value is printed. The zero Format goes by its type.
type Format struct {
	Letter byte // x d u o t a c s f z i; 0: by type. i, instructions, is for whoever prints memory
	Count  int  // of "/8xb", for commands that show memory; 0 when none was given
	Size   byte // b h w g; 0 when none was given
	Pretty bool // a line for every member
}

// ParseFormat reads what follows a command, with or without its slash. An empty text is the zero Format.
func ParseFormat(text string) (Format, error) {
	var f Format
	rest := strings.TrimPrefix(text, "/")
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	if digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n > 1<<20 {
			return f, fmt.Errorf("format %q: the count is too large", text)
		}
		f.Count = n
	}
	for _, c := range []byte(rest[len(digits):]) {
		switch {
		case strings.IndexByte("xduotacsfzi", c) >= 0:
			f.Letter = c
		case strings.IndexByte("bhwg", c) >= 0:
			f.Size = c
		case c == 'p':
			f.Pretty = true
		default:
			return f, fmt.Errorf("format %q: there is no letter %q; letters are x d u o t a c s f z i, sizes b h w g", text, c)
		}
	}
	return f, nil
}

// Bytes is the size of a unit: 1, 2, 4 or 8; 0 when none was given.
func (f Format) Bytes() int {
	return map[byte]int{'b': 1, 'h': 2, 'w': 4, 'g': 8}[f.Size]
}

// number writes a number as the letter says; ok is false for letters that are not about single numbers.
func (p *printer) number(n num, size int) (text string, ok bool) {
	bits := n.bits
	if n.isFloat() {
		if p.f.Letter == 'f' {
			return "", false
		}
		bits = floatToInt(n.float)
	}
	if size < 8 {
		bits &= 1<<(8*size) - 1
	}
	switch p.f.Letter {
	case 'x':
		return fmt.Sprintf("%#x", bits), true
	case 'z':
		return fmt.Sprintf("0x%0*x", 2*size, bits), true
	case 'd':
		shift := 64 - 8*uint(size)
		return strconv.FormatInt(int64(bits<<shift)>>shift, 10), true
	case 'u':
		return strconv.FormatUint(bits, 10), true
	case 'o':
		return fmt.Sprintf("%#o", bits), true
	case 't':
		return strconv.FormatUint(bits, 2), true
	case 'c':
		return charText(int64(int8(bits)), byte(bits)), true
	case 'a':
		return p.address(uint32(bits)), true
	case 'f':
		return p.asFloat(bits, size)
	}
	return "", false
}

// asFloat takes the bits of an integer for a floating-point number of the same size.
func (p *printer) asFloat(bits uint64, size int) (string, bool) {
	t := map[int]*debuginfo.Type{4: basic["float"], 8: basic["double"]}[size]
	if t == nil {
		return strconv.FormatInt(int64(bits), 10), true
	}
	n, err := (&eval{}).decode(t, binary.LittleEndian.AppendUint64(nil, bits)[:size], 0)
	return floatText(n.float, size), err == nil
}

// address writes an address with its symbol.
func (p *printer) address(addr uint32) string {
	if name := p.e.env.SymbolAt(addr); name != "" {
		return fmt.Sprintf("%#x <%s>", addr, name)
	}
	return fmt.Sprintf("%#x", addr)
}

// floatText writes a floating-point number with as many digits as tell it from its neighbours.
func floatText(f float64, size int) string {
	bits := 64
	if size == 4 {
		bits = 32
	}
	text := strconv.FormatFloat(f, 'g', -1, bits)
	return strings.NewReplacer("+Inf", "inf", "-Inf", "-inf", "NaN", "nan").Replace(text)
}

// charText writes a character with its number.
func charText(number int64, c byte) string {
	return fmt.Sprintf("%d '%s'", number, quoteChar(c, '\''))
}

// quoteChar writes a character as in a constant.
func quoteChar(c, quote byte) string {
	switch {
	case c == quote || c == '\\':
		return `\` + string(rune(c))
	case c >= ' ' && c < 0x7f:
		return string(rune(c))
	}
	for letter, value := range escapes {
		if value == c && letter != '\'' && letter != '"' && letter != '?' && letter != '\\' {
			return `\` + string(rune(letter))
		}
	}
	return fmt.Sprintf(`\%03o`, c)
}

// quoteText writes text in quotes.
func quoteText(b []byte) string {
	var s strings.Builder
	s.WriteByte('"')
	for _, c := range b {
		s.WriteString(quoteChar(c, '"'))
	}
	s.WriteByte('"')
	return s.String()
}
