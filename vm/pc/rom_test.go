// SPDX-License-Identifier: BSD-3-Clause

package pc_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/pc/internal/assemble"
	"ring0/vm/pc/internal/romtext"
)

var update = flag.Bool("update", false, "write testdata/ports.txt")

// portsROM is the ROM of testdata/ports.S.
func portsROM(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/ports.txt")
	require.NoError(t, err)
	rom, err := romtext.Parse(string(text), 64<<10)
	require.NoError(t, err)
	return rom
}

// TestROMsAreFresh assembles the sources again.
func TestROMsAreFresh(t *testing.T) {
	if !assemble.Available() {
		t.Skip("no as and ld for i386")
	}
	for _, name := range []string{"testdata/ports", "bios/bios"} {
		text, err := assemble.Text(name + ".S")
		require.NoError(t, err)
		if *update && name != "bios/bios" {
			require.NoError(t, os.WriteFile(name+".txt", []byte(text), 0o644))
		}
		committed, err := os.ReadFile(name + ".txt")
		require.NoError(t, err)
		require.Equal(t, string(committed), text, "%s.S has changed", name)
	}
}
