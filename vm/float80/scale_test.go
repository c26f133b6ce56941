// SPDX-License-Identifier: BSD-3-Clause
// FSCALE far beyond the exponent range, with the exception not masked: even
// the adjusted exponent is out of range (SDM vol. 1, 8.5.4 and 8.5.5).

package float80_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	. "ring0/vm/float80"
)

func TestMassiveScale(t *testing.T) {
	const unmasked = 0x37f &^ uint16(OE|UE)
	far := FromInt(60000)
	for rounding := uint16(0); rounding < 4; rounding++ {
		ctl := Control(unmasked | rounding<<10)
		for _, sign := range []uint16{0, 0x8000} {
			x := F80{Man: 0x8000000000000001, SE: 0x3fff | sign}
			r, st := Scale(x, far, ctl)
			require.Equal(t, F80{Man: 1 << 63, SE: 0x7fff | sign}, r, "overflow, rounding %d", rounding)
			require.Equal(t, OE|PE|C1, st)
			r, st = Scale(x, far.ChangeSign(), ctl)
			require.Equal(t, F80{SE: sign}, r, "underflow, rounding %d", rounding)
			require.Equal(t, UE|PE, st)
		}
	}
}
