// SPDX-License-Identifier: BSD-3-Clause
// Look-up tables of prefix codes (RFC 1951 section 3.2.2). A table is indexed by the next bits of the stream; codes that are
// longer are in tables of their own behind it. How many bits each table has is that of zlib 1.1.3, because a look-up waits
// for them.

package inflate

const (
	maxBits    = 15
	maxEntries = 1440 // of a block's tables together
)

// An entryKind says what a code stands for.
type entryKind uint8

const (
	entryLiteral entryKind = iota // also a length of a code
	entryEnd                      // of the block
	entryCopy                     // a length or a distance: a base and how many bits are added
	entryTable                    // more of the code is in another table
	entryInvalid
)

// An entry is what the next bits mean.
type entry struct {
	kind  entryKind
	bits  uint8 // that belong to it
	extra uint8
	value uint32
	table *table
}

// A table has 1 << bits entries.
type table struct {
	bits    uint32
	entries []entry
}

// A tableKind is how good a set of lengths is.
type tableKind uint8

const (
	tableFull  tableKind = iota
	tableShort           // some sequences of bits are no code, and there is more than one code
	tableOver            // more codes than there can be
	tableLarge           // the tables are too large
)

// lengthBase and distanceBase with the bits that are added to them: RFC 1951 section 3.2.5. Extra bits of 0x70 mark lengths
// that no stream may use.
var (
	lengthBase = [31]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthMore = [31]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0, 0x70, 0x70}

	distanceBase = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
		6145, 8193, 12289, 16385, 24577}
	distanceMore = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// lengthTable is the table of the codes that lengths are coded in; nil when there are none.
func lengthTable(lengths []uint8) (*table, tableKind) {
	entries := 0
	return codeTable(lengths, lengthCodes, lengthBits, &entries)
}

// meaning is what a symbol stands for: symbols from simple on are copies.
func meaning(symbol, simple int) entry {
	const endOfBlock, invalid = 256, 0x70
	switch {
	case symbol < simple && symbol == endOfBlock:
		return entry{kind: entryEnd}
	case symbol < simple:
		return entry{kind: entryLiteral, value: uint32(symbol)}
	case simple == 0:
		return entry{kind: entryCopy, value: uint32(distanceBase[symbol]), extra: distanceMore[symbol]}
	case lengthMore[symbol-simple] == invalid:
		return entry{kind: entryInvalid}
	}
	return entry{kind: entryCopy, value: uint32(lengthBase[symbol-simple]), extra: lengthMore[symbol-simple]}
}

// A builder makes the tables of a set of codes, in the codes' order.
type builder struct {
	codes   []entry // what each code stands for, shortest first
	lengths []uint8 // of each
	next    int     // the code that comes next
	level   uint32  // bits of a table at most
	longest uint32
	entries *int
}

// codeTable makes the tables of a set of codes from their lengths. Without any code there is none, which is no mistake by itself.
func codeTable(lengths []uint8, simple int, want uint32, entries *int) (*table, tableKind) {
	var counts [maxBits + 1]int
	for _, n := range lengths {
		counts[n]++
	}
	if counts[0] == len(lengths) {
		return nil, tableFull
	}
	shortest, longest := uint32(1), uint32(maxBits)
	for ; counts[shortest] == 0; shortest++ {
	}
	for ; counts[longest] == 0; longest-- {
	}
	free := 1 << longest // sequences of the longest length that are left
	for n := shortest; n <= longest; n++ {
		if free -= counts[n] << (longest - n); free < 0 {
			return nil, tableOver
		}
	}
	b := &builder{level: min(max(want, shortest), longest), longest: longest, entries: entries}
	for n := shortest; n <= longest; n++ {
		for symbol, length := range lengths {
			if uint32(length) == n {
				b.add(meaning(symbol, simple), n)
			}
		}
	}
	for range free {
		b.add(entry{kind: entryInvalid}, longest)
	}
	t := b.table(0)
	switch {
	case t == nil:
		return nil, tableLarge
	case free != 0 && longest != 1:
		return t, tableShort
	}
	return t, tableFull
}

func (b *builder) add(e entry, length uint32) {
	b.codes, b.lengths = append(b.codes, e), append(b.lengths, uint8(length))
}

// size is how many bits the table has that begins with the next code, behind `above` bits: as few as the codes that come
// need to fill it.
func (b *builder) size(above uint32) uint32 {
	most := min(b.longest-above, b.level)
	bits := uint32(b.lengths[b.next]) - above
	left := 1 << bits
	for at := b.next; bits < most; bits, left = bits+1, left*2 {
		for ; at < len(b.lengths) && uint32(b.lengths[at]) == above+bits; at++ {
			left--
		}
		if left <= 0 {
			break
		}
	}
	return bits
}

// table makes the table that begins with the next code, and those behind it. nil: there would be too many entries.
func (b *builder) table(above uint32) *table {
	t := &table{bits: b.size(above)}
	if *b.entries += 1 << t.bits; *b.entries > maxEntries {
		return nil
	}
	t.entries = make([]entry, 1<<t.bits)
	for place := uint32(0); place < 1<<t.bits && b.next < len(b.codes); {
		e, length := entry{}, uint32(b.lengths[b.next])-above
		if length <= t.bits {
			e = b.codes[b.next]
			b.next++
		} else {
			length = t.bits
			e = entry{kind: entryTable, table: b.table(above + t.bits)}
			if e.table == nil {
				return nil
			}
		}
		e.bits = uint8(length)
		// The code's bits come highest first, and the table is indexed with the first bit lowest.
		first := reverse(place>>(t.bits-length), length)
		for i := first; i < 1<<t.bits; i += 1 << length {
			t.entries[i] = e
		}
		place += 1 << (t.bits - length)
	}
	return t
}

// reverse turns the lowest n bits round.
func reverse(v, n uint32) (r uint32) {
	for range n {
		r, v = r<<1|v&1, v>>1
	}
	return r
}

// fixedTables are those of blocks without codes of their own: RFC 1951 section 3.2.6.
func fixedTables() (lits, dists *table) {
	lengths := make([]uint8, 288)
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	entries := 0
	lits, _ = codeTable(lengths, firstLits, literalBits, &entries)
	distances := make([]uint8, len(distanceBase))
	for i := range distances {
		distances[i] = 5
	}
	dists, _ = codeTable(distances, 0, distanceBits, &entries)
	return lits, dists
}
