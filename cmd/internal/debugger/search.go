// SPDX-License-Identifier: BSD-3-Clause

// Searching backwards: the last moment before here that matches, found by
// executing again, the latest stretch first.

package debugger

// Stretches are short at first: what is looked for may be near, and be met often.
const (
	firstStretch = 4096
	stretchGrows = 16
)

// lastMatch finds the last moment before limit for which match returns a stop.
// It leaves the debuggee somewhere before limit. found is nil when there is
// none; interrupted says that somebody ended the search.
func (d *Debugger) lastMatch(limit Position, p plan, match func(w *world, m *moment) *Stop) (found *Stop, interrupted bool, err error) {
	end := limit
	for length := uint64(firstStretch); ; length *= stretchGrows {
		s := p
		s.dir, s.goal, s.hasGoal = Backward, end, true
		if end.Count > length {
			s.from = end.Count - length
		}
		s.match = func(w *world, m *moment) bool {
			if stop := match(w, m); stop != nil {
				found = stop
			}
			return false
		}
		if err := d.runFrom(d.baseFor(Position{Count: s.from}, false), &s); err != nil {
			return nil, false, err
		}
		if d.at.poked {
			return nil, true, nil
		}
		if found != nil || s.from == 0 {
			return found, false, nil
		}
		end = Position{Count: s.from}
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
