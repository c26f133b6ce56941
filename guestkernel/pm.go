// SPDX-License-Identifier: BSD-3-Clause
// Devices that want to know when the machine goes to sleep (2.4.18 kernel/pm.c). Nobody but modules sends them anything.

package guestkernel

// Power management requests (linux/pm.h).
const (
	pmSuspend = 0
	pmResume  = 1
)

func pmFunctions() []Function {
	return []Function{
		{Name: "pm_register", Fn: pmRegister, Level: Full},
		{Name: "pm_unregister", Fn: pmUnregister, Level: Full},
		{Name: "pm_unregister_all", Fn: pmUnregisterAll, Level: Full},
		{Name: "pm_send", Fn: pmSend, Level: Full},
		{Name: "pm_send_all", Fn: pmSendAll, Level: Full},
	}
}

func (k *Kernel) bootPM() error {
	k.listInit(k.symbol("pm_devs"))
	k.initSemaphore(k.symbol("pm_devs_lock"), 1)
	return nil
}

// pmLocked runs f with the list of devices locked.
func (c *Call) pmLocked(f func()) {
	lock := c.Kernel.symbol("pm_devs_lock")
	c.Kernel.down(c, lock)
	f()
	c.Kernel.up(lock)
}

// pmDevices walks the devices, newest first.
func (k *Kernel) pmDevices() func(yield func(uint32) bool) {
	entry := k.lay.PMDev.Entry.Off
	return func(yield func(uint32) bool) {
		for at := range k.listMembers("pm_devs", k.symbol("pm_devs")) {
			if !yield(at - entry) {
				return
			}
		}
	}
}

// pmRegister models struct pm_dev *pm_register(pm_dev_t type, unsigned long id, pm_callback callback). NULL without memory.
func pmRegister(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.PMDev
	dev := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	c.Return(dev)
	if dev == 0 {
		return
	}
	k.mem.Fill(dev, lay.Size, 0)
	k.mem.Set(dev, lay.Type, c.Arg(0))
	k.mem.Set(dev, lay.ID, c.Arg(1))
	k.mem.Set(dev, lay.Callback, c.Arg(2))
	c.pmLocked(func() { k.listAdd(dev+lay.Entry.Off, k.symbol("pm_devs")) })
}

// pmUnregister models void pm_unregister(struct pm_dev *dev). NULL is ignored.
func pmUnregister(c *Call) {
	k, dev := c.Kernel, c.Arg(0)
	if dev != 0 {
		c.pmLocked(func() { k.listDel(dev + k.lay.PMDev.Entry.Off) })
		k.Kfree(dev)
	}
}

// pmUnregisterAll models void pm_unregister_all(pm_callback callback): every device that would call it. NULL is ignored.
func pmUnregisterAll(c *Call) {
	k, lay, callback := c.Kernel, &c.Kernel.lay.PMDev, c.Arg(0)
	if callback == 0 {
		return
	}
	c.pmLocked(func() {
		for dev := range k.pmDevices() {
			if k.mem.Get(dev, lay.Callback) == callback {
				k.listDel(dev + lay.Entry.Off)
				k.Kfree(dev)
			}
		}
	})
}

// pmSend models int pm_send(struct pm_dev *dev, pm_request_t rqst, void *data). The result is the callback's. A device that
// has the state already is not asked. In an interrupt it is a BUG().
func pmSend(c *Call) { c.Return(c.Kernel.pmSend(c.Arg(0), c.Arg(1), c.Arg(2))) }

func (k *Kernel) pmSend(dev, request, data uint32) (status uint32) {
	const interruptBug = 159
	if k.inInterrupt() {
		k.bug("pm_send", "pm.c", interruptBug)
	}
	lay := &k.lay.PMDev
	ask := func() uint32 {
		if callback := k.mem.Get(dev, lay.Callback); callback != 0 {
			return k.Call(callback, dev, request, data)
		}
		return 0
	}
	if request != pmSuspend && request != pmResume {
		return ask()
	}
	before := k.mem.Get(dev, lay.State)
	if before != data {
		if status = ask(); status != 0 {
			return status
		}
		k.mem.Set(dev, lay.State, data)
	}
	k.mem.Set(dev, lay.PrevState, before)
	return 0
}

// pmSendAll models int pm_send_all(pm_request_t rqst, void *data): asks each device until one refuses. Then those that have
// gone to sleep are woken again.
func pmSendAll(c *Call) {
	k, request, data := c.Kernel, c.Arg(0), c.Arg(1)
	c.Return(0)
	c.pmLocked(func() {
		for dev := range k.pmDevices() {
			if k.mem.Get(dev, k.lay.PMDev.Callback) == 0 {
				continue
			}
			if status := k.pmSend(dev, request, data); status != 0 {
				if request == pmSuspend {
					k.pmUndo(dev)
				}
				c.Return(status)
				return
			}
		}
	})
}

// pmUndo gives the devices that were asked before last their former state.
func (k *Kernel) pmUndo(last uint32) {
	lay := &k.lay.PMDev
	head := k.symbol("pm_devs")
	for entry := k.mem.U32(last + lay.Entry.Off + 4); entry != head; entry = k.mem.U32(entry + 4) {
		dev := entry - lay.Entry.Off
		if before := k.mem.Get(dev, lay.PrevState); before != k.mem.Get(dev, lay.State) {
			undo := uint32(pmResume)
			if before != 0 {
				undo = pmSuspend
			}
			k.pmSend(dev, undo, before)
		}
	}
}
