// SPDX-License-Identifier: BSD-3-Clause
// IDE drives as drivers for one kind of them ask for them (2.4.18 drivers/ide/ide.c). The PC's two channels have no drive.

package guestkernel

func ideFunctions() []Function {
	const none = "there are no IDE drives"
	return []Function{
		{Name: "get_info_ptr", Fn: func(c *Call) { c.Return(0) }, Level: Partial, Note: none},
		{Name: "ide_scan_devices", Fn: func(c *Call) { c.Return(0) }, Level: Partial, Note: none},
		{Name: "ide_register_module", Fn: ideRegisterModule, Level: Partial, Note: none},
		{Name: "ide_unregister_module", Fn: ideUnregisterModule, Level: Full},
	}
}

// struct ide_module_s: type, init, info, next.
const ideModuleNext = 12

// ideRegisterModule models int ide_register_module(ide_module_t *module): 1 when it is registered already. The real one
// then looks whether there are drives that it could have.
func ideRegisterModule(c *Call) {
	k, at, head := c.Kernel, c.Arg(0), c.Kernel.symbol("ide_modules")
	if k.ideModuleWord(at) != 0 {
		c.Return(1)
		return
	}
	k.mem.SetU32(at+ideModuleNext, k.mem.U32(head))
	k.mem.SetU32(head, at)
	c.Return(0)
}

// ideUnregisterModule models void ide_unregister_module(ide_module_t *module).
func ideUnregisterModule(c *Call) {
	if word := c.Kernel.ideModuleWord(c.Arg(0)); word != 0 {
		c.Kernel.mem.SetU32(word, c.Kernel.mem.U32(c.Arg(0)+ideModuleNext))
	}
}

// ideModuleWord is the word of the list that points to a module; 0 when none does.
func (k *Kernel) ideModuleWord(at uint32) uint32 {
	for word, seen := k.symbol("ide_modules"), map[uint32]bool{}; k.mem.U32(word) != 0 && !seen[word]; word = k.mem.U32(word) + ideModuleNext {
		if seen[word] = true; k.mem.U32(word) == at {
			return word
		}
	}
	return 0
}
