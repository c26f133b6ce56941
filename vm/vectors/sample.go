// SPDX-License-Identifier: BSD-3-Clause
// Smaller vector files out of larger ones.

package vectors

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

// Sample returns a file with the header of f and at most perForm records of
// each form, spread evenly over the form's records in f.
func (f *File) Sample(perForm int) (*File, error) {
	if perForm < 1 {
		return nil, fmt.Errorf("vectors: sample of %d records per form", perForm)
	}
	count := make([]int, len(f.Forms))
	if err := f.each(func(form int, _ []byte) { count[form]++ }); err != nil {
		return nil, err
	}
	s := *f
	s.records = nil
	seen := make([]int, len(f.Forms))
	err := f.each(func(form int, body []byte) {
		i, n := seen[form], count[form]
		seen[form]++
		if n > perForm && i*perForm/n == (i+1)*perForm/n {
			return
		}
		s.records = binary.LittleEndian.AppendUint16(s.records, uint16(len(body)))
		s.records = append(s.records, body...)
	})
	s.records = append(s.records, 0, 0)
	return &s, err
}

// each calls fn with the form and the undecoded body of every record.
func (f *File) each(fn func(form int, body []byte)) error {
	n := 0
	for body, err := range f.raw() {
		if err != nil {
			return fmt.Errorf("vectors: group %s: record %d: %w", f.Group, n, err)
		}
		form := (&decoder{data: body}).u16()
		if int(form) >= len(f.Forms) {
			return fmt.Errorf("vectors: group %s: record %d: form %d of %d", f.Group, n, form, len(f.Forms))
		}
		fn(int(form), body)
		n++
	}
	return nil
}

// Encode writes the file in its compressed form.
func (f *File) Encode(w io.Writer) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(f.header); err != nil {
		return err
	}
	if _, err := z.Write(f.records); err != nil {
		return err
	}
	return z.Close()
}

// Equal says whether two files hold the same bytes.
func (f *File) Equal(g *File) bool {
	return bytes.Equal(f.header, g.header) && bytes.Equal(f.records, g.records)
}
