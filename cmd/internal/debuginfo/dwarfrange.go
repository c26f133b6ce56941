// SPDX-License-Identifier: BSD-3-Clause
// Address ranges and location lists (DWARF 5, 2.17, 2.6.2; before version 5 .debug_ranges and .debug_loc).

package debuginfo

// Entry kinds of version 5's lists; those of locations have numbers of their own from 5 on.
const (
	rleEnd          = 0
	rleBasex        = 1
	rleStartxEndx   = 2
	rleStartxLength = 3
	rleOffsetPair   = 4
	rleBase         = 5
	rleStartEnd     = 6
	rleStartLength  = 7

	lleDefault     = 5
	lleBase        = 6
	lleStartEnd    = 7
	lleStartLength = 8
)

// rangesOf is the code of an entry: low and high address, or a list of ranges.
func (u *unit) rangesOf(e *entry) []Range {
	if a, ok := e.get(atRanges); ok {
		return u.rangeList(a)
	}
	low, ok := e.number(atLowPC)
	high, ok2 := e.get(atHighPC)
	if !ok || !ok2 {
		return nil
	}
	r := Range{uint32(low), uint32(high.number)}
	if high.form != formAddr && (high.form < formAddrx1 || high.form > formAddrx4) && high.form != formAddrx {
		r.High += r.Low
	}
	if r.Low >= r.High {
		return nil
	}
	return []Range{r}
}

// maxList bounds one list; the ranges of one function are rarely more than ten.
const maxList = 20_000

func (u *unit) rangeList(a *attribute) []Range {
	var list []Range
	add := func(low, high uint32, _ []byte) {
		if low < high {
			list = append(list, Range{low, high})
		}
	}
	if u.version < 5 {
		u.oldList(u.d.ranges, a.number, false, add)
		return list
	}
	at := a.number
	if a.form == formRnglistx {
		at = u.listOffset(u.d.rnglists, u.rngBase, a.number)
	}
	u.newList(u.d.rnglists, at, false, add)
	return list
}

// listOffset is where list number index of a version 5 section begins.
func (u *unit) listOffset(section []byte, base, index uint64) uint64 {
	if index > uint64(len(section)) {
		return ^uint64(0)
	}
	c := from(section, base+index*uint64(u.offSize))
	offset := c.sized(u.offSize)
	if c.bad {
		return ^uint64(0)
	}
	return base + offset
}

// locationOf is the location an attribute gives: an expression or a list.
func (u *unit) locationOf(e *entry, name uint32) Location {
	a, ok := e.get(name)
	if !ok {
		return Location{}
	}
	if a.data != nil {
		return Location{always: a.data, unit: u}
	}
	l := Location{unit: u}
	add := func(low, high uint32, expr []byte) {
		if low < high {
			l.list = append(l.list, locEntry{Range{low, high}, expr})
		}
	}
	switch {
	case u.version < 5:
		u.oldList(u.d.loc, a.number, true, add)
	case a.form == formLoclistx:
		u.newList(u.d.loclists, u.listOffset(u.d.loclists, u.locBase, a.number), true, add)
	default:
		u.newList(u.d.loclists, a.number, true, add)
	}
	return l
}

// oldList reads a list of .debug_ranges or .debug_loc: pairs of offsets from the base address, or a new base.
func (u *unit) oldList(section []byte, at uint64, locations bool, add func(low, high uint32, expr []byte)) {
	c, base := from(section, at), u.low
	for range maxList {
		low, high := c.u32(), c.u32()
		if c.bad || low == 0 && high == 0 || !u.d.spend(1) {
			break
		}
		if low == 0xffffffff {
			base = high
			continue
		}
		var expr []byte
		if locations {
			expr = c.bytes(uint64(c.u16()))
		}
		add(base+low, base+high, expr)
	}
	if c.bad {
		u.d.m.problem(problem("a list of ranges or locations", int(min(at, 1<<31)), "ends behind its section"))
	}
}

// newList reads a list of .debug_rnglists or .debug_loclists.
func (u *unit) newList(section []byte, at uint64, locations bool, add func(low, high uint32, expr []byte)) {
	c, base := from(section, at), u.low
	for range maxList {
		kind := c.u8()
		if c.bad || kind == rleEnd || !u.d.spend(1) {
			break
		}
		var r Range
		switch {
		case kind == rleBasex:
			base, _ = u.address(c.uleb())
			continue
		case kind == rleBase && !locations || kind == lleBase && locations:
			base = c.u32()
			continue
		case kind == rleStartxEndx:
			r.Low, _ = u.address(c.uleb())
			r.High, _ = u.address(c.uleb())
		case kind == rleStartxLength:
			r.Low, _ = u.address(c.uleb())
			r.High = r.Low + uint32(c.uleb())
		case kind == rleOffsetPair:
			r.Low = base + uint32(c.uleb())
			r.High = base + uint32(c.uleb())
		case kind == lleDefault && locations:
			r = Range{0, 0xffffffff}
		case kind == rleStartEnd && !locations || kind == lleStartEnd && locations:
			r.Low, r.High = c.u32(), c.u32()
		case kind == rleStartLength && !locations || kind == lleStartLength && locations:
			r.Low = c.u32()
			r.High = r.Low + uint32(c.uleb())
		default:
			c.bad = true
			continue
		}
		var expr []byte
		if locations {
			expr = c.bytes(c.uleb())
		}
		add(r.Low, r.High, expr)
	}
	if c.bad {
		u.d.m.problem(problem("a list of ranges or locations", int(min(at, 1<<31)), "is broken"))
	}
}
