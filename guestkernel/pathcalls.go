// SPDX-License-Identifier: BSD-3-Clause
// System calls on paths: making and removing files and directories (2.4.18 fs/namei.c).

package guestkernel

import "ring0/guestkernel/abi"

func pathCallFunctions() []Function {
	return []Function{
		{Name: "sys_mkdir", Fn: sysMkdir, Level: Full},
		{Name: "sys_rmdir", Fn: func(c *Call) { c.remove(c.Kernel.drv.fs.lay.IOps.Rmdir, true) }, Level: Full},
		{Name: "sys_unlink", Fn: func(c *Call) { c.remove(c.Kernel.drv.fs.lay.IOps.Unlink, false) }, Level: Full},
	}
}

// path copies a path from user space; false: the call has failed.
func (c *Call) path(at uint32) (string, bool) {
	b, ok := c.Kernel.StrncpyFromUser(at, maxPath)
	switch {
	case !ok:
		c.Fail(abi.EFAULT)
	case len(b) == 0:
		c.Fail(abi.ENOENT)
	case len(b) == maxPath:
		c.Fail(abi.ENAMETOOLONG)
	default:
		return string(b), true
	}
	return "", false
}

// sysMkdir models long sys_mkdir(const char *pathname, int mode).
func sysMkdir(c *Call) {
	if path, ok := c.path(c.Arg(0)); ok {
		k := c.Kernel
		c.Return(errWord(k.makeAt(path, k.drv.fs.lay.IOps.Mkdir, c.Arg(1)&0o777&^k.umask())))
	}
}

// remove models long sys_rmdir(const char *pathname) and sys_unlink.
func (c *Call) remove(op abi.Field, isDir bool) {
	if path, ok := c.path(c.Arg(0)); ok {
		c.Return(errWord(c.Kernel.removeAt(path, op, isDir)))
	}
}
