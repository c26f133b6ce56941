// SPDX-License-Identifier: BSD-3-Clause

// Moves. Each returns the stop it ended at; an error is the debugger's own
// trouble, and the debuggee then stands where it stood.

package debugger

// Continue runs to the next thing worth stopping for; Backward to the last one
// before here, or to the start of history.
func (d *Debugger) Continue(dir Direction) (Stop, error) { return Stop{}, errNotYet }

// StepInsn executes n instructions. An exception that an instruction raises
// counts as one more.
func (d *Debugger) StepInsn(dir Direction, n uint64) (Stop, error) { return Stop{}, errNotYet }

// Next is StepInsn of one, with a call and all it calls, and a repeated string
// instruction, as one.
func (d *Debugger) Next(dir Direction) (Stop, error) { return Stop{}, errNotYet }

// Finish runs until the function returns to its caller; Backward to the call
// that entered it.
func (d *Debugger) Finish(dir Direction) (Stop, error) { return Stop{}, errNotYet }

// Until runs to an address, in this or any frame.
func (d *Debugger) Until(dir Direction, addr uint32) (Stop, error) { return Stop{}, errNotYet }

// StepLine executes until another source line begins, entering functions that
// have lines; NextLine executes calls as one.
func (d *Debugger) StepLine(dir Direction) (Stop, error) { return Stop{}, errNotYet }

// NextLine is StepLine within the function.
func (d *Debugger) NextLine(dir Direction) (Stop, error) { return Stop{}, errNotYet }

// UntilLine is NextLine that does not go back in a loop: it runs to a line
// behind this one.
func (d *Debugger) UntilLine(dir Direction) (Stop, error) { return Stop{}, errNotYet }

// GoTo travels to a position, or where there is none to the first one after
// it. Breakpoints on the way are passed over.
func (d *Debugger) GoTo(p Position) (Stop, error) { return Stop{}, errNotYet }

// LastWrite travels back to behind the last write to r before here: the stop's
// Hits say who wrote. Breakpoints on the way are passed over.
func (d *Debugger) LastWrite(r Range) (Stop, error) { return Stop{}, errNotYet }
