// SPDX-License-Identifier: BSD-3-Clause
// Making a task's Go stack again as it was at a checkpoint.
//
// A stack consists of calls of modelled functions and, between two of them, the run in which the inner one was reached: the
// outer function has called guest code, which has called the inner one. Each function is called again and plays its tape
// (tape.go) up to the call of run that it waits in, or to where it gave up the CPU. run then does not execute anything but
// calls the next function. Nothing of that touches the guest, and what it does to the tables beside guest memory is put
// back afterwards; so it can be tried before the present is given up.

package guestkernel

import (
	"fmt"
	"slices"
)

// isThread tells whether the call stands for what a kernel thread does, which nobody has called.
func (c *Call) isThread() bool { return c.Slot == 0 }

// A beginning is a place in a function, or in a thread, from which it can be called again without what came before.
type beginning struct {
	regs Registers
	next uint32
	fn   func(*Call)
}

// beginsHere says that fn does all that is left to do in c: what c was told until now is of no use any more. What fn has of
// its own must not change.
func (c *Call) beginsHere(fn func(*Call)) {
	k, t := c.Kernel, c.tape
	switch {
	case t == nil:
		return
	case t.plays() && t.entry > 0:
		panic(diverged{"another beginning than the last one"})
	case t.plays():
		return
	}
	k.dropTape(t)
	if c.tape = k.newTape(); c.tape != nil {
		c.tape.from = &beginning{c.regs, c.next, fn}
	}
	k.m.tape = c.tape
}

// parkedIn gives up the CPU in call c, of which again is the rest. Even without a tape the task can be put back there.
func (k *Kernel) parkedIn(c *Call, again func(*Call)) {
	c.beginsHere(func(c *Call) { k.parkedIn(c, again) })
	t := k.running
	in := &t.stand.calls[len(t.stand.calls)-1]
	if _, checked := k.looking.check.call(); c.tape == nil && !checked { // checks have something to do behind the call
		in.waits = again
	}
	k.giveUp()
	t.stand.calls[len(t.stand.calls)-1].waits = nil
	again(c)
}

// forever is a thread of the kernel's own that does the same again and again.
func (k *Kernel) forever(round func()) {
	c := k.running.stand.calls[0].call
	for {
		c.beginsHere(func(*Call) { k.forever(round) })
		round()
	}
}

// savedCall is a modelled function in flight at a checkpoint.
type savedCall struct {
	callStand
	state Call // of call, as it was then
	tape  savedTape
	taped bool
}

func saveCall(in callStand) savedCall {
	s := savedCall{callStand: in, state: *in.call}
	s.tape, s.taped = in.call.tape.save()
	return s
}

// again is a call that does what the saved one did.
func (s *savedCall) again() *Call {
	c := s.state
	c.tape = nil
	if s.taped {
		c.tape, c.trap = s.tape.play(), nil
		c.regs, c.next = s.entered, c.Slot+vmcallLen
		if b := s.tape.from; b != nil {
			c.regs, c.next = b.regs, b.next
		}
	}
	return &c
}

// renewable tells whether the task's stack can be made again.
func (s *savedStand) renewable() bool {
	for i := range s.calls {
		if c := &s.calls[i]; !c.taped && (c.waits == nil || i < len(s.calls)-1) {
			return false
		}
	}
	return true
}

// redo is what a stack still has to become.
type redo struct {
	calls []savedCall // what is to be called, the next one first
	runs  []uint64
	done  bool
}

// A renewal is the way to a checkpoint: the stacks that it needs and that were not there any more.
type renewal struct {
	cp    *Checkpoint
	made  map[*Task]renewed
	order []*Task
}

// renewed is a new stack of a task's.
type renewed struct {
	co    *coroutine
	stand stand
}

// renew makes the stacks that cp needs. Afterwards everything is as before, whether it succeeds or not.
func (k *Kernel) renew(cp *Checkpoint) (*renewal, error) {
	if err := k.unrestorable(cp); err != nil {
		return nil, err
	}
	r := &renewal{cp: cp, made: map[*Task]renewed{}}
	var missing []*savedStand
	for i := range cp.tasks {
		if s := &cp.tasks[i]; !s.stillThere(cp) {
			missing = append(missing, s)
		}
	}
	if len(missing) == 0 {
		return r, nil
	}
	now, running, tape := saveGraph(k), k.running, k.m.tape
	var failed error
	for _, s := range missing {
		if failed = s.remake(r); failed != nil {
			break
		}
	}
	k.running, k.m.tape = running, tape
	if failed != nil {
		r.discard()
	}
	now.restore()
	return r, failed
}

// makes tells whether a task has a new stack.
func (r *renewal) makes(t *Task) bool {
	_, made := r.made[t]
	return made
}

// discard gives up the new stacks.
func (r *renewal) discard() {
	for _, t := range r.order {
		n := r.made[t]
		t.k.endStack(n.co)
	}
}

// remake makes a task's stack and has it stand where it stood.
func (s *savedStand) remake(r *renewal) error {
	t, k := s.task, s.task.k
	before := renewed{t.co, t.stand}
	t.stand = stand{resumed: s.stand.resumed, fresh: s.stand.fresh}
	k.running, k.m.tape = t, nil
	if s.stand.fresh {
		t.start()
	} else {
		again := &redo{calls: s.calls, runs: s.stand.runs}
		t.stand.redo = again
		t.calls = nil
		t.begin(func() { t.live() })
		t.co.next()
		if !again.done {
			why := t.stand.diverged
			k.endStack(t.co)
			t.co, t.stand = before.co, before.stand
			return fmt.Errorf("guestkernel: pid %d cannot be put back: %s", t.pidNow(), why)
		}
	}
	r.made[t], r.order = renewed{t.co, t.stand}, append(r.order, t)
	t.co, t.stand = before.co, before.stand
	return nil
}

// goOn makes the next part of a stack, in the run that it belongs to.
func (k *Kernel) goOn(t *Task) {
	r := t.stand.redo
	if len(r.calls) == 0 || r.calls[0].level != len(t.stand.runs) {
		t.reached()
		return
	}
	traced := r.calls[0].traced
	c, fn := k.nextAgain(t)
	k.conclude(c, traced, k.onTape(c, fn))
}

// nextAgain takes the next call that is to be made again, and what is to be called.
func (k *Kernel) nextAgain(t *Task) (c *Call, fn func(*Call)) {
	r := t.stand.redo
	s := &r.calls[0]
	r.calls = r.calls[1:]
	c = s.again()
	t.stand.calls = append(t.stand.calls, callStand{call: c, entered: s.entered, level: s.level, traced: s.traced})
	switch {
	case c.tape == nil:
		return c, func(c *Call) {
			t.reached()
			k.load(t)
			s.waits(c)
		}
	case c.tape.from != nil:
		return c, c.tape.from.fn
	case c.isThread():
		return c, func(*Call) { t.body() }
	}
	return c, c.Fn.Fn
}

// reached is called where the stack is what it was: the task waits for its turn.
func (t *Task) reached() {
	r := t.stand.redo
	if len(r.calls) != 0 || !slices.Equal(r.runs, t.stand.runs) {
		panic(diverged{"it waits somewhere else"})
	}
	t.stand.redo, r.done = nil, true
	t.pass(evSwitch)
}

// endStack unwinds a coroutine that is not to go on. On the way nothing may happen in the guest.
func (k *Kernel) endStack(co *coroutine) {
	if co == nil || k.m.tape.plays() {
		return
	}
	tape := k.m.tape
	k.m.tape = goneTape(taskGone{})
	co.stop()
	k.m.tape = tape
}

// goneTape is that of a stack that a panic unwinds.
func goneTape(why any) *tape { return &tape{mode: tapeGone, gone: why} }

// unwind gives up the running task's stack, down to who recovers why.
func (k *Kernel) unwind(why any) {
	k.m.tape = goneTape(why)
	panic(why)
}
