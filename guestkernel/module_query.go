// SPDX-License-Identifier: BSD-3-Clause
// query_module(2) and get_kernel_syms(2): what insmod asks before it links (2.4.18 kernel/module.c).
//
// Every answer is a buffer and a number, stored through ret. Too small a buffer is ENOSPC, and the number is then the bytes
// needed; what fitted has been written. EFAULT of either pointer comes first.

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

// sysQueryModule models
//
//	long sys_query_module(const char *name_user, int which, char *buf, size_t bufsize, size_t *ret)
//
// A NULL name is the kernel itself. Needs no privilege.
//
// Context: process; may sleep.
func sysQueryModule(c *Call) {
	k := c.Kernel
	m := k.kernelModule()
	if c.Arg(0) != 0 {
		name, errno := k.getModName(c.Arg(0))
		if errno != 0 {
			c.Fail(errno)
			return
		}
		var found bool
		m, found = k.findModule(name.text)
		name.put()
		// ENOENT comes before a look at which.
		if !found {
			c.Fail(abi.ENOENT)
			return
		}
	}
	q := query{k: k, mod: m, buf: c.Arg(2), size: c.Arg(3), ret: c.Arg(4)}
	// The use keeps the module where it is. Its flags must not change: they say when it was last used.
	m.addUse(1)
	errno := q.answer(int32(c.Arg(1)))
	m.addUse(-1)
	c.Fail(errno)
}

// query is a query_module call under way.
type query struct {
	k         *Kernel
	mod       module
	buf, size uint32 // user buffer, what is left of it
	ret       uint32 // user address of the number
}

func (q *query) answer(which int32) abi.Errno {
	switch which {
	case 0: // does the module exist?
		return 0
	case abi.QMModules:
		return q.modules()
	case abi.QMDeps:
		return q.deps()
	case abi.QMRefs:
		return q.refs()
	case abi.QMSymbols:
		return q.symbols()
	case abi.QMInfo:
		return q.info()
	}
	return abi.EINVAL
}

// finish stores the number and returns errno, or EFAULT.
func (q *query) finish(n uint32, errno abi.Errno) abi.Errno {
	if !q.k.PutUser(q.ret, n, 4) {
		return abi.EFAULT
	}
	return errno
}

// nameList is an answer that is names, one behind the other with their NULs, and their number.
type nameList struct {
	q           *query
	count, need uint32
	full        bool // a name did not fit: only the bytes needed are counted from here on
}

// add appends a name; false is EFAULT.
func (l *nameList) add(name string) bool {
	size := uint32(len(name)) + 1
	l.need += size
	l.full = l.full || size > l.q.size
	if l.full {
		return true
	}
	if l.q.k.CopyToUser(l.q.buf, append([]byte(name), 0)) != 0 {
		return false
	}
	l.q.buf, l.q.size, l.count = l.q.buf+size, l.q.size-size, l.count+1
	return true
}

func (l *nameList) finish() abi.Errno {
	if l.full {
		return l.q.finish(l.need, abi.ENOSPC)
	}
	return l.q.finish(l.count, 0)
}

// modules answers QM_MODULES: every module on the list, in its order, whatever its state.
func (q *query) modules() abi.Errno {
	names := nameList{q: q}
	for m := range q.k.loaded() {
		if !names.add(m.name()) {
			return abi.EFAULT
		}
	}
	return names.finish()
}

// deps answers QM_DEPS: the modules this one needs; none unless its dependencies are valid. The kernel has none to tell.
func (q *query) deps() abi.Errno {
	k, lay := q.k, &q.k.lay.Module
	if q.mod.addr == k.sym.KernelModule {
		return abi.EINVAL
	}
	if !q.mod.canQuery() {
		return q.finish(0, 0)
	}
	names := nameList{q: q}
	at := q.mod.get(lay.Deps)
	for range q.mod.get(lay.Ndeps) {
		k.faultsAt(k.sym.QmDeps + 0xb1)
		dep := module{k, k.mem.Get(at, k.lay.ModuleRef.Dep)}
		name := dep.name()
		k.faultsAt(0)
		if !names.add(name) {
			return abi.EFAULT
		}
		at += k.lay.ModuleRef.Size
	}
	return names.finish()
}

// refs answers QM_REFS: the modules that need this one.
func (q *query) refs() abi.Errno {
	k := q.k
	if q.mod.addr == k.sym.KernelModule {
		return abi.EINVAL
	}
	if !q.mod.canQuery() {
		return q.finish(0, 0)
	}
	names := nameList{q: q}
	for at := range q.mod.refs() {
		user := module{k, k.mem.Get(at, k.lay.ModuleRef.Ref)}
		if !names.add(user.name()) {
			return abi.EFAULT
		}
	}
	return names.finish()
}

// symbols answers QM_SYMBOLS: for each exported symbol its value and where in the buffer its name begins; behind that table
// the names. Nothing is written unless there is room for the table. The sum wraps as the kernel's does.
func (q *query) symbols() abi.Errno {
	k, lay := q.k, &q.k.lay.Module
	if !q.mod.canQuery() {
		return q.finish(0, 0)
	}
	const row = 8
	count, at := q.mod.get(lay.Nsyms), q.mod.get(lay.Syms)
	need := count * row
	room := need <= q.size
	if room {
		if !k.AccessOK(q.buf, need) {
			return abi.EFAULT
		}
		q.size -= need
	}
	for i := range count {
		name := k.symbolName(at)
		size := uint32(len(name)) + 1
		room = room && size <= q.size
		if room {
			if !q.putSymbol(i*row, k.mem.Get(at, k.lay.ModuleSymbol.Value), need, name) {
				return abi.EFAULT
			}
			q.size -= size
		}
		need += size
		at += k.lay.ModuleSymbol.Size
	}
	if !room {
		return q.finish(need, abi.ENOSPC)
	}
	return q.finish(count, 0)
}

// putSymbol writes a name at an offset of the buffer and, at row, its value and that offset.
func (q *query) putSymbol(row, value, offset uint32, name string) bool {
	k := q.k
	return k.CopyToUser(q.buf+offset, append([]byte(name), 0)) == 0 &&
		k.PutUser(q.buf+row, value, 4) && k.PutUser(q.buf+row+4, offset, 4)
}

// symbolName is the name of the module_symbol at an address. Nobody has ever checked that it has one.
func (k *Kernel) symbolName(at uint32) string {
	k.faultsAt(k.sym.QmSymbols + 0xca)
	name := k.kernelString(k.mem.Get(at, k.lay.ModuleSymbol.Name))
	k.faultsAt(0)
	return name
}

// info answers QM_INFO: address, size, flags and use count, which is -1 for a module that has a can_unload. The use that
// the query itself holds is not told. The kernel has no such answer.
func (q *query) info() abi.Errno {
	const infoSize = 16
	k, lay := q.k, &q.k.lay.Module
	if q.mod.addr == k.sym.KernelModule {
		return abi.EINVAL
	}
	if q.size < infoSize {
		return q.finish(infoSize, abi.ENOSPC)
	}
	uses := q.mod.get(lay.Usecount) - 1
	if q.mod.canUnload() != 0 {
		uses = ^uint32(0)
	}
	b := make([]byte, 0, infoSize)
	for _, word := range [...]uint32{q.mod.addr, q.mod.get(lay.ModuleSize), q.mod.flags(), uses} {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	if k.CopyToUser(q.buf, b) != 0 {
		return abi.EFAULT
	}
	return q.finish(infoSize, 0)
}

// sysGetKernelSyms models
//
//	long sys_get_kernel_syms(struct kernel_sym *table)
//
// NULL: how many entries a table would need, one for each symbol and each module; modules that cannot be queried are
// counted too. Else how many it has got: a bad address ends the table early and is no error. A module's own entry is its
// address and '#' with its name. Needs no privilege.
//
// Context: process; may sleep.
func sysGetKernelSyms(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.Module
	if c.Arg(0) == 0 {
		n := uint32(0)
		for m := range k.modules() {
			n += m.get(lay.Nsyms) + 1
		}
		c.Return(n)
		return
	}
	t := symTable{k: k, at: c.Arg(0)}
	for m := range k.modules() {
		if m.canQuery() && !t.addModule(m) {
			break
		}
	}
	c.Return(t.count)
}

// symTable is a user's table of struct kernel_sym that is being filled.
type symTable struct {
	k         *Kernel
	at, count uint32
}

// addModule appends a module and its symbols; false when the table ends.
func (t *symTable) addModule(m module) bool {
	k, lay := t.k, t.k.lay
	if !t.add(m.addr, "#"+t.text(m.get(lay.Module.Name))) {
		return false
	}
	at := m.get(lay.Module.Syms)
	for range m.get(lay.Module.Nsyms) {
		k.faultsAt(k.sym.GetKernelSyms + 0x126)
		value, name := k.mem.Get(at, lay.ModuleSymbol.Value), t.text(k.mem.Get(at, lay.ModuleSymbol.Name))
		k.faultsAt(0)
		if !t.add(value, name) {
			return false
		}
		at += lay.ModuleSymbol.Size
	}
	return true
}

// text reads as much of a string as an entry can hold.
func (t *symTable) text(addr uint32) string {
	s, _ := t.k.mem.CString(addr, int(t.k.lay.KernelSym.Name.Size))
	return s
}

// add appends an entry. A name that is too long loses its end: the last byte stays 0.
func (t *symTable) add(value uint32, name string) bool {
	lay := &t.k.lay.KernelSym
	entry := make([]byte, lay.Size)
	binary.LittleEndian.PutUint32(entry[lay.Value.Off:], value)
	copy(entry[lay.Name.Off:lay.Name.Off+lay.Name.Size-1], name)
	if t.k.CopyToUser(t.at, entry) != 0 {
		return false
	}
	t.at, t.count = t.at+lay.Size, t.count+1
	return true
}
