// SPDX-License-Identifier: BSD-3-Clause
// Consoles: where the log goes besides its ring (2.4.18 kernel/printk.c).
//
// The screen is the host's: what it shows is ConsoleText. Other consoles are the guest's, and their write functions are
// called.

package guestkernel

import "bytes"

// Flags of a console.
const (
	conPrintBuffer = 1 << iota // CON_PRINTBUFFER: wants what was logged before it
	conDevice                  // CON_CONSDEV: /dev/console
	conEnabled                 // CON_ENABLED
)

func consoleFunctions() []Function {
	return []Function{
		{Name: "console_print", Fn: consolePrint, Level: Full},
		{Name: "register_console", Fn: registerConsole, Level: Full},
		{Name: "unregister_console", Fn: unregisterConsole, Level: Full},
		{Name: "acquire_console_sem", Fn: acquireConsoleSem, Level: Full},
		{Name: "release_console_sem", Fn: func(c *Call) { c.Kernel.releaseConsole() }, Level: Full},
		{Name: "console_unblank", Fn: consoleUnblank, Level: Full},
	}
}

// bootConsole makes the screen the first console, which is the one that counts.
func (k *Kernel) bootConsole() error {
	lay, screen := &k.lay.Console, k.sym.Screen
	k.initSemaphore(k.sym.ConsoleSem, 1)
	k.mem.Write(screen+lay.Name.Off, []byte("tty\x00"))
	k.mem.Set(screen, lay.Write, k.sym.ScreenWrite)
	k.mem.Set(screen, lay.Flags, conEnabled|conDevice|conPrintBuffer)
	k.mem.SetU32(k.sym.ConsoleDrivers, screen)
	k.mem.SetU32(k.sym.PreferredConsole, 0)
	return nil
}

// consolePrint models void console_print(const char *s): an emergency.
func consolePrint(c *Call) {
	s, _ := c.Kernel.mem.CString(c.Arg(0), printkBufLen)
	c.Kernel.Printk("<0>%s", s)
}

// flushConsole sends the consoles what they have not had, unless somebody holds console_sem, who will do it then.
func (k *Kernel) flushConsole() {
	if sem := &k.lay.Semaphore; int32(k.mem.Get(k.sym.ConsoleSem, sem.Count)) > 0 {
		k.mem.Set(k.sym.ConsoleSem, sem.Count, k.mem.Get(k.sym.ConsoleSem, sem.Count)-1)
		k.releaseConsole()
	}
}

// releaseConsole is release_console_sem: sends the consoles what has been logged meanwhile and gives the semaphore back.
func (k *Kernel) releaseConsole() {
	for {
		start, end := k.mem.U32(k.conStart()), k.mem.U32(k.sym.LogEnd)
		if start == end {
			break
		}
		k.mem.SetU32(k.conStart(), end)
		k.callConsoles(start, end)
	}
	k.up(k.sym.ConsoleSem)
}

// callConsoles sends a part of the ring to all consoles, line by line. Lines less important than console_loglevel do not
// appear, and none shows its level.
func (k *Kernel) callConsoles(start, end uint32) {
	limit := int32(k.mem.U32(k.sym.ConsolePrintk + consoleLogLevel))
	level := int32(k.mem.U32(k.sym.MsgLevel))
	for line := range bytes.Lines(k.ringText(start, end)) {
		if level < 0 && hasLevel(line) {
			level = int32(line[1] - '0')
			start, line = start+3, line[3:]
		}
		if level < limit {
			k.writeConsoles(start, line)
		}
		start += uint32(len(line))
		if bytes.HasSuffix(line, []byte{'\n'}) {
			level = -1
		}
		k.mem.SetU32(k.sym.MsgLevel, uint32(level))
	}
}

// writeConsoles sends a piece of the ring, which begins at index start, to every console. The guest's own can only be called
// while a task runs.
func (k *Kernel) writeConsoles(start uint32, text []byte) {
	lay := &k.lay.Console
	for con := range k.chain("console_drivers", k.mem.U32(k.sym.ConsoleDrivers), lay.Next) {
		write := k.mem.Get(con, lay.Write)
		switch {
		case k.mem.Get(con, lay.Flags)&conEnabled == 0 || write == 0:
		case write == k.sym.ScreenWrite:
			k.log.console = append(k.log.console, text...)
		case k.running != nil:
			k.writeRing(write, con, start, uint32(len(text)))
		}
	}
}

// writeRing calls a console's write function for n bytes of the ring, twice where they run over its end.
func (k *Kernel) writeRing(write, con, start, n uint32) {
	for n > 0 {
		part := min(n, logBufLen-start%logBufLen)
		k.Call(write, con, k.sym.LogBuf+start%logBufLen, part)
		start, n = start+part, n-part
	}
}

// registerConsole models void register_console(struct console *console). Where no console has been preferred yet this one
// is, if its setup agrees; else only one that comes enabled is taken, behind the first. (No console was asked for on the
// command line.)
func registerConsole(c *Call) {
	k, lay, con := c.Kernel, &c.Kernel.lay.Console, c.Arg(0)
	if int32(k.mem.U32(k.sym.PreferredConsole)) < 0 {
		if int32(k.mem.Get(con, lay.Index)) < 0 {
			k.mem.Set(con, lay.Index, 0)
		}
		if setup := k.mem.Get(con, lay.Setup); setup == 0 || k.Call(setup, con, 0) == 0 {
			k.mem.Set(con, lay.Flags, k.mem.Get(con, lay.Flags)|conEnabled|conDevice)
			k.mem.SetU32(k.sym.PreferredConsole, 0)
		}
	}
	flags := k.mem.Get(con, lay.Flags)
	if flags&conEnabled == 0 {
		return
	}
	k.down(c, k.sym.ConsoleSem)
	link := k.sym.ConsoleDrivers
	if first := k.mem.U32(link); flags&conDevice == 0 && first != 0 {
		link = first + lay.Next.Off
	}
	k.mem.Set(con, lay.Next, k.mem.U32(link))
	k.mem.SetU32(link, con)
	if flags&conPrintBuffer != 0 {
		k.mem.SetU32(k.conStart(), k.mem.U32(k.sym.LogStart))
	}
	k.releaseConsole()
}

// unregisterConsole models int unregister_console(struct console *console): 0, or 1 when it was not registered. Without any
// console 2.4.18 looks behind NULL, and so does this; when the last has gone the next one to come is preferred.
func unregisterConsole(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.Console
	k.down(c, k.sym.ConsoleSem)
	c.Return(1)
	link := k.sym.ConsoleDrivers
	if k.mem.U32(link) == 0 {
		k.mem.Get(0, lay.Next)
	}
	for con := range k.chain("console_drivers", k.mem.U32(link), lay.Next) {
		if con == c.Arg(0) {
			k.mem.SetU32(link, k.mem.Get(con, lay.Next))
			c.Return(0)
			break
		}
		link = con + lay.Next.Off
	}
	if k.mem.U32(k.sym.ConsoleDrivers) == 0 {
		k.mem.SetU32(k.sym.PreferredConsole, 0xffffffff)
	}
	k.releaseConsole()
}

// acquireConsoleSem models void acquire_console_sem(void). May sleep; in an interrupt it is a BUG().
func acquireConsoleSem(c *Call) {
	const interruptBug = 490
	if c.Kernel.inInterrupt() {
		c.Kernel.bug("acquire_console_sem", "printk.c", interruptBug)
	}
	c.Kernel.down(c, c.Kernel.sym.ConsoleSem)
}

// consoleUnblank models void console_unblank(void).
func consoleUnblank(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.Console
	acquireConsoleSem(c)
	for con := range k.chain("console_drivers", k.mem.U32(k.sym.ConsoleDrivers), lay.Next) {
		if unblank := k.mem.Get(con, lay.Unblank); unblank != 0 && k.mem.Get(con, lay.Flags)&conEnabled != 0 {
			k.Call(unblank)
		}
	}
	k.releaseConsole()
}
