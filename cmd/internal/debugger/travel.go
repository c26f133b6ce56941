// SPDX-License-Identifier: BSD-3-Clause

// Travelling: to a place before or after this one, by executing.

package debugger

// begin is the beginning of a move: an Interrupt from before is for none.
func (d *Debugger) begin() { d.interrupt.Store(false) }

// run goes on under a plan from where the debuggee stands.
func (d *Debugger) run(p *plan) {
	if d.at.kind == atEnd {
		return
	}
	d.at = d.w.send(order{plan: p})
}

// runFrom goes back to a checkpoint, or to the start when base is nil, and
// goes on from there under a plan.
func (d *Debugger) runFrom(base *checkpoint, p *plan) error {
	if base != nil {
		d.at = d.w.send(order{plan: p, rewind: base.cp})
		if p.failed == nil {
			return nil
		}
	}
	if err := d.boot(); err != nil {
		return err
	}
	d.run(p)
	return nil
}

// baseFor is the latest checkpoint from which p can be reached; nil: the
// start. strict leaves one at p itself out.
func (d *Debugger) baseFor(p Position, strict bool) *checkpoint {
	if d.at.kind == atStart || d.at.kind == atEnd {
		return nil
	}
	return d.w.latestBefore(p, strict)
}

// travel goes to p, or to the first place behind it where there is one.
func (d *Debugger) travel(p Position, dir Direction) error {
	plan := &plan{dir: dir, goal: p, hasGoal: true}
	switch {
	case p == d.at.place:
		return nil
	case p == Position{}:
		return d.boot()
	case d.at.place.Before(p):
		d.run(plan)
		return nil
	}
	return d.runFrom(d.baseFor(p, false), plan)
}

// settle makes the stop of where the debuggee stands.
func (d *Debugger) settle(why Reason) Stop {
	m := d.at
	s := Stop{Reason: why, Position: m.place, EIP: d.w.m.EIP()}
	switch m.kind {
	case atEnd:
		s.Reason, s.Result = ReasonEnded, m.result
		if m.err != nil {
			s.Text = m.err.Error()
		}
	case atStart:
		s.Reason = ReasonStart
	case atFault:
		s.Exception = d.w.exception(&m)
	case atNotice:
		d.describeNotice(&s, &m)
	}
	if m.poked {
		s.Reason = ReasonInterrupted
	}
	d.stop = s
	return s
}

// GoTo travels to a position, or where there is none to the first one after
// it. Breakpoints on the way are passed over.
func (d *Debugger) GoTo(p Position) (Stop, error) {
	d.begin()
	dir := Forward
	if p.Before(d.at.place) {
		dir = Backward
	}
	if err := d.travel(p, dir); err != nil {
		return Stop{}, err
	}
	return d.settle(ReasonStep), nil
}
