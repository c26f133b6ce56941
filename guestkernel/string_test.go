// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestStringFunctions(t *testing.T) {
	g := newGuest(t, Config{})
	s := newScratch(t, g.k)
	for _, line := range readCases(t, "testdata/strings.txt") {
		fields := strings.Split(line, " | ")
		require.Len(t, fields, 3, line)
		s.next = s.base
		var args []uint32
		for i, word := range splitArguments(fields[1]) {
			args = append(args, g.k.mem.U32(s.arguments([]string{word})))
			if i == 0 && strings.Contains(fields[2], "(") {
				args = append(args, s.words(0)) // endp
			}
		}
		result := g.callKernel(t, fields[0], args...)
		got := fmt.Sprint(result)
		if at := uint32(result); at >= s.base && at < s.next {
			got = fmt.Sprintf("+%d", uint32(result)-args[0])
		}
		if strings.Contains(fields[2], "(") {
			got += fmt.Sprintf(" (+%d)", g.k.mem.U32(args[1])-args[0])
		}
		require.Equal(t, fields[2], got, line)
	}
}

// splitArguments splits at blanks outside quotes.
func splitArguments(text string) []string {
	var words []string
	quoted := false
	words = append(words, strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})...)
	return words
}

func TestStrtok(t *testing.T) {
	g := newGuest(t, Config{})
	list, set := g.text(",one,,two;three"), g.text(",;")
	var got []string
	for s := list; ; s = 0 {
		at := uint32(g.callKernel(t, "strtok", s, set))
		if at == 0 {
			break
		}
		word, _ := g.k.mem.CString(at, 64)
		got = append(got, word)
	}
	require.Equal(t, []string{"one", "two", "three"}, got)
	require.EqualValues(t, 0, g.callKernel(t, "strtok", 0, set))

	rest := g.put(le(g.text("a,b,,c"))...)
	got = nil
	for g.k.mem.U32(rest) != 0 {
		word, _ := g.k.mem.CString(uint32(g.callKernel(t, "strsep", rest, set)), 64)
		got = append(got, word)
	}
	require.Equal(t, []string{"a", "b", "", "c"}, got)
	require.EqualValues(t, 0, g.callKernel(t, "strsep", rest, set))
}

// memcpy goes upwards in words: a copy onto its own end repeats itself.
func TestMemcpy(t *testing.T) {
	g := newGuest(t, Config{})
	for _, c := range []struct {
		to, from, n uint32
		want        string
	}{
		{8, 0, 5, "abcdefghabcdenop"},
		{0, 1, 6, "bcdefgghijklmnop"},
		{4, 0, 9, "abcdabcdabcdanop"},
		{1, 0, 6, "aabcddfhijklmnop"},
		{3, 3, 4, "abcdefghijklmnop"},
		{5, 0, 0, "abcdefghijklmnop"},
	} {
		at := g.put([]byte("abcdefghijklmnop")...)
		require.EqualValues(t, at+c.to, uint32(g.callKernel(t, "memcpy", at+c.to, at+c.from, c.n)))
		require.Equal(t, c.want, string(g.k.mem.Bytes(at, 16)), "%+v", c)
	}
	at := g.put([]byte("abcdef")...)
	g.callKernel(t, "memset", at+1, 0x12e, 3)
	require.Equal(t, "a...ef", string(g.k.mem.Bytes(at, 6)))
}

// A string may end at the last byte before memory that is not there.
func TestStringsAtTheEdge(t *testing.T) {
	g := newGuest(t, Config{})
	area := g.k.Vmalloc(abi.PageSize)
	edge := area + abi.PageSize - 4
	g.k.mem.Write(edge, []byte("xyz\x00"))
	require.EqualValues(t, 0, g.callKernel(t, "strstr", edge, g.text("zz")))
	require.EqualValues(t, edge+2, uint32(g.callKernel(t, "strpbrk", edge, g.text("z"))))
	require.EqualValues(t, 3, g.callKernel(t, "printk", edge))
	g.k.mem.SetU8(edge+3, 'w')
	require.Equal(t, Killed, g.run(symbolAddr(t, g.k, "strstr"), edge, g.text("zz")).Kind)
}

func TestCtype(t *testing.T) {
	k := boot(t, Config{})
	for _, c := range []struct {
		chars string
		want  byte
	}{
		{"\t\n\v\f\r", ctypeControl | ctypeSpace}, {"\x00\x1f\x7f", ctypeControl}, {" \xa0", ctypeSpace | ctypeBlank},
		{"09", ctypeDigit}, {"AF", ctypeUpper | ctypeHex}, {"GZ\xc0\xde", ctypeUpper}, {"af", ctypeLower | ctypeHex},
		{"gz\xdf\xff", ctypeLower}, {"!/:@[`{~\xa1\xbf\xd7\xf7", ctypePunct}, {"\x80\x9f", 0},
	} {
		for i := range len(c.chars) {
			require.Equal(t, c.want, k.mem.U8(k.sym.Ctype+uint32(c.chars[i])), "%q", c.chars[i])
		}
	}
}
