// SPDX-License-Identifier: BSD-3-Clause
// ring0 bench: guest speed on the workload objects, as ring-0 code with paging.

package main

import (
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ring0/loader"
	"ring0/testdata/bench"
	"ring0/vm"
)

// benchFlags are the flags of ring0 bench.
type benchFlags struct {
	workloads []string
	time      timeLimit
}

func benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench [WORKLOAD…]",
		Short: "Measure guest speed in instructions per second",
		Long: `Run the workloads as ring-0 code with paging on and print million guest
instructions per second for each, and the geometric mean of the integer ones.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.workloads = args
			return f.run(cmd.OutOrStdout())
		},
	}
	f.time.Duration = time.Second
	cmd.Flags().Var(&f.time, "time", "host `TIME` to spend on each workload")
	return cmd
}

func (f *benchFlags) run(out io.Writer) error {
	if f.time.Duration == 0 {
		return fmt.Errorf("--time 0: want some time")
	}
	names, err := f.chosen()
	if err != nil {
		return err
	}
	sum, n := 0.0, 0
	for _, name := range names {
		speed, err := f.measure(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		note := ""
		if bench.Floating(name) {
			note = "  x87, not in the mean"
		} else {
			sum, n = sum+math.Log(speed), n+1
		}
		fmt.Fprintf(out, "%-8s %8.1f Minsn/s%s\n", name, speed, note)
	}
	if n > 1 {
		fmt.Fprintf(out, "%-8s %8.1f Minsn/s\n", "geomean", math.Exp(sum/float64(n)))
	}
	return nil
}

// chosen are the workloads asked for, all of them if none is, in the order of their names.
func (f *benchFlags) chosen() (names []string, err error) {
	entries, err := bench.Objects.ReadDir("obj")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".o"))
	}
	for _, name := range f.workloads {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("bench: no workload %q: want some of %s", name, strings.Join(names, " "))
		}
	}
	if len(f.workloads) == 0 {
		return names, nil
	}
	return slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(f.workloads, name) }), nil
}

// Where things lie in the bench machine.
const (
	benchBase   = 0x00400000
	benchStack  = 0x00300000
	benchReturn = 0x00090000
	benchPgdir  = 0x00001000
)

// measure runs bench(n) with growing n until the time is used up.
func (f *benchFlags) measure(name string) (float64, error) {
	m, entry, err := benchMachine(name)
	if err != nil {
		return 0, err
	}
	for n := uint32(1); ; n *= 2 {
		start, began := m.Now(), time.Now()
		if err := callBench(m, entry, n); err != nil {
			return 0, err
		}
		if d := time.Since(began); d >= f.time.Duration/2 || n > 1<<30 {
			return float64(m.Now()-start) / d.Seconds() / 1e6, nil
		}
	}
}

// benchMachine is a machine in flat protected mode with 4 MB pages and one
// workload in memory.
func benchMachine(name string) (m *vm.Machine, entry uint32, err error) {
	file := path.Join("obj", name+".o")
	data, err := bench.Objects.ReadFile(file)
	if err != nil {
		return nil, 0, err
	}
	object, err := loader.Parse(file, data)
	if err != nil {
		return nil, 0, err
	}
	image, err := loader.Link(object, benchBase, nil, loader.Options{Force: true})
	if err != nil {
		return nil, 0, err
	}
	sym, ok := image.Symbol("bench")
	if !ok {
		return nil, 0, fmt.Errorf("no function bench")
	}
	if m, err = vm.New(vm.Config{RAM: 64 << 20}); err != nil {
		return nil, 0, err
	}
	m.WritePhys(benchBase, image.Bytes)
	m.WritePhys(benchReturn, []byte{0xf4}) // hlt
	flatPaging(m)
	return m, sym.Addr, nil
}

// flatPaging brings m into ring 0 with every linear address mapped to itself.
func flatPaging(m *vm.Machine) {
	for i := uint32(0); i < 1024; i++ {
		m.WritePhys32(benchPgdir+i*4, i<<22|0xe7) // present, writable, user, accessed, dirty, 4 MB
	}
	for seg := range 6 {
		m.SetSegmentRaw(seg, vm.Segment{Selector: 0x18, Attr: 0xc093, Limit: 0xffffffff})
	}
	m.SetSegmentRaw(vm.CS, vm.Segment{Selector: 0x10, Attr: 0xc09b, Limit: 0xffffffff})
	m.SetCR(3, benchPgdir)
	m.SetCR(4, vm.CR4PSE)
	m.SetCR(0, vm.CR0PE|vm.CR0PG|vm.CR0NE)
	m.SetEflags(2)
	m.SetFPU(&vm.FPU{FCW: 0x37f, MXCSR: 0x1f80}) // as FNINIT leaves it
}

// callBench calls bench(n).
func callBench(m *vm.Machine, entry, n uint32) error {
	const sp = benchStack - 8
	m.WritePhys32(sp, benchReturn)
	m.WritePhys32(sp+4, n)
	m.SetReg(vm.ESP, sp)
	m.SetEIP(entry)
	if s := m.Run(vm.Forever); s.Reason != vm.StopHalt {
		return fmt.Errorf("stopped at %08x: %v %v", s.EIP, s.Reason, s.Err)
	}
	m.Wake()
	return nil
}
