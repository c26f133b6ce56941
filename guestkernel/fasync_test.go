// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// A driver whose file operation fasync is fasync_helper; events tells the files' owners.
func TestFasync(t *testing.T) {
	const setFlags, fioasync, pollOut = 4, 0x5452, sigPollFirst + 1
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.lay.FileOperations
	list, ops := g.put(0, 0, 0, 0), g.put(make([]byte, lay.Size)...)
	k.mem.Set(ops, lay.Fasync, g.modelled(func(c *Call) {
		eax, _ := k.Invoke(GuestCall{Fn: k.functionAt("fasync_helper"), Args: []uint32{c.Arg(0), c.Arg(1), c.Arg(2), list}})
		c.Return(min(eax, 0))
	}))
	require.EqualValues(t, 0, g.callKernel(t, "register_chrdev", 240, g.text("events"), ops))
	p := newProcess(t, k, ProcessConfig{})
	pending := func() (set uint64) {
		set = k.mem.U64(p.task.addr + k.lay.Task.PendingSignal.Off)
		k.flushSignals(p.task)
		return set
	}
	event := func(signal, band uint32) { g.callKernel(t, "kill_fasync", list, signal, band) }
	fd, err := p.Open("/dev/char:240:0", OpenRead, 0)
	require.NoError(t, err)
	f := k.fileAt(p.task, fd)
	objects := cacheStat(k, "fasync_cache").Active

	_, err = p.call("fcntl", fd, setFlags, fileAsync)
	require.NoError(t, err)
	require.EqualValues(t, fileAsync, k.mem.Get(f, k.lay.File.Flags)&fileAsync)
	require.Equal(t, objects+1, cacheStat(k, "fasync_cache").Active)
	event(abi.SIGIO, pollOut)
	require.Zero(t, pending(), "nobody owns the file")

	_, err = p.call("fcntl", fd, fcntlSetOwner, uint32(p.task.Pid()))
	require.NoError(t, err)
	own, err := p.call("fcntl", fd, fcntlGetOwner, 0)
	require.NoError(t, err)
	require.EqualValues(t, p.task.Pid(), own)
	event(abi.SIGIO, pollOut)
	require.EqualValues(t, 1<<(abi.SIGIO-1), pending())
	event(abi.SIGURG, pollOut)
	require.Zero(t, pending(), "the socket does that")
	p.task.Set(k.lay.Task.Pgrp, 55)
	k.mem.Set(f, k.drv.fs.lay.Owner.Pid, ^uint32(54))
	event(abi.SIGIO, pollOut)
	require.EqualValues(t, 1<<(abi.SIGIO-1), pending(), "by process group")

	k.mem.Set(f, k.drv.fs.lay.Owner.Pid, uint32(p.task.Pid()))
	_, err = p.call("fcntl", fd, fcntlSetSignal, 65)
	require.ErrorContains(t, err, "EINVAL")
	_, err = p.call("fcntl", fd, fcntlSetSignal, 40)
	require.NoError(t, err)
	event(abi.SIGURG, pollOut)
	info := k.mem.U32(p.task.addr+k.lay.Task.PendingHead.Off) + k.lay.Sigqueue.Info.Off
	si := &k.lay.Siginfo
	for _, c := range []struct {
		f    abi.Field
		want uint32
	}{{si.Signo, 40}, {si.Code, pollOut}, {si.Band, 0x304}, {si.FD, fd}} {
		require.Equal(t, c.want, k.mem.Get(info, c.f))
	}
	require.EqualValues(t, uint64(1<<39), pending())
	k.mem.SetU32(k.sym.NrQueuedSignals, 1024)
	event(abi.SIGURG, pollOut)
	require.EqualValues(t, 1<<(abi.SIGIO-1), pending(), "too many are queued")
	k.mem.SetU32(k.sym.NrQueuedSignals, 0)
	k.mem.Set(f, k.drv.fs.lay.Owner.Euid, 77)
	k.mem.Set(f, k.drv.fs.lay.Owner.UID, 77)
	event(abi.SIGIO, pollOut)
	require.Zero(t, pending(), "another user's file")

	at, err := p.Alloc(4)
	require.NoError(t, err)
	_, err = p.call("ioctl", fd, fioasync, at)
	require.NoError(t, err)
	require.Zero(t, k.mem.U32(list))
	require.Equal(t, objects, cacheStat(k, "fasync_cache").Active)
	require.Zero(t, k.mem.Get(f, k.lay.File.Flags)&fileAsync)
	k.mem.Set(ops, lay.Fasync, 0)
	require.NoError(t, p.WriteUser(at, []byte{1}))
	_, err = p.call("ioctl", fd, fioasync, at)
	require.ErrorContains(t, err, "ENOTTY")
	bad := g.put(make([]byte, k.drv.fs.lay.Fasync.Size)...)
	g.callKernel(t, "__kill_fasync", bad, abi.SIGIO, pollOut)
	require.Contains(t, k.LogText(), "<3>kill_fasync: bad magic number in fasync_struct!\n")
}
