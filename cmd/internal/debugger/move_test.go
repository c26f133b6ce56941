// SPDX-License-Identifier: BSD-3-Clause

package debugger

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/session"
	"ring0/guestkernel"
	"ring0/vm"
)

// TestFramesBothWays steps over a call, out of one, and back again, without debug information.
func TestFramesBothWays(t *testing.T) {
	d := start(t, "", "hello.o")
	ok := must(t)
	_, err := d.Break(Location{Kind: AtSymbol, Symbol: "printk"})
	require.NoError(t, err)
	inside := ok(d.Continue(Forward))
	call := ok(d.StepInsn(Backward, 1))
	next, flow := d.w.flowAt(call.EIP)
	require.Equal(t, flowCall, flow)
	require.NoError(t, d.Disable(1))

	behind := ok(d.Next(Forward))
	require.Equal(t, next, behind.EIP)
	require.Equal(t, call.Position, ok(d.Next(Backward)).Position)
	require.Equal(t, inside.Position, ok(d.StepInsn(Forward, 1)).Position)
	require.Equal(t, behind.Position, ok(d.Finish(Forward)).Position)
	ok(d.GoTo(inside.Position))
	require.Equal(t, call.Position, ok(d.Finish(Backward)).Position)
	require.Equal(t, behind.Position, ok(d.Until(Forward, next)).Position)
	require.Equal(t, call.Position, ok(d.Until(Backward, call.EIP)).Position)

	// Out of init, and back to where it was called: the kernel's sys_init_module.
	out := ok(d.Finish(Forward))
	in := ok(d.Finish(Backward))
	require.True(t, in.Position.Before(out.Position))
	require.Equal(t, ReasonStart, ok(d.Until(Backward, 0x1234)).Reason)
}

// TestNextOverInterrupts steps through a busy loop while the timer interrupts it.
func TestNextOverInterrupts(t *testing.T) {
	d := start(t, "", "spin.o")
	ok := must(t)
	rounds(t, d)
	tick := Location{Kind: AtSymbol, Symbol: "do_IRQ"}
	_, err := d.Break(tick)
	require.NoError(t, err)
	irq := ok(d.Continue(Forward))
	ok(d.StepInsn(Backward, 30))
	require.NoError(t, d.Disable(2))
	inLoop := func(eip uint32) bool { return d.w.images[0].Image.Base <= eip && eip < d.w.images[0].Image.Base+0x1000 }
	for !inLoop(d.LastStop().EIP) {
		ok(d.StepInsn(Backward, 1))
	}
	var places []Position
	for range 30 {
		places = append(places, d.Position())
		require.True(t, inLoop(ok(d.Next(Forward)).EIP))
	}
	require.True(t, irq.Position.Before(d.Position()), "the interrupt was executed on the way")
	for i := 29; i >= 0; i-- {
		require.Equal(t, places[i], ok(d.Next(Backward)).Position, i)
	}
}

// TestBackFromTheEnd goes back from each way a run can come to an end.
func TestBackFromTheEnd(t *testing.T) {
	for _, c := range []struct {
		file string
		want []Reason
	}{
		{"oops.o", []Reason{ReasonOops, ReasonEnded}},
		{"stackovf.o", []Reason{ReasonTripleFault, ReasonEnded}},
		{"spin.o", []Reason{ReasonStandstill, ReasonEnded}},
		{"hello.o", []Reason{ReasonEnded}},
	} {
		t.Run(c.file, func(t *testing.T) {
			d := start(t, "", c.file)
			d.cfg.Session.Kernel.MaxInsns, d.cfg.Session.Kernel.Mem = 8_000_000, 0
			require.NoError(t, d.boot())
			ok := must(t)
			init, err := d.Break(Location{Kind: AtModuleInit})
			require.NoError(t, err)
			at := ok(d.Continue(Forward))
			require.Equal(t, init, at.Breakpoint)
			for _, want := range c.want {
				s := ok(d.Continue(Forward))
				require.Equal(t, want, s.Reason, "%+v", s)
				before := ok(d.StepInsn(Backward, 1))
				require.True(t, before.Position.Before(s.Position))
				require.Equal(t, ReasonBreakpoint, ok(d.Continue(Backward)).Reason)
				require.Equal(t, at.Position, d.Position())
				require.Equal(t, s.Position, ok(d.GoTo(s.Position)).Position)
			}
		})
	}
}

// TestPanicStops stops before a panic: an oops of init.
func TestPanicStops(t *testing.T) {
	d := start(t, "", "oops.o")
	d.SetCatch(Catch{NoOops: true})
	ok := must(t)
	_, err := d.Break(Location{Kind: AtException, Number: vm.VecPF})
	require.NoError(t, err)
	s := ok(d.Continue(Forward))
	for s.Exception == nil || s.Exception.EIP < d.w.images[0].Image.Base {
		s = ok(d.Continue(Forward))
	}
	require.Equal(t, uint8(vm.VecPF), s.Exception.Vector)
	require.Equal(t, s.EIP, s.Exception.EIP)
	require.Equal(t, s.Exception.CR2, d.View().Registers().CR2)
	require.Equal(t, ReasonEnded, ok(d.Continue(Forward)).Reason)
	require.Contains(t, d.View().Kernel().LogText(), "Oops")

	d = start(t, "", "oops.o")
	_, err = d.Break(Location{Kind: AtModuleInit})
	require.NoError(t, err)
	ok(d.Continue(Forward))
	counter := d.symbol("irq_stat")[0] // as in an interrupt: then an oops is fatal
	require.NoError(t, d.WriteMem(counter+4, []byte{1}))
	d.SetCatch(Catch{NoOops: true})
	require.NoError(t, d.Disable(1))
	s = ok(d.Continue(Forward))
	require.Equal(t, ReasonPanic, s.Reason, "%+v", s)
	require.Contains(t, s.Text, "killing interrupt handler")
	require.True(t, ok(d.StepInsn(Backward, 3)).Position.Before(s.Position))
	require.Equal(t, s.Position, ok(d.Continue(Forward)).Position)
	require.Equal(t, ReasonEnded, ok(d.Continue(Forward)).Reason)
}

func TestInterruptEndsALongRun(t *testing.T) {
	var reports atomic.Int32
	cfg := Config{Session: session.Config{Kernel: guestkernel.Config{Mem: 20 << 20},
		Modules: []session.Module{{File: modules + "spin.o"}}},
		Progress: func(Progress) { reports.Add(1) }}
	d, err := Start(cfg)
	require.NoError(t, err)
	defer d.Close()
	ok := must(t)
	time.AfterFunc(50*time.Millisecond, d.Interrupt)
	s := ok(d.Continue(Forward))
	require.Equal(t, ReasonInterrupted, s.Reason)
	require.NotZero(t, reports.Load())
	require.True(t, ok(d.StepInsn(Backward, 1)).Position.Before(s.Position))
	require.Equal(t, s.Position, ok(d.StepInsn(Forward, 1)).Position)

	ok(d.GoTo(Position{Count: 30_000_000}))
	_, err = d.AddBreakpoint(Breakpoint{Location: Location{Kind: AtSymbol, Symbol: "printk"}, When: func(View) (bool, error) {
		return false, nil
	}})
	require.NoError(t, err)
	reports.Store(0)
	d.cfg.Progress = func(Progress) {
		if reports.Add(1) == 4 {
			d.Interrupt()
		}
	}
	s = ok(d.Continue(Backward))
	require.Equal(t, ReasonInterrupted, s.Reason)
	require.Less(t, s.Position.Count, uint64(30_000_000))
	d.cfg.Progress = nil
	require.Equal(t, ReasonStart, ok(d.Continue(Backward)).Reason)
}

func TestConditionsAndCounts(t *testing.T) {
	d := start(t, "rmmod hello", "hello.o")
	ok := must(t)
	id, err := d.AddBreakpoint(Breakpoint{Location: Location{Kind: AtSymbol, Symbol: "printk"}, Ignore: 1})
	require.NoError(t, err)
	ok(d.Continue(Forward))
	require.Equal(t, uint64(2), d.Breakpoints()[0].Hits)
	require.Zero(t, d.Breakpoints()[0].Ignore)
	b := d.Breakpoints()[0]
	b.When = func(v View) (bool, error) { return len(v.Kernel().Log()) >= 3, nil }
	require.NoError(t, d.UpdateBreakpoint(b))
	ok(d.Continue(Forward))
	require.Len(t, d.View().Kernel().Log(), 3)
	require.NoError(t, d.Delete(id))
	require.Error(t, d.Delete(id))

	sys, err := d.Break(Location{Kind: AtSyscall, Number: 128})
	require.NoError(t, err)
	s := ok(d.Continue(Backward))
	require.Equal(t, sys, s.Breakpoint)
	require.Equal(t, uint32(128), d.View().Registers().EAX)
	count, err := d.Break(Location{Kind: AtCount, Count: s.Position.Count + 7})
	require.NoError(t, err)
	require.Equal(t, count, ok(d.Continue(Forward)).Breakpoint)
	require.Equal(t, s.Position.Count+7, d.Position().Count)
	load, err := d.Break(Location{Kind: AtModuleLoad})
	require.NoError(t, err)
	s = ok(d.Continue(Forward))
	require.Equal(t, load, s.Breakpoint)
	require.Equal(t, "hello", s.Module.Name)
}

// TestEditsBelongToHistory changes a text before it is printed.
func TestEditsBelongToHistory(t *testing.T) {
	d := start(t, "", "hello.o")
	ok := must(t)
	_, err := d.Break(Location{Kind: AtSymbol, Symbol: "printk"})
	require.NoError(t, err)
	s := ok(d.Continue(Forward))
	text := d.View().word(d.View().Registers().ESP + 4)
	mark := d.SetBookmark("")
	end := func() string {
		for ok(d.Continue(Forward)).Reason != ReasonEnded {
		}
		return d.View().Kernel().LogText()
	}
	before := end()
	ok(d.GoTo(d.Bookmarks()[0].Position))
	require.Equal(t, "mark1", mark)
	require.Greater(t, len(d.Events()), 3)
	require.NoError(t, d.WriteMem(text+3, []byte("HELLO")))
	require.Equal(t, s.Position, d.Explored(), "what came after is forgotten")
	after := end()
	require.NotEqual(t, before, after)
	require.Contains(t, after, "HELLO")

	ok(d.GoTo(s.Position))
	ok(d.StepInsn(Backward, 3))
	require.NotContains(t, string(read(d, text, 20)), "HELLO")
	ok(d.StepInsn(Forward, 3))
	require.Equal(t, after, end())
	require.Len(t, d.Edits(), 1)
	require.Error(t, d.SetReg(EAX, 1), "the run is over")
	ok(d.GoTo(Position{Count: 20}))
	require.NoError(t, d.SetReg(EAX, d.View().Registers().EAX))
	require.Len(t, d.Edits(), 1, "the later one is gone")
	require.Equal(t, before, end())
}

func read(d *Debugger, addr uint32, n int) []byte {
	b := make([]byte, n)
	return b[:d.View().ReadMem(addr, b)]
}

// TestTimelineIsDeterministic compares two debuggers, one of which has been everywhere.
func TestTimelineIsDeterministic(t *testing.T) {
	story := func() *Debugger { return start(t, "sleep 0.01; rmmod timer", "timer.o") }
	a, b := story(), story()
	ok := must(t)
	end := ok(a.Continue(Forward))
	for range 3 {
		ok(b.GoTo(Position{Count: end.Position.Count / 2}))
		ok(b.StepInsn(Backward, 100))
		ok(b.GoTo(end.Position))
		ok(b.Continue(Backward))
	}
	require.Equal(t, end.Position, ok(b.Continue(Forward)).Position)
	require.Equal(t, a.Events(), b.Events())
	require.Equal(t, a.Calls(), b.Calls())
	require.NotEmpty(t, a.Calls())
}
