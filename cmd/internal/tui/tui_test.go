// SPDX-License-Identifier: BSD-3-Clause
// The screen through a headless terminal: pictures of every view and dialog at three sizes, every key, the mouse, the command line.

package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/vt"
	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/console"
	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/golden"
	"ring0/cmd/internal/session"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// modules is where the test modules and their sources are.
const modules = "../../../testdata/modules"

// screen is a debugger in front of a headless terminal. Commands end before press returns.
type screen struct {
	t    testing.TB
	m    *Model
	con  *console.Console
	term *vt.Emulator
	quit bool
}

// debug opens a module at its init.
func debug(t testing.TB, w, h int, module string, parameters ...string) *screen {
	t.Helper()
	progress, report := NewProgress()
	con, err := console.Start(debugger.Config{
		Session:  session.Config{Modules: []session.Module{{File: filepath.Join(modules, module), Parameters: parameters}}, Rmmod: true},
		Progress: report,
	}, modules)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, con.Close()) })
	require.NoError(t, con.ToFirstInit())
	m := New(con, progress, Options{Unicode: true, Colour: true, Title: module})
	m.wait = func() tea.Cmd { return nil }
	s := &screen{t: t, m: m, con: con, term: vt.NewEmulator(w, h)}
	s.send(tea.WindowSizeMsg{Width: w, Height: h})
	return s
}

// send gives a message to the model and does what it asks for.
func (s *screen) send(msg tea.Msg) {
	_, cmd := s.m.Update(msg)
	s.do(cmd)
}

func (s *screen) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			s.do(c)
		}
	case tea.QuitMsg:
		s.quit = true
	default:
		s.send(msg)
	}
}

// special are the keys that are no characters.
var special = map[string]tea.Key{
	"enter": {Code: tea.KeyEnter}, "tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift}, "esc": {Code: tea.KeyEscape},
	"left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
	"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "delete": {Code: tea.KeyDelete}, "backspace": {Code: tea.KeyBackspace},
	"space": {Code: tea.KeySpace, Text: " "}, "f1": {Code: tea.KeyF1}, "ctrl+b": {Code: 'b', Mod: tea.ModCtrl},
	"ctrl+f": {Code: 'f', Mod: tea.ModCtrl}, "ctrl+l": {Code: 'l', Mod: tea.ModCtrl}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl},
}

// press presses keys by name.
func (s *screen) press(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		key, ok := special[k]
		if !ok {
			require.Len(s.t, []rune(k), 1, "no key is called %q", k)
			key = tea.Key{Code: []rune(k)[0], Text: k}
		}
		s.send(tea.KeyPressMsg(key))
	}
}

// command types a command line.
func (s *screen) command(text string) {
	s.t.Helper()
	s.press(":")
	for _, r := range text {
		s.press(map[bool]string{true: "space", false: string(r)}[r == ' '])
	}
	s.press("enter")
}

// text is what the terminal shows.
func (s *screen) text() string {
	_, err := s.term.WriteString("\x1b[H\x1b[2J" + strings.ReplaceAll(s.m.View().Content, "\n", "\r\n"))
	require.NoError(s.t, err)
	var b strings.Builder
	for y := range s.term.Height() {
		var row strings.Builder
		for x := 0; x < s.term.Width(); {
			c := s.term.CellAt(x, y)
			if c == nil || c.Content == "" {
				row.WriteByte(' ')
				x++
				continue
			}
			row.WriteString(c.Content)
			x += max(1, c.Width)
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return b.String()
}

// golden compares the screen with a file.
func (s *screen) golden(name string) {
	s.t.Helper()
	file := filepath.Join("testdata", fmt.Sprintf("%s-%dx%d.txt", name, s.term.Width(), s.term.Height()))
	got := golden.Mask(s.text())
	if *update {
		require.NoError(s.t, os.MkdirAll("testdata", 0o755))
		require.NoError(s.t, os.WriteFile(file, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(s.t, err)
	require.Equal(s.t, string(want), got, "%s; -update writes it anew", file)
}

func (s *screen) at() string { return s.con.Debugger().Position().String() }

// sizes are the sizes of the golden screens.
var sizes = [][2]int{{80, 24}, {120, 40}, {200, 50}}

func TestGoldenScreens(t *testing.T) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			s := debug(t, size[0], size[1], "source_dwarf4.o")
			s.golden("start")
			s.press("b", "n", "n", "s", "m")
			s.command("watch counter")
			s.command("memory &counter")
			for i, v := range views() {
				s.command("view " + v.name)
				require.Equal(t, viewID(i), s.m.shown[lowerPlace], v.name)
				s.golden("view-" + v.name)
			}
			s.press("a")
			s.golden("instructions")
			s.press("a")
			s.golden("source")
			s.press("?")
			s.golden("help")
			s.press("pgdown")
			s.golden("help-more")
			s.press("esc", ":")
			for _, r := range "reverse-" {
				s.press(string(r))
			}
			s.press("tab", "tab")
			s.golden("completion")
			s.press("esc", "c")
			s.golden("stopped-again")
			s.press("r")
			s.golden("ended")
		})
	}
}

func TestGoldenWithoutDebugInfo(t *testing.T) {
	for _, size := range sizes {
		s := debug(t, size[0], size[1], "oops.o")
		s.press("c")
		s.golden("oops")
	}
}

// Without colour nothing but bold, faint, reverse and underline is used; without Unicode every character is ASCII.
func TestPlainTerminals(t *testing.T) {
	s := debug(t, 100, 30, "source_dwarf4.o")
	s.press("b", "n", "2", "m")
	require.Regexp(t, `\x1b\[[0-9;]*3[0-7]m`, s.m.View().Content)

	s.m.theme = newTheme(false, true)
	s.m.screen = nil
	require.NotRegexp(t, `\x1b\[([0-9;]*;)?[34][0-9](;[0-9;]*)?m`, s.m.View().Content)

	s.m.theme = newTheme(false, false)
	s.m.screen = nil
	for _, r := range s.m.View().Content {
		require.True(t, r < 0x80, "%q is not ASCII", r)
	}
	s.press("?")
	for _, r := range s.m.View().Content {
		require.True(t, r < 0x80, "%q is not ASCII", r)
	}
}

// keyTests press every key of the table; each says what must be different afterwards.
func keyTests() map[string]func(t *testing.T, s *screen) {
	moves := func(keys ...string) func(*testing.T, *screen) {
		return func(t *testing.T, s *screen) {
			before := s.at()
			s.press(keys...)
			require.NotEqual(t, before, s.at())
		}
	}
	opens := func(key, text string) func(*testing.T, *screen) {
		return func(t *testing.T, s *screen) {
			s.press(key)
			require.True(t, s.m.prompt.open)
			require.Equal(t, text, s.m.prompt.input.Value())
		}
	}
	shows := func(key string, v viewID) func(*testing.T, *screen) {
		return func(t *testing.T, s *screen) {
			s.press(key)
			require.Equal(t, v, s.m.shown[lowerPlace])
		}
	}
	scrolls := func(key string, start, d int) func(*testing.T, *screen) {
		return func(t *testing.T, s *screen) {
			s.m.focus = lowerPlace
			s.m.show(extableView)
			s.m.lists[extableView].cursor = start
			s.press(key)
			n := s.m.viewLines(extableView).n
			require.Equal(t, max(0, min(start+d, n-1)), s.m.lists[extableView].cursor)
		}
	}
	list := map[string]func(*testing.T, *screen){
		"S": func(t *testing.T, s *screen) { s.press("s", "s"); moves("S")(t, s) },
		"N": func(t *testing.T, s *screen) { s.press("n", "n"); moves("N")(t, s) },
		"I": moves("I"), "O": moves("O"), "F": moves("F"), "C": moves("C"), "R": moves("R"),
		".": func(t *testing.T, s *screen) { moves("down", "down", ".")(t, s) },
		",": func(t *testing.T, s *screen) {
			s.press("i", "i", "i", "up", "up")
			moves(",")(t, s)
		},
		"u": func(t *testing.T, s *screen) { s.press("u"); require.Equal(t, 1, s.con.Selected().Level) },
		"d": func(t *testing.T, s *screen) { s.press("u", "u", "d"); require.Equal(t, 1, s.con.Selected().Level) },
		"w": shows("w", backtraceView), "v": shows("v", localsView),
		"e": func(t *testing.T, s *screen) { s.press("e"); require.Contains(t, transcript(s), ": explain") },
		"p": opens("p", "print "), "x": opens("x", "memory "), "=": opens("=", "set "), "g": opens("g", "goto "), ":": opens(":", ""),
		"b": func(t *testing.T, s *screen) {
			s.press("b")
			require.Len(t, s.con.Debugger().Breakpoints(), 1)
			s.press("b")
			require.Empty(t, s.con.Debugger().Breakpoints())
		},
		"space": func(t *testing.T, s *screen) {
			s.press("b", "space")
			require.True(t, s.con.Debugger().Breakpoints()[0].Disabled)
			s.press("space")
			require.False(t, s.con.Debugger().Breakpoints()[0].Disabled)
		},
		"delete": func(t *testing.T, s *screen) {
			s.press("b", "delete")
			require.Empty(t, s.con.Debugger().Breakpoints())
		},
		"m": func(t *testing.T, s *screen) { s.press("m"); require.Len(t, s.con.Debugger().Bookmarks(), 1) },
		"<": moves("<"), ">": func(t *testing.T, s *screen) { s.press("r", "<", "<", "<"); moves(">")(t, s) },
		"enter": func(t *testing.T, s *screen) {
			s.press("0")
			s.m.focus = lowerPlace
			s.press("home")
			moves("enter")(t, s)
		},
		"tab":       func(t *testing.T, s *screen) { s.press("tab"); require.NotEqual(t, codePlace, s.m.focus) },
		"shift+tab": func(t *testing.T, s *screen) { s.press("shift+tab"); require.Equal(t, lowerPlace, s.m.focus) },
		"]":         shows("]", callsView), "[": shows("[", allRegistersView),
		"a": func(t *testing.T, s *screen) { s.press("a"); require.Equal(t, instructionsOnly, s.m.code.mode) },
		"l": func(t *testing.T, s *screen) {
			s.press("down", "down", "l")
			s.text()
			require.Equal(t, s.con.PC(), s.m.code.cursor)
		},
		"/": func(t *testing.T, s *screen) { s.press("/"); require.True(t, s.m.prompt.search) },
		"*": func(t *testing.T, s *screen) {
			s.text()
			s.press("/", "c", "a", "l", "l", "enter")
			first := s.m.code.cursor
			s.press("*")
			require.NotEqual(t, first, s.m.code.cursor)
		},
		"up": scrolls("up", 5, -1), "k": scrolls("k", 5, -1), "down": scrolls("down", 5, 1), "j": scrolls("j", 5, 1),
		"home": scrolls("home", 5, -5), "end": scrolls("end", 2, 1000), "pgup": scrolls("pgup", 30, -5), "ctrl+b": scrolls("ctrl+b", 30, -5),
		"pgdown": scrolls("pgdown", 1, 5), "ctrl+f": scrolls("ctrl+f", 1, 5),
		"ctrl+l": func(t *testing.T, s *screen) {
			before := s.text()
			s.press("ctrl+l")
			require.Equal(t, before, s.text())
		},
		"right": func(t *testing.T, s *screen) {
			s.press("r", "1", "tab", "end", "right")
			require.Equal(t, 8, s.m.shifted[lowerPlace])
			require.NotContains(t, s.text(), "<4>source")
		},
		"left": func(t *testing.T, s *screen) {
			s.press("r", "1", "tab", "right", "left", "left")
			require.Contains(t, s.text(), "<4>source")
		},
		"?":  func(t *testing.T, s *screen) { s.press("?"); require.NotNil(t, s.m.help) },
		"f1": func(t *testing.T, s *screen) { s.press("f1"); require.NotNil(t, s.m.help) },
		"q":  func(t *testing.T, s *screen) { s.press("q"); require.True(t, s.quit) },
	}
	for _, k := range []string{"s", "n", "i", "o", "f", "c", "r"} {
		list[k] = moves(k)
	}
	for i, v := range views() {
		if v.key != "" {
			list[v.key] = shows(v.key, viewID(i))
		}
	}
	return list
}

// transcript is the text of the console view.
func transcript(s *screen) string {
	var b strings.Builder
	for _, l := range s.m.transcript {
		b.WriteString(l.String() + "\n")
	}
	return b.String()
}

func TestEveryKey(t *testing.T) {
	tests := keyTests()
	for _, b := range bindings() {
		for _, k := range b.keys {
			require.Contains(t, tests, k, "no test presses %q", k)
			t.Run(k, func(t *testing.T) { tests[k](t, debug(t, 80, 24, "source_dwarf4.o")) })
		}
	}
}

func TestKeysAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range bindings() {
		for _, k := range b.keys {
			require.False(t, seen[k], "%q twice", k)
			seen[k] = true
			require.NotEmpty(t, b.help)
		}
	}
	help := ""
	for _, l := range helpLines() {
		help += l.String() + "\n"
	}
	for _, b := range bindings() {
		require.Contains(t, help, b.name())
	}
}

func TestMouse(t *testing.T) {
	s := debug(t, 120, 40, "source_dwarf4.o")
	click := func(x, y int) { s.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}) }
	s.text()
	body := s.m.layout.body[codePlace]
	row := s.m.code.index() - s.m.code.top
	click(0, body.y+row)
	require.Len(t, s.con.Debugger().Breakpoints(), 1, "a click on the gutter")
	click(10, body.y+row+1)
	require.NotEqual(t, s.con.PC(), s.m.code.cursor)
	lower := s.m.layout.body[lowerPlace]
	tab := strings.Index(s.m.tabLine(lowerPlace, focus).String(), "2:")
	click(2+tab, lower.y-1)
	require.Equal(t, callsView, s.m.shown[lowerPlace])
	require.Equal(t, lowerPlace, s.m.focus)
	s.press("r")
	end := s.at()
	click(60, s.m.layout.bar)
	require.NotEqual(t, end, s.at(), "a click on the timeline travels")
	s.m.show(extableView)
	s.send(tea.MouseWheelMsg{X: 5, Y: lower.y + 1, Button: tea.MouseWheelDown})
	s.text()
	require.NotZero(t, s.m.lists[extableView].top)
	s.press("?")
	click(1, 1)
	require.Nil(t, s.m.help)
}

func TestCommandLine(t *testing.T) {
	s := debug(t, 100, 30, "source_dwarf4.o")
	s.command("print counter")
	require.Contains(t, transcript(s), ": print counter\n")
	s.press(":", "up")
	require.Equal(t, "print counter", s.m.prompt.input.Value())
	s.press("esc")
	s.press(":", "d", "i", "s", "a", "s", "tab")
	require.Equal(t, "disassemble ", s.m.prompt.input.Value())
	s.press("esc")
	s.command("nonsense")
	require.Contains(t, s.text(), "is no command")
	s.command("memory counter")
	require.Equal(t, memoryView, s.m.shown[lowerPlace])
	s.command("view nowhere")
	require.Contains(t, s.text(), "no view")
	s.press("Z")
	require.Contains(t, s.text(), "does nothing")
}

// Every size from nothing up is drawn without a crash and fits the screen.
func TestResize(t *testing.T) {
	s := debug(t, 80, 24, "source_dwarf4.o")
	for _, size := range [][2]int{{1, 1}, {10, 3}, {59, 24}, {60, 15}, {60, 16}, {61, 17}, {80, 24}, {100, 20}, {159, 60}, {160, 18}, {300, 100}} {
		s.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		for p := range s.m.layout.body {
			s.m.focus = place(p)
			s.m.screen = nil
			rows := strings.Split(s.m.draw().String(), "\n")
			require.Equal(t, size[1], len(rows)-1, "%v", size)
		}
		s.m.focus = codePlace
	}
	s.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	s.press("n")
	require.Contains(t, s.text(), "registers")
}

// Keys typed while a command runs wait for its end.
func TestTypingAhead(t *testing.T) {
	s := debug(t, 80, 24, "source_dwarf4.o")
	before := s.con.Debugger().Position().Count
	_, cmd := s.m.Update(tea.KeyPressMsg{Code: 'i', Text: "i"})
	s.press("i", ":", "p", "o", "s", "i", "enter", "i")
	require.Equal(t, before, s.con.Debugger().Position().Count, "nothing has run yet")
	s.do(cmd)
	require.Equal(t, before+3, s.con.Debugger().Position().Count)
	require.Contains(t, transcript(s), ": posi\n")
	require.Nil(t, s.m.busy)
}

// A long run shows how far it has come, and stops on Esc, which forgets what was typed ahead.
func TestLongRunStops(t *testing.T) {
	s := debug(t, 80, 24, "spin.o")
	s.text()
	s.m.wait = func() tea.Cmd { return func() tea.Msg { return nil } }
	_, cmd := s.m.Update(tea.KeyPressMsg{Code: 'r', Text: "r"})
	batch, ok := cmd().(tea.BatchMsg)
	require.True(t, ok)
	done := make(chan tea.Msg)
	go func() { done <- batch[0]() }()
	for s.m.progress.at.Load() == nil {
	}
	require.Contains(t, s.text(), "running: run")
	s.term.Resize(100, 30)
	s.send(tea.WindowSizeMsg{Width: 100, Height: 30})
	require.Contains(t, s.text(), "running: run")
	require.Contains(t, s.text(), "init_module", "the last picture stays, in another size too")
	s.press("i")
	require.NotNil(t, s.m.busy)
	s.press("esc")
	s.send(<-done)
	require.Nil(t, s.m.busy)
	require.Contains(t, s.text(), "interrupted")
	require.Empty(t, s.m.ahead)
}

// What a guest writes cannot reach the terminal's own controls.
func TestHostileText(t *testing.T) {
	c := newCanvas(20, 1, newTheme(true, true))
	c.put(0, 0, 20, say(plain, "a\x1b[31mb\x07\u202e\xffc日本"))
	require.Equal(t, "a.[31mb...c日本\n", c.String())
	for w := range 12 {
		text := "a\xff日本\xe6b"
		require.LessOrEqual(t, textWidth(prefix(text, w)), w)
	}
	require.False(t, slices.ContainsFunc([]rune(c.render()), func(r rune) bool { return r == 7 || r == 0x202e }))
}

// The view that is shown can be told on every screen, also where not all names fit.
func TestShownView(t *testing.T) {
	for _, w := range []int{60, 80, 120, 200} {
		s := debug(t, w, 24, "source_dwarf4.o")
		for _, v := range views() {
			s.command("view " + v.name)
			title := strings.Split(s.text(), "\n")[s.m.layout.body[lowerPlace].y-1]
			require.Regexp(t, `\[(\d:)?`+v.name+`\]`, title, "width %d", w)
		}
	}
}

// What was read before an edit, or in the other syntax, does not stay.
func TestCodeIsFresh(t *testing.T) {
	s := debug(t, 80, 24, "source_dwarf4.o")
	require.Contains(t, s.text(), "▶c880f140 push   esi")
	s.command("set *(unsigned char *) $eip = 0x90")
	require.Contains(t, s.text(), "▶c880f140 nop")
	s.command("syntax att")
	require.Contains(t, s.text(), "mov    $0x3,%eax")
}

// The state is told before the name of what is debugged.
func TestStatusLine(t *testing.T) {
	s := debug(t, 80, 24, "source_dwarf4.o", "crash=1")
	s.m.title = "a/very/long/way/to/some/module/that/is/debugged/here.o crash=1"
	first := func() string { return strings.Split(s.text(), "\n")[0] }
	require.Contains(t, first(), "breakpoint 1: module source_dwarf4")
	s.press("c")
	require.Contains(t, first(), "oops: Oops: 0002 at virtual")
	require.Contains(t, first(), "a/very/")
}

// Without Unicode an explanation's arrow is spelled.
func TestSpelledArrow(t *testing.T) {
	s := debug(t, 200, 24, "source_dwarf4.o", "crash=1")
	s.m.theme = newTheme(false, false)
	s.command("catch exception pf")
	s.press("c")
	require.Contains(t, s.text(), "not mapped => page fault")
}

// A line of memory is a line, however many bytes it has.
func TestMemoryScrolls(t *testing.T) {
	s := debug(t, 160, 40, "source_dwarf4.o")
	s.m.focus = sidePlace
	s.command("memory &label")
	require.Equal(t, memoryView, s.m.shown[sidePlace])
	s.text()
	before := s.m.memory.addr
	s.press("down")
	require.Equal(t, before+8, s.m.memory.addr)
}

// What is typed can be seen where the cursor is, however long it is; pasted text goes there too.
func TestLongCommandLine(t *testing.T) {
	s := debug(t, 80, 24, "source_dwarf4.o")
	s.press(":")
	for range 100 {
		s.press("x")
	}
	s.press("y")
	last := strings.Split(strings.TrimRight(s.text(), "\n"), "\n")[23]
	require.True(t, strings.HasSuffix(last, "xy"), last)
	require.Equal(t, 79, s.m.View().Cursor.X)
	s.press("home")
	s.send(tea.PasteMsg{Content: "print \nmore"})
	require.Contains(t, s.text(), ":print xxx")
	require.Equal(t, 7, s.m.View().Cursor.X)
	s.press("esc", ":")
	for _, r := range "break sour" {
		s.press(map[bool]string{true: "space", false: string(r)}[r == ' '])
	}
	s.press("tab", "7", "7", "enter")
	require.Len(t, s.con.Debugger().Breakpoints(), 1)
}

// The wheel moves what is shown; an answer of several lines is shown whole; Enter says where it goes somewhere.
func TestWheelAndAnswers(t *testing.T) {
	s := debug(t, 80, 24, "oops.o")
	s.press("r", "1")
	s.text()
	lower := s.m.layout.body[lowerPlace]
	top := s.m.lists[logView].top
	s.send(tea.MouseWheelMsg{X: 5, Y: lower.y + 1, Button: tea.MouseWheelUp})
	s.text()
	require.Equal(t, top-3, s.m.lists[logView].top)
	s.send(tea.MouseWheelMsg{X: 5, Y: lower.y + 1, Button: tea.MouseWheelDown})
	require.True(t, s.m.lists[logView].tail)
	s.command("help")
	require.Contains(t, s.text(), "\n: help\n", "a long answer is shown from its beginning")
	s.command("bt 2")
	require.Equal(t, consoleView, s.m.shown[lowerPlace])
	s.press("enter")
	require.Contains(t, s.text(), "Enter goes somewhere in")
}

// A value that is wider than the screen is shown whole, in the console view.
func TestWideAnswer(t *testing.T) {
	s := debug(t, 80, 24, "source_dwarf4.o")
	s.command("print triangle")
	require.Equal(t, consoleView, s.m.shown[lowerPlace])
	require.Contains(t, strings.ReplaceAll(s.text(), "\n", ""), "tiny = -7")
	s.term.Resize(60, 24)
	s.send(tea.WindowSizeMsg{Width: 60, Height: 24})
	require.Contains(t, strings.ReplaceAll(s.text(), "\n", ""), "tiny = -7")
}

// The list of breakpoints goes by number, and so do the keys in it.
func TestBreakpointList(t *testing.T) {
	s := debug(t, 80, 24, "source_dwarf4.o")
	s.command("watch counter")
	s.command("break *0xc880f141")
	s.press("8", "tab", "home", "space")
	require.True(t, s.con.Debugger().Watchpoints()[0].Disabled)
	require.Contains(t, s.text(), "3   *0xc880f141 <init_module+0x1 [source_dwarf4]>\n")
	s.press("down", "enter")
	require.Equal(t, uint32(0xc880f141), s.m.code.cursor)
}

// Registers of the system are marked when they have changed, as the others are.
func TestChangedRegisters(t *testing.T) {
	s := debug(t, 80, 24, "source_dwarf4.o")
	s.command("set $fs = 0x2b")
	marked := func() (list []string) {
		for _, l := range s.m.systemLines() {
			for _, part := range l {
				if part.role == changed {
					list = append(list, part.text)
				}
			}
		}
		return list
	}
	require.Equal(t, []string{"002b"}, marked())
	s.press("i")
	require.Empty(t, marked())
}

// Moving the cursor out of the code shown scrolls by a line.
func TestCodeScrolls(t *testing.T) {
	s := debug(t, 80, 24, "source_dwarf4.o")
	s.text()
	for range s.m.layout.body[codePlace].h {
		s.press("down")
		s.text()
	}
	top := s.m.code.top
	s.press("down")
	s.text()
	require.LessOrEqual(t, s.m.code.top, top+3)
	require.Greater(t, s.m.code.top, top)
}
