// SPDX-License-Identifier: BSD-3-Clause
// Where the kernel's own objects lie: the addresses of System.map that the model names.

package guestkernel

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"ring0/guestkernel/abi"
)

// symbols are addresses by name. Every field needs its tag; a name the profile lacks fails Boot.
type symbols struct {
	// The image.
	Text          uint32 `sym:"_text"`
	Stext         uint32 `sym:"_stext"`
	Etext         uint32 `sym:"_etext"`
	InitBegin     uint32 `sym:"__init_begin"`
	InitEnd       uint32 `sym:"__init_end"`
	End           uint32 `sym:"_end"`
	StartExTab    uint32 `sym:"__start___ex_table"`
	StopExTab     uint32 `sym:"__stop___ex_table"`
	StartKsyms    uint32 `sym:"__start___ksymtab"`
	StopKsyms     uint32 `sym:"__stop___ksymtab"`
	StartKallsyms uint32 `sym:"__start___kallsyms"`
	StopKallsyms  uint32 `sym:"__stop___kallsyms"`

	// The CPU's tables.
	SwapperPgDir uint32 `sym:"swapper_pg_dir"`
	EmptyZero    uint32 `sym:"empty_zero_page"`
	GDTTable     uint32 `sym:"gdt_table"`
	GDTDescr     uint32 `sym:"gdt"` // the address word of the operand of LGDT; its limit lies two bytes before
	IDTTable     uint32 `sym:"idt_table"`
	IDTDescr     uint32 `sym:"idt"`
	InitTSS      uint32 `sym:"init_tss"`
	BootCPU      uint32 `sym:"boot_cpu_data"`
	MmuCR4       uint32 `sym:"mmu_cr4_features"`
	SysCallTable uint32 `sym:"sys_call_table"`
	IgnoreInt    uint32 `sym:"ignore_int"`
	Interrupt    uint32 `sym:"interrupt"` // the IRQ stubs, by line
	DefaultLDT   uint32 `sym:"default_ldt"`
	Lcall7       uint32 `sym:"lcall7"` // where the LDT's call gates lead: system calls of other i386 systems
	Lcall27      uint32 `sym:"lcall27"`

	// Tasks.
	InitTask    uint32 `sym:"init_task_union"`
	InitMM      uint32 `sym:"init_mm"`
	InitFs      uint32 `sym:"init_fs"`
	InitFiles   uint32 `sym:"init_files"`
	InitSignals uint32 `sym:"init_signals"`
	RootUser    uint32 `sym:"root_user"`
	ExecDomain  uint32 `sym:"default_exec_domain"`
	Pidhash     uint32 `sym:"pidhash"`
	NrThreads   uint32 `sym:"nr_threads"`
	LastPid     uint32 `sym:"last_pid"`
	TotalForks  uint32 `sym:"total_forks"`
	RetFromFork uint32 `sym:"ret_from_fork"`
	IRQStat     uint32 `sym:"irq_stat"`

	// Memory.
	MemMap       uint32 `sym:"mem_map"`
	MaxMapnr     uint32 `sym:"max_mapnr"`
	NumPhyspages uint32 `sym:"num_physpages"`
	HighMemory   uint32 `sym:"high_memory"`
	ContigPgdat  uint32 `sym:"contig_page_data"`
	PgdatList    uint32 `sym:"pgdat_list"`
	ZoneTable    uint32 `sym:"zone_table"`
	TotalRAM     uint32 `sym:"totalram_pages"`
	Vmlist       uint32 `sym:"vmlist"`

	// Modules.
	ModuleList   uint32 `sym:"module_list"`
	KernelModule uint32 `sym:"kernel_module"`
	Tainted      uint32 `sym:"tainted"`

	// Oops and panic.
	PanicNotifiers uint32 `sym:"panic_notifier_list"`
	PanicTimeout   uint32 `sym:"panic_timeout"`
	OopsInProgress uint32 `sym:"oops_in_progress"`
	ConsolePrintk  uint32 `sym:"console_printk"` // console_loglevel is its first word

	// Functions of kernel/module.c in which a bad address shows as where the real kernel faulted.
	FindModule    uint32 `sym:"find_module"`
	FreeModule    uint32 `sym:"free_module"`
	QmDeps        uint32 `sym:"qm_deps"`
	QmSymbols     uint32 `sym:"qm_symbols"`
	GetKernelSyms uint32 `sym:"sys_get_kernel_syms"`

	// Time and identity.
	Jiffies       uint32 `sym:"jiffies"`
	Xtime         uint32 `sym:"xtime"`
	LoopsPerJiffy uint32 `sym:"loops_per_jiffy"`
	CPUKHz        uint32 `sym:"cpu_khz"`
	SysTz         uint32 `sym:"sys_tz"`
	UdelayTSC     uint32 `sym:"x86_udelay_tsc"`
	SystemUtsname uint32 `sym:"system_utsname"`

	// Interrupts.
	IRQDesc       uint32 `sym:"irq_desc"`
	IRQ0          uint32 `sym:"irq0"`
	IRQ2          uint32 `sym:"irq2"`
	I8259Type     uint32 `sym:"i8259A_irq_type"`
	CachedIRQMask uint32 `sym:"cached_irq_mask"`
	SpuriousMask  uint32 `sym:"spurious_irq_mask.1"`
	IRQErrCount   uint32 `sym:"irq_err_count"`
	ProbeSem      uint32 `sym:"probe_sem"`
	Kstat         uint32 `sym:"kstat"`
	SoftirqVec    uint32 `sym:"softirq_vec"`
	TaskletVec    uint32 `sym:"tasklet_vec"`
	TaskletHiVec  uint32 `sym:"tasklet_hi_vec"`
	BHTaskVec     uint32 `sym:"bh_task_vec"`
	BHBase        uint32 `sym:"bh_base"`
	TqTimer       uint32 `sym:"tq_timer"`
	TqImmediate   uint32 `sym:"tq_immediate"`
	TqDisk        uint32 `sym:"tq_disk"`

	// Timers.
	TV1          uint32 `sym:"tv1"`
	TV2          uint32 `sym:"tv2"`
	TV3          uint32 `sym:"tv3"`
	TV4          uint32 `sym:"tv4"`
	TV5          uint32 `sym:"tv5"`
	TimerJiffies uint32 `sym:"timer_jiffies"`
	RunTimerList uint32 `sym:"run_timer_list_running"`
	WallJiffies  uint32 `sym:"wall_jiffies"`
	Tick         uint32 `sym:"tick"`
	Avenrun      uint32 `sym:"avenrun"`

	// The kernel's threads and chains.
	ChildReaper     uint32 `sym:"child_reaper"`
	TqContext       uint32 `sym:"tq_context"`
	ContextTaskWq   uint32 `sym:"context_task_wq"`
	ContextTaskDone uint32 `sym:"context_task_done"`
	KeventdTask     uint32 `sym:"keventd_task"`
	KeventdRunning  uint32 `sym:"keventd_running"`
	DummyTask       uint32 `sym:"dummy_task"`
	ImeList         uint32 `sym:"ime_list"`
	ModprobePath    uint32 `sym:"modprobe_path"`
	HotplugPath     uint32 `sym:"hotplug_path"`
	NrQueuedSignals uint32 `sym:"nr_queued_signals"`

	// The log (kernel/printk.c). The numbers are the compiler's, of variables inside functions.
	PrintkBuf       uint32 `sym:"printk_buf.4"`
	LogLevelUnknown uint32 `sym:"log_level_unknown.5"`
	MsgLevel        uint32 `sym:"msg_level.3"`
	LogBuf          uint32 `sym:"log_buf"`
	LogStart        uint32 `sym:"log_start"`
	LogEnd          uint32 `sym:"log_end"`
	LoggedChars     uint32 `sym:"logged_chars"`
	LogWait         uint32 `sym:"log_wait"`
	ConsoleSem      uint32 `sym:"console_sem"`

	ConsoleDrivers   uint32 `sym:"console_drivers"`
	PreferredConsole uint32 `sym:"preferred_console"`
	Screen           uint32 `sym:"vt_console_driver"`
	ScreenWrite      uint32 `sym:"vt_console_print"`

	// The library.
	Ctype  uint32 `sym:"_ctype"`
	Strtok uint32 `sym:"___strtok"`

	// Slabs (mm/slab.c).
	CacheCache    uint32 `sym:"cache_cache"`
	CacheSizes    uint32 `sym:"cache_sizes"`
	CacheChainSem uint32 `sym:"cache_chain_sem"`
	ClockSearchp  uint32 `sym:"clock_searchp"`
	SlabBreak     uint32 `sym:"slab_break_gfp_order"`
	OffslabLimit  uint32 `sym:"offslab_limit"`

	// Devices (fs/devices.c, fs/block_dev.c, drivers/char/misc.c).
	Chrdevs    uint32 `sym:"chrdevs"`
	Blkdevs    uint32 `sym:"blkdevs"`
	BdMnt      uint32 `sym:"bd_mnt"`
	MiscList   uint32 `sym:"misc_list"`
	MiscSem    uint32 `sym:"misc_sem"`
	MiscMinors uint32 `sym:"misc_minors"`

	// Resources (kernel/resource.c).
	IoportResource uint32 `sym:"ioport_resource"`
	IomemResource  uint32 `sym:"iomem_resource"`
	BoardPorts     uint32 `sym:"standard_io_resources"`
	CodeResource   uint32 `sym:"code_resource"`
	DataResource   uint32 `sym:"data_resource"`
	Edata          uint32 `sym:"_edata"`
	DMAChannels    uint32 `sym:"dma_chan_busy"`
	NetMsgCost     uint32 `sym:"net_msg_cost"`
	NetMsgBurst    uint32 `sym:"net_msg_burst"`

	// Notifier chains (kernel/sys.c).
	RebootNotifiers uint32 `sym:"reboot_notifier_list"`

	// Files and /proc (fs/proc, fs/file_table.c, fs/dcache.c, fs/devices.c).
	ProcRoot       uint32 `sym:"proc_root"`
	ProcNet        uint32 `sym:"proc_net"`
	ProcBus        uint32 `sym:"proc_bus"`
	ProcRootDriver uint32 `sym:"proc_root_driver"`
	ProcRootFs     uint32 `sym:"proc_root_fs"`
	ProcSysRoot    uint32 `sym:"proc_sys_root"`
	ProcAllocMap   uint32 `sym:"proc_alloc_map"`
	ProcFileOps    uint32 `sym:"proc_file_operations"`
	ProcDirOps     uint32 `sym:"proc_dir_operations"`
	ProcDirIops    uint32 `sym:"proc_dir_inode_operations"`
	ProcLinkIops   uint32 `sym:"proc_link_inode_operations"`
	ProcRootOps    uint32 `sym:"proc_root_operations"`
	ProcRootIops   uint32 `sym:"proc_root_inode_operations"`
	ProcDentryOps  uint32 `sym:"proc_dentry_operations"`
	DefChrFops     uint32 `sym:"def_chr_fops"`
	AnonList       uint32 `sym:"anon_list"`
	FilesStat      uint32 `sym:"files_stat"`
	FilpCachep     uint32 `sym:"filp_cachep"`
	FilesCachep    uint32 `sym:"files_cachep"`
	NamesCachep    uint32 `sym:"names_cachep"`
	InodeCachep    uint32 `sym:"inode_cachep"`
	DentryCache    uint32 `sym:"dentry_cache"`
}

// binder finds the symbols that somebody asked for while System.map is read once.
type binder struct {
	place symbols
	want  map[string]*bound
}

// bound is what is known about a wanted name.
type bound struct {
	addr     uint32    // 0 until it is seen
	into     *uint32   // field of place, or nil
	fn       *Function // row of that name, or nil
	required bool
}

// newBinder returns a binder for the fields of symbols, the functions of the system call table, those with return sites,
// and all that have a row.
func newBinder(functions functionSet, syscalls []string, sites []returnSite) *binder {
	b := &binder{want: make(map[string]*bound, 2*len(functions)+512)}
	for name, fn := range functions {
		b.name(name).fn = fn
	}
	v := reflect.ValueOf(&b.place).Elem()
	for i := range v.NumField() {
		w := b.name(v.Type().Field(i).Tag.Get("sym"))
		w.into, w.required = v.Field(i).Addr().Interface().(*uint32), true
	}
	for _, name := range syscalls {
		b.name(name).required = true
	}
	for _, site := range sites {
		b.name(site.function).required = true
	}
	return b
}

// name returns what is known about a name, making it wanted.
func (b *binder) name(name string) *bound {
	w := b.want[name]
	if w == nil {
		w = &bound{}
		b.want[name] = w
	}
	return w
}

// see takes note of a symbol and returns its row, if it has one. Of several with one name a global one wins.
func (b *binder) see(s abi.Symbol) *Function {
	w := b.want[s.Name]
	if w == nil {
		return nil
	}
	if w.addr == 0 || s.Global() {
		w.addr = s.Addr
		if w.into != nil {
			*w.into = s.Addr
		}
	}
	return w.fn
}

// done checks that everything was found.
func (b *binder) done(p *abi.Profile) error {
	var lacking []string
	for name, w := range b.want {
		if w.addr == 0 && (w.required || w.fn != nil) {
			lacking = append(lacking, name)
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	slices.Sort(lacking)
	return fmt.Errorf("guestkernel: profile %s has no symbols %s", p.Name, strings.Join(lacking, ", "))
}
