// SPDX-License-Identifier: BSD-3-Clause
// The host's hand in a process's memory.

package guestkernel

import (
	"errors"
	"fmt"

	"ring0/guestkernel/abi"
)

// dataFlags are those of a private writable range.
const dataFlags = abi.VMRead | abi.VMWrite | abi.VMExec | abi.VMMayRead | abi.VMMayWrite | abi.VMMayExec

// Protection of a range of user memory: PROT_* of mmap(2).
const (
	ProtNone  = 0
	ProtRead  = abi.VMRead
	ProtWrite = abi.VMWrite
	ProtExec  = abi.VMExec
)

var errEnded = errors.New("guestkernel: the process has ended")

// Alloc maps size bytes, rounded up to pages, of zero-filled memory that comes in on demand, and returns their address. A page
// behind them stays unmapped.
func (p *Process) Alloc(size uint32) (uint32, error) {
	addr := p.next
	size = (size + abi.PageSize - 1) &^ (abi.PageSize - 1)
	if size == 0 || size > stackBase-addr-abi.PageSize {
		return 0, fmt.Errorf("guestkernel: %d bytes of user memory: want 1 to %d", size, stackBase-addr-abi.PageSize)
	}
	p.next += size + abi.PageSize
	return addr, p.Map(addr, size, ProtRead|ProtWrite)
}

// Map maps a range of user memory with a protection; both must be multiples of the page size and overlap nothing.
func (p *Process) Map(addr, size, prot uint32) error {
	return p.k.fromHost(func() error { return p.mapRange(addr, size, prot) })
}

func (p *Process) mapRange(addr, size, prot uint32) error {
	if p.ended {
		return errEnded
	}
	k, mm := p.k, p.task.MM()
	end := addr + size
	if size == 0 || (addr|size)%abi.PageSize != 0 || end < addr || end > abi.TaskSize {
		return fmt.Errorf("guestkernel: range %08x+%x is no user memory", addr, size)
	}
	if vma := k.findVMA(mm, addr); vma != 0 && k.mem.Get(vma, k.lay.VMA.Start) < end {
		return fmt.Errorf("guestkernel: range %08x+%x overlaps another", addr, size)
	}
	if !k.mapAnonymous(mm, addr, end, prot|abi.VMMayRead|abi.VMMayWrite|abi.VMMayExec) {
		return errNoMemory
	}
	return nil
}

// WriteUser writes into the process's memory whatever its protection, as a debugger would.
func (p *Process) WriteUser(addr uint32, b []byte) error {
	return p.k.fromHost(func() error { return p.eachPage(addr, b, p.k.m.WritePhys) })
}

// ReadUser reads the process's memory.
func (p *Process) ReadUser(addr uint32, b []byte) error {
	return p.k.fromHost(func() error { return p.eachPage(addr, b, p.k.m.ReadPhys) })
}

// eachPage calls f for the page-sized parts of a user range, bringing the pages in.
func (p *Process) eachPage(addr uint32, b []byte, f func(pa uint32, part []byte)) error {
	if p.ended {
		return errEnded
	}
	if bad, ok := p.k.eachUserPage(p.task.MM(), addr, b, f); !ok {
		return fmt.Errorf("guestkernel: pid %d: no memory at %08x", p.task.Pid(), bad)
	}
	return nil
}
