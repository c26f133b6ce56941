// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestPathNames(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.fs.lay.Nameidata
	require.NoError(t, g.p.MakeDir("/mnt/in", 0o755))
	require.NoError(t, g.p.Mount("ramfs", "none", "/mnt/in", ""))
	_, err := g.p.WriteFile("/mnt/file", []byte("x"))
	require.NoError(t, err)
	user, err := g.p.Alloc(2 * abi.PageSize)
	require.NoError(t, err)
	nd := g.put(make([]byte, lay.Size)...)
	path := func(s string) uint32 {
		require.NoError(t, g.p.WriteUser(user, append([]byte(s), 0)))
		return user
	}
	names := cacheStat(k, "names_cache").Active

	at := uint32(g.callKernel(t, "getname", path("/mnt/in")))
	require.Equal(t, "/mnt/in", k.kernelString(at))
	g.callKernel(t, "kmem_cache_free", k.mem.U32(k.sym.NamesCachep), at)
	require.EqualValues(t, -abi.ENOENT, g.callKernel(t, "getname", path("")))
	require.EqualValues(t, -abi.EFAULT, g.callKernel(t, "getname", 0x10))
	require.EqualValues(t, -abi.ENAMETOOLONG, g.callKernel(t, "getname", path(strings.Repeat("x", abi.PageSize))))
	require.Equal(t, names, cacheStat(k, "names_cache").Active)

	inodeOf := func() uint32 { return k.dentryInode(k.mem.Get(nd, lay.Dentry)) }
	walk := func(s string, flags uint32) int32 {
		k.mem.Fill(nd, lay.Size, 0)
		return g.callKernel(t, "__user_walk", path(s), flags, nd)
	}
	users := func() uint32 { return k.mem.Get(k.drv.fs.rootMnt, k.drv.fs.lay.Mnt.Count) }
	before := users()
	require.Zero(t, walk("/mnt/file", lookupFollow))
	require.EqualValues(t, modeRegular, k.mem.Get(inodeOf(), k.lay.Inode.Mode)&modeKind)
	require.Equal(t, before+1, users())
	g.callKernel(t, "path_release", nd)
	require.EqualValues(t, -abi.ENOTDIR, walk("/mnt/file", lookupFollow|lookupDirectory))
	require.EqualValues(t, -abi.ENOENT, walk("/mnt/none", lookupFollow))
	require.Equal(t, before, users())
	require.Zero(t, walk("/mnt/new", lookupParent))
	require.EqualValues(t, lastNormal, k.mem.Get(nd, lay.LastType))
	require.EqualValues(t, 3, k.mem.U32(nd+lay.Last.Off+wordSize))
	g.callKernel(t, "path_release", nd)
	require.Zero(t, walk("/mnt/..", lookupParent))
	require.EqualValues(t, lastDotDot, k.mem.Get(nd, lay.LastType))
	g.callKernel(t, "path_release", nd)

	// Out of the mounted file system, and into it again.
	require.Zero(t, walk("/mnt/in", lookupFollow))
	mnt, dentry := nd+lay.Mnt.Off, nd+lay.Dentry.Off
	inside := [2]uint32{k.mem.U32(mnt), k.mem.U32(dentry)}
	require.EqualValues(t, 0, g.callKernel(t, "follow_down", mnt, dentry))
	require.EqualValues(t, 1, g.callKernel(t, "follow_up", mnt, dentry))
	require.Equal(t, k.drv.fs.rootMnt, k.mem.U32(mnt))
	require.Equal(t, inside[0], uint32(g.callKernel(t, "lookup_mnt", k.mem.U32(mnt), k.mem.U32(dentry))))
	require.EqualValues(t, 1, g.callKernel(t, "follow_down", mnt, dentry))
	require.Equal(t, inside, [2]uint32{k.mem.U32(mnt), k.mem.U32(dentry)})
	g.callKernel(t, "path_release", nd)
	require.NoError(t, g.p.Unmount("/mnt/in"), "nothing is left in use")
	require.Equal(t, before-1, users())

	task, fields := g.p.task, &k.lay.Task
	task.Set(fields.Fsgid, 5)
	task.Set(fields.Egid, 6)
	task.Set(fields.Ngroups, 1)
	k.mem.SetU32(task.addr+fields.Groups.Off, 7)
	for _, c := range []struct{ group, fs, effective uint32 }{{5, 1, 0}, {6, 0, 1}, {7, 1, 1}, {8, 0, 0}} {
		require.EqualValues(t, c.fs, g.callKernel(t, "in_group_p", c.group))
		require.EqualValues(t, c.effective, g.callKernel(t, "in_egroup_p", c.group))
	}
}
