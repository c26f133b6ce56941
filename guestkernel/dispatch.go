// SPDX-License-Identifier: BSD-3-Clause
// VMCALL: from a slot's address to the function behind it.

package guestkernel

import (
	"ring0/vm"
)

// vmcallRet is a slot: VMCALL; RET.
var vmcallRet = [...]byte{0x0f, 0x01, 0xc1, 0xc3}

const vmcallLen = 3

// A slot is what a VMCALL at some address stands for.
type slot struct {
	fn     *Function // a modelled function; nil: a function that is not written
	isSite bool      // a place a called guest function returns to
}

// hypercall serves every VMCALL.
func (k *Kernel) hypercall(*vm.Machine) vm.Action {
	at := k.m.EIP() - vmcallLen
	s, known := k.slots[at]
	if !known && !k.isFunction(at) {
		k.raise(at, vm.VecUD, 0) // no door: an instruction that this CPU lacks
		return vm.Continue
	}
	switch {
	case s.isSite:
		return k.returned(at)
	default:
		k.serve(at, s.fn)
	}
	return vm.Continue
}

// isFunction tells whether a function of the kernel begins at addr.
func (k *Kernel) isFunction(addr uint32) bool {
	_, offset, ok := k.profile.Lookup(addr)
	return ok && offset == 0 && addr < k.sym.Etext
}

// serve runs the function at a slot and lets the guest go on behind it. A bad address inside becomes a page fault of
// the guest at the slot.
func (k *Kernel) serve(at uint32, fn *Function) {
	c := &Call{Kernel: k, Fn: fn, Slot: at, next: at + vmcallLen, tape: k.newTape()}
	for r := range c.regs {
		c.regs[r] = k.m.Reg(r)
	}
	if fn == nil || fn.Fn == nil {
		k.running.enters(c, nil)
		k.conclude(c, nil, k.missing(c))
		return
	}
	var traced *TraceEvent
	if k.trace != nil && !k.parksForHost(c) {
		traced = k.traceCall(c)
	}
	k.running.enters(c, traced)
	k.conclude(c, traced, k.onTape(c, k.body(fn)))
}

// onTape runs the function, or the rest of it, with the call's tape.
func (k *Kernel) onTape(c *Call, fn func(*Call)) *memFault {
	outer := k.m.tape
	k.m.tape = c.tape
	fault := guard(fn, c)
	k.m.tape = outer
	return fault
}

// conclude ends a call: the guest goes on. traced is that it was called, if that was reported.
func (k *Kernel) conclude(c *Call, traced *TraceEvent, fault *memFault) {
	if traced != nil {
		k.traceReturn(*traced, c, fault)
	}
	k.running.leaves()
	k.dropTape(c.tape)
	for r, v := range c.regs {
		k.m.SetReg(r, v)
	}
	if c.trap != nil {
		k.raise(c.trap.eip, c.trap.vector, 0)
		return
	}
	if fault != nil {
		at := c.Slot
		if k.faultEIP != 0 {
			at, k.faultEIP = k.faultEIP, 0
		}
		k.raisePageFault(at, fault)
		return
	}
	k.m.SetEIP(c.next)
}

// guard is the one boundary that catches an accessor's bad address, and a BUG().
func guard(fn func(*Call), c *Call) (fault *memFault) {
	defer func() {
		r := recover()
		if trap, ok := r.(guestTrap); ok {
			c.trap = &trap
			return
		}
		fault = faultOf(r)
	}()
	fn(c)
	return nil
}

// faultOf tells an accessor's bad address from nothing and from any other panic, which goes on.
func faultOf(recovered any) *memFault {
	if recovered == nil {
		return nil
	}
	if f, ok := recovered.(memFault); ok {
		return &f
	}
	panic(recovered)
}

// missing ends the run at a function that is not written, or with Config.StubMissing logs the call and answers 0.
func (k *Kernel) missing(c *Call) *memFault {
	return guard(func(c *Call) {
		text := k.describeCall(c)
		if !k.cfg.StubMissing {
			k.stop(Outcome{Kind: Missing, Reason: text})
		}
		k.note("missing: %s; answered 0", text)
		c.Return(0)
	}, c)
}

// faultsAt names the instruction that the next bad address is attributed to, instead of the function's slot: the real
// kernel's, where an oops shows it. 0 ends it. Between the two no other function may be called.
func (k *Kernel) faultsAt(eip uint32) { k.faultEIP = eip }
