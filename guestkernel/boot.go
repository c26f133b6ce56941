// SPDX-License-Identifier: BSD-3-Clause
// Boot: from a Config to a kernel that waits for its first process (2.4.18 init/main.c start_kernel, in its order).
//
// Nothing is executed: the kernel's tables are laid out in guest memory as a booted 2.4.18 has them, and the CPU is put
// into the state in which it ran.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/guestkernel/entry"
	"ring0/vm"
)

// Boot makes a machine and the kernel on it.
func Boot(cfg Config) (*Kernel, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	k := &Kernel{cfg: cfg, deadline: cfg.MaxInsns, nextPID: cfg.FirstPID, sites: map[returnSite]uint32{}}
	if k.profile, err = abi.ProfileByName(cfg.Profile); err != nil {
		return nil, err
	}
	if cfg.Release == "" {
		k.cfg.Release = k.profile.Release
	}
	if k.lay, err = k.profile.Structs(); err != nil {
		return nil, err
	}
	m, err := vm.New(vm.Config{RAM: cfg.Mem})
	if err != nil {
		return nil, err
	}
	k.m = &machine{Machine: m}
	k.mem = &Memory{m: k.m, k: k}
	k.m.SetHypercall(k.hypercall)
	if err := k.fromHost(k.setUp); err != nil {
		return nil, err
	}
	if cfg.Check {
		k.startChecks()
	}
	return k, nil
}

// setUp lays out the image and boots the subsystems.
func (k *Kernel) setUp() error {
	parts := subsystems()
	var err error
	if k.functions, err = newFunctionSet(parts); err != nil {
		return err
	}
	if k.image, err = entry.ForProfile(k.profile.Name); err != nil {
		return err
	}
	if err := k.layImage(); err != nil {
		return err
	}
	k.layPageTables()
	k.layDescriptors()
	k.startCPU()
	k.layExceptionTable()
	for _, part := range parts {
		if part.boot == nil {
			continue
		}
		if err := part.boot(k); err != nil {
			return err
		}
	}
	return nil
}

// physical is where the linear mapping has a kernel address.
func physical(addr uint32) uint32 { return addr - abi.PageOffset }

// startCPU puts the CPU into 2.4's state: flat segments, paging, the kernel's tables, init_task's stack.
func (k *Kernel) startCPU() {
	m := k.m
	m.SetGDTR(k.sym.GDTTable, gdtEntries*8-1)
	m.SetIDTR(k.sym.IDTTable, abi.IDTEntries*8-1)
	m.SetCR(4, bootCR4)
	m.SetCR(3, physical(k.sym.SwapperPgDir))
	m.SetCR(0, bootCR0)
	for seg, sel := range [...]uint16{vm.ES: abi.KernelDS, vm.CS: abi.KernelCS, vm.SS: abi.KernelDS, vm.DS: abi.KernelDS, vm.FS: 0, vm.GS: 0} {
		m.LoadSegment(seg, sel)
	}
	tss, _ := k.profile.TSSSelector(0)
	ldt, _ := k.profile.LDTSelector(0)
	m.LoadTR(tss)
	m.LoadLDTR(ldt)
	m.SetEflags(eflagsIF | 2)
	m.SetReg(vm.ESP, k.sym.InitTask+abi.ThreadSize)
	k.mem.SetU32(k.sym.MmuCR4, bootCR4)
}

// What 2.4.18 has in the control registers once it is up, on a Pentium III.
const (
	bootCR0 = vm.CR0PG | vm.CR0AM | vm.CR0WP | vm.CR0NE | vm.CR0ET | vm.CR0TS | vm.CR0MP | vm.CR0PE
	bootCR4 = vm.CR4PSE | vm.CR4PGE | vm.CR4OSFXSR | vm.CR4OSXMMEXCPT

	eflagsIF = vm.FlagIF
)
