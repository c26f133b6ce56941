// SPDX-License-Identifier: BSD-3-Clause
// One record of an HWV1 file: an instruction with the state before and after it.
//
//	u16 form  u8 base state  u8 flags  u8 length, code
//	changes base → in    u8 n × memory (u32 address, u8 length, bytes)
//	u8 exception (255 none)  [u32 error code  [exception 14: u32 CR2]]
//	changes in → out     u8 n × memory
//	u16 EFLAGS undefined  u16 FSW undefined  u8 GPRs undefined  u8 n × (u32 address, u8 length)

package vectors

import (
	"bytes"
	"fmt"
)

// Bits of Record.Flags.
const (
	// Approximate: the result of a transcendental instruction. Within 1 ulp
	// is the goal; CPUs differ among themselves by up to 3.
	Approximate = 1 << iota
	// Code16: the code segment has D = 0.
	Code16
	// NeedsLDT: a selector points into the LDT of the file.
	NeedsLDT
	// RepFault: an exception inside a repeated string instruction; the
	// progress made before it is architectural.
	RepFault
	// AnyCR2: a page fault of an instruction with several accesses, of which
	// the manual does not say which comes first: do not compare CR2.
	AnyCR2
)

// NoException is Record.Exception when the instruction completed.
const NoException = 255

const exceptionPF = 14

// Memory is a run of bytes at a linear address.
type Memory struct {
	Addr uint32
	Data []byte
}

// Range is a range of linear addresses.
type Range struct {
	Addr uint32
	Len  uint8
}

// Undefined says which parts of the result the manual leaves undefined.
type Undefined struct {
	EFLAGS uint16 // mask of bits
	FSW    uint16 // mask of bits
	GPR    uint8  // bit i: register i
	Mem    []Range
}

// Record is one vector.
type Record struct {
	Index int // number in the file, from 0
	Form  int // index into File.Forms
	Name  string
	Base  int // index into File.Bases
	Flags uint8
	Code  []byte // the instruction's bytes, at CS:EIP of In

	In    State
	MemIn []Memory // laid over the regions' content

	Exception uint8 // vector number, or NoException
	ErrorCode uint32
	CR2       uint32 // exception 14 only

	Out    State
	MemOut []Memory // every byte that changed

	Undefined Undefined
}

// record decodes and checks the body of record n.
func (f *File) record(n int, body []byte) (*Record, error) {
	d := &decoder{data: body}
	r := &Record{Index: n, Form: int(d.u16()), Base: int(d.u8()), Flags: d.u8()}
	r.Code = bytes.Clone(d.bytes(int(d.u8())))
	switch {
	case d.err != nil:
		return nil, d.err
	case r.Form >= len(f.Forms):
		return nil, fmt.Errorf("form %d of %d", r.Form, len(f.Forms))
	case r.Base >= len(f.Bases):
		return nil, fmt.Errorf("base state %d of %d", r.Base, len(f.Bases))
	}
	r.Name = f.Forms[r.Form]

	r.In = f.Bases[r.Base]
	d.changes(&r.In)
	r.MemIn = d.memory()

	r.Exception = d.u8()
	if r.Exception != NoException {
		r.ErrorCode = d.u32()
	}
	if r.Exception == exceptionPF {
		r.CR2 = d.u32()
	}

	r.Out = r.In
	d.changes(&r.Out)
	r.MemOut = d.memory()

	r.Undefined = Undefined{EFLAGS: d.u16(), FSW: d.u16(), GPR: d.u8()}
	for n := d.u8(); n > 0 && d.err == nil; n-- {
		r.Undefined.Mem = append(r.Undefined.Mem, Range{d.u32(), d.u8()})
	}
	if d.err == nil && d.pos != len(body) {
		d.fail(fmt.Errorf("%d bytes left over", len(body)-d.pos))
	}
	return r, d.err
}

func (d *decoder) memory() (list []Memory) {
	for n := d.u8(); n > 0 && d.err == nil; n-- {
		addr := d.u32()
		list = append(list, Memory{addr, bytes.Clone(d.bytes(int(d.u8())))})
	}
	return list
}
