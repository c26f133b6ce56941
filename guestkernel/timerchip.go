// SPDX-License-Identifier: BSD-3-Clause
// Counter 0 of the 8254 interval timer as modules read it: the time since the last tick. The kernel has made it a rate
// generator of LATCH pulses of 1.19 MHz, low byte before high byte (2.4.18 arch/i386/kernel/i8259.c, init_IRQ). A guest that
// programs it anew is not obeyed, and the other two counters are not there.

package guestkernel

const (
	timerPort    = 0x40
	timerControl = 0x43
	pulseRate    = 1193180 // CLOCK_TICK_RATE
)

// timerChip is the state of reading.
type timerChip struct {
	k     *Kernel
	latch uint16 // the count that is held
	held  bool   // by a latch command, until both bytes are read
	high  bool   // the next byte is the high one
}

func (k *Kernel) bootTimerChip() error {
	k.timerChip = timerChip{k: k}
	return k.m.AddPorts(timerPort, timerControl, bytePort{&k.timerChip})
}

// count is what the counter holds: from LATCH at a tick down to 1.
func (t *timerChip) count() uint16 {
	perTick, hz := t.k.clock.perTick, uint64(t.k.profile.HZ)
	latch := (pulseRate + hz/2) / hz
	return uint16(latch - t.k.m.Now()%perTick*latch/perTick)
}

func (t *timerChip) in(port uint16) uint8 {
	if port != timerPort {
		return 0xff
	}
	count := t.latch
	if !t.held {
		count = t.count()
	}
	high := t.high
	t.high = !high
	if high {
		t.held = false
		return uint8(count >> 8)
	}
	return uint8(count)
}

// out takes a command for counter 0 that holds its count: bits 7–4 zero. A second one before the count is read does nothing.
func (t *timerChip) out(port uint16, v uint8) {
	if port == timerControl && v>>4 == 0 && !t.held {
		t.latch, t.held = t.count(), true
	}
}
