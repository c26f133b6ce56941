// SPDX-License-Identifier: BSD-3-Clause

// Leaving a function: forwards by its return, backwards by its call.

package debugger

// Finish runs until the function returns to its caller; Backward to the call
// that entered it.
func (d *Debugger) Finish(dir Direction) (Stop, error) {
	here := d.w.sample(d.at.place)
	ret, esp, known := uint32(0), uint32(0), false
	if d.cfg.Unwind != nil && d.w.k != nil {
		ret, esp, known = d.cfg.Unwind(d.View())
	}
	if dir == Backward {
		return d.finishBack(here, ret, esp, known)
	}
	if !known {
		return d.finishStepping(here)
	}
	return d.forward(&plan{runTo: map[uint32]bool{ret: true}, tactic: func(w *world, m *moment) act {
		if s := w.sample(m.place); s.eip == ret && s.same(here) && s.esp >= esp {
			return actStop
		}
		return actGo
	}})
}

// finishStepping watches calls and returns: the first return in this frame is
// the function's.
func (d *Debugger) finishStepping(here sample) (Stop, error) {
	f := &frameStepper{home: here, faults: true}
	p := &plan{}
	p.each = f.leave(p) == actEach
	returning := here.flow == flowReturn
	p.tactic = func(w *world, m *moment) act {
		s := w.sample(m.place)
		if returning && (!s.same(f.home) || s.esp > f.home.esp) {
			return actStop
		}
		if !f.comes(s) {
			return f.stay()
		}
		returning = s.flow == flowReturn
		return f.leave(p)
	}
	return d.forward(p)
}

// finishBack goes to the call that entered the function.
func (d *Debugger) finishBack(here sample, ret, esp uint32, known bool) (Stop, error) {
	d.begin()
	if known {
		own := plan{breaks: true, watch: []*watchpoint{}, runTo: d.callsBefore(ret), rearm: true}
		call, ok, err := d.lastSample(here.place, own, func(s sample) bool { return s.same(here) && s.esp == esp })
		if err != nil || d.at.poked {
			return d.nothingBefore(err)
		}
		if ok {
			return d.arrive(call.place)
		}
		if err := d.travel(here.place, Forward); err != nil {
			return Stop{}, err
		}
	}
	for s, steps := here, 0; steps < maxSpan; steps++ {
		prev, ok, err := d.previous(s)
		if err != nil || !ok {
			return d.nothingBefore(err)
		}
		entered := prev.flow == flowCall && prev.next != s.eip || prev.flow == flowHost && prev.next != s.eip
		if entered && (!prev.same(s) || prev.esp > s.esp) {
			return d.arrive(prev.place)
		}
		s = prev
	}
	return Stop{}, errTooFar
}
