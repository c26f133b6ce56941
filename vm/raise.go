// SPDX-License-Identifier: BSD-3-Clause

// Exceptions that the host raises on the guest's behalf.

package vm

// Raise delivers an exception as if the instruction at EIP had raised it: a
// hypercall handler that stands in for guest code lets its faults happen this
// way. For #PF set CR2 first. It returns false when the CPU shut down.
func (m *Machine) Raise(vector uint8, code uint32) bool {
	c := &m.cpu
	c.exit = exitFault
	c.pending = fault{vector: vector, hasErr: hasErrorCode>>vector&1 != 0, err: code}
	c.deliverPending()
	up := c.exit != exitShutdown
	c.exit = exitNone
	return up
}
