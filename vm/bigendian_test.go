// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"encoding/binary"
	"go/build"
	"testing"

	"github.com/stretchr/testify/require"
)

// The hosts on which vm does not compile are those on which it would be wrong.
func TestBigEndianHosts(t *testing.T) {
	for arch, compiles := range map[string]bool{
		"386": true, "amd64": true, "arm": true, "arm64": true, "loong64": true, "mipsle": true, "mips64le": true, "ppc64le": true,
		"riscv64": true, "wasm": true, "mips": false, "mips64": false, "ppc64": false, "s390x": false,
	} {
		ctx := build.Default
		ctx.GOARCH = arch
		stops, err := ctx.MatchFile(".", "bigendian.go")
		require.NoError(t, err)
		require.Equal(t, compiles, !stops, arch)
	}
	c := CPU{gpr: [16]uint32{0x12345678}}
	require.Equal(t, uint8(0x78), *c.at8(0))
	require.Equal(t, uint8(0x56), *c.at8(1))
	require.Equal(t, uint16(0x5678), *c.at16(0))
	require.Equal(t, uint16(1), binary.NativeEndian.Uint16([]byte{1, 0}))
}
