// SPDX-License-Identifier: BSD-3-Clause
// Names of files: struct dentry, in a tree and in a hash table (2.4.18 fs/dcache.c).
//
// A name that is in the hash table stays when nobody uses it, also that of a file that does not exist. Names of /proc and of
// device files are in no table: they live as long as they are used.

package guestkernel

import "ring0/guestkernel/abi"

const dentryBuckets = 1024

func dcacheFunctions() []Function {
	k1 := func(f func(*Kernel, uint32)) func(*Call) { return func(c *Call) { f(c.Kernel, c.Arg(0)) } }
	return []Function{
		{Name: "d_alloc", Fn: dAlloc, Level: Full},
		{Name: "d_alloc_root", Fn: func(c *Call) { c.Return(c.Kernel.rootDentry(c.Arg(0))) }, Level: Full},
		{Name: "d_instantiate", Fn: func(c *Call) { c.Kernel.instantiate(c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "d_rehash", Fn: k1((*Kernel).hashDentry), Level: Full},
		{Name: "d_lookup", Fn: dLookup, Level: Full},
		{Name: "dput", Fn: k1((*Kernel).dput), Level: Full},
		{Name: "dget_locked", Fn: func(c *Call) { c.Kernel.useDentry(c.Arg(0)); c.Return(c.Arg(0)) }, Level: Full},
		{Name: "d_delete", Fn: dDelete, Level: Full},
		{Name: "d_move", Fn: func(c *Call) { c.Kernel.moveDentry(c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "d_invalidate", Fn: dInvalidate, Level: Full},
		{Name: "d_prune_aliases", Fn: dPruneAliases, Level: Full},
		{Name: "d_find_alias", Fn: dFindAlias, Level: Full},
		{Name: "shrink_dcache_parent", Fn: k1((*Kernel).shrinkDcache), Level: Full},
		{Name: "shrink_dcache_sb", Fn: k1((*Kernel).shrinkDcacheSB), Level: Full},
		{Name: "have_submounts", Fn: haveSubmounts, Level: Full},
		{Name: "is_subdir", Fn: isSubdir, Level: Full},
		{Name: "find_inode_number", Fn: findInodeNumber, Level: Full},
		{Name: "d_genocide", Fn: k1((*Kernel).genocide), Level: Full},
		{Name: "__d_path", Fn: dPath, Level: Full},
		{Name: "dcache_readdir", Fn: dcacheReaddir, Level: Full},
	}
}

// bootDcache makes the hash table and the list of unused names.
func (k *Kernel) bootDcache() error {
	const order = 1
	table := k.GetFreePages(k.pages.gfp.kernel, order)
	if table == 0 {
		return errNoMemory
	}
	for i := range uint32(dentryBuckets) {
		k.listInit(table + i*listHeadSize)
	}
	k.mem.SetU32(k.symbol("dentry_hashtable"), table)
	k.listInit(k.symbol("dentry_unused"))
	return nil
}

func (k *Kernel) useDentry(d uint32) uint32 {
	count := k.lay.Dentry.Count
	n := k.mem.Get(d, count)
	if lru := d + k.lay.Dentry.LRU.Off; n == 0 && !k.listEmpty(lru) {
		k.listDelInit(lru)
	}
	k.mem.Set(d, count, n+1)
	return d
}

// dentryInode is a name's inode, 0 for a file that does not exist.
func (k *Kernel) dentryInode(d uint32) uint32 { return k.mem.Get(d, k.lay.Dentry.Inode) }

// dentryName is the last part of a path.
func (k *Kernel) dentryName(d uint32) string {
	return string(k.mem.Bytes(k.mem.Get(d, k.lay.Dentry.NameString), k.mem.Get(d, k.lay.Dentry.NameLen)))
}

// nameHash is the hash of a name as the kernel's inline functions make it (full_name_hash).
func nameHash(name string) (h uint32) {
	for i := range len(name) {
		c := uint32(name[i])
		h = (h + c<<4 + c>>4) * 11
	}
	return h
}

// A qstr is a name with its hash, as struct qstr has it.
type qstr struct {
	name string
	hash uint32
}

func newQstr(name string) qstr { return qstr{name, nameHash(name)} }

func (k *Kernel) readQstr(at uint32) qstr {
	const lenOff, hashOff = 4, 8
	return qstr{string(k.mem.Bytes(k.mem.U32(at), k.mem.U32(at+lenOff))), k.mem.U32(at + hashOff)}
}

// allocDentry is d_alloc: a name without an inode; 0 without memory.
func (k *Kernel) allocDentry(parent uint32, q qstr) uint32 {
	lay := &k.lay.Dentry
	d := k.fromCache(k.sym.DentryCache, lay.Size)
	if d == 0 {
		return 0
	}
	text := d + lay.Iname.Off
	if uint32(len(q.name)) >= lay.Iname.Size {
		if text = k.Kmalloc(uint32(len(q.name))+1, k.pages.gfp.kernel); text == 0 {
			k.cacheFree(k.mem.U32(k.sym.DentryCache), d)
			return 0
		}
	}
	k.mem.Write(text, append([]byte(q.name), 0))
	k.mem.Set(d, lay.NameString, text)
	k.mem.Set(d, lay.NameLen, uint32(len(q.name)))
	k.mem.Set(d, lay.NameHash, q.hash)
	k.mem.Set(d, lay.Count, 1)
	for _, head := range []abi.Field{lay.Hash, lay.LRU, lay.Child, lay.Subdirs, lay.Alias} {
		k.listInit(d + head.Off)
	}
	if parent != 0 {
		k.mem.Set(d, lay.Parent, k.useDentry(parent))
		k.mem.Set(d, lay.SB, k.mem.Get(parent, lay.SB))
		k.listAdd(d+lay.Child.Off, parent+lay.Subdirs.Off)
	}
	return d
}

// dAlloc models struct dentry *d_alloc(struct dentry *parent, const struct qstr *name).
func dAlloc(c *Call) { c.Return(c.Kernel.allocDentry(c.Arg(0), c.Kernel.readQstr(c.Arg(1)))) }

// rootDentry is d_alloc_root: the name "/" of an inode; 0 without memory.
func (k *Kernel) rootDentry(inode uint32) uint32 {
	lay := &k.lay.Dentry
	if inode == 0 {
		return 0
	}
	d := k.allocDentry(0, qstr{name: "/"})
	if d != 0 {
		k.mem.Set(d, lay.SB, k.mem.Get(inode, k.lay.Inode.SB))
		k.mem.Set(d, lay.Parent, d)
		k.instantiate(d, inode)
	}
	return d
}

// instantiate is d_instantiate: the name is that of an inode, whose use it takes over; 0: of none.
func (k *Kernel) instantiate(d, inode uint32) {
	if inode != 0 {
		k.listAdd(d+k.lay.Dentry.Alias.Off, inode+k.drv.fs.lay.Inode.Dentries.Off)
	}
	k.mem.Set(d, k.lay.Dentry.Inode, inode)
}

func (k *Kernel) dentryBucket(parent, hash uint32) uint32 {
	const spread = 0x9e370001
	h := (parent>>5 ^ hash) * spread >> 22
	return k.mem.U32(k.symbol("dentry_hashtable")) + h%dentryBuckets*listHeadSize
}

// hashDentry is d_rehash.
func (k *Kernel) hashDentry(d uint32) {
	lay := &k.lay.Dentry
	k.listAdd(d+lay.Hash.Off, k.dentryBucket(k.mem.Get(d, lay.Parent), k.mem.Get(d, lay.NameHash)))
}

// dropDentry is d_drop: nobody finds the name any more.
func (k *Kernel) dropDentry(d uint32) { k.listDelInit(d + k.lay.Dentry.Hash.Off) }

// findDentry is d_lookup: a child by its name, with one more user; 0 when it is not in the table. A file system may have its
// own idea of equal names.
func (k *Kernel) findDentry(parent uint32, q qstr, qstrAt uint32) uint32 {
	lay := &k.lay.Dentry
	for at := range k.listMembers("a list of names", k.dentryBucket(parent, q.hash)) {
		d := at - lay.Hash.Off
		if k.mem.Get(d, lay.NameHash) != q.hash || k.mem.Get(d, lay.Parent) != parent {
			continue
		}
		if op := k.mem.Get(parent, lay.Op); op != 0 && k.mem.Get(op, k.drv.fs.lay.DOps.Compare) != 0 && qstrAt != 0 {
			if k.Call(k.mem.Get(op, k.drv.fs.lay.DOps.Compare), parent, d+lay.Name.Off, qstrAt) != 0 {
				continue
			}
		} else if k.dentryName(d) != q.name {
			continue
		}
		return k.useDentry(d)
	}
	return 0
}

// dLookup models struct dentry *d_lookup(struct dentry *parent, struct qstr *name).
func dLookup(c *Call) { c.Return(c.Kernel.findDentry(c.Arg(0), c.Kernel.readQstr(c.Arg(1)), c.Arg(1))) }

// dput gives up a use of a name. With the last one it stays unused if it is in the table; else it goes, and its inode, and
// its use of its parent.
func (k *Kernel) dput(d uint32) {
	const stillUnused = 128
	lay, ops := &k.lay.Dentry, &k.drv.fs.lay.DOps
	for d != 0 {
		n := k.mem.Get(d, lay.Count) - 1
		k.mem.Set(d, lay.Count, n)
		if n != 0 {
			return
		}
		if !k.listEmpty(d + lay.LRU.Off) {
			k.bug("dput", "dcache.c", stillUnused)
		}
		op := k.mem.Get(d, lay.Op)
		if op != 0 && k.mem.Get(op, ops.Delete) != 0 && op != k.sym.ProcDentryOps && k.Call(k.mem.Get(op, ops.Delete), d) != 0 {
			k.dropDentry(d)
		}
		if !k.listEmpty(d + lay.Hash.Off) {
			k.listAdd(d+lay.LRU.Off, k.symbol("dentry_unused"))
			return
		}
		d = k.killDentry(d)
	}
}

// killDentry frees a name that nobody uses and returns its parent, whose use is left to be given up; 0 for a root.
func (k *Kernel) killDentry(d uint32) (parent uint32) {
	lay := &k.lay.Dentry
	k.listDel(d + lay.Child.Off)
	k.dropDentryInode(d)
	parent = k.mem.Get(d, lay.Parent)
	if op := k.mem.Get(d, lay.Op); op != 0 && op != k.sym.ProcDentryOps {
		if release := k.mem.Get(op, k.drv.fs.lay.DOps.Release); release != 0 {
			k.Call(release, d)
		}
	}
	if text := k.mem.Get(d, lay.NameString); text != d+lay.Iname.Off {
		k.Kfree(text)
	}
	k.cacheFree(k.mem.U32(k.sym.DentryCache), d)
	if parent == d {
		return 0
	}
	return parent
}

// dropDentryInode takes the inode from a name (dentry_iput).
func (k *Kernel) dropDentryInode(d uint32) {
	lay := &k.lay.Dentry
	inode := k.mem.Get(d, lay.Inode)
	if inode == 0 {
		return
	}
	k.mem.Set(d, lay.Inode, 0)
	k.listDelInit(d + lay.Alias.Off)
	if op := k.mem.Get(d, lay.Op); op != 0 && op != k.sym.ProcDentryOps {
		if iput := k.mem.Get(op, k.drv.fs.lay.DOps.Iput); iput != 0 {
			k.Call(iput, d, inode)
			return
		}
	}
	k.iput(inode)
}

// dDelete models void d_delete(struct dentry *dentry): the file is no more. Its only user keeps a name of nothing.
func dDelete(c *Call) {
	k, d := c.Kernel, c.Arg(0)
	if k.mem.Get(d, k.lay.Dentry.Count) == 1 {
		k.dropDentryInode(d)
		return
	}
	k.dropDentry(d)
}

// moveDentry is d_move: d gets the name and the place of target, which is found no more.
func (k *Kernel) moveDentry(d, target uint32) {
	lay := &k.lay.Dentry
	if k.dentryInode(d) == 0 {
		k.Printk("<4>VFS: moving negative dcache entry\n")
	}
	name, old := k.readQstr(target+lay.Name.Off), k.readQstr(d+lay.Name.Off)
	k.dropDentry(d)
	k.dropDentry(target)
	for _, p := range []uint32{d, target} {
		k.listDel(p + lay.Child.Off)
	}
	parent, newParent := k.mem.Get(d, lay.Parent), k.mem.Get(target, lay.Parent)
	k.setName(d, name)
	k.setName(target, old)
	k.mem.Set(d, lay.Parent, newParent)
	k.mem.Set(target, lay.Parent, parent)
	k.listAdd(target+lay.Child.Off, parent+lay.Subdirs.Off)
	k.listAdd(d+lay.Child.Off, newParent+lay.Subdirs.Off)
	k.hashDentry(d)
}

// setName gives a dentry another name.
func (k *Kernel) setName(d uint32, q qstr) {
	lay := &k.lay.Dentry
	if text := k.mem.Get(d, lay.NameString); text != d+lay.Iname.Off {
		k.Kfree(text)
	}
	text := d + lay.Iname.Off
	if uint32(len(q.name)) >= lay.Iname.Size {
		text = k.Kmalloc(uint32(len(q.name))+1, k.pages.gfp.kernel)
	}
	k.mem.Write(text, append([]byte(q.name), 0))
	k.mem.Set(d, lay.NameString, text)
	k.mem.Set(d, lay.NameLen, uint32(len(q.name)))
	k.mem.Set(d, lay.NameHash, q.hash)
}

// dInvalidate models int d_invalidate(struct dentry *dentry): EBUSY for a directory that others use.
func dInvalidate(c *Call) {
	k, d, lay := c.Kernel, c.Arg(0), &c.Kernel.lay.Dentry
	c.Return(0)
	if k.listEmpty(d + lay.Hash.Off) {
		return
	}
	k.shrinkDcache(d)
	inode := k.dentryInode(d)
	if k.mem.Get(d, lay.Count) > 1 && inode != 0 && k.mem.Get(inode, k.lay.Inode.Mode)&modeKind == modeDir {
		c.Fail(abi.EBUSY)
		return
	}
	k.dropDentry(d)
}

// aliases are the names of an inode.
func (k *Kernel) aliases(inode uint32) (all []uint32) {
	for at := range k.listMembers("the names of an inode", inode+k.drv.fs.lay.Inode.Dentries.Off) {
		all = append(all, at-k.lay.Dentry.Alias.Off)
	}
	return all
}

// dPruneAliases models void d_prune_aliases(struct inode *inode).
func dPruneAliases(c *Call) {
	for _, d := range c.Kernel.aliases(c.Arg(0)) {
		if c.Kernel.mem.Get(d, c.Kernel.lay.Dentry.Count) == 0 {
			c.Kernel.pruneDentry(d)
		}
	}
}

// dFindAlias models struct dentry *d_find_alias(struct inode *inode): one that is in the table.
func dFindAlias(c *Call) {
	c.Return(0)
	for _, d := range c.Kernel.aliases(c.Arg(0)) {
		if !c.Kernel.listEmpty(d + c.Kernel.lay.Dentry.Hash.Off) {
			c.Return(c.Kernel.useDentry(d))
			return
		}
	}
}

// pruneDentry frees an unused name.
func (k *Kernel) pruneDentry(d uint32) {
	k.listDelInit(d + k.lay.Dentry.LRU.Off)
	k.dropDentry(d)
	k.dput(k.killDentry(d))
}

// children of a name, newest first.
func (k *Kernel) dentryChildren(d uint32) (all []uint32) {
	lay := &k.lay.Dentry
	for at := range k.listMembers("the names in a directory", d+lay.Subdirs.Off) {
		all = append(all, at-lay.Child.Off)
	}
	return all
}

// shrinkDcache is shrink_dcache_parent: frees the unused names below one, from the leaves up.
func (k *Kernel) shrinkDcache(d uint32) {
	for _, child := range k.dentryChildren(d) {
		k.useDentry(child)
		k.shrinkDcache(child)
		count := k.lay.Dentry.Count
		k.mem.Set(child, count, k.mem.Get(child, count)-1)
		if k.mem.Get(child, count) == 0 {
			k.pruneDentry(child)
		}
	}
}

// shrinkDcacheSB frees the unused names of a file system.
func (k *Kernel) shrinkDcacheSB(sb uint32) {
	if root := k.mem.Get(sb, k.drv.fs.lay.SB.Root); root != 0 {
		k.shrinkDcache(root)
	}
}

// genocide is d_genocide: names that were kept in use so as to stay are so no more.
func (k *Kernel) genocide(root uint32) {
	count := k.lay.Dentry.Count
	for _, d := range k.dentryChildren(root) {
		if k.listEmpty(d+k.lay.Dentry.Hash.Off) || k.dentryInode(d) == 0 {
			continue
		}
		k.genocide(d)
		k.mem.Set(d, count, k.mem.Get(d, count)-1)
		if k.mem.Get(d, count) == 0 {
			k.listAdd(d+k.lay.Dentry.LRU.Off, k.symbol("dentry_unused"))
		}
	}
}

// haveSubmounts models int have_submounts(struct dentry *parent).
func haveSubmounts(c *Call) { c.Return(boolWord(c.Kernel.mountedBelow(c.Arg(0)))) }

func (k *Kernel) mountedBelow(d uint32) bool {
	if k.mem.Get(d, k.lay.Dentry.Mounted) != 0 {
		return true
	}
	for _, child := range k.dentryChildren(d) {
		if k.mountedBelow(child) {
			return true
		}
	}
	return false
}

// isSubdir models int is_subdir(struct dentry *new_dentry, struct dentry *old_dentry).
func isSubdir(c *Call) {
	k, d := c.Kernel, c.Arg(0)
	for {
		parent := k.mem.Get(d, k.lay.Dentry.Parent)
		switch {
		case d == c.Arg(1):
			c.Return(1)
			return
		case parent == d:
			c.Return(0)
			return
		}
		d = parent
	}
}

// findInodeNumber models ino_t find_inode_number(struct dentry *dir, struct qstr *name): 0 when it is not in the table.
func findInodeNumber(c *Call) {
	k := c.Kernel
	c.Return(0)
	d := k.findDentry(c.Arg(0), k.readQstr(c.Arg(1)), c.Arg(1))
	if d == 0 {
		return
	}
	if inode := k.dentryInode(d); inode != 0 {
		c.Return(k.mem.Get(inode, k.lay.Inode.Ino))
	}
	k.dput(d)
}

// pathOf is the path of a name in a mounted file system, from the root of all.
func (k *Kernel) pathOf(d, mnt uint32) string {
	lay, m := &k.lay.Dentry, &k.drv.fs.lay.Mnt
	path := ""
	for {
		if mnt != 0 && d == k.mem.Get(mnt, m.Root) {
			parent := k.mem.Get(mnt, m.Parent)
			if parent == mnt || parent == 0 {
				break
			}
			d, mnt = k.mem.Get(mnt, m.Mountpoint), parent
			continue
		}
		parent := k.mem.Get(d, lay.Parent)
		if parent == d {
			if name := k.dentryName(d); name != "/" {
				return name + path
			}
			break
		}
		path = "/" + k.dentryName(d) + path
		d = parent
	}
	if path == "" {
		return "/"
	}
	return path
}

// dPath models char *__d_path(struct dentry *dentry, struct vfsmount *vfsmnt, struct dentry *root, struct vfsmount *rootmnt,
// char *buffer, int buflen): at the end of the buffer.
func dPath(c *Call) {
	k := c.Kernel
	path := k.pathOf(c.Arg(0), c.Arg(1))
	if k.listEmpty(c.Arg(0)+k.lay.Dentry.Hash.Off) && k.mem.Get(c.Arg(0), k.lay.Dentry.Parent) != c.Arg(0) {
		path += " (deleted)"
	}
	if uint32(len(path)) >= c.Arg(5) {
		c.Fail(abi.ENAMETOOLONG)
		return
	}
	at := c.Arg(4) + c.Arg(5) - uint32(len(path)) - 1
	k.mem.Write(at, append([]byte(path), 0))
	c.Return(at)
}

// dcacheReaddir models int dcache_readdir(struct file *filp, void *dirent, filldir_t filldir): a directory that is all in the
// table of names.
func dcacheReaddir(c *Call) {
	const typeDir, typeUnknown = 4, 0
	k, f, buf, fill, lay := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), &c.Kernel.lay.Dentry
	dir, pos := k.mem.Get(f, k.lay.File.Dentry), f+k.lay.File.Pos.Off
	c.Return(0)
	entry := func(at, length, number, kind uint32) bool {
		return int32(k.Call(fill, buf, at, length, k.mem.U32(pos), k.mem.U32(pos+wordSize), number, kind)) >= 0
	}
	parent := k.mem.Get(dir, lay.Parent)
	dots := c.Alloca(wordSize)
	k.mem.SetU32(dots, '.'|'.'<<8)
	for i, of := range []uint32{dir, parent} {
		if k.mem.U64(pos) == uint64(i) {
			if !entry(dots, uint32(i)+1, k.mem.Get(k.dentryInode(of), k.lay.Inode.Ino), typeDir) {
				return
			}
			k.mem.SetU64(pos, uint64(i)+1)
		}
	}
	children := k.dentryChildren(dir)
	for k.mem.U64(pos)-2 < uint64(len(children)) {
		d := children[k.mem.U64(pos)-2]
		if inode := k.dentryInode(d); inode != 0 && !k.listEmpty(d+lay.Hash.Off) {
			if !entry(k.mem.Get(d, lay.NameString), k.mem.Get(d, lay.NameLen), k.mem.Get(inode, k.lay.Inode.Ino), typeUnknown) {
				return
			}
		}
		k.mem.SetU64(pos, k.mem.U64(pos)+1)
	}
}
