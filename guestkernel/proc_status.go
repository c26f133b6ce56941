// SPDX-License-Identifier: BSD-3-Clause
// Texts about the machine and its memory in /proc (2.4.18 fs/proc/proc_misc.c, arch/i386/kernel/irq.c, setup.c, mm/slab.c).

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

func procStatusFunctions() []Function {
	row := func(name string, text func(*Kernel) string) Function {
		return Function{Name: name, Fn: procPage(text), Level: Full}
	}
	return []Function{
		row("loadavg_read_proc", (*Kernel).loadavgText),
		row("meminfo_read_proc", (*Kernel).meminfoText),
		row("kstat_read_proc", (*Kernel).statText),
		row("partitions_read_proc", (*Kernel).partitionsText),
		row("interrupts_read_proc", (*Kernel).interruptsText),
		row("filesystems_read_proc", (*Kernel).filesystemsText),
		row("cmdline_read_proc", func(k *Kernel) string { return k.kernelString(k.symbol("saved_command_line")) + "\n" }),
		row("swaps_read_proc", func(*Kernel) string { return "Filename\t\t\tType\t\tSize\tUsed\tPriority\n" }),
		{Name: "kmsg_open", Fn: func(c *Call) { c.Return(0) }, Level: Full, Proto: "int kmsg_open(struct inode *inode, struct file *file)"},
		{Name: "kmsg_read", Fn: kmsgRead, Level: Full, Proto: "int kmsg_read(struct file *file, char *buf, size_t count, loff_t *ppos)"},
		{Name: "kmsg_release", Fn: func(c *Call) { c.Return(0) }, Level: Full, Proto: "int kmsg_release(struct inode *inode, struct file *file)"},
	}
}

// bootProcStatus enters what reads the log.
func (k *Kernel) bootProcStatus() error {
	lay := &k.lay.FileOperations
	for f, name := range map[abi.Field]string{lay.Open: "kmsg_open", lay.Read: "kmsg_read", lay.Release: "kmsg_release"} {
		if err := k.setOp(k.symbol("proc_kmsg_operations"), f, name); err != nil {
			return err
		}
	}
	return nil
}

// kmsgRead models static ssize_t kmsg_read(struct file *file, char *buf, size_t count, loff_t *ppos): syslog(2).
func kmsgRead(c *Call) {
	result, done := c.Kernel.logBuffer(c.Arg(1), int32(c.Arg(2)))
	if !done {
		result = c.Kernel.readLog(c.Arg(1), int32(c.Arg(2)))
	}
	c.Return(uint32(result))
}

// loadavgText is the load of the last 1, 5 and 15 minutes, how many of the tasks run, the last pid.
func (k *Kernel) loadavgText() string {
	const fixed = 1 << 11
	load := func(i uint32) string {
		v := k.mem.U32(k.sym.Avenrun+i*wordSize) + fixed/200
		return fmt.Sprintf("%d.%02d", v/fixed, v%fixed*100/fixed)
	}
	running := 0
	for _, t := range k.everyTask() {
		if t.Get(k.lay.Task.State) == abi.TaskRunning && t != k.sched.idle {
			running++
		}
	}
	return fmt.Sprintf("%s %s %s %d/%d %d\n", load(0), load(1), load(2), running, k.mem.U32(k.sym.NrThreads), k.mem.U32(k.sym.LastPid))
}

// meminfoText is bytes, then the same in kilobytes. There is no swap, and no list of active pages.
func (k *Kernel) meminfoText() string {
	total, free, cached := k.mem.U32(k.sym.TotalRAM), uint32(k.freePageCount()), k.mem.U32(k.symbol("page_cache_size"))
	bytes := func(pages uint32) uint64 { return uint64(pages) << abi.PageShift }
	var b strings.Builder
	b.WriteString("        total:    used:    free:  shared: buffers:  cached:\n")
	fmt.Fprintf(&b, "Mem:  %8d %8d %8d %8d %8d %8d\n", bytes(total), bytes(total-free), bytes(free), 0, 0, bytes(cached))
	fmt.Fprintf(&b, "Swap: %8d %8d %8d\n", 0, 0, 0)
	for _, line := range []struct {
		name  string
		pages uint32
	}{
		{"MemTotal", total}, {"MemFree", free}, {"MemShared", 0}, {"Buffers", 0}, {"Cached", cached}, {"SwapCached", 0}, {"Active", 0},
		{"Inact_dirty", 0}, {"Inact_clean", 0}, {"Inact_target", 0}, {"HighTotal", 0}, {"HighFree", 0}, {"LowTotal", total}, {"LowFree", free},
		{"SwapTotal", 0}, {"SwapFree", 0}, {"Committed_AS", k.mem.U32(k.symbol("vm_committed_space"))},
	} {
		fmt.Fprintf(&b, "%-13s %8d kB\n", line.name+":", line.pages<<(abi.PageShift-10))
	}
	return b.String()
}

// statText counts ticks of 1/100 s, kilobytes read and written, interrupts, and processes.
func (k *Kernel) statText() string {
	const lines, standard = 16, 100
	kstat, lay, paging := k.sym.Kstat, &k.lay.KernelStat, &k.drv.fs.lay.Kstat
	hz := uint32(k.profile.HZ)
	ticks := func(n uint32) uint32 { return uint32(uint64(n) * standard / uint64(hz)) }
	user, nice, system := ticks(k.mem.U32(kstat+lay.PerCpuUser.Off)), ticks(k.mem.U32(kstat+lay.PerCpuNice.Off)), ticks(k.mem.U32(kstat+lay.PerCpuSystem.Off))
	all := ticks(k.jiffies())
	var sum uint32
	each := ""
	for i := range uint32(lines) {
		n := k.mem.U32(kstat + lay.Irqs.Off + i*wordSize)
		sum += n
		each += fmt.Sprintf(" %d", n)
	}
	var b strings.Builder
	for _, cpu := range []string{"cpu ", "cpu0"} {
		fmt.Fprintf(&b, "%s %d %d %d %d\n", cpu, user, nice, system, all-user-nice-system)
	}
	fmt.Fprintf(&b, "page %d %d\nswap %d %d\nintr %d%s\ndisk_io: \n", k.mem.Get(kstat, paging.Pgpgin)>>1, k.mem.Get(kstat, paging.Pgpgout)>>1,
		k.mem.Get(kstat, paging.Pswpin), k.mem.Get(kstat, paging.Pswpout), sum, each)
	fmt.Fprintf(&b, "ctxt %d\nbtime %d\nprocesses %d\n", 0, k.mem.Get(k.sym.Xtime, k.lay.Timeval.Sec)-all/hz, k.mem.U32(k.sym.TotalForks))
	return b.String()
}

// interruptsText is count, controller and handlers of each line in use.
func (k *Kernel) interruptsText() string {
	const lines = 16
	var b strings.Builder
	b.WriteString("           CPU0       \n")
	desc, action := &k.lay.IRQDesc, &k.lay.IRQAction
	for i := range uint32(lines) {
		at := k.sym.IRQDesc + i*desc.Size
		first := k.mem.Get(at, desc.Action)
		if first == 0 {
			continue
		}
		kind := k.kernelString(k.mem.U32(k.mem.Get(at, desc.Handler))) // its first field is its name
		fmt.Fprintf(&b, "%3d: %10d  %14s", i, k.mem.U32(k.sym.Kstat+k.lay.KernelStat.Irqs.Off+i*wordSize), kind)
		before := "  "
		for a := range k.chain("the handlers of an interrupt", first, action.Next) {
			name := "(null)"
			if n := k.mem.Get(a, action.Name); n != 0 {
				name = k.kernelString(n)
			}
			b.WriteString(before + name)
			before = ", "
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "NMI: %10d \n", 0)
	if _, apic := k.profile.Symbol("apic_timer_interrupt"); apic {
		fmt.Fprintf(&b, "LOC: %10d \n", 0)
	}
	fmt.Fprintf(&b, "ERR: %10d\n", k.mem.U32(k.sym.IRQErrCount))
	return b.String()
}

// filesystemsText is the registered types, with nodev for those that lie on no device.
func (k *Kernel) filesystemsText() string {
	var b strings.Builder
	for _, t := range k.links("file_systems", k.drv.sym.FileSystems, k.drv.lay.FileSystem.Next) {
		if t == 0 {
			continue
		}
		what := "nodev"
		if k.mem.Get(t, k.drv.fs.lay.Type.Flags)&fsNeedsDevice != 0 {
			what = ""
		}
		fmt.Fprintf(&b, "%s\t%s\n", what, k.kernelString(k.mem.Get(t, k.drv.lay.FileSystem.Name)))
	}
	return b.String()
}

// cpuinfoText is what the kernel found out about its processor.
func (k *Kernel) cpuinfoText() string {
	lay, c := &k.lay.CPUInfo, k.sym.BootCPU
	text := func(f abi.Field) string {
		s, _ := k.mem.CString(c+f.Off, int(f.Size))
		if s == "" {
			return "unknown"
		}
		return s
	}
	yes := func(on bool) string { return map[bool]string{true: "yes", false: "no"}[on] }
	var b strings.Builder
	fmt.Fprintf(&b, "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %d\nmodel\t\t: %d\nmodel name\t: %s\nstepping\t: %d\n", text(lay.VendorID),
		k.mem.Get(c, lay.Family), k.mem.Get(c, lay.Model), text(lay.ModelID), k.mem.Get(c, lay.Mask))
	khz := k.mem.U32(k.sym.CPUKHz)
	fmt.Fprintf(&b, "cpu MHz\t\t: %d.%03d\n", khz/1000, khz%1000)
	if size := int32(k.mem.Get(c, lay.CacheSize)); size >= 0 {
		fmt.Fprintf(&b, "cache size\t: %d KB\n", size)
	}
	for _, row := range []struct {
		name string
		on   bool
	}{
		{"fdiv_bug\t", k.mem.Get(c, lay.FdivBug) != 0}, {"hlt_bug\t\t", k.mem.Get(c, lay.HltWorksOk) == 0},
		{"f00f_bug\t", k.mem.Get(c, lay.F00fBug) != 0}, {"coma_bug\t", k.mem.Get(c, lay.ComaBug) != 0},
		{"fpu\t\t", k.mem.Get(c, lay.HardMath) != 0}, {"fpu_exception\t", k.mem.Get(c, lay.HardMath) != 0},
	} {
		fmt.Fprintf(&b, "%s: %s\n", row.name, yes(row.on))
	}
	fmt.Fprintf(&b, "cpuid level\t: %d\nwp\t\t: %s\nflags\t\t:", int32(k.mem.Get(c, lay.CpuidLevel)), yes(k.mem.Get(c, lay.WpWorksOk) != 0))
	names := strings.Fields("fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts acpi mmx fxsr sse sse2 ss ht tm ia64 -")
	have := k.mem.U32(c + lay.Capability0.Off)
	for i, name := range names {
		if have>>i&1 != 0 && name != "-" {
			b.WriteString(" " + name)
		}
	}
	lpj, hz := k.mem.Get(c, lay.LoopsPerJiffy), uint32(k.profile.HZ)
	fmt.Fprintf(&b, "\nbogomips\t: %d.%02d\n\n", lpj/(500000/hz), lpj/(5000/hz)%100)
	return b.String()
}

// slabinfoText is the caches with their objects and slabs in use and at all.
func (k *Kernel) slabinfoText() string {
	var b strings.Builder
	b.WriteString("slabinfo - version: 1.1\n")
	lay := &k.lay.KmemCache
	next := k.sym.CacheCache + lay.Next.Off
	caches := []uint32{k.sym.CacheCache}
	for at := range k.listMembers("the list of caches", next) {
		caches = append(caches, at-lay.Next.Off)
	}
	for _, cache := range caches {
		num := k.mem.Get(cache, lay.Num)
		var active, slabs, all uint32
		for _, list := range []abi.Field{lay.SlabsFull, lay.SlabsPartial, lay.SlabsFree} {
			for slab := range k.listMembers("the slabs of a cache", cache+list.Off) {
				inuse := k.mem.Get(slab, k.lay.Slab.Inuse)
				active += inuse
				all++
				if inuse != 0 {
					slabs++
				}
			}
		}
		name, _ := k.mem.CString(cache+lay.Name.Off, cacheNameLen)
		fmt.Fprintf(&b, "%-17s %6d %6d %6d %4d %4d %4d\n", name, active, all*num,
			k.mem.Get(cache, lay.Objsize), slabs, all, 1<<k.mem.Get(cache, lay.Gfporder))
	}
	return b.String()
}
