// SPDX-License-Identifier: BSD-3-Clause

// Many elements of a string instruction at a time.
//
// A bulk function works where source and destination lie in plain memory of
// one page each that the TLB knows and nobody watches. Everything else is
// left to the element functions of string.go, which also take the faults and
// fill the TLB.

package vm

import (
	"bytes"
	"unsafe"

	"ring0/vm/x86"
)

// A span is a run of elements of one string in the slab.
type span struct {
	mem  []byte // from the lowest address to the highest
	off  uint32 // of mem in the slab
	n    uint32 // elements
	down bool   // the first element is the last in mem
	look bool   // to be written, in a page that holds code
}

// span finds how many of the max elements at seg:index register r lie where
// they can be done at once; 0 when none do.
func (c *CPU) span(in *inst, seg, r, size uint8, max uint32, acc access) (s span) {
	off, sz := c.index(in, r), uint32(size)
	s.down = c.flags&FlagDF != 0
	s.n = min(max, c.elementsInPage(c.seg[seg].base+off, sz), elementsToWrap(in, off, sz, s.down))
	if s.n == 0 {
		return span{}
	}
	low := off
	if s.down {
		low -= (s.n - 1) * sz
	}
	la, ok := c.spanLinear(in, seg, low, s.n*sz, acc)
	if !ok || c.alignChecked(c.cpl) && la&(sz-1) != 0 {
		return span{}
	}
	if s.off, ok = c.spanOffset(la, acc); !ok {
		return span{}
	}
	s.look = acc&accWrite != 0 && c.entry(la).wr != la&^pageMask
	s.mem = c.m.phys.slab[s.off:][:s.n*sz]
	return s
}

// elementsInPage counts the elements from la on that lie wholly in its page,
// in the direction of DF.
func (c *CPU) elementsInPage(la, size uint32) uint32 {
	in := la & pageMask
	if c.flags&FlagDF == 0 {
		return (pageSize - in) / size
	}
	if in+size > pageSize {
		return 0
	}
	return in/size + 1
}

// elementsToWrap counts the elements before the index register wraps. With
// 32-bit addresses the end of a page comes first.
func elementsToWrap(in *inst, off, size uint32, down bool) uint32 {
	switch {
	case in.Flags&x86.Addr16 == 0:
		return ^uint32(0)
	case down:
		return off/size + 1
	}
	return (0x10000 - off) / size
}

// spanLinear is linear for n bytes, without raising a fault.
func (c *CPU) spanLinear(in *inst, seg uint8, off, n uint32, acc access) (la uint32, ok bool) {
	if in.slow == 0 {
		return off, true
	}
	s := &c.seg[seg]
	if c.realMode() {
		return s.base + off, off <= s.limit && s.limit-off >= n-1
	}
	return s.base + off, !s.null() && segAllows(s, acc) && segLimitOK(s, off, n)
}

// spanOffset is the slab offset of la, when the TLB has it, it is plain
// memory, and no watched bytes are in its page.
func (c *CPU) spanOffset(la uint32, acc access) (off uint32, ok bool) {
	e, in, page := c.entry(la), &c.tlb.info[tlbSlot(la)], la&^pageMask
	if e.rd != page {
		return 0, false
	}
	if acc&accWrite != 0 && e.wr != page {
		// Perhaps only because the page holds code, which claim looks after.
		if in.phys&tlbWritable == 0 {
			return 0, false
		}
		if _, writable := c.m.phys.offset(in.phys &^ pageMask); !writable {
			return 0, false
		}
	}
	return la + in.delta, true
}

// claim drops cached code in the span, which is about to be written.
func (c *CPU) claim(s *span) {
	if s.look {
		c.m.beforeWrite(s.off, uint32(len(s.mem)))
	}
}

// keep shortens the span to its first n elements.
func (s *span) keep(n, size uint32) {
	if s.down {
		cut := (s.n - n) * size
		s.off += cut
		s.mem = s.mem[cut:]
	} else {
		s.mem = s.mem[:n*size]
	}
	s.n = n
}

// element is where the span's element i lies in mem.
func (s *span) element(i, size uint32) uint32 {
	if s.down {
		return (s.n - 1 - i) * size
	}
	return i * size
}

// elementAt reads element i.
func elementAt[T element](s *span, i uint32) T {
	at := s.element(i, uint32(sizeOf[T]()))
	b := s.mem[at:][:sizeOf[T]()]
	return *(*T)(unsafe.Pointer(&b[0]))
}

// moveIndex advances index register r over n elements.
func (c *CPU) moveIndex(in *inst, r uint8, n uint32, size uint8) {
	c.advance(in, r, n*c.step(size))
}

func movsBulk[T element](c *CPU, in *inst, max uint32) uint32 {
	size := sizeOf[T]()
	src := c.span(in, in.Seg, x86.ESI, size, max, 0)
	if src.n == 0 {
		return 0
	}
	dst := c.span(in, x86.ES, x86.EDI, size, src.n, accWrite)
	if dst.n == 0 {
		return 0
	}
	c.claim(&dst)
	src.keep(dst.n, uint32(size))
	moveSpan[T](c, &dst, &src)
	c.moveIndex(in, x86.ESI, dst.n, size)
	c.moveIndex(in, x86.EDI, dst.n, size)
	return dst.n
}

// moveSpan copies element by element in the direction of the spans. Where
// the destination does not run into source elements still to be read, that
// is what copy does.
func moveSpan[T element](c *CPU, dst, src *span) {
	ahead := dst.off - src.off // how far the destination is ahead of the source
	if dst.down {
		ahead = -ahead
	}
	n := uint32(len(dst.mem))
	switch size := uint32(sizeOf[T]()); {
	case ahead == 0 || ahead >= n:
		copy(dst.mem, src.mem)
	case !dst.down && ahead >= size:
		repeatPattern(c.m.phys.slab[src.off:][:ahead+n], ahead)
	default:
		for i := range dst.n {
			*(*T)(unsafe.Pointer(&dst.mem[dst.element(i, size)])) = elementAt[T](src, i)
		}
	}
}

// repeatPattern fills b with repetitions of its first n bytes.
func repeatPattern(b []byte, n uint32) {
	for done := n; done < uint32(len(b)); done *= 2 {
		copy(b[done:], b[:done])
	}
}

func stosBulk[T element](c *CPU, in *inst, max uint32) uint32 {
	size := sizeOf[T]()
	dst := c.span(in, x86.ES, x86.EDI, size, max, accWrite)
	if dst.n == 0 {
		return 0
	}
	c.claim(&dst)
	v := T(c.gpr[x86.EAX])
	if v == 0 {
		clear(dst.mem)
	} else {
		*(*T)(unsafe.Pointer(&dst.mem[0])) = v
		repeatPattern(dst.mem, uint32(size))
	}
	c.moveIndex(in, x86.EDI, dst.n, size)
	return dst.n
}

func lodsBulk[T element](c *CPU, in *inst, max uint32) uint32 {
	src := c.span(in, in.Seg, x86.ESI, sizeOf[T](), max, 0)
	if src.n == 0 {
		return 0
	}
	setAccumulator(c, elementAt[T](&src, src.n-1))
	c.moveIndex(in, x86.ESI, src.n, sizeOf[T]())
	return src.n
}

func scasBulk[T element](c *CPU, in *inst, max uint32) uint32 {
	s := c.span(in, x86.ES, x86.EDI, sizeOf[T](), max, 0)
	if s.n == 0 {
		return 0
	}
	v := T(c.gpr[x86.EAX])
	i := scanSpan(&s, v, in.Flags&x86.Rep != 0)
	n := min(i+1, s.n)
	compareElements(c, v, elementAt[T](&s, n-1))
	c.moveIndex(in, x86.EDI, n, sizeOf[T]())
	return n
}

// scanSpan is the number of the first element that ends a scan for v: one
// that differs while equal ones are passed over, or the other way round;
// s.n when none does.
func scanSpan[T element](s *span, v T, whileEqual bool) uint32 {
	if sizeOf[T]() == 1 && !whileEqual && !s.down {
		if i := bytes.IndexByte(s.mem, byte(v)); i >= 0 {
			return uint32(i)
		}
		return s.n
	}
	for i := range s.n {
		if elementAt[T](s, i) == v != whileEqual {
			return i
		}
	}
	return s.n
}

func cmpsBulk[T element](c *CPU, in *inst, max uint32) uint32 {
	size := sizeOf[T]()
	a := c.span(in, in.Seg, x86.ESI, size, max, 0)
	if a.n == 0 {
		return 0
	}
	b := c.span(in, x86.ES, x86.EDI, size, a.n, 0)
	if b.n == 0 {
		return 0
	}
	a.keep(b.n, uint32(size))
	n := min(matchSpans[T](&a, &b, in.Flags&x86.Rep != 0)+1, a.n)
	compareElements(c, elementAt[T](&a, n-1), elementAt[T](&b, n-1))
	c.moveIndex(in, x86.ESI, n, size)
	c.moveIndex(in, x86.EDI, n, size)
	return n
}

// matchSpans is the number of the first pair of elements that ends a
// comparison: a pair that differs while equal ones are passed over, or the
// other way round; a.n when none does.
func matchSpans[T element](a, b *span, whileEqual bool) uint32 {
	i := uint32(0)
	if whileEqual && !a.down {
		i = equalWords(a.mem, b.mem) / uint32(sizeOf[T]())
	}
	for ; i < a.n; i++ {
		if elementAt[T](a, i) == elementAt[T](b, i) != whileEqual {
			return i
		}
	}
	return a.n
}

// equalWords is how many bytes at the start of a and b are equal, counted in
// steps of 8.
func equalWords(a, b []byte) uint32 {
	n := uint32(0)
	for len(a) >= 8 && len(b) >= 8 && *(*uint64)(unsafe.Pointer(&a[0])) == *(*uint64)(unsafe.Pointer(&b[0])) {
		a, b, n = a[8:], b[8:], n+8
	}
	return n
}
