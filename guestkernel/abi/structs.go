// SPDX-License-Identifier: BSD-3-Clause
// The structures the kernel model works with: modules, address spaces, pages, the CPU. Tasks and what hangs on them are
// in structs_task.go, what modules hand to the kernel in structs_driver.go.
//
// Each Go struct is bound by its tags (see [Profile.Bind]); names are the C names in Go's spelling. A field marked
// optional does not exist in every profile.

package abi

import (
	"fmt"
	"reflect"
	"strings"
)

// Structs has the bound layouts of one profile.
type Structs struct {
	Module         ModuleLayout         `c:"struct module"`
	ModuleSymbol   ModuleSymbolLayout   `c:"struct module_symbol"`
	ModuleRef      ModuleRefLayout      `c:"struct module_ref"`
	KernelSym      KernelSymLayout      `c:"struct kernel_sym"`
	ExceptionEntry ExceptionEntryLayout `c:"struct exception_table_entry"`

	Task          TaskLayout          `c:"struct task_struct"`
	Fs            FsLayout            `c:"struct fs_struct"`
	Files         FilesLayout         `c:"struct files_struct"`
	Signal        SignalLayout        `c:"struct signal_struct"`
	KSigaction    KSigactionLayout    `c:"struct k_sigaction"`
	PtRegs        PtRegsLayout        `c:"struct pt_regs"`
	TSS           TSSLayout           `c:"struct tss_struct"`
	CPUInfo       CPUInfoLayout       `c:"struct cpuinfo_x86"`
	IRQCPUStat    IRQCPUStatLayout    `c:"irq_cpustat_t"`
	ListHead      ListHeadLayout      `c:"struct list_head"`
	WaitQueueHead WaitQueueHeadLayout `c:"wait_queue_head_t"`
	WaitQueue     WaitQueueLayout     `c:"wait_queue_t"`
	Semaphore     SemaphoreLayout     `c:"struct semaphore"`
	RwSemaphore   RwSemaphoreLayout   `c:"struct rw_semaphore"`
	Completion    CompletionLayout    `c:"struct completion"`
	NewUtsname    NewUtsnameLayout    `c:"struct new_utsname"`

	MM       MMLayout       `c:"struct mm_struct"`
	VMA      VMALayout      `c:"struct vm_area_struct"`
	VMStruct VMStructLayout `c:"struct vm_struct"`
	Page     PageLayout     `c:"struct page"`
	Zone     ZoneLayout     `c:"zone_t"`
	FreeArea FreeAreaLayout `c:"free_area_t"`
	PgData   PgDataLayout   `c:"pg_data_t"`

	KmemCache  KmemCacheLayout  `c:"struct kmem_cache_s"`
	Slab       SlabLayout       `c:"struct slab_s"`
	CacheSizes CacheSizesLayout `c:"struct cache_sizes"`
	Console    ConsoleLayout    `c:"struct console"`

	Timer          TimerLayout          `c:"struct timer_list"`
	Timeval        TimevalLayout        `c:"struct timeval"`
	Tasklet        TaskletLayout        `c:"struct tasklet_struct"`
	TaskQueue      TaskQueueLayout      `c:"struct tq_struct"`
	SoftirqAction  SoftirqActionLayout  `c:"struct softirq_action"`
	TaskletHead    TaskletHeadLayout    `c:"struct tasklet_head"`
	IRQAction      IRQActionLayout      `c:"struct irqaction"`
	IRQDesc        IRQDescLayout        `c:"irq_desc_t"`
	IRQType        IRQTypeLayout        `c:"struct hw_interrupt_type"`
	KernelStat     KernelStatLayout     `c:"struct kernel_stat"`
	Sigqueue       SigqueueLayout       `c:"struct sigqueue"`
	Siginfo        SiginfoLayout        `c:"struct siginfo"`
	PMDev          PMDevLayout          `c:"struct pm_dev"`
	FileOperations FileOperationsLayout `c:"struct file_operations"`
	File           FileLayout           `c:"struct file"`
	Inode          InodeLayout          `c:"struct inode"`
	Dentry         DentryLayout         `c:"struct dentry"`
	Resource       ResourceLayout       `c:"struct resource"`
	NotifierBlock  NotifierBlockLayout  `c:"struct notifier_block"`
	ProcDirEntry   ProcDirEntryLayout   `c:"struct proc_dir_entry"`
	MiscDevice     MiscDeviceLayout     `c:"struct miscdevice"`

	RequestQueue RequestQueueLayout `c:"struct request_queue"`
	RequestList  RequestListLayout  `c:"struct request_list"`
	Request      RequestLayout      `c:"struct request"`
	Elevator     ElevatorLayout     `c:"struct elevator_s"`
	Mempool      MempoolLayout      `c:"struct mempool_s,optional"`
	MempoolNode  MempoolNodeLayout  `c:"struct mempool_node_s,optional"`
}

// Structs binds every layout declared in this package. It is meant to be called once, when a kernel is set up.
func (p *Profile) Structs() (*Structs, error) {
	var all Structs
	value := reflect.ValueOf(&all).Elem()
	for i := range value.NumField() {
		tag, optional := strings.CutSuffix(value.Type().Field(i).Tag.Get("c"), ",optional")
		if _, err := p.Struct(tag); err != nil && optional {
			continue // Size stays 0: the profile's kernel does not have it
		}
		if err := p.Bind(tag, value.Field(i).Addr().Interface()); err != nil {
			return nil, fmt.Errorf("abi: profile %s: %w", p.Name, err)
		}
	}
	return &all, nil
}

// ModuleLayout is struct module, the 96 bytes in front of every module's code (linux/module.h).
type ModuleLayout struct {
	Size          uint32 `c:"(sizeof)"`       // bytes
	SizeOfStruct  Field  `c:"size_of_struct"` // as user space filled it in: 96, or 60 from old tools
	Next          Field  `c:"next"`           // the list is newest first and ends with kernel_module
	Name          Field  `c:"name"`
	ModuleSize    Field  `c:"size"` // header, name and image
	Usecount      Field  `c:"uc.usecount"`
	Flags         Field  `c:"flags"` // MOD_RUNNING and so on
	Nsyms         Field  `c:"nsyms"`
	Ndeps         Field  `c:"ndeps"`
	Syms          Field  `c:"syms"` // array of nsyms module_symbol
	Deps          Field  `c:"deps"` // array of ndeps module_ref: what this module needs
	Refs          Field  `c:"refs"` // list of module_ref: who needs this module
	Init          Field  `c:"init"`
	Cleanup       Field  `c:"cleanup"`
	ExTableStart  Field  `c:"ex_table_start"`
	ExTableEnd    Field  `c:"ex_table_end"`
	PersistStart  Field  `c:"persist_start"`
	PersistEnd    Field  `c:"persist_end"`
	CanUnload     Field  `c:"can_unload"`
	Runsize       Field  `c:"runsize"`
	KallsymsStart Field  `c:"kallsyms_start"`
	KallsymsEnd   Field  `c:"kallsyms_end"`
	ArchdataStart Field  `c:"archdata_start"`
	ArchdataEnd   Field  `c:"archdata_end"`
	KernelData    Field  `c:"kernel_data"`
}

// ModuleSymbolLayout is struct module_symbol: one exported symbol.
type ModuleSymbolLayout struct {
	Size  uint32 `c:"(sizeof)"` // bytes
	Value Field  `c:"value"`
	Name  Field  `c:"name"`
}

// ModuleRefLayout is struct module_ref: one dependency, a member of dep's list of references.
type ModuleRefLayout struct {
	Size    uint32 `c:"(sizeof)"` // bytes
	Dep     Field  `c:"dep"`
	Ref     Field  `c:"ref"`
	NextRef Field  `c:"next_ref"`
}

// KernelSymLayout is struct kernel_sym: what get_kernel_syms(2) fills in.
type KernelSymLayout struct {
	Size  uint32 `c:"(sizeof)"` // bytes
	Value Field  `c:"value"`
	Name  Field  `c:"name"`
}

// ExceptionEntryLayout is struct exception_table_entry: if insn faults, continue at fixup.
type ExceptionEntryLayout struct {
	Size  uint32 `c:"(sizeof)"` // bytes
	Insn  Field  `c:"insn"`
	Fixup Field  `c:"fixup"`
}

// MMLayout is struct mm_struct: a process's address space (linux/sched.h).
type MMLayout struct {
	Size        uint32 `c:"(sizeof)"` // bytes
	Mmap        Field  `c:"mmap"`     // first vm_area_struct, by address
	MmRb        Field  `c:"mm_rb"`
	MmapCache   Field  `c:"mmap_cache"`
	Pgd         Field  `c:"pgd"`      // kernel virtual address of the page directory
	MmUsers     Field  `c:"mm_users"` // threads and temporary users
	MmCount     Field  `c:"mm_count"` // mm_users as one, and lazy users
	MapCount    Field  `c:"map_count"`
	MmapSem     Field  `c:"mmap_sem"`
	Mmlist      Field  `c:"mmlist"`
	StartCode   Field  `c:"start_code"`
	EndCode     Field  `c:"end_code"`
	StartData   Field  `c:"start_data"`
	EndData     Field  `c:"end_data"`
	StartBrk    Field  `c:"start_brk"`
	Brk         Field  `c:"brk"`
	StartStack  Field  `c:"start_stack"`
	ArgStart    Field  `c:"arg_start"`
	ArgEnd      Field  `c:"arg_end"`
	EnvStart    Field  `c:"env_start"`
	EnvEnd      Field  `c:"env_end"`
	Rss         Field  `c:"rss"`
	TotalVm     Field  `c:"total_vm"`
	LockedVm    Field  `c:"locked_vm"`
	DefFlags    Field  `c:"def_flags"`
	CpuVmMask   Field  `c:"cpu_vm_mask"`
	RlimitRss   Field  `c:"rlimit_rss,optional"`
	SwapAddress Field  `c:"swap_address,optional"`
	Dumpable    Field  `c:"dumpable"`
	Context     Field  `c:"context"`
}

// VMALayout is struct vm_area_struct: one mapped range of a process (linux/mm.h).
type VMALayout struct {
	Size        uint32 `c:"(sizeof)"` // bytes
	MM          Field  `c:"vm_mm"`
	Start       Field  `c:"vm_start"`
	End         Field  `c:"vm_end"` // first address behind the range
	Next        Field  `c:"vm_next"`
	PageProt    Field  `c:"vm_page_prot"`
	Flags       Field  `c:"vm_flags"`
	RB          Field  `c:"vm_rb"`
	NextShare   Field  `c:"vm_next_share"`
	PprevShare  Field  `c:"vm_pprev_share"`
	Ops         Field  `c:"vm_ops"`
	Pgoff       Field  `c:"vm_pgoff"`
	File        Field  `c:"vm_file"`
	Raend       Field  `c:"vm_raend"`
	PrivateData Field  `c:"vm_private_data"`
}

// VMStructLayout is struct vm_struct: one area of vmlist (linux/vmalloc.h).
type VMStructLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	Flags    Field  `c:"flags"`    // VM_ALLOC or VM_IOREMAP
	Addr     Field  `c:"addr"`
	AreaSize Field  `c:"size"` // bytes, with the guard page
	Next     Field  `c:"next"`
}

// PageLayout is struct page: one page frame in mem_map (linux/mm.h).
type PageLayout struct {
	Size      uint32 `c:"(sizeof)"` // bytes
	List      Field  `c:"list"`
	Mapping   Field  `c:"mapping"`
	Index     Field  `c:"index"`
	NextHash  Field  `c:"next_hash"`
	Count     Field  `c:"count"`
	Flags     Field  `c:"flags"` // PG_locked and so on; the zone in the top byte
	Lru       Field  `c:"lru"`
	Age       Field  `c:"age,optional"`
	PteChain  Field  `c:"pte_chain,optional"`
	PprevHash Field  `c:"pprev_hash"`
	Buffers   Field  `c:"buffers"`
	Virtual   Field  `c:"virtual,optional"` // kernel address, with CONFIG_HIGHMEM
}

// ZoneLayout is struct zone_struct (linux/mmzone.h).
type ZoneLayout struct {
	Size               uint32 `c:"(sizeof)"` // bytes
	FreePages          Field  `c:"free_pages"`
	ActivePages        Field  `c:"active_pages,optional"`
	InactiveDirtyPages Field  `c:"inactive_dirty_pages,optional"`
	InactiveCleanPages Field  `c:"inactive_clean_pages,optional"`
	NrActivePages      Field  `c:"nr_active_pages,optional"`
	NrInactivePages    Field  `c:"nr_inactive_pages,optional"`
	PagesMin           Field  `c:"pages_min,optional"`
	PagesLow           Field  `c:"pages_low,optional"`
	PagesHigh          Field  `c:"pages_high,optional"`
	NeedBalance        Field  `c:"need_balance"`
	FreeArea           Field  `c:"free_area"` // one free_area_t per order
	WaitTable          Field  `c:"wait_table"`
	WaitTableSize      Field  `c:"wait_table_size"`
	WaitTableShift     Field  `c:"wait_table_shift"`
	ZonePgdat          Field  `c:"zone_pgdat"`
	ZoneMemMap         Field  `c:"zone_mem_map"`
	ZoneStartPaddr     Field  `c:"zone_start_paddr"`
	ZoneStartMapnr     Field  `c:"zone_start_mapnr"`
	Name               Field  `c:"name"`
	ZoneSize           Field  `c:"size"` // pages
}

// FreeAreaLayout is struct free_area_struct: the free blocks of one order.
type FreeAreaLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	FreeList Field  `c:"free_list"`
	Map      Field  `c:"map"`
}

// PgDataLayout is struct pglist_data: a memory node (contig_page_data).
type PgDataLayout struct {
	Size           uint32 `c:"(sizeof)"` // bytes
	NodeZones      Field  `c:"node_zones"`
	NodeZonelists  Field  `c:"node_zonelists"`
	NrZones        Field  `c:"nr_zones"`
	NodeMemMap     Field  `c:"node_mem_map"`
	NodeStartPaddr Field  `c:"node_start_paddr"`
	NodeStartMapnr Field  `c:"node_start_mapnr"`
	NodeSize       Field  `c:"node_size"` // pages
	NodeId         Field  `c:"node_id"`
	NodeNext       Field  `c:"node_next"`
}

// PtRegsLayout is struct pt_regs: what the entry code pushes, lowest address first (asm-i386/ptrace.h).
type PtRegsLayout struct {
	Size    uint32 `c:"(sizeof)"` // bytes
	Ebx     Field  `c:"ebx"`
	Ecx     Field  `c:"ecx"`
	Edx     Field  `c:"edx"`
	Esi     Field  `c:"esi"`
	Edi     Field  `c:"edi"`
	Ebp     Field  `c:"ebp"`
	Eax     Field  `c:"eax"`
	DS      Field  `c:"xds"`
	ES      Field  `c:"xes"`
	OrigEax Field  `c:"orig_eax"` // system call number; for an interrupt the vector minus 256
	Eip     Field  `c:"eip"`
	CS      Field  `c:"xcs"`
	Eflags  Field  `c:"eflags"`
	Esp     Field  `c:"esp"` // this and xss only when the trap came from CPL 3
	SS      Field  `c:"xss"`
}

// TSSLayout is struct tss_struct: the hardware's task state segment and the I/O bitmap (asm-i386/processor.h).
type TSSLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	BackLink Field  `c:"back_link"`
	Esp0     Field  `c:"esp0"`
	SS0      Field  `c:"ss0"`
	Esp1     Field  `c:"esp1"`
	SS1      Field  `c:"ss1"`
	Esp2     Field  `c:"esp2"`
	SS2      Field  `c:"ss2"`
	CR3      Field  `c:"__cr3"`
	Eip      Field  `c:"eip"`
	Eflags   Field  `c:"eflags"`
	Eax      Field  `c:"eax"`
	Ecx      Field  `c:"ecx"`
	Edx      Field  `c:"edx"`
	Ebx      Field  `c:"ebx"`
	Esp      Field  `c:"esp"`
	Ebp      Field  `c:"ebp"`
	Esi      Field  `c:"esi"`
	Edi      Field  `c:"edi"`
	ES       Field  `c:"es"`
	CS       Field  `c:"cs"`
	SS       Field  `c:"ss"`
	DS       Field  `c:"ds"`
	FS       Field  `c:"fs"`
	GS       Field  `c:"gs"`
	LDT      Field  `c:"ldt"`
	Trace    Field  `c:"trace"`
	Bitmap   Field  `c:"bitmap"` // offset of io_bitmap, or INVALID_IO_BITMAP_OFFSET
	IoBitmap Field  `c:"io_bitmap"`
}

// CPUInfoLayout is struct cpuinfo_x86, the type of boot_cpu_data and cpu_data (asm-i386/processor.h).
type CPUInfoLayout struct {
	Size           uint32 `c:"(sizeof)"` // bytes
	Family         Field  `c:"x86"`
	Vendor         Field  `c:"x86_vendor"`
	Model          Field  `c:"x86_model"`
	Mask           Field  `c:"x86_mask"` // stepping
	WpWorksOk      Field  `c:"wp_works_ok"`
	HltWorksOk     Field  `c:"hlt_works_ok"`
	HardMath       Field  `c:"hard_math"`
	Rfu            Field  `c:"rfu"`
	CpuidLevel     Field  `c:"cpuid_level"`
	Capability     Field  `c:"x86_capability"`    // the feature words
	Capability0    Field  `c:"x86_capability[0]"` // CPUID 1, EDX
	VendorID       Field  `c:"x86_vendor_id"`
	ModelID        Field  `c:"x86_model_id"`
	CacheSize      Field  `c:"x86_cache_size"` // KB
	FdivBug        Field  `c:"fdiv_bug"`
	F00fBug        Field  `c:"f00f_bug"`
	ComaBug        Field  `c:"coma_bug"`
	LoopsPerJiffy  Field  `c:"loops_per_jiffy"`
	PgdQuick       Field  `c:"pgd_quick"`
	PmdQuick       Field  `c:"pmd_quick"`
	PteQuick       Field  `c:"pte_quick"`
	PgtableCacheSz Field  `c:"pgtable_cache_sz"`
}

// IRQCPUStatLayout is irq_cpustat_t, the element of irq_stat (asm-i386/hardirq.h).
type IRQCPUStatLayout struct {
	Size           uint32 `c:"(sizeof)"` // bytes
	SoftirqPending Field  `c:"__softirq_pending"`
	LocalIRQCount  Field  `c:"__local_irq_count"`
	LocalBHCount   Field  `c:"__local_bh_count"`
	SyscallCount   Field  `c:"__syscall_count"`
	KsoftirqdTask  Field  `c:"__ksoftirqd_task"`
	IdleTimestamp  Field  `c:"idle_timestamp,optional"`
	NMICount       Field  `c:"__nmi_count"`
}
