// SPDX-License-Identifier: BSD-3-Clause

// The two 8237A DMA controllers of an AT and their page registers.
//
// Intel 8237A data sheet (231466), "Register description", "Software
// commands"; IBM PC AT Technical Reference for the wiring.
//
//	00–0F   channels 0–3: address and count in turns, then
//	        8 command/status  9 request  A mask bit  B mode
//	        C clear byte pointer  D master clear/temporary
//	        E clear mask  F mask
//	C0–DF   channels 4–7, likewise at even ports
//	80–8F   page registers; those of no channel are memory
//
// Registers only: no device on this board asks for a transfer, and a software
// request shows in the status without being served.

package device

import "ring0/vm"

// DMAState is the state of both controllers and the page registers.
type DMAState struct {
	Chips [2]DMAChip
	Pages [16]uint8
}

// DMAChip is the state of one 8237A.
type DMAChip struct {
	Base, Current [4]DMACount
	Mode          [4]uint8
	Command       uint8
	Request       uint8 // software requests, one bit per channel
	Mask          uint8
	Done          uint8 // terminal count reached, not yet read
	Temporary     uint8
	High          bool // the byte pointer: the next byte is the high one
}

// DMACount is an address and the number of transfers less one.
type DMACount struct{ Address, Count uint16 }

// DMA is the pair of controllers.
type DMA struct {
	s    DMAState
	post func(code uint8)
}

// NewDMA makes the controllers, after a master clear. post is told what is
// written to port 80, the page register that firmware shows its progress in.
func NewDMA(m *vm.Machine, post func(code uint8)) (*DMA, error) {
	d := &DMA{post: post}
	for i := range d.s.Chips {
		d.s.Chips[i].clear()
	}
	return d, Attach(m, d, Ports{0x00, 0x0f}, Ports{0x80, 0x8f}, Ports{0xc0, 0xdf})
}

// In reads a register.
func (d *DMA) In(port uint16) uint8 {
	switch port & 0xf0 {
	case 0x80:
		return d.s.Pages[port&0xf]
	case 0x00:
		return d.s.Chips[0].read(port & 0xf)
	}
	return d.s.Chips[1].read(port >> 1 & 0xf)
}

// Out writes a register.
func (d *DMA) Out(port uint16, v uint8) {
	switch port & 0xf0 {
	case 0x80:
		d.s.Pages[port&0xf] = v
		if port == 0x80 && d.post != nil {
			d.post(v)
		}
	case 0x00:
		d.s.Chips[0].write(port&0xf, v)
	default:
		d.s.Chips[1].write(port>>1&0xf, v)
	}
}

// State and SetState are for snapshots.
func (d *DMA) State() DMAState { return d.s }

// SetState restores a State.
func (d *DMA) SetState(s DMAState) { d.s = s }

// clear is master clear, the same as RESET.
func (c *DMAChip) clear() {
	c.Command, c.Request, c.Temporary, c.Done, c.High = 0, 0, 0, 0, false
	c.Mask = 0xf
}

func (c *DMAChip) read(reg uint16) uint8 {
	switch {
	case reg < 8:
		cur := &c.Current[reg>>1]
		v := cur.Address
		if reg&1 != 0 {
			v = cur.Count
		}
		c.High = !c.High
		if c.High {
			return uint8(v)
		}
		return uint8(v >> 8)
	case reg == 8: // status: requests above terminal counts
		v := c.Request<<4 | c.Done
		c.Done = 0
		return v
	case reg == 13:
		return c.Temporary
	case reg == 15: // not in the original; PC chipsets give the mask
		return c.Mask | 0xf0
	}
	return 0xff
}

func (c *DMAChip) write(reg uint16, v uint8) {
	bit := uint8(1) << (v & 3)
	switch reg {
	default:
		c.writeCount(reg, v)
	case 8:
		c.Command = v
	case 9:
		c.Request = c.Request&^bit | bit*(v>>2&1)
	case 10:
		c.Mask = c.Mask&^bit | bit*(v>>2&1)
	case 11:
		c.Mode[v&3] = v
	case 12:
		c.High = false
	case 13:
		c.clear()
	case 14:
		c.Mask = 0
	case 15:
		c.Mask = v & 0xf
	}
}

// writeCount is a byte of an address or count: base and current together.
func (c *DMAChip) writeCount(reg uint16, v uint8) {
	ch := reg >> 1
	p := &c.Base[ch].Address
	if reg&1 != 0 {
		p = &c.Base[ch].Count
	}
	if c.High {
		*p = *p&0xff | uint16(v)<<8
	} else {
		*p = *p&0xff00 | uint16(v)
	}
	if reg&1 != 0 {
		c.Current[ch].Count = *p
	} else {
		c.Current[ch].Address = *p
	}
	c.High = !c.High
}
