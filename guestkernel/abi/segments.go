// SPDX-License-Identifier: BSD-3-Clause
// Numbers that every 2.4 i386 kernel shares: segment selectors, trap vectors, the address space, pages.
//
// asm-i386/segment.h, desc.h, hw_irq.h, page.h, fixmap.h, pgtable.h, processor.h. The comment behind a constant begins
// with its C name, and a test compares the value with the profile's.

package abi

// Segment selectors (asm-i386/segment.h). The low two bits are the requested privilege level.
const (
	KernelCS = 0x10 // __KERNEL_CS: flat code, DPL 0
	KernelDS = 0x18 // __KERNEL_DS: flat data, DPL 0
	UserCS   = 0x23 // __USER_CS: flat code, DPL 3
	UserDS   = 0x2b // __USER_DS: flat data, DPL 3
)

// Interrupt vectors (asm-i386/hw_irq.h).
const (
	FirstExternalVector = 0x20 // FIRST_EXTERNAL_VECTOR: IRQ 0
	SyscallVector       = 0x80 // SYSCALL_VECTOR: int $0x80
	IDTEntries          = 256  // gates in idt_table
)

// Pages and the two-level page tables without PAE (asm-i386/page.h, pgtable-2level.h). Sizes in bytes.
const (
	PageShift  = 12               // PAGE_SHIFT
	PageSize   = 1 << PageShift   // PAGE_SIZE
	PageMask   = 1<<32 - PageSize // PAGE_MASK
	PgdirShift = 22               // PGDIR_SHIFT
	PgdirSize  = 1 << PgdirShift  // PGDIR_SIZE: what one page directory entry maps
	PtrsPerPGD = 1024             // PTRS_PER_PGD
	PtrsPerPTE = 1024             // PTRS_PER_PTE
)

// Page table entry bits (asm-i386/pgtable.h).
const (
	PagePresent  = 0x001 // _PAGE_PRESENT
	PageRW       = 0x002 // _PAGE_RW
	PageUser     = 0x004 // _PAGE_USER
	PagePWT      = 0x008 // _PAGE_PWT
	PagePCD      = 0x010 // _PAGE_PCD
	PageAccessed = 0x020 // _PAGE_ACCESSED
	PageDirty    = 0x040 // _PAGE_DIRTY
	PagePSE      = 0x080 // _PAGE_PSE: in a directory entry: maps 4 MB
	PageProtNone = 0x080 // _PAGE_PROTNONE: in a table entry without PagePresent: mapped, not accessible
	PageGlobal   = 0x100 // _PAGE_GLOBAL

	PageTableBits  = PagePresent | PageRW | PageUser | PageAccessed | PageDirty // _PAGE_TABLE: an entry that points to a page table
	PageKernelBits = PagePresent | PageRW | PageDirty | PageAccessed            // __PAGE_KERNEL: without PageGlobal
)

// The address space with 3 GB for processes.
const (
	PageOffset     = 0xc0000000             // PAGE_OFFSET: physical address 0 is mapped here
	TaskSize       = PageOffset             // TASK_SIZE: end of user space; USER_DS, the addr_limit of a process
	KernelLimit    = 0xffffffff             // the addr_limit after set_fs(KERNEL_DS)
	StackTop       = TaskSize               // STACK_TOP
	UnmappedBase   = TaskSize / 3           // TASK_UNMAPPED_BASE: where mmap starts to look
	VmallocOffset  = 8 << 20                // VMALLOC_OFFSET: gap between high_memory and VMALLOC_START, and its alignment
	VmallocReserve = 128 << 20              // VMALLOC_RESERVE: address space kept from the linear mapping
	PkmapBase      = 0xfe000000             // PKMAP_BASE: with CONFIG_HIGHMEM
	VmallocEnd     = PkmapBase - 2*PageSize // VMALLOC_END: with CONFIG_HIGHMEM
	FixaddrTop     = 0xffffe000             // FIXADDR_TOP
	KernelText     = PageOffset + 1<<20     // the address of _text
)

// Sizes of the kernel's fixed tables and frequencies of the PC.
const (
	// ThreadSize is the size in bytes of a task's kernel stack, whose base holds the task_struct. The stack is aligned to
	// its size: current is ESP & ^(ThreadSize-1).
	ThreadSize = 2 * PageSize // THREAD_SIZE

	NrSyscalls    = 256     // NR_syscalls: slots of sys_call_table; a number from there on is -ENOSYS without a look at it
	NrIRQs        = 16      // NR_IRQS: lines of the two 8259A
	ClockTickRate = 1193180 // CLOCK_TICK_RATE: of the 8253 timer, in Hz
)

// The global descriptor table (asm-i386/desc.h). Indexes; a selector is an index times eight.
const (
	GDTKernelCode = KernelCS >> 3
	GDTKernelData = KernelDS >> 3
	GDTUserCode   = UserCS >> 3
	GDTUserData   = UserDS >> 3
)

// TSSSelector returns the selector of a CPU's task state segment, __TSS(cpu)<<3. ok is false without constants.
func (p *Profile) TSSSelector(cpu int) (selector uint16, ok bool) {
	return p.perCPUSelector("__FIRST_TSS_ENTRY", cpu)
}

// LDTSelector returns the selector of a CPU's local descriptor table, __LDT(cpu)<<3. ok is false without constants.
func (p *Profile) LDTSelector(cpu int) (selector uint16, ok bool) {
	return p.perCPUSelector("__FIRST_LDT_ENTRY", cpu)
}

// perCPUSelector: every CPU has four descriptors, TSS and LDT the first two of them.
func (p *Profile) perCPUSelector(first string, cpu int) (uint16, bool) {
	const descriptorsPerCPU = 4
	entry, ok := p.Constant(first)
	return uint16(int(entry)+cpu*descriptorsPerCPU) << 3, ok
}
