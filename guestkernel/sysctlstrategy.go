// SPDX-License-Identifier: BSD-3-Clause
// What sysctl(2) has done with the data of a table's line: strategy functions (2.4.18 kernel/sysctl.c). All take
//
//	int f(ctl_table *table, int *name, int nlen, void *oldval, size_t *oldlenp, void *newval, size_t newlen, void **context)
//
// and return 0 when the caller is to copy the data as they are, 1 when all is done.

package guestkernel

import "ring0/guestkernel/abi"

func sysctlStrategyFunctions() []Function {
	const proto = "(ctl_table *table, int *name, int nlen, void *oldval, size_t *oldlenp, void *newval, size_t newlen, void **context)"
	return []Function{
		{Name: "sysctl_string", Fn: func(c *Call) { c.strategy(sysctlString) }, Level: Full, Proto: "int sysctl_string" + proto},
		{Name: "sysctl_intvec", Fn: func(c *Call) { c.strategy(sysctlIntvec) }, Level: Full, Proto: "int sysctl_intvec" + proto},
		{Name: "sysctl_jiffies", Fn: func(c *Call) { c.strategy(sysctlJiffies) }, Level: Full, Proto: "int sysctl_jiffies" + proto},
	}
}

// A sysctlRequest is the arguments of a strategy function: the table's line, and where old and new values are in user memory.
type sysctlRequest struct {
	k                               *Kernel
	data, maxlen, extra1, extra2    uint32
	oldval, oldlenp, newval, newlen uint32
}

func (c *Call) strategy(f func(sysctlRequest) int32) {
	k, table, ctl := c.Kernel, c.Arg(0), &c.Kernel.drv.fs.ctl
	c.Return(uint32(f(sysctlRequest{
		k: k, data: k.mem.Get(table, ctl.Data), maxlen: k.mem.Get(table, ctl.Maxlen), extra1: k.mem.Get(table, ctl.Extra1), extra2: k.mem.Get(table, ctl.Extra2),
		oldval: c.Arg(3), oldlenp: c.Arg(4), newval: c.Arg(5), newlen: c.Arg(6),
	})))
}

func failed(e abi.Errno) int32 { return -int32(e) }

// sysctlString: a text, which is always terminated, in the table and for the reader. ENOTDIR without room for one.
func sysctlString(r sysctlRequest) int32 {
	k := r.k
	if r.data == 0 || r.maxlen == 0 {
		return failed(abi.ENOTDIR)
	}
	if r.oldval != 0 && r.oldlenp != 0 {
		if errno := r.readString(); errno != 0 {
			return failed(errno)
		}
	}
	if r.newval == 0 || r.newlen == 0 {
		return 0
	}
	b := make([]byte, min(r.newlen, r.maxlen))
	left := k.CopyFromUser(b, r.newval)
	k.mem.Write(r.data, b)
	if left != 0 {
		return failed(abi.EFAULT)
	}
	k.mem.SetU8(r.data+min(uint32(len(b)), r.maxlen-1), 0)
	return 0
}

func (r sysctlRequest) readString() abi.Errno {
	k := r.k
	n, ok := k.GetUser(r.oldlenp, wordSize)
	if !ok {
		return abi.EFAULT
	}
	if n == 0 {
		return 0
	}
	text := k.kernelString(r.data)
	n = min(n, uint32(len(text)), r.maxlen)
	if k.CopyToUser(r.oldval, []byte(text[:n])) != 0 || !k.PutUser(r.oldval+n, 0, 1) || !k.PutUser(r.oldlenp, n, wordSize) {
		return abi.EFAULT
	}
	return 0
}

// sysctlIntvec looks whether new numbers lie within their limits, EINVAL if not. What cannot be read counts as 0 here; the
// caller finds it out.
func sysctlIntvec(r sysctlRequest) int32 {
	switch {
	case r.newval == 0 || r.newlen == 0:
		return 0
	case r.newlen%wordSize != 0:
		return failed(abi.EINVAL)
	}
	beyond := func(limits, at, v uint32, above bool) bool {
		if limits == 0 {
			return false
		}
		limit := int32(r.k.mem.U32(limits + at))
		return above && int32(v) > limit || !above && int32(v) < limit
	}
	for at := uint32(0); (r.extra1 != 0 || r.extra2 != 0) && at < min(r.newlen, r.maxlen)&^(wordSize-1); at += wordSize {
		v, _ := r.k.GetUser(r.newval+at, wordSize)
		if beyond(r.extra1, at, v, false) || beyond(r.extra2, at, v, true) {
			return failed(abi.EINVAL)
		}
	}
	return 0
}

// sysctlJiffies: one number of seconds, which is kept in ticks.
func sysctlJiffies(r sysctlRequest) int32 {
	k, hz := r.k, int32(r.k.profile.HZ)
	if r.oldval != 0 {
		if r.oldlenp != 0 {
			n, ok := k.GetUser(r.oldlenp, wordSize)
			if !ok {
				return failed(abi.EFAULT)
			}
			if n != wordSize {
				return failed(abi.EINVAL)
			}
		}
		if !k.PutUser(r.oldval, uint32(int32(k.mem.U32(r.data))/hz), wordSize) || r.oldlenp != 0 && !k.PutUser(r.oldlenp, wordSize, wordSize) {
			return failed(abi.EFAULT)
		}
	}
	if r.newval != 0 && r.newlen != 0 {
		if r.newlen != wordSize {
			return failed(abi.EINVAL)
		}
		v, ok := k.GetUser(r.newval, wordSize)
		if !ok {
			return failed(abi.EFAULT)
		}
		k.mem.SetU32(r.data, v*uint32(hz))
	}
	return 1
}
