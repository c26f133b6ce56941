// SPDX-License-Identifier: BSD-3-Clause
// Explanations against what then happens, and the words of some.

package explain

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/debuginfo"
	"ring0/guestkernel"
	"ring0/loader"
	"ring0/vm"
)

const modules = "../../../testdata/modules/"

// world is a kernel about to load a module.
type world struct {
	t       *testing.T
	k       *guestkernel.Kernel
	m       *vm.Machine
	p       *guestkernel.Process
	object  *loader.Object
	options loader.Options
	x       *Explainer
}

func newWorld(t *testing.T, file string, parameters ...string) *world {
	w := &world{t: t}
	var err error
	w.k, err = guestkernel.Boot(guestkernel.Config{})
	require.NoError(t, err)
	t.Cleanup(w.k.Close)
	w.m = w.k.Machine()
	w.p, err = w.k.NewProcess(guestkernel.ProcessConfig{})
	require.NoError(t, err)
	data, err := os.ReadFile(modules + file)
	require.NoError(t, err)
	w.object, err = loader.Parse(file, data)
	require.NoError(t, err)
	w.options = loader.Options{Release: w.k.Release(), Parameters: parameters}
	image, err := loader.LinkFor(w.p, w.object, w.options)
	require.NoError(t, err)
	table := debuginfo.NewTable(w.k.Profile(), w.k.EntrySymbols())
	table.Add(debuginfo.Load(image))
	w.x = &Explainer{Machine: w.m, Kernel: w.k, Symbols: table}
	return w
}

// checker holds each explanation against what happens next.
type checker struct {
	m        *vm.Machine
	x        *Explainer
	last     Explanation
	gpr      [8]uint32
	valid    bool
	faulted  *vm.Fault
	cr2      uint32
	writes   []vm.WatchEvent
	count    int // explanations held against something
	foreseen int // of those, with all that follows known
	faults   int
	limit    int
	bad      []string
}

func (c *checker) start() {
	c.m.SetMonitor(vm.Monitor{
		Boundary: func(vm.Boundary) { c.boundary() },
		Fault: func(f vm.Fault) {
			c.faulted, c.cr2 = &f, c.m.CR(2)
		},
	})
	c.m.Watch(vm.Watched{First: 0, Last: 0xffffffff, Write: true, Fn: func(e vm.WatchEvent) { c.writes = append(c.writes, e) }})
	c.m.MonitorEach(true)
}

func (c *checker) boundary() {
	if c.count >= c.limit || len(c.bad) > 8 {
		c.m.MonitorEach(false)
		return
	}
	if c.valid {
		c.compare()
	}
	c.explain()
}

// explain makes the next explanation and notes what the registers are.
func (c *checker) explain() {
	c.last = c.x.Explain()
	for r := range c.gpr {
		c.gpr[r] = c.m.Reg(r)
	}
	c.valid, c.faulted, c.writes = true, nil, c.writes[:0]
	if c.last.Inst.EIP != c.m.EIP() && c.last.OK {
		c.complain("explains %08x", c.last.Inst.EIP)
	}
}

func (c *checker) complain(format string, args ...any) {
	c.bad = append(c.bad, fmt.Sprintf("%08x %s | %s: ", c.last.Inst.EIP, c.last.Inst.String(), c.last.Text)+fmt.Sprintf(format, args...))
}

// compare looks at what became of the last explanation.
func (c *checker) compare() {
	c.count++
	e := &c.last
	if e.Fault != nil {
		c.compareFault()
		return
	}
	if c.faulted != nil {
		if e.Next.Known {
			c.complain("vector %d code %d", c.faulted.Vector, c.faulted.Code)
		}
		return
	}
	if !e.Next.Known {
		return
	}
	if c.x.Symbols != nil && c.m.EIP() != e.Next.EIP && strings.HasPrefix(c.x.Symbols.Name(c.m.EIP()), "IRQ0x") {
		var b [4]byte
		c.m.ReadLinear(c.m.Reg(vm.ESP), b[:])
		if back := binary.LittleEndian.Uint32(b[:]); back != e.Next.EIP {
			c.complain("an interrupt returns to %08x", back)
		}
		return
	}
	if c.m.EIP() != e.Next.EIP {
		c.complain("goes on at %08x, not %08x", c.m.EIP(), e.Next.EIP)
	}
	if e.RegsKnown && e.WritesKnown {
		c.foreseen++
	}
	c.compareRegs()
	c.compareWrites()
}

func (c *checker) compareFault() {
	f := c.last.Fault
	c.faults++
	switch {
	case !f.Known:
	case c.faulted == nil:
		c.complain("no fault")
	case c.faulted.Vector != f.Vector || c.faulted.HasCode != f.HasCode || c.faulted.Code != f.Code:
		c.complain("vector %d code %d", c.faulted.Vector, c.faulted.Code)
	case f.Vector == vm.VecPF && c.cr2 != f.Addr:
		c.complain("address %08x", c.cr2)
	case c.last.Next.Known && c.m.EIP() != c.last.Next.EIP:
		c.complain("handler %08x, not %08x", c.m.EIP(), c.last.Next.EIP)
	}
}

func (c *checker) compareRegs() {
	want := c.gpr
	for _, r := range c.last.Regs {
		if !r.Known {
			want[r.Number] = c.m.Reg(int(r.Number))
			continue
		}
		want[r.Number] = r.Value
	}
	if !c.last.RegsKnown {
		return
	}
	for r := range want {
		if got := c.m.Reg(r); got != want[r] {
			c.complain("%s is %#x, not %#x", names32[r], got, want[r])
		}
	}
}

func (c *checker) compareWrites() {
	if !c.last.WritesKnown {
		return
	}
	if len(c.writes) != len(c.last.Writes) {
		c.complain("writes %v", c.writes)
		return
	}
	for i, w := range c.last.Writes {
		got := c.writes[i]
		if got.Addr != w.Addr || uint32(got.Size) != w.Size || w.Known && got.Value&wide(w.Size) != w.Value {
			c.complain("writes %#x (%d bytes) to %08x", got.Value, got.Size, got.Addr)
		}
	}
}

// Every instruction of loading the test modules: where it goes on, what it writes, which registers it changes, which fault
// it ends in, is what was said.
func TestForeseen(t *testing.T) {
	for _, c := range []struct {
		file       string
		parameters []string
		limit      int
		faults     int
	}{
		{"hello.o", []string{"who=world"}, 20_000, 0},
		{"integer_O0.o", nil, 12_000, 0},
		{"integer_O2.o", nil, 12_000, 0},
		{"integer_Os.o", nil, 12_000, 0},
		{"strings.o", nil, 12_000, 0},
		{"fixup.o", nil, 8_000, 6},
		{"usercopy.o", nil, 12_000, 4},
		{"extable.o", nil, 8_000, 4},
		{"printkfmt.o", nil, 3_000, 0},
		{"source_dwarf4.o", []string{"timer=1"}, 8_000, 0},
		{"source_stabs.o", []string{"crash=1"}, 8_000, 1},
		{"divide.o", nil, 3_000, 1},
		{"faults.o", []string{"how=ud2"}, 3_000, 1},
		{"faults.o", []string{"how=gpf"}, 3_000, 1},
		{"faults.o", []string{"how=bound"}, 3_000, 1},
		{"faults.o", []string{"how=into"}, 3_000, 0},
		{"faults.o", []string{"how=callnull"}, 3_000, 1},
		{"faults.o", []string{"how=kernread"}, 3_000, 1},
		{"faults.o", []string{"how=badop"}, 3_000, 1},
		{"faults.o", []string{"how=int99"}, 3_000, 0},
		{"kernwrite.o", nil, 4_000, 0},
		{"irq.o", nil, 4_000, 0},
	} {
		t.Run(c.file+" "+strings.Join(c.parameters, " "), func(t *testing.T) {
			w := newWorld(t, c.file, c.parameters...)
			check := &checker{m: w.m, x: w.x, limit: c.limit}
			check.start()
			_, _ = loader.Insmod(w.p, w.object, w.options) // some of them are there to fail
			require.Empty(t, check.bad, strings.Join(check.bad, "\n"))
			require.Greater(t, check.count, 50)
			require.GreaterOrEqual(t, check.faults, c.faults)
			t.Logf("%d explanations, %d with everything foreseen, %d faults", check.count, check.foreseen, check.faults)
			require.Greater(t, check.foreseen*100, check.count*70)
		})
	}
}

var update = flag.Bool("update", false, "write the golden file again")

// pages are addresses in memory that the kernel has allocated: stacks, above all. They move when the kernel boots otherwise.
var pages = regexp.MustCompile("0xc[1-7][0-9a-f]{6}")

// The words, for instructions of the test modules: the first ones of each kind, and all that fault.
func TestWords(t *testing.T) {
	var out strings.Builder
	for _, c := range []struct{ file, parameter string }{
		{"hello.o", "who=world"}, {"fixup.o", ""}, {"usercopy.o", ""}, {"extable.o", ""}, {"divide.o", ""}, {"strings.o", ""}, {"kernwrite.o", ""},
		{"source_dwarf4.o", "crash=1"}, {"faults.o", "how=gpf"}, {"faults.o", "how=bound"}, {"faults.o", "how=clihlt"}, {"irq.o", ""},
	} {
		t.Run(c.file+" "+c.parameter, func(t *testing.T) {
			var parameters []string
			if c.parameter != "" {
				parameters = append(parameters, c.parameter)
			}
			w := newWorld(t, c.file, parameters...)
			fmt.Fprintf(&out, "%s %s\n", c.file, c.parameter)
			seen := map[string]int{}
			lines := 0
			w.m.SetMonitor(vm.Monitor{Boundary: func(vm.Boundary) {
				e := w.x.Explain()
				kind := fmt.Sprint(e.Inst.Op, e.Inst.Form)
				if e.Fault != nil {
					kind = fmt.Sprint(e.Inst.EIP, e.Fault.Addr)
				}
				inModule := w.x.Symbols.ModuleAt(e.Inst.EIP) != nil
				if seen[kind]++; e.Fault == nil && !inModule || seen[kind] > 1 || lines > 120 {
					return
				}
				lines++
				fmt.Fprintf(&out, "  %08x %-40s %s\n", e.Inst.EIP, e.Inst.String(), pages.ReplaceAllString(e.Text, "0xPAGES"))
			}})
			w.m.MonitorEach(true)
			w.options.Parameters = parameters
			_, _ = loader.Insmod(w.p, w.object, w.options)
		})
	}
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile("testdata/words.txt", []byte(out.String()), 0o644))
	}
	want, err := os.ReadFile("testdata/words.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
}
