// SPDX-License-Identifier: BSD-3-Clause

// Which checkpoints are kept: many near where one is, fewer the further back.

package debugger

import "ring0/guestkernel"

const (
	checkpointEvery  = 2_000_000 // instructions between new ones, unless a test says otherwise
	never            = 0
	checkpointsPer   = 8 // kept for each doubling of the distance
	checkpointsAtAll = 64
)

// checkpoint is a state of the world to go back to.
type checkpoint struct {
	cp    *guestkernel.Checkpoint
	place Position
}

// nextCheckpoint is the count at which the next one is due.
func (w *world) nextCheckpoint() uint64 {
	if n := len(w.checkpoints); n > 0 {
		return w.checkpoints[n-1].place.Count + w.d.every
	}
	return 0
}

// keepCheckpoint makes one when it is due.
func (w *world) keepCheckpoint(at Position) {
	if w.d.every == never {
		return
	}
	if n := len(w.checkpoints); n == 0 || at.Count >= w.nextCheckpoint() || w.plan.checkpoint(at) && w.checkpoints[n-1].place != at {
		w.addCheckpoint(at)
	}
}

// checkpoint tells whether the plan wants one: where it begins to look, since
// that is near where one is.
func (p *plan) checkpoint(at Position) bool {
	if p.from != 0 && at.Count >= p.from && !p.marked {
		p.marked = true
		return true
	}
	return false
}

func (w *world) addCheckpoint(at Position) {
	w.checkpoints = append(w.checkpoints, checkpoint{w.k.Checkpoint(), at})
	w.thin(at.Count)
}

// thin forgets checkpoints that are lost, or close to others for their
// distance from here.
func (w *world) thin(now uint64) {
	keep := w.checkpoints[:0]
	all := w.checkpoints
	for i, c := range all {
		last := i == len(all)-1
		switch {
		case last:
		case w.k.Lost(c.cp):
			w.k.Forget(c.cp)
			continue
		case len(keep) > 0 && all[i+1].place.Count-keep[len(keep)-1].place.Count < (now-c.place.Count)/checkpointsPer:
			w.k.Forget(c.cp)
			continue
		}
		keep = append(keep, c)
	}
	for len(keep) > checkpointsAtAll { // the second oldest: the oldest reaches furthest
		w.k.Forget(keep[1].cp)
		keep = append(keep[:1], keep[2:]...)
	}
	clear(all[len(keep):])
	w.checkpoints = keep
}

// dropAfter takes those behind cp off the list: restoring it forgets them.
func (w *world) dropAfter(cp *guestkernel.Checkpoint) {
	for i, c := range w.checkpoints {
		if c.cp == cp {
			clear(w.checkpoints[i+1:])
			w.checkpoints = w.checkpoints[:i+1]
			return
		}
	}
}

// latestBefore is the latest checkpoint at or before p that can be restored
// from here; strictly before it when strict is set.
func (w *world) latestBefore(p Position, strict bool) *checkpoint {
	for i := len(w.checkpoints) - 1; i >= 0; i-- {
		c := &w.checkpoints[i]
		if c.place.Compare(p) > 0 || strict && c.place == p || !w.k.Restorable(c.cp) {
			continue
		}
		return c
	}
	return nil
}
