// SPDX-License-Identifier: BSD-3-Clause
// Commands about frames: backtraces, locals, moving between callers.

package console

import (
	"fmt"
	"strconv"
	"strings"

	"ring0/cmd/internal/expr"
	"ring0/cmd/internal/unwind"
)

func stackCommands() []Command {
	const group = "Stack"
	return []Command{
		{name: "backtrace", aliases: []string{"bt", "where"}, usage: "[N]", group: group,
			help: "Shows the calls that led here, across interrupts and system calls.", run: (*Console).backtraceCommand},
		{name: "frame", aliases: []string{"f"}, usage: "[N]", group: group,
			help: "Selects a frame for expressions and locals; without a number, shows the selected one.", run: (*Console).frameCommand},
		{name: "up", usage: "[N]", group: group, help: "Selects the caller.", run: func(c *Console, a *call) error { return c.otherFrame(a, 1) }},
		{name: "down", usage: "[N]", group: group, help: "Selects the function called.",
			run: func(c *Console, a *call) error { return c.otherFrame(a, -1) }},
		{name: "locals", group: group, help: "Shows the variables of the selected frame.", run: listCommand((*Console).Locals)},
		{name: "args", group: group, help: "Shows the parameters of the selected frame.", run: listCommand((*Console).Arguments)},
	}
}

// Frames is the backtrace of the stop.
func (c *Console) Frames() []*unwind.Frame {
	if c.frames == nil {
		c.frames, c.cut = c.unwinder(c.kernel()).Backtrace(unwind.MaxFrames)
	}
	return c.frames
}

// SelectedPC is where the selected frame executes.
func (c *Console) SelectedPC() uint32 { return c.pc() }

// Selected is the frame that expressions are about.
func (c *Console) Selected() *unwind.Frame {
	frames := c.Frames()
	return frames[min(c.frame, len(frames)-1)]
}

// FrameText is a line of a backtrace, as gdb writes it, with the ring marked.
func (c *Console) FrameText(f *unwind.Frame) string {
	name := f.Function
	if name == "" {
		name = "??"
	}
	text := fmt.Sprintf("#%-2d %#08x in %s", f.Level, f.PC, name)
	if f.Fn == nil && f.Offset != 0 {
		text += fmt.Sprintf("+%#x", f.Offset)
	}
	switch {
	case f.Kind == unwind.Inlined:
		text += " (inlined)"
	case f.Kind == unwind.Modelled:
		text += " (modelled)"
	case f.Fn != nil:
		text += " (" + strings.Join(c.argumentTexts(f), ", ") + ")"
	}
	if f.Trap != "" {
		text += " <" + f.Trap + ">"
	}
	if f.Module != "" {
		text += " [" + f.Module + "]"
	}
	if f.File != "" {
		text += fmt.Sprintf(" at %s:%d", baseName(f.File), f.Line)
	}
	if f.Ring != 0 {
		text += fmt.Sprintf(" ring %d", f.Ring)
	}
	if f.Method == unwind.Scan {
		text += " ?"
	}
	return text
}

// Backtrace is the backtrace as text, the selected frame marked.
func (c *Console) Backtrace() (list []string) {
	for i, f := range c.Frames() {
		mark := " "
		if i == c.frame {
			mark = "*"
		}
		list = append(list, mark+c.FrameText(f))
	}
	if c.cut {
		list = append(list, " (more frames follow)")
	}
	return list
}

func (c *Console) backtraceCommand(a *call) error {
	list := c.Backtrace()
	if a.text != "" {
		n, err := a.count()
		if err != nil {
			return err
		}
		list = list[:min(uint64(len(list)), n)]
	}
	for _, l := range list {
		a.printf("%s\n", l[1:])
	}
	return nil
}

func (c *Console) frameCommand(a *call) error {
	if a.text != "" {
		n, err := strconv.Atoi(a.text)
		if err != nil {
			return usage("frame: %q is no number of a frame", a.text)
		}
		return c.selectFrame(a, n)
	}
	return c.selectFrame(a, c.frame)
}

func (c *Console) otherFrame(a *call, d int) error {
	n, err := a.count()
	if err != nil {
		return err
	}
	return c.selectFrame(a, c.frame+d*int(min(n, unwind.MaxFrames)))
}

func (c *Console) selectFrame(a *call, n int) error {
	frames := c.Frames()
	if n < 0 || n >= len(frames) {
		return usage("%s: there are frames 0 to %d", a.name, len(frames)-1)
	}
	c.frame, c.listed = n, listing{}
	a.printf("%s\n", c.FrameText(frames[n]))
	return nil
}

// Locals are the variables the selected frame's code sees, with their values.
func (c *Console) Locals() []string { return c.variables(false) }

// Arguments are the parameters of the selected frame.
func (c *Console) Arguments() []string { return c.variables(true) }

func (c *Console) variables(params bool) (list []string) {
	f := c.Selected()
	if f.Fn == nil {
		return nil
	}
	for _, v := range f.Fn.VarsAt(f.PC) {
		if v.Param == params {
			list = append(list, v.Name+" = "+c.variableText(v.Name))
		}
	}
	return list
}

// variableText is the value of a variable of the selected frame.
func (c *Console) variableText(name string) string {
	env := c.env()
	v, err := expr.Eval(name, env)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return expr.Print(env, v, expr.Format{})
}

// argumentTexts are the parameters of a frame as "name=value".
func (c *Console) argumentTexts(f *unwind.Frame) (list []string) {
	env := c.envAt(f)
	for _, p := range f.Fn.Vars {
		if !p.Param {
			continue
		}
		text := "?"
		if v, err := expr.Eval(p.Name, env); err == nil {
			text = expr.Print(env, v, expr.Format{})
		}
		list = append(list, p.Name+"="+text)
	}
	return list
}

// localNames are the names of the variables the selected frame sees.
func (c *Console) localNames() (names []string) {
	f := c.Selected()
	if f.Fn == nil {
		return nil
	}
	for _, v := range f.Fn.VarsAt(f.PC) {
		names = append(names, v.Name)
	}
	return names
}

// localNamed are the variables of a name.
func (c *Console) localNamed(name string) (found []string) {
	for _, n := range c.localNames() {
		if n == name {
			found = append(found, n)
		}
	}
	return found
}
