// SPDX-License-Identifier: BSD-3-Clause
// Reading a program: the headers of a static i386 ELF file (2.4.18 fs/binfmt_elf.c load_elf_binary, linux/elf.h).

package guestkernel

import (
	"encoding/binary"
	"fmt"

	"ring0/guestkernel/abi"
)

// Sizes and numbers of ELF.
const (
	elfSize       = 52 // of the file header
	elfHeaderSize = 32 // of a program header
	elfExec       = 2
	elfDyn        = 3
	machine386    = 3
	machine486    = 6
	segmentLoad   = 1
	segmentInterp = 3
)

// elfImage is what of a program goes into memory.
type elfImage struct {
	entry       uint32
	headers     uint32 // where the program headers lie in memory
	headerCount uint32
	segments    []segment

	startCode, endCode, startData, endData, brk uint32
}

// segment is a part of the file in memory, followed by zeros.
type segment struct {
	addr, offset, fileSize, memSize uint32
	flags                           uint32 // abi.VMRead …
}

// parseProgram reads a program's headers and checks what the kernel checks, and that what they promise is there.
func parseProgram(file []byte) (*elfImage, error) {
	refuse := func(format string, args ...any) (*elfImage, error) {
		return nil, &FormatError{fmt.Sprintf(format, args...)}
	}
	half := func(at uint32) uint32 { return uint32(binary.LittleEndian.Uint16(file[at:])) }
	word := func(at uint32) uint32 { return binary.LittleEndian.Uint32(file[at:]) }
	if len(file) < elfSize || string(file[:4]) != "\x7fELF" {
		return refuse("no ELF file")
	}
	if file[4] != 1 || file[5] != 1 || half(18) != machine386 && half(18) != machine486 {
		return refuse("no ELF file for a 32-bit i386")
	}
	if kind := half(16); kind != elfExec {
		return refuse("ELF file of type %d: want 2, a program with a fixed address; not an object, a library or position-independent code", kind)
	}
	at, size, count := word(28), half(42), half(44)
	if size != elfHeaderSize || count == 0 || uint64(at)+uint64(count)*elfHeaderSize > uint64(len(file)) {
		return refuse("program headers: %d of %d bytes at %#x do not fit into the file", count, size, at)
	}
	image := &elfImage{entry: word(24), headerCount: count}
	for i := range count {
		h := at + i*elfHeaderSize
		switch word(h) {
		case segmentInterp:
			return refuse("dynamically linked: there is no dynamic linker in the guest")
		case segmentLoad:
			s := segment{addr: word(h + 8), offset: word(h + 4), fileSize: word(h + 16), memSize: word(h + 20)}
			s.flags = word(h+24)>>2&1*abi.VMRead | word(h+24)>>1&1*abi.VMWrite | word(h+24)&1*abi.VMExec
			if err := s.check(len(file), image.segments); err != nil {
				return nil, err
			}
			image.add(s)
		}
	}
	if len(image.segments) == 0 {
		return refuse("no segment to load")
	}
	first := image.segments[0]
	image.headers = first.addr - first.offset + at
	return image, nil
}

// check tells whether a segment can be mapped behind the ones before it.
func (s segment) check(length int, before []segment) error {
	end := uint64(s.addr) + uint64(s.memSize)
	switch {
	case s.memSize < s.fileSize, end > abi.TaskSize, uint64(s.offset)+uint64(s.fileSize) > uint64(length):
		return &FormatError{fmt.Sprintf("segment at %08x: %d bytes of the file, %d in memory: does not fit", s.addr, s.fileSize, s.memSize)}
	case s.fileSize != 0 && s.addr%abi.PageSize != s.offset%abi.PageSize:
		return &FormatError{fmt.Sprintf("segment at %08x: its place in the file, %#x, lies elsewhere in a page", s.addr, s.offset)}
	}
	for _, other := range before {
		if s.addr&abi.PageMask < pageAlign(other.addr+other.memSize) {
			return &FormatError{fmt.Sprintf("segment at %08x overlaps the one at %08x, or comes before it", s.addr, other.addr)}
		}
	}
	return nil
}

// add takes a segment in and moves the bounds of code, data and heap.
func (image *elfImage) add(s segment) {
	if len(image.segments) == 0 {
		image.startCode = s.addr
	}
	image.segments = append(image.segments, s)
	if s.flags&abi.VMExec != 0 {
		image.endCode = max(image.endCode, s.addr+s.fileSize)
	}
	image.startData = max(image.startData, s.addr)
	image.endData = max(image.endData, s.addr+s.fileSize)
	image.brk = max(image.brk, s.addr+s.memSize)
}
