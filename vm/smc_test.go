// SPDX-License-Identifier: BSD-3-Clause

// Self-modifying code takes effect at once, as on a P6 (SDM vol. 3, 11.6).

package vm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// runTo runs until HLT and returns EAX.
func runTo(t *testing.T, m *Machine) uint32 {
	t.Helper()
	s := m.Run(10_000)
	require.Equal(t, StopHalt, s.Reason, "%v", s)
	m.Wake()
	return m.Reg(EAX)
}

func TestCodeWrittenAheadInItsBlock(t *testing.T) {
	m := newFlat(t)
	m.load(
		0xc6, 0x05, 0x0c, 0x00, 0x10, 0x00, 0x22, // mov byte [flatCode+12], 22: the immediate below
		0x90, 0x90, 0x90, 0x90,
		0xb8, 0x11, 0x00, 0x00, 0x00, // mov eax, 11
		0xf4,
	)
	require.Equal(t, uint32(0x22), runTo(t, m))
}

func TestCodeWrittenByTheRunningInstruction(t *testing.T) {
	m := newFlat(t)
	m.load(
		0xb9, 0x02, 0x00, 0x00, 0x00, // mov ecx, 2
		// 5: the loop increments its own immediate
		0xb8, 0x10, 0x00, 0x00, 0x00, // mov eax, 10
		0xfe, 0x05, 0x06, 0x00, 0x10, 0x00, // inc byte [flatCode+6]
		0x49,       // dec ecx
		0x75, 0xf2, // jnz 5
		0xa0, 0x06, 0x00, 0x10, 0x00, // mov al, [flatCode+6]
		0xf4,
	)
	require.Equal(t, uint32(0x12), runTo(t, m))
}

// TestCodeWrittenThroughAnotherMapping writes by a second linear address.
func TestCodeWrittenThroughAnotherMapping(t *testing.T) {
	m := newFlat(t)
	m.WritePhys32(flatPgdir+0x200*4, 0<<22|ptePS|pteP|pteW|pteA|pteD) // 80000000 → 0
	m.cpu.flushTLB()
	code := []byte{
		0xe8, 0x0d, 0x00, 0x00, 0x00, // call f
		0xc6, 0x05, 0x13, 0x00, 0x10, 0x80, 0x33, // mov byte [80000000+flatCode+19], 33
		0xe8, 0x01, 0x00, 0x00, 0x00, // call f
		0xf4,
		0xb8, 0x11, 0x00, 0x00, 0x00, // f: mov eax, 11
		0xc3,
	}
	m.load(code...)
	require.Equal(t, uint32(0x33), runTo(t, m))
}

// TestCodeWrittenByTheHost is what a device's DMA does.
func TestCodeWrittenByTheHost(t *testing.T) {
	m := newFlat(t)
	m.load(0xb8, 0x11, 0, 0, 0, 0xf4)
	require.Equal(t, uint32(0x11), runTo(t, m))
	m.WritePhys(flatCode+1, []byte{0x44})
	m.SetEIP(flatCode)
	require.Equal(t, uint32(0x44), runTo(t, m))

	m.Schedule(m.Now()+50, func() { m.WritePhys(flatCode, []byte{0xf4}) })
	m.load(0xeb, 0xfe) // jmp to itself, linked to itself
	runTo(t, m)
	require.Equal(t, uint32(flatCode+1), m.EIP())
}

// TestCodeRewrittenOften leaves the block cache after a while, and still runs
// what is there.
func TestCodeRewrittenOften(t *testing.T) {
	m := newFlat(t)
	m.load(
		0xb9, 0xe8, 0x03, 0x00, 0x00, // mov ecx, 1000
		0x31, 0xd2, // xor edx, edx
		// 7:
		0xb8, 0x00, 0x00, 0x00, 0x00, // mov eax, imm
		0x01, 0xc2, // add edx, eax
		0x89, 0x0d, 0x08, 0x00, 0x10, 0x00, // mov [flatCode+8], ecx
		0x49,       // dec ecx
		0x75, 0xf0, // jnz 7
		0x89, 0xd0, // mov eax, edx
		0xf4,
	)
	require.Equal(t, uint32(1000*1001/2-1), runTo(t, m)) // 0, 1000, 999 … 2
	page := m.cpu.cache.pages[flatCode>>pageShift]
	require.NotNil(t, page)
	require.Greater(t, page.churn, uint32(maxChurn))
}

// TestCodeRewrittenNoMore comes back into the block cache: after a page was
// rewritten often, the program that lies there in the end stays.
func TestCodeRewrittenNoMore(t *testing.T) {
	m := newFlat(t)
	m.load(
		0xb9, 0x40, 0x00, 0x00, 0x00, // mov ecx, 64
		// 5:
		0xb8, 0x00, 0x00, 0x00, 0x00, // mov eax, imm
		0x89, 0x0d, 0x06, 0x00, 0x10, 0x00, // mov [flatCode+6], ecx
		0x49,       // dec ecx
		0x75, 0xf2, // jnz 5
		0xb9, 0x94, 0x11, 0x00, 0x00, // mov ecx, 4500
		0x49,       // 18: dec ecx
		0x75, 0xfd, // jnz 18
		0xf4,
	)
	runTo(t, m)
	page := m.cpu.cache.pages[flatCode>>pageShift]
	require.Zero(t, page.churn)
	require.NotEmpty(t, page.blocks)
}

// TestDataBesideCode keeps the blocks of a page whose other lines are written.
func TestDataBesideCode(t *testing.T) {
	m := newFlat(t)
	m.load(
		0xb9, 0x64, 0x00, 0x00, 0x00, // mov ecx, 100
		0xff, 0x05, 0x00, 0x08, 0x10, 0x00, // inc dword [flatCode+800]
		0x49,       // dec ecx
		0x75, 0xf7, // jnz
		0xa1, 0x00, 0x08, 0x10, 0x00, // mov eax, [flatCode+800]
		0xf4,
	)
	require.Equal(t, uint32(100), runTo(t, m))
	require.Zero(t, m.cpu.cache.pages[flatCode>>pageShift].churn)
}

// TestCodeThatRunsOutOfMemory is an instruction that begins in the last bytes of RAM and ends where nothing is: it has
// no second part that a block could be kept for.
func TestCodeThatRunsOutOfMemory(t *testing.T) {
	m := newFlat(t)
	m.load(0x41, 0x83, 0xf9, 0x03, 0x75, 0x01, 0xf4, 0xe9, 0xf0, 0xff, 0xef, 0x00) // inc ecx; cmp ecx, 3; jne 1f; hlt; 1: jmp fffffc
	m.WritePhys(16<<20-4, []byte{0xe9, 0xff, 0xff, 0x0f})                          // jmp flatCode, if the hole reads ff
	runTo(t, m)
	require.EqualValues(t, 3, m.Reg(ECX))
}
