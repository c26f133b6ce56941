// SPDX-License-Identifier: BSD-3-Clause
// Text that knows what it is: spans with roles, and how wide they come out.

package tui

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// A role says what a piece of text is; the theme says how that looks.
type role uint8

const (
	plain    role = iota
	faint         // what one reads last: bytes of code, offsets
	rule          // frames and separators
	heading       // title of a pane
	focus         // title of the pane that has the keys
	address       // a guest address
	mnemonic      // the operation of an instruction
	symbol        // a name with an address
	number        // a value
	changed       // a value that the last step changed
	keyword       // names of registers and fields
	here          // where execution stands
	selected      // the line with the cursor
	mark          // breakpoints and bookmarks
	alarm         // oopses, faults, errors
	good          // success
	barDone       // the past part of the timeline
	barAhead      // the known part after the present
	status        // the line at the top
	hint          // keys at the bottom
	roleCount
)

// A span is text of one role; a line is spans side by side.
type span struct {
	text string
	role role
}

type line []span

// say is a line of one role.
func say(r role, text string) line { return line{{text, r}} }

// add appends text to a line.
func (l line) add(r role, text string) line { return append(l, span{text, r}) }

// width is how many columns the line takes.
func (l line) width() (n int) {
	for _, s := range l {
		n += textWidth(s.text)
	}
	return n
}

// without is the line without its first columns.
func (l line) without(columns int) line {
	if columns == 0 {
		return l
	}
	var out line
	for _, s := range l {
		rest := s.text
		for columns > 0 && rest != "" {
			r, size := utf8.DecodeRuneInString(rest)
			columns -= runeWidth(harmless(r))
			rest = rest[size:]
		}
		out = out.add(s.role, rest)
	}
	return out
}

// first is the first columns of the line.
func (l line) first(columns int) (out line) {
	for _, s := range l {
		part := prefix(s.text, columns)
		out = out.add(s.role, part)
		if len(part) < len(s.text) {
			break
		}
		columns -= textWidth(part)
	}
	return out
}

// prefix is as much of a text as has room in columns.
func prefix(text string, columns int) string {
	for end := 0; end < len(text); {
		r, size := utf8.DecodeRuneInString(text[end:])
		if columns -= runeWidth(harmless(r)); columns < 0 {
			return text[:end]
		}
		end += size
	}
	return text
}

// String is the line without its roles.
func (l line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.text)
	}
	return b.String()
}

// lines splits text into lines of one role.
func lines(r role, text string) (out []line) {
	for s := range strings.Lines(text) {
		out = append(out, say(r, strings.TrimRight(s, "\n")))
	}
	return out
}

// harmless is a rune as the screen may show it. Guests write logs and names: no control character of theirs reaches the
// terminal.
func harmless(r rune) rune {
	if r == unicode.ReplacementChar || unicode.IsControl(r) || !unicode.IsPrint(r) && r != ' ' {
		return '.'
	}
	return r
}

// textWidth is the width of s in columns, tabs counted as one.
func textWidth(s string) (n int) {
	for _, r := range s {
		n += runeWidth(harmless(r))
	}
	return n
}

func runeWidth(r rune) int {
	if r < 0x80 {
		return 1
	}
	return ansi.StringWidth(string(r))
}

// expandTabs replaces tabs of source text by blanks up to stops of eight columns.
func expandTabs(s string) string {
	if !strings.ContainsRune(s, '\t') {
		return s
	}
	var b strings.Builder
	col := 0
	for _, r := range s {
		if r == '\t' {
			n := 8 - col%8
			b.WriteString(strings.Repeat(" ", n))
			col += n
			continue
		}
		b.WriteRune(r)
		col += runeWidth(harmless(r))
	}
	return b.String()
}
