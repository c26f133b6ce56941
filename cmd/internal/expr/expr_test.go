// SPDX-License-Identifier: BSD-3-Clause
// Expressions against the tables in testdata: one line each, "expression → what print says", or "→ error: reason".

package expr

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/debuginfo"
	"ring0/cmd/internal/unwind"
	"ring0/guestkernel"
	"ring0/loader"
	"ring0/vm"
)

var update = flag.Bool("update", false, "write the results into the tables again")

const modules = "../../../testdata/modules/"

// fake is an Env without a machine: four registers, a page of memory, a few types.
type fake struct {
	regs map[string]uint32
	mem  []byte // from fakeBase on
	vars map[string]Value
	typs map[string]*debuginfo.Type
}

const fakeBase = 0x1000

func newFake() *fake {
	f := &fake{regs: map[string]uint32{"eax": 0xffffffff, "ebx": 8, "esp": fakeBase + 0x100}, mem: make([]byte, 0x1000),
		vars: map[string]Value{}, typs: debuginfo.BasicTypes()}
	pair := &debuginfo.Type{Kind: debuginfo.Struct, Name: "pair", Size: 12}
	pair.Members = []debuginfo.Member{
		{Name: "a", Type: f.typs["int"]}, {Name: "b", Type: f.typs["short"], Offset: 4},
		{Name: "c", Type: f.typs["unsigned int"], Offset: 6, Bit: 1, Bits: 3},
		{Name: "d", Type: f.typs["int"], Offset: 6, Bit: 4, Bits: 5},
		{Name: "next", Type: debuginfo.PointerTo(pair), Offset: 8},
	}
	f.typs["struct pair"] = pair
	f.typs["u32"] = &debuginfo.Type{Kind: debuginfo.Typedef, Name: "u32", Elem: f.typs["unsigned int"]}
	put := func(at uint32, words ...uint32) {
		for i, w := range words {
			binary.LittleEndian.PutUint32(f.mem[at+uint32(i)*4:], w)
		}
	}
	put(0, 1, 0x01eafffe, fakeBase+0x10)
	put(0x10, 2, 0x0000ffff, 0)
	copy(f.mem[0x40:], "hello\x00world")
	put(0x60, 10, 20, 30, 40)
	object := func(name string, t *debuginfo.Type, at uint32) {
		f.vars[name] = Value{Type: t, Kind: InMemory, Addr: fakeBase + at, Name: name}
	}
	object("p", pair, 0)
	object("text", debuginfo.ArrayOf(f.typs["char"], 16), 0x40)
	object("list", debuginfo.ArrayOf(f.typs["int"], 4), 0x60)
	object("zeros", debuginfo.ArrayOf(f.typs["int"], 64), 0x200)
	object("many", debuginfo.ArrayOf(debuginfo.ArrayOf(f.typs["short"], 3), 100), 0x60)
	object("data", unknownType, 0x60)
	object("gone", debuginfo.PointerTo(pair), 0xff0)
	object("ch", f.typs["unsigned char"], 0x41)
	object("code", codeType, 0x80)
	put(0xff0, 0xdead0000)
	f.vars["lost"] = Value{Type: f.typs["int"], Kind: Nowhere}
	return f
}

func (f *fake) Register(name string) ([]byte, *debuginfo.Type, bool) {
	v, ok := f.regs[name]
	return binary.LittleEndian.AppendUint32(nil, v), f.typs["int"], ok
}

func (f *fake) SetRegister(name string, b []byte) error {
	f.regs[name] = binary.LittleEndian.Uint32(b)
	return nil
}

func (f *fake) ReadMemory(addr uint32, b []byte) int {
	if addr < fakeBase || addr-fakeBase >= uint32(len(f.mem)) {
		return 0
	}
	return copy(b, f.mem[addr-fakeBase:])
}

func (f *fake) WriteMemory(addr uint32, b []byte) error {
	if addr < fakeBase || uint64(addr-fakeBase)+uint64(len(b)) > uint64(len(f.mem)) {
		return fmt.Errorf("cannot access memory at %#x", addr)
	}
	copy(f.mem[addr-fakeBase:], b)
	return nil
}

func (f *fake) Lookup(name string) (Value, error) {
	v, ok := f.vars[name]
	if !ok {
		return v, fmt.Errorf("no symbol %q", name)
	}
	return v, nil
}

func (f *fake) Type(name string) (*debuginfo.Type, bool) { t, ok := f.typs[name]; return t, ok }

func (f *fake) Complete(t *debuginfo.Type) *debuginfo.Type { return t.Strip() }

func (f *fake) SymbolAt(addr uint32) string {
	if addr == fakeBase+0x80 {
		return "code"
	}
	return ""
}

func TestExpressions(t *testing.T) {
	runTable(t, "testdata/expressions.txt", newFake())
}

// What does not depend on the host's floating point, although Go leaves it to the host.
func TestFloatsOfAnyHost(t *testing.T) {
	env := newFake()
	value := func(text string) Value {
		x, err := Parse(text)
		require.NoError(t, err)
		v, err := x.Eval(env)
		require.NoError(t, err)
		return v
	}
	for text, want := range map[string]uint64{"1e300": 1 << 63, "0.0 / 0.0": 1 << 63, "1e19": 10000000000000000000, "-1.5": ^uint64(0)} {
		n, err := value(text).Uint(env)
		require.NoError(t, err)
		require.Equal(t, want, n, text)
	}
	for text, want := range map[string]uint64{"0.0 / 0.0": 0xfff8 << 48, "1 + 0.0 / 0.0": 0xfff8 << 48, "1 + -(0.0 / 0.0)": 0x7ff8 << 48} {
		require.Equal(t, want, binary.LittleEndian.Uint64(value(text).Bytes), text)
	}
}

// runTable evaluates the lines of a file. A line is "[/format] expression → result".
func runTable(t *testing.T, file string, env Env) {
	t.Helper()
	in, err := os.Open(file)
	require.NoError(t, err)
	defer in.Close()
	var out strings.Builder
	lines := 0
	for s := bufio.NewScanner(in); s.Scan(); {
		line := s.Text()
		text, want, ok := strings.Cut(line, " → ")
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" || !ok && !*update {
			out.WriteString(line + "\n")
			continue
		}
		lines++
		text = strings.TrimSpace(text)
		got := evaluate(t, text, env)
		fmt.Fprintf(&out, "%s → %s\n", text, got)
		if !*update {
			require.Equal(t, want, got, text)
		}
	}
	require.Positive(t, lines)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(out.String()), 0o644))
	}
}

func evaluate(t *testing.T, text string, env Env) string {
	var format Format
	if strings.HasPrefix(text, "/") {
		letters, rest, _ := strings.Cut(text, " ")
		var err error
		format, err = ParseFormat(letters)
		require.NoError(t, err)
		text = rest
	}
	v, err := Eval(text, env)
	if err != nil {
		return "error: " + err.Error()
	}
	return strings.ReplaceAll(Print(env, v, format), "\n", "⏎")
}

// The test module, stopped four calls deep.
func TestModule(t *testing.T) {
	for _, format := range []string{"dwarf2", "dwarf4", "dwarf5", "stabs"} {
		t.Run(format, func(t *testing.T) {
			k, err := guestkernel.Boot(guestkernel.Config{})
			require.NoError(t, err)
			p, err := k.NewProcess(guestkernel.ProcessConfig{})
			require.NoError(t, err)
			data, err := os.ReadFile(modules + "source_" + format + ".o")
			require.NoError(t, err)
			object, err := loader.Parse("source.o", data)
			require.NoError(t, err)
			options := loader.Options{Release: k.Release(), Parameters: []string{"timer=1"}}
			image, err := loader.LinkFor(p, object, options)
			require.NoError(t, err)
			table := debuginfo.NewTable(k.Profile(), k.EntrySymbols())
			table.Add(debuginfo.Load(image))
			m := k.Machine()
			seen := 0
			m.SetMonitor(vm.Monitor{Boundary: func(b vm.Boundary) {
				if !b.Break {
					return
				}
				seen++
				env := NewMachine(&unwind.Unwinder{Machine: m, Kernel: k, Symbols: table}, nil)
				env.Write = func(addr uint32, b []byte) error { m.WriteLinear(addr, b); return nil }
				env.Set = func(name string, b []byte) error {
					require.Equal(t, "ebx", name)
					m.SetReg(vm.EBX, binary.LittleEndian.Uint32(b))
					env.Frame.Regs.GPR[vm.EBX] = m.Reg(vm.EBX)
					return nil
				}
				ebx := m.Reg(vm.EBX)
				runTable(t, "testdata/"+format+".txt", env)
				m.SetReg(vm.EBX, ebx)
			}})
			poke, ok := table.Symbol("poke")
			require.True(t, ok)
			m.SetBreakpoint(table.BreakAddr(poke.Addr))
			_, err = loader.Insmod(p, object, options)
			require.NoError(t, err)
			require.Equal(t, 1, seen)
		})
	}
}

func FuzzEval(f *testing.F) {
	for _, text := range []string{"p.next->a + 1", "(struct pair *) p.next", "list[2]@3", "sizeof(u32 [4])", "'a' == 97 ? 1.5 : text",
		"*(char (*)[3]) &data", "p.d = -1, p.c++", "\"x\\n\" == text", "-9223372036854775807 / -1", "1 << 31 >> 31", "$eax & ~7u"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		env := newFake()
		v, err := Eval(text, env)
		if err != nil {
			return
		}
		for _, format := range []Format{{}, {Letter: 'x'}, {Letter: 'c', Pretty: true}, {Letter: 'f'}, {Letter: 's'}, {Letter: 'a'}} {
			Print(env, v, format)
		}
		Fields(env, v, 0, 10)
		_, _ = v.Uint(env)
		_, _ = v.Address(env)
	})
}
