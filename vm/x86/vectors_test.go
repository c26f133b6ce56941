// SPDX-License-Identifier: BSD-3-Clause

// The decoder against the conformance vectors: what a real CPU took for one
// instruction is one instruction here, of the same length, and #UD where the
// CPU raised it.

package x86

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

func TestVectors(t *testing.T) {
	for _, group := range vectorstest.Groups() {
		t.Run(group, func(t *testing.T) {
			vectorstest.Run(t, group, checkVectors)
		})
	}
}

func checkVectors(t *testing.T, f *vectors.File) {
	bad := map[string]int{}
	for r, err := range f.Records() {
		require.NoError(t, err)
		if problem := vectorProblem(r); problem != "" {
			if bad[r.Name] == 0 {
				t.Errorf("%s #%d, %x: %s", r.Name, r.Index, r.Code, problem)
			}
			bad[r.Name]++
		}
	}
	for name, n := range bad {
		t.Logf("%s: %d in all", name, n)
	}
}

const (
	exceptionUD = 6
	exceptionGP = 13
	exceptionPF = 14
)

// vectorProblem says what is wrong with the decoding of a vector's code.
func vectorProblem(r *vectors.Record) string {
	mode := Code32
	if r.Flags&vectors.Code16 != 0 {
		mode = 0
	}
	var in Inst
	switch err := Decode(r.Code, r.In.EIP, mode, &in); {
	case err == TooLong && r.Exception == exceptionGP:
		return ""
	case err == NeedMore && r.Exception == exceptionPF:
		return "" // the rest of the instruction is on an absent page
	case err != OK:
		return err.String() + ": " + in.String()
	case int(in.Len) != len(r.Code):
		return "wrong length: " + in.String()
	case (in.Op == Invalid || in.Op == UD2) != (r.Exception == exceptionUD):
		return "#UD or not: " + in.String()
	}
	return ""
}
