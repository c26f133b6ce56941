// SPDX-License-Identifier: BSD-3-Clause
// Tracing: every call of a modelled function, decoded.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// TraceKind says what a TraceEvent is about.
type TraceKind uint8

// Kinds of trace events. A call that ends its task or the run has no TraceReturn.
const (
	TraceCall   TraceKind = iota // a function is entered
	TraceReturn                  // it returns, or faults
)

// TraceEvent is one step of a trace. Functions of real guest code, the user copies, do not appear.
type TraceEvent struct {
	Kind   TraceKind
	Name   string // of the function
	Args   string // decoded, separated by commas
	Result string // of TraceReturn: decoded, empty after a void function, or what became of the call instead
	Caller uint32 // return address
	Depth  int    // guest functions that modelled code has called and waits for
	PID    int32
	Time   uint64 // instructions since boot
}

// SetTrace has f called at every call of a modelled function and at its return; nil ends it. Tracing changes nothing in
// the guest, and costs nothing while it is off.
func (k *Kernel) SetTrace(f func(TraceEvent)) { k.trace = f }

// traceCall reports that a call begins and returns the event, for traceReturn.
func (k *Kernel) traceCall(c *Call) *TraceEvent {
	e := TraceEvent{Name: c.Fn.Name, Args: callDecoder{k, c}.arguments(), Caller: c.caller(), Time: k.m.Now()}
	if t := k.running; t != nil {
		e.Depth = len(t.calls)
		k.quietly(func() { e.PID = t.Pid() })
	}
	k.trace(e)
	return &e
}

// traceReturn reports how a call ended.
func (k *Kernel) traceReturn(e TraceEvent, c *Call, fault *memFault) {
	if k.trace == nil {
		return
	}
	e.Kind, e.Time = TraceReturn, k.m.Now()
	p, known := k.prototype(e.Name)
	switch {
	case fault != nil:
		e.Result = fmt.Sprintf("page fault at %#x", fault.addr)
	case c.trap != nil:
		e.Result = "BUG()"
	case known:
		e.Result = k.resultText(p.Result, c.returned(p.Result))
	case strings.HasPrefix(e.Name, "sys_"):
		e.Result = k.resultText(abi.Type{Kind: abi.KindLong, Size: 4}, c.returned(abi.Type{Size: 4}))
	default:
		e.Result = fmt.Sprintf("%#x", c.Result())
	}
	k.trace(e)
}

// TraceLines makes of trace events what ltrace prints, one line a call:
//
//	printk("<6>hello %s\n", "world") = 13
//
// A call during which others happen takes two lines, with an ellipsis; calls inside it are indented.
func TraceLines(print func(line string)) func(TraceEvent) {
	var open *TraceEvent // entered, and nothing has happened since
	line := func(e TraceEvent, text string) { print(strings.Repeat("  ", e.Depth) + text) }
	return func(e TraceEvent) {
		alone := open != nil && open.Name == e.Name && open.PID == e.PID && open.Depth == e.Depth
		switch {
		case e.Kind == TraceReturn && alone:
			line(e, e.Name+"("+e.Args+")"+equals(e.Result))
			open = nil
			return
		case open != nil:
			line(*open, open.Name+"("+open.Args+") …")
			open = nil
		}
		if e.Kind == TraceReturn {
			line(e, "… "+e.Name+equals(e.Result))
			return
		}
		open = &e
	}
}

// equals writes a result behind a call.
func equals(result string) string {
	if result == "" {
		return ""
	}
	return " = " + result
}
