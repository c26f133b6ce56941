// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"encoding/binary"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// TestTapeKnowsTheMachine goes through the methods of the machine: what modelled functions may use passes through the
// tape; the rest is listed here with the reason why it need not.
func TestTapeKnowsTheMachine(t *testing.T) {
	untaped := map[string][]string{
		"taped": {"CR", "DR", "EIP", "Eflags", "InvalidatePage", "LoadSegment", "MSR", "Now", "Raise", "ReadLinear", "ReadPhys",
			"ReadPhys32", "Reg", "Selector", "SetCR", "SetDR", "SetEIP", "SetEflags", "SetINTR", "SetMSR", "SetProbe", "SetReg", "SkipTo",
			"Translate", "WritePhys", "WritePhys32"},
		"never changes": {"CPUID", "RAMSize"},
		"for booting": {"AddHole", "AddMMIO", "AddPorts", "AddRAM", "AddROM", "RAM", "SetHypercall", "SetInterruptController",
			"SetShadow", "SetFERR"},
		"for checkpoints and the host's loop": {"Forget", "Holds", "Place", "Restore", "Run", "Snapshot"},
		"for events on the clock":             {"Schedule"},
		"for debuggers": {"ClearBreakpoint", "EditCR", "EditEflags", "EditFPU", "EditLDTR", "EditSegment", "Mark", "MonitorAt", "MonitorEach", "SetBreakpoint", "SetInstrHook", "SetMonitor",
			"State"},
		"for checks, which have no tapes": {"Unwatch", "Watch"},
		"nobody here uses it": {"A20", "CPL", "Cancel", "FPU", "GDTR", "Halted", "IDTR", "InvalidateTLB", "Interrupt", "LDTR",
			"LoadLDTR", "LoadTR", "NMI", "Reset", "SegmentRaw", "SetA20", "SetCPL", "SetFPU", "SetGDTR", "SetIDTR",
			"SetIGNNE", "SetSegmentRaw", "SetState", "Stop", "TR", "Wake", "WriteLinear"},
	}
	var listed, all []string
	for _, names := range untaped {
		listed = append(listed, names...)
	}
	for m := range reflect.TypeFor[*vm.Machine]().Methods() {
		all = append(all, m.Name)
	}
	slices.Sort(listed)
	slices.Sort(all)
	require.Equal(t, all, listed)
}

// asleep is a guest whose process sleeps for 20 ms in nanosleep(2), and has for two ticks.
func asleep(t *testing.T, prepare ...func(*Kernel)) *guest {
	g := newGuest(t, Config{Mem: 20 << 20})
	for _, f := range prepare {
		f(g.k)
	}
	at, err := g.p.Alloc(8)
	require.NoError(t, err)
	require.NoError(t, g.p.WriteUser(at, binary.LittleEndian.AppendUint32(make([]byte, 4), 20_000_000)))
	require.NoError(t, g.p.Start(abi.NrNanosleep, at, 0))
	require.Nil(t, g.k.RunTicks(2))
	return g
}

// TestCheckpointOfASleeper goes back to when a process slept in a modelled function, after it has ended. Without tapes that
// is an error.
func TestCheckpointOfASleeper(t *testing.T) {
	g := asleep(t)
	cp := g.k.Checkpoint()
	require.Equal(t, Outcome{Kind: Returned}, g.p.Wait())
	require.False(t, g.k.Restorable(cp))
	require.ErrorContains(t, g.k.Restore(cp), "a task has gone on")
	require.Equal(t, Returned, g.p.Syscall(abi.NrGetpid).Kind)
}

// TestTapedSleeper is the same with tapes: from the checkpoint all comes out as before, however often.
func TestTapedSleeper(t *testing.T) {
	g := asleep(t, (*Kernel).KeepTapes)
	k, cp := g.k, g.k.Checkpoint()
	before := k.fingerprint()
	var ends []string
	for range 3 {
		require.Equal(t, Outcome{Kind: Returned}, g.p.Wait())
		ends = append(ends, k.fingerprint())
		require.Equal(t, Returned, g.p.Syscall(abi.NrGetpid).Kind)
		require.NoError(t, k.Restore(cp))
		require.Equal(t, before, k.fingerprint())
	}
	require.Equal(t, ends[0], ends[1])
	require.Equal(t, ends[0], ends[2])
}

// napping is a guest whose process is in a modelled function that calls f, twice, and gives up the CPU after each.
func napping(t *testing.T, f func(*Call)) *guest {
	g := newGuest(t, Config{Mem: 20 << 20})
	g.k.KeepTapes()
	fn := g.modelled(func(c *Call) {
		for range 2 {
			f(c)
			c.Task().Set(g.k.lay.Task.State, abi.TaskInterruptible)
			g.k.Schedule()
		}
		c.Return(7)
	})
	g.k.mem.SetU32(g.k.sym.SysCallTable+4*testSyscall, fn)
	require.NoError(t, g.p.Start(testSyscall))
	require.Nil(t, g.k.RunTicks(1))
	return g
}

// wake has the process of napping go on.
func (g *guest) wake() {
	g.k.Wake(g.p.task)
	require.Nil(g.t, g.k.RunTicks(1))
}

// TestTapeNoticesWhatWasNotKept restores a checkpoint whose sleeper went by something that no tape has: what it asks the
// second time differs from the first. The attempt fails, and the present is as it was.
func TestTapeNoticesWhatWasNotKept(t *testing.T) {
	for name, f := range map[string]func(c *Call, n int){
		"reads elsewhere":       func(c *Call, n int) { c.Kernel.mem.U32(c.SP() + uint32(4*n)) },
		"writes something else": func(c *Call, n int) { c.Kernel.mem.SetU32(c.Alloca(4), uint32(n)) },
		"waits elsewhere": func(c *Call, n int) {
			if n > 1 {
				c.Kernel.Schedule()
			}
		},
		"ends the run": func(c *Call, n int) {
			if n > 1 {
				c.Kernel.stop(Outcome{Kind: Requested})
			}
		},
		"is wrong": func(_ *Call, n int) {
			if n > 1 {
				panicf("a mistake")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			calls, first := 0, true
			g := napping(t, func(c *Call) {
				if first = !first; first {
					return
				}
				calls++
				f(c, calls)
			})
			k, cp := g.k, g.k.Checkpoint()
			g.wake()
			before := k.fingerprint()
			require.True(t, k.Restorable(cp))
			first = true
			require.ErrorContains(t, k.Restore(cp), "cannot be put back")
			require.Equal(t, before, k.fingerprint())
			g.wake()
			require.Equal(t, Outcome{Kind: Returned, Value: 7}, g.p.Wait())
		})
	}
}

// TestTapeKeepsWhatIsAskedThrough is a sleeper that goes by a value that changes meanwhile, in the right way.
func TestTapeKeepsWhatIsAskedThrough(t *testing.T) {
	secret, sum := uint32(5), []uint32(nil)
	g := napping(t, func(c *Call) {
		v := kept(c.Kernel, func() uint32 { return secret })
		c.Kernel.mem.SetU32(c.Alloca(4), v)
		sum = append(sum, v)
	})
	cp := g.k.Checkpoint()
	secret = 6
	g.wake()
	require.NoError(t, g.k.Restore(cp))
	g.wake()
	require.Equal(t, []uint32{5, 6, 5, 6}, sum)
}

// TestUnwindingDoesNothing goes back to before a function that has something to do when it ends, while it waits.
func TestUnwindingDoesNothing(t *testing.T) {
	g := newGuest(t, Config{Mem: 20 << 20})
	k, at := g.k, g.put(make([]byte, 4)...)
	fn := g.modelled(func(c *Call) {
		defer k.mem.SetU32(at, 1)
		c.Task().Set(k.lay.Task.State, abi.TaskInterruptible)
		k.Schedule()
	})
	k.mem.SetU32(k.sym.SysCallTable+4*testSyscall, fn)
	cp, before := k.Checkpoint(), k.fingerprint()
	require.NoError(t, g.p.Start(testSyscall))
	require.Nil(t, k.RunTicks(1))
	require.NoError(t, k.Restore(cp))
	require.Zero(t, k.mem.U32(at))
	require.Equal(t, before, k.fingerprint())
}
