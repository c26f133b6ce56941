// SPDX-License-Identifier: BSD-3-Clause
// Fault injection: the n-th call of a function by modules fails, the way that function fails.

package guestkernel

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Fault makes calls of a function fail. Calls by modules are counted, from 1, from when the fault is injected; those by
// the kernel itself neither count nor fail.
type Fault struct {
	Function string // one of FailableFunctions
	First    uint64 // the first call that fails
	Last     uint64 // the last one; 0: the same as First
	Module   string // only calls by this module count; empty: by any
}

// EveryCall is the Last of a fault that never ends.
const EveryCall = math.MaxUint64

// ParseFault reads "kmalloc:3", "kmalloc:3-5", "kmalloc:3-" and "kmalloc:*", each with a module behind it if need be,
// "kmalloc:3@scull".
func ParseFault(text string) (Fault, error) {
	var f Fault
	spec, module, limited := strings.Cut(text, "@")
	name, calls, ok := strings.Cut(spec, ":")
	if !ok || name == "" || limited && module == "" {
		return f, fmt.Errorf("%q: want FUNCTION:CALL, FUNCTION:FIRST-LAST or FUNCTION:*, and @MODULE behind it for one module", text)
	}
	f.Function, f.Module = name, module
	if _, known := FailureOf(name); !known {
		return f, unknownFailure(name)
	}
	if calls == "*" {
		f.First, f.Last = 1, EveryCall
		return f, nil
	}
	first, last, ranged := strings.Cut(calls, "-")
	var err error
	if f.First, err = strconv.ParseUint(first, 10, 63); err != nil || f.First == 0 {
		return f, fmt.Errorf("%q: want the number of a call, from 1, not %q", text, first)
	}
	switch {
	case !ranged:
		f.Last = f.First
	case last == "":
		f.Last = EveryCall
	default:
		if f.Last, err = strconv.ParseUint(last, 10, 63); err != nil || f.Last < f.First {
			return f, fmt.Errorf("%q: want the number of a call from %d on, not %q", text, f.First, last)
		}
	}
	return f, nil
}

func (f Fault) String() string {
	s := fmt.Sprintf("%s:%d", f.Function, f.First)
	switch {
	case f.Last == EveryCall && f.First == 1:
		s = f.Function + ":*"
	case f.Last == EveryCall:
		s += "-"
	case f.Last > f.First:
		s += fmt.Sprintf("-%d", f.Last)
	}
	if f.Module != "" {
		s += "@" + f.Module
	}
	return s
}

// FaultCount tells what came of a fault.
type FaultCount struct {
	Fault
	Calls  uint64         // that were counted
	Failed uint64         // of those, on demand
	Sites  []InjectedCall // the first that failed
}

// InjectedCall is a call that failed on demand.
type InjectedCall struct {
	Call   uint64 // its number
	At     Place  // where it returns to, or the instruction of a copy that the compiler put into the module
	Result string // what it returned, in words: "NULL", "-EBUSY"
}

// faultInjector holds the faults of a kernel.
type faultInjector struct {
	active []*activeFault
	table  map[string]failure
}

type activeFault struct {
	FaultCount
	functions []string // that stand behind the name
}

// injection is one call that fails now.
type injection struct {
	*activeFault
	function string
	how      failure
}

// Inject makes calls fail from now on. It may be called between system calls.
func (k *Kernel) Inject(f Fault) error {
	if _, known := FailureOf(f.Function); !known {
		return unknownFailure(f.Function)
	}
	if f.First == 0 {
		return fmt.Errorf("guestkernel: fault %s: calls are counted from 1", f)
	}
	f.Last = max(f.Last, f.First)
	if k.looking.faults == nil {
		k.looking.faults = &faultInjector{table: failures()}
	}
	a := &activeFault{FaultCount: FaultCount{Fault: f}, functions: []string{f.Function}}
	if behind := failAliases()[f.Function]; behind != nil {
		a.functions = behind
	}
	k.looking.faults.active = append(k.looking.faults.active, a)
	return k.fromHost(func() error {
		k.watchUserAccess()
		return nil
	})
}

// ClearFaults ends all injected faults.
func (k *Kernel) ClearFaults() {
	k.looking.faults = nil
	k.dropUserAccess()
}

// Faults tells what came of the injected faults, in the order in which they were injected.
func (k *Kernel) Faults() []FaultCount {
	var all []FaultCount
	if in := k.looking.faults; in != nil {
		for _, a := range in.active {
			all = append(all, a.FaultCount)
		}
	}
	return all
}

// due counts a call by a module and tells whether it fails now.
func (in *faultInjector) due(function, module string) (f injection, now bool) {
	for _, a := range in.active {
		if a.Module != "" && a.Module != module || !slices.Contains(a.functions, function) {
			continue
		}
		a.Calls++
		if a.First <= a.Calls && a.Calls <= a.Last {
			a.Failed++
			if !now {
				f, now = injection{a, function, in.table[function]}, true
			}
		}
	}
	return f, now
}

// wants tells whether any fault is about one of these functions.
func (in *faultInjector) wants(functions ...string) bool {
	if in == nil {
		return false
	}
	for _, a := range in.active {
		for _, f := range functions {
			if slices.Contains(a.functions, f) {
				return true
			}
		}
	}
	return false
}

// noteInjected remembers a call that fails.
func (k *Kernel) noteInjected(f injection, at uint32) {
	const most = 100
	if len(f.Sites) < most {
		f.Sites = append(f.Sites, InjectedCall{f.Calls, Place{at, k.Symbolize(at)}, f.how.meaning})
	}
}
