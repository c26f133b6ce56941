// SPDX-License-Identifier: BSD-3-Clause

// Stepping through a range of addresses, for faces that know lines themselves.

package debugger

// StepRange executes at least one instruction, and goes on while the next one
// lies at low … high-1.
func (d *Debugger) StepRange(low, high uint32) (Stop, error) {
	return d.forward(&plan{each: true, tactic: func(w *world, _ *moment) act {
		if eip := w.m.EIP(); eip >= low && eip < high {
			return actEach
		}
		return actStop
	}})
}
