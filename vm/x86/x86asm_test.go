// SPDX-License-Identifier: BSD-3-Clause

// Two decoders agree: ours and golang.org/x/arch/x86/x86asm. Length, validity,
// mnemonic and operands are compared over every opcode with every ModRM byte
// and the common prefixes, and over random bytes. Where x86asm knows less,
// more, or is wrong, testdata/x86asm.txt says so.

package x86

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/arch/x86/x86asm"
)

// An excuse is a line of testdata/x86asm.txt: opcodes where the decoders may
// differ, and how.
type excuse struct {
	line   string
	how    string // "fewer", "more" or "wrong"
	prefix string // "66", "F2", "F3" or "": the row holds with this prefix only
	at     opcodeRange
	used   bool
}

// readExcuses reads testdata/x86asm.txt.
func readExcuses(t testing.TB) []*excuse {
	data, err := os.ReadFile("testdata/x86asm.txt")
	require.NoError(t, err)
	var list []*excuse
	for line := range strings.Lines(string(data)) {
		text, _, _ := strings.Cut(strings.TrimSpace(line), "#")
		how, code, ok := strings.Cut(strings.TrimSpace(text), " ")
		if !ok {
			continue
		}
		r := row{code: strings.TrimSpace(code)}
		e := &excuse{line: text, how: how, at: r.parse()}
		e.prefix = strings.Replace(e.at.prefix, "NP", "", 1)
		list = append(list, e)
	}
	return list
}

// An opcodeSeen is what an excuse is matched with: an instruction's bytes, as
// far as the opcode, taken apart without the decoder.
type opcodeSeen struct {
	prefixes      string // " 66 F3"
	two           bool
	opcode, modrm uint8
}

func lookAt(code []byte) (s opcodeSeen) {
	code = append(code[:len(code):len(code)], make([]byte, 3)...)
	for bytes.IndexByte([]byte("\x26\x2E\x36\x3E\x64\x65\x66\x67\xF0\xF2\xF3"), code[0]) >= 0 {
		s.prefixes += fmt.Sprintf(" %02X", code[0])
		if code = code[1:]; len(code) < 3 {
			return opcodeSeen{}
		}
	}
	if s.two = code[0] == 0x0F; s.two {
		code = code[1:]
	}
	s.opcode, s.modrm = code[0], code[1]
	return s
}

func (e *excuse) covers(s opcodeSeen) bool {
	n := int(s.opcode) - int(e.at.opcode)
	switch {
	case e.at.two != s.two || n < 0 || n >= e.at.count:
		return false
	case !strings.Contains(s.prefixes, e.prefix):
		return false
	case e.at.group >= 0 && int(s.modrm>>3&7) != e.at.group:
		return false
	case e.at.modrm >= 0:
		n := int(s.modrm) - e.at.modrm
		return n >= 0 && n < e.at.modrms
	}
	return true
}

// difference compares the decoders on code, and returns "" if they agree.
func difference(code []byte, bits int, excuses []*excuse) string {
	const eip = 0x1000
	mode := Code32
	if bits == 16 {
		mode = 0
	}
	var ours Inst
	result := Decode(code, eip, mode, &ours)
	theirs, err := x86asm.Decode(code, bits)
	valid := err == nil && theirs.Op != 0 && !badLock(&theirs)
	if result == OK && ours.Op != Invalid && valid &&
		int(ours.Len) == theirs.Len && ourText(&ours) == theirText(&theirs, eip) {
		return ""
	}
	how := ""
	switch {
	case result != OK && !valid, result == OK && ours.Op == Invalid && !valid:
		return ""
	case result != OK || ours.Op == Invalid:
		how = "more"
	case !valid:
		how = "fewer"
	}
	seen := lookAt(code)
	for _, e := range excuses {
		if (e.how == how || e.how == "wrong") && e.covers(seen) {
			e.used = true
			return ""
		}
	}
	if how == "" {
		how = "differs"
	}
	return fmt.Sprintf("%d-bit %x: x86asm %s: ours %v %d %s, theirs %v %d %s",
		bits, code, how, result, ours.Len, &ours, err, theirs.Len, theirText(&theirs, eip))
}

// badLock says whether x86asm found a LOCK prefix that is not legal.
func badLock(a *x86asm.Inst) bool {
	for _, p := range a.Prefix {
		if p&0xFF == x86asm.PrefixLOCK && p&x86asm.PrefixInvalid != 0 {
			return true
		}
	}
	return false
}

// asmNames has our mnemonics for those that x86asm spells differently.
var asmNames = map[string]string{
	"pushad": "pusha", "popad": "popa", "pushfd": "pushf", "popfd": "popf", "iretd": "iret",
	"lcall": "callf", "ljmp": "jmpf", "lret": "retf", "jecxz": "jcxz", "xlatb": "xlat", "fwait": "wait",
	"movsd_xmm": "movsd", "cmpsd_xmm": "cmpsd", "pause": "nop",
	"prefetchnta": "nop", "prefetcht0": "nop", "prefetcht1": "nop", "prefetcht2": "nop",
}

// theirText is what x86asm says, in the words of ourText.
func theirText(a *x86asm.Inst, eip uint32) string {
	name := strings.ToLower(a.Op.String())
	if n, ok := asmNames[name]; ok {
		name = n
	}
	var args []string
	for _, arg := range a.Args {
		if arg == nil {
			break
		}
		args = append(args, argText(a, arg, eip))
	}
	switch {
	case name == "int" && a.Opcode>>24 == 0xCC:
		return "int3"
	case name == "lar" || name == "lsl" || name == "mov" && a.Opcode>>24 == 0x8E:
		// x86asm gives a 32-bit name to the 16-bit register operand.
		if len(args[1]) == len("eax") {
			args[1] = args[1][1:]
		}
	case name == "callf" || name == "jmpf":
		return name + " " + strings.Join(args, ":")
	case impliesMemory(a):
		args = impliedSegments(args)
	}
	return strings.TrimSpace(name + " " + strings.Join(args, ", "))
}

// impliesMemory says whether x86asm shows operands that our record implies.
func impliesMemory(a *x86asm.Inst) bool {
	switch a.Opcode >> 24 {
	case 0x6C, 0x6D, 0x6E, 0x6F, 0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0xD7:
		return true
	}
	return false
}

// impliedSegments keeps, of the operands of a string instruction, those that
// a prefix can change: the source's segment.
func impliedSegments(args []string) (segments []string) {
	for _, arg := range args {
		segment, address, ok := strings.Cut(arg, ":")
		if ok && (strings.Contains(address, "si") || strings.Contains(address, "bx")) {
			segments = append(segments, segment)
		}
	}
	return segments
}

func argText(a *x86asm.Inst, arg x86asm.Arg, eip uint32) string {
	switch arg := arg.(type) {
	case x86asm.Reg:
		return regText(arg)
	case x86asm.Imm:
		return fmt.Sprintf("%#x", uint32(arg))
	case x86asm.Rel:
		target := eip + uint32(a.Len) + uint32(int32(arg))
		if a.DataSize == 16 {
			target &= 0xFFFF
		}
		return fmt.Sprintf("%#x", target)
	case x86asm.Mem:
		disp := uint32(arg.Disp)
		if a.AddrSize == 16 {
			disp &= 0xFFFF
		}
		return memText(regText(arg.Segment), regText(arg.Base), regText(arg.Index), arg.Scale, disp)
	}
	return "?"
}

func regText(r x86asm.Reg) string {
	switch {
	case r == 0:
		return ""
	case r >= x86asm.F0 && r <= x86asm.F7:
		return fmt.Sprintf("st%d", r-x86asm.F0)
	case r >= x86asm.M0 && r <= x86asm.M7:
		return fmt.Sprintf("mm%d", r-x86asm.M0)
	case r >= x86asm.X0 && r <= x86asm.X7:
		return fmt.Sprintf("xmm%d", r-x86asm.X0)
	}
	return strings.ToLower(r.String())
}

func memText(segment, base, index string, scale uint8, disp uint32) string {
	if index == "" {
		scale = 0
	}
	return fmt.Sprintf("%s:[%s+%s*%d+%#x]", segment, base, index, scale, disp)
}

// ourText is the record with memory operands as memText has them, the segment
// only where a prefix names it, and byte immediates not sign-extended.
func ourText(in *Inst) string {
	r := rowOf(in.Op, in.Form)
	name := in.plainMnemonic()
	var args []string
	registers := in.registers()
	for _, o := range r.operands {
		text := in.operandText(o, &registers)
		switch {
		case text == "":
			continue
		case operandTable[o].isMemory(in.Form.hasMemory()):
			text = ourMemText(in)
		case operandTable[o].place == atImm && in.Size == 1:
			text = fmt.Sprintf("%#x", uint8(in.Imm))
		}
		args = append(args, text)
	}
	switch in.Op {
	case FCOMI, FCOMIP, FUCOMI, FUCOMIP:
		args = append([]string{"st0"}, args...)
	case MOVS, CMPS, LODS, OUTS, XLAT:
		args = []string{segmentNames[in.Seg]}
	}
	return strings.TrimSpace(name + " " + strings.Join(args, ", "))
}

func ourMemText(in *Inst) string {
	segment, size, disp := "", uint8(4), in.Disp
	if in.Flags&SegPfx != 0 {
		segment = segmentNames[in.Seg]
	}
	if in.Flags&Addr16 != 0 {
		size, disp = 2, disp&0xFFFF
	}
	var names [2]string
	for i, r := range [...]uint8{in.Base, in.Index} {
		if r != NoReg {
			names[i] = generalText(r, size)
		}
	}
	return memText(segment, names[0], names[1], 1<<in.Scale, disp)
}

// TestDecodeCasesAgainstX86asm is a second opinion on testdata/decode.txt.
func TestDecodeCasesAgainstX86asm(t *testing.T) {
	excuses := readExcuses(t)
	for _, c := range decodeCases(t) {
		bits := 32
		if c.mode == 0 {
			bits = 16
		}
		if d := difference(c.code, bits, excuses); d != "" {
			t.Errorf("%s:%d: %s", decodeFile, c.line, d)
		}
	}
}

// TestAgainstX86asm tries every opcode with every ModRM byte.
func TestAgainstX86asm(t *testing.T) {
	excuses := readExcuses(t)
	prefixes := []string{"", "\x66", "\x67", "\xF2", "\xF3", "\x66\xF3", "\xF0"}
	tail := "\x24\x85\x71\x62\x93\x44\x55\x66\x77\x08"
	reported := map[string]bool{}
	for _, bits := range []int{32, 16} {
		for _, prefix := range prefixes {
			for i := range 2 * 256 * 256 {
				if rm := i & 7; prefix != "" && rm != 0 && rm != 4 && rm != 6 {
					continue // a prefix does not change what the others mean
				}
				code := prefix
				if i >= 256*256 {
					code += "\x0F"
				}
				code += string([]byte{byte(i >> 8), byte(i)}) + tail
				// One report for each opcode and kind of ModRM byte.
				key := fmt.Sprint(bits, prefix, i>>8, i>>3&7, i>>6&3 == 3)
				if d := difference([]byte(code), bits, excuses); d != "" && !reported[key] {
					t.Error(d)
					reported[key] = true
				}
			}
		}
	}
	for _, code := range []string{"\xC5\xED\xE4\xC8", "\xC4\xE2\x79\x18\xC1", "\x62\xE9\x61\xD2\xE2\xFB"} {
		if d := difference([]byte(code), 32, excuses); d != "" {
			t.Error(d)
		}
	}
	for _, e := range excuses {
		if !e.used {
			t.Errorf("testdata/x86asm.txt: %q excuses nothing", e.line)
		}
	}
}
