// SPDX-License-Identifier: BSD-3-Clause
// Calls of guest functions with C arguments, and guest memory.

package moduletest

import (
	"fmt"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

// Addr is an address in the guest, as an argument.
type Addr uint32

// Call calls a function of the kernel by its name, in kernel mode and in the context of [Kernel.User]. An argument is an int,
// int32, uint32, bool, nil or [Addr], passed as it is; a string, passed as the address of a copy with a NUL; or a []byte, passed
// as the address of a copy that is copied back when the function has returned. Copies are gone after the call.
func (k *Kernel) Call(function string, args ...any) int32 {
	k.tb.Helper()
	at, ok := k.kernel.Profile().Symbol(function)
	if !ok {
		k.Fatalf("the kernel has no function %s", function)
	}
	v, err := k.tryCall(at, k.convention(function), args)
	if err != nil {
		k.Fatalf("%s: %v", function, err)
	}
	return v
}

// convention is how a function of the kernel takes its arguments.
func (k *Kernel) convention(function string) guestkernel.Conv {
	_, conv, _ := k.kernel.Support(function)
	return conv
}

// TryCall calls the C function at an address. An oops in it is an error that says [Died]: [Kernel.User] is gone then, and the
// next use makes another.
func (k *Kernel) TryCall(fn uint32, args ...any) (int32, error) {
	return k.tryCall(fn, guestkernel.CDecl, args)
}

func (k *Kernel) tryCall(fn uint32, conv guestkernel.Conv, args []any) (result int32, err error) {
	p := k.User()
	var o guestkernel.Outcome
	k.do(func() {
		c := argumentCopies{kernel: k.kernel}
		words := make([]uint32, len(args))
		for i, arg := range args {
			if words[i], err = c.word(arg); err != nil {
				return
			}
		}
		o = p.guest.CallKernel(guestkernel.GuestCall{Fn: fn, Args: words, Conv: conv})
		c.back()
	})
	switch {
	case err != nil:
		return 0, err
	case o.Kind == guestkernel.Returned:
		return o.Value, nil
	case o.Kind == guestkernel.Killed:
		k.user = nil
	}
	return 0, &guestkernel.SyscallError{Call: k.kernel.Symbolize(fn), Outcome: o}
}

// argumentCopies is guest memory for arguments of one call.
type argumentCopies struct {
	kernel *guestkernel.Kernel
	at     []uint32
	from   [][]byte // nil: not copied back
}

// word makes of an argument what is passed.
func (c *argumentCopies) word(arg any) (uint32, error) {
	switch v := arg.(type) {
	case nil:
		return 0, nil
	case int:
		return uint32(v), nil
	case int32:
		return uint32(v), nil
	case uint32:
		return v, nil
	case Addr:
		return uint32(v), nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case string:
		return c.put(append([]byte(v), 0), nil)
	case []byte:
		return c.put(v, v)
	}
	return 0, fmt.Errorf("moduletest: an argument of type %T cannot be passed", arg)
}

// put copies b into memory of kmalloc's.
func (c *argumentCopies) put(b, back []byte) (uint32, error) {
	at := c.kernel.Kmalloc(uint32(max(len(b), 1)), gfpAtomic)
	if at == 0 {
		return 0, fmt.Errorf("moduletest: no guest memory for an argument of %d bytes", len(b))
	}
	c.at, c.from = append(c.at, at), append(c.from, back)
	c.kernel.Memory().Write(at, b)
	return at, nil
}

// gfpAtomic is GFP_ATOMIC.
const gfpAtomic = 0x20

// back copies results back and frees the copies.
func (c *argumentCopies) back() {
	for i, at := range c.at {
		if c.from[i] != nil {
			c.kernel.Memory().Read(at, c.from[i])
		}
		c.kernel.Kfree(at)
	}
}

// Peek reads n bytes of guest memory as the kernel sees it; the test fails where none is mapped.
func (k *Kernel) Peek(addr uint32, n int) []byte {
	k.tb.Helper()
	b := make([]byte, n)
	if got := k.kernel.Peek(addr, b); got != n {
		k.Fatalf("no guest memory at %08x", addr+uint32(got))
	}
	return b
}

// Poke writes guest memory.
func (k *Kernel) Poke(addr uint32, b []byte) {
	k.tb.Helper()
	b = append([]byte{}, b...)
	k.Peek(addr, len(b))
	k.do(func() { k.kernel.Memory().Write(addr, b) })
}

// Text is the string at an address.
func (k *Kernel) Text(addr uint32) string {
	k.tb.Helper()
	const longest = 4096
	var text []byte
	for c := k.Peek(addr, 1); c[0] != 0 && len(text) < longest; c = k.Peek(addr+uint32(len(text)), 1) {
		text = append(text, c[0])
	}
	return string(text)
}

// Field reads a field of a structure in guest memory by the kernel's layout: Field("struct net_device", dev, "mtu").
func (k *Kernel) Field(structure string, addr uint32, path string) uint32 {
	k.tb.Helper()
	f := k.place(structure, path)
	k.Peek(addr+f.Off, int(f.Size))
	return k.kernel.Memory().Get(addr, f)
}

// SetField writes one.
func (k *Kernel) SetField(structure string, addr uint32, path string, v uint32) {
	k.tb.Helper()
	f := k.place(structure, path)
	k.Peek(addr+f.Off, int(f.Size))
	k.do(func() { k.kernel.Memory().Set(addr, f, v) })
}

// place is where a field lies.
func (k *Kernel) place(structure, path string) abi.Field {
	k.tb.Helper()
	s, err := k.kernel.Profile().Struct(structure)
	if err != nil {
		k.Fatalf("%v", err)
	}
	f, err := s.Field(path)
	if err != nil {
		k.Fatalf("%v", err)
	}
	return f
}
