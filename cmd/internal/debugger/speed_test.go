// SPDX-License-Identifier: BSD-3-Clause

package debugger

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stepsBack measures reverse steps at 20 places near the end of a run of 100 million instructions.
func stepsBack(t testing.TB) (took []time.Duration, forward time.Duration) {
	d := start(t, "", "spin.o")
	began := time.Now()
	_, err := d.GoTo(Position{Count: farAway})
	require.NoError(t, err)
	forward = time.Since(began)
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
	return took, forward
}

// TestStepBackIsQuick has a generous bound, in terms of the run: the machine may be busy. Under the race detector, whose
// times say nothing, it shows only that each step ends where it should.
func TestStepBackIsQuick(t *testing.T) {
	took, forward := stepsBack(t)
	t.Logf("median %v, longest %v; the run took %v", took[len(took)/2], took[len(took)-1], forward)
	if underRace {
		return
	}
	require.Less(t, took[len(took)/2], max(50*time.Millisecond, forward/4))
}

func BenchmarkStepBack(b *testing.B) {
	for b.Loop() {
		took, _ := stepsBack(b)
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "ms/median")
	}
}
