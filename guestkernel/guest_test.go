// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// guest is a kernel with a process and an area of kernel code of the test's own. The code is reached as a module's would
// be: a system call of the process finds it in sys_call_table.
type guest struct {
	t  testing.TB
	k  *Kernel
	p  *Process
	at uint32 // where the next piece of code goes
}

// testSyscall is a number without a call of its own.
const testSyscall = 222

func newGuest(t testing.TB, cfg Config) *guest {
	k := boot(t, cfg)
	g := &guest{t: t, k: k, p: newProcess(t, k, ProcessConfig{}), at: k.Vmalloc(4 * abi.PageSize)}
	require.NotZero(t, g.at)
	if k.mem.U32(k.sym.ModuleList) == 0 { // no module subsystem: the kernel's own entry is all there is
		lay, mod := &k.lay.Module, k.sym.KernelModule
		k.mem.Set(mod, lay.Flags, abi.ModRunning)
		k.mem.Set(mod, lay.ExTableStart, k.sym.StartExTab)
		k.mem.Set(mod, lay.ExTableEnd, k.sym.StopExTab)
		k.mem.SetU32(k.sym.ModuleList, mod)
	}
	return g
}

// put stores bytes and returns their address.
func (g *guest) put(b ...byte) uint32 {
	addr := g.at
	g.k.mem.Write(addr, b)
	g.at += uint32(len(b)+15) &^ 15
	return addr
}

// run calls code at addr as a system call.
func (g *guest) run(addr uint32, args ...uint32) Outcome {
	g.k.mem.SetU32(g.k.sym.SysCallTable+4*testSyscall, addr)
	return g.p.Syscall(testSyscall, args...)
}

// result is run for code that returns.
func (g *guest) result(addr uint32, args ...uint32) int32 {
	g.t.Helper()
	o := g.run(addr, args...)
	require.Equal(g.t, Returned, o.Kind, "%v", o)
	return o.Value
}

// fixups links a module into module_list with this exception table: pairs of instruction and fixup. It returns the
// address of its struct module.
func (g *guest) fixups(flags uint32, pairs ...uint32) uint32 {
	k, lay := g.k, &g.k.lay.Module
	table := make([]byte, 4*len(pairs))
	for i, v := range pairs {
		binary.LittleEndian.PutUint32(table[4*i:], v)
	}
	start := g.put(table...)
	mod := g.put(make([]byte, lay.Size)...)
	k.mem.Set(mod, lay.SizeOfStruct, lay.Size)
	k.mem.Set(mod, lay.Name, g.put([]byte("test\x00")...))
	k.mem.Set(mod, lay.Flags, flags)
	k.mem.Set(mod, lay.ExTableStart, start)
	k.mem.Set(mod, lay.ExTableEnd, start+uint32(len(table)))
	k.mem.Set(mod, lay.Next, k.mem.U32(k.sym.ModuleList))
	k.mem.SetU32(k.sym.ModuleList, mod)
	return mod
}

// Pieces of code.

// le is v as four bytes.
func le(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// code joins pieces: bytes as ints, words as uint32, slices as they are.
func code(pieces ...any) []byte {
	var b []byte
	for _, p := range pieces {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case uint32:
			b = append(b, le(p)...)
		case []byte:
			b = append(b, p...)
		default:
			panic("code: neither int, uint32 nor []byte")
		}
	}
	return b
}

// movEax is mov $v,%eax.
func movEax(v uint32) []byte { return code(0xb8, v) }

// call calls fn through ECX.
func call(fn uint32) []byte { return code(0xb9, fn, 0xff, 0xd1) }
