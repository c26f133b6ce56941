// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// callWithArgs is code that passes its own stack arguments on to a cdecl function and returns its EAX.
func (g *guest) callWithArgs(name string, n int) uint32 {
	var b []byte
	for range n {
		b = append(b, code(0xff, 0x74, 0x24, 4*n)...) // push 4*n(%esp): each push moves the next argument there
	}
	return g.put(code(b, call(g.k.image.Symbols[name]), 0x83, 0xc4, 4*n, 0xc3)...)
}

// The answers of the real kernel's helpers to good and bad pointers.
func TestGetUserOfTheRealKernel(t *testing.T) {
	g := newGuest(t, Config{})
	require.NoError(t, g.p.WriteUser(0xbffffffc, []byte{0, 0, 0, 0x41}))
	get := map[uint32]uint32{}
	for size, name := range map[uint32]string{1: "__get_user_1", 2: "__get_user_2", 4: "__get_user_4"} {
		// mov 4(%esp),%eax; mov $-1,%edx; call; mov 8(%esp),%ecx; mov %edx,(%ecx); ret
		get[size] = g.put(code(0x8b, 0x44, 0x24, 4, 0xba, uint32(0xffffffff), call(g.k.image.Symbols[name]), 0x8b, 0x4c, 0x24, 8, 0x89, 0x11, 0xc3)...)
	}
	out, err := g.p.Alloc(4)
	require.NoError(t, err)
	for _, c := range []struct {
		size, addr uint32
		result     int32
		value      uint32
	}{
		{4, 0x00000000, -14, 0},
		{4, 0x00000008, -14, 0},
		{4, 0x000dead0, -14, 0},
		{4, 0xbffffffc, 0, 0x41000000},
		{4, 0xbffffffd, -14, 0},
		{4, 0xc0000000, -14, 0},
		{4, 0xc0100000, -14, 0},
		{4, 0xfffffffc, -14, 0},
		{4, 0xffffffff, -14, 0},
		{4, 0xdeadbeef, -14, 0},
		{2, 0xbffffffe, 0, 0x4100},
		{2, 0xbfffffff, -14, 0},
		{2, 0xffffffff, -14, 0},
		{1, 0xbfffffff, 0, 0x41},
		{1, 0xc0000000, -14, 0},
		{1, 0xffffffff, -14, 0},
		{1, 0x08047fff, -14, 0},
	} {
		require.Equal(t, c.result, g.result(get[c.size], c.addr, out), "__get_user_%d(%08x)", c.size, c.addr)
		var v [4]byte
		require.NoError(t, g.p.ReadUser(out, v[:]))
		require.Equal(t, le(c.value), v[:], "__get_user_%d(%08x)", c.size, c.addr)
	}
}

// copyCase is a call of a user copy function and what it answers.
type copyCase struct {
	name   string
	args   []uint32
	result int32
}

func TestUserCopies(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	require.NoError(t, g.p.WriteUser(stackBase, []byte(strings.Repeat("0123456789abcdef", 256))))
	buf := k.Vmalloc(abi.PageSize)
	rodata, err := g.p.Alloc(2 * abi.PageSize)
	require.NoError(t, err)
	const unmapped = 0xdead0
	for _, c := range []copyCase{
		{"__generic_copy_from_user", []uint32{buf, unmapped, 16}, 16},
		{"__generic_copy_from_user", []uint32{buf, 0xc0100000, 16}, 16},
		{"__generic_copy_from_user", []uint32{buf, 0xbffffff8, 16}, 16},
		{"__generic_copy_from_user", []uint32{buf, 0xbffffff8, 8}, 0},
		{"__generic_copy_from_user", []uint32{buf, unmapped, 0}, 0},
		{"__generic_copy_from_user", []uint32{buf, stackBase + 1, 4091}, 0},
		{"__generic_copy_from_user", []uint32{buf, stackBase - 4096, 4}, 0}, // the stack grows
		{"__generic_copy_from_user", []uint32{buf, rodata + 2*abi.PageSize - 6, 16}, 12 /* a word does not copy in part */},
		{"__generic_copy_from_user", []uint32{buf, rodata + 2*abi.PageSize - 7, 10}, 6},
		{"__generic_copy_to_user", []uint32{rodata, buf, 4096}, 0},
		{"__generic_copy_to_user", []uint32{rodata + 2*abi.PageSize - 6, buf, 16}, 12},
		{"__generic_copy_to_user", []uint32{0xc0100000, buf, 16}, 16},
		{"__generic_copy_to_user", []uint32{codeBase, buf, 7}, 7 /* read-only */},
		{"__generic_copy_to_user", []uint32{0xbffffff8, buf, 16}, 16},
		{"clear_user", []uint32{rodata, 4096}, 0},
		{"clear_user", []uint32{rodata + 2*abi.PageSize - 3, 9}, 9},
		{"clear_user", []uint32{0xc0100000, 9}, 9},
		{"__clear_user", []uint32{codeBase, 9}, 9},
		{"strnlen_user", []uint32{unmapped, 9}, 0},
		{"strnlen_user", []uint32{0xc0100000, 9}, 0},
		{"strnlen_user", []uint32{stackBase, 9}, 10},
		{"strnlen_user", []uint32{rodata, 9}, 1},
		{"strnlen_user", []uint32{rodata, 0}, 1},
		{"strncpy_from_user", []uint32{buf, unmapped, 9}, -14},
		{"strncpy_from_user", []uint32{buf, 0xc0100000, 9}, -14},
		{"strncpy_from_user", []uint32{buf, stackBase, 9}, 9},
		{"strncpy_from_user", []uint32{buf, rodata, 9}, 0},
		{"strncpy_from_user", []uint32{buf, stackBase, 0}, 0},
		{"__strncpy_from_user", []uint32{buf, stackBase, 5}, 5},
		{"__strncpy_from_user", []uint32{buf, unmapped, 5}, -14},
	} {
		require.Equal(t, c.result, g.result(g.callWithArgs(c.name, len(c.args)), c.args...), "%s(%x)", c.name, c.args)
		g.at -= 32 // the code is used once
	}
}

// What a failing copy leaves behind: the bytes before the fault, then zeros.
func TestFailedCopyFromUserZeroesTheTail(t *testing.T) {
	g := newGuest(t, Config{})
	buf := g.k.Vmalloc(abi.PageSize)
	user, err := g.p.Alloc(abi.PageSize)
	require.NoError(t, err)
	require.NoError(t, g.p.WriteUser(user+abi.PageSize-8, []byte("ABCDEFGH")))
	g.k.mem.Fill(buf, 32, 0x77)
	copyFrom := g.callWithArgs("__generic_copy_from_user", 3)
	require.Equal(t, int32(8), g.result(copyFrom, buf, user+abi.PageSize-8, 16))
	require.Equal(t, "ABCDEFGH"+strings.Repeat("\x00", 8)+"wwww", string(g.k.mem.Bytes(buf, 20)))
	g.k.mem.Fill(buf, 32, 0x77)
	require.Equal(t, int32(7), g.result(copyFrom, buf, 0xc0000000, 7))
	require.Equal(t, "\x00\x00\x00\x00\x00\x00\x00w", string(g.k.mem.Bytes(buf, 8)))
}

// A bad kernel address is nobody's fixup: the zeroing in the fixup code faults in turn, at the real kernel's address.
func TestCopyToABadKernelAddressOopses(t *testing.T) {
	g := newGuest(t, Config{})
	copyFrom := g.callWithArgs("__generic_copy_from_user", 3)
	require.Equal(t, Killed, g.run(copyFrom, 0xdeadbe00, 0xbfffff00, 0x40).Kind)
}

// set_fs(KERNEL_DS) lifts the limit.
func TestAddrLimit(t *testing.T) {
	g := newGuest(t, Config{})
	g.p.task.Set(g.k.lay.Task.AddrLimit, abi.KernelLimit)
	copyFrom := g.callWithArgs("__generic_copy_from_user", 3)
	buf := g.k.Vmalloc(abi.PageSize)
	require.Equal(t, int32(0), g.result(copyFrom, buf, g.k.sym.SystemUtsname, 6))
	require.Equal(t, "Linux\x00", string(g.k.mem.Bytes(buf, 6)))
	g.p.task.Set(g.k.lay.Task.AddrLimit, abi.TaskSize)
	require.Equal(t, int32(6), g.result(copyFrom, buf, g.k.sym.SystemUtsname, 6))
}

// The same rules for system calls in Go.
func TestUserMemoryOfModelledCalls(t *testing.T) {
	g := newGuest(t, Config{})
	user, err := g.p.Alloc(abi.PageSize)
	require.NoError(t, err)
	const uname = abi.NrUname
	require.Equal(t, int32(0), g.p.Syscall(uname, user).Value)
	text := make([]byte, 390)
	require.NoError(t, g.p.ReadUser(user, text))
	require.Equal(t, "Linux", strings.TrimRight(string(text[:65]), "\x00"))
	require.Equal(t, "2.4.18-14custom", strings.TrimRight(string(text[130:195]), "\x00"))
	for _, bad := range []uint32{0, 8, 0xdead0, codeBase, user + abi.PageSize - 389, 0xbffffff0, 0xc0000000, 0xc8800000, 0xffffffff} {
		require.Equal(t, -int32(abi.EFAULT), g.p.Syscall(uname, bad).Value, "%08x", bad)
	}
}
