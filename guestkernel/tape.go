// SPDX-License-Identifier: BSD-3-Clause
// Tapes: what a modelled function has been told since it began, so that its Go stack can be made again.
//
// A function that waits stands somewhere on a Go stack, which cannot be copied. But what it does depends on nothing but
// its call and what it is told: by the machine (tapemachine.go), by guest functions that it calls, and by the little that
// the kernel keeps beside guest memory (kept). A tape has all of that in order, and what the function wrote. Calling the
// function again with the tape in place of the machine brings it to where it waits and changes nothing on the way: reads
// are answered from the tape, writes are compared with it and left undone. The last entry of the tape of a function in
// flight is always what it waits in: a call of guest code, or giving up the CPU.
//
// A function that asks for anything else than it did the first time depends on something that it should have asked for
// through kept. That is noticed here, and the checkpoint is then not restored.

package guestkernel

import (
	"fmt"
	"hash/crc32"
	"math"
)

// tape is what one call of a modelled function was told. The nil tape keeps nothing.
type tape struct {
	from    *beginning // where it begins, if not where the function does
	entries []tapeEntry
	bytes   []byte // what entries with more than a word have
	values  []any  // what entries of kept have

	mode   tapeMode
	hush   int  // what happens now is part of one entry: nothing is kept
	full   bool // it is of no use: too long, or not everything is on it
	shared bool // a checkpoint has it

	entry, byteAt, valueAt int // while it is played: what comes next
	gone                   any // of tapeGone: the panic that unwinds the stack
}

type tapeMode uint8

const (
	tapeKeeps tapeMode = iota // entries are added
	tapePlays                 // entries are answers
	tapeGone                  // the function's stack is being unwound: nothing may happen any more
)

// A tapeEntry is something that the function asked for or did.
type tapeEntry struct {
	kind tapeKind
	key  uint32 // what was asked for
	word uint32 // the answer, or a checksum of it, or of what was written
}

// tapeKind says what an entry is about.
type tapeKind uint8

const (
	tapeRun  tapeKind = iota // guest code was called
	tapePark                 // the CPU was given up
	tapeKept                 // a value of the kernel's own
	tapeReg
	tapeEIP
	tapeEflags
	tapeCR
	tapeDR
	tapeSelector
	tapeNow
	tapeTranslate
	tapeRead
	tapeReadLinear
	tapeSkip
	tapeRaise
	tapeMSR
	tapeSet // of a register; key says which
	tapeWrite
	tapeOther // another effect
)

// A tape is given up when it gets longer than this. What is that long is copying, not waiting.
const (
	tapeEntries = 1 << 18
	tapeBytes   = 1 << 22
)

// diverged unwinds a stack that does something else than the first time.
type diverged struct{ what string }

// asked returns the entry that answers a question; ok is false when the function has to ask the machine.
func (t *tape) asked(kind tapeKind, key uint32) (word uint32, ok bool) {
	if t.mode == tapeKeeps {
		return 0, false
	}
	return t.next(kind, key).word, true
}

// next takes the next entry, which has to be of that kind.
func (t *tape) next(kind tapeKind, key uint32) tapeEntry {
	if t.mode == tapeGone {
		panic(t.gone)
	}
	if t.entry >= len(t.entries) {
		panic(diverged{fmt.Sprintf("entry %d of kind %d, key %#x: there were no more", t.entry, kind, key)})
	}
	e := t.entries[t.entry]
	if e.kind != kind || e.key != key {
		panic(diverged{fmt.Sprintf("entry %d is of kind %d, key %#x, and was of kind %d, key %#x", t.entry, kind, key, e.kind, e.key)})
	}
	t.entry++
	return e
}

// answer keeps what the machine said and returns it.
func (t *tape) answer(kind tapeKind, key, word uint32) uint32 {
	if t.hush == 0 {
		t.add(tapeEntry{kind, key, word})
	}
	return word
}

// word is the answer to a question of one entry: the kept one, or what ask says, which is kept.
func (t *tape) word(kind tapeKind, key uint32, ask func() uint32) uint32 {
	if v, ok := t.asked(kind, key); ok {
		return v
	}
	return t.answer(kind, key, ask())
}

func (t *tape) add(e tapeEntry) {
	if len(t.entries) >= tapeEntries || len(t.bytes) >= tapeBytes {
		t.giveUp()
		return
	}
	t.entries = append(t.entries, e)
}

// giveUp makes the tape one that is of no use.
func (t *tape) giveUp() { t.full, t.hush = true, math.MaxInt/2 }

// read fills b from the tape; ok is false when the function has to ask the machine.
func (t *tape) read(kind tapeKind, key uint32, b []byte) (ok bool) {
	n, ok := t.asked(kind, key)
	if !ok {
		return false
	}
	if int(n) != len(b) {
		panic(diverged{fmt.Sprintf("entry %d: %d bytes read where there were %d", t.entry, len(b), n)})
	}
	copy(b, t.bytes[t.byteAt:])
	t.byteAt += len(b)
	return true
}

// told keeps bytes that the machine said.
func (t *tape) told(kind tapeKind, key uint32, b []byte) {
	if t.hush == 0 {
		t.add(tapeEntry{kind, key, uint32(len(b))})
		t.bytes = append(t.bytes, b...)
	}
}

// does tells whether an effect is to be left undone: the function has had it already.
func (t *tape) does(kind tapeKind, key, word uint32) (undone bool) {
	was, played := t.asked(kind, key)
	if !played {
		t.answer(kind, key, word)
		return false
	}
	if was != word {
		panic(diverged{fmt.Sprintf("entry %d of kind %d, key %#x: %#x where it was %#x", t.entry, kind, key, word, was)})
	}
	return true
}

// writes is does for bytes.
func (t *tape) writes(key uint32, b []byte) (undone bool) {
	if t.mode == tapeKeeps && t.hush > 0 {
		return false
	}
	return t.does(tapeWrite, key, crc32.ChecksumIEEE(b))
}

// begins begins an entry during which others have the machine. over tells that it has ended the first time already: the
// function does not wait. Otherwise ends ends it.
func (t *tape) begins(kind tapeKind) (over bool) {
	switch {
	case t == nil:
		return false
	case t.mode == tapeKeeps && t.hush > 0: // it would wait in the midst of an entry
		t.giveUp()
	case t.mode == tapeKeeps:
		t.answer(kind, 0, 0)
	default:
		if t.next(kind, 0); t.entry < len(t.entries) {
			return true
		}
		t.mode = tapeKeeps // this is what it waits in
	}
	t.hush++
	return false
}

func (t *tape) ends() {
	if t != nil {
		t.hush--
	}
}

// plays tells whether a function is being brought to where it was.
func (t *tape) plays() bool { return t != nil && t.mode == tapePlays }

// kept is what f says about the state that the kernel keeps beside guest memory. A modelled function that may wait later,
// or call guest code, asks in this way for whatever it goes by. f has no effects on the guest and does not wait.
func kept[T any](k *Kernel, f func() T) T {
	t := k.m.tape
	if t == nil {
		return f()
	}
	if _, played := t.asked(tapeKept, 0); played {
		t.valueAt++
		return t.values[t.valueAt-1].(T)
	}
	v := hushed(t, f)
	if t.hush == 0 {
		t.add(tapeEntry{kind: tapeKept})
		t.values = append(t.values, v)
	}
	return v
}

// hushed runs f, of which the tape keeps nothing.
func hushed[T any](t *tape, f func() T) T {
	if t == nil {
		return f()
	}
	t.hush++
	defer t.ends()
	return f()
}

// savedTape is a tape as it was at some time.
type savedTape struct {
	from    *beginning
	entries []tapeEntry
	bytes   []byte
	values  []any
}

// save returns what is on the tape now, which later entries leave alone; ok is false when it is of no use.
func (t *tape) save() (s savedTape, ok bool) {
	if t == nil || t.full {
		return s, false
	}
	t.shared = true
	return savedTape{t.from, t.entries[:len(t.entries):len(t.entries)], t.bytes[:len(t.bytes):len(t.bytes)], t.values[:len(t.values):len(t.values)]}, true
}

// play is a tape that is to be played.
func (s *savedTape) play() *tape {
	return &tape{from: s.from, entries: s.entries, bytes: s.bytes, values: s.values, mode: tapePlays, shared: true}
}

// newTape is a tape for a call that begins; nil when nothing is to be kept.
func (k *Kernel) newTape() *tape {
	s := &k.stands
	if !s.keep || k.looking.check != nil || k.looking.faults != nil {
		return nil
	}
	if n := len(s.spare); n > 0 {
		t := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return t
	}
	return &tape{}
}

// dropTape is called when the call is over.
func (k *Kernel) dropTape(t *tape) {
	const spares = 16
	if t == nil || t.shared || t.full || len(k.stands.spare) >= spares {
		return
	}
	clear(t.values)
	*t = tape{entries: t.entries[:0], bytes: t.bytes[:0], values: t.values[:0]}
	k.stands.spare = append(k.stands.spare, t)
}
