// SPDX-License-Identifier: BSD-3-Clause
// Every vector of a file through arithmetic that has no CPU, and the differences by instruction form.

package vectorstest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"ring0/vm/vectors"
)

// maxReported differences are printed for each form.
const maxReported = 6

// Replay calls replay for each vector of a file. It says what differs, or "", and done is false if the vector is none of its
// business. A form with differences fails the test, and so does a file of which no vector was done.
func Replay(t *testing.T, f *vectors.File, replay func(rec *vectors.Record) (diff string, done bool)) {
	t.Helper()
	run, failed := map[string]int{}, map[string][]string{}
	total := 0
	for rec, err := range f.Records() {
		if err != nil {
			t.Fatal(err)
		}
		diff, done := replay(rec)
		if done {
			run[rec.Name]++
			total++
		}
		if diff != "" {
			failed[rec.Name] = append(failed[rec.Name], fmt.Sprintf("#%d fcw %04x mxcsr %04x: %s", rec.Index, rec.In.FCW, rec.In.MXCSR, diff))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		diffs := failed[name]
		t.Errorf("%s: %d of %d differ", name, len(diffs), run[name])
		for _, d := range diffs[:min(len(diffs), maxReported)] {
			t.Log("   ", d)
		}
	}
	t.Logf("%d vectors of %d forms", total, len(run))
	if total == 0 {
		t.Error("no vector was executed")
	}
}
