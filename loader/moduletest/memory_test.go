// SPDX-License-Identifier: BSD-3-Clause
// Memory that is used up: NULL, never a crash, and all is there again afterwards.

package moduletest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
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
