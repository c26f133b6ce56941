// SPDX-License-Identifier: BSD-3-Clause
// Changing who a process is: user and group ids, capabilities, prctl (2.4.18 kernel/sys.c, kernel/capability.c,
// kernel/uid16.c).

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

const (
	unchanged   = 0xffffffff // an id that is to stay as it is
	capVersion  = 0x19980330 // _LINUX_CAPABILITY_VERSION
	capFsMask   = 0x1f       // CAP_FS_MASK: what goes with fsuid 0
	maxGroups   = 32         // NGROUPS
	signalLimit = 64
)

func credentialFunctions() []Function {
	const note = "processes are not counted per user"
	wide := func(v uint32) uint32 { return v }
	// The old calls have ids of 16 bits.
	narrow := func(v uint32) uint32 {
		if v &= 0xffff; v == 0xffff {
			return unchanged
		}
		return v
	}
	var rows []Function
	for _, size := range []struct {
		suffix string
		id     func(uint32) uint32
	}{{"", wide}, {"16", narrow}} {
		id := size.id
		row := func(name string, fn func(*Call)) {
			rows = append(rows, Function{Name: name + size.suffix, Fn: fn, Level: Partial, Note: note})
		}
		full := func(name string, fn func(*Call)) {
			rows = append(rows, Function{Name: name + size.suffix, Fn: fn, Level: Full})
		}
		row("sys_setuid", func(c *Call) { c.setuid(id(c.Arg(0))) })
		row("sys_setreuid", func(c *Call) { c.setreuid(id(c.Arg(0)), id(c.Arg(1))) })
		row("sys_setresuid", func(c *Call) { c.setresuid(id(c.Arg(0)), id(c.Arg(1)), id(c.Arg(2))) })
		full("sys_setfsuid", func(c *Call) { c.setfsuid(id(c.Arg(0))) })
		full("sys_setgid", func(c *Call) { c.setgid(id(c.Arg(0))) })
		full("sys_setregid", func(c *Call) { c.setregid(id(c.Arg(0)), id(c.Arg(1))) })
		full("sys_setresgid", func(c *Call) { c.setresgid(id(c.Arg(0)), id(c.Arg(1)), id(c.Arg(2))) })
		full("sys_setfsgid", func(c *Call) { c.setfsgid(id(c.Arg(0))) })
	}
	ids := func(name string, bytes uint32, fields func(*abi.TaskLayout) []abi.Field) Function {
		return Function{Name: name, Level: Full, Fn: func(c *Call) { c.putIDs(bytes, fields(&c.Kernel.lay.Task)) }}
	}
	uids := func(l *abi.TaskLayout) []abi.Field { return []abi.Field{l.Uid, l.Euid, l.Suid} }
	gids := func(l *abi.TaskLayout) []abi.Field { return []abi.Field{l.Gid, l.Egid, l.Sgid} }
	return append(rows,
		ids("sys_getresuid", 4, uids), ids("sys_getresuid16", 2, uids), ids("sys_getresgid", 4, gids), ids("sys_getresgid16", 2, gids),
		Function{Name: "sys_getgroups", Fn: func(c *Call) { c.getgroups(4) }, Level: Full},
		Function{Name: "sys_getgroups16", Fn: func(c *Call) { c.getgroups(2) }, Level: Full},
		Function{Name: "sys_setgroups", Fn: func(c *Call) { c.setgroups(4) }, Level: Full},
		Function{Name: "sys_setgroups16", Fn: func(c *Call) { c.setgroups(2) }, Level: Full},
		Function{Name: "sys_capget", Fn: sysCapget, Level: Full},
		Function{Name: "sys_capset", Fn: sysCapset, Level: Full},
		Function{Name: "sys_prctl", Fn: sysPrctl, Level: Full},
	)
}

// oldUIDs are the ids before a change: what becomes of the capabilities depends on them.
type oldUIDs struct{ real, effective, saved uint32 }

func (t *Task) uids() oldUIDs {
	lay := &t.k.lay.Task
	return oldUIDs{t.Get(lay.Uid), t.Get(lay.Euid), t.Get(lay.Suid)}
}

// anyRoot tells whether one of the ids is root's.
func (u oldUIDs) anyRoot() bool { return u.real == 0 || u.effective == 0 || u.saved == 0 }

// changedUIDs is cap_emulate_setxuid: who gives up root's ids gives up root's capabilities.
func (t *Task) changedUIDs(old oldUIDs) {
	lay, now := &t.k.lay.Task, t.uids()
	if old.anyRoot() && !now.anyRoot() && t.Get(lay.KeepCapabilities) == 0 {
		t.Set(lay.CapPermitted, 0)
		t.Set(lay.CapEffective, 0)
	}
	if old.effective == 0 && now.effective != 0 {
		t.Set(lay.CapEffective, 0)
	}
	if old.effective != 0 && now.effective == 0 {
		t.Set(lay.CapEffective, t.Get(lay.CapPermitted))
	}
}

// setuid models long sys_setuid(uid_t uid).
func (c *Call) setuid(uid uint32) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	old := t.uids()
	switch {
	case t.Capable(abi.CapSetuid):
		t.Set(lay.Uid, uid)
		t.Set(lay.Suid, uid)
	case uid != old.real && uid != old.saved:
		c.Fail(abi.EPERM)
		return
	}
	t.Set(lay.Euid, uid)
	t.Set(lay.Fsuid, uid)
	t.changedUIDs(old)
	c.Return(0)
}

// setreuid models long sys_setreuid(uid_t ruid, uid_t euid).
func (c *Call) setreuid(ruid, euid uint32) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	old := t.uids()
	if ruid != unchanged && ruid != old.real && ruid != old.effective && !t.Capable(abi.CapSetuid) ||
		euid != unchanged && euid != old.real && euid != old.effective && euid != old.saved && !t.Capable(abi.CapSetuid) {
		c.Fail(abi.EPERM)
		return
	}
	if ruid != unchanged {
		t.Set(lay.Uid, ruid)
	}
	if euid != unchanged {
		t.Set(lay.Euid, euid)
	}
	t.Set(lay.Fsuid, t.Get(lay.Euid))
	if ruid != unchanged || euid != unchanged && euid != old.real {
		t.Set(lay.Suid, t.Get(lay.Euid))
	}
	t.changedUIDs(old)
	c.Return(0)
}

// setresuid models long sys_setresuid(uid_t ruid, uid_t euid, uid_t suid).
func (c *Call) setresuid(ruid, euid, suid uint32) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	old := t.uids()
	wanted := []uint32{ruid, euid, suid}
	for _, id := range wanted {
		if id != unchanged && id != old.real && id != old.effective && id != old.saved && !t.Capable(abi.CapSetuid) {
			c.Fail(abi.EPERM)
			return
		}
	}
	t.setIDs(wanted, []abi.Field{lay.Uid, lay.Euid, lay.Suid})
	t.Set(lay.Fsuid, t.Get(lay.Euid))
	t.changedUIDs(old)
	c.Return(0)
}

// setIDs sets the ids that are to change.
func (t *Task) setIDs(wanted []uint32, fields []abi.Field) {
	for i, id := range wanted {
		if id != unchanged {
			t.Set(fields[i], id)
		}
	}
}

// setfsuid models long sys_setfsuid(uid_t uid): always the old one. The capabilities on files go with root's.
func (c *Call) setfsuid(uid uint32) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	old, ids := t.Get(lay.Fsuid), t.uids()
	c.Return(old)
	if uid != old && uid != ids.real && uid != ids.effective && uid != ids.saved && !t.Capable(abi.CapSetuid) {
		return
	}
	t.Set(lay.Fsuid, uid)
	effective := t.Get(lay.CapEffective)
	switch {
	case old == 0 && uid != 0:
		t.Set(lay.CapEffective, effective&^capFsMask)
	case old != 0 && uid == 0:
		t.Set(lay.CapEffective, effective|t.Get(lay.CapPermitted)&capFsMask)
	}
}

// setgid models long sys_setgid(gid_t gid).
func (c *Call) setgid(gid uint32) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	switch {
	case t.Capable(abi.CapSetgid):
		t.Set(lay.Gid, gid)
		t.Set(lay.Sgid, gid)
	case gid != t.Get(lay.Gid) && gid != t.Get(lay.Sgid):
		c.Fail(abi.EPERM)
		return
	}
	t.Set(lay.Egid, gid)
	t.Set(lay.Fsgid, gid)
	c.Return(0)
}

// setregid models long sys_setregid(gid_t rgid, gid_t egid).
func (c *Call) setregid(rgid, egid uint32) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	real, effective := t.Get(lay.Gid), t.Get(lay.Egid)
	if rgid != unchanged && rgid != real && rgid != effective && !t.Capable(abi.CapSetgid) ||
		egid != unchanged && egid != real && egid != effective && egid != t.Get(lay.Sgid) && !t.Capable(abi.CapSetgid) {
		c.Fail(abi.EPERM)
		return
	}
	t.setIDs([]uint32{rgid, egid}, []abi.Field{lay.Gid, lay.Egid})
	if rgid != unchanged || egid != unchanged && egid != real {
		t.Set(lay.Sgid, t.Get(lay.Egid))
	}
	t.Set(lay.Fsgid, t.Get(lay.Egid))
	c.Return(0)
}

// setresgid models long sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid).
func (c *Call) setresgid(rgid, egid, sgid uint32) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	wanted, fields := []uint32{rgid, egid, sgid}, []abi.Field{lay.Gid, lay.Egid, lay.Sgid}
	for _, id := range wanted {
		if id != unchanged && id != t.Get(lay.Gid) && id != t.Get(lay.Egid) && id != t.Get(lay.Sgid) && !t.Capable(abi.CapSetgid) {
			c.Fail(abi.EPERM)
			return
		}
	}
	t.setIDs(wanted, fields)
	t.Set(lay.Fsgid, t.Get(lay.Egid))
	c.Return(0)
}

// setfsgid models long sys_setfsgid(gid_t gid): always the old one.
func (c *Call) setfsgid(gid uint32) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	c.Return(t.Get(lay.Fsgid))
	if gid == t.Get(lay.Gid) || gid == t.Get(lay.Egid) || gid == t.Get(lay.Sgid) || gid == t.Get(lay.Fsgid) || t.Capable(abi.CapSetgid) {
		t.Set(lay.Fsgid, gid)
	}
}

// oldID is an id as the old calls give it.
func oldID(id uint32) uint32 {
	if id > 0xffff {
		return overflowID
	}
	return id
}

// putIDs stores ids of 2 or 4 bytes at the addresses that are the arguments.
func (c *Call) putIDs(bytes uint32, fields []abi.Field) {
	c.Return(0)
	for i, f := range fields {
		id := c.Task().Get(f)
		if bytes == 2 {
			id = oldID(id)
		}
		if !c.Kernel.PutUser(c.Arg(i), id, bytes) {
			c.Fail(abi.EFAULT)
			return
		}
	}
}

// getgroups models int sys_getgroups(int gidsetsize, gid_t *grouplist): how many groups there are.
func (c *Call) getgroups(bytes uint32) {
	t, lay, room := c.Task(), &c.Kernel.lay.Task, int32(c.Arg(0))
	n := min(t.Get(lay.Ngroups), maxGroups)
	c.Return(n)
	switch {
	case room < 0, room != 0 && uint32(room) < n:
		c.Fail(abi.EINVAL)
		return
	case room == 0:
		return
	}
	for i := range n {
		id := c.Kernel.mem.U32(t.addr + lay.Groups.Off + 4*i)
		if bytes == 2 {
			id = oldID(id)
		}
		if !c.Kernel.PutUser(c.Arg(1)+bytes*i, id, bytes) {
			c.Fail(abi.EFAULT)
			return
		}
	}
}

// setgroups models long sys_setgroups(int gidsetsize, gid_t *grouplist).
func (c *Call) setgroups(bytes uint32) {
	t, lay, n := c.Task(), &c.Kernel.lay.Task, c.Arg(0)
	switch {
	case !t.Capable(abi.CapSetgid):
		c.Fail(abi.EPERM)
		return
	case n > maxGroups:
		c.Fail(abi.EINVAL)
		return
	}
	b := make([]byte, bytes*n)
	if c.Kernel.CopyFromUser(b, c.Arg(1)) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	for i := range n {
		id := uint32(binary.LittleEndian.Uint16(b[bytes*i:]))
		if bytes == 4 {
			id = leWord(b[4*i:])
		}
		c.Kernel.mem.SetU32(t.addr+lay.Groups.Off+4*i, id)
	}
	t.Set(lay.Ngroups, n)
	c.Return(0)
}

// capHeader reads the header of capget and capset, a version and a pid. A version that the kernel does not have is replaced
// by the one it has.
func (c *Call) capHeader() (pid int32, errno abi.Errno) {
	k, at := c.Kernel, c.Arg(0)
	version, ok := k.GetUser(at, 4)
	switch {
	case !ok:
		return 0, abi.EFAULT
	case version != capVersion && !k.PutUser(at, capVersion, 4):
		return 0, abi.EFAULT
	case version != capVersion:
		return 0, abi.EINVAL
	}
	v, ok := k.GetUser(at+4, 4)
	if !ok {
		return 0, abi.EFAULT
	}
	return int32(v), 0
}

// sysCapget models long sys_capget(cap_user_header_t header, cap_user_data_t dataptr): effective, permitted, inheritable.
func sysCapget(c *Call) {
	k, lay, t := c.Kernel, &c.Kernel.lay.Task, c.Task()
	pid, errno := c.capHeader()
	switch {
	case errno != 0:
		c.Fail(errno)
		return
	case pid < 0:
		c.Fail(abi.EINVAL)
		return
	case pid != 0 && pid != t.Pid():
		if t = k.findTask(pid); t == nil {
			c.Fail(abi.ESRCH)
			return
		}
	}
	c.Return(0)
	if k.CopyToUser(c.Arg(1), words(t.Get(lay.CapEffective), t.Get(lay.CapPermitted), t.Get(lay.CapInheritable))) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// sysCapset models long sys_capset(cap_user_header_t header, const cap_user_data_t data). Nobody gets what neither he nor
// who gives it has.
func sysCapset(c *Call) {
	k, lay, t := c.Kernel, &c.Kernel.lay.Task, c.Task()
	pid, errno := c.capHeader()
	if errno != 0 {
		c.Fail(errno)
		return
	}
	var b [12]byte
	switch {
	case pid != 0 && !t.Capable(abi.CapSetpcap):
		c.Fail(abi.EPERM)
		return
	case k.CopyFromUser(b[:], c.Arg(1)) != 0:
		c.Fail(abi.EFAULT)
		return
	}
	effective, permitted, inheritable := leWord(b[:]), leWord(b[4:]), leWord(b[8:])
	target := t
	if pid > 0 && pid != t.Pid() {
		if target = k.findTask(pid); target == nil {
			c.Fail(abi.ESRCH)
			return
		}
	}
	own := t.Get(lay.CapPermitted)
	if inheritable&^(target.Get(lay.CapInheritable)|own) != 0 || permitted&^(target.Get(lay.CapPermitted)|own) != 0 || effective&^permitted != 0 {
		c.Fail(abi.EPERM)
		return
	}
	for _, to := range k.capTargets(target, pid) {
		to.Set(lay.CapEffective, effective)
		to.Set(lay.CapInheritable, inheritable)
		to.Set(lay.CapPermitted, permitted)
	}
	c.Return(0)
}

// capTargets are the tasks that a pid below 0 means to capset: everybody but init and the caller, or a group.
func (k *Kernel) capTargets(one *Task, pid int32) (all []*Task) {
	if pid >= 0 {
		return []*Task{one}
	}
	for _, t := range k.everyTask() {
		if pid == -1 && t.Pid() > pidInit && t != k.running || pid < -1 && t.Get(k.lay.Task.Pgrp) == uint32(-pid) {
			all = append(all, t)
		}
	}
	return all
}

// sysPrctl models long sys_prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5).
func sysPrctl(c *Call) {
	const setDeathSignal, getDeathSignal, getDumpable, setDumpable, getKeepCaps, setKeepCaps = 1, 2, 3, 4, 7, 8
	k, t, lay, arg := c.Kernel, c.Task(), &c.Kernel.lay.Task, c.Arg(1)
	c.Return(0)
	switch option := c.Arg(0); {
	case option == setDeathSignal && arg <= signalLimit:
		t.Set(lay.PdeathSignal, arg)
	case option == getDeathSignal:
		if !k.PutUser(arg, t.Get(lay.PdeathSignal), 4) {
			c.Fail(abi.EFAULT)
		}
	case option == getDumpable:
		c.Return(boolWord(k.mem.Get(t.MM(), k.lay.MM.Dumpable) != 0))
	case option == setDumpable && arg <= 1:
		k.mem.Set(t.MM(), k.lay.MM.Dumpable, arg)
	case option == getKeepCaps:
		c.Return(boolWord(t.Get(lay.KeepCapabilities) != 0))
	case option == setKeepCaps && arg <= 1:
		t.Set(lay.KeepCapabilities, arg)
	default:
		c.Fail(abi.EINVAL)
	}
}
