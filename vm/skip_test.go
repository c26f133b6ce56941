// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSkipTo(t *testing.T) {
	m, err := New(Config{RAM: 1 << 20})
	require.NoError(t, err)
	var fired []uint64
	at := func(when uint64, fn func()) {
		m.Schedule(when, func() {
			fired = append(fired, m.Now())
			fn()
		})
	}
	at(100, func() {})
	at(200, func() { m.SetINTR(true) })
	at(300, func() {})
	require.True(t, m.SkipTo(50))
	require.EqualValues(t, 50, m.Now())
	require.True(t, m.SkipTo(250), "interrupts are off")
	require.EqualValues(t, 250, m.Now())
	require.True(t, m.SkipTo(10), "time does not go back")
	require.EqualValues(t, 250, m.Now())
	m.SetEflags(FlagIF)
	require.False(t, m.SkipTo(400), "INTR is asserted")
	require.EqualValues(t, 250, m.Now())
	m.SetINTR(false)
	require.True(t, m.SkipTo(400))
	require.Equal(t, []uint64{100, 200, 300}, fired)
}
