// SPDX-License-Identifier: BSD-3-Clause

package debugger

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const farAway = 100_000_000 // instructions

// stepsBack measures reverse steps at 20 places near the end of a run of 100 million instructions.
func stepsBack(t testing.TB) []time.Duration {
	d := start(t, "", "spin.o")
	_, err := d.GoTo(Position{Count: farAway})
	require.NoError(t, err)
	var took []time.Duration
	for i := range uint64(20) {
		from, err := d.GoTo(Position{Count: farAway - i*77_777})
		require.NoError(t, err)
		began := time.Now()
		s, err := d.StepInsn(Backward, 1)
		took = append(took, time.Since(began))
		require.NoError(t, err)
		require.Equal(t, from.Position.Count-1, s.Position.Count)
	}
	slices.Sort(took)
	return took
}

// TestStepBackIsQuick has a generous bound: the machine may be busy.
func TestStepBackIsQuick(t *testing.T) {
	took := stepsBack(t)
	t.Logf("median %v, longest %v", took[len(took)/2], took[len(took)-1])
	require.Less(t, took[len(took)/2], 500*time.Millisecond)
}

func BenchmarkStepBack(b *testing.B) {
	for b.Loop() {
		took := stepsBack(b)
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "ms/median")
	}
}
