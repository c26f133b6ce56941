// SPDX-License-Identifier: BSD-3-Clause
// panic(): the end of the machine (2.4.18 kernel/panic.c).

package guestkernel

func panicFunctions() []Function {
	return []Function{
		{Name: "panic", Fn: panicExport, Level: Partial, Note: "the machine stops where the real one would restart or blink"},
	}
}

// Sizes of two buffers of panic.c: panic's text, and behind it print_tainted's, right below panic_notifier_list.
const (
	panicTextSize  = 1024
	taintTextSize  = 20
	notifyStopMask = 0x8000 // NOTIFY_STOP_MASK
)

// panicExport models NORET_TYPE void panic(const char *fmt, ...).
func panicExport(c *Call) {
	k := c.Kernel
	buf := k.sym.PanicNotifiers - panicTextSize - taintTextSize
	k.vsnprintf(buf, panicTextSize, c.Arg(0), c.ArgAddr(1))
	k.Panic(k.text(buf, panicTextSize))
}

// Panic prints what panic() prints, calls who wants to know, and stops the machine. It does not return.
func (k *Kernel) Panic(text string) {
	k.tell(Notice{Kind: PanicBegins, Text: text})
	k.mem.SetU32(k.sym.OopsInProgress, 1)
	k.Printk("<0>Kernel panic: %s\n", text)
	switch {
	case k.inInterrupt():
		k.Printk("<0>In interrupt handler - not syncing\n")
	case k.running.Pid() == 0:
		k.Printk("<0>In idle task - not syncing\n")
	}
	k.mem.SetU32(k.sym.OopsInProgress, 0)
	if !k.panicking { // a second panic, in a notifier, calls nobody
		k.panicking = true
		k.notifyPanic()
	}
	if seconds := int32(k.mem.U32(k.sym.PanicTimeout)); seconds > 0 {
		k.Printk("<0>Rebooting in %d seconds..", seconds)
	}
	k.stop(Outcome{Kind: KernelPanic, Reason: text})
	panicf("the machine ran after a panic")
}

// notifyPanic calls the functions on panic_notifier_list, in its order, until one forbids the rest (notifier_call_chain).
func (k *Kernel) notifyPanic() {
	k.callNotifiers("panic_notifier_list", k.sym.PanicNotifiers, 0, 0)
}

// bustSpinlocks makes the console show everything, and tells those who print that the kernel is in an oops (console_verbose,
// bust_spinlocks).
func (k *Kernel) bustSpinlocks(inOops bool) {
	v := uint32(0)
	if inOops {
		const everything = 15
		v = 1
		if k.mem.U32(k.sym.ConsolePrintk) != 0 {
			k.mem.SetU32(k.sym.ConsolePrintk, everything)
		}
	}
	k.mem.SetU32(k.sym.OopsInProgress, v)
}
