// SPDX-License-Identifier: BSD-3-Clause

package abi

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRegparm3(t *testing.T) {
	p, err := ProfileByName("2.4.18-14")
	require.NoError(t, err)
	require.True(t, slices.IsSorted(fastcalls()))
	for _, name := range fastcalls() {
		e, ok := p.Export(name)
		require.True(t, ok, name)
		require.Equal(t, ExportFunction, e.Kind, name)
		require.True(t, Regparm3(name))
	}
	require.False(t, Regparm3("printk"))
	require.False(t, Regparm3(""))
}
