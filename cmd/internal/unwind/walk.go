// SPDX-License-Identifier: BSD-3-Clause
// The walk up the stack.

package unwind

type walk struct {
	u         *Unwinder
	limit     int
	frames    []*Frame
	truncated bool
}

func (w *walk) start() {
	m := w.u.Machine
	f := &Frame{PC: m.EIP(), Ring: m.CPL(), unwinder: w.u}
	for r := range f.Regs.GPR {
		f.Regs.GPR[r] = m.Reg(r)
	}
	f.Regs.Known = 0xff
	w.frames = append(w.frames, f)
}
