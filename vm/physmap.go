// SPDX-License-Identifier: BSD-3-Clause

// The physical address map as a board lays it out: ROM, memory of adapters,
// device windows, holes, RAM that shadows them, and the A20 gate.
//
// What answers at an address follows from two lists: what the bus holds there,
// and where RAM is switched in over the bus. rebuild makes one list of regions
// out of both whenever one changes.

package vm

import (
	"fmt"
	"slices"
)

// regionKind says what a region is.
type regionKind uint8

const (
	regionHole   regionKind = iota // nothing: reads give all ones, writes are lost
	regionDevice                   // an MMIO device
	regionROM                      // bytes that cannot be written
	regionRAM                      // bytes that can
)

// region is a part of the physical address space that is not plain RAM at its
// own address.
type region struct {
	base, size uint32
	kind       regionKind
	under      bool   // writes go to the RAM at the same address
	off        uint32 // of base: in the slab, for ROM and RAM; in the device's window
	dev        MMIO
}

// last is the address of the region's last byte; a region may end at 4 GB.
func (r *region) last() uint32 { return r.base + r.size - 1 }

// Shadow says how RAM takes part in an address range that the bus also has.
type Shadow uint8

// The four states of a range, as chipsets with shadow RAM have them.
const (
	ShadowOff       Shadow = iota // reads and writes go to the bus
	ShadowRead                    // reads come from RAM, writes go to the bus
	ShadowWrite                   // reads come from the bus, writes go to RAM
	ShadowReadWrite               // plain RAM
)

// shadowRange is one range of RAM over the bus.
type shadowRange struct {
	base, size uint32
	state      Shadow
}

// AddROM maps image, which is copied, read-only at each of the addresses, or
// at none.
func (m *Machine) AddROM(image []byte, at ...uint32) error {
	off, err := m.addBytes(uint32(len(image)))
	if err != nil {
		return err
	}
	copy(m.phys.slab[off:], image)
	before := len(m.phys.bus)
	for _, base := range at {
		if err := m.addRegion(region{base: base, size: uint32(len(image)), kind: regionROM, off: off}); err != nil {
			m.phys.bus = m.phys.bus[:before]
			m.remap()
			return err
		}
	}
	return nil
}

// AddRAM maps size bytes of memory of its own at base: that of an adapter.
func (m *Machine) AddRAM(base, size uint32) error {
	off, err := m.addBytes(size)
	if err != nil {
		return err
	}
	return m.addRegion(region{base: base, size: size, kind: regionRAM, off: off})
}

// AddMMIO maps a device.
func (m *Machine) AddMMIO(base, size uint32, dev MMIO) error {
	if dev == nil {
		return fmt.Errorf("vm: memory map %08x+%x: no device", base, size)
	}
	return m.addRegion(region{base: base, size: size, kind: regionDevice, dev: dev})
}

// AddHole takes a range away from RAM.
func (m *Machine) AddHole(base, size uint32) error {
	return m.addRegion(region{base: base, size: size, kind: regionHole})
}

// SetShadow switches RAM in or out over what the bus has in a range. It may be
// called while an instruction that ends its block is being executed: IN, OUT.
func (m *Machine) SetShadow(base, size uint32, s Shadow) error {
	p := m.phys
	if base&pageMask != 0 || size&pageMask != 0 || size == 0 || base+size-1 < base || base+size > p.ramSize {
		return fmt.Errorf("vm: shadow RAM %08x+%x: want whole pages of RAM", base, size)
	}
	i := slices.IndexFunc(p.shadows, func(r shadowRange) bool { return overlaps(base, size, r.base, r.size) })
	switch {
	case i < 0:
		p.shadows = append(p.shadows, shadowRange{base, size, s})
	case p.shadows[i].base != base || p.shadows[i].size != size:
		return fmt.Errorf("vm: shadow RAM %08x+%x overlaps %08x+%x", base, size, p.shadows[i].base, p.shadows[i].size)
	case p.shadows[i].state == s:
		return nil
	default:
		p.shadows[i].state = s
	}
	m.remap()
	return nil
}

// SetA20 opens or closes the A20 gate: closed, bit 20 of every physical
// address is 0.
func (m *Machine) SetA20(open bool) {
	mask := ^uint32(1 << 20)
	if open {
		mask = ^uint32(0)
	}
	if m.phys.a20 != mask {
		m.phys.a20 = mask
		m.cpu.flushTLB()
	}
}

// A20 reports whether the A20 gate is open.
func (m *Machine) A20() bool { return m.phys.a20 == ^uint32(0) }

// addBytes makes the slab larger by n bytes and returns where they lie.
func (m *Machine) addBytes(n uint32) (off uint32, err error) {
	p := m.phys
	off = uint32(len(p.slab))
	if n == 0 || n&pageMask != 0 || off+n < off {
		return 0, fmt.Errorf("vm: %d bytes of memory: want a multiple of %d", n, pageSize)
	}
	if err := p.grow(off + n); err != nil {
		return 0, err
	}
	m.cpu.mem = p.base()
	m.cpu.flushTLB() // its entries point into the slab
	return off, nil
}

// addRegion puts r on the bus.
func (m *Machine) addRegion(r region) error {
	p := m.phys
	if r.base&pageMask != 0 || r.size&pageMask != 0 || r.size == 0 || r.last() < r.base {
		return fmt.Errorf("vm: memory map %08x+%x: want whole pages", r.base, r.size)
	}
	for i := range p.bus {
		if o := &p.bus[i]; r.base <= o.last() && o.base <= r.last() {
			return fmt.Errorf("vm: memory map %08x+%x overlaps %08x+%x", r.base, r.size, o.base, o.size)
		}
	}
	p.bus = append(p.bus, r)
	m.remap()
	return nil
}

// remap makes the map anew after a change.
func (m *Machine) remap() {
	m.phys.rebuild()
	m.cpu.flushTLB()
}

// rebuild cuts the bus regions where shadow RAM covers them.
func (p *physMemory) rebuild() {
	p.regions = nil
	for _, r := range p.bus {
		for r.size != 0 {
			part, rest := p.cut(r)
			if part.size != 0 {
				p.regions = append(p.regions, part)
			}
			r = rest
		}
	}
	slices.SortFunc(p.regions, func(a, b region) int {
		if a.base < b.base {
			return -1
		}
		return 1
	})
}

// cut splits r into its first part, which one state of shadow RAM covers, and
// the rest. The part has size 0 where it is plain RAM.
func (p *physMemory) cut(r region) (part, rest region) {
	n, state := r.size, ShadowOff
	for _, s := range p.shadows {
		switch {
		case r.base-s.base < s.size: // r begins within s
			n, state = min(n, s.size-(r.base-s.base)), s.state
		case s.base-r.base < n: // s begins within r
			n = s.base - r.base
		}
	}
	part, rest = r, r
	part.size = n
	rest.base, rest.size, rest.off = r.base+n, r.size-n, r.off+n
	switch state {
	case ShadowRead:
		part.kind, part.off = regionROM, r.base // the RAM's place in the slab is its address
	case ShadowWrite:
		part.under = true
	case ShadowReadWrite:
		part.size = 0
	}
	return part, rest
}
