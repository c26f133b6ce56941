// SPDX-License-Identifier: BSD-3-Clause
// Commands that show the kernel: its log, its calls, its objects.

package console

import (
	"fmt"
	"slices"
	"strings"

	"ring0/cmd/internal/debugger"
	"ring0/guestkernel"
)

func kernelCommands() []Command {
	const group = "The kernel"
	row := func(name, help string, view func(*Console) []string, aliases ...string) Command {
		return Command{name: name, aliases: aliases, group: group, help: help, run: listCommand(view)}
	}
	return []Command{
		row("log", "Shows the kernel's log up to here.", (*Console).Log, "dmesg"),
		row("calls", "Shows the calls of kernel functions up to here, decoded.", (*Console).Calls),
		row("breakpoints", "Lists breakpoints and watchpoints.", (*Console).Breakpoints),
		row("modules", "Lists module_list.", (*Console).Modules, "lsmod"),
		row("vmalloc", "Lists the vmalloc areas.", (*Console).Vmalloc),
		row("extable", "Lists the exception tables; the entry for this instruction is marked.", (*Console).ExceptionTables),
		row("tasks", "Lists the tasks.", (*Console).Tasks, "ps"),
		row("timers", "Lists the pending timers.", (*Console).Timers),
		row("irqs", "Lists the interrupt handlers.", (*Console).Interrupts),
		{name: "pagewalk", aliases: []string{"page"}, usage: "ADDRESS", group: group, words: symbolWords,
			help: "Walks the page tables for an address.", run: func(c *Console, a *call) error {
				addr, err := c.address(a.text)
				if err != nil {
					return err
				}
				for _, l := range c.PageWalk(addr) {
					a.printf("%s\n", l)
				}
				return nil
			}},
	}
}

func (c *Console) kernel() *guestkernel.Kernel { return c.dbg.View().Kernel() }

// Log is the kernel's log up to here, with levels as "<4>".
func (c *Console) Log() (list []string) {
	for l := range strings.Lines(c.kernel().LogText()) {
		list = append(list, strings.TrimRight(l, "\n"))
	}
	return list
}

// Calls are the kernel calls up to here.
func (c *Console) Calls() (list []string) {
	for _, call := range c.dbg.Calls() {
		list = append(list, CallLine(call))
	}
	return list
}

// CallLine is a call as Calls lists it.
func CallLine(call debugger.KernelCall) string {
	return fmt.Sprintf("%-10s %s", call.Position, callText(call.TraceEvent))
}

// callText is a call with its arguments or, of a return, its result.
func callText(e guestkernel.TraceEvent) string {
	text := strings.Repeat("  ", e.Depth)
	if e.Kind == guestkernel.TraceReturn {
		if e.Result == "" {
			return text + e.Name + " returned"
		}
		return text + e.Name + " = " + e.Result
	}
	return text + e.Name + "(" + e.Args + ")"
}

// Breakpoints lists breakpoints, then watchpoints.
func (c *Console) Breakpoints() (list []string) {
	for _, id := range c.PointIDs() {
		for _, b := range c.dbg.Breakpoints() {
			if b.ID == id {
				list = append(list, fmt.Sprintf("%-3d %s", id, c.breakText(b)))
			}
		}
		for _, w := range c.dbg.Watchpoints() {
			if w.ID == id {
				list = append(list, fmt.Sprintf("%-3d %s", id, c.watchText(w)))
			}
		}
	}
	return list
}

// PointIDs are the numbers of the breakpoints and watchpoints in the order of Breakpoints.
func (c *Console) PointIDs() (ids []int) {
	for _, b := range c.dbg.Breakpoints() {
		ids = append(ids, b.ID)
	}
	for _, w := range c.dbg.Watchpoints() {
		ids = append(ids, w.ID)
	}
	slices.Sort(ids)
	return ids
}

// Modules lists module_list.
func (c *Console) Modules() (list []string) {
	for _, m := range c.kernel().ModuleList() {
		text := fmt.Sprintf("%-16s %#08x %6d used %d (%s)", m.Name, m.Addr, m.Size, m.UseCount, strings.Join(m.FlagNames(), ", "))
		if len(m.Users) > 0 {
			text += " by " + strings.Join(m.Users, " ")
		}
		list = append(list, text)
	}
	return list
}

// Vmalloc lists vmlist.
func (c *Console) Vmalloc() (list []string) {
	kinds := map[uint32]string{1: "ioremap", 2: "vmalloc"}
	for _, a := range c.kernel().VmallocAreas() {
		text := fmt.Sprintf("%#08x-%#08x %7d", a.Addr, a.Addr+a.Size, a.Size)
		if kind := kinds[a.Flags]; kind != "" {
			text += " " + kind
		}
		if m := c.table.ModuleAt(a.Addr); m != nil {
			text += " module " + m.Name
		}
		list = append(list, text)
	}
	return list
}

// unusedEntry fills what the kernel's table has beyond the entries that are used.
const unusedEntry = 0xffffffff

// ExceptionTables lists the tables in the order they are searched. The entry that the kernel would find for this
// instruction is marked with "=>".
func (c *Console) ExceptionTables() (list []string) {
	pc := c.PC()
	matched := c.kernel().FixupOf(pc) != 0
	for _, t := range c.kernel().ExceptionTables() {
		name := t.Module
		if name == "" {
			name = "kernel"
		}
		text := fmt.Sprintf("%s: %d entries at %#08x", name, len(t.Entries), t.Start)
		if !t.Active {
			text += ", not searched"
		}
		list = append(list, text)
		for _, e := range t.Entries {
			if e.Insn == unusedEntry {
				continue
			}
			mark := "  "
			if e.Insn == pc && matched && t.Active {
				mark, matched = "=>", false
			}
			list = append(list, fmt.Sprintf("%s %s -> %s", mark, c.at(e.Insn), c.at(e.Fixup)))
		}
	}
	return list
}

// Tasks lists the tasks.
func (c *Console) Tasks() (list []string) {
	for _, t := range c.kernel().TaskList() {
		text := fmt.Sprintf("%5d %-16s %s parent %d uid %d task %#08x", t.Pid, t.Comm, t.StateLetter(), t.Parent, t.UID, t.Addr)
		if t.EIP != 0 {
			text += " at " + c.at(t.EIP)
		}
		list = append(list, text)
	}
	return list
}

// Timers lists the pending timers.
func (c *Console) Timers() (list []string) {
	for _, t := range c.kernel().PendingTimers() {
		list = append(list, fmt.Sprintf("%#08x in %d ticks: %s (%#x)", t.Addr, t.In, c.at(t.Function), t.Data))
	}
	return list
}

// Interrupts lists the handlers of the interrupt lines.
func (c *Console) Interrupts() (list []string) {
	for _, i := range c.kernel().IRQHandlers() {
		list = append(list, fmt.Sprintf("%3d %8d %-16s %s dev %#x", i.Line, i.Count, i.Name, c.at(i.Handler), i.Device))
	}
	return list
}
