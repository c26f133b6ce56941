// SPDX-License-Identifier: BSD-3-Clause

// The user's tables: breakpoints, watchpoints, bookmarks, edits.

package debugger

// Break adds an enabled breakpoint at a location and returns its number. A
// location that is nowhere yet is looked for again whenever a module is linked.
func (d *Debugger) Break(at Location) (int, error) { return d.AddBreakpoint(Breakpoint{Location: at}) }

// AddBreakpoint adds a breakpoint.
func (d *Debugger) AddBreakpoint(b Breakpoint) (int, error) { return 0, errNotYet }

// AddWatchpoint adds a watchpoint. Numbers are common to both.
func (d *Debugger) AddWatchpoint(w Watchpoint) (int, error) { return 0, errNotYet }

// UpdateBreakpoint replaces what may be changed of the breakpoint b.ID.
func (d *Debugger) UpdateBreakpoint(b Breakpoint) error { return errNotYet }

// UpdateWatchpoint replaces what may be changed of the watchpoint w.ID.
func (d *Debugger) UpdateWatchpoint(w Watchpoint) error { return errNotYet }

// Enable switches a breakpoint or watchpoint on.
func (d *Debugger) Enable(id int) error { return errNotYet }

// Disable switches one off.
func (d *Debugger) Disable(id int) error { return errNotYet }

// Delete removes one.
func (d *Debugger) Delete(id int) error { return errNotYet }

// Breakpoints are all breakpoints by number.
func (d *Debugger) Breakpoints() []Breakpoint { return nil }

// Watchpoints are all watchpoints by number.
func (d *Debugger) Watchpoints() []Watchpoint { return nil }

// Bookmark is a named position.
type Bookmark struct {
	Name     string
	Position Position
}

// SetBookmark names the present position; an empty name makes one up. It
// returns the name.
func (d *Debugger) SetBookmark(name string) string { return name }

// DeleteBookmark forgets a name.
func (d *Debugger) DeleteBookmark(name string) error { return errNotYet }

// Bookmarks are all bookmarks by position.
func (d *Debugger) Bookmarks() []Bookmark { return nil }

// Register names a register that can be edited.
type Register uint8

// Registers that can be edited.
const (
	EAX Register = iota
	ECX
	EDX
	EBX
	ESP
	EBP
	ESI
	EDI
	EIP
	EFLAGS
)

// Edit is a change the user made. It belongs to the history: going back
// before it undoes it, executing past it makes it again. Making one forgets
// everything after its position.
type Edit struct {
	Position Position
	Register Register // of a register edit
	Value    uint32
	Addr     uint32 // of a memory edit, with Data
	Physical bool
	Data     []byte // nil: a register edit
}

// SetReg changes a register.
func (d *Debugger) SetReg(r Register, v uint32) error { return errNotYet }

// WriteMem changes linear memory, write protected or not.
func (d *Debugger) WriteMem(addr uint32, data []byte) error { return errNotYet }

// WritePhys changes physical memory.
func (d *Debugger) WritePhys(addr uint32, data []byte) error { return errNotYet }

// Edits are the edits by position.
func (d *Debugger) Edits() []Edit { return nil }
