// SPDX-License-Identifier: BSD-3-Clause
// Page-table walks, SDM vol. 3 chapter 4.

package console

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Bits of control registers and of entries.
const (
	cr0Paging   = 1 << 31
	cr4PSE      = 1 << 4
	cr4PAE      = 1 << 5
	entrySize   = 1 << 7 // PS
	entryMapped = 1 << 0
)

// walker walks the tables for one address.
type walker struct {
	c    *Console
	list []string
}

func (w *walker) say(format string, args ...any) {
	w.list = append(w.list, fmt.Sprintf(format, args...))
}

// PageWalk shows the entries that translate an address, and what is there.
func (c *Console) PageWalk(addr uint32) []string {
	r := c.dbg.View().Registers()
	w := &walker{c: c}
	w.say("linear %s", c.at(addr))
	switch {
	case r.CR0&cr0Paging == 0:
		w.say("paging is off: physical %#08x", addr)
	case r.CR4&cr4PAE != 0:
		w.walkPAE(addr, r.CR3)
	default:
		w.walk(addr, r.CR3, r.CR4&cr4PSE != 0)
	}
	return w.list
}

// walk walks two levels of 4-byte entries.
func (w *walker) walk(addr, cr3 uint32, big bool) {
	at := cr3&^0xfff + addr>>22*4
	pde := w.entry32("page directory", addr>>22, at)
	if pde&entryMapped == 0 {
		return
	}
	if big && pde&entrySize != 0 {
		w.say("4 MB page: physical %#08x", pde&^(1<<22-1)|addr&(1<<22-1))
		return
	}
	at = pde&^0xfff + addr>>12&0x3ff*4
	if pte := w.entry32("page table", addr>>12&0x3ff, at); pte&entryMapped != 0 {
		w.say("4 KB page: physical %#08x", pte&^0xfff|addr&0xfff)
	}
}

func (w *walker) entry32(level string, index, at uint32) uint32 {
	var b [4]byte
	w.c.dbg.View().ReadPhys(at, b[:])
	e := binary.LittleEndian.Uint32(b[:])
	w.say("%s %#08x entry %#x: %08x  %s", level, at&^0xfff, index, e, entryBits(uint64(e)))
	return e
}

// walkPAE walks three levels of 8-byte entries.
func (w *walker) walkPAE(addr, cr3 uint32) {
	const frame = uint64(1)<<36 - 1<<12
	pdpte := w.entry64("page-directory pointers", addr>>30, cr3&^0x1f+addr>>30*8)
	if pdpte&entryMapped == 0 {
		return
	}
	pde := w.entry64("page directory", addr>>21&0x1ff, uint32(pdpte&frame)+addr>>21&0x1ff*8)
	if pde&entryMapped == 0 {
		return
	}
	if pde&entrySize != 0 {
		w.say("2 MB page: physical %#08x", pde&frame&^(1<<21-1)|uint64(addr&(1<<21-1)))
		return
	}
	if pte := w.entry64("page table", addr>>12&0x1ff, uint32(pde&frame)+addr>>12&0x1ff*8); pte&entryMapped != 0 {
		w.say("4 KB page: physical %#08x", pte&frame|uint64(addr&0xfff))
	}
}

func (w *walker) entry64(level string, index, at uint32) uint64 {
	var b [8]byte
	w.c.dbg.View().ReadPhys(at, b[:])
	e := binary.LittleEndian.Uint64(b[:])
	w.say("%s %#08x entry %#x: %016x  %s", level, at&^0x1f, index, e, entryBits(e))
	return e
}

// entryBits spells an entry's flags.
func entryBits(e uint64) string {
	if e&entryMapped == 0 {
		return "not present"
	}
	words := []string{"present"}
	for _, f := range []struct {
		bit     uint
		on, off string
	}{
		{1, "writable", "read-only"}, {2, "user", "supervisor"}, {3, "write-through", ""}, {4, "uncached", ""}, {5, "accessed", ""},
		{6, "dirty", ""}, {7, "large", ""}, {8, "global", ""},
	} {
		if e>>f.bit&1 != 0 {
			words = append(words, f.on)
		} else if f.off != "" {
			words = append(words, f.off)
		}
	}
	return strings.Join(words, " ")
}
