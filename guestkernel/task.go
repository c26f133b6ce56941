// SPDX-License-Identifier: BSD-3-Clause
// Tasks: task_struct in guest memory, and what the host keeps of each.

package guestkernel

import (
	"slices"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Task is a task of the guest. Its task_struct lies at the base of its 8 KB kernel stack.
type Task struct {
	k       *Kernel
	addr    uint32        // of the task_struct
	co      *coroutine    // runs the task's share of the machine
	cpu     cpuState      // while it does not run
	calls   []pendingCall // guest functions that modelled code waits for, outermost first
	proc    *Process      // the host-driven process it is, or nil
	program *Program      // the program of the host's that it runs, or nil; its children have none
	forked  bool          // made by fork, not by the kernel or the host
	body    func()        // what a kernel thread does; nil: guest code from cpu.eip on
	entry   uint32        // of a thread that a module has made: the function it began with
	dead    bool          // do_exit is done with it
	asks    bool          // it waits for the host's modprobe
	stand   stand         // see checkpoint.go
}

// cpuState is what a task switch saves of the CPU. Guest code cannot look at it: a task is only ever switched inside a
// modelled function.
type cpuState struct {
	regs   Registers
	eip    uint32
	eflags uint32
	seg    [6]uint16 // selectors by vm.ES … vm.GS
}

// Addr is the address of the task_struct.
func (t *Task) Addr() uint32 { return t.addr }

// Get reads a field of the task_struct (see abi.TaskLayout); Set writes one.
func (t *Task) Get(f abi.Field) uint32 { return t.k.mem.Get(t.addr, f) }

// Set writes a field of the task_struct.
func (t *Task) Set(f abi.Field, v uint32) { t.k.mem.Set(t.addr, f, v) }

// Pid is the task's process id.
func (t *Task) Pid() int32 { return int32(t.Get(t.k.lay.Task.Pid)) }

// Comm is the task's name.
func (t *Task) Comm() string {
	f := t.k.lay.Task.Comm
	s, _ := t.k.mem.CString(t.addr+f.Off, int(f.Size))
	return s
}

// MM is the address of the task's mm_struct, 0 for a kernel thread.
func (t *Task) MM() uint32 { return t.Get(t.k.lay.Task.Mm) }

// Capable reports whether the effective set has capability c (abi.CapSysModule …); using it sets PF_SUPERPRIV.
func (t *Task) Capable(c uint) bool {
	lay := &t.k.lay.Task
	if t.Get(lay.CapEffective)>>c&1 == 0 {
		return false
	}
	t.Set(lay.Flags, t.Get(lay.Flags)|abi.PFSuperPriv)
	return true
}

// stackTop is the end of the task's kernel stack: esp0.
func (t *Task) stackTop() uint32 { return t.addr + abi.ThreadSize }

// Current is the address of the task_struct that guest code takes for current: the base of the 8 KB ESP points into.
func (k *Kernel) Current() uint32 { return k.m.Reg(vm.ESP) &^ (abi.ThreadSize - 1) }

// Running is the task whose code executes, nil while the host has control.
func (k *Kernel) Running() *Task { return k.running }

// taskAt is the task whose task_struct lies at addr, or nil.
func (k *Kernel) taskAt(addr uint32) *Task {
	return kept(k, func() *Task {
		for _, t := range k.tasks {
			if t.addr == addr {
				return t
			}
		}
		return nil
	})
}

// everyTask is all tasks, by age.
func (k *Kernel) everyTask() []*Task { return kept(k, func() []*Task { return slices.Clone(k.tasks) }) }
