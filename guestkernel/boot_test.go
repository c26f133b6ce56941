// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// boot makes a kernel with default configuration and closes it with the test.
func boot(t testing.TB, cfg Config) *Kernel {
	t.Helper()
	k, err := Boot(cfg)
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

// newProcess makes a process of k.
func newProcess(t testing.TB, k *Kernel, cfg ProcessConfig) *Process {
	t.Helper()
	p, err := k.NewProcess(cfg)
	require.NoError(t, err)
	return p
}

func TestSystemCallReachesTheKernelAndReturns(t *testing.T) {
	k := boot(t, Config{})
	p := newProcess(t, k, ProcessConfig{})
	require.Equal(t, Outcome{Kind: Returned, Value: 10}, p.Syscall(abi.NrGetpid))
	require.Equal(t, Outcome{Kind: Returned, Value: -int32(abi.ENOSYS)}, p.Syscall(256))
	require.Equal(t, Outcome{Kind: Returned, Value: 10}, p.Syscall(abi.NrGetpid))
}

func BenchmarkBoot(b *testing.B) {
	for b.Loop() {
		k, err := Boot(Config{})
		require.NoError(b, err)
		k.Close()
	}
}

func BenchmarkSyscall(b *testing.B) {
	k := boot(b, Config{})
	p := newProcess(b, k, ProcessConfig{})
	for b.Loop() {
		p.Syscall(abi.NrGetpid)
	}
}
