// SPDX-License-Identifier: BSD-3-Clause
// System calls of the i386 kernel: asm-i386/unistd.h for the numbers, arch/i386/kernel/entry.S for the table's slots.

package abi

import (
	_ "embed" // the table
	"strconv"
	"strings"
)

//go:embed data/syscalls.txt
var syscallText table

// A Syscall is one system call. The numbers are the same in all 2.4 kernels; those from 243 on were given out later and
// are here so that traces of newer programs show a name: in 2.4.18 they give ENOSYS.
//
// In Prototype "const char *" is a NUL-terminated string to read; a plain buffer is "void *". Arguments go into ebx, ecx,
// edx, esi, edi, ebp, one 32-bit word each, in the order of the parameters' slots.
type Syscall struct {
	Number    int
	Name      string // as in __NR_NAME
	Handler   string // the function in the slot of 2.4.18-14's sys_call_table; "sys_ni_syscall" where it has none
	Prototype string // C declaration for [ParsePrototype]
}

// Syscalls returns all system calls by number. Numbers without a call are left out.
func Syscalls() []Syscall {
	var all []Syscall
	for line := range syscallText.lines() {
		all = append(all, parseSyscall(line))
	}
	return all
}

// SyscallByNumber returns the system call of that number.
func SyscallByNumber(number int) (Syscall, bool) {
	prefix := strconv.Itoa(number) + "\t"
	for line := range syscallText.lines() {
		if strings.HasPrefix(line, prefix) {
			return parseSyscall(line), true
		}
	}
	return Syscall{}, false
}

// SyscallByName returns the system call of that name, without "__NR_" or "sys_".
func SyscallByName(name string) (Syscall, bool) {
	for line := range syscallText.lines() {
		if call := parseSyscall(line); call.Name == name {
			return call, true
		}
	}
	return Syscall{}, false
}

// parseSyscall reads a line of the table: number, name, handler or "-", prototype.
func parseSyscall(line string) Syscall {
	number, rest, _ := strings.Cut(line, "\t")
	name, rest, _ := strings.Cut(rest, "\t")
	handler, prototype, _ := strings.Cut(rest, "\t")
	if handler == "-" {
		handler = niSyscall
	}
	return Syscall{Number: int(parseDecimal(number)), Name: name, Handler: handler, Prototype: prototype}
}

// niSyscall is the kernel function that returns -ENOSYS.
const niSyscall = "sys_ni_syscall"

// SyscallTable returns the names of the functions in sys_call_table, all NrSyscalls slots; nil when the profile's table is
// not known.
func (p *Profile) SyscallTable() []string {
	if p.symbols == "" {
		return nil
	}
	slots := make([]string, NrSyscalls)
	for i := range slots {
		slots[i] = niSyscall
	}
	for _, call := range Syscalls() {
		if call.Number < NrSyscalls {
			slots[call.Number] = call.Handler
		}
	}
	return slots
}
