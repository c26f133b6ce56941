// SPDX-License-Identifier: BSD-3-Clause
// One host coroutine per task: the Go stack of what the task does inside modelled functions. Exactly one runs.

package guestkernel

import (
	"fmt"
	"iter"
	"runtime/debug"
)

// An event is why a task's coroutine gave control back to the host loop.
type event uint8

const (
	evSwitch event = iota // the task gave up the CPU
	evFinal               // the machine stands still: Kernel.final says why
	evExit                // the task has exited
)

// coroutine is a task's Go stack.
type coroutine struct {
	next  func() (event, bool)
	stop  func()
	yield func(event) bool
}

// taskGone unwinds the coroutine of a task that will never run again.
type taskGone struct{}

// start gives the task a coroutine that loads its CPU state and runs it.
func (t *Task) start() {
	if t.k.m.tape.plays() {
		return // a task that there has been: its maker plays its tape
	}
	t.stand.fresh = true
	t.begin(func() {
		t.stand.fresh = false
		t.k.load(t)
		t.live()
	})
}

// live is what the task does: a thread's function, or guest code.
func (t *Task) live() {
	k := t.k
	if t.body == nil {
		k.run()
		return
	}
	var c *Call
	fn := func(*Call) { t.body() }
	if t.stand.redo != nil {
		c, fn = k.nextAgain(t)
	} else {
		c = &Call{Kernel: k, tape: k.newTape()}
		t.enters(c, nil)
	}
	k.m.tape = c.tape
	fn(c)
}

// begin gives the task a coroutine.
func (t *Task) begin(life func()) {
	co := &coroutine{}
	co.next, co.stop = iter.Pull(func(yield func(event) bool) {
		co.yield = yield
		t.main(co, life)
	})
	t.co = co
}

// main is the life of a task. It ends by a panic with taskGone, or by a mistake of ours, which becomes an InternalError.
func (t *Task) main(co *coroutine, life func()) {
	defer func() {
		r := recover()
		if t.co == co {
			t.stand.runs, t.stand.calls = nil, nil
		}
		t.k.m.tape = nil
		switch r := r.(type) {
		case nil, taskGone:
		case diverged:
			t.stand.diverged = r.what
		case memFault: // between functions: there is no code whose fault it could be
			t.k.final = &Outcome{Kind: TripleFault, EIP: t.k.m.EIP(), Reason: r.Error()}
			t.co.yield(evFinal)
		default:
			t.k.final = &Outcome{Kind: InternalError, EIP: t.k.m.EIP(), Err: fmt.Errorf("%v\n%s", r, debug.Stack())}
			t.co.yield(evFinal)
		}
	}()
	life()
	panicf("pid %d: the outermost run ended", t.Pid())
}

// park hands control to the host loop until it resumes the task.
func (t *Task) park(e event) {
	if t.stand.redo != nil {
		panic(diverged{"it gave up the CPU where it had not"})
	}
	t.pass(e)
}

// pass is park without the check.
func (t *Task) pass(e event) {
	if !t.co.yield(e) {
		panic(taskGone{})
	}
	t.k.rewound()
}

// resume runs the task until it gives control back.
func (k *Kernel) resume(t *Task) {
	k.running = t
	k.m.tape = t.tape()
	t.stand.resumed++
	e, alive := t.co.next()
	k.running, k.m.tape = nil, nil
	switch {
	case !alive || e != evExit:
	case k.awaited(t):
		k.endStack(t.co) // a zombie
	default:
		k.release(t)
	}
}

// fromHost runs f for the host, outside any task. That the guest has damaged what f needs, a bad address or a BUG(), is an
// error.
func (k *Kernel) fromHost(f func() error) (err error) {
	defer func() {
		r := recover()
		if trap, ok := r.(guestTrap); ok {
			err = fmt.Errorf("guestkernel: %s", trap.what)
		} else if fault := faultOf(r); fault != nil {
			err = fmt.Errorf("guestkernel: %w", fault)
		}
	}()
	return f()
}

// drive runs tasks until done says so or nothing can run. It returns the outcome that ended it, nil when done did.
func (k *Kernel) drive(done func() bool) *Outcome {
	k.stands.drives++
	for k.stands.rewinding != nil || !done() {
		if r := k.stands.rewinding; r != nil {
			k.goBack(r)
			continue
		}
		if k.final != nil {
			return k.final
		}
		k.serveModprobe()
		t := k.pick()
		if t == nil && k.mayWake() {
			t = k.sched.idle
		}
		if t == nil {
			return &Outcome{Kind: Blocked, Reason: "every task sleeps and nothing will wake one"}
		}
		k.resume(t)
	}
	return nil
}

// stop ends the run from inside a modelled function.
func (k *Kernel) stop(o Outcome) {
	if k.m.tape.plays() {
		panic(diverged{"it ended the run"})
	}
	if o.EIP == 0 {
		o.EIP = k.m.EIP()
	}
	o.Symbol = k.Symbolize(o.EIP)
	k.tell(Notice{Kind: RunEnds, Outcome: &o})
	k.final, k.stopped = &o, k.running
	k.running.park(evFinal)
}

// Extend lets a run that ended with Limit or Requested go on for more instructions: the next Wait or Syscall continues it.
func (k *Kernel) Extend(insns uint64) error {
	if k.final == nil || k.final.Kind != Limit && k.final.Kind != Requested {
		return fmt.Errorf("guestkernel: the run did not end at a limit")
	}
	k.deadline = k.m.Now() + insns
	k.final = nil
	k.sched.runnable = append([]*Task{k.stopped}, k.sched.runnable...)
	return nil
}

// Close ends all tasks. The kernel's memory can still be read.
func (k *Kernel) Close() {
	if k.final == nil {
		k.final = &Outcome{Kind: Requested, Reason: "the kernel was closed"}
	}
	for _, t := range k.tasks {
		k.endStack(t.co)
	}
	k.tasks = nil
}
