// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// A vmalloc area in a region that the process's page directory has never seen comes in at the first fault, for guest code
// and for modelled code alike.
func TestVmallocEntriesArePropagatedLazily(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	pgd := k.mem.Get(g.p.task.MM(), k.lay.MM.Pgd)
	var areas []uint32
	for range 3 {
		areas = append(areas, k.Vmalloc(4<<20))
	}
	last := areas[2]
	require.Zero(t, k.mem.U32(pgd+pgdOffset(last)))
	k.mem.Write(last, code(movEax(77), 0xc3))
	require.Equal(t, int32(77), g.result(last))
	require.Equal(t, k.mem.U32(k.sym.SwapperPgDir+pgdOffset(last)), k.mem.U32(pgd+pgdOffset(last)))

	second := newProcess(t, k, ProcessConfig{})
	far := k.Vmalloc(4 << 20)
	k.mem.Write(far, []byte("word\x00"))
	require.Equal(t, Returned, second.Syscall(abi.NrGetpid).Kind) // its directory is the current one now
	word, ok := k.mem.CString(far, 16)
	require.True(t, ok)
	require.Equal(t, "word", word)
}

// faultCase is code that faults and what becomes of it.
type faultCase struct {
	name  string
	code  []byte
	at    uint32 // offset of the faulting instruction; for traps of the one behind it
	title string
}

func faultCases() []faultCase {
	load := func(addr uint32) []byte { return code(0xa1, addr, 0xc3) }
	return []faultCase{
		{"read of 0", load(0), 0, "Oops"},
		{"read of a user address", load(0xdead0), 0, "Oops"},
		{"read of an unmapped kernel address", load(0xdeadbeec), 0, "Oops"},
		{"write", code(0xc7, 0x05, uint32(4), uint32(1), 0xc3), 0, "Oops"},
		{"divide", code(0x31, 0xc9, 0x31, 0xd2, 0xf7, 0xf9, 0xc3), 4, "divide error"},
		{"ud2", code(0x0f, 0x0b, 0xc3), 0, "invalid operand"},
		{"bad selector", code(movEax(0x1234), 0x8e, 0xd8, 0xc3), 5, "general protection fault"},
		{"int3", code(0xcc, 0xc3), 1, "int3"},
		{"into", code(0xb0, 0x7f, 0x04, 0x01, 0xce, 0xc3), 5, "overflow"},
		{"bound", code(0x31, 0xc0, 0x48, 0x50, 0x50, 0x31, 0xc0, 0x62, 0x04, 0x24, 0x58, 0x58, 0xc3), 7, "bounds"},
	}
}

// Every kind of exception of kernel code goes to its fixup when there is one, with all registers as they were.
func TestFixups(t *testing.T) {
	for _, c := range faultCases() {
		t.Run(c.name, func(t *testing.T) {
			g := newGuest(t, Config{})
			at := g.put(c.code...)
			fix := g.put(code(movEax(0xffffffdf), 0x89, 0xec, 0x5d, 0xc3)...) // mov %ebp,%esp; pop %ebp; ret
			enter := g.put(code(0x55, 0x89, 0xe5, 0xb9, at, 0xff, 0xe1)...)   // push %ebp; mov %esp,%ebp; jmp
			g.fixups(abi.ModRunning, at+c.at, fix)
			require.Equal(t, int32(-33), g.result(enter))
		})
	}
}

// Without one the process dies of it, and the machine goes on.
func TestUncoveredFaultsKillTheProcess(t *testing.T) {
	for _, c := range faultCases() {
		t.Run(c.name, func(t *testing.T) {
			g := newGuest(t, Config{})
			other := newProcess(t, g.k, ProcessConfig{})
			o := g.run(g.put(c.code...))
			require.Equal(t, Killed, o.Kind, "%v", o)
			require.Equal(t, abi.SIGSEGV, o.Signal)
			require.Equal(t, o, g.p.Syscall(abi.NrGetpid), "the process stays dead")
			require.Equal(t, Returned, other.Syscall(abi.NrGetpid).Kind)
		})
	}
}

// Which entries count: by the module's state, its place in the list, and the way a table is searched.
func TestExceptionTableSearch(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	const eip = 0x1000
	entries := func(insns ...uint32) (pairs []uint32) {
		for _, i := range insns {
			pairs = append(pairs, eip+i, 0x2000+i)
		}
		return pairs
	}
	found := func(insn uint32) bool { return k.searchExceptions(eip+insn) == 0x2000+insn }

	mod := g.fixups(abi.ModInitializing, entries(1, 2, 3, 4, 5)...)
	for i := uint32(1); i <= 5; i++ {
		require.True(t, found(i), "sorted, %d", i)
	}
	require.False(t, found(0))
	require.False(t, found(6))
	flags := k.lay.Module.Flags
	for state, counts := range map[uint32]bool{0: false, abi.ModRunning: true, abi.ModRunning | abi.ModDeleted: true,
		abi.ModInitializing: true, abi.ModDeleted: false, abi.ModAutoclean: false} {
		k.mem.Set(mod, flags, state)
		require.Equal(t, counts, found(3), "flags %#x", state)
	}

	k.mem.Set(mod, flags, 0)
	g.fixups(abi.ModRunning, entries(5, 1, 4, 2, 3)...)
	for i := uint32(1); i <= 5; i++ {
		require.Equal(t, i == 4, found(i), "only the entry that the first probe hits: %d", i)
	}

	g.fixups(abi.ModRunning, eip+9, 0)
	require.Zero(t, k.searchExceptions(eip+9), "a fixup of 0 is none")
	g.fixups(abi.ModRunning, eip+9, 0x3000)
	require.Equal(t, uint32(0x3000), k.searchExceptions(eip+9), "the newest module is asked first")
	empty := g.fixups(abi.ModRunning)
	k.mem.Set(empty, k.lay.Module.ExTableEnd, k.mem.Get(empty, k.lay.Module.ExTableStart)-8)
	require.Equal(t, uint32(0x3000), k.searchExceptions(eip+9), "an end before the start is an empty table")
}

// A module's entry for an instruction of the kernel hides the kernel's own.
func TestModuleOverridesTheKernelsEntry(t *testing.T) {
	g := newGuest(t, Config{})
	getUser := g.put(code(0x8b, 0x44, 0x24, 0x04, call(g.k.image.Symbols["__get_user_4"]), 0xc3)...)
	require.Equal(t, -int32(abi.EFAULT), g.result(getUser, 0xdead0))
	g.fixups(abi.ModRunning, 0xc023cb66, g.put(code(movEax(0xffffffb3), 0xc3)...))
	require.Equal(t, int32(-77), g.result(getUser, 0xdead0))
}

// A fixup may fault again at a covered instruction, or point nowhere.
func TestFixupOfAFixup(t *testing.T) {
	g := newGuest(t, Config{})
	at := g.put(code(0xa1, uint32(0xdead0), 0xc3)...)
	fix := g.put(code(0xa1, uint32(0xdead0), 0xc3)...)
	g.fixups(abi.ModRunning, at, fix, fix, g.put(code(movEax(5), 0xc3)...))
	require.Equal(t, int32(5), g.result(at))
	g.fixups(abi.ModRunning, at, 0x666)
	require.Equal(t, Killed, g.run(at).Kind)
}

// A modelled function that is handed a bad pointer faults like the code it stands for: in the caller's context, and so that
// a table may cover it.
func TestBadPointerInAModelledFunction(t *testing.T) {
	g := newGuest(t, Config{})
	vfree, ok := g.k.profile.Symbol("vfree")
	require.True(t, ok)
	g.k.mem.SetU32(g.k.sym.Vmlist, 0xdeadbee0) // vfree walks the list
	at := g.put(code(0x68, uint32(0xc8900000), call(vfree), 0x58, movEax(1), 0xc3)...)
	g.fixups(abi.ModRunning, vfree, g.put(code(0x58, 0x58, movEax(9), 0xc3)...))
	require.Equal(t, int32(9), g.result(at))
	g.k.mem.SetU32(g.k.sym.ModuleList, g.k.sym.KernelModule)
	require.Equal(t, Killed, g.run(at).Kind)
}
