// SPDX-License-Identifier: BSD-3-Clause
// The double extended-precision format and its classes; Intel SDM vol. 1, 4.2.2, 4.8.3 and 8.2.2.

package float80

import (
	"encoding/binary"
	"math/bits"

	"ring0/vm/internal/exact"
)

// F80 is a double extended-precision value, any bit pattern of it.
//
//	79  78        64  63  62                   0
//	 S  |  exponent |  J  |      fraction      |
//
// The integer bit J is explicit, so there are patterns that no operation
// produces: pseudo-denormals (exponent 0, J 1: a denormal operand) and the
// unsupported ones (exponent not 0, J 0: an invalid operand).
type F80 struct {
	Man uint64 // J and fraction
	SE  uint16 // sign and biased exponent
}

const (
	signBit   = 0x8000
	expMask   = 0x7fff
	expBias   = 0x3fff
	intBit    = 1 << 63
	quietBit  = 1 << 62
	minExp    = 1 - expBias // of a normal number
	manBits   = 64
	maxExp    = expMask - 1 - expBias // of a finite number
	biasShift = 24576                 // moves an unmasked overflow or underflow into range
)

// The values that need a name.
var (
	zero       = F80{0, 0}
	one        = F80{intBit, expBias}
	infinity   = F80{intBit, expMask}
	indefinite = F80{intBit | quietBit, signBit | expMask} // the masked answer to an invalid operation
)

// Zero is +0.
func Zero() F80 { return zero }

// One is 1.
func One() F80 { return one }

// Infinity is +∞.
func Infinity() F80 { return infinity }

// Indefinite is the quiet NaN that answers an invalid operation.
func Indefinite() F80 { return indefinite }

// FromBytes reads the memory format, little-endian.
func FromBytes(b [10]byte) F80 {
	return F80{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint16(b[8:])}
}

// Bytes is the memory format, little-endian.
func (f F80) Bytes() (b [10]byte) {
	binary.LittleEndian.PutUint64(b[:], f.Man)
	binary.LittleEndian.PutUint16(b[8:], f.SE)
	return b
}

// Neg says whether the sign bit is set.
func (f F80) Neg() bool { return f.SE&signBit != 0 }

// Abs is FABS: the sign bit cleared, whatever the class.
func (f F80) Abs() F80 { return F80{f.Man, f.SE &^ signBit} }

// ChangeSign is FCHS: the sign bit inverted, whatever the class.
func (f F80) ChangeSign() F80 { return F80{f.Man, f.SE ^ signBit} }

// Class is what FXAM tells apart, with the signaling NaNs on their own.
type Class uint8

const (
	Unsupported Class = iota // pseudo-NaN, pseudo-infinity, unnormal
	QuietNaN
	SignalingNaN
	Inf
	Normal
	Denormal // and pseudo-denormal
	ZeroClass
)

// Class classifies f.
func (f F80) Class() Class {
	exp := f.SE & expMask
	switch {
	case exp == 0 && f.Man == 0:
		return ZeroClass
	case exp == 0:
		return Denormal
	case f.Man&intBit == 0:
		return Unsupported
	case exp != expMask:
		return Normal
	case f.Man == intBit:
		return Inf
	case f.Man&quietBit != 0:
		return QuietNaN
	default:
		return SignalingNaN
	}
}

// isNormal is Class() == Normal, for fast paths.
func (f F80) isNormal() bool {
	return f.Man&intBit != 0 && f.SE&expMask-1 < expMask-1
}

func (f F80) isNaN() bool {
	return f.SE&expMask == expMask && f.Man > intBit
}

func (f F80) isInf() bool { return f.SE&expMask == expMask && f.Man == intBit }

func (f F80) isZero() bool { return f.SE&expMask == 0 && f.Man == 0 }

// quiet turns a signaling NaN into the quiet one with the same payload.
func (f F80) quiet() F80 { return F80{f.Man | quietBit, f.SE} }

// withSign is f with the sign bit of s.
func (f F80) withSign(s uint16) F80 { return F80{f.Man, f.SE&^signBit | s&signBit} }

// Examine is FXAM: C3, C2 and C0 for the class of f, C1 for its sign. An empty
// register (C3 and C0) is the caller's to see.
func Examine(f F80) Status {
	codes := [...]Status{
		Unsupported: 0, QuietNaN: C0, SignalingNaN: C0, Normal: C2,
		Inf: C2 | C0, ZeroClass: C3, Denormal: C3 | C2,
	}
	s := codes[f.Class()]
	if f.Neg() {
		s |= C1
	}
	return s
}

// num unpacks a finite value.
func (f F80) num() exact.Num {
	x := exact.Num{Neg: f.Neg(), Exp: int(f.SE&expMask) - expBias, Hi: f.Man}
	if f.SE&expMask == 0 {
		if f.Man == 0 {
			return exact.Num{Neg: f.Neg()}
		}
		shift := bits.LeadingZeros64(f.Man)
		x.Exp, x.Hi = minExp-shift, f.Man<<shift
	}
	return x
}
