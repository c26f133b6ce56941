// SPDX-License-Identifier: BSD-3-Clause
// What came out against what was recorded.

package conformance

import (
	"bytes"
	"fmt"

	"ring0/vm/vectors"
)

var (
	gprNames = [...]string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"}
	segNames = [...]string{"es", "cs", "ss", "ds", "fs", "gs"}
)

// pfInstruction is the bit of a page-fault error code that says "fetch". It
// exists only with the NX bit, later than an i686.
const pfInstruction = 1 << 4

// differences gathers them as text.
type differences []string

func (d *differences) add(format string, args ...any) {
	*d = append(*d, fmt.Sprintf(format, args...))
}

// hex compares two numbers.
func (d *differences) hex(name string, want, got uint32) {
	if want != got {
		d.add("%s want %x got %x", name, want, got)
	}
}

// compare lists the differences between the outcome and the recording.
func (b *bench) compare(rec *vectors.Record, got *outcome) []string {
	undefined := rec.Undefined
	if b.strict {
		undefined = vectors.Undefined{}
	}
	var d differences
	d.exception(rec, got)
	for i, name := range gprNames {
		if undefined.GPR>>i&1 == 0 {
			d.hex(name, rec.Out.GPR[i], got.GPR[i])
		}
	}
	mask := vectors.EFLAGSMask &^ uint32(undefined.EFLAGS)
	d.hex("eflags", rec.Out.EFLAGS&mask, got.EFLAGS&mask)
	d.hex("eip", rec.Out.EIP, got.EIP)
	for i, name := range segNames {
		d.hex(name, uint32(rec.Out.Seg[i]), uint32(got.Seg[i]))
	}
	d.compareFPU(&rec.Out, &got.State, undefined.FSW, rec.Flags&vectors.Approximate != 0)
	b.compareMemory(&d, undefined.Mem)
	return d
}

func (d *differences) exception(rec *vectors.Record, got *outcome) {
	if rec.Exception != got.exception {
		d.add("exception want %s got %s", exceptionName(rec.Exception, rec.ErrorCode), exceptionName(got.exception, got.errorCode))
		return
	}
	if rec.Exception == vectors.NoException {
		return
	}
	want := rec.ErrorCode
	if rec.Exception == excPF {
		want &^= pfInstruction
	}
	d.hex("error code", want, got.errorCode)
	if rec.Exception == excPF && rec.Flags&vectors.AnyCR2 == 0 {
		d.hex("cr2", rec.CR2, got.cr2)
	}
}

func exceptionName(vector uint8, code uint32) string {
	if vector == vectors.NoException {
		return "none"
	}
	return fmt.Sprintf("%d(%x)", vector, code)
}

// compareMemory looks at all regions, changed or not.
func (b *bench) compareMemory(d *differences, undefined []vectors.Range) {
	b.m.ReadPhys(physRegs, b.got)
	if bytes.Equal(b.got, b.want) {
		return
	}
	ignore := make([]bool, len(b.got))
	for _, r := range undefined {
		b.each(r.Addr, int(r.Len), func(at, _, n int) {
			for i := at; i < at+n; i++ {
				ignore[i] = true
			}
		})
	}
	for i := range b.got {
		if b.got[i] != b.want[i] && !ignore[i] {
			d.add("memory at %x want %02x got %02x", b.address(i), b.want[i], b.got[i])
			if len(*d) > 12 {
				return
			}
		}
	}
}

// address is the linear address of place at in the copies.
func (b *bench) address(at int) uint32 {
	for _, r := range b.regions {
		if at >= r.at && at < r.at+int(r.Size) {
			return r.Addr + uint32(at-r.at)
		}
	}
	return 0
}
