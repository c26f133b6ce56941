// SPDX-License-Identifier: BSD-3-Clause
// Random sequences of instructions on the machine and on the host's own
// processor: same registers, flags, x87, MMX and SSE state, memory, exception.
// A difference is shrunk.
//
//	go test ./vm/conformance -run Differential -sequences 1000000 -seed 7

package conformance

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm"
	"ring0/vm/vectors"
)

var (
	sequences = flag.Int("sequences", 6000, "how many sequences the differential test runs")
	seed      = flag.Int64("seed", 1, "and which")
)

const (
	pagesOfCode = seqCodeSize / vm.PageSize
	// A page of code that is rewritten often is no longer cached: a fresh
	// machine after so many sequences.
	perMachine = 8 * pagesOfCode
	// The helper's own memory lies from here on; nothing below but the regions.
	hostMemory = 0x08000000
	// More than any sequence takes, repeated strings included.
	maxInstructions = 100_000
)

// slicings are how runs are cut: 0 not at all.
var slicings = [...]uint64{0, 0, 3} // twice in a row: the second time from cached blocks

// guest is a machine for sequences.
type guest struct {
	*bench
	scratch [seqCodeSize]byte // for codeMemory
}

func newGuest(model string) (*guest, error) {
	f := &vectors.File{
		Group: "differential",
		LDT:   make([][8]byte, 1),
		Regions: []vectors.Region{
			{Addr: seqCode, Size: seqCodeSize, Perm: vectors.PermRead | vectors.PermWrite | vectors.PermExec},
			{Addr: seqData, Size: seqDataSize, Perm: vectors.PermRead | vectors.PermWrite, Content: make([]byte, seqDataSize)},
			{Addr: seqRO, Size: vm.PageSize, Perm: vectors.PermRead, Content: make([]byte, vm.PageSize)},
			{Addr: seqImage, Size: seqImageSize, Perm: vectors.PermRead | vectors.PermWrite, Content: make([]byte, seqImageSize)},
		},
	}
	b, err := newBench(f, Options{CPU: model})
	return &guest{bench: b}, err
}

// write puts bytes at a linear address inside a region.
func (g *guest) write(addr uint32, data []byte) {
	g.each(addr, len(data), func(at, from, n int) { g.m.WritePhys(physRegs+uint32(at), data[from:from+n]) })
}

func (g *guest) read(addr uint32, n int) []byte {
	data := make([]byte, n)
	g.each(addr, n, func(at, from, n int) { g.m.ReadPhys(physRegs+uint32(at), data[from:from+n]) })
	return data
}

// codeMemory is all of the code memory, valid until the next call.
func (g *guest) codeMemory() []byte {
	g.m.ReadPhys(physRegs, g.scratch[:])
	return g.scratch[:]
}

// run executes a sequence whose code is already there.
func (g *guest) run(s *sequence, length int, slice uint64) (*result, error) {
	g.write(seqData, s.data)
	g.write(seqImage, s.image)
	in := vectors.State{GPR: s.gpr, EFLAGS: s.flags, EIP: s.eip}
	in.Seg = [6]uint16{selUserData, selUserCode, selUserData, selUserData, selUserData, selUserData}
	fx := stateOfFX(s.fx)
	g.loadFPU(&fx)
	if err := g.enter(&in); err != nil {
		return nil, err
	}
	end := g.m.Now() + maxInstructions
	step := slice
	if slice == 0 {
		step = maxInstructions
	}
	for g.m.CPL() == 3 {
		if g.m.Now() >= end {
			return nil, fmt.Errorf("does not end")
		}
		if stop := g.m.Run(step); stop.Reason != vm.StopLimit && stop.Reason != vm.StopHypercall {
			return nil, fmt.Errorf("stopped at %08x: %v %v", stop.EIP, stop.Reason, stop.Err)
		}
	}
	r := &result{outcome: g.outcome(), code: g.read(s.eip, length), data: g.read(seqData, seqDataSize), image: g.read(seqImage, seqImageSize)}
	g.readFPU(&r.State)
	f := g.m.FPU()
	r.fop, r.fip, r.fdp = f.FOP, f.FIP, f.FDP
	r.EFLAGS &= vectors.EFLAGSMask
	if r.exception != excPF {
		r.cr2 = 0
	}
	return r, nil
}

// strays reports a sequence that reaches for memory which only the guest
// surely lacks, or that overwrote its code where no item meant to: it must
// not run in the helper.
func (g *guest) strays(s *sequence, a *assembled, r *result) bool {
	if r != nil && r.exception == excPF && r.cr2 >= hostMemory {
		return true
	}
	is := g.codeMemory()
	at := s.eip - seqCode
	for i, it := range s.items {
		if it.patch > 0 { // what it may have changed
			imm := a.start[i+it.patch] + 1
			copy(is[at+imm:][:4], a.code[imm:])
		}
	}
	if !bytes.Equal(is[at:][:len(a.code)], a.code) {
		return true
	}
	copy(is[at:], blank[:len(a.code)])
	return !bytes.Equal(is, blank)
}

// blank is code memory where no sequence is.
var blank = bytes.Repeat([]byte{0xcc}, seqCodeSize)

// differ runs a sequence on both and lists the differences.
func differ(h *host, g *guest, s *sequence) ([]string, error) {
	a, ok := s.assemble()
	if !ok {
		return nil, fmt.Errorf("sequence cannot be assembled:\n%v", s)
	}
	g.write(s.eip, a.code)
	var want *result
	for _, slice := range slicings {
		got, err := g.run(s, len(a.code), slice)
		switch {
		case want == nil && g.strays(s, &a, got):
			g.restoreCode(s, a.code)
			g.write(s.eip, blank[:len(a.code)])
			return nil, g.leave()
		case err != nil:
			return []string{err.Error()}, nil
		case want == nil:
			if want, err = h.run(s, a.code); err != nil {
				return nil, fmt.Errorf("%w\n%v", err, s)
			}
		}
		d := compareResults(s, &a, want, got)
		for again := 0; len(d) > 0 && again < 3; again++ {
			// An interrupt of the host's own can show between two elements of a
			// string. It will not come twice.
			if want, err = h.run(s, a.code); err != nil {
				return nil, err
			}
			d = compareResults(s, &a, want, got)
		}
		if len(d) > 0 {
			return append(d, fmt.Sprintf("in slices of %d", slice)), nil
		}
		g.restoreCode(s, a.code)
	}
	g.write(s.eip, blank[:len(a.code)])
	return nil, nil
}

// restoreCode undoes what a run has stored into code. Code that is as it
// should be is not written, so that blocks of it stay cached.
func (g *guest) restoreCode(s *sequence, code []byte) {
	is := g.codeMemory()
	at := s.eip - seqCode
	if !bytes.Equal(is[at:][:len(code)], code) {
		g.write(s.eip, code)
	}
	copy(is[at:], blank[:len(code)])
	if !bytes.Equal(is, blank) {
		g.write(seqCode, blank)
		g.write(s.eip, code)
	}
}

// compareResults lists what differs, except for what the manual leaves open
// where the sequence ended.
func compareResults(s *sequence, a *assembled, want, got *result) []string {
	var d differences
	if keptFromMemory(s, a, want, got) {
		return nil
	}
	last, undef, partial := len(s.items), a.undef[len(s.items)], false
	for i := range s.items {
		if at := want.EIP - s.eip; at >= a.start[i] && at < a.start[i+1] && want.exception != excBP {
			last, undef, partial = i, a.undef[i], s.items[i].partial
		}
	}
	if want.exception != got.exception {
		d.add("exception want %s got %s", exceptionName(want.exception, want.errorCode), exceptionName(got.exception, got.errorCode))
	} else if !partial {
		d.hex("error code", want.errorCode, got.errorCode)
		d.hex("cr2", want.cr2, got.cr2)
	}
	for i, name := range gprNames {
		d.hex(name, want.GPR[i], got.GPR[i])
	}
	d.hex("eip", want.EIP, got.EIP)
	if partial {
		return d
	}
	d.hex("eflags", want.EFLAGS&^undef, got.EFLAGS&^undef)
	for i := range want.data {
		if want.data[i] != got.data[i] {
			d.add("data at %x want %02x got %02x", seqData+i, want.data[i], got.data[i])
			break
		}
	}
	if !bytes.Equal(want.code, got.code) {
		d.add("code differs")
	}
	d.compareFPUSequence(s, a, want, got, undef, last)
	return d
}

// shrink removes instructions while the sequence still shows a difference.
func shrink(s *sequence, shows func(*sequence) bool) *sequence {
	for again := true; again; {
		again = false
		for i := len(s.items) - 1; i >= 0; i-- {
			t := s.without(i)
			if _, ok := t.assemble(); ok && shows(t) {
				s, again = t, true
			}
		}
	}
	return s
}

func TestDifferential(t *testing.T) {
	ends := runDifferential(t, &generator{Rand: rand.New(rand.NewSource(*seed))}, *sequences)
	if *sequences >= 1000 {
		require.Greater(t, ends[excBP], *sequences/4, "too few sequences reach their end")
		require.Greater(t, ends[excPF], *sequences/100, "too few page faults")
	}
}

// x87, MMX, SSE and SSE2, with integer instructions between them.
func TestDifferentialFPU(t *testing.T) {
	n := *sequences
	ends := runDifferential(t, &generator{Rand: rand.New(rand.NewSource(*seed)), forms: fpuForms()}, n)
	if n >= 1000 {
		require.Greater(t, ends[excBP], n/4, "too few sequences reach their end")
		for _, e := range []uint8{excGP, excPF, excMF, excXM} {
			require.Greater(t, ends[e], n/200, "too few exceptions %d", e)
		}
	}
}

// runDifferential runs as many sequences, and counts what they end with.
func runDifferential(t *testing.T, gen *generator, count int) map[uint8]int {
	t.Helper()
	h := startHost(t)
	var g *guest
	ends, looped := map[uint8]int{}, 0
	for n := range count {
		if n%perMachine == 0 {
			var err error
			g, err = newGuest(fullModel)
			require.NoError(t, err)
		}
		s := gen.sequence(n % pagesOfCode)
		d, err := differ(h, g, s)
		require.NoError(t, err, "sequence %d", n)
		if len(d) > 0 {
			report(t, h, n, s, d)
		}
		ends[exceptionOf(g)]++
		if s.image[imageCounter] > 1 && g.read(seqImage+imageCounter, 1)[0] == 0 {
			looped++
		}
	}
	t.Logf("%d sequences of seed %d, %d of them with a loop to its end; by final exception: %v", count, *seed, looped, ends)
	require.True(t, count < 1000 || looped > count/40, "too few loops: %d", looped)
	return ends
}

// exceptionOf is the exception the last sequence ended with.
func exceptionOf(g *guest) uint8 { o := g.outcome(); return o.exception }

// report shrinks a difference on machines of its own, and shows it.
func report(t *testing.T, h *host, n int, s *sequence, d []string) {
	t.Helper()
	fresh := func(s *sequence) []string {
		g, err := newGuest(fullModel)
		require.NoError(t, err)
		// Again and again, until its page is rewritten too often to be cached.
		for range 40 {
			d, err := differ(h, g, s)
			require.NoError(t, err)
			if len(d) > 0 {
				return d
			}
		}
		return nil
	}
	if len(fresh(s)) == 0 {
		t.Fatalf("sequence %d of seed %d differs, but not on a fresh machine:\n%v%v", n, *seed, s, d)
	}
	small := shrink(s, func(s *sequence) bool { return len(fresh(s)) > 0 })
	t.Fatalf("sequence %d of seed %d:\n%v%v", n, *seed, small, fresh(small))
}

// A difference is seen and shrunk to the instructions that make it: here the
// machine is given another CF than the host.
func TestDifferentialSeesADifference(t *testing.T) {
	h := startHost(t)
	g, err := newGuest(fullModel)
	require.NoError(t, err)
	code := [][]byte{{0x89, 0xd9}, {0x83, 0xd0, 0x00}, {0x90}, {0xf8}} // mov ecx,ebx; adc eax,0; nop; clc
	s := &sequence{eip: seqCode, flags: 0x202}
	s.setMemory(nil)
	for _, c := range code {
		s.items = append(s.items, item{code: c})
	}
	s.gpr[vectors.ESP] = seqData + 0x1000
	shows := func(s *sequence) bool {
		a, ok := s.assemble()
		require.True(t, ok)
		want, err := h.run(s, a.code)
		require.NoError(t, err)
		other := *s
		other.flags |= flCF
		g.write(seqCode, blank[:vm.PageSize])
		g.write(s.eip, a.code)
		got, err := g.run(&other, len(a.code), 0)
		require.NoError(t, err)
		require.NoError(t, g.leave())
		got.EFLAGS = want.EFLAGS // the flag alone is not what this is about
		return len(compareResults(s, &a, want, got)) > 0
	}
	require.True(t, shows(s))
	small := shrink(s, shows)
	require.Len(t, small.items, 1)
	require.Equal(t, code[1], small.items[0].code)
}

// A step begins without a memory of how the last program ended: INT3 once
// left a mark that held back the next program's single-step trap.
func TestSingleStepAfterBreakpoint(t *testing.T) {
	h := startHost(t)
	g, err := newGuest(fullModel)
	require.NoError(t, err)
	step := [][]byte{{0x68, 0x02, 0x01, 0, 0}, {0x9d}, {0x40}, {0x41}} // push TF; popf; inc eax; inc ecx
	for i, codes := range [][][]byte{{{0x90}}, step} {
		s := &sequence{eip: seqCode + uint32(i)*vm.PageSize, flags: 0x202}
		s.setMemory(nil)
		s.gpr[vectors.ESP] = seqData + 0x1000
		for _, c := range codes {
			s.items = append(s.items, item{code: c})
		}
		d, err := differ(h, g, s)
		require.NoError(t, err)
		require.Empty(t, d)
	}
	require.Equal(t, uint8(1), exceptionOf(g))
}
