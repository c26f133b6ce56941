// SPDX-License-Identifier: BSD-3-Clause
// Reading parameter formats and values.

package loader

import (
	"fmt"
	"strconv"
	"strings"
)

// maxParamCount bounds the counts of a format; real ones stay below 100.
const maxParamCount = 1 << 16

// parseParamFormat reads [min[-max]]{b,h,i,l,s,c<n>}.
func parseParamFormat(name, text string) (paramFormat, string) {
	bad := func(format string, args ...any) (paramFormat, string) {
		return paramFormat{}, fmt.Sprintf(format, args...)
	}
	f := paramFormat{min: 1, max: 1}
	digits, rest := takeDigits(text)
	if digits != "" {
		f.min = countOf(digits)
		f.max = f.min
		if after, ok := strings.CutPrefix(rest, "-"); ok {
			digits, rest = takeDigits(after)
			if f.max = countOf(digits); digits == "" {
				f.max = 0 // `1-i`, which real modules have
			}
		}
	}
	if f.min < 0 || f.max < 0 || f.max != 0 && f.max < f.min {
		return bad("parameter format %s of %s has impossible counts", strconv.Quote(text), name)
	}
	if rest == "" {
		return bad("parameter format %s of %s has no type", strconv.Quote(text), name)
	}
	f.kind = rest[0]
	switch f.kind {
	case 'b':
		f.size = 1
	case 'h':
		f.size = 2
	case 'i', 'l', 's':
		f.size = 4
	case 'c':
		digits, _ := takeDigits(rest[1:])
		n := countOf(digits)
		if n <= 0 {
			return bad("parameter type 'c' for %s must be followed by the maximum size", name)
		}
		f.size = uint32(n)
	default:
		return bad("unknown parameter type %s for %s", strconv.QuoteRune(rune(f.kind)), name)
	}
	return f, ""
}

// countOf reads a decimal count; -1 is none or too large a one.
func countOf(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil || n > maxParamCount {
		return -1
	}
	return n
}

func takeDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

func skipSpace(s string) string { return strings.TrimLeft(s, " \t\n\r\v\f") }

// takeNumber reads a number as strtoul with base 0 does (decimal, 0x, leading 0
// octal, optional sign) and holds it to the type's range, signed or unsigned.
func takeNumber(set *param, s string) (value uint64, rest, problem string) {
	s = skipSpace(s)
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 {
		digits = s // two signs: not a number
	}
	negative := strings.HasPrefix(s, "-")
	end := 0
	for end < len(digits) && isNumberByte(digits[end]) {
		end++
	}
	literal, rest := digits[:end], digits[end:]
	base := 10
	switch {
	case len(literal) > 1 && (literal[:2] == "0x" || literal[:2] == "0X"):
		literal, base = literal[2:], 16
	case len(literal) > 1 && literal[0] == '0':
		literal, base = literal[1:], 8
	}
	shown := s[:len(s)-len(rest)]
	v, err := strconv.ParseUint(literal, base, 64)
	switch {
	case err != nil && isRange(err):
		return 0, "", outOfRange(set, shown)
	case err != nil:
		return 0, "", fmt.Sprintf("invalid argument syntax for %s: %s is not a number", set.name, strconv.Quote(upToComma(s)))
	}
	bits := 8 * set.format.size
	limit := uint64(1)<<bits - 1
	if negative {
		limit = 1 << (bits - 1)
	}
	if v > limit {
		return 0, "", outOfRange(set, shown)
	}
	if negative {
		v = -v
	}
	return v, rest, ""
}

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isRange(err error) bool {
	n, ok := err.(*strconv.NumError)
	return ok && n.Err == strconv.ErrRange
}

func outOfRange(set *param, shown string) string {
	bits := 8 * set.format.size
	return fmt.Sprintf("value %s for %s does not fit type %c (%d to %d)",
		shown, set.name, set.format.kind, -(int64(1) << (bits - 1)), int64(1)<<bits-1)
}

func upToComma(s string) string {
	before, _, _ := strings.Cut(s, ",")
	return before
}

// takeString reads a string value: up to the next comma, or in double quotes
// with C's escapes when it begins with one.
func takeString(name, s string) (text, rest, problem string) {
	if !strings.HasPrefix(s, `"`) {
		text := upToComma(s)
		return text, s[len(text):], ""
	}
	var b strings.Builder
	for i := 1; i < len(s); {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], ""
		case '\\':
			c, n := unescape(s[i+1:])
			b.WriteByte(c)
			i += 1 + n
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return "", "", fmt.Sprintf("improperly terminated string argument for %s", name)
}

// unescape reads what follows a backslash and returns the character and how
// many bytes it took. A backslash at the very end takes one too many, which
// ends the caller's loop.
func unescape(s string) (byte, int) {
	if s == "" {
		return 0, 1
	}
	if i := strings.IndexByte("abefnrt", s[0]); i >= 0 {
		return "\a\b\x1b\f\n\r\t"[i], 1
	}
	n, value := 0, 0
	for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
		value = value*8 + int(s[n]-'0')
		n++
	}
	if n == 0 {
		return s[0], 1
	}
	return byte(value), n
}
