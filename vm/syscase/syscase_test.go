// SPDX-License-Identifier: BSD-3-Clause

package syscase_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm"
	"ring0/vm/syscase"
)

// runVM boots an image on package vm.
func runVM(t *testing.T, m *vm.Machine, img *syscase.Image) *syscase.Outcome {
	m.Reset()
	m.WritePhys(syscase.LoadAddr, img.Bytes)
	m.SetCR(0, vm.CR0PE|vm.CR0ET)
	data := vm.Segment{Selector: 0x10, Attr: 0xc093, Limit: 0xffffffff}
	for s := range 6 {
		m.SetSegmentRaw(s, data)
	}
	m.SetSegmentRaw(vm.CS, vm.Segment{Selector: 8, Attr: 0xc09b, Limit: 0xffffffff})
	m.SetEIP(img.Entry)
	stop := m.Run(100_000)
	require.Contains(t, []vm.StopReason{vm.StopHalt, vm.StopShutdown}, stop.Reason, "%v at %08x: %v", stop.Reason, stop.EIP, stop.Err)
	s := m.State()
	o := &syscase.Outcome{
		Shutdown: stop.Reason == vm.StopShutdown, GPR: s.GPR, EIP: s.EIP, Eflags: s.Eflags,
		SSBase: s.Seg[vm.SS].Base, LDTR: s.LDTR.Selector, TR: s.TR.Selector,
		CR: [5]uint32{s.CR0, 0, s.CR2, s.CR3, s.CR4}, DR: s.DR, Read: m.ReadPhys,
	}
	for i := range o.Seg {
		o.Seg[i] = s.Seg[i].Selector
	}
	return o
}

// caseFiles are the committed cases.
func caseFiles(t *testing.T) map[string][]syscase.Case {
	paths, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	files := map[string][]syscase.Case{}
	for _, path := range paths {
		f, err := os.Open(path)
		require.NoError(t, err)
		cases, err := syscase.Parse(f)
		f.Close()
		require.NoError(t, err, path)
		require.NotEmpty(t, cases, path)
		files[strings.TrimSuffix(filepath.Base(path), ".txt")] = cases
	}
	return files
}

func TestCases(t *testing.T) {
	machines := map[string]*vm.Machine{}
	machine := func(model string) *vm.Machine {
		if machines[model] == nil {
			m, err := vm.New(vm.Config{RAM: 4 << 20, CPU: model})
			require.NoError(t, err)
			machines[model] = m
		}
		return machines[model]
	}
	for name, cases := range caseFiles(t) {
		t.Run(name, func(t *testing.T) {
			for i := range cases {
				c := &cases[i]
				t.Run(c.Name, func(t *testing.T) {
					img, err := c.Build()
					require.NoError(t, err)
					for _, diff := range c.Check(runVM(t, machine(c.CPU), img)) {
						t.Errorf("testdata/%s.txt:%d: %s", name, c.Line, diff)
					}
				})
			}
		})
	}
}
