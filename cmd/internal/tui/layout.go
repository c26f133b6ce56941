// SPDX-License-Identifier: BSD-3-Clause
// Where panes lie on screens of different sizes.

package tui

// A place is one of the parts of the screen that hold a pane.
type place int

const (
	codePlace   place = iota
	sourcePlace       // on wide screens, the source beside the instructions
	registerPlace
	stackPlace
	lowerPlace // the views that share the lower part, one at a time
	sidePlace  // on wide screens, a second one of them
	placeCount
)

// Smallest screen on which everything has a place, and from which width on the source and side places exist.
const (
	minWidth  = 60
	minHeight = 16
	wideFrom  = 160
)

// A layout gives each place its title row and body; an empty body is not shown.
type layout struct {
	w, h    int
	body    [placeCount]rect
	explain int // row of the explanation line
	bar     int // row of the timeline
	prompt  int // row of the command line and the hints
}

// newLayout divides a screen. Row 0 is the status; the last three are the explanation, the timeline and the prompt.
func newLayout(w, h int) layout {
	l := layout{w: w, h: h, explain: h - 3, bar: h - 2, prompt: h - 1}
	room := h - 4
	upper := max(room*3/5, min(13, room-4))
	if room-upper < 4 {
		upper = room - 4
	}
	lower := room - upper
	right := registerWidth(w)
	left := w - right - 1
	l.body[codePlace] = rect{0, 2, left, upper - 1}
	if w >= wideFrom {
		half := left / 2
		l.body[sourcePlace] = rect{0, 2, half, upper - 1}
		l.body[codePlace] = rect{half + 1, 2, left - half - 1, upper - 1}
	}
	regs := upper - 1
	if upper > 20 { // room for the stack below the registers
		regs = registerRows
		l.body[stackPlace] = rect{left + 1, 2 + regs + 1, right, upper - 1 - regs - 1}
	}
	l.body[registerPlace] = rect{left + 1, 2, right, regs}
	l.body[lowerPlace] = rect{0, upper + 2, w, lower - 1}
	if w >= wideFrom {
		half := w * 11 / 20
		l.body[lowerPlace].w = half
		l.body[sidePlace] = rect{half + 1, upper + 2, w - half - 1, lower - 1}
	}
	return l
}

// registerWidth is the width of the right column.
func registerWidth(w int) int {
	switch {
	case w >= wideFrom:
		return 64
	case w >= 110:
		return 46
	}
	return 30
}

// shown reports whether the place has room.
func (l *layout) shown(p place) bool { return l.body[p].w > 0 && l.body[p].h > 0 }

// at is the place that holds a cell, its title row included.
func (l *layout) at(x, y int) (place, bool) {
	for p, r := range l.body {
		if l.shown(place(p)) && (rect{r.x, r.y - 1, r.w, r.h + 1}).holds(x, y) {
			return place(p), true
		}
	}
	return 0, false
}
