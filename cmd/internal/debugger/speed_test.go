// SPDX-License-Identifier: BSD-3-Clause

package debugger

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/session"
	"ring0/guestkernel"
)

// longRuns are runs of more than 100 million instructions, by what their tasks do.
func longRuns() map[string]session.Config {
	module := func(file string, params ...string) session.Config {
		return session.Config{Modules: []session.Module{{File: modules + file, Parameters: params}}}
	}
	return map[string]session.Config{
		"one task computes":    module("spin.o"),
		"kernel threads sleep": module("sleepers.o", "spin=1"),
		"processes wait":       {Program: &session.Program{File: programs + "waits", Args: []string{"for", "ever"}}},
	}
}

// stepsBack measures moves back, alternately of 77,777 instructions and of one, near the end of a run of 100 million.
func stepsBack(t testing.TB, cfg session.Config) (took []time.Duration, forward time.Duration) {
	cfg.Kernel = guestkernel.Config{Mem: 20 << 20, MaxInsns: 150_000_000}
	d, err := Start(Config{Session: cfg})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	began := time.Now()
	_, err = d.GoTo(Position{Count: farAway})
	require.NoError(t, err)
	forward = time.Since(began)
	for i := range uint64(20) {
		began := time.Now()
		from, err := d.GoTo(Position{Count: farAway - i*77_777})
		went := time.Now()
		require.NoError(t, err)
		s, err := d.StepInsn(Backward, 1)
		took = append(took, time.Since(went))
		if i > 0 {
			took = append(took, went.Sub(began))
		}
		require.NoError(t, err)
		require.True(t, s.Position.Before(from.Position))
	}
	slices.Sort(took)
	return took, forward
}

// TestStepBackIsQuick has a generous bound, in terms of the run: the machine may be busy. Under the race detector, whose
// times say nothing, it shows only that each step ends where it should.
func TestStepBackIsQuick(t *testing.T) {
	for name, cfg := range longRuns() {
		t.Run(name, func(t *testing.T) {
			took, forward := stepsBack(t, cfg)
			t.Logf("median %v, longest %v; the run took %v", took[len(took)/2], took[len(took)-1], forward)
			if underRace {
				return
			}
			require.Less(t, took[len(took)/2], max(50*time.Millisecond, forward/4))
		})
	}
}

func BenchmarkStepBack(b *testing.B) {
	for name, cfg := range longRuns() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				took, _ := stepsBack(b, cfg)
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "ms/median")
			}
		})
	}
}
