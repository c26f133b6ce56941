// SPDX-License-Identifier: BSD-3-Clause
// What checks find.

package guestkernel

import (
	"fmt"
	"strings"
)

// FindingKind says what is wrong. docs/checks.md describes each.
type FindingKind string

// Kinds of findings.
const (
	SleepInAtomic   FindingKind = "sleep-in-atomic"    // a function that may sleep, where nobody may
	UserInAtomic    FindingKind = "user-access-atomic" // user memory reached for, where a page fault could not be waited for
	LeftAtomic      FindingKind = "left-atomic"        // a function returned with interrupts or bottom halves off
	DoubleFree      FindingKind = "double-free"        // memory given back twice
	BadFree         FindingKind = "bad-free"           // memory given back that is no object, or not that way
	UseAfterFree    FindingKind = "use-after-free"     // memory read or written after it was given back
	OutOfBounds     FindingKind = "out-of-bounds"      // memory read or written behind an object's end
	Leak            FindingKind = "leak"               // memory that is still there when its module goes
	StillRegistered FindingKind = "still-registered"   // anything else that is
	Dangling        FindingKind = "dangling"           // the kernel will call into a module that goes
	UseCount        FindingKind = "use-count"          // a use count that is negative, or does not come back
)

// FindingKinds lists all kinds, in the order of docs/checks.md.
func FindingKinds() []FindingKind {
	return []FindingKind{SleepInAtomic, UserInAtomic, LeftAtomic, DoubleFree, BadFree, UseAfterFree, OutOfBounds, Leak,
		StillRegistered, Dangling, UseCount}
}

// Place is a place in guest code. The symbol is what it had when the finding was made: a module may be gone since.
type Place struct {
	EIP    uint32
	Symbol string // "scull_open+0x12 [scull]"
}

func (p Place) String() string { return p.Symbol }

// Finding is something that a module does wrong and 2.4 would not notice.
type Finding struct {
	Kind      FindingKind
	Module    string // whose mistake it is
	Text      string // in words, without places
	At        Place  // the instruction, or for a call of the kernel where it returns to; zero for what is missing
	Count     int    // how often it was seen, for leaks how many objects
	Allocated *Place // where the memory was taken, or the thing registered
	Freed     *Place // where the memory was first given back
}

// String is the finding in one line and one more for every place.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s", f.Kind, f.Module, f.Text)
	if f.Count > 1 {
		fmt.Fprintf(&b, " (%d times)", f.Count)
	}
	if f.At != (Place{}) {
		fmt.Fprintf(&b, "\n  at %s", f.At)
	}
	if f.Allocated != nil {
		verb := "allocated"
		if f.Kind == StillRegistered || f.Kind == Dangling {
			verb = "registered"
		}
		fmt.Fprintf(&b, "\n  %s at %s", verb, *f.Allocated)
	}
	if f.Freed != nil {
		fmt.Fprintf(&b, "\n  freed at %s", *f.Freed)
	}
	return b.String()
}

// Named is the finding with better names for its places: what name knows replaces the kernel's own, which has only the
// symbols that a module exports.
func (f Finding) Named(name func(Place) (string, bool)) Finding {
	better := func(p Place) Place {
		if s, ok := name(p); ok {
			p.Symbol = s
		}
		return p
	}
	f.At = better(f.At)
	for _, p := range []**Place{&f.Allocated, &f.Freed} {
		if *p != nil {
			named := better(**p)
			*p = &named
		}
	}
	return f
}

// Findings lists what the checks have found so far, oldest first.
func (k *Kernel) Findings() []Finding {
	var all []Finding
	if ch := k.looking.check; ch != nil {
		for _, f := range ch.findings {
			all = append(all, *f)
		}
	}
	return all
}

// findingKey tells findings apart: the same again only counts.
type findingKey struct {
	kind              FindingKind
	at                uint32
	allocated, module string
	text              string
}

// report adds a finding, or counts one that there is.
func (ch *checker) report(f Finding) {
	const limit = 1000 // a loop of different mistakes must not eat the host's memory
	key := findingKey{kind: f.Kind, at: f.At.EIP, module: f.Module, text: f.Text}
	if f.Allocated != nil {
		key.allocated = f.Allocated.Symbol
	}
	if f.Count == 0 {
		f.Count = 1
	}
	if have := ch.seen[key]; have != nil {
		have.Count += f.Count
		return
	}
	if len(ch.findings) >= limit {
		return
	}
	ch.seen[key] = &f
	ch.findings = append(ch.findings, &f)
}

// place names an address.
func (ch *checker) place(eip uint32) Place { return Place{eip, ch.k.Symbolize(eip)} }
