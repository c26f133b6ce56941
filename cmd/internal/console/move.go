// SPDX-License-Identifier: BSD-3-Clause
// Commands that move in time, forwards and backwards.

package console

import (
	"errors"
	"strconv"
	"strings"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/session"
)

// Groups of commands that move; the second begins with the first.
const (
	moving     = "Moving"
	movingBack = moving + " back in time"
)

// move is a movement of the core in a direction.
type move func(c *Console, dir debugger.Direction, n uint64) (debugger.Stop, error)

// moveRow is a movement with its names; the backward twin's are derived from it.
type moveRow struct {
	name, short, back, help string
	move                    move
}

func moves() []moveRow {
	return []moveRow{
		{"step", "s", "rs", "to the next source line, entering calls; N times; without lines, one instruction", each(byLine((*debugger.Debugger).StepLine, stepOne))},
		{"next", "n", "rn", "to the next source line, calls as one; N times; without lines, one instruction", each(byLine((*debugger.Debugger).NextLine, (*debugger.Debugger).Next))},
		{"stepi", "si", "rsi", "N instructions", stepInsn},
		{"nexti", "ni", "rni", "one instruction, a call as one; N times", each(plainly((*debugger.Debugger).Next))},
		{"finish", "fin", "rfin", "until the function returns", each(plainly((*debugger.Debugger).Finish))},
		{"continue", "c", "rc", "to the next breakpoint, watched access, oops or end; N times", onAndOn},
	}
}

// single is a movement of the core that is made once.
type single func(d *debugger.Debugger, dir debugger.Direction) (debugger.Stop, error)

// each makes a move that is made n times, or until something else than its goal stops it.
func each(f func(c *Console) single) move {
	return func(c *Console, dir debugger.Direction, n uint64) (stop debugger.Stop, err error) {
		for range n {
			if stop, err = f(c)(c.dbg, dir); err != nil || stop.Reason != debugger.ReasonStep {
				break
			}
		}
		return stop, err
	}
}

func plainly(f single) func(*Console) single { return func(*Console) single { return f } }

// byLine is a move by source lines, where there are none by instructions.
func byLine(line, instruction single) func(*Console) single {
	return func(c *Console) single {
		c.arrived() // a module may have come on the way
		if _, ok := c.table.LineOf(c.PC()); ok {
			return line
		}
		return instruction
	}
}

func stepOne(d *debugger.Debugger, dir debugger.Direction) (debugger.Stop, error) {
	return d.StepInsn(dir, 1)
}

// onAndOn continues n times.
func onAndOn(c *Console, dir debugger.Direction, n uint64) (stop debugger.Stop, err error) {
	for range n {
		if stop, err = c.dbg.Continue(dir); err != nil || final(stop, dir) {
			break
		}
	}
	return stop, err
}

func stepInsn(c *Console, dir debugger.Direction, n uint64) (debugger.Stop, error) {
	return c.dbg.StepInsn(dir, n)
}

// final says that moving on in a direction is of no use.
func final(s debugger.Stop, dir debugger.Direction) bool {
	switch s.Reason {
	case debugger.ReasonInterrupted:
		return true
	case debugger.ReasonStart:
		return dir == debugger.Backward
	case debugger.ReasonEnded, debugger.ReasonTripleFault:
		return dir == debugger.Forward
	}
	return false
}

func moveCommands() (list []Command) {
	for _, m := range moves() {
		list = append(list,
			Command{name: m.name, aliases: []string{m.short}, usage: "[N]", group: moving, repeats: true,
				help: "Goes " + m.help + ".", run: m.command(debugger.Forward)})
	}
	for _, m := range moves() {
		list = append(list,
			Command{name: "reverse-" + m.name, aliases: []string{m.back}, usage: "[N]", group: movingBack, repeats: true,
				help: backwards(m), run: m.command(debugger.Backward)})
	}
	return append(list,
		Command{name: "until", aliases: []string{"u"}, usage: "[PLACE]", group: moving, words: locationWords, repeats: true,
			help: "Goes to a line behind this one (out of a loop), or to a place.", run: untilCommand(debugger.Forward)},
		Command{name: "reverse-until", aliases: []string{"ru"}, usage: "[PLACE]", group: movingBack, words: locationWords, repeats: true,
			help: "Goes back to a line before this one, or to a place.", run: untilCommand(debugger.Backward)},
		Command{name: "run", aliases: []string{"r"}, group: moving,
			help: "Continues to the end, breakpoints passed over.", run: func(c *Console, a *call) error {
				return c.moved(a, func() (debugger.Stop, error) { return c.toEnd() })
			}},
		Command{name: "start", aliases: []string{"restart"}, group: movingBack,
			help: "Goes back to the start of history.", run: func(c *Console, a *call) error {
				return c.moved(a, func() (debugger.Stop, error) { return c.dbg.GoTo(debugger.Position{}) })
			}},
	)
}

// backwards is the help text of a backward move.
func backwards(m moveRow) string {
	text := strings.NewReplacer("to the next", "back to the previous", "until the function returns",
		"back to where the function was called").Replace(m.help)
	if text == m.help {
		text = m.help + " back"
	}
	return "Goes " + text + "."
}

func (m moveRow) command(dir debugger.Direction) func(*Console, *call) error {
	return func(c *Console, a *call) error {
		n, err := a.count()
		if err != nil {
			return err
		}
		return c.moved(a, func() (debugger.Stop, error) { return m.move(c, dir, n) })
	}
}

// count is the only argument, a number of times.
func (a *call) count() (uint64, error) {
	if a.text == "" {
		return 1, nil
	}
	n, err := strconv.ParseUint(a.text, 0, 63)
	if err != nil || n == 0 {
		return 0, usage("%s: %q is no number of times", a.name, a.text)
	}
	return n, nil
}

func untilCommand(dir debugger.Direction) func(*Console, *call) error {
	return func(c *Console, a *call) error {
		if a.text == "" {
			return c.moved(a, func() (debugger.Stop, error) { return c.dbg.UntilLine(dir) })
		}
		addrs, err := c.places(a.text)
		if err != nil {
			return err
		}
		return c.moved(a, func() (debugger.Stop, error) { return c.dbg.Until(dir, addrs[0]) })
	}
}

// toEnd runs to the end of the run whatever is in the way. The tables of breakpoints stay as they are.
func (c *Console) toEnd() (debugger.Stop, error) {
	return c.dbg.GoTo(debugger.Position{Count: ^uint64(0)})
}

// moved makes a move and tells where it ended.
func (c *Console) moved(a *call, f func() (debugger.Stop, error)) error {
	stop, err := f()
	c.travelled = true
	c.arrived()
	if err != nil {
		return err
	}
	a.printf("%s", c.describe(stop))
	return nil
}

// ToFirstInit goes to where the first module's init is about to execute, or to where the run ends without one. A file that
// cannot be read is an error.
func (c *Console) ToFirstInit() error {
	id, err := c.dbg.AddBreakpoint(debugger.Breakpoint{Location: debugger.Location{Kind: debugger.AtModuleInit}, OneShot: true})
	if err != nil {
		return err
	}
	_, err = c.dbg.Continue(debugger.Forward)
	for _, b := range c.dbg.Breakpoints() {
		if b.ID == id { // nothing was initialised
			err = errors.Join(err, c.dbg.Delete(id))
		}
	}
	c.arrived()
	stop := c.dbg.LastStop()
	if err == nil && stop.Reason == debugger.ReasonEnded && stop.Result != nil && stop.Result.Verdict == session.BadFile {
		return stop.Result.Cause
	}
	return err
}
