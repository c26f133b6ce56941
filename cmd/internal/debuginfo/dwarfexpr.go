// SPDX-License-Identifier: BSD-3-Clause
// The operations of DWARF expressions (DWARF 5, 2.5.1 and 7.7.1, with the GNU extensions gcc wrote before version 5).

package debuginfo

import (
	"encoding/binary"
	"fmt"
)

// Operation codes.
const (
	opAddr            = 0x03
	opDeref           = 0x06
	opConst1u         = 0x08
	opConst1s         = 0x09
	opConst2u         = 0x0a
	opConst2s         = 0x0b
	opConst4u         = 0x0c
	opConst4s         = 0x0d
	opConst8u         = 0x0e
	opConst8s         = 0x0f
	opConstu          = 0x10
	opConsts          = 0x11
	opDup             = 0x12
	opDrop            = 0x13
	opOver            = 0x14
	opPick            = 0x15
	opSwap            = 0x16
	opRot             = 0x17
	opAbs             = 0x19
	opAnd             = 0x1a
	opDiv             = 0x1b
	opMinus           = 0x1c
	opMod             = 0x1d
	opMul             = 0x1e
	opNeg             = 0x1f
	opNot             = 0x20
	opOr              = 0x21
	opPlus            = 0x22
	opPlusUconst      = 0x23
	opShl             = 0x24
	opShr             = 0x25
	opShra            = 0x26
	opXor             = 0x27
	opBra             = 0x28
	opEq              = 0x29
	opGe              = 0x2a
	opGt              = 0x2b
	opLe              = 0x2c
	opLt              = 0x2d
	opNe              = 0x2e
	opSkip            = 0x2f
	opLit0            = 0x30
	opLit31           = 0x4f
	opReg0            = 0x50
	opReg31           = 0x6f
	opBreg0           = 0x70
	opBreg31          = 0x8f
	opRegx            = 0x90
	opFbreg           = 0x91
	opBregx           = 0x92
	opPiece           = 0x93
	opDerefSize       = 0x94
	opNop             = 0x96
	opCallFrameCFA    = 0x9c
	opImplicitValue   = 0x9e
	opStackValue      = 0x9f
	opImplicitPtr     = 0xa0
	opAddrx           = 0xa1
	opConstx          = 0xa2
	opEntryValue      = 0xa3
	opConvert         = 0xa8
	opGNUEntryValue   = 0xf3
	opGNUConvert      = 0xf7
	opGNUParameterRef = 0xfa
	opGNUVariable     = 0xfd
)

// operation executes one operation.
func (e *evaluation) operation(c *cursor, op uint8) error {
	switch {
	case op >= opLit0 && op <= opLit31:
		return e.push(uint64(op - opLit0))
	case op >= opReg0 && op <= opReg31:
		return e.describe(Piece{Kind: InRegister, Reg: int(op - opReg0)})
	case op >= opBreg0 && op <= opBreg31:
		return e.based(int(op-opBreg0), c.sleb())
	case op >= opConst1u && op <= opConsts || op == opAddr || op == opAddrx || op == opConstx:
		return e.constant(c, op)
	case op >= opDup && op <= opRot:
		return e.shuffle(c, op)
	case op >= opAbs && op <= opXor || op >= opEq && op <= opNe:
		return e.arithmetic(c, op)
	}
	switch op {
	case opRegx:
		return e.describe(Piece{Kind: InRegister, Reg: int(c.uleb() & 0xffff)})
	case opBregx:
		reg := int(c.uleb() & 0xffff)
		return e.based(reg, c.sleb())
	case opFbreg:
		return e.frameBased(c.sleb())
	case opCallFrameCFA:
		cfa, ok := e.ctx.FrameBase()
		if !ok {
			return fmt.Errorf("location expression: the frame's base is not known")
		}
		return e.push(uint64(cfa))
	case opPiece:
		return e.piece(c.uleb())
	case opDeref:
		return e.deref(4)
	case opDerefSize:
		return e.deref(c.u8())
	case opNop:
		return nil
	case opConvert, opGNUConvert:
		c.uleb()
		return nil // between integers that fit 32 bits it changes nothing
	case opBra, opSkip:
		return e.branch(c, op)
	case opStackValue:
		v, err := e.pop()
		if err != nil {
			return err
		}
		return e.describe(Piece{Kind: IsValue, Bytes: binary.LittleEndian.AppendUint64(nil, v)})
	case opImplicitValue:
		return e.describe(Piece{Kind: IsValue, Bytes: c.bytes(c.uleb())})
	case opEntryValue, opGNUEntryValue:
		return e.entryValue(c.bytes(c.uleb()))
	}
	return fmt.Errorf("location expression: operation %#02x is not known", op)
}

func (e *evaluation) describe(p Piece) error {
	e.result, e.set = p, true
	return nil
}

func (e *evaluation) based(reg int, offset int64) error {
	v, err := e.register(reg)
	if err != nil {
		return err
	}
	return e.push(uint64(v) + uint64(offset))
}

// frameBased is DW_OP_fbreg: relative to what DW_AT_frame_base of the function says.
func (e *evaluation) frameBased(offset int64) error {
	expr := e.base.at(e.ctx.LookupPC())
	if expr == nil || e.depth >= maxExprDepth {
		return fmt.Errorf("location expression: the function has no frame base here")
	}
	sub := evaluation{ctx: e.ctx, unit: e.base.unit, depth: e.depth + 1}
	v, err := sub.value(expr)
	if err != nil {
		return err
	}
	return e.push(uint64(v) + uint64(offset))
}

// constant pushes an operand of the operation itself.
func (e *evaluation) constant(c *cursor, op uint8) error {
	switch op {
	case opAddr, opConst4u:
		return e.push(uint64(c.u32()))
	case opConst1u:
		return e.push(uint64(c.u8()))
	case opConst1s:
		return e.push(uint64(int64(int8(c.u8()))))
	case opConst2u:
		return e.push(uint64(c.u16()))
	case opConst2s:
		return e.push(uint64(int64(int16(c.u16()))))
	case opConst4s:
		return e.push(uint64(int64(int32(c.u32()))))
	case opConst8u, opConst8s:
		return e.push(c.u64())
	case opConstu:
		return e.push(c.uleb())
	case opConsts:
		return e.push(uint64(c.sleb()))
	}
	index := c.uleb()
	if e.unit == nil {
		return fmt.Errorf("location expression: address %d of no table", index)
	}
	addr, ok := e.unit.address(index)
	if !ok {
		return fmt.Errorf("location expression: address %d is outside .debug_addr", index)
	}
	return e.push(uint64(addr))
}

// shuffle moves entries of the stack.
func (e *evaluation) shuffle(c *cursor, op uint8) error {
	depth := map[uint8]int{opDup: 0, opDrop: 0, opOver: 1, opSwap: 1, opRot: 2}[op]
	if op == opPick {
		depth = int(c.u8())
	}
	n := len(e.stack)
	if depth >= n {
		return fmt.Errorf("location expression: stack underflow")
	}
	switch op {
	case opDrop:
		e.stack = e.stack[:n-1]
		return nil
	case opSwap:
		e.stack[n-1], e.stack[n-2] = e.stack[n-2], e.stack[n-1]
		return nil
	case opRot:
		e.stack[n-1], e.stack[n-2], e.stack[n-3] = e.stack[n-2], e.stack[n-3], e.stack[n-1]
		return nil
	}
	return e.push(e.stack[n-1-depth])
}

// arithmetic executes the operations on the top one or two entries.
func (e *evaluation) arithmetic(c *cursor, op uint8) error {
	b, err := e.pop()
	if err != nil {
		return err
	}
	switch op {
	case opAbs:
		return e.push(uint64(max(int64(int32(b)), -int64(int32(b)))))
	case opNeg:
		return e.push(-b)
	case opNot:
		return e.push(^b)
	case opPlusUconst:
		return e.push(b + c.uleb())
	}
	a, err := e.pop()
	if err != nil {
		return err
	}
	v, err := binaryOp(op, uint32(a), uint32(b))
	if err != nil {
		return err
	}
	return e.push(uint64(v))
}

// binaryOp computes a op b on 32-bit words; division and comparison are signed.
func binaryOp(op uint8, a, b uint32) (uint32, error) {
	truth := func(v bool) (uint32, error) {
		if v {
			return 1, nil
		}
		return 0, nil
	}
	switch op {
	case opAnd:
		return a & b, nil
	case opOr:
		return a | b, nil
	case opXor:
		return a ^ b, nil
	case opPlus:
		return a + b, nil
	case opMinus:
		return a - b, nil
	case opMul:
		return a * b, nil
	case opShl:
		return uint32(uint64(a) << min(b, 32)), nil
	case opShr:
		return uint32(uint64(a) >> min(b, 32)), nil
	case opShra:
		return uint32(int64(int32(a)) >> min(b, 32)), nil
	case opEq:
		return truth(a == b)
	case opNe:
		return truth(a != b)
	case opGe:
		return truth(int32(a) >= int32(b))
	case opGt:
		return truth(int32(a) > int32(b))
	case opLe:
		return truth(int32(a) <= int32(b))
	case opLt:
		return truth(int32(a) < int32(b))
	}
	if b == 0 {
		return 0, fmt.Errorf("location expression: division by zero")
	}
	if op == opMod {
		return a % b, nil
	}
	return uint32(int64(int32(a)) / int64(int32(b))), nil
}

// deref replaces an address by the 1, 2 or 4 bytes there.
func (e *evaluation) deref(size uint8) error {
	addr, err := e.pop()
	if err != nil {
		return err
	}
	var b [4]byte
	if size == 0 || size > 4 || e.ctx.ReadMemory(uint32(addr), b[:size]) != int(size) {
		return fmt.Errorf("location expression: %d bytes at %08x cannot be read", size, uint32(addr))
	}
	return e.push(uint64(binary.LittleEndian.Uint32(b[:])))
}

func (e *evaluation) branch(c *cursor, op uint8) error {
	distance := int(int16(c.u16()))
	if op == opBra {
		v, err := e.pop()
		if err != nil || v == 0 {
			return err
		}
	}
	if to := c.at + distance; !c.bad && to >= 0 && to <= len(c.data) {
		c.at = to
		return nil
	}
	return fmt.Errorf("location expression: branch out of the expression")
}

// piece ends a part of a composite description.
func (e *evaluation) piece(size uint64) error {
	if len(e.pieces) >= maxPieces || size > maxSize {
		return fmt.Errorf("location expression: too many or too large pieces")
	}
	p, err := e.simple()
	p.Size = uint32(size)
	e.pieces = append(e.pieces, p)
	return err
}

// entryValue is DW_OP_entry_value: what an expression, mostly a register, came to when the function was entered. The call
// site in the caller says how to compute it there.
func (e *evaluation) entryValue(expr []byte) error {
	if e.depth >= maxExprDepth {
		return fmt.Errorf("location expression: entry values nested too deeply")
	}
	caller, site := e.ctx.Caller()
	if caller == nil || site == nil {
		return fmt.Errorf("value at entry of the function, which the caller does not tell")
	}
	for _, p := range site.params {
		if string(p.where) != string(expr) {
			continue
		}
		sub := evaluation{ctx: caller, unit: site.unit, base: site.base, depth: e.depth + 1}
		v, err := sub.value(p.value)
		if err != nil {
			return err
		}
		return e.push(uint64(v))
	}
	return fmt.Errorf("value at entry of the function, which the caller does not tell")
}

// CallSite is what the debug information says of one call: the values it passes.
type CallSite struct {
	Return uint32 // where the call returns to
	params []callParam
	unit   *unit
	base   Location
}

// callParam says that the callee's expression where has the value that another expression has in the caller.
type callParam struct{ where, value []byte }
