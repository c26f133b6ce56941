// SPDX-License-Identifier: BSD-3-Clause
// Memory as files: /dev/mem, /dev/kmem and /dev/port (2.4.18 drivers/char/mem.c, mm/vmalloc.c vread, vwrite). null, zero and
// full are in chrdev.go.

package guestkernel

import "ring0/guestkernel/abi"

func memoryDeviceFunctions() []Function {
	return []Function{
		{Name: "open_port", Fn: func(c *Call) {
			if c.Return(0); !c.Task().Capable(abi.CapSysRawio) {
				c.Fail(abi.EPERM)
			}
		}, Level: Full},
		{Name: "memory_lseek", Fn: memoryLseek, Level: Full},
		{Name: "read_mem", Fn: func(c *Call) { c.physicalMemory(c.Kernel.readKernel) }, Level: Full},
		{Name: "write_mem", Fn: func(c *Call) { c.physicalMemory(c.Kernel.writeKernel) }, Level: Full},
		{Name: "read_kmem", Fn: func(c *Call) { c.kernelMemory(c.Kernel.readKernel) }, Level: Full},
		{Name: "write_kmem", Fn: func(c *Call) { c.kernelMemory(c.Kernel.writeKernel) }, Level: Full},
	}
}

// bootMemoryDevices fills the operations of the files.
func (k *Kernel) bootMemoryDevices() error {
	lay := &k.lay.FileOperations
	for _, row := range []struct {
		table string
		f     abi.Field
		name  string
	}{
		{"mem_fops", lay.Llseek, "memory_lseek"}, {"mem_fops", lay.Read, "read_mem"}, {"mem_fops", lay.Write, "write_mem"},
		{"mem_fops", lay.Mmap, "mmap_mem"}, {"mem_fops", lay.Open, "open_port"},
		{"kmem_fops", lay.Llseek, "memory_lseek"}, {"kmem_fops", lay.Read, "read_kmem"}, {"kmem_fops", lay.Write, "write_kmem"},
		{"kmem_fops", lay.Mmap, "mmap_mem"}, {"kmem_fops", lay.Open, "open_port"},
		{"port_fops", lay.Llseek, "memory_lseek"}, {"port_fops", lay.Read, "read_port"}, {"port_fops", lay.Write, "write_port"},
		{"port_fops", lay.Open, "open_port"},
	} {
		if err := k.setOp(k.symbol(row.table), row.f, row.name); err != nil {
			return err
		}
	}
	return nil
}

// memoryLseek models static loff_t memory_lseek(struct file *file, loff_t offset, int orig): any position, but not from the
// end.
func memoryLseek(c *Call) {
	k, pos := c.Kernel, c.Arg(0)+c.Kernel.lay.File.Pos.Off
	to := c.Arg64(1)
	switch c.Arg(3) {
	case seekSet:
	case seekCur:
		to += k.mem.U64(pos)
	default:
		c.Return64(errno64(abi.EINVAL))
		return
	}
	k.mem.SetU64(pos, to)
	c.Return64(to)
}

// A copier moves n bytes between kernel memory and user memory; ok is false when one of them is not there.
type copier func(kernel, user, n uint32) (ok bool)

func (k *Kernel) readKernel(from, to, n uint32) bool {
	return k.inPages(from, n, func(at, done, part uint32) bool {
		var b []byte
		return k.mem.try(func() { b = k.mem.Bytes(at, part) }) && k.CopyToUser(to+done, b) == 0
	})
}

func (k *Kernel) writeKernel(to, from, n uint32) bool {
	return k.inPages(to, n, func(at, done, part uint32) bool {
		b := make([]byte, part)
		return k.CopyFromUser(b, from+done) == 0 && k.mem.try(func() { k.mem.Write(at, b) })
	})
}

// inPages calls f for the parts of a range within pages, until it fails.
func (k *Kernel) inPages(addr, n uint32, f func(at, done, part uint32) bool) bool {
	for done := uint32(0); done < n; {
		part := min(left(addr+done), n-done)
		if !f(addr+done, done, part) {
			return false
		}
		done += part
	}
	return true
}

// physicalMemory models read_mem and write_mem(struct file *file, char *buf, size_t count, loff_t *ppos): low memory, by its
// physical address. Behind it there is nothing.
func (c *Call) physicalMemory(move copier) {
	k, pos := c.Kernel, c.Arg(3)
	p, end := k.mem.U32(pos), physical(k.mem.U32(k.sym.HighMemory))
	if c.Return(0); p >= end {
		return
	}
	n := min(c.Arg(2), end-p)
	if !move(abi.PageOffset+p, c.Arg(1), n) {
		c.Fail(abi.EFAULT)
		return
	}
	k.mem.SetU64(pos, k.mem.U64(pos)+uint64(n))
	c.Return(n)
}

// kernelMemory models read_kmem and write_kmem: any address below high_memory as it is; above it the areas of vmlist, with
// zeros, or nothing, in between.
func (c *Call) kernelMemory(move copier) {
	k, buf, count, pos := c.Kernel, c.Arg(1), c.Arg(2), c.Arg(3)
	p, low := k.mem.U32(pos), k.mem.U32(k.sym.HighMemory)
	done := uint32(0)
	if p < low {
		n := min(count, low-p)
		if !move(p, buf, n) {
			c.Fail(abi.EFAULT)
			return
		}
		done = n
	}
	n, ok := k.vmallocMemory(p+done, buf+done, count-done, move, c.Fn.Name == "read_kmem")
	if !ok {
		c.Fail(abi.EFAULT)
		return
	}
	done += n
	k.mem.SetU64(pos, uint64(p+done))
	c.Return(done)
}

// vmallocMemory is vread and vwrite: it goes through the areas and reads zeros between them. It returns how far it came.
func (k *Kernel) vmallocMemory(addr, buf, count uint32, move copier, reads bool) (done uint32, ok bool) {
	lay := &k.lay.VMStruct
	if addr+count < count {
		count = -addr // the last byte of memory is the last
	}
	for area := range k.chain("vmlist", k.mem.U32(k.sym.Vmlist), lay.Next) {
		start := k.mem.Get(area, lay.Addr)
		end := start + k.mem.Get(area, lay.AreaSize) - abi.PageSize
		at := addr + done
		switch {
		case done == count:
			return done, true
		case at >= end:
			continue
		case at < start:
			gap := min(start-at, count-done)
			if reads && !k.inPages(buf+done, gap, func(to, _, part uint32) bool { return k.CopyToUser(to, make([]byte, part)) == 0 }) {
				return done, false
			}
			done += gap
			at += gap
		}
		n := min(end-at, count-done)
		if !move(at, buf+done, n) {
			return done, false
		}
		done += n
	}
	return done, true
}
