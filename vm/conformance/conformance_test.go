// SPDX-License-Identifier: BSD-3-Clause
// Every vector, by group; and the harness's own eyes.

package conformance_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/conformance"
	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

func TestVectors(t *testing.T) {
	for _, group := range vectorstest.Groups() {
		t.Run(group, func(t *testing.T) {
			vectorstest.Run(t, group, func(t *testing.T, f *vectors.File) {
				rep, err := conformance.RunFile(f, conformance.Options{})
				require.NoError(t, err)
				require.NotZero(t, rep.Total)
				if rep.Failed != 0 {
					var text strings.Builder
					require.NoError(t, rep.WriteText(&text, false))
					t.Error(text.String())
				}
			})
		})
	}
}
