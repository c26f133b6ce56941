// SPDX-License-Identifier: BSD-3-Clause
// Who a process is, and which kernel: getpid and the calls on user ids, capabilities, uname (2.4.18 kernel/timer.c,
// kernel/sys.c, kernel/capability.c).

package guestkernel

import (
	"ring0/guestkernel/abi"
)

// overflowID stands for an id that does not fit into the old calls' 16 bits (overflowuid, overflowgid).
const overflowID = 65534

func identityFunctions() []Function {
	get := func(name string, field func(*abi.TaskLayout) abi.Field) Function {
		return Function{Name: name, Level: Full, Fn: func(c *Call) {
			c.Return(c.Kernel.mem.Get(c.Kernel.Current(), field(&c.Kernel.lay.Task)))
		}}
	}
	get16 := func(name string, field func(*abi.TaskLayout) abi.Field) Function {
		f := get(name, field)
		wide := f.Fn
		f.Fn = func(c *Call) {
			if wide(c); c.Result() > 0xffff {
				c.Return(overflowID)
			}
		}
		return f
	}
	return []Function{
		get("sys_getpid", func(l *abi.TaskLayout) abi.Field { return l.Tgid }),
		get("sys_gettid", func(l *abi.TaskLayout) abi.Field { return l.Pid }),
		get("sys_getuid", func(l *abi.TaskLayout) abi.Field { return l.Uid }),
		get("sys_geteuid", func(l *abi.TaskLayout) abi.Field { return l.Euid }),
		get("sys_getgid", func(l *abi.TaskLayout) abi.Field { return l.Gid }),
		get("sys_getegid", func(l *abi.TaskLayout) abi.Field { return l.Egid }),
		get16("sys_getuid16", func(l *abi.TaskLayout) abi.Field { return l.Uid }),
		get16("sys_geteuid16", func(l *abi.TaskLayout) abi.Field { return l.Euid }),
		get16("sys_getgid16", func(l *abi.TaskLayout) abi.Field { return l.Gid }),
		get16("sys_getegid16", func(l *abi.TaskLayout) abi.Field { return l.Egid }),
		{Name: "sys_getppid", Fn: sysGetppid, Level: Full},
		{Name: "sys_newuname", Fn: sysNewuname, Level: Full},
		{Name: "sys_exit", Fn: func(c *Call) { c.Kernel.exit(c.Arg(0) & 0xff << 8) }, Level: Full},
		{Name: "sys_sched_yield", Fn: sysSchedYield, Level: Full},
		{Name: "sys_ni_syscall", Fn: func(c *Call) { c.Fail(abi.ENOSYS) }, Level: Full},
	}
}

// bootIdentity writes system_utsname.
func (k *Kernel) bootIdentity() error {
	lay := &k.lay.NewUtsname
	for _, s := range []struct {
		field abi.Field
		text  string
	}{
		{lay.Sysname, "Linux"}, {lay.Nodename, "(none)"}, {lay.Release, k.cfg.Release},
		{lay.Version, k.profile.Version}, {lay.Machine, "i686"}, {lay.Domainname, "(none)"},
	} {
		text := s.text[:min(len(s.text), int(s.field.Size)-1)]
		k.mem.Write(k.sym.SystemUtsname+s.field.Off, append([]byte(text), 0))
	}
	return nil
}

// sysNewuname models long sys_newuname(struct new_utsname *name).
func sysNewuname(c *Call) {
	k := c.Kernel
	if k.CopyToUser(c.Arg(0), k.mem.Bytes(k.sym.SystemUtsname, k.lay.NewUtsname.Size)) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	c.Return(0)
}

// sysGetppid models long sys_getppid(void): the parent's pid.
func sysGetppid(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.Task
	c.Return(k.mem.Get(k.mem.Get(k.Current(), lay.POpptr), lay.Pid))
}

// sysSchedYield models long sys_sched_yield(void).
func sysSchedYield(c *Call) {
	c.Kernel.Schedule()
	c.Return(0)
}
