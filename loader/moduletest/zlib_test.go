// SPDX-License-Identifier: BSD-3-Clause
// The modelled zlib_inflate beside the real one's machine code, call by call, and the modules that use it. RING0_CORPUS names
// a built tree of 2.4.18-14.

package moduletest

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"math/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/loader"
)

func corpus(t *testing.T) string {
	dir := os.Getenv("RING0_CORPUS")
	if dir == "" {
		t.Skip("RING0_CORPUS is not set: no corpus of real modules")
	}
	return dir
}

// struct z_stream_s.
const (
	zSize      = 48
	zNextIn    = 0
	zAvailIn   = 4
	zNextOut   = 12
	zAvailOut  = 16
	zTotalOut  = 20
	zMsg       = 24
	zState     = 28
	zWorkspace = 32
	zRoom      = 1 << 16
)

// A zstream is a stream in guest memory, and whose functions it is used with.
type zstream struct {
	k         *Kernel
	at        uint32
	in, out   uint32
	call      func(function string, args ...any) int32
	workspace uint32
}

func newZstream(k *Kernel, call func(string, ...any) int32) *zstream {
	vmalloc := func(n int) uint32 { return uint32(k.Call("__vmalloc", n, 0x1f2, Addr(0x163))) }
	z := &zstream{k: k, call: call, in: vmalloc(1 << 19), out: vmalloc(zRoom)}
	z.workspace = vmalloc(int(call("zlib_inflate_workspacesize")))
	z.at = vmalloc(zSize)
	z.set(zWorkspace, z.workspace)
	z.set(zNextIn, z.in)
	return z
}

func (z *zstream) get(field uint32) uint32 {
	return binary.LittleEndian.Uint32(z.k.Peek(z.at+field, 4))
}
func (z *zstream) set(field, v uint32) {
	z.k.Poke(z.at+field, binary.LittleEndian.AppendUint32(nil, v))
}

// report is everything that a caller can see of the stream after a call: its fields, with places instead of addresses, its
// message, what it has put out, and the window.
func (z *zstream) report(result int32) map[string]any {
	msg := ""
	if at := z.get(zMsg); at != 0 {
		msg = z.k.Text(at)
	}
	f := map[string]any{"result": result, "message": msg, "next_in": z.get(zNextIn) - z.in, "next_out": z.get(zNextOut) - z.out}
	for name, field := range map[string]uint32{"avail_in": 4, "total_in": 8, "avail_out": 16, "total_out": 20, "adler": 40} {
		f[name] = z.get(field)
	}
	f["output"] = string(z.k.Peek(z.out, int(z.get(zNextOut)-z.out)))
	f["state"] = z.get(zState) != 0
	const window = 1 << 15
	f["window"] = string(z.k.Peek(z.workspace+uint32(z.call("zlib_inflate_workspacesize"))-window, window))
	return f
}

// packedTexts are streams of all kinds of blocks, whole and damaged.
func packedTexts(t *testing.T, random *rand.Rand) (streams [][]byte) {
	text := bytes.Repeat([]byte("a test of decompression, in which some words come twice, in which some do not; "), 400)
	noise := make([]byte, 20000)
	random.Read(noise)
	few := make([]byte, 9000)
	for i := range few {
		few[i] = byte(random.Intn(5)) * 3
	}
	for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 9} {
		for _, plain := range [][]byte{text, noise, few, text[:50]} {
			var b bytes.Buffer
			w, err := zlib.NewWriterLevel(&b, level)
			require.NoError(t, err)
			half := random.Intn(len(plain))
			_, _ = w.Write(plain[:half])
			require.NoError(t, w.Flush())
			_, _ = w.Write(plain[half:])
			require.NoError(t, w.Close())
			streams = append(streams, b.Bytes())
		}
	}
	for _, good := range streams[:len(streams):len(streams)] {
		for range 3 {
			bad := bytes.Clone(good)
			for range 1 + random.Intn(3) {
				bad[random.Intn(min(len(bad), 2000))] ^= 1 << random.Intn(8)
			}
			streams = append(streams, bad)
		}
	}
	return streams
}

func TestInflateAsTheRealOne(t *testing.T) {
	k := Boot(t, Config{NoChecks: true})
	data, err := os.ReadFile(filepath.Join(corpus(t), "lib", "zlib_inflate", "zlib_inflate.o"))
	require.NoError(t, err)
	m, err := k.LoadObject("zlib_inflate.o", data, loader.Options{Force: true}) // it is no module: the kernel has it built in
	require.NoError(t, err)
	random := rand.New(rand.NewSource(4))
	real := newZstream(k, m.Call)
	model := newZstream(k, k.Call)
	pair := []*zstream{model, real}
	both := func(function string, args ...any) {
		t.Helper()
		var reports [2]map[string]any
		for i, z := range pair {
			reports[i] = z.report(z.call(function, append([]any{Addr(z.at)}, args...)...))
		}
		require.Equal(t, reports[1], reports[0], "%s %v", function, args)
	}
	for n, stream := range packedTexts(t, random) {
		for _, z := range pair {
			k.Poke(z.in, stream)
			k.Poke(z.workspace, make([]byte, 46912))
			z.set(zNextIn, z.in)
			z.set(zNextOut, z.out)
		}
		if n%5 == 4 {
			both("zlib_inflateInit2_", 8+random.Intn(8), "1.1.3", zSize)
		} else {
			both("zlib_inflateInit_", "1.1.3", zSize)
		}
		most := 1 << (3 + random.Intn(12))
		for fed := 0; ; {
			more := min(random.Intn(most), len(stream)-fed)
			fed += more
			room := random.Intn(most)
			for _, z := range pair {
				z.set(zAvailIn, z.get(zAvailIn)+uint32(more))
				z.set(zNextOut, z.out)
				z.set(zAvailOut, uint32(room))
			}
			before := model.get(zTotalOut)
			switch random.Intn(20) {
			case 0:
				both("zlib_inflateSyncPoint")
			case 1:
				both("zlib_inflateSync")
			case 2:
				both("zlib_inflateIncomp")
			default:
				both("zlib_inflate", []int{0, 0, 0, 0, 1, 2, 3, 4, 5}[random.Intn(9)])
			}
			if fed == len(stream) && (model.get(zAvailIn) == 0 || random.Intn(30) == 0) && model.get(zTotalOut) == before {
				break
			}
		}
		if n%2 == 0 {
			both("zlib_inflateReset")
		}
		both("zlib_inflateEnd")
		both("zlib_inflateEnd")
		for _, z := range pair {
			z.set(zAvailIn, 0)
		}
	}
}
