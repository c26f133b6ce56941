// SPDX-License-Identifier: BSD-3-Clause
// Registration of character sets, file systems, binary formats, execution domains, disks and RAID personalities
// (2.4.18 fs/nls/nls_base.c, fs/super.c, fs/exec.c, kernel/exec_domain.c, drivers/block/genhd.c, drivers/md/md.c).
//
// Each is a list in guest memory, linked through a field of what the module hands over. What uses the lists, such as
// mount(2), is not modelled.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

func registryFunctions() []Function {
	const unused = "nothing uses the list"
	fs := func(k *Kernel) registry {
		return registry{"file_systems", k.drv.sym.FileSystems, k.drv.lay.FileSystem.Next}
	}
	nls := func(k *Kernel) registry {
		return registry{"the list of character sets", k.drv.sym.NLSTables, k.drv.lay.NLS.Next}
	}
	fmts := func(k *Kernel) registry { return registry{"formats", k.drv.sym.Formats, k.drv.lay.Binfmt.Next} }
	domains := func(k *Kernel) registry {
		return registry{"exec_domains", k.drv.sym.ExecDomains, k.drv.lay.ExecDomain.Next}
	}
	return []Function{
		{Name: "register_nls", Fn: registerFirst(nls), Level: Full},
		{Name: "unregister_nls", Fn: unregister(nls, keepLink), Level: Full},
		{Name: "load_nls", Fn: loadNLS, Level: Full},
		{Name: "load_nls_default", Fn: loadNLSDefault, Level: Full},
		{Name: "unload_nls", Fn: unloadNLS, Level: Full},
		{Name: "register_filesystem", Fn: registerFilesystem, Level: Full},
		{Name: "unregister_filesystem", Fn: unregister(fs, clearLink), Level: Full},
		{Name: "register_binfmt", Fn: registerFirst(fmts), Level: Partial, Note: "the kernel's own formats are not on the list; no execve"},
		{Name: "unregister_binfmt", Fn: unregister(fmts, keepLink), Level: Full},
		{Name: "register_exec_domain", Fn: registerFirst(domains), Level: Partial, Note: unused},
		{Name: "unregister_exec_domain", Fn: unregister(domains, clearLink), Level: Full},
		{Name: "add_gendisk", Fn: addGendisk, Level: Partial, Note: unused},
		{Name: "del_gendisk", Fn: delGendisk, Level: Full},
		{Name: "get_gendisk", Fn: getGendisk, Level: Full},
		{Name: "register_disk", Fn: registerDisk, Level: Partial, Note: otherTables},
		{Name: "register_md_personality", Fn: registerMD, Level: Partial, Note: unused},
		{Name: "unregister_md_personality", Fn: unregisterMD, Level: Full},
	}
}

func (k *Kernel) bootRegistry() error {
	k.mem.SetU32(k.drv.sym.ExecDomains, k.sym.ExecDomain)
	return nil
}

// registry is a list of registered things.
type registry struct {
	what string
	head uint32
	next abi.Field
}

// registerFirst puts a thing at the head of a list: EINVAL without one, EBUSY when it is on it or its link is not 0.
func registerFirst(list func(*Kernel) registry) func(*Call) {
	return func(c *Call) {
		k, r, at := c.Kernel, list(c.Kernel), c.Arg(0)
		switch {
		case at == 0:
			c.Fail(abi.EINVAL)
		case k.mem.Get(at, r.next) != 0, k.wordOf(r.what, r.head, r.next, at) != 0:
			c.Fail(abi.EBUSY)
		default:
			k.push(r.head, at, r.next)
			c.Return(0)
		}
	}
}

// What unregister does with the link of what it takes off.
type linkAfter uint8

const (
	keepLink linkAfter = iota
	clearLink
)

// unregister takes a thing off its list: EINVAL when it is not there.
func unregister(list func(*Kernel) registry, after linkAfter) func(*Call) {
	return func(c *Call) {
		k, r, at := c.Kernel, list(c.Kernel), c.Arg(0)
		word := k.wordOf(r.what, r.head, r.next, at)
		if word == 0 {
			c.Fail(abi.EINVAL)
			return
		}
		k.mem.SetU32(word, k.mem.Get(at, r.next))
		if after == clearLink {
			k.mem.Set(at, r.next, 0)
		}
		c.Return(0)
	}
}

// registerFilesystem models int register_filesystem(struct file_system_type *fs): EBUSY also for a name that is taken.
func registerFilesystem(c *Call) {
	k, fs, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.FileSystem
	switch {
	case fs == 0:
		c.Fail(abi.EINVAL)
		return
	case k.mem.Get(fs, lay.Next) != 0:
		c.Fail(abi.EBUSY)
		return
	}
	k.listInit(fs + lay.FsSupers.Off)
	name := k.kernelString(k.mem.Get(fs, lay.Name))
	for word, other := range k.links("file_systems", k.drv.sym.FileSystems, lay.Next) {
		switch {
		case other == 0:
			k.mem.SetU32(word, fs)
			c.Return(0)
		case k.equals(k.mem.Get(other, lay.Name), name):
			c.Fail(abi.EBUSY)
			return
		}
	}
}

// findNLS returns the table of a character set, with a reference to its module; 0 when there is none.
func (k *Kernel) findNLS(charset string) uint32 {
	lay := &k.drv.lay.NLS
	for _, t := range k.links("the list of character sets", k.drv.sym.NLSTables, lay.Next) {
		if t == 0 || !k.equals(k.mem.Get(t, lay.Charset), charset) {
			continue
		}
		if k.tryModule(k.mem.Get(t, lay.Owner)) {
			return t
		}
		return 0
	}
	return 0
}

// loadNLS models struct nls_table *load_nls(char *charset): it asks modprobe for nls_CHARSET when there is none.
func loadNLS(c *Call) { c.Return(c.Kernel.loadNLS(c.Kernel.kernelString(c.Arg(0)))) }

func (k *Kernel) loadNLS(charset string) uint32 {
	if t := k.findNLS(charset); t != 0 {
		return t
	}
	k.requestModule("nls_" + charset)
	return k.findNLS(charset)
}

// loadNLSDefault models struct nls_table *load_nls_default(void).
func loadNLSDefault(c *Call) {
	const configured = "iso8859-1" // CONFIG_NLS_DEFAULT
	k := c.Kernel
	t := k.loadNLS(configured)
	if t == 0 {
		t = k.drv.sym.NLSDefault
	}
	c.Return(t)
}

// unloadNLS models void unload_nls(struct nls_table *nls).
func unloadNLS(c *Call) {
	c.Kernel.putModule(c.Kernel.mem.Get(c.Arg(0), c.Kernel.drv.lay.NLS.Owner))
}

// addGendisk models void add_gendisk(struct gendisk *gp). One that is on the list is not added again.
func addGendisk(c *Call) {
	k, gp, s := c.Kernel, c.Arg(0), &c.Kernel.drv
	if k.wordOf("gendisk_head", s.sym.GendiskHead, s.lay.Gendisk.Next, gp) == 0 {
		k.mem.SetU32(s.sym.GendiskArr+k.mem.Get(gp, s.lay.Gendisk.Major)*wordSize, gp)
		k.push(s.sym.GendiskHead, gp, s.lay.Gendisk.Next)
	}
}

// delGendisk models void del_gendisk(struct gendisk *gp).
func delGendisk(c *Call) {
	k, gp, s := c.Kernel, c.Arg(0), &c.Kernel.drv
	k.mem.SetU32(s.sym.GendiskArr+k.mem.Get(gp, s.lay.Gendisk.Major)*wordSize, 0)
	if word := k.wordOf("gendisk_head", s.sym.GendiskHead, s.lay.Gendisk.Next, gp); word != 0 {
		k.mem.SetU32(word, k.mem.Get(gp, s.lay.Gendisk.Next))
	}
}

// getGendisk models struct gendisk *get_gendisk(kdev_t dev).
func getGendisk(c *Call) { c.Return(c.Kernel.gendiskOf(c.Arg(0) >> 8 & 0xff)) }

// gendiskOf is the disk of a major number, 0 when there is none.
func (k *Kernel) gendiskOf(major uint32) uint32 {
	s := &k.drv
	if gp := k.mem.U32(s.sym.GendiskArr + major*wordSize); gp != 0 {
		return gp
	}
	for _, gp := range k.links("gendisk_head", s.sym.GendiskHead, s.lay.Gendisk.Next) {
		if gp != 0 && k.mem.Get(gp, s.lay.Gendisk.Major) == major {
			return gp
		}
	}
	return 0
}

// mdPersonalities is MAX_PERSONALITY.
const mdPersonalities = 8

// registerMD models int register_md_personality(int pnum, mdk_personality_t *p).
func registerMD(c *Call) {
	k, pnum, p := c.Kernel, c.Arg(0), c.Arg(1)
	if pnum >= mdPersonalities {
		c.Fail(abi.EINVAL)
		return
	}
	at := k.drv.sym.MDPers + pnum*4
	if k.mem.U32(at) != 0 {
		c.Fail(abi.EBUSY)
		return
	}
	k.mem.SetU32(at, p)
	k.Printk("<6>md: %s personality registered as nr %d\n", k.kernelString(k.mem.Get(p, k.drv.lay.MDPers.Name)), pnum)
	c.Return(0)
}

// unregisterMD models int unregister_md_personality(int pnum).
func unregisterMD(c *Call) {
	k, pnum := c.Kernel, c.Arg(0)
	if pnum >= mdPersonalities {
		c.Fail(abi.EINVAL)
		return
	}
	at := k.drv.sym.MDPers + pnum*4
	k.Printk("<6>md: %s personality unregistered\n", k.kernelString(k.mem.Get(k.mem.U32(at), k.drv.lay.MDPers.Name)))
	k.mem.SetU32(at, 0)
	c.Return(0)
}

// text16 is a name in an array of 16 bytes.
func (k *Kernel) text16(addr uint32) string {
	s, _ := k.mem.CString(addr, 16)
	return s
}

// setText writes a string into an array of size bytes.
func (k *Kernel) setText(addr, size uint32, format string, args ...any) {
	b := make([]byte, size)
	copy(b[:size-1], fmt.Sprintf(format, args...))
	k.mem.Write(addr, b)
}
