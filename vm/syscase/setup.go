// SPDX-License-Identifier: BSD-3-Clause

// Setup directives.
//
//	eax=N … edi=N eip=N eflags=N     registers at the start (eip in the code segment)
//	cs=N ds=N …                      selectors at the start
//	dr0=N … dr7=N                    debug registers
//	cr0=N cr4=N wp am paging pae     control registers, more bits of; pae implies paging
//	msr N=LO or msr N=HI:LO          model-specific registers
//	gdt SEL KIND options             a descriptor; also ldt SEL …, idt VECTOR …
//	gdtlimit N  idtlimit N  ldtlimit N  lldt SEL
//	mem ADDR bytes                   memory; also code at another place
//	w ADDR N  d ADDR N               16- or 32-bit word of memory
//	tss OFFSET N                     32-bit word of the running task's TSS
//	tsslimit N                       its limit
//	tssb OFFSET N  tss16 OFFSET N    32/16-bit word of the second/third task's TSS
//	cpu MODEL                        the case is about this CPU model
//	pte ADDR N  pde ADDR N           page-table entry of a linear address; with pae N is HI:LO
//
// KIND: code data ldt tss32 tss32busy tss16 tss16busy call32 call16 task int32
// int16 trap32 trap16, or raw=HI:LO. Options of segments: base=N limit=N dpl=N
// 16 g conf xo ro down na (not accessed) np (not present); of gates: sel=N
// off=N dpl=N params=N np.

package syscase

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

var gprNames = []string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"}
var segNames = []string{"es", "cs", "ss", "ds", "fs", "gs"}

func index(names []string, s string) int {
	for i, n := range names {
		if n == s {
			return i
		}
	}
	return -1
}

// number reads a hexadecimal number, or two as HI:LO.
func number(s string) (uint64, error) {
	if hi, lo, ok := strings.Cut(s, ":"); ok {
		h, err := strconv.ParseUint(hi, 16, 32)
		if err != nil {
			return 0, err
		}
		l, err := strconv.ParseUint(lo, 16, 32)
		return h<<32 | l, err
	}
	return strconv.ParseUint(s, 16, 64)
}

// apply changes the world as one directive says.
func (w *world) apply(directive string) error {
	f := strings.Fields(directive)
	if name, val, ok := strings.Cut(f[0], "="); ok {
		n, err := number(val)
		if err != nil {
			return err
		}
		return w.setRegister(name, uint32(n))
	}
	switch f[0] {
	case "wp":
		w.cr0 |= 1 << 16
	case "am":
		w.cr0 |= 1 << 18
	case "paging":
		w.cr0 |= 1 << 31
	case "pae":
		w.cr0 |= 1 << 31
		w.cr4 |= 1 << 5
		w.paePageTables()
	case "gdt", "ldt", "idt":
		return w.setDescriptor(f)
	case "mem":
		return w.setMemory(f)
	case "msr":
		return w.setMSR(f)
	default:
		return w.setNumber(f)
	}
	return nil
}

func (w *world) setRegister(name string, v uint32) error {
	if i := index(gprNames, name); i >= 0 {
		w.gpr[i] = v
		return nil
	}
	if i := index(segNames, name); i >= 0 {
		w.seg[i] = uint16(v)
		return nil
	}
	switch {
	case name == "eip":
		w.eip = v
	case name == "eflags":
		w.eflags = v | w.eflags&(1<<17) | 2
	case name == "cr0":
		w.cr0 |= v
	case name == "cr4":
		w.cr4 |= v
	case len(name) == 3 && name[:2] == "dr" && name[2] >= '0' && name[2] <= '7':
		w.dr[name[2]-'0'] = v
	default:
		return fmt.Errorf("no register %q", name)
	}
	return nil
}

func (w *world) setMemory(f []string) error {
	if len(f) < 3 {
		return fmt.Errorf("mem ADDR bytes")
	}
	at, err := number(f[1])
	if err != nil {
		return err
	}
	b, err := hex.DecodeString(strings.Join(f[2:], ""))
	if err != nil {
		return err
	}
	if at+uint64(len(b)) > lowEnd {
		return fmt.Errorf("mem %x: beyond %x", at, lowEnd)
	}
	copy(w.low[at:], b)
	return nil
}

func (w *world) setMSR(f []string) error {
	name, val, ok := strings.Cut(strings.Join(f[1:], ""), "=")
	if !ok {
		return fmt.Errorf("msr N=VALUE")
	}
	n, err := number(name)
	if err != nil {
		return err
	}
	v, err := number(val)
	w.msrs = append(w.msrs, [3]uint32{uint32(n), uint32(v), uint32(v >> 32)})
	return err
}

// setNumber serves the directives that have one or two numbers.
func (w *world) setNumber(f []string) error {
	var n [2]uint64
	if len(f) < 2 || len(f) > 3 {
		return fmt.Errorf("no directive %q", strings.Join(f, " "))
	}
	for i, s := range f[1:] {
		var err error
		if n[i], err = number(s); err != nil {
			return err
		}
	}
	at, v := uint32(n[0]), n[1]
	if len(f) == 2 {
		return w.setLimit(f[0], at)
	}
	if at >= lowEnd-8 && f[0] != "pte" && f[0] != "pde" {
		return fmt.Errorf("%s %x: beyond %x", f[0], at, lowEnd)
	}
	switch f[0] {
	case "w":
		w.put16(at, uint16(v))
	case "d":
		w.put32(at, uint32(v))
	case "tss":
		w.put32(addrTSS+at, uint32(v))
	case "tssb":
		w.put32(addrTSSB+at, uint32(v))
	case "tss16":
		w.put16(addrTSS16+at, uint16(v))
	case "pte", "pde":
		return w.setEntry(f[0] == "pde", at, v)
	default:
		return fmt.Errorf("no directive %q", f[0])
	}
	return nil
}

// setEntry writes the page-table or page-directory entry of la, as far as
// there are tables: 4 MB, or 2 MB with PAE; all of the directory, or 1 GB.
func (w *world) setEntry(directory bool, la uint32, v uint64) error {
	pae := w.cr4&(1<<5) != 0
	switch {
	case pae && directory && la < 1<<30:
		w.put64(addrPTab+la>>21*8, v)
	case pae && !directory && la < 1<<21:
		w.put64(addrPAETab+la>>12*8, v)
	case !pae && directory:
		w.put32(addrPDir+la>>22*4, uint32(v))
	case !pae && la < 1<<22:
		w.put32(addrPTab+la>>12*4, uint32(v))
	default:
		return fmt.Errorf("no table for %x", la)
	}
	return nil
}

func (w *world) setLimit(what string, v uint32) error {
	switch what {
	case "gdtlimit":
		w.gdtLimit = uint16(v)
	case "idtlimit":
		w.idtLimit = uint16(v)
	case "ldtlimit":
		w.put16(addrGDT+selLDT, uint16(v))
	case "tsslimit":
		w.put16(addrGDT+selTSS, uint16(v))
	case "lldt":
		w.ldt = uint16(v)
	default:
		return fmt.Errorf("no directive %q", what)
	}
	return nil
}

// descKinds gives type and S bit of the descriptor kinds.
var descKinds = map[string]uint16{
	"code": 0x1b, "data": 0x13, "ldt": 2, "tss32": 9, "tss32busy": 0xb, "tss16": 1, "tss16busy": 3,
	"call32": 0xc, "call16": 4, "task": 5, "int32": 0xe, "int16": 6, "trap32": 0xf, "trap16": 7,
}

// descSpec is a descriptor being read.
type descSpec struct {
	base, limit, off uint32
	attr, sel        uint16
	params           uint8
	limitSet         bool
	raw              *uint64
}

func (w *world) setDescriptor(f []string) error {
	if len(f) < 3 {
		return fmt.Errorf("%s SELECTOR KIND", f[0])
	}
	sel, err := number(f[1])
	if err != nil {
		return err
	}
	d, err := readDescriptor(f[2:])
	if err != nil {
		return err
	}
	switch f[0] {
	case "gdt":
		w.put64(addrGDT+uint32(sel&^7), d)
	case "ldt":
		w.put64(addrLDT+uint32(sel&^7), d)
	case "idt":
		w.put64(addrIDT+uint32(sel)*8, d)
	}
	return nil
}

func readDescriptor(f []string) (uint64, error) {
	s := descSpec{attr: 0x80}
	kind, ok := descKinds[f[0]]
	if ok {
		s.attr |= kind
	}
	if kind&0x10 != 0 {
		s.attr |= 0xc000
	}
	if ok {
		f = f[1:]
	}
	for _, opt := range f {
		if err := s.option(opt); err != nil {
			return 0, err
		}
	}
	if s.raw != nil {
		return *s.raw, nil
	}
	if s.attr&0x10 == 0 && kind != 2 && kind&7 != 1 && kind&7 != 3 {
		return gate(uint8(s.attr&0xf), s.sel, s.off, uint8(s.attr>>5&3), s.params) &^ (uint64(^s.attr&0x80) << 40), nil
	}
	if !s.limitSet {
		s.limit = 0xfffff
		if s.attr&0x10 == 0 {
			s.limit = 0x67
		}
	}
	return descriptor(s.base, s.limit, s.attr), nil
}

// option reads one option of a descriptor.
func (s *descSpec) option(opt string) error {
	switch opt {
	case "16":
		s.attr &^= 0xc000
		return nil
	case "g":
		s.attr |= 0x8000
		return nil
	case "nog":
		s.attr &^= 0x8000
		return nil
	case "conf", "down":
		s.attr |= 4
		return nil
	case "xo", "ro":
		s.attr &^= 2
		return nil
	case "na":
		s.attr &^= 1
		return nil
	case "np":
		s.attr &^= 0x80
		return nil
	}
	name, val, _ := strings.Cut(opt, "=")
	n, err := number(val)
	if err != nil {
		return fmt.Errorf("option %q: %w", opt, err)
	}
	switch name {
	case "base":
		s.base = uint32(n)
	case "limit":
		s.limit, s.limitSet = uint32(n), true
		if n > 0xfffff {
			return fmt.Errorf("limit %x", n)
		}
		s.attr &^= 0x8000
	case "dpl":
		s.attr |= uint16(n&3) << 5
	case "sel":
		s.sel = uint16(n)
	case "off":
		s.off = uint32(n)
	case "params":
		s.params = uint8(n)
	case "raw":
		s.raw = &n
	default:
		return fmt.Errorf("no option %q", opt)
	}
	return nil
}
