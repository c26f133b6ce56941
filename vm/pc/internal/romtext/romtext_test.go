// SPDX-License-Identifier: BSD-3-Clause

package romtext

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	got, err := Parse("# all\n0002: 01 02  # two\n\n0006: ff\n", 8)
	require.NoError(t, err)
	require.Equal(t, []byte{0, 0, 1, 2, 0, 0, 0xff, 0}, got)
	for text, want := range map[string]string{
		"0002 01":       "line 1: want",
		"\nxyz: 01":     "line 2: want",
		"0000: 1":       "odd length",
		"0007: 01 02":   "outside an image of 8 bytes",
		"fffffffff: 01": "want",
	} {
		_, err := Parse(text, 8)
		require.ErrorContains(t, err, want, text)
	}
}
