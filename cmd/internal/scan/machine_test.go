// SPDX-License-Identifier: BSD-3-Clause

package scan

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

// Processes and modules get the numbers and places that the recorded logs show, and time passes between commands.
func TestMachineIsLikeTheRecordedOne(t *testing.T) {
	m, err := newMachine(guestkernel.Config{}, 0)
	require.NoError(t, err)
	defer m.close()
	p, err := m.kernel.NewProcess(guestkernel.ProcessConfig{Comm: "insmod"})
	require.NoError(t, err)
	require.EqualValues(t, 13, p.Syscall(abi.NrGetpid).Value)
	require.EqualValues(t, uint32(0xc8831000), m.kernel.Vmalloc(abi.PageSize))
	before := m.kernel.Machine().Now()
	require.NoError(t, m.leave(p, nil))
	tick := uint64(100) * 1_000_000 / 512 // instructions
	require.GreaterOrEqual(t, m.kernel.Machine().Now()-before, tick)
}
