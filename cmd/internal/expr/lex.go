// SPDX-License-Identifier: BSD-3-Clause
// Tokens of C, and "$name".

package expr

import (
	"math"
	"strconv"
	"strings"
)

// tokenKind says what a token is.
type tokenKind uint8

const (
	tEnd tokenKind = iota
	tName
	tRegister // "$eax", without the dollar
	tNumber
	tFloat
	tChar
	tString
	tScope // 'file.c' in front of ::
	tPunct
)

// token is one token of an expression.
type token struct {
	kind   tokenKind
	text   string // name, punctuation; decoded text of a string
	value  uint64 // number, character
	float  float64
	suffix string // of a number, in lower case: "u", "l", "ul", "ll", "ull"
	hex    bool   // written in hexadecimal or octal
	at     int    // offset in the expression
	spaced bool   // white space comes before it
}

// punctuation, longest first.
var punctuation = []string{"<<=", ">>=", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=",
	"*=", "/=", "%=", "&=", "|=", "^=", "::",
	"+", "-", "*", "/", "%", "&", "|", "^", "~", "!", "<", ">", "=", "?", ":", "(", ")", "[", "]", ".", ",", "@", "{", "}"}

// Limits of an expression.
const (
	maxText  = 4096
	maxDepth = 100
)

// lex splits an expression into tokens, the last of which is tEnd.
func lex(text string) ([]token, error) {
	if len(text) > maxText {
		return nil, &Error{Column: maxText, Text: text, Reason: "the expression is too long"}
	}
	var tokens []token
	l := lexer{text: text}
	for {
		spaced := l.space()
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		t.spaced = spaced
		tokens = append(tokens, t)
		if t.kind == tEnd {
			return tokens, nil
		}
	}
}

type lexer struct {
	text string
	at   int
}

func (l *lexer) fail(at int, reason string) error {
	return &Error{Column: at + 1, Text: l.text, Reason: reason}
}

func (l *lexer) space() bool {
	start := l.at
	for l.at < len(l.text) && strings.IndexByte(" \t\n\r", l.text[l.at]) >= 0 {
		l.at++
	}
	return l.at > start
}

func isNameByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) next() (token, error) {
	start := l.at
	if l.at == len(l.text) {
		return token{at: start}, nil
	}
	switch c := l.text[l.at]; {
	case isDigit(c) || c == '.' && l.at+1 < len(l.text) && isDigit(l.text[l.at+1]):
		return l.number()
	case isNameByte(c):
		return token{kind: tName, text: l.word(), at: start}, nil
	case c == '$':
		l.at++
		name := l.word()
		if name == "" {
			return token{}, l.fail(start, "a register's name should follow \"$\"")
		}
		return token{kind: tRegister, text: name, at: start}, nil
	case c == '"':
		text, err := l.quoted('"')
		return token{kind: tString, text: text, at: start}, err
	case c == '\'':
		return l.character()
	}
	for _, p := range punctuation {
		if strings.HasPrefix(l.text[l.at:], p) {
			l.at += len(p)
			return token{kind: tPunct, text: p, at: start}, nil
		}
	}
	return token{}, l.fail(start, "unexpected character "+strconv.QuoteToASCII(l.text[l.at:l.at+1]))
}

func (l *lexer) word() string {
	start := l.at
	for l.at < len(l.text) && isNameByte(l.text[l.at]) {
		l.at++
	}
	return l.text[start:l.at]
}

// number reads an integer or floating constant.
func (l *lexer) number() (token, error) {
	start := l.at
	for l.at < len(l.text) {
		c := l.text[l.at]
		exponent := l.at > start && (c == '+' || c == '-') && strings.IndexByte("eE", l.text[l.at-1]) >= 0 &&
			!strings.HasPrefix(l.text[start:], "0x")
		if !isNameByte(c) && c != '.' && !exponent {
			break
		}
		l.at++
	}
	text := strings.ToLower(l.text[start:l.at])
	if strings.ContainsAny(text, ".") || strings.Contains(text, "e") && !strings.HasPrefix(text, "0x") {
		v, err := strconv.ParseFloat(strings.TrimRight(text, "fl"), 64)
		if err != nil || math.IsInf(v, 0) {
			return token{}, l.fail(start, text+" is no number")
		}
		return token{kind: tFloat, float: v, at: start}, nil
	}
	digits := strings.TrimRight(text, "ul")
	v, err := strconv.ParseUint(digits, 0, 64)
	suffix := text[len(digits):]
	if err != nil || len(suffix) > 3 {
		return token{}, l.fail(start, text+" is no number")
	}
	return token{kind: tNumber, value: v, suffix: suffix, hex: len(digits) > 1 && digits[0] == '0', at: start}, nil
}

// character reads a character constant, or a quoted file name in front of "::".
func (l *lexer) character() (token, error) {
	start := l.at
	text, err := l.quoted('\'')
	if err != nil {
		return token{}, err
	}
	if strings.HasPrefix(l.text[l.at:], "::") {
		return token{kind: tScope, text: text, at: start}, nil
	}
	if len(text) != 1 {
		return token{}, l.fail(start, "a character constant holds one character")
	}
	return token{kind: tChar, value: uint64(int64(int8(text[0]))), at: start}, nil
}

var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'a': 7, 'b': 8, 'f': 12, 'v': 11, 'e': 27,
	'\\': '\\', '\'': '\'', '"': '"', '?': '?'}

// quoted reads text up to the closing quote.
func (l *lexer) quoted(quote byte) (string, error) {
	start := l.at
	var b []byte
	for l.at++; l.at < len(l.text); l.at++ {
		c := l.text[l.at]
		switch {
		case c == quote:
			l.at++
			return string(b), nil
		case c != '\\':
			b = append(b, c)
			continue
		}
		if l.at++; l.at == len(l.text) {
			break
		}
		decoded, ok := l.escape()
		if !ok {
			return "", l.fail(l.at, "escape sequence that C does not have")
		}
		b = append(b, decoded)
	}
	return "", l.fail(start, "the closing quote is missing")
}

// escape decodes what follows a backslash; l.at is then at its last character.
func (l *lexer) escape() (byte, bool) {
	c := l.text[l.at]
	digits, base, longest := 0, 8, 3
	if c == 'x' {
		l.at++
		base, longest = 16, 2
	}
	for digits < longest && l.at+digits < len(l.text) {
		if _, err := strconv.ParseUint(l.text[l.at+digits:l.at+digits+1], base, 8); err != nil {
			break
		}
		digits++
	}
	if digits == 0 {
		e, ok := escapes[c]
		return e, ok && base == 8
	}
	v, err := strconv.ParseUint(l.text[l.at:l.at+digits], base, 16)
	l.at += digits - 1
	return byte(v), err == nil
}
