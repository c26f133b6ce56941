// SPDX-License-Identifier: BSD-3-Clause
// Package console is the debugger's command language: what one types after ":" in the full-screen debugger, what a script
// holds, what gdb's "monitor" passes on. It joins the debugger core with debug information, expressions, backtraces and
// explanations, and answers in plain text.
//
// Commands have gdb's names where gdb has the command. Every command that moves has a twin that moves backwards.
package console

import (
	"errors"
	"fmt"
	"strings"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/debuginfo"
	"ring0/cmd/internal/disasm"
	"ring0/cmd/internal/hostfile"
	"ring0/cmd/internal/unwind"
)

// Console is a debugger with its command language. It is for one goroutine at a time, except Interrupt.
type Console struct {
	dbg     *debugger.Debugger
	table   *debuginfo.Table
	infos   map[imageKey]*debuginfo.Module // debug information by image: reading it again at every restart would be slow
	sources debuginfo.Sources

	frames    []*unwind.Frame // of the stop, once asked for
	cut       bool            // there are more frames
	frame     int             // the one selected
	listed    listing         // where list goes on
	next      uint32          // where x goes on
	shape     examine         // how
	last      string          // the line that an empty line repeats
	depth     int             // of scripts in scripts
	quit      bool
	travelled bool // by the last command
	syntax    disasm.Syntax
	catalog   *catalog
}

// imageKey tells images apart: a module loaded again at another place has other addresses.
type imageKey struct {
	file string
	base uint32
}

// Start boots the session and stands at the start of its history.
func Start(cfg debugger.Config, sourceDirs ...string) (*Console, error) {
	c := &Console{infos: map[imageKey]*debuginfo.Module{}, sources: debuginfo.Sources{Dirs: sourceDirs}, catalog: newCatalog()}
	c.table = debuginfo.NewTable(nil, nil)
	names := debugNames{c}
	cfg.Resolver, cfg.Lines, cfg.Unwind = names, names, c.returnsTo
	linked := cfg.Linked
	cfg.Linked = func(img debugger.Image) {
		c.table.Add(c.info(img))
		if linked != nil {
			linked(img)
		}
	}
	dbg, err := debugger.Start(cfg)
	if err != nil {
		return nil, err
	}
	c.dbg = dbg
	c.attach()
	return c, nil
}

// attach makes the table know the kernel that runs.
func (c *Console) attach() {
	k := c.dbg.View().Kernel()
	c.table = debuginfo.NewTable(k.Profile(), k.EntrySymbols())
	c.arrived()
}

// Close ends the debuggee.
func (c *Console) Close() error { return c.dbg.Close() }

// Debugger is the core.
func (c *Console) Debugger() *debugger.Debugger { return c.dbg }

// Table is what is known of the kernel and of the modules loaded at the present position.
func (c *Console) Table() *debuginfo.Table { return c.table }

// Interrupt ends a move under way. It may be called from any goroutine.
func (c *Console) Interrupt() { c.dbg.Interrupt() }

// Done reports whether somebody has said quit.
func (c *Console) Done() bool { return c.quit }

// info is the debug information of an image.
func (c *Console) info(img debugger.Image) *debuginfo.Module {
	key := imageKey{img.File, img.Image.Base}
	m := c.infos[key]
	if m == nil {
		m = debuginfo.Load(img.Image)
		c.infos[key] = m
	}
	return m
}

// arrived takes notice of a new position: other modules may be there, and frames are others.
func (c *Console) arrived() {
	var modules []*debuginfo.Module
	for _, img := range c.dbg.Images() {
		modules = append(modules, c.info(img))
	}
	c.table.SetModules(modules)
	c.frames, c.frame, c.listed = nil, 0, listing{}
	if c.dbg.LastStop().Reason == debugger.ReasonOops || c.dbg.LastStop().Reason == debugger.ReasonPanic {
		c.frame = c.guilty()
	}
}

// guilty is the innermost frame that is not the kernel dealing with what happened: the code that faulted or called panic.
func (c *Console) guilty() int {
	for i, f := range c.Frames() {
		if f.Kind != unwind.Modelled && f.Kind != unwind.EntryCode {
			return i
		}
	}
	return 0
}

// errUsage is a command that was not understood; the text says why.
type errUsage struct{ text string }

func (e *errUsage) Error() string { return e.text }

func usage(format string, args ...any) error { return &errUsage{fmt.Sprintf(format, args...)} }

// Exec executes a line and returns what the command says. An empty line repeats a command that steps or lists.
func (c *Console) Exec(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		text = c.last
	}
	if text == "" || strings.HasPrefix(text, "#") {
		return "", nil
	}
	name, rest := splitCommand(text)
	cmd, err := c.catalog.find(name)
	if err != nil {
		return "", err
	}
	c.last, c.travelled = "", false
	if cmd.repeats {
		c.last = text
	}
	var out strings.Builder
	err = cmd.run(c, &call{name: cmd.name, text: strings.TrimSpace(rest), out: &out})
	return out.String(), err
}

// splitCommand divides a line into the command and the rest. "x/4xw" and "p/x" have their format in the rest.
func splitCommand(text string) (name, rest string) {
	end := strings.IndexFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '?')
	})
	if end < 0 {
		return text, ""
	}
	if end == 0 {
		return text[:1], text[1:]
	}
	return text[:end], text[end:]
}

// call is one execution of a command.
type call struct {
	name string
	text string // behind the name
	out  *strings.Builder
}

func (a *call) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

// word takes the first word off the text.
func (a *call) word() string {
	w, rest, _ := strings.Cut(a.text, " ")
	a.text = strings.TrimSpace(rest)
	return w
}

// none is an error if there are arguments left.
func (a *call) none() error {
	if a.text != "" {
		return usage("%s: do not know what to do with %q", a.name, a.text)
	}
	return nil
}

// maxScriptDepth bounds scripts that call scripts.
const maxScriptDepth = 8

// Script executes the lines of a file; say is called with each command and its answer. It ends at the first error, which
// names the line.
func (c *Console) Script(file string, say func(command, answer string)) error {
	if c.depth == maxScriptDepth {
		return fmt.Errorf("%s: scripts call scripts too deep", file)
	}
	data, err := hostfile.Read(file, hostfile.Object)
	if err != nil {
		return err
	}
	c.depth++
	defer func() { c.depth-- }()
	n := 0
	for text := range strings.Lines(string(data)) {
		n++
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		answer, err := c.Exec(text)
		say(text, answer)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
		if c.quit {
			return nil
		}
	}
	return nil
}

// IsUsage reports whether an error is about what was typed.
func IsUsage(err error) bool {
	var u *errUsage
	return errors.As(err, &u)
}

// PC is the address of the instruction about to execute.
func (c *Console) PC() uint32 { return c.dbg.View().Registers().EIP }

// Address evaluates an expression to an address.
func (c *Console) Address(text string) (uint32, error) { return c.address(text) }

// Moved reports whether the last command went somewhere in time.
func (c *Console) Moved() bool { return c.travelled }

// Arrived tells that somebody has moved the debuggee without a command.
func (c *Console) Arrived() { c.arrived() }

// Look executes a command that does not move in time.
func (c *Console) Look(text string) (string, error) {
	name, _ := splitCommand(strings.TrimSpace(text))
	if name == "" {
		return "", usage("a command was expected; help lists them")
	}
	cmd, err := c.catalog.find(name)
	switch {
	case err != nil:
		return "", err
	case cmd.travels():
		return "", usage("%s moves in time: use gdb's own command", cmd.name)
	case cmd.name == "quit":
		return "", usage("gdb's kill ends the debuggee, detach leaves it")
	}
	return c.Exec(text)
}
