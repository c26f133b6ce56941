// SPDX-License-Identifier: BSD-3-Clause
// /proc/cpuinfo, /proc/mounts and /proc/slabinfo: files made by struct seq_operations of the kernel (2.4.18
// arch/i386/kernel/setup.c, fs/namespace.c, mm/slab.c). Here each is one record.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// recordFile is one of them: its tables and the functions that they name.
type recordFile struct {
	file, ops, open         string
	start, next, stop, show string
	text                    func(*Kernel) string
}

func recordFiles() []recordFile {
	return []recordFile{
		{"proc_cpuinfo_operations", "cpuinfo_op", "cpuinfo_open", "c_start", "c_next", "c_stop", "show_cpuinfo", (*Kernel).cpuinfoText},
		{"proc_mounts_operations", "mounts_op", "mounts_open", "m_start", "m_next", "m_stop", "show_vfsmnt", (*Kernel).MountsText},
		{"proc_slabinfo_operations", "slabinfo_op", "slabinfo_open", "s_start", "s_next", "s_stop", "s_show", (*Kernel).slabinfoText},
	}
}

// records are the functions of a file, in the order of struct seq_operations.
func (r recordFile) records() []Function {
	return []Function{
		{Name: r.start, Fn: startRecord, Level: Full, Proto: "void *" + r.start + "(struct seq_file *m, loff_t *pos)"},
		{Name: r.stop, Fn: func(*Call) {}, Level: Full, Proto: "void " + r.stop + "(struct seq_file *m, void *v)"},
		{Name: r.next, Fn: nextRecord, Level: Full, Proto: "void *" + r.next + "(struct seq_file *m, void *v, loff_t *pos)"},
		{Name: r.show, Fn: func(c *Call) { c.Return(c.Kernel.seqPut(c.Arg(0), r.text(c.Kernel))) }, Level: Full,
			Proto: "int " + r.show + "(struct seq_file *m, void *v)"},
	}
}

func procRecordFunctions() (rows []Function) {
	for _, r := range recordFiles() {
		op := r.ops
		rows = append(rows, Function{Name: r.open, Level: Full, Proto: "int " + r.open + "(struct inode *inode, struct file *file)",
			Fn: func(c *Call) { c.Return(errWord(c.Kernel.seqOpen(c.Arg(1), c.Kernel.symbol(op)))) }})
		if r.start != "s_start" { // module.c has functions of the names of slab.c's, whose rows are in seqfile.go
			rows = append(rows, r.records()...)
		}
	}
	return rows
}

// startRecord yields the only record at position 0.
func startRecord(c *Call) { c.Return(boolWord(c.Kernel.mem.U64(c.Arg(1)) == 0)) }

// nextRecord yields none.
func nextRecord(c *Call) {
	c.Kernel.mem.SetU64(c.Arg(2), c.Kernel.mem.U64(c.Arg(2))+1)
	c.Return(0)
}

// bootProcRecords fills in the tables.
func (k *Kernel) bootProcRecords() error {
	file, ops := &k.lay.FileOperations, &k.seq.ops
	for _, r := range recordFiles() {
		for _, row := range []struct {
			f    abi.Field
			name string
		}{{file.Open, r.open}, {file.Read, "seq_read"}, {file.Llseek, "seq_lseek"}, {file.Release, "seq_release"}} {
			if err := k.setOp(k.symbol(r.file), row.f, row.name); err != nil {
				return err
			}
		}
		for i, f := range []abi.Field{ops.Start, ops.Stop, ops.Next, ops.Show} {
			fn := &r.records()[i]
			all := k.profile.SymbolsNamed(fn.Name)
			if len(all) == 0 {
				return fmt.Errorf("guestkernel: profile %s has no function %s", k.profile.Name, fn.Name)
			}
			at := all[0].Addr
			for _, s := range all {
				at = max(at, s.Addr) // slab.c lies behind module.c
			}
			if len(all) > 1 {
				k.slots[at] = slot{fn: fn}
			}
			k.mem.Set(k.symbol(r.ops), f, at)
		}
	}
	return nil
}
