// SPDX-License-Identifier: BSD-3-Clause
// Memory that is used up: NULL, never a crash, and all is there again afterwards.

package moduletest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

func TestExhaustion(t *testing.T) {
	const memory = 24 << 20
	for _, checks := range []bool{false, true} {
		k := Boot(t, Config{Dir: modulesDir, NoChecks: !checks, Kernel: guestkernel.Config{Mem: memory}})
		k.Load("slab.o").Unload() // the cache of caches has its page
		before := settle(k)
		for _, c := range []struct {
			how  string
			size int // of a block
			most int // of memory that can be had that way
		}{
			{"kmalloc", 4096, memory}, {"atomic", 4096, memory}, {"dma", 4096, 16 << 20}, {"page", 4096, memory},
			{"block", 8 * 4096, memory}, {"area", 16 * 4096, memory}, {"object", 200, memory},
		} {
			if checks && c.how != "kmalloc" && c.how != "area" {
				continue // thousands of objects, each with a red zone of its own: once is enough
			}
			k.Run(fmt.Sprintf("%s checks %v", c.how, checks), func(t *testing.T) {
				m := k.Load("exhaust.o", "how="+c.how)
				var n, wrong int
				for _, line := range k.Log() {
					fmt.Sscanf(line, "exhaust: "+c.how+" %d, wrong %d", &n, &wrong)
				}
				require.Zero(t, wrong)
				require.Greater(t, n*c.size, c.most/3)
				require.Less(t, n*c.size, c.most)
				m.Unload()
				after := settle(k)
				tables := uint32(0) // page tables of areas stay, as in 2.4
				if c.how == "area" {
					tables = memory >> 22
				}
				require.GreaterOrEqual(t, after.FreePages+tables, before.FreePages)
				require.LessOrEqual(t, after.FreePages, before.FreePages)
				require.Equal(t, before.SlabObjects, after.SlabObjects)
				require.Equal(t, before.Areas, after.Areas)
				k.ExpectNoFindings()
				k.Load("hello.o").Unload()
				require.NotContains(t, strings.Join(k.Log(), "\n"), "BUG")
			})
		}
	}
}

// Pages of a process that a driver holds.
func TestGetUserPages(t *testing.T) {
	k := boot(t)
	p := k.User()
	at, err := p.Alloc(3 * 4096)
	require.NoError(t, err)
	require.NoError(t, p.WriteUser(at+4096, []byte("second page")))
	task := p.Guest().Task()
	get := func(from uint32, n int, write bool, pages []byte) int32 {
		return k.Call("get_user_pages", Addr(task.Addr()), Addr(task.MM()), from, n, write, false, pages, nil)
	}
	pages := make([]byte, 12)
	before := k.Counts().FreePages
	require.Equal(t, int32(3), get(at, 3, true, pages))
	require.Greater(t, before, k.Counts().FreePages)
	for i := range 3 {
		page := binary.LittleEndian.Uint32(pages[4*i:])
		require.Equal(t, uint32(2), k.Field("struct page", page, "count"), "the process's reference and the driver's")
	}
	second := binary.LittleEndian.Uint32(pages[4:])
	memMap := k.Peek(symbol(t, k, "mem_map"), 4)
	frame := (second - binary.LittleEndian.Uint32(memMap)) / structSize(t, k, "struct page")
	require.Equal(t, "second page", k.Text(0xc0000000+frame<<12))
	require.Equal(t, int32(2), get(at+4096, 5, false, make([]byte, 20)), "up to the end of the range")
	require.Equal(t, -int32(abi.EFAULT), get(at-4096, 1, false, pages))
	require.Equal(t, -int32(abi.EFAULT), get(0x08048000, 1, true, pages), "text cannot be written")
	require.Equal(t, int32(1), k.Call("get_user_pages", Addr(task.Addr()), Addr(task.MM()), 0x08048000, 1, true, true, pages, nil), "but by force")
}

func symbol(t *testing.T, k *Kernel, name string) uint32 {
	at, ok := k.kernel.Profile().Symbol(name)
	require.True(t, ok, name)
	return at
}

func structSize(t *testing.T, k *Kernel, name string) uint32 {
	s, err := k.kernel.Profile().Struct(name)
	require.NoError(t, err)
	return s.Size
}
