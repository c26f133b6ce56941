// SPDX-License-Identifier: BSD-3-Clause
// Debug information as the compiler of the time wrote it, where there is some: RING0_CORPUS names a folder with the objects
// of a built 2.4 kernel tree.

package debuginfo

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/loader"
)

func TestCorpus(t *testing.T) {
	dir := os.Getenv("RING0_CORPUS")
	if dir == "" {
		t.Skip("RING0_CORPUS is not set: no corpus of real modules")
	}
	modules, functions, variables := 0, 0, 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".o") {
			return err
		}
		m := loadCorpus(t, path)
		if m == nil {
			return nil
		}
		modules++
		require.Empty(t, m.Problems, path)
		require.NotEmpty(t, m.Functions, path)
		for _, f := range m.Functions {
			functions++
			_, known := m.Lines.LineOf(f.Entry())
			require.True(t, known, "%s: %s", path, f.Name)
			_, known, err := m.FrameRulesAt(f.Entry())
			require.NoError(t, err)
			require.True(t, known, "%s: %s", path, f.Name)
			for _, v := range f.Vars {
				variables++
				require.NotEqual(t, Unknown, v.Type.Strip().Kind, "%s: %s.%s", path, f.Name, v.Name)
			}
		}
		return nil
	}))
	t.Logf("%d modules with debug information, %d functions, %d variables", modules, functions, variables)
}

// loadCorpus loads a module that has debug information; nil for other files.
func loadCorpus(t *testing.T, path string) *Module {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	object, err := loader.Parse(filepath.Base(path), data)
	if err != nil || object.Section(".debug_info") == nil || object.Section(".text") == nil || object.Section(".text").Size == 0 {
		return nil
	}
	var kernel loader.Provider
	for i, name := range object.Undefined() {
		kernel.Exports = append(kernel.Exports, loader.Export{Name: name, Value: 0xc0100000 + uint32(i)*16})
	}
	img, err := loader.Link(object, 0xc8831000, []loader.Provider{kernel}, loader.Options{Force: true})
	require.NoError(t, err, path)
	return Load(img)
}
