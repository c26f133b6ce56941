// SPDX-License-Identifier: BSD-3-Clause
// Explanations of random instructions on a bare machine, against what the machine then does.

package explain

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm"
)

// Places in the bare machine.
const (
	gdtAt    = 0x1000
	idtAt    = 0x2000
	trapsAt  = 0x4000 // handlers, 16 bytes apart
	codeAt   = 0x10000
	dataAt   = 0x20000
	tablesAt = 0x100000 // page directory, then page tables
	holeAt   = 0x24000  // a page that is not mapped
	romAt    = 0x25000  // a page that is not writable
	kernelAt = 0x23000  // a page that is not for user mode
	tssAt    = 0x3000
)

// newBare makes a machine in flat protected mode, with paging, an IDT, and FS and GS with small limits.
func newBare(t *testing.T) *vm.Machine {
	m, err := vm.New(vm.Config{RAM: 4 << 20})
	require.NoError(t, err)
	descriptors := []uint64{0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x004092020000003f, 0x0040f00200000fff,
		0x00cffa000000ffff, 0x00cff2000000ffff, 0x0000890030000067}
	for i, d := range descriptors {
		m.WritePhys(gdtAt+uint32(i)*8, binary.LittleEndian.AppendUint64(nil, d))
	}
	for v := range uint32(256) {
		handler := trapsAt + v*16
		kind := uint64(0x8e00)
		if v%2 == 1 { // for user mode
			kind = 0xee00
		}
		gate := uint64(handler&0xffff) | 8<<16 | kind<<32 | uint64(handler>>16)<<48
		m.WritePhys(idtAt+v*8, binary.LittleEndian.AppendUint64(nil, gate))
		m.WritePhys(handler, []byte{0xf4})
	}
	m.WritePhys32(tablesAt, tablesAt+0x1000|7)
	for page := range uint32(1024) {
		m.WritePhys32(tablesAt+0x1000+page*4, page<<12|7)
	}
	m.WritePhys32(tablesAt+0x1000+holeAt>>12*4, 0)
	m.WritePhys32(tablesAt+0x1000+romAt>>12*4, romAt|5)
	m.WritePhys32(tablesAt+0x1000+kernelAt>>12*4, kernelAt|3)
	m.WritePhys32(tssAt+4, 0x9000) // esp0
	m.WritePhys32(tssAt+8, 16)     // ss0
	m.WritePhys32(tssAt+0x64, 0x68<<16)
	m.SetGDTR(gdtAt, uint16(len(descriptors)*8-1))
	m.SetIDTR(idtAt, 0x7ff)
	m.SetCR(3, tablesAt)
	m.SetCR(0, vm.CR0PE|vm.CR0ET|vm.CR0PG|vm.CR0WP)
	m.SetCR(4, vm.CR4OSFXSR)
	m.LoadTR(56)
	for seg, sel := range map[int]uint16{vm.CS: 8, vm.DS: 16, vm.ES: 16, vm.SS: 16, vm.FS: 24, vm.GS: 32} {
		m.LoadSegment(seg, sel)
	}
	return m
}

func TestRandomInstructions(t *testing.T) {
	for _, cpl := range []int{0, 3} {
		t.Run(fmt.Sprintf("ring %d", cpl), func(t *testing.T) { randomInstructions(t, cpl) })
	}
}

func randomInstructions(t *testing.T, cpl int) {
	m := newBare(t)
	if cpl == 3 {
		for seg, sel := range map[int]uint16{vm.CS: 0x2b, vm.DS: 0x33, vm.ES: 0x33, vm.SS: 0x33, vm.FS: 0, vm.GS: 0x23} {
			m.LoadSegment(seg, sel)
		}
		m.SetCPL(3)
		m.SetCR(0, m.CR(0)|1<<18)
	}
	c := &checker{m: m, x: &Explainer{Machine: m}}
	m.SetMonitor(vm.Monitor{Fault: func(f vm.Fault) {
		if c.faulted == nil {
			c.faulted, c.cr2 = &f, m.CR(2)
		}
	}})
	m.Watch(vm.Watched{First: 0, Last: 0xffffffff, Write: true, Fn: func(e vm.WatchEvent) { c.writes = append(c.writes, e) }})
	start := m.State()
	random := rand.New(rand.NewPCG(1, 2))
	address := func() uint32 {
		switch random.Uint32N(8) {
		case 0:
			return random.Uint32()
		case 1:
			return random.Uint32N(64)
		case 2:
			return kernelAt - 8 + random.Uint32N(0x3010)
		}
		return dataAt + random.Uint32N(0x3000)
	}
	const rounds = 30_000
	for range rounds {
		s := start
		for r := range s.GPR {
			s.GPR[r] = address()
		}
		s.GPR[vm.ESP] = dataAt + 0x1000 + random.Uint32N(0x1000)
		s.EIP = codeAt + random.Uint32N(0x100)
		s.Eflags = random.Uint32()&(vm.FlagCF|vm.FlagPF|vm.FlagAF|vm.FlagZF|vm.FlagSF|vm.FlagOF|vm.FlagDF) | 2
		if random.Uint32N(4) == 0 {
			s.Eflags |= vm.FlagAC
		}
		if random.Uint32N(4) == 0 {
			s.CR0 |= vm.CR0TS
		}
		s.Now = m.Now()
		m.SetState(&s)
		code := make([]byte, 16)
		for i := range code {
			code[i] = byte(random.Uint32())
		}
		if random.Uint32N(3) == 0 {
			code[0] = [...]byte{0x0f, 0x66, 0xf3, 0xf2, 0x64, 0x67, 0xc1, 0xf7, 0xff, 0xd3, 0x81, 0x83, 0x8b, 0x89}[random.Uint32N(14)]
		}
		m.WritePhys(s.EIP, code)
		data := make([]byte, 8)
		binary.LittleEndian.PutUint64(data, random.Uint64()>>random.Uint32N(64))
		m.WritePhys(dataAt+random.Uint32N(0x3000), data)
		m.WriteLinear(s.GPR[vm.ESP], binary.LittleEndian.AppendUint32(nil, address()))

		c.faulted, c.writes, c.valid = nil, nil, true
		c.explain()
		if !c.last.OK && c.last.Fault == nil {
			continue
		}
		stop := m.Run(1)
		if stop.Reason == vm.StopUnwritten || stop.Reason == vm.StopShutdown || stop.Reason == vm.StopHypercall {
			m.Reset()
			continue
		}
		if c.faulted != nil {
			c.last.Next.Known = c.last.Next.Known && c.last.Fault != nil && m.EIP() != c.last.Next.EIP+1 // Run(1) has gone into the handler
			if c.last.Fault != nil && m.EIP() == c.last.Next.EIP+1 {
				c.last.Next.Known = false
			}
			c.compareFaulted()
			continue
		}
		c.compare()
		require.Less(t, len(c.bad), 10, strings.Join(c.bad, "\n"))
	}
	require.Empty(t, c.bad, strings.Join(c.bad, "\n"))
	t.Logf("%d explanations, %d with everything foreseen, %d faults", c.count, c.foreseen, c.faults)
	require.Greater(t, c.foreseen, rounds/4)
	require.Greater(t, c.faults, rounds/20)
}

// compareFaulted is compare where the machine has gone on into the exception's handler.
func (c *checker) compareFaulted() {
	c.count++
	if c.last.Fault == nil {
		if c.last.Next.Known {
			c.complain("vector %d code %d", c.faulted.Vector, c.faulted.Code)
		}
		return
	}
	c.last.Next.Known = false
	c.compareFault()
}
