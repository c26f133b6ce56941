// SPDX-License-Identifier: BSD-3-Clause
// A large set of real modules, when there is one: RING0_CORPUS names a folder
// with the objects of a built 2.4.18-14 kernel tree. They must all parse, agree
// with debug/elf and be placed; and where ring0's reference data is at hand
// (RING0_SHARED, default ../shared beside the repository), each must get the very
// size it had in the real kernel's /proc/modules.

package loader

import (
	"bytes"
	"debug/elf"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func corpusDir(t *testing.T) string {
	dir := os.Getenv("RING0_CORPUS")
	if dir == "" {
		t.Skip("RING0_CORPUS is not set: no corpus of real modules")
	}
	return dir
}

// corpusObjects parses every object below the folder; archives, which kernel
// builds also name .o, are left out.
func corpusObjects(t *testing.T, dir string) map[string][]byte {
	objects := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".o") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || bytes.HasPrefix(data, []byte("!<arch>\n")) {
			return err
		}
		name, err := filepath.Rel(dir, path)
		objects[name] = data
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, objects)
	return objects
}

func TestCorpus(t *testing.T) {
	objects := corpusObjects(t, corpusDir(t))
	kernel := profileKernel(t)
	modules, debug := 0, 0
	for name, data := range objects {
		object, err := Parse(name, data)
		require.NoError(t, err)
		plan, err := Prepare(object, standIn(object, kernel), Options{Force: true})
		require.NoError(t, err)
		if _, ok := object.KernelVersion(); !ok {
			continue // not a module: among these is boot code of 16 bits
		}
		modules++
		img, err := plan.Place(testBase)
		require.NoError(t, err)
		second, err := elf.NewFile(bytes.NewReader(data))
		require.NoError(t, err)
		compareWithDebugELF(t, object, img, second)
		for _, section := range object.DebugSections() {
			_, err := img.DebugSection(section)
			require.NoError(t, err)
			debug++
		}
	}
	t.Logf("%d objects, %d of them with kernel_version, %d unloaded sections", len(objects), modules, debug)
}

// TestCorpusSizes loads what the reference run loaded, on top of the modules
// that were loaded before, and compares the size.
func TestCorpusSizes(t *testing.T) {
	dir := corpusDir(t)
	shared := os.Getenv("RING0_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	verdicts, err := os.ReadFile(filepath.Join(shared, "reference", "verdicts-2.4.18-14.tsv"))
	if err != nil {
		t.Skipf("no reference verdicts: %v", err)
	}
	lines := strings.Split(string(verdicts), "\n")
	byName := modulePaths(t, dir)
	compared := 0
	for _, line := range lines {
		columns := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") || len(columns) < 5 || columns[4] == "" {
			continue
		}
		want, err := strconv.Atoi(strings.Fields(columns[4])[1])
		require.NoError(t, err)
		loaded, ok := corpusLoad(t, dir, columns[1], byName)
		if !ok {
			continue // needs a module the reference run did not record by path
		}
		require.Equal(t, uint32(want), corpusLink(t, dir, columns[0], loaded).Size(), columns[0])
		compared++
	}
	t.Logf("%d sizes as in the real kernel", compared)
	require.NotZero(t, compared)
}

// modulePaths finds the object of each module name. Of several the one that lists
// exports is wanted, else the largest, which is the one linked from the others.
func modulePaths(t *testing.T, dir string) map[string]string {
	objects := corpusObjects(t, dir)
	byName := make(map[string]string)
	best := make(map[string]int)
	for path, data := range objects {
		name := strings.TrimSuffix(filepath.Base(path), ".o")
		object, err := Parse(path, data)
		require.NoError(t, err)
		weight := len(data)
		if object.Section(ksymtabName) != nil {
			weight += 1 << 30
		}
		if _, isModule := object.KernelVersion(); isModule && weight > best[name] {
			byName[name], best[name] = path, weight
		}
	}
	return byName
}

// corpusLoad links the modules that were loaded before, oldest first.
func corpusLoad(t *testing.T, dir, names string, byName map[string]string) ([]Provider, bool) {
	loaded := []Provider{profileKernel(t)}
	var paths []string
	for _, name := range strings.FieldsFunc(names, func(r rune) bool { return r == ',' }) {
		path, known := byName[name]
		if !known {
			return nil, false
		}
		paths = append(paths, path)
	}
	for _, path := range paths {
		loaded = append([]Provider{asProvider(t, corpusLink(t, dir, path, loaded))}, loaded...)
	}
	return loaded, true
}

// corpusLink links a module as the reference run's insmod did. That one recorded
// the file as /x/NAME.o and its time with 16 digits: eight more than ours.
func corpusLink(t *testing.T, dir, path string, loaded []Provider) *Image {
	data, err := os.ReadFile(filepath.Join(dir, path))
	require.NoError(t, err)
	object, err := Parse(path, data)
	require.NoError(t, err)
	img, err := Link(object, testBase, loaded, Options{
		Release: "2.4.18-14custom",
		Origin:  &Origin{Path: "/x/" + filepath.Base(path) + "........"},
	})
	require.NoError(t, err)
	return img
}
