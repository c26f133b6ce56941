// SPDX-License-Identifier: BSD-3-Clause
// What happens to a kernel from outside: time, interrupts, failing calls.

package moduletest

import (
	"time"

	"ring0/guestkernel"
)

// Advance lets guest time pass: timers fire, sleepers wake. Time is counted in instructions; the host does not wait.
func (k *Kernel) Advance(d time.Duration) {
	k.tb.Helper()
	k.AdvanceTicks(uint32((int64(d)*int64(k.HZ()) + int64(time.Second) - 1) / int64(time.Second)))
}

// HZ is how many ticks of jiffies there are in a second.
func (k *Kernel) HZ() int { return k.kernel.Profile().HZ }

// AdvanceTicks lets so many ticks pass.
func (k *Kernel) AdvanceTicks(n uint32) {
	k.tb.Helper()
	if o := k.TryAdvanceTicks(n); o != nil {
		k.Fatalf("the machine stands still: %v", *o)
	}
}

// TryAdvanceTicks is AdvanceTicks for a kernel that may panic meanwhile: it returns what ended the run, nil when nothing did.
func (k *Kernel) TryAdvanceTicks(n uint32) (o *guestkernel.Outcome) {
	k.do(func() { o = k.kernel.RunTicks(n) })
	return o
}

// RaiseIRQ raises an interrupt line, as a device would, and lets the kernel take it: a tick passes.
func (k *Kernel) RaiseIRQ(line uint32) {
	k.tb.Helper()
	var o *guestkernel.Outcome
	k.do(func() {
		k.kernel.RaiseIRQ(line)
		o = k.kernel.RunTicks(1)
	})
	if o != nil {
		k.Fatalf("the machine stands still: %v", *o)
	}
}

// Fail has calls of kernel functions by modules fail from now on: "kmalloc:3", "copy_from_user:1-2", "request_irq:*@driver".
// Calls are counted from here. docs/checks.md has the functions and how each fails.
func (k *Kernel) Fail(faults ...string) {
	k.tb.Helper()
	for _, text := range faults {
		f, err := guestkernel.ParseFault(text)
		if err == nil {
			k.do(func() { err = k.kernel.Inject(f) })
		}
		if err != nil {
			k.Fatalf("%v", err)
		}
	}
}

// FailNone ends what Fail began.
func (k *Kernel) FailNone() { k.do(func() { k.kernel.ClearFaults() }) }

// Failed is how many calls have failed on demand since Fail.
func (k *Kernel) Failed() (n uint64) {
	for _, f := range k.kernel.Faults() {
		n += f.Failed
	}
	return n
}
