// SPDX-License-Identifier: BSD-3-Clause
// Page faults (2.4.18 arch/i386/mm/fault.c).

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Bits of a page fault's error code.
const (
	faultPresent = 1 << 0 // the page was there: a protection fault
	faultWrite   = 1 << 1
	faultUser    = 1 << 2
)

// raise makes the guest fault at eip.
func (k *Kernel) raise(eip uint32, vector uint8, code uint32) {
	k.m.SetEIP(eip)
	if !k.m.Raise(vector, code) {
		k.stop(Outcome{Kind: TripleFault})
	}
}

// raisePageFault makes the guest fault at eip for an accessor's bad address.
func (k *Kernel) raisePageFault(eip uint32, f *memFault) {
	code := k.faultCode(f.addr, f.write)
	k.m.SetCR(2, f.addr)
	k.raise(eip, vm.VecPF, code)
}

// repairFault makes a page present for modelled code, which cannot fault itself. It reports whether it did anything.
func (k *Kernel) repairFault(addr uint32, write bool) bool {
	if addr >= abi.TaskSize {
		return k.syncVmalloc(addr)
	}
	if k.running == nil {
		return false
	}
	mm := k.running.MM()
	return mm != 0 && k.userFault(mm, addr, k.faultCode(addr, write), addr) == 0
}

// faultCode is the error code of a page fault of the kernel's.
func (k *Kernel) faultCode(addr uint32, write bool) (code uint32) {
	if write {
		code |= faultWrite
	}
	if _, mapped := k.m.Translate(addr, 0); mapped {
		code |= faultPresent
	}
	return code
}

// syncVmalloc copies the entry for a vmalloc address from the kernel's page directory to the current one. False when the
// kernel's own has none, or the address is not mapped there.
func (k *Kernel) syncVmalloc(addr uint32) bool {
	entry := k.m.ReadPhys32(physical(k.sym.SwapperPgDir) + pgdOffset(addr))
	if entry&abi.PagePresent == 0 {
		return false
	}
	k.m.WritePhys32(k.m.CR(3)&abi.PageMask+pgdOffset(addr), entry)
	if entry&abi.PagePSE != 0 {
		return true
	}
	return k.m.ReadPhys32(entry&abi.PageMask+pteOffset(addr))&abi.PagePresent != 0
}

// doPageFault models void do_page_fault(struct pt_regs *regs, unsigned long error_code), in its order: vmalloc addresses
// are synchronised; without an address space, or in an interrupt, it is the kernel's own fault; an address in a mapped
// range with the right permission is made good; else the process, or the kernel code, gets what it deserves. Without memory
// a process ends at once.
func doPageFault(c *Call) {
	k, f, code := c.Kernel, c.Kernel.Frame(c.Arg(0)), c.Arg(1)
	addr, t := k.m.CR(2), k.running
	if f.Get(k.lay.PtRegs.Eflags)&vm.FlagIF != 0 {
		k.m.SetEflags(k.m.Eflags() | vm.FlagIF)
	}
	if addr >= abi.TaskSize && code&(faultUser|faultPresent) == 0 {
		if k.syncVmalloc(addr) {
			return
		}
		k.kernelFault(f, addr, code)
		return
	}
	mm := t.MM()
	if k.inInterrupt() || mm == 0 {
		k.kernelFault(f, addr, code)
		return
	}
	sp := addr
	if code&faultUser != 0 {
		sp = f.ESP()
	}
	signal := k.userFault(mm, addr, code, sp)
	switch {
	case signal == 0:
		k.looking.executedAgain(f.EIP())
	case signal == abi.SIGKILL && code&faultUser != 0:
		k.Printk("<3>VM: killing process %s\n", t.Comm())
		k.exit(abi.SIGKILL)
	case code&faultUser != 0:
		t.Set(k.lay.Task.ThreadCR2, addr)
		t.Set(k.lay.Task.ThreadErrorCode, code)
		t.Set(k.lay.Task.ThreadTrapNo, vm.VecPF)
		k.forceFault(t, signal, k.faultKind(mm, addr, signal), addr)
	default:
		k.kernelFault(f, addr, code)
	}
}

// Values of si_code for faults (asm-i386/siginfo.h).
const (
	faultUnmapped  = 0x30001 // SEGV_MAPERR
	faultForbidden = 0x30002 // SEGV_ACCERR
	faultNoObject  = 0x30002 // BUS_ADRERR
	faultIllegal   = 0x30002 // ILL_ILLOPN
	faultDivide    = 0x30001 // FPE_INTDIV
	faultUnaligned = 0x30001 // BUS_ADRALN
)

// faultKind is the si_code of a page fault: whether there is a range at the address.
func (k *Kernel) faultKind(mm, addr uint32, signal int) uint32 {
	if signal == abi.SIGBUS {
		return faultNoObject
	}
	if vma := k.findVMA(mm, addr); vma != 0 && k.mem.Get(vma, k.lay.VMA.Start) <= addr {
		return faultForbidden
	}
	return faultUnmapped
}

// kernelFault ends a page fault of kernel code: at the fixup of its exception table entry, or in an oops.
func (k *Kernel) kernelFault(f Frame, addr, code uint32) {
	if fixup := k.searchExceptions(f.EIP()); fixup != 0 {
		f.SetEIP(fixup)
		return
	}
	k.die(trap{f, vm.VecPF, "Oops", code, abi.SIGSEGV}, &pageFaultReport{addr})
}
