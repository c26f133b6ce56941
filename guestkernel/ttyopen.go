// SPDX-License-Identifier: BSD-3-Clause
// Opening and closing terminals (2.4.18 drivers/char/tty_io.c tty_open, init_dev, release_dev).

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// Device numbers that mean another terminal.
const (
	ttyAuxMajor   = 5
	devCurrentTTY = ttyAuxMajor << 8
	devConsole    = ttyAuxMajor<<8 | 1
	devForeground = 4 << 8
	devPtmx       = ttyAuxMajor<<8 | 2
)

func ttyOpenFunctions() []Function {
	const proto = "int %s(struct inode *inode, struct file *filp)"
	return []Function{
		{Name: "tty_open", Fn: ttyOpen, Level: Partial, Note: "the kernel's own terminals and pairs of terminals stop the run by name", Proto: fmt.Sprintf(proto, "tty_open")},
		{Name: "tty_release", Fn: func(c *Call) { c.releaseTTY(c.Arg(1)); c.Return(0) }, Level: Full, Proto: fmt.Sprintf(proto, "tty_release")},
	}
}

// ttyDriver is the driver of a device, 0 when there is none (get_tty_driver).
func (k *Kernel) ttyDriver(dev uint32) uint32 {
	lay, minor := &k.drv.lay.TTYDriver, int32(dev&0xff)
	for _, d := range k.links("tty_drivers", k.drv.sym.TTYDrivers, lay.Next) {
		if d == 0 || k.mem.Get(d, lay.Major) != dev>>8 {
			continue
		}
		first := int32(k.mem.Get(d, lay.MinorStart))
		if minor >= first && minor < first+int32(k.mem.Get(d, lay.Num)) {
			return d
		}
	}
	return 0
}

// ownTerminals stops the run for a terminal that the kernel itself has.
func (k *Kernel) ownTerminals(dev uint32) {
	major := dev >> 8
	if k.ttyDriver(dev) != 0 && dev != devForeground {
		return
	}
	if major >= 2 && major <= ttyAuxMajor || major >= 128 && major < 144 {
		k.stop(Outcome{Kind: Missing, Reason: fmt.Sprintf("tty_open of %d:%d: the kernel's own terminals are not written", major, dev&0xff)})
	}
}

// ttyOpen models static int tty_open(struct inode *inode, struct file *filp): ENODEV without a driver, ENXIO for /dev/tty of a
// process that has none, EIO while the line is being closed, EBUSY for one that is somebody's alone, or what the driver
// says. A session leader without a terminal gets this one.
//
// Context: may sleep.
func ttyOpen(c *Call) {
	k, inode, f, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.lay.File
	flags := k.mem.Get(f, lay.Flags)
	for {
		dev := k.mem.Get(inode, k.lay.Inode.Rdev)
		own := c.Task().Get(k.lay.Task.Tty)
		switch {
		case dev == devCurrentTTY && own == 0:
			c.Fail(abi.ENXIO)
			return
		case dev == devCurrentTTY:
			dev = k.mem.Get(own, k.drv.lay.TTY.Device)
			k.mem.Set(f, lay.Flags, k.mem.Get(f, lay.Flags)|abi.ONonblock)
		}
		k.ownTerminals(dev)
		t, result := c.initTTY(dev)
		if result != 0 {
			c.Return(uint32(result))
			return
		}
		k.mem.Set(f, lay.PrivateData, t.at)
		k.listDel(f + lay.List.Off)
		k.listAdd(f+lay.List.Off, t.at+t.lay().Files.Off)
		t.checkCount("tty_open")
		result = failed(abi.ENODEV)
		if r, known := t.call(k.drv.lay.TTYDriver.Open, f); known {
			result = int32(r)
		}
		k.mem.Set(f, lay.Flags, flags)
		if result == 0 && t.has(ttyExclusive) && !c.superUser() {
			result = failed(abi.EBUSY)
		}
		c.Return(uint32(result))
		if result == 0 {
			c.takeTerminal(t, flags)
			return
		}
		c.releaseTTY(f)
		if result != failed(abi.ERESTARTSYS) || c.Task().Get(k.lay.Task.Sigpending) != 0 {
			return
		}
		k.scheduleCall()
		k.mem.Set(f, lay.Op, k.drv.sym.TTYFops) // it may have been hung up meanwhile
	}
}

// takeTerminal makes a line the controlling terminal of a session leader that has none, unless O_NOCTTY.
func (c *Call) takeTerminal(t tty, flags uint32) {
	k, self, task := c.Kernel, c.Task(), &c.Kernel.lay.Task
	if flags&openNoctty == 0 && self.Get(task.Leader) != 0 && self.Get(task.Tty) == 0 && t.get(t.lay().Session) == 0 {
		self.Set(task.Tty, t.at)
		self.Set(task.TtyOldPgrp, 0)
		t.set(t.lay().Session, self.Get(task.Session))
		t.set(t.lay().Pgrp, self.Get(task.Pgrp))
	}
	d := &k.drv.lay.TTYDriver
	if t.driver(d.Type) == ttyTypeSerial && t.driver(d.Subtype) == ttyCallout && t.get(t.lay().Count) == 1 {
		const often = 5
		warns := k.symbol("nr_warns.3")
		if n := k.mem.U32(warns); n < often {
			k.mem.SetU32(warns, n+1)
			k.Printk("<4>tty_io.c: process %d (%s) used obsolete /dev/%s - update software to use /dev/ttyS%d\n", self.Pid(), self.Comm(), t.name(), int32(t.index()+t.driver(d.NameBase)))
		}
	}
}

// initTTY finds the line of a device, or makes it and opens its discipline (init_dev). The line has one more user.
func (c *Call) initTTY(dev uint32) (t tty, result int32) {
	k, lay := c.Kernel, &c.Kernel.drv.lay.TTYDriver
	d := k.ttyDriver(dev)
	if d == 0 {
		return t, failed(abi.ENODEV)
	}
	if k.mem.Get(d, lay.Type) == ttyTypePty {
		k.stop(Outcome{Kind: Missing, Reason: fmt.Sprintf("tty_open of %d:%d: pairs of terminals are not written", dev>>8, dev&0xff)})
	}
	sem := k.symbol("tty_sem")
	k.down(c, sem)
	slot := k.mem.Get(d, lay.Table) + (dev&0xff-k.mem.Get(d, lay.MinorStart))*wordSize
	if t = (tty{k, k.mem.U32(slot)}); t.at == 0 {
		t, result = k.newTTY(d, dev)
	} else if t.has(ttyClosing) {
		result = failed(abi.EIO)
	} else {
		t.add(t.lay().Count, 1)
		k.mem.Copy(t.at+t.lay().Driver.Off, d, lay.Size)
	}
	k.up(sem)
	return t, result
}

// newTTY makes the line of a device that nobody has open. Its settings are those that it was left with, or the driver's.
func (k *Kernel) newTTY(d, dev uint32) (t tty, result int32) {
	lay := &k.drv.lay.TTYDriver
	i := (dev&0xff - k.mem.Get(d, lay.MinorStart)) * wordSize
	t = tty{k, k.Kmalloc(k.drv.lay.TTY.Size, k.pages.gfp.kernel)}
	if t.at == 0 {
		return t, failed(abi.ENOMEM)
	}
	t.clear()
	t.set(t.lay().Device, dev)
	k.mem.Copy(t.at+t.lay().Driver.Off, d, lay.Size)
	settings := k.keepTermios(k.mem.Get(d, lay.Termios)+i, d+lay.InitTermios.Off)
	locked := uint32(0)
	if settings != 0 {
		locked = k.keepTermios(k.mem.Get(d, lay.TermiosLocked)+i, 0)
	}
	if locked == 0 {
		k.Kfree(t.at)
		return t, failed(abi.ENOMEM)
	}
	k.mem.SetU32(k.mem.Get(d, lay.Table)+i, t.at)
	t.set(t.lay().Termios, settings)
	t.set(t.lay().TermiosLocked, locked)
	refs := k.mem.Get(d, lay.Refcount)
	k.mem.SetU32(refs, k.mem.U32(refs)+1)
	t.set(t.lay().Count, 1)
	if r, known := t.discipline(k.drv.lay.TTYLdisc.Open); known && r != 0 {
		k.Printk("<6>init_dev: ldisc open failed, clearing slot %d\n", i/wordSize)
		t.free()
		return t, int32(r)
	}
	return t, 0
}

// keepTermios is the settings in a slot of a driver's table, made like others, or zeros, when there are none; 0 without memory.
func (k *Kernel) keepTermios(slot, like uint32) uint32 {
	if at := k.mem.U32(slot); at != 0 {
		return at
	}
	at := k.Kmalloc(termiosSize, k.pages.gfp.kernel)
	switch {
	case at == 0:
		return 0
	case like == 0:
		k.mem.Fill(at, termiosSize, 0)
	default:
		k.mem.Copy(at, like, termiosSize)
	}
	k.mem.SetU32(slot, at)
	return at
}

// clear makes a line that nothing is known of yet (initialize_tty_struct).
func (t tty) clear() {
	k, lay, flip, tq := t.k, t.lay(), &t.k.drv.lay.TTYFlip, &t.k.lay.TaskQueue
	k.mem.Fill(t.at, lay.Size, 0)
	t.set(lay.Magic, ttyMagic)
	t.setDiscipline(0)
	t.set(lay.Pgrp, noPgrp)
	at := t.at + lay.Flip.Off
	k.mem.Set(at, flip.CharBufPtr, at+flip.CharBuf.Off)
	k.mem.Set(at, flip.FlagBufPtr, at+flip.FlagBuf.Off)
	k.mem.Set(at+flip.Tqueue.Off, tq.Routine, k.symbol("flush_to_ldisc"))
	k.mem.Set(at+flip.Tqueue.Off, tq.Data, t.at)
	k.mem.Set(t.at+lay.TqHangup.Off, tq.Routine, k.symbol("do_tty_hangup"))
	k.mem.Set(t.at+lay.TqHangup.Off, tq.Data, t.at)
	for _, sem := range []uint32{at + flip.PtySem.Off, t.at + lay.AtomicRead.Off, t.at + lay.AtomicWrite.Off} {
		k.initSemaphore(sem, 1)
	}
	k.initWaitQueue(t.at + lay.WriteWait.Off)
	k.initWaitQueue(t.at + lay.ReadWait.Off)
	k.listInit(t.at + lay.Files.Off)
	k.listInit(t.at + lay.SAKTq.Off + tq.List.Off)
}

// free gives up a line that nobody uses; its settings stay with the driver unless that wants them reset (release_mem).
func (t tty) free() {
	k, lay, i := t.k, &t.k.drv.lay.TTYDriver, t.index()*wordSize
	k.mem.SetU32(t.driver(lay.Table)+i, 0)
	if t.driver(lay.Flags)&ttyResetTermios != 0 {
		slot := t.driver(lay.Termios) + i
		settings := k.mem.U32(slot)
		k.mem.SetU32(slot, 0)
		k.Kfree(settings)
	}
	t.set(t.lay().Magic, 0)
	refs := t.driver(lay.Refcount)
	k.mem.SetU32(refs, k.mem.U32(refs)-1)
	k.listDel(t.at + t.lay().Files.Off)
	k.Kfree(t.at)
}

// checkCount tells when a line has another number of users than of open files (check_tty_count).
func (t tty) checkCount(routine string) {
	k, count := t.k, uint32(0)
	for at := range k.listMembers("the files of a tty", t.at+t.lay().Files.Off) {
		if k.mem.Get(at-k.lay.File.List.Off, k.lay.File.PrivateData) == t.at {
			count++
		}
	}
	if have := t.get(t.lay().Count); have != count {
		k.Printk("<4>Warning: dev (%s) tty->count(%d) != #fd's(%d) in %s\n", kdevName(t.get(t.lay().Device)), int32(have), count, routine)
	}
}

// releaseTTY ends a file's use of its line; with the last one the line goes (release_dev).
func (c *Call) releaseTTY(f uint32) {
	k, lay := c.Kernel, &c.Kernel.drv.lay.TTY
	t, ok := k.fileTTY(f, "release_dev")
	if !ok {
		return
	}
	t.checkCount("release_dev")
	c.ttyAsync(t, f, ^uint32(0), false)
	if !t.intact() {
		return
	}
	t.call(k.drv.lay.TTYDriver.Close, f)
	last := t.get(lay.Count) <= 1
	for last && (t.waiting(lay.ReadWait) || t.waiting(lay.WriteWait)) {
		k.wakeAny(t.at + lay.ReadWait.Off)
		k.wakeAny(t.at + lay.WriteWait.Off)
		k.Printk("<4>release_dev: %s: read/write wait queue active!\n", t.name())
		k.scheduleCall()
		last = t.get(lay.Count) <= 1
	}
	t.add(lay.Count, ^uint32(0))
	if n := int32(t.get(lay.Count)); n < 0 {
		k.Printk("<4>release_dev: bad tty->count (%d) for %s\n", n, t.name())
		t.set(lay.Count, 0)
	}
	k.mem.Set(f, k.lay.File.PrivateData, 0)
	if !last {
		return
	}
	t.raise(ttyClosing)
	for _, task := range k.tasks {
		if task.Get(k.lay.Task.Tty) == t.at {
			task.Set(k.lay.Task.Tty, 0)
		}
	}
	if redirect := k.symbol("redirect"); k.mem.U32(redirect) == t.at {
		k.mem.SetU32(redirect, 0)
	}
	t.discipline(k.drv.lay.TTYLdisc.Close)
	t.setDiscipline(0)
	t.setLine(0)
	c.runTaskQueue(k.sym.TqTimer) // so that nothing of the line is waiting there
	k.Call(k.functionAt("flush_scheduled_tasks"))
	t.free()
}

// intact tells whether the driver's tables still have the line and its settings; if not, who closes it leaves it alone.
func (t tty) intact() bool {
	k, lay, d := t.k, t.lay(), &t.k.drv.lay.TTYDriver
	i, dev := t.index(), kdevName(t.get(t.lay().Device))
	slot := func(table abi.Field) uint32 { return k.mem.U32(t.driver(table) + i*wordSize) }
	switch {
	case i >= t.driver(d.Num):
		k.Printk("<7>release_dev: bad idx when trying to free (%s)\n", dev)
	case slot(d.Table) != t.at:
		k.Printk("<7>release_dev: driver.table[%d] not tty for (%s)\n", i, dev)
	case slot(d.Termios) != t.get(lay.Termios):
		k.Printk("<7>release_dev: driver.termios[%d] not termios for (%s)\n", i, dev)
	case slot(d.TermiosLocked) != t.get(lay.TermiosLocked):
		k.Printk("<7>release_dev: driver.termios_locked[%d] not termios_locked for (%s)\n", i, dev)
	default:
		return true
	}
	return false
}

// terminalFiles counts the open files of each driver's lines.
func (k *Kernel) terminalFiles() map[uint32]int {
	lay, count := &k.drv.lay.TTYDriver, map[uint32]int{}
	for _, d := range k.links("tty_drivers", k.drv.sym.TTYDrivers, lay.Next) {
		if d == 0 {
			continue
		}
		for i := range k.mem.Get(d, lay.Num) {
			if t := k.mem.U32(k.mem.Get(d, lay.Table) + i*wordSize); t != 0 {
				for range k.listMembers("the files of a tty", t+k.drv.lay.TTY.Files.Off) {
					count[d]++
				}
			}
		}
	}
	return count
}
