// SPDX-License-Identifier: BSD-3-Clause

// Letting time pass without executing.

package vm

// SkipTo moves the clock to t and lets the events happen that are due by then,
// as idle time does. It stops before t, and returns false, where an interrupt
// or NMI wants to be taken: the CPU does so when it executes next. For a
// hypercall handler that stands in for guest code that waits.
func (m *Machine) SkipTo(t uint64) (done bool) {
	c := &m.cpu
	for {
		if c.nmi || c.stopping || c.intrLine && c.flags&FlagIF != 0 {
			return false
		}
		next := max(m.events.next(), c.now())
		if next > t {
			break
		}
		c.setNow(next)
		m.events.fire(next)
	}
	if t > c.now() {
		c.setNow(t)
	}
	return true
}
