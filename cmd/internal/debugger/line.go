// SPDX-License-Identifier: BSD-3-Clause

// Moves by source line.

package debugger

import "errors"

var errNoLines = errors.New("debugger: there are no source lines here")

// lineAt is the line of an address.
func (d *Debugger) lineAt(eip uint32) (LineRange, bool) {
	if d.cfg.Lines == nil {
		return LineRange{}, false
	}
	return d.cfg.Lines.LineOf(eip)
}

// is tells whether both are parts of one line.
func (l LineRange) is(o LineRange) bool { return l.File == o.File && l.Line == o.Line }

// StepLine executes until another source line begins, entering functions that
// have lines.
func (d *Debugger) StepLine(dir Direction) (Stop, error) {
	return d.stepLine(dir, lineStep{enters: true})
}

// NextLine is StepLine within the function.
func (d *Debugger) NextLine(dir Direction) (Stop, error) { return d.stepLine(dir, lineStep{}) }

// UntilLine is NextLine that does not go back in a loop: it runs to a line
// behind this one.
func (d *Debugger) UntilLine(dir Direction) (Stop, error) {
	return d.stepLine(dir, lineStep{beyond: true})
}

// lineStep is a move by lines.
type lineStep struct {
	enters bool // functions with lines
	beyond bool // passes over lines before the one it began in
}

func (d *Debugger) stepLine(dir Direction, kind lineStep) (Stop, error) {
	here := d.w.sample(d.at.place)
	line, ok := d.lineAt(here.eip)
	if !ok {
		return Stop{}, errNoLines
	}
	if dir == Backward {
		return d.lineBack(here, kind)
	}
	f := &frameStepper{home: here}
	p := &plan{}
	leave := func() act {
		if kind.enters && f.home.flow == flowCall {
			p.runTo, p.rearm = nil, true
			return actEach
		}
		return f.leave(p)
	}
	p.each = leave() == actEach
	began, entered := here, false
	p.tactic = func(w *world, m *moment) act {
		s := w.sample(m.place)
		if kind.enters && !f.away && f.home.flow == flowCall && s.eip != f.home.next {
			if l, has := d.lineAt(s.eip); has { // entered: past what sets up the frame
				f.home, line, began, entered = s, l, s, true
				return leave()
			}
			f.away, f.target = true, f.home.next
			p.runTo, p.rearm = map[uint32]bool{f.target: true}, true
			return actGo
		}
		if !f.comes(s) {
			return f.stay()
		}
		l, has := d.lineAt(s.eip)
		switch {
		case entered && s.flow == flowCall:
			return actStop // it begins with a call: not into that at once
		case !has && s.same(began) && s.esp > began.esp:
			return actStop // returned to where there are no lines
		case !has, l.is(line):
		case s.eip == l.Lo && l.IsStmt && !(kind.beyond && s.eip < began.eip && s.esp <= began.esp):
			return actStop
		case s.eip != l.Lo && s.esp > began.esp:
			line, began = l, s // returned into the midst of a line: to its end
		}
		return leave()
	}
	return d.forward(p)
}

// lineBack goes to the beginning of this line or, from there, of the line that
// was executed before: to where a line begins that one can stop at.
func (d *Debugger) lineBack(here sample, kind lineStep) (Stop, error) {
	d.begin()
	cur, ok, err := d.lineBefore(here, kind)
	if err != nil || !ok {
		return d.nothingBefore(err)
	}
	line, has := d.lineAt(cur.eip)
	for range maxSpan {
		if !has {
			return d.arrive(cur.place) // before a function's entry: there are no lines
		}
		prev, ok, err := d.lineBefore(cur, kind)
		if err != nil || d.at.poked {
			return d.nothingBefore(err)
		}
		before, had := d.lineAt(prev.eip)
		begins := line.Lo == cur.eip && line.IsStmt
		if !ok || !had || begins && !before.is(line) {
			return d.arrive(cur.place)
		}
		cur, line, has = prev, before, had
	}
	return Stop{}, errTooFar
}

// lineBefore is the boundary before s: in the frame, or in the function that
// has returned to s when that is entered and has lines.
func (d *Debugger) lineBefore(s sample, kind lineStep) (sample, bool, error) {
	if !kind.enters {
		return d.previous(s)
	}
	list, err := d.before(s.place, 1)
	if err != nil || len(list) == 0 || d.at.poked {
		return sample{}, false, err
	}
	last := list[len(list)-1]
	if _, has := d.lineAt(last.eip); has {
		return last, true, nil
	}
	return d.previous(s)
}
