// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// traced runs f and returns the lines of a trace without the system call around it, with the addresses in names put
// in words.
func (g *guest) traced(names map[string]uint32, f func()) []string {
	var lines []string
	g.k.SetTrace(TraceLines(func(line string) {
		for name, addr := range names {
			line = strings.ReplaceAll(line, fmt.Sprintf("%#x", addr), name)
		}
		lines = append(lines, line)
	}))
	f()
	g.k.SetTrace(nil)
	return lines
}

func TestTrace(t *testing.T) {
	g := newGuest(t, Config{})
	buf, fops := g.put(make([]byte, 64)...), g.put(1, 2, 3, 4)
	for _, c := range []struct {
		fn   string
		args []uint32
		want string
	}{
		{"printk", []uint32{g.text("<6>hello %s\n"), g.text("world")}, `printk("<6>hello %s\n", "world") = 15`},
		{"sprintf", []uint32{buf, g.text("%c%5d%*x%lld%p"), 'x', 0xffffffff, 8, 0x1000, 1, 1, 0xc0105000}, `sprintf(BUF, "%c%5d%*x%lld%p", 'x', -1, 8, 0x1000, 4294967297, &stext) = 32`},
		{"sprintf", []uint32{buf, g.text("%*.*s%%%llx"), 5, 2, g.text("abc"), 1, 2}, `sprintf(BUF, "%*.*s%%%llx", 5, 2, "abc", 0x200000001) = 15`},
		{"sscanf", []uint32{g.text("5 6"), g.text("%*d %d"), buf}, `sscanf("5 6", "%*d %d", BUF) = 1`},
		{"snprintf", []uint32{buf, 64, g.text("\"\t\x80")}, `snprintf(BUF, 64, "\"\t\x80") = 3`},
		{"sscanf", []uint32{g.text("5"), g.text("%d"), buf}, `sscanf("5", "%d", BUF) = 1`},
		{"register_chrdev", []uint32{240, g.text("test"), fops}, `register_chrdev(240, "test", (struct file_operations *) FOPS) = 0`},
		{"register_chrdev", []uint32{10, g.text("test"), fops}, `register_chrdev(10, "test", (struct file_operations *) FOPS) = -16 EBUSY`},
		{"unregister_chrdev", []uint32{240, 1}, `unregister_chrdev(240, 0x1) = page fault at 0x1`},
		{"kmalloc", []uint32{200000, 0x1f0}, `kmalloc(200000, GFP_KERNEL) = NULL`},
		{"kmalloc", []uint32{200000, 0x21}, `kmalloc(200000, GFP_ATOMIC|GFP_DMA) = NULL`},
		{"__get_free_pages", []uint32{0x20, 10}, `__get_free_pages(GFP_ATOMIC, 10) = 0`},
		{"kfree", []uint32{0}, `kfree(NULL)`},
		{"__check_region", []uint32{g.k.sym.IoportResource, 0x60, 1}, `__check_region((struct resource *) &ioport_resource, 96, 1) = -16 EBUSY`},
		{"simple_strtoull", []uint32{g.text("12345678901"), 0, 10}, `simple_strtoull("12345678901", NULL, 10) = 0x2dfdc1c35`},
		{"__out_of_line_bug", []uint32{7}, `__out_of_line_bug(7) = BUG()`},
	} {
		fn := symbolAddr(t, g.k, c.fn)
		lines := g.traced(map[string]uint32{"BUF": buf, "FOPS": fops}, func() {
			p := newProcess(t, g.k, ProcessConfig{})
			g.k.mem.SetU32(g.k.sym.SysCallTable+4*testSyscall, g.stub(fn, abi.Regparm3(c.fn), c.args...))
			p.Syscall(testSyscall)
		})
		require.Contains(t, strings.Join(lines, "\n")+"\n", c.want+"\n")
	}
}

// A call during which guest code makes others takes two lines.
func TestTraceOfNestedCalls(t *testing.T) {
	g := newGuest(t, Config{})
	said := code(0x68, g.text("built\n"), call(symbolAddr(t, g.k, "printk")), 0x58, 0xc3)
	ctor := g.put(said...)
	cache := uint32(g.callKernel(t, "kmem_cache_create", g.text("big"), 4096, 0, 0, ctor, 0))
	lines := g.traced(map[string]uint32{"CACHE": cache}, func() { g.callKernel(t, "kmem_cache_alloc", cache, 0x1f0) })
	require.Len(t, lines, 3)
	require.Equal(t, "kmem_cache_alloc(CACHE, GFP_KERNEL) …", lines[0])
	require.Equal(t, `  printk("built\n") = 6`, lines[1])
	require.Regexp(t, `^… kmem_cache_alloc = 0xc[0-9a-f]{7}$`, lines[2])
}

// Tracing reads the guest's memory, but does not change what happens.
func TestTraceChangesNothing(t *testing.T) {
	run := func(trace func(TraceEvent)) uint64 {
		g := newGuest(t, Config{})
		g.k.SetTrace(trace)
		fn := symbolAddr(t, g.k, "printk")
		for range 3 {
			p := newProcess(t, g.k, ProcessConfig{}) // its page directory has no entry for module memory yet
			g.k.mem.SetU32(g.k.sym.SysCallTable+4*testSyscall, g.stub(fn, false, g.text("%s %s\n"), g.text("a"), 0x50000000))
			p.Syscall(testSyscall)
		}
		return g.k.m.Now()
	}
	require.Equal(t, run(nil), run(TraceLines(func(string) {})))
}
