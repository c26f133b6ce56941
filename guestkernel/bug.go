// SPDX-License-Identifier: BSD-3-Clause
// BUG() in modelled functions (2.4.18 asm-i386/page.h, kernel/panic.c).

package guestkernel

import (
	"encoding/binary"
	"fmt"

	"ring0/vm"
)

// A guestTrap is the panic of modelled code that ends in an exception other than a page fault. The dispatcher lets the
// guest have it, at eip.
type guestTrap struct {
	eip    uint32
	vector uint8
	what   string // for the host, where no guest can have it
}

// BUG() is ud2, the line, the address of the file's name: what the oops shows of it is read from there.
const (
	bugOffset  = 16 // where in its function ring0 puts one; the real one's place is not known
	bugLen     = 8
	bugMaxText = 24 // file names are shorter, with their NUL
)

// bug ends a modelled function at the BUG() of a kernel function. It does not return.
func (k *Kernel) bug(function, file string, line uint16) {
	addr, ok := k.profile.Symbol(function)
	if !ok || len(file) >= bugMaxText {
		panicf("BUG() at %s:%d in %s, which profile %s has not", file, line, function, k.profile.Name)
	}
	addr += bugOffset
	code := []byte{0x0f, 0x0b}
	code = binary.LittleEndian.AppendUint16(code, line)
	code = binary.LittleEndian.AppendUint32(code, addr+bugLen)
	code = append(append(code, file...), 0)
	k.m.WritePhys(physical(addr), code)
	panic(guestTrap{addr, vm.VecUD, fmt.Sprintf("kernel BUG at %s:%d", file, line)})
}

// divideError ends a modelled function at a division by zero. It does not return.
func (k *Kernel) divideError(function string) {
	addr, ok := k.profile.Symbol(function)
	if !ok {
		panicf("division in %s, which profile %s has not", function, k.profile.Name)
	}
	panic(guestTrap{addr, vm.VecDE, "division by zero in " + function})
}

func bugFunctions() []Function {
	return []Function{
		{Name: "__out_of_line_bug", Fn: outOfLineBug, Level: Full},
		{Name: "show_stack", Fn: showStack, Level: Full},
	}
}

// outOfLineBug models void __out_of_line_bug(int line): the BUG() of inline functions in headers. It does not return.
func outOfLineBug(c *Call) {
	const ownLine = 143 // in kernel/panic.c
	c.Kernel.Printk("<4>kernel BUG in header file at line %d\n", int32(c.Arg(0)))
	c.Kernel.bug("__out_of_line_bug", "panic.c", ownLine)
}

// showStack models void show_stack(unsigned long *esp): what an oops shows of the stack; NULL is the caller's own.
func showStack(c *Call) {
	esp := c.Arg(0)
	if esp == 0 {
		esp = c.SP()
	}
	c.Kernel.showStack(esp)
}
