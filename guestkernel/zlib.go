// SPDX-License-Identifier: BSD-3-Clause
// Decompression for the kernel: struct z_stream_s (2.4.18 lib/zlib_inflate). Package inflate does it; what a stream is between
// two calls lies in the workspace that its user gives.

package guestkernel

import (
	"bytes"

	"ring0/guestkernel/abi"
	"ring0/guestkernel/inflate"
)

// struct z_stream_s.
const (
	zNextIn    = 0
	zAvailIn   = 4
	zTotalIn   = 8
	zNextOut   = 12
	zAvailOut  = 16
	zTotalOut  = 20
	zMsg       = 24
	zState     = 28
	zWorkspace = 32
	zAdler     = 40

	zStreamSize = 48
	zMaxBits    = 15
)

// The workspace: the real one's size and the places of its state and window in it. Our state lies at its beginning, and behind
// that the text of the last error.
const (
	zWorkspaceSize = 46912
	zInternalState = 92 // what z->state points to
	zMessage       = 1024
	zWindow        = zWorkspaceSize - 1<<zMaxBits
)

func zlibFunctions() []Function {
	return []Function{
		{Name: "zlib_inflate_workspacesize", Fn: func(c *Call) { c.Return(zWorkspaceSize) }, Level: Full},
		{Name: "zlib_inflateInit_", Fn: func(c *Call) { c.zlibInit(c.Arg(0), zMaxBits, c.Arg(1), c.Arg(2)) }, Level: Full},
		{Name: "zlib_inflateInit2_", Fn: func(c *Call) { c.zlibInit(c.Arg(0), int32(c.Arg(1)), c.Arg(2), c.Arg(3)) }, Level: Full},
		{Name: "zlib_inflateReset", Fn: func(c *Call) { c.withInflate(false, zlibReset) }, Level: Full},
		{Name: "zlib_inflateEnd", Fn: zlibEnd, Level: Full},
		{Name: "zlib_inflate", Fn: zlibInflate, Level: Full},
		{Name: "zlib_inflateSync", Fn: func(c *Call) { c.withInflate(false, (*inflate.Stream).Sync) }, Level: Full},
		{Name: "zlib_inflateSyncPoint", Fn: func(c *Call) { c.withInflate(false, zlibSyncPoint) }, Level: Full},
		{Name: "zlib_inflateIncomp", Fn: zlibIncomp, Level: Full},
	}
}

func zlibReset(z *inflate.Stream) inflate.Result {
	z.Reset()
	return inflate.OK
}

func zlibSyncPoint(z *inflate.Stream) inflate.Result {
	if z.AtSyncPoint() {
		return 1
	}
	return 0
}

// zlibInit models int zlib_inflateInit2_(z_streamp z, int w, const char *version, int stream_size): a window of 1 << w bytes; a
// negative w is a stream without head and check value.
func (c *Call) zlibInit(at uint32, bits int32, version, size uint32) {
	const leastBits = 8
	k := c.Kernel
	if version == 0 || k.mem.U8(version) != '1' || size != zStreamSize || k.mem.U32(at+zWorkspace) == 0 {
		c.zlibReturn(inflate.VersionError)
		return
	}
	workspace := k.mem.U32(at + zWorkspace)
	k.mem.SetU32(at+zMsg, 0)
	wrapper := bits >= 0
	if !wrapper {
		bits = -bits
	}
	if bits < leastBits || bits > zMaxBits {
		k.mem.SetU32(at+zState, 0)
		c.zlibReturn(inflate.StreamError)
		return
	}
	k.mem.SetU32(at+zState, workspace+zInternalState)
	state := inflate.NewState(uint32(bits), wrapper)
	k.mem.Write(workspace, state.Marshal())
	c.withInflate(false, zlibReset)
}

func (c *Call) zlibReturn(r inflate.Result) { c.Return(uint32(r)) }

// zlibEnd models int zlib_inflateEnd(z_streamp z).
func zlibEnd(c *Call) {
	k, at := c.Kernel, c.Arg(0)
	if at == 0 || k.mem.U32(at+zState) == 0 || k.mem.U32(at+zWorkspace) == 0 {
		c.zlibReturn(inflate.StreamError)
		return
	}
	c.withInflate(false, func(z *inflate.Stream) inflate.Result {
		z.ResetBlocks()
		return inflate.OK
	})
	k.mem.SetU32(at+zState, 0)
}

// zlibInflate models int zlib_inflate(z_streamp z, int f).
func zlibInflate(c *Call) {
	if z := c.Arg(0); z != 0 && c.Kernel.mem.U32(z+zNextIn) == 0 {
		c.zlibReturn(inflate.StreamError)
		return
	}
	flush := c.Arg(1)
	c.withInflate(true, func(z *inflate.Stream) inflate.Result { return z.Inflate(flush) })
}

// zlibIncomp models int zlib_inflateIncomp(z_stream *z). Unlike the others it does not ask whether there is a stream.
func zlibIncomp(c *Call) {
	c.Kernel.mem.U32(c.Kernel.mem.U32(c.Arg(0) + zState))
	c.withInflate(true, (*inflate.Stream).AddHistory)
}

// withInflate does something with the stream of the first argument, and returns what that says. data tells that the window
// may change.
func (c *Call) withInflate(data bool, do func(*inflate.Stream) inflate.Result) {
	k, at := c.Kernel, c.Arg(0)
	if at == 0 || k.mem.U32(at+zState) == 0 || k.mem.U32(at+zWorkspace) == 0 {
		c.zlibReturn(inflate.StreamError)
		return
	}
	workspace, next, to := k.mem.U32(at+zWorkspace), k.mem.U32(at+zNextIn), k.mem.U32(at+zNextOut)
	z := &inflate.Stream{State: new(inflate.State)}
	if !z.State.Unmarshal(k.mem.Bytes(workspace, uint32(inflate.Size()))) { // somebody has written over it
		c.zlibReturn(inflate.StreamError)
		return
	}
	z.Avail, z.Room = int(k.mem.U32(at+zAvailIn)), k.mem.U32(at+zAvailOut)
	z.TotalIn, z.TotalOut, z.Adler = k.mem.U32(at+zTotalIn), k.mem.U32(at+zTotalOut), k.mem.U32(at+zAdler)
	z.Input = func(i int) []byte {
		from := next + uint32(i)
		return k.mem.Bytes(from, max(1, min(abi.PageSize-from%abi.PageSize, uint32(max(z.Avail-i, 0)))))
	}
	z.Output = func(b []byte) {
		k.mem.Write(to, b)
		to += uint32(len(b))
	}
	const fresh = "\x00" // no message: none was and none is
	z.Msg = fresh
	size := uint32(1) << z.State.WBits
	var before []byte
	if data {
		z.Window = k.mem.Bytes(workspace+zWindow, size)
		before = bytes.Clone(z.Window)
	}
	result := do(z)
	if data && !bytes.Equal(before, z.Window) {
		k.mem.Write(workspace+zWindow, z.Window)
	}
	k.mem.Write(workspace, z.State.Marshal())
	for _, f := range []struct{ at, v uint32 }{
		{zNextIn, next + uint32(z.Taken)}, {zAvailIn, uint32(z.Avail - z.Taken)}, {zTotalIn, z.TotalIn},
		{zNextOut, to}, {zAvailOut, z.Room}, {zTotalOut, z.TotalOut}, {zAdler, z.Adler},
	} {
		k.mem.SetU32(at+f.at, f.v)
	}
	switch z.Msg {
	case fresh:
	case "": // a new stream
		k.mem.SetU32(at+zMsg, 0)
	default:
		k.mem.Write(workspace+zMessage, append([]byte(z.Msg), 0))
		k.mem.SetU32(at+zMsg, workspace+zMessage)
	}
	c.zlibReturn(result)
}
