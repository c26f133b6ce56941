// SPDX-License-Identifier: BSD-3-Clause
// Loading and storing objects, numbers of C's types, conversions.

package expr

import (
	"encoding/binary"
	"fmt"
	"math"

	"ring0/cmd/internal/debuginfo"
)

// basic are C's own types.
var basic = debuginfo.BasicTypes()

// maxObject bounds how much of an object is read at once.
const maxObject = 1 << 20

// num is a number of an arithmetic type or a pointer. bits of a signed type are sign-extended to 64.
type num struct {
	t     *debuginfo.Type
	bits  uint64
	float float64
}

func (n num) isFloat() bool { return n.t.Strip().Kind == debuginfo.Float }

func (n num) isPointer() bool { return n.t.Strip().Kind == debuginfo.Pointer }

// value is the number as a value.
func (n num) value() Value {
	if n.t == nil {
		return Value{Type: basic["void"]}
	}
	if n.isFloat() {
		return floatValue(n.t, n.float)
	}
	return intValue(n.t, n.bits)
}

// to converts the number to a type.
func (n num) to(t *debuginfo.Type) Value {
	s := t.Strip()
	switch {
	case s.Kind == debuginfo.Float && n.isFloat():
		return floatValue(t, n.float)
	case s.Kind == debuginfo.Float && n.t.Signed():
		return floatValue(t, float64(int64(n.bits)))
	case s.Kind == debuginfo.Float:
		return floatValue(t, float64(n.bits))
	case n.isFloat() && s.Kind == debuginfo.Bool:
		return intValue(t, truthBit(n.float != 0))
	case n.isFloat():
		return intValue(t, floatToInt(n.float))
	case s.Kind == debuginfo.Bool:
		return intValue(t, truthBit(n.bits != 0))
	}
	return intValue(t, n.bits)
}

// floatToInt cuts off the fraction; what does not fit is the integer indefinite.
func floatToInt(f float64) uint64 {
	if math.IsNaN(f) || f >= 1<<64 || f < -(1<<63) {
		return 1 << 63
	}
	if f >= 1<<63 {
		return uint64(f)
	}
	return uint64(int64(f))
}

func truthBit(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

func boolValue(v bool) Value { return intValue(basic["int"], truthBit(v)) }

// intValue makes a value of an integer or pointer type.
func intValue(t *debuginfo.Type, bits uint64) Value {
	b := binary.LittleEndian.AppendUint64(nil, bits)
	return Value{Type: t, Bytes: b[:min(max(t.Sizeof(), 1), 8)]}
}

func floatValue(t *debuginfo.Type, f float64) Value {
	switch t.Sizeof() {
	case 4:
		return Value{Type: t, Bytes: binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(f)))}
	case 8:
		return Value{Type: t, Bytes: binary.LittleEndian.AppendUint64(nil, math.Float64bits(f))}
	}
	return Value{Type: t, Bytes: append(extended(f), 0, 0)}
}

// extended makes the ten bytes of an 80-bit number.
func extended(f float64) []byte {
	bits := math.Float64bits(f)
	sign, exp, frac := uint16(bits>>63)<<15, int(bits>>52&0x7ff), bits&(1<<52-1)
	switch {
	case exp == 0x7ff:
		return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint64(nil, 1<<63|frac<<11), sign|0x7fff)
	case exp == 0 && frac == 0:
		return append(make([]byte, 8), byte(0), byte(sign>>8))
	case exp == 0: // denormal: the larger exponent range holds it normalised
		for exp = 1; frac&(1<<52) == 0; exp-- {
			frac <<= 1
		}
		frac &^= 1 << 52
	}
	return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint64(nil, 1<<63|frac<<11), sign|uint16(exp-1023+16383))
}

// fromExtended reads an 80-bit number.
func fromExtended(b []byte) float64 {
	mantissa, top := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint16(b[8:])
	exp := int(top & 0x7fff)
	f := 0.0
	switch {
	case exp == 0x7fff && mantissa<<1 == 0:
		f = math.Inf(1)
	case exp == 0x7fff:
		f = math.NaN()
	default:
		f = math.Ldexp(float64(mantissa), exp-16383-63)
	}
	if top>>15 != 0 {
		f = -f
	}
	return f
}

// load reads all bytes of an object.
func (e *eval) load(v Value, at int) ([]byte, error) {
	size := e.env.Complete(v.Type).Sizeof()
	switch v.Kind {
	case Computed:
		return v.Bytes, nil
	case Nowhere:
		return nil, e.fail(at, "it has been optimised away here")
	case InRegister:
		b, _, ok := e.env.Register(v.Reg)
		if !ok || uint64(len(b)) < uint64(v.Addr)+uint64(size) {
			return nil, e.fail(at, "register $%s is not known in this frame, or too small for a %s", v.Reg, v.Type)
		}
		return b[v.Addr : v.Addr+size], nil
	}
	if v.Bits != 0 {
		size = uint32(v.Bit+v.Bits+7) / 8
	}
	if size > maxObject {
		return nil, e.fail(at, "an object of %d bytes is too large", size)
	}
	b := make([]byte, size)
	if n := e.env.ReadMemory(v.Addr, b); n != len(b) {
		return nil, e.fail(at, "cannot access memory at %#x", v.Addr+uint32(n))
	}
	if v.Bits != 0 {
		return extract(b, v.Bit, v.Bits, v.Type), nil
	}
	return b, nil
}

// extract makes a bit field a number of its type.
func extract(b []byte, bit, bits uint8, t *debuginfo.Type) []byte {
	raw := make([]byte, 16)
	copy(raw, b)
	v := binary.LittleEndian.Uint64(raw)>>bit | binary.LittleEndian.Uint64(raw[8:])<<1<<(63-bit%64)
	if bit == 0 {
		v = binary.LittleEndian.Uint64(raw)
	}
	shift := 64 - uint(bits)
	if t.Signed() {
		v = uint64(int64(v<<shift) >> shift)
	} else {
		v = v << shift >> shift
	}
	return intValue(t, v).Bytes
}

// number reads a value as a number. Arrays and functions become pointers.
func (e *eval) number(v Value, at int) (num, error) {
	s := v.Type.Strip()
	switch s.Kind {
	case debuginfo.Array:
		if v.Kind != InMemory {
			return num{}, e.fail(at, "the array is not in memory")
		}
		return num{t: debuginfo.PointerTo(s.Target()), bits: uint64(v.Addr)}, nil
	case debuginfo.Func:
		return num{t: debuginfo.PointerTo(v.Type), bits: uint64(v.Addr)}, nil
	case debuginfo.Unknown:
		if v.Name != "" {
			return num{}, e.fail(at, "the type of %s is not known; cast it, or take its address with &", v.Name)
		}
		return num{}, e.fail(at, "the type is not known")
	case debuginfo.Struct, debuginfo.Union:
		return num{}, e.fail(at, "%s is no number", v.Type)
	case debuginfo.Void:
		return num{}, e.fail(at, "void has no value")
	}
	b, err := e.load(v, at)
	if err != nil {
		return num{}, err
	}
	return e.decode(v.Type, b, at)
}

// decode reads the bytes of a number.
func (e *eval) decode(t *debuginfo.Type, b []byte, at int) (num, error) {
	n := num{t: t}
	s := t.Strip()
	if s.Kind == debuginfo.Float {
		switch {
		case len(b) == 4:
			n.float = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		case len(b) == 8:
			n.float = math.Float64frombits(binary.LittleEndian.Uint64(b))
		case len(b) >= 10:
			n.float = fromExtended(b)
		default:
			return n, e.fail(at, "a floating-point number of %d bytes", len(b))
		}
		return n, nil
	}
	if len(b) == 0 || len(b) > 8 {
		return n, e.fail(at, "%s of %d bytes is no number", t, len(b))
	}
	for i, c := range b {
		n.bits |= uint64(c) << (8 * i)
	}
	if shift := 64 - 8*uint(len(b)); t.Signed() {
		n.bits = uint64(int64(n.bits<<shift) >> shift)
	}
	return n, nil
}

// store assigns a value to an object, converted to its type, and returns what the object then is.
func (e *eval) store(to, from Value, at int) (Value, error) {
	t := e.env.Complete(to.Type)
	b, err := e.converted(t, to, from, at)
	if err != nil {
		return to, err
	}
	if e.dry {
		return to, nil
	}
	switch to.Kind {
	case InRegister:
		err = e.storeRegister(to, b)
	case InMemory:
		err = e.storeMemory(to, b)
	case Nowhere:
		return to, e.fail(at, "it has been optimised away here")
	default:
		return to, e.fail(at, "a value cannot be assigned to")
	}
	if err != nil {
		return to, e.fail(at, "%v", err)
	}
	return to, nil
}

// converted is what is stored in an object of a type.
func (e *eval) converted(t *debuginfo.Type, to, from Value, at int) ([]byte, error) {
	if t.IsScalar() {
		n, err := e.number(from, at)
		if err != nil {
			return nil, err
		}
		return n.to(t).Bytes, nil
	}
	if t.Kind == debuginfo.Array && from.isLiteral() && to.Type.IsString() {
		if len(from.Bytes) > int(t.Sizeof()) {
			return nil, e.fail(at, "the text does not fit %s", to.Type)
		}
		return from.Bytes, nil
	}
	if t.Kind == debuginfo.Unknown || t.Kind == debuginfo.Void || t.Kind == debuginfo.Func {
		return nil, e.fail(at, "an object of type %s cannot be assigned to; cast it first", to.Type)
	}
	b, err := e.load(from, at)
	if err == nil && len(b) != int(t.Sizeof()) {
		err = e.fail(at, "%s cannot be assigned to %s", from.Type, to.Type)
	}
	return b, err
}

// storeRegister writes an object's part of a register.
func (e *eval) storeRegister(to Value, b []byte) error {
	old, _, _ := e.env.Register(to.Reg)
	whole := append([]byte(nil), old...)
	if uint64(to.Addr)+uint64(len(b)) > uint64(len(whole)) {
		return fmt.Errorf("register $%s is not known in this frame, or too small for a %s", to.Reg, to.Type)
	}
	copy(whole[to.Addr:], b)
	return e.env.SetRegister(to.Reg, whole)
}

func (e *eval) storeMemory(to Value, b []byte) error {
	if to.Bits == 0 {
		return e.env.WriteMemory(to.Addr, b)
	}
	span := make([]byte, (to.Bit+to.Bits+7)/8)
	if e.env.ReadMemory(to.Addr, span) != len(span) {
		return fmt.Errorf("cannot access memory at %#x", to.Addr)
	}
	var v uint64
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	for i := range uint(to.Bits) {
		at := uint(to.Bit) + i
		span[at/8] = span[at/8]&^(1<<(at%8)) | byte(v>>i&1)<<(at%8)
	}
	return e.env.WriteMemory(to.Addr, span)
}
