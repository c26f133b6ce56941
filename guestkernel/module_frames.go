// SPDX-License-Identifier: BSD-3-Clause
// The stack frames of the module system calls, as far as a module or an oops can see them: what lies between the return
// address into system_call and the one that a module's function gets. Positions were read off the real kernel's oopses.

package guestkernel

import (
	"encoding/binary"

	"ring0/vm"
)

// initFrame is the frame of sys_init_module, below its return address. Words, lowest first: three arguments of the call it
// makes, one spare, the image's name (user address, then its distance from the image), size_of_struct twice, the length of
// the name, the copy of the old name (name_tmp), the pages of the image's name and of the call's; then the saved header
// (mod_tmp) and four saved registers.
type initFrame struct {
	k    *Kernel
	base uint32
}

const (
	initFrameSize   = 0xa0
	initFrameName   = 0x10
	initFrameHeader = 0x30
)

func (f initFrame) put(off uint32, words ...uint32) {
	for i, w := range words {
		f.k.mem.SetU32(f.base+off+4*uint32(i), w)
	}
}

// keepHeader is mod_tmp = *mod, and saves the registers that the function uses for itself.
func (f initFrame) keepHeader(header []byte) {
	f.k.mem.Write(f.base+initFrameHeader, header)
	regs := f.k.registers()
	f.put(initFrameHeader+uint32(len(header)), regs[vm.EBX], regs[vm.ESI], regs[vm.EDI], regs[vm.EBP])
}

// noteName enters what is known of the names.
func (f initFrame) noteName(in *initModule, imageName modName, userName uint32) {
	f.put(initFrameName, userName, userName-in.image, in.sized, in.sized, in.name.length(), in.saved, imageName.page, in.name.page)
}

// noteCopy enters the arguments of the last copy_from_user; the word behind them is 0.
func (f initFrame) noteCopy(to, from, size uint32) { f.put(0, to, from, size, 0) }

// saveArea writes words to a fresh part of the stack, lowest first.
func (c *Call) saveArea(words ...uint32) {
	b := make([]byte, 4*len(words))
	for i, w := range words {
		binary.LittleEndian.PutUint32(b[4*i:], w)
	}
	c.Kernel.mem.Write(c.Alloca(uint32(len(b))), b)
}

// setArithFlags leaves the flags that the real function's last comparison before a call did.
func (k *Kernel) setArithFlags(flags uint32) {
	const arith = vm.FlagCF | vm.FlagPF | vm.FlagAF | vm.FlagZF | vm.FlagSF | vm.FlagOF
	k.m.SetEflags(k.m.Eflags()&^arith | flags)
}
