// SPDX-License-Identifier: BSD-3-Clause
// Where tests find vector files: the committed sample and, where present, the full set.

// Package vectorstest gives tests the vector files: a small sample that is
// always there, and the full recording where RING0_SHARED has one.
package vectorstest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"ring0/vm/vectors"
)

// Groups are the names of the vector files.
func Groups() []string {
	return []string{"int", "m16", "seg", "fault", "x87", "mmx", "sse", "sse2"}
}

// Run calls fn in two subtests: "sample" with the committed sample of the
// group, and "full" with the whole recording, skipped by name where absent.
func Run(t *testing.T, group string, fn func(t *testing.T, f *vectors.File)) {
	t.Helper()
	t.Run("sample", func(t *testing.T) {
		fn(t, open(t, SamplePath(group)))
	})
	t.Run("full", func(t *testing.T) {
		fn(t, Full(t, group))
	})
}

// Full opens the whole recording of a group; the test is skipped where it is absent.
func Full(t testing.TB, group string) *vectors.File {
	t.Helper()
	path := FullPath(group)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("full vector set absent: %s (RING0_SHARED names its place)", path)
	}
	return open(t, path)
}

func open(t testing.TB, path string) *vectors.File {
	t.Helper()
	f, err := vectors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// SamplePath is the path of the committed sample of a group.
func SamplePath(group string) string {
	return filepath.Join(moduleRoot(), "testdata", "vectors", group+".hwv.gz")
}

// FullPath is the path where the full recording of a group would be.
func FullPath(group string) string {
	shared := os.Getenv("RING0_SHARED")
	if shared == "" {
		shared = filepath.Join(moduleRoot(), "..", "shared")
	}
	return filepath.Join(shared, "reference", "vectors", group+".hwv.gz")
}

// moduleRoot is three folders up from this file.
func moduleRoot() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		panic("vectorstest: no caller information")
	}
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}
