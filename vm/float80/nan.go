// SPDX-License-Identifier: BSD-3-Clause
// Invalid operands, NaN operands, denormal operands; Intel SDM vol. 1, 4.8.3.5 (table 4-7) and 8.5.1.

package float80

// plain says that a binary operation has nothing to look for before it computes.
func (c Control) plain(a, b F80) bool {
	return a.isNormal() && b.isNormal() && c.pending() == 0
}

// screen looks at the operands of a binary operation, of which one at least is
// not plain. done means that an unsupported operand or a NaN decides the
// result. Else st has DE if an operand is denormal; the caller must stop
// with it if it is not masked, after its own invalid operations.
func (c Control) screen(a, b F80) (r F80, st Status, done bool) {
	ca, cb := a.Class(), b.Class()
	switch {
	case ca == Unsupported || cb == Unsupported:
		return indefinite, IE, true
	case ca == SignalingNaN || cb == SignalingNaN:
		st = IE
	}
	switch aNaN, bNaN := a.isNaN(), b.isNaN(); {
	case aNaN && bNaN:
		return chooseNaN(a, b, ca, cb), st, true
	case aNaN:
		return a.quiet(), st, true
	case bNaN:
		return b.quiet(), st, true
	}
	if ca == Denormal || cb == Denormal {
		st = DE
	}
	return zero, st | c.pending(), false
}

// chooseNaN is the result of an operation on two NaNs: the quiet one if only
// one signals, else the one with the larger significand, else the positive one.
func chooseNaN(a, b F80, ca, cb Class) F80 {
	switch {
	case ca == SignalingNaN && cb == QuietNaN:
		return b
	case ca == QuietNaN && cb == SignalingNaN:
		return a
	case a.Man > b.Man, a.Man == b.Man && b.Neg():
		return a.quiet()
	}
	return b.quiet()
}

// screen1 is screen for the operand of a unary operation.
func (c Control) screen1(a F80) (r F80, st Status, done bool) {
	switch a.Class() {
	case Unsupported:
		return indefinite, IE, true
	case SignalingNaN:
		return a.quiet(), IE, true
	case QuietNaN:
		return a, 0, true
	case Denormal:
		st = DE
	}
	return zero, st, false
}
