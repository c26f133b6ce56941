// SPDX-License-Identifier: BSD-3-Clause
// A folder of real modules against the verdicts of a real kernel: RING0_CORPUS names the folder, RING0_SHARED (default
// ../shared beside the repository) the reference data.

package scan

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
)

func TestCorpusVerdicts(t *testing.T) {
	dir := os.Getenv("RING0_CORPUS")
	if dir == "" {
		t.Skip("RING0_CORPUS is not set: no corpus of real modules")
	}
	shared := os.Getenv("RING0_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	reference, err := ReadReference(filepath.Join(shared, "reference", "verdicts-2.4.18-14.tsv"))
	if err != nil {
		t.Skipf("no reference verdicts: %v", err)
	}
	corpus, err := Find(dir)
	require.NoError(t, err)
	kernel, err := guestkernel.Boot(guestkernel.Config{})
	require.NoError(t, err)
	exports := NewExports(kernel)
	kernel.Close()
	comparison := Comparison{Reference: reference}
	const limit = 10_000_000_000
	cfg := RunConfig{
		Kernel:  guestkernel.Config{MaxInsns: limit},
		Timeout: time.Minute,
		Only:    func(m *Module) bool { _, known := reference[m.Path]; return known },
	}
	require.NoError(t, corpus.Run(cfg, exports, func(f Fate) error {
		require.NotContains(t, []string{verdictHung, verdictInternal}, f.Verdict, "%s: %s", f.Path, f.Reason)
		comparison.Add(f)
		return nil
	}, func(int, int) {}))
	comparison.Write(t.Output(), false)
	require.Equal(t, len(reference), comparison.Compared)
	require.GreaterOrEqual(t, comparison.Verdicts*100, comparison.Compared*95)
	require.GreaterOrEqual(t, comparison.Removals*100, comparison.Compared*95)
	require.GreaterOrEqual(t, comparison.Logs*100, comparison.Compared*95)
}
