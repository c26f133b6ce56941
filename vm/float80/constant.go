// SPDX-License-Identifier: BSD-3-Clause
// FLD1, FLDZ and the rounded constants; Intel SDM vol. 2, "FLD1/FLDL2T/…".

package float80

import "ring0/vm/internal/exact"

// Constant names what one of the FLD constant instructions loads, in the order of
// the opcodes D9 E8 to D9 EE.
type Constant uint8

const (
	ConstOne  Constant = iota // 1
	ConstL2T                  // log2 10
	ConstL2E                  // log2 e
	ConstPi                   // π
	ConstLG2                  // log10 2
	ConstLN2                  // ln 2
	ConstZero                 // +0
)

// The constants to 128 bits.
var (
	log2Of10 = exact.Num{Exp: 1, Hi: 0xd49a784bcd1b8afe, Lo: 0x492bf6ff4dafdb4c}
	log2OfE  = exact.Num{Exp: 0, Hi: 0xb8aa3b295c17f0bb, Lo: 0xbe87fed0691d3e88}
	pi       = exact.Num{Exp: 1, Hi: 0xc90fdaa22168c234, Lo: 0xc4c6628b80dc1cd1}
	log10Of2 = exact.Num{Exp: -2, Hi: 0x9a209a84fbcff798, Lo: 0x8f8959ac0b7c9178}
	lnOf2    = exact.Num{Exp: -1, Hi: 0xb17217f7d1cf79ab, Lo: 0xc9e3b39803f2f6af}
)

// Load is the constant as rounding control has it; precision control is
// ignored and no exception is raised.
func (k Constant) Load(c Control) F80 {
	var x exact.Num
	switch k {
	case ConstOne:
		return one
	case ConstL2T:
		x = log2Of10
	case ConstL2E:
		x = log2OfE
	case ConstPi:
		x = pi
	case ConstLG2:
		x = log10Of2
	case ConstLN2:
		x = lnOf2
	default:
		return zero
	}
	f, _ := c.roundFull(x)
	return f
}
