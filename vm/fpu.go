// SPDX-License-Identifier: BSD-3-Clause

// x87: what every instruction does before and after its work.
//
// Intel SDM vol. 1, 8.1 "x87 FPU execution environment", 8.5 "x87
// floating-point exception conditions", 8.6 and 8.7 on their handling. The
// order is always: #NM and #MF, the memory operand's faults, stack faults,
// the arithmetic. Arithmetic is package float80's; here are the stack, the
// status word, the pointers and who hears of an exception.

package vm

import (
	"ring0/vm/float80"
	"ring0/vm/x86"
)

// fpuOps are the x87 instructions, WAIT, EMMS, FXSAVE and FXRSTOR.
var fpuOps = opTable{
	// fpuarith.go
	x86.FADD:    {pick: arithmetic(float80.Add, quickAdd, 0)},
	x86.FADDP:   {pick: arithmetic(float80.Add, quickAdd, 1)},
	x86.FIADD:   {any: integerArithmetic(float80.Add)},
	x86.FSUB:    {pick: arithmetic(float80.Sub, quickSub, 0)},
	x86.FSUBP:   {pick: arithmetic(float80.Sub, quickSub, 1)},
	x86.FISUB:   {any: integerArithmetic(float80.Sub)},
	x86.FSUBR:   {pick: arithmetic(subR, quickSubR, 0)},
	x86.FSUBRP:  {pick: arithmetic(subR, quickSubR, 1)},
	x86.FISUBR:  {any: integerArithmetic(subR)},
	x86.FMUL:    {pick: arithmetic(float80.Mul, quickMul, 0)},
	x86.FMULP:   {pick: arithmetic(float80.Mul, quickMul, 1)},
	x86.FIMUL:   {any: integerArithmetic(float80.Mul)},
	x86.FDIV:    {pick: arithmetic(float80.Div, quickDiv, 0)},
	x86.FDIVP:   {pick: arithmetic(float80.Div, quickDiv, 1)},
	x86.FIDIV:   {any: integerArithmetic(float80.Div)},
	x86.FDIVR:   {pick: arithmetic(divR, quickDivR, 0)},
	x86.FDIVRP:  {pick: arithmetic(divR, quickDivR, 1)},
	x86.FIDIVR:  {any: integerArithmetic(divR)},
	x86.FSQRT:   {any: unaryTop(float80.Sqrt)},
	x86.FRNDINT: {any: unaryTop(float80.RoundToInt)},
	x86.FSCALE:  {any: opFSCALE},
	x86.FXTRACT: {any: opFXTRACT},
	x86.FPREM:   {any: partialRemainder(float80.Prem)},
	x86.FPREM1:  {any: partialRemainder(float80.Prem1)},
	x86.FABS:    {any: signOnly(float80.F80.Abs)},
	x86.FCHS:    {any: signOnly(float80.F80.ChangeSign)},

	// fpucompare.go
	x86.FCOM:    {pick: comparison(float80.Compare, 0)},
	x86.FCOMP:   {pick: comparison(float80.Compare, 1)},
	x86.FCOMPP:  {pick: comparison(float80.Compare, 2)},
	x86.FUCOM:   {pick: comparison(float80.CompareQuiet, 0)},
	x86.FUCOMP:  {pick: comparison(float80.CompareQuiet, 1)},
	x86.FUCOMPP: {pick: comparison(float80.CompareQuiet, 2)},
	x86.FICOM:   {any: integerComparison(0)},
	x86.FICOMP:  {any: integerComparison(1)},
	x86.FCOMI:   {any: compareFlags(float80.Compare, 0)},
	x86.FCOMIP:  {any: compareFlags(float80.Compare, 1)},
	x86.FUCOMI:  {any: compareFlags(float80.CompareQuiet, 0)},
	x86.FUCOMIP: {any: compareFlags(float80.CompareQuiet, 1)},
	x86.FTST:    {any: opFTST},
	x86.FXAM:    {any: opFXAM},

	// fpumove.go
	x86.FLD:     {pick: pickFLD},
	x86.FILD:    {any: opFILD},
	x86.FBLD:    {any: opFBLD},
	x86.FST:     {pick: storeReal(0)},
	x86.FSTP:    {pick: storeReal(1)},
	x86.FIST:    {pick: storeInteger(0)},
	x86.FISTP:   {pick: storeInteger(1)},
	x86.FBSTP:   {any: opFBSTP},
	x86.FXCH:    {pick: pickFXCH},
	x86.FCMOVCC: {any: opFCMOVCC},
	x86.FLD1:    {any: constant(float80.ConstOne)},
	x86.FLDZ:    {any: constant(float80.ConstZero)},
	x86.FLDPI:   {any: constant(float80.ConstPi)},
	x86.FLDL2T:  {any: constant(float80.ConstL2T)},
	x86.FLDL2E:  {any: constant(float80.ConstL2E)},
	x86.FLDLG2:  {any: constant(float80.ConstLG2)},
	x86.FLDLN2:  {any: constant(float80.ConstLN2)},

	// fputrans.go
	x86.F2XM1:   {any: unaryTop(float80.Exp2M1)},
	x86.FSIN:    {any: trigonometric(float80.Sin)},
	x86.FCOS:    {any: trigonometric(float80.Cos)},
	x86.FYL2X:   {any: binaryPop(float80.YLog2X)},
	x86.FYL2XP1: {any: binaryPop(float80.YLog2XP1)},
	x86.FPATAN:  {any: binaryPop(float80.Atan)},
	x86.FPTAN:   {any: trigonometricPush(float80.Tan)},
	x86.FSINCOS: {any: trigonometricPush(float80.SinCos)},

	// fpucontrol.go
	x86.FINCSTP: {any: opFINCSTP},
	x86.FDECSTP: {any: opFDECSTP},
	x86.FFREE:   {any: opFFREE},
	x86.FFREEP:  {any: opFFREEP},
	x86.FNOP:    {any: opFNOP},
	x86.FNENI:   {any: opFNENI},
	x86.FNDISI:  {any: opFNENI},
	x86.FNSETPM: {any: opFNENI},
	x86.FNINIT:  {any: opFNINIT},
	x86.FNCLEX:  {any: opFNCLEX},
	x86.FLDCW:   {any: opFLDCW},
	x86.FNSTCW:  {any: opFNSTCW},
	x86.FNSTSW:  {any: opFNSTSW},
	x86.WAIT:    {any: opWAIT},
	x86.EMMS:    {any: opEMMS},

	// fpuenv.go, fxsave.go
	x86.FNSTENV: {any: opFNSTENV},
	x86.FLDENV:  {any: opFLDENV},
	x86.FNSAVE:  {any: opFNSAVE},
	x86.FRSTOR:  {any: opFRSTOR},
	x86.FXSAVE:  {any: opFXSAVE},
	x86.FXRSTOR: {any: opFXRSTOR},
}

// needWait checks before a waiting x87 instruction: EM or TS set is #NM, and
// an unmasked exception of an earlier one is reported now.
func (c *CPU) needWait() bool {
	if c.cr0&(CR0EM|CR0TS)|uint32(c.fpu.fsw&fswES) == 0 {
		return true
	}
	return c.needFPU() && c.reportError()
}

// note remembers in as the last x87 instruction that was not a control
// instruction, for FIP, FCS and FOP.
func (c *CPU) note(in *inst) {
	f := &c.fpu
	f.fip, f.fcs, f.fop = in.EIP, c.seg[x86.CS].sel, in.Imm2
}

// noteMem is note for an instruction with a memory operand at offset off: FDP
// and FDS change too.
func (c *CPU) noteMem(in *inst, off uint32) {
	c.note(in)
	c.fpu.fdp, c.fpu.fds = off, c.seg[in.Seg].sel
}

// control is the control word as arithmetic wants it.
func (f *fpuState) control() float80.Control { return float80.Control(f.fcw) }

// phys is the physical register that is ST(i).
func (f *fpuState) phys(i uint8) uint8 { return (f.top + i) & 7 }

// empty reports that ST(i) is tagged empty.
func (f *fpuState) empty(i uint8) bool { return f.used>>f.phys(i)&1 == 0 }

// set gives ST(i) a value.
func (f *fpuState) set(i uint8, v float80.F80) {
	p := f.phys(i)
	f.r[p] = v
	f.used |= 1 << p
}

// pop empties ST(0) and moves the top, n times.
func (f *fpuState) pop(n uint8) {
	for ; n > 0; n-- {
		f.used &^= 1 << (f.top & 7)
		f.top = f.phys(1)
	}
}

// push makes v ST(0). The register is known to be empty, or its content lost.
func (f *fpuState) push(v float80.F80) {
	f.top = f.phys(7)
	f.set(0, v)
}

// enter puts the exceptions and condition codes of st into the status word;
// codes are the condition codes the instruction defines. Then ES says whether
// an exception is pending.
func (f *fpuState) enter(st, codes float80.Status) {
	f.fsw = f.fsw&^uint16(codes) | uint16(st)
	if st&float80.Exceptions&^float80.Status(f.fcw) != 0 {
		f.fsw |= fswES | fswB
	}
}

// Kinds of stack fault, as C1 tells them.
const (
	stackUnderflow = 0
	stackOverflow  = fswC1
)

// stackFault enters an invalid operation on an empty register or a full
// stack. It reports whether the masked answer is to be delivered.
func (f *fpuState) stackFault(kind uint16) bool {
	f.enter(float80.IE|fswSF|float80.Status(kind), float80.C1)
	return f.fcw&fswIE != 0
}

// deliver enters st and, unless an exception forbids it, makes v ST(i) and
// pops. It reports whether it did.
func (f *fpuState) deliver(i uint8, v float80.F80, st float80.Status, pops uint8) bool {
	f.enter(st, float80.C1)
	if f.control().Keeps(st) {
		return false
	}
	f.set(i, v)
	f.pop(pops)
	return true
}

// underflow is the answer to an empty register where the result was to be
// ST(i): masked, the indefinite.
func (f *fpuState) underflow(i, pops uint8) {
	if f.stackFault(stackUnderflow) {
		f.set(i, float80.Indefinite())
		f.pop(pops)
	}
}

// load pushes v, unless the stack is full or an exception forbids it.
func (f *fpuState) load(v float80.F80, st float80.Status) {
	if !f.empty(7) {
		if f.stackFault(stackOverflow) {
			f.push(float80.Indefinite())
		}
		return
	}
	f.enter(st, float80.C1)
	if !f.control().KeepsLoad(st) {
		f.push(v)
	}
}
