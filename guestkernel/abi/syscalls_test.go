// SPDX-License-Identifier: BSD-3-Clause
// System calls: the table against the headers' numbers, the kernel's symbols, and the slots of sys_call_table.

package abi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestSyscall(t *testing.T) {
	call, ok := abi.SyscallByNumber(abi.NrInitModule)
	require.True(t, ok)
	require.Equal(t, abi.Syscall{Number: 128, Name: "init_module", Handler: "sys_init_module",
		Prototype: "int init_module(const char *name, struct module *image)"}, call)
	byName, ok := abi.SyscallByName("init_module")
	require.True(t, ok)
	require.Equal(t, call, byName)
	for _, number := range []int{-1, 259, 1 << 20} {
		_, ok = abi.SyscallByNumber(number)
		require.False(t, ok, number)
	}
	_, ok = abi.SyscallByName("sys_init_module")
	require.False(t, ok)
}

func TestSyscallTableRows(t *testing.T) {
	p := profile(t, "2.4.18-14")
	for i, call := range abi.Syscalls() {
		require.Equal(t, i, call.Number, "no gaps, in order")
		proto, err := abi.ParsePrototype(call.Prototype)
		require.NoError(t, err)
		require.Equal(t, call.Name, proto.Name)
		require.LessOrEqual(t, proto.Slots(), 6, "registers: %s", call.Name)
		require.False(t, proto.Variadic)
		for _, param := range proto.Params {
			require.NotEmpty(t, param.Name, call.Name)
		}
		_, ok := p.Symbol(call.Handler)
		require.True(t, ok, "%s: handler %s is not in System.map", call.Name, call.Handler)
		if value, inHeaders := p.Constant("__NR_" + call.Name); inHeaders {
			require.EqualValues(t, call.Number, value, call.Name)
		} else {
			require.True(t, call.Number == 0 || call.Number == abi.NrTux || call.Number > 242, call.Name)
		}
	}
}

func TestSyscallNumbersAgainstReference(t *testing.T) {
	for _, row := range referenceRows(t, "constants-2.4.18-14.tsv") {
		name, isNumber := strings.CutPrefix(row[0], "__NR_")
		if !isNumber || name == "madvise1" { // a second name of madvise
			continue
		}
		call, ok := abi.SyscallByName(name)
		require.True(t, ok, name)
		value, _ := profile(t, "2.4.18-14").Constant(row[0])
		require.EqualValues(t, value, call.Number, name)
	}
}

// Every sys_ function of the kernel has a slot, except those behind socketcall and ipc and those i386 has no number for.
func TestSyscallTableUsesEveryHandler(t *testing.T) {
	p := profile(t, "2.4.18-14")
	slots := p.SyscallTable()
	require.Len(t, slots, abi.NrSyscalls)
	require.Equal(t, "sys_create_module", slots[abi.NrCreateModule])
	require.Equal(t, "sys_ni_syscall", slots[abi.NrSecurity])
	require.Equal(t, "sys_ni_syscall", slots[abi.NrSyscalls-1])
	used := map[string]bool{}
	for _, handler := range slots {
		used[handler] = true
	}
	var without []string
	for _, symbol := range p.Symbols() {
		if symbol.Type == 'T' && strings.HasPrefix(symbol.Name, "sys_") && !used[symbol.Name] {
			without = append(without, strings.TrimPrefix(symbol.Name, "sys_"))
		}
	}
	require.ElementsMatch(t, strings.Fields(`utimes gethostname
		socket socketpair bind listen accept connect getsockname getpeername send sendto recv recvfrom sendmsg recvmsg
		setsockopt getsockopt shutdown
		semget semctl semop msgget msgctl msgsnd msgrcv shmget shmctl shmat shmdt`), without)
	require.Nil(t, profile(t, "2.4.37").SyscallTable())
}

// The calls a program makes are named as insmod's trace on the real kernel named them, the three it did not know apart.
func TestSyscallNamesInTraces(t *testing.T) {
	for number, want := range map[int]string{
		1: "exit", 45: "brk", 85: "readlink", 91: "munmap", 122: "uname", 123: "modify_ldt", 172: "prctl", 192: "mmap2",
		195: "stat64", 199: "getuid32", 243: "set_thread_area", 252: "exit_group", 258: "set_tid_address",
	} {
		call, ok := abi.SyscallByNumber(number)
		require.True(t, ok)
		require.Equal(t, want, call.Name)
	}
}
