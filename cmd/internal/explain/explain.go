// SPDX-License-Identifier: BSD-3-Clause

// Package explain says in one line what the instruction at which a machine stands is about to do, with the values it will
// do it with:
//
//	loads 4 bytes from 0x00000008: not mapped → page fault, error code 0; in the module's exception table → continues at fixup 0xc8801140
//
// It reads our own decoder's record and the machine's state, and changes nothing. What it says is also there as data, which
// the tests hold against what then happens: where something is not foreseen, the data say so.
package explain

import (
	"fmt"
	"strconv"
	"strings"

	"ring0/cmd/internal/debuginfo"
	"ring0/guestkernel"
	"ring0/vm"
	"ring0/vm/x86"
)

// Explainer explains instructions of one machine. Kernel and Symbols may be nil: a bare machine has neither.
type Explainer struct {
	Machine *vm.Machine
	Kernel  *guestkernel.Kernel
	Symbols *debuginfo.Table
}

// Explanation is what the next instruction does. Of a repeated string instruction the data are about its next element, the
// text about all of it. Interrupts from outside are not foreseen.
type Explanation struct {
	Text        string // one line, no full stop
	Inst        x86.Inst
	OK          bool // there is an instruction: it could be fetched and decoded
	Next        Next
	Fault       *Fault // the exception it ends in, or nil
	Reads       []Access
	Writes      []Access   // of the instruction itself, in the order they happen; complete when WritesKnown
	WritesKnown bool       //
	Regs        []Register // general registers it sets, ESP too; complete when RegsKnown
	RegsKnown   bool
}

// Next is where execution goes on.
type Next struct {
	EIP   uint32
	Known bool
	Taken bool // of a conditional jump
}

// Fault is an exception.
type Fault struct {
	Vector  uint8
	Code    uint32 // error code
	HasCode bool
	Addr    uint32 // of a page fault: the address in CR2
	Fixup   uint32 // where an exception table makes it continue; 0 for none
	Known   bool   // false: it may come, and depends on what is not looked at
}

// Access is a memory access of the instruction, by linear address.
type Access struct {
	Addr  uint32
	Size  uint32
	Value uint64 // of a write of at most 8 bytes
	Known bool   // Value holds
}

// Register is a general register with its new value.
type Register struct {
	Number uint8
	Value  uint32
	Known  bool // Value holds
}

// Explain explains the next instruction.
func (x *Explainer) Explain() Explanation {
	out := Explanation{WritesKnown: true, RegsKnown: true}
	a := &analysis{x: x, m: x.Machine, in: &out.Inst, out: &out}
	a.state()
	if x.Machine.Halted() {
		out.Text = "the processor is halted and waits for an interrupt"
		return out
	}
	if a.fetch() {
		out.OK = true
		a.next(a.in.Next())
		a.instruction()
	}
	out.Text = a.sentence()
	if a.eflags&vm.FlagTF != 0 || a.m.DR(7)&0xff != 0 {
		out.Next.Known = false // a debug exception may follow
	}
	return out
}

// analysis is one explanation being made.
type analysis struct {
	x      *Explainer
	m      *vm.Machine
	in     *x86.Inst
	out    *Explanation
	gpr    [8]uint32
	eip    uint32
	eflags uint32
	cpl    int
	seg    [6]vm.Segment

	says    []string // what it does
	attempt string   // the access that is being tried, for when it faults
	because string   // why it faults
	then    []string // what comes of the fault
}

func (a *analysis) state() {
	s := a.m.State()
	a.gpr, a.eip, a.eflags, a.cpl, a.seg = s.GPR, s.EIP, s.Eflags, int(s.CPL), s.Seg
}

// say adds to what the instruction does.
func (a *analysis) say(format string, args ...any) {
	a.says = append(a.says, fmt.Sprintf(format, args...))
}

// sentence puts the text together.
func (a *analysis) sentence() string {
	text := strings.Join(a.says, ", ")
	if a.out.Fault == nil {
		return text
	}
	if a.attempt != "" {
		text = a.attempt
	}
	if a.because != "" {
		text += ": " + a.because
	}
	return text + " → " + strings.Join(a.then, "; ")
}

// fetch reads and decodes the instruction.
func (a *analysis) fetch() bool {
	var mode x86.Mode
	const db = 1 << 14
	if a.seg[vm.CS].Attr&db != 0 {
		mode = x86.Code32
	}
	var code [x86.MaxLen]byte
	n := a.m.ReadLinear(a.seg[vm.CS].Base+a.eip, code[:])
	a.attempt = "fetches the instruction at " + a.place(a.seg[vm.CS].Base+a.eip)
	if a.cpl == 3 { // user code needs user pages
		for i := range n {
			if _, ok := a.m.Translate(a.seg[vm.CS].Base+a.eip+uint32(i), vm.User); !ok {
				n = i
				break
			}
		}
	}
	if left := uint64(a.seg[vm.CS].Limit) - uint64(a.eip) + 1; uint64(a.eip) > uint64(a.seg[vm.CS].Limit) {
		a.fault(vm.VecGP, 0, "behind the limit of the code segment")
		return false
	} else if uint64(n) > left {
		n = int(left)
	}
	switch x86.Decode(code[:n], a.eip, mode, a.in) {
	case x86.OK:
		a.attempt = ""
		return true
	case x86.TooLong:
		a.fault(vm.VecGP, 0, "longer than 15 bytes")
		return false
	}
	a.pageFault(a.seg[vm.CS].Base+a.eip+uint32(n), false)
	return false
}

// next says where execution goes on.
func (a *analysis) next(eip uint32) { a.out.Next.EIP, a.out.Next.Known = eip, true }

// unknown says that what the instruction leaves behind is not foreseen in full.
func (a *analysis) unknown() { a.out.RegsKnown, a.out.WritesKnown = false, false }

// reg is a register of 1, 2 or 4 bytes.
func (a *analysis) reg(r, size uint8) uint32 {
	switch size {
	case 1:
		return a.gpr[r&3] >> (r & 4 << 1) & 0xff
	case 2:
		return a.gpr[r&7] & 0xffff
	}
	return a.gpr[r&7]
}

// setReg notes that a register of 1, 2 or 4 bytes gets a value.
func (a *analysis) setReg(r, size uint8, v uint32) {
	full, shift := r&7, uint(0)
	mask := mask(size)
	if size == 1 {
		full, shift = r&3, uint(r&4<<1)
	}
	whole := a.newReg(full)&^(mask<<shift) | v&mask<<shift
	a.noteReg(full, whole, true)
}

// noteReg notes a register's new value; the last one counts.
func (a *analysis) noteReg(r uint8, v uint32, known bool) {
	for i := range a.out.Regs {
		if a.out.Regs[i].Number == r {
			a.out.Regs[i] = Register{r, v, known}
			return
		}
	}
	a.out.Regs = append(a.out.Regs, Register{r, v, known})
}

// newReg is what a register will hold.
func (a *analysis) newReg(r uint8) uint32 {
	for _, n := range a.out.Regs {
		if n.Number == r {
			return n.Value
		}
	}
	return a.gpr[r&7]
}

func mask(size uint8) uint32 {
	if size >= 4 {
		return 0xffffffff
	}
	return 1<<(8*size) - 1
}

func signExtend(v uint32, size uint8) int32 {
	shift := 32 - 8*min(size, 4)
	return int32(v<<shift) >> shift
}

var names32 = [...]string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"}
var names8 = [...]string{"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"}
var segNames = [...]string{"es", "cs", "ss", "ds", "fs", "gs"}

func regName(r, size uint8) string {
	switch size {
	case 1:
		return names8[r&7]
	case 2:
		return names32[r&7][1:]
	}
	return names32[r&7]
}

// value writes a number: small ones as they are, others in hexadecimal, with the symbol they are the address of.
func (a *analysis) value(v uint32) string {
	if v < 10 {
		return fmt.Sprint(v)
	}
	text := fmt.Sprintf("%#x", v)
	if quoted := a.quoted(v); quoted != "" {
		return text + " " + quoted
	}
	if name := a.name(v); name != "" {
		text += " <" + name + ">"
	}
	return text
}

// quoted is the text at an address in a module that has no symbol: a string constant.
func (a *analysis) quoted(addr uint32) string {
	if a.x.Symbols == nil || a.x.Symbols.ModuleAt(addr) == nil {
		return ""
	}
	if s, offset, ok := a.x.Symbols.SymbolAt(addr); ok && (s.Size == 0 || offset < s.Size) {
		return ""
	}
	const longest, shortest = 40, 3
	b := make([]byte, longest+1)
	b = b[:a.m.ReadLinear(addr, b)]
	for i, c := range b {
		switch {
		case c == 0 && i >= shortest:
			return strconv.Quote(string(b[:i]))
		case c == 0 || (c < ' ' || c > '~') && c != '\n' && c != '\t':
			return ""
		}
	}
	if len(b) <= longest {
		return ""
	}
	return strconv.Quote(string(b[:longest])) + "…"
}

// place writes an address.
func (a *analysis) place(addr uint32) string {
	text := fmt.Sprintf("0x%08x", addr)
	if name := a.name(addr); name != "" {
		return text + " <" + name + ">"
	}
	return text
}

func (a *analysis) name(addr uint32) string {
	if a.x.Symbols == nil || addr < 0x1000 {
		return ""
	}
	return a.x.Symbols.Name(addr)
}

func bytesText(n uint32) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
