// SPDX-License-Identifier: BSD-3-Clause
// How roles look. Colours are the sixteen of the terminal's own palette over its own background, so that a light and a
// dark terminal both stay readable; without colour, bold, reverse and underline carry what matters.

package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// A theme is the look of every role and the characters of frames.
type theme struct {
	open, shut [roleCount]string // what switches the look on and off
	glyphs     glyphs
}

// glyphs are the characters that not every terminal has.
type glyphs struct {
	horizontal, vertical rune
	here, breakpoint     rune
	disabled, bookmark   rune
	past, future, now    rune
	more                 rune // text that was cut
	arrow                string
}

// explain is what stands before the explanation.
func (g *glyphs) explain() string { return g.arrow + " " }

// spell writes a line with the characters there are.
func (g *glyphs) spell(l line) line {
	if g.more != '~' {
		return l
	}
	out := make(line, len(l))
	for i, s := range l {
		out[i] = span{asciiSpelling.Replace(s.text), s.role}
	}
	return out
}

// asciiSpelling is how signs of our own texts are written without Unicode.
var asciiSpelling = strings.NewReplacer("→", "=>", "…", "...")

func unicodeGlyphs() glyphs {
	return glyphs{
		horizontal: '─', vertical: '│', here: '▶', breakpoint: '●', disabled: '○', bookmark: '◆',
		past: '━', future: '╌', now: '┃', more: '…', arrow: "→",
	}
}

func asciiGlyphs() glyphs {
	return glyphs{
		horizontal: '-', vertical: '|', here: '>', breakpoint: '*', disabled: 'o', bookmark: '+',
		past: '=', future: '.', now: '|', more: '~', arrow: "=>",
	}
}

// newTheme is the look with or without colours and characters beyond ASCII.
func newTheme(colour, unicode bool) *theme {
	t := &theme{glyphs: asciiGlyphs()}
	if unicode {
		t.glyphs = unicodeGlyphs()
	}
	for r, style := range looks(colour) {
		// What a style does to a letter is what it does to any text.
		t.open[r], t.shut[r], _ = strings.Cut(style.Render("x"), "x")
	}
	return t
}

// looks are the styles by role.
func looks(colour bool) (styles [roleCount]lipgloss.Style) {
	base := lipgloss.NewStyle()
	for r := range styles {
		styles[r] = base
	}
	for _, r := range []role{faint, rule, hint} {
		styles[r] = base.Faint(true)
	}
	for _, r := range []role{heading, mark, alarm, mnemonic, barDone} {
		styles[r] = base.Bold(true)
	}
	for _, r := range []role{selected, status} {
		styles[r] = base.Reverse(true)
	}
	for _, r := range []role{focus, here} {
		styles[r] = base.Bold(true).Reverse(true)
	}
	styles[changed] = base.Bold(true).Underline(true)
	if colour {
		for r, c := range map[role]string{
			address: "6", symbol: "2", changed: "1", keyword: "4", mark: "1", alarm: "1", good: "2", barDone: "4", focus: "4",
			here: "2",
		} {
			styles[r] = styles[r].Foreground(lipgloss.Color(c))
		}
	}
	return styles
}
