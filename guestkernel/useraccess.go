// SPDX-License-Identifier: BSD-3-Clause
// Seeing modules reach for user memory: through the kernel's own guest code, and through instructions of theirs.
//
// The copies of asm/uaccess.h with a size that the compiler knows, put_user and __get_user are code of the module: one or two
// instructions that its exception table lists. A probe lies on each of them, and one at the beginning of each user function
// of the kernel. This is for fault injection and checks; without them there are no probes.

package guestkernel

import (
	"strings"

	"ring0/guestkernel/abi"
	"ring0/vm"
	"ring0/vm/x86"
)

// guestUserFunctions are those of entry/ that modules call.
const guestUserFunctions = "__get_user_1 __get_user_2 __get_user_4 __generic_copy_from_user __generic_copy_to_user " +
	"strncpy_from_user __strncpy_from_user strnlen_user clear_user __clear_user"

// watchUserAccess lays the probes that are wanted: at the kernel's functions, and at the instructions of modules that are
// there. Modules that come later are seen to by watchModuleAccess.
func (k *Kernel) watchUserAccess() {
	for name := range strings.FieldsSeq(guestUserFunctions) {
		if k.looking.check != nil || k.looking.faults.wants(name) {
			k.setProbe(k.functionAt(name), func() { k.userFunction(name) })
		}
	}
	for m := range k.loaded() {
		if m.addr != 0 {
			k.watchModuleAccess(m)
		}
	}
}

// dropUserAccess takes the probes away that nobody wants any more.
func (k *Kernel) dropUserAccess() {
	k.clearProbes(0, 0xffffffff)
	if k.looking.check != nil {
		k.watchUserAccess()
	}
}

// userFunction is called when a module, or anybody, enters a user function of the kernel.
func (k *Kernel) userFunction(name string) {
	k.mem.try(func() {
		caller := k.mem.U32(k.m.Reg(vm.ESP))
		from := k.callingModule(caller)
		if from.addr == 0 {
			return
		}
		if ch := k.looking.check; ch != nil {
			ch.userAccess(name, caller)
		}
		if in := k.looking.faults; in != nil {
			if f, now := in.due(name, from.name); now {
				k.noteInjected(f, caller)
				f.how.failGuest(k)
			}
		}
	})
}

// watchModuleAccess lays probes on the instructions in a module's exception table that reach for user memory.
func (k *Kernel) watchModuleAccess(m module) {
	if k.looking.check == nil && !k.looking.faults.wants(inlineFrom, inlineTo, inlineGet, inlinePut) {
		return
	}
	lay, entry := m.lay(), &k.lay.ExceptionEntry
	first, end := m.get(lay.ExTableStart), m.get(lay.ExTableEnd)
	if first == 0 || end <= first || end-first > m.get(lay.ModuleSize) {
		return
	}
	owner, tail := k.ownerOf(m), uint32(0)
	for at := first; at+entry.Size <= end; at += entry.Size {
		insn := k.mem.Get(at, entry.Insn)
		if !owner.has(insn) {
			continue
		}
		kind, next := k.userInstruction(insn)
		// A copy's second instruction, for the bytes that make no word, is no copy of its own: at most a MOV lies between.
		const movLength = 2
		if kind == "" || tail != 0 && insn-tail <= movLength {
			tail = next
			continue
		}
		tail = 0
		if kind == inlineFrom || kind == inlineTo {
			tail = next
		}
		k.setProbe(insn, func() { k.userInstructionAt(insn, kind, owner) })
	}
}

// userInstruction says what an instruction of an exception table does, "" when it is none of the copies, and where the next
// one begins. That a string move reads user memory or writes it shows only when it runs.
func (k *Kernel) userInstruction(at uint32) (kind string, next uint32) {
	const longest = 15
	var code [longest]byte
	n := 0
	k.quietly(func() {
		for ; n < longest; n++ {
			code[n] = k.mem.U8(at + uint32(n))
		}
	})
	var in x86.Inst
	if x86.Decode(code[:n], at, x86.Code32, &in) != x86.OK {
		return "", 0
	}
	switch in.Op {
	case x86.MOVS:
		return inlineFrom, in.Next()
	case x86.MOV, x86.MOVZX8, x86.MOVZX16, x86.MOVSX8, x86.MOVSX16:
		if in.Flags&x86.MemWrite != 0 {
			return inlinePut, in.Next()
		}
		return inlineGet, in.Next()
	}
	return "", in.Next()
}

// userInstructionAt is called before such an instruction.
func (k *Kernel) userInstructionAt(at uint32, kind string, owner codeOwner) {
	if k.looking.again == at {
		k.looking.again = 0
		return
	}
	if kind == inlineFrom && k.m.Reg(vm.EDI) < abi.TaskSize {
		kind = inlineTo
	}
	if ch := k.looking.check; ch != nil {
		ch.userAccess(strings.TrimPrefix(kind, "inline "), at)
	}
	in := k.looking.faults
	if in == nil {
		return
	}
	if f, now := in.due(kind, owner.name); now {
		if fixup := k.searchExceptions(at); fixup != 0 {
			k.noteInjected(f, at)
			k.m.SetEIP(fixup)
		}
	}
}
