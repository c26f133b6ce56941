// SPDX-License-Identifier: BSD-3-Clause
// Finding a return address by following the instructions from where a frame is to the end of its function.
//
// Only what moves ESP and EBP is followed; calls are taken to give back what C functions give back, conditional jumps are
// tried both ways. What compilers write comes to its RET in a few dozen instructions, from prologue and epilogue alike.

package unwind

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
	"ring0/vm/x86"
)

// limits of one search.
type limits struct {
	steps int  // instructions in all
	iret  bool // IRET is a good end: entry code
}

var (
	codeLimits  = limits{steps: 4000}
	entryLimits = limits{steps: 400, iret: true}
)

// pathEnd is where a path ended.
type pathEnd struct {
	state
	returned bool   // by RET: state is the caller's
	frame    uint32 // by IRET: where the CPU's frame lies
}

// path is a search.
type path struct {
	u       *Unwinder
	limits  limits
	low     uint32 // the function, where it is known
	high    uint32
	steps   int
	visited map[uint32]bool
	waiting []branch
}

// branch is a way not yet taken, with what is known there.
type branch struct {
	s      state
	pushed map[uint32]pushedWord // words that instructions on the way have pushed
}

// pushedWord is a word that would be on the stack.
type pushedWord struct {
	value uint32
	known bool
}

func newPath(u *Unwinder, s state, l limits) *path {
	p := &path{u: u, limits: l, steps: l.steps, visited: map[uint32]bool{}}
	p.low, p.high = 0, 0xffffffff
	if !l.iret {
		p.low, p.high = u.extent(s)
	}
	p.waiting = []branch{{s: s, pushed: map[uint32]pushedWord{}}}
	return p
}

// extent is the code a function may have: up to the next symbol. Code without symbols is searched nearby.
func (u *Unwinder) extent(s state) (low, high uint32) {
	at := s.pc
	if s.called {
		at--
	}
	const unknown = 0x10000
	if u.Symbols == nil {
		return at - unknown, at + unknown
	}
	if fn := u.Symbols.FunctionAt(at); fn != nil {
		for _, r := range fn.Ranges {
			if r.Contains(at) {
				return r.Low, r.High
			}
		}
	}
	if symbol, _, ok := u.Symbols.SymbolAt(at); ok {
		if symbol.Size != 0 && at-symbol.Addr < symbol.Size {
			return symbol.Addr, symbol.Addr + symbol.Size
		}
		return symbol.Addr, symbol.Addr + 0x10000
	}
	return at - unknown, at + unknown
}

// run follows the ways until one ends well.
func (p *path) run() (pathEnd, bool) {
	for len(p.waiting) > 0 {
		b := p.waiting[len(p.waiting)-1]
		p.waiting = p.waiting[:len(p.waiting)-1]
		if end, ok := p.follow(b); ok {
			return end, true
		}
	}
	return pathEnd{}, false
}

// follow goes one way until it ends, well or not.
func (p *path) follow(b branch) (pathEnd, bool) {
	for !p.visited[b.s.pc] {
		p.visited[b.s.pc] = true
		if p.steps--; p.steps < 0 {
			p.waiting = nil
			return pathEnd{}, false
		}
		var code [x86.MaxLen]byte
		var in x86.Inst
		n := p.u.read(b.s.pc, code[:])
		if x86.Decode(code[:n], b.s.pc, x86.Code32, &in) != x86.OK {
			return pathEnd{}, false
		}
		switch end, how := p.instruction(&b, &in); how {
		case goesOn:
		case endsWell:
			return end, true
		default:
			return pathEnd{}, false
		}
		if !b.s.known(vm.ESP) {
			return pathEnd{}, false
		}
	}
	return pathEnd{}, false
}

// outcome of an instruction on a path.
type outcome uint8

const (
	goesOn outcome = iota
	endsWell
	deadEnd
)

// instruction applies one instruction to what is known.
func (p *path) instruction(b *branch, in *x86.Inst) (pathEnd, outcome) {
	s := &b.s
	next := in.Next()
	switch in.Op {
	case x86.RET:
		return p.ret(b, in)
	case x86.IRET:
		if !p.limits.iret {
			return pathEnd{}, deadEnd
		}
		return pathEnd{state: b.s, frame: s.esp()}, endsWell
	case x86.JMP:
		if in.Imm < p.low || in.Imm >= p.high {
			return p.ret(b, in) // a call at the end, made a jump: the return address is on top
		}
		next = in.Imm
	case x86.JCC, x86.LOOP, x86.LOOPE, x86.LOOPNE, x86.JCXZ:
		if in.Imm >= p.low && in.Imm < p.high {
			other := branch{s: b.s, pushed: copyWords(b.pushed)}
			other.s.pc = in.Imm
			p.waiting = append(p.waiting, other)
		}
	case x86.CALL, x86.CALLIND:
		s.regs.Known &= calleeSaved
	case x86.HLT, x86.UD2, x86.RETFAR, x86.JMPFAR, x86.JMPIND, x86.Invalid:
		return pathEnd{}, deadEnd
	default:
		p.data(b, in)
	}
	s.pc = next
	if next < p.low || next >= p.high {
		return pathEnd{}, deadEnd
	}
	return pathEnd{}, goesOn
}

func copyWords(words map[uint32]pushedWord) map[uint32]pushedWord {
	c := make(map[uint32]pushedWord, len(words))
	for k, v := range words {
		c[k] = v
	}
	return c
}

// word is a word of the stack as it would be.
func (p *path) word(b *branch, addr uint32) (uint32, bool) {
	if w, ok := b.pushed[addr]; ok {
		return w.value, w.known
	}
	return p.u.word(addr)
}

// ret takes the return address from the top of the stack.
func (p *path) ret(b *branch, in *x86.Inst) (pathEnd, outcome) {
	pc, ok := p.word(b, b.s.esp())
	if !ok || !p.u.isCode(pc) || !p.u.afterCall(pc) {
		return pathEnd{}, deadEnd
	}
	end := pathEnd{state: b.s, returned: true}
	end.pc, end.called, end.method = pc, true, Code
	end.regs.Known &= calleeSaved
	pop := uint32(4)
	if in.Op == x86.RET && in.Form == x86.FormI {
		pop += in.Imm & 0xffff
	}
	end.set(vm.ESP, b.s.esp()+pop)
	return end, endsWell
}

// data applies an instruction that transfers no control.
func (p *path) data(b *branch, in *x86.Inst) {
	s := &b.s
	size := uint32(4)
	if in.Size == 2 {
		size = 2
	}
	switch in.Op {
	case x86.PUSH, x86.PUSHSEG, x86.PUSHF:
		s.regs.GPR[vm.ESP] -= size
		w := pushedWord{}
		switch {
		case in.Op == x86.PUSH && in.Form == x86.FormR && size == 4:
			w = pushedWord{s.regs.GPR[in.Dst], s.known(int(in.Dst))}
		case in.Op == x86.PUSH && in.Form == x86.FormI:
			w = pushedWord{in.Imm, true}
		}
		b.pushed[s.esp()] = w
	case x86.POP:
		v, ok := p.word(b, s.esp())
		s.regs.GPR[vm.ESP] += size
		if in.Form == x86.FormR {
			p.assign(s, in.Dst, v, ok && size == 4)
		}
	case x86.POPSEG, x86.POPF:
		s.regs.GPR[vm.ESP] += size
	case x86.PUSHA:
		s.regs.GPR[vm.ESP] -= 8 * size
		for at := s.esp(); at < s.esp()+32; at += 4 {
			b.pushed[at] = pushedWord{}
		}
	case x86.POPA:
		p.popAll(b)
	case x86.LEAVE:
		v, ok := p.word(b, s.regs.GPR[vm.EBP])
		esp, known := s.regs.GPR[vm.EBP]+4, s.known(vm.EBP)
		p.assign(s, vm.ESP, esp, known)
		p.assign(s, vm.EBP, v, ok && known)
	case x86.ADD, x86.SUB, x86.AND, x86.MOV, x86.LEA, x86.INC, x86.DEC:
		p.compute(b, in)
	default:
		p.clobber(s, in)
	}
}

// popAll is POPA.
func (p *path) popAll(b *branch) {
	for i, r := range [...]uint8{vm.EDI, vm.ESI, vm.EBP, 0xff, vm.EBX, vm.EDX, vm.ECX, vm.EAX} {
		if v, ok := p.word(b, b.s.esp()+uint32(4*i)); r != 0xff {
			p.assign(&b.s, r, v, ok)
		}
	}
	b.s.regs.GPR[vm.ESP] += 32
}

// assign sets a register, or forgets it.
func (p *path) assign(s *state, r uint8, v uint32, known bool) {
	s.regs.Known &^= 1 << (r & 7)
	if known {
		s.set(int(r&7), v)
	}
}

// compute applies moves and sums that registers of interest may be part of.
func (p *path) compute(b *branch, in *x86.Inst) {
	s := &b.s
	if in.Size != 4 || in.Form == x86.FormMR || in.Form == x86.FormMI || in.Form == x86.FormM {
		p.store(b, in)
		p.clobber(s, in)
		return
	}
	src, known := in.Imm, true
	switch in.Form {
	case x86.FormRR:
		src, known = s.regs.GPR[in.Src&7], s.known(int(in.Src&7))
	case x86.FormRM:
		src, known = p.effective(s, in)
		if in.Op != x86.LEA && known {
			src, known = p.word(b, src)
		}
	case x86.FormR:
		src = 1
	}
	old, had := s.regs.GPR[in.Dst&7], s.known(int(in.Dst&7))
	switch in.Op {
	case x86.MOV, x86.LEA:
		p.assign(s, in.Dst, src, known)
	case x86.ADD, x86.INC:
		p.assign(s, in.Dst, old+src, had && known)
	case x86.SUB, x86.DEC:
		p.assign(s, in.Dst, old-src, had && known)
	case x86.AND:
		p.assign(s, in.Dst, old&src, had && known)
	}
}

// store notes a word that a MOV puts on the stack; of anything else stored there the value is not known.
func (p *path) store(b *branch, in *x86.Inst) {
	if in.Flags&x86.MemWrite == 0 {
		return
	}
	addr, known := p.effective(&b.s, in)
	if !known || addr-b.s.esp() > abi.ThreadSize {
		return
	}
	w := pushedWord{}
	if in.Op == x86.MOV && in.Size == 4 && in.Form == x86.FormMR {
		w = pushedWord{b.s.regs.GPR[in.Src&7], b.s.known(int(in.Src & 7))}
	} else if in.Op == x86.MOV && in.Size == 4 && in.Form == x86.FormMI {
		w = pushedWord{in.Imm, true}
	}
	b.pushed[addr] = w
}

// effective is the address of an instruction's memory operand.
func (p *path) effective(s *state, in *x86.Inst) (addr uint32, known bool) {
	addr, known = in.Disp, in.Flags&x86.Addr16 == 0
	if in.Base != x86.NoReg {
		addr += s.regs.GPR[in.Base&7]
		known = known && s.known(int(in.Base&7))
	}
	if in.Index != x86.NoReg {
		addr += s.regs.GPR[in.Index&7] << in.Scale
		known = known && s.known(int(in.Index&7))
	}
	return addr, known
}

// clobber forgets what an instruction may change. ESP is among that only where it is named as the destination.
func (p *path) clobber(s *state, in *x86.Inst) {
	forget := uint8(1<<vm.EAX | 1<<vm.ECX | 1<<vm.EDX)
	switch in.Op {
	case x86.CMP, x86.TEST, x86.NOP:
		return
	case x86.MOVS, x86.CMPS, x86.STOS, x86.LODS, x86.SCAS, x86.INS, x86.OUTS:
		forget |= 1<<vm.ESI | 1<<vm.EDI
	case x86.XCHG:
		forget |= 1 << (in.Src & 7)
	}
	switch in.Form {
	case x86.FormR, x86.FormRR, x86.FormRM, x86.FormRI, x86.FormRRI, x86.FormRMI:
		r := in.Dst & 7
		if in.Size == 1 {
			r &= 3
		}
		forget |= 1 << r
	}
	s.regs.Known &^= forget
}

// byCode finds the caller by following the code of the frame.
func (u *Unwinder) byCode(s state) (state, bool) {
	if !s.known(vm.ESP) {
		return state{}, false
	}
	end, ok := newPath(u, s, codeLimits).run()
	return end.state, ok
}

// byFramePointer takes EBP for a frame pointer, when what it points to looks like one: a saved EBP further up, and an
// address behind a call.
func (u *Unwinder) byFramePointer(s state) (state, bool) {
	ebp := s.regs.GPR[vm.EBP]
	if !s.known(vm.EBP) || ebp < s.esp() || ebp-s.esp() > abi.ThreadSize || ebp&3 != 0 {
		return state{}, false
	}
	saved, ok := u.word(ebp)
	pc, ok2 := u.word(ebp + 4)
	if !ok || !ok2 || !u.isCode(pc) || !u.afterCall(pc) {
		return state{}, false
	}
	next := state{pc: pc, regs: s.regs, ring: s.ring, called: true, method: FramePointer}
	next.regs.Known = 0
	next.set(vm.EBP, saved)
	next.set(vm.ESP, ebp+8)
	return next, true
}

// byScan takes the first word on the stack that a call can have left there for the caller's return address.
func (u *Unwinder) byScan(s state) (state, bool) {
	const words = 512
	end := (s.esp() | (abi.ThreadSize - 1)) + 1
	for at, n := s.esp()&^3, 0; n < words && at < end; at, n = at+4, n+1 {
		pc, ok := u.word(at)
		if !ok {
			break
		}
		if u.isCode(pc) && u.afterCall(pc) {
			next := state{pc: pc, regs: s.regs, ring: s.ring, called: true, method: Scan}
			next.regs.Known = 0
			next.set(vm.ESP, at+4)
			return next, true
		}
	}
	return state{}, false
}

// isCode tells whether code may lie at an address: in a module's executable section, in the kernel's text, in memory that
// can be read below the kernel.
func (u *Unwinder) isCode(addr uint32) bool {
	if u.Kernel != nil && addr >= abi.PageOffset {
		if _, _, ok := u.Kernel.Profile().Lookup(addr); ok {
			return u.Kernel.IsReturnSite(addr) || u.Kernel.InEntryCode(addr) || u.modelled(addr)
		}
	}
	if u.Symbols != nil {
		if m := u.Symbols.ModuleAt(addr); m != nil {
			const shfExec = 4
			for _, sec := range m.Sections {
				if addr-sec.Addr < sec.Size {
					return sec.Flags&shfExec != 0
				}
			}
			return len(m.Sections) == 0
		}
	}
	if u.Kernel != nil && addr >= abi.PageOffset && addr-abi.PageOffset < u.Machine.RAMSize() {
		return false // the kernel's data; what lies above, nobody has told of: a module without a file, for one
	}
	var b [1]byte
	return u.read(addr, b[:]) == 1
}

// afterCall tells whether a call instruction ends at an address. The places in modelled functions that guest code returns
// to have none.
func (u *Unwinder) afterCall(addr uint32) bool {
	if u.Kernel != nil && u.Kernel.IsReturnSite(addr) {
		return true
	}
	const longest = 7
	var code [longest]byte
	if u.read(addr-longest, code[:]) != longest {
		return false
	}
	for length := uint32(2); length <= longest; length++ {
		var in x86.Inst
		if x86.Decode(code[longest-length:], addr-length, x86.Code32, &in) == x86.OK && (in.Op == x86.CALL || in.Op == x86.CALLIND) && uint32(in.Len) == length {
			return in.Op == x86.CALLIND || u.isCallable(in.Imm)
		}
	}
	return false
}

// isCallable tells whether a call's target can be one.
func (u *Unwinder) isCallable(target uint32) bool {
	var b [1]byte
	return u.read(target, b[:]) == 1
}
