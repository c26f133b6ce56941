// SPDX-License-Identifier: BSD-3-Clause

// Moves by instruction. Each returns the stop it ended at; an error is the
// debugger's own trouble.

package debugger

import (
	"errors"

	"ring0/vm/x86"
)

var errTooFar = errors.New("debugger: the caller is too far back to be found by stepping; debug information would help")

// forward runs under a plan with the breakpoints armed and makes the stop.
func (d *Debugger) forward(p *plan) (Stop, error) {
	d.begin()
	p.dir, p.breaks, p.match = Forward, true, d.forwards
	d.run(p)
	if d.at.kind != atEnd && !d.at.poked && p.stop != nil {
		s := p.stop
		d.settle(s.Reason)
		d.stop.Breakpoint, d.stop.Hits, d.stop.Text = s.Breakpoint, s.Hits, s.Text
		d.describeBreak(&d.stop)
		d.noteStop()
		return d.stop, nil
	}
	return d.settle(ReasonStep), nil
}

// describeBreak adds the module that a stop at its init or exit is about.
func (d *Debugger) describeBreak(s *Stop) {
	for _, m := range d.modules {
		if s.Reason == ReasonBreakpoint && s.Module == nil && (s.EIP == m.init || s.EIP == m.cleanup) && s.EIP != 0 {
			s.Module = &ModuleEvent{m.name, m.addr, m.size, s.EIP}
		}
	}
}

// noteStop puts the stop on the timeline.
func (d *Debugger) noteStop() {
	for _, e := range d.stops {
		if e.Position == d.stop.Position {
			return
		}
	}
	d.stops = append(d.stops, Event{EventStop, d.stop.Position, d.stop.Reason.String()})
	d.stale = true
}

// Continue runs to the next thing worth stopping for; Backward to the last one
// before here, or to the start of history.
func (d *Debugger) Continue(dir Direction) (Stop, error) {
	if dir == Forward {
		return d.forward(&plan{})
	}
	return d.backward(plan{breaks: true}, d.backwards)
}

// backward goes to the last match before here, or to the start.
func (d *Debugger) backward(p plan, match func(w *world, m *moment) *Stop) (Stop, error) {
	d.begin()
	found, interrupted, err := d.lastMatch(d.at.place, p, match)
	switch {
	case err != nil:
		return Stop{}, err
	case interrupted:
		return d.settle(ReasonInterrupted), nil
	case found == nil:
		return d.backToStart()
	}
	stop, err := d.backTo(found)
	d.describeBreak(&d.stop)
	return stop, err
}

// StepInsn executes n instructions. An exception that an instruction raises
// counts as one more.
func (d *Debugger) StepInsn(dir Direction, n uint64) (Stop, error) {
	if n == 0 {
		return d.stop, nil
	}
	if dir == Backward {
		return d.stepBack(n)
	}
	done := uint64(0)
	return d.forward(&plan{each: true, tactic: func(*world, *moment) act {
		if done++; done == n {
			return actStop
		}
		return actEach
	}})
}

// stepBack goes n boundaries back.
func (d *Debugger) stepBack(n uint64) (Stop, error) {
	d.begin()
	for p := d.at.place; ; {
		list, err := d.before(p, int(min(n, maxSpan/2)))
		switch {
		case err != nil:
			return Stop{}, err
		case d.at.poked:
			return d.settle(ReasonInterrupted), nil
		case uint64(len(list)) >= n:
			return d.arrive(list[uint64(len(list))-n].place)
		case len(list) == 0:
			return d.backToStart()
		}
		n -= uint64(len(list))
		p = list[0].place
	}
}

// arrive travels back to a place that a move ends at.
func (d *Debugger) arrive(p Position) (Stop, error) {
	if err := d.travel(p, Backward); err != nil {
		return Stop{}, err
	}
	return d.settle(ReasonStep), nil
}

// Next is StepInsn of one, with a call and all it calls, and a repeated string
// instruction, as one.
func (d *Debugger) Next(dir Direction) (Stop, error) {
	if dir == Backward {
		d.begin()
		here := d.w.sample(d.at.place)
		prev, ok, err := d.previous(here)
		if err != nil || !ok {
			return d.nothingBefore(err)
		}
		return d.arrive(prev.place)
	}
	if d.at.kind != atBoundary {
		return d.StepInsn(Forward, 1)
	}
	f := &frameStepper{home: d.w.sample(d.at.place)}
	p := &plan{}
	first := f.leave(p)
	p.each = first == actEach
	p.tactic = func(w *world, m *moment) act {
		if f.comes(w.sample(m.place)) {
			return actStop
		}
		return f.stay()
	}
	return d.forward(p)
}

func (d *Debugger) nothingBefore(err error) (Stop, error) {
	switch {
	case err != nil:
		return Stop{}, err
	case d.at.poked:
		return d.settle(ReasonInterrupted), nil
	}
	return d.backToStart()
}

// previous is the boundary before p in p's frame: behind a call, the call. ok
// is false at the start of history.
func (d *Debugger) previous(p sample) (prev sample, ok bool, err error) {
	list, err := d.before(p.place, 1)
	if err != nil || len(list) == 0 || d.at.poked {
		return sample{}, false, err
	}
	s := list[len(list)-1]
	if !s.same(p) || s.flow == flowReturn && s.esp < p.esp || s.flow == flowHost && s.next != p.eip && s.esp < p.esp {
		return d.callBefore(p, s)
	}
	if s.flow == flowRepeat && s.eip != p.eip {
		return d.repeatBefore(p, s)
	}
	return s, true, nil
}

// callBefore finds the instruction that led from p's frame to s, which has
// returned to p: the last one with its stack pointer above the frame's end.
func (d *Debugger) callBefore(p, s sample) (prev sample, ok bool, err error) {
	outside := func(t sample) bool {
		return t.same(p) && (!s.same(p) || t.esp > s.esp)
	}
	for n := 1; ; n *= spanGrows {
		list, err := d.before(s.place, n)
		if err != nil || d.at.poked {
			return sample{}, false, err
		}
		for i := len(list) - 1; i >= 0; i-- {
			if outside(list[i]) {
				return list[i], true, nil
			}
		}
		if len(list) < n || n > firstSpan*spanGrows {
			break
		}
	}
	return d.lastSample(s.place, plan{breaks: true, watch: []*watchpoint{}, runTo: d.callsBefore(p.eip), rearm: true}, outside)
}

// callsBefore are the addresses at which a call or VMCALL may begin that comes
// back to eip.
func (d *Debugger) callsBefore(eip uint32) map[uint32]bool {
	found := map[uint32]bool{}
	for n := uint32(1); n <= x86.MaxLen; n++ {
		if next, f := d.w.flowAt(eip - n); next == eip && (f == flowCall || f == flowHost || f == flowRepeat) {
			found[eip-n] = true
		}
	}
	return found
}

// lastSample is the last boundary before limit at one of the plan's own
// breakpoints for which want holds.
func (d *Debugger) lastSample(limit Position, p plan, want func(sample) bool) (found sample, ok bool, err error) {
	stop, interrupted, err := d.lastMatch(limit, p, func(w *world, m *moment) *Stop {
		if m.kind != atBoundary || !p.runTo[w.m.EIP()] {
			return nil
		}
		if s := w.sample(m.place); want(s) {
			found = s
			return &Stop{Position: m.place}
		}
		return nil
	})
	return found, stop != nil && !interrupted, err
}

// repeatBefore is the first element of the repetition that s is the last of.
func (d *Debugger) repeatBefore(p, s sample) (prev sample, ok bool, err error) {
	for {
		list, err := d.before(s.place, 1)
		if err != nil || len(list) == 0 || d.at.poked {
			return s, err == nil, err
		}
		t := list[len(list)-1]
		if t.eip != s.eip || t.esp != s.esp {
			return s, true, nil
		}
		s = t
	}
}

// Until runs to an address, in this or any frame.
func (d *Debugger) Until(dir Direction, addr uint32) (Stop, error) {
	to := map[uint32]bool{addr: true}
	if dir == Backward {
		return d.backward(plan{breaks: true, watch: []*watchpoint{}, runTo: to, rearm: true}, func(w *world, m *moment) *Stop {
			if m.kind == atBoundary && w.m.EIP() == addr {
				return &Stop{Position: m.place, EIP: addr, Reason: ReasonStep}
			}
			return nil
		})
	}
	return d.forward(&plan{runTo: to, tactic: func(w *world, m *moment) act {
		if w.m.EIP() == addr {
			return actStop
		}
		return actGo
	}})
}

// LastWrite travels back to behind the last write to r before here: the stop's
// Hits say who wrote. Breakpoints on the way are passed over.
func (d *Debugger) LastWrite(r Range) (Stop, error) {
	if err := r.check(); err != nil {
		return Stop{}, err
	}
	own := []*watchpoint{{Watchpoint{Range: r, Kind: WatchWrite}}}
	return d.backward(plan{breaks: true, watch: own}, func(w *world, m *moment) *Stop {
		if hits := w.hits(m); len(hits) > 0 {
			return &Stop{Reason: ReasonWatch, Position: m.place, EIP: w.m.EIP(), Hits: hits}
		}
		return nil
	})
}
