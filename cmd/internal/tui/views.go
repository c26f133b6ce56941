// SPDX-License-Identifier: BSD-3-Clause
// The views that share the lower part of the screen.

package tui

import (
	"strconv"
	"strings"

	"ring0/cmd/internal/console"
)

// viewID names a view.
type viewID int

const (
	logView viewID = iota
	callsView
	consoleView
	memoryView
	stackView
	backtraceView
	localsView
	breakpointsView
	modulesView
	eventsView
	bookmarksView
	tasksView
	timersView
	interruptsView
	vmallocView
	extableView
	pageView
	allRegistersView
	viewCount
)

// viewRow is a view: its name, the key that shows it, its lines, and the command that Enter gives for the line with the cursor.
type viewRow struct {
	key, name, about string
	lines            func(m *Model) content
	enter            func(m *Model, i int) string
}

// views lists them by viewID.
func views() [viewCount]viewRow {
	return [viewCount]viewRow{
		logView:          {key: "1", name: "log", about: "the kernel's log", lines: text((*console.Console).Log)},
		callsView:        {key: "2", name: "calls", about: "calls of kernel functions, decoded", lines: callLines, enter: enterCall},
		consoleView:      {key: "3", name: "console", about: "commands and their answers", lines: func(m *Model) content { return all(m.wrapped(m.transcript)) }},
		memoryView:       {key: "4", name: "memory", about: "memory at an address"},
		stackView:        {key: "5", name: "stack", about: "the stack with symbols", lines: func(m *Model) content { return all(m.stackLines(stackWords)) }},
		backtraceView:    {key: "6", name: "backtrace", about: "the calls that led here", lines: backtraceLines, enter: enterFrame},
		localsView:       {key: "7", name: "locals", about: "parameters and variables of the frame", lines: localLines},
		breakpointsView:  {key: "8", name: "breaks", about: "breakpoints and watchpoints", lines: breakLines, enter: enterBreak},
		modulesView:      {key: "9", name: "modules", about: "the module list", lines: text((*console.Console).Modules)},
		eventsView:       {key: "0", name: "events", about: "what has happened", lines: eventLines, enter: enterEvent},
		bookmarksView:    {name: "bookmarks", about: "positions with names", lines: text((*console.Console).Bookmarks), enter: enterBookmark},
		tasksView:        {name: "tasks", about: "tasks", lines: text((*console.Console).Tasks)},
		timersView:       {name: "timers", about: "pending timers", lines: text((*console.Console).Timers)},
		interruptsView:   {name: "irqs", about: "interrupt lines and handlers", lines: text((*console.Console).Interrupts)},
		vmallocView:      {name: "vmalloc", about: "vmalloc areas", lines: text((*console.Console).Vmalloc)},
		extableView:      {name: "extable", about: "exception tables, the entry that matches marked", lines: text((*console.Console).ExceptionTables)},
		pageView:         {name: "page", about: "page-table walk of the memory view's address", lines: pageLines},
		allRegistersView: {name: "registers", about: "all registers", lines: text((*console.Console).AllRegisters)},
	}
}

// text makes a view of a console's list. A line that begins with "!" matters.
func text(list func(*console.Console) []string) func(*Model) content {
	return func(m *Model) content {
		lines := list(m.con)
		return content{len(lines), func(i int) line { return say(plain, lines[i]) }}
	}
}

// viewLines are the lines of a view.
func (m *Model) viewLines(v viewID) content {
	if f := views()[v].lines; f != nil {
		return f(m)
	}
	return content{}
}

// show brings a view to the lower place, or to the side one if that has the keys.
func (m *Model) show(v viewID) {
	at := lowerPlace
	if m.focus == sidePlace {
		at = sidePlace
	}
	other := lowerPlace + sidePlace - at
	if m.shown[other] == v {
		m.shown[other] = m.shown[at]
	}
	m.shown[at] = v
}

// cycle shows the next view, or with -1 the one before.
func (m *Model) cycle(d int) {
	at := lowerPlace
	if m.focus == sidePlace {
		at = sidePlace
	}
	m.show((m.shown[at] + viewID(d) + viewCount) % viewCount)
}

// callLines are the calls up to here.
func callLines(m *Model) content {
	calls := m.con.Debugger().Calls()
	return content{len(calls), func(i int) line { return say(plain, console.CallLine(calls[i])) }}
}

// enterCall travels to a call.
func enterCall(m *Model, i int) string {
	calls := m.con.Debugger().Calls()
	if i >= len(calls) {
		return ""
	}
	return "goto " + calls[i].Position.String()
}

func backtraceLines(m *Model) content {
	var out []line
	for _, s := range m.con.Backtrace() {
		r := plain
		if strings.HasPrefix(s, "*") {
			r = heading
		}
		out = append(out, say(r, s))
	}
	return all(out)
}

func enterFrame(_ *Model, i int) string { return "frame " + strconv.Itoa(i) }

func localLines(m *Model) content {
	var out []line
	for _, s := range append(m.con.Arguments(), m.con.Locals()...) {
		name, value, _ := strings.Cut(s, " = ")
		out = append(out, say(symbol, name).add(plain, " = "+value))
	}
	return all(out)
}

func breakLines(m *Model) content { return text((*console.Console).Breakpoints)(m) }

// enterBreak shows the code of a breakpoint.
func enterBreak(m *Model, i int) string {
	ids := m.con.PointIDs()
	for _, b := range m.con.Debugger().Breakpoints() {
		if i < len(ids) && b.ID == ids[i] && len(b.Addrs) > 0 {
			m.code.showAt(b.Addrs[0])
			m.focus = codePlace
		}
	}
	return ""
}

// eventLines mark where the present is.
func eventLines(m *Model) content {
	here := m.con.Debugger().Position()
	events := m.con.Debugger().Events()
	return content{len(events), func(i int) line {
		r := plain
		if here.Before(events[i].Position) {
			r = faint
		}
		return say(r, console.EventLine(i, events[i]))
	}}
}

func enterEvent(m *Model, i int) string {
	if i >= len(m.con.Debugger().Events()) {
		return ""
	}
	return "goto event " + strconv.Itoa(i+1)
}

func enterBookmark(m *Model, i int) string {
	list := m.con.Debugger().Bookmarks()
	if i >= len(list) {
		return ""
	}
	return "goto " + list[i].Name
}

func pageLines(m *Model) content {
	return text(func(c *console.Console) []string { return c.PageWalk(m.memory.addr) })(m)
}
