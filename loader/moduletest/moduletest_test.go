// SPDX-License-Identifier: BSD-3-Clause

package moduletest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

const modulesDir = "../../testdata/modules"

func boot(t *testing.T) *Kernel { return Boot(t, Config{Dir: modulesDir}) }

// Files of a driver, and that each sub-test begins with what was there before.
func TestSubTestsBeginAnew(t *testing.T) {
	k := boot(t)
	m := k.Load("chardev.o")
	k.WriteFile("/dev/chardev0", "before")
	for _, name := range []string{"first", "second"} {
		k.Run(name, func(t *testing.T) {
			f := k.Open("/dev/chardev0", ReadWrite)
			require.Equal(t, int32(1), m.UseCount())
			require.Equal(t, "before", f.Read(100))
			f.Write("more")
			require.Equal(t, uint32(10), f.Ioctl(0x6300, 0))
			require.Equal(t, "", f.Read(100))
			_, err := f.TryIoctl(0x9999, 0)
			k.ExpectErrno(err, abi.ENOTTY)
			_, err = f.Mmap(4096, 0)
			k.ExpectErrno(err, abi.ENODEV)
			_, err = f.Seek(-1, 0)
			k.ExpectErrno(err, abi.EINVAL)
			f.Close()
			require.Zero(t, m.UseCount())
			m.Unload()
			require.Empty(t, k.Modules())
			k.ExpectLog("chardev: ioctl 6300", "unregister_chrdev = 0")
			k.ExpectNoFindings()
		})
	}
	require.Equal(t, []string{"chardev"}, k.Modules())
	k.ExpectNotLogged("ioctl")
}

// The same by booting anew, which is what happens when a checkpoint cannot be reached.
func TestRestoreByBooting(t *testing.T) {
	k := boot(t)
	m := k.Load("chardev.o")
	f := k.Open("/dev/chardev0", ReadWrite)
	f.Write("kept")
	s := k.Snapshot()
	story := func() (said []any) {
		f.Write(" and more")
		said = append(said, k.ReadFile("/dev/chardev0"), m.Int("length"), k.ReadFile("/proc/devices"))
		f.Close()
		m.Unload()
		return append(said, k.Log(), k.kernel.Machine().Now(), k.Counts())
	}
	first := story()
	k.Restore(s)
	require.Equal(t, first, story(), "from a checkpoint")
	s.kernel = nil // as if the checkpoint could not be reached
	k.Restore(s)
	require.Equal(t, first, story(), "booted anew")
	k.Restore(s)
	require.Equal(t, first, story(), "and from the checkpoint made then")
}

func TestCallsAndVariables(t *testing.T) {
	k := boot(t)
	m := k.Load("exporter.o")
	require.Equal(t, int32(100), m.Int("exporter_total"))
	k.Run("module", func(t *testing.T) {
		m.SetInt("exporter_total", 7)
		require.Equal(t, int32(7), m.Int("exporter_total"))
	})
	require.Equal(t, int32(100), m.Int("exporter_total"))
	require.Equal(t, int32(16), k.Call("printk", "<4>%s %d %x\n", "text", 42, uint32(0xbeef)))
	k.ExpectLog("text 42 beef")
	b := make([]byte, 16)
	require.Equal(t, int32(5), k.Call("sprintf", b, "%d!", 1234))
	require.Equal(t, "1234!\x00", string(b[:6]))
	page := k.Call("get_zeroed_page", 0x1f0) // FASTCALL
	require.Equal(t, make([]byte, 4096), k.Peek(uint32(page), 4096))
	k.Call("free_pages", page, 0)
	_, err := k.TryCall(0x1234)
	require.True(t, Died(err), "%v", err)
	k.ExpectLog("Unable to handle kernel paging request at virtual address 00001234")
	require.Positive(t, k.Call("printk", "<4>alive\n"))
}

func TestTimeAndInterrupts(t *testing.T) {
	k := boot(t)
	k.Run("timer", func(t *testing.T) {
		m := k.Load("chkleak.o", "how=timer")
		require.Len(t, m.Timers(), 1)
		k.AdvanceTicks(999)
		require.Len(t, m.Timers(), 1)
		k.Advance(time.Second)
		require.Empty(t, m.Timers())
	})
	k.Run("interrupt", func(t *testing.T) {
		m := k.Load("chkleak.o", "how=irq")
		require.Len(t, m.IRQs(), 1)
		require.Equal(t, uint32(5), m.IRQs()[0].Line)
		before := m.IRQs()[0].Count
		k.RaiseIRQ(5)
		require.Equal(t, before+1, m.IRQs()[0].Count)
		m.Unload()
		f := k.ExpectFinding(guestkernel.Dangling, "interrupt 5")
		require.Contains(t, f.At.Symbol, "handler+0x0")
	})
	k.Run("sleeping in an interrupt", func(t *testing.T) {
		m := k.Load("irqs.o", "wait=1")
		for range 3 {
			k.RaiseIRQ(5)
		}
		require.Equal(t, int32(3), m.Int("calls"))
		f := k.ExpectFinding(guestkernel.SleepInAtomic, "kmalloc with __GFP_WAIT in an interrupt handler")
		require.Equal(t, 3, f.Count)
		require.Contains(t, f.At.Symbol, "handler+")
	})
	k.ExpectNoFindings()
}

func TestFaults(t *testing.T) {
	k := boot(t)
	k.Run("init", func(t *testing.T) {
		k.Fail("create_proc_entry:2")
		_, err := k.TryLoad("proc.o")
		k.ExpectErrno(err, abi.ENOMEM)
		require.Equal(t, uint64(1), k.Failed())
		k.ExpectFinding(guestkernel.StillRegistered, "/proc/ring0/value")
	})
	k.Run("copy", func(t *testing.T) {
		k.Load("chardev.o")
		k.Fail("copy_from_user:*@chardev")
		k.ExpectErrno(k.TryWriteFile("/dev/chardev0", "x"), abi.EFAULT)
		k.FailNone()
		k.ExpectErrno(k.TryWriteFile("/dev/chardev0", "x"), 0)
	})
	require.Empty(t, k.kernel.Faults())
	k.Load("proc.o")
	require.True(t, k.ProcExists("/proc/ring0/value"))
	require.False(t, k.ProcExists("/proc/ring0/nothing"))
}

// A use after free is found after going back to a time when the object was there.
func TestChecksGoBack(t *testing.T) {
	k := boot(t)
	m := k.Load("chkuse.o", "how=late")
	for range 2 {
		k.Run("unload", func(t *testing.T) {
			k.ExpectNoFindings()
			m.Unload()
			f := k.ExpectFinding(guestkernel.UseAfterFree, "read of 4 bytes")
			require.Len(t, k.Findings(), 1)
			require.Contains(t, f.Freed.Symbol, "init_module+")
		})
	}
}

// stopper is a test that can be seen failing.
type stopper struct{ Standalone }

func TestFailureShowsTheKernel(t *testing.T) {
	k := Boot(&stopper{}, Config{Dir: modulesDir})
	defer k.kernel.Close()
	k.Load("hello.o", "who=there")
	require.PanicsWithValue(t, "the log does not have \"goodbye\"\nkernel log:\n"+logOf(k), func() { k.ExpectLog("goodbye") })
	for _, f := range []func(){
		func() { k.Load("nothing.o") },
		func() { k.Load("fails.o") },
		func() { k.Open("/dev/nothing", ReadOnly) },
		func() { k.Call("no_such_function") },
		func() { k.Fail("printk:1") },
		func() { k.ExpectErrno(nil, abi.EIO) },
		func() { k.ExpectFinding(guestkernel.Leak, "") },
		func() { k.Peek(0x10, 4) },
		func() { k.Field("struct module", 0xc0000000, "nothing") },
		func() { k.Restore(&Snapshot{}) },
	} {
		require.Panics(t, f)
	}
}

func logOf(k *Kernel) (s string) {
	for _, line := range k.Log() {
		s += "  " + line + "\n"
	}
	return s
}

// Reads that wait, and poll.
func TestWaiting(t *testing.T) {
	k := boot(t)
	k.Run("poll", func(t *testing.T) {
		k.Load("queue.o")
		f := k.Open("/dev/queue0", ReadWrite|NonBlock)
		poll := func(events uint16, milliseconds int32) uint16 {
			got, err := f.Poll(events, milliseconds)
			require.NoError(t, err)
			return got
		}
		require.Equal(t, uint16(PollOut), poll(PollIn|PollOut, -1))
		require.Zero(t, poll(PollIn, 0))
		before := k.kernel.Machine().Now()
		require.Zero(t, poll(PollIn, 100))
		require.Greater(t, k.kernel.Machine().Now()-before, uint64(9_000_000), "a tenth of a second")
		_, err := f.TryRead(1)
		k.ExpectErrno(err, abi.EAGAIN)
		f.Write("abc")
		require.Equal(t, uint16(PollIn|PollOut), poll(PollIn|PollOut, -1))
		require.Equal(t, "abc", f.Read(10))
		f.FD = 99
		require.Equal(t, uint16(0x20), poll(PollIn, 0), "POLLNVAL")
	})
	k.Run("poll until a timer", func(t *testing.T) {
		k.Load("queue.o", "late=20")
		f := k.Open("/dev/queue0", ReadOnly)
		got, err := f.Poll(PollIn, -1)
		require.NoError(t, err)
		require.Equal(t, uint16(PollIn), got)
		require.Equal(t, "x", f.Read(10))
	})
	k.Run("read", func(t *testing.T) {
		k.Load("queue.o")
		f := k.Open("/dev/queue0", ReadWrite)
		_, err := f.TryRead(10)
		require.True(t, Blocked(err), "%v", err)
		other := k.NewProcess(guestkernel.ProcessConfig{Comm: "writer"})
		g, err := other.Open("/dev/queue0", WriteOnly)
		require.NoError(t, err)
		g.Write("now")
		require.Equal(t, int32(3), k.User().Wait().Value)
	})
	k.ExpectNoFindings()
}

// A process that waits inside the kernel, and has moved on since: no checkpoint can put it back, so the kernel is booted
// again, and it waits again.
func TestRestoreWhileSomebodyWaits(t *testing.T) {
	k := boot(t)
	k.Load("queue.o")
	reader := k.NewProcess(guestkernel.ProcessConfig{Comm: "reader"})
	f, err := reader.Open("/dev/queue0", ReadOnly)
	require.NoError(t, err)
	_, err = f.TryRead(10)
	require.True(t, Blocked(err), "%v", err)
	first := k.kernel
	var ends []uint64
	for _, text := range []string{"once", "twice"} {
		k.Run(text, func(t *testing.T) {
			k.WriteFile("/dev/queue0", text)
			require.Equal(t, int32(len(text)), reader.Wait().Value)
			ends = append(ends, k.kernel.Machine().Now())
		})
	}
	require.NotSame(t, first, k.kernel, "booted again")
	require.Len(t, ends, 2)
	require.Equal(t, []string{"queue"}, k.Modules())
}
