// SPDX-License-Identifier: BSD-3-Clause
// The screen as cells: panes and dialogs draw into it, one over the other.

package tui

import "strings"

// rect is a part of the screen, in cells.
type rect struct{ x, y, w, h int }

func (r rect) holds(x, y int) bool { return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h }

// cell is one character of the screen. Rune 0 is the right half of a wide one.
type cell struct {
	r    rune
	role role
}

type canvas struct {
	w, h  int
	cells []cell
	theme *theme
	shift int // columns at the left that texts go without
}

func newCanvas(w, h int, t *theme) *canvas {
	c := &canvas{w: w, h: h, cells: make([]cell, w*h), theme: t}
	for i := range c.cells {
		c.cells[i].r = ' '
	}
	return c
}

// put writes l into the columns [x, x+w) of row y and blanks the rest of them. What does not fit ends in a mark.
func (c *canvas) put(x, y, w int, l line) {
	c.putOver(x, y, w, l, plain)
}

// putOver is put with a role that wins over those of the line, unless it is plain.
func (c *canvas) putOver(x, y, w int, l line, over role) {
	if y < 0 || y >= c.h {
		return
	}
	w = min(w, c.w-x)
	l = c.theme.glyphs.spell(l).without(c.shift)
	col := 0
	cut := l.width() > w
	for _, s := range l {
		as := s.role
		if over != plain {
			as = over
		}
		for _, r := range s.text {
			r = harmless(r)
			n := runeWidth(r)
			if n == 0 {
				continue
			}
			if r > 0x7e && c.theme.glyphs.more == '~' {
				r, n = '?', 1
			}
			if room := w - col; n > room || cut && n > room-1 {
				c.fill(x+col, y, w-col, over)
				if cut && col < w {
					c.set(x+col, y, c.theme.glyphs.more, faint)
				}
				return
			}
			c.set(x+col, y, r, as)
			if n == 2 {
				c.set(x+col+1, y, 0, as)
			}
			col += n
		}
	}
	c.fill(x+col, y, w-col, over)
}

func (c *canvas) set(x, y int, r rune, as role) {
	if x >= 0 && x < c.w && y >= 0 && y < c.h {
		c.cells[y*c.w+x] = cell{r, as}
	}
}

func (c *canvas) fill(x, y, n int, as role) {
	for i := range max(n, 0) {
		c.set(x+i, y, ' ', as)
	}
}

// rule draws a pane's title line: a horizontal rule with the title in it.
func (c *canvas) rule(x, y, w int, title line) {
	for i := range w {
		c.set(x+i, y, c.theme.glyphs.horizontal, rule)
	}
	if len(title) > 0 && w > 4 {
		t := append(line{{" ", plain}}, title...)
		t = t.add(plain, " ")
		c.put(x+1, y, min(w-2, t.width()), t)
	}
}

// bar draws a vertical rule.
func (c *canvas) bar(x, y, h int) {
	for i := range h {
		c.set(x, y+i, c.theme.glyphs.vertical, rule)
	}
}

// String is the screen's text without looks, blanks at line ends dropped.
func (c *canvas) String() string {
	var b strings.Builder
	for y := range c.h {
		var row strings.Builder
		for _, cell := range c.cells[y*c.w : (y+1)*c.w] {
			if cell.r != 0 {
				row.WriteRune(cell.r)
			}
		}
		b.WriteString(strings.TrimRight(row.String(), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// render is the screen as styled text.
func (c *canvas) render() string {
	var b strings.Builder
	for y := range c.h {
		row := c.cells[y*c.w : (y+1)*c.w]
		for i := 0; i < len(row); {
			j := i
			var run strings.Builder
			for ; j < len(row) && row[j].role == row[i].role; j++ {
				if row[j].r != 0 {
					run.WriteRune(row[j].r)
				}
			}
			b.WriteString(c.theme.open[row[i].role])
			b.WriteString(run.String())
			b.WriteString(c.theme.shut[row[i].role])
			i = j
		}
		if y < c.h-1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
