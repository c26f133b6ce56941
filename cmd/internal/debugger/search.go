// SPDX-License-Identifier: BSD-3-Clause

// Searching backwards: the last moment before here that matches, found by
// executing again, the latest stretch first.

package debugger

// lastMatch finds the last moment before limit for which match returns a stop.
// It leaves the debuggee somewhere before limit. found is nil when there is
// none; interrupted says that somebody ended the search.
func (d *Debugger) lastMatch(limit Position, p plan, match func(w *world, m *moment) *Stop) (found *Stop, interrupted bool, err error) {
	for end := limit; ; {
		base := d.baseFor(end, true)
		stretch := p
		stretch.dir, stretch.goal, stretch.hasGoal = Backward, end, true
		stretch.match = func(w *world, m *moment) bool {
			if s := match(w, m); s != nil {
				found = s
			}
			return false
		}
		begin := Position{}
		if base != nil {
			begin = base.place
		}
		if err := d.runFrom(base, &stretch); err != nil {
			return nil, false, err
		}
		if d.at.poked {
			return nil, true, nil
		}
		if found != nil || begin == (Position{}) {
			return found, false, nil
		}
		end = begin
	}
}

// backTo travels to a stop that a search has found and makes it the stop.
func (d *Debugger) backTo(s *Stop) (Stop, error) {
	if err := d.travel(s.Position, Backward); err != nil {
		return Stop{}, err
	}
	if d.at.poked || d.at.place != s.Position {
		return d.settle(ReasonStep), nil
	}
	d.settle(s.Reason)
	d.stop = *s
	return d.stop, nil
}

// backToStart is where a search ends that has found nothing.
func (d *Debugger) backToStart() (Stop, error) {
	if err := d.travel(Position{}, Backward); err != nil {
		return Stop{}, err
	}
	return d.settle(ReasonStart), nil
}
