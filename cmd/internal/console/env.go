// SPDX-License-Identifier: BSD-3-Clause
// What expressions see: the machine at the stop, the variables of a frame.

package console

import (
	"errors"
	"fmt"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/expr"
	"ring0/cmd/internal/unwind"
	"ring0/guestkernel"
)

// unwinder reads the stack of a kernel that stands still.
func (c *Console) unwinder(k *guestkernel.Kernel) *unwind.Unwinder {
	return &unwind.Unwinder{Machine: k.Machine(), Kernel: k, Symbols: c.table}
}

// returnsTo is where the running function returns to, and the stack pointer then, if that is no guess.
func (c *Console) returnsTo(v debugger.View) (ret, esp uint32, ok bool) {
	const enough = 32 // frames of functions compiled into one another
	frames, _ := c.unwinder(v.Kernel()).Backtrace(enough)
	for i, f := range frames[:len(frames)-1] {
		if f.Kind == unwind.Inlined {
			continue
		}
		caller := frames[i+1]
		switch caller.Method {
		case unwind.CFI, unwind.Code:
			return caller.PC, f.CFA, f.Kind == unwind.Call && f.CFA != 0
		}
		break
	}
	return 0, 0, false
}

// env is the environment of the selected frame.
func (c *Console) env() expr.Env { return c.envAt(c.Selected()) }

// envAt is the environment of a frame. What assignments change becomes part of history.
func (c *Console) envAt(f *unwind.Frame) expr.Env {
	m := expr.NewMachine(c.unwinder(c.kernel()), f)
	m.Write = c.dbg.WriteMem
	m.Set = c.setRegister
	return m
}

// envOf is the environment of a condition, which is asked while the debuggee runs: it changes nothing.
func (c *Console) envOf(v debugger.View) expr.Env {
	return expr.NewMachine(c.unwinder(v.Kernel()), nil)
}

// setRegister changes a register by its name.
func (c *Console) setRegister(name string, b []byte) error {
	r, ok := debugger.RegisterNamed(name)
	switch {
	case ok:
		return c.dbg.SetRegister(r, b)
	case name == "cpl":
		return errors.New("the privilege level follows from cs: it cannot be changed")
	case name == "tr":
		return errors.New("tr cannot be changed: loading it would mark its TSS busy")
	}
	return fmt.Errorf("%s cannot be changed", name)
}
