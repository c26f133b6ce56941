// SPDX-License-Identifier: BSD-3-Clause
// Places where a task waits that a checkpoint can put it back to, on a new Go stack.
//
// Between the task's outermost run and the place there must be nothing but the call of one function; what is left to do
// there is a function value, and the registers of that call are in the checkpoint. Such places are: a task that has not
// begun, a host-driven process that waits for its next request, and guest code that has called schedule().

package guestkernel

// parking is such a place.
type parking struct {
	call  *Call       // the function that waits; nil: the task has not begun
	again func(*Call) // what it does when the task has been chosen again
}

// parkedIn runs wait, which gives up the CPU in call c, and has again for the rest of the call. While it waits the task
// can be put back there, if c was called from the outermost run.
func (k *Kernel) parkedIn(c *Call, wait func(), again func(*Call)) {
	t := k.running
	if len(t.stand.runs) == 1 && len(t.calls) == 0 {
		t.stand.parked = &parking{c, again}
	}
	wait()
	t.stand.parked = nil
	again(c)
}

// restart gives a task a new coroutine that stands where s says.
func (t *Task) restart(s *savedStand) {
	if s.parked.call == nil {
		t.start()
		return
	}
	c := s.waiting
	t.begin(func() {
		t.k.load(t)
		t.stand.runs, t.stand.parked = []uint64{0}, nil
		s.parked.again(&c)
		t.served = nil
		t.stand.runs = nil
		for r, v := range c.regs {
			t.k.m.SetReg(r, v)
		}
		t.k.m.SetEIP(c.next)
		t.k.run()
	})
	t.stand.parked = &parking{&c, s.parked.again}
}
