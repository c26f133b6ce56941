// SPDX-License-Identifier: BSD-3-Clause
// Checkpoints: states of machine and kernel to go back to while the program that drives them goes on.
//
// Guest memory, CPU and clock are the machine's snapshot; what the kernel keeps beside guest memory is found by walking
// its tables (checkpoint_graph.go). What can not be saved is where modelled functions are on their Go stacks. So a
// checkpoint holds only as long as those stands are still there:
//
//   - made while a task runs, between two instructions: until the call of run that executed them is over. Calls inside it
//     are left by a panic that ends there (rewind).
//   - made by the host, while no task runs: as long as no process has been given anything to do. What waits for the
//     host, or in the guest's own schedule(), is put back there on a new stack (renew.go).
//
// Other tasks may not have moved since, or must have waited at such a place. Going back from one task to a checkpoint of
// another's gives up the first one's stack; the host's loop then has the other one unwind its own.

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
	task    *Task
	resumed uint64
	parked  *parking // it can be put back there; nil: only found there
	waiting Call     // of parked.call: its registers
}

// stand is where a task's coroutine is, for checkpoints.
type stand struct {
	resumed uint64   // how often it has been given the CPU
	runs    []uint64 // serial numbers of the calls of run on its stack
	parked  *parking // while it waits at a place it can be put back to
}

// rewind unwinds a task's Go stack to the call of run in which a checkpoint was made.
type rewind struct{ to *Checkpoint }

// Place is where the checkpoint was made.
func (cp *Checkpoint) Place() vm.Place { return cp.machine.Place() }

// Checkpoint records the state. It may be called by the host while no task runs, or from the machine's monitor between
// two instructions.
func (k *Kernel) Checkpoint() *Checkpoint {
	cp := &Checkpoint{k: k, machine: k.m.Snapshot(), tables: saveGraph(k), running: k.running, drives: k.stands.drives}
	for _, t := range k.tasks {
		s := savedStand{task: t, resumed: t.stand.resumed, parked: t.stand.parked}
		if s.parked != nil && s.parked.call != nil {
			s.waiting = *s.parked.call
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

// unrestorable says why cp cannot be restored.
func (k *Kernel) unrestorable(cp *Checkpoint) error {
	switch {
	case cp.k != k || !k.m.Holds(cp.machine):
		return fmt.Errorf("guestkernel: the checkpoint is another kernel's, or was forgotten")
	case (cp.running == nil) != (k.running == nil):
		return fmt.Errorf("guestkernel: only a task can go back to a task's checkpoint, and only the host to the host's")
	case cp.running != nil && !slices.Contains(cp.running.stand.runs, cp.run):
		return fmt.Errorf("guestkernel: the call in which the checkpoint was made has ended")
	case cp.running != nil && cp.drives != k.stands.drives:
		return fmt.Errorf("guestkernel: the host has gone on since the checkpoint")
	}
	for _, s := range cp.tasks {
		if s.task == cp.running {
			continue
		}
		if s.task == k.running && s.parked == nil || !s.reachable() {
			return fmt.Errorf("guestkernel: a task has gone on since the checkpoint: pid %d", s.task.pidNow())
		}
	}
	return nil
}

// reachable tells whether the task's coroutine stands where it stood, or can be put there.
func (s *savedStand) reachable() bool {
	return s.task.co != nil && s.task.stand.resumed == s.resumed || s.parked != nil
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
	if err := k.unrestorable(cp); err != nil {
		return err
	}
	k.restore(cp)
	return nil
}

// Rewind goes back to cp from the machine's monitor: the monitor's call does not return, and the machine goes on from cp.
// It returns only with an error.
func (k *Kernel) Rewind(cp *Checkpoint) error {
	if err := k.unrestorable(cp); err != nil {
		return err
	}
	if cp.running == nil {
		return fmt.Errorf("guestkernel: the checkpoint is the host's")
	}
	if cp.running == k.running {
		panic(rewind{cp})
	}
	// This task's stack is given up; the host's loop then has the other one unwind its own.
	k.stands.rewinding = cp
	panic(taskGone{})
}

// rewound is called when a task has got control again: it may be in order to go back.
func (k *Kernel) rewound() {
	if cp := k.stands.rewinding; cp != nil {
		k.stands.rewinding = nil
		panic(rewind{cp})
	}
}

// restore brings everything back.
func (k *Kernel) restore(cp *Checkpoint) {
	then := make(map[*Task]bool, len(cp.tasks))
	for _, s := range cp.tasks {
		then[s.task] = true
	}
	for _, t := range k.tasks {
		if !then[t] && t.co != nil {
			t.co.stop()
			t.co = nil
		}
	}
	k.stopLooking()
	k.m.Restore(cp.machine)
	cp.tables.restore()
	k.lookAgain()
	for i := range cp.tasks {
		cp.tasks[i].putBack()
	}
	if t := cp.running; t != nil {
		t.stand.runs = t.stand.runs[:slices.Index(t.stand.runs, cp.run)+1]
	}
}

// putBack has the task's coroutine stand where it stood.
func (s *savedStand) putBack() {
	t := s.task
	if t == t.k.running {
		return
	}
	if t.co != nil && t.stand.resumed == s.resumed {
		return
	}
	if t.co != nil {
		t.co.stop()
	}
	t.stand = stand{resumed: s.resumed, parked: s.parked}
	t.restart(s)
}

// Forget gives up a checkpoint.
func (k *Kernel) Forget(cp *Checkpoint) { k.m.Forget(cp.machine) }

// standState is the serial numbers that tell whether stacks are as they were.
type standState struct {
	runs      uint64      // calls of run so far
	drives    uint64      // times the host let tasks run
	rewinding *Checkpoint // where the task that gets control next goes back to
}

// execute runs the machine until a guest call has returned, and again after a rewind that ends here.
func (k *Kernel) execute() {
	t := k.running
	k.stands.runs++
	serial := k.stands.runs
	t.stand.runs = append(t.stand.runs, serial)
	for !k.executeOnce(serial) {
	}
	t.stand.runs = t.stand.runs[:len(t.stand.runs)-1]
}

// executeOnce runs the machine once. done means that a guest call has returned.
func (k *Kernel) executeOnce(serial uint64) (done bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case rewind:
			if r.to.run != serial {
				panic(r)
			}
			k.restore(r.to)
			done = false
		default:
			panic(r)
		}
	}()
	stop := k.m.Run(k.deadline - min(k.deadline, k.m.Now()))
	if stop.Reason != vm.StopHypercall {
		k.stoppedBy(stop)
		return false
	}
	return true
}

// Lost tells whether cp can never be restored again: the call of run in which it was made is over, or the host has gone on.
func (k *Kernel) Lost(cp *Checkpoint) bool {
	if cp.running == nil {
		return !k.m.Holds(cp.machine)
	}
	return !k.m.Holds(cp.machine) || !slices.Contains(cp.running.stand.runs, cp.run) || cp.drives != k.stands.drives
}
