// SPDX-License-Identifier: BSD-3-Clause
// Every vector, by group.

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

func TestFormChoosesForms(t *testing.T) {
	f, err := vectors.Open(vectorstest.SamplePath("int"))
	require.NoError(t, err)
	rep, err := conformance.RunFile(f, conformance.Options{Form: "shld"})
	require.NoError(t, err)
	for _, form := range rep.Forms {
		require.Equal(t, strings.Contains(form.Name, "shld"), form.Total > 0, form.Name)
	}
	var text strings.Builder
	require.NoError(t, rep.WriteText(&text, true))
	require.Contains(t, text.String(), "shld rm,r,cl.16")
	require.NotContains(t, text.String(), "shrd")
}

func TestRunRefusesWhatIsNoVectorFile(t *testing.T) {
	_, err := conformance.Run(strings.NewReader("no vectors"), conformance.Options{})
	require.ErrorContains(t, err, "not a vector file")
}
