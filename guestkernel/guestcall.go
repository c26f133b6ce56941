// SPDX-License-Identifier: BSD-3-Clause
// Calls from modelled code into guest code: a module's init, a file operation, a timer.

package guestkernel

import "ring0/vm"

// A GuestCall describes a call of a guest function by modelled code.
type GuestCall struct {
	Fn       uint32
	Args     []uint32
	Conv     Conv       // CDecl or Regparm3
	ReturnTo uint32     // the return address, one of the kernel's return sites; 0: the common one, guest_return
	Regs     *Registers // general registers at entry, ESP excepted; nil: as they are
}

// Registers are general registers by number: vm.EAX … vm.EDI.
type Registers [8]uint32

// pendingCall is a GuestCall in flight: it ends when guest code returns to site with ESP as it was before the call.
type pendingCall struct{ site, esp uint32 }

// returnSite is a place in a kernel function to which guest code called from there returns. Where the real kernel's
// address is known from oops texts, it is used: stack traces then agree.
type returnSite struct {
	function string
	offset   uint32
}

// Offsets of return sites in interrupts, seen; the last one is ring0's own.
const (
	doIRQSoftirq    = 0xbe
	doSoftirqAction = 0x95
	taskletHiFunc   = 0x46
	bhActionFunc    = 0x22
	runTimerListFn  = 0xee
	kernelThreadFn  = 0x28
)

func returnSites() []returnSite {
	return []returnSite{
		{"sys_init_module", 0x4d9},  // mod->init
		{"sys_delete_module", 0xb4}, // mod->can_unload
		{"sys_delete_module", 0xa7}, // free_module
		{"free_module", 0xba},       // mod->cleanup
		{"do_IRQ", doIRQSoftirq},
		{"do_softirq", doSoftirqAction},      // h->action
		{"tasklet_hi_action", taskletHiFunc}, // t->func
		{"bh_action", bhActionFunc},          // bh_base[nr]
		{"run_timer_list", runTimerListFn},   // timer->function
		{"kernel_thread", kernelThreadFn},
	}
}

// site is the address of one of the returnSites.
func (k *Kernel) site(function string, offset uint32) uint32 {
	addr, ok := k.sites[returnSite{function, offset}]
	if !ok {
		panicf("%s+%#x is no return site", function, offset)
	}
	return addr
}

// Call calls a cdecl guest function and returns its EAX.
func (k *Kernel) Call(fn uint32, args ...uint32) uint32 {
	eax, _ := k.Invoke(GuestCall{Fn: fn, Args: args})
	return eax
}

// Invoke calls a guest function on the running task's kernel stack and returns its EAX and EDX. Meanwhile other tasks may
// run, and the task may die: then Invoke does not return. The general registers are afterwards as before; EFLAGS and
// segment registers as the function left them.
func (k *Kernel) Invoke(g GuestCall) (eax, edx uint32) {
	t := k.running
	before, eip := k.registers(), k.m.EIP()
	if g.ReturnTo == 0 {
		g.ReturnTo = k.guestReturn
	}
	if g.Regs != nil {
		for r, v := range g.Regs {
			if r != vm.ESP {
				k.m.SetReg(r, v)
			}
		}
	}
	atomic, owner := k.looking.check.enters(g.Fn)
	esp := k.pushArgs(g)
	t.calls = append(t.calls, pendingCall{g.ReturnTo, esp + 4})
	k.m.SetReg(vm.ESP, esp)
	k.m.SetEIP(g.Fn)
	k.run()
	t.calls = t.calls[:len(t.calls)-1]
	eax, edx = k.m.Reg(vm.EAX), k.m.Reg(vm.EDX)
	k.looking.check.leaves(g.Fn, atomic, owner)
	k.setRegisters(before)
	k.m.SetEIP(eip)
	return eax, edx
}

// pushArgs lays out arguments and return address below ESP and returns where the return address lies.
func (k *Kernel) pushArgs(g GuestCall) (esp uint32) {
	args := g.Args
	if g.Conv == Regparm3 {
		for i, r := range [...]int{vm.EAX, vm.EDX, vm.ECX} {
			if len(args) > 0 {
				k.m.SetReg(r, g.Args[i])
				args = args[1:]
			}
		}
	}
	esp = k.m.Reg(vm.ESP)
	for i := len(args) - 1; i >= 0; i-- {
		esp -= 4
		k.mem.SetU32(esp, args[i])
	}
	esp -= 4
	k.mem.SetU32(esp, g.ReturnTo)
	return esp
}

// returned ends the innermost guest call when guest code came back to where it was called from.
func (k *Kernel) returned(site uint32) vm.Action {
	t := k.running
	esp := k.m.Reg(vm.ESP)
	if n := len(t.calls); n > 0 && t.calls[n-1] == (pendingCall{site, esp}) {
		return vm.StopRun
	}
	k.stop(Outcome{Kind: Missing, Reason: "return to " + k.Symbolize(site) + " from no call in flight, or with another stack pointer"})
	return vm.StopRun
}

// run executes the machine until the innermost guest call has returned. Anything else that stops it ends the run.
func (k *Kernel) run() {
	t := k.m.tape
	if t.begins(tapeRun) {
		return
	}
	k.execute()
	t.ends()
}

// stoppedBy ends the run as the machine says.
func (k *Kernel) stoppedBy(stop vm.Stop) {
	switch stop.Reason {
	case vm.StopLimit:
		k.stop(Outcome{Kind: Limit, EIP: stop.EIP})
	case vm.StopHalt:
		k.stop(Outcome{Kind: Halted, EIP: stop.EIP})
	case vm.StopShutdown:
		k.stop(Outcome{Kind: TripleFault, EIP: stop.EIP})
	case vm.StopUnwritten:
		k.stop(Outcome{Kind: Unwritten, EIP: stop.EIP, Err: stop.Err})
	case vm.StopRequested:
		k.stop(Outcome{Kind: Requested, EIP: stop.EIP})
	default: // StopBreakpoint
		k.stop(Outcome{Kind: Requested, EIP: stop.EIP, Reason: stop.Reason.String()})
	}
}

// registers returns the general registers.
func (k *Kernel) registers() (r Registers) {
	for i := range r {
		r[i] = k.m.Reg(i)
	}
	return r
}

func (k *Kernel) setRegisters(r Registers) {
	for i, v := range r {
		k.m.SetReg(i, v)
	}
}
