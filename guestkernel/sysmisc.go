// SPDX-License-Identifier: BSD-3-Clause
// System calls of kernel/sys.c about sessions, limits and the machine, and a few that have nothing to do here (2.4.18
// kernel/sys.c, fs/buffer.c).

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

func sysMiscFunctions() []Function {
	return []Function{
		{Name: "sys_reboot", Fn: sysReboot, Level: Partial, Note: "switching off is possible without a power management chip; RESTART2's text is not shown to the firmware"},
		{Name: "sys_getpgrp", Fn: func(c *Call) { c.Return(c.Task().Get(c.Kernel.lay.Task.Pgrp)) }, Level: Full},
		{Name: "sys_getpgid", Fn: func(c *Call) { c.idOf(c.Kernel.lay.Task.Pgrp) }, Level: Full},
		{Name: "sys_getsid", Fn: func(c *Call) { c.idOf(c.Kernel.lay.Task.Session) }, Level: Full},
		{Name: "sys_setsid", Fn: sysSetsid, Level: Full},
		{Name: "sys_setpgid", Fn: sysSetpgid, Level: Full},
		{Name: "sys_getrlimit", Fn: func(c *Call) { c.getrlimit(unchanged) }, Level: Full},
		{Name: "sys_old_getrlimit", Fn: func(c *Call) { c.getrlimit(0x7fffffff) }, Level: Full},
		{Name: "sys_setrlimit", Fn: sysSetrlimit, Level: Full},
	}
}

// Commands of reboot(2).
const (
	rebootRestart  = 0x01234567
	rebootHalt     = 0xcdef0123
	rebootPowerOff = 0x4321fedc
	rebootRestart2 = 0xa1b2c3d4
	rebootCADOn    = 0x89abcdef
	rebootCADOff   = 0
)

// sysReboot models long sys_reboot(int magic1, int magic2, unsigned int cmd, void *arg). Notifiers are told first.
func sysReboot(c *Call) {
	const restart, halt, powerOff = 1, 2, 3 // SYS_RESTART, SYS_HALT, SYS_POWER_OFF
	k := c.Kernel
	if !c.Task().Capable(abi.CapSysBoot) {
		c.Fail(abi.EPERM)
		return
	}
	switch magic := c.Arg(1); {
	case c.Arg(0) != 0xfee1dead, magic != 672274793 && magic != 85072278 && magic != 369367448:
		c.Fail(abi.EINVAL)
		return
	}
	notify := func(event uint32) { k.callNotifiers("reboot_notifier_list", k.sym.RebootNotifiers, event, 0) }
	c.Return(0)
	switch c.Arg(2) {
	case rebootRestart, rebootRestart2:
		notify(restart)
		k.Printk("<0>Restarting system.\n")
		k.Call(k.functionAt("machine_restart"), 0)
	case rebootHalt:
		notify(halt)
		k.Printk("<0>System halted.\n")
		k.Call(k.functionAt("machine_halt"))
		k.exit(0)
	case rebootPowerOff:
		notify(powerOff)
		k.Printk("<0>Power down.\n")
		k.Call(k.functionAt("machine_power_off"))
		k.stop(Outcome{Kind: PoweredOff, Reason: fmt.Sprintf("by %s, pid %d", c.Task().Comm(), c.Task().Pid())})
	case rebootCADOn, rebootCADOff: // there is no keyboard
	default:
		c.Fail(abi.EINVAL)
	}
}

// idOf returns an id of the process that the argument means; 0 is the caller.
func (c *Call) idOf(f abi.Field) {
	t := c.Task()
	if pid := int32(c.Arg(0)); pid != 0 {
		if t = c.Kernel.findTask(pid); t == nil {
			c.Fail(abi.ESRCH)
			return
		}
	}
	c.Return(t.Get(f))
}

// sysSetsid models long sys_setsid(void): the caller leads a session and a group of its own.
func sysSetsid(c *Call) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	pid := uint32(t.Pid())
	for _, other := range c.Kernel.tasks {
		if other.Get(lay.Pgrp) == pid {
			c.Fail(abi.EPERM)
			return
		}
	}
	t.Set(lay.Leader, 1)
	t.Set(lay.Session, pid)
	t.Set(lay.Pgrp, pid)
	t.Set(lay.Tty, 0)
	t.Set(lay.TtyOldPgrp, 0)
	c.Return(pid)
}

// sysSetpgid models long sys_setpgid(pid_t pid, pid_t pgid): of the caller or a child that has not executed anything else,
// within the session.
func sysSetpgid(c *Call) {
	k, t, lay := c.Kernel, c.Task(), &c.Kernel.lay.Task
	pid, group := c.Arg(0), c.Arg(1)
	if pid == 0 {
		pid = uint32(t.Pid())
	}
	if group == 0 {
		group = pid
	}
	if int32(group) < 0 {
		c.Fail(abi.EINVAL)
		return
	}
	p := k.findTask(int32(pid))
	switch {
	case p == nil:
		c.Fail(abi.ESRCH)
		return
	case p.Get(lay.PPptr) == t.addr || p.Get(lay.POpptr) == t.addr:
		if p.Get(lay.Session) != t.Get(lay.Session) {
			c.Fail(abi.EPERM)
			return
		}
		if p.Get(lay.DidExec) != 0 {
			c.Fail(abi.EACCES)
			return
		}
	case p != t:
		c.Fail(abi.ESRCH)
		return
	}
	if p.Get(lay.Leader) != 0 || group != pid && !k.groupInSession(group, t.Get(lay.Session)) {
		c.Fail(abi.EPERM)
		return
	}
	p.Set(lay.Pgrp, group)
	c.Return(0)
}

// groupInSession tells whether a session has a process of a group.
func (k *Kernel) groupInSession(group, session uint32) bool {
	for _, t := range k.everyTask() {
		if t.Get(k.lay.Task.Pgrp) == group && t.Get(k.lay.Task.Session) == session {
			return true
		}
	}
	return false
}

const rlimitCount = 11

// getrlimit models long sys_getrlimit(unsigned int resource, struct rlimit *rlim). What is more than the most is the most.
func (c *Call) getrlimit(most uint32) {
	k, which := c.Kernel, c.Arg(0)
	if which >= rlimitCount {
		c.Fail(abi.EINVAL)
		return
	}
	at := c.Task().addr + k.lay.Task.Rlim.Off + 8*which
	c.Return(0)
	if k.CopyToUser(c.Arg(1), words(min(k.mem.U32(at), most), min(k.mem.U32(at+4), most))) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// sysSetrlimit models long sys_setrlimit(unsigned int resource, struct rlimit *rlim).
func sysSetrlimit(c *Call) {
	const files, mostFiles = 7, 1024 * 1024 // RLIMIT_NOFILE, NR_OPEN
	k, which := c.Kernel, c.Arg(0)
	var b [8]byte
	switch {
	case which >= rlimitCount:
		c.Fail(abi.EINVAL)
		return
	case k.CopyFromUser(b[:], c.Arg(1)) != 0:
		c.Fail(abi.EFAULT)
		return
	}
	soft, hard := leWord(b[:]), leWord(b[4:])
	at := c.Task().addr + k.lay.Task.Rlim.Off + 8*which
	if (soft > k.mem.U32(at+4) || hard > k.mem.U32(at+4)) && !c.Task().Capable(abi.CapSysResource) ||
		which == files && (soft > mostFiles || hard > mostFiles) {
		c.Fail(abi.EPERM)
		return
	}
	k.mem.SetU32(at, soft)
	k.mem.SetU32(at+4, hard)
	c.Return(0)
}
