// SPDX-License-Identifier: BSD-3-Clause
// A linked image as a file.
//
// An image is absolute: it is only good for its base address and for the kernel
// symbols it was linked to, so the file says which. All numbers are
// little-endian; a string is a 16-bit length and that many bytes.
//
//	 0  8 bytes  "RING0IMG"
//	 8  u32      format version, 1
//	12  u32      length of this header: the image begins there
//	16  u32      base address
//	20  u32      length of the image
//	24  u32      CRC-32 (IEEE) of the image
//	28  u32      number of dependencies
//	32  u32      number of imports
//	36  string   module name
//	    string   kernel profile
//	    per dependency: string module, u32 address of its struct module
//	    per import:     string name in the module, string name exported,
//	                    string exporting module (empty: the kernel), u32 value
//	    zeroes up to a multiple of 16
//
// A file without this header is taken for a raw image; see rawimage.go.

package loader

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	imageMagic       = "RING0IMG"
	imageVersion     = 1
	imageFixedHeader = 36
	imageHeaderAlign = 16
)

// FileKind is what a file of unknown kind looks like.
type FileKind int

// What KindOf tells apart.
const (
	KindUnknown FileKind = iota
	KindELF              // an ELF file of any sort; Parse says more
	KindImage            // a linked image written by Save
	KindRaw              // bytes that begin with a plausible struct module
)

// KindOf looks at the first bytes of a file.
func KindOf(data []byte) FileKind {
	switch {
	case bytes.HasPrefix(data, []byte("\x7fELF")):
		return KindELF
	case bytes.HasPrefix(data, []byte(imageMagic)):
		return KindImage
	case beginsLikeModule(data):
		return KindRaw
	}
	return KindUnknown
}

// Save returns the image as a file.
func (img *Image) Save() ([]byte, error) {
	var w imageWriter
	w.bytes = append(w.bytes, imageMagic...)
	w.u32(imageVersion)
	w.u32(0) // header length, below
	w.u32(img.Base)
	w.u32(img.Size())
	w.u32(crc32.ChecksumIEEE(img.Bytes))
	w.u32(uint32(len(img.Deps)))
	w.u32(uint32(len(img.Imports)))
	w.text(img.Name)
	w.text(img.Profile)
	for _, d := range img.Deps {
		w.text(d.Name)
		w.u32(d.Addr)
	}
	for _, i := range img.Imports {
		w.text(i.Name)
		w.text(i.Export)
		w.text(i.From)
		w.u32(i.Value)
	}
	if w.err != nil {
		return nil, w.err
	}
	for len(w.bytes)%imageHeaderAlign != 0 {
		w.bytes = append(w.bytes, 0)
	}
	putLE32(w.bytes[12:], uint32(len(w.bytes)))
	return append(w.bytes, img.Bytes...), nil
}

type imageWriter struct {
	bytes []byte
	err   error
}

func (w *imageWriter) u32(v uint32) { w.bytes = binary.LittleEndian.AppendUint32(w.bytes, v) }

func (w *imageWriter) text(s string) {
	if len(s) > 0xffff {
		w.err = fmt.Errorf("a name of %d bytes is too long to save", len(s))
		return
	}
	w.bytes = append(binary.LittleEndian.AppendUint16(w.bytes, uint16(len(s))), s...)
}

// ReadImage reads a linked image: one written by Save, or a raw one. likely is
// the address create_module is expected to return; it decides when a raw image
// could belong to several addresses, and may be 0.
func ReadImage(file string, data []byte, likely uint32) (*Image, error) {
	fail := func(err error) error { return fmt.Errorf("%s: %w", file, err) }
	switch KindOf(data) {
	case KindImage:
		img, err := readSaved(data)
		if err != nil {
			return nil, fail(err)
		}
		return img, nil
	case KindRaw:
		img, err := readRaw(data, likely)
		if err != nil {
			return nil, fail(err)
		}
		return img, nil
	case KindELF:
		return nil, fail(errors.New("an ELF file, not a linked image; link it first"))
	}
	return nil, fail(errors.New("neither a linked image nor a raw one: it begins with neither RING0IMG nor a struct module"))
}

func readSaved(data []byte) (*Image, error) {
	if len(data) < imageFixedHeader {
		return nil, fmt.Errorf("image header: truncated at %d bytes", len(data))
	}
	if v := le32(data[8:]); v != imageVersion {
		return nil, fmt.Errorf("image header: format version %d, this program reads version %d", v, imageVersion)
	}
	header, size := uint64(le32(data[12:])), uint64(le32(data[20:]))
	switch {
	case header < imageFixedHeader || header > uint64(len(data)):
		return nil, fmt.Errorf("image header: length %#x does not fit the file (%#x bytes)", header, len(data))
	case size > MaxImage:
		return nil, fmt.Errorf("image header: image length %#x is above the limit of %d MB", size, MaxImage>>20)
	case header+size != uint64(len(data)):
		return nil, fmt.Errorf("image header: %#x bytes of header and %#x of image do not make the file's %#x", header, size, len(data))
	}
	img := &Image{Base: le32(data[16:]), Bytes: data[header:]}
	if crc := crc32.ChecksumIEEE(img.Bytes); crc != le32(data[24:]) {
		return nil, fmt.Errorf("image: checksum is %#x, the header says %#x: the file is damaged", crc, le32(data[24:]))
	}
	if uint64(img.Base)+size > 1<<32 || img.Base%MaxAlign != 0 {
		return nil, fmt.Errorf("image header: base %#x is not a page address with room for %#x bytes", img.Base, size)
	}
	r := imageReader{bytes: data[imageFixedHeader:header]}
	r.tables(img, le32(data[28:]), le32(data[32:]))
	return img, r.err
}

// imageReader reads the variable part of the header; after an error it returns
// nothing more.
type imageReader struct {
	bytes []byte
	err   error
}

func (r *imageReader) tables(img *Image, deps, imports uint32) {
	img.Name = r.text()
	img.Profile = r.text()
	for i := uint32(0); i < deps && r.err == nil; i++ {
		img.Deps = append(img.Deps, Dependency{Name: r.text(), Addr: r.u32()})
	}
	for i := uint32(0); i < imports && r.err == nil; i++ {
		img.Imports = append(img.Imports, Import{Name: r.text(), Export: r.text(), From: r.text(), Value: r.u32()})
	}
}

func (r *imageReader) take(n int) []byte {
	if r.err != nil || n > len(r.bytes) {
		if r.err == nil {
			r.err = errors.New("image header: ends within its tables")
		}
		return make([]byte, n)
	}
	b := r.bytes[:n]
	r.bytes = r.bytes[n:]
	return b
}

func (r *imageReader) u32() uint32  { return le32(r.take(4)) }
func (r *imageReader) text() string { return string(r.take(int(le16(r.take(2))))) }

// CheckImports reports what a linked image was linked to and the running kernel
// does not have at the same address any more: all of it, one line each.
func (img *Image) CheckImports(providers []Provider) error {
	values := make(map[Import]bool)
	addrs := make(map[Dependency]bool)
	for _, p := range providers {
		addrs[Dependency{p.Name, p.Addr}] = true
		for _, e := range p.Exports {
			values[Import{Export: e.Name, From: p.Name, Value: e.Value}] = true
		}
	}
	var problems []error
	for _, d := range img.Deps {
		if !addrs[d] {
			problems = append(problems, fmt.Errorf("%s: linked to module %s at %#x, which is not loaded there", img.Name, show(d.Name), d.Addr))
		}
	}
	for _, i := range img.Imports {
		if !values[Import{Export: i.Export, From: i.From, Value: i.Value}] {
			problems = append(problems, fmt.Errorf("%s: linked to %s at %#x, which the running kernel does not export there", img.Name, show(i.Export), i.Value))
		}
	}
	return errors.Join(problems...)
}
