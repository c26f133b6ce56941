// SPDX-License-Identifier: BSD-3-Clause
// Expressions over a machine: its registers and memory, the table of symbols, the variables of a frame.

package expr

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"ring0/cmd/internal/debuginfo"
	"ring0/cmd/internal/unwind"
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Machine is the Env of a machine that stands still.
type Machine struct {
	Unwinder *unwind.Unwinder
	Frame    *unwind.Frame                         // the selected frame; nil: the innermost
	Write    func(addr uint32, b []byte) error     // how memory is changed; nil: not at all
	Set      func(register string, b []byte) error // how registers are changed; nil: not at all
}

// NewMachine returns the Env of a frame, or with nil of the innermost one. Nothing can be changed until Write and Set are.
func NewMachine(u *unwind.Unwinder, frame *unwind.Frame) *Machine {
	if frame == nil {
		frame = u.Top()
	}
	return &Machine{Unwinder: u, Frame: frame}
}

func (e *Machine) vm() *vm.Machine { return e.Unwinder.Machine }

// general are the registers a frame has its own values of.
var general = map[string]int{"eax": vm.EAX, "ecx": vm.ECX, "edx": vm.EDX, "ebx": vm.EBX, "esp": vm.ESP, "ebp": vm.EBP,
	"esi": vm.ESI, "edi": vm.EDI, "sp": vm.ESP, "fp": vm.EBP}

var low16 = map[string]int{"ax": vm.EAX, "cx": vm.ECX, "dx": vm.EDX, "bx": vm.EBX, "bp": vm.EBP, "si": vm.ESI, "di": vm.EDI}

var low8 = map[string]int{"al": vm.EAX, "cl": vm.ECX, "dl": vm.EDX, "bl": vm.EBX}

var high8 = map[string]int{"ah": vm.EAX, "ch": vm.ECX, "dh": vm.EDX, "bh": vm.EBX}

var segments = map[string]int{"es": vm.ES, "cs": vm.CS, "ss": vm.SS, "ds": vm.DS, "fs": vm.FS, "gs": vm.GS}

// Registers lists the names of registers, for completion.
func Registers() []string {
	list := []string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "pc", "sp", "fp", "eflags", "cpl",
		"ax", "cx", "dx", "bx", "bp", "si", "di", "al", "cl", "dl", "bl", "ah", "ch", "dh", "bh",
		"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr", "gdtr", "gdtr_limit", "idtr", "idtr_limit", "cr0", "cr2", "cr3", "cr4",
		"dr0", "dr1", "dr2", "dr3", "dr6", "dr7", "fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop", "mxcsr"}
	for _, prefix := range []string{"st", "mm", "xmm"} {
		for i := range 8 {
			list = append(list, prefix+strconv.Itoa(i))
		}
	}
	return list
}

// Register implements Env.
func (e *Machine) Register(name string) (b []byte, t *debuginfo.Type, ok bool) {
	name = strings.ToLower(name)
	word := basic["unsigned int"]
	if b, t, ok = e.generalRegister(name); ok || t != nil {
		return b, t, ok
	}
	if seg, ok := segments[name]; ok {
		return le(uint64(e.vm().Selector(seg)), 2), basic["unsigned short"], true
	}
	if n, ok := numbered(name, "cr", 5); ok && n != 1 {
		return le(uint64(e.vm().CR(n)), 4), word, true
	}
	if n, ok := numbered(name, "dr", 8); ok {
		return le(uint64(e.vm().DR(n)), 4), word, true
	}
	switch name {
	case "eflags":
		return le(uint64(e.vm().Eflags()), 4), word, true
	case "cpl":
		return le(uint64(e.Frame.Ring), 4), basic["int"], true
	case "ldtr":
		return le(uint64(e.vm().LDTR().Selector), 2), basic["unsigned short"], true
	case "tr":
		return le(uint64(e.vm().TR().Selector), 2), basic["unsigned short"], true
	case "gdtr":
		return le(uint64(e.vm().GDTR().Base), 4), word, true
	case "idtr":
		return le(uint64(e.vm().IDTR().Base), 4), word, true
	case "gdtr_limit":
		return le(uint64(e.vm().GDTR().Limit), 2), basic["unsigned short"], true
	case "idtr_limit":
		return le(uint64(e.vm().IDTR().Limit), 2), basic["unsigned short"], true
	}
	return e.fpuRegister(name)
}

// generalRegister is a register that a frame may have its own value of. With a type and not ok it is one whose value there
// is not known.
func (e *Machine) generalRegister(name string) ([]byte, *debuginfo.Type, bool) {
	if name == "eip" || name == "pc" {
		return le(uint64(e.Frame.PC), 4), debuginfo.PointerTo(codeType), true
	}
	for _, set := range []struct {
		names map[string]int
		shift uint
		size  int
		t     string
	}{{general, 0, 4, "int"}, {low16, 0, 2, "short"}, {low8, 0, 1, "unsigned char"}, {high8, 8, 1, "unsigned char"}} {
		r, ok := set.names[name]
		if !ok {
			continue
		}
		t := basic[set.t]
		if r == vm.ESP || r == vm.EBP && set.size == 4 {
			t = debuginfo.PointerTo(basic["void"])
		}
		v, known := e.Frame.Register(r)
		return le(uint64(v>>set.shift), set.size), t, known
	}
	return nil, nil, false
}

// codeType is what $eip points to.
var codeType = &debuginfo.Type{Kind: debuginfo.Func, Variadic: true}

// vector is the type of an XMM register.
var vector = debuginfo.ArrayOf(basic["unsigned int"], 4)

// fpuRegister is a register of x87, MMX or SSE.
func (e *Machine) fpuRegister(name string) ([]byte, *debuginfo.Type, bool) {
	f := e.vm().FPU()
	top := int(f.FSW >> 11 & 7)
	if n, ok := numbered(name, "st", 8); ok {
		r := f.R[(top+n)&7]
		b := r.Bytes()
		return append(b[:], 0, 0), basic["long double"], true
	}
	if n, ok := numbered(name, "mm", 8); ok {
		b := f.R[n].Bytes()
		return b[:8:8], basic["unsigned long long"], true
	}
	if n, ok := numbered(name, "xmm", 8); ok {
		return append(le(f.XMM[n][0], 8), le(f.XMM[n][1], 8)...), vector, true
	}
	half := map[string]uint16{"fctrl": f.FCW, "fstat": f.FSW, "fiseg": f.FCS, "foseg": f.FDS, "fop": f.FOP}
	if v, ok := half[name]; ok {
		return le(uint64(v), 2), basic["unsigned short"], true
	}
	switch name {
	case "fioff":
		return le(uint64(f.FIP), 4), basic["unsigned int"], true
	case "fooff":
		return le(uint64(f.FDP), 4), basic["unsigned int"], true
	case "ftag":
		return le(uint64(f.Tag), 1), basic["unsigned char"], true
	case "mxcsr":
		return le(uint64(f.MXCSR), 4), basic["unsigned int"], true
	}
	return nil, nil, false
}

func le(v uint64, size int) []byte { return binary.LittleEndian.AppendUint64(nil, v)[:size:size] }

// numbered reads the number of a register such as cr3, below limit.
func numbered(name, prefix string, limit int) (int, bool) {
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok || len(digits) != 1 || digits[0] < '0' || int(digits[0]-'0') >= limit {
		return 0, false
	}
	return int(digits[0] - '0'), true
}

// SetRegister implements Env. Parts of general registers are changed in the whole.
func (e *Machine) SetRegister(name string, b []byte) error {
	if e.Set == nil {
		return fmt.Errorf("registers cannot be changed here")
	}
	name = strings.ToLower(name)
	if e.Frame.Level != 0 && e.Frame.Kind != unwind.Inlined {
		return fmt.Errorf("registers can be changed in the innermost frame alone")
	}
	for _, set := range []struct {
		names map[string]int
		shift uint
		mask  uint32
	}{{low16, 0, 0xffff}, {low8, 0, 0xff}, {high8, 8, 0xff}} {
		if r, ok := set.names[name]; ok {
			v := uint32(b[0])
			if len(b) > 1 {
				v |= uint32(b[1]) << 8
			}
			whole := e.vm().Reg(r)&^(set.mask<<set.shift) | v&set.mask<<set.shift
			return e.Set([...]string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"}[r], le(uint64(whole), 4))
		}
	}
	if full, ok := map[string]string{"pc": "eip", "sp": "esp", "fp": "ebp"}[name]; ok {
		name = full
	}
	return e.Set(name, b)
}

// ReadMemory implements Env.
func (e *Machine) ReadMemory(addr uint32, b []byte) int {
	if k := e.Unwinder.Kernel; k != nil {
		return k.Peek(addr, b)
	}
	return e.vm().ReadLinear(addr, b)
}

// WriteMemory implements Env.
func (e *Machine) WriteMemory(addr uint32, b []byte) error {
	if e.Write == nil {
		return fmt.Errorf("memory cannot be changed here")
	}
	var probe [1]byte
	if len(b) > 0 && (e.ReadMemory(addr, probe[:]) != 1 || e.ReadMemory(addr+uint32(len(b))-1, probe[:]) != 1) {
		return fmt.Errorf("cannot access memory at %#x", addr)
	}
	return e.Write(addr, b)
}

// SymbolAt implements Env.
func (e *Machine) SymbolAt(addr uint32) string {
	if e.Unwinder.Symbols == nil {
		return ""
	}
	return e.Unwinder.Symbols.Name(addr)
}

// Type implements Env.
func (e *Machine) Type(name string) (*debuginfo.Type, bool) {
	if e.Unwinder.Symbols == nil {
		t, ok := basic[name]
		return t, ok
	}
	return e.Unwinder.Symbols.Type(name)
}

// Complete implements Env.
func (e *Machine) Complete(t *debuginfo.Type) *debuginfo.Type {
	if e.Unwinder.Symbols == nil {
		return t.Strip()
	}
	return e.Unwinder.Symbols.Complete(t)
}

// Lookup implements Env: locals of the frame, "current", globals with debug information, enumerators, functions, symbols.
func (e *Machine) Lookup(name string) (Value, error) {
	if v, ok, err := e.local(name); ok {
		return v, err
	}
	table := e.Unwinder.Symbols
	if table == nil {
		return Value{}, fmt.Errorf("no symbol %q: none are known", name)
	}
	if name == "current" {
		if v, ok := e.current(); ok {
			return v, nil
		}
	}
	plain, file := name, ""
	if rest, ok := strings.CutPrefix(name, "'"); ok {
		file, plain, _ = strings.Cut(rest, "'::")
	}
	if v, ok := e.global(plain, file); ok {
		return v, nil
	}
	for _, f := range table.FunctionsNamed(plain) {
		if file == "" || debuginfo.MatchFile(f.File, file) {
			return Value{Type: f.Type(), Kind: InMemory, Addr: f.Entry(), Name: plain}, nil
		}
	}
	if s, ok := table.Symbol(plain); ok && file == "" {
		return e.symbol(s), nil
	}
	if v, ok := e.enumerator(plain); ok {
		return v, nil
	}
	return Value{}, fmt.Errorf("no symbol %q", name)
}

// local is a variable of the frame, the innermost of its name; "function::name" one of a function on the stack, or static.
func (e *Machine) local(name string) (v Value, ok bool, err error) {
	frame := e.Frame
	if function, variable, qualified := strings.Cut(name, "::"); qualified && !strings.HasPrefix(name, "'") {
		if frame = e.frameOf(function); frame == nil {
			return Value{}, true, fmt.Errorf("%s is not on the stack", function)
		}
		name = variable
	}
	var found *debuginfo.Variable
	for _, candidate := range frame.Vars() {
		if candidate.Name == name {
			found = candidate
		}
	}
	if found == nil && frame.Inline != nil { // the function around it
		return (&Machine{Unwinder: e.Unwinder, Frame: frame.Outer()}).local(name)
	}
	if found == nil {
		return Value{}, false, nil
	}
	v, err = Variable(found, frame)
	return v, true, err
}

// frameOf is the innermost frame of a function.
func (e *Machine) frameOf(function string) *unwind.Frame {
	frames, _ := e.Unwinder.Backtrace(unwind.MaxFrames)
	for _, f := range frames {
		if f.Function == function {
			return f
		}
	}
	return nil
}

// Variable is a variable of a frame as a value.
func Variable(v *debuginfo.Variable, frame *unwind.Frame) (Value, error) {
	t := v.Type
	if t == nil {
		t = basic["void"]
	}
	place, err := v.Place(frame)
	if err != nil {
		return Value{Type: t, Kind: Nowhere, Name: v.Name}, nil // what is needed to find it is not known here
	}
	piece, whole := place.Whole()
	if !whole {
		return pieces(place, t, v.Name, frame), nil
	}
	out := Value{Type: t, Name: v.Name}
	switch piece.Kind {
	case debuginfo.InMemory:
		out.Kind, out.Addr = InMemory, piece.Addr
	case debuginfo.InRegister:
		name, ok := registerName(piece.Reg)
		if !ok {
			return Value{Type: t, Kind: Nowhere, Name: v.Name}, nil
		}
		out.Kind, out.Reg = InRegister, name
	case debuginfo.IsValue:
		size := t.Sizeof()
		out.Bytes = append(append([]byte(nil), piece.Bytes...), make([]byte, 8)...)
		out.Bytes = out.Bytes[:min(int(size), len(out.Bytes))]
		if len(out.Bytes) < int(size) {
			out.Kind = Nowhere
		}
	default:
		out.Kind = Nowhere
	}
	return out, nil
}

// registerName names a DWARF register number.
func registerName(n int) (string, bool) {
	names := [...]string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags", "",
		"st0", "st1", "st2", "st3", "st4", "st5", "st6", "st7", "", "",
		"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7"}
	if n < 0 || n >= len(names) || names[n] == "" {
		return "", false
	}
	return names[n], true
}

// pieces puts a variable together that lies in several places.
func pieces(place debuginfo.Place, t *debuginfo.Type, name string, frame *unwind.Frame) Value {
	nowhere := Value{Type: t, Kind: Nowhere, Name: name}
	var b []byte
	for _, p := range place {
		part := make([]byte, min(p.Size, 64))
		switch p.Kind {
		case debuginfo.InMemory:
			if frame.ReadMemory(p.Addr, part) != len(part) {
				return nowhere
			}
		case debuginfo.InRegister:
			v, ok := frame.Register(p.Reg)
			if !ok || len(part) > 4 {
				return nowhere
			}
			copy(part, le(uint64(v), 4))
		case debuginfo.IsValue:
			copy(part, p.Bytes)
		default:
			return nowhere
		}
		b = append(b, part...)
	}
	if len(b) < int(t.Sizeof()) {
		return nowhere
	}
	return Value{Type: t, Bytes: b[:t.Sizeof()], Name: name}
}

// current is the running task, as the kernel's macro finds it from ESP.
func (e *Machine) current() (Value, bool) {
	t, ok := e.Type("struct task_struct")
	esp, known := e.Frame.Register(vm.ESP)
	if !ok || !known || e.Frame.Ring != 0 {
		return Value{}, false
	}
	return intValue(debuginfo.PointerTo(t), uint64(esp&^(abi.ThreadSize-1))), true
}

// global is a variable outside functions.
func (e *Machine) global(name, file string) (Value, bool) {
	for _, v := range e.Unwinder.Symbols.Globals(name) {
		addr, ok := v.StaticAddr()
		if ok && (file == "" || debuginfo.MatchFile(v.Unit, file)) {
			return Value{Type: v.Type, Kind: InMemory, Addr: addr, Name: name}, true
		}
	}
	return Value{}, false
}

// symbol is a symbol without debug information: a function, or data of a type that may be known all the same.
func (e *Machine) symbol(s debuginfo.Symbol) Value {
	v := Value{Kind: InMemory, Addr: s.Addr, Name: s.Name, Type: unknownType}
	switch {
	case s.Text():
		v.Type = codeType
	case s.Module == "":
		if text, ok := kernelVariables[s.Name]; ok {
			if t, err := ParseType(text, e); err == nil {
				v.Type = t
			}
		}
	}
	return v
}

// unknownType is that of data without debug information.
var unknownType = &debuginfo.Type{Kind: debuginfo.Unknown, Name: "data without a known type"}

// kernelVariables are types of the kernel's variables that people look at (the headers and files that declare them).
var kernelVariables = map[string]string{
	"jiffies": "unsigned long", "module_list": "struct module *", "kernel_module": "struct module",
	"init_mm": "struct mm_struct", "vmlist": "struct vm_struct *", "xtime": "struct timeval", "tainted": "int",
	"nr_threads": "int", "last_pid": "int", "sys_call_table": "void *[256]", "swapper_pg_dir": "unsigned long [1024]",
	"mem_map": "struct page *", "max_mapnr": "unsigned long", "num_physpages": "unsigned long", "high_memory": "void *",
	"ioport_resource": "struct resource", "iomem_resource": "struct resource", "loops_per_jiffy": "unsigned long",
	"panic_timeout": "int", "log_start": "unsigned long", "log_end": "unsigned long", "proc_root": "struct proc_dir_entry",
}

// enumerator is a constant of an enumeration of a module.
func (e *Machine) enumerator(name string) (Value, bool) {
	t, value, ok := e.Unwinder.Symbols.Enumerator(name)
	if !ok {
		return Value{}, false
	}
	return intValue(t, uint64(value)), true
}

// ParseType reads a type name: "struct module *".
func ParseType(text string, env Env) (*debuginfo.Type, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := parser{text: text, tokens: tokens}
	name := p.typeName()
	if p.err == nil && p.peek().kind != tEnd {
		p.unexpected()
	}
	if p.err != nil {
		return nil, p.err
	}
	return name.resolve(&eval{env: env, text: text})
}
