// SPDX-License-Identifier: BSD-3-Clause
// Misc devices: the minor numbers of major 10 (2.4.18 drivers/char/misc.c).

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// Minor numbers of misc devices.
const (
	miscDynamic      = 255 // MISC_DYNAMIC_MINOR: any of the first 64
	miscDynamicCount = 64  // from the top down; misc_minors has a bit for each
)

func miscFunctions() []Function {
	return []Function{
		{Name: "misc_register", Fn: miscRegister, Level: Full},
		{Name: "misc_deregister", Fn: miscDeregister, Level: Full},
	}
}

// bootMisc makes the list, with the devices of a PC: the PS/2 mouse and the clock.
func (k *Kernel) bootMisc() error {
	lay, head := &k.lay.MiscDevice, k.sym.MiscList
	k.mem.Set(head, lay.Next, head)
	k.mem.Set(head, lay.Prev, head)
	k.mem.Set(k.sym.MiscSem, k.lay.Semaphore.Count, 1)
	k.listInit(k.sym.MiscSem + k.lay.Semaphore.Wait.Off + k.lay.WaitQueueHead.TaskList.Off)
	for _, d := range []struct {
		device, name, fops string
		minor              uint32
	}{
		{"psaux_mouse", "psaux", "psaux_fops", 1},
		{"rtc_dev", "rtc", "rtc_fops", 135},
	} {
		at, ok := k.profile.Symbol(d.device)
		fops, ok2 := k.profile.Symbol(d.fops)
		if !ok || !ok2 {
			return fmt.Errorf("guestkernel: profile %s has no %s with %s", k.profile.Name, d.device, d.fops)
		}
		k.mem.Set(at, lay.Minor, d.minor)
		k.mem.Set(at, lay.Name, k.newString(d.name))
		k.mem.Set(at, lay.Fops, fops)
		k.addMisc(at)
	}
	return nil
}

// addMisc puts a device at the head of the list and marks its minor number.
func (k *Kernel) addMisc(device uint32) {
	lay, head := &k.lay.MiscDevice, k.sym.MiscList
	if minor := k.mem.Get(device, lay.Minor); int32(minor) < miscDynamicCount {
		k.setMiscMinor(minor, true)
	}
	next := k.mem.Get(head, lay.Next)
	k.mem.Set(device, lay.Prev, head)
	k.mem.Set(device, lay.Next, next)
	k.mem.Set(head, lay.Next, device)
	k.mem.Set(next, lay.Prev, device)
}

// setMiscMinor sets or clears a minor number's bit. (A negative one hits a byte below misc_minors, as there.)
func (k *Kernel) setMiscMinor(minor uint32, taken bool) {
	at, bit := k.sym.MiscMinors+uint32(int32(minor)>>3), byte(1)<<(minor&7)
	v := k.mem.U8(at) &^ bit
	if taken {
		v |= bit
	}
	k.mem.SetU8(at, v)
}

// miscRegister models int misc_register(struct miscdevice *misc): EBUSY when the device is registered, its minor number is
// taken or no dynamic one is left.
func miscRegister(c *Call) {
	k, lay, device := c.Kernel, &c.Kernel.lay.MiscDevice, c.Arg(0)
	c.Fail(abi.EBUSY)
	if k.mem.Get(device, lay.Next) != 0 || k.mem.Get(device, lay.Prev) != 0 {
		return
	}
	minor := k.mem.Get(device, lay.Minor)
	for other := range k.miscDevices() {
		if k.mem.Get(other, lay.Minor) == minor {
			return
		}
	}
	if minor == miscDynamic {
		free := k.freeMiscMinor()
		if free < 0 {
			return
		}
		k.mem.Set(device, lay.Minor, uint32(free))
	}
	k.mem.Set(device, lay.DevfsHandle, 0)
	k.addMisc(device)
	c.Return(0)
}

// miscDevices walks the list.
func (k *Kernel) miscDevices() func(yield func(uint32) bool) {
	lay, head := &k.lay.MiscDevice, k.sym.MiscList
	return k.ring("misc_list", k.mem.Get(head, lay.Next), head, lay.Next)
}

// freeMiscMinor is the highest free dynamic minor number, -1 when there is none.
func (k *Kernel) freeMiscMinor() int {
	for i := miscDynamicCount - 1; i >= 0; i-- {
		if k.mem.U8(k.sym.MiscMinors+uint32(i>>3))&(1<<(i&7)) == 0 {
			return i
		}
	}
	return -1
}

// miscDeregister models int misc_deregister(struct miscdevice *misc): EINVAL unless it is registered.
func miscDeregister(c *Call) {
	k, lay, device := c.Kernel, &c.Kernel.lay.MiscDevice, c.Arg(0)
	minor := int32(k.mem.Get(device, lay.Minor))
	next, prev := k.mem.Get(device, lay.Next), k.mem.Get(device, lay.Prev)
	if next == 0 || prev == 0 {
		c.Fail(abi.EINVAL)
		return
	}
	k.mem.Set(prev, lay.Next, next)
	k.mem.Set(next, lay.Prev, prev)
	k.mem.Set(device, lay.Next, 0)
	k.mem.Set(device, lay.Prev, 0)
	if minor > 0 && minor < miscDynamicCount {
		k.setMiscMinor(uint32(minor), false)
	}
	c.Return(0)
}
