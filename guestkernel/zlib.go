// SPDX-License-Identifier: BSD-3-Clause
// Decompression for the kernel: struct z_stream_s (2.4.18 lib/zlib_inflate). A stream must be decompressed by one call.

package guestkernel

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
)

// struct z_stream_s, and what its functions return.
const (
	zNextIn   = 0
	zAvailIn  = 4
	zTotalIn  = 8
	zNextOut  = 12
	zAvailOut = 16
	zTotalOut = 20
	zMsg      = 24

	zStreamEnd   = 1
	zStreamError = 0xfffffffe // Z_STREAM_ERROR, -2
	zDataError   = 0xfffffffd // Z_DATA_ERROR, -3
	zVersionErr  = 0xfffffffa // Z_VERSION_ERROR, -6

	zStreamSize    = 48
	zWorkspaceSize = 42404 // inflate_workspace of this build
)

func zlibFunctions() []Function {
	return []Function{
		{Name: "zlib_inflate_workspacesize", Fn: func(c *Call) { c.Return(zWorkspaceSize) }, Level: Full},
		{Name: "zlib_inflateInit_", Fn: zlibInit, Level: Full},
		{Name: "zlib_inflateReset", Fn: zlibReset, Level: Full},
		{Name: "zlib_inflateEnd", Fn: func(c *Call) { c.Return(boolWord(c.Arg(0) == 0) * zStreamError) }, Level: Full},
		{Name: "zlib_inflate", Fn: zlibInflate, Level: Partial, Note: "a stream in several pieces stops the run by name"},
	}
}

// zlibInit models int zlib_inflateInit_(z_streamp z, const char *version, int stream_size).
func zlibInit(c *Call) {
	k := c.Kernel
	switch {
	case c.Arg(1) == 0, k.mem.U8(c.Arg(1)) != '1', c.Arg(2) != zStreamSize:
		c.Return(zVersionErr)
	default:
		zlibReset(c)
	}
}

// zlibReset models int zlib_inflateReset(z_streamp z): a new stream begins.
func zlibReset(c *Call) {
	k, z := c.Kernel, c.Arg(0)
	if z == 0 {
		c.Return(zStreamError)
		return
	}
	k.mem.SetU32(z+zTotalIn, 0)
	k.mem.SetU32(z+zTotalOut, 0)
	k.mem.SetU32(z+zMsg, 0)
	c.Return(0)
}

// zlibInflate models int zlib_inflate(z_streamp z, int f): Z_STREAM_END, or Z_DATA_ERROR for what is no stream.
func zlibInflate(c *Call) {
	k, z := c.Kernel, c.Arg(0)
	if z == 0 || k.mem.U32(z+zNextIn) == 0 {
		c.Return(zStreamError)
		return
	}
	in := bytes.NewReader(k.mem.Bytes(k.mem.U32(z+zNextIn), k.mem.U32(z+zAvailIn)))
	room := k.mem.U32(z + zAvailOut)
	out, err := inflate(in, room+1)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == nil && uint32(len(out)) > room, k.mem.U32(z+zTotalIn) != 0:
		k.stop(Outcome{Kind: Missing, Reason: "zlib_inflate of a stream in several pieces is not written"})
	case err != nil:
		c.Return(zDataError)
		return
	}
	k.mem.Write(k.mem.U32(z+zNextOut), out)
	used := k.mem.U32(z+zAvailIn) - uint32(in.Len())
	for _, f := range []struct{ at, by uint32 }{
		{zNextIn, used}, {zTotalIn, used}, {zAvailIn, -used},
		{zNextOut, uint32(len(out))}, {zTotalOut, uint32(len(out))}, {zAvailOut, -uint32(len(out))},
	} {
		k.mem.SetU32(z+f.at, k.mem.U32(z+f.at)+f.by)
	}
	c.Return(zStreamEnd)
}

// inflate decompresses at most limit bytes.
func inflate(in *bytes.Reader, limit uint32) ([]byte, error) {
	r, err := zlib.NewReader(in)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, int64(limit)))
}
