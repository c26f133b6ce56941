// SPDX-License-Identifier: BSD-3-Clause
// Structure layouts: where the fields of the kernel's structures lie in a profile.

package abi

import (
	"fmt"
	"strconv"
	"strings"
)

// A Field is a place inside a structure, in the form that code which reads and writes guest memory uses. The zero Field
// is one the profile does not have.
type Field struct {
	Off    uint32 // bytes from the start of the structure
	Size   uint32 // bytes; 0 for a type without members, as spinlock_t is without SMP. Of a bit field: 1, 2 or 4 bytes around it
	Bit    uint8  // of a bit field: its lowest bit, counted from the lowest of the Size bytes at Off, a little-endian number
	Bits   uint8  // of a bit field: its width; 0 for others
	Signed bool   // a scalar that is sign-extended
	Exists bool   // the profile has it
}

// A Member describes a field as the layout table has it.
type Member struct {
	Path   string // name; inside unnamed parts and named structures with dots: "uc.usecount"
	Offset uint32 // bytes from the start of the structure
	Size   uint32 // bytes, as [Field].Size
	Bit    uint8  // as [Field].Bit
	Bits   uint8  // as [Field].Bits
	Type   string // C type: "struct module*", "char[16]", "fn*" for a function pointer, "union {...}" for an unnamed part
}

// A Struct is a structure, union or typedef'd structure of one profile.
type Struct struct {
	Name    string // with its keyword, "struct module"; a typedef of an unnamed structure has none: "mm_segment_t"
	Size    uint32 // bytes
	profile *Profile
	body    string // its lines of the layout table
}

// Struct returns a structure by its C name, with or without "struct" or "union", or by a typedef such as list_t.
func (p *Profile) Struct(name string) (*Struct, error) {
	spellings := []string{name}
	if !strings.Contains(name, " ") {
		spellings = []string{"struct " + name, name, "union " + name, structAlias(name)}
	}
	for _, full := range spellings {
		if rest, body, ok := p.layouts.find(full); ok {
			return &Struct{Name: full, Size: parseDecimal(rest), profile: p, body: body}, nil
		}
	}
	return nil, fmt.Errorf("abi: profile %s has no structure %q", p.Name, name)
}

// StructNames returns the names of all structures in byte order, as [Struct].Name has them.
func (p *Profile) StructNames() []string {
	var all []string
	for name := range p.layouts.names() {
		all = append(all, name)
	}
	return all
}

// Members returns the fields in the order of their declaration.
func (s *Struct) Members() []Member {
	var all []Member
	for line := range table(s.body).lines() {
		name, rest, _ := strings.Cut(line, "\t")
		all = append(all, parseMember(name, rest))
	}
	return all
}

// Field returns where the field of that path lies. A path may lead on into named structures and array elements:
// "uc.usecount", "thread.esp0", "rlim[7].rlim_cur". A scalar of a type this package does not know is an error, because it
// would be unclear whether to sign-extend it.
func (s *Struct) Field(path string) (Field, error) {
	m, err := s.Member(path)
	if err != nil {
		return Field{}, err
	}
	return s.field(m)
}

func (s *Struct) field(m Member) (Field, error) {
	signed, err := s.profile.signed(m)
	if err != nil {
		return Field{}, fmt.Errorf("abi: %s.%s in profile %s: %w", s.Name, m.Path, s.profile.Name, err)
	}
	return Field{Off: m.Offset, Size: m.Size, Bit: m.Bit, Bits: m.Bits, Signed: signed, Exists: true}, nil
}

// Member returns the description of the field of that path.
func (s *Struct) Member(path string) (Member, error) {
	m, ok := s.member(path)
	if !ok {
		return Member{}, s.noMember(path)
	}
	return m, nil
}

func (s *Struct) noMember(path string) error {
	return fmt.Errorf("abi: %s has no field %q in profile %s", s.Name, path, s.profile.Name)
}

func (s *Struct) member(path string) (Member, bool) {
	if m, ok := s.ownMember(path); ok {
		return m, true
	}
	if strings.HasSuffix(path, "]") {
		open := strings.LastIndexByte(path, '[')
		if open < 0 {
			return Member{}, false
		}
		index, err := strconv.ParseUint(path[open+1:len(path)-1], 10, 32)
		array, ok := s.member(path[:open])
		if err != nil || !ok {
			return Member{}, false
		}
		return array.element(uint32(index))
	}
	dot := strings.LastIndexByte(path, '.')
	if dot < 0 {
		return Member{}, false
	}
	outer, ok := s.member(path[:dot])
	if !ok {
		return Member{}, false
	}
	inner, err := s.profile.Struct(outer.Type)
	if err != nil {
		return Member{}, false
	}
	m, ok := inner.ownMember(path[dot+1:])
	m.Path, m.Offset = path, m.Offset+outer.Offset
	return m, ok
}

// ownMember looks a path up among the structure's own lines.
func (s *Struct) ownMember(path string) (Member, bool) {
	for line := range table(s.body).lines() {
		if name, rest, _ := strings.Cut(line, "\t"); name == path {
			return parseMember(name, rest), true
		}
	}
	return Member{}, false
}

// element returns one element of an array; of a[2][3] the first index is taken, as in C.
func (m Member) element(index uint32) (Member, bool) {
	open := strings.IndexByte(m.Type, '[')
	if open < 0 {
		return Member{}, false
	}
	length, rest, _ := strings.Cut(m.Type[open+1:], "]")
	count, err := strconv.ParseUint(length, 10, 32)
	if err != nil || uint64(index) >= count {
		return Member{}, false
	}
	size := m.Size / uint32(count)
	return Member{
		Path:   m.Path + "[" + strconv.FormatUint(uint64(index), 10) + "]",
		Offset: m.Offset + index*size,
		Size:   size,
		Type:   m.Type[:open] + rest,
	}, true
}

// parseMember reads a line of the layout table after its name: offset, size (bytes, or WIDTH@BIT), type.
func parseMember(name, rest string) Member {
	offset, rest, _ := strings.Cut(rest, "\t")
	size, typ, _ := strings.Cut(rest, "\t")
	m := Member{Path: name, Offset: parseDecimal(offset), Type: typ}
	width, bit, isBitField := strings.Cut(size, "@")
	if !isBitField {
		m.Size = parseDecimal(size)
		return m
	}
	return m.withBits(parseDecimal(bit), parseDecimal(width))
}

// withBits makes a bit field of the member at m.Offset: the smallest aligned 1, 2 or 4 bytes that hold all its bits.
func (m Member) withBits(bit, width uint32) Member {
	first := m.Offset*8 + bit
	m.Size = 1
	for first/(m.Size*8) != (first+width-1)/(m.Size*8) {
		m.Size *= 2
	}
	m.Offset = first / 8 &^ (m.Size - 1)
	m.Bit, m.Bits = uint8(first-m.Offset*8), uint8(width)
	return m
}

// signed says whether a member is a sign-extended scalar. A structure of one scalar, such as atomic_t, is like the scalar.
func (p *Profile) signed(m Member) (bool, error) {
	if strings.HasSuffix(m.Type, "*") || strings.HasSuffix(m.Type, "]") || strings.HasSuffix(m.Type, "{...}") {
		return false, nil
	}
	t := baseType(strings.Fields(m.Type))
	if t.Kind != KindUnknown && t.Kind != KindAggregate {
		return t.Signed(), nil
	}
	s, err := p.Struct(m.Type)
	if err != nil {
		return false, fmt.Errorf("unknown type %q", m.Type)
	}
	if all := s.Members(); len(all) == 1 && all[0].Size == s.Size {
		return p.signed(all[0])
	}
	return false, nil
}

// structAlias returns the structure behind a typedef of the 2.4 headers; "" for other names.
func structAlias(name string) string {
	switch name {
	case "list_t":
		return "struct list_head"
	case "wait_queue_t":
		return "struct __wait_queue"
	case "wait_queue_head_t":
		return "struct __wait_queue_head"
	case "task_t":
		return "struct task_struct"
	case "mem_map_t":
		return "struct page"
	case "zone_t":
		return "struct zone_struct"
	case "zonelist_t":
		return "struct zonelist_struct"
	case "pg_data_t":
		return "struct pglist_data"
	case "free_area_t":
		return "struct free_area_struct"
	case "rb_node_t":
		return "struct rb_node_s"
	case "rb_root_t":
		return "struct rb_root_s"
	case "kmem_cache_t":
		return "struct kmem_cache_s"
	case "request_queue_t":
		return "struct request_queue"
	case "elevator_t":
		return "struct elevator_s"
	case "per_cpu_t":
		return "struct per_cpu_pages_s"
	case "ide_drive_t":
		return "struct ide_drive_s"
	case "siginfo_t":
		return "struct siginfo"
	case "stack_t":
		return "struct sigaltstack"
	case "fd_set":
		return "__kernel_fd_set"
	case "poll_table":
		return "struct poll_table_struct"
	case "ctl_table":
		return "struct ctl_table"
	case "skb_frag_t":
		return "struct skb_frag_struct"
	case "hw_irq_controller":
		return "struct hw_interrupt_type"
	}
	return ""
}

// parseDecimal reads a number of an embedded table, whose tests read every line.
func parseDecimal(digits string) uint32 {
	value, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		panic("abi: embedded table: " + err.Error())
	}
	return uint32(value)
}
