// SPDX-License-Identifier: BSD-3-Clause

// Probes: host functions called right before an instruction is executed, by
// whoever owns the machine's software. Unlike a breakpoint a probe is nobody's
// stop: Run goes on, and the monitor does not hear of it.

package vm

import "ring0/vm/x86"

// SetProbe has f called before each execution of the instruction at linear
// address la; nil ends it. The machine may be changed from f: where EIP is
// another afterwards, execution goes on there. An instruction that faults and
// is executed again has its probe called again; an interrupted repetition that
// goes on has not.
func (m *Machine) SetProbe(la uint32, f func()) {
	bc := &m.cpu.cache
	switch {
	case f == nil:
		delete(bc.probes, la)
	case bc.probes == nil:
		bc.probes = map[uint32]func(){la: f}
	default:
		bc.probes[la] = f
	}
	bc.flush(m.phys)
}

// stopsAt reports that a block must not run over linear address la.
func (bc *blockCache) stopsAt(la uint32) bool {
	_, hit := bc.breaks[la]
	if !hit && bc.probes != nil {
		_, hit = bc.probes[la]
	}
	return hit
}

// probe calls the probe at EIP, unless a breakpoint there comes first. stay
// says that the instruction at EIP is still the next one, and dealt with.
func (m *Machine) probe(skip bool) (called, stay bool) {
	c := &m.cpu
	f := c.cache.probes[c.seg[x86.CS].base+c.eip]
	if f == nil || !m.mon.on && !skip && c.breakAt() {
		return false, true
	}
	before := c.eip
	f()
	return true, c.eip == before
}
