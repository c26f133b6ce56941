// SPDX-License-Identifier: BSD-3-Clause
// The frames in which signal handlers at CPL 3 run, and the way back (2.4.18 arch/i386/kernel/signal.c,
// arch/i386/kernel/i387.c, asm-i386/sigcontext.h).

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Flags of a signal's action.
const (
	saSiginfo  = 0x00000004
	saRestorer = 0x04000000
	saOnStack  = 0x08000000
	saRestart  = 0x10000000
	saNoDefer  = 0x40000000
	saOneShot  = 0x80000000
)

// Both kinds of frame, in bytes from ESP as the handler finds it. The handler's return address comes first, then its
// arguments.
//
//	sigframe     return, sig, sigcontext, fpstate, second word of the mask, code
//	rt_sigframe  return, sig, &info, &ucontext, info, ucontext {flags, link, stack, sigcontext, mask}, fpstate, code
const (
	frameContext = 8
	contextSize  = 22 * wordSize
	frameFPU     = frameContext + contextSize
	fpuSize      = 624 // struct _fpstate: FSAVE's image, two words, FXSAVE's image
	frameMask    = frameFPU + fpuSize
	frameCode    = frameMask + wordSize
	frameSize    = frameCode + 8

	rtInfo    = 16
	rtUser    = rtInfo + 128
	rtStack   = rtUser + 2*wordSize
	rtContext = rtStack + 3*wordSize
	rtMask    = rtContext + contextSize
	rtFPU     = rtMask + 8
	rtCode    = rtFPU + fpuSize
	rtSize    = rtCode + 8
)

// Words of a sigcontext by number.
const (
	scGS = iota
	scFS
	scES
	scDS
	scEDI
	scESI
	scEBP
	scESP
	scEBX
	scEDX
	scECX
	scEAX
	scTrapNo
	scError
	scEIP
	scCS
	scEflags
	scESPAtSignal
	scSS
	scFPU
	scOldMask
	scCR2
)

// The bits of EFLAGS that a program may change: AC, OF, DF, TF, SF, ZF, AF, PF, CF.
const userEflags = 0x40dd5

// handleSignal makes the frame for a handler and blocks what is to be blocked while it runs (handle_signal).
func (c *Call) handleSignal(f Frame, signal, info uint32, blocked uint64) {
	k, t, regs := c.Kernel, c.Task(), &c.Kernel.lay.PtRegs
	lay, action := &k.lay.KSigaction, k.actionOf(t, signal)
	flags, mask := k.mem.Get(action, lay.Flags), k.mem.U64(action+lay.Mask.Off)
	if int32(f.Get(regs.OrigEax)) >= 0 && isRestart(f.Get(regs.Eax)) {
		errno := abi.Errno(-int32(f.Get(regs.Eax)))
		if errno == abi.ERESTARTNOINTR || errno == abi.ERESTARTSYS && flags&saRestart != 0 {
			f.restartCall()
		} else {
			f.Set(regs.Eax, errWord(abi.EINTR))
		}
	}
	frame, ok := k.buildSigframe(f, signal, info, flags, blocked)
	if !ok {
		if signal == abi.SIGSEGV {
			k.mem.Set(action, lay.Handler, sigDefault)
		}
		k.forceSignal(t, abi.SIGSEGV)
		return
	}
	f.Set(regs.Esp, frame)
	f.SetEIP(k.mem.Get(action, lay.Handler))
	f.Set(regs.CS, abi.UserCS)
	for _, s := range []abi.Field{regs.DS, regs.ES, regs.SS} {
		f.Set(s, abi.UserDS)
	}
	f.Set(regs.Eflags, f.Get(regs.Eflags)&^vm.FlagTF)
	if flags&saOneShot != 0 {
		k.mem.Set(action, lay.Handler, sigDefault)
	}
	if flags&saNoDefer == 0 {
		k.block(t, k.mem.U64(t.addr+k.lay.Task.Blocked.Off)|mask|1<<(signal-1))
	}
}

// block sets the signals that a task blocks.
func (k *Kernel) block(t *Task, set uint64) {
	k.mem.SetU64(t.addr+k.lay.Task.Blocked.Off, set)
	k.recalcSigpending(t)
}

// buildSigframe writes a frame below the user's stack pointer; false when there is no memory for it.
func (k *Kernel) buildSigframe(f Frame, signal, info, flags uint32, blocked uint64) (frame uint32, ok bool) {
	real := flags&saSiginfo != 0
	size, contextOff, fpuOff, codeOff := uint32(frameSize), uint32(frameContext), uint32(frameFPU), uint32(frameCode)
	if real {
		size, contextOff, fpuOff, codeOff = rtSize, rtContext, rtFPU, rtCode
	}
	frame = (k.signalStack(f, flags) - size) &^ 7
	b := make([]byte, size)
	fpu := uint32(0)
	if k.saveUserFPU(b[fpuOff:]) {
		fpu = frame + fpuOff
	}
	k.putContext(b[contextOff:], f, fpu, uint32(blocked))
	putWord(b[4:], signal)
	number := uint32(abi.NrSigreturn)
	code := append([]byte{0x58, 0xb8}, 0, 0, 0, 0, 0xcd, 0x80) // popl %eax; movl $number,%eax; int $0x80
	if real {
		number = abi.NrRtSigreturn
		code = code[1:]
		putWord(b[8:], frame+rtInfo)
		putWord(b[12:], frame+rtUser)
		k.mem.Read(info, b[rtInfo:rtInfo+128])
		if code := b[rtInfo+k.lay.Siginfo.Code.Off:]; int32(leWord(code)) > 0 {
			putWord(code, leWord(code)&0xffff) // which fields there are is the kernel's affair
		}
		k.putStack(b[rtStack:], f)
		binary.LittleEndian.PutUint64(b[rtMask:], blocked)
	} else {
		putWord(b[frameMask:], uint32(blocked>>32))
	}
	putWord(code[len(code)-6:], number)
	copy(b[codeOff:], code)
	ret := frame + codeOff
	if flags&saRestorer != 0 {
		ret = k.mem.Get(k.actionOf(k.running, signal), k.lay.KSigaction.Restorer)
	}
	putWord(b, ret)
	return frame, k.CopyToUser(frame, b) == 0
}

// signalStack is where a handler's frame goes: the user's stack, or the one for signals.
func (k *Kernel) signalStack(f Frame, flags uint32) uint32 {
	esp := f.ESP()
	if flags&saOnStack != 0 && k.altStackState(esp) == 0 {
		return k.running.Get(k.lay.Task.SasSsSp) + k.running.Get(k.lay.Task.SasSsSize)
	}
	return esp
}

// putContext writes a sigcontext.
func (k *Kernel) putContext(b []byte, f Frame, fpu, mask uint32) {
	regs, t, lay := &k.lay.PtRegs, k.running, &k.lay.Task
	for i, v := range [...]uint32{
		scGS: uint32(k.m.Selector(vm.GS)), scFS: uint32(k.m.Selector(vm.FS)), scES: f.Get(regs.ES), scDS: f.Get(regs.DS),
		scEDI: f.Get(regs.Edi), scESI: f.Get(regs.Esi), scEBP: f.Get(regs.Ebp), scESP: f.Get(regs.Esp),
		scEBX: f.Get(regs.Ebx), scEDX: f.Get(regs.Edx), scECX: f.Get(regs.Ecx), scEAX: f.Get(regs.Eax),
		scTrapNo: t.Get(lay.ThreadTrapNo), scError: t.Get(lay.ThreadErrorCode), scEIP: f.EIP(), scCS: f.Get(regs.CS),
		scEflags: f.Get(regs.Eflags), scESPAtSignal: f.Get(regs.Esp), scSS: f.Get(regs.SS), scFPU: fpu, scOldMask: mask,
		scCR2: t.Get(lay.ThreadCR2),
	} {
		putWord(b[4*i:], v)
	}
}

// sigreturn ends a handler: the registers are those of the frame, whose parts lie at frame plus these offsets.
func (c *Call) sigreturn(f Frame, frame, context, mask uint32, maskHigh bool) {
	k, t := c.Kernel, c.Task()
	var b [contextSize]byte
	var set [8]byte
	ok := k.CopyFromUser(b[:], frame+context) == 0
	if maskHigh {
		copy(set[:4], b[4*scOldMask:])
		ok = ok && k.CopyFromUser(set[4:], frame+mask) == 0
	} else {
		ok = ok && k.CopyFromUser(set[:], frame+mask) == 0
	}
	if ok {
		k.block(t, binary.LittleEndian.Uint64(set[:])&^unblockable)
		ok = k.takeContext(b[:], f)
	}
	if !ok {
		k.forceSignal(t, abi.SIGSEGV)
		c.Return(0)
		return
	}
	c.Return(binary.LittleEndian.Uint32(b[4*scEAX:]))
}

// takeContext restores registers from a sigcontext (restore_sigcontext).
func (k *Kernel) takeContext(b []byte, f Frame) bool {
	regs := &k.lay.PtRegs
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
	for _, r := range []struct {
		to abi.Field
		i  int
	}{
		{regs.ES, scES}, {regs.DS, scDS}, {regs.Edi, scEDI}, {regs.Esi, scESI}, {regs.Ebp, scEBP}, {regs.Esp, scESP},
		{regs.Ebx, scEBX}, {regs.Edx, scEDX}, {regs.Ecx, scECX}, {regs.Eip, scEIP},
	} {
		f.Set(r.to, word(r.i))
	}
	k.loadUserSegment(vm.GS, word(scGS))
	k.loadUserSegment(vm.FS, word(scFS))
	f.Set(regs.CS, word(scCS)&0xffff|3)
	f.Set(regs.SS, word(scSS)&0xffff|3)
	f.Set(regs.DS, word(scDS)&0xffff)
	f.Set(regs.ES, word(scES)&0xffff)
	f.Set(regs.Eflags, f.Get(regs.Eflags)&^userEflags|word(scEflags)&userEflags)
	f.Set(regs.OrigEax, 0xffffffff)
	if fpu := word(scFPU); fpu != 0 {
		return k.loadUserFPU(fpu)
	}
	return true
}

// loadUserSegment loads FS or GS for a program; a selector that it may not have becomes null.
func (k *Kernel) loadUserSegment(s int, sel uint32) {
	if sel != abi.UserDS && sel != abi.UserCS {
		sel = 0
	}
	k.m.LoadSegment(s, uint16(sel))
}

// FXSAVE's image.
const (
	fxControl  = 0
	fxStatus   = 2
	fxTags     = 4
	fxOpcode   = 6
	fxIP       = 8
	fxCS       = 12
	fxOperand  = 16
	fxDS       = 20
	fxMXCSR    = 24
	fxRegs     = 32
	fxSize     = 512
	fsaveRegs  = 28 // behind seven words
	fpuStatus  = 108
	fpuFXImage = 112
)

// saveUserFPU writes a struct _fpstate of the running task, which starts afresh then; false when it has not used the FPU
// (save_i387).
func (k *Kernel) saveUserFPU(b []byte) bool {
	t, lay := k.running, &k.lay.Task
	if t.Get(lay.UsedMath) == 0 {
		return false
	}
	k.saveFPU(t)
	t.Set(lay.UsedMath, 0)
	k.m.SetCR(0, k.m.CR(0)|vm.CR0TS)
	fx := k.mem.Bytes(t.addr+lay.ThreadI387.Off, fxSize)
	half := func(at int) uint32 { return uint32(binary.LittleEndian.Uint16(fx[at:])) }
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(fx[at:]) }
	for i, v := range []uint32{half(fxControl) | 0xffff0000, half(fxStatus) | 0xffff0000, fullTags(fx) | 0xffff0000, word(fxIP),
		half(fxCS) | half(fxOpcode)<<16, word(fxOperand), word(fxDS)} {
		putWord(b[4*i:], v)
	}
	for i := range 8 {
		copy(b[fsaveRegs+10*i:][:10], fx[fxRegs+16*i:])
	}
	putWord(b[fpuStatus:], half(fxStatus)) // and the magic number 0: FXSAVE's image follows
	copy(b[fpuFXImage:], fx)
	return true
}

// fullTags makes FSAVE's tag word, two bits a register, from FXSAVE's, one bit.
func fullTags(fx []byte) (tags uint32) {
	const valid, zero, special, empty = 0, 1, 2, 3
	top := uint32(binary.LittleEndian.Uint16(fx[fxStatus:])) >> 11 & 7
	for i := range uint32(8) {
		tag := uint32(empty)
		if fx[fxTags]>>i&1 != 0 {
			reg := fx[fxRegs+16*((i-top)&7):]
			exponent, mantissa := binary.LittleEndian.Uint16(reg[8:])&0x7fff, binary.LittleEndian.Uint64(reg)
			switch {
			case exponent == 0x7fff:
				tag = special
			case exponent == 0 && mantissa == 0:
				tag = zero
			case exponent == 0, mantissa>>63 == 0:
				tag = special
			default:
				tag = valid
			}
		}
		tags |= tag << (2 * i)
	}
	return tags
}

// loadUserFPU makes a struct _fpstate at a user address the running task's (restore_i387).
func (k *Kernel) loadUserFPU(from uint32) bool {
	t, lay := k.running, &k.lay.Task
	var b [fpuSize]byte
	if k.CopyFromUser(b[:], from) != 0 {
		return false
	}
	k.saveFPU(t)
	k.m.SetCR(0, k.m.CR(0)|vm.CR0TS)
	fx := b[fpuFXImage:]
	env := func(i int) uint16 { return binary.LittleEndian.Uint16(b[4*i:]) }
	binary.LittleEndian.PutUint16(fx[fxControl:], env(0))
	binary.LittleEndian.PutUint16(fx[fxStatus:], env(1))
	tags := byte(0)
	for i := range 8 {
		if env(2)>>(2*i)&3 != 3 {
			tags |= 1 << i
		}
	}
	fx[fxTags] = tags
	for i := range 8 {
		copy(fx[fxRegs+16*i:][:10], b[fsaveRegs+10*i:][:10])
	}
	const reservedMXCSR = 0xffbf
	putWord(fx[fxMXCSR:], binary.LittleEndian.Uint32(fx[fxMXCSR:])&reservedMXCSR)
	k.mem.Write(t.addr+lay.ThreadI387.Off, fx[:fxSize])
	t.Set(lay.UsedMath, 1)
	return true
}
