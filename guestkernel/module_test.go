// SPDX-License-Identifier: BSD-3-Clause
// The module system calls beyond the matrix: other releases, nothing leaked, lists that modules edit, hostile images.

package guestkernel

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// moduleProbe is a probe for tests that are no rows of the matrix.
func moduleProbe(t *testing.T) *probe { return newProbe(t, &matrix{}, "") }

// From 2.6 on there are no calls of the old loader.
func TestModuleCallsOfLaterKernels(t *testing.T) {
	for release, gone := range map[string]bool{"": false, "2.4.37": false, "2.6.0": true, "2.6.39": true, "3.0": true, "4.19.1": true} {
		p := newProcess(t, boot(t, Config{Release: release}), ProcessConfig{})
		for _, nr := range []uint32{abi.NrCreateModule, abi.NrQueryModule, abi.NrGetKernelSyms} {
			o := p.Syscall(nr, 0, 0, 0, 0, 0)
			require.Equal(t, gone, o.Value == -int32(abi.ENOSYS), "%q: %v", release, o)
		}
	}
}

// Whatever a call answers, it keeps no memory; a module's own comes back when it is deleted.
func TestModuleCallsLeakNothing(t *testing.T) {
	p := moduleProbe(t)
	calls := func() {
		p.text = userText // the same pages of the process every time
		base := p.fresh("m", 20000)
		for _, image := range []uint32{0, userGuard, p.atEnd(p.img[:50]), p.atEnd(p.img[:96]), p.atEnd(p.img[:200])} {
			require.True(t, p.initAt("m", image).failed())
		}
		for _, name := range []any{0, "", "nosuch", strings.Repeat("n", 5000)} {
			require.True(t, p.initAt(name, userImage).failed())
			require.True(t, p.query(name, 99, 0, 0, 0).failed())
			require.True(t, p.create(name, 90).failed())
		}
		for field, v := range map[abi.Field]uint32{p.lay.Name: 0, p.lay.Flags: 1, p.lay.SizeOfStruct: 7, p.lay.Ndeps: 1, p.lay.ModuleSize: 30000} {
			p.setup("m", base, 20000)
			p.put(field, v)
			require.True(t, p.init("m").failed())
		}
		p.setup("other", base, 20000)
		require.True(t, p.init("m").failed())
		p.setup("m", base, 20000)
		p.putCode(imageInit, codeReturn(errnoWord(abi.EIO)))
		require.True(t, p.init("m").failed())
		p.setup("m", base, 20000)
		require.False(t, p.init("m").failed())
		require.False(t, p.init("m").failed())
		require.True(t, p.create("m", 4096).failed())
		require.False(t, p.delete("m").failed())
		require.True(t, p.create("huge", 0xfffffff0).failed())
		require.False(t, p.delete(0).failed())
	}
	calls() // brings in page tables, user pages and slabs
	free := p.k.freePageCount()
	for range 20 {
		calls()
	}
	require.Equal(t, free, p.k.freePageCount())
}

// A module that takes itself off module_list is not there any more: no call finds it, and its name is free.
func TestModuleHidesItself(t *testing.T) {
	p := moduleProbe(t)
	base := p.fresh("hidden", 4096)
	// mov next,%eax; mov %eax,module_list; xor %eax,%eax; ret
	p.putCode(imageInit, code(0xa1, base+p.lay.Next.Off, 0xa3, p.k.sym.ModuleList, 0x31, 0xc0, 0xc3))
	require.Equal(t, "0", p.init("hidden").String())
	require.Equal(t, "-2 ENOENT", p.delete("hidden").String())
	require.Equal(t, "n=0 {}", p.list(0, abi.QMModules))
	require.Empty(t, p.modules())
	require.NotContains(t, p.k.KsymsText(), "hidden")
	require.Equal(t, base+0x2000, p.make("hidden", 4096))
	require.Equal(t, "hidden                  4096 (uninitialized)\n", p.modules())
}

// A cleanup that takes its module off the list leaves free_module nothing to unlink: the real one follows the list to its
// end and faults.
func TestModuleHidesItselfInCleanup(t *testing.T) {
	p := moduleProbe(t)
	base := p.fresh("m", 4096)
	p.putCode(imageCleanup, code(0xa1, base+p.lay.Next.Off, 0xa3, p.k.sym.ModuleList, 0xc3))
	p.init("m")
	r := p.child(ProcessConfig{}, func() reply { return p.delete("m") })
	require.Equal(t, "no return: caller killed by signal 11", r.String())
	require.Contains(t, p.k.LogText(), "virtual address 00000004")
}

// A list that leads back to itself ends for every call, and a remark says that it would not in 2.4.18.
func TestCircularModuleList(t *testing.T) {
	p := moduleProbe(t)
	a, b := p.run("a"), p.run("b")
	p.k.mem.Set(a, p.lay.Next, b) // b → a → b
	require.Equal(t, "n=2 {b,a}", p.list(0, abi.QMModules))
	require.Equal(t, "-2 ENOENT", p.delete("nosuch").String())
	require.Equal(t, "-2 ENOENT", p.initAt("nosuch", userImage).String())
	require.Equal(t, "2", p.sys(abi.NrGetKernelSyms, 0).String())
	require.Equal(t, "0", p.delete(0).String())
	require.Contains(t, p.modules(), "b                       4096   0 (unused)\na ")
	require.Contains(t, p.k.Notes()[0], "module_list is circular: 2.4.18 would follow it for ever")
	p.k.mem.Set(a, p.lay.Next, p.k.sym.KernelModule)
	require.Equal(t, "0", p.delete("a").String())
}

// Images of random words: nothing but an errno or the death of the caller comes back, and the kernel stays usable.
func TestHostileImages(t *testing.T) {
	p := moduleProbe(t)
	random := rand.New(rand.NewSource(1))
	outcomes := map[OutcomeKind]int{}
	call := func(do func() reply) {
		r := p.child(ProcessConfig{}, do)
		require.Contains(t, []OutcomeKind{Returned, Killed}, r.Kind, "%v\n%s", r, p.k.LogText())
		outcomes[r.Kind]++
	}
	for i := range 200 {
		name := fmt.Sprint("m", i)
		p.hostileImage(random, name)
		call(func() reply { return p.initAt(name, userImage) })
		for which := range 7 {
			call(func() reply { return p.query(name, which, queryBuf, random.Intn(5000), queryRet) })
		}
		call(func() reply { return p.sys(abi.NrGetKernelSyms, queryBuf) })
		call(func() reply { return p.delete(name) })
		p.k.KsymsText()
	}
	require.NotZero(t, outcomes[Killed])
	require.NotZero(t, outcomes[Returned])
	last := p.make("last", 4096)
	p.setup("last", last, 4096)
	require.Equal(t, "0", p.init("last").String())
}

// hostileImage creates a module and an image for it with a few words that are wild, or nearly right.
func (p *probe) hostileImage(random *rand.Rand, name string) {
	const size = 8192
	base := p.make(name, size)
	near := []uint32{0, 1, 4, 8, base - 1, base, base + 95, base + 96, base + imageInit, base + 0x800, base + 4096, base + size - 1,
		base + size, 0x7fffffff, 0x80000000, 0x20000000, 0x15555556, 0xfffffff0, 0xffffffff, userImage, p.k.sym.KernelModule,
		p.k.sym.StartKsyms}
	p.setup(name, base, size)
	for range 1 + random.Intn(4) {
		v := random.Uint32()
		if random.Intn(8) != 0 {
			v = near[random.Intn(len(near))]
		}
		p.putWord(uint32(random.Intn(24))*4, v)
	}
	if random.Intn(2) == 0 {
		p.put(p.lay.Next, p.field(base, p.lay.Next))
	}
}

// A module's kallsyms table names its addresses before any export does.
func TestKallsymsTable(t *testing.T) {
	p := moduleProbe(t)
	base := p.fresh("ks", 4096)
	const table, text = 0x600, imageInit
	var b []byte
	word := func(v ...uint32) {
		for _, w := range v {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
	}
	word(44, 0, 2, 44, 16, 3, 76, 12, 112, base+text, base+0x500)    // header
	word(base+0x400, 0x10, 0, 0, base+text, 0x300, 0, 0)             // sections: .data, .text
	word(0, base+0x400, 0, 16, base+text, 5, 16, base+text+0x80, 14) // symbols: section, address, name
	b = append(b, "data\x00init_ks\x00\x00clean_ks\x00"...)
	copy(p.img[table:], b)
	p.put(p.lay.KallsymsStart, base+table)
	p.put(p.lay.KallsymsEnd, base+table+uint32(len(b)))
	require.Equal(t, "0", p.init("ks").String())
	for addr, want := range map[uint32]string{
		base + text:        "init_ks [ks] 0x0",
		base + text + 0x7f: "init_ks [ks] 0x7f",
		base + text + 0x93: "clean_ks [ks] 0x13",
		base + 0x404:       "data [ks] 0x4",
		0xc010910f:         "system_call [kernel] 0x33",
		base + text - 1:    fmt.Sprintf("___strtok_R29805c13 [] %#x", base+text-1-0xc03b345c),
	} {
		require.Equal(t, want, p.k.lookupSymbol(addr), "%x", addr)
	}
	for off := range uint32(len(b)) / 4 { // no header leads the lookup astray
		for _, v := range []uint32{0, 1, 0x7fffffff, 0xffffffff, 0xc0000000} {
			before := p.word(base + table + 4*off)
			p.k.mem.SetU32(base+table+4*off, v)
			p.k.lookupSymbol(base + text + 4)
			p.k.mem.SetU32(base+table+4*off, before)
		}
	}
}
