// SPDX-License-Identifier: BSD-3-Clause

// String instructions: however a repetition is cut into pieces, it ends in
// the same state; the clock counts elements; faults and interrupts find the
// registers where the elements stand.

package vm

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

const (
	strArea = flatData          // four pages the strings lie in
	strSize = 4 * pageSize      //
	strCode = strArea + 0x3f80  // code beside data
	strGone = flatData + 0x8000 // not mapped in newPaged
)

// newPaged is newFlat with 4 KB pages in the first 4 MB, strGone's not present.
func newPaged(t testing.TB) *Machine {
	m := newFlat(t)
	const table = 0x2000
	for i := uint32(0); i < 1024; i++ {
		m.WritePhys32(table+i*4, i<<pageShift|pteP|pteW|pteU)
	}
	m.WritePhys32(table+strGone>>pageShift*4, 0)
	m.WritePhys32(flatPgdir, table|pteP|pteW|pteU)
	m.cpu.flushTLB()
	return m
}

// runSlice runs from EIP on until n instructions have retired or a fault
// occurs, and returns the fault.
func (m *Machine) runSlice(n int64) (fault, bool) {
	c := &m.cpu
	end := c.now() + uint64(n)
	for c.now() < end {
		c.horizon, c.budget, c.exit = end, int64(end-c.now()), exitNone
		if c.stepping() {
			c.stepInst()
		} else {
			c.runBlocks(true)
		}
		if c.exit == exitFault {
			return c.pending, true
		}
	}
	return fault{}, false
}

// stringCase is one repeated instruction in a random surrounding.
type stringCase struct {
	code   []byte
	gpr    [8]uint32
	flags  uint32
	memory []byte
	n      int64 // elements it will do
}

func randomStringCase(r *rand.Rand) stringCase {
	ops := []byte{0xa4, 0xa6, 0xaa, 0xac, 0xae}
	tc := stringCase{memory: make([]byte, strSize), flags: flagsFixed | uint32(r.Intn(2))*FlagDF}
	op := ops[r.Intn(len(ops))] | byte(r.Intn(2))
	tc.code = []byte{0xf2 + byte(r.Intn(2)), op, 0x90, 0xeb, 0xfd} // then: nop; jmp back to it
	size := uint32(1)
	if op&1 != 0 {
		size = 4
		if r.Intn(2) == 0 {
			size, tc.code = 2, append([]byte{0x66}, tc.code...)
		}
	}
	for i := range tc.memory {
		tc.memory[i] = byte(r.Intn(2) * r.Intn(2) * r.Intn(2)) // long runs of equal bytes
	}
	near := strArea + uint32(r.Intn(3)+1)*pageSize - uint32(r.Intn(400)) + 200
	tc.gpr[x86.ESI] = near
	tc.gpr[x86.EDI] = near + uint32(r.Intn(64)) - 32
	if r.Intn(2) == 0 {
		tc.gpr[x86.EDI] = strArea + 0x1000 + uint32(r.Intn(0x2000))
	}
	tc.gpr[x86.ECX] = uint32(r.Intn(300))
	if size == 1 && r.Intn(4) == 0 {
		tc.gpr[x86.ECX] = uint32(r.Intn(1500))
	}
	tc.gpr[x86.EAX] = uint32(r.Intn(2)) * 0x01010101 * uint32(r.Intn(3))
	tc.gpr[x86.EBX] = size
	return tc
}

// run executes the case in slices of step instructions (0: all at once) and
// returns registers, flags, memory and clock.
func (tc *stringCase) run(t *testing.T, m *Machine, step int64, hook bool) (string, []byte) {
	c := &m.cpu
	m.WritePhys(strArea, tc.memory)
	m.WritePhys(strCode, tc.code)
	m.SetEIP(strCode)
	copy(c.gpr[:8], tc.gpr[:])
	c.gpr[x86.ESP] = flatStack
	m.SetEflags(tc.flags)
	if hook {
		m.SetInstrHook(func(*x86.Inst) {})
		defer m.SetInstrHook(nil)
	}
	start := c.now()
	next := uint32(strCode + len(tc.code) - 3)
	for i := 0; c.eip != next; i++ {
		require.Less(t, i, 10000, "%x", tc.code)
		n := step
		if n == 0 {
			n = max(tc.n, 1)
		}
		_, faulted := m.runSlice(n)
		require.False(t, faulted)
		if c.eip > next { // a slice went on behind the instruction: back to its end
			require.LessOrEqual(t, c.eip, next+3)
			break
		}
	}
	mem := make([]byte, strSize)
	m.ReadPhys(strArea, mem)
	return fmt.Sprintf("%x %x %d", c.gpr[:8], c.eflags(), c.now()-start), mem
}

func TestRepetitionDoesNotDependOnHowItIsCut(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	m := newPaged(t)
	for i := range 3000 {
		tc := randomStringCase(r)
		// Element by element first: that says how many there are.
		want, mem := tc.run(t, m, 1, i&1 == 0)
		_, err := fmt.Sscanf(want[len(want)-len(lastWord(want)):], "%d", &tc.n)
		require.NoError(t, err)
		for _, step := range []int64{0, 7, 64} {
			if step != 0 && tc.n%step != 0 { // whole slices only, to stop right behind it
				continue
			}
			got, gotMem := tc.run(t, m, step, false)
			require.Equal(t, want, got, "case %d, code % x, slices of %d", i, tc.code, step)
			require.Equal(t, mem, gotMem, "case %d, code % x, slices of %d", i, tc.code, step)
		}
	}
}

func lastWord(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ' ' {
			return s[i+1:]
		}
	}
	return s
}

func TestRepetitionClock(t *testing.T) {
	rows := []struct {
		name  string
		code  []byte
		ecx   uint32
		clock uint64
	}{
		{"no elements count one", []byte{0xf3, 0xaa, 0xf4}, 0, 1},
		{"one element", []byte{0xf3, 0xaa, 0xf4}, 1, 1},
		{"each element counts", []byte{0xf3, 0xaa, 0xf4}, 10000, 10000},
		{"cx of ecx", []byte{0x67, 0xf3, 0xac, 0xf4}, 0x30007, 7},
		{"elements compared", []byte{0xf2, 0xae, 0xf4}, 10000, 5001}, // AL is at EDI + 5000
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			m := newPaged(t)
			m.WritePhys(strArea+5000, []byte{0x55})
			m.load(row.code...)
			m.SetReg(EAX, 0x55)
			m.SetReg(ECX, row.ecx)
			m.SetReg(EDI, strArea)
			s := m.Run(Forever)
			require.Equal(t, StopHalt, s.Reason)
			require.Equal(t, row.clock+1, m.Now(), "and one for HLT")
		})
	}
}

func TestRepetitionStopsAnywhere(t *testing.T) {
	for n := uint64(1); n < 12; n++ {
		m := newPaged(t)
		m.load(0x90, 0xf3, 0xa5, 0x40, 0xf4) // nop; rep movsd; inc eax; hlt
		m.SetReg(ECX, 8)
		m.SetReg(ESI, strArea)
		m.SetReg(EDI, strArea+0x1000)
		s := m.Run(n)
		require.Equal(t, StopLimit, s.Reason)
		require.Equal(t, n, m.Now())
		done := uint32(min(n-1, 8))
		require.Equal(t, 8-done, m.Reg(ECX))
		require.Equal(t, strArea+done*4, m.Reg(ESI))
		require.Equal(t, strArea+0x1000+done*4, m.Reg(EDI))
		eip := uint32(flatCode + 1)
		switch {
		case n == 9:
			eip += 2
		case n >= 10:
			eip += 3
		}
		if n < 11 {
			require.Equal(t, eip, m.EIP(), "after %d", n)
		}
	}
}

func TestRepetitionFaults(t *testing.T) {
	rows := []struct {
		name     string
		code     []byte
		esi, edi uint32
		df       bool
		done     uint32 // elements before the fault
		cr2      uint32
		code0    uint32 // error code
	}{
		{"movsb, destination", []byte{0xf3, 0xa4}, strArea, strGone - 5, false, 5, strGone, 2},
		{"movsb, source", []byte{0xf3, 0xa4}, strGone - 7, strArea, false, 7, strGone, 0},
		{"movsd, element across the end", []byte{0xf3, 0xa5}, strArea, strGone - 9, false, 2, strGone, 2},
		{"movsd down", []byte{0xf3, 0xa5}, strGone + 0x1008, strArea + 100, true, 3, strGone + 0xffc, 0},
		{"stosd", []byte{0xf3, 0xab}, 0, strGone - 16, false, 4, strGone, 2},
		{"scasb", []byte{0xf3, 0xae}, 0, strGone - 3, false, 3, strGone, 0},
		{"cmpsb", []byte{0xf3, 0xa6}, strGone - 6, strGone - 0x800, false, 6, strGone, 0},
		{"lodsw at once", []byte{0xf3, 0x66, 0xad}, strGone - 1, 0, false, 0, strGone, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			m := newPaged(t)
			m.load(row.code...)
			m.SetReg(ECX, 100)
			m.SetReg(ESI, row.esi)
			m.SetReg(EDI, row.edi)
			flags := uint32(flagsFixed | FlagCF | FlagOF | FlagPF) // no comparison leaves these
			if row.df {
				flags |= FlagDF
			}
			m.SetEflags(flags)
			f, faulted := m.runSlice(1000)
			require.True(t, faulted)
			require.Equal(t, fault{vector: VecPF, hasErr: true, err: row.code0}, f)
			require.Equal(t, row.cr2, m.CR(2))
			require.Equal(t, uint32(100-row.done), m.Reg(ECX))
			require.Equal(t, uint32(flatCode), m.EIP())
			require.Equal(t, flags, m.Eflags())
			require.Equal(t, uint64(row.done), m.Now())
		})
	}
}

// A repetition that overwrites itself goes on as it was fetched, whoever
// looks on and whatever the limit; only a trap makes it fetch again.
func TestRepetitionOverItself(t *testing.T) {
	start := func() *Machine {
		m := newPaged(t)
		// rep stosb from the byte before the instruction on: the second
		// element turns its prefix into INC EAX.
		m.load(0x90, 0xf3, 0xaa, 0xf4)
		m.SetEIP(flatCode + 1)
		m.SetReg(EAX, 0x40)
		m.SetReg(ECX, 3)
		m.SetReg(EDI, flatCode)
		return m
	}
	for limit := uint64(1); limit < 6; limit++ {
		for _, hook := range []bool{false, true} {
			m := start()
			if hook {
				m.SetInstrHook(func(*x86.Inst) {})
			}
			for m.Run(limit).Reason == StopLimit {
			}
			require.True(t, m.Halted())
			require.Equal(t, uint64(4), m.Now(), "hook %v, limit %d", hook, limit)
			require.Equal(t, uint32(0x40), m.Reg(EAX))
			require.Zero(t, m.Reg(ECX))
		}
	}
	// With TF: two elements, each with its trap, then INC EAX.
	m := start()
	m.SetEflags(flagsFixed | FlagTF)
	for range 3 {
		m.cpu.sys.attn &^= attnTrap
		m.cpu.sys.trap = 0
		_, faulted := m.runSlice(1)
		require.False(t, faulted)
	}
	require.Equal(t, uint32(0x41), m.Reg(EAX))
	require.Equal(t, uint32(1), m.Reg(ECX))
}

// A repetition may write code that lies beside its data: the cached block is
// dropped, its neighbours run on.
func TestRepetitionOverOtherCode(t *testing.T) {
	m := newPaged(t)
	const target = flatCode + 0x100
	m.WritePhys(target, []byte{0x43, 0xc3})                            // inc ebx; ret
	m.load(0xe8, 0xfb, 0, 0, 0, 0xf3, 0xaa, 0xe8, 0xf4, 0, 0, 0, 0xf4) // call; rep stosb; call; hlt
	m.SetReg(EAX, 0x42)                                                // inc edx
	m.SetReg(ECX, 1)
	m.SetReg(EDX, 0x42)
	m.SetReg(EDI, target)
	s := m.Run(Forever)
	require.Equal(t, StopHalt, s.Reason)
	require.Equal(t, uint32(1), m.Reg(EBX))
	require.Equal(t, uint32(0x43), m.Reg(EDX))
}

// portLog is a device that counts, and remembers when it was reached.
type portLog struct {
	m     *Machine
	next  uint32
	wrote []uint32
	when  []uint64
	at    func(n int)
}

func (p *portLog) ReadPort(uint16, uint8) uint32 {
	p.next++
	p.when = append(p.when, p.m.Now())
	return p.next
}

func (p *portLog) WritePort(_ uint16, _ uint8, v uint32) {
	p.wrote = append(p.wrote, v)
	p.when = append(p.when, p.m.Now())
	if p.at != nil {
		p.at(len(p.wrote))
	}
}

func TestStringIO(t *testing.T) {
	m := newPaged(t)
	dev := &portLog{m: m}
	require.NoError(t, m.AddPorts(0x300, 0x303, dev))
	m.load(0xf3, 0x66, 0x6d, 0xf3, 0x66, 0x6f, 0xf4) // rep insw; rep outsw; hlt
	m.SetReg(EDX, 0x300)
	m.SetReg(EDI, strArea+0xffd) // one element crosses a page
	m.SetReg(ECX, 4)
	require.Equal(t, StopLimit, m.Run(4).Reason)
	m.SetReg(ESI, strArea+0xffd)
	m.SetReg(ECX, 4)
	require.Equal(t, StopHalt, m.Run(Forever).Reason)
	require.Equal(t, []uint32{1, 2, 3, 4}, dev.wrote)
	require.Equal(t, []uint64{1, 2, 3, 4, 5, 6, 7, 8}, dev.when)
}

// A device that asks for attention gets it after the element.
func TestStringIOIsLeftForAttention(t *testing.T) {
	m := newPaged(t)
	dev := &portLog{m: m, at: func(n int) {
		if n == 3 {
			m.Stop()
		}
	}}
	require.NoError(t, m.AddPorts(0x300, 0x303, dev))
	m.load(0xf3, 0x6e, 0xf4) // rep outsb; hlt
	m.SetReg(EDX, 0x300)
	m.SetReg(ESI, strArea)
	m.SetReg(ECX, 10)
	require.Equal(t, StopRequested, m.Run(Forever).Reason)
	require.Equal(t, uint32(7), m.Reg(ECX))
	require.Equal(t, uint64(3), m.Now())
	require.Equal(t, uint32(flatCode), m.EIP())
	dev.at = nil
	require.Equal(t, StopHalt, m.Run(Forever).Reason)
	require.Len(t, dev.wrote, 10)
}

// INS does not read the port when the destination cannot be written.
func TestInsFaultsBeforeThePort(t *testing.T) {
	m := newPaged(t)
	dev := &portLog{m: m}
	require.NoError(t, m.AddPorts(0x300, 0x300, dev))
	m.load(0x6c)
	m.SetReg(EDX, 0x300)
	m.SetReg(EDI, strGone)
	_, faulted := m.runSlice(1)
	require.True(t, faulted)
	require.Zero(t, dev.next)
}

// A single-step trap comes after each element and sees the flags of its
// comparison; a debugger's look in between does not.
func TestRepetitionFlagsInBetween(t *testing.T) {
	for _, row := range []struct{ before, after uint32 }{
		{FlagCF | FlagOF, FlagCF | FlagOF},
		{FlagCF | FlagOF | FlagTF, FlagZF | FlagPF | FlagTF},
	} {
		m := newPaged(t)
		m.load(0xf3, 0xa6) // repe cmpsb of equal strings
		m.SetReg(ECX, 8)
		m.SetReg(ESI, strArea)
		m.SetReg(EDI, strArea+0x100)
		m.SetEflags(row.before | flagsFixed)
		c := &m.cpu
		m.SetInstrHook(func(*x86.Inst) {})
		c.horizon, c.budget = 3, 3
		c.stepInst()
		require.Equal(t, uint32(7), m.Reg(ECX))
		require.Equal(t, row.after|flagsFixed, m.Eflags())
	}
}

func BenchmarkString(b *testing.B) {
	rows := []struct {
		name  string
		code  []byte
		count uint32
		bytes int64
	}{
		{"rep movsd 4K", []byte{0xf3, 0xa5}, 1024, 4096},
		{"rep movsd 4K unaligned", []byte{0xf3, 0xa5}, 1024, 4096},
		{"rep stosd 4K", []byte{0xf3, 0xab}, 1024, 4096},
		{"rep movsb 16", []byte{0xf3, 0xa4}, 16, 16},
		{"repne scasb 100", []byte{0xf2, 0xae}, 100, 100},
		{"repe cmpsb 100", []byte{0xf3, 0xa6}, 100, 100},
		{"movsb", []byte{0x90, 0xa4}, 1, 1},
	}
	for _, row := range rows {
		b.Run(row.name, func(b *testing.B) {
			m := newFlat(b)
			src, dst := uint32(strArea), uint32(strArea+0x10000)
			if row.name == "rep movsd 4K unaligned" {
				src, dst = src+0x123, dst+0x345
			}
			code := []byte{0xbe, 0, 0, 0, 0, 0xbf, 0, 0, 0, 0, 0xb9, 0, 0, 0, 0}
			for i, v := range []uint32{src, dst, row.count} {
				for k := range 4 {
					code[i*5+1+k] = byte(v >> (8 * k))
				}
			}
			code = append(code, row.code...)
			code = append(code, 0xeb, byte(256-len(code)-2))
			m.load(code...)
			m.SetReg(EAX, 0x55)
			b.SetBytes(row.bytes)
			b.ResetTimer()
			m.Run(uint64(b.N) * uint64(row.count+4))
		})
	}
}
