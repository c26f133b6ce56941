// SPDX-License-Identifier: BSD-3-Clause
// Integers and packed BCD in and out: FILD, FIST, FBLD, FBSTP; Intel SDM vol. 1, 4.2.1 and 4.7.

package float80

import "ring0/vm/internal/exact"

// FromInt is FILD of any width: exact.
func FromInt(n int64) F80 {
	x := exact.FromInt(n)
	if x.IsZero() {
		return zero
	}
	return pack(x.Neg, x.Hi, x.Exp)
}

// ToInt16 is FIST m16. A value out of range is an invalid operation and gives
// the lowest integer.
func ToInt16(f F80, c Control) (int16, Status) {
	n, st := toInt(f, c, 16)
	return int16(n), st
}

// ToInt32 is FIST m32.
func ToInt32(f F80, c Control) (int32, Status) {
	n, st := toInt(f, c, 32)
	return int32(n), st
}

// ToInt64 is FISTP m64.
func ToInt64(f F80, c Control) (int64, Status) { return toInt(f, c, 64) }

func toInt(f F80, c Control, width uint) (int64, Status) {
	limit := uint64(1) << (width - 1)
	n, st, ok := magnitude(f, c)
	switch {
	case !ok || n > limit || n == limit && !f.Neg():
		return -int64(limit), IE
	case f.Neg():
		return -int64(n), st
	}
	return int64(n), st
}

// magnitude rounds |f| to an integer; ok is false for what is not a number or
// does not fit.
func magnitude(f F80, c Control) (n uint64, st Status, ok bool) {
	switch f.Class() {
	case Unsupported, QuietNaN, SignalingNaN, Inf:
		return 0, 0, false
	}
	r, ok := f.num().ToInteger(c.mode())
	return r.Man, statusOf(r), ok
}

// Packed BCD, little-endian: nine bytes of two digits, and one of which bit 7
// is the sign.
const (
	bcdBytes = 9
	bcdSign  = 0x80
	bcdLimit = 1e18
)

// bcdIndefinite answers an invalid FBSTP.
var bcdIndefinite = [10]byte{7: 0xc0, 8: 0xff, 9: 0xff}

// FromBCD is FBLD: exact. Digits above 9 are UNDEFINED by the manual; they
// count for what they are.
func FromBCD(b [10]byte) F80 {
	var n int64
	for i := bcdBytes - 1; i >= 0; i-- {
		n = n*100 + int64(b[i]>>4)*10 + int64(b[i]&15)
	}
	f := FromInt(n)
	if b[bcdBytes]&bcdSign != 0 {
		return f.ChangeSign()
	}
	return f
}

// ToBCD is FBSTP.
func ToBCD(f F80, c Control) (b [10]byte, st Status) {
	n, st, ok := magnitude(f, c)
	if !ok || n >= bcdLimit {
		return bcdIndefinite, IE
	}
	for i := range bcdBytes {
		b[i] = byte(n%10 | n/10%10<<4)
		n /= 100
	}
	if f.Neg() {
		b[bcdBytes] = bcdSign
	}
	return b, st
}
