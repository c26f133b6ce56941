// SPDX-License-Identifier: BSD-3-Clause
// Classes of characters: _ctype (2.4.18 lib/ctype.c, linux/ctype.h), Latin-1 included.

package guestkernel

// Bits of an entry of _ctype.
const (
	ctypeUpper = 1 << iota
	ctypeLower
	ctypeDigit
	ctypeControl
	ctypePunct
	ctypeSpace
	ctypeHex
	ctypeBlank // the blank itself
)

// bootCtype writes the table.
func (k *Kernel) bootCtype() error {
	var table [256]byte
	for c := range table {
		table[c] = ctype(byte(c))
	}
	k.mem.Write(k.sym.Ctype, table[:])
	return nil
}

// ctype is the entry of a character.
func ctype(c byte) byte {
	switch {
	case '\t' <= c && c <= '\r':
		return ctypeControl | ctypeSpace
	case c < ' ', c == 0x7f:
		return ctypeControl
	case c == ' ', c == 0xa0:
		return ctypeSpace | ctypeBlank
	case '0' <= c && c <= '9':
		return ctypeDigit
	case 'A' <= c && c <= 'F':
		return ctypeUpper | ctypeHex
	case 'a' <= c && c <= 'f':
		return ctypeLower | ctypeHex
	case 'A' <= c && c <= 'Z':
		return ctypeUpper
	case 'a' <= c && c <= 'z':
		return ctypeLower
	case c < 0x80:
		return ctypePunct
	}
	return ctypeLatin1(c)
}

func ctypeLatin1(c byte) byte {
	switch {
	case c < 0xa0: // the second set of control characters: none of anything
		return 0
	case c < 0xc0, c == 0xd7, c == 0xf7: // signs, and times and divided by among the letters
		return ctypePunct
	case c < 0xdf:
		return ctypeUpper
	}
	return ctypeLower
}

func isSpace(c byte) bool { return ctype(c)&ctypeSpace != 0 }

// toLower is tolower: of A with a grave accent too.
func toLower(c byte) byte {
	if ctype(c)&ctypeUpper != 0 {
		c += 'a' - 'A'
	}
	return c
}

// toUpper is toupper: of a with a grave accent too, and of the sharp s and the y with two dots, which become other characters.
func toUpper(c byte) byte {
	if ctype(c)&ctypeLower != 0 {
		c -= 'a' - 'A'
	}
	return c
}

func isControl(c byte) bool { return ctype(c)&ctypeControl != 0 }

func isAlnum(c byte) bool { return ctype(c)&(ctypeUpper|ctypeLower|ctypeDigit) != 0 }
