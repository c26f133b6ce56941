// SPDX-License-Identifier: BSD-3-Clause

// What the debuggee does until it stands still again.

package debugger

// act is what a tactic wants at a boundary.
type act uint8

const (
	actGo   act = iota // on, to the next thing that is waited for
	actEach            // on, to the next instruction
	actStop            // stand still here
)

// plan is one stretch of execution. It is evaluated on the debuggee's
// goroutine.
type plan struct {
	dir     Direction
	goal    Position // stand still at the first moment here or later
	hasGoal bool
	from    uint64 // before this count go on as if nothing else were asked for
	each    bool   // look at every instruction

	breaks bool            // breakpoints and watchpoints are armed
	watch  []*watchpoint   // those that are; nil: the user's
	runTo  map[uint32]bool // breakpoints of the tactic's own
	// match is asked at every moment before the goal while breaks is set, or
	// with each; true stops.
	match func(w *world, m *moment) bool
	// tactic steers a step: it is asked at every boundary.
	tactic func(w *world, m *moment) act

	stop   *Stop // set by match
	marked bool  // it has had its checkpoint
	rearm  bool  // runTo has changed
	failed error // the world could not go back
}

// decide tells whether to stand still at m.
func (p *plan) decide(w *world, m *moment) bool {
	if w.polls++; m.kind == atBoundary && (w.polls%pollEachEvery == 0 || m.place.Count >= w.nextPoll) {
		w.nextPoll = m.place.Count + pollEvery
		if w.poll(m) {
			return true
		}
	}
	if p.hasGoal && !m.place.Before(p.goal) {
		return true
	}
	if m.place.Count < p.from {
		return false
	}
	if p.match != nil && p.match(w, m) {
		return true
	}
	if p.tactic == nil || m.kind != atBoundary {
		return false
	}
	switch p.tactic(w, m) {
	case actStop:
		return true
	case actEach:
		p.each = true
	case actGo:
		p.each = false
	}
	return false
}
