// SPDX-License-Identifier: BSD-3-Clause
// Consoles that come and go (2.4.18 kernel/printk.c).

package guestkernel

func consoleFunctions() []Function {
	return []Function{
		{Name: "unregister_console", Fn: unregisterConsole, Level: Partial, Note: "preferred_console stays"},
	}
}

// unregisterConsole models int unregister_console(struct console *console): 1 when it is not registered. Without any console
// 2.4.18 looks behind NULL; so does this.
func unregisterConsole(c *Call) {
	k, next, head := c.Kernel, c.Kernel.drv.lay.Console.Next, c.Kernel.drv.sym.ConsoleList
	c.Return(1)
	if k.mem.U32(head) == 0 {
		k.mem.Get(0, next)
	}
	if word := k.wordOf("console_drivers", head, next, c.Arg(0)); word != 0 {
		k.mem.SetU32(word, k.mem.Get(c.Arg(0), next))
		c.Return(0)
	}
}
