// SPDX-License-Identifier: BSD-3-Clause
// The oops: what the kernel prints when its own code faults, and the end of the task that did it
// (2.4.18 arch/i386/kernel/traps.c die, show_registers, show_stack, show_trace; arch/i386/mm/fault.c).
//
// Names for addresses are found in oops_symbol.go, as the vendor's kernel does; ring0's own remark about the exception
// tables is in oops_explain.go.
//
// The real printer trusts the lists it walks and the memory it shows: on a broken one it faults again, prints the next
// oops from within the first and so on, until its stack has run over and the machine resets. This one stops a line where
// it would fault, and says so in a remark.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// pageFaultReport is what an oops prints about a page fault before the registers.
type pageFaultReport struct{ addr uint32 }

// Sizes of what an oops shows.
const (
	oopsStackWords   = 24 // kstack_depth_to_print
	oopsWordsPerLine = 8
	oopsCodeBytes    = 20
	printkBuffer     = 1024 // what one printk can hold, with its NUL
)

// oops prints the oops text of an exception in kernel mode and kills the running task with SIGSEGV. It does not return.
// For a page fault that nobody handled pf says where; else it is nil.
func (k *Kernel) oops(t trap, pf *pageFaultReport) {
	k.tell(Notice{Kind: OopsBegins, Text: k.oopsTitle(t, pf), Frame: t.frame.addr})
	k.note("%s", k.explainTables(t.frame.EIP()))
	k.printOops(t, pf)
	k.exit(abi.SIGSEGV)
}

// oopsTitle is the oops in a line, for whoever looks on.
func (k *Kernel) oopsTitle(t trap, pf *pageFaultReport) string {
	title := fmt.Sprintf("%s: %04x", t.title, t.code&0xffff)
	if pf != nil {
		title += fmt.Sprintf(" at virtual address %08x", pf.addr)
	}
	return title
}

// printOops prints the text: page fault, title, registers (do_page_fault, die).
func (k *Kernel) printOops(t trap, pf *pageFaultReport) {
	if pf != nil {
		k.showPageFault(t.frame, pf.addr)
	}
	k.bustSpinlocks(true)
	k.showBug(t.frame.EIP())
	k.Printk("%s: %04x\n", t.title, t.code&0xffff)
	k.showRegisters(t.frame)
	k.bustSpinlocks(false)
}

// showPageFault prints where a page fault was and what the page tables say about it. The page table's entry is read
// wherever the directory's entry points to, even where that is a 4 MB page.
func (k *Kernel) showPageFault(f Frame, addr uint32) {
	what := "paging request"
	if addr < abi.PageSize {
		what = "NULL pointer dereference"
	}
	k.Printk("<1>Unable to handle kernel %s", what)
	k.Printk(" at virtual address %08x\n", addr)
	k.Printk(" printing eip:\n")
	k.Printk("%08x\n", f.EIP())
	pde := k.m.ReadPhys32(k.m.CR(3)&abi.PageMask + pgdOffset(addr))
	k.Printk("<1>*pde = %08x\n", pde)
	if pde&abi.PagePresent == 0 {
		return
	}
	k.guarded(func() { k.Printk("<1>*pte = %08x\n", k.mem.U32(abi.PageOffset+pde&abi.PageMask+pteOffset(addr))) })
}

// showBug prints the place of a BUG(): behind its ud2 lie the line and the address of the file's name (handle_BUG). Any
// ud2 in kernel space is taken for one.
func (k *Kernel) showBug(eip uint32) {
	const ud2 = 0x0b0f
	if eip < abi.PageOffset {
		return
	}
	var opcode, line uint16
	var file uint32
	if !k.mem.try(func() { opcode = k.mem.U16(eip) }) || opcode != ud2 {
		return
	}
	k.Printk("------------[ cut here ]------------\n")
	if !k.mem.try(func() { line = k.mem.U16(eip + 2) }) {
		k.Printk("Kernel BUG\n")
		return
	}
	name := "<bad filename>"
	if k.mem.try(func() { file = k.mem.U32(eip + 4) }) && file >= abi.PageOffset && k.mem.try(func() { k.mem.U8(file) }) {
		name = k.text(file, printkBuffer)
	}
	k.Printk("kernel BUG at %s:%d!\n", name, line)
}

// showRegisters prints modules, registers, task and, for code at CPL 0, stack, calls and code (show_registers).
func (k *Kernel) showRegisters(f Frame) {
	regs, task := &k.lay.PtRegs, k.Current()
	get := f.Get
	k.showModules()
	k.Printk("CPU:    %d\nEIP:    %04x:[<%08x>]    %s\nEFLAGS: %08x\n", 0, get(regs.CS)&0xffff, f.EIP(), k.taintText(), get(regs.Eflags))
	k.Printk("\nEIP is at %s (%s)\n", k.lookupSymbol(f.EIP()), k.profile.Release)
	k.Printk("eax: %08x   ebx: %08x   ecx: %08x   edx: %08x\n", get(regs.Eax), get(regs.Ebx), get(regs.Ecx), get(regs.Edx))
	k.Printk("esi: %08x   edi: %08x   ebp: %08x   esp: %08x\n", get(regs.Esi), get(regs.Edi), get(regs.Ebp), f.ESP())
	ss := uint32(abi.KernelDS)
	if f.User() {
		ss = get(regs.SS)
	}
	k.Printk("ds: %04x   es: %04x   ss: %04x\n", get(regs.DS)&0xffff, get(regs.ES)&0xffff, ss&0xffff)
	comm, pid := k.lay.Task.Comm, k.lay.Task.Pid
	k.Printk("Process %s (pid: %d, stackpage=%08x)", k.text(task+comm.Off, int(comm.Size)), int32(k.mem.Get(task, pid)), task+abi.PageSize)
	if !f.User() {
		k.Printk("\nStack: ")
		k.showStack(f.ESP())
		k.Printk("\nCode: ")
		k.showCode(f.EIP())
	}
	k.Printk("\n")
	k.Printk(" ")
}

// showModules prints the names on module_list, the empty one of the kernel's own entry included.
func (k *Kernel) showModules() {
	k.guarded(func() {
		for m := range k.modules() {
			name, _ := k.mem.CString(m.get(k.lay.Module.Name), printkBuffer-2)
			k.Printk("%s ", name)
		}
	})
	k.Printk("\n")
}

// taintText is print_tainted: which kinds of modules the kernel has seen.
func (k *Kernel) taintText() string {
	const proprietary, forced = 1, 2
	tainted := k.mem.U32(k.sym.Tainted)
	if tainted == 0 {
		return "Not tainted"
	}
	text := []byte("Tainted: G ")
	if tainted&proprietary != 0 {
		text[len(text)-2] = 'P'
	}
	if tainted&forced != 0 {
		text[len(text)-1] = 'F'
	}
	return string(text)
}

// showStack prints the words from esp on, but not beyond the end of the stack, and the calls among them.
func (k *Kernel) showStack(esp uint32) {
	k.guarded(func() {
		for i := range uint32(oopsStackWords) {
			at := esp + 4*i
			if at%abi.ThreadSize == 0 {
				break
			}
			if i > 0 && i%oopsWordsPerLine == 0 {
				k.Printk("\n       ")
			}
			k.Printk("%08x ", k.mem.U32(at))
		}
	})
	k.Printk("\n")
	k.showTrace(esp)
}

// showTrace prints every word from esp to the end of the stack that is an address in kernel or module code: the calls that
// led here, and what older ones have left behind.
func (k *Kernel) showTrace(esp uint32) {
	k.Printk("Call Trace: ")
	k.guarded(func() {
		code := k.codeRanges()
		for at := esp; at%abi.ThreadSize != 0; at += 4 {
			if addr := k.mem.U32(at); isCode(code, addr) {
				k.Printk("[<%08x>] %s (0x%08x))\n", addr, k.lookupSymbol(addr), at)
			}
		}
	})
	k.Printk("\n")
}

// codeRange is addresses that a stack trace takes for code, both ends included.
type codeRange struct{ first, last uint32 }

// codeRanges lists the kernel's text and, whole, the modules behind their headers (kernel_text_address).
func (k *Kernel) codeRanges() []codeRange {
	code := []codeRange{{k.sym.Stext, k.sym.Etext}}
	for m := range k.loaded() {
		code = append(code, codeRange{m.addr + m.get(k.lay.Module.SizeOfStruct), m.addr + m.get(k.lay.Module.ModuleSize)})
	}
	return code
}

func isCode(code []codeRange, addr uint32) bool {
	for _, r := range code {
		if addr >= r.first && addr <= r.last {
			return true
		}
	}
	return false
}

// showCode prints the bytes at eip as far as they can be read.
func (k *Kernel) showCode(eip uint32) {
	for i := range uint32(oopsCodeBytes) {
		var b uint8
		if eip < abi.PageOffset || !k.mem.try(func() { b = k.mem.U8(eip + i) }) {
			k.Printk(" Bad EIP value.")
			return
		}
		k.Printk("%02x ", b)
	}
}

// guarded runs a part of the printer that may meet bad memory.
func (k *Kernel) guarded(print func()) {
	if !k.mem.try(print) {
		k.note("the oops printer met a bad address: 2.4.18 would oops again, from inside the oops, until the machine resets")
	}
}

// text reads a string for printing: up to its NUL, limit bytes or bad memory.
func (k *Kernel) text(addr uint32, limit int) string {
	var b strings.Builder
	k.guarded(func() {
		for i := range limit {
			c := k.mem.U8(addr + uint32(i))
			if c == 0 {
				return
			}
			b.WriteByte(c)
		}
	})
	return b.String()
}

// hexOffset is a symbol's offset as oopses write it.
func hexOffset(name, mod string, offset uint32) string {
	return fmt.Sprintf("%s [%s] 0x%x", name, mod, offset)
}
