// SPDX-License-Identifier: BSD-3-Clause
// Bits in, bytes out through the window (2.4.18 lib/zlib_inflate/infutil.c).

package inflate

// needBits fills the buffer until it has n bits. It is false when there is too little input.
func (z *Stream) needBits(n uint32, r *Result) bool {
	s := z.State
	for s.BitK < n {
		if z.left() == 0 {
			return false
		}
		*r = OK
		s.BitB |= z.byteIn() << s.BitK
		s.BitK += 8
	}
	return true
}

// giveBack makes n bytes of the buffer input again. One may be from before this call's input.
func (z *Stream) giveBack(n uint32) {
	z.State.BitK -= 8 * n
	z.State.BitB &= 1<<z.State.BitK - 1
	z.Taken -= int(n)
	z.TotalIn -= n
}

// bits looks at the next n bits, dropBits drops them.
func (s *State) bits(n uint32) uint32 { return s.BitB & (1<<n - 1) }

func (s *State) dropBits(n uint32) {
	s.BitB >>= n
	s.BitK -= n
}

// room is how many bytes can be put into the window in one piece.
func (z *Stream) room() uint32 {
	s := z.State
	if s.Write < s.Read {
		return s.Read - s.Write - 1
	}
	return uint32(len(z.Window)) - s.Write
}

// wrap goes on at the window's beginning when its end is reached and the beginning has been given out.
func (z *Stream) wrap() {
	if s := z.State; s.Write == uint32(len(z.Window)) && s.Read != 0 {
		s.Write = 0
	}
}

// needRoom makes room for a byte. It is false when the caller's output is full.
func (z *Stream) needRoom(r *Result) bool {
	if z.room() == 0 {
		z.wrap()
	}
	if z.room() == 0 {
		*r = z.flush(*r)
		z.wrap()
	}
	if z.room() == 0 {
		return false
	}
	*r = OK
	return true
}

// put adds a byte to the window.
func (z *Stream) put(b byte) {
	z.Window[z.State.Write] = b
	z.State.Write++
}

// flush gives the caller what the window has and there is room for.
func (z *Stream) flush(r Result) Result {
	s := z.State
	size := uint32(len(z.Window))
	end := size
	if s.Read <= s.Write {
		end = s.Write
	}
	r = z.give(end-s.Read, r)
	if s.Read == size {
		s.Read = 0
		if s.Write == size {
			s.Write = 0
		}
		r = z.give(s.Write, r)
	}
	return r
}

// give copies at most n bytes from the window to the caller.
func (z *Stream) give(n uint32, r Result) Result {
	s := z.State
	n = min(n, z.Room)
	if n != 0 && r == BufError {
		r = OK
	}
	part := z.Window[s.Read : s.Read+n]
	if s.NoWrap == 0 {
		s.Check = adler(s.Check, part)
		z.Adler = s.Check
	}
	if n != 0 {
		z.Output(part)
	}
	z.Room, z.TotalOut = z.Room-n, z.TotalOut+n
	s.Read += n
	return r
}

// adler goes on with an Adler-32 check value.
func adler(check uint32, b []byte) uint32 {
	const prime, most = 65521, 5552 // so many bytes fit before 32 bits are full
	one, two := check&0xffff, check>>16
	for len(b) > 0 {
		n := min(len(b), most)
		for _, c := range b[:n] {
			one += uint32(c)
			two += one
		}
		one, two, b = one%prime, two%prime, b[n:]
	}
	return two<<16 | one
}
