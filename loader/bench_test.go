// SPDX-License-Identifier: BSD-3-Clause
// What loading costs the host: part of every cold start.

package loader

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkLink(b *testing.B) {
	data, err := os.ReadFile(filepath.Join(modulesDir, "hello.o"))
	require.NoError(b, err)
	providers := []Provider{profileKernel(b)}
	b.ReportAllocs()
	for b.Loop() {
		object, err := Parse("hello.o", data)
		require.NoError(b, err)
		_, err = Link(object, testBase, providers, Options{})
		require.NoError(b, err)
	}
}
