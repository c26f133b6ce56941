// SPDX-License-Identifier: BSD-3-Clause
// Call frame information: how to find the caller's registers (DWARF 5, 6.4; .eh_frame as the LSB describes it).

package debuginfo

import "fmt"

// frameTable is one section of call frame information.
type frameTable struct {
	section string
	entries []fde // by address
}

// fde says how to unwind the functions in a range.
type fde struct {
	Range
	cie     *cie
	program []byte
}

// cie is what many functions share.
type cie struct {
	codeAlign uint64
	dataAlign int64
	returnReg int
	signal    bool
	pointers  uint8 // encoding of addresses in the FDEs, of .eh_frame
	augmented bool
	program   []byte
	bad       bool
}

// RuleKind says how the value of a register in the caller is found.
type RuleKind uint8

// Kinds of rules.
const (
	Same      RuleKind = iota // unchanged; also where nothing is said
	Lost                      // not known
	AtOffset                  // saved at CFA + Offset
	ValOffset                 // is CFA + Offset
	InReg                     // in another register
	AtExpr                    // saved at what Expr yields, CFA on the stack
	ValExpr                   // is what Expr yields
)

// Rule is how one register is found.
type Rule struct {
	Kind   RuleKind
	Offset int32
	Reg    int
	Expr   []byte
}

// dwarfRegs are the registers that rules are kept for: the general ones and EIP.
const dwarfRegs = 9

// FrameRules say how to get from a frame to its caller's.
type FrameRules struct {
	CFAReg    int
	CFAOffset int32
	CFAExpr   []byte // instead of register and offset, when not nil
	Regs      [dwarfRegs]Rule
	ReturnReg int
	Signal    bool // the frame was interrupted, not called from: the return address is that of the next instruction itself
}

// FrameRulesAt finds the rules for an address. ok is false without call frame information for it.
func (m *Module) FrameRulesAt(pc uint32) (rules FrameRules, ok bool, err error) {
	for _, t := range m.frames {
		if f := t.find(pc); f != nil {
			rules, err = f.run(pc)
			if err != nil {
				return FrameRules{}, false, fmt.Errorf("%s for %08x: %w", t.section, pc, err)
			}
			return rules, true, nil
		}
	}
	return FrameRules{}, false, nil
}
