// SPDX-License-Identifier: BSD-3-Clause
// Executing call frame instructions up to an address (DWARF 5, 6.4.2, 7.24).

package debuginfo

import "fmt"

// Call frame instructions.
const (
	cfaAdvance        = 0x40 // with the distance in the low six bits
	cfaOffset         = 0x80 // with the register
	cfaRestore        = 0xc0 // with the register
	cfaNop            = 0x00
	cfaSetLoc         = 0x01
	cfaAdvance1       = 0x02
	cfaAdvance2       = 0x03
	cfaAdvance4       = 0x04
	cfaOffsetExt      = 0x05
	cfaRestoreExt     = 0x06
	cfaUndefined      = 0x07
	cfaSameValue      = 0x08
	cfaRegister       = 0x09
	cfaRemember       = 0x0a
	cfaRestoreState   = 0x0b
	cfaDefCFA         = 0x0c
	cfaDefCFAReg      = 0x0d
	cfaDefCFAOffset   = 0x0e
	cfaDefCFAExpr     = 0x0f
	cfaExpression     = 0x10
	cfaOffsetSF       = 0x11
	cfaDefCFASF       = 0x12
	cfaDefCFAOffsetSF = 0x13
	cfaValOffset      = 0x14
	cfaValOffsetSF    = 0x15
	cfaValExpression  = 0x16
	cfaGNUArgsSize    = 0x2e
	cfaGNUNegOffset   = 0x2f
)

// frameMachine executes the instructions.
type frameMachine struct {
	cie     *cie
	rules   FrameRules
	initial FrameRules
	saved   []FrameRules
	loc     uint32
	pc      uint32
	steps   int
}

// run yields the rules for an address in the entry's range.
func (f *fde) run(pc uint32) (FrameRules, error) {
	m := frameMachine{cie: f.cie, pc: pc, loc: f.Low, steps: 100_000}
	m.rules.ReturnReg, m.rules.Signal = f.cie.returnReg, f.cie.signal
	m.rules.CFAReg = -1
	if err := m.execute(f.cie.program); err != nil {
		return FrameRules{}, err
	}
	m.initial, m.loc = m.rules, f.Low
	if err := m.execute(f.program); err != nil {
		return FrameRules{}, err
	}
	if m.rules.CFAReg < 0 && m.rules.CFAExpr == nil {
		return FrameRules{}, fmt.Errorf("no rule for the frame's base")
	}
	return m.rules, nil
}

// execute runs instructions until their location passes the address wanted.
func (m *frameMachine) execute(program []byte) error {
	c := from(program, 0)
	for c.more() && m.loc <= m.pc {
		if m.steps--; m.steps < 0 {
			return fmt.Errorf("too many instructions")
		}
		before := m.rules
		if err := m.instruction(c, c.u8()); err != nil {
			return err
		}
		if m.loc > m.pc { // it advanced too far: what came before holds
			m.rules = before
		}
	}
	if c.bad {
		return fmt.Errorf("the instructions end inside one")
	}
	return nil
}

func (m *frameMachine) advance(n uint64) { m.loc += uint32(n) * uint32(m.cie.codeAlign) }

func (m *frameMachine) instruction(c *cursor, op uint8) error {
	low := uint64(op & 0x3f)
	switch op & 0xc0 {
	case cfaAdvance:
		m.advance(low)
		return nil
	case cfaOffset:
		return m.set(low, Rule{Kind: AtOffset, Offset: m.factored(int64(c.uleb()))})
	case cfaRestore:
		return m.restore(low)
	}
	switch op {
	case cfaNop:
	case cfaSetLoc:
		m.loc = c.u32()
	case cfaAdvance1:
		m.advance(uint64(c.u8()))
	case cfaAdvance2:
		m.advance(uint64(c.u16()))
	case cfaAdvance4:
		m.advance(uint64(c.u32()))
	case cfaRemember:
		if len(m.saved) >= 100 {
			return fmt.Errorf("states saved too deeply")
		}
		m.saved = append(m.saved, m.rules)
	case cfaRestoreState:
		if len(m.saved) == 0 {
			return fmt.Errorf("no saved state to restore")
		}
		m.rules = m.saved[len(m.saved)-1]
		m.saved = m.saved[:len(m.saved)-1]
	case cfaGNUArgsSize:
		c.uleb()
	case cfaDefCFA, cfaDefCFAReg, cfaDefCFAOffset, cfaDefCFAExpr, cfaDefCFASF, cfaDefCFAOffsetSF:
		m.base(c, op)
	default:
		return m.rule(c, op)
	}
	return nil
}

// factored multiplies an operand with the data alignment.
func (m *frameMachine) factored(n int64) int32 { return int32(n * m.cie.dataAlign) }

// base executes the instructions that say where the frame's base is.
func (m *frameMachine) base(c *cursor, op uint8) {
	r := &m.rules
	switch op {
	case cfaDefCFA:
		r.CFAReg, r.CFAOffset, r.CFAExpr = int(c.uleb()&0xff), 0, nil
		r.CFAOffset = int32(c.uleb())
	case cfaDefCFAReg:
		r.CFAReg, r.CFAExpr = int(c.uleb()&0xff), nil
	case cfaDefCFAOffset:
		r.CFAOffset = int32(c.uleb())
	case cfaDefCFAExpr:
		r.CFAExpr = c.bytes(c.uleb())
	case cfaDefCFASF:
		r.CFAReg, r.CFAExpr = int(c.uleb()&0xff), nil
		r.CFAOffset = m.factored(c.sleb())
	case cfaDefCFAOffsetSF:
		r.CFAOffset = m.factored(c.sleb())
	}
}

// rule executes the instructions about one register.
func (m *frameMachine) rule(c *cursor, op uint8) error {
	if op < cfaOffsetExt || op > cfaValExpression && op != cfaGNUNegOffset {
		return fmt.Errorf("instruction %#02x is not known", op)
	}
	reg := c.uleb()
	switch op {
	case cfaOffsetExt:
		return m.set(reg, Rule{Kind: AtOffset, Offset: m.factored(int64(c.uleb()))})
	case cfaOffsetSF:
		return m.set(reg, Rule{Kind: AtOffset, Offset: m.factored(c.sleb())})
	case cfaGNUNegOffset:
		return m.set(reg, Rule{Kind: AtOffset, Offset: -m.factored(int64(c.uleb()))})
	case cfaValOffset:
		return m.set(reg, Rule{Kind: ValOffset, Offset: m.factored(int64(c.uleb()))})
	case cfaValOffsetSF:
		return m.set(reg, Rule{Kind: ValOffset, Offset: m.factored(c.sleb())})
	case cfaRestoreExt:
		return m.restore(reg)
	case cfaUndefined:
		return m.set(reg, Rule{Kind: Lost})
	case cfaSameValue:
		return m.set(reg, Rule{Kind: Same})
	case cfaRegister:
		return m.set(reg, Rule{Kind: InReg, Reg: int(c.uleb() & 0xff)})
	case cfaExpression:
		return m.set(reg, Rule{Kind: AtExpr, Expr: c.bytes(c.uleb())})
	}
	return m.set(reg, Rule{Kind: ValExpr, Expr: c.bytes(c.uleb())})
}

// set notes a rule; registers that nobody asks for (x87, SSE) are left out.
func (m *frameMachine) set(reg uint64, r Rule) error {
	if reg < dwarfRegs {
		m.rules.Regs[reg] = r
	}
	return nil
}

func (m *frameMachine) restore(reg uint64) error {
	if reg < dwarfRegs {
		m.rules.Regs[reg] = m.initial.Regs[reg]
	}
	return nil
}

// EvalCFA computes the base of a frame by its rules.
func (r *FrameRules) EvalCFA(ctx FrameContext) (uint32, bool) {
	if r.CFAExpr != nil {
		e := evaluation{ctx: ctx}
		v, err := e.value(r.CFAExpr)
		return v, err == nil
	}
	v, ok := ctx.Register(r.CFAReg)
	return v + uint32(r.CFAOffset), ok
}

// EvalExpr computes an expression of a rule, with the frame's base on its stack.
func (r *Rule) EvalExpr(ctx FrameContext, cfa uint32) (uint32, bool) {
	e := evaluation{ctx: ctx, stack: []uint64{uint64(cfa)}}
	v, err := e.value(r.Expr)
	return v, err == nil
}
