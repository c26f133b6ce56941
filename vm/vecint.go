// SPDX-License-Identifier: BSD-3-Clause

// Packed integer arithmetic on MMX and XMM registers
// (SDM vol. 1, 9.4 "MMX instructions", 10.4.4 and 11.4.2 "64/128-bit SIMD
// integer instructions").
//
// Most of these treat each 64-bit half alone, so one function on uint64
// serves both register files: MMX has one half, XMM two.

package vm

import "ring0/vm/x86"

// lanes8 and its kin apply f to each element of a and b.

func lanes8(a, b uint64, f func(x, y uint8) uint8) (r uint64) {
	for i := 0; i < 64; i += 8 {
		r |= uint64(f(uint8(a>>i), uint8(b>>i))) << i
	}
	return r
}

func lanes16(a, b uint64, f func(x, y uint16) uint16) (r uint64) {
	for i := 0; i < 64; i += 16 {
		r |= uint64(f(uint16(a>>i), uint16(b>>i))) << i
	}
	return r
}

func lanes32(a, b uint64, f func(x, y uint32) uint32) uint64 {
	return uint64(f(uint32(a), uint32(b))) | uint64(f(uint32(a>>32), uint32(b>>32)))<<32
}

// Saturation: the nearest value the element can hold.

func satS8(v int) uint8   { return uint8(int8(min(max(v, -0x80), 0x7f))) }
func satU8(v int) uint8   { return uint8(min(max(v, 0), 0xff)) }
func satS16(v int) uint16 { return uint16(int16(min(max(v, -0x8000), 0x7fff))) }
func satU16(v int) uint16 { return uint16(min(max(v, 0), 0xffff)) }

// mask is all ones or all zeros, as the compares give.
func mask[T uint8 | uint16 | uint32](v bool) T {
	if v {
		return ^T(0)
	}
	return 0
}

// halfOp computes one 64-bit half from destination a and source b.
type halfOp func(a, b uint64) uint64

// halfOps are the operations on halves.
var halfOps = map[x86.Op]halfOp{
	x86.PADDB: func(a, b uint64) uint64 { return lanes8(a, b, func(x, y uint8) uint8 { return x + y }) },
	x86.PADDW: func(a, b uint64) uint64 { return lanes16(a, b, func(x, y uint16) uint16 { return x + y }) },
	x86.PADDD: func(a, b uint64) uint64 { return lanes32(a, b, func(x, y uint32) uint32 { return x + y }) },
	x86.PADDQ: func(a, b uint64) uint64 { return a + b },
	x86.PSUBB: func(a, b uint64) uint64 { return lanes8(a, b, func(x, y uint8) uint8 { return x - y }) },
	x86.PSUBW: func(a, b uint64) uint64 { return lanes16(a, b, func(x, y uint16) uint16 { return x - y }) },
	x86.PSUBD: func(a, b uint64) uint64 { return lanes32(a, b, func(x, y uint32) uint32 { return x - y }) },
	x86.PSUBQ: func(a, b uint64) uint64 { return a - b },

	x86.PADDSB:  signed8(func(x, y int) uint8 { return satS8(x + y) }),
	x86.PSUBSB:  signed8(func(x, y int) uint8 { return satS8(x - y) }),
	x86.PADDSW:  signed16(func(x, y int) uint16 { return satS16(x + y) }),
	x86.PSUBSW:  signed16(func(x, y int) uint16 { return satS16(x - y) }),
	x86.PADDUSB: unsigned8(func(x, y int) uint8 { return satU8(x + y) }),
	x86.PSUBUSB: unsigned8(func(x, y int) uint8 { return satU8(x - y) }),
	x86.PADDUSW: unsigned16(func(x, y int) uint16 { return satU16(x + y) }),
	x86.PSUBUSW: unsigned16(func(x, y int) uint16 { return satU16(x - y) }),

	x86.PMULLW:  signed16(func(x, y int) uint16 { return uint16(x * y) }),
	x86.PMULHW:  signed16(func(x, y int) uint16 { return uint16(x * y >> 16) }),
	x86.PMULHUW: unsigned16(func(x, y int) uint16 { return uint16(x * y >> 16) }),
	x86.PMULUDQ: func(a, b uint64) uint64 { return uint64(uint32(a)) * uint64(uint32(b)) },
	x86.PMADDWD: multiplyAdd,
	x86.PSADBW:  sumOfDifferences,

	x86.PAVGB:  unsigned8(func(x, y int) uint8 { return uint8((x + y + 1) >> 1) }),
	x86.PAVGW:  unsigned16(func(x, y int) uint16 { return uint16((x + y + 1) >> 1) }),
	x86.PMINUB: unsigned8(func(x, y int) uint8 { return uint8(min(x, y)) }),
	x86.PMAXUB: unsigned8(func(x, y int) uint8 { return uint8(max(x, y)) }),
	x86.PMINSW: signed16(func(x, y int) uint16 { return uint16(min(x, y)) }),
	x86.PMAXSW: signed16(func(x, y int) uint16 { return uint16(max(x, y)) }),

	x86.PCMPEQB: func(a, b uint64) uint64 { return lanes8(a, b, func(x, y uint8) uint8 { return mask[uint8](x == y) }) },
	x86.PCMPEQW: func(a, b uint64) uint64 {
		return lanes16(a, b, func(x, y uint16) uint16 { return mask[uint16](x == y) })
	},
	x86.PCMPEQD: func(a, b uint64) uint64 {
		return lanes32(a, b, func(x, y uint32) uint32 { return mask[uint32](x == y) })
	},
	x86.PCMPGTB: signed8(func(x, y int) uint8 { return mask[uint8](x > y) }),
	x86.PCMPGTW: signed16(func(x, y int) uint16 { return mask[uint16](x > y) }),
	x86.PCMPGTD: func(a, b uint64) uint64 {
		return lanes32(a, b, func(x, y uint32) uint32 { return mask[uint32](int32(x) > int32(y)) })
	},

	x86.PAND: func(a, b uint64) uint64 { return a & b }, x86.ANDPS: func(a, b uint64) uint64 { return a & b }, x86.ANDPD: func(a, b uint64) uint64 { return a & b },
	x86.PANDN: func(a, b uint64) uint64 { return ^a & b }, x86.ANDNPS: func(a, b uint64) uint64 { return ^a & b }, x86.ANDNPD: func(a, b uint64) uint64 { return ^a & b },
	x86.POR: func(a, b uint64) uint64 { return a | b }, x86.ORPS: func(a, b uint64) uint64 { return a | b }, x86.ORPD: func(a, b uint64) uint64 { return a | b },
	x86.PXOR: func(a, b uint64) uint64 { return a ^ b }, x86.XORPS: func(a, b uint64) uint64 { return a ^ b }, x86.XORPD: func(a, b uint64) uint64 { return a ^ b },
}

// signed8 and its kin lift a function on widened elements to halves.

func signed8(f func(x, y int) uint8) halfOp {
	return func(a, b uint64) uint64 {
		return lanes8(a, b, func(x, y uint8) uint8 { return f(int(int8(x)), int(int8(y))) })
	}
}

func unsigned8(f func(x, y int) uint8) halfOp {
	return func(a, b uint64) uint64 {
		return lanes8(a, b, func(x, y uint8) uint8 { return f(int(x), int(y)) })
	}
}

func signed16(f func(x, y int) uint16) halfOp {
	return func(a, b uint64) uint64 {
		return lanes16(a, b, func(x, y uint16) uint16 { return f(int(int16(x)), int(int16(y))) })
	}
}

func unsigned16(f func(x, y int) uint16) halfOp {
	return func(a, b uint64) uint64 {
		return lanes16(a, b, func(x, y uint16) uint16 { return f(int(x), int(y)) })
	}
}

// multiplyAdd is PMADDWD: products of words, added in pairs.
func multiplyAdd(a, b uint64) (r uint64) {
	product := func(i int) int32 { return int32(int16(a>>i)) * int32(int16(b>>i)) }
	return uint64(uint32(product(0)+product(16))) | uint64(uint32(product(32)+product(48)))<<32
}

// sumOfDifferences is PSADBW: the sum of absolute differences of the bytes.
func sumOfDifferences(a, b uint64) (r uint64) {
	for i := 0; i < 64; i += 8 {
		x, y := uint8(a>>i), uint8(b>>i)
		r += uint64(max(x, y) - min(x, y))
	}
	return r
}

// vecShift shifts each element of a half by n; n may be larger than the element.
type vecShift func(a, n uint64) uint64

var vecShifts = map[x86.Op]vecShift{
	x86.PSLLW: shift16(func(x uint16, n uint64) uint16 { return x << n }),
	x86.PSRLW: shift16(func(x uint16, n uint64) uint16 { return x >> n }),
	x86.PSRAW: shift16(func(x uint16, n uint64) uint16 { return uint16(int16(x) >> n) }),
	x86.PSLLD: shift32(func(x uint32, n uint64) uint32 { return x << n }),
	x86.PSRLD: shift32(func(x uint32, n uint64) uint32 { return x >> n }),
	x86.PSRAD: shift32(func(x uint32, n uint64) uint32 { return uint32(int32(x) >> n) }),
	x86.PSLLQ: func(a, n uint64) uint64 { return a << n },
	x86.PSRLQ: func(a, n uint64) uint64 { return a >> n },
}

func shift16(f func(x uint16, n uint64) uint16) vecShift {
	return func(a, n uint64) uint64 { return lanes16(a, 0, func(x, _ uint16) uint16 { return f(x, n) }) }
}

func shift32(f func(x uint32, n uint64) uint32) vecShift {
	return func(a, n uint64) uint64 { return lanes32(a, 0, func(x, _ uint32) uint32 { return f(x, n) }) }
}

// shiftBytes is PSLLDQ (left) and PSRLDQ on the whole register.
func shiftLeftBytes(v xmmReg, n uint32) xmmReg {
	switch bits := uint64(n) * 8; {
	case n >= 16:
		return xmmReg{}
	case n >= 8:
		return xmmReg{0, v[0] << (bits - 64)}
	default:
		return xmmReg{v[0] << bits, v[1]<<bits | v[0]>>(64-bits)}
	}
}

func shiftRightBytes(v xmmReg, n uint32) xmmReg {
	switch bits := uint64(n) * 8; {
	case n >= 16:
		return xmmReg{}
	case n >= 8:
		return xmmReg{v[1] >> (bits - 64), 0}
	default:
		return xmmReg{v[0]>>bits | v[1]<<(64-bits), v[1] >> bits}
	}
}
