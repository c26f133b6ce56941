// SPDX-License-Identifier: BSD-3-Clause
// Literals and copies (2.4.18 lib/zlib_inflate/infcodes.c, inffast.c).

package inflate

// Modes inside the codes.
const (
	codeStart  = iota
	codeLength // a literal, a length or the end comes
	codeLengthMore
	codeDistance
	codeDistanceMore
	codeCopy
	codeLiteral // has one, waits for room
	codeWash    // the end: gives out the window
	codeEnd
	codeBad
	codeModes
)

const (
	longestCopy = 258
	burstInput  = 10 // bytes of input that a literal or copy never needs more than
)

// tables are those of the block.
func (s *State) tables() (lits, dists *table) {
	if s.Fixed != 0 {
		return fixedTables()
	}
	entries := 0
	lits, _ = codeTable(s.Lengths[:s.literals()], firstLits, literalBits, &entries)
	dists, _ = codeTable(s.Lengths[s.literals():s.literals()+s.distances()], 0, distanceBits, &entries)
	return lits, dists
}

// codes decodes literals and copies until the block, input or room ends.
func (z *Stream) codes(r Result) Result {
	s := z.State
	lits, dists := s.tables()
	if lits == nil {
		return StreamError // a state that was tampered with
	}
	for {
		on := true
		switch s.Code {
		case codeStart:
			if z.room() >= longestCopy && z.left() >= burstInput {
				if r = z.burst(lits, dists); r != OK {
					s.Code = codeBad
					if r == StreamEnd {
						s.Code = codeWash
					}
					continue
				}
			}
			s.Prefix, s.PrefixLen, s.Code = 0, 0, codeLength
		case codeLength:
			on = z.length(lits, &r)
		case codeLengthMore:
			if on = z.needBits(s.Extra, &r); on {
				s.Length += s.bits(s.Extra)
				s.dropBits(s.Extra)
				s.Prefix, s.PrefixLen, s.Code = 0, 0, codeDistance
			}
		case codeDistance:
			on = z.distance(dists, &r)
		case codeDistanceMore:
			if on = z.needBits(s.Extra, &r); on {
				s.Distance += s.bits(s.Extra)
				s.dropBits(s.Extra)
				s.Code = codeCopy
			}
		case codeCopy:
			on = z.copies(&r)
		case codeLiteral:
			if on = z.needRoom(&r); on {
				z.put(byte(s.Literal))
				s.Code = codeStart
			}
		case codeWash:
			on = z.wash(&r)
		case codeEnd:
			r, on = StreamEnd, false
		case codeBad:
			r, on = DataError, false
		}
		if !on {
			return z.flush(r)
		}
	}
}

// lookUp finds the code that comes next, behind the part of it that earlier calls have read.
func (z *Stream) lookUp(t *table, r *Result) (e entry, ok bool) {
	s := z.State
	for prefix, left := s.Prefix, s.PrefixLen; t != nil && left >= t.bits && left > 0; {
		n := t.bits
		t = t.entries[prefix&(1<<n-1)].table
		prefix, left = prefix>>n, left-n
	}
	for t != nil {
		if !z.needBits(t.bits, r) {
			return e, false
		}
		index := s.bits(t.bits)
		e = t.entries[index]
		s.dropBits(uint32(e.bits))
		if e.kind != entryTable {
			return e, true
		}
		s.Prefix |= index << s.PrefixLen
		s.PrefixLen += t.bits
		t = e.table
	}
	return entry{kind: entryInvalid}, true
}

// badCode ends the codes with an error.
func (z *Stream) badCode(msg string, r *Result) bool {
	z.State.Code, z.Msg, *r = codeBad, msg, DataError
	return false
}

// length reads a literal, a length or the end of the block.
func (z *Stream) length(lits *table, r *Result) bool {
	s := z.State
	e, ok := z.lookUp(lits, r)
	if !ok {
		return false
	}
	switch e.kind {
	case entryLiteral:
		s.Literal, s.Code = e.value, codeLiteral
	case entryCopy:
		s.Length, s.Extra, s.Code = e.value, uint32(e.extra), codeLengthMore
	case entryEnd:
		s.Code = codeWash
	default:
		return z.badCode("invalid literal/length code", r)
	}
	return true
}

// distance reads how far back a copy is from.
func (z *Stream) distance(dists *table, r *Result) bool {
	s := z.State
	e, ok := z.lookUp(dists, r)
	switch {
	case !ok:
		return false
	case e.kind != entryCopy:
		return z.badCode("invalid distance code", r)
	}
	s.Distance, s.Extra, s.Code = e.value, uint32(e.extra), codeDistanceMore
	return true
}

// source is where in the window a copy begins; below 0 for a distance that is larger than the window.
func (z *Stream) source() int {
	from := int(z.State.Write) - int(z.State.Distance)
	if from < 0 {
		from += len(z.Window)
	}
	return from
}

// copyByte copies one byte and returns where the next one is. What lies before the window is 0: zlib 1.1.3 takes what its
// memory has there.
func (z *Stream) copyByte(from int) int {
	b := byte(0)
	if from >= 0 {
		b = z.Window[from]
	}
	z.put(b)
	if from++; from == len(z.Window) {
		return 0
	}
	return from
}

// copies does a copy as far as there is room.
func (z *Stream) copies(r *Result) bool {
	s := z.State
	from := z.source()
	for ; s.Length > 0; s.Length-- {
		if !z.needRoom(r) {
			return false
		}
		from = z.copyByte(from)
	}
	s.Code = codeStart
	return true
}

// wash is the end of the block: gives a byte back that was not needed, and gives out the window.
func (z *Stream) wash(r *Result) bool {
	s := z.State
	if s.BitK > 7 {
		z.giveBack(1)
	}
	if *r = z.flush(*r); s.Read != s.Write {
		return false
	}
	s.Code = codeEnd
	return true
}

// burst decodes while there is so much input and room that neither can end within a literal or copy. It returns OK when
// that is over, StreamEnd at the end of the block. Whole bytes that it has not used it gives back.
func (z *Stream) burst(lits, dists *table) (r Result) {
	s, begin := z.State, z.Taken
	for r == OK && z.room() >= longestCopy && z.left() >= burstInput {
		const longestCode, longestDistance = 20, 15
		z.needBits(longestCode, &r)
		switch e := z.quick(lits); e.kind {
		case entryLiteral:
			z.put(byte(e.value))
		case entryEnd:
			r = StreamEnd
		case entryCopy:
			s.Length = e.value + s.bits(uint32(e.extra))
			s.dropBits(uint32(e.extra))
			z.needBits(longestDistance, &r)
			d := z.quick(dists)
			if d.kind != entryCopy {
				z.Msg, r = "invalid distance code", DataError
				break
			}
			z.needBits(uint32(d.extra), &r)
			s.Distance = d.value + s.bits(uint32(d.extra))
			s.dropBits(uint32(d.extra))
			from := z.source()
			for ; s.Length > 0; s.Length-- {
				from = z.copyByte(from)
			}
		default:
			z.Msg, r = "invalid literal/length code", DataError
		}
	}
	z.giveBack(min(s.BitK>>3, uint32(z.Taken-begin)))
	return r
}

// quick looks a code up whose bits are all there.
func (z *Stream) quick(t *table) entry {
	s := z.State
	for t != nil {
		e := t.entries[s.bits(t.bits)]
		s.dropBits(uint32(e.bits))
		if e.kind != entryTable {
			return e
		}
		t = e.table
	}
	return entry{kind: entryInvalid}
}
