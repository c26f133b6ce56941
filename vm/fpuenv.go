// SPDX-License-Identifier: BSD-3-Clause

// The x87 environment and state in memory: FNSTENV, FLDENV, FNSAVE, FRSTOR.
//
// Intel SDM vol. 1, 8.1.10 "Saving the x87 FPU's state with FSTENV/FNSTENV
// and FSAVE/FNSAVE", figures 8-9 to 8-12. Four layouts, by operand size and
// mode:
//
//	      32-bit protected         32-bit real                  16-bit protected   16-bit real
//	  0   FCW                      FCW                       0  FCW                FCW
//	  4   FSW                      FSW                       2  FSW                FSW
//	  8   FTW                      FTW                       4  FTW                FTW
//	 12   FIP                      FIP 15–0                  6  FIP                FIP 15–0
//	 16   FCS | FOP << 16          FIP 31–16 << 12 | FOP     8  FCS                FIP 19–16 << 12 | FOP
//	 20   FDP                      FDP 15–0                 10  FDP                FDP 15–0
//	 24   FDS                      FDP 31–16 << 12          12  FDS                FDP 19–16 << 12
//
// In the real-mode layouts, used in virtual-8086 mode too, the pointers are
// linear addresses. Words that are wider than their content have ones in the
// rest, as P6 processors store it. FNSAVE and FRSTOR have ST(0)–ST(7) of 10
// bytes each behind it.

package vm

import (
	"encoding/binary"

	"ring0/vm/float80"
)

const (
	env16   = 14
	env32   = 28
	stBytes = 8 * 10

	ones       = 0xffff0000
	fopDefined = 0x07ff
)

// opFNSTENV stores the environment, then masks all exceptions.
//
//	D9 /6   FNSTENV m14/28byte
func opFNSTENV(c *CPU, in *inst) bool {
	if !c.needFPU() {
		return false
	}
	a, ok := c.stateArea(in, accWrite)
	if !ok {
		return false
	}
	var b [env32]byte
	c.putEnvironment(b[:in.Size])
	c.storeState(a, b[:in.Size])
	c.fpu.setControl(c.fpu.fcw | fcwMasks)
	c.errorGone()
	return true
}

// opFLDENV loads the environment. An exception in it that is not masked is
// pending then.
//
//	D9 /4   FLDENV m14/28byte
func opFLDENV(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	a, ok := c.stateArea(in, 0)
	if !ok {
		return false
	}
	var b [env32]byte
	c.loadState(a, b[:in.Size])
	c.getEnvironment(b[:in.Size])
	c.errorGone()
	return true
}

// opFNSAVE stores environment and registers, then initializes.
//
//	DD /6   FNSAVE m94/108byte
func opFNSAVE(c *CPU, in *inst) bool {
	if !c.needFPU() {
		return false
	}
	a, ok := c.stateArea(in, accWrite)
	if !ok {
		return false
	}
	var buf [env32 + stBytes]byte
	b := buf[:in.Size]
	env := len(b) - stBytes
	c.putEnvironment(b[:env])
	f := &c.fpu
	for i := range uint8(8) {
		st := f.r[f.phys(i)].Bytes()
		copy(b[env+10*int(i):], st[:])
	}
	c.storeState(a, b)
	f.init()
	c.errorGone()
	return true
}

// opFRSTOR loads environment and registers.
//
//	DD /4   FRSTOR m94/108byte
func opFRSTOR(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	a, ok := c.stateArea(in, 0)
	if !ok {
		return false
	}
	var buf [env32 + stBytes]byte
	b := buf[:in.Size]
	c.loadState(a, b)
	env := len(b) - stBytes
	c.getEnvironment(b[:env])
	f := &c.fpu
	for i := range uint8(8) {
		f.r[f.phys(i)] = float80.FromBytes([10]byte(b[env+10*int(i):]))
	}
	c.errorGone()
	return true
}

// stateArea checks the memory operand. Its alignment is that of its words.
func (c *CPU) stateArea(in *inst, acc access) (area, bool) {
	return c.areaAt(in.Seg, c.effAddr(in), uint32(in.Size), wordSize(int(in.Size)), acc)
}

// wordSize is the size of the words of an environment or state of n bytes.
func wordSize(n int) uint32 {
	if n == env16 || n == env16+stBytes {
		return 2
	}
	return 4
}

// putEnvironment fills b, of 14 or 28 bytes.
func (c *CPU) putEnvironment(b []byte) {
	f := &c.fpu
	words := [7]uint32{
		ones | uint32(f.fcw), ones | uint32(f.statusWord()), ones | uint32(f.tagWord()),
		f.fip, uint32(f.fop)<<16 | uint32(f.fcs), f.fdp, ones | uint32(f.fds),
	}
	if c.realMode() {
		ip, dp := uint32(f.fcs)<<4+f.fip, uint32(f.fds)<<4+f.fdp
		words[3], words[4] = ones|ip&0xffff, ip>>16<<12|uint32(f.fop)
		words[5], words[6] = ones|dp&0xffff, dp>>16<<12
	}
	for i, w := range words {
		if len(b) == env32 {
			binary.LittleEndian.PutUint32(b[4*i:], w)
		} else {
			binary.LittleEndian.PutUint16(b[2*i:], uint16(w))
		}
	}
}

// getEnvironment loads b, of 14 or 28 bytes.
func (c *CPU) getEnvironment(b []byte) {
	var words [7]uint32
	for i := range words {
		if len(b) == env32 {
			words[i] = binary.LittleEndian.Uint32(b[4*i:])
		} else {
			words[i] = uint32(binary.LittleEndian.Uint16(b[2*i:]))
		}
	}
	f := &c.fpu
	f.setStatusWord(uint16(words[1]))
	f.setTagWord(uint16(words[2]))
	f.setControl(uint16(words[0]))
	if c.realMode() {
		f.fip, f.fop, f.fcs = words[3]&0xffff|words[4]>>12<<16, uint16(words[4])&fopDefined, 0
		f.fdp, f.fds = words[5]&0xffff|words[6]>>12<<16, 0
		return
	}
	f.fip, f.fop, f.fcs = words[3], uint16(words[4]>>16)&fopDefined, uint16(words[4])
	f.fdp, f.fds = words[5], uint16(words[6])
}

// Tags (SDM vol. 1, 8.1.7). The processor keeps but "empty" and derives the
// others from the registers.
const (
	tagValid = iota
	tagZero
	tagSpecial
	tagEmpty
)

// tagWord makes the tag word, two bits for each physical register.
func (f *fpuState) tagWord() uint16 {
	var w uint16
	for i := range f.r {
		tag := uint16(tagEmpty)
		if f.used>>i&1 != 0 {
			tag = tagOf(f.r[i])
		}
		w |= tag << (2 * i)
	}
	return w
}

func tagOf(v float80.F80) uint16 {
	switch v.Class() {
	case float80.Normal:
		return tagValid
	case float80.ZeroClass:
		return tagZero
	}
	return tagSpecial
}

func (f *fpuState) setTagWord(w uint16) {
	f.used = 0
	for i := range f.r {
		if w>>(2*i)&3 != tagEmpty {
			f.used |= 1 << i
		}
	}
}
