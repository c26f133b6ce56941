// SPDX-License-Identifier: BSD-3-Clause
// Attribute values by their forms (DWARF 5, 7.5.5 and 7.5.6).

package debuginfo

import "fmt"

// Forms.
const (
	formAddr          = 0x01
	formBlock2        = 0x03
	formBlock4        = 0x04
	formData2         = 0x05
	formData4         = 0x06
	formData8         = 0x07
	formString        = 0x08
	formBlock         = 0x09
	formBlock1        = 0x0a
	formData1         = 0x0b
	formFlag          = 0x0c
	formSdata         = 0x0d
	formStrp          = 0x0e
	formUdata         = 0x0f
	formRefAddr       = 0x10
	formRef1          = 0x11
	formRef2          = 0x12
	formRef4          = 0x13
	formRef8          = 0x14
	formRefUdata      = 0x15
	formIndirect      = 0x16
	formSecOffset     = 0x17
	formExprloc       = 0x18
	formFlagPresent   = 0x19
	formStrx          = 0x1a
	formAddrx         = 0x1b
	formRefSup4       = 0x1c
	formStrpSup       = 0x1d
	formData16        = 0x1e
	formLineStrp      = 0x1f
	formRefSig8       = 0x20
	formImplicitConst = 0x21
	formLoclistx      = 0x22
	formRnglistx      = 0x23
	formRefSup8       = 0x24
	formStrx1         = 0x25
	formStrx2         = 0x26
	formStrx3         = 0x27
	formStrx4         = 0x28
	formAddrx1        = 0x29
	formAddrx2        = 0x2a
	formAddrx3        = 0x2b
	formAddrx4        = 0x2c
	formGNURefAlt     = 0x1f20
	formGNUStrpAlt    = 0x1f21
)

// value reads an attribute's value.
func (u *unit) value(c *cursor, s attrSpec, v *attribute) error {
	for s.form == formIndirect && !c.bad {
		s.form = uint32(c.uleb())
		v.form = s.form
	}
	switch s.form {
	case formData1, formFlag:
		v.number = uint64(c.u8())
	case formData2:
		v.number = uint64(c.u16())
	case formData4, formAddr:
		v.number = uint64(c.u32())
	case formData8, formRefSig8:
		v.number = c.u64()
	case formSdata:
		v.number = uint64(c.sleb())
	case formUdata, formLoclistx, formRnglistx:
		v.number = c.uleb()
	case formFlagPresent:
		v.number = 1
	case formImplicitConst:
		v.number = uint64(s.value)
	case formSecOffset, formStrpSup, formGNURefAlt, formGNUStrpAlt:
		v.number = c.sized(u.offSize)
	case formRefSup4:
		v.number = uint64(c.u32())
	case formRefSup8:
		v.number = c.u64()
	case formBlock1:
		v.data = c.bytes(uint64(c.u8()))
	case formBlock2:
		v.data = c.bytes(uint64(c.u16()))
	case formBlock4:
		v.data = c.bytes(uint64(c.u32()))
	case formBlock, formExprloc:
		v.data = c.bytes(c.uleb())
	case formData16:
		v.data = c.bytes(16)
	case formAddrx, formAddrx1, formAddrx2, formAddrx3, formAddrx4:
		return u.addressValue(c, s.form, v)
	case formRefAddr, formRef1, formRef2, formRef4, formRef8, formRefUdata:
		u.reference(c, s.form, v)
	default:
		return u.stringValue(c, s.form, v)
	}
	return nil
}

// addressValue reads an index into .debug_addr.
func (u *unit) addressValue(c *cursor, form uint32, v *attribute) error {
	index := uint64(0)
	switch form {
	case formAddrx:
		index = c.uleb()
	case formAddrx3:
		index = uint64(c.u24())
	default:
		index = c.sized(map[uint32]uint8{formAddrx1: 1, formAddrx2: 2, formAddrx4: 4}[form])
	}
	addr, ok := u.address(index)
	if !ok {
		return fmt.Errorf("address %d is outside .debug_addr", index)
	}
	v.number = uint64(addr)
	return nil
}

// reference reads a reference to another entry and makes it an offset in .debug_info.
func (u *unit) reference(c *cursor, form uint32, v *attribute) {
	switch form {
	case formRefAddr:
		if u.version == 2 {
			v.number = uint64(c.u32()) // the size of an address
			return
		}
		v.number = c.sized(u.offSize)
		return
	case formRefUdata:
		v.number = c.uleb()
	default:
		v.number = c.sized(map[uint32]uint8{formRef1: 1, formRef2: 2, formRef4: 4, formRef8: 8}[form])
	}
	v.number += uint64(u.start)
}

// stringValue reads the forms of strings.
func (u *unit) stringValue(c *cursor, form uint32, v *attribute) error {
	table, at := u.d.str, uint64(0)
	switch form {
	case formString:
		v.text = c.cString()
		return nil
	case formStrp:
		at = c.sized(u.offSize)
	case formLineStrp:
		table, at = u.d.lineStr, c.sized(u.offSize)
	case formStrx:
		at = u.stringOffset(c.uleb())
	case formStrx3:
		at = u.stringOffset(uint64(c.u24()))
	case formStrx1, formStrx2, formStrx4:
		at = u.stringOffset(c.sized(map[uint32]uint8{formStrx1: 1, formStrx2: 2, formStrx4: 4}[form]))
	default:
		return fmt.Errorf("form %#x is not known", form)
	}
	text, ok := stringAt(table, at)
	if !ok && !c.bad {
		return fmt.Errorf("string at %#x is outside its section", at)
	}
	v.text = text
	return nil
}

// stringOffset is an entry of the unit's part of .debug_str_offsets.
func (u *unit) stringOffset(index uint64) uint64 {
	if index > uint64(len(u.d.strOffs)) {
		return ^uint64(0)
	}
	c := from(u.d.strOffs, u.strBase+index*uint64(u.offSize))
	at := c.sized(u.offSize)
	if c.bad {
		return ^uint64(0)
	}
	return at
}
