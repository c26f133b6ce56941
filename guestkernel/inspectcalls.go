// SPDX-License-Identifier: BSD-3-Clause
// For those who look at a stack: which modelled functions a task is inside of, what a call is about to pass, and what
// becomes of a fault. Nothing here changes anything.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// ServedCall is a modelled function that guest code has called and that has not returned yet.
type ServedCall struct {
	Slot uint32    // the function
	Regs Registers // at entry: ESP points to the return address
}

// enters notes that the task has called a modelled function; leaves that the function is done. There is no task while
// the kernel boots.
func (t *Task) enters(c *Call, traced *TraceEvent) {
	if t != nil {
		t.stand.calls = append(t.stand.calls, callStand{call: c, entered: c.regs, level: len(t.stand.runs), traced: traced})
	}
}

func (t *Task) leaves() {
	if t != nil && len(t.stand.calls) > 0 {
		t.stand.calls = t.stand.calls[:len(t.stand.calls)-1]
	}
}

// TaskOf is the task on whose kernel stack an address lies, or nil.
func (k *Kernel) TaskOf(esp uint32) *Task { return k.taskAt(esp &^ (abi.ThreadSize - 1)) }

// ServedCalls lists the modelled functions the task is inside of, outermost first.
func (t *Task) ServedCalls() (list []ServedCall) {
	for _, s := range t.stand.calls {
		if !s.call.isThread() {
			list = append(list, ServedCall{s.call.Slot, s.entered})
		}
	}
	return list
}

// Waiting returns the registers and EIP with which a task that does not run will go on.
func (t *Task) Waiting() (regs Registers, eip uint32) { return t.cpu.regs, t.cpu.eip }

// IsSlot tells whether a modelled function, or one that is not written, begins at addr.
func (k *Kernel) IsSlot(addr uint32) bool {
	if s, known := k.slots[addr]; known {
		return !s.isSite
	}
	return k.isFunction(addr) && !k.inEntryCode(addr)
}

// IsReturnSite tells whether guest code that modelled code has called returns to addr.
func (k *Kernel) IsReturnSite(addr uint32) bool { return k.slots[addr].isSite }

// inEntryCode tells whether real guest code lies at addr.
func (k *Kernel) inEntryCode(addr uint32) bool {
	for _, part := range k.image.Parts {
		if addr-part.Addr < uint32(len(part.Bytes)) {
			return true
		}
	}
	return false
}

// InEntryCode tells whether addr lies in the guest's entry code and user copies.
func (k *Kernel) InEntryCode(addr uint32) bool { return k.inEntryCode(addr) && !k.IsSlot(addr) }

// DescribeCall writes a call of the function at target whose stack arguments begin at args, as traces have it:
// "printk("<6>hello %s\n", "world")". Those of fast calls are in the registers now. ok is false when no function of the
// kernel begins there.
func (k *Kernel) DescribeCall(target, args uint32) (text string, ok bool) {
	name, offset, ok := k.profile.Lookup(target)
	if !ok || offset != 0 || !k.isFunction(target) {
		return "", false
	}
	c := &Call{Kernel: k, Fn: k.functions[name], Slot: target}
	if c.Fn == nil {
		c.Fn = &Function{Name: name}
		if abi.Regparm3(name) {
			c.Fn.Conv = Regparm3
		}
	}
	for r := range c.regs {
		c.regs[r] = k.m.Reg(r)
	}
	c.regs[vm.ESP] = args - 4 // where the return address is, or will be
	return name + "(" + callDecoder{k, c}.arguments() + ")", true
}

// SyscallText writes the system call that the registers ask for: "getpid()", "create_module(0x804a000, 4096, 0, 0)".
func (k *Kernel) SyscallText(number uint32, regs Registers) string {
	call, known := abi.SyscallByNumber(int(number))
	if !known {
		return fmt.Sprintf("system call %d, which does not exist", number)
	}
	p, err := abi.ParsePrototype(call.Prototype)
	if err != nil {
		return call.Name + "(…)"
	}
	slots := [...]int{vm.EBX, vm.ECX, vm.EDX, vm.ESI, vm.EDI, vm.EBP}
	var args []string
	for _, param := range p.Params {
		if param.Slot+param.Type.Slots() > len(slots) {
			args = append(args, "…")
			break
		}
		v := uint64(regs[slots[param.Slot]])
		if param.Type.Size == 8 {
			v |= uint64(regs[slots[param.Slot+1]]) << 32
		}
		args = append(args, k.valueText(param.Type, v))
	}
	return call.Name + "(" + strings.Join(args, ", ") + ")"
}

// FaultEnd is what becomes of an exception in kernel mode.
type FaultEnd uint8

// Ends of exceptions.
const (
	FaultDies    FaultEnd = iota // in kernel mode an oops, in user mode a signal
	FaultFixed                   // an exception table entry: the code continues elsewhere
	FaultMapped                  // the page is made present and the instruction begins again
	FaultHandled                 // otherwise dealt with: single steps, the FPU switched on
)

// FaultOutcome says what the kernel will do about an exception of the instruction at eip, without doing it: for a page
// fault addr and its error code count. table names whose exception table a fixup is in: a module, or "kernel".
func (k *Kernel) FaultOutcome(vector uint8, eip, addr, code uint32, user bool) (end FaultEnd, fixup uint32, table string) {
	k.quietly(func() { end, fixup, table = k.faultOutcome(vector, eip, addr, code, user) })
	return end, fixup, table
}

func (k *Kernel) faultOutcome(vector uint8, eip, addr, code uint32, user bool) (end FaultEnd, fixup uint32, table string) {
	switch {
	case vector == vm.VecNM:
		return FaultHandled, 0, ""
	case vector == vm.VecDB && !user:
		return FaultHandled, 0, ""
	case vector == vm.VecGP && user && k.running != nil && k.running.proc != nil && eip == k.running.proc.haltAddr():
		return FaultHandled, 0, "" // where a host-driven process waits
	case vector == vm.VecPF && k.faultMaps(addr, code):
		return FaultMapped, 0, ""
	case user:
		return FaultDies, 0, ""
	}
	fixup, table = k.findFixup(eip)
	if fixup != 0 {
		return FaultFixed, fixup, table
	}
	return FaultDies, 0, ""
}

// findFixup is searchExceptions that also says in whose table.
func (k *Kernel) findFixup(eip uint32) (fixup uint32, table string) {
	lay := &k.lay.Module
	for m := range k.modules() {
		start := m.get(lay.ExTableStart)
		if start == 0 || m.flags()&(abi.ModRunning|abi.ModInitializing) == 0 {
			continue
		}
		if fixup := k.searchOneTable(start, m.get(lay.ExTableEnd)-k.lay.ExceptionEntry.Size, eip); fixup != 0 {
			if m.addr == k.sym.KernelModule {
				return fixup, "kernel"
			}
			return fixup, m.name()
		}
	}
	return 0, ""
}

// faultMaps tells whether do_page_fault would make a page present, in its order.
func (k *Kernel) faultMaps(addr, code uint32) bool {
	if addr >= abi.TaskSize && code&(faultUser|faultPresent) == 0 {
		_, ok := k.mem.peek(addr)
		return ok
	}
	if k.running == nil || k.inInterrupt() || k.running.MM() == 0 {
		return false
	}
	return k.rangeAllows(k.running.MM(), addr, code)
}

// rangeAllows tells whether an address space has a range for such an access: the checks of userFault. A page of a file
// that then cannot be read is not foreseen.
func (k *Kernel) rangeAllows(mm, addr, code uint32) bool {
	lay := &k.lay.VMA
	vma := k.findVMA(mm, addr)
	if vma == 0 {
		return false
	}
	flags, start := k.mem.Get(vma, lay.Flags), k.mem.Get(vma, lay.Start)
	if start > addr {
		const stack = 3 // RLIMIT_STACK
		return flags&abi.VMGrowsDown != 0 && k.mem.Get(vma, lay.End)-addr&abi.PageMask <= k.rlimit(k.running, stack)
	}
	if code&faultWrite != 0 {
		return flags&abi.VMWrite != 0
	}
	return code&faultPresent == 0 && flags&(abi.VMRead|abi.VMExec) != 0
}
