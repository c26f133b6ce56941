// SPDX-License-Identifier: BSD-3-Clause
// Texts of the kernel's own files in /proc (2.4.18 fs/proc/proc_misc.c, kernel/module.c, mm/slab.c).

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

func procTextFunctions() []Function {
	row := func(name string, text func(*Kernel) string) Function {
		return Function{Name: name, Fn: procPage(text), Level: Full}
	}
	return []Function{
		row("version_read_proc", (*Kernel).versionText),
		row("uptime_read_proc", (*Kernel).uptimeText),
		row("modules_read_proc", (*Kernel).pagedModules),
		row("devices_read_proc", (*Kernel).DeviceList),
		row("ioports_read_proc", (*Kernel).IOPorts),
		row("memory_read_proc", (*Kernel).IOMem),
		row("misc_read_proc", (*Kernel).miscText),
		row("dma_read_proc", func(*Kernel) string { return " 4: cascade\n" }),
		row("execdomains_read_proc", func(*Kernel) string { return "0-0\tLinux           \t[kernel]\n" }),
		row("locks_read_proc", func(*Kernel) string { return "" }),
	}
}

// procPage makes a read_proc function of a text that fits into a page: int f(char *page, char **start, off_t off, int count,
// int *eof, void *data) (proc_calc_metrics).
func procPage(text func(*Kernel) string) func(*Call) {
	return func(c *Call) {
		k, page, off, count := c.Kernel, c.Arg(0), int32(c.Arg(2)), int32(c.Arg(3))
		s := text(k)
		s = s[:min(len(s), abi.PageSize)]
		k.mem.Write(page, []byte(s))
		n := int32(len(s))
		if n <= off+count {
			k.mem.SetU32(c.Arg(4), 1)
		}
		k.mem.SetU32(c.Arg(1), page+uint32(off))
		c.Return(uint32(max(min(n-off, count), 0)))
	}
}

func (k *Kernel) versionText() string { return k.profile.Banner + "\n" }

// uptimeText is seconds since boot, and those the idle task ran.
func (k *Kernel) uptimeText() string {
	hz := uint32(k.profile.HZ)
	seconds := func(ticks uint32) string { return fmt.Sprintf("%d.%02d", ticks/hz, ticks%hz*100/hz) }
	times := k.sym.InitTask + k.lay.Task.Times.Off
	idle := k.mem.U32(times) + k.mem.U32(times+wordSize) // user, system
	return seconds(k.mem.U32(k.sym.Jiffies)) + " " + seconds(idle) + "\n"
}

// pagedModules is /proc/modules for who reads it: unlike ModulesText it oopses on a damaged list, as there.
func (k *Kernel) pagedModules() string {
	p := pageText{left: abi.PageSize}
	k.listModules(&p)
	return p.text.String()
}

// miscText is minor number and name of each misc device.
func (k *Kernel) miscText() string {
	var b strings.Builder
	for d := range k.miscDevices() {
		name := ""
		if at := k.mem.Get(d, k.lay.MiscDevice.Name); at != 0 {
			name = k.kernelString(at)
		}
		fmt.Fprintf(&b, "%3d %s\n", int32(k.mem.Get(d, k.lay.MiscDevice.Minor)), name)
	}
	return b.String()
}
