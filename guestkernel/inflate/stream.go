// SPDX-License-Identifier: BSD-3-Clause
// The stream: two bytes of head, blocks, four bytes of check value (2.4.18 lib/zlib_inflate/inflate.c; RFC 1950).

package inflate

// Modes of a stream.
const (
	modeMethod = iota
	modeFlag
	modeDict4 // bytes of a dictionary's check value to come
	modeDict3
	modeDict2
	modeDict1
	modeDict0
	modeBlocks
	modeCheck4 // bytes of the check value to come
	modeCheck3
	modeCheck2
	modeCheck1
	modeDone
	modeBad
	modes
)

const (
	deflated   = 8
	presetDict = 0x20
	noSync     = 5 // Marker of an error behind which no flush marker is looked for
)

// NewState is the state of a stream with a window of 1 << bits bytes. Without a wrapper it has neither head nor check value.
func NewState(bits uint32, wrapper bool) *State {
	s := &State{WBits: bits}
	if !wrapper {
		s.NoWrap = 1
	}
	return s
}

// Reset begins a new stream.
func (z *Stream) Reset() {
	z.TotalIn, z.TotalOut, z.Msg = 0, 0, ""
	z.State.Mode = modeMethod
	if z.State.NoWrap != 0 {
		z.State.Mode = modeBlocks
	}
	z.ResetBlocks()
}

// ResetBlocks forgets the window and begins with a block.
func (z *Stream) ResetBlocks() {
	s := z.State
	s.Block, s.BitK, s.BitB, s.Read, s.Write = blockType, 0, 0, 0, 0
	if s.NoWrap == 0 {
		s.Check = 1
		z.Adler = 1
	}
}

// bad ends a stream with an error.
func (z *Stream) bad(msg string, marker uint32) {
	z.State.Mode, z.State.Marker = modeBad, marker
	if msg != "" {
		z.Msg = msg
	}
}

// byteIn takes a byte of input.
func (z *Stream) byteIn() uint32 {
	at := z.Taken - z.pieceAt
	if at < 0 || at >= len(z.piece) {
		z.piece, z.pieceAt, at = z.Input(z.Taken), z.Taken, 0
	}
	z.Taken++
	z.TotalIn++
	return uint32(z.piece[at])
}

// left is how many bytes of input are left.
func (z *Stream) left() int { return z.Avail - z.Taken }

// Inflate goes on with a stream until input or room ends.
func (z *Stream) Inflate(flush uint32) Result {
	s := z.State
	good := OK
	if flush == Finish {
		good = BufError
	}
	r := BufError
	for {
		switch {
		case s.Mode == modeDict0:
			z.bad("need dictionary", 0)
			return StreamError
		case s.Mode == modeDone:
			return StreamEnd
		case s.Mode == modeBad:
			return DataError
		case s.Mode == modeBlocks:
			var ended bool
			if r, ended = z.allBlocks(r, good, flush); ended {
				return r
			}
			continue
		case z.left() == 0:
			return z.starved(r, flush)
		}
		r = good
		z.wrapper(z.byteIn())
		if s.Mode == modeDict0 {
			return NeedDict
		}
	}
}

// starved is the end of a call for want of input, which a packet does not allow.
func (z *Stream) starved(r Result, flush uint32) Result {
	if flush != PacketFlush {
		return r
	}
	z.bad("need more for packet flush", 0)
	return DataError
}

// wrapper takes a byte of the head or of the check value.
func (z *Stream) wrapper(b uint32) {
	s := z.State
	switch s.Mode {
	case modeMethod:
		s.Method = b
		switch {
		case b&0xf != deflated:
			z.bad("unknown compression method", noSync)
		case b>>4+8 > s.WBits:
			z.bad("invalid window size", noSync)
		default:
			s.Mode = modeFlag
		}
	case modeFlag:
		switch {
		case (s.Method<<8+b)%31 != 0:
			z.bad("incorrect header check", noSync)
		case b&presetDict != 0:
			s.Mode = modeDict4
		default:
			s.Mode = modeBlocks
		}
	case modeDict4, modeCheck4:
		s.Need = b << 24
		s.Mode++
	case modeDict3, modeCheck3:
		s.Need += b << 16
		s.Mode++
	case modeDict2, modeCheck2:
		s.Need += b << 8
		s.Mode++
	case modeDict1:
		s.Need += b
		z.Adler = s.Need
		s.Mode = modeDict0
	case modeCheck1:
		s.Need += b
		if s.Mode = modeDone; s.Was != s.Need {
			z.bad("incorrect data check", noSync)
		}
	}
}

// allBlocks decompresses blocks. ended says that the call returns r.
func (z *Stream) allBlocks(r, good Result, flush uint32) (_ Result, ended bool) {
	s := z.State
	r = z.blocks(r)
	if flush == PacketFlush && z.left() == 0 && z.Room != 0 {
		r = z.packetEnd()
	}
	switch r {
	case DataError:
		z.bad("", 0)
		return r, false
	case OK:
		return good, true
	case StreamEnd:
	default:
		return r, true
	}
	s.Was = s.Check
	z.ResetBlocks()
	s.Mode = modeCheck4
	if s.NoWrap != 0 {
		s.Mode = modeDone
	}
	return good, false
}

// packetEnd is the end of a PPP packet: the length of an empty stored block would come next.
func (z *Stream) packetEnd() Result {
	if z.State.Block != blockLength {
		return DataError
	}
	z.State.Block = blockType
	return OK
}

// Sync looks for a flush marker, 0 0 ff ff, behind which decompression can begin again.
func (z *Stream) Sync() Result {
	s := z.State
	if s.Mode != modeBad {
		z.bad("", 0)
	}
	if z.left() == 0 {
		return BufError
	}
	for z.left() > 0 && s.Marker < 4 {
		want := uint32(0)
		if s.Marker >= 2 {
			want = 0xff
		}
		switch b := z.byteIn(); {
		case b == want:
			s.Marker++
		case b != 0:
			s.Marker = 0
		default:
			s.Marker = 4 - s.Marker
		}
	}
	if s.Marker != 4 {
		return DataError
	}
	in, out := z.TotalIn, z.TotalOut
	z.Reset()
	z.TotalIn, z.TotalOut = in, out
	s.Mode = modeBlocks
	return OK
}

// AtSyncPoint tells whether a stored block's length comes next.
func (z *Stream) AtSyncPoint() bool { return z.State.Block == blockLength }

// AddHistory takes the input as if it had been decompressed: for packets that came as they were.
func (z *Stream) AddHistory() Result {
	s := z.State
	switch {
	case s.Mode != modeBlocks:
		return DataError
	case s.Read != s.Write:
		return StreamError
	case s.Block != blockType:
		return DataError
	}
	size := uint32(len(z.Window))
	for z.left() > 0 {
		n := min(uint32(z.left()), size-s.Write)
		if s.NoWrap == 0 { // of what lies there: a mistake of the kernel's that nobody notices, for PPP has no check values
			s.Check = adler(s.Check, z.Window[s.Write:s.Write+n])
		}
		for range n {
			z.put(byte(z.byteIn()))
		}
		if z.TotalOut += n; s.Write == size {
			s.Write = 0
		}
		s.Read = s.Write
	}
	return OK
}
