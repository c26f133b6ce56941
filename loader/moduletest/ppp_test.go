// SPDX-License-Identifier: BSD-3-Clause
// PPP's compression by real modules: what one end packs the other end unpacks, by the modelled zlib_inflate.

package moduletest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Functions of struct compressor, by their number; the first word is a protocol number.
const (
	compAlloc, compInit, compress                = 1, 3, 5
	decompAlloc, decompInit, decompress, incompr = 7, 9, 11, 12
	decompFree, compFree                         = 8, 2
)

func TestPPPDeflate(t *testing.T) {
	k := Boot(t, Config{Dir: corpus(t), NoChecks: true})
	k.Load("drivers/net/slhc.o")
	k.Load("drivers/net/ppp_generic.o")
	k.Load("lib/zlib_deflate/zlib_deflate.o")
	m := k.Load("drivers/net/ppp_deflate.o")
	op := func(n uint32, args ...any) int32 {
		fn := binary.LittleEndian.Uint32(k.Peek(m.Addr("ppp_deflate")+4*n, 4))
		v, err := k.TryCall(fn, args...)
		require.NoError(t, err)
		return v
	}
	const (
		mru     = 1500
		proto   = 0x21
		options = "\x1a\x04\x78\x00" // CCP: deflate, 4 bytes, window of 32 KB, sequence numbers checked
		head    = 4                  // address, control, protocol
	)
	tx, rx := Addr(op(compAlloc, []byte(options), 4)), Addr(op(decompAlloc, []byte(options), 4))
	require.NotZero(t, tx)
	require.NotZero(t, rx)
	require.EqualValues(t, 1, op(compInit, tx, []byte(options), 4, 0, 0, 0))
	require.EqualValues(t, 1, op(decompInit, rx, []byte(options), 4, 0, 0, mru, 1))
	ratio := 0
	for i := range 40 {
		packet := append([]byte{0xff, 0x03, 0, proto}, bytes.Repeat(fmt.Appendf(nil, "packet %d of many; ", i), 1+i)...)
		packed, back := make([]byte, mru+head), make([]byte, mru+head)
		n := op(compress, tx, packet, packed, len(packet), len(packed))
		if n <= 0 { // not worth it: the packet goes as it is, and the other end learns of it
			op(incompr, rx, packet, len(packet))
			continue
		}
		ratio += len(packet) - int(n)
		got := op(decompress, rx, packed[:n], int(n), back, len(back))
		require.EqualValues(t, len(packet), got, "packet %d", i)
		require.Equal(t, packet, back[:got])
	}
	require.Greater(t, ratio, 5000)
	damaged := make([]byte, mru+head)
	n := op(compress, tx, bytes.Repeat([]byte{0xff, 0x03, 0, proto, 1}, 50), damaged, 250, len(damaged))
	require.Positive(t, n)
	damaged[6] |= 7 // behind the sequence number: no kind of block
	require.EqualValues(t, -2, op(decompress, rx, damaged[:n], int(n), make([]byte, mru), mru))
	k.ExpectLog("inflate returned -3 (invalid block type)")
	op(compFree, tx)
	op(decompFree, rx)
	m.Unload()
}
