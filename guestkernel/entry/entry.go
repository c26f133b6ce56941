// SPDX-License-Identifier: BSD-3-Clause
// The assembled guest code: parsing what internal/build made of entry.S for each profile.

// Package entry holds the few real instructions of the modelled kernel: IDT stubs, int 0x80, iret, user copies.
//
// entry.S is the source. `go run ./guestkernel/entry/internal/build` assembles it (gcc -m32) and links every piece at its
// address in each profile's kernel; the result is committed as text, so that building ring0 needs no assembler.
package entry

import (
	_ "embed" // the code
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

//go:embed entry-2.4.18-14.txt
var text2418 string

// An Image is the guest code of one profile.
type Image struct {
	Parts      []Part
	Exceptions []Exception       // sorted by Insn
	Symbols    map[string]uint32 // global symbols of entry.S
}

// A Part is bytes at an address.
type Part struct {
	Addr  uint32
	Bytes []byte
}

// An Exception is an entry of the kernel's exception table: a fault at Insn continues at Fixup.
type Exception struct{ Insn, Fixup uint32 }

// ForProfile returns the guest code of a profile of package abi.
func ForProfile(name string) (*Image, error) {
	if name == "2.4.18-14" {
		return Parse(text2418)
	}
	return nil, fmt.Errorf("entry: no guest code for profile %q: only its layouts are known; want 2.4.18-14", name)
}

// Parse reads an assembled image: lines "part ADDR HEX", "exception INSN FIXUP", "symbol ADDR NAME"; numbers are
// hexadecimal without prefix, lines that begin with # are comments.
func Parse(text string) (*Image, error) {
	image := &Image{Symbols: make(map[string]uint32, strings.Count(text, "\nsymbol "))}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if err := image.parseLine(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("entry: line %q: %w", line, err)
		}
	}
	return image, nil
}

func (image *Image) parseLine(line string) error {
	kind, rest, _ := strings.Cut(line, " ")
	first, second, _ := strings.Cut(rest, " ")
	addr, err := strconv.ParseUint(first, 16, 32)
	if err != nil {
		return err
	}
	switch kind {
	case "part":
		code, err := hex.DecodeString(second)
		if err != nil {
			return err
		}
		image.Parts = append(image.Parts, Part{uint32(addr), code})
	case "exception":
		fixup, err := strconv.ParseUint(second, 16, 32)
		if err != nil {
			return err
		}
		image.Exceptions = append(image.Exceptions, Exception{uint32(addr), uint32(fixup)})
	case "symbol":
		image.Symbols[second] = uint32(addr)
	default:
		return fmt.Errorf("unknown kind %q", kind)
	}
	return nil
}
