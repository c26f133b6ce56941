// SPDX-License-Identifier: BSD-3-Clause

// Samples: the instructions right before a place, and the frames they are in.
//
// A frame is told by its stack: what a function calls, and what interrupts it,
// has its stack pointer below the function's, on the same stack.

package debugger

import (
	"ring0/vm"
	"ring0/vm/x86"
)

// flow is how an instruction passes control on.
type flow uint8

const (
	flowOn     flow = iota // to the next instruction, or by a jump
	flowCall               // call, int: comes back behind itself
	flowReturn             // ret, iret
	flowHost               // VMCALL: into the kernel's modelled code, which may call guest code
	flowRepeat             // a repeated string instruction
)

// sample is a boundary: an instruction about to be executed.
type sample struct {
	place    Position
	eip, esp uint32
	stack    uint32 // what tells this stack from others
	next     uint32 // behind the instruction
	flow     flow
}

// same tells whether both run on one stack.
func (s sample) same(t sample) bool { return s.stack == t.stack }

const kernelStack = 8192

// sample takes one of where the machine stands.
func (w *world) sample(at Position) sample {
	m := w.m
	s := sample{place: at, eip: m.EIP(), esp: m.Reg(vm.ESP)}
	s.stack = s.esp &^ (kernelStack - 1)
	if m.CPL() == 3 {
		s.stack = m.CR(3) | 3
	}
	s.next, s.flow = w.flowAt(s.eip)
	return s
}

// flowAt decodes the instruction at eip.
func (w *world) flowAt(eip uint32) (next uint32, f flow) {
	var code [x86.MaxLen]byte
	n := w.k.Peek(eip, code[:])
	var in x86.Inst
	if x86.Decode(code[:n], eip, x86.Code32, &in) != x86.OK {
		return eip, flowOn
	}
	switch in.Op {
	case x86.CALL, x86.CALLIND, x86.CALLFAR, x86.INT, x86.INT3, x86.INTO:
		f = flowCall
	case x86.RET, x86.RETFAR, x86.IRET:
		f = flowReturn
	case x86.VMCALL:
		f = flowHost
	default:
		if in.Flags&(x86.Rep|x86.Repne) != 0 {
			f = flowRepeat
		}
	}
	return in.Next(), f
}

// sampleWindow is the boundaries from some place up to another, all of them.
type sampleWindow struct {
	list []sample
	to   Position
}

const (
	firstSpan = 64
	spanGrows = 64
	maxSpan   = 1 << 20 // samples; further back other means are needed
)

// before returns the samples before p that are known, at least n of them
// unless history or the means end. It leaves the debuggee at p, or anywhere in
// the known part.
func (d *Debugger) before(p Position, n int) ([]sample, error) {
	if known := d.samples.upTo(p); len(known) >= n && known != nil {
		return known, nil
	}
	for span := uint64(max(firstSpan, 2*n)); ; span *= spanGrows {
		span = min(span, maxSpan)
		whole, err := d.sampleFrom(p, span)
		if err != nil || len(d.samples.list) >= n || whole || span == maxSpan || d.at.poked {
			return d.samples.list, err
		}
	}
}

// upTo is the window's part before p; nil when p is not in it.
func (s *sampleWindow) upTo(p Position) []sample {
	if p == s.to {
		return s.list
	}
	for i := len(s.list) - 1; i >= 0; i-- {
		if s.list[i].place == p {
			return s.list[:i]
		}
	}
	return nil
}

// sampleFrom executes up to p and makes a window of the last span counts
// before it. whole says that it reaches the start of history.
func (d *Debugger) sampleFrom(p Position, span uint64) (whole bool, err error) {
	from := uint64(0)
	if p.Count > span {
		from = p.Count - span
	}
	win := sampleWindow{to: p}
	plan := plan{dir: Backward, goal: p, hasGoal: true, from: from, each: true}
	plan.match = func(w *world, m *moment) bool {
		if m.kind == atBoundary && m.place.Count >= from {
			win.list = append(win.list, w.sample(m.place))
		}
		return false
	}
	if err := d.runFrom(d.baseFor(Position{Count: from}, false), &plan); err != nil {
		return false, err
	}
	d.samples = win
	return from == 0, nil
}

// frameStepper steps in one frame: what the frame calls, and what interrupts
// it, is executed as one.
type frameStepper struct {
	home   sample // the last boundary in the frame
	away   bool   // below it
	target uint32 // where it will go on; 0: unknown, its stack tells
	faults bool   // exceptions are interruptions too: the handler is not followed
}

// comes is asked at every boundary: whether it is in the frame, or the one
// that called it.
func (f *frameStepper) comes(s sample) bool {
	switch {
	case f.away:
		if !s.same(f.home) || s.esp < f.home.esp || f.target != 0 && s.eip != f.target {
			return false
		}
		f.away = false
	case f.home.flow != flowCall && f.interrupted(s):
		f.away, f.target = true, 0
		return false
	}
	f.home = s
	return true
}

// interrupted tells whether s is the first instruction of an interrupt's
// handler: the instruction at home has retired and something else was
// delivered. A handler of an exception begins where it has not.
func (f *frameStepper) interrupted(s sample) bool {
	return s.place.Sub > 0 && (f.faults || s.place.Count > f.home.place.Count) && (!s.same(f.home) || s.esp < f.home.esp)
}

// go on from home: by one instruction, or by what it calls as one.
func (f *frameStepper) leave(p *plan) act {
	p.runTo = nil
	switch f.home.flow {
	case flowCall, flowHost, flowRepeat:
		f.away, f.target = true, f.home.next
		p.runTo, p.rearm = map[uint32]bool{f.target: true}, true
		return actGo
	}
	p.rearm = true
	return actEach
}

// stay is what to do while away.
func (f *frameStepper) stay() act {
	if f.target != 0 {
		return actGo
	}
	return actEach
}
