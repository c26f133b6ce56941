// SPDX-License-Identifier: BSD-3-Clause

// The two performance counters of the P6 family (SDM vol. 3, 18.6.8).
//
// Counted are INST_RETIRED (C0) and CPU_CLK_UNHALTED (79), which are the same
// here: one clock per instruction. Any other event, and a selection of one
// privilege level only, counts nothing.

package vm

const (
	perfUser     = 1 << 16
	perfOS       = 1 << 17
	perfEnable   = 1 << 22
	perfRetired  = 0xc0
	perfUnhalted = 0x79
	perfMask     = 1<<40 - 1
)

// perfCounter is one counter and its event selection.
type perfCounter struct {
	sel   uint64
	value uint64 // at time since
	since uint64
}

// counts reports that the selected event is one that this machine counts.
func (p *perfCounter) counts() bool {
	const both = perfUser | perfOS
	event := p.sel & 0xff
	return p.sel&perfEnable != 0 && p.sel&both == both && (event == perfRetired || event == perfUnhalted)
}

func (p *perfCounter) read(now uint64) uint64 {
	v := p.value
	if p.counts() {
		v += now - p.since
	}
	return v & perfMask
}

func (p *perfCounter) write(now, v uint64) { p.value, p.since = v&perfMask, now }

func (p *perfCounter) selectEvent(now, sel uint64) {
	p.write(now, p.read(now))
	p.sel = sel
}
