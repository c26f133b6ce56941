// SPDX-License-Identifier: BSD-3-Clause
// init_module(2): fill in a created module and run its init function (2.4.18 kernel/module.c).
//
// The image's header replaces the kernel's at once; every check looks at the replaced one, and a refusal puts the old
// header and name back. The checks themselves are in module_check.go, in the kernel's order.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// headerGrowth is what a size_of_struct of tools to come may add to today's header. The smallest ends at persist_start: the
// 60 bytes that were first laid down.
const headerGrowth = 16 * 4

// initModule is an init_module call under way: the locals of sys_init_module.
type initModule struct {
	k     *Kernel
	frame initFrame
	mod   module
	name  modName // as the call names it
	image uint32  // user address
	sized uint32  // size_of_struct as the image gives it
	old   []byte  // the header before the call (mod_tmp)
	saved uint32  // kmalloc'd copy of the old name (name_tmp)
}

// sysInitModule models
//
//	long sys_init_module(const char *name_user, struct module *mod_user)
//
// Returns what init returned, EBUSY for a positive value; or why the image was refused, with a line in the log for all
// but the plainest errors. Refused, the module is as it was; after a failed init it is uninitialised and still there,
// and so are its references.
//
// Context: process; may sleep, as may the module's init.
func sysInitModule(c *Call) {
	k := c.Kernel
	// EPERM comes before a look at any argument.
	if !c.Task().Capable(abi.CapSysModule) {
		c.Fail(abi.EPERM)
		return
	}
	frame := initFrame{k, c.Alloca(initFrameSize)}
	name, errno := k.getModName(c.Arg(0))
	if errno != 0 {
		c.Fail(errno)
		return
	}
	in := initModule{k: k, frame: frame, name: name, image: c.Arg(1)}
	n, errno := in.accept()
	if errno != 0 {
		in.name.put()
		in.freeSaved()
		c.Fail(errno)
		return
	}
	n.put()
	in.name.put()
	c.Return(uint32(in.run()))
	in.freeSaved()
}

// accept takes the image in, up to the call of its init. It returns the name that the image has for itself; on an error
// nothing has changed.
func (in *initModule) accept() (imageName modName, errno abi.Errno) {
	k := in.k
	var found bool
	// ENOENT comes before a look at the image.
	if in.mod, found = k.findModule(in.name.text); !found {
		return imageName, abi.ENOENT
	}
	sized, ok := k.GetUser(in.image+k.lay.Module.SizeOfStruct.Off, 4)
	if !ok {
		return imageName, abi.EFAULT
	}
	if sized < k.lay.Module.PersistStart.Off || sized > k.lay.Module.Size+headerGrowth {
		k.Printk("<3>init_module: Invalid module header size.\n")
		k.Printk("<3>A new version of the modutils is likely needed.\n")
		return imageName, abi.EINVAL
	}
	in.sized = sized
	in.old = k.mem.Bytes(in.mod.addr, k.lay.Module.Size)
	in.frame.keepHeader(in.old)
	if !in.saveName() {
		return imageName, abi.ENOMEM
	}
	// From here on the header is the image's; every way out puts the old one back.
	if errno = in.takeHeader(); errno == 0 {
		imageName, errno = in.takeRest()
	}
	if errno != 0 {
		in.restore()
	}
	return imageName, errno
}

// takeHeader copies the image's header over the module's and checks it.
func (in *initModule) takeHeader() abi.Errno {
	if !in.copyIn(in.mod.addr, in.image, in.sized) {
		return abi.EFAULT
	}
	if complaint := in.checkHeader(); complaint != "" {
		in.k.Printk("<3>init_module: %s\n", complaint)
		return abi.EINVAL
	}
	return 0
}

// takeRest checks the image's own name, copies what follows the header and enters the dependencies. On an error the name
// is given back.
func (in *initModule) takeRest() (imageName modName, errno abi.Errno) {
	k, lay := in.k, &in.k.lay.Module
	// The name is read from the image, not from the module's memory, where it is not yet.
	userName := in.mod.get(lay.Name) - in.mod.addr + in.image
	imageName, errno = k.getModName(userName)
	if errno != 0 {
		if errno == abi.EFAULT {
			in.noteCutOff()
		}
		k.Printk("<3>init_module: get_mod_name failure.\n")
		return imageName, errno
	}
	in.frame.noteName(in, imageName, userName)
	if errno = in.takeBody(imageName); errno != 0 {
		imageName.put()
	}
	return imageName, errno
}

func (in *initModule) takeBody(imageName modName) abi.Errno {
	k, lay := in.k, &in.k.lay.Module
	if saved := k.kernelString(in.saved); imageName.length() != in.name.length() || imageName.text != saved {
		k.Printk("<3>init_module: changed module name to `%s' from `%s'\n", imageName.text, saved)
		return abi.EINVAL
	}
	size := in.mod.get(lay.ModuleSize) - in.sized
	in.frame.noteCopy(in.mod.addr+in.sized, in.image+in.sized, size)
	if !in.copyIn(in.mod.addr+in.sized, in.image+in.sized, size) {
		return abi.EFAULT
	}
	// Back to what the image cannot know.
	in.mod.set(lay.Next, in.oldWord(lay.Next))
	in.mod.set(lay.Refs, 0)
	if complaint := in.checkDeps(); complaint != "" {
		k.Printk("<3>init_module: %s\n", complaint)
		return abi.EINVAL
	}
	in.enterDeps()
	return 0
}

// run calls the module's init and returns the result of the call.
func (in *initModule) run() int32 {
	k, m, lay := in.k, in.mod, &in.k.lay.Module
	// The use keeps the module from being deleted meanwhile.
	m.set(lay.Usecount, 1)
	m.setFlags(abi.ModInitializing, 0)
	k.moduleComes(m)
	init := m.get(lay.Init)
	k.tellOfModule(ModuleLoaded, m, init, 0)
	if init != 0 {
		k.setArithFlags(vm.FlagSF | vm.FlagPF)
		eax, _ := k.Invoke(GuestCall{Fn: init, ReturnTo: k.site("sys_init_module", 0x4d9), Regs: in.initRegisters(init)})
		if result := int32(eax); result != 0 {
			k.tellOfModule(ModuleFailed, m, init, result)
			m.set(lay.Usecount, 0)
			m.setFlags(0, abi.ModInitializing)
			if result > 0 {
				result = int32(-abi.EBUSY)
			}
			return result
		}
	}
	m.addUse(-1)
	k.looking.check.negativeUse(m, "after init")
	m.setFlags(abi.ModRunning, abi.ModInitializing)
	k.tellOfModule(ModuleRunning, m, init, 0)
	return 0
}

// initRegisters are the general registers as the real kernel had them when it called init.
func (in *initModule) initRegisters(init uint32) *Registers {
	zone := in.k.pages.zones[1].addr // into which put_mod_name has just freed a page
	return &Registers{vm.EAX: init, vm.EBX: errnoWord(abi.EINVAL), vm.ECX: zone, vm.EDX: zone + 8, vm.EBP: in.mod.addr}
}

// enterDeps makes the module's references: each dependency's list gets it in front, and the dependency counts as used.
func (in *initModule) enterDeps() {
	k, lay, ref := in.k, &in.k.lay.Module, &in.k.lay.ModuleRef
	at := in.mod.get(lay.Deps)
	for range in.mod.get(lay.Ndeps) {
		d := module{k, k.mem.Get(at, ref.Dep)}
		k.mem.Set(at, ref.Ref, in.mod.addr)
		k.mem.Set(at, ref.NextRef, d.get(lay.Refs))
		d.set(lay.Refs, at)
		d.setFlags(abi.ModUsedOnce, 0)
		at += ref.Size
	}
}

// copyIn is copy_from_user into the module.
func (in *initModule) copyIn(to, from, size uint32) (ok bool) {
	ok = in.k.copyUserToKernel(to, from, size)
	if !ok {
		in.noteCutOff()
	}
	return ok
}

// noteCutOff remarks on a failed access to user memory: the real kernel gets over it by the exception table of its own
// entry, which a header without the link to it has just cut off.
func (in *initModule) noteCutOff() {
	if !in.k.listHasKernel() {
		in.k.note("init_module: the image's header has unlinked kernel_module: 2.4.18 would not find its own exception table " +
			"and oops until the machine resets")
	}
}

// copyUserToKernel is copy_from_user page by page: what could not be read is zero. It reports whether all could. A range
// that is no user memory is not read at all, but the destination is zeroed however far that leads.
func (k *Kernel) copyUserToKernel(to, from, size uint32) bool {
	ok := k.AccessOK(from, size)
	for size > 0 {
		part := min(left(to), size)
		b := make([]byte, part)
		if ok {
			ok = k.CopyFromUser(b, from) == 0
		}
		k.mem.Write(to, b)
		to, from, size = to+part, from+part, size-part
	}
	return ok
}

// listHasKernel tells whether module_list still leads to kernel_module.
func (k *Kernel) listHasKernel() bool {
	for m := range k.modules() {
		if m.addr == k.sym.KernelModule {
			return true
		}
	}
	return false
}

// saveName keeps the module's name, which the header may overwrite.
func (in *initModule) saveName() bool {
	k := in.k
	name := in.mod.name()
	in.saved = k.Kmalloc(uint32(len(name))+1, k.constant("GFP_KERNEL"))
	if in.saved == 0 {
		return false
	}
	k.mem.Write(in.saved, append([]byte(name), 0))
	return true
}

func (in *initModule) freeSaved() {
	if in.saved != 0 {
		in.k.Kfree(in.saved)
	}
}

// restore puts back the header and the name.
func (in *initModule) restore() {
	k := in.k
	k.mem.Write(in.mod.addr, in.old)
	k.mem.Write(in.oldWord(k.lay.Module.Name), append([]byte(k.kernelString(in.saved)), 0))
}

// oldWord is a word of the header before the call.
func (in *initModule) oldWord(f abi.Field) uint32 {
	b := in.old[f.Off:]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
