// SPDX-License-Identifier: BSD-3-Clause
// Registers as text.

package console

import (
	"fmt"
	"math"
	"strings"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/expr"
	"ring0/vm"
	"ring0/vm/float80"
)

// General returns the general registers in encoding order, then EIP and EFLAGS.
func General(r debugger.Registers) [10]uint32 {
	return [10]uint32{r.EAX, r.ECX, r.EDX, r.EBX, r.ESP, r.EBP, r.ESI, r.EDI, r.EIP, r.EFLAGS}
}

// RegisterName is the name of General's i-th register.
func RegisterName(i int) string { return debugger.Register(i).String() }

// flagNames are the bits of EFLAGS, SDM vol. 1, figure 3-8, highest first.
var flagNames = []struct {
	bit  uint32
	name string
}{
	{1 << 21, "ID"}, {1 << 20, "VIP"}, {1 << 19, "VIF"}, {1 << 18, "AC"}, {1 << 17, "VM"}, {1 << 16, "RF"}, {1 << 14, "NT"},
	{1 << 11, "OF"}, {1 << 10, "DF"}, {1 << 9, "IF"}, {1 << 8, "TF"}, {1 << 7, "SF"}, {1 << 6, "ZF"}, {1 << 4, "AF"}, {1 << 2, "PF"},
	{1, "CF"},
}

// FlagsText spells EFLAGS out: "IF ZF PF IOPL=0".
func FlagsText(eflags uint32) string {
	var set []string
	for _, f := range flagNames {
		if eflags&f.bit != 0 {
			set = append(set, f.name)
		}
	}
	if iopl := eflags >> 12 & 3; iopl != 0 {
		set = append(set, fmt.Sprintf("IOPL=%d", iopl))
	}
	return strings.Join(set, " ")
}

// registersCommand shows the usual registers, or the ones named.
func (c *Console) registersCommand(a *call) error {
	if a.text != "" {
		for a.text != "" {
			name := strings.TrimPrefix(a.word(), "$")
			v, err := c.eval("$" + name)
			if err != nil {
				return err
			}
			a.printf("%-8s %s %s\n", name, expr.Print(c.env(), v, expr.Format{Letter: 'x'}), expr.Print(c.env(), v, expr.Format{}))
		}
		return nil
	}
	for _, l := range c.Registers() {
		a.printf("%s\n", l)
	}
	return nil
}

// Registers are the general registers, EIP, EFLAGS and the segments.
func (c *Console) Registers() (list []string) {
	r := c.dbg.View().Registers()
	for i, v := range General(r) {
		switch i {
		case 9:
			list = append(list, fmt.Sprintf("%-8s %#08x [%s]", RegisterName(i), v, FlagsText(v)))
		default:
			line := fmt.Sprintf("%-8s %#08x", RegisterName(i), v)
			if name := c.table.Name(v); name != "" && !strings.HasPrefix(name, "0x") {
				line += " <" + name + ">"
			}
			list = append(list, line)
		}
	}
	for i, s := range segments(r) {
		list = append(list, segmentLine(segmentNames[i], s))
	}
	return append(list, fmt.Sprintf("%-8s %d", "cpl", r.CPL))
}

var segmentNames = [...]string{"es", "cs", "ss", "ds", "fs", "gs"}

func segments(r debugger.Registers) [6]vm.Segment {
	return [6]vm.Segment{r.ES, r.CS, r.SS, r.DS, r.FS, r.GS}
}

func segmentLine(name string, s vm.Segment) string {
	return fmt.Sprintf("%-8s %#04x base %#x limit %#x  %s", name, s.Selector, s.Base, s.Limit, segmentKind(s))
}

// segmentKind says what a segment is good for, by its descriptor's type (SDM vol. 3, 3.4.5.1 and 3.5).
func segmentKind(s vm.Segment) string {
	const (
		typeBits, writable, down, code, ordinary, present, big = 0xf, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 7, 1 << 14
		ldt, tss                                               = 2, 1
	)
	if s.Attr&present == 0 {
		return "not usable"
	}
	kind := "data"
	switch {
	case s.Attr&ordinary == 0 && s.Attr&typeBits == ldt:
		kind = "LDT"
	case s.Attr&ordinary == 0 && s.Attr&(typeBits&^0xa) == tss:
		kind = "TSS"
	case s.Attr&ordinary == 0:
		kind = "system"
	case s.Attr&code != 0 && s.Attr&big != 0:
		kind = "32-bit code"
	case s.Attr&code != 0:
		kind = "16-bit code"
	case s.Attr&writable == 0:
		kind = "read-only data"
	case s.Attr&down != 0:
		kind = "data growing down"
	}
	return fmt.Sprintf("%s of ring %d", kind, s.Attr>>5&3)
}

// AllRegisters are all registers.
func (c *Console) AllRegisters() []string {
	r := c.dbg.View().Registers()
	list := c.Registers()
	list = append(list, segmentLine("ldtr", r.LDTR), segmentLine("tr", r.TR),
		fmt.Sprintf("%-8s base %#x limit %#x", "gdtr", r.GDTR.Base, r.GDTR.Limit),
		fmt.Sprintf("%-8s base %#x limit %#x", "idtr", r.IDTR.Base, r.IDTR.Limit))
	for _, cr := range []struct {
		name string
		v    uint32
	}{{"cr0", r.CR0}, {"cr2", r.CR2}, {"cr3", r.CR3}, {"cr4", r.CR4}} {
		list = append(list, fmt.Sprintf("%-8s %#08x", cr.name, cr.v))
	}
	for i, v := range r.DR {
		if i == 4 || i == 5 { // other names of 6 and 7
			continue
		}
		list = append(list, fmt.Sprintf("dr%-6d %#08x", i, v))
	}
	return append(list, floatLines(r.FPU)...)
}

// registerNames are what completes behind "$".
func registerNames() (names []string) {
	for _, n := range expr.Registers() {
		names = append(names, "$"+n)
	}
	return names
}

func registerWords(*Console, string) []string { return expr.Registers() }

// approximate is a register as a float64: what one reads, beside the exact bits.
func approximate(r float80.F80) float64 {
	const bias, fraction, special = 16383, 63, 0x7fff
	exponent := int(r.SE & special)
	v := math.Ldexp(float64(r.Man), exponent-bias-fraction)
	if exponent == special {
		v = math.Inf(1)
		if r.Man<<1 != 0 {
			v = math.NaN()
		}
	}
	if r.Neg() {
		v = -v
	}
	return v
}

// floatLines are the x87 stack and the SSE registers.
func floatLines(f vm.FPU) (list []string) {
	top := int(f.FSW >> 11 & 7)
	for i := range 8 {
		at := (top + i) & 7
		if f.Tag>>at&1 == 0 {
			list = append(list, fmt.Sprintf("st%-6d empty", i))
			continue
		}
		r := f.R[at]
		list = append(list, fmt.Sprintf("st%-6d %v (%04x %016x)", i, approximate(r), r.SE, r.Man))
	}
	list = append(list, fmt.Sprintf("%-8s %#04x  fsw %#04x  mxcsr %#08x", "fcw", f.FCW, f.FSW, f.MXCSR))
	for i, x := range f.XMM {
		list = append(list, fmt.Sprintf("xmm%-5d %016x%016x", i, x[1], x[0]))
	}
	return list
}
