// SPDX-License-Identifier: BSD-3-Clause
// Console drivers that take over virtual terminals (2.4.18 drivers/char/console.c). There is no virtual terminal: a driver
// is entered and asked whether it has its hardware.

package guestkernel

const consoles = 63 // MAX_NR_CONSOLES

func vtConsoleFunctions() []Function {
	return []Function{
		{Name: "take_over_console", Fn: takeOverConsole, Level: Partial, Note: "no virtual terminal is switched"},
		{Name: "give_up_console", Fn: giveUpConsole, Level: Full},
	}
}

// takeOverConsole models void take_over_console(const struct consw *csw, int first, int last, int deflt). con_startup, the
// structure's first function, says what the driver calls itself, or NULL.
func takeOverConsole(c *Call) {
	k, csw, first, last, deflt := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3) != 0
	desc := k.Call(k.mem.U32(csw))
	if desc == 0 {
		return
	}
	if deflt {
		k.mem.SetU32(k.symbol("conswitchp"), csw)
	}
	for i := first; i <= last && i < consoles; i++ {
		k.mem.SetU32(k.symbol("con_driver_map")+i*wordSize, csw)
	}
	k.Printk("Console: switching ")
	if !deflt {
		k.Printk("consoles %d-%d ", first+1, last+1)
	}
	k.Printk("to %s\n", k.kernelString(desc))
}

// giveUpConsole models void give_up_console(const struct consw *csw).
func giveUpConsole(c *Call) {
	k, table := c.Kernel, c.Kernel.symbol("con_driver_map")
	for i := range uint32(consoles) {
		if k.mem.U32(table+i*wordSize) == c.Arg(0) {
			k.mem.SetU32(table+i*wordSize, 0)
		}
	}
}
