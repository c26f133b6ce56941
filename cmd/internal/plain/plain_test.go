// SPDX-License-Identifier: BSD-3-Clause

package plain

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		"a\tb\nc é":            "a\tb\nc é",
		"\x1b[2J\r\a\x00\x7f~": `\x1b[2J\x0d\x07\x00\x7f~`,
		"\xc2\x9b2J \x9b":      `\xc2\x9b2J ` + "\x9b",
		"\xff\x1b\xe9":         "\xff\\x1b\xe9",
	} {
		require.Equal(t, want, Escape(text))
	}
}

func TestWord(t *testing.T) {
	for name, want := range map[string]string{
		"init_module": "init_module",
		"we ird/é.o":  "we ird/é.o",
		"":            `""`,
		"a\nb":        `"a\nb"`,
		"\x1b[2J":     `"\x1b[2J"`,
		"\xff.o":      `"\xff.o"`,
	} {
		require.Equal(t, want, Word(name))
	}
}

func TestUTF8(t *testing.T) {
	for text, want := range map[string]string{
		"":            "",
		"é\x00":       "é\x00",
		"\xff":        "ÿ",
		"a\xe9 \xc3b": "aé Ãb",
	} {
		require.Equal(t, want, UTF8(text))
	}
}
