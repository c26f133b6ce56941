// SPDX-License-Identifier: BSD-3-Clause
// The mouse: clicks choose panes, lines, views and places in time; the wheel scrolls.

package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"
)

// mouse takes an event of the mouse.
func (m *Model) mouse(msg tea.MouseMsg) tea.Cmd {
	at := msg.Mouse()
	if m.help != nil {
		switch msg.(type) {
		case tea.MouseWheelMsg:
			m.help.scroll(wheel(at.Button))
		case tea.MouseClickMsg:
			m.help = nil
		}
		return nil
	}
	if m.busy != nil {
		return nil
	}
	switch msg.(type) {
	case tea.MouseWheelMsg:
		if p, ok := m.layout.at(at.X, at.Y); ok {
			m.roll(p, wheel(at.Button))
		}
	case tea.MouseClickMsg:
		if at.Button == tea.MouseLeft {
			return m.click(at.X, at.Y)
		}
	}
	return nil
}

// wheel is how many lines a turn of the wheel is.
func wheel(b tea.MouseButton) int {
	const notch = 3
	switch b {
	case tea.MouseWheelUp:
		return -notch
	case tea.MouseWheelDown:
		return notch
	}
	return 0
}

// roll scrolls a place; a list's cursor stays where it is while it can be seen.
func (m *Model) roll(at place, d int) {
	switch v := m.viewAt(at); {
	case at == stackPlace:
		m.stack.roll(d, len(m.stackLines(stackWords)), m.layout.body[at].h)
	case v >= 0 && v != memoryView:
		m.lists[v].roll(d, m.viewLines(v).n, m.layout.body[at].h)
	default:
		m.scroll(at, d)
	}
}

// click takes a click with the left button.
func (m *Model) click(x, y int) tea.Cmd {
	if y == m.layout.bar {
		d := m.con.Debugger()
		end := max(d.Explored().Count, d.Position().Count, 1)
		return m.execute(fmt.Sprintf("goto %d", uint64(float64(end)*float64(x)/float64(max(1, m.layout.w-1)))))
	}
	p, ok := m.layout.at(x, y)
	if !ok {
		return nil
	}
	if p != registerPlace {
		m.focus = p
	}
	r := m.layout.body[p]
	row := y - r.y
	switch {
	case row < 0:
		m.clickTab(p, x-r.x)
	case m.codeAt(p) != nil:
		return m.clickCode(m.codeAt(p), x-r.x, row)
	case p == stackPlace:
		m.stack.cursor = m.stack.top + row
	case p == lowerPlace || p == sidePlace:
		l := &m.lists[m.shown[p]]
		l.cursor, l.tail = l.top+row, false
	}
	return nil
}

// clickTab chooses the view whose name was clicked.
func (m *Model) clickTab(p place, x int) {
	if p != lowerPlace && p != sidePlace {
		return
	}
	const before = 2 // the rule and the blank
	for _, t := range m.tabs(p) {
		if at := x - before - t.start; at >= 0 && at < len(t.text) {
			m.show(t.view)
			return
		}
	}
}

// clickCode moves the cursor; a click on the gutter sets or deletes a breakpoint.
func (m *Model) clickCode(p *codePane, x, row int) tea.Cmd {
	const gutterWidth = 2
	i := p.top + row
	if i >= len(p.rows) {
		return nil
	}
	target := p.rows[i]
	p.moved = true
	if target.number > 0 {
		p.source = target.number
	} else {
		p.cursor = target.addr
	}
	if x < gutterWidth {
		return m.toggleBreak()
	}
	return nil
}
