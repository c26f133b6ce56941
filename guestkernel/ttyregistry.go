// SPDX-License-Identifier: BSD-3-Clause
// The lists of terminal drivers and line disciplines (2.4.18 drivers/char/tty_io.c, fs/proc/proc_tty.c).

package guestkernel

import "ring0/guestkernel/abi"

// Flags and sizes of linux/tty.h and linux/tty_driver.h.
const (
	ttyInstalled = 1  // TTY_DRIVER_INSTALLED
	ldiscDefined = 1  // LDISC_FLAG_DEFINED
	lineDiscs    = 16 // NR_LDISCS
	ldiscMagic   = 0x5403
)

func ttyFunctions() []Function {
	return []Function{
		{Name: "tty_register_driver", Fn: ttyRegisterDriver, Level: Partial, Note: "the kernel's own drivers are not on the list; no /proc/tty/drivers"},
		{Name: "tty_unregister_driver", Fn: ttyUnregisterDriver, Level: Full},
		{Name: "tty_register_ldisc", Fn: ttyRegisterLdisc, Level: Full},
	}
}

// ttyRegisterDriver models int tty_register_driver(struct tty_driver *driver): what register_chrdev says, so for major 0 the
// number that was free.
func ttyRegisterDriver(c *Call) {
	k, d, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.TTYDriver
	if k.mem.Get(d, lay.Flags)&ttyInstalled != 0 {
		c.Return(0)
		return
	}
	answer := k.registerMajor(k.sym.Chrdevs, k.mem.Get(d, lay.Major), k.mem.Get(d, lay.Name), k.drv.sym.TTYFops)
	c.Return(uint32(answer))
	if answer < 0 {
		return
	}
	if k.mem.Get(d, lay.Major) == 0 {
		k.mem.Set(d, lay.Major, uint32(answer))
	}
	if k.mem.Get(d, lay.PutChar) == 0 {
		k.mem.Set(d, lay.PutChar, k.symbol("tty_default_put_char"))
	}
	first := k.mem.U32(k.drv.sym.TTYDrivers)
	k.mem.Set(d, lay.Prev, 0)
	k.mem.Set(d, lay.Next, first)
	if first != 0 {
		k.mem.Set(first, lay.Prev, d)
	}
	k.mem.SetU32(k.drv.sym.TTYDrivers, d)
	k.showTTYDriver(d)
}

// showTTYDriver makes the driver's file in /proc/tty/driver, if it has functions for that. The driver's and the file's
// addresses of them are the same ones.
func (k *Kernel) showTTYDriver(d uint32) {
	lay, proc := &k.drv.lay.TTYDriver, &k.lay.ProcDirEntry
	read, write := k.mem.Get(d, lay.ReadProc), k.mem.Get(d, lay.WriteProc)
	if read|write == 0 || k.mem.Get(d, lay.DriverName) == 0 || k.mem.Get(d, lay.ProcEntry) != 0 {
		return
	}
	e := k.Call(k.functionAt("create_proc_entry"), k.mem.Get(d, lay.DriverName), 0, k.ttyDriverDir())
	if e != 0 {
		k.mem.Set(e, proc.ReadProc, read)
		k.mem.Set(e, proc.WriteProc, write)
		k.mem.Set(e, proc.Data, d)
		k.mem.Set(d, lay.ProcEntry, e)
	}
}

// hideTTYDriver removes it.
func (k *Kernel) hideTTYDriver(d uint32) {
	entry := k.drv.lay.TTYDriver.ProcEntry
	if e := k.mem.Get(d, entry); e != 0 {
		k.Call(k.functionAt("remove_proc_entry"), k.mem.Get(e, k.lay.ProcDirEntry.Name), k.ttyDriverDir())
		k.mem.Set(d, entry, 0)
	}
}

// ttyDriverDir is /proc/tty/driver.
func (k *Kernel) ttyDriverDir() uint32 {
	dir, _, _ := k.procSplit("tty/driver/")
	return dir
}

// ttyUnregisterDriver models int tty_unregister_driver(struct tty_driver *driver): EBUSY while it is in use, ENOENT when it
// is not registered.
func ttyUnregisterDriver(c *Call) {
	k, d, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.TTYDriver
	if k.mem.U32(k.mem.Get(d, lay.Refcount)) != 0 {
		c.Fail(abi.EBUSY)
		return
	}
	if k.wordOf("tty_drivers", k.drv.sym.TTYDrivers, lay.Next, d) == 0 {
		c.Fail(abi.ENOENT)
		return
	}
	major, other := k.mem.Get(d, lay.Major), uint32(0)
	for _, p := range k.links("tty_drivers", k.drv.sym.TTYDrivers, lay.Next) {
		if p != 0 && p != d && k.mem.Get(p, lay.Major) == major {
			other = p
		}
	}
	if other != 0 {
		k.registerMajor(k.sym.Chrdevs, major, k.mem.Get(other, lay.Name), k.drv.sym.TTYFops)
	} else if answer := k.unregisterMajor(k.sym.Chrdevs, major, k.mem.Get(d, lay.Name)); answer < 0 {
		c.Return(uint32(answer))
		return
	}
	next, prev := k.mem.Get(d, lay.Next), k.mem.Get(d, lay.Prev)
	if prev != 0 {
		k.mem.Set(prev, lay.Next, next)
	} else {
		k.mem.SetU32(k.drv.sym.TTYDrivers, next)
	}
	if next != 0 {
		k.mem.Set(next, lay.Prev, prev)
	}
	k.freeTermios(d)
	k.hideTTYDriver(d)
	c.Return(0)
}

// freeTermios frees the settings that a driver's lines left behind.
func (k *Kernel) freeTermios(d uint32) {
	lay := &k.drv.lay.TTYDriver
	termios, locked := k.mem.Get(d, lay.Termios), k.mem.Get(d, lay.TermiosLocked)
	for i := range k.mem.Get(d, lay.Num) {
		for _, table := range []uint32{termios, locked} {
			if tp := k.mem.U32(table + i*wordSize); tp != 0 {
				k.mem.SetU32(table+i*wordSize, 0)
				k.Kfree(tp)
			}
		}
	}
}

// ttyRegisterLdisc models int tty_register_ldisc(int disc, struct tty_ldisc *new_ldisc): without one the entry is cleared.
func ttyRegisterLdisc(c *Call) {
	k, lay := c.Kernel, &c.Kernel.drv.lay.TTYLdisc
	disc, from := c.Arg(0), c.Arg(1)
	if disc >= lineDiscs {
		c.Fail(abi.EINVAL)
		return
	}
	at := k.drv.sym.Ldiscs + disc*lay.Size
	c.Return(0)
	if from == 0 {
		k.mem.Fill(at, lay.Size, 0)
		return
	}
	k.mem.Copy(at, from, lay.Size)
	k.mem.Set(at, lay.Flags, k.mem.Get(at, lay.Flags)|ldiscDefined)
	k.mem.Set(at, lay.Num, disc)
}
