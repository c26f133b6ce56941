// SPDX-License-Identifier: BSD-3-Clause
// Loading and unloading a thousand times leaves nothing behind.

package moduletest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// settle lets what was put off happen, and has slab caches give back what they do not use.
func settle(k *Kernel) Counts {
	k.AdvanceTicks(3)
	for _, cache := range k.kernel.CacheAddresses() {
		k.Call("kmem_cache_shrink", cache)
	}
	return k.Counts()
}

func TestThousandLoads(t *testing.T) {
	k := Boot(t, Config{Dir: modulesDir, NoChecks: true, Insns: 1 << 40})
	round := func() {
		k.Load("exporter.o")
		k.Load("importer.o")
		for _, name := range []string{"hello.o", "chardev.o", "proc.o", "slab.o", "resources.o"} {
			k.Load(name).Unload()
		}
		_, err := k.TryLoad("fails.o")
		require.Error(t, err)
		k.modules[len(k.modules)-7].Unload() // importer
		k.modules[len(k.modules)-8].Unload()
		k.journal, k.modules = nil, nil
	}
	round()
	before := settle(k)
	const loads, perRound = 1000, 8
	for range loads / perRound {
		round()
	}
	require.Equal(t, before, settle(k))
}

// Modules whose init dies, and that therefore stay, cost what they hold and no more.
func TestOopsesDoNotAddUp(t *testing.T) {
	k := Boot(t, Config{Dir: modulesDir, NoChecks: true})
	k.User()
	var pages []uint32
	for range 5 {
		before := settle(k)
		k.Run("oops", func(t *testing.T) {
			_, err := k.TryLoad("oops.o")
			require.True(t, Died(err), "%v", err)
			require.Equal(t, []string{"oops"}, k.Modules())
			require.Equal(t, before.Tasks, settle(k).Tasks)
		})
		pages = append(pages, settle(k).FreePages)
	}
	require.Equal(t, []uint32{pages[0], pages[0], pages[0], pages[0], pages[0]}, pages)
}
