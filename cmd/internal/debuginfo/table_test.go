// SPDX-License-Identifier: BSD-3-Clause
// Questions to the table: names, lines, types of kernel and module.

package debuginfo

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
	guestcode "ring0/guestkernel/entry"
)

func newTable(t testing.TB, format string) (*Table, *Module) {
	p, err := abi.ProfileByName("2.4.18-14")
	require.NoError(t, err)
	code, err := guestcode.ForProfile(p.Name)
	require.NoError(t, err)
	table := NewTable(p, code.Symbols)
	m := Load(place(t, modules+"source_"+format+".o"))
	require.Empty(t, m.Problems)
	table.Add(m)
	return table, m
}

func TestNames(t *testing.T) {
	table, m := newTable(t, "dwarf4")
	printk, ok := table.Symbol("printk")
	require.True(t, ok)
	require.Equal(t, "printk", table.Name(printk.Addr))
	require.Equal(t, "printk+0x11", table.Name(printk.Addr+0x11))
	require.Equal(t, "error_code_return", table.Name(0xc0109200)) // a label of the guest code alone
	require.Equal(t, "", table.Name(0x1000))

	poke, ok := table.Symbol("poke")
	require.True(t, ok)
	require.True(t, poke.Text())
	require.False(t, poke.Global())
	require.Equal(t, "poke+0x3 [source_dwarf4]", table.Name(poke.Addr+3))
	again, ok := table.Symbol("source_dwarf4:poke")
	require.True(t, ok)
	require.Equal(t, poke, again)
	_, ok = table.Symbol("kernel:poke")
	require.False(t, ok)
	require.Contains(t, table.Names("init_mod", 10), "init_module")
	require.Contains(t, table.Names("vmalloc_", 10), "vmalloc_area_pages")

	table.Remove(m.Name)
	require.Nil(t, table.ModuleAt(poke.Addr))
	_, ok = table.Symbol("poke")
	require.False(t, ok)
}

func TestLines(t *testing.T) {
	for _, format := range []string{"dwarf2", "dwarf3", "dwarf4", "dwarf5", "stabs"} {
		t.Run(format, func(t *testing.T) {
			table, m := newTable(t, format)
			for _, name := range []string{"poke", "deeper", "init_module", "cleanup_module"} {
				f := table.FunctionsNamed(name)
				require.Len(t, f, 1, name)
				require.Same(t, f[0], table.FunctionAt(f[0].Entry()))
				l, ok := table.LineOf(f[0].Entry())
				require.True(t, ok)
				require.True(t, MatchFile(l.File, "source.c"), l.File)
				require.GreaterOrEqual(t, l.Line, f[0].Line, name)
				require.Less(t, l.Line, f[0].Line+8, name)
				require.True(t, l.Contains(f[0].Entry()))
			}
			addrs, found := table.AddrsOf("source.c", 96) // s->tiny = value
			require.Equal(t, 96, found)
			require.Len(t, addrs, 1)
			require.Equal(t, "poke", table.FunctionAt(addrs[0]).Name)
			_, found = table.AddrsOf("source.c", 90) // no code there
			require.Greater(t, found, 90)
			addrs, found = table.AddrsOf("source.c", 5000)
			require.Empty(t, addrs)
			require.Zero(t, found)
			_, ok := table.LineOf(m.Base + 4)
			require.False(t, ok)
		})
	}
}

func TestTypes(t *testing.T) {
	table, _ := newTable(t, "dwarf4")
	for _, c := range []struct {
		name, text string
		size       uint32
	}{
		{"struct shape", "struct shape", 76},
		{"struct module", "struct module", 96},
		{"struct task_struct", "struct task_struct", 1424},
		{"task_t", "task_t", 1424},
		{"pid_t", "pid_t", 4},
		{"loff_t", "loff_t", 8},
		{"unsigned long", "unsigned long", 4},
		{"short unsigned int", "short unsigned int", 2},
		{"long long", "long long", 8},
	} {
		typ, ok := table.Type(c.name)
		require.True(t, ok, c.name)
		require.Equal(t, c.text, typ.String())
		if c.name != "task_t" && c.name != "struct task_struct" {
			require.Equal(t, c.size, typ.Sizeof(), c.name)
		}
	}
	_, ok := table.Type("struct nothing_of_the_kind")
	require.False(t, ok)

	module, _ := table.Type("struct module")
	uc, ok := module.Member("uc")
	require.True(t, ok)
	usecount, ok := uc.Type.Member("usecount")
	require.True(t, ok)
	require.Equal(t, uint32(16), uc.Offset)
	require.Equal(t, uint32(0), usecount.Offset)
	next, _ := module.Member("next")
	require.True(t, next.Type.Target().Incomplete || next.Type.Target() == module)
	require.Same(t, module, table.Complete(next.Type.Target()))
	init, _ := module.Member("init")
	require.Equal(t, "int (*init)()", BasicTypes()["int"].Declare("(*init)()"))
	require.Equal(t, Func, init.Type.Target().Strip().Kind)
}

// Every structure of the kernel's tables becomes a type whose members lie inside it.
func TestKernelTypes(t *testing.T) {
	for _, name := range abi.ProfileNames() {
		p, err := abi.ProfileByName(name)
		require.NoError(t, err)
		table := NewTable(p, nil)
		unknown := 0
		for _, name := range p.StructNames() {
			typ, ok := table.Type(name)
			require.True(t, ok, name)
			for _, m := range typ.Strip().Members {
				size := m.Type.Sizeof()
				if m.Bits != 0 { // their type may be wider than the structure
					size = uint32(m.Bit+m.Bits+7) / 8
				}
				require.LessOrEqual(t, m.Offset+size, typ.Sizeof(), "%s.%s", name, m.Name)
				if m.Type.Strip().Kind == Unknown {
					unknown++
				}
			}
		}
		require.Less(t, unknown, 1500, "of %d structures", len(p.StructNames()))
	}
}
