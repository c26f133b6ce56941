// SPDX-License-Identifier: BSD-3-Clause
// Telling a debugger what happens in the kernel, at the moment it happens.

package guestkernel

import "fmt"

// NoticeKind says what a Notice is about.
type NoticeKind uint8

// Kinds of notices.
const (
	ModuleLoaded  NoticeKind = iota // its image is in place and linked in; its init, Fn, is about to be called
	ModuleRunning                   // its init has returned 0
	ModuleFailed                    // its init has returned something else
	ModuleLeaves                    // its cleanup, Fn, is about to be called
	ModuleGone                      // its memory is about to be given back
	LogWritten                      // Text went into the log
	OopsBegins                      // Text is the oops's title; nothing is printed yet
	PanicBegins                     // Text is panic's
	RunEnds                         // the machine is about to stand still: Outcome says why
)

// Notice is something that happens.
type Notice struct {
	Kind    NoticeKind
	Module  string // of the module kinds
	Addr    uint32 // of its struct module
	Size    uint32
	Fn      uint32   // the function about to be called
	Result  int32    // of ModuleFailed
	Frame   uint32   // of OopsBegins: the pt_regs
	Text    string   //
	Outcome *Outcome // of RunEnds
}

// SetObserver has f called at every notice, on the stack of whatever happens; nil ends it. f may look at everything, and
// may call Rewind.
func (k *Kernel) SetObserver(f func(Notice)) { k.observe = f }

// tell calls the observer. Each notice is a place of its own in the machine's history.
func (k *Kernel) tell(n Notice) {
	t := k.m.tape
	if k.observe == nil || t.plays() {
		return
	}
	if t != nil {
		t.hush++
		defer t.ends()
	}
	k.m.Mark()
	k.observe(n)
	k.m.Mark() // what follows is elsewhere
}

// tellOfModule is tell for the module kinds.
func (k *Kernel) tellOfModule(kind NoticeKind, m module, fn uint32, result int32) {
	if k.observe == nil || k.m.tape.plays() {
		return
	}
	n := Notice{Kind: kind, Addr: m.addr, Fn: fn, Result: result}
	hushed(k.m.tape, func() bool {
		return k.quietly(func() { n.Module, n.Size = m.name(), m.get(k.lay.Module.ModuleSize) })
	})
	k.tell(n)
}

// Peek reads memory at addr as the kernel sees it, without making anything present: areas of vmalloc that the current page
// tables do not have yet are found in the kernel's own. It returns how many bytes could be read.
func (k *Kernel) Peek(addr uint32, b []byte) int {
	done := k.m.ReadLinear(addr, b)
	for done < len(b) {
		pa, ok := k.mem.peek(addr + uint32(done))
		if !ok {
			break
		}
		n := min(int(left(addr+uint32(done))), len(b)-done)
		k.m.ReadPhys(pa, b[done:done+n])
		done += n
		done += k.m.ReadLinear(addr+uint32(done), b[done:])
	}
	return done
}

// Abandon ends the run from the machine's monitor or an observer: it unwinds the running task and does not return. Called
// where no task runs it only ends the run.
func (k *Kernel) Abandon() {
	if k.final == nil {
		k.final = &Outcome{Kind: Requested, Reason: "the run was abandoned"}
	}
	if k.running != nil {
		k.unwind(taskGone{})
	}
}

// Describe is the notice in words.
func (n Notice) Describe() string {
	switch n.Kind {
	case LogWritten, OopsBegins, PanicBegins:
		return n.Text
	case RunEnds:
		return n.Outcome.String()
	case ModuleFailed:
		return fmt.Sprintf("%s: init returned %d", n.Module, n.Result)
	}
	return n.Module
}

// Poke writes memory at addr for a debugger, as Peek reads it, write protected or not. It returns how many bytes were mapped.
func (k *Kernel) Poke(addr uint32, b []byte) int {
	for done := 0; done < len(b); {
		at := addr + uint32(done)
		pa, ok := k.m.Translate(at, 0)
		if !ok {
			if pa, ok = k.mem.peek(at); !ok {
				return done
			}
		}
		n := min(int(left(at)), len(b)-done)
		k.m.WritePhys(pa, b[done:done+n])
		done += n
	}
	return len(b)
}
