// SPDX-License-Identifier: BSD-3-Clause
// The HWV1 file format: header, regions, LDT, base states, form names, records.
//
//	"HWV1"  u32 version  u32 seed  str group
//	u8 n × region:  u32 address  u32 size  u8 permissions  u8 has content  [content]
//	u8 n × LDT entry (8 bytes)
//	u8 n × base state
//	u16 n × form name (str)
//	record: u16 length, then as many bytes (record.go) …  u16 0 ends the file
//
// Numbers are little-endian; str is a u8 length and that many bytes. Files
// whose first bytes say so are gzip-compressed.

package vectors

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

const (
	magic   = "HWV1"
	version = 1
	// maxFile bounds what a compressed file may expand to, and maxRegion what
	// one memory region may claim.
	maxFile   = 1 << 28
	maxRegion = 1 << 26
)

// Access permissions of a Region.
const (
	PermRead = 1 << iota
	PermWrite
	PermExec
)

// Region is one mapped range of linear addresses, the same for every vector of a file.
type Region struct {
	Addr    uint32
	Size    uint32
	Perm    uint8  // PermRead, PermWrite, PermExec
	Content []byte // Size bytes, or nil: filled with 0xCC (code)
}

// File is one vector file, read whole.
type File struct {
	Seed    uint32 // of the generator that chose the operands
	Group   string // "int", "x87", …; "m16" is recorded in a 16-bit code segment
	Regions []Region
	LDT     [][8]byte // descriptors as the CPU reads them
	Bases   []State
	Forms   []string // names of the instruction forms

	header  []byte // everything in front of the records
	records []byte // length-prefixed, with the terminator
}

// Open reads a vector file, compressed or not.
func Open(path string) (*File, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("vectors: %s: %w", path, err)
	}
	return f, nil
}

// Parse reads the content of a vector file, compressed or not. The header is
// checked here, each record when it is reached.
func Parse(raw []byte) (*File, error) {
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		var err error
		if raw, err = gunzip(raw); err != nil {
			return nil, err
		}
	}
	d := &decoder{data: raw}
	f := d.fileHeader()
	if d.err != nil {
		return nil, fmt.Errorf("header: %w", d.err)
	}
	f.header, f.records = raw[:d.pos], raw[d.pos:]
	return f, nil
}

func gunzip(raw []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := io.CopyN(&out, z, int64(len(magic))); err == nil && out.String() != magic {
		return out.Bytes(), nil // the header's reader says what is wrong
	}
	if _, err := out.ReadFrom(io.LimitReader(z, maxFile+1)); err != nil {
		return nil, fmt.Errorf("compressed data: %w", err)
	}
	if out.Len() > maxFile {
		return nil, fmt.Errorf("compressed data: expands to more than %d MB", maxFile>>20)
	}
	return out.Bytes(), nil
}

// fileHeader reads everything up to the first record.
func (d *decoder) fileHeader() *File {
	f := &File{}
	if m := d.bytes(len(magic)); d.err == nil && string(m) != magic {
		d.fail(fmt.Errorf("not a vector file: magic %q, want %q", m, magic))
	}
	if v := d.u32(); d.err == nil && v != version {
		d.fail(fmt.Errorf("version %d, this reader knows %d", v, version))
	}
	f.Seed, f.Group = d.u32(), d.str()
	for n := d.u8(); n > 0 && d.err == nil; n-- {
		f.Regions = append(f.Regions, d.region())
	}
	for n := d.u8(); n > 0 && d.err == nil; n-- {
		var e [8]byte
		copy(e[:], d.bytes(8))
		f.LDT = append(f.LDT, e)
	}
	for n := d.u8(); n > 0 && d.err == nil; n-- {
		f.Bases = append(f.Bases, d.state())
	}
	for n := d.u16(); n > 0 && d.err == nil; n-- {
		f.Forms = append(f.Forms, d.str())
	}
	return f
}

func (d *decoder) region() Region {
	r := Region{Addr: d.u32(), Size: d.u32(), Perm: d.u8()}
	hasContent := d.u8()
	if r.Size > maxRegion || uint64(r.Addr)+uint64(r.Size) > 1<<32 {
		d.fail(fmt.Errorf("region at %#x: size %#x is too large", r.Addr, r.Size))
		return r
	}
	if hasContent != 0 {
		r.Content = bytes.Clone(d.bytes(int(r.Size)))
	}
	return r
}

// Records yields the vectors in file order. After an error it stops. Every
// record is a fresh one: keep it as long as you like.
func (f *File) Records() iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		n := 0
		for body, err := range f.raw() {
			var rec *Record
			if err == nil {
				rec, err = f.record(n, body)
			}
			if err != nil {
				yield(nil, fmt.Errorf("vectors: group %s: record %d: %w", f.Group, n, err))
				return
			}
			if !yield(rec, nil) {
				return
			}
			n++
		}
	}
}

// raw yields the undecoded bodies of the records.
func (f *File) raw() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		d := &decoder{data: f.records}
		for {
			n := d.u16()
			body := d.bytes(int(n))
			if d.err != nil {
				yield(nil, d.err)
				return
			}
			if n == 0 && d.pos < len(d.data) {
				yield(nil, fmt.Errorf("%d bytes behind the end of the records", len(d.data)-d.pos))
				return
			}
			if n == 0 || !yield(body, nil) {
				return
			}
		}
	}
}

var errTruncated = errors.New("truncated")

// decoder walks little-endian data; after the first error it returns zeros.
type decoder struct {
	data []byte
	pos  int
	err  error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = fmt.Errorf("offset %#x: %w", d.pos, err)
	}
}

// bytes is the next n bytes; after an error, nil.
func (d *decoder) bytes(n int) []byte {
	if d.err == nil && n > len(d.data)-d.pos {
		d.fail(errTruncated)
	}
	if d.err != nil {
		return nil
	}
	d.pos += n
	return d.data[d.pos-n : d.pos : d.pos]
}

func (d *decoder) uint(n int) (v uint32) {
	for i, b := range d.bytes(n) {
		v |= uint32(b) << (8 * i)
	}
	return v
}

func (d *decoder) u8() uint8   { return uint8(d.uint(1)) }
func (d *decoder) u16() uint16 { return uint16(d.uint(2)) }
func (d *decoder) u32() uint32 { return d.uint(4) }
func (d *decoder) str() string { return string(d.bytes(int(d.u8()))) }
