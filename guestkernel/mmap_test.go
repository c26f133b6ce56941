// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

const mapAt = 0x60000000

// mapFD maps size bytes of an open file into the process, in place of what was there.
func (g *guest) mapFD(fd, size, prot, flags, page uint32) Outcome {
	return g.p.Syscall(abi.NrMmap2, mapAt, size, prot, flags|mapFixed, fd, page)
}

// word reads a word of the process's memory, as the process would: a bad address is a signal.
func (g *guest) word(addr uint32) Outcome { return g.runUser(g.userCode(code(0xa1, addr, done()))) }

// A driver's mmap: its range operations are told of every change, and its nopage function gives the pages.
func TestMapDevice(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.lay.VMA
	var events []string
	page := k.AllocPages(k.pages.gfp.kernel, 0)
	k.m.WritePhys32(k.physOf(page)+8, 0x12345678)
	op := func(name string) uint32 {
		return g.modelled(func(c *Call) { events = append(events, name); c.Return(0) })
	}
	nopage := g.modelled(func(c *Call) {
		events = append(events, "nopage")
		c.Return(0) // SIGBUS
		if k.mem.Get(c.Arg(0), lay.Pgoff)+(c.Arg(1)-k.mem.Get(c.Arg(0), lay.Start))>>abi.PageShift == 0 {
			k.mem.Set(page, k.lay.Page.Count, k.mem.Get(page, k.lay.Page.Count)+1)
			c.Return(page)
		}
	})
	vmOps := g.put(code(op("open"), op("close"), nopage)...)
	fops := g.put(make([]byte, k.lay.FileOperations.Size)...)
	k.mem.Set(fops, k.lay.FileOperations.Mmap, g.modelled(func(c *Call) {
		k.mem.Set(c.Arg(1), lay.Ops, vmOps)
		c.Return(0)
	}))
	require.EqualValues(t, 0, g.callKernel(t, "register_chrdev", 240, g.text("dev"), fops))
	fd, err := g.p.Open("/dev/dev", OpenBoth, 0)
	require.NoError(t, err)
	o := g.mapFD(fd, 3*abi.PageSize, ProtRead|ProtWrite, mapShared, 0)
	require.Equal(t, Returned, o.Kind)
	at := uint32(o.Value)
	require.Equal(t, Outcome{Kind: Returned, Value: 0x12345678}, g.word(at+8))
	require.Equal(t, []string{"nopage"}, events)
	require.Equal(t, Outcome{Kind: Returned}, g.p.Syscall(abi.NrMunmap, at+abi.PageSize, abi.PageSize))
	require.Equal(t, []string{"nopage", "open", "open", "close"}, events, "cut twice, the middle goes")
	require.NoError(t, g.p.CloseFile(fd))
	require.Equal(t, Outcome{Kind: Killed, Signal: abi.SIGBUS}, g.word(at+2*abi.PageSize))
	require.Equal(t, []string{"nopage", "open", "open", "close", "nopage", "close", "close"}, events)
	require.EqualValues(t, 1, k.mem.Get(page, k.lay.Page.Count))
}

// The kernel's own devices: zeros, and physical memory for those who may.
func TestMapMemoryDevices(t *testing.T) {
	g := newGuest(t, Config{})
	zero, err := g.p.Open("/dev/zero", OpenBoth, 0)
	require.NoError(t, err)
	for _, flags := range []uint32{mapPrivate, mapShared} {
		at := uint32(g.mapFD(zero, abi.PageSize, ProtRead|ProtWrite, flags, 0).Value)
		require.Equal(t, Outcome{Kind: Returned}, g.word(at))
	}
	mem, err := g.p.Open("/dev/mem", OpenRead, 0)
	require.NoError(t, err)
	const text = physicalText >> abi.PageShift
	at := uint32(g.mapFD(mem, abi.PageSize, ProtRead, mapShared, text).Value)
	require.Equal(t, Outcome{Kind: Returned, Value: int32(g.k.mem.U32(abi.KernelText))}, g.word(at))
	require.Equal(t, errnoOutcome(abi.EACCES), g.mapFD(mem, abi.PageSize, ProtWrite, mapShared, text), "open for reading")
	require.Equal(t, errnoOutcome(abi.EBADF), g.mapFD(77, abi.PageSize, ProtRead, mapShared, 0))
	null, err := g.p.Open("/dev/null", OpenBoth, 0)
	require.NoError(t, err)
	require.Equal(t, errnoOutcome(abi.ENODEV), g.mapFD(null, abi.PageSize, ProtRead, mapShared, 0))
}

const physicalText = 0x100000

func errnoOutcome(e abi.Errno) Outcome { return Outcome{Kind: Returned, Value: -int32(e)} }

// /dev/kmem shows all that the kernel has mapped, and what lies between areas of vmalloc as zeros; writing changes it.
func TestKernelMemoryDevice(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	user := newProcess(t, k, ProcessConfig{UID: 500})
	_, err := user.Open("/dev/kmem", OpenRead, 0)
	require.ErrorContains(t, err, "EPERM")
	fd, err := g.p.Open("/dev/kmem", OpenBoth, 0)
	require.NoError(t, err)
	position := func(addr uint32) {
		at, err := g.p.scratch(8)
		require.NoError(t, err)
		require.EqualValues(t, 0, g.p.Syscall(abi.NrLlseek, fd, 0, addr, at, 0).Value)
	}
	area := k.Vmalloc(4)
	k.mem.SetU64(area, 0x1122334455667788)
	position(area)
	b := make([]byte, 8)
	n, err := g.p.Read(fd, b)
	require.NoError(t, err)
	require.Equal(t, uint64(0x1122334455667788), binary.LittleEndian.Uint64(b[:n]))
	position(area)
	_, err = g.p.Write(fd, []byte{1, 2, 3, 4})
	require.NoError(t, err)
	require.Equal(t, uint64(0x1122334404030201), k.mem.U64(area))
	position(area + abi.PageSize) // its guard page: the next area, or nothing
	n, err = g.p.Read(fd, b)
	require.NoError(t, err)
	require.Equal(t, make([]byte, n), b[:n])
	position(k.sym.ModuleList)
	_, err = g.p.Read(fd, b)
	require.NoError(t, err)
	require.Equal(t, k.mem.Bytes(k.sym.ModuleList, 8), b)
	position(0x1000) // not mapped
	_, err = g.p.Read(fd, b)
	require.ErrorContains(t, err, "EFAULT")
}

// Two programs that compute take turns by the clock, the same in every run.
func TestTurns(t *testing.T) {
	run := func() (uint64, string) {
		var out bytes.Buffer
		k, p := startProgram(t, &out, ProgramConfig{Path: "turns"})
		require.Equal(t, Outcome{Kind: Exited}, p.Wait())
		return k.m.Now(), out.String()
	}
	n, order := run()
	again, orderAgain := run()
	require.Equal(t, n, again)
	require.Equal(t, order, orderAgain)
	require.Contains(t, order, "ab")
	require.Contains(t, order, "ba")
	require.Contains(t, order, "aa", "a time slice is longer than a round")
}
