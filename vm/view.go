// SPDX-License-Identifier: BSD-3-Clause

// RAM as the host's bytes, for laying out a machine before it starts.

package vm

// RAM returns guest RAM itself, by physical address. It may be read at any
// time between instructions, and written until the first Run: later writes
// past WritePhys would leave stale decoded code behind.
func (m *Machine) RAM() []byte { return m.phys.slab[:m.phys.ramSize] }
