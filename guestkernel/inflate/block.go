// SPDX-License-Identifier: BSD-3-Clause
// Blocks: which kind, stored bytes, and the code lengths of dynamic blocks (2.4.18 lib/zlib_inflate/infblock.c; RFC 1951
// section 3.2.3 to 3.2.7).

package inflate

// Modes inside the blocks.
const (
	blockType   = iota // three bits come: last, kind
	blockLength        // of a stored block
	blockStored
	blockTable // how many code lengths a dynamic block has
	blockBits  // lengths of the codes that lengths are coded in
	blockCodes // lengths of codes
	blockData  // literals and copies
	blockDry   // only the window is to be given out
	blockDone
	blockBad
	blockModes
)

const (
	lengthCodes  = 19 // codes for code lengths
	firstLits    = 257
	literalBits  = 9 // of the first table for literals and lengths, for distances, for code lengths
	distanceBits = 6
	lengthBits   = 7
)

// lengthOrder is the order in which the lengths of the codes for lengths come.
var lengthOrder = [lengthCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// blocks decompresses until input, room or the last block ends. Whatever it returns, the window has been given out as far
// as possible.
func (z *Stream) blocks(r Result) Result {
	s := z.State
	for {
		on := false
		switch s.Block {
		case blockType:
			on = z.beginBlock(&r)
		case blockLength:
			on = z.storedLength(&r)
		case blockStored:
			on = z.stored(&r)
		case blockTable:
			on = z.dynamicCounts(&r)
		case blockBits:
			on = z.lengthLengths(&r)
		case blockCodes:
			on = z.codeLengths(&r)
		case blockData:
			if r = z.codes(r); r == StreamEnd {
				r, on = OK, true
				s.Block = s.nextBlock()
				break
			}
			return z.flush(r)
		case blockDry:
			if r = z.flush(r); s.Read == s.Write {
				s.Block, on = blockDone, true
			}
		case blockDone:
			r = StreamEnd
		case blockBad:
			r = DataError
		}
		if !on {
			return z.flush(r)
		}
	}
}

// nextBlock is what follows a block.
func (s *State) nextBlock() uint32 {
	if s.Last != 0 {
		return blockDry
	}
	return blockType
}

// badBlock ends the blocks with an error.
func (z *Stream) badBlock(msg string, r *Result) bool {
	z.State.Block, z.Msg, *r = blockBad, msg, DataError
	return false
}

// beginBlock reads whether it is the last block and its kind.
func (z *Stream) beginBlock(r *Result) bool {
	s := z.State
	if !z.needBits(3, r) {
		return false
	}
	head := s.bits(3)
	s.Last = head & 1
	s.dropBits(3)
	switch head >> 1 {
	case 0:
		s.dropBits(s.BitK & 7) // to a byte's boundary
		s.Block = blockLength
	case 1:
		s.Block, s.Code, s.Fixed = blockData, codeStart, 1
	case 2:
		s.Block = blockTable
	default:
		return z.badBlock("invalid block type", r)
	}
	return true
}

// storedLength reads a stored block's length and the same inverted.
func (z *Stream) storedLength(r *Result) bool {
	s := z.State
	if !z.needBits(32, r) {
		return false
	}
	if ^s.BitB>>16 != s.BitB&0xffff {
		return z.badBlock("invalid stored block lengths", r)
	}
	s.Left = s.BitB & 0xffff
	s.BitB, s.BitK = 0, 0
	if s.Block = blockStored; s.Left == 0 {
		s.Block = s.nextBlock()
	}
	return true
}

// stored copies what there is of a stored block.
func (z *Stream) stored(r *Result) bool {
	s := z.State
	if z.left() == 0 || !z.needRoom(r) {
		return false
	}
	n := min(s.Left, uint32(z.left()), z.room())
	for range n {
		z.put(byte(z.byteIn()))
	}
	if s.Left -= n; s.Left == 0 {
		s.Block = s.nextBlock()
	}
	return true
}

// literals and distances are how many code lengths of each a dynamic block has.
func (s *State) literals() uint32  { return firstLits + s.Counts&0x1f }
func (s *State) distances() uint32 { return 1 + s.Counts>>5&0x1f }

// dynamicCounts reads how many lengths there are.
func (z *Stream) dynamicCounts(r *Result) bool {
	const bits, most = 14, 29
	s := z.State
	if !z.needBits(bits, r) {
		return false
	}
	s.Counts = s.bits(bits)
	if s.Counts&0x1f > most || s.Counts>>5&0x1f > most {
		return z.badBlock("too many length or distance symbols", r)
	}
	s.dropBits(bits)
	s.Index, s.Block = 0, blockBits
	return true
}

// lengthLengths reads the lengths of the codes that lengths are coded in, three bits each.
func (z *Stream) lengthLengths(r *Result) bool {
	s := z.State
	for ; s.Index < 4+s.Counts>>10; s.Index++ {
		if !z.needBits(3, r) {
			return false
		}
		s.Short[lengthOrder[s.Index]] = uint8(s.bits(3))
		s.dropBits(3)
	}
	for ; s.Index < lengthCodes; s.Index++ {
		s.Short[lengthOrder[s.Index]] = 0
	}
	t, kind := lengthTable(s.Short[:lengthCodes])
	switch {
	case kind == tableOver:
		return z.badBlock("oversubscribed dynamic bit lengths tree", r)
	case kind == tableShort, t == nil:
		return z.badBlock("incomplete dynamic bit lengths tree", r)
	}
	s.Index, s.Depth, s.Block = 0, t.bits, blockCodes
	return true
}

// codeLengths reads the lengths of all codes.
func (z *Stream) codeLengths(r *Result) bool {
	s := z.State
	total := s.literals() + s.distances()
	t, _ := lengthTable(s.Short[:lengthCodes])
	if t == nil || total > uint32(len(s.Lengths)) {
		return z.badBlock("incomplete dynamic bit lengths tree", r) // a state that was tampered with
	}
	for s.Index < total {
		if !z.needBits(s.Depth, r) {
			return false
		}
		e := t.entries[s.bits(t.bits)]
		if e.value < 16 {
			s.dropBits(uint32(e.bits))
			s.Lengths[s.Index] = uint8(e.value)
			s.Index++
			continue
		}
		if !z.repeatLength(e, total, r) {
			return false
		}
	}
	return z.dynamicCodes(r)
}

// repeatLength takes a code that stands for several lengths: the last one, or 0, a number of times that follows.
func (z *Stream) repeatLength(e entry, total uint32, r *Result) bool {
	const last, manyZeros = 16, 18
	s := z.State
	extra, least := e.value-14, uint32(3)
	if e.value == manyZeros {
		extra, least = 7, 11
	}
	if !z.needBits(uint32(e.bits)+extra, r) {
		return false
	}
	s.dropBits(uint32(e.bits))
	n := least + s.bits(extra)
	s.dropBits(extra)
	if s.Index+n > total || e.value == last && s.Index == 0 {
		return z.badBlock("invalid bit length repeat", r)
	}
	v := uint8(0)
	if e.value == last {
		v = s.Lengths[s.Index-1]
	}
	for range n {
		s.Lengths[s.Index] = v
		s.Index++
	}
	return true
}

// dynamicCodes checks the codes of a dynamic block, whose lengths are known now.
func (z *Stream) dynamicCodes(r *Result) bool {
	s := z.State
	entries := 0
	lits, kind := codeTable(s.Lengths[:s.literals()], firstLits, literalBits, &entries)
	switch {
	case kind == tableOver:
		return z.badBlock("oversubscribed literal/length tree", r)
	case kind == tableLarge:
		*r = MemError
		return false
	case kind == tableShort, lits == nil:
		return z.badBlock("incomplete literal/length tree", r)
	}
	dists, kind := codeTable(s.Lengths[s.literals():s.literals()+s.distances()], 0, distanceBits, &entries)
	switch {
	case kind == tableOver:
		return z.badBlock("oversubscribed distance tree", r)
	case kind == tableShort:
		return z.badBlock("incomplete distance tree", r)
	case kind == tableLarge:
		*r = MemError
		return false
	case dists == nil && s.literals() > firstLits:
		return z.badBlock("empty distance tree with lengths", r)
	}
	s.Block, s.Code, s.Fixed = blockData, codeStart, 0
	return true
}
