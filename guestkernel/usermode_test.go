// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// runUser makes the process execute code of its own at CPL 3. The code ends by jumping to the process's HLT with its result
// in EAX.
func (g *guest) runUser(user uint32) Outcome {
	// movl $user,0x2c(%esp): eip of the pt_regs behind the return address; ret
	return g.run(g.put(code(0xc7, 0x44, 0x24, 0x2c, user, 0xc3)...))
}

// userCode puts code into a page of the process's own.
func (g *guest) userCode(b []byte) uint32 {
	at, err := g.p.Alloc(uint32(len(b)))
	require.NoError(g.t, err)
	require.NoError(g.t, g.p.WriteUser(at, b))
	return at
}

// done ends user code: its EAX is the result.
func done() []byte { return code(0xb9, uint32(codeBase+intLen), 0xff, 0xe1) }

// Programs at CPL 3: system calls, demand-zero memory, a growing stack, and what kills them.
func TestUserMode(t *testing.T) {
	const readOnly = 0x60000000
	for _, c := range []struct {
		name string
		code []byte
		want Outcome
	}{
		{"system call", code(movEax(abi.NrGetpid), 0xcd, 0x80, done()), Outcome{Kind: Returned, Value: 10}},
		{"fresh memory reads as zero", code(0xa1, uint32(0x50000ffc), done()), Outcome{Kind: Returned}},
		{"and keeps what is written", code(0xc7, 0x05, uint32(0x50000ffc), uint32(7), 0xa1, uint32(0x50000ffc), done()), Outcome{Kind: Returned, Value: 7}},
		{"read, then write", code(0xa1, uint32(0x50000ffc), 0xff, 0x05, uint32(0x50000ffc), 0xa1, uint32(0x50000ffc), done()), Outcome{Kind: Returned, Value: 1}},
		{"the stack grows", code(0x81, 0xec, uint32(0x3000), 0x6a, 5, 0x58, done()), Outcome{Kind: Returned, Value: 5}},
		{"but not far below ESP", code(0xa1, uint32(stackBase-0x8000), done()), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"read of nothing", code(0xa1, uint32(0), done()), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"read-only memory reads", code(0xa1, uint32(readOnly), done()), Outcome{Kind: Returned}},
		{"and is not written", code(0xa3, uint32(readOnly), done()), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"memory without access", code(0xa1, uint32(readOnly+abi.PageSize), done()), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"kernel memory", code(0xa1, uint32(0xc0100000), done()), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"vmalloc memory", code(0xa1, uint32(0xc8800000), done()), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"jump into the kernel", code(0xb9, uint32(0xc0105000), 0xff, 0xe1), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"cli", code(0xfa, done()), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"hlt of its own", code(0xf4, done()), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"int 0x99", code(0xcd, 0x99, done()), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"the door to the host", code(0x0f, 0x01, 0xc1, done()), Outcome{Kind: Killed, Signal: abi.SIGILL}},
		{"divide", code(0x31, 0xc9, 0xf7, 0xf1, done()), Outcome{Kind: Killed, Signal: abi.SIGFPE}},
		{"int3", code(0xcc, done()), Outcome{Kind: Killed, Signal: abi.SIGTRAP}},
		{"into", code(0xb0, 0x7f, 0x04, 0x01, 0xce, done()), Outcome{Kind: Killed, Signal: abi.SIGSEGV}},
		{"exit", code(0xbb, uint32(9), movEax(abi.NrExit), 0xcd, 0x80, done()), Outcome{Kind: Exited, Value: 9}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGuest(t, Config{})
			require.NoError(t, g.p.Map(0x50000000, abi.PageSize, ProtRead|ProtWrite))
			require.NoError(t, g.p.Map(readOnly, abi.PageSize, ProtRead))
			require.NoError(t, g.p.Map(readOnly+abi.PageSize, abi.PageSize, ProtNone))
			require.Equal(t, c.want, g.runUser(g.userCode(c.code)))
		})
	}
}

// Without memory there is no process, and what it had got so far is given back.
func TestNoMemoryForAProcess(t *testing.T) {
	k := boot(t, Config{Mem: 32 << 20})
	newProcess(t, k, ProcessConfig{}).Close()
	var pages []uint32
	for page := k.AllocPages(k.pages.gfp.kernel, 0); page != noPage; page = k.AllocPages(k.pages.gfp.kernel, 0) {
		pages = append(pages, page)
	}
	for n := range 12 {
		free := k.freePageCount()
		p, err := k.NewProcess(ProcessConfig{})
		if err == nil {
			require.NoError(t, p.Close())
			require.Greater(t, n, 4, "stack, directory, page tables and pages")
		}
		k.reapCaches()
		require.Equal(t, free, k.freePageCount())
		k.freePage(pages[n], 0)
	}
	newProcess(t, k, ProcessConfig{})
}

// Whatever a process did, when it is gone its memory is back.
func TestProcessesLeaveNothing(t *testing.T) {
	g := newGuest(t, Config{})
	free := g.k.freePageCount()
	for _, b := range [][]byte{code(0xfa), code(0xbb, uint32(0), movEax(abi.NrExit), 0xcd, 0x80)} {
		p := newProcess(t, g.k, ProcessConfig{})
		g.p = p
		_, err := p.Alloc(9 << 20)
		require.NoError(t, err)
		user := g.userCode(b)
		require.NoError(t, p.WriteUser(user-abi.PageSize-9<<20, make([]byte, 5<<20)))
		require.Equal(t, user, user&abi.PageMask)
		o := g.runUser(user)
		require.Contains(t, []OutcomeKind{Killed, Exited}, o.Kind)
		g.k.reapCaches() // what is known about a signal takes a slab
		require.Equal(t, free, g.k.freePageCount())
		_, err = p.Alloc(1)
		require.ErrorIs(t, err, errEnded)
	}
}

// What lies in front of the kernel's text is data, whatever nm calls it.
func TestKernelDirectoryAndZeroPage(t *testing.T) {
	k := boot(t, Config{})
	require.Equal(t, make([]byte, abi.PageSize), k.mem.Bytes(k.sym.EmptyZero, abi.PageSize))
	require.Equal(t, make([]byte, pgdOffset(abi.PageOffset)), k.mem.Bytes(k.sym.SwapperPgDir, pgdOffset(abi.PageOffset)))
	require.Equal(t, uint32(0x1e3), k.mem.U32(k.sym.SwapperPgDir+pgdOffset(abi.PageOffset)))
	require.Equal(t, uint32(0x8005003b), k.m.CR(0))
	require.Equal(t, uint32(0x690), k.m.CR(4))
}

// A guest that has destroyed its own page tables stops the machine, and the host hears of it in words.
func TestDestroyedPageTables(t *testing.T) {
	g := newGuest(t, Config{})
	// overwrite the current page directory: mov %cr3,%edi; add $0xc0000000,%edi; xor %eax,%eax; mov $1024,%ecx; rep stosl
	at := g.put(code(0x0f, 0x20, 0xdf, 0x81, 0xc7, uint32(abi.PageOffset), 0x31, 0xc0, 0xb9, uint32(1024), 0xf3, 0xab,
		0x0f, 0x20, 0xd8, 0x25, uint32(0xfffff000), 0x0f, 0x22, 0xd8, 0x0f, 0x20, 0xe0, 0x24, 0x7f, 0x0f, 0x22, 0xe0, 0xc3)...)
	o := g.run(at)
	require.Equal(t, TripleFault, o.Kind, "%v", o)
}
