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
	Text       uint32 `sym:"_text"`
	Etext      uint32 `sym:"_etext"`
	InitBegin  uint32 `sym:"__init_begin"`
	InitEnd    uint32 `sym:"__init_end"`
	End        uint32 `sym:"_end"`
	StartExTab uint32 `sym:"__start___ex_table"`
	StopExTab  uint32 `sym:"__stop___ex_table"`
	StartKsyms uint32 `sym:"__start___ksymtab"`
	StopKsyms  uint32 `sym:"__stop___ksymtab"`

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

	// Time and identity.
	Jiffies       uint32 `sym:"jiffies"`
	Xtime         uint32 `sym:"xtime"`
	LoopsPerJiffy uint32 `sym:"loops_per_jiffy"`
	CPUKHz        uint32 `sym:"cpu_khz"`
	SystemUtsname uint32 `sym:"system_utsname"`
}

// binder collects the symbols that somebody asked for while System.map is read once.
type binder struct {
	place symbols
	want  map[string]*uint32 // into place
	other map[string]uint32  // system calls and functions with return sites
}

// newBinder returns a binder for the fields of symbols, the functions of the system call table and those of return sites.
func newBinder(syscalls []string, sites []returnSite) *binder {
	b := &binder{want: make(map[string]*uint32, 128), other: make(map[string]uint32, 256)}
	v := reflect.ValueOf(&b.place).Elem()
	for i := range v.NumField() {
		b.want[v.Type().Field(i).Tag.Get("sym")] = v.Field(i).Addr().Interface().(*uint32)
	}
	for _, name := range syscalls {
		b.other[name] = 0
	}
	for _, site := range sites {
		b.other[site.function] = 0
	}
	return b
}

// see takes note of a symbol. Of several with one name a global one wins.
func (b *binder) see(s abi.Symbol) {
	if p, wanted := b.want[s.Name]; wanted && (*p == 0 || s.Global()) {
		*p = s.Addr
	}
	if addr, wanted := b.other[s.Name]; wanted && (addr == 0 || s.Global()) {
		b.other[s.Name] = s.Addr
	}
}

// done checks that everything was found.
func (b *binder) done(p *abi.Profile) error {
	var lacking []string
	for name, addr := range b.want {
		if *addr == 0 {
			lacking = append(lacking, name)
		}
	}
	for name, addr := range b.other {
		if addr == 0 {
			lacking = append(lacking, name)
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	slices.Sort(lacking)
	return fmt.Errorf("guestkernel: profile %s has no symbols %s", p.Name, strings.Join(lacking, ", "))
}
