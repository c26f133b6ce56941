// SPDX-License-Identifier: BSD-3-Clause
// Data that modules give each other by name (2.4.18 kernel/module.c inter_module_*), and programs that the kernel runs
// (kernel/kmod.c).

package guestkernel

import "ring0/guestkernel/abi"

// struct inter_module_entry: list head, name, owner, data.
const (
	imeName  = 8
	imeOwner = 12
	imeData  = 16
	imeSize  = 20
)

// longestName is more than any name of a module or of what it registers.
const longestName = 256

func interModuleFunctions() []Function {
	return []Function{
		{Name: "inter_module_register", Fn: interModuleRegister, Level: Full},
		{Name: "inter_module_unregister", Fn: interModuleUnregister, Level: Full},
		{Name: "inter_module_get", Fn: func(c *Call) { c.Return(c.Kernel.interModuleGet(c.Arg(0))) }, Level: Full},
		{Name: "inter_module_get_request", Fn: interModuleGetRequest, Level: Full},
		{Name: "inter_module_put", Fn: interModulePut, Level: Full},
		{Name: "call_usermodehelper", Fn: callUsermodehelper, Level: Partial, Note: "there is never a program to run"},
		{Name: "exec_usermodehelper", Fn: func(c *Call) { c.Fail(abi.ENOENT) }, Level: Partial, Note: "there is never a program to run"},
	}
}

// bootInterModule makes the list empty and writes the paths of the helpers.
func (k *Kernel) bootInterModule() error {
	k.listInit(k.sym.ImeList)
	k.mem.Write(k.sym.ModprobePath, []byte("/sbin/modprobe\x00"))
	k.mem.Write(k.sym.HotplugPath, []byte("/sbin/hotplug\x00"))
	return nil
}

// findInterModule returns the entry of a name, 0 when there is none.
func (k *Kernel) findInterModule(name string) uint32 {
	for entry := range k.listMembers("ime_list", k.sym.ImeList) {
		if s, _ := k.mem.CString(k.mem.U32(entry+imeName), longestName); s == name {
			return entry
		}
	}
	return 0
}

func (k *Kernel) nameAt(addr uint32) string {
	s, _ := k.mem.CString(addr, longestName)
	return s
}

// Lines of kernel/module.c with a BUG(). They are not measured.
const (
	bugDuplicateIme  = 157
	bugUnregisterIme = 200
	bugPutIme        = 278
)

// interModuleRegister models void inter_module_register(const char *im_name, struct module *owner, const void *userdata).
// A name that is taken is a BUG().
func interModuleRegister(c *Call) {
	k := c.Kernel
	entry := k.Kmalloc(imeSize, k.pages.gfp.kernel)
	name := k.nameAt(c.Arg(0))
	if entry == 0 {
		k.Printk("<3>Aiee, inter_module_register: cannot kmalloc entry for '%s'\n", name)
		return
	}
	k.mem.SetU32(entry+imeName, c.Arg(0))
	k.mem.SetU32(entry+imeOwner, c.Arg(1))
	k.mem.SetU32(entry+imeData, c.Arg(2))
	if k.findInterModule(name) != 0 {
		k.Kfree(entry)
		k.Printk("<3>inter_module_register: duplicate im_name '%s'", name)
		k.bug("inter_module_register", "module.c", bugDuplicateIme)
	}
	k.listAdd(entry, k.sym.ImeList)
}

// interModuleUnregister models void inter_module_unregister(const char *im_name). An unknown name is a BUG().
func interModuleUnregister(c *Call) {
	k, name := c.Kernel, c.Kernel.nameAt(c.Arg(0))
	entry := k.findInterModule(name)
	if entry == 0 {
		k.Printk("<3>inter_module_unregister: no entry for '%s'", name)
		k.bug("inter_module_unregister", "module.c", bugUnregisterIme)
	}
	k.listDel(entry)
	k.Kfree(entry)
}

// interModuleGet is inter_module_get: the data of a name, with a use of its owner taken; 0 when there is none or the owner
// is going.
func (k *Kernel) interModuleGet(nameAt uint32) uint32 {
	entry := k.findInterModule(k.nameAt(nameAt))
	if entry == 0 || !k.tryUse(module{k, k.mem.U32(entry + imeOwner)}) {
		return 0
	}
	return k.mem.U32(entry + imeData)
}

// unuseModule is __MOD_DEC_USE_COUNT.
func (k *Kernel) unuseModule(mod uint32) {
	m := module{k, mod}
	m.addUse(-1)
	m.setFlags(abi.ModVisited, 0)
}

// interModuleGetRequest models const void *inter_module_get_request(const char *im_name, const char *modname).
func interModuleGetRequest(c *Call) {
	k := c.Kernel
	data := k.interModuleGet(c.Arg(0))
	if data == 0 {
		k.requestModule(k.nameAt(c.Arg(1)))
		data = k.interModuleGet(c.Arg(0))
	}
	c.Return(data)
}

// interModulePut models void inter_module_put(const char *im_name). An unknown name is a BUG().
func interModulePut(c *Call) {
	k, name := c.Kernel, c.Kernel.nameAt(c.Arg(0))
	entry := k.findInterModule(name)
	if entry == 0 {
		k.Printk("<3>inter_module_put: no entry for '%s'", name)
		k.bug("inter_module_put", "module.c", bugPutIme)
	}
	if owner := k.mem.U32(entry + imeOwner); owner != 0 {
		k.unuseModule(owner)
	}
}

// callUsermodehelper models int call_usermodehelper(char *path, char **argv, char **envp): the pid of the program's
// process, which ends at once when there is no such program. From then on the pid is in use no more.
func callUsermodehelper(c *Call) { c.Return(uint32(c.Kernel.startHelper())) }

// startHelper starts a program that is not there: what is left of it is a pid that was used.
func (k *Kernel) startHelper() int32 {
	pid := k.freePID(k.nextPID)
	k.nextPID = pid + 1
	return pid
}
