// SPDX-License-Identifier: BSD-3-Clause
// A call from guest code into a modelled function, as that function sees it.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Call is one invocation of a modelled function by guest code. While it is served the CPU stands at the function's slot:
// ESP points to the return address. What the function leaves in the general registers is forgotten: the caller gets its
// own back, with EAX (and EDX) as Return or SetReg left them.
type Call struct {
	Kernel *Kernel
	Fn     *Function
	Slot   uint32     // address of the function
	regs   [8]uint32  // general registers at entry; what the caller gets back
	next   uint32     // where the guest goes on: the slot's RET
	trap   *guestTrap // set when the function ended in an exception
	tape   *tape      // what the function was told; nil: nothing is kept
}

// SP is ESP at entry; the return address lies there.
func (c *Call) SP() uint32 { return c.regs[vm.ESP] }

// Caller is the return address.
func (c *Call) Caller() uint32 { return c.Kernel.mem.U32(c.SP()) }

// Arg returns the i-th 32-bit argument word, counted from 0, by the row's calling convention.
func (c *Call) Arg(i int) uint32 {
	if c.Fn.Conv == Regparm3 && i < 3 {
		return c.regs[[3]int{vm.EAX, vm.EDX, vm.ECX}[i]]
	}
	return c.Kernel.mem.U32(c.ArgAddr(i))
}

// ArgAddr is where the i-th argument word lies on the stack: what va_start yields. Regparm3's first three have no address.
func (c *Call) ArgAddr(i int) uint32 {
	if c.Fn.Conv == Regparm3 {
		i -= 3
	}
	return c.SP() + 4 + uint32(i)*4
}

// Arg64 returns a 64-bit argument whose low word is the i-th.
func (c *Call) Arg64(i int) uint64 { return uint64(c.Arg(i)) | uint64(c.Arg(i+1))<<32 }

// Reg returns a general register at entry (vm.EAX …); SetReg is what the caller finds there afterwards.
func (c *Call) Reg(r int) uint32 { return c.regs[r] }

// SetReg sets what the caller finds in a general register. Setting ESP moves the stack pointer at the slot's RET.
func (c *Call) SetReg(r int, v uint32) { c.regs[r] = v }

// Return sets the result, in EAX. Without it EAX keeps its value, as after a void function.
func (c *Call) Return(v uint32) { c.regs[vm.EAX] = v }

// Return64 sets a 64-bit result, in EDX:EAX.
func (c *Call) Return64(v uint64) { c.regs[vm.EAX], c.regs[vm.EDX] = uint32(v), uint32(v>>32) }

// Fail returns an error number, negated as the kernel returns it.
func (c *Call) Fail(e abi.Errno) { c.Return(uint32(-e)) }

// Result is what Return has set so far.
func (c *Call) Result() uint32 { return c.regs[vm.EAX] }

// Jump makes the guest go on at eip instead of returning from the slot.
func (c *Call) Jump(eip uint32) { c.next = eip }

// Alloca takes n bytes of guest stack for the rest of the call, as a real function's locals do, and returns their
// address. Their content is what earlier calls left there.
func (c *Call) Alloca(n uint32) uint32 {
	sp := c.Kernel.m.Reg(vm.ESP) - n
	c.Kernel.m.SetReg(vm.ESP, sp)
	return sp
}

// Task is the running task.
func (c *Call) Task() *Task { return c.Kernel.running }
