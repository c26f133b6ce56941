// SPDX-License-Identifier: BSD-3-Clause
// Names for addresses in ring0's own reports. The oops printer has its own rules.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// Symbolize names a guest address: "printk+0x11", or with the nearest lower symbol of the module it lies in:
// "hello_init+0x4 [hello]".
func (k *Kernel) Symbolize(addr uint32) string {
	if addr >= abi.PageOffset {
		if name, offset, ok := k.profile.Lookup(addr); ok {
			return fmt.Sprintf("%s+%#x", name, offset)
		}
		if name := k.symbolizeModule(addr); name != "" {
			return name
		}
	}
	return fmt.Sprintf("%08x", addr)
}

// symbolizeModule names an address in a module, "" when it lies in none. A broken module_list is none of our business here.
func (k *Kernel) symbolizeModule(addr uint32) (name string) {
	lay := &k.lay.Module
	k.quietly(func() {
		for mod := k.mem.U32(k.sym.ModuleList); mod != 0 && mod != k.sym.KernelModule; mod = k.mem.Get(mod, lay.Next) {
			if addr-mod < k.mem.Get(mod, lay.ModuleSize) {
				name = k.symbolInModule(mod, addr)
				return
			}
		}
	})
	return name
}

func (k *Kernel) symbolInModule(mod, addr uint32) string {
	lay, sym := &k.lay.Module, &k.lay.ModuleSymbol
	const longest = 256
	modName, _ := k.mem.CString(k.mem.Get(mod, lay.Name), longest)
	best, bestName := mod, uint32(0)
	syms := k.mem.Get(mod, lay.Syms)
	for i := range min(k.mem.Get(mod, lay.Nsyms), 1<<16) {
		if v := k.mem.Get(syms+i*sym.Size, sym.Value); v <= addr && v >= best {
			best, bestName = v, k.mem.Get(syms+i*sym.Size, sym.Name)
		}
	}
	if bestName == 0 {
		return fmt.Sprintf("%#x [%s]", addr-mod, modName)
	}
	name, _ := k.mem.CString(bestName, longest)
	return fmt.Sprintf("%s+%#x [%s]", name, addr-best, modName)
}

// EntrySymbols are the global symbols of the guest's own code (entry stubs, user copies) with their addresses, for
// debuggers. The map belongs to the kernel.
func (k *Kernel) EntrySymbols() map[string]uint32 { return k.image.Symbols }
