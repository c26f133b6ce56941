// SPDX-License-Identifier: BSD-3-Clause

// The services as software calls them: testdata/services.txt.

package bios_test

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

	"ring0/vm"
	"ring0/vm/pc"
	"ring0/vm/pc/bios"
)

// newPC is a PC whose BIOS has started.
func newPC(t *testing.T, ram uint32) *pc.PC {
	t.Helper()
	rom, err := bios.ROM()
	require.NoError(t, err)
	p, err := pc.New(pc.Config{RAM: ram, ROM: rom})
	require.NoError(t, err)
	bios.Start(p, nil)
	return p
}

// callAt is where the test's INT lies; a HLT follows.
const callAt = 0x600

// call executes INT vector, with interrupts off.
func call(t *testing.T, p *pc.PC, vector uint8) {
	t.Helper()
	p.WritePhys(callAt, []byte{0xcd, vector, 0xfa, 0xf4})
	p.LoadSegment(vm.CS, 0)
	p.SetEIP(callAt)
	p.Wake() // from the call before
	end := p.Run(1000)
	require.Equal(t, pc.Halted, end.Reason, "%v", end.Err)
	require.Equal(t, uint32(callAt+4), p.EIP())
}

// wideNames and so on are the registers by number.
var (
	wideNames = []string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"}
	byteNames = []string{"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"}
)

// get is the value of what a row names; size its bytes.
func get(p *pc.PC, name string) (uint32, error) {
	bit := func(mask uint32) uint32 {
		if p.Eflags()&mask != 0 {
			return 1
		}
		return 0
	}
	if i := slices.Index(wideNames, name); i >= 0 {
		return p.Reg(i), nil
	}
	if i := slices.Index(wideNames, "e"+name); i >= 0 {
		return p.Reg(i) & 0xffff, nil
	}
	if i := slices.Index(byteNames, name); i >= 0 {
		return p.Reg(i&3) >> (i / 4 * 8) & 0xff, nil
	}
	switch name {
	case "es":
		return uint32(p.Selector(vm.ES)), nil
	case "cf":
		return bit(vm.FlagCF), nil
	case "zf":
		return bit(vm.FlagZF), nil
	case "a20":
		if p.A20() {
			return 1, nil
		}
		return 0, nil
	}
	return 0, fmt.Errorf("no register %q", name)
}

// set carries out one item of before.
func set(p *pc.PC, name, value string) error {
	if at, ok := address(name); ok {
		b, err := hex.DecodeString(value)
		p.SetA20(true)
		p.WritePhys(at, b)
		p.SetA20(false)
		return err
	}
	v, err := strconv.ParseUint(value, 16, 32)
	if i := slices.Index(wideNames, name); i >= 0 {
		p.SetReg(i, uint32(v))
		return err
	}
	if i := slices.Index(wideNames, "e"+name); i >= 0 {
		p.SetReg(i, p.Reg(i)&0xffff0000|uint32(v))
		return err
	}
	return fmt.Errorf("%q cannot be set", name)
}

// address reads "[hex]".
func address(name string) (uint32, bool) {
	name, ok := strings.CutPrefix(name, "[")
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseUint(strings.TrimSuffix(name, "]"), 16, 32)
	return uint32(v), err == nil
}

// check compares one item of after.
func check(t *testing.T, p *pc.PC, item string) {
	t.Helper()
	name, value, ok := strings.Cut(item, "=")
	require.True(t, ok, item)
	if at, ok := address(name); ok {
		b := make([]byte, len(value)/2)
		p.SetA20(true)
		p.ReadPhys(at, b)
		require.Equal(t, value, hex.EncodeToString(b), item)
		return
	}
	want, err := strconv.ParseUint(value, 16, 32)
	require.NoError(t, err)
	got, err := get(p, name)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("%s=%x", name, want), fmt.Sprintf("%s=%x", name, got))
}

// registers is all that "same" compares.
func registers(p *pc.PC) (all []uint32) {
	for r := range wideNames {
		all = append(all, p.Reg(r))
	}
	for _, s := range []int{vm.ES, vm.SS, vm.DS, vm.FS, vm.GS} {
		all = append(all, uint32(p.Selector(s)))
	}
	return append(all, p.Eflags())
}

func TestServices(t *testing.T) {
	file, err := os.Open("testdata/services.txt")
	require.NoError(t, err)
	defer file.Close()
	rows := bufio.NewScanner(file)
	for n := 1; rows.Scan(); n++ {
		line, _, _ := strings.Cut(rows.Text(), "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		f := strings.Split(line, "|")
		require.Len(t, f, 4, "line %d", n)
		t.Run(strings.TrimSpace(f[0]), func(t *testing.T) {
			p := newPC(t, 32<<20)
			p.SetEflags(p.Eflags() &^ vm.FlagIF)
			for _, item := range strings.Fields(f[1]) {
				name, value, _ := strings.Cut(item, "=")
				require.NoError(t, set(p, name, value), "line %d", n)
			}
			vector, err := strconv.ParseUint(strings.TrimSpace(f[2]), 16, 8)
			require.NoError(t, err, "line %d", n)
			before := registers(p)
			call(t, p, uint8(vector))
			for _, item := range strings.Fields(f[3]) {
				if item == "same" {
					require.Equal(t, before, registers(p), "line %d", n)
					continue
				}
				check(t, p, item)
			}
		})
	}
	require.NoError(t, rows.Err())
}
