// SPDX-License-Identifier: BSD-3-Clause
// User memory as system calls reach it: copy_from_user and friends for modelled code (2.4.18 asm-i386/uaccess.h). The
// functions modules call are real guest code: entry/entry.S.

package guestkernel

import (
	"bytes"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// AccessOK is access_ok: [addr, addr+size] lies below the current task's addr_limit.
func (k *Kernel) AccessOK(addr, size uint32) bool {
	limit := k.mem.Get(k.Current(), k.lay.Task.AddrLimit)
	return uint64(addr)+uint64(size) <= uint64(limit)
}

// CopyFromUser fills b from a user address and returns how many bytes it could not; these are zero.
func (k *Kernel) CopyFromUser(b []byte, from uint32) (left int) {
	done := 0
	if k.AccessOK(from, uint32(len(b))) {
		done = k.readMapped(b, from)
	}
	clear(b[done:])
	return len(b) - done
}

// CopyToUser stores b at a user address and returns how many bytes it could not.
func (k *Kernel) CopyToUser(to uint32, b []byte) (left int) {
	if !k.AccessOK(to, uint32(len(b))) {
		return len(b)
	}
	return len(b) - k.eachMapped(to, b, vm.Write, k.m.WritePhys)
}

// GetUser reads 1, 2 or 4 bytes at a user address.
func (k *Kernel) GetUser(addr, size uint32) (v uint32, ok bool) {
	var b [4]byte
	if k.CopyFromUser(b[:size], addr) != 0 {
		return 0, false
	}
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24, true
}

// PutUser writes 1, 2 or 4 bytes at a user address.
func (k *Kernel) PutUser(addr, v, size uint32) bool {
	b := [4]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}
	return k.CopyToUser(addr, b[:size]) == 0
}

// StrncpyFromUser reads a string of at most limit bytes, without its NUL; without one there are limit bytes. Only the first
// byte is checked against addr_limit. ok is false for EFAULT.
func (k *Kernel) StrncpyFromUser(from uint32, limit int) (s []byte, ok bool) {
	if from >= k.mem.Get(k.Current(), k.lay.Task.AddrLimit) {
		return nil, false
	}
	for len(s) < limit {
		chunk := make([]byte, min(int(left(from)), limit-len(s)))
		if k.readMapped(chunk, from) == 0 {
			return nil, false
		}
		if end := bytes.IndexByte(chunk, 0); end >= 0 {
			return append(s, chunk[:end]...), true
		}
		s = append(s, chunk...)
		from += uint32(len(chunk))
	}
	return s, true
}

// readMapped reads what is mapped, page by page, and returns how many bytes that were.
func (k *Kernel) readMapped(b []byte, from uint32) int {
	return k.eachMapped(from, b, 0, k.m.ReadPhys)
}

// eachMapped calls f for the pages of [addr, addr+len(b)) until one is not there. User pages come in on demand.
func (k *Kernel) eachMapped(addr uint32, b []byte, want vm.Access, f func(pa uint32, part []byte)) (done int) {
	for done < len(b) {
		pa, ok := k.m.Translate(addr, want)
		if !ok && k.repairFault(addr, want == vm.Write) {
			pa, ok = k.m.Translate(addr, want)
		}
		if !ok {
			break
		}
		if want == vm.Write {
			k.writtenByKernel(addr)
		}
		n := min(int(abi.PageSize-addr%abi.PageSize), len(b)-done)
		f(pa, b[done:done+n])
		addr, done = addr+uint32(n), done+n
	}
	return done
}
