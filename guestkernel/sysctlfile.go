// SPDX-License-Identifier: BSD-3-Clause
// Reading and writing /proc/sys: the handlers of sysctl tables (2.4.18 kernel/sysctl.c), and the kernel's own files that
// have a number or a text behind them.

package guestkernel

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ring0/guestkernel/abi"
)

// ctlDataLayout is what ctlTableLayout leaves out.
type ctlDataLayout struct {
	Data   abi.Field `c:"data"`
	Maxlen abi.Field `c:"maxlen"`
	Extra1 abi.Field `c:"extra1"`
	Extra2 abi.Field `c:"extra2"`
}

func sysctlFileFunctions() []Function {
	plain := func(c *Call) numberVector { return numberVector{c: c, scale: 1} }
	return []Function{
		{Name: "proc_readsys", Fn: procRWSys(0), Level: Full, Proto: "ssize_t proc_readsys(struct file *file, char *buf, size_t count, loff_t *ppos)"},
		{Name: "proc_writesys", Fn: procRWSys(1), Level: Full, Proto: "ssize_t proc_writesys(struct file *file, const char *buf, size_t count, loff_t *ppos)"},
		{Name: "proc_dointvec", Fn: func(c *Call) { plain(c).handle() }, Level: Full},
		{Name: "proc_dointvec_minmax", Fn: func(c *Call) { v := plain(c); v.limited = true; v.handle() }, Level: Full},
		{Name: "proc_dointvec_jiffies", Fn: func(c *Call) { v := plain(c); v.scale = int64(c.Kernel.profile.HZ); v.handle() }, Level: Full},
		{Name: "proc_dostring", Fn: procDostring, Level: Full},
	}
}

// bootSysctlFiles enters the operations of all files of /proc/sys, and makes the kernel's own.
func (k *Kernel) bootSysctlFiles() error {
	if err := k.profile.Bind("struct ctl_table", &k.drv.fs.ctl); err != nil {
		return err
	}
	ops := k.symbol("proc_sys_file_operations")
	for _, row := range []struct {
		f    abi.Field
		name string
	}{{k.lay.FileOperations.Read, "proc_readsys"}, {k.lay.FileOperations.Write, "proc_writesys"}} {
		if err := k.setOp(ops, row.f, row.name); err != nil {
			return err
		}
	}
	uts, text := k.sym.SystemUtsname, uint32(65)
	dir := k.procFind(k.sysctlRoot(), "kernel")
	for _, f := range []struct {
		name, handler    string
		data, size, mode uint32
	}{
		{"ostype", "proc_dostring", uts, 64, 0o444}, {"hostname", "proc_dostring", uts + text, 64, 0o644},
		{"osrelease", "proc_dostring", uts + 2*text, 64, 0o444}, {"version", "proc_dostring", uts + 3*text, 64, 0o444},
		{"panic", "proc_dointvec", k.sym.PanicTimeout, wordSize, 0o644}, {"printk", "proc_dointvec", k.sym.ConsolePrintk, 4 * wordSize, 0o644},
		{"tainted", "proc_dointvec", k.sym.Tainted, wordSize, 0o644}, {"modprobe", "proc_dostring", k.sym.ModprobePath, 256, 0o644},
		{"hotplug", "proc_dostring", k.sym.HotplugPath, 256, 0o644},
	} {
		lay, more := &k.drv.lay.CtlTable, &k.drv.fs.ctl
		at := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
		if at == 0 {
			return errNoMemory
		}
		k.mem.Fill(at, lay.Size, 0)
		k.mem.Set(at, lay.CtlName, 1)
		k.mem.Set(at, lay.Procname, k.newString(f.name))
		k.mem.Set(at, lay.Mode, f.mode)
		k.mem.Set(at, lay.ProcHandler, k.symbol(f.handler))
		k.mem.Set(at, more.Data, f.data)
		k.mem.Set(at, more.Maxlen, f.size)
		k.newSysctlEntry(dir, f.name, at)
	}
	return nil
}

// procRWSys models proc_readsys and proc_writesys: the table's handler does all: int f(ctl_table *table, int write, struct file
// *file, void *buffer, size_t *lenp).
func procRWSys(write uint32) func(*Call) {
	return func(c *Call) {
		k := c.Kernel
		e := k.mem.Get(k.fileInode(c.Arg(0)), k.lay.Inode.GenericIP)
		table := k.mem.Get(e, k.lay.ProcDirEntry.Data)
		if table == 0 || k.mem.Get(table, k.drv.lay.CtlTable.ProcHandler) == 0 {
			c.Fail(abi.ENOTDIR)
			return
		}
		if !k.sysctlAllowed(table, write) {
			c.Fail(abi.EPERM)
			return
		}
		length := c.Alloca(wordSize)
		k.mem.SetU32(length, c.Arg(2))
		result := k.Call(k.mem.Get(table, k.drv.lay.CtlTable.ProcHandler), table, write, c.Arg(0), c.Arg(1), length)
		if c.Return(result); result == 0 {
			c.Return(k.mem.U32(length))
		}
	}
}

// sysctlAllowed is ctl_perm: root's permissions for root, its group's for that, others'.
func (k *Kernel) sysctlAllowed(table, write uint32) bool {
	mode := k.mem.Get(table, k.drv.lay.CtlTable.Mode)
	switch {
	case k.running.Get(k.lay.Task.Euid) == 0:
		mode >>= 6
	case k.running.Get(k.lay.Task.Egid) == 0:
		mode >>= 3
	}
	want := uint32(mayRead)
	if write != 0 {
		want = mayWrite
	}
	return mode&want != 0
}

// numberVector is a call of a handler whose table has an array of int.
type numberVector struct {
	c       *Call
	scale   int64 // what a number is multiplied by when it is stored
	limited bool  // extra1 and extra2 are arrays of limits
}

// handle reads the numbers, apart by tabs, or stores those of a text. EINVAL when there is none, or one out of its limits.
func (v numberVector) handle() {
	k, table, write, f, lenAt := v.c.Kernel, v.c.Arg(0), v.c.Arg(1) != 0, v.c.Arg(2), v.c.Arg(4)
	more := &k.drv.fs.ctl
	data, n := k.mem.Get(table, more.Data), k.mem.Get(table, more.Maxlen)/wordSize
	length, pos := k.mem.U32(lenAt), f+k.lay.File.Pos.Off
	v.c.Return(0)
	if data == 0 || n == 0 || length == 0 || k.mem.U64(pos) != 0 && !write {
		k.mem.SetU32(lenAt, 0)
		return
	}
	if write {
		if errno := v.store(table, data, n); errno != 0 {
			v.c.Fail(errno)
			return
		}
		k.mem.SetU64(pos, k.mem.U64(pos)+uint64(length))
		return
	}
	var words []string
	for i := range n {
		words = append(words, fmt.Sprint(int64(int32(k.mem.U32(data+i*wordSize)))/v.scale))
	}
	v.c.sysctlText(strings.Join(words, "\t") + "\n")
}

// sysctlText hands a text to the reader, as far as there is room.
func (c *Call) sysctlText(text string) {
	k, pos, lenAt := c.Kernel, c.Arg(2)+c.Kernel.lay.File.Pos.Off, c.Arg(4)
	text = atMost(text, k.mem.U32(lenAt))
	if k.CopyToUser(c.Arg(3), []byte(text)) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	k.mem.SetU32(lenAt, uint32(len(text)))
	k.mem.SetU64(pos, k.mem.U64(pos)+uint64(len(text)))
}

// sysctlInput is what the writer wrote.
func (c *Call) sysctlInput() (string, abi.Errno) {
	b := make([]byte, min(c.Kernel.mem.U32(c.Arg(4)), abi.PageSize))
	if c.Kernel.CopyFromUser(b, c.Arg(3)) != 0 {
		return "", abi.EFAULT
	}
	return string(b), 0
}

// store puts the numbers of a text, as many as there is room for, into the array.
func (v numberVector) store(table, data, n uint32) abi.Errno {
	k, more := v.c.Kernel, &v.c.Kernel.drv.fs.ctl
	text, errno := v.c.sysctlInput()
	if errno != 0 {
		return errno
	}
	low, high := k.mem.Get(table, more.Extra1), k.mem.Get(table, more.Extra2)
	stored := false
	for i, word := range strings.Fields(strings.TrimRight(text, "\x00")) {
		if uint32(i) >= n {
			break
		}
		number, err := strconv.ParseInt(word, 0, 64)
		if err != nil {
			break
		}
		number *= v.scale
		at := uint32(i) * wordSize
		if v.limited && (low != 0 && number < int64(int32(k.mem.U32(low+at))) || high != 0 && number > int64(int32(k.mem.U32(high+at)))) {
			return abi.EINVAL
		}
		k.mem.SetU32(data+at, uint32(number))
		stored = true
	}
	if !stored {
		return abi.EINVAL
	}
	return 0
}

// procDostring models int proc_dostring(ctl_table *table, int write, struct file *filp, void *buffer, size_t *lenp): a line.
func procDostring(c *Call) {
	k, table, pos, lenAt, more := c.Kernel, c.Arg(0), c.Arg(2)+c.Kernel.lay.File.Pos.Off, c.Arg(4), &c.Kernel.drv.fs.ctl
	data, size := k.mem.Get(table, more.Data), k.mem.Get(table, more.Maxlen)
	write := c.Arg(1) != 0
	c.Return(0)
	if data == 0 || size == 0 || k.mem.U32(lenAt) == 0 || k.mem.U64(pos) != 0 && !write {
		k.mem.SetU32(lenAt, 0)
		return
	}
	if !write {
		text, _ := k.mem.CString(data, int(min(size, math.MaxInt32)))
		c.sysctlText(text + "\n")
		return
	}
	text, errno := c.sysctlInput()
	if errno != 0 {
		c.Fail(errno)
		return
	}
	if end := strings.IndexAny(text, "\x00\n"); end >= 0 {
		text = text[:end]
	}
	text = atMost(text, size-1)
	k.mem.Write(data, append([]byte(text), 0))
	k.mem.SetU64(pos, k.mem.U64(pos)+uint64(k.mem.U32(lenAt)))
}
