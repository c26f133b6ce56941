// SPDX-License-Identifier: BSD-3-Clause

// The cases of testdata/simd.txt, whose head explains them.

package vm

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/float80"
	"ring0/vm/x86"
)

func TestSIMDCases(t *testing.T) {
	f, err := os.Open("testdata/simd.txt")
	require.NoError(t, err)
	defer f.Close()
	seen := map[string]bool{}
	scan := bufio.NewScanner(f)
	for line := 1; scan.Scan(); line++ {
		text, _, _ := strings.Cut(scan.Text(), "#")
		if strings.TrimSpace(text) == "" {
			continue
		}
		fields := strings.Split(text, "|")
		require.Len(t, fields, 4, "line %d", line)
		name := strings.TrimSpace(fields[0])
		require.False(t, seen[name], "line %d: second %s", line, name)
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			code, err := hex.DecodeString(strings.ReplaceAll(fields[2], " ", ""))
			require.NoError(t, err, "line %d", line)
			tc := simdCase{t, newPaged(t)}
			tc.setUp(strings.Fields(fields[1]))
			tc.run(code, strings.Fields(fields[3]))
		})
	}
	require.NoError(t, scan.Err())
	require.NotEmpty(t, seen)
}

// simdCase is one case on its machine.
type simdCase struct {
	*testing.T
	m *Machine
}

func (tc *simdCase) setUp(words []string) {
	c := &tc.m.cpu
	c.cr4 |= CR4OSFXSR | CR4OSXMMEXCPT
	c.gpr[x86.EBX] = flatData
	model := "pentium4"
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "cpu":
			model = value
		case "em":
			c.cr0 |= CR0EM
		case "ts":
			c.cr0 |= CR0TS
		case "noosfxsr":
			c.cr4 &^= CR4OSFXSR
		case "noosxmmexcpt":
			c.cr4 &^= CR4OSXMMEXCPT
		case "mf":
			c.fpu.fsw |= fswIE | fswES | fswB
		default:
			tc.put(key, value)
		}
	}
	var err error
	c.model, err = modelByName(model)
	require.NoError(tc, err)
}

// number reads a hexadecimal number of up to 128 bits.
func (tc *simdCase) number(text string) (v xmmReg) {
	require.LessOrEqual(tc, len(text), 32)
	text = strings.Repeat("0", 32-len(text)) + text
	for i := range v {
		n, err := strconv.ParseUint(text[16-16*i:32-16*i], 16, 64)
		require.NoError(tc, err)
		v[i] = n
	}
	return v
}

// memory takes "[O]" and "BYTES" apart.
func (tc *simdCase) memory(key, value string) (addr uint32, data []byte) {
	off, err := strconv.ParseUint(strings.Trim(key, "[]"), 16, 32)
	require.NoError(tc, err)
	data, err = hex.DecodeString(value)
	require.NoError(tc, err)
	return flatData + uint32(off), data
}

// register splits "xmm3" into "xmm" and 3.
func register(key string) (file string, n int) {
	file = strings.TrimRight(key, "01234567")
	fmt.Sscan(key[len(file):], &n)
	return file, n
}

var gprByName = []string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"}

func (tc *simdCase) put(key, value string) {
	c := &tc.m.cpu
	if key[0] == '[' {
		tc.m.WritePhys(tc.memory(key, value))
		return
	}
	v := tc.number(value)
	switch file, n := register(key); {
	case file == "xmm":
		c.fpu.xmm[n] = v
	case file == "mm":
		c.fpu.r[n] = float80.F80{Man: v[0], SE: 0xffff}
	case key == "mxcsr":
		c.fpu.mxcsr = uint32(v[0])
	default:
		r := slices.Index(gprByName, key)
		require.GreaterOrEqual(tc, r, 0, key)
		c.gpr[r] = uint32(v[0])
	}
}

func (tc *simdCase) run(code []byte, outcome []string) {
	c := &tc.m.cpu
	require.NotEmpty(tc, outcome)
	tc.m.WritePhys(flatCode, code)
	tc.m.SetEIP(flatCode)
	gpr, fpu := c.gpr, c.fpu
	f, faulted := tc.m.runSlice(1)
	got := "ok"
	if faulted {
		got = faultText(c, f)
	}
	require.Equal(tc, outcome[0], got)
	if !faulted {
		require.Equal(tc, uint32(flatCode+len(code)), tc.m.EIP())
	} else {
		if slices.ContainsFunc(outcome, func(w string) bool { return strings.HasPrefix(w, "mxcsr=") }) {
			fpu.mxcsr = c.fpu.mxcsr
		}
		require.Equal(tc, fpu, c.fpu)
		require.Equal(tc, gpr, c.gpr)
	}
	for _, w := range outcome[1:] {
		key, value, _ := strings.Cut(w, "=")
		tc.check(key, value)
	}
}

func faultText(c *CPU, f fault) string {
	name := map[uint8]string{VecUD: "ud", VecNM: "nm", VecMF: "mf", VecXM: "xm", VecGP: "gp", VecPF: "pf"}[f.vector]
	switch {
	case f.vector == VecPF:
		return fmt.Sprintf("pf:%x@%x", f.err, c.cr2-flatData)
	case f.hasErr:
		return fmt.Sprintf("%s:%x", name, f.err)
	}
	return name
}

func (tc *simdCase) check(key, value string) {
	c := &tc.m.cpu
	if key[0] == '[' {
		addr, want := tc.memory(key, value)
		got := make([]byte, len(want))
		tc.m.ReadPhys(addr, got)
		require.Equal(tc, want, got, key)
		return
	}
	var got xmmReg
	switch file, n := register(key); {
	case file == "xmm":
		got = c.fpu.xmm[n]
	case file == "mm":
		got[0] = c.fpu.r[n].Man
	case key == "mxcsr":
		got[0] = uint64(c.fpu.mxcsr)
	case key == "top":
		got[0] = uint64(c.fpu.top)
	case key == "tag":
		got[0] = uint64(c.fpu.used)
	default:
		r := slices.Index(gprByName, key)
		require.GreaterOrEqual(tc, r, 0, key)
		got[0] = uint64(c.gpr[r])
	}
	require.Equal(tc, fmt.Sprintf("%x", tc.number(value)), fmt.Sprintf("%x", got), key)
}
