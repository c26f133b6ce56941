// SPDX-License-Identifier: BSD-3-Clause
// Memory type ranges of a P6 (2.4.18 arch/i386/kernel/mtrr.c; Intel SDM vol. 3, "Memory type range registers"), and
// /proc/mtrr. Bases and sizes count in pages.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// The registers, and facts of asm/mtrr.h.
const (
	msrMTRRCap      = 0xfe
	msrMTRRBase0    = 0x200 // a mask follows each base
	mtrrValid       = 0x800 // in a mask
	mtrrCombining   = 1 << 10
	mtrrWidthMask   = 0xff000000 // of a page number: beyond 36 bits of address
	mtrrHighPages   = 0x00f00000 // of a page number: in the upper word of a register
	mtrrUncachable  = 0
	mtrrWriteComb   = 1
	mtrrTypes       = 7
	mtrrInterfaceP6 = 1 // MTRR_IF_INTEL
	pagesPerMB      = 256
	highPageShift   = 32 - abi.PageShift
)

func mtrrFunctions() []Function {
	return []Function{
		{Name: "mtrr_add", Fn: mtrrAdd, Level: Full, Proto: "int mtrr_add(unsigned long base, unsigned long size, unsigned int type, char increment)"},
		{Name: "mtrr_del", Fn: mtrrDel, Level: Full, Proto: "int mtrr_del(int reg, unsigned long base, unsigned long size)"},
		{Name: "mtrr_read", Fn: mtrrRead, Level: Full, Proto: "ssize_t mtrr_read(struct file *file, char *buf, size_t len, loff_t *ppos)"},
		{Name: "mtrr_close", Fn: func(c *Call) { c.Return(0) }, Level: Partial, Note: "nobody can have set a range through the file",
			Proto: "int mtrr_close(struct inode *ino, struct file *file)"},
	}
}

// bootMTRR makes the table of users and /proc/mtrr, if the processor has the registers.
func (k *Kernel) bootMTRR() error {
	n := k.mtrrCount()
	if n == 0 {
		return nil
	}
	k.mem.SetU32(k.symbol("mtrr_if"), mtrrInterfaceP6)
	table := k.mustKmalloc(n * wordSize)
	k.mem.SetU32(k.symbol("usage_table"), table)
	for i := range n {
		if k.mtrr(i).size != 0 {
			k.mem.SetU32(table+i*wordSize, 1)
		}
	}
	ops, lay := k.symbol("mtrr_fops"), &k.lay.FileOperations
	for _, row := range []struct {
		f    abi.Field
		name string
	}{{lay.Read, "mtrr_read"}, {lay.Write, "mtrr_write"}, {lay.Ioctl, "mtrr_ioctl"}, {lay.Release, "mtrr_close"}} {
		if err := k.setOp(ops, row.f, row.name); err != nil {
			return err
		}
	}
	e := k.newProcEntry(k.sym.ProcRoot, "mtrr", procSpec{mode: modeRegular | 0o644, links: 1})
	if e == 0 {
		return errNoMemory
	}
	k.mem.Set(e, k.lay.ProcDirEntry.ProcFops, ops)
	return nil
}

// mtrrCount is how many ranges of any size there are.
func (k *Kernel) mtrrCount() uint32 {
	v, _ := k.m.MSR(msrMTRRCap)
	return uint32(v) & 0xff
}

// A memoryRange is a range's pages and their type; a size of 0 is a free register.
type memoryRange struct{ base, size, kind uint32 }

func (k *Kernel) mtrr(i uint32) (r memoryRange) {
	mask, _ := k.m.MSR(msrMTRRBase0 + 2*i + 1)
	base, _ := k.m.MSR(msrMTRRBase0 + 2*i)
	if mask&mtrrValid == 0 {
		return r
	}
	return memoryRange{uint32(base >> abi.PageShift), -(mtrrWidthMask | uint32(mask>>abi.PageShift)), uint32(base) & 0xff}
}

func (k *Kernel) setMTRR(i uint32, r memoryRange) {
	if r.size == 0 {
		k.m.SetMSR(msrMTRRBase0+2*i+1, 0)
		return
	}
	high := func(pages uint32) uint64 { return uint64(pages&mtrrHighPages>>highPageShift) << 32 }
	k.m.SetMSR(msrMTRRBase0+2*i, high(r.base)|uint64(r.base<<abi.PageShift|r.kind))
	k.m.SetMSR(msrMTRRBase0+2*i+1, high(-r.size)|uint64(-r.size<<abi.PageShift|mtrrValid))
}

// mtrrUsers is where the number of users of a register is kept.
func (k *Kernel) mtrrUsers(i uint32) uint32 { return k.mem.U32(k.symbol("usage_table")) + i*wordSize }

// mtrrAdd models int mtrr_add(unsigned long base, unsigned long size, unsigned int type, char increment): the register of a
// range that is set now, or was set already. ENXIO without MTRRs, EINVAL for a range that cannot be or lies across another,
// ENOSPC when all are taken.
//
// Context: may sleep.
func mtrrAdd(c *Call) {
	if c.pagesOnly(c.Arg(0), c.Arg(1)) {
		r := memoryRange{c.Arg(0) >> abi.PageShift, c.Arg(1) >> abi.PageShift, c.Arg(2)}
		c.Return(uint32(c.Kernel.addMTRR(r, c.Arg(3)&0xff != 0)))
	}
}

// pagesOnly refuses what is not whole pages.
func (c *Call) pagesOnly(base, size uint32) bool {
	if (base|size)&(abi.PageSize-1) == 0 {
		return true
	}
	c.Kernel.Printk("mtrr: size and base must be multiples of 4 kiB\n")
	c.Kernel.Printk("mtrr: size: 0x%x  base: 0x%x\n", size, base)
	c.Fail(abi.EINVAL)
	return false
}

func (k *Kernel) addMTRR(r memoryRange, shared bool) int32 {
	if k.mtrrCount() == 0 {
		return failed(abi.ENXIO)
	}
	if errno := k.checkMTRR(r); errno != 0 {
		return failed(errno)
	}
	free := int32(-1)
	for i := range k.mtrrCount() {
		have := k.mtrr(i)
		switch {
		case have.size == 0:
			if free < 0 {
				free = int32(i)
			}
			continue
		case r.base >= have.base+have.size, r.base < have.base && r.base+r.size <= have.base:
			continue
		case r.base < have.base || r.base+r.size > have.base+have.size:
			k.Printk("<4>mtrr: 0x%x000,0x%x000 overlaps existing 0x%x000,0x%x000\n", r.base, r.size, have.base, have.size)
			return failed(abi.EINVAL)
		case have.kind != r.kind && r.kind == mtrrUncachable:
			continue // it may lie inside another
		case have.kind != r.kind:
			k.Printk("mtrr: type mismatch for %x000,%x000 old: %s new: %s\n", r.base, r.size, mtrrTypeName(have.kind), mtrrTypeName(r.kind))
			return failed(abi.EINVAL)
		}
		if shared {
			k.mem.SetU32(k.mtrrUsers(i), k.mem.U32(k.mtrrUsers(i))+1)
		}
		return int32(i)
	}
	if free < 0 {
		k.Printk("mtrr: no more MTRRs available\n")
		return failed(abi.ENOSPC)
	}
	k.setMTRR(uint32(free), r)
	k.mem.SetU32(k.mtrrUsers(uint32(free)), 1)
	return free
}

// checkMTRR is what can be said of a range alone, in the kernel's order.
func (k *Kernel) checkMTRR(r memoryRange) abi.Errno {
	base, last := r.base, r.base+r.size-1
	for base&1 == 0 && last&1 != 0 {
		base, last = base>>1, last>>1
	}
	capabilities, _ := k.m.MSR(msrMTRRCap)
	switch {
	case r.base+r.size < pagesPerMB:
		k.Printk("<4>mtrr: cannot set region below 1 MiB (0x%x000,0x%x000)\n", r.base, r.size)
	case base != last:
		k.Printk("<4>mtrr: base(0x%x000) is not aligned on a size(0x%x000) boundary\n", r.base, r.size)
	case r.kind >= mtrrTypes:
		k.Printk("mtrr: type: %d illegal\n", r.kind)
	case r.kind == mtrrWriteComb && capabilities&mtrrCombining == 0:
		k.Printk("<4>mtrr: your processor doesn't support write-combining\n")
		return abi.ENOSYS
	case (r.base|r.size)&mtrrWidthMask != 0:
		k.Printk("mtrr: base or size exceeds the MTRR width\n")
	default:
		return 0
	}
	return abi.EINVAL
}

// mtrrDel models int mtrr_del(int reg, unsigned long base, unsigned long size): one user less of a register, or of the one with
// that range when reg is negative. With the last it is free.
//
// Context: may sleep.
func mtrrDel(c *Call) {
	if c.pagesOnly(c.Arg(1), c.Arg(2)) {
		c.Return(uint32(c.Kernel.delMTRR(int32(c.Arg(0)), c.Arg(1)>>abi.PageShift, c.Arg(2)>>abi.PageShift)))
	}
}

func (k *Kernel) delMTRR(reg int32, base, size uint32) int32 {
	n := k.mtrrCount()
	if n == 0 {
		return failed(abi.ENXIO)
	}
	for i := uint32(0); reg < 0 && i < n; i++ {
		if r := k.mtrr(i); r.base == base && r.size == size {
			reg = int32(i)
		}
	}
	i := uint32(reg)
	switch {
	case reg < 0:
		k.Printk("mtrr: no MTRR for %x000,%x000 found\n", base, size)
		return failed(abi.EINVAL)
	case i >= n:
		k.Printk("mtrr: register: %d too big\n", reg)
		return failed(abi.EINVAL)
	case k.mtrr(i).size == 0:
		k.Printk("mtrr: MTRR %d not used\n", reg)
		return failed(abi.EINVAL)
	}
	users := int32(k.mem.U32(k.mtrrUsers(i)))
	if users < 1 {
		k.Printk("mtrr: reg: %d has count=0\n", reg)
		return failed(abi.EINVAL)
	}
	k.mem.SetU32(k.mtrrUsers(i), uint32(users-1))
	if users == 1 {
		k.setMTRR(i, memoryRange{})
	}
	return reg
}

func mtrrTypeName(kind uint32) string {
	if kind >= mtrrTypes {
		return "?"
	}
	return [...]string{"uncachable", "write-combining", "?", "?", "write-through", "write-protect", "write-back"}[kind]
}

// mtrrText is what is in /proc/mtrr.
func (k *Kernel) mtrrText() string {
	const pagesPerKB = 4
	var b strings.Builder
	for i := range k.mtrrCount() {
		r := k.mtrr(i)
		if r.size == 0 {
			continue
		}
		size, unit := r.size/pagesPerMB, 'M'
		if r.size < pagesPerMB {
			size, unit = r.size*pagesPerKB, 'K'
		}
		fmt.Fprintf(&b, "reg%02d: base=0x%05x000 (%4dMB), size=%4d%cB: %s, count=%d\n", i, r.base, r.base/pagesPerMB, size, unit, mtrrTypeName(r.kind), int32(k.mem.U32(k.mtrrUsers(i))))
	}
	return b.String()
}

// mtrrRead models static ssize_t mtrr_read(struct file *file, char *buf, size_t len, loff_t *ppos).
func mtrrRead(c *Call) {
	k, pos, text := c.Kernel, c.Arg(3), c.Kernel.mtrrText()
	at := k.mem.U64(pos)
	c.Return(0)
	if at >= uint64(len(text)) {
		return
	}
	text = text[at:]
	text = text[:min(len(text), int(c.Arg(2)))]
	if k.CopyToUser(c.Arg(1), []byte(text)) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	k.mem.SetU64(pos, at+uint64(len(text)))
	c.Return(uint32(len(text)))
}
