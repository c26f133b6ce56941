// SPDX-License-Identifier: BSD-3-Clause
// The kernel's objects as a debugger lists them. All of it is read from guest memory at the moment of asking; a list that a
// module has broken ends where it breaks.

package guestkernel

import (
	"strings"

	"ring0/guestkernel/abi"
)

// maxInspected bounds every list: a broken one may go on and on.
const maxInspected = 1 << 12

// ModuleInfo is a struct module of module_list.
type ModuleInfo struct {
	Addr, Size    uint32
	Name          string
	UseCount      int32
	Flags         uint32 // MOD_RUNNING …: FlagNames spells them
	Init, Cleanup uint32
	Users         []string // modules that need this one
}

// FlagNames are the flags that are set, as /proc/modules and the headers call them.
func (m ModuleInfo) FlagNames() []string {
	var names []string
	for _, f := range []struct {
		bit  uint32
		name string
	}{
		{abi.ModUninitialized, "uninitialized"}, {abi.ModInitializing, "initializing"}, {abi.ModRunning, "running"},
		{abi.ModDeleted, "deleted"}, {abi.ModAutoclean, "autoclean"}, {abi.ModVisited, "visited"}, {abi.ModUsedOnce, "used once"},
		{abi.ModJustFreed, "just freed"},
	} {
		if m.Flags&f.bit != 0 || f.bit == 0 && m.Flags&(abi.ModRunning|abi.ModInitializing|abi.ModDeleted) == 0 {
			names = append(names, f.name)
		}
	}
	return names
}

// ModuleList is module_list, newest first, without kernel_module.
func (k *Kernel) ModuleList() (list []ModuleInfo) {
	lay := &k.lay.Module
	k.inspect(func() {
		for m := range k.modules() {
			if m.addr == k.sym.KernelModule || len(list) == maxInspected {
				return
			}
			info := ModuleInfo{
				Addr: m.addr, Size: m.get(lay.ModuleSize), Name: m.name(), UseCount: int32(m.get(lay.Usecount)), Flags: m.flags(),
				Init: m.get(lay.Init), Cleanup: m.get(lay.Cleanup),
			}
			list = append(list, info)
			for ref := range m.refs() {
				if user := (module{k, k.mem.Get(ref, k.lay.ModuleRef.Ref)}); len(info.Users) < maxInspected {
					info.Users = append(info.Users, user.name())
				}
			}
			list[len(list)-1] = info
		}
	})
	return list
}

// inspect reads guest memory for a report: nobody is told of the accesses, no remark is kept, and a bad address ends it.
func (k *Kernel) inspect(f func()) {
	notes := len(k.notes)
	k.quietly(f)
	k.notes = k.notes[:notes]
}

// VmallocArea is an area of vmlist; Size includes the guard page.
type VmallocArea struct {
	Addr, Size, Flags uint32
}

// VmallocAreas is vmlist, by address.
func (k *Kernel) VmallocAreas() (list []VmallocArea) {
	lay := &k.lay.VMStruct
	k.inspect(func() {
		for at := range k.chain("vmlist", k.mem.U32(k.sym.Vmlist), lay.Next) {
			if len(list) == maxInspected {
				return
			}
			list = append(list, VmallocArea{k.mem.Get(at, lay.Addr), k.mem.Get(at, lay.AreaSize), k.mem.Get(at, lay.Flags)})
		}
	})
	return list
}

// ExceptionTable is the exception table of a module, or of the kernel.
type ExceptionTable struct {
	Module     string // "" for the kernel
	Start, End uint32
	Active     bool // the search asks it: its module runs or initialises
	Entries    []ExceptionEntry
}

// ExceptionEntry says where a fault of an instruction continues.
type ExceptionEntry struct{ Insn, Fixup uint32 }

// ExceptionTables are all tables in the order in which they are searched.
func (k *Kernel) ExceptionTables() (list []ExceptionTable) {
	lay, entry := &k.lay.Module, &k.lay.ExceptionEntry
	k.inspect(func() {
		for m := range k.modules() {
			start, end := m.get(lay.ExTableStart), m.get(lay.ExTableEnd)
			if start == 0 || end < start {
				continue
			}
			t := ExceptionTable{Start: start, End: end, Active: m.flags()&(abi.ModRunning|abi.ModInitializing) != 0}
			if m.addr != k.sym.KernelModule {
				t.Module = m.name()
			}
			list = append(list, t)
			for at := start; at < end && len(t.Entries) < maxInspected; at += entry.Size {
				t.Entries = append(t.Entries, ExceptionEntry{k.mem.Get(at, entry.Insn), k.mem.Get(at, entry.Fixup)})
				list[len(list)-1] = t
			}
		}
	})
	return list
}

// FixupOf is where a fault at eip would continue, as the kernel would search now; 0 for nowhere.
func (k *Kernel) FixupOf(eip uint32) (fixup uint32) {
	k.inspect(func() { fixup = k.searchExceptions(eip) })
	return fixup
}

// TaskInfo is a task_struct.
type TaskInfo struct {
	Addr    uint32
	Pid     int32
	Parent  int32
	Comm    string
	State   uint32
	UID     uint32
	Current bool   // the machine executes it
	EIP     uint32 // where it goes on when it runs again; 0 for the current one
}

// StateLetter is the state as ps shows it.
func (t TaskInfo) StateLetter() string {
	if t.Current {
		return "R"
	}
	letters := "RSDZT"
	for i, bit := range []uint32{0, 1, 2, 4, 8} {
		if t.State == bit {
			return letters[i : i+1]
		}
	}
	return "?"
}

// TaskList is the ring of tasks that begins with init_task.
func (k *Kernel) TaskList() (list []TaskInfo) {
	lay := &k.lay.Task
	current := k.Current()
	k.inspect(func() {
		first := k.sym.InitTask
		seen := map[uint32]bool{}
		for at := first; at != 0 && !seen[at] && len(list) < maxInspected; at = k.mem.Get(at, lay.NextTask) {
			seen[at] = true
			t := TaskInfo{
				Addr: at, Pid: int32(k.mem.Get(at, lay.Pid)), State: k.mem.Get(at, lay.State), UID: k.mem.Get(at, lay.Uid),
				Comm: strings.TrimRight(k.text(at+lay.Comm.Off, int(lay.Comm.Size)), "\x00"), Current: at == current && k.running != nil,
			}
			if parent := k.mem.Get(at, lay.PPptr); parent != 0 {
				t.Parent = int32(k.mem.Get(parent, lay.Pid))
			}
			if host := k.taskAt(at); host != nil && !t.Current {
				t.EIP = host.cpu.eip
			}
			list = append(list, t)
		}
	})
	return list
}

// TimerInfo is a struct timer_list that is pending.
type TimerInfo struct {
	Addr, Expires, Function, Data uint32
	In                            int32 // ticks from now
}

// PendingTimers are the timers in the vectors, soonest first as the vectors have them.
func (k *Kernel) PendingTimers() (list []TimerInfo) {
	lay := &k.lay.Timer
	k.inspect(func() {
		now := k.jiffies()
		for n := range timerVectors {
			for i := range vectorLength(n) {
				head := k.timerList(n, i)
				for at := k.mem.U32(head); at != head && at != 0 && len(list) < maxInspected; at = k.mem.U32(at) {
					timer := at - lay.List.Off
					expires := k.mem.Get(timer, lay.Expires)
					list = append(list, TimerInfo{timer, expires, k.mem.Get(timer, lay.Function), k.mem.Get(timer, lay.Data), int32(expires - now)})
				}
			}
		}
	})
	return list
}

// IRQInfo is a handler of an interrupt line.
type IRQInfo struct {
	Line            uint32
	Count           uint32
	Handler, Device uint32
	Name            string
}

// IRQHandlers are the handlers of all lines.
func (k *Kernel) IRQHandlers() (list []IRQInfo) {
	lay := &k.lay.IRQAction
	counts := k.sym.Kstat + k.lay.KernelStat.Irqs.Off
	k.inspect(func() {
		for line := range uint32(abi.NrIRQs) {
			for at := range k.chain("irqaction", k.mem.Get(k.irqDesc(line), k.lay.IRQDesc.Action), lay.Next) {
				if len(list) == maxInspected {
					return
				}
				list = append(list, IRQInfo{line, k.mem.U32(counts + 4*line), k.mem.Get(at, lay.Handler), k.mem.Get(at, lay.DevId),
					k.text(k.mem.Get(at, lay.Name), printkBufLen)})
			}
		}
	})
	return list
}
