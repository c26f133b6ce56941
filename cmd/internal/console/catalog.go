// SPDX-License-Identifier: BSD-3-Clause
// The table of commands: names, abbreviations, help, completion.

package console

import (
	"slices"
	"strings"
)

// Command is a row of the table.
type Command struct {
	name    string
	aliases []string // what must not be found by prefix alone
	usage   string   // behind the name
	help    string   // one sentence; more may follow on further lines
	group   string
	repeats bool                                    // an empty line does it again
	moves   bool                                    // it goes somewhere in time, whatever its group
	words   func(c *Console, typed string) []string // completes the last word of the arguments; nil: nothing
	run     func(c *Console, a *call) error
}

// travels says whether the command goes somewhere in time.
func (cmd *Command) travels() bool { return cmd.moves || strings.HasPrefix(cmd.group, moving) }

// catalog finds commands.
type catalog struct {
	commands []*Command
	byName   map[string]*Command
}

func newCatalog() *catalog {
	t := &catalog{byName: map[string]*Command{}}
	for _, list := range [][]Command{moveCommands(), breakCommands(), dataCommands(), codeCommands(), stackCommands(), kernelCommands(),
		timeCommands(), toolCommands()} {
		for i := range list {
			cmd := &list[i]
			t.commands = append(t.commands, cmd)
			for _, name := range append([]string{cmd.name}, cmd.aliases...) {
				if t.byName[name] != nil {
					panic("console: two commands are called " + name)
				}
				t.byName[name] = cmd
			}
		}
	}
	return t
}

// find is the command of that name, or the only one that begins so.
func (t *catalog) find(name string) (*Command, error) {
	if cmd := t.byName[name]; cmd != nil {
		return cmd, nil
	}
	var found []*Command
	var names []string
	for _, cmd := range t.commands {
		if strings.HasPrefix(cmd.name, name) {
			found = append(found, cmd)
			names = append(names, cmd.name)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, usage("%q is no command; help lists them", name)
	}
	return nil, usage("%q may be %s", name, strings.Join(names, ", "))
}

// Complete lists what the last word of a line may be, and where that word begins.
func (c *Console) Complete(text string) (candidates []string, from int) {
	name, rest := splitCommand(text)
	if rest == "" {
		for _, cmd := range c.catalog.commands {
			if strings.HasPrefix(cmd.name, name) {
				candidates = append(candidates, cmd.name)
			}
		}
		slices.Sort(candidates)
		return candidates, len(text) - len(name)
	}
	cmd, err := c.catalog.find(name)
	if err != nil || cmd.words == nil {
		return nil, len(text)
	}
	from = strings.LastIndexAny(text, " *&(+-=,:<>!|") + 1
	if strings.HasPrefix(cmd.name, "break") || strings.HasPrefix(cmd.name, "tbreak") {
		from = strings.LastIndexAny(text, " *&") + 1
	}
	for _, w := range cmd.words(c, text[from:]) {
		if strings.HasPrefix(w, text[from:]) {
			candidates = append(candidates, w)
		}
	}
	slices.Sort(candidates)
	return slices.Compact(candidates), from
}

// words is completion from a fixed list.
func words(list ...string) func(*Console, string) []string {
	return func(*Console, string) []string { return list }
}

// maxCandidates bounds completion.
const maxCandidates = 200

// symbolWords completes names of symbols and, behind "$", of registers.
func symbolWords(c *Console, typed string) []string {
	if strings.HasPrefix(typed, "$") {
		return registerNames()
	}
	return append(c.names(typed), c.localNames()...)
}

// names are symbols and functions of debug information that begin so.
func (c *Console) names(typed string) []string {
	list := c.table.Names(typed, maxCandidates)
	for _, m := range c.table.Modules() {
		for _, f := range m.Functions {
			if strings.HasPrefix(f.Name, typed) {
				list = append(list, f.Name)
			}
		}
	}
	return list
}

// locationWords completes symbols and source lines' files.
func locationWords(c *Console, typed string) []string {
	var list []string
	for _, f := range c.table.Files() {
		list = append(list, baseName(f)+":")
	}
	return append(list, c.names(typed)...)
}

// help lists the commands, or tells about one.
func (t *catalog) help(a *call) error {
	if a.text != "" {
		cmd, err := t.find(a.word())
		if err != nil {
			return err
		}
		a.printf("%s %s\n%s\n", cmd.name, cmd.usage, cmd.help)
		if len(cmd.aliases) > 0 {
			a.printf("Also: %s\n", strings.Join(cmd.aliases, ", "))
		}
		return nil
	}
	var groups []string
	for _, cmd := range t.commands {
		if !slices.Contains(groups, cmd.group) {
			groups = append(groups, cmd.group)
		}
	}
	for _, group := range groups {
		a.printf("%s:\n", group)
		for _, cmd := range t.commands {
			if cmd.group != group {
				continue
			}
			first, _, _ := strings.Cut(cmd.help, "\n")
			a.printf("  %-34s %s\n", strings.TrimSpace(strings.Join(append([]string{cmd.name}, cmd.aliases...), " ")+" "+cmd.usage), first)
		}
	}
	return nil
}
