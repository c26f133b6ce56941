// SPDX-License-Identifier: BSD-3-Clause

package inflate

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pieces decompresses b with so many bytes of input and room at a time. The state goes through memory between calls.
func pieces(t *testing.T, b []byte, in, room int, flush uint32) (out []byte, r Result, msg string) {
	t.Helper()
	z := &Stream{State: NewState(15, true), Window: make([]byte, 1<<15)}
	z.Reset()
	done := 0
	for range 4 * (len(b) + 1<<20) {
		z.Avail, z.Taken = min(in, len(b)-done), 0
		z.piece = nil
		z.Input = func(at int) []byte { return b[done+at : done+at+1] }
		z.Room = uint32(room)
		z.Output = func(p []byte) { out = append(out, p...) }
		r = z.Inflate(flush)
		done += z.Taken
		if r != OK && (r != BufError || done == len(b) && z.Room != 0) || r == OK && done == len(b) && z.Room != 0 {
			break
		}
		var again State
		require.True(t, again.Unmarshal(z.State.Marshal()), "%+v", z.State)
		require.Equal(t, *z.State, again)
		z.State = &again
	}
	require.EqualValues(t, len(out), z.TotalOut)
	return out, r, z.Msg
}

// texts are what compresses to blocks of all kinds.
func texts() map[string][]byte {
	random := make([]byte, 70000)
	rand.New(rand.NewSource(1)).Read(random)
	few := bytes.Clone(random[:20000])
	for i := range few {
		few[i] &= 3
	}
	long := strings.Repeat("the quick brown fox jumps over the lazy dog. ", 3000)
	return map[string][]byte{"nothing": nil, "a byte": {7}, "zeros": make([]byte, 200000), "random": random, "few": few, "text": []byte(long)}
}

func TestRoundTrip(t *testing.T) {
	for name, text := range texts() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.BestCompression} {
			var packed bytes.Buffer
			w, err := zlib.NewWriterLevel(&packed, level)
			require.NoError(t, err)
			_, err = w.Write(text)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			for _, piece := range [][2]int{{1 << 30, 1 << 30}, {1000, 100}, {17, 5000}} {
				out, r, msg := pieces(t, packed.Bytes(), piece[0], piece[1], 0)
				require.Equal(t, StreamEnd, r, "%s level %d pieces %v: %s", name, level, piece, msg)
				require.True(t, bytes.Equal(text, out), "%s level %d pieces %v", name, level, piece)
			}
		}
	}
}

// What is no stream ends with an error that has a name, or wants more; never with more output than there is.
func TestDamaged(t *testing.T) {
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, _ = w.Write(texts()["text"][:3000])
	require.NoError(t, w.Close())
	random, seen := rand.New(rand.NewSource(2)), map[string]bool{}
	for range 1500 {
		b := bytes.Clone(packed.Bytes())
		for range 1 + random.Intn(3) {
			b[random.Intn(len(b))] ^= 1 << random.Intn(8)
		}
		_, r, msg := pieces(t, b, 1<<30, 1<<30, Finish)
		if r == DataError {
			seen[msg] = true
			require.NotEmpty(t, msg)
		}
	}
	require.Greater(t, len(seen), 8, "%v", seen)
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		in   string
		want string
	}{
		{"\x77", "unknown compression method"},
		{"\x88\x00", "invalid window size"},
		{"\x78\x02", "incorrect header check"},
		{"\x78\x01\x07", "invalid block type"},
		{"\x78\x01\x01\x01\x00\x00\x00", "invalid stored block lengths"},
		{"\x78\x01\x05\xff\xff", "too many length or distance symbols"},
		{"\x78\x01\x01\x00\x00\xff\xff\x00\x00\x00\x02", "incorrect data check"},
	} {
		_, r, msg := pieces(t, []byte(c.in), 1, 10, 0)
		require.Equal(t, DataError, r, "%x", c.in)
		require.Equal(t, c.want, msg, "%x", c.in)
	}
	_, r, _ := pieces(t, []byte("\x78\xbb\x01\x02\x03\x04"), 1, 10, 0)
	require.Equal(t, NeedDict, r)
}

// A full flush marker is found behind damage, and what follows is decompressed.
func TestSync(t *testing.T) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, 6)
	require.NoError(t, err)
	_, _ = w.Write([]byte("first part, first part"))
	require.NoError(t, w.Flush())
	second := packed.Len()
	w.Reset(&packed)
	_, _ = w.Write([]byte("second"))
	require.NoError(t, w.Close())
	b := append([]byte{0xff, 0xff, 0xff}, packed.Bytes()...)
	var out []byte
	z := &Stream{
		State: NewState(15, false), Window: make([]byte, 1<<15), Avail: len(b), Room: 100,
		Input:  func(at int) []byte { return b[at:] },
		Output: func(p []byte) { out = append(out, p...) },
	}
	z.Reset()
	require.Equal(t, DataError, z.Inflate(0))
	require.Equal(t, OK, z.Sync())
	require.Equal(t, 3+second, z.Taken)
	require.Equal(t, StreamEnd, z.Inflate(0))
	require.Equal(t, "second", string(out))
}

// A state is refused when no stream can be in it, and any other does no harm.
func TestTamperedStates(t *testing.T) {
	random := rand.New(rand.NewSource(3))
	good := 0
	for range 20000 {
		b := NewState(15, true).Marshal()
		for range 1 + random.Intn(20) {
			b[4*random.Intn(27)] = byte(random.Intn(16))
		}
		for i := 27 * 4; i < len(b) && random.Intn(2) == 0; i++ {
			b[i] = byte(random.Intn(16))
		}
		b[6*4] = byte(8 + random.Intn(8))
		var s State
		if !s.Unmarshal(b) {
			continue
		}
		good++
		in := make([]byte, random.Intn(200))
		random.Read(in)
		z := &Stream{
			State: &s, Window: make([]byte, 1<<s.WBits), Avail: len(in), Room: uint32(random.Intn(500)),
			Input: func(at int) []byte { return append([]byte{0}, in...)[at+1:] }, Output: func([]byte) {},
		}
		z.Inflate(uint32(random.Intn(6)))
	}
	require.Greater(t, good, 1000)
}

func FuzzInflate(f *testing.F) {
	f.Add([]byte("\x78\x9c\x4b\x04\x00\x00\x62\x00\x62"), uint8(3), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, in, room uint8) {
		if len(b) > 4096 || in == 0 || room == 0 {
			return
		}
		out, r, _ := pieces(t, b, int(in), int(room), 0)
		reader, err := zlib.NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		want, err := io.ReadAll(reader)
		if err == nil {
			require.Equal(t, fmt.Sprint(StreamEnd, want), fmt.Sprint(r, out))
		}
	})
}
