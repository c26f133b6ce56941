// SPDX-License-Identifier: BSD-3-Clause
// The code in docs/testing.md: it is here word for word, and runs.

package moduletest_test

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
	"ring0/loader/moduletest"
)

func TestTheManual(t *testing.T) {
	boot := func(t *testing.T) *moduletest.Kernel {
		return moduletest.Boot(t, moduletest.Config{Dir: "../../testdata/modules"})
	}
	t.Run("a first test", func(t *testing.T) {
		k := moduletest.Boot(t, moduletest.Config{Dir: "../../testdata/modules"})
		m := k.Load("chardev.o", "major=0")
		f := k.Open("/dev/chardev0", moduletest.ReadWrite)
		f.Write("hello")
		f.Seek(0, io.SeekStart)
		require.Equal(t, "hello", f.Read(100))
		require.Equal(t, int32(1), m.UseCount())
		f.Close()
		m.Unload()
		k.ExpectLog("chardev: write 5 at 0", "chardev: release")
		k.ExpectNoFindings()
	})
	t.Run("errors", func(t *testing.T) {
		k := boot(t)
		_, err := k.TryLoad("fails.o")
		k.ExpectErrno(err, abi.ENODEV)
		_, err = k.TryLoad("oops.o")
		require.True(t, moduletest.Died(err))
		k.ExpectLog("Unable to handle kernel NULL pointer dereference")
	})
	t.Run("sub-tests", func(t *testing.T) {
		k := boot(t)
		k.Load("proc.o")
		for _, value := range []string{"7", "0x10"} {
			k.Run(value, func(t *testing.T) {
				require.Equal(t, "42\n", k.ReadFile("/proc/ring0/value"))
				k.WriteFile("/proc/ring0/value", value)
			})
		}
	})
	t.Run("functions", func(t *testing.T) {
		k := boot(t)
		m := k.Load("exporter.o")
		require.Equal(t, int32(23), m.Call("exporter_add", 20, 3))
		require.Equal(t, int32(123), m.Int("exporter_total"))
		m.SetInt("exporter_total", 5)
		k.Call("printk", "<6>%s is %d\n", "total", m.Int("exporter_total"))
		k.ExpectLog("total is 5")
	})
	t.Run("time", func(t *testing.T) {
		k := boot(t)
		m := k.Load("chkleak.o", "how=timer")
		require.Len(t, m.Timers(), 1)
		k.Advance(2 * time.Second)
		require.Empty(t, m.Timers())
		m = k.Load("irqs.o")
		k.RaiseIRQ(5)
		require.Equal(t, int32(1), m.Int("calls"))
	})
	t.Run("faults", func(t *testing.T) {
		k := boot(t)
		k.Fail("create_proc_entry:2")
		_, err := k.TryLoad("proc.o")
		k.ExpectErrno(err, abi.ENOMEM)
		f := k.ExpectFinding(guestkernel.StillRegistered, "/proc/ring0/value")
		require.Contains(t, f.Allocated.Symbol, "init_module+")
	})
	t.Run("counts", func(t *testing.T) {
		k := boot(t)
		before := k.Counts()
		k.Load("slab.o").Unload()
		require.Equal(t, before.Areas, k.Counts().Areas)
		require.Equal(t, before.Tasks, k.Counts().Tasks)
	})
	t.Run("network", func(t *testing.T) {
		k := boot(t)
		k.Load("netloop.o")
		dev := k.NetDevice("loop0")
		dev.Up()
		dev.Transmit([]byte("\xff\xff\xff\xff\xff\xff\x00\x01\x02\x03\x04\x05\x08\x00 a frame"))
		require.Equal(t, uint32(1), dev.Stats().TxPackets)
		dev.Down()
	})
}

// TestManualIsTested finds every piece of Go in the page in this file.
func TestManualIsTested(t *testing.T) {
	page, err := os.ReadFile("../../docs/testing.md")
	require.NoError(t, err)
	source, err := os.ReadFile("manual_test.go")
	require.NoError(t, err)
	parts := strings.Split(string(page), "```go\n")[1:]
	require.NotEmpty(t, parts)
	for _, part := range parts {
		code, _, _ := strings.Cut(part, "```")
		var indented strings.Builder
		for line := range strings.Lines(code) {
			if line != "\n" {
				indented.WriteString("\t\t")
			}
			indented.WriteString(line)
		}
		require.Contains(t, string(source), indented.String(), "docs/testing.md has code that this file has not:\n%s", code)
	}
}
