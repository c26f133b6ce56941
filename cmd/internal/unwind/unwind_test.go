// SPDX-License-Identifier: BSD-3-Clause
// Backtraces of the test module on the modelled kernel.

package unwind

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/debuginfo"
	"ring0/guestkernel"
	"ring0/guestkernel/abi"
	"ring0/loader"
	"ring0/vm"
)

const modules = "../../../testdata/modules/"

// world is a kernel about to load a module that is known already.
type world struct {
	t       *testing.T
	k       *guestkernel.Kernel
	p       *guestkernel.Process
	object  *loader.Object
	options loader.Options
	image   *loader.Image
	u       *Unwinder
}

func newWorld(t *testing.T, file string, parameters ...string) *world {
	w := &world{t: t}
	var err error
	w.k, err = guestkernel.Boot(guestkernel.Config{})
	require.NoError(t, err)
	t.Cleanup(w.k.Close)
	w.p, err = w.k.NewProcess(guestkernel.ProcessConfig{})
	require.NoError(t, err)
	data, err := os.ReadFile(modules + file)
	require.NoError(t, err)
	w.object, err = loader.Parse(file, data)
	require.NoError(t, err)
	w.options = loader.Options{Release: w.k.Release(), Parameters: parameters}
	w.image, err = loader.LinkFor(w.p, w.object, w.options)
	require.NoError(t, err)
	table := debuginfo.NewTable(w.k.Profile(), w.k.EntrySymbols())
	m := debuginfo.Load(w.image)
	require.Empty(t, m.Problems)
	table.Add(m)
	w.u = &Unwinder{Machine: w.k.Machine(), Kernel: w.k, Symbols: table}
	return w
}

// load loads the module, calling f before every instruction that has a breakpoint, or before each.
func (w *world) load(each bool, f func()) error {
	m := w.k.Machine()
	m.SetMonitor(vm.Monitor{Boundary: func(b vm.Boundary) {
		if b.Break || each {
			f()
		}
	}})
	m.MonitorEach(each)
	loaded, err := loader.Insmod(w.p, w.object, w.options)
	if err == nil {
		require.Equal(w.t, w.image.Base, loaded.Image.Base)
	}
	return err
}

func (w *world) breakAt(name string) {
	s, ok := w.u.Symbols.Symbol(name)
	require.True(w.t, ok, name)
	w.k.Machine().SetBreakpoint(s.Addr)
}

// text writes a backtrace without addresses.
func text(frames []*Frame, truncated bool) string {
	var lines []string
	for _, f := range frames {
		line := f.String()
		line = line[:4] + line[15:]
		lines = append(lines, fmt.Sprintf("%-60s %s", line, f.Method))
	}
	if truncated {
		lines = append(lines, "…")
	}
	return strings.Join(lines, "\n") + "\n"
}

var formats = []string{"dwarf2", "dwarf3", "dwarf4", "dwarf5", "stabs"}

// A system call leads to the module.
func TestInSystemCall(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			w := newWorld(t, "source_"+format+".o")
			w.breakAt("poke")
			seen := 0
			require.NoError(t, w.load(false, func() {
				seen++
				frames, truncated := w.u.Backtrace(20)
				require.False(t, truncated)
				require.Equal(t, []string{"poke", "deeper", "init_module", "sys_init_module", "system_call", ""}, names(frames))
				require.Equal(t, []int{0, 0, 0, 0, 0, 3}, rings(frames))
				require.Equal(t, "system call init_module", frames[4].Trap)
				require.Equal(t, Modelled, frames[3].Kind)
				require.Equal(t, EntryCode, frames[4].Kind)
				require.Equal(t, 102, frames[1].Line)
				for _, f := range frames {
					require.NotEqual(t, Scan, f.Method)
				}
			}))
			require.Equal(t, 1, seen)
		})
	}
}

func names(frames []*Frame) (list []string) {
	for _, f := range frames {
		list = append(list, f.Function)
	}
	return list
}

func rings(frames []*Frame) (list []int) {
	for _, f := range frames {
		list = append(list, f.Ring)
	}
	return list
}

// A fault in the module leads to the kernel.
func TestInFault(t *testing.T) {
	w := newWorld(t, "source_dwarf4.o", "crash=1")
	w.breakAt("do_page_fault")
	seen := 0
	require.Error(t, w.load(false, func() {
		frames, _ := w.u.Backtrace(20)
		if frames[len(frames)-1].Ring != 3 || len(frames) < 5 || frames[2].Function != "poke" {
			return // user memory paged in
		}
		seen++
		require.Equal(t, []string{"do_page_fault", "error_code", "poke", "deeper", "init_module", "sys_init_module",
			"system_call", ""}, names(frames))
		require.Equal(t, "exception", frames[1].Trap)
		require.Equal(t, 96, frames[2].Line)
	}))
	require.Equal(t, 1, seen)
}

// A timer of the module is called from an interrupt.
func TestInInterrupt(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			w := newWorld(t, "source_"+format+".o", "timer=1")
			w.breakAt("on_timer")
			seen := 0
			require.NoError(t, w.load(false, func() {
				seen++
				frames, truncated := w.u.Backtrace(40)
				require.False(t, truncated)
				require.Equal(t, []string{"on_timer", "run_timer_list"}, names(frames)[:2])
				interrupted := -1
				for i, f := range frames {
					if f.Trap == "interrupt 0" {
						interrupted = i
					}
				}
				require.Positive(t, interrupted)
				last := frames[len(frames)-1]
				require.True(t, last.Ring == 3 || last.Function == "cpu_idle", last.Function)
			}))
			require.Positive(t, seen)
		})
	}
}

// Before every single instruction of loading the module, in the module, in entry code and at slots alike, the backtrace
// leads out to the process, and nothing of it is guessed.
func TestEveryInstruction(t *testing.T) {
	for _, file := range []string{"source_dwarf4.o", "source_dwarf2.o", "source_stabs.o", "hello.o", "strings.o", "fixup.o"} {
		t.Run(file, func(t *testing.T) {
			w := newWorld(t, file)
			if file == "strings.o" || file == "fixup.o" { // without debug information and nearly without symbols
				w.u.Symbols = debuginfo.NewTable(w.k.Profile(), w.k.EntrySymbols())
			}
			count := 0
			var bad []string
			require.NoError(t, w.load(true, func() {
				if count++; count > 4000 && count%17 != 0 || count > 30_000 || len(bad) > 5 {
					return
				}
				frames, truncated := w.u.Backtrace(40)
				last := frames[len(frames)-1]
				wrong := truncated || last.Ring != 3 || last.PC>>12 != 0x08048000>>12
				for _, f := range frames {
					wrong = wrong || f.Method >= FramePointer
				}
				if wrong && last.Function != "cpu_idle" {
					bad = append(bad, text(frames, truncated))
				}
			}))
			require.Empty(t, bad, strings.Join(bad, "\n"))
			require.Greater(t, count, 300)
		})
	}
}

// A thread of the module's that waits has a backtrace of its own.
func TestWaitingTask(t *testing.T) {
	w := newWorld(t, "kthread.o")
	w.breakAt("thread")
	w.breakAt("printk")
	var thread *guestkernel.Task
	seen := 0
	require.NoError(t, w.load(false, func() {
		frames, _ := w.u.Backtrace(20)
		if frames[0].Function == "thread" {
			thread = w.k.TaskOf(w.k.Machine().Reg(vm.ESP))
			require.Equal(t, []string{"thread", "kernel_thread"}, names(frames))
			return
		}
		if thread == nil || frames[1].Function != "init_module" {
			return
		}
		seen++
		frames, truncated := w.u.BacktraceTask(thread, 20)
		require.False(t, truncated)
		require.Equal(t, []string{"schedule_timeout", "thread", "kernel_thread"}, names(frames))
		require.Equal(t, "kthread", frames[1].Module)
	}))
	require.Equal(t, 1, seen)
}

// Stacks full of nonsense end the walk and nothing else.
func TestHostileStacks(t *testing.T) {
	w := newWorld(t, "source_dwarf4.o")
	w.breakAt("poke")
	require.NoError(t, w.load(false, func() {
		m := w.k.Machine()
		esp, ebp := m.Reg(vm.ESP), m.Reg(vm.EBP)
		stack := make([]byte, abi.ThreadSize-esp%abi.ThreadSize)
		m.ReadLinear(esp, stack)
		poke, _ := w.u.Symbols.Symbol("deeper")
		for seed := range uint32(200) {
			x := seed * 2654435761
			for at := uint32(0); at+4 <= uint32(len(stack)); at += 4 {
				x = x*1664525 + 1013904223
				v := x
				switch x >> 28 & 3 {
				case 0:
					v = esp&^(abi.ThreadSize-1) + x>>8%abi.ThreadSize
				case 1:
					v = poke.Addr + x>>8%16
				case 2:
					v = 0xc0100000 + x>>8%0x20000
				}
				m.WriteLinear(esp+at, []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})
			}
			m.SetReg(vm.EBP, esp+x>>16%64)
			frames, _ := w.u.Backtrace(MaxFrames)
			require.NotEmpty(t, frames)
			require.LessOrEqual(t, len(frames), MaxFrames)
		}
		for _, bad := range []uint32{0, 4, 0xfffffffc, 0x08048000, 0xdeadbeef} {
			m.SetReg(vm.ESP, bad)
			m.SetReg(vm.EBP, bad)
			frames, _ := w.u.Backtrace(MaxFrames)
			require.NotEmpty(t, frames)
		}
		m.SetReg(vm.ESP, esp)
		m.SetReg(vm.EBP, ebp)
		m.WriteLinear(esp, stack)
	}))
}
