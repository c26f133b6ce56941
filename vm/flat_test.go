// SPDX-License-Identifier: BSD-3-Clause

// A machine in flat 32-bit protected mode with paging, for tests that are
// about instructions and not about how the machine got there.

package vm

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

const (
	flatCode  = 0x00100000 // where tests put code
	flatData  = 0x00200000
	flatStack = 0x00300000 // top
	flatPgdir = 0x00001000
)

// newFlat returns a machine of 16 MB at CPL 0 with 4 MB pages that map linear
// addresses to themselves.
func newFlat(t testing.TB) *Machine {
	m, err := New(Config{RAM: 16 << 20})
	require.NoError(t, err)
	for i := uint32(0); i < 1024; i++ {
		m.WritePhys32(flatPgdir+i*4, i<<22|ptePS|pteP|pteW|pteU|pteA|pteD)
	}
	c := &m.cpu
	data := segment{sel: 0x18, limit: 0xffffffff, attr: attrP | attrS | attrWritable | attrAccessed | attrDB | attrG}
	for i := range c.seg {
		c.seg[i] = data
	}
	c.seg[x86.CS] = segment{sel: 0x10, limit: 0xffffffff, attr: attrP | attrS | attrCode | attrReadable | attrAccessed | attrDB | attrG}
	c.cpl = 0
	c.gpr[x86.ESP] = flatStack
	c.setEflags(flagsFixed)
	c.cr3 = flatPgdir
	c.cr4 = CR4PSE
	c.cr0 = CR0PE | CR0PG | CR0WP | CR0ET | CR0NE
	c.fpu.init()
	c.flushTLB()
	c.updateMode()
	return m
}

// load puts code at flatCode and makes it the next to run.
func (m *Machine) load(code ...byte) {
	m.WritePhys(flatCode, code)
	m.SetEIP(flatCode)
}
