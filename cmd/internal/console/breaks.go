// SPDX-License-Identifier: BSD-3-Clause
// Commands for breakpoints and watchpoints.

package console

import (
	"fmt"
	"strconv"
	"strings"

	"ring0/cmd/internal/debugger"
	"ring0/guestkernel/abi"
)

func breakCommands() []Command {
	const group = "Breakpoints"
	return []Command{
		{name: "break", aliases: []string{"b"}, usage: "[PLACE] [if EXPR]", group: group, words: locationWords,
			help: "Stops where PLACE is about to execute: SYMBOL, SYMBOL+OFFSET, FILE:LINE, LINE, *ADDRESS; without one, here.\n" +
				"A symbol or file that is not known yet is looked for again whenever a module is linked.",
			run: func(c *Console, a *call) error { return c.addBreak(a, false) }},
		{name: "tbreak", aliases: []string{"tb"}, usage: "[PLACE] [if EXPR]", group: group, words: locationWords,
			help: "A breakpoint that is deleted when it has stopped once.",
			run:  func(c *Console, a *call) error { return c.addBreak(a, true) }},
		{name: "catch", usage: "WHAT [NAME] [if EXPR]", group: group, words: words("syscall", "exception", "load", "init", "exit"),
			help: "Stops at an event: syscall [NAME|NUMBER], exception [#PF|VECTOR], load|init|exit [MODULE].", run: (*Console).catchCommand},
		{name: "watch", usage: "LVALUE | ADDRESS,SIZE [if EXPR]", group: group, words: symbolWords,
			help: "Stops behind a write that changes memory; SIZE may be any.", run: watchCommand(debugger.WatchChange)},
		{name: "wwatch", usage: "LVALUE | ADDRESS,SIZE [if EXPR]", group: group, words: symbolWords,
			help: "Stops behind any write to memory, changing it or not.", run: watchCommand(debugger.WatchWrite)},
		{name: "rwatch", usage: "LVALUE | ADDRESS,SIZE [if EXPR]", group: group, words: symbolWords,
			help: "Stops behind a read of memory.", run: watchCommand(debugger.WatchRead)},
		{name: "awatch", usage: "LVALUE | ADDRESS,SIZE [if EXPR]", group: group, words: symbolWords,
			help: "Stops behind a read or a write of memory.", run: watchCommand(debugger.WatchAccess)},
		{name: "condition", aliases: []string{"cond"}, usage: "NUMBER [EXPR]", group: group, words: symbolWords,
			help: "Makes a breakpoint stop only if the expression is not 0; without one, always.", run: (*Console).conditionCommand},
		{name: "ignore", usage: "NUMBER TIMES", group: group, help: "Passes a breakpoint over so many times.", run: (*Console).ignoreCommand},
		{name: "enable", usage: "[NUMBER…]", group: group, help: "Switches breakpoints on; without a number, all.",
			run: eachBreak((*debugger.Debugger).Enable)},
		{name: "disable", usage: "[NUMBER…]", group: group, help: "Switches breakpoints off; without a number, all.",
			run: eachBreak((*debugger.Debugger).Disable)},
		{name: "delete", aliases: []string{"d"}, usage: "[NUMBER…]", group: group, help: "Deletes breakpoints; without a number, all.",
			run: eachBreak((*debugger.Debugger).Delete)},
		{name: "toggle", usage: "[PLACE]", group: group, words: locationWords,
			help: "Deletes the breakpoints at a place, or sets one where there is none.", run: (*Console).toggleCommand},
	}
}

// condition takes "if EXPR" off the end of the arguments.
func (c *Console) condition(a *call) (text string, when debugger.Condition, err error) {
	before, cond, has := strings.Cut(" "+a.text+" ", " if ")
	a.text = strings.TrimSpace(before)
	if cond = strings.TrimSpace(cond); !has || cond == "" {
		return "", nil, nil
	}
	when, err = c.compileCondition(cond)
	return cond, when, err
}

func (c *Console) addBreak(a *call, once bool) error {
	text, when, err := c.condition(a)
	if err != nil {
		return err
	}
	at, err := c.location(a.text)
	if err != nil {
		return err
	}
	return c.setBreak(a, debugger.Breakpoint{Location: at, OneShot: once, Text: text, When: when})
}

// setBreak adds a breakpoint and says where it is.
func (c *Console) setBreak(a *call, b debugger.Breakpoint) error {
	id, err := c.dbg.AddBreakpoint(b)
	if err != nil {
		return err
	}
	for _, b := range c.dbg.Breakpoints() {
		if b.ID == id {
			a.printf("breakpoint %d: %s\n", id, c.breakText(b))
		}
	}
	return nil
}

// breakText says where a breakpoint is and what it waits for.
func (c *Console) breakText(b debugger.Breakpoint) string {
	text := c.placeText(b.Location)
	switch b.Location.Kind {
	case debugger.AtAddress, debugger.AtSymbol, debugger.AtLine:
		if len(b.Addrs) == 0 {
			text += " (nowhere yet)"
		}
		for i, addr := range b.Addrs {
			if b.Location.Kind == debugger.AtAddress { // it is the place
				break
			}
			if i == 4 {
				text += fmt.Sprintf(" and %d more", len(b.Addrs)-i)
				break
			}
			text += fmt.Sprintf(" %#08x", addr)
		}
	}
	if b.Text != "" {
		text += " if " + b.Text
	}
	if b.OneShot {
		text += ", once"
	}
	return text + stateText(b.Disabled, b.Ignore, b.Hits)
}

// stateText is what breakpoints and watchpoints say of themselves alike.
func stateText(disabled bool, ignore, hits uint64) string {
	text := ""
	if disabled {
		text = ", off"
	}
	if ignore > 0 {
		text += fmt.Sprintf(", passing %d", ignore)
	}
	if hits > 0 {
		text += fmt.Sprintf(", hit %d times", hits)
	}
	return text
}

// placeText is a location as one would type it.
func (c *Console) placeText(l debugger.Location) string {
	either := func(what, name string) string { return strings.TrimSpace(what + " " + name) }
	switch l.Kind {
	case debugger.AtAddress:
		return "*" + c.at(l.Addr)
	case debugger.AtSymbol:
		if l.Offset != 0 {
			return fmt.Sprintf("%s+%#x", l.Symbol, l.Offset)
		}
		return l.Symbol
	case debugger.AtLine:
		return fmt.Sprintf("%s:%d", l.File, l.Line)
	case debugger.AtSyscall:
		return either("syscall", syscallName(l.Number))
	case debugger.AtException:
		if l.Number < 0 {
			return "exception"
		}
		return "exception " + exceptionName(uint8(l.Number))
	case debugger.AtModuleLoad:
		return either("load", l.Symbol)
	case debugger.AtModuleInit:
		return either("init", l.Symbol)
	case debugger.AtModuleExit:
		return either("exit", l.Symbol)
	}
	return fmt.Sprintf("count %d", l.Count)
}

// syscallName is the name of a system call's number; "" for any.
func syscallName(n int) string {
	if n < 0 {
		return ""
	}
	if s, ok := abi.SyscallByNumber(n); ok {
		return s.Name
	}
	return strconv.Itoa(n)
}

func (c *Console) catchCommand(a *call) error {
	text, when, err := c.condition(a)
	if err != nil {
		return err
	}
	what, name := a.word(), a.text
	at := debugger.Location{Number: -1, Symbol: name}
	switch what {
	case "syscall":
		at.Kind, at.Symbol = debugger.AtSyscall, ""
		at.Number, err = syscallNumber(name)
	case "exception":
		at.Kind, at.Symbol = debugger.AtException, ""
		at.Number, err = vectorNumber(name)
	case "load":
		at.Kind = debugger.AtModuleLoad
	case "init":
		at.Kind = debugger.AtModuleInit
	case "exit":
		at.Kind = debugger.AtModuleExit
	default:
		return usage("catch: %q is nothing to wait for; syscall, exception, load, init and exit are", what)
	}
	if err != nil {
		return err
	}
	return c.setBreak(a, debugger.Breakpoint{Location: at, Text: text, When: when})
}

// syscallNumber reads a system call's name or number; -1 for none given.
func syscallNumber(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	if n, err := strconv.ParseUint(name, 0, 16); err == nil {
		return int(n), nil
	}
	if s, ok := abi.SyscallByName(strings.TrimPrefix(name, "sys_")); ok {
		return s.Number, nil
	}
	return 0, usage("catch: 2.4 has no system call %q", name)
}

// vectorNumber reads "#PF", "pf" or 14; -1 for none given.
func vectorNumber(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	if n, err := strconv.ParseUint(name, 0, 8); err == nil {
		return int(n), nil
	}
	for i, known := range exceptionNames {
		if known != "" && strings.EqualFold(strings.TrimPrefix(known, "#"), strings.TrimPrefix(name, "#")) {
			return i, nil
		}
	}
	return 0, usage("catch: there is no exception %q", name)
}

func watchCommand(kind debugger.WatchKind) func(*Console, *call) error {
	return func(c *Console, a *call) error {
		text, when, err := c.condition(a)
		if err != nil {
			return err
		}
		if a.text == "" {
			return usage("%s: what?", a.name)
		}
		r, err := c.memoryRange(a.text)
		if err != nil {
			return err
		}
		id, err := c.dbg.AddWatchpoint(debugger.Watchpoint{Range: r, Kind: kind, Text: text, When: when})
		if err != nil {
			return err
		}
		for _, w := range c.dbg.Watchpoints() {
			if w.ID == id {
				a.printf("watchpoint %d: %s\n", id, c.watchText(w))
			}
		}
		return nil
	}
}

// watchText says what a watchpoint watches.
func (c *Console) watchText(w debugger.Watchpoint) string {
	kind := [...]string{"write", "read", "access", "change"}[w.Kind]
	text := fmt.Sprintf("%s of %s at %s", kind, byteCount(w.Range.Size), c.at(w.Range.Addr))
	if w.Text != "" {
		text += " if " + w.Text
	}
	return text + stateText(w.Disabled, w.Ignore, w.Hits)
}

// number takes a breakpoint's number off the arguments.
func (a *call) number() (int, error) {
	w := a.word()
	n, err := strconv.Atoi(w)
	if err != nil {
		return 0, usage("%s: %q is no number of a breakpoint", a.name, w)
	}
	return n, nil
}

// updateBreak changes the breakpoint or watchpoint of a number.
func (c *Console) updateBreak(id int, breakpoint func(*debugger.Breakpoint), watchpoint func(*debugger.Watchpoint)) error {
	for _, b := range c.dbg.Breakpoints() {
		if b.ID == id {
			breakpoint(&b)
			return c.dbg.UpdateBreakpoint(b)
		}
	}
	for _, w := range c.dbg.Watchpoints() {
		if w.ID == id {
			watchpoint(&w)
			return c.dbg.UpdateWatchpoint(w)
		}
	}
	return usage("there is no breakpoint %d", id)
}

func (c *Console) conditionCommand(a *call) error {
	id, err := a.number()
	if err != nil {
		return err
	}
	var when debugger.Condition
	if a.text != "" {
		if when, err = c.compileCondition(a.text); err != nil {
			return err
		}
	}
	return c.updateBreak(id, func(b *debugger.Breakpoint) { b.Text, b.When = a.text, when },
		func(w *debugger.Watchpoint) { w.Text, w.When = a.text, when })
}

func (c *Console) ignoreCommand(a *call) error {
	id, err := a.number()
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(a.text, 0, 63)
	if err != nil {
		return usage("ignore: %q is no number of times", a.text)
	}
	return c.updateBreak(id, func(b *debugger.Breakpoint) { b.Ignore = n }, func(w *debugger.Watchpoint) { w.Ignore = n })
}

// eachBreak does something to the breakpoints named, or to all.
func eachBreak(f func(*debugger.Debugger, int) error) func(*Console, *call) error {
	return func(c *Console, a *call) error {
		var ids []int
		for a.text != "" {
			id, err := a.number()
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		if len(ids) == 0 {
			ids = c.allBreaks()
		}
		for _, id := range ids {
			if err := f(c.dbg, id); err != nil {
				return err
			}
		}
		return nil
	}
}

// allBreaks are the numbers of all breakpoints and watchpoints.
func (c *Console) allBreaks() (ids []int) {
	for _, b := range c.dbg.Breakpoints() {
		ids = append(ids, b.ID)
	}
	for _, w := range c.dbg.Watchpoints() {
		ids = append(ids, w.ID)
	}
	return ids
}

func (c *Console) toggleCommand(a *call) error {
	at, err := c.location(a.text)
	if err != nil {
		return err
	}
	addrs, err := c.places(a.text)
	if err != nil {
		return err
	}
	removed := false
	for _, b := range c.dbg.Breakpoints() {
		if len(b.Addrs) > 0 && b.Addrs[0] == addrs[0] {
			removed = true
			a.printf("breakpoint %d deleted\n", b.ID)
			if err := c.dbg.Delete(b.ID); err != nil {
				return err
			}
		}
	}
	if removed {
		return nil
	}
	return c.setBreak(a, debugger.Breakpoint{Location: at})
}
