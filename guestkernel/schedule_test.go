// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// modelled gives a function of the test's own a slot and returns its address.
func (g *guest) modelled(fn func(*Call)) uint32 {
	at := g.put(vmcallRet[:]...)
	g.k.slots[at] = slot{fn: &Function{Name: "test", Fn: fn}}
	return at
}

// A call that sleeps is blocked, others run meanwhile, and whoever wakes it lets it finish where it was, in its own address
// space and with its own stack.
func TestSleepAndWake(t *testing.T) {
	g := newGuest(t, Config{})
	k, sleeper := g.k, g.p
	waker := newProcess(t, k, ProcessConfig{})
	own, err := sleeper.Alloc(4)
	require.NoError(t, err)
	_, err = waker.Alloc(4)
	require.NoError(t, err)
	require.NoError(t, sleeper.WriteUser(own, le(0x1111)))
	require.NoError(t, waker.WriteUser(own, le(0x2222)))

	sleep := g.modelled(func(c *Call) {
		before := k.registers()
		c.Task().Set(k.lay.Task.State, abi.TaskUninterruptible)
		k.Schedule()
		require.Equal(t, before, k.registers())
		v, ok := k.GetUser(own, 4)
		require.True(t, ok)
		c.Return(v)
	})
	wake := g.modelled(func(c *Call) {
		require.True(t, k.Wake(sleeper.task))
		require.False(t, k.Wake(sleeper.task), "only once")
		v, _ := k.GetUser(own, 4)
		c.Return(v)
	})
	// push %esi … and a marker on the stack, around the sleep
	outer := g.put(code(0x56, 0xbe, uint32(0x5000), 0x68, uint32(0x600), call(sleep), 0x59, 0x01, 0xc8, 0x01, 0xf0, 0x5e, 0xc3)...)

	k.mem.SetU32(k.sym.SysCallTable+4*testSyscall, outer)
	require.Equal(t, Blocked, sleeper.Syscall(testSyscall).Kind)
	require.Equal(t, Blocked, sleeper.Wait().Kind)
	require.Error(t, sleeper.Start(abi.NrGetpid), "a call is under way")
	require.Equal(t, int32(11), waker.Syscall(abi.NrGetpid).Value)
	k.mem.SetU32(k.sym.SysCallTable+4*testSyscall, wake)
	require.Equal(t, int32(0x2222), waker.Syscall(testSyscall).Value)
	require.Equal(t, Outcome{Kind: Returned, Value: 0x1111 + 0x600 + 0x5000}, sleeper.Wait())
	require.Equal(t, int32(10), sleeper.Syscall(abi.NrGetpid).Value)
}

// A signal wakes an interruptible sleeper, which dies when its call is done.
func TestSignalEndsASleep(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	other := newProcess(t, k, ProcessConfig{})
	slept := false
	sleep := g.modelled(func(c *Call) {
		c.Task().Set(k.lay.Task.State, abi.TaskInterruptible)
		k.Schedule()
		slept = true
		c.Fail(abi.EINTR)
	})
	kill := g.modelled(func(c *Call) { k.sendSignalInfo(g.p.task, abi.SIGKILL, infoKernel) })
	require.Equal(t, Blocked, g.run(sleep).Kind)
	k.mem.SetU32(k.sym.SysCallTable+4*testSyscall, kill)
	require.Equal(t, Returned, other.Syscall(testSyscall).Kind)
	require.Equal(t, Outcome{Kind: Killed, Signal: abi.SIGKILL}, g.p.Wait())
	require.True(t, slept)
}

// A process that waits for the host dies of a signal before its next call; one that sleeps can be closed.
func TestEndsWithoutACall(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	free := k.freePageCount()
	idle, sleeper := newProcess(t, k, ProcessConfig{}), newProcess(t, k, ProcessConfig{})
	require.Equal(t, Returned, idle.Syscall(abi.NrGetpid).Kind)
	kill := g.modelled(func(c *Call) { k.sendSignalInfo(idle.task, abi.SIGTERM, infoKernel) })
	require.Equal(t, Returned, g.run(kill).Kind)
	require.Equal(t, Outcome{Kind: Killed, Signal: abi.SIGTERM}, idle.Syscall(abi.NrGetpid))
	sleep := g.modelled(func(c *Call) {
		c.Task().Set(k.lay.Task.State, abi.TaskUninterruptible)
		k.Schedule()
		t.Error("woke up")
	})
	k.mem.SetU32(k.sym.SysCallTable+4*testSyscall, sleep)
	require.Equal(t, Blocked, sleeper.Syscall(testSyscall).Kind)
	require.NoError(t, sleeper.Close())
	require.Equal(t, int32(10), g.p.Syscall(abi.NrGetpid).Value)
	k.reapCaches() // what is known about a signal takes a slab
	require.Equal(t, free, k.freePageCount())
}

// schedule() with another task ready takes turns.
func TestYield(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	other := newProcess(t, k, ProcessConfig{})
	var order []int32
	step := g.modelled(func(c *Call) {
		for range 3 {
			order = append(order, c.Task().Pid())
			k.Schedule()
		}
	})
	k.mem.SetU32(k.sym.SysCallTable+4*testSyscall, step)
	require.NoError(t, g.p.Start(testSyscall))
	require.NoError(t, other.Start(testSyscall))
	require.Equal(t, Returned, g.p.Wait().Kind)
	require.Equal(t, Returned, other.Wait().Kind)
	require.Equal(t, []int32{10, 11, 10, 11, 10, 11}, order)
}

// Each task has the FPU to itself.
func TestFPUStateIsTheTasksOwn(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	other := newProcess(t, k, ProcessConfig{})
	yield := g.modelled(func(c *Call) { k.Schedule() })
	// push 4(%esp); fildl (%esp); call yield; fistpl (%esp); pop %eax; ret: the argument comes back through the FPU
	k.mem.SetU32(k.sym.SysCallTable+4*testSyscall, g.put(code(0xff, 0x74, 0x24, 4, 0xdb, 0x04, 0x24, call(yield), 0xdb, 0x1c, 0x24, 0x58, 0xc3)...))
	for round := range uint32(3) { // the second time the state is restored, not made
		require.NoError(t, g.p.Start(testSyscall, 1000+round))
		require.NoError(t, other.Start(testSyscall, 2000+round))
		require.Equal(t, Outcome{Kind: Returned, Value: int32(1000 + round)}, g.p.Wait())
		require.Equal(t, Outcome{Kind: Returned, Value: int32(2000 + round)}, other.Wait())
	}
	require.Equal(t, Exited, other.Syscall(abi.NrExit).Kind)
	require.Equal(t, Returned, g.p.Syscall(abi.NrGetpid).Kind)
	require.NotZero(t, k.m.CR(0)&vm.CR0TS, "nobody has the FPU")
}
