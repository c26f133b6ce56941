// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

const threadFlags = abi.CloneFS | abi.CloneFiles | abi.CloneSighand

// nap sleeps for some ticks.
func (g *guest) nap(ticks uint32) {
	g.k.running.Set(g.k.lay.Task.State, abi.TaskUninterruptible)
	g.export("schedule_timeout", ticks)
}

// Threads run when their parent sleeps, share its address space, and leave nothing behind.
func TestKernelThreadsComeAndGo(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	var mm uint32
	ran := 0
	shared := g.modelled(func(c *Call) {
		require.Equal(t, uint32(77), c.Arg(0))
		require.Equal(t, mm, c.Task().MM())
		require.Equal(t, "insmod", c.Task().Comm())
		require.Same(t, c.Task(), k.findTask(c.Task().Pid()))
		ran++
	})
	daemon := g.modelled(func(c *Call) {
		g.export("daemonize")
		require.Zero(t, c.Task().MM())
		require.Equal(t, uint32(1), c.Task().Get(k.lay.Task.Session))
		g.export("reparent_to_init")
		require.Equal(t, k.mem.U32(k.sym.ChildReaper), c.Task().Get(k.lay.Task.PPptr))
		ran++
		g.export("complete_and_exit", 0, 0)
		t.Error("came back from exit")
	})
	round := func(c *Call) {
		mm = c.Task().MM()
		g.export("kernel_thread", shared, 77, threadFlags)
		require.Positive(t, int32(g.export("kernel_thread", daemon, 0, 0)))
		g.nap(2)
	}
	g.inKernel(round)
	pages, tasks, count := k.freePageCount(), len(k.tasks), k.mem.Get(k.sym.InitSignals, k.lay.Signal.Count)
	files := k.mem.Get(k.sym.InitFiles, k.lay.Files.Count)
	for range 100 {
		g.inKernel(round)
	}
	require.Equal(t, 202, ran)
	require.Equal(t, pages, k.freePageCount())
	require.Len(t, k.tasks, tasks)
	require.Equal(t, count, k.mem.Get(k.sym.InitSignals, k.lay.Signal.Count))
	require.Equal(t, files, k.mem.Get(k.sym.InitFiles, k.lay.Files.Count))
	require.Equal(t, uint32(1), k.mem.Get(mm, k.lay.MM.MmUsers))
}

// A thread outlives the process that started it, whose address space goes with the last of them.
func TestThreadOutlivesItsParent(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	free := k.freePageCount()
	parent := newProcess(t, k, ProcessConfig{})
	var mm uint32
	done := false
	fn := g.modelled(func(c *Call) {
		g.nap(50)
		require.Equal(t, mm, c.Task().MM(), "still there")
		require.Equal(t, int32(pidInit), int32(k.mem.Get(c.Task().Get(k.lay.Task.PPptr), k.lay.Task.Pid)))
		done = true
	})
	start := g.modelled(func(c *Call) {
		mm = c.Task().MM()
		g.export("kernel_thread", fn, 0, threadFlags)
	})
	k.mem.SetU32(k.sym.SysCallTable+4*testSyscall, start)
	require.Equal(t, Returned, parent.Syscall(testSyscall).Kind)
	require.Equal(t, Exited, parent.Syscall(abi.NrExit).Kind)
	require.Nil(t, k.RunTicks(60))
	require.True(t, done)
	require.Equal(t, free, k.freePageCount())
}

// Signals of threads: who may send them, what dequeue_signal knows, what wakes.
func TestThreadSignals(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	lay, si := &k.lay.Task, &k.lay.Siginfo
	info, mask := g.put(make([]byte, si.Size)...), g.put(make([]byte, 8)...)
	var pid int32
	var got []uint32
	fn := g.modelled(func(c *Call) {
		for len(got) < 3 {
			c.Task().Set(lay.State, abi.TaskInterruptible)
			g.export("schedule")
			for c.Task().Get(lay.Sigpending) != 0 {
				got = append(got, g.export("dequeue_signal", mask, info), k.mem.Get(info, si.Code))
			}
		}
	})
	g.inKernel(func(c *Call) {
		free := k.mem.U32(k.sym.NrQueuedSignals)
		pid = int32(g.export("kernel_thread", fn, 0, threadFlags))
		g.nap(1)
		kill := func(pid int32, signal, priv uint32) int32 {
			return int32(g.export("kill_proc", uint32(pid), signal, priv))
		}
		require.Equal(t, -int32(abi.ESRCH), kill(12345, abi.SIGTERM, 1))
		require.Equal(t, -int32(abi.EINVAL), kill(pid, 65, 1))
		require.Equal(t, int32(0), kill(pid, 0, 1))
		require.Equal(t, int32(0), kill(pid, abi.SIGCHLD, 1), "ignored")
		require.Equal(t, int32(0), kill(pid, abi.SIGTERM, 1))
		require.Equal(t, int32(0), kill(pid, abi.SIGTERM, 1), "pending already")
		require.Equal(t, int32(0), kill(pid, abi.SIGHUP, 0))
		g.nap(1)
		require.Equal(t, []uint32{abi.SIGHUP, 0, abi.SIGTERM, siKernel}, got)
		require.Nil(t, k.findTask(pid))
		require.Equal(t, free, k.mem.U32(k.sym.NrQueuedSignals))
		c.Task().Set(lay.Euid, 500)
		c.Task().Set(lay.Uid, 500)
		c.Task().Set(lay.CapEffective, 0)
		require.Equal(t, -int32(abi.EPERM), kill(pidKeventd, abi.SIGTERM, 0))
		require.Equal(t, int32(0), kill(pidKeventd, abi.SIGTERM, 1))
	})
}

// down_slow is the inline down after the count went below 0: the semaphore in ECX, all registers kept.
func (g *guest) downSlow(name string, sem uint32) uint32 {
	k := g.k
	k.addCount(sem, ^uint32(0))
	regs := k.registers()
	regs[vm.ECX], regs[vm.EDX] = sem, 0x1234
	eax, edx := k.Invoke(GuestCall{Fn: k.functionAt(name), Regs: &regs})
	require.Equal(g.t, uint32(0x1234), edx)
	return eax
}

// Sleepers on a semaphore get it in turn; a signal ends an interruptible wait; trylock never waits.
func TestSemaphores(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	sem := g.put(make([]byte, k.lay.Semaphore.Size)...)
	k.initSemaphore(sem, 0)
	var order []uint32
	waiter := g.modelled(func(c *Call) {
		g.downSlow("__down_failed", sem)
		order = append(order, c.Arg(0))
		g.nap(3)
		k.up(sem)
	})
	impatient := g.modelled(func(*Call) {
		order = append(order, g.downSlow("__down_failed_interruptible", sem))
	})
	g.inKernel(func(*Call) {
		for i := range uint32(5) {
			g.export("kernel_thread", waiter, i, threadFlags)
		}
		pid := g.export("kernel_thread", impatient, 0, threadFlags)
		g.nap(2)
		require.Empty(t, order)
		g.export("kill_proc", pid, abi.SIGTERM, 1)
		g.nap(1)
		require.Equal(t, []uint32{^uint32(abi.EINTR - 1)}, order)
		require.Equal(t, uint32(1), g.downSlow("__down_failed_trylock", sem))
		order = nil
		k.up(sem)
		g.nap(40)
		require.Equal(t, []uint32{0, 1, 2, 3, 4}, order)
		require.Equal(t, uint32(1), k.mem.Get(sem, k.lay.Semaphore.Count))
		require.True(t, k.listEmpty(sem+k.lay.Semaphore.Wait.Off+k.lay.WaitQueueHead.TaskList.Off))
	})
}

// Read-write semaphores: a writer waits for readers, readers that come later wait for it, all get it in the end.
func TestReadWriteSemaphores(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	sem := g.put(make([]byte, k.lay.RwSemaphore.Size)...)
	k.listInit(sem + k.lay.RwSemaphore.WaitList.Off)
	const writer = rwsemWaiting + rwsemActive
	down := func(bias uint32, slow string) {
		if int32(k.rwsemAdd(sem, bias)) < 0 && bias == rwsemActive || bias == writer && k.mem.Get(sem, k.lay.RwSemaphore.Count) != writer {
			require.Equal(t, sem, g.export(slow, sem))
		}
	}
	up := func(bias uint32) {
		if count := k.rwsemAdd(sem, -bias); int32(count) < 0 && count&rwsemActiveMask == 0 {
			g.export("rwsem_wake", sem)
		}
	}
	var order []string
	reader := g.modelled(func(*Call) {
		down(rwsemActive, "rwsem_down_read_failed")
		order = append(order, "read")
		g.nap(5)
		up(rwsemActive)
	})
	writes := g.modelled(func(*Call) {
		down(writer, "rwsem_down_write_failed")
		order = append(order, "write")
		g.nap(5)
		up(writer)
	})
	g.inKernel(func(*Call) {
		for _, fn := range []uint32{reader, reader, writes, reader, reader, writes} {
			g.export("kernel_thread", fn, 0, threadFlags)
			g.nap(1)
		}
		require.Equal(t, []string{"read", "read"}, order)
		g.nap(40)
		require.Equal(t, []string{"read", "read", "write", "read", "read", "write"}, order)
		require.Zero(t, k.mem.Get(sem, k.lay.RwSemaphore.Count))
	})
}

// Wait queues: all that are not exclusive wake, of the exclusive ones as many as asked; the mode chooses by state.
func TestWaitQueues(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	queue := g.put(make([]byte, k.lay.WaitQueueHead.Size)...)
	k.initWaitQueue(queue)
	woken := map[uint32]bool{}
	exclusive := g.modelled(func(c *Call) {
		entry := c.waitEntry()
		g.export("add_wait_queue_exclusive", queue, entry)
		c.Task().Set(k.lay.Task.State, abi.TaskUninterruptible)
		g.export("schedule")
		g.export("remove_wait_queue", queue, entry)
		woken[c.Arg(0)] = true
	})
	plain := g.modelled(func(c *Call) {
		g.export("interruptible_sleep_on", queue)
		woken[c.Arg(0)] = true
	})
	g.inKernel(func(*Call) {
		for i, fn := range []uint32{exclusive, exclusive, plain, plain} {
			g.export("kernel_thread", fn, uint32(i), threadFlags)
		}
		g.nap(1)
		g.export("__wake_up", queue, abi.TaskInterruptible, 1)
		g.nap(1)
		require.Equal(t, map[uint32]bool{2: true, 3: true}, woken)
		g.export("__wake_up", queue, abi.TaskInterruptible|abi.TaskUninterruptible, 1)
		g.nap(1)
		require.Equal(t, map[uint32]bool{2: true, 3: true, 0: true}, woken)
		g.export("__wake_up", queue, abi.TaskInterruptible|abi.TaskUninterruptible, 0)
		g.nap(1)
		require.Len(t, woken, 4)
	})
}
