// SPDX-License-Identifier: BSD-3-Clause
// The everyday case: normal operands, 64 bits, rounding to nearest; Intel SDM vol. 1, 4.8.4.1.

package float80

import "math/bits"

// The functions here compute what the general ones do where they say ok, in a
// third of the time. They decline results that cancel to zero or leave the
// exponent range. Those with two operands ask their caller for Quick.

// Quick says that c asks for 64 bits to nearest, with nothing pending, and that
// a and b are normal numbers.
func (c Control) Quick(a, b F80) bool {
	return c&^0xf0ff == 0x300 && a.isNormal() && b.isNormal()
}

// quickRound rounds hi:lo, the top bit of hi set, to nearest even. exp is the
// biased exponent.
func quickRound(sign uint16, exp int, hi, lo uint64) (r F80, st Status, ok bool) {
	tail := (lo | -lo) >> 63                     // not exact
	up := lo >> 63 & (hi | (lo<<1|-(lo<<1))>>63) // above a half, or a half and odd
	man, carry := bits.Add64(hi, up, 0)
	exp += int(carry)
	r = F80{man | carry<<63, sign | uint16(exp)}
	return r, Status(tail<<5 | up<<9), uint(exp-1) < expMask-1
}

// QuickMul is a · b.
func QuickMul(a, b F80) (r F80, st Status, ok bool) {
	hi, lo := bits.Mul64(a.Man, b.Man)
	exp := int(a.SE&expMask) + int(b.SE&expMask) - expBias
	n := hi>>63 ^ 1
	return quickRound((a.SE^b.SE)&signBit, exp+1-int(n), hi<<(n&63)|lo>>63&n, lo<<(n&63))
}

// QuickDiv is a / b.
func QuickDiv(a, b F80) (r F80, st Status, ok bool) {
	exp := int(a.SE&expMask) - int(b.SE&expMask) + expBias - 1
	hi, lo := a.Man, uint64(0)
	if hi >= b.Man { // so that the quotient has 64 bits
		hi, lo = hi>>1, hi<<63
		exp++
	}
	q, rem := bits.Div64(hi, lo, b.Man)
	// Twice the remainder against the divisor decides the rounding; they cannot
	// be equal, for then the quotient's 65 bits would divide a.
	var tail uint64
	if rem != 0 {
		tail = 1
		if rem > b.Man-rem {
			tail |= 1 << 63
		}
	}
	return quickRound((a.SE^b.SE)&signBit, exp, q, tail)
}

// QuickSum is a + b; exponents far apart are declined too. Shift counts are
// masked for the compiler, which then need not look.
func QuickSum(a, b F80) (r F80, st Status, ok bool) {
	ea, eb := int(a.SE&expMask), int(b.SE&expMask)
	if ea < eb {
		a, b, ea, eb = b, a, eb, ea
	}
	d := uint(ea - eb)
	if d > 63 {
		return F80{}, 0, false
	}
	hi, lo := b.Man>>(d&63), b.Man<<1<<(^d&63)
	sign := a.SE & signBit
	if (a.SE^b.SE)&signBit == 0 {
		sum, carry := bits.Add64(a.Man, hi, 0)
		lo = lo>>(carry&63) | lo&carry | sum<<63&-carry
		return quickRound(sign, ea+int(carry), sum>>(carry&63)|carry<<63, lo)
	}
	lo, borrow := bits.Sub64(0, lo, 0)
	hi, borrow = bits.Sub64(a.Man, hi, borrow)
	if borrow != 0 { // only of equal exponents, so lo is 0
		hi = -hi
		sign ^= signBit
	}
	if hi == 0 {
		return F80{}, 0, false
	}
	n := bits.LeadingZeros64(hi)
	return quickRound(sign, ea-n, hi<<(n&63)|lo>>1>>(^n&63), lo<<(n&63))
}

// The formats in memory, by their distance from this one.
const (
	shift32, bias32 = manBits - 24, expBias - 127
	shift64, bias64 = manBits - 53, expBias - 1023
)

// QuickWiden32 is Widen32 and FromFloat32, of zeros too.
func QuickWiden32(v uint32) (f F80, ok bool) {
	if v<<1 == 0 {
		return F80{0, uint16(v >> 16)}, true
	}
	exp := v >> 23 & 0xff
	f = F80{uint64(v)<<shift32 | intBit, uint16(v>>16&signBit | exp + bias32)}
	return f, exp-1 < 0xfe
}

// QuickWiden64 is Widen64 and FromFloat64, of zeros too.
func QuickWiden64(v uint64) (f F80, ok bool) {
	if v<<1 == 0 {
		return F80{0, uint16(v >> 48)}, true
	}
	exp := v >> 52 & 0x7ff
	f = F80{v<<shift64 | intBit, uint16(v>>48&signBit | exp + bias64)}
	return f, exp-1 < 0x7fe
}

// QuickFloat32 is ToFloat32, of zeros too.
func QuickFloat32(f F80, c Control) (v uint32, st Status, ok bool) {
	if f.isZero() {
		return uint32(f.SE) << 16, 0, true
	}
	tail := f.Man << (64 - shift32)
	up := tail >> 63 & (f.Man>>shift32 | (tail<<1|-(tail<<1))>>63)
	exp := uint32(f.SE&expMask) - bias32
	v = exp<<23 | uint32(f.Man&^intBit>>shift32)
	v = v + uint32(up) | uint32(f.SE&signBit)<<16 // a carry goes on into the exponent
	st = Status((tail|-tail)>>63<<5 | up<<9)
	return v, st, c&0xc00 == 0 && f.Man&intBit != 0 && exp-1 < 0xfd
}

// QuickFloat64 is ToFloat64, of zeros too.
func QuickFloat64(f F80, c Control) (v uint64, st Status, ok bool) {
	if f.isZero() {
		return uint64(f.SE) << 48, 0, true
	}
	tail := f.Man << (64 - shift64)
	up := tail >> 63 & (f.Man>>shift64 | (tail<<1|-(tail<<1))>>63)
	exp := uint64(f.SE&expMask) - bias64
	v = exp<<52 | f.Man&^intBit>>shift64
	v = v + up | uint64(f.SE&signBit)<<48
	st = Status((tail|-tail)>>63<<5 | up<<9)
	return v, st, c&0xc00 == 0 && f.Man&intBit != 0 && exp-1 < 0x7fd
}
