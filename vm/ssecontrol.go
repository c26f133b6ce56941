// SPDX-License-Identifier: BSD-3-Clause

// MXCSR, fences and CLFLUSH: 0F AE /2, /3, /5–/7.
//
// Intel SDM vol. 1, 10.2.3 "MXCSR control and status register"; vol. 2,
// LDMXCSR, STMXCSR, LFENCE, MFENCE, SFENCE, CLFLUSH.

package vm

// mxcsrBits are the bits of MXCSR that are not reserved. Denormals-are-zeros
// (bit 6) came with SSE2.
func (m *Model) mxcsrBits() uint32 {
	if m.has(featSSE2) {
		return 0xffff
	}
	return 0xffbf
}

// opLDMXCSR is 0F AE /2: #GP(0) when a reserved bit is set.
func opLDMXCSR(c *CPU, in *inst) bool {
	if !c.needSSE() {
		return false
	}
	v, ok := c.readMem32(in)
	if !ok {
		return false
	}
	if v&^c.model.mxcsrBits() != 0 {
		return c.gp0()
	}
	c.fpu.mxcsr = v
	return true
}

// opSTMXCSR is 0F AE /3.
func opSTMXCSR(c *CPU, in *inst) bool {
	return c.needSSE() && c.writeMem32(in, c.fpu.mxcsr)
}

// opFence is LFENCE, MFENCE and SFENCE (0F AE E8+, F0+, F8+), whatever CR0
// and CR4 say. Memory accesses happen in program order here.
func opFence(c *CPU, in *inst) bool { return true }

// opCLFLUSH is 0F AE /7. No caches are modelled, but the operand is checked
// and translated as for reading a byte; execute-only segments are allowed.
func opCLFLUSH(c *CPU, in *inst) bool {
	off, s := c.effAddr(in), &c.seg[in.Seg]
	la := s.base + off
	if c.realMode() || segAllows(s, 0) {
		var ok bool
		if la, ok = c.linear(in.Seg, off, 1, 0); !ok {
			return false
		}
	} else if !segLimitOK(s, off, 1) {
		return c.segFault(in.Seg)
	}
	_, ok := c.translate(la, c.dataAccess(0))
	return ok
}
