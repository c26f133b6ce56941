// SPDX-License-Identifier: BSD-3-Clause
// One vector: load it, execute it, see what became of it.

package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"ring0/vm"
	"ring0/vm/vectors"
	"ring0/vm/x86"
)

const (
	excBP = 3
	excOF = 4
	excUD = 6
	excGP = 13
	excPF = 14
	excMF = 16
	excXM = 19
)

// hasErrorCode are the exceptions that push one: #DF #TS #NP #SS #GP #PF #AC.
const hasErrorCode = 1<<8 | 1<<10 | 1<<11 | 1<<12 | 1<<13 | 1<<14 | 1<<17

// outcome is what became of a vector's instruction.
type outcome struct {
	vectors.State
	exception uint8
	errorCode uint32
	cr2       uint32
}

// run executes one vector and says what came out differently. An error means
// that the machine could not even be brought to the instruction.
func (b *bench) run(rec *vectors.Record) (verdict, error) {
	in := b.decode(rec)
	amend(rec, in)
	b.lay(b.linear(rec.In.Seg[vectors.CS], rec.In.EIP), rec.Code)
	for _, mem := range rec.MemIn {
		b.lay(mem.Addr, mem.Data)
	}
	for _, mem := range rec.MemOut {
		b.each(mem.Addr, len(mem.Data), func(at, from, n int) { copy(b.want[at:at+n], mem.Data[from:]) })
	}
	b.loadFPU(&rec.In)
	if err := b.enter(&rec.In); err != nil {
		return verdict{}, err
	}
	s := b.execute(rec, in)
	got := b.outcome()
	if err := b.leave(); err != nil {
		return verdict{}, err
	}
	b.readFPU(&got.State)
	v := verdict{differences: b.compare(rec, &got), unwritten: s.Reason == vm.StopUnwritten}
	if s.Reason != vm.StopLimit && s.Reason != vm.StopHypercall {
		v.differences = []string{fmt.Sprintf("the machine stopped: %v %v", s.Reason, s.Err)}
	}
	b.restore(rec)
	return v, nil
}

// amend corrects what the recorder got wrong. The code around a vector's
// instruction is filled with INT3, and reaching one is how the recorder sees
// that the instruction has completed: an INT3 or INT 3 behind a prefix it
// took for that, and recorded no exception and the EIP before.
func amend(rec *vectors.Record, in *x86.Inst) {
	breakpoint := in.Op == x86.INT3 || in.Op == x86.INT && in.Imm == excBP
	if breakpoint && rec.Exception == vectors.NoException && rec.Out.EIP+1 == in.Next() {
		rec.Exception, rec.Out.EIP = excBP, in.Next()
	}
}

// linear is the address of sel:off; selectors are the user's or the LDT's.
func (b *bench) linear(sel uint16, off uint32) uint32 {
	if i := int(sel >> 3); sel&4 != 0 && i < len(b.file.LDT) {
		d := binary.LittleEndian.Uint64(b.file.LDT[i][:])
		off += uint32(d>>16)&0xffffff | uint32(d>>56)<<24
	}
	return off
}

// each calls f for the parts of [addr, addr+n) that lie in regions: place in
// the copies, first byte, number of bytes.
func (b *bench) each(addr uint32, n int, f func(at, from, n int)) {
	for from := 0; from < n; {
		la := addr + uint32(from)
		size := n - from
		in := false
		for i := range b.regions {
			if r := &b.regions[i]; la-r.Addr < r.Size {
				size = min(size, int(r.Addr+r.Size-la))
				f(r.at+int(la-r.Addr), from, size)
				in = true
				break
			}
		}
		if !in {
			size = 1
		}
		from += size
	}
}

// lay puts data into the machine's memory as the vector wants it beforehand.
func (b *bench) lay(addr uint32, data []byte) {
	b.each(addr, len(data), func(at, from, n int) {
		copy(b.want[at:at+n], data[from:])
		b.m.WritePhys(physRegs+uint32(at), data[from:from+n])
	})
}

// enter takes the machine from CPL 0 to the vector's instruction.
func (b *bench) enter(s *vectors.State) error {
	frame := make([]byte, 0, 9*4)
	for _, v := range [...]uint32{
		uint32(s.Seg[vectors.GS]), uint32(s.Seg[vectors.FS]), uint32(s.Seg[vectors.DS]), uint32(s.Seg[vectors.ES]),
		s.EIP, uint32(s.Seg[vectors.CS]), s.EFLAGS, s.GPR[vectors.ESP], uint32(s.Seg[vectors.SS]),
	} {
		frame = binary.LittleEndian.AppendUint32(frame, v)
	}
	b.poke(kStackTop-uint32(len(frame)), frame)
	b.m.SetReg(vm.ESP, kStackTop-uint32(len(frame)))
	b.m.SetEIP(kEnter)
	if stop := b.m.Run(5); stop.Reason != vm.StopLimit || b.m.CPL() != 3 || b.m.EIP() != s.EIP {
		return fmt.Errorf("could not be entered: %v at %08x, CPL %d, %v", stop.Reason, stop.EIP, b.m.CPL(), stop.Err)
	}
	for r, v := range s.GPR { // a 16-bit SS takes SP alone from the frame
		b.m.SetReg(r, v)
	}
	return nil
}

// execute runs the instruction, or what the recording has of it: a repeated
// string instruction counts once for each element. Every other one of those
// is run element by element.
func (b *bench) execute(rec *vectors.Record, in *x86.Inst) vm.Stop {
	n := uint64(1)
	if isRepeated(in) {
		done := rec.In.GPR[vectors.ECX] - rec.Out.GPR[vectors.ECX]
		if in.Flags&x86.Addr16 != 0 {
			done &= 0xffff
		}
		if rec.Exception != vectors.NoException {
			done++
		}
		n = max(n, uint64(done))
	}
	if rec.Index&1 == 0 {
		return b.m.Run(n)
	}
	for {
		s := b.m.Run(1)
		if n--; n == 0 || s.Reason != vm.StopLimit || b.m.CPL() != 3 {
			return s
		}
	}
}

func (b *bench) decode(rec *vectors.Record) *x86.Inst {
	var in x86.Inst
	mode := x86.Code32
	if rec.Flags&vectors.Code16 != 0 {
		mode = 0
	}
	if x86.Decode(rec.Code, rec.In.EIP, mode, &in) != x86.OK {
		in.Op = x86.Invalid
	}
	return &in
}

func isRepeated(in *x86.Inst) bool {
	return in.Op >= x86.MOVS && in.Op <= x86.OUTS && in.Flags&(x86.Rep|x86.Repne) != 0
}

// outcome reads the state at the next instruction, or out of the frame of
// the exception that was delivered.
func (b *bench) outcome() outcome {
	m := b.m
	o := outcome{exception: vectors.NoException}
	for r := range o.GPR {
		o.GPR[r] = m.Reg(r)
	}
	for s := range o.Seg {
		o.Seg[s] = m.Selector(s)
	}
	o.EIP, o.EFLAGS = m.EIP(), m.Eflags()
	if m.CPL() == 3 {
		return o
	}
	o.exception = uint8((m.EIP() - kStubs) / stubSize)
	o.cr2 = m.CR(2)
	var raw [6 * 4]byte
	m.ReadLinear(m.Reg(vm.ESP), raw[:])
	frame := raw[:]
	if hasErrorCode>>o.exception&1 != 0 {
		o.errorCode = binary.LittleEndian.Uint32(frame)
		frame = frame[4:]
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(frame[4*i:]) }
	o.EIP, o.EFLAGS, o.GPR[vectors.ESP] = word(0), word(2), word(3)
	o.Seg[vectors.CS], o.Seg[vectors.SS] = uint16(word(1)), uint16(word(4))
	return o
}

// restore gives memory its content before the vector.
func (b *bench) restore(rec *vectors.Record) {
	if !bytes.Equal(b.got, b.want) {
		b.m.WritePhys(physRegs, b.background)
		copy(b.want, b.background)
		return
	}
	back := func(addr uint32, n int) {
		b.each(addr, n, func(at, _, n int) {
			copy(b.want[at:at+n], b.background[at:])
			b.m.WritePhys(physRegs+uint32(at), b.background[at:at+n])
		})
	}
	back(b.linear(rec.In.Seg[vectors.CS], rec.In.EIP), len(rec.Code))
	for _, mem := range rec.MemIn {
		back(mem.Addr, len(mem.Data))
	}
	for _, mem := range rec.MemOut {
		back(mem.Addr, len(mem.Data))
	}
}

// leave brings the machine back to CPL 0: the kernel's memory is out of a
// program's reach, so fetching from it faults into the kernel.
func (b *bench) leave() error {
	if b.m.CPL() == 0 {
		return nil
	}
	b.m.SetEflags(2)
	b.m.SetEIP(kInit)
	if s := b.m.Run(1); s.Reason != vm.StopHypercall || b.m.CPL() != 0 {
		return fmt.Errorf("no way back: %v at %08x, CPL %d, %v", s.Reason, s.EIP, b.m.CPL(), s.Err)
	}
	return nil
}
