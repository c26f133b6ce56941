// SPDX-License-Identifier: BSD-3-Clause

// The machine as its users see it: construction, registers, memory, ports.

package vm

import (
	"sync/atomic"

	"ring0/vm/x86"
)

// Config describes a machine. The zero value of a field means its default.
type Config struct {
	RAM uint32 // bytes, a multiple of 4096; default 128 MB
	CPU string // name of a CPU model (see Models); default "pentium3"
}

// Machine is one i686 computer. It is not safe for concurrent use; whoever
// holds it while it runs (a hypercall, a hook, an event) may use all of it.
type Machine struct {
	cpu       CPU
	phys      *physMemory
	ports     portMap
	events    eventQueue
	intc      InterruptController
	hypercall Hypercall
	watch     watchList
	mon       monitor
	snapshots []*Snapshot // oldest first
	interrupt atomic.Bool // Interrupt was called
	hooks     hooks
	fpuPins   fpuPins
}

// A Hypercall serves VMCALL executed at CPL 0. EIP is already behind the
// instruction. Returning StopRun ends the innermost Run with StopHypercall.
type Hypercall func(m *Machine) Action

// Action is what a hypercall wants next.
type Action uint8

// Actions.
const (
	Continue Action = iota
	StopRun
)

// New makes a machine in its reset state (SDM vol. 3, 9.1).
func New(cfg Config) (*Machine, error) {
	if cfg.RAM == 0 {
		cfg.RAM = 128 << 20
	}
	model, err := modelByName(cfg.CPU)
	if err != nil {
		return nil, err
	}
	phys, err := newPhysMemory(cfg.RAM)
	if err != nil {
		return nil, err
	}
	m := &Machine{phys: phys}
	m.ports.init()
	c := &m.cpu
	c.m, c.model, c.mem = m, model, phys.base()
	c.cache.init()
	c.tlbs[0].reset()
	c.tlbs[1].reset()
	c.reset()
	return m, nil
}

// SetHypercall installs the host side of VMCALL.
func (m *Machine) SetHypercall(h Hypercall) { m.hypercall = h }

// Register numbers for Reg and SetReg.
const (
	EAX = x86.EAX
	ECX = x86.ECX
	EDX = x86.EDX
	EBX = x86.EBX
	ESP = x86.ESP
	EBP = x86.EBP
	ESI = x86.ESI
	EDI = x86.EDI
)

// Segment register numbers for Selector and LoadSegment.
const (
	ES = x86.ES
	CS = x86.CS
	SS = x86.SS
	DS = x86.DS
	FS = x86.FS
	GS = x86.GS
)

// Reg returns general register r (EAX … EDI).
func (m *Machine) Reg(r int) uint32 { return m.cpu.gpr[r&7] }

// SetReg sets general register r.
func (m *Machine) SetReg(r int, v uint32) { m.cpu.gpr[r&7] = v }

// EIP is the offset in CS of the next instruction.
func (m *Machine) EIP() uint32 { return m.cpu.eip }

// SetEIP makes eip the next instruction.
func (m *Machine) SetEIP(eip uint32) { m.cpu.eip = eip }

// Eflags returns the whole EFLAGS register.
func (m *Machine) Eflags() uint32 { return m.cpu.eflags() }

// SetEflags sets the whole EFLAGS register.
func (m *Machine) SetEflags(f uint32) {
	m.cpu.setEflags(f)
	m.cpu.updateMode()
}

// CPL is the current privilege level.
func (m *Machine) CPL() int { return int(m.cpu.cpl) }

// Selector returns the visible part of a segment register.
func (m *Machine) Selector(seg int) uint16 { return m.cpu.seg[seg].sel }

// CR returns control register n (0, 2, 3, 4).
func (m *Machine) CR(n int) uint32 {
	switch n {
	case 0:
		return m.cpu.cr0
	case 2:
		return m.cpu.cr2
	case 3:
		return m.cpu.cr3
	case 4:
		return m.cpu.cr4
	}
	return 0
}

// SetCR sets control register n (0, 2, 3, 4) with the side effects of MOV.
func (m *Machine) SetCR(n int, v uint32) {
	c := &m.cpu
	switch n {
	case 0:
		c.setCR0(v&cr0Defined | CR0ET)
	case 2:
		c.cr2 = v
	case 3:
		c.setCR3(v)
	case 4:
		c.setCR4(v)
	}
	c.updateMode()
}

// InvalidatePage drops cached translations of one linear address (INVLPG).
func (m *Machine) InvalidatePage(la uint32) { m.cpu.flushPage(la) }

// InvalidateTLB drops all cached translations, global ones included.
func (m *Machine) InvalidateTLB() { m.cpu.flushTLB() }

// SetGDTR and SetIDTR load the descriptor table registers.
func (m *Machine) SetGDTR(base uint32, limit uint16) { m.cpu.gdtr = tableReg{base, limit} }

// SetIDTR loads IDTR.
func (m *Machine) SetIDTR(base uint32, limit uint16) { m.cpu.idtr = tableReg{base, limit} }

// RAMSize is the size of RAM in bytes.
func (m *Machine) RAMSize() uint32 { return m.phys.ramSize }

// readPhys reads 1, 2 or 4 bytes of physical memory within one page.
func (m *Machine) readPhys(pa uint32, size uint8) uint32 { return m.phys.read(pa, size) }

// writePhys writes 1, 2 or 4 bytes of physical memory within one page, as
// the guest would: ROM keeps its content, devices are told, cached code is
// dropped.
func (m *Machine) writePhys(pa uint32, size uint8, v uint32) {
	p := m.phys
	pa &= p.a20
	off, writable := p.offset(pa)
	if !writable {
		r := p.find(pa)
		switch {
		case r == nil:
			return
		case r.under:
			off = pa
		case r.dev != nil:
			r.dev.WriteMMIO(r.off+pa-r.base, size, v)
			return
		default:
			return
		}
	}
	m.beforeWrite(off, uint32(size))
	p.store(off, size, v)
}

// beforeWrite drops cached code in [off, off+n) of the slab, and saves its
// pages for a snapshot.
func (m *Machine) beforeWrite(off, n uint32) {
	states := m.phys.lineStates(off, n)
	if states&lineUnsaved != 0 {
		m.savePages(off, n)
	}
	if states&lineCode != 0 {
		m.cpu.cache.invalidate(m.phys, off, n)
	}
}

// ReadPhys copies physical memory into b. Addresses without bytes read as ff.
func (m *Machine) ReadPhys(pa uint32, b []byte) {
	m.eachPage(pa, b, func(pa uint32, part []byte) {
		if off, _ := m.phys.offset(pa); off != noBytes {
			copy(part, m.phys.slab[off:])
			return
		}
		for i := range part {
			part[i] = 0xff
		}
	})
}

// WritePhys copies b into RAM, dropping cached code there. Bytes that would
// fall outside RAM are dropped.
func (m *Machine) WritePhys(pa uint32, b []byte) {
	m.eachPage(pa, b, func(pa uint32, part []byte) {
		off, writable := m.phys.offset(pa)
		if !writable {
			return
		}
		m.beforeWrite(off, uint32(len(part)))
		copy(m.phys.slab[off:], part)
	})
}

// ReadPhys32 reads an aligned 32-bit word of physical memory.
func (m *Machine) ReadPhys32(pa uint32) uint32 { return m.phys.read(pa, 4) }

// WritePhys32 writes an aligned 32-bit word of physical memory.
func (m *Machine) WritePhys32(pa, v uint32) { m.writePhys(pa, 4, v) }

// eachPage calls f for the parts of b that lie in different pages from pa on.
func (m *Machine) eachPage(pa uint32, b []byte, f func(pa uint32, part []byte)) {
	for len(b) > 0 {
		n := min(int(pageSize-pa&pageMask), len(b))
		f(pa, b[:n])
		pa, b = pa+uint32(n), b[n:]
	}
}

// Translate returns the physical address of la under the current page
// tables without side effects; user asks for CPL 3's permission, write for
// write permission.
func (m *Machine) Translate(la uint32, want Access) (pa uint32, ok bool) {
	return m.cpu.translate(la, access(want)|accProbe)
}

// Access is a set of permissions to ask Translate for.
type Access uint8

// Permissions; 0 is a supervisor read.
const (
	Write = Access(accWrite)
	User  = Access(accUser)
)

// ReadLinear copies memory at linear address la into b as the supervisor
// sees it. It returns how many bytes were mapped.
func (m *Machine) ReadLinear(la uint32, b []byte) int {
	return m.linear(la, b, 0, m.ReadPhys)
}

// WriteLinear copies b to linear address la, ignoring write protection. It
// returns how many bytes were mapped.
func (m *Machine) WriteLinear(la uint32, b []byte) int {
	return m.linear(la, b, 0, m.WritePhys)
}

func (m *Machine) linear(la uint32, b []byte, want Access, f func(uint32, []byte)) int {
	done := 0
	for done < len(b) {
		pa, ok := m.Translate(la, want)
		if !ok {
			break
		}
		n := min(int(pageSize-la&pageMask), len(b)-done)
		f(pa, b[done:done+n])
		la, done = la+uint32(n), done+n
	}
	return done
}
