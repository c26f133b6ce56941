// SPDX-License-Identifier: BSD-3-Clause

package debugger

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/session"
	"ring0/guestkernel"
)

const (
	modules  = "../../../testdata/modules/"
	programs = "../../../testdata/user/"
)

// start debugs modules on a small machine.
func start(t testing.TB, then string, files ...string) *Debugger {
	cfg := Config{Session: session.Config{Kernel: guestkernel.Config{Mem: 20 << 20, MaxInsns: 150_000_000}, Then: then}}
	for _, f := range files {
		cfg.Session.Modules = append(cfg.Session.Modules, session.Module{File: modules + f})
	}
	d, err := Start(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// must is the stop of a move that succeeds.
func must(t testing.TB) func(s Stop, err error) Stop {
	return func(s Stop, err error) Stop {
		t.Helper()
		require.NoError(t, err)
		return s
	}
}

func TestRunToTheEndAndBack(t *testing.T) {
	d := start(t, "rmmod hello", "hello.o")
	ok := must(t)
	require.Equal(t, ReasonStart, d.LastStop().Reason)
	end := ok(d.Continue(Forward))
	require.Equal(t, ReasonEnded, end.Reason)
	require.Equal(t, session.Success, end.Result.Verdict)
	log := d.View().Kernel().LogText()
	require.NotEmpty(t, log)

	back := ok(d.StepInsn(Backward, 1))
	require.Equal(t, ReasonStep, back.Reason)
	require.True(t, back.Position.Before(end.Position))
	again := ok(d.Continue(Forward))
	require.Equal(t, end.Position, again.Position)
	require.Equal(t, log, d.View().Kernel().LogText())

	require.Equal(t, ReasonStart, ok(d.Continue(Backward)).Reason)
	require.Equal(t, Position{}, d.Position())
	require.Equal(t, end.Position, ok(d.Continue(Forward)).Position)
}

func TestBreakpointsBothWays(t *testing.T) {
	d := start(t, "rmmod hello", "hello.o")
	ok := must(t)
	init, err := d.Break(Location{Kind: AtModuleInit})
	require.NoError(t, err)
	exit, err := d.Break(Location{Kind: AtModuleExit, Symbol: "hello"})
	require.NoError(t, err)
	printk, err := d.Break(Location{Kind: AtSymbol, Symbol: "printk"})
	require.NoError(t, err)
	var forward []Stop
	for {
		s := ok(d.Continue(Forward))
		forward = append(forward, s)
		if s.Reason == ReasonEnded {
			break
		}
	}
	ids := func() (ids []int) {
		for _, s := range forward[:len(forward)-1] {
			ids = append(ids, s.Breakpoint)
		}
		return ids
	}()
	require.Equal(t, []int{init, printk, printk, printk, exit, printk}, ids)
	require.Equal(t, "hello", forward[0].Module.Name)
	for i := len(forward) - 2; i >= 0; i-- {
		s := ok(d.Continue(Backward))
		require.Equal(t, forward[i].Position, s.Position)
		require.Equal(t, forward[i].EIP, s.EIP)
		require.Equal(t, forward[i].Breakpoint, s.Breakpoint)
	}
	require.Equal(t, ReasonStart, ok(d.Continue(Backward)).Reason)
}

func TestSteppingBothWays(t *testing.T) {
	d := start(t, "", "hello.o")
	ok := must(t)
	_, err := d.Break(Location{Kind: AtModuleInit})
	require.NoError(t, err)
	first := ok(d.Continue(Forward))
	places := []Position{first.Position}
	eips := []uint32{first.EIP}
	for range 40 {
		s := ok(d.StepInsn(Forward, 1))
		require.Equal(t, ReasonStep, s.Reason)
		require.True(t, places[len(places)-1].Before(s.Position))
		places, eips = append(places, s.Position), append(eips, s.EIP)
	}
	for i := 39; i >= 0; i-- {
		s := ok(d.StepInsn(Backward, 1))
		require.Equal(t, places[i], s.Position)
		require.Equal(t, eips[i], s.EIP)
	}
	s := ok(d.StepInsn(Forward, 40))
	require.Equal(t, places[40], s.Position)
	s = ok(d.StepInsn(Backward, 39))
	require.Equal(t, places[1], s.Position)
	s = ok(d.GoTo(places[20]))
	require.Equal(t, eips[20], s.EIP)
}
