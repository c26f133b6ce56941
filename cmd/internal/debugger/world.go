// SPDX-License-Identifier: BSD-3-Clause

// A world is one execution of the session, on a goroutine of its own.
//
// That goroutine calls at() wherever the machine's monitor or the kernel's
// observer calls: at a moment. There it either goes on by itself, as the plan
// says, or stands still until the driver sends the next order.

package debugger

import (
	"ring0/cmd/internal/session"
	"ring0/guestkernel"
	"ring0/loader"
	"ring0/vm"
)

// momentKind says what a moment is.
type momentKind uint8

const (
	atStart    momentKind = iota // booted; nothing has run
	atBoundary                   // before an instruction
	atFault                      // an exception is about to be delivered
	atNotice                     // something happens in the kernel
	atEnd                        // the session is over
)

// moment is a place where the debuggee can stand still.
type moment struct {
	kind   momentKind
	place  Position
	brk    bool            // a breakpoint of the machine's lies here
	hits   []vm.WatchEvent // of atBoundary
	fault  vm.Fault        // of atFault
	notice guestkernel.Notice
	result *session.Result // of atEnd
	err    error           // of atEnd: the host's trouble

	poked bool // Interrupt was called
}

// order is what the driver wants next.
type order struct {
	plan    *plan
	rewind  *guestkernel.Checkpoint // first go back here
	abandon bool
}

// world is the debuggee.
type world struct {
	d      *Debugger
	k      *guestkernel.Kernel
	m      *vm.Machine
	plan   *plan
	orders chan order
	stops  chan moment
	gone   chan struct{} // closed when the goroutine has ended

	abandoned   bool
	checkpoints []checkpoint // oldest first
	passed      uint64       // count of the moment before
	polls       int
	nextPoll    uint64
	breaks      map[uint32]bool             // what the machine has
	watches     map[*watchpoint]*vm.Watched // likewise

	armed  armedFor
	images []Image
}

// newWorld boots and stands at the start. The error is the host's.
func newWorld(d *Debugger) (*world, moment, error) {
	w := &world{d: d, orders: make(chan order), stops: make(chan moment), gone: make(chan struct{}),
		breaks: map[uint32]bool{}, watches: map[*watchpoint]*vm.Watched{}}
	cfg := d.cfg.Session
	cfg.Timeout, cfg.Trace = 0, nil
	cfg.Attach, cfg.ReadFile, cfg.Linked = w.attach, d.readFile, w.linked
	go func() {
		defer close(w.gone)
		result, err := session.Run(cfg)
		if w.abandoned {
			return
		}
		w.end(result, err)
	}()
	first := <-w.stops
	if first.kind == atEnd {
		w.abandon()
		return nil, first, first.err
	}
	return w, first, nil
}

// attach is called by the session with the booted kernel.
func (w *world) attach(k *guestkernel.Kernel) {
	w.k, w.m = k, k.Machine()
	k.KeepTapes()
	w.m.SetMonitor(vm.Monitor{
		Boundary: func(b vm.Boundary) {
			w.at(moment{kind: atBoundary, place: w.here(), brk: b.Break, hits: b.Hits})
		},
		Fault: func(f vm.Fault) { w.at(moment{kind: atFault, place: w.here(), fault: f}) },
	})
	k.SetObserver(func(n guestkernel.Notice) { w.at(moment{kind: atNotice, place: w.here(), notice: n}) })
	w.replayEdits(w.here())
	w.wait(moment{kind: atStart, place: w.here()})
	w.m.Mark() // the first instruction is another place
}

// here is where the machine stands.
func (w *world) here() Position { return Position(w.m.Place()) }

// end is the last moment: the session has returned.
func (w *world) end(result *session.Result, err error) {
	last := moment{kind: atEnd, result: result, err: err}
	if w.m != nil {
		w.m.Mark()
		last.place = w.here()
		w.d.record(w, &last)
	}
	w.wait(last)
}

// linked is called by the session for every module that has its place.
func (w *world) linked(file string, data []byte, image *loader.Image) {
	w.images = append(w.images, Image{File: file, Data: data, Image: image})
	w.d.imageLinked(w)
}

// wait stands still until the driver says how to go on.
func (w *world) wait(m moment) {
	w.stops <- m
	o := <-w.orders
	if o.abandon {
		w.abandoned = true
		if w.k != nil {
			w.k.Abandon()
		}
		return
	}
	w.plan, w.nextPoll = o.plan, 0
	w.traceCalls()
	if o.rewind != nil {
		w.dropAfter(o.rewind)
		w.passed = o.rewind.Place().Count - 1
		w.arm(Position(o.rewind.Place()))
		w.plan.failed = w.k.Rewind(o.rewind) // returns only when it fails
		w.wait(m)
		return
	}
	w.passed = m.place.Count
	w.arm(after(m.place))
}

// traceCalls has kernel calls recorded where they are new.
func (w *world) traceCalls() {
	if w.k == nil {
		return
	}
	w.k.SetTrace(w.traced)
	if p := w.plan; p != nil && p.hasGoal && !w.d.explored.Before(p.goal) {
		w.k.SetTrace(nil)
	}
}

// after is the earliest place behind p.
func after(p Position) Position { return Position{p.Count, p.Sub + 1} }

// at is called at every moment on the debuggee's goroutine.
func (w *world) at(m moment) {
	if w.abandoned {
		return
	}
	if m.kind == atBoundary {
		w.keepCheckpoint(m.place)
	}
	w.d.record(w, &m)
	w.replayEdits(m.place)
	if w.plan.decide(w, &m) {
		w.wait(m)
		return
	}
	w.passed = m.place.Count
	w.arm(after(m.place))
}

// send gives an order and waits for the next stop.
func (w *world) send(o order) moment {
	w.orders <- o
	return <-w.stops
}

// abandon ends the world. It must stand still.
func (w *world) abandon() {
	w.orders <- order{abandon: true}
	<-w.gone
	if w.k != nil {
		w.k.Close()
	}
}

const (
	pollEvery     = 4_000_000 // instructions between two looks at Interrupt
	pollEachEvery = 4096      // moments between them
)

// poll looks at Interrupt and reports progress; true means stop.
func (w *world) poll(m *moment) bool {
	if w.d.interrupt.Swap(false) {
		m.poked = true
		return true
	}
	if report := w.d.cfg.Progress; report != nil {
		report(Progress{Direction: w.plan.dir, Replaying: m.place.Before(w.d.explored), At: m.place, Goal: w.plan.goal})
	}
	return false
}

// arm tells the machine which boundaries are wanted from place on.
func (w *world) arm(from Position) {
	p := w.plan
	next, each, active := from.Count+pollEvery, p.each, from.Count >= p.from
	if !active {
		next, each = min(next, p.from), false
	}
	w.armBreaks(active)
	want := func(at Position) {
		switch {
		case at.Before(from):
		case at.Count > from.Count:
			next = min(next, at.Count)
		default:
			next, each = from.Count, true
		}
	}
	if p.hasGoal {
		want(p.goal)
		if !from.Before(p.goal) {
			next = from.Count
		}
	}
	if e, ok := w.d.nextEdit(from); ok {
		want(e)
	}
	if w.d.every != never {
		next = min(next, max(w.nextCheckpoint(), from.Count))
	}
	if p.breaks && active {
		for _, b := range w.d.points {
			if b.Location.Kind == AtCount && !b.Disabled && b.Location.Count >= from.Count {
				next = min(next, b.Location.Count)
			}
		}
	}
	w.m.MonitorAt(next)
	w.m.MonitorEach(each)
}
