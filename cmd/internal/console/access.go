// SPDX-License-Identifier: BSD-3-Clause
// What other faces of the debugger ask for that is no command.

package console

import (
	"path/filepath"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/debuginfo"
	"ring0/cmd/internal/expr"
	"ring0/cmd/internal/unwind"
)

// Env is the environment of a frame of Frames. What assignments change becomes part of history.
func (c *Console) Env(f *unwind.Frame) expr.Env { return c.envAt(f) }

// LookingEnv is Env without the means to change anything.
func (c *Console) LookingEnv(f *unwind.Frame) expr.Env {
	return expr.NewMachine(c.unwinder(c.kernel()), f)
}

// Condition makes a condition of an expression: not 0 holds.
func (c *Console) Condition(text string) (debugger.Condition, error) { return c.compileCondition(text) }

// Location reads a place as break does.
func (c *Console) Location(text string) (debugger.Location, error) { return c.location(text) }

// IsCommand says whether the first word of a line names a command.
func (c *Console) IsCommand(text string) bool {
	name, _ := splitCommand(text)
	_, err := c.catalog.find(name)
	return err == nil
}

// Moves says whether a line's command goes somewhere in time.
func (c *Console) Moves(text string) bool {
	name, _ := splitCommand(text)
	cmd, err := c.catalog.find(name)
	return err == nil && cmd.travels()
}

// Symbol names an address, "" when it belongs to nothing known.
func (c *Console) Symbol(addr uint32) string { return c.nameOf(addr) }

// SourcePath is where the file of a place in the code is on this machine; "" when it is not at hand.
func (c *Console) SourcePath(l debuginfo.Line) string {
	_, from, err := c.sources.Lines(l.File)
	if err != nil {
		return ""
	}
	if abs, err := filepath.Abs(from); err == nil {
		return abs
	}
	return from
}
