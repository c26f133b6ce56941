// SPDX-License-Identifier: BSD-3-Clause

package entry_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
	"ring0/guestkernel/entry"
	"ring0/guestkernel/entry/internal/assemble"
)

// The committed text is what entry.S assembles to.
func TestCommittedImageIsCurrent(t *testing.T) {
	if err := exec.Command("gcc", "-m32", "-c", "-x", "assembler", "-o", os.DevNull, os.DevNull).Run(); err != nil {
		t.Skip("no gcc -m32 here")
	}
	profile, err := abi.ProfileByName("2.4.18-14")
	require.NoError(t, err)
	want, err := assemble.Entry("entry.S", profile)
	require.NoError(t, err)
	got, err := os.ReadFile("entry-2.4.18-14.txt")
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run go run ./guestkernel/entry/internal/build")
}

// Addresses that the real kernel's oopses show: return addresses and instructions that faulted.
func TestAddressesOfTheRealKernel(t *testing.T) {
	image, err := entry.ForProfile("2.4.18-14")
	require.NoError(t, err)
	for name, addr := range map[string]uint32{
		"system_call_return": 0xc010910f, "ret_from_sys_call": 0xc0109114, "error_code_return": 0xc0109200,
		"restore_all": 0xc0109125, "call_do_IRQ": 0xc010cef3, "bad_get_user": 0xc023cb6c, "tracesys_exit": 0xc010917f,
	} {
		require.Equal(t, addr, image.Symbols[name], name)
	}
	insns := map[uint32]bool{}
	last := uint32(0)
	for _, e := range image.Exceptions {
		require.Greater(t, e.Insn, last, "sorted")
		insns[e.Insn], last = true, e.Insn
	}
	for _, insn := range []uint32{0xc023c98b, 0xc023ca41, 0xc023cb66} {
		require.True(t, insns[insn], "%08x has an entry", insn)
	}
}

func TestParseRefusesNonsense(t *testing.T) {
	for _, text := range []string{"part zz 90", "part c0100000 9", "exception c0100000 x", "thing c0100000 1"} {
		_, err := entry.Parse(text)
		require.ErrorContains(t, err, text)
	}
	_, err := entry.ForProfile("2.4.37")
	require.ErrorContains(t, err, "2.4.37")
}
