// SPDX-License-Identifier: BSD-3-Clause
// Everything known at one time: the kernel's symbols and types, and the modules loaded.

package debuginfo

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"ring0/guestkernel/abi"
)

// Table is the symbols, lines and types of the kernel and of the modules loaded. It is not safe for concurrent use.
type Table struct {
	kernel  *kernelSymbols
	modules []*Module // newest last
}

// NewTable returns the table of a kernel without modules; entry are the symbols of its guest code (entry.Image.Symbols),
// nil for none. A nil profile is a machine without a known kernel.
func NewTable(p *abi.Profile, entry map[string]uint32) *Table {
	return &Table{kernel: newKernelSymbols(p, entry)}
}

// Add enters a module. One of the same name and place is replaced.
func (t *Table) Add(m *Module) {
	t.modules = slices.DeleteFunc(t.modules, func(old *Module) bool { return old.Base == m.Base && old.Name == m.Name })
	t.modules = append(t.modules, m)
}

// Remove takes out the modules of a name.
func (t *Table) Remove(name string) {
	t.modules = slices.DeleteFunc(t.modules, func(m *Module) bool { return m.Name == name })
}

// SetModules replaces all modules: after a jump in time others may be loaded.
func (t *Table) SetModules(modules []*Module) { t.modules = slices.Clone(modules) }

// Modules lists the modules, oldest first.
func (t *Table) Modules() []*Module { return t.modules }

// ModuleAt is the module an address lies in, or nil.
func (t *Table) ModuleAt(addr uint32) *Module {
	for _, m := range slices.Backward(t.modules) {
		if addr-m.Base < m.Size {
			return m
		}
	}
	return nil
}

// ModuleNamed is the module of a name, or nil.
func (t *Table) ModuleNamed(name string) *Module {
	for _, m := range slices.Backward(t.modules) {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// Symbols finds all symbols of a name: those of modules first, newest first, then the kernel's; in each global ones first.
// "module:name" asks one module, "kernel:name" the kernel.
func (t *Table) Symbols(name string) []Symbol {
	owner, plain, qualified := strings.Cut(name, ":")
	if !qualified {
		plain = name
	}
	var list []Symbol
	for _, m := range slices.Backward(t.modules) {
		if !qualified || owner == m.Name {
			list = append(list, m.SymbolsNamed(plain)...)
		}
	}
	if !qualified || owner == "kernel" {
		list = append(list, t.kernel.named(plain)...)
	}
	return list
}

// Symbol finds the symbol of a name that [Table.Symbols] lists first.
func (t *Table) Symbol(name string) (Symbol, bool) {
	list := t.Symbols(name)
	if len(list) == 0 {
		return Symbol{}, false
	}
	return list[0], true
}

// SymbolAt finds the symbol an address belongs to, and how far behind it the address lies.
func (t *Table) SymbolAt(addr uint32) (s Symbol, offset uint32, ok bool) {
	if m := t.ModuleAt(addr); m != nil {
		return m.SymbolAt(addr)
	}
	return t.kernel.at(addr)
}

// Name names an address: "printk", "printk+0x11", "hello_init+0x4 [hello]"; "" when it belongs to nothing known.
func (t *Table) Name(addr uint32) string {
	s, offset, ok := t.SymbolAt(addr)
	if !ok {
		if m := t.ModuleAt(addr); m != nil {
			return fmt.Sprintf("%#x [%s]", addr-m.Base, m.Name)
		}
		return ""
	}
	text := s.Name
	if offset != 0 {
		text += fmt.Sprintf("+%#x", offset)
	}
	if s.Module != "" {
		text += " [" + s.Module + "]"
	}
	return text
}

// FunctionAt is the function with debug information an address lies in, or nil.
func (t *Table) FunctionAt(addr uint32) *Function {
	if m := t.ModuleAt(addr); m != nil {
		return m.FunctionAt(addr)
	}
	return nil
}

// FunctionsNamed lists the functions of a name with debug information.
func (t *Table) FunctionsNamed(name string) []*Function {
	var list []*Function
	for _, m := range slices.Backward(t.modules) {
		for _, f := range m.Functions {
			if f.Name == name {
				list = append(list, f)
			}
		}
	}
	return list
}

// LineOf finds the source line of an address.
func (t *Table) LineOf(addr uint32) (Line, bool) {
	if m := t.ModuleAt(addr); m != nil {
		return m.Lines.LineOf(addr)
	}
	return Line{}, false
}

// AddrsOf finds where the code of a source line begins, in all modules. See [LineTable.AddrsOf].
func (t *Table) AddrsOf(file string, line int) (addrs []uint32, found int) {
	for _, m := range t.modules {
		list, at := m.Lines.AddrsOf(file, line)
		switch {
		case len(list) == 0 || found != 0 && at > found:
		case found == 0 || at < found:
			addrs, found = list, at
		default:
			addrs = append(addrs, list...)
		}
	}
	slices.Sort(addrs)
	return slices.Compact(addrs), found
}

// BreakAddr is where a breakpoint on the function at an address goes: behind its prologue, when that is known.
func (t *Table) BreakAddr(addr uint32) uint32 {
	m := t.ModuleAt(addr)
	if m == nil {
		return addr
	}
	if f := m.FunctionAt(addr); f != nil && f.Entry() == addr {
		return m.Lines.PrologueEnd(f)
	}
	return addr
}

// Files lists the source files of all modules.
func (t *Table) Files() []string {
	var list []string
	for _, m := range t.modules {
		list = append(list, m.Lines.Files()...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Type finds a type by its C name: "struct module", "union foo", "enum bar", "pid_t", "unsigned long". The modules' own
// come first, newest first, then the kernel's, then C's.
func (t *Table) Type(name string) (*Type, bool) {
	for _, m := range slices.Backward(t.modules) {
		if found, ok := m.Type(name); ok {
			return found, true
		}
	}
	return t.kernel.typeNamed(name)
}

// Complete returns the definition of a type that is only declared, when one is known anywhere; else the type itself.
func (t *Table) Complete(typ *Type) *Type {
	s := typ.Strip()
	if !s.Incomplete || s.Name == "" {
		return s
	}
	if full, ok := t.Type(s.baseName()); ok {
		return full.Strip()
	}
	return s
}

// Globals finds the variables of a name outside functions, static ones too: the newest module's first, in each those that
// other files see. "module:name" asks one module.
func (t *Table) Globals(name string) []*Variable {
	owner, plain, qualified := strings.Cut(name, ":")
	if !qualified {
		plain = name
	}
	var list []*Variable
	for _, m := range slices.Backward(t.modules) {
		if !qualified || owner == m.Name {
			list = append(list, m.GlobalsNamed(plain)...)
		}
	}
	return list
}

// Enumerator finds a constant of an enumeration of a module.
func (t *Table) Enumerator(name string) (typ *Type, value int64, ok bool) {
	for _, m := range slices.Backward(t.modules) {
		if m.types == nil {
			continue
		}
		for _, e := range m.types.enums() {
			for _, c := range e.Enums {
				if c.Name == name {
					return e, c.Value, true
				}
			}
		}
	}
	return nil, 0, false
}

// Names lists at most limit names that begin with prefix, of symbols and functions, for completion on a command line.
func (t *Table) Names(prefix string, limit int) []string {
	var list []string
	for _, m := range t.modules {
		for _, s := range m.Symbols {
			if strings.HasPrefix(s.Name, prefix) {
				list = append(list, s.Name)
			}
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) < limit {
		list = append(list, t.kernel.prefixed(prefix, limit-len(list))...)
	}
	return list[:min(len(list), limit)]
}

// SymbolsNamed lists the module's symbols of a name, global ones first.
func (m *Module) SymbolsNamed(name string) []Symbol {
	var list []Symbol
	for _, i := range m.byName[name] {
		list = append(list, m.Symbols[i])
	}
	slices.SortStableFunc(list, func(a, b Symbol) int {
		switch {
		case a.Global() == b.Global():
			return 0
		case a.Global():
			return -1
		}
		return 1
	})
	return list
}

// SymbolAt finds the module's symbol an address belongs to: the nearest one at or below it in its section. Of several at
// one address a function or global one is preferred.
func (m *Module) SymbolAt(addr uint32) (s Symbol, offset uint32, ok bool) {
	low := m.Base
	for _, sec := range m.Sections {
		if sec.Addr <= addr {
			low = sec.Addr
		}
	}
	i := sort.Search(len(m.Symbols), func(i int) bool { return m.Symbols[i].Addr > addr }) - 1
	if i < 0 || m.Symbols[i].Addr < low {
		return Symbol{}, 0, false
	}
	s = m.Symbols[i]
	for i--; i >= 0 && m.Symbols[i].Addr == s.Addr; i-- {
		if better(m.Symbols[i], s) {
			s = m.Symbols[i]
		}
	}
	return s, addr - s.Addr, true
}

// better says whether a names a place better than b: compilers and the kernel's headers leave labels beside real names.
func better(a, b Symbol) bool {
	rank := func(s Symbol) int {
		n := 0
		if s.Global() {
			n++
		}
		if s.Size != 0 {
			n += 2
		}
		if strings.HasPrefix(s.Name, ".") || strings.HasPrefix(s.Name, "__module_") || s.Name == "gcc2_compiled." {
			n -= 8
		}
		return n
	}
	return rank(a) >= rank(b)
}

// FunctionAt is the function with debug information an address lies in, or nil.
func (m *Module) FunctionAt(addr uint32) *Function {
	// Functions are sorted by entry, but parts of one (.text.unlikely) may lie anywhere: look below first.
	i := sort.Search(len(m.Functions), func(i int) bool { return m.Functions[i].Entry() > addr })
	if i > 0 && m.Functions[i-1].Contains(addr) {
		return m.Functions[i-1]
	}
	for _, f := range m.Functions {
		if f.Contains(addr) {
			return f
		}
	}
	return nil
}

// GlobalsNamed lists the module's variables of a name outside functions.
func (m *Module) GlobalsNamed(name string) []*Variable {
	i := sort.Search(len(m.Globals), func(i int) bool { return m.Globals[i].Name >= name })
	first := i
	for i < len(m.Globals) && m.Globals[i].Name == name {
		i++
	}
	return m.Globals[first:i]
}

// Type finds a type of the module by its C name.
func (m *Module) Type(name string) (*Type, bool) {
	if m.types == nil {
		return nil, false
	}
	return m.types.named(name)
}

// typeSource is where a module's types come from.
type typeSource interface {
	named(name string) (*Type, bool)
	enums() []*Type
}
