// SPDX-License-Identifier: BSD-3-Clause
// Guest memory as kernel code sees it: CPL 0, through the current page tables, CR0.WP respected.

package guestkernel

import (
	"encoding/binary"
	"fmt"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Memory reads and writes guest memory for modelled kernel code. An address that the page fault handler cannot make
// good is what it is for real kernel code: a page fault in the modelled function. The accessor then does not return; the
// dispatcher delivers the fault to the guest with EIP at the function's slot, from where it goes to a fixup or an oops.
type Memory struct {
	m *machine
	k *Kernel

	quiet bool // nothing is made present: see quietly
	depth int  // faults being repaired, each while the one before is

	look func(addr, n uint32, write bool) // told of every access; nil: nobody looks on
}

// memFault is the panic of an accessor; only the dispatcher (and try) catch it.
type memFault struct {
	addr  uint32
	write bool
}

func (f memFault) Error() string {
	what := "read"
	if f.write {
		what = "written"
	}
	return fmt.Sprintf("kernel memory at %08x cannot be %s: the guest has damaged its page tables or lists", f.addr, what)
}

// phys translates addr, asking the page fault handler for help once.
func (mem *Memory) phys(addr uint32, write bool) uint32 {
	want := vm.Access(0)
	if write {
		want = vm.Write
	}
	if pa, ok := mem.m.Translate(addr, want); ok {
		return pa
	}
	if mem.quiet {
		if pa, ok := mem.peek(addr); ok && !write {
			return pa
		}
		panic(memFault{addr, write})
	}
	if mem.repair(addr, write) {
		if pa, ok := mem.m.Translate(addr, want); ok {
			return pa
		}
	}
	panic(memFault{addr, write})
}

// maxRepairs bounds repairs inside repairs: with damaged lists the real kernel faults in its fault handler, again and again.
const maxRepairs = 3

// repair is repairFault, unless it has come to repair itself.
func (mem *Memory) repair(addr uint32, write bool) bool {
	if mem.depth >= maxRepairs {
		return false
	}
	mem.depth++
	defer func() { mem.depth-- }()
	return mem.k.repairFault(addr, write)
}

// peek translates a kernel address by the kernel's own page tables, which the current ones may lag behind.
func (mem *Memory) peek(addr uint32) (pa uint32, ok bool) {
	if addr < abi.TaskSize {
		return 0, false
	}
	entry := mem.m.ReadPhys32(physical(mem.k.sym.SwapperPgDir) + pgdOffset(addr))
	if entry&abi.PagePresent == 0 || entry&abi.PagePSE != 0 {
		return 0, false
	}
	entry = mem.m.ReadPhys32(entry&abi.PageMask + pteOffset(addr))
	return entry&abi.PageMask | addr&^abi.PageMask, entry&abi.PagePresent != 0
}

// quietly runs f, which reads guest memory for a report: whatever it looks at, the guest's page tables stay as they are.
// It returns false when f touched a bad address.
func (k *Kernel) quietly(f func()) bool {
	before := k.mem.quiet
	k.mem.quiet = true
	defer func() { k.mem.quiet = before }()
	return k.mem.try(f)
}

// looked tells whoever looks on of an access. What is read for a report does not count.
func (mem *Memory) looked(addr uint32, n int, write bool) {
	if mem.look != nil && !mem.quiet {
		mem.look(addr, uint32(n), write)
	}
}

// left is how many bytes lie between addr and the end of its page.
func left(addr uint32) uint32 { return abi.PageSize - addr%abi.PageSize }

// Read fills b from addr on.
func (mem *Memory) Read(addr uint32, b []byte) {
	mem.looked(addr, len(b), false)
	mem.fetch(addr, b)
}

// fetch is Read without anybody looking on.
func (mem *Memory) fetch(addr uint32, b []byte) {
	for len(b) > 0 {
		n := min(int(left(addr)), len(b))
		mem.m.ReadPhys(mem.phys(addr, false), b[:n])
		addr, b = addr+uint32(n), b[n:]
	}
}

// Write stores b from addr on. The part before a fault stays written, as with a real copy loop.
func (mem *Memory) Write(addr uint32, b []byte) {
	mem.looked(addr, len(b), true)
	for len(b) > 0 {
		n := min(int(left(addr)), len(b))
		mem.m.WritePhys(mem.phys(addr, true), b[:n])
		addr, b = addr+uint32(n), b[n:]
	}
}

// Bytes returns a copy of n bytes at addr.
func (mem *Memory) Bytes(addr, n uint32) []byte {
	b := make([]byte, n)
	mem.Read(addr, b)
	return b
}

// U8, U16, U32 and U64 read little-endian words; SetU8 … SetU64 write them.
func (mem *Memory) U8(addr uint32) uint8 {
	var b [1]byte
	mem.Read(addr, b[:])
	return b[0]
}

// U16 reads a 16-bit word.
func (mem *Memory) U16(addr uint32) uint16 {
	var b [2]byte
	mem.Read(addr, b[:])
	return binary.LittleEndian.Uint16(b[:])
}

// U32 reads a 32-bit word.
func (mem *Memory) U32(addr uint32) uint32 {
	if left(addr) >= 4 {
		mem.looked(addr, 4, false)
		return mem.m.ReadPhys32(mem.phys(addr, false))
	}
	var b [4]byte
	mem.Read(addr, b[:])
	return binary.LittleEndian.Uint32(b[:])
}

// U64 reads a 64-bit word.
func (mem *Memory) U64(addr uint32) uint64 {
	var b [8]byte
	mem.Read(addr, b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// SetU8 writes a byte.
func (mem *Memory) SetU8(addr uint32, v uint8) { mem.Write(addr, []byte{v}) }

// SetU16 writes a 16-bit word.
func (mem *Memory) SetU16(addr uint32, v uint16) {
	var b [2]byte
	binary.LittleEndian.PutUint16(b[:], v)
	mem.Write(addr, b[:])
}

// SetU32 writes a 32-bit word.
func (mem *Memory) SetU32(addr, v uint32) {
	if left(addr) >= 4 {
		mem.looked(addr, 4, true)
		mem.m.WritePhys32(mem.phys(addr, true), v)
		return
	}
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], v)
	mem.Write(addr, b[:])
}

// SetU64 writes a 64-bit word.
func (mem *Memory) SetU64(addr uint32, v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	mem.Write(addr, b[:])
}

// CString reads a NUL-terminated string of at most limit bytes, without its NUL. ok is false when there was none in reach.
func (mem *Memory) CString(addr uint32, limit int) (s string, ok bool) {
	var text []byte
	var chunk [64]byte
	for len(text) < limit {
		n := min(int(left(addr)), len(chunk), limit-len(text))
		mem.fetch(addr, chunk[:n])
		for i, c := range chunk[:n] {
			if c == 0 {
				mem.looked(addr, i+1, false)
				return string(append(text, chunk[:i]...)), true
			}
		}
		mem.looked(addr, n, false)
		text = append(text, chunk[:n]...)
		addr += uint32(n)
	}
	return string(text), false
}

// Fill sets n bytes at addr to v.
func (mem *Memory) Fill(addr, n uint32, v byte) {
	var page [abi.PageSize]byte
	if v != 0 {
		for i := range page {
			page[i] = v
		}
	}
	for n > 0 {
		part := min(left(addr), n)
		mem.Write(addr, page[:part])
		addr, n = addr+part, n-part
	}
}

// Copy moves n bytes from src to dst, upwards, page by page.
func (mem *Memory) Copy(dst, src, n uint32) {
	var page [abi.PageSize]byte
	for n > 0 {
		part := min(left(src), n)
		mem.Read(src, page[:part])
		mem.Write(dst, page[:part])
		dst, src, n = dst+part, src+part, n-part
	}
}

// Get reads the field f of the structure at base: 1, 2 or 4 bytes, sign-extended if its type is, or a bit field.
func (mem *Memory) Get(base uint32, f abi.Field) uint32 {
	addr := base + f.Off
	var v uint32
	switch f.Size {
	case 1:
		v = uint32(mem.U8(addr))
	case 2:
		v = uint32(mem.U16(addr))
	case 4:
		v = mem.U32(addr)
	default:
		panicf("field of %d bytes read as one word", f.Size)
	}
	width := uint32(f.Size * 8)
	if f.Bits != 0 {
		v, width = v>>f.Bit&(1<<f.Bits-1), uint32(f.Bits)
	}
	if f.Signed && width < 32 {
		v = uint32(int32(v<<(32-width)) >> (32 - width))
	}
	return v
}

// Set writes the field f of the structure at base.
func (mem *Memory) Set(base uint32, f abi.Field, v uint32) {
	addr := base + f.Off
	if f.Bits != 0 {
		whole := f
		whole.Bits, whole.Signed = 0, false
		mask := uint32(1<<f.Bits-1) << f.Bit
		mem.Set(base, whole, mem.Get(base, whole)&^mask|v<<f.Bit&mask)
		return
	}
	switch f.Size {
	case 1:
		mem.SetU8(addr, uint8(v))
	case 2:
		mem.SetU16(addr, uint16(v))
	case 4:
		mem.SetU32(addr, v)
	default:
		panicf("field of %d bytes written as one word", f.Size)
	}
}

// try runs f and reports whether it went without touching a bad address. For the few places where the kernel itself
// guards an access, such as the oops printer reading code bytes.
func (mem *Memory) try(f func()) (ok bool) {
	defer func() {
		if faultOf(recover()) != nil {
			ok = false
		}
	}()
	f()
	return true
}
