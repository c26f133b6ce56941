// SPDX-License-Identifier: BSD-3-Clause
// Profiles, constants, exports and System.map: spot values, and everything against the reference where that is present.

package abi_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func profile(t testing.TB, name string) *abi.Profile {
	t.Helper()
	p, err := abi.ProfileByName(name)
	require.NoError(t, err)
	return p
}

// referenceRows reads a tab-separated file of the reference folder, without comment lines and the line of headings.
// A checkout without the folder skips the test.
func referenceRows(t *testing.T, file string) [][]string {
	t.Helper()
	shared := os.Getenv("RING0_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(shared, "reference", file))
	if err != nil {
		t.Skipf("reference absent: %v (RING0_SHARED names its folder)", err)
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if !strings.HasPrefix(line, "#") {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	if rows[0][0] == "struct" || rows[0][0] == "constant" {
		rows = rows[1:]
	}
	require.NotEmpty(t, rows)
	return rows
}

// testdataRows reads a table under testdata: cells between tabs, # begins a comment line.
func testdataRows(t *testing.T, file string, columns int) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	var rows [][]string
	for number, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		row := strings.Split(line, "\t")
		require.Len(t, row, columns, "%s:%d", file, number+1)
		rows = append(rows, row)
	}
	require.NotEmpty(t, rows)
	return rows
}

func parseHex(t *testing.T, digits string) uint32 {
	t.Helper()
	value, err := strconv.ParseUint(strings.TrimPrefix(digits, "0x"), 16, 32)
	require.NoError(t, err)
	return uint32(value)
}

func TestProfiles(t *testing.T) {
	require.Equal(t, []string{"2.4.18-14", "2.4.37"}, abi.ProfileNames())
	for _, name := range abi.ProfileNames() {
		require.Equal(t, name, profile(t, name).Name)
	}
	_, err := abi.ProfileByName("2.4.19")
	require.EqualError(t, err, `abi: unknown kernel profile "2.4.19"; known: 2.4.18-14, 2.4.37`)
}

func TestProfileNamesItsKernel(t *testing.T) {
	p := profile(t, "2.4.18-14")
	release, _ := p.ConstantString("UTS_RELEASE")
	require.Equal(t, release, p.Release)
	version, _ := p.ConstantString("UTS_VERSION")
	require.Equal(t, version, p.Version)
	hz, _ := p.Constant("HZ")
	require.EqualValues(t, hz, p.HZ)
	require.Contains(t, p.Banner, p.Release)
	require.True(t, strings.HasSuffix(p.Banner, p.Version))
}

func TestConstant(t *testing.T) {
	p := profile(t, "2.4.18-14")
	for name, want := range map[string]int64{
		"PAGE_OFFSET":        0xc0000000,
		"PAGE_MASK":          -4096,
		"GFP_KERNEL":         0x1f0,
		"MAX_LFS_FILESIZE":   0x7ffffffffff,
		"AARP_EXPIRY_TIME":   153600,
		"__NR_create_module": 127,
	} {
		value, ok := p.Constant(name)
		require.True(t, ok, name)
		require.Equal(t, want, value, name)
	}
	for _, name := range []string{"", "PAGE_OFFSE", "PAGE_OFFSET2", "KERN_ERR", "~", "A"} {
		_, ok := p.Constant(name)
		require.False(t, ok, name)
	}
	_, ok := profile(t, "2.4.37").Constant("PAGE_OFFSET")
	require.False(t, ok, "2.4.37 has no constants")
}

func TestConstantString(t *testing.T) {
	p := profile(t, "2.4.18-14")
	for name, want := range map[string]string{
		"KERN_ERR":    "<3>",
		"ELFMAG":      "\177ELF",
		"GET_CURRENT": "movl %esp, %ebx\n\tandl $-8192, %ebx\n\t",
	} {
		value, ok := p.ConstantString(name)
		require.True(t, ok, name)
		require.Equal(t, want, value, name)
	}
	_, ok := p.ConstantString("PAGE_OFFSET")
	require.False(t, ok, "a number is no string")
	_, ok = p.ConstantString("NO_SUCH_CONSTANT")
	require.False(t, ok)
}

func TestConstantsAgainstReference(t *testing.T) {
	p := profile(t, "2.4.18-14")
	for _, row := range referenceRows(t, "constants-2.4.18-14.tsv") {
		name, want := row[0], row[1]
		if strings.HasPrefix(want, `"`) {
			value, ok := p.ConstantString(name)
			require.True(t, ok, name)
			require.Equal(t, goUnquote(t, want), value, name)
			continue
		}
		value, ok := p.Constant(name)
		require.True(t, ok, name)
		require.Equal(t, want, strconv.FormatInt(value, 10), name)
	}
}

var shortOctal = regexp.MustCompile(`\\([0-7]{1,3})`)

// goUnquote reads C string literals with Go's own reader, which wants octal escapes of three digits.
func goUnquote(t *testing.T, literals string) string {
	t.Helper()
	literals = shortOctal.ReplaceAllStringFunc(literals, func(escape string) string {
		return `\` + strings.Repeat("0", 4-len(escape)) + escape[1:]
	})
	var all string
	for literals != "" {
		literal, err := strconv.QuotedPrefix(literals)
		require.NoError(t, err)
		part, err := strconv.Unquote(literal)
		require.NoError(t, err)
		all += part
		literals = strings.TrimLeft(literals[len(literal):], " ")
	}
	return all
}

func TestExport(t *testing.T) {
	p := profile(t, "2.4.18-14")
	printk, ok := p.Export("printk")
	require.True(t, ok)
	require.Equal(t, abi.Export{
		Name: "printk", Kind: abi.ExportFunction, Versioned: true, CRC: 0x1b7d4074, Addr: 0xc011afe0,
		File: "kernel/printk.c", Header: "linux/kernel.h", Prototype: "int printk (const char *, ...)",
	}, printk)
	require.Equal(t, "printk_R1b7d4074", printk.VersionedName())

	kfree, _ := p.Export("kfree")
	require.Equal(t, "kfree_R037a0cba", kfree.VersionedName(), "leading zero")
	down, _ := p.Export("__down_failed")
	require.Equal(t, "__down_failed", down.VersionedName(), "exported without a version")
	jiffies, _ := p.Export("jiffies")
	require.Equal(t, abi.ExportData, jiffies.Kind)
	require.Empty(t, jiffies.Prototype)

	_, ok = p.Export("sys_init_module")
	require.False(t, ok)
	require.Empty(t, profile(t, "2.4.37").Exports())
}

func TestExportsAgainstReference(t *testing.T) {
	p := profile(t, "2.4.18-14")
	rows := referenceRows(t, "exports-2.4.18-14.tsv")
	require.Len(t, p.Exports(), len(rows))
	for _, row := range rows {
		e, ok := p.Export(row[0])
		require.True(t, ok, row[0])
		got := []string{e.Name, e.Kind.String(), e.File, e.VersionedName(), e.Header, e.Prototype}
		require.Equal(t, []string{row[0], row[3], row[6], row[7], row[9], row[10]}, got)
		require.Equal(t, parseHex(t, row[8]), e.Addr, row[0])
	}
}

func TestSymbol(t *testing.T) {
	p := profile(t, "2.4.18-14")
	for name, want := range map[string]uint32{
		"_text":          0xc0100000,
		"sys_call_table": 0xc02f8190,
		"module_list":    0xc02f94a0,
		"kernel_module":  0xc02f9440,
		"vmlist":         0xc03747e4,
		"_end":           0xc03b3460,
		"zisofs_cleanup": 0x000000d0,
		"rest_init":      0xc0105000, // file-local, but the only one of its name
	} {
		addr, ok := p.Symbol(name)
		require.True(t, ok, name)
		require.Equal(t, want, addr, name)
	}
	for _, name := range []string{"", "printk_R1b7d4074", "rintk", "print"} {
		_, ok := p.Symbol(name)
		require.False(t, ok, name)
	}
}

func TestSymbolAmbiguous(t *testing.T) {
	p := profile(t, "2.4.18-14")
	byName := map[string][]abi.Symbol{}
	for _, symbol := range p.Symbols() {
		byName[symbol.Name] = append(byName[symbol.Name], symbol)
	}
	several := 0
	for name, all := range byName {
		if len(all) == 1 {
			continue
		}
		several++
		require.Equal(t, all, p.SymbolsNamed(name))
		global := uint32(0)
		for _, symbol := range all {
			if symbol.Global() {
				global = symbol.Addr
			}
		}
		addr, ok := p.Symbol(name)
		require.Equal(t, global != 0, ok, name)
		require.Equal(t, global, addr, name)
	}
	require.Equal(t, 63, several)
}

func TestSymbolsAgainstReference(t *testing.T) {
	all := profile(t, "2.4.18-14").Symbols()
	rows := referenceRows(t, "System.map-2.4.18-14")
	require.Len(t, all, len(rows))
	for i, row := range rows {
		cells := strings.Fields(row[0])
		want := abi.Symbol{Addr: parseHex(t, cells[0]), Type: cells[1][0], Name: cells[2]}
		require.Equal(t, want, all[i])
	}
}

// Every address the real kernel named in its oopses, and the edges of the table.
func TestLookup(t *testing.T) {
	p := profile(t, "2.4.18-14")
	for _, row := range testdataRows(t, "lookup.txt", 3) {
		name, offset, ok := p.Lookup(parseHex(t, row[0]))
		require.True(t, ok, row[0])
		require.Equal(t, row[1], name, row[0])
		require.Equal(t, parseHex(t, row[2]), offset, row[0])
	}
	for _, addr := range []uint32{0, 0xd0, 0xcf, 0x300, 0xbfffffff, 0xc0000000, 0xc00fffff, 0xc03b3460, 0xc8810000, 0xffffffff} {
		_, _, ok := p.Lookup(addr)
		require.False(t, ok, "%#x lies outside the kernel", addr)
	}
	_, _, ok := profile(t, "2.4.37").Lookup(0xc0105000)
	require.False(t, ok, "2.4.37 has no System.map")
}

func TestBootAreasAgainstReference(t *testing.T) {
	boots := map[string][]abi.BootArea{}
	for _, row := range referenceRows(t, "vmalloc.tsv") {
		if !strings.HasPrefix(row[3], "boot[") {
			continue
		}
		flags, _, _ := strings.Cut(strings.TrimPrefix(row[5], "flags="), " ")
		size, err := strconv.ParseUint(row[4], 10, 32)
		require.NoError(t, err)
		boots[row[0]] = append(boots[row[0]], abi.BootArea{Flags: parseHex(t, flags), Size: uint32(size)})
	}
	require.Len(t, boots, 6)
	for memory, areas := range boots {
		require.Equal(t, profile(t, "2.4.18-14").BootAreas(), areas, memory)
	}
}
