// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// Every row is for a symbol of the kernel, says what is missing where something is, and takes its arguments from where the
// kernel's headers say.
func TestFunctionRows(t *testing.T) {
	k := boot(t, Config{})
	for name, f := range k.functions {
		_, known := k.profile.Symbol(name)
		if !known { // of several functions of the name one has the slot
			_, known = k.slotOf(name)
		}
		require.True(t, known, "%s is no function of the kernel", name)
		require.NotEqual(t, None, f.Level, name)
		require.Equal(t, f.Level == Partial || f.Level == Stub || f.Conv == Special, f.Note != "", "%s: level %v, note %q", name, f.Level, f.Note)
		if _, exported := k.profile.Export(name); exported && f.Conv != Special {
			require.Equal(t, abi.Regparm3(name), f.Conv == Regparm3, "%s: calling convention %v", name, f.Conv)
		}
		if f.Proto != "" {
			p, err := abi.ParsePrototype(f.Proto)
			require.NoError(t, err, name)
			require.Equal(t, name, p.Name)
		}
	}
}
