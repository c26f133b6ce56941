// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// scratch is guest memory for tests: words and strings are laid out one behind the other.
type scratch struct {
	t    testing.TB
	k    *Kernel
	base uint32
	next uint32
}

// newScratch takes a few pages of guest memory.
func newScratch(t testing.TB, k *Kernel) *scratch {
	t.Helper()
	const order = 3
	base := k.GetFreePages(k.constant("GFP_KERNEL"), order)
	require.NotZero(t, base)
	return &scratch{t, k, base, base}
}

// room takes n bytes, filled with #.
func (s *scratch) room(n uint32) uint32 {
	addr := s.next
	s.next = (s.next + n + 3) &^ 3
	s.k.mem.Fill(addr, s.next-addr, '#')
	return addr
}

// text lays out a string.
func (s *scratch) text(text string) uint32 {
	addr := s.room(uint32(len(text)) + 1)
	s.k.mem.Write(addr, append([]byte(text), 0))
	return addr
}

// words lays out argument words.
func (s *scratch) words(words ...uint32) uint32 {
	addr := s.room(uint32(len(words)) * 4)
	for i, w := range words {
		s.k.mem.SetU32(addr+uint32(i)*4, w)
	}
	return addr
}

// arguments lays out what a case of a text file passes.
func (s *scratch) arguments(fields []string) uint32 {
	var words []uint32
	for _, f := range fields {
		switch {
		case f == "NULL":
			words = append(words, 0)
		case strings.HasPrefix(f, `"`):
			words = append(words, s.text(strings.Trim(f, `"`)))
		default:
			number, long := strings.CutPrefix(f, "ll:")
			v, err := strconv.ParseInt(number, 0, 64)
			if err != nil {
				u, err := strconv.ParseUint(number, 0, 64)
				require.NoError(s.t, err)
				v = int64(u)
			}
			words = append(words, uint32(v))
			if long {
				words = append(words, uint32(v>>32))
			}
		}
	}
	return s.words(words...)
}

// cString reads a string of guest memory.
func (s *scratch) cString(addr uint32) string {
	text, ok := s.k.mem.CString(addr, 4096)
	require.True(s.t, ok)
	return text
}

// readCases returns the lines of a text file of cases.
func readCases(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var cases []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' {
			cases = append(cases, line)
		}
	}
	return cases
}

func TestVsprintf(t *testing.T) {
	k := boot(t, Config{})
	s := newScratch(t, k)
	escapes := strings.NewReplacer(`\n`, "\n", `\t`, "\t")
	for _, line := range readCases(t, "testdata/vsprintf.txt") {
		format, rest, ok := strings.Cut(escapes.Replace(line), " | ")
		require.True(t, ok, line)
		args, want, ok := strings.Cut(rest, "| ")
		require.True(t, ok, line)
		s.next = s.base
		at, list, buf := s.text(format), s.arguments(strings.Fields(args)), s.room(256)
		n := k.vsnprintf(buf, unlimited, at, list)
		require.Equal(t, want, s.cString(buf), line)
		require.EqualValues(t, len(want), n, line)
	}
}

func TestVsnprintfKeepsToItsBuffer(t *testing.T) {
	k := boot(t, Config{})
	s := newScratch(t, k)
	format, args := s.text("%s-%5d"), s.arguments([]string{`"0123456789"`, "7"})
	for _, c := range []struct {
		size uint32
		want string // buffer afterwards
	}{
		{20, "0123456789-    7\x00###"},
		{17, "0123456789-    7\x00###"},
		{16, "0123456789-    \x00####"},
		{13, "0123456789- \x00#######"},
		{4, "012\x00################"},
		{1, "\x00###################"},
		{0, "####################"},
	} {
		buf := s.room(20)
		require.EqualValues(t, 16, k.vsnprintf(buf, c.size, format, args))
		require.Equal(t, c.want, string(k.mem.Bytes(buf, 20)), "size %d", c.size)
	}
}

// A null buffer of size 0 is no buffer of size 0: its end wraps to the top of memory.
func TestVsnprintfWritesToANullBufferOfNoSize(t *testing.T) {
	k := boot(t, Config{})
	s := newScratch(t, k)
	format := s.text("x")
	require.False(t, k.mem.try(func() { k.vsnprintf(0, 0, format, 0) }))
}

func TestVsprintfMayTakeItsOwnBufferAsArgument(t *testing.T) {
	k := boot(t, Config{})
	s := newScratch(t, k)
	buf := s.room(64)
	k.mem.Write(buf, []byte("abc\x00"))
	k.vsnprintf(buf, unlimited, s.text("%s, %d"), s.words(buf, 5))
	require.Equal(t, "abc, 5", s.cString(buf))
}

// A width of nine hundred million costs no time. (From 938 million on the end of this buffer's text would wrap around and
// hit address 0, here as there.)
func TestVsnprintfWithAHugeWidth(t *testing.T) {
	k := boot(t, Config{})
	s := newScratch(t, k)
	buf, format := s.room(8), s.text("%900000000d")
	require.EqualValues(t, 900000000, k.vsnprintf(buf, 8, format, s.words(1)))
	require.Equal(t, "       \x00", string(k.mem.Bytes(buf, 8)))
}

func TestVsprintfStoresCounts(t *testing.T) {
	k := boot(t, Config{})
	s := newScratch(t, k)
	count := s.words(0)
	k.vsnprintf(s.room(16), unlimited, s.text("abc%n def"), s.words(count))
	require.EqualValues(t, 3, k.mem.U32(count))
}

func TestSscanf(t *testing.T) {
	k := boot(t, Config{})
	s := newScratch(t, k)
	for _, c := range []struct {
		text, format string
		n            uint32
		want         []string // each argument's memory up to a NUL or #: %d words as decimals
	}{
		{"12 7", "%d %d", 2, []string{"12", "7"}},
		{"5,6", "%d,%n%d", 2, []string{"5", "2", "6"}},
		{"5 6", "%*d %d", 1, []string{"6"}},
		{"k=5", "k=%d", 1, []string{"5"}},
		{"k:5", "k=%d", 0, nil},
		{"", "%d", 0, nil},
		{"-7", "%d", 0, nil},
		{"ff", "%x", 0, nil},
		{"1f", "%x", 1, []string{"31"}},
		{"0xff", "%x", 1, []string{"0"}},
		{"17", "%o", 1, []string{"15"}},
		{"7 8", "%d%%", 1, []string{"7"}},
		{"100%8", "%d%%%d", 2, []string{"100", "8"}},
		{"  12", "%d", 1, []string{"12"}},
		{"12 ab", "%d %y", 1, []string{"12"}},
		{"99999999999", "%u", 1, []string{"1215752191"}},
	} {
		args := s.words(s.words(0), s.words(0), s.words(0))
		require.Equal(t, c.n, k.vsscanf(s.text(c.text), s.text(c.format), args), "%q %q", c.text, c.format)
		for i, want := range c.want {
			got := k.mem.U32(k.mem.U32(args + uint32(i)*4))
			require.Equal(t, want, strconv.Itoa(int(got)), "%q %q argument %d", c.text, c.format, i)
		}
	}
}

func TestSscanfText(t *testing.T) {
	k := boot(t, Config{})
	s := newScratch(t, k)
	for _, c := range []struct{ text, format, first, second string }{
		{"xyz", "%c", "xy####", "######"}, // one byte too many
		{"x", "%c", "x#####", "######"},
		{"abc def", "%3s", "abc\x00##", "######"},
		{"  abc def", "%s %s", "abc\x00##", "def\x00##"},
		{"abcdef gh", "%2s%s", "ab\x00###", "cdef\x00#"}, // a width used up by -1 is none
		{"abcdef gh", "%4s%s", "abcd\x00#", "ef\x00###"},
	} {
		first, second := s.room(8), s.room(8)
		k.vsscanf(s.text(c.text), s.text(c.format), s.words(first, second))
		require.Equal(t, c.first, string(k.mem.Bytes(first, 6)), "%q %q", c.text, c.format)
		require.Equal(t, c.second, string(k.mem.Bytes(second, 6)), "%q %q", c.text, c.format)
	}
}

func BenchmarkPrintk(b *testing.B) {
	k := boot(b, Config{})
	s := newScratch(b, k)
	format, args := s.text("eth%d: %s at %#lx, IRQ %d.\n"), s.words(0, s.text("RealTek"), 0xc8800000, 11)
	for b.Loop() {
		k.vsnprintf(k.sym.PrintkBuf, printkBufLen, format, args)
		k.logPrintkBuf()
		k.log.text, k.log.console = k.log.text[:0], k.log.console[:0]
	}
}
