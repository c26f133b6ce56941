// SPDX-License-Identifier: BSD-3-Clause
// What keys and the mouse do that is no command of the console.

package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// scroll moves the cursor or the view of a place.
func (m *Model) scroll(at place, d int) {
	switch at {
	case codePlace, sourcePlace:
		m.codeAt(at).move(d)
	case stackPlace:
		m.stack.move(d, len(m.stackLines(stackWords)))
	case lowerPlace, sidePlace:
		v := m.shown[at]
		if v == memoryView {
			m.memory.move(max(-1<<16, min(d, 1<<16)), perLine(m.layout.body[at].w))
			return
		}
		m.lists[v].move(d, m.viewLines(v).n)
	}
}

// shift moves the text of the pane with the keys sideways: what is cut off at the right comes to be seen.
func (m *Model) shift(d int) tea.Cmd {
	const columns = 8
	by := &m.shifted[m.focus]
	*by = max(0, *by+d*columns)
	return nil
}

// codeAt is the pane of a place that shows code, or nil.
func (m *Model) codeAt(at place) *codePane {
	switch at {
	case codePlace:
		return &m.code
	case sourcePlace:
		return &m.source
	}
	return nil
}

// focusNext gives the keys to another pane.
func (m *Model) focusNext(d int) tea.Cmd {
	for range placeCount {
		m.focus = (m.focus + place(d) + placeCount) % placeCount
		if m.focus != registerPlace && m.layout.shown(m.focus) {
			return nil
		}
	}
	return nil
}

// toggleBreak sets or deletes a breakpoint at the cursor.
func (m *Model) toggleBreak() tea.Cmd {
	code := m.codeAt(m.focus)
	if code == nil {
		m.message = say(hint, "the cursor is not in the code")
		return nil
	}
	addr, ok := code.selected()
	if !ok {
		m.message = say(hint, "this line has no code")
		return nil
	}
	return m.execute(fmt.Sprintf("toggle *%#x", addr))
}

// toCursor goes to the cursor; backToCursor goes back to it.
func (m *Model) toCursor() tea.Cmd     { return m.untilCursor("until") }
func (m *Model) backToCursor() tea.Cmd { return m.untilCursor("reverse-until") }

func (m *Model) untilCursor(command string) tea.Cmd {
	code := m.codeAt(m.focus)
	if code == nil {
		code = &m.code
	}
	addr, ok := code.selected()
	if !ok {
		m.message = say(hint, "this line has no code")
		return nil
	}
	return m.execute(fmt.Sprintf("%s *%#x", command, addr))
}

// selectedBreak is the number of the breakpoint or watchpoint with the cursor in its view, or at the cursor in the code; 0 for none.
func (m *Model) selectedBreak() int {
	d := m.con.Debugger()
	if code := m.codeAt(m.focus); code != nil {
		addr, _ := code.selected()
		for _, b := range d.Breakpoints() {
			for _, at := range b.Addrs {
				if at == addr {
					return b.ID
				}
			}
		}
		return 0
	}
	if m.focusView() != breakpointsView {
		return 0
	}
	if ids, i := m.con.PointIDs(), m.lists[breakpointsView].cursor; i < len(ids) {
		return ids[i]
	}
	return 0
}

// focusView is the view that has the keys; -1 for none.
func (m *Model) focusView() viewID { return m.viewAt(m.focus) }

// viewAt is the view that a place shows; -1 for none.
func (m *Model) viewAt(at place) viewID {
	if at == lowerPlace || at == sidePlace {
		return m.shown[at]
	}
	return -1
}

func (m *Model) toggleEnabled() tea.Cmd {
	id := m.selectedBreak()
	if id == 0 {
		return m.toggleBreak()
	}
	for _, b := range m.con.Debugger().Breakpoints() {
		if b.ID == id && b.Disabled {
			return m.execute(fmt.Sprintf("enable %d", id))
		}
	}
	for _, w := range m.con.Debugger().Watchpoints() {
		if w.ID == id && w.Disabled {
			return m.execute(fmt.Sprintf("enable %d", id))
		}
	}
	return m.execute(fmt.Sprintf("disable %d", id))
}

func (m *Model) deleteSelected() tea.Cmd {
	if m.focusView() == bookmarksView {
		if list := m.con.Debugger().Bookmarks(); m.lists[bookmarksView].cursor < len(list) {
			return m.execute("unmark " + list[m.lists[bookmarksView].cursor].Name)
		}
		return nil
	}
	if id := m.selectedBreak(); id != 0 {
		return m.execute(fmt.Sprintf("delete %d", id))
	}
	m.message = say(hint, "the cursor is on no breakpoint")
	return nil
}

// enter does what the view says for the line with the cursor.
func (m *Model) enter() tea.Cmd {
	v := m.focusView()
	if v < 0 || views()[v].enter == nil {
		m.message = say(hint, "Enter goes somewhere in calls, backtrace, breaks, events and bookmarks; Tab chooses the pane")
		return nil
	}
	if command := views()[v].enter(m, m.lists[v].cursor); command != "" {
		return m.execute(command)
	}
	return nil
}

// toEvent travels to the event before or after here.
func (m *Model) toEvent(d int) tea.Cmd {
	here := m.con.Debugger().Position()
	events := m.con.Debugger().Events()
	found := -1
	for i, e := range events {
		if d < 0 && e.Position.Before(here) {
			found = i
		}
		if d > 0 && here.Before(e.Position) {
			found = i
			break
		}
	}
	if found < 0 {
		m.message = say(hint, "no event is known there")
		return nil
	}
	return m.execute(fmt.Sprintf("goto event %d", found+1))
}

func (m *Model) nextCodeMode() tea.Cmd {
	m.code.mode = (m.code.mode + 1) % codeModes
	m.code.rows = nil
	return nil
}

// center shows where execution stands.
func (m *Model) center() tea.Cmd {
	m.code.follow()
	m.source.follow()
	m.focus = codePlace
	return nil
}

func (m *Model) memoryPrompt() tea.Cmd {
	m.prompt.start("memory ", false)
	return nil
}

// showMemory shows the memory at an address.
func (m *Model) showMemory(text string) tea.Cmd {
	addr, err := m.con.Address(strings.TrimSpace(text))
	if err != nil {
		m.message = say(alarm, err.Error())
		return nil
	}
	m.memory.addr, m.memory.chosen = addr, true
	m.show(memoryView)
	return nil
}

func (m *Model) searchPrompt() tea.Cmd {
	m.prompt.start("", true)
	return nil
}

// searchAgain moves the cursor to the next line that holds the text sought, beginning anew at the end.
func (m *Model) searchAgain() tea.Cmd {
	if m.sought == "" {
		return nil
	}
	if code := m.codeAt(m.focus); code != nil {
		m.searchCode(code)
		return nil
	}
	v, l := m.focusView(), &m.stack
	var text content
	switch {
	case m.focus == stackPlace:
		text = all(m.stackLines(stackWords))
	case v == memoryView || v < 0:
		m.message = say(hint, "memory is not searched here")
		return nil
	default:
		text, l = m.viewLines(v), &m.lists[v]
	}
	for i := 1; i <= text.n; i++ {
		at := (l.cursor + i) % text.n
		if strings.Contains(text.line(at).String(), m.sought) {
			l.tail = false
			l.cursor = at
			return nil
		}
	}
	m.message = say(alarm, fmt.Sprintf("%q is not here", m.sought))
	return nil
}

func (m *Model) searchCode(p *codePane) {
	from := p.index()
	for i := 1; i <= len(p.rows); i++ {
		at := (from + i) % len(p.rows)
		if row := p.rows[at]; strings.Contains(row.line.String(), m.sought) {
			p.moved = true
			if row.number > 0 {
				p.source = row.number
			} else {
				p.cursor = row.addr
			}
			return
		}
	}
	m.message = say(alarm, fmt.Sprintf("%q is not in the code shown", m.sought))
}
