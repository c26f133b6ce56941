// SPDX-License-Identifier: BSD-3-Clause

// Things that happen at a given instruction count: device timers.

package vm

import "container/heap"

// Event is something scheduled on the machine's clock.
type Event struct {
	at    uint64
	seq   uint64
	index int // in the heap; -1 when not scheduled
	fn    func()
}

// eventQueue orders events by time, and by age where times are equal.
type eventQueue struct {
	heap   eventHeap
	seq    uint64
	mayNMI bool // a scheduled event may raise an NMI: idle with IF clear is not the end
}

// Schedule arranges for fn to be called between instructions, as soon as
// Now() ≥ at. Events at one time run in the order they were scheduled.
func (m *Machine) Schedule(at uint64, fn func()) *Event {
	q := &m.events
	e := &Event{at: at, seq: q.seq, fn: fn}
	q.seq++
	q.push(e)
	m.cpu.endSliceBy(at)
	return e
}

// Cancel removes a scheduled event; one that has run is ignored.
func (m *Machine) Cancel(e *Event) {
	if e != nil && e.index >= 0 {
		heap.Remove(&m.events.heap, e.index)
	}
}

// endSliceBy shortens the running slice so that it ends at time at.
func (c *CPU) endSliceBy(at uint64) {
	now := c.now()
	if at < now {
		at = now
	}
	if at < c.horizon {
		c.budget -= int64(c.horizon - at)
		c.horizon = at
	}
}

func (q *eventQueue) push(e *Event) { heap.Push(&q.heap, e) }

func (q *eventQueue) next() uint64 {
	if len(q.heap) == 0 {
		return Forever
	}
	return q.heap[0].at
}

func (q *eventQueue) due(now uint64) bool { return q.next() <= now }

func (q *eventQueue) fire(now uint64) {
	for q.due(now) {
		heap.Pop(&q.heap).(*Event).fn()
	}
}

type eventHeap []*Event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *eventHeap) Push(x any) {
	e := x.(*Event)
	e.index = len(*h)
	*h = append(*h, e)
}
func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.index = -1
	return e
}
