// SPDX-License-Identifier: BSD-3-Clause
// What is in /proc when the first process runs (2.4.18 fs/proc/root.c, proc_misc.c, proc_tty.c).

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// bootProc makes proc_root, its operations and the kernel's own entries.
func (k *Kernel) bootProc() error {
	lay, root := &k.lay.ProcDirEntry, k.sym.ProcRoot
	k.mem.Set(root, lay.LowIno, procRootInode)
	k.mem.Set(root, lay.Name, k.newString("/proc"))
	k.mem.Set(root, lay.Namelen, uint32(len("/proc")))
	k.mem.Set(root, lay.Mode, modeDir|0o555)
	k.mem.Set(root, lay.Nlink, 2)
	k.mem.Set(root, lay.ProcIops, k.sym.ProcRootIops)
	k.mem.Set(root, lay.ProcFops, k.sym.ProcRootOps)
	k.mem.Set(root, lay.Parent, root)
	if err := k.bootProcOps(); err != nil {
		return err
	}
	for _, f := range procBootFiles() {
		if err := k.addProcFile(f); err != nil {
			return err
		}
	}
	for _, d := range []struct {
		path string
		into uint32 // exported variable with its address
	}{
		{"net", k.sym.ProcNet}, {"sysvipc", 0}, {"sys", k.sym.ProcSysRoot}, {"fs", k.sym.ProcRootFs}, {"driver", k.sym.ProcRootDriver},
		{"tty", 0}, {"tty/ldisc", 0}, {"tty/driver", 0}, {"bus", k.sym.ProcBus},
	} {
		dir, name, _ := k.procSplit(d.path)
		e := k.newProcEntry(dir, name, procSpec{mode: modeDir | 0o555, links: 2})
		if d.into != 0 {
			k.mem.SetU32(d.into, e)
		}
	}
	return nil
}

const procRootInode = 1

// bootProcOps fills the operations of entries with the kernel's functions.
func (k *Kernel) bootProcOps() error {
	file, iops := &k.lay.FileOperations, &k.files.lay.InodeOps
	for _, row := range []struct {
		at   uint32
		f    abi.Field
		name string
	}{
		{k.sym.ProcFileOps, file.Read, "proc_file_read"},
		{k.sym.ProcFileOps, file.Write, "proc_file_write"},
		{k.sym.ProcFileOps, file.Llseek, "proc_file_lseek"},
		{k.sym.ProcDirOps, file.Read, "generic_read_dir"},
		{k.sym.ProcDirOps, file.Readdir, "proc_readdir"},
		{k.sym.ProcRootOps, file.Read, "generic_read_dir"},
		{k.sym.ProcRootOps, file.Readdir, "proc_root_readdir"},
		{k.sym.ProcDirIops, iops.Lookup, "proc_lookup"},
		{k.sym.ProcRootIops, iops.Lookup, "proc_root_lookup"},
		{k.sym.ProcLinkIops, iops.Readlink, "proc_readlink"},
		{k.sym.ProcLinkIops, iops.FollowLink, "proc_follow_link"},
	} {
		if err := k.setOp(row.at, row.f, row.name); err != nil {
			return err
		}
	}
	return nil
}

// setOp stores the address of a function of the kernel in a table of operations.
func (k *Kernel) setOp(table uint32, f abi.Field, function string) error {
	at, ok := k.profile.Symbol(function)
	if !ok {
		return fmt.Errorf("guestkernel: profile %s has no function %s", k.profile.Name, function)
	}
	k.mem.Set(table, f, at)
	return nil
}

// A procBootFile is a file of the kernel: its text comes from a read_proc function, or its operations do everything.
type procBootFile struct {
	path     string
	readProc string // a function
	ops      string // struct file_operations
	mode     uint32 // permissions; 0: everybody may read
}

// procBootFiles lists them in the order in which they are made. Those whose function has no row stop a reader by name.
func procBootFiles() []procBootFile {
	return []procBootFile{
		{path: "loadavg", readProc: "loadavg_read_proc"},
		{path: "uptime", readProc: "uptime_read_proc"},
		{path: "meminfo", readProc: "meminfo_read_proc"},
		{path: "version", readProc: "version_read_proc"},
		{path: "modules", readProc: "modules_read_proc"},
		{path: "stat", readProc: "kstat_read_proc"},
		{path: "devices", readProc: "devices_read_proc"},
		{path: "partitions", readProc: "partitions_read_proc"},
		{path: "interrupts", readProc: "interrupts_read_proc"},
		{path: "filesystems", readProc: "filesystems_read_proc"},
		{path: "dma", readProc: "dma_read_proc"},
		{path: "ioports", readProc: "ioports_read_proc"},
		{path: "cmdline", readProc: "cmdline_read_proc"},
		{path: "locks", readProc: "locks_read_proc"},
		{path: "execdomains", readProc: "execdomains_read_proc"},
		{path: "swaps", readProc: "swaps_read_proc"},
		{path: "iomem", readProc: "memory_read_proc"},
		{path: "misc", readProc: "misc_read_proc"},
		{path: "mounts", ops: "proc_mounts_operations"},
		{path: "kmsg", ops: "proc_kmsg_operations", mode: 0o400},
		{path: "cpuinfo", ops: "proc_cpuinfo_operations"},
		{path: "ksyms", ops: "proc_ksyms_operations"},
		{path: "slabinfo", ops: "proc_slabinfo_operations", mode: 0o644},
	}
}

// addProcFile makes one of them.
func (k *Kernel) addProcFile(f procBootFile) error {
	lay := &k.lay.ProcDirEntry
	mode := f.mode
	if mode == 0 {
		mode = 0o444
	}
	dir, name, _ := k.procSplit(f.path)
	e := k.newProcEntry(dir, name, procSpec{mode: modeRegular | mode, links: 1})
	if e == 0 {
		return errNoMemory
	}
	if f.readProc != "" {
		return k.setOp(e, lay.ReadProc, f.readProc)
	}
	ops, ok := k.profile.Symbol(f.ops)
	if !ok {
		return fmt.Errorf("guestkernel: profile %s has no %s", k.profile.Name, f.ops)
	}
	k.mem.Set(e, lay.ProcFops, ops)
	return nil
}
