// SPDX-License-Identifier: BSD-3-Clause
// What drivers switch in a PCI device and save over its sleep (2.4.18 drivers/pci/pci.c).

package guestkernel

import (
	"math/bits"

	"ring0/guestkernel/abi"
)

// Registers of a power management capability, and bits.
const (
	pciCapPM           = 1
	pciPMCapabilities  = 2
	pciPMControl       = 4
	pciPMEMask         = 0xf800
	pciPMEEnable       = 0x0100
	pciPMEStatus       = 0x8000
	pciCacheLineSize   = 0x0c
	pciInvalidate      = 0x10 // in the command: memory write and invalidate
	pciSavedRegisters  = 16
	cacheLineBytes     = 32 // SMP_CACHE_BYTES of an i686 kernel
	cacheLineUnitShift = 2
)

func pciStateFunctions() []Function {
	return []Function{
		{Name: "pci_save_state", Fn: pciSaveState, Level: Full},
		{Name: "pci_restore_state", Fn: pciRestoreState, Level: Full},
		{Name: "pci_generic_suspend_save", Fn: pciGenericSuspendSave, Level: Full},
		{Name: "pci_generic_resume_restore", Fn: pciGenericResumeRestore, Level: Full},
		{Name: "pci_generic_resume_compare", Fn: pciGenericResumeCompare, Level: Full},
		{Name: "pci_enable_wake", Fn: pciEnableWake, Level: Full},
		{Name: "pci_set_mwi", Fn: pciSetMWI, Level: Full},
		{Name: "pci_clear_mwi", Fn: pciClearMWI, Level: Full},
	}
}

// pciSaveState models int pci_save_state(struct pci_dev *dev, u32 *buffer): the header's 16 words; nothing without a buffer.
func pciSaveState(c *Call) {
	c.Kernel.savePCI(c.Arg(0), c.Arg(1))
	c.Return(0)
}

func (k *Kernel) savePCI(dev, buffer uint32) {
	if buffer == 0 {
		return
	}
	for i := range uint32(pciSavedRegisters) {
		k.mem.SetU32(buffer+i*wordSize, k.readConfig(dev, i*wordSize, 4))
	}
}

// pciRestoreState models int pci_restore_state(struct pci_dev *dev, u32 *buffer): without a buffer the addresses and the
// interrupt line that the kernel knows.
func pciRestoreState(c *Call) {
	c.Kernel.restorePCI(c.Arg(0), c.Arg(1))
	c.Return(0)
}

func (k *Kernel) restorePCI(dev, buffer uint32) {
	if buffer == 0 {
		for i := range uint32(pciResources) {
			k.writeConfig(dev, pciBar0+i*wordSize, 4, k.pciRange(dev, i).start)
		}
		k.writeConfig(dev, pciIntLine, 1, k.mem.Get(dev, k.drv.lay.PCIDev.IRQ))
		return
	}
	for i := range uint32(pciSavedRegisters) {
		k.writeConfig(dev, i*wordSize, 4, k.mem.U32(buffer+i*wordSize))
	}
}

// The pci_generic_ functions save to, restore from and compare with the place that a device has for that, if there is a
// device.
func pciGenericSuspendSave(c *Call) {
	if dev := c.Arg(0); dev != 0 {
		c.Kernel.savePCI(dev, dev+c.Kernel.drv.lay.PCIDev.SavedState.Off)
	}
	c.Return(0)
}

func pciGenericResumeRestore(c *Call) {
	if dev := c.Arg(0); dev != 0 {
		c.Kernel.restorePCI(dev, dev+c.Kernel.drv.lay.PCIDev.SavedState.Off)
	}
	c.Return(0)
}

func pciGenericResumeCompare(c *Call) {
	k, dev := c.Kernel, c.Arg(0)
	c.Return(0)
	if dev == 0 {
		return
	}
	for i := range uint32(pciSavedRegisters) {
		if k.readConfig(dev, i*wordSize, 4) != k.mem.U32(dev+k.drv.lay.PCIDev.SavedState.Off+i*wordSize) {
			c.Return(1)
			return
		}
	}
}

// pciEnableWake models int pci_enable_wake(struct pci_dev *dev, u32 state, int enable): whether a sleeping device may call.
// EIO without the capability, EINVAL when it cannot from that state; to forbid it always succeeds. 2.4.18 counts
// the states from the one behind the lowest that the device can call from.
func pciEnableWake(c *Call) {
	k, dev, state, enable := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2) != 0
	refuse := func(e abi.Errno) {
		if c.Return(0); enable {
			c.Fail(e)
		}
	}
	at := k.pciCapability(dev, pciCapPM)
	if at == 0 {
		refuse(abi.EIO)
		return
	}
	states := k.readConfig(dev, at+pciPMCapabilities, 2) & pciPMEMask
	if states != 0 {
		states >>= uint32(bits.TrailingZeros32(states)) + 1
	}
	if states&(1<<(state&31)) == 0 {
		refuse(abi.EINVAL)
		return
	}
	control := k.readConfig(dev, at+pciPMControl, 2)&^pciPMEEnable | pciPMEStatus // writing the status clears it
	if enable {
		control |= pciPMEEnable
	}
	k.writeConfig(dev, at+pciPMControl, 2, control)
	c.Return(0)
}

// pciSetMWI models int pci_set_mwi(struct pci_dev *dev): a cache line size that is too small is corrected, one that is too
// large is EINVAL; both are told.
func pciSetMWI(c *Call) {
	k, dev := c.Kernel, c.Arg(0)
	c.Return(0)
	size := k.readConfig(dev, pciCacheLineSize, 1) << cacheLineUnitShift & 0xff // u8, as there
	if size != cacheLineBytes {
		k.Printk("<4>PCI: %s PCI cache line size set incorrectly (%d bytes) by BIOS/FW, ", k.pciSlotName(dev), size)
		if size > cacheLineBytes {
			k.Printk("expecting %d\n", cacheLineBytes)
			c.Fail(abi.EINVAL)
			return
		}
		k.Printk("correcting to %d\n", cacheLineBytes)
		k.writeConfig(dev, pciCacheLineSize, 1, cacheLineBytes>>cacheLineUnitShift)
	}
	k.writeConfig(dev, pciCommand, 2, k.readConfig(dev, pciCommand, 2)|pciInvalidate)
}

// pciClearMWI models void pci_clear_mwi(struct pci_dev *dev).
func pciClearMWI(c *Call) {
	k, dev := c.Kernel, c.Arg(0)
	k.writeConfig(dev, pciCommand, 2, k.readConfig(dev, pciCommand, 2)&^pciInvalidate)
}
