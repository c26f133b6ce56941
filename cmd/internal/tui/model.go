// SPDX-License-Identifier: BSD-3-Clause
// Package tui is the full-screen debugger: panes over a console, which it drives by the same commands one can type. It never waits:
// commands run beside it, and while one does the last picture stands and one key stops it.
package tui

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"ring0/cmd/internal/console"
	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/disasm"
)

// Options are how it looks.
type Options struct {
	Colour  bool
	Unicode bool
	Title   string // what is debugged
}

// Model is the debugger's screen.
type Model struct {
	con      *console.Console
	theme    *theme
	title    string
	progress *progress

	layout  layout
	screen  *canvas // the last picture
	focus   place
	shown   [placeCount]viewID // of the places that hold views
	lists   [viewCount]list
	shifted [placeCount]int // columns that a pane's text has gone to the left
	code    codePane
	source  codePane
	stack   list
	memory  memoryPane
	before  [10]uint32 // general registers at the stop before this one
	now     [10]uint32
	past    debugger.Registers // all of them then
	present debugger.Registers
	stopped debugger.Position
	shownPC uint32 // of the frame shown
	changes int    // edits when the code was read
	syntax  disasm.Syntax

	prompt     prompt
	transcript []line // commands and their answers
	message    line   // at the bottom until the next key
	help       *helpPage
	busy       *busy
	wait       func() tea.Cmd    // until the next picture of a command under way
	sought     string            // the text searched for last
	ahead      []tea.KeyPressMsg // typed while a command was under way
}

// busy is a command under way.
type busy struct {
	command   string
	stopAsked bool
}

// progress is what the debuggee's goroutine says of a long move.
type progress struct {
	at atomic.Pointer[debugger.Progress]
}

// Progress returns the callback for debugger.Config; it belongs to the Model made with it.
func NewProgress() (p *progress, report func(debugger.Progress)) {
	p = &progress{}
	return p, func(now debugger.Progress) { p.at.Store(&now) }
}

// New returns the screen of a console that stands at a stop.
func New(con *console.Console, p *progress, o Options) *Model {
	m := &Model{con: con, progress: p, theme: newTheme(o.Colour, o.Unicode), title: o.Title, prompt: newPrompt()}
	m.source.mode = sourceOnly
	m.wait = func() tea.Cmd {
		const often = 100 * time.Millisecond
		return tea.Tick(often, func(time.Time) tea.Msg { return ticked{} })
	}
	m.shown[lowerPlace], m.shown[sidePlace] = logView, callsView
	for _, v := range []viewID{logView, callsView, consoleView, eventsView} {
		m.lists[v].tail = true
	}
	m.arrive()
	m.before, m.past = m.now, m.present
	return m
}

// Init asks for nothing: bubbletea tells the size by itself.
func (m *Model) Init() tea.Cmd { return nil }

// finished is the end of a command.
type finished struct {
	command string
	answer  string
	err     error
}

// ticked asks for a new picture of a command under way.
type ticked struct{}

// Update takes keys, the mouse, sizes, and ends of commands.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case tea.PasteMsg:
		if m.prompt.open {
			m.prompt.paste(msg.Content)
		}
	case tea.MouseMsg:
		return m, m.mouse(msg)
	case finished:
		return m, m.finish(msg)
	case ticked:
		if m.busy != nil {
			if m.busy.stopAsked { // a command that was about to begin did not hear it
				m.con.Interrupt()
			}
			return m, m.wait()
		}
	}
	return m, nil
}

func (m *Model) resize(w, h int) {
	m.layout = newLayout(max(w, minWidth), max(h, minHeight))
	m.layout.w, m.layout.h = w, h
	if !m.layout.shown(m.focus) {
		m.focus = codePlace
	}
	old := m.screen
	m.screen = nil
	if m.busy != nil && old != nil { // the debuggee cannot be looked at now: as much of the last picture as there is
		m.screen = newCanvas(w, h, m.theme)
		for y := range min(h, old.h) - 1 {
			copy(m.screen.cells[y*w:(y+1)*w], old.cells[y*old.w:(y+1)*old.w])
		}
	}
}

// execute starts a command.
func (m *Model) execute(command string) tea.Cmd {
	if m.busy != nil {
		return nil
	}
	m.busy = &busy{command: command}
	m.message = nil
	m.progress.at.Store(nil)
	run := func() tea.Msg {
		answer, err := m.con.Exec(command)
		return finished{command, answer, err}
	}
	return tea.Batch(run, m.wait())
}

// finish takes the answer of a command.
func (m *Model) finish(f finished) tea.Cmd {
	m.busy = nil
	start := len(m.transcript)
	m.transcript = append(m.transcript, say(keyword, ": "+f.command))
	m.transcript = append(m.transcript, lines(plain, f.answer)...)
	m.message = lastLine(f.answer)
	if f.err != nil {
		m.message = say(alarm, f.err.Error())
		m.transcript = append(m.transcript, m.message)
	}
	const kept = 5000
	if n := len(m.transcript); n > kept {
		m.transcript = m.transcript[n-kept:]
		start = max(0, start-(n-kept))
	}
	if m.con.Done() {
		return tea.Quit
	}
	m.arrive()
	if (strings.Count(f.answer, "\n") > 1 || textWidth(f.answer) > m.layout.w) && !m.con.Moved() {
		m.show(consoleView)
	}
	m.showAnswer(start)
	return m.typedAhead()
}

// showAnswer has the console view show the last answer: its end, or of one that is longer than the view its beginning.
func (m *Model) showAnswer(start int) {
	l, answer := &m.lists[consoleView], len(m.wrapped(m.transcript[start:]))
	if l.tail = answer <= m.layout.body[m.consolePlace()].h; !l.tail {
		l.top = len(m.wrapped(m.transcript)) - answer
		l.cursor = l.top
	}
}

// consolePlace is where the console view is, or will be.
func (m *Model) consolePlace() place {
	if m.shown[sidePlace] == consoleView && m.layout.shown(sidePlace) {
		return sidePlace
	}
	return lowerPlace
}

// wrapped are lines that fit the console view, long ones in several.
func (m *Model) wrapped(list []line) (out []line) {
	w := m.layout.body[m.consolePlace()].w
	for _, l := range list {
		for ; w > 0 && l.width() > w; l = l.without(w) {
			out = append(out, l.first(w))
		}
		out = append(out, l)
	}
	return out
}

// typedAhead takes the keys typed meanwhile, up to one that starts another command.
func (m *Model) typedAhead() tea.Cmd {
	for len(m.ahead) > 0 && m.busy == nil {
		next := m.ahead[0]
		m.ahead = m.ahead[1:]
		if cmd := m.key(next); cmd != nil {
			return cmd
		}
	}
	return nil
}

// lastLine is the line of an answer that says most: the first one.
func lastLine(answer string) line {
	first, _, _ := strings.Cut(answer, "\n")
	if first == "" {
		return nil
	}
	return say(plain, strings.TrimSpace(first))
}

// arrive takes notice of where the debuggee stands now.
func (m *Model) arrive() {
	m.screen = nil
	r := m.con.Debugger().View().Registers()
	if at := m.con.Debugger().Position(); at != m.stopped {
		m.before, m.past, m.stopped = m.now, m.present, at
		m.code.follow()
		m.source.follow()
	}
	m.now, m.present = console.General(r), r
	if n := m.con.Debugger().Changes(); n != m.changes || m.syntax != m.con.Syntax() { // the code may read otherwise
		m.changes, m.syntax = n, m.con.Syntax()
		m.code.rows, m.source.rows = nil, nil
	}
	if pc := m.con.SelectedPC(); pc != m.shownPC { // another frame
		m.shownPC = pc
		m.code.follow()
		m.source.follow()
	}
}

// View draws the screen.
func (m *Model) View() tea.View {
	v := tea.NewView(m.draw().render())
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "ring0 " + m.title
	if m.prompt.open {
		v.Cursor = tea.NewCursor(m.prompt.column(m.layout.w), m.layout.h-1)
	}
	return v
}

// draw is the picture: a new one while the debuggee stands still, else the last one with another status line.
func (m *Model) draw() *canvas {
	if m.layout.w == 0 {
		return newCanvas(1, 1, m.theme)
	}
	if m.layout.w < minWidth || m.layout.h < minHeight {
		c := newCanvas(m.layout.w, m.layout.h, m.theme)
		c.put(0, 0, c.w, say(alarm, fmt.Sprintf("ring0 needs %dx%d, this is %dx%d", minWidth, minHeight, c.w, c.h)))
		return c
	}
	if m.busy != nil && m.screen != nil && m.screen.w == m.layout.w && m.screen.h == m.layout.h {
		m.drawStatus(m.screen)
		m.drawPrompt(m.screen)
		return m.screen
	}
	c := newCanvas(m.layout.w, m.layout.h, m.theme)
	if m.busy == nil {
		m.drawPanes(c)
	}
	m.drawStatus(c)
	m.drawPrompt(c)
	if m.help != nil {
		m.help.draw(c)
	}
	m.screen = c
	return c
}
