// SPDX-License-Identifier: BSD-3-Clause

// A record as text, for diagnostics and tests: Intel's operand order, every
// field that matters visible. Segment registers are shown where they are not
// DS or were asked for.

package x86

import (
	"fmt"
	"strings"
	"sync"
)

var registerNames = [...]string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"}
var byteNames = [...]string{"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"}
var segmentNames = [...]string{"es", "cs", "ss", "ds", "fs", "gs"}
var conditionNames = [...]string{"o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"}

var fcmovConditions = [16]string{2: "b", 3: "nb", 4: "e", 5: "ne", 6: "be", 7: "nbe", 10: "u", 11: "nu"}

// String gives the instruction in Intel syntax.
func (in *Inst) String() string {
	var b strings.Builder
	for _, p := range [...]struct {
		flag Flag
		text string
	}{{Lock, "lock "}, {Rep, "rep "}, {Repne, "repne "}} {
		if in.Flags&p.flag != 0 {
			b.WriteString(p.text)
		}
	}
	r := rowOf(in.Op, in.Form)
	if r == nil || in.Op == Invalid {
		b.WriteString(in.Op.String())
		return b.String()
	}
	b.WriteString(in.mnemonic(r))
	separator := " "
	registers := in.registers()
	for _, o := range r.operands {
		text := in.operandText(o, &registers)
		if text != "" {
			b.WriteString(separator + text)
			separator = ", "
		}
	}
	return b.String()
}

// registers lists the numbers of the register operands in their order.
func (in *Inst) registers() [3]uint8 {
	switch in.Form {
	case FormMR, FormMRI:
		return [3]uint8{in.Src, uint8(in.Imm2)}
	case FormRM, FormRMI:
		return [3]uint8{in.Dst, uint8(in.Imm2)}
	}
	return [3]uint8{in.Dst, in.Src}
}

// rowOf finds a row for an operation and form: one whose operands are what
// the record has. Rows that share both differ only in sizes.
func rowOf(op Op, form Form) *row { return rowIndex()[rowKey{op, form}] }

type rowKey struct {
	op   Op
	form Form
}

var rowIndex = sync.OnceValue(func() map[rowKey]*row {
	index := map[rowKey]*row{}
	for r := range allRows() {
		p := r.place()
		for _, f := range p.forms {
			if key := (rowKey{r.op, f.form}); f.exists && index[key] == nil {
				index[key] = r
			}
		}
	}
	return index
})

// mnemonic is the name with what no operand shows: a segment override of
// implied memory, and a 16-bit operand size.
func (in *Inst) mnemonic(r *row) string {
	name := in.plainMnemonic()
	if in.Size == 2 && r.hidesSize() && in.Op != CBW && in.Op != CWD {
		name += "w"
	}
	if in.Form == FormNone && in.Flags&SegPfx != 0 && in.Flags&(MemRead|MemWrite) != 0 {
		name = segmentNames[in.Seg] + " " + name
	}
	return name
}

// plainMnemonic is the operation's name with condition, segment or element
// size in it.
func (in *Inst) plainMnemonic() string {
	name := in.Op.String()
	switch in.Op {
	case JCC, SETCC, CMOVCC:
		return strings.TrimSuffix(name, "cc") + conditionNames[in.Cond&15]
	case FCMOVCC:
		return "fcmov" + fcmovConditions[in.Cond&15]
	case LDSEG:
		return "l" + segmentNames[in.Imm2%6]
	case CBW:
		if in.Size == 4 {
			return "cwde"
		}
	case CWD:
		if in.Size == 4 {
			return "cdq"
		}
	case MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS:
		return name + map[uint8]string{1: "b", 2: "w", 4: "d"}[in.Size]
	}
	return name
}

// hidesSize says whether no operand's text tells the operand size.
func (r *row) hidesSize() bool {
	for _, o := range r.operands {
		switch o {
		case oVsize, oJb, oJz, oAp:
			return true
		}
	}
	return r.operands[1] == noOperand && operandTable[r.operands[0]].place == atImm
}

// operandText gives one operand; registers has the numbers of those not yet
// shown.
func (in *Inst) operandText(o operand, registers *[3]uint8) string {
	info := &operandTable[o]
	switch {
	case o == oCL:
		return "cl"
	case o == oDX:
		return "dx"
	case o == oAp:
		return fmt.Sprintf("%#x:%#x", in.Imm2, in.Imm)
	case o == oIu && in.Op == ENTER:
		return fmt.Sprintf("%#x", in.Imm2)
	case info.isMemory(in.Form.hasMemory()):
		return in.sizeText() + in.memoryText()
	case info.place == atImm:
		return fmt.Sprintf("%#x", in.Imm)
	case info.file == noFile || info.place == atNowhere:
		return ""
	}
	number := registers[0]
	copy(registers[:], registers[1:])
	if info.file == segment && in.Op == LDSEG {
		return ""
	}
	return in.registerText(info, number)
}

// hasMemory says whether there is an explicit memory operand.
func (f Form) hasMemory() bool {
	switch f {
	case FormM, FormRM, FormMR, FormMI, FormRMI, FormMRI:
		return true
	}
	return false
}

func (in *Inst) registerText(info *operandInfo, number uint8) string {
	switch info.file {
	case segment:
		return segmentNames[number%6]
	case control:
		return fmt.Sprintf("cr%d", number)
	case debug:
		return fmt.Sprintf("dr%d", number)
	case stack:
		return fmt.Sprintf("st%d", number)
	case mmx, xmm:
		if in.Size == 8 && info.file == xmm && in.Op.bothFiles() {
			return fmt.Sprintf("mm%d", number)
		}
		if in.Size == 16 && info.file == mmx && in.Op.bothFiles() {
			return fmt.Sprintf("xmm%d", number)
		}
		return fmt.Sprintf("%smm%d", [...]string{mmx: "", xmm: "x"}[info.file], number)
	}
	return generalText(number, in.generalSize(info))
}

// bothFiles says whether the operation exists for MMX and for XMM registers,
// so that Size says which.
func (op Op) bothFiles() bool {
	return op == PMOVMSKB || op == PEXTRW || op == PINSRW ||
		op >= PUNPCKLBW && op <= PSLLDQ
}

// generalSize is the size of a general register operand.
func (in *Inst) generalSize(info *operandInfo) uint8 {
	switch info.size {
	case sizeV, size1, size2:
		if info.size[0] < 4 && (in.Op == MOVZX8 || in.Op == MOVSX8 || in.Op == MOVZX16 || in.Op == MOVSX16 || in.Op == LAR || in.Op == LSL) {
			return info.size[0]
		}
		return in.Size
	}
	return 4
}

func generalText(number, size uint8) string {
	switch size {
	case 1:
		return byteNames[number&7]
	case 2:
		return registerNames[number&7][1:]
	}
	return registerNames[number&7]
}

// sizeText says how many bytes of memory are meant.
func (in *Inst) sizeText() string {
	switch size := in.MemSize(); size {
	case 0:
		return ""
	case 1:
		return "byte "
	case 2:
		return "word "
	case 4:
		return "dword "
	case 8:
		return "qword "
	case 16:
		return "oword "
	default:
		return fmt.Sprintf("m%d ", size)
	}
}

func (in *Inst) memoryText() string {
	var b strings.Builder
	if in.Flags&SegPfx != 0 || in.Seg != DS {
		b.WriteString(segmentNames[in.Seg] + ":")
	}
	size, mask := uint8(4), ^uint32(0)
	if in.Flags&Addr16 != 0 {
		size, mask = 2, 0xFFFF
	}
	plus := "["
	if in.Base != NoReg {
		b.WriteString(plus + generalText(in.Base, size))
		plus = "+"
	}
	if in.Index != NoReg {
		b.WriteString(plus + generalText(in.Index, size))
		if in.Scale != 0 {
			fmt.Fprintf(&b, "*%d", 1<<in.Scale)
		}
		plus = "+"
	}
	if disp := int32(in.Disp); disp < 0 && in.Base != NoReg {
		fmt.Fprintf(&b, "-%#x", -int64(disp))
	} else if disp != 0 || plus == "[" {
		fmt.Fprintf(&b, "%s%#x", plus, in.Disp&mask)
	}
	return b.String() + "]"
}

// flagNames is in bit order.
var flagNames = [...]string{"lock", "rep", "repne", "a16", "seg", "end", "cond", "priv", "fin", "fout", "mr", "mw", "o66"}

// String lists the flags by short names: a16 for Addr16, seg for SegPfx, end
// for EndBlock, fin and fout for FlagsIn and FlagsOut, mr and mw for MemRead
// and MemWrite, o66 for OpPfx.
func (f Flag) String() string {
	var names []string
	for i, name := range flagNames {
		if f>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}
