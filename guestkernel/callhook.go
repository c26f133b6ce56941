// SPDX-License-Identifier: BSD-3-Clause
// What looks on while modules call the kernel: fault injection and checks. While neither is asked for, a call of a modelled
// function costs one comparison more, and guest code nothing.

package guestkernel

import (
	"slices"

	"ring0/vm"
)

// lookingOn is whoever stands between modules and the kernel's functions.
type lookingOn struct {
	check  *checker        // nil: no checks
	faults *faultInjector  // nil: nothing fails on demand
	probes map[uint32]bool // linear addresses with a probe of ours
	again  uint32          // an instruction with a probe whose page fault was made good: it is executed once more
}

// executedAgain is told of an instruction that a page fault has interrupted.
func (l *lookingOn) executedAgain(eip uint32) {
	if l.probes[eip] {
		l.again = eip
	}
}

// body is what a call of a modelled function runs: the function, with whoever looks on around it.
func (k *Kernel) body(fn *Function) func(*Call) {
	if k.looking.check == nil && k.looking.faults == nil {
		return fn.Fn
	}
	return k.observed
}

// observed runs a modelled function that somebody looks at.
func (k *Kernel) observed(c *Call) {
	from := k.callingModule(c.caller())
	if in := k.looking.faults; in != nil && from.addr != 0 {
		if f, now := in.due(c.Fn.Name, from.name); now {
			k.noteInjected(f, c.caller())
			f.how.fail(c)
			return
		}
	}
	if ch := k.looking.check; ch != nil {
		ch.around(c, from)
		return
	}
	c.Fn.Fn(c)
}

// A codeOwner is the module that some code belongs to; the zero value is the kernel.
type codeOwner struct {
	addr, size uint32
	name       string
}

// has tells whether an address lies in the module.
func (o codeOwner) has(addr uint32) bool { return o.addr != 0 && addr-o.addr < o.size }

// callingModule is the module that an address lies in. One that has taken itself off module_list is found by where it was
// when its init was called.
func (k *Kernel) callingModule(addr uint32) (owner codeOwner) {
	if addr < k.vm.start || addr >= k.vm.end {
		return owner
	}
	lay := &k.lay.Module
	k.quietly(func() {
		for mod := k.mem.U32(k.sym.ModuleList); mod != 0 && mod != k.sym.KernelModule; mod = k.mem.Get(mod, lay.Next) {
			if o := k.ownerOf(module{k, mod}); o.has(addr) {
				owner = o
				return
			}
		}
	})
	if ch := k.looking.check; ch != nil && owner.addr == 0 {
		for _, o := range ch.modules {
			if o.has(addr) {
				return o
			}
		}
	}
	return owner
}

func (k *Kernel) ownerOf(m module) codeOwner {
	const longest = 60
	name, _ := k.mem.CString(m.get(m.lay().Name), longest)
	return codeOwner{m.addr, m.get(m.lay().ModuleSize), name}
}

// moduleComes tells whoever looks on of a module whose init is about to be called.
func (k *Kernel) moduleComes(m module) {
	if ch := k.looking.check; ch != nil {
		ch.modules = append(slices.DeleteFunc(ch.modules, func(o codeOwner) bool { return o.addr == m.addr }), k.ownerOf(m))
	}
	k.watchModuleAccess(m)
}

// setProbe has f called before the instruction at addr.
func (k *Kernel) setProbe(addr uint32, f func()) {
	if k.looking.probes == nil {
		k.looking.probes = map[uint32]bool{}
	}
	k.looking.probes[addr] = true
	k.m.SetProbe(addr, f)
}

// clearProbes ends those in [first, last].
func (k *Kernel) clearProbes(first, last uint32) {
	for addr := range k.looking.probes {
		if first <= addr && addr <= last {
			delete(k.looking.probes, addr)
			k.m.SetProbe(addr, nil)
		}
	}
}

// stopLooking takes all probes and watches out of the machine, before a checkpoint is restored; lookAgain lays those of
// the state that is back.
func (k *Kernel) stopLooking() {
	k.clearProbes(0, 0xffffffff)
	if ch := k.looking.check; ch != nil {
		for _, o := range ch.objects {
			o.endWatch()
		}
	}
}

func (k *Kernel) lookAgain() {
	clear(k.looking.probes)
	ch := k.looking.check
	if ch != nil || k.looking.faults != nil {
		k.watchUserAccess()
	}
	if ch != nil {
		for _, addr := range sortedKeys(ch.objects) {
			ch.objects[addr].unwatch = nil
			ch.watch(ch.objects[addr])
		}
	}
}

// returnFrom makes a guest function that has just been entered return a value at once.
func (k *Kernel) returnFrom(value uint32) {
	esp := k.m.Reg(vm.ESP)
	k.m.SetReg(vm.EAX, value)
	k.m.SetEIP(k.mem.U32(esp))
	k.m.SetReg(vm.ESP, esp+4)
}
