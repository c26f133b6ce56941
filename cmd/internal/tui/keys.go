// SPDX-License-Identifier: BSD-3-Clause
// The keys: one table for what they do and what "?" says. They are those of gdb's single-key mode where that has one; the capital letter
// goes the same way back in time.

package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// binding is a key, or several that do the same.
type binding struct {
	keys    []string // as bubbletea names them
	label   string   // as help shows them; "": the first key
	help    string
	hint    string // a word for the bottom line; "": not there
	command string // what it executes, or
	do      func(m *Model) tea.Cmd
	group   string
}

// bindings are all keys outside the command line.
func bindings() []binding {
	const moving, back, looking, editing, screen = "Moving", "Moving back in time", "Looking", "Breakpoints and time", "The screen"
	list := []binding{
		{keys: []string{"s"}, command: "step", help: "to the next source line, entering calls", hint: "step", group: moving},
		{keys: []string{"n"}, command: "next", help: "to the next source line, calls as one", hint: "next", group: moving},
		{keys: []string{"i"}, command: "stepi", help: "one instruction", hint: "stepi", group: moving},
		{keys: []string{"o"}, command: "nexti", help: "one instruction, a call as one", group: moving},
		{keys: []string{"f"}, command: "finish", help: "until the function returns", hint: "finish", group: moving},
		{keys: []string{"c"}, command: "continue", help: "to the next breakpoint or event", hint: "continue", group: moving},
		{keys: []string{"r"}, command: "run", help: "to the end", group: moving},
		{keys: []string{"."}, do: (*Model).toCursor, help: "to the line with the cursor", group: moving},

		{keys: []string{"S"}, command: "reverse-step", help: "back to the previous source line, entering calls", group: back},
		{keys: []string{"N"}, command: "reverse-next", help: "back to the previous source line, calls as one", group: back},
		{keys: []string{"I"}, command: "reverse-stepi", help: "one instruction back", hint: "back", group: back},
		{keys: []string{"O"}, command: "reverse-nexti", help: "one instruction back, a call as one", group: back},
		{keys: []string{"F"}, command: "reverse-finish", help: "back to where the function was called", group: back},
		{keys: []string{"C"}, command: "reverse-continue", help: "back to the previous breakpoint or event", group: back},
		{keys: []string{"R"}, command: "start", help: "back to the start of history", group: back},
		{keys: []string{","}, do: (*Model).backToCursor, help: "back to the line with the cursor", group: back},

		{keys: []string{"u"}, command: "up", help: "select the caller", group: looking},
		{keys: []string{"d"}, command: "down", help: "select the function called", group: looking},
		{keys: []string{"w"}, do: showing(backtraceView), help: "where: the backtrace", group: looking},
		{keys: []string{"v"}, do: showing(localsView), help: "the variables of the frame", group: looking},
		{keys: []string{"e"}, command: "explain", help: "explain the next instruction in full", group: looking},
		{keys: []string{"p"}, do: prompting("print "), help: "print an expression", group: looking},
		{keys: []string{"x"}, do: (*Model).memoryPrompt, help: "show memory at an address", group: looking},
		{keys: []string{"="}, do: prompting("set "), help: "change a register or memory", group: looking},

		{keys: []string{"b"}, do: (*Model).toggleBreak, help: "set or delete a breakpoint at the cursor", hint: "break", group: editing},
		{keys: []string{"space"}, do: (*Model).toggleEnabled, help: "switch the breakpoint with the cursor on or off", group: editing},
		{keys: []string{"delete"}, do: (*Model).deleteSelected, help: "delete the breakpoint or bookmark with the cursor", group: editing},
		{keys: []string{"m"}, command: "bookmark", help: "bookmark this position", group: editing},
		{keys: []string{"g"}, do: prompting("goto "), help: "travel to a count, a bookmark, an event", group: editing},
		{keys: []string{"<"}, do: func(m *Model) tea.Cmd { return m.toEvent(-1) }, help: "to the event before here", group: editing},
		{keys: []string{">"}, do: func(m *Model) tea.Cmd { return m.toEvent(1) }, help: "to the event after here", group: editing},
		{keys: []string{"enter"}, do: (*Model).enter, help: "go to what the cursor is on: event, call, frame, bookmark, breakpoint", group: editing},

		{keys: []string{"tab"}, do: func(m *Model) tea.Cmd { return m.focusNext(1) }, help: "give the keys to the next pane", group: screen},
		{keys: []string{"shift+tab"}, do: func(m *Model) tea.Cmd { return m.focusNext(-1) }, help: "give the keys to the pane before", group: screen},
		{keys: []string{"]"}, do: func(m *Model) tea.Cmd { m.cycle(1); return nil }, help: "the next view below", group: screen},
		{keys: []string{"["}, do: func(m *Model) tea.Cmd { m.cycle(-1); return nil }, help: "the view before", group: screen},
		{keys: []string{"a"}, do: (*Model).nextCodeMode, help: "source with instructions, instructions, source", group: screen},
		{keys: []string{"l"}, do: (*Model).center, help: "show where execution stands", group: screen},
		{keys: []string{"/"}, do: (*Model).searchPrompt, help: "search in the pane", group: screen},
		{keys: []string{"*"}, do: (*Model).searchAgain, help: "search for it again", group: screen},
		{keys: []string{"up", "k"}, label: "up k", do: moving_(-1), help: "a line up", group: screen},
		{keys: []string{"down", "j"}, label: "down j", do: moving_(1), help: "a line down", group: screen},
		{keys: []string{"pgup", "ctrl+b"}, label: "pgup ^B", do: paging(-1), help: "a page up", group: screen},
		{keys: []string{"pgdown", "ctrl+f"}, label: "pgdown ^F", do: paging(1), help: "a page down", group: screen},
		{keys: []string{"home"}, do: moving_(-1 << 30), help: "to the first line", group: screen},
		{keys: []string{"end"}, do: moving_(1 << 30), help: "to the last line", group: screen},
		{keys: []string{"left"}, do: func(m *Model) tea.Cmd { return m.shift(-1) }, help: "the text of the pane back to the right", group: screen},
		{keys: []string{"right"}, do: func(m *Model) tea.Cmd { return m.shift(1) }, help: "the text of the pane to the left: what is cut off", group: screen},
		{keys: []string{"ctrl+l"}, do: func(*Model) tea.Cmd { return tea.ClearScreen }, label: "^L", help: "draw the screen anew", group: screen},
		{keys: []string{":"}, do: prompting(""), help: "type a command; Tab completes, up and down recall", hint: "command", group: screen},
		{keys: []string{"?", "f1"}, label: "? F1", do: (*Model).openHelp, help: "this help", hint: "help", group: screen},
		{keys: []string{"q"}, command: "quit", help: "quit", hint: "quit", group: screen},
	}
	for i, v := range views() {
		if v.key != "" {
			list = append(list, binding{keys: []string{v.key}, do: showing(viewID(i)), help: v.about, group: "Views"})
		}
	}
	return list
}

// name is the key as help shows it.
func (b *binding) name() string {
	if b.label != "" {
		return b.label
	}
	return b.keys[0]
}

func showing(v viewID) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		m.show(v)
		return nil
	}
}

func prompting(text string) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		m.prompt.start(text, false)
		return nil
	}
}

func moving_(d int) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		m.scroll(m.focus, d)
		return nil
	}
}

func paging(d int) func(*Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		m.scroll(m.focus, d*max(1, m.layout.body[m.focus].h-1))
		return nil
	}
}

// key takes a key press.
func (m *Model) key(msg tea.KeyPressMsg) tea.Cmd {
	name := msg.String()
	switch {
	case m.busy != nil:
		m.busyKey(msg)
		return nil
	case m.help != nil:
		m.helpKey(name)
		return nil
	case m.prompt.open:
		return m.promptKey(msg)
	}
	m.message = nil
	if name == "ctrl+c" {
		m.message = say(hint, "q quits")
		return nil
	}
	for _, b := range bindings() {
		if !slices.Contains(b.keys, name) {
			continue
		}
		if b.do != nil {
			return b.do(m)
		}
		return m.execute(b.command)
	}
	if name != "esc" {
		m.message = say(hint, fmt.Sprintf("%s does nothing here; ? lists the keys", name))
	}
	return nil
}

// busyKey takes a key while a command is under way: one stops it, the others wait for its end.
func (m *Model) busyKey(msg tea.KeyPressMsg) {
	const most = 100
	switch name := msg.String(); {
	case name == "esc" || name == "ctrl+c":
		m.busy.stopAsked, m.ahead = true, nil
		m.con.Interrupt()
	case len(m.ahead) < most:
		m.ahead = append(m.ahead, msg)
	}
}

func (m *Model) promptKey(msg tea.KeyPressMsg) tea.Cmd {
	search := m.prompt.search
	text, done := m.prompt.key(msg, m.con.Complete)
	switch {
	case !done:
		return nil
	case search:
		m.sought = text
		return m.searchAgain()
	case strings.TrimSpace(text) == "":
		return nil
	}
	return m.command(text)
}

// command executes a line that was typed. Commands about the screen itself are done here.
func (m *Model) command(text string) tea.Cmd {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch name {
	case "view":
		for i, v := range views() {
			if v.name == strings.TrimSpace(rest) {
				m.show(viewID(i))
				return nil
			}
		}
		m.message = say(alarm, fmt.Sprintf("view: there is no view %q", rest))
		return nil
	case "memory":
		return m.showMemory(rest)
	}
	return m.execute(text)
}

// shortHints are the most used keys, as many as fit.
func shortHints(w int) string {
	text := ""
	for _, b := range bindings() {
		if b.hint == "" {
			continue
		}
		next := b.keys[0] + " " + b.hint
		if len(text)+2+len(next) > w {
			break
		}
		if text != "" {
			text += "  "
		}
		text += next
	}
	return text
}
