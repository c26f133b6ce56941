// SPDX-License-Identifier: BSD-3-Clause
// Commands about the timeline: travelling, bookmarks, events, who wrote what.

package console

import (
	"fmt"
	"strconv"
	"strings"

	"ring0/cmd/internal/debugger"
)

func timeCommands() []Command {
	const group = "Time"
	return []Command{
		{name: "goto", moves: true, aliases: []string{"g"}, usage: "COUNT | +N | -N | BOOKMARK | start | end | event N", group: group, words: bookmarkWords,
			help: "Travels to an instruction count, a bookmark or an event, forwards or back.", run: (*Console).gotoCommand},
		{name: "last-write", moves: true, aliases: []string{"lw", "who"}, usage: "LVALUE | ADDRESS,SIZE", group: group, words: symbolWords,
			help: "Travels back to the last write to memory before here, and says who made it.", run: (*Console).lastWriteCommand},
		{name: "bookmark", aliases: []string{"mark"}, usage: "[NAME]", group: group,
			help: "Gives the present position a name.", run: func(c *Console, a *call) error {
				a.printf("bookmark %s at %s\n", c.dbg.SetBookmark(a.text), c.dbg.Position())
				return nil
			}},
		{name: "unmark", usage: "NAME", group: group, words: bookmarkWords,
			help: "Forgets a bookmark.", run: func(c *Console, a *call) error { return c.dbg.DeleteBookmark(a.text) }},
		{name: "bookmarks", group: group, help: "Lists the bookmarks.", run: listCommand((*Console).Bookmarks)},
		{name: "events", group: group, help: "Lists what has happened so far: module loads, system calls, log lines, faults.",
			run: listCommand((*Console).Events)},
		{name: "edits", group: group, help: "Lists the changes made by hand, which are made again when time passes over them.",
			run: listCommand((*Console).Edits)},
		{name: "position", aliases: []string{"when"}, group: group, help: "Says where in time and in the code one is.",
			run: func(c *Console, a *call) error {
				a.printf("%s", c.describe(c.dbg.LastStop()))
				return nil
			}},
	}
}

// listCommand prints the lines of a view.
func listCommand(view func(*Console) []string) func(*Console, *call) error {
	return func(c *Console, a *call) error {
		if err := a.none(); err != nil {
			return err
		}
		list := view(c)
		if len(list) == 0 {
			a.printf("none\n")
		}
		for _, l := range list {
			a.printf("%s\n", l)
		}
		return nil
	}
}

func (c *Console) gotoCommand(a *call) error {
	p, err := c.position(a.text)
	if err != nil {
		return err
	}
	return c.moved(a, func() (debugger.Stop, error) { return c.dbg.GoTo(p) })
}

// position reads a place in time.
func (c *Console) position(text string) (debugger.Position, error) {
	here := c.dbg.Position()
	switch text {
	case "":
		return here, usage("goto: where?")
	case "start":
		return debugger.Position{}, nil
	case "end":
		return debugger.Position{Count: ^uint64(0)}, nil
	}
	for _, b := range c.dbg.Bookmarks() {
		if b.Name == text {
			return b.Position, nil
		}
	}
	if nr, ok := strings.CutPrefix(text, "event "); ok {
		return c.eventPosition(strings.TrimSpace(nr))
	}
	count, sub, _ := strings.Cut(strings.TrimLeft(text, "+-"), ".")
	n, err := strconv.ParseUint(count, 0, 64)
	if err != nil {
		return here, usage("goto: %q is neither a count nor a bookmark", text)
	}
	switch text[0] {
	case '+':
		return debugger.Position{Count: here.Count + n}, nil
	case '-':
		return debugger.Position{Count: here.Count - min(n, here.Count)}, nil
	}
	p := debugger.Position{Count: n}
	if sub != "" {
		s, err := strconv.ParseUint(sub, 10, 32)
		if err != nil {
			return here, usage("goto: %q is no position", text)
		}
		p.Sub = uint32(s)
	}
	return p, nil
}

func (c *Console) eventPosition(nr string) (debugger.Position, error) {
	events := c.dbg.Events()
	n, err := strconv.Atoi(nr)
	if err != nil || n < 1 || n > len(events) {
		return debugger.Position{}, usage("goto: there is no event %q; events lists them", nr)
	}
	return events[n-1].Position, nil
}

func (c *Console) lastWriteCommand(a *call) error {
	if a.text == "" {
		return usage("%s: to what?", a.name)
	}
	r, err := c.memoryRange(a.text)
	if err != nil {
		return err
	}
	return c.moved(a, func() (debugger.Stop, error) { return c.dbg.LastWrite(r) })
}

// Bookmarks lists the bookmarks.
func (c *Console) Bookmarks() (list []string) {
	for _, b := range c.dbg.Bookmarks() {
		list = append(list, fmt.Sprintf("%-14s %s", b.Position, b.Name))
	}
	return list
}

// Events lists the events with their numbers.
func (c *Console) Events() (list []string) {
	for i, e := range c.dbg.Events() {
		list = append(list, EventLine(i, e))
	}
	return list
}

// EventLine is the i-th event as Events lists it.
func EventLine(i int, e debugger.Event) string {
	return fmt.Sprintf("%4d %-14s %-14s %s", i+1, e.Position, e.Kind, strings.TrimRight(e.Text, "\n"))
}

// Edits lists what the user changed.
func (c *Console) Edits() (list []string) {
	for _, e := range c.dbg.Edits() {
		what := fmt.Sprintf("%#08x: % x", e.Addr, e.Data)
		if e.Data == nil {
			what = e.String()
		}
		list = append(list, fmt.Sprintf("%-14s %s", e.Position, what))
	}
	return list
}

// bookmarkWords completes positions that have names.
func bookmarkWords(c *Console, _ string) []string {
	list := []string{"start", "end"}
	for _, b := range c.dbg.Bookmarks() {
		list = append(list, b.Name)
	}
	return list
}
