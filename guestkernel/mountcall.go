// SPDX-License-Identifier: BSD-3-Clause
// The system call mount, as far as there is something to mount (2.4.18 fs/namespace.c).

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

func mountCallFunctions() []Function {
	return []Function{
		{Name: "sys_mount", Fn: sysMount, Level: Partial, Note: "/proc is mounted already; other file systems and places stop the run by name"},
	}
}

// sysMount models long sys_mount(char *dev_name, char *dir_name, char *type, unsigned long flags, void *data). The same file
// system at the same place again is EBUSY.
func sysMount(c *Call) {
	k := c.Kernel
	dir, ok := k.StrncpyFromUser(c.Arg(1), maxPath)
	kind, ok2 := k.StrncpyFromUser(c.Arg(2), maxPath)
	switch {
	case !ok || !ok2:
		c.Fail(abi.EFAULT)
	case !c.Task().Capable(abi.CapSysAdmin):
		c.Fail(abi.EPERM)
	case string(dir) == "/proc" && string(kind) == "proc":
		c.Fail(abi.EBUSY)
	default:
		k.stop(Outcome{Kind: Missing, Reason: fmt.Sprintf("mount of %s at %s is not written", kind, dir)})
	}
}
