// SPDX-License-Identifier: BSD-3-Clause
// Reading the section header table.
//
// System V ABI, "Sections". Extended numbering (a count or name-table index
// that does not fit 16 bits) is in section 0.

package loader

import (
	"bytes"
	"fmt"
	"strings"
)

func (o *Object) readSections(data []byte, h fileHeader) error {
	headers, names, err := o.sectionHeaders(data, h)
	if err != nil {
		return err
	}
	o.sections = make([]Section, len(headers))
	for i, sh := range headers {
		if i == 0 {
			continue
		}
		s := &o.sections[i]
		*s = Section{
			Index: i, Type: sh.Type, Flags: sh.Flags, Size: sh.Size, Align: sh.Align,
			link: sh.Link, info: sh.Info, entSize: sh.EntSize,
		}
		if err := o.sectionContents(data, s, sh); err != nil {
			return err
		}
	}
	if err := o.nameSections(headers, names); err != nil {
		return err
	}
	return o.checkSections()
}

// sectionHeaders returns the table and the index of the section-name table.
func (o *Object) sectionHeaders(data []byte, h fileHeader) ([]sectionHeader, uint32, error) {
	const place = "section header table"
	size := uint64(len(data))
	at := uint64(h.SectionOffset)
	if at == 0 {
		return nil, 0, o.errorf(place, "there is none")
	}
	if h.SectionSize != sectionHeaderSize {
		return nil, 0, o.errorf(place, "section header size mismatch: %d, want %d", h.SectionSize, sectionHeaderSize)
	}
	if at+sectionHeaderSize > size {
		return nil, 0, o.errorf(place, "offset %#x is past the end of the file (%#x bytes): truncated?", at, size)
	}
	first := decodeSectionHeader(data[at:])
	count, names := uint64(h.SectionCount), uint32(h.SectionNamesIdx)
	if count == 0 {
		count = uint64(first.Size)
	}
	if names == shnXindex {
		names = first.Link
	}
	if count == 0 || count > maxSections {
		return nil, 0, o.errorf(place, "%d sections; 1 to %d are possible", count, maxSections)
	}
	if end := at + count*sectionHeaderSize; end > size {
		return nil, 0, o.errorf(place, "%d entries end at %#x, past the end of the file (%#x bytes): truncated?", count, end, size)
	}
	headers := make([]sectionHeader, count)
	for i := range headers {
		headers[i] = decodeSectionHeader(data[at+uint64(i)*sectionHeaderSize:])
	}
	return headers, names, nil
}

// sectionContents sets s.Data after checking that it lies in the file.
func (o *Object) sectionContents(data []byte, s *Section, sh sectionHeader) error {
	if sh.Type == shtNobits || sh.Type == shtNull {
		return nil
	}
	end := uint64(sh.Offset) + uint64(sh.Size)
	if sh.Size > 0 && end > uint64(len(data)) {
		return o.errorf(fmt.Sprintf("section %d", s.Index), "contents %#x–%#x are past the end of the file (%#x bytes): truncated?",
			sh.Offset, end, len(data))
	}
	if sh.Size > 0 {
		s.Data = data[sh.Offset:end:end]
	}
	return nil
}

func (o *Object) nameSections(headers []sectionHeader, names uint32) error {
	if names == 0 || uint64(names) >= uint64(len(o.sections)) {
		return o.errorf("ELF header", "section name table index %d is not one of the %d sections", names, len(o.sections))
	}
	table, err := o.stringTable(int(names))
	if err != nil {
		return err
	}
	for i := 1; i < len(o.sections); i++ {
		name, problem := table.at(headers[i].Name, maxName)
		if problem != "" {
			return o.errorf(fmt.Sprintf("section %d", i), "name: %s", problem)
		}
		o.sections[i].Name = name
	}
	return nil
}

// checkSections refuses section types insmod cannot handle, and holds what is
// loaded to the limits.
func (o *Object) checkSections() error {
	var total uint64
	for i := 1; i < len(o.sections); i++ {
		s := &o.sections[i]
		if problem := sectionTypeProblem(s); problem != "" {
			return o.errorf(show(s.Name), "%s", problem)
		}
		// The kernel's headers mark .modinfo allocated; insmod reads it and
		// leaves it out.
		s.loaded = s.Flags&shfAlloc != 0 && s.Type != shtNull && s.Name != ".modinfo"
		if !s.loaded {
			continue
		}
		if problem := loadedSectionProblem(s); problem != "" {
			return o.errorf(show(s.Name), "%s", problem)
		}
		total += uint64(s.Size)
		if total > MaxImage {
			return o.errorf(show(s.Name), "size %#x brings the loaded sections above the limit of %d MB", s.Size, MaxImage>>20)
		}
	}
	return nil
}

func sectionTypeProblem(s *Section) string {
	switch s.Type {
	case shtNull, shtProgbits, shtSymtab, shtStrtab, shtNobits, shtRel, shtNote,
		shtInitArray, shtFiniArray, shtPreinitArray, shtGroup, shtSymtabShndx:
		return ""
	case shtRela:
		if s.Size == 0 {
			return ""
		}
		return "RELA relocations not supported on this architecture; i386 objects use REL"
	}
	if s.Type >= shtLoOS && s.Flags&shfAlloc == 0 {
		return "" // debug or tool information
	}
	return fmt.Sprintf("can't handle sections of type %#x", s.Type)
}

func loadedSectionProblem(s *Section) string {
	switch s.Type {
	case shtProgbits, shtNobits, shtNote, shtInitArray, shtFiniArray, shtPreinitArray:
	default:
		return fmt.Sprintf("a section of type %#x cannot be loaded", s.Type)
	}
	switch {
	case s.Flags&shfTLS != 0:
		return "thread-local storage has no meaning in a kernel module"
	case s.Flags&shfCompressed != 0:
		return "a loaded section cannot be compressed"
	}
	return alignProblem(s.Align)
}

func alignProblem(align uint32) string {
	if align&(align-1) != 0 && align != 0 {
		return fmt.Sprintf("alignment %#x is not a power of two", align)
	}
	if align > MaxAlign {
		return fmt.Sprintf("alignment %#x is above the limit of %#x", align, MaxAlign)
	}
	return ""
}

// stringTable is a SHT_STRTAB as one Go string: names are slices of it, so a
// file that names the same bytes a million times costs nothing.
type stringTable string

func (o *Object) stringTable(index int) (stringTable, error) {
	s := &o.sections[index]
	if s.Type != shtStrtab {
		return "", o.errorf(o.place(index), "type %d is not a string table", s.Type)
	}
	return stringTable(s.Data), nil
}

// at returns the string at an offset, or what is wrong with it; longer ones than
// limit are wrong.
func (t stringTable) at(offset uint32, limit int) (string, string) {
	if offset == 0 && len(t) == 0 {
		return "", ""
	}
	if uint64(offset) >= uint64(len(t)) {
		return "", fmt.Sprintf("offset %#x is outside the string table (%#x bytes)", offset, len(t))
	}
	rest := t[offset:]
	if len(rest) > limit {
		rest = rest[:limit]
	}
	if i := strings.IndexByte(string(rest), 0); i >= 0 {
		return string(rest[:i]), ""
	}
	return "", fmt.Sprintf("the string at offset %#x does not end within %d bytes", offset, len(rest))
}

// place names a section for a message, also before it has a name.
func (o *Object) place(index int) string {
	if name := o.sections[index].Name; name != "" {
		return show(name)
	}
	return fmt.Sprintf("section %d", index)
}

// cString returns the bytes up to the first NUL.
func cString(b []byte) (string, bool) {
	i := bytes.IndexByte(b, 0)
	if i < 0 {
		return "", false
	}
	return string(b[:i]), true
}
