// SPDX-License-Identifier: BSD-3-Clause
// Checkpoints: states of machine and kernel to go back to while the program that drives them goes on.
//
// Guest memory, CPU and clock are the machine's snapshot; what the kernel keeps beside guest memory is found by walking
// its tables (checkpoint_graph.go). That leaves where modelled functions are on the tasks' Go stacks. A task that has not
// moved since still has its stack; one whose code executed at the checkpoint is unwound, by a panic, to the call of run that
// executed it, where that is still there (rewind); the others' stacks are made again (renew.go).
//
// What cannot be put back is the host's own stack: a checkpoint made while a task runs holds until the host has been given
// control back.

package guestkernel

import (
	"fmt"
	"slices"

	"ring0/vm"
)

// Checkpoint is a state to go back to. Making one and keeping it costs memory for the pages written afterwards.
type Checkpoint struct {
	k       *Kernel
	machine *vm.Snapshot
	tables  *savedGraph
	tasks   []savedStand
	running *Task // whose code executes; nil: made by the host
	run     uint64
	drives  uint64
}

// savedStand is where a task's coroutine stood.
type savedStand struct {
	task  *Task
	stand stand
	calls []savedCall // of stand
}

// stand is where a task's coroutine is.
type stand struct {
	resumed  uint64      // how often it has been given the CPU
	fresh    bool        // it has not begun
	runs     []uint64    // serial numbers of the calls of run on its stack
	calls    []callStand // modelled functions it is inside of, outermost first; a thread's is the first
	redo     *redo       // while its stack is made again
	diverged string      // why that failed
}

// callStand is a modelled function in flight.
type callStand struct {
	call    *Call
	entered Registers   // at entry
	level   int         // calls of run below it on the stack
	traced  *TraceEvent // that it was called, if that was reported
	waits   func(*Call) // while it waits where this is all that is left to do: see parkedIn
}

// rewind unwinds a task's Go stack to the call of run in which a checkpoint was made.
type rewind struct{ to *renewal }

// Place is where the checkpoint was made.
func (cp *Checkpoint) Place() vm.Place { return cp.machine.Place() }

// Checkpoint records the state. It may be called by the host while no task runs, or from the machine's monitor between
// two instructions.
func (k *Kernel) Checkpoint() *Checkpoint {
	cp := &Checkpoint{k: k, machine: k.m.Snapshot(), tables: saveGraph(k), running: k.running, drives: k.stands.drives}
	for _, t := range k.tasks {
		s := savedStand{task: t, stand: t.stand}
		s.stand.runs, s.stand.calls = slices.Clone(t.stand.runs), slices.Clone(t.stand.calls)
		for _, in := range t.stand.calls {
			s.calls = append(s.calls, saveCall(in))
		}
		cp.tasks = append(cp.tasks, s)
	}
	if t := k.running; t != nil {
		cp.run = t.stand.runs[len(t.stand.runs)-1]
	}
	return cp
}

// Restorable tells whether Restore can go back to cp from here.
func (k *Kernel) Restorable(cp *Checkpoint) bool { return k.unrestorable(cp) == nil }

// unrestorable says why cp cannot be restored, as far as that can be told without trying.
func (k *Kernel) unrestorable(cp *Checkpoint) error {
	switch {
	case cp.k != k || !k.m.Holds(cp.machine):
		return fmt.Errorf("guestkernel: the checkpoint is another kernel's, or was forgotten")
	case (cp.running == nil) != (k.running == nil):
		return fmt.Errorf("guestkernel: only a task can go back to a task's checkpoint, and only the host to the host's")
	case cp.running != nil && cp.drives != k.stands.drives:
		return fmt.Errorf("guestkernel: the host has gone on since the checkpoint")
	}
	for i := range cp.tasks {
		if s := &cp.tasks[i]; !s.stillThere(cp) && !s.renewable() {
			return fmt.Errorf("guestkernel: a task has gone on since the checkpoint: pid %d", s.task.pidNow())
		}
	}
	return nil
}

// stillThere tells whether the task's stack need not be made again.
func (s *savedStand) stillThere(cp *Checkpoint) bool {
	t := s.task
	switch {
	case t.co == nil:
		return false
	case t == cp.running:
		return slices.Contains(t.stand.runs, cp.run)
	}
	return t != t.k.running && t.stand.resumed == s.stand.resumed
}

// pidNow is a task's pid for messages; -1 when its task_struct is gone.
func (t *Task) pidNow() int32 {
	pid := int32(-1)
	t.k.quietly(func() { pid = t.Pid() })
	return pid
}

// Restore goes back to cp, which stays usable; later checkpoints are forgotten. The host calls it while no task runs. From
// the machine's monitor use Rewind.
func (k *Kernel) Restore(cp *Checkpoint) error {
	if k.running != nil {
		return fmt.Errorf("guestkernel: a task runs: it must be left first")
	}
	r, err := k.renew(cp)
	if err != nil {
		return err
	}
	k.restore(r)
	return nil
}

// Rewind goes back to cp from the machine's monitor: the monitor's call does not return, and the machine goes on from cp.
// It returns only with an error.
func (k *Kernel) Rewind(cp *Checkpoint) error {
	if cp.running == nil {
		return fmt.Errorf("guestkernel: the checkpoint is the host's")
	}
	r, err := k.renew(cp)
	if err != nil {
		return err
	}
	if cp.running == k.running && !r.makes(cp.running) {
		k.unwind(rewind{r})
	}
	// This task's stack is given up; the host's loop goes on with the other one's.
	k.stands.rewinding = r
	k.unwind(taskGone{})
	return nil
}

// goBack has the task run whose code executed at the checkpoint, on its new stack or so that it unwinds its old one.
func (k *Kernel) goBack(r *renewal) {
	if r.makes(r.cp.running) {
		k.stands.rewinding = nil
		k.restore(r)
	}
	k.resume(r.cp.running)
}

// rewound is called when a task has got control again: it may be in order to go back.
func (k *Kernel) rewound() {
	if r := k.stands.rewinding; r != nil {
		k.stands.rewinding = nil
		k.unwind(rewind{r})
	}
}

// restore brings everything back.
func (k *Kernel) restore(r *renewal) {
	cp := r.cp
	k.m.tape = nil
	k.leaveOthers(r)
	k.stopLooking()
	k.m.Restore(cp.machine)
	cp.tables.restore()
	k.lookAgain()
	for _, s := range cp.tasks {
		if s.task == cp.running && !r.makes(s.task) {
			s.task.stand.runs, s.task.stand.calls = slices.Clone(s.stand.runs), slices.Clone(s.stand.calls)
		}
	}
}

// leaveOthers ends the stacks of tasks that there were not, and puts the new ones in place of the old.
func (k *Kernel) leaveOthers(r *renewal) {
	then := make(map[*Task]bool, len(r.cp.tasks))
	for _, s := range r.cp.tasks {
		then[s.task] = true
	}
	for _, t := range k.tasks {
		if !then[t] {
			k.endStack(t.co)
			t.co = nil
		}
	}
	for _, t := range r.order {
		k.endStack(t.co)
		t.co, t.stand = r.made[t].co, r.made[t].stand
	}
}

// Forget gives up a checkpoint.
func (k *Kernel) Forget(cp *Checkpoint) { k.m.Forget(cp.machine) }

// standState is what tells whether stacks are as they were, and how to make them again.
type standState struct {
	runs      uint64   // calls of run so far
	drives    uint64   // times the host let tasks run
	rewinding *renewal // where the task that gets control next goes back to
	keep      bool     // calls have tapes
	spare     []*tape  // of calls that are over
}

// KeepTapes makes every checkpoint from now on one that can be restored whatever tasks have done since: calls of modelled
// functions remember what they are told while they last. That makes such calls slower.
func (k *Kernel) KeepTapes() { k.stands.keep = true }

// execute runs the machine until a guest call has returned, and again after a rewind that ends here.
func (k *Kernel) execute() {
	t := k.running
	serial := k.runSerial(t)
	t.stand.runs = append(t.stand.runs, serial)
	for !k.executeOnce(serial) {
	}
	t.stand.runs = t.stand.runs[:len(t.stand.runs)-1]
}

// runSerial is the number of a call of run: a new one, or what it was when the stack is made again.
func (k *Kernel) runSerial(t *Task) uint64 {
	if r := t.stand.redo; r != nil {
		if n := len(t.stand.runs); n < len(r.runs) {
			return r.runs[n]
		}
		panic(diverged{"it called guest code where it had not"})
	}
	k.stands.runs++
	return k.stands.runs
}

// executeOnce runs the machine once. done means that a guest call has returned.
func (k *Kernel) executeOnce(serial uint64) (done bool) {
	t := k.running
	defer func() {
		switch r := recover().(type) {
		case nil:
		case rewind:
			if r.to.cp.run != serial {
				panic(r)
			}
			k.restore(r.to)
			k.m.tape = t.tape()
			done = false
		default:
			panic(r)
		}
	}()
	if t.stand.redo != nil {
		k.goOn(t)
		return false
	}
	stop := k.m.Run(k.deadline - min(k.deadline, k.m.Now()))
	if stop.Reason != vm.StopHypercall {
		k.stoppedBy(stop)
		return false
	}
	return true
}

// tape is that of the innermost modelled function the task is inside of.
func (t *Task) tape() *tape {
	if n := len(t.stand.calls); n > 0 {
		return t.stand.calls[n-1].call.tape
	}
	return nil
}

// Lost tells whether cp can never be restored again.
func (k *Kernel) Lost(cp *Checkpoint) bool {
	if !k.m.Holds(cp.machine) {
		return true
	}
	if cp.running == nil {
		return false
	}
	for i := range cp.tasks {
		if s := &cp.tasks[i]; s.task == cp.running && !s.stillThere(cp) && !s.renewable() {
			return true
		}
	}
	return cp.drives != k.stands.drives
}
