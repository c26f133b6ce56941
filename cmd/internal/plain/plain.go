// SPDX-License-Identifier: BSD-3-Clause
// Package plain makes the guest's bytes fit to be shown. A module may print
// anything: sequences that a terminal would obey, and bytes that are no UTF-8.
package plain

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape replaces control characters other than tabs and line ends by \x and their number, so that a terminal shows them.
func Escape(text string) string {
	if strings.IndexFunc(text, isControl) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		c, n := utf8.DecodeRuneInString(text)
		if isControl(c) {
			for _, v := range []byte(text[:n]) {
				fmt.Fprintf(&b, `\x%02x`, v)
			}
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

// isControl knows those of ASCII and those of Unicode, which some terminals obey too.
func isControl(c rune) bool {
	return unicode.IsControl(c) && c != '\t' && c != '\n'
}

// Word is a name in a line of text: as it is, or quoted when it could be taken for more than a name.
func Word(name string) string {
	if name == "" || !utf8.ValidString(name) || strings.IndexFunc(name, unicode.IsControl) >= 0 {
		return strconv.Quote(name)
	}
	return name
}

// UTF8 is text for JSON, which knows characters only: what is not UTF-8 has one character for each byte, the one with the
// byte's number, and loses nothing.
func UTF8(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	chars := make([]rune, len(text))
	for i := range chars {
		chars[i] = rune(text[i])
	}
	return string(chars)
}

// UTF8s is UTF8 of every text, never nil.
func UTF8s(texts []string) []string {
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = UTF8(t)
	}
	return all
}
