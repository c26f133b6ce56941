// SPDX-License-Identifier: BSD-3-Clause

package pc_test

import (
	"math/rand/v2"
	"testing"
)

// FuzzPorts runs any script: no port access stops the host.
func FuzzPorts(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(script(rand.New(rand.NewPCG(seed, 3)), 50))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		newBoard(t, script[:min(len(script), 0x6000)]).Run(20_000)
	})
}
