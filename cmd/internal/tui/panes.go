// SPDX-License-Identifier: BSD-3-Clause
// Drawing the panes, the status line, the explanation and the timeline.

package tui

import (
	"fmt"
	"strings"

	"ring0/cmd/internal/debugger"
)

// drawPanes draws everything that shows the debuggee.
func (m *Model) drawPanes(c *canvas) {
	l := &m.layout
	for p := range l.body {
		at := place(p)
		if !l.shown(at) {
			continue
		}
		r := l.body[p]
		c.rule(r.x, r.y-1, r.w, m.paneTitle(at))
		m.drawPane(c, at, r)
	}
	right := l.body[registerPlace]
	c.bar(right.x-1, 1, l.body[codePlace].h+1)
	if l.shown(sourcePlace) {
		c.bar(l.body[codePlace].x-1, 1, l.body[codePlace].h+1)
	}
	if l.shown(sidePlace) {
		side := l.body[sidePlace]
		c.bar(side.x-1, side.y-1, side.h+1)
	}
	m.drawExplanation(c)
	m.drawTimeline(c)
}

// paneTitle is the title of a place; the one with the keys stands out.
func (m *Model) paneTitle(at place) line {
	r := heading
	if at == m.focus {
		r = focus
	}
	switch at {
	case codePlace:
		return say(r, m.code.title(m))
	case sourcePlace:
		return say(r, m.source.sourceTitle(m))
	case registerPlace:
		return say(r, "registers")
	case stackPlace:
		return say(r, "stack")
	}
	return m.tabLine(at, r)
}

// tab is a view's name in a title line.
type tab struct {
	view  viewID
	text  string
	start int // column in the title
}

// tabs are the views with keys and the one shown, which stands in brackets. Where they do not all fit, the first ones go.
func (m *Model) tabs(at place) (list []tab) {
	const frame = 4 // rules and blanks around the title
	col, room := 0, m.layout.body[at].w-frame
	for i, v := range views() {
		shown := viewID(i) == m.shown[at]
		if v.key == "" && !shown {
			continue
		}
		t := tab{view: viewID(i), text: v.name}
		if v.key != "" {
			t.text = v.key + ":" + v.name
		}
		if shown {
			t.text = "[" + t.text + "]"
		}
		list = append(list, t)
		for ; shown && len(list) > 1 && widthOf(list) > room; list = list[1:] {
		}
	}
	for i := range list {
		list[i].start = col
		col += len(list[i].text) + 1
	}
	return list
}

// widthOf is how many columns tabs take.
func widthOf(list []tab) (n int) {
	for _, t := range list {
		n += len(t.text) + 1
	}
	return n - 1
}

// tabLine writes the tabs, the one shown standing out.
func (m *Model) tabLine(at place, shown role) (l line) {
	for _, t := range m.tabs(at) {
		role := faint
		if t.view == m.shown[at] {
			role = shown
		}
		if t.start > 0 {
			l = l.add(rule, " ")
		}
		l = l.add(role, t.text)
	}
	return l
}

func (m *Model) drawPane(c *canvas, at place, r rect) {
	focused := at == m.focus
	c.shift = m.shifted[at]
	defer func() { c.shift = 0 }()
	switch at {
	case codePlace:
		m.code.draw(c, r, m, focused)
	case sourcePlace:
		m.source.draw(c, r, m, focused)
	case registerPlace:
		for y, l := range m.registerLines(r.w) {
			if y < r.h {
				c.put(r.x, r.y+y, r.w, l)
			}
		}
	case stackPlace:
		m.stack.draw(c, r, all(m.stackLines(stackWords)), focused)
	case lowerPlace, sidePlace:
		v := m.shown[at]
		if v == memoryView {
			m.memory.draw(c, r, m)
			return
		}
		text := m.viewLines(v)
		if text.n == 0 {
			c.put(r.x, r.y, r.w, say(faint, "none"))
			return
		}
		m.lists[v].draw(c, r, text, focused)
	}
}

// drawStatus draws the line at the top: what is debugged, what it does, where in time.
func (m *Model) drawStatus(c *canvas) {
	text, right := "", ""
	if m.busy != nil {
		text = m.busyText()
	} else {
		if text = m.con.Reason(); text == "" {
			text = "stopped"
		}
		right = fmt.Sprintf("  %s of %s  ring %d ", m.con.Debugger().Position(), m.con.Debugger().Explored(), m.ring())
	}
	const shortest = 8 // of the title
	more := string(m.theme.glyphs.more)
	left := " ring0  " + clip(m.title, max(shortest, c.w-textWidth(text)-textWidth(right)-len(" ring0    ")), more)
	line := left + "  " + text
	line = clip(line, c.w-textWidth(right), more)
	if pad := c.w - textWidth(line) - textWidth(right); pad > 0 {
		line += strings.Repeat(" ", pad)
	}
	c.putOver(0, 0, c.w, say(status, line+right), status)
}

// clip cuts text to a width; more marks the cut.
func clip(text string, w int, more string) string {
	if textWidth(text) <= w {
		return text
	}
	return prefix(text, w-1) + more
}

func (m *Model) ring() int { return m.con.Debugger().View().Registers().CPL }

// busyText is how far the command under way has come.
func (m *Model) busyText() string {
	text := "running: " + m.busy.command
	if m.busy.stopAsked {
		text = "stopping"
	}
	if p := m.progress.at.Load(); p != nil {
		text += fmt.Sprintf("  at %s", p.At)
		if p.Goal != (debugger.Position{}) && p.Goal.Count != ^uint64(0) {
			text += fmt.Sprintf(" of %s", p.Goal)
		}
		if p.Replaying {
			text += " (again)"
		}
	}
	return text + "  Esc stops"
}

func (m *Model) drawExplanation(c *canvas) {
	c.put(0, m.layout.explain, c.w, say(keyword, m.theme.glyphs.explain()).add(plain, m.con.Explain().Text))
}

// drawTimeline draws the bar: what is explored, where one is, events and bookmarks.
func (m *Model) drawTimeline(c *canvas) {
	y, d := m.layout.bar, m.con.Debugger()
	g := &m.theme.glyphs
	end := max(d.Explored().Count, d.Position().Count, 1)
	here := column(d.Position().Count, end, c.w)
	for x := range c.w {
		if x < here {
			c.set(x, y, g.past, barDone)
		} else {
			c.set(x, y, g.future, barAhead)
		}
	}
	for _, e := range d.Events() {
		if r, as := eventGlyph(e.Kind); r != 0 {
			c.set(column(e.Position.Count, end, c.w), y, r, as)
		}
	}
	for _, b := range d.Bookmarks() {
		c.set(column(b.Position.Count, end, c.w), y, g.bookmark, mark)
	}
	c.set(here, y, g.now, here_)
}

// here_ is the role of the present on the bar.
const here_ = selected

// column is where a count lies on a bar of w columns.
func column(count, end uint64, w int) int {
	f := float64(count) / float64(end)
	return max(0, min(int(f*float64(w-1)), w-1))
}

// eventGlyph is the letter of an event on the timeline; 0 for those too many to show.
func eventGlyph(k debugger.EventKind) (rune, role) {
	switch k {
	case debugger.EventModuleLoad, debugger.EventModuleInit:
		return 'i', symbol
	case debugger.EventModuleExit, debugger.EventModuleGone:
		return 'x', symbol
	case debugger.EventOops, debugger.EventPanic, debugger.EventTripleFault:
		return '!', alarm
	case debugger.EventEdit:
		return 'e', changed
	case debugger.EventEnded:
		return 'E', heading
	}
	return 0, plain
}

// drawPrompt draws the bottom line: what one types, a message, or the keys.
func (m *Model) drawPrompt(c *canvas) {
	y := m.layout.prompt
	switch {
	case m.prompt.open:
		c.put(0, y, c.w, m.prompt.line(c.w))
	case len(m.message) > 0:
		c.put(0, y, c.w, m.message)
	case m.busy != nil:
		c.put(0, y, c.w, say(hint, "Esc or ^C stops"))
	default:
		c.put(0, y, c.w, say(hint, shortHints(c.w)))
	}
}
