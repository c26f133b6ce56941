// SPDX-License-Identifier: BSD-3-Clause
// The kernel: what belongs to it, and the small accessors everybody uses.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
	"ring0/guestkernel/entry"
	"ring0/vm"
)

// Kernel is one running 2.4 kernel with its machine. It is not safe for concurrent use.
//
// Its state is the guest's memory. The fields are places and sizes that never change after Boot, the host side of
// tasks, and what each subsystem cannot keep in guest memory.
type Kernel struct {
	cfg     Config
	profile *abi.Profile
	lay     *abi.Structs
	sym     symbols
	m       *machine
	mem     *Memory

	functions functionSet     // rows by name
	slots     map[uint32]slot // what a VMCALL at an address means
	sites     map[returnSite]uint32
	image     *entry.Image
	tasks     []*Task  // all with a task_struct, by age
	running   *Task    // whose coroutine runs; nil while the host has control
	stopped   *Task    // who ran when final was set
	final     *Outcome // set while the machine stands still
	deadline  uint64   // m.Now() at which the run ends with Limit
	notes     []string // ring0's own remarks
	panicking bool     // panic() has been called
	trace     func(TraceEvent)
	observe   func(Notice)
	looking   lookingOn  // fault injection, checks
	stands    standState // see checkpoint.go

	exports     exportPlaces // while booting
	bootNext    uint32       // physical address of the next boot-time allocation
	reservedBit uint32       // PG_reserved
	nextPID     int32
	faultEIP    uint32 // see faultsAt
	guestReturn uint32 // the return address of guest calls without one of their own

	pages  pageAllocator
	slab   slabState
	vm     vmallocSpace
	sched  schedState
	clock  clockState
	pic    picState
	lpt    lptState
	timers timerState
	log    logState

	timerChip timerChip
	ratelimit ratelimitState
	files     fileState
	mms       mmState
	seq       seqLayouts
	streams   map[uint32]*hostStream // what reaches the host, by inode
	drv       driverState            // what drivers register with
}

// Machine gives access to the machine, for debuggers and reports.
func (k *Kernel) Machine() *vm.Machine { return k.m.Machine }

// Memory gives access to guest memory as kernel code sees it.
func (k *Kernel) Memory() *Memory { return k.mem }

// Profile is the kernel build that is modelled.
func (k *Kernel) Profile() *abi.Profile { return k.profile }

// Release is what uname(2) reports.
func (k *Kernel) Release() string { return k.cfg.Release }

// panicf reports a broken invariant of ours. The boundary around tasks turns it into an InternalError outcome.
func panicf(format string, args ...any) { panic(fmt.Errorf("guestkernel: "+format, args...)) }

// constant returns a constant of the profile's headers that must exist.
func (k *Kernel) constant(name string) uint32 {
	v, ok := k.profile.Constant(name)
	if !ok {
		panicf("profile %s has no constant %s", k.profile.Name, name)
	}
	return uint32(v)
}

// note adds one of ring0's own remarks to the run. They never appear in the guest's log.
func (k *Kernel) note(format string, args ...any) {
	k.notes = append(k.notes, fmt.Sprintf(format, args...))
}

// Notes returns ring0's remarks so far.
func (k *Kernel) Notes() []string { return k.notes }

// stub is the address of a global symbol of the guest code.
func (k *Kernel) stub(name string) uint32 {
	addr, ok := k.image.Symbols[name]
	if !ok {
		panicf("guest code has no symbol %s", name)
	}
	return addr
}
