// SPDX-License-Identifier: BSD-3-Clause
// Raw images: the bytes init_module(2) is given, without a header of ours.
//
// The manual page's struct module has 60 bytes, 2.4's has 96; both begin alike.
// The file does not say for which address it was relocated, but its pointers
// do: the kernel wants each of them within the body, so each narrows the base
// to an interval, the base is a page address, and what name and symbol table
// point to must be strings. A struct module_ref holds the base itself.

package loader

import (
	"errors"
	"fmt"

	"ring0/guestkernel/abi"
)

// Bounds on a plausible size_of_struct: the manual page's structure, and room
// for any later one.
const (
	minModuleStruct = 60
	maxModuleStruct = 0x200
	// rawSample and rawName bound what is read to try one base address: table
	// entries, and bytes of each string.
	rawSample = 16
	rawName   = 1024
)

// beginsLikeModule is the quick look of KindOf.
func beginsLikeModule(data []byte) bool {
	if len(data) < minModuleStruct {
		return false
	}
	n := le32(data)
	return n >= minModuleStruct && n <= maxModuleStruct && n%4 == 0
}

// rawImage is a raw image under examination.
type rawImage struct {
	data   []byte // struct module's own size long
	header uint32 // size_of_struct
	abi    kernelABI
}

func readRaw(data []byte, likely uint32) (*Image, error) {
	kernel, err := kernelABIFor("")
	if err != nil {
		return nil, err
	}
	r := rawImage{data: data, header: le32(data), abi: kernel}
	size := get(data, kernel.module.ModuleSize)
	switch {
	case size <= r.header:
		return nil, fmt.Errorf("raw image: struct module gives a size of %#x, not more than itself (%#x)", size, r.header)
	case uint64(size) > uint64(len(data)):
		return nil, fmt.Errorf("raw image: struct module gives a size of %#x, the file has %#x bytes: truncated?", size, len(data))
	case size > MaxImage:
		return nil, fmt.Errorf("raw image: size %#x is above the limit of %d MB", size, MaxImage>>20)
	}
	r.data = data[:size]
	base, err := r.base(likely)
	if err != nil {
		return nil, err
	}
	name, _ := r.stringAt(r.field(kernel.module.Name) - base)
	return &Image{Name: name, Base: base, Bytes: r.data}, nil
}

// field reads a field of struct module; those past size_of_struct are not there.
func (r *rawImage) field(f abi.Field) uint32 {
	if f.Off+f.Size > r.header {
		return 0
	}
	return get(r.data, f)
}

// base finds the address the image was relocated for. The likely one is taken
// if it fits; else there must be just one that does.
func (r *rawImage) base(likely uint32) (uint32, error) {
	if r.field(r.abi.module.Name) == 0 {
		return 0, errors.New("raw image: struct module has no name pointer")
	}
	low, high := r.interval()
	if at := uint64(likely); at%MaxAlign == 0 && low <= at && at <= high && r.fits(likely) {
		return likely, nil
	}
	var found []uint32
	for at := alignUp(low, MaxAlign); at <= high; at += MaxAlign {
		if !r.fits(uint32(at)) {
			continue
		}
		found = append(found, uint32(at))
		if len(found) == 2 {
			return 0, fmt.Errorf("raw image: it fits several base addresses, %#x and %#x among them", found[0], found[1])
		}
	}
	if len(found) == 0 {
		return 0, errors.New("raw image: no base address puts all of its pointers into the image")
	}
	return found[0], nil
}

// interval is where the base can be for all pointers to lie in the body.
func (r *rawImage) interval() (low, high uint64) {
	size := uint64(len(r.data))
	low, high = abi.PageOffset, 1<<32-size
	narrow := func(pointer uint32, length uint64) {
		if pointer == 0 {
			return
		}
		end := uint64(pointer) + length
		if end > size {
			low = max(low, end-size)
		}
		high = min(high, uint64(pointer)-min(uint64(r.header), uint64(pointer)))
	}
	m := &r.abi.module
	narrow(r.field(m.Name), 2) // a character and its NUL
	narrow(r.field(m.Init), 1)
	narrow(r.field(m.Cleanup), 1)
	narrow(r.field(m.CanUnload), 1)
	narrow(r.field(m.Syms), uint64(r.field(m.Nsyms))*uint64(r.abi.symbol.Size))
	narrow(r.field(m.Deps), uint64(r.field(m.Ndeps))*uint64(r.abi.reference.Size))
	for _, f := range []abi.Field{
		m.ExTableStart, m.ExTableEnd, m.PersistStart, m.PersistEnd,
		m.KallsymsStart, m.KallsymsEnd, m.ArchdataStart, m.ArchdataEnd,
	} {
		narrow(r.field(f), 0)
	}
	return low, high
}

// fits checks what the pointers lead to if the image lies at base.
func (r *rawImage) fits(base uint32) bool {
	if name, ok := r.stringAt(r.field(r.abi.module.Name) - base); !ok || name == "" {
		return false
	}
	return r.symbolsFit(base) && r.referencesFit(base)
}

func (r *rawImage) symbolsFit(base uint32) bool {
	count, pointer := r.field(r.abi.module.Nsyms), r.field(r.abi.module.Syms)
	if count > 0 && pointer == 0 {
		return false
	}
	table := pointer - base
	for i := uint32(0); i < min(count, rawSample); i++ {
		entry := r.data[table+i*r.abi.symbol.Size:]
		if _, ok := r.stringAt(get(entry, r.abi.symbol.Name) - base); !ok {
			return false
		}
	}
	return true
}

func (r *rawImage) referencesFit(base uint32) bool {
	count, pointer := r.field(r.abi.module.Ndeps), r.field(r.abi.module.Deps)
	if count > 0 && pointer == 0 {
		return false
	}
	table := pointer - base
	for i := uint32(0); i < min(count, rawSample); i++ {
		entry := r.data[table+i*r.abi.reference.Size:]
		if get(entry, r.abi.reference.Ref) != base {
			return false
		}
	}
	return true
}

// stringAt reads a printable string in the body.
func (r *rawImage) stringAt(offset uint32) (string, bool) {
	if offset < r.header || uint64(offset) >= uint64(len(r.data)) {
		return "", false
	}
	rest := r.data[offset:min(uint64(len(r.data)), uint64(offset)+rawName)]
	text, ok := cString(rest)
	if !ok {
		return "", false
	}
	for i := 0; i < len(text); i++ {
		if text[i] < 0x20 || text[i] > 0x7e {
			return "", false
		}
	}
	return text, true
}
