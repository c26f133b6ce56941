// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// pmCallback is int callback(struct pm_dev *dev, pm_request_t rqst, void *data): it counts its calls and returns refuse.
func (g *guest) pmCallback(refuse uint32) (fn, calls uint32) {
	calls = g.put(le(0)...)
	return g.put(code(0xff, 0x05, calls, movEax(refuse), 0xc3)...), calls
}

func TestPowerManagement(t *testing.T) {
	g := newGuest(t, Config{})
	lay := &g.k.lay.PMDev
	willing, asked := g.pmCallback(0)
	refusing, refused := g.pmCallback(7)
	first := uint32(g.callKernel(t, "pm_register", 1, 2, willing))
	require.EqualValues(t, 1, g.k.mem.Get(first, lay.Type))
	require.EqualValues(t, 2, g.k.mem.Get(first, lay.ID))
	require.EqualValues(t, 0, g.callKernel(t, "pm_send", first, pmSuspend, 3))
	require.EqualValues(t, 3, g.k.mem.Get(first, lay.State))
	require.EqualValues(t, 0, g.callKernel(t, "pm_send", first, pmSuspend, 3), "it has that state")
	require.EqualValues(t, 1, g.k.mem.U32(asked))
	require.EqualValues(t, 0, g.callKernel(t, "pm_send", first, pmResume, 0))

	g.callKernel(t, "pm_unregister_all", 0)
	second := uint32(g.callKernel(t, "pm_register", 0, 0, willing))
	g.callKernel(t, "pm_unregister", first)
	third := uint32(g.callKernel(t, "pm_register", 0, 0, refusing))
	fourth := uint32(g.callKernel(t, "pm_register", 0, 0, willing))
	require.EqualValues(t, 7, g.callKernel(t, "pm_send_all", pmSuspend, 3))
	require.EqualValues(t, 1, g.k.mem.U32(refused))
	require.EqualValues(t, 0, g.k.mem.Get(fourth, lay.State), "it was asked first and is woken again")
	require.EqualValues(t, 4, g.k.mem.U32(asked))
	require.EqualValues(t, 0, g.k.mem.Get(second, lay.State), "it was never asked")

	g.callKernel(t, "pm_unregister_all", willing)
	var left []uint32
	for dev := range g.k.pmDevices() {
		left = append(left, dev)
	}
	require.Equal(t, []uint32{third}, left)
}
