// SPDX-License-Identifier: BSD-3-Clause
// Lists with a cursor, the body of most panes.

package tui

// content is what a list shows. Lines are made when they are needed: of a long history few are.
type content struct {
	n    int
	line func(i int) line
}

// all is content that is there already.
func all(list []line) content { return content{len(list), func(i int) line { return list[i] }} }

// A list shows lines, scrolls, and has a cursor when it has the keys.
type list struct {
	top, cursor int
	tail        bool // stays at the end while lines are added
}

// move moves the cursor among n lines; the view follows when it is drawn.
func (l *list) move(d, n int) {
	l.cursor = max(0, min(l.cursor+d, n-1))
	l.tail = l.tail && d > 0 || n > 0 && l.cursor == n-1
}

// roll moves the view of h rows; the cursor stays in it.
func (l *list) roll(d, n, h int) {
	l.top = max(0, min(l.top+d, n-h))
	l.cursor = max(l.top, min(l.cursor, l.top+h-1, n-1))
	l.tail = d > 0 && l.top >= n-h
}

// follow puts the cursor at the end of n lines if the list stays there.
func (l *list) follow(n int) {
	if l.tail {
		l.cursor = max(0, n-1)
	}
	l.cursor = max(0, min(l.cursor, n-1))
}

// draw shows the lines around the cursor in r.
func (l *list) draw(c *canvas, r rect, text content, focused bool) {
	l.follow(text.n)
	if l.cursor < l.top {
		l.top = l.cursor
	}
	if l.cursor >= l.top+r.h {
		l.top = l.cursor - r.h + 1
	}
	l.top = max(0, min(l.top, text.n-r.h))
	for y := range r.h {
		i := l.top + y
		if i >= text.n {
			c.fill(r.x, r.y+y, r.w, plain)
			continue
		}
		over := plain
		if focused && i == l.cursor {
			over = selected
		}
		c.putOver(r.x, r.y+y, r.w, text.line(i), over)
	}
}
