// SPDX-License-Identifier: BSD-3-Clause
// Random instruction sequences for the differential test.

package conformance

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"slices"
	"strings"

	"ring0/vm/vectors"
	"ring0/vm/x86"
)

// The places sequences use; testdata/host.c has the same.
const (
	seqCode     = 0x400000
	seqCodeSize = 0x10000
	seqData     = 0x600000
	seqDataSize = 0x2000
	seqRO       = seqData + seqDataSize
	// Saved FPU states and operands that must be of some kind: fpuimage_test.go.
	seqImage     = 0x610000
	seqImageSize = 0x1000
	seqMaxCode   = 1024
)

// Arithmetic flags.
const (
	flCF  = 1 << 0
	flPF  = 1 << 2
	flAF  = 1 << 4
	flZF  = 1 << 6
	flSF  = 1 << 7
	flOF  = 1 << 11
	flAll = flCF | flPF | flAF | flZF | flSF | flOF
)

// item is one instruction of a sequence, with what it does to flags, those of
// the x87 status word included: reads must be defined before it, defines are
// afterwards, undefines are not.
type item struct {
	code                      []byte
	reads, defines, undefines uint32
	skip                      int  // a branch: over so many items; its displacement ends code
	back                      int  // the end of a loop of so many items
	wide                      bool // the displacement has 4 bytes, else 1
	patch                     int  // a store whose address (bytes 2–5 of code) is the immediate of the item so much further
	partial                   bool // when it faults the manual leaves memory or flags in between
	approximate               bool // its results are not the same on all processors; comes last
	converts                  bool // between MMX and XMM numbers
	memory                    bool // it has a memory operand, so it sets FDP
}

// sequence is what both processors execute.
type sequence struct {
	items []item
	gpr   [8]uint32
	flags uint32
	fx    []byte // x87, MMX and SSE state
	data  []byte
	image []byte
	eip   uint32
}

// assembled is a sequence as bytes.
type assembled struct {
	code  []byte
	start []uint32 // offset of each item, and of the end
	undef []uint32 // flags undefined before each item, and at the end
}

// assemble resolves branches and works out which flags are undefined where.
// It fails when an item reads an undefined flag or the code is too long.
func (s *sequence) assemble() (a assembled, ok bool) {
	off := uint32(0)
	for i := range s.items {
		a.start = append(a.start, off)
		off += uint32(len(s.items[i].code))
	}
	a.start = append(a.start, off)
	a.undef = s.undefined()
	if off > seqMaxCode-16 {
		return a, false
	}
	for i := range s.items {
		if s.spoiled(i, a.undef[i]) {
			return a, false
		}
		a.code = append(a.code, s.encode(i, &a)...)
	}
	return a, true
}

// undefined works out which flags are undefined before each item and at the
// end, whichever way it is reached.
func (s *sequence) undefined() []uint32 {
	undef := make([]uint32, len(s.items)+1)
	for changed := true; changed; {
		changed = false
		for i, it := range s.items {
			after := undef[i]&^it.defines | it.undefines
			undef[i+1] |= after
			switch to := s.target(i); {
			case it.back > 0:
				changed = changed || after&^undef[to] != 0
				undef[to] |= after
			case it.skip > 0:
				undef[to] |= after
			}
		}
	}
	return undef
}

// target is the item that branch i goes to.
func (s *sequence) target(i int) int {
	if it := &s.items[i]; it.back > 0 {
		return max(i-it.back, 0)
	}
	return min(i+1+s.items[i].skip, len(s.items))
}

// encode is item i with its displacement.
func (s *sequence) encode(i int, a *assembled) []byte {
	it := &s.items[i]
	code := slices.Clone(it.code)
	if it.skip > 0 || it.back > 0 {
		rel := a.start[s.target(i)] - a.start[i+1]
		if it.wide {
			binary.LittleEndian.PutUint32(code[len(code)-4:], rel)
		} else {
			code[len(code)-1] = byte(rel)
		}
	}
	if it.patch > 0 {
		binary.LittleEndian.PutUint32(code[2:], s.eip+a.start[i+it.patch]+1)
	}
	return code
}

// spoiled says that item i cannot stand where it does, after undef.
func (s *sequence) spoiled(i int, undef uint32) bool {
	it := &s.items[i]
	return it.reads&undef != 0 || it.patch > 0 && !s.patchable(i+it.patch) || it.approximate && i != len(s.items)-1
}

// patchable says that item i is a MOV of an immediate to a register.
func (s *sequence) patchable(i int) bool {
	return i < len(s.items) && len(s.items[i].code) == 5 && s.items[i].code[0]&^7 == 0xb8
}

// without is the sequence less its item i.
func (s *sequence) without(i int) *sequence {
	t := *s
	t.items = slices.Delete(slices.Clone(s.items), i, i+1)
	for j := range t.items[:i] {
		it := &t.items[j]
		if it.skip > 0 && j+it.skip >= i && it.skip > 1 {
			it.skip--
		}
		if it.patch > 0 && j+it.patch > i && it.patch > 1 {
			it.patch--
		}
	}
	for j := i; j < len(t.items); j++ {
		if it := &t.items[j]; it.back > 0 && j-it.back < i && it.back > 1 {
			it.back--
		}
	}
	return &t
}

// String lists state and instructions.
func (s *sequence) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "gpr %x, eflags %x\n%s", s.gpr, s.flags, describeFX(s.fx))
	a, _ := s.assemble()
	for i := range s.items {
		if i+1 >= len(a.start) || int(a.start[i+1]) > len(a.code) {
			break
		}
		for at := a.start[i]; at < a.start[i+1]; {
			var in x86.Inst
			x86.Decode(a.code[at:a.start[i+1]], s.eip+at, x86.Code32, &in)
			fmt.Fprintf(&b, "%06x  %-28x %v\n", s.eip+at, a.code[at:at+uint32(in.Len)], &in)
			at += max(1, uint32(in.Len))
		}
	}
	return b.String()
}

// generator makes sequences.
type generator struct {
	*rand.Rand
	items []item
	forms map[string][]fpuForm // by kind; nil for integer instructions alone
}

// sequence makes one, that lies in page n of the code.
func (g *generator) sequence(page int) *sequence {
	s := &sequence{eip: seqCode + uint32(page)*0x1000 + uint32(g.Intn(0x800))}
	g.items = nil
	add := g.add
	if g.forms != nil {
		add = g.fpuMix()
	}
	for n := 3 + g.Intn(25); len(g.items) < n && !g.ended(); {
		add()
		g.prefix()
	}
	g.loop()
	s.items = g.items
	s.makeReadable()
	s.setMemory(g)
	for i := range s.gpr {
		s.gpr[i] = g.value()
	}
	s.gpr[vectors.ESP] = seqData + 0x1800 + uint32(g.Intn(64))*4
	s.gpr[vectors.EBP] = seqData + 0x1000 + uint32(g.Intn(64))*4
	s.gpr[vectors.ESI] = seqData + uint32(g.Intn(0x800))
	s.gpr[vectors.EDI] = seqData + uint32(g.Intn(0x800))
	s.flags = 0x202 | uint32(g.Intn(0x1000))&flAll
	return s
}

// loop makes a loop of the last items now and then. Its counter lies where no
// other instruction goes. SUB and JNZ are one item: without the one the other
// does not end.
func (g *generator) loop() {
	if g.Intn(4) > 0 || g.ended() || len(g.items) < 2 {
		return
	}
	it := g.plain(join([]byte{0x83, 0x2d}, le32(seqImage+imageCounter), []byte{1, 0x0f, 0x85, 0, 0, 0, 0})...)
	it.back, it.wide, it.defines = 1+g.Intn(len(g.items)-1), true, flAll
}

// prefix puts a prefix in front of the last instruction now and then: a
// segment, all of which are flat, or LOCK, which is #UD with most.
func (g *generator) prefix() {
	if len(g.items) == 0 {
		return
	}
	it := &g.items[len(g.items)-1]
	if it.patch > 0 || it.code[0]&^7 == 0xb8 || isRemainder(it.code) {
		return // whose bytes others count on
	}
	switch n := g.Intn(150); {
	case n < 10:
		it.code = join([]byte{[]byte{0x26, 0x2e, 0x36, 0x3e}[g.Intn(4)]}, it.code)
	case n == 10:
		it.code = join([]byte{0xf0}, it.code)
	}
}

// ended says that nothing may follow.
func (g *generator) ended() bool { n := len(g.items); return n > 0 && g.items[n-1].approximate }

// makeReadable drops items until none reads an undefined flag.
func (s *sequence) makeReadable() {
	for {
		a, ok := s.assemble()
		if ok {
			return
		}
		drop := len(s.items) - 1
		for i := range s.items {
			if s.spoiled(i, a.undef[i]) {
				drop = i
				break
			}
		}
		s.items = s.without(drop).items
	}
}

// value is a number with something about it more often than chance has it.
func (g *generator) value() uint32 {
	switch g.Intn(6) {
	case 0:
		return uint32(g.Intn(4))
	case 1:
		return 1 << g.Intn(32)
	case 2:
		return uint32(int32(int8(g.Uint32())))
	case 3:
		return 1<<31 - 1 + uint32(g.Intn(3))
	}
	return g.Uint32()
}

// plain appends an instruction and returns it for its flags to be said.
func (g *generator) plain(code ...byte) *item {
	g.items = append(g.items, item{code: code})
	return &g.items[len(g.items)-1]
}

func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// register is a general register but ESP and EBP.
func (g *generator) register() byte { return []byte{0, 1, 2, 3, 6, 7}[g.Intn(6)] }

// regOf is a register operand of size bytes.
func (g *generator) regOf(size int) byte {
	if size == 1 {
		return byte(g.Intn(8))
	}
	return g.register()
}

// rm is a ModRM operand with reg in the middle: register or memory.
func (g *generator) rm(reg byte, size int) []byte {
	if g.Intn(2) == 0 {
		return []byte{0xc0 | reg<<3 | g.regOf(size)}
	}
	return g.mem(reg)
}

// mem is a memory operand, most often one that is there.
func (g *generator) mem(reg byte) []byte {
	at := seqData + uint32(g.Intn(seqDataSize-16))
	switch g.Intn(20) {
	case 0:
		at = seqData + 0xff8 + uint32(g.Intn(16)) // perhaps in two pages
	case 1:
		at = seqRO - 8 + uint32(g.Intn(16)) // perhaps read-only
	case 2:
		return []byte{reg<<3 | 4, 0x80 | byte(g.Intn(4))<<3 | g.register()} // anywhere
	case 3, 4, 5, 6:
		return []byte{0x40 | reg<<3 | 5, byte(g.Uint32())} // [ebp+d8]
	case 7, 8:
		return []byte{0x40 | reg<<3 | 4, 0x24, byte(g.Intn(64))} // [esp+d8]
	case 9, 10:
		return append([]byte{0x80 | reg<<3 | 6}, le32(uint32(g.Intn(256)))...) // [esi+d32]
	}
	return append([]byte{reg<<3 | 5}, le32(at)...)
}

// sized chooses a width: the prefix for it, and its number of bytes.
func (g *generator) sized() (prefix []byte, size int) {
	if g.Intn(3) == 0 {
		return []byte{0x66}, 2
	}
	return nil, 4
}

// width is sized with bytes as well: low is the opcode's bit 0.
func (g *generator) width() (prefix []byte, size int, low byte) {
	if g.Intn(4) == 0 {
		return nil, 1, 0
	}
	prefix, size = g.sized()
	return prefix, size, 1
}

// imm is an immediate of size bytes.
func (g *generator) imm(size int) []byte { return le32(g.value())[:size] }

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }
