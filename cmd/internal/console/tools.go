// SPDX-License-Identifier: BSD-3-Clause
// Commands about the debugger itself.

package console

import "strings"

func toolCommands() []Command {
	const group = "The debugger"
	return []Command{
		{name: "help", aliases: []string{"h", "?"}, usage: "[COMMAND]", group: group, words: commandWords,
			help: "Lists the commands, or tells about one.", run: func(c *Console, a *call) error { return c.catalog.help(a) }},
		{name: "info", aliases: []string{"i"}, usage: "WHAT", group: group, words: commandWords,
			help: "Is gdb's way of asking: info registers is registers.", run: (*Console).infoCommand},
		{name: "source", moves: true, usage: "FILE", group: group, help: "Executes the commands in a file.", run: func(c *Console, a *call) error {
			return c.Script(a.text, func(command, answer string) { a.printf("%s", answer) })
		}},
		{name: "echo", usage: "[TEXT]", group: group, help: "Prints a text.", run: func(c *Console, a *call) error {
			a.printf("%s\n", a.text)
			return nil
		}},
		{name: "quit", aliases: []string{"q", "exit"}, group: group, help: "Ends the debugger.", run: func(c *Console, a *call) error {
			c.quit = true
			return a.none()
		}},
	}
}

// infoCommand executes the command that shows what was asked for.
func (c *Console) infoCommand(a *call) error {
	what := a.word()
	if what == "" {
		return usage("info: about what?")
	}
	if full, ok := infoNames[what]; ok {
		what = full
	}
	cmd, err := c.catalog.find(what)
	if err != nil {
		return err
	}
	if cmd.repeats || strings.HasPrefix(cmd.group, moving) {
		return usage("info: %s is a command of its own", cmd.name)
	}
	a.name = cmd.name
	return cmd.run(c, a)
}

// infoNames are what gdb calls the things that have other names here.
var infoNames = map[string]string{
	"b": "breakpoints", "break": "breakpoints", "watchpoints": "breakpoints", "r": "registers", "reg": "registers", "line": "where",
	"f": "frame", "stack": "backtrace", "s": "backtrace", "all-registers": "all-registers", "sharedlibrary": "modules",
	"symbol": "symbol", "threads": "tasks", "program": "position", "record": "position",
}

// commandWords completes commands' names.
func commandWords(c *Console, _ string) (list []string) {
	for _, cmd := range c.catalog.commands {
		list = append(list, cmd.name)
	}
	return list
}
