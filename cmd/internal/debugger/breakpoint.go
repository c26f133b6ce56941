// SPDX-License-Identifier: BSD-3-Clause

// Breakpoints: where, when, how often.

package debugger

// LocationKind says what a breakpoint waits for.
type LocationKind uint8

// Kinds of locations.
const (
	AtAddress    LocationKind = iota // Addr
	AtSymbol                         // Symbol + Offset: a function of a module, or an export of the kernel
	AtLine                           // File:Line
	AtSyscall                        // Number: int $0x80 or sysenter with it; -1: any
	AtException                      // Number: the vector; -1: any
	AtModuleLoad                     // Symbol: the module's name, empty: any. Its image is in place, its init has not been called
	AtModuleInit                     // likewise: first instruction of its init function
	AtModuleExit                     // likewise: first instruction of its cleanup function
	AtCount                          // Count: instructions retired
)

// Location is what a breakpoint waits for.
type Location struct {
	Kind   LocationKind
	Addr   uint32
	Symbol string
	Offset uint32
	File   string
	Line   int
	Number int
	Count  uint64
}

// Condition decides at a stop whether it counts. An error makes it count, and
// is shown.
type Condition func(View) (bool, error)

// Breakpoint is a place to stop at. Its fields but ID, Addrs and Hits may be
// set before Add and changed with Update.
type Breakpoint struct {
	ID       int
	Location Location
	Addrs    []uint32 // where it is now; empty: nowhere yet, as for a symbol of a module that is not loaded
	Disabled bool
	OneShot  bool      // deleted when it stops a forward move
	Ignore   uint64    // stops to pass over before one counts
	Hits     uint64    // how often its condition held, forwards
	Text     string    // the condition as it was written
	When     Condition // nil: always
}

// WatchKind says which accesses a watchpoint waits for.
type WatchKind uint8

// Kinds of watchpoints.
const (
	WatchWrite  WatchKind = iota // a write, whether or not it changes anything
	WatchRead                    // a read
	WatchAccess                  // either
	WatchChange                  // a write that changes the content
)

// Range is linear memory.
type Range struct {
	Addr, Size uint32
}

// Watchpoint is memory to watch. Accesses of instructions and of modelled
// kernel code are seen; of the latter writes only, and when they change
// something.
type Watchpoint struct {
	ID       int
	Range    Range
	Kind     WatchKind
	Disabled bool
	OneShot  bool
	Ignore   uint64
	Hits     uint64
	Text     string    // the condition as it was written
	When     Condition // evaluated behind the access: a condition on the value
}
