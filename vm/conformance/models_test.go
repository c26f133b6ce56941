// SPDX-License-Identifier: BSD-3-Clause
// The vectors on older CPU models: what differs is what these models lack.

package conformance_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/conformance"
	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

func TestOlderModels(t *testing.T) {
	for _, row := range []struct {
		model  string
		groups []string
		differ []string // forms that may
	}{
		{"pentium3", []string{"int", "m16", "seg", "fault", "x87", "mmx", "sse"}, []string{
			"paddq mm,mm/m64", "psubq mm,mm/m64", "pmuludq mm,mm/m64", // SSE2's
			"ldmxcsr", "fxrstor", // MXCSR.DAZ is reserved
			"fetch crosses into absent page", // some are SSE2 instructions
		}},
		{"ppro", []string{"int", "m16", "seg"}, []string{"seglim movups load", "seglim movups store"}},
	} {
		for _, group := range row.groups {
			t.Run(row.model+" "+group, func(t *testing.T) {
				f, err := vectors.Open(vectorstest.SamplePath(group))
				require.NoError(t, err)
				rep, err := conformance.RunFile(f, conformance.Options{CPU: row.model})
				require.NoError(t, err)
				for i := range rep.Forms {
					if form := &rep.Forms[i]; form.Failed != 0 {
						require.Contains(t, row.differ, form.Name, "%v", form.First)
					}
				}
			})
		}
	}
	f, err := vectors.Open(vectorstest.SamplePath("sse2"))
	require.NoError(t, err)
	rep, err := conformance.RunFile(f, conformance.Options{CPU: "pentium3"})
	require.NoError(t, err)
	for i := range rep.Forms {
		form := &rep.Forms[i]
		require.NotZero(t, form.Failed, "%s passes on a processor without SSE2", form.Name)
	}
}
