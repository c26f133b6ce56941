// SPDX-License-Identifier: BSD-3-Clause

// Big-endian hosts, for which package vm is not written: registers are reached
// by byte offsets, and memory as the host's integers (see docs/rationale.md).
// There it does not compile, and the name below is what the compiler says.

//go:build armbe || arm64be || mips || mips64 || mips64p32 || ppc || ppc64 || s390 || s390x || sparc || sparc64

package vm

var _ = ring0NeedsALittleEndianHost
