// SPDX-License-Identifier: BSD-3-Clause
// Fuzzing: no file, argument or image crashes the loader, and what it accepts is
// consistent.

package loader

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// fuzzImageLimit keeps one run short: an object may ask for MaxImage of zeroes.
const fuzzImageLimit = 1 << 20

func FuzzObject(f *testing.F) {
	good := goodObject().build(f)
	f.Add(good.bytes, "who=world")
	f.Add(good.bytes, "count=1,0x2")
	for _, row := range tableRows(f, "testdata/bad/objects.txt", 2) {
		f.Add(good.patched(f, row[0]), "buf=abc")
	}
	for _, row := range tableRows(f, "testdata/params/values.txt", 4) {
		f.Add(paramObject(row[0], uint32(atoi(f, row[1]))).build(f).bytes, row[2])
	}
	for _, path := range moduleFiles(f) {
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(data, "count=2")
	}
	f.Fuzz(func(t *testing.T, data []byte, argument string) {
		object, err := Parse("fuzz.o", data)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		other := Provider{Name: "other", Addr: 0xc9000000}
		for _, name := range object.Undefined() {
			other.Exports = append(other.Exports, Export{name, 0xc9000100})
		}
		_, _ = Prepare(object, nil, Options{Release: "2.4.18", Parameters: []string{argument}})
		plan, err := Prepare(object, []Provider{other, {}}, Options{Force: true, Parameters: []string{argument}})
		if err != nil {
			plan, err = Prepare(object, []Provider{other, {}}, Options{Force: true})
		}
		if err != nil || plan.Size() > fuzzImageLimit {
			return
		}
		require.LessOrEqual(t, plan.Size(), uint32(MaxImage))
		img, err := plan.Place(testBase)
		if err != nil {
			return
		}
		require.Equal(t, plan.Size(), img.Size())
		require.NotEmpty(t, img.LoadMap())
		for _, s := range img.Sections {
			require.True(t, s.Size == 0 || img.Contains(s.Addr) && img.Contains(s.Addr+s.Size-1), s.Name)
		}
		for _, name := range object.DebugSections() {
			_, _ = img.DebugSection(name)
		}
		file, err := img.Save()
		require.NoError(t, err)
		back, err := ReadImage("fuzz.img", file, 0)
		require.NoError(t, err)
		require.Equal(t, img.Bytes, back.Bytes)
	})
}

func FuzzImage(f *testing.F) {
	object, err := Parse("good.o", goodObject().build(f).bytes)
	require.NoError(f, err)
	img, err := Link(object, testBase, testKernel(), Options{})
	require.NoError(f, err)
	file, err := img.Save()
	require.NoError(f, err)
	f.Add(file)
	f.Add(img.Bytes)
	f.Add(rawModule(60, 100, 0xc8842000+60))
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := ReadImage("fuzz", data, testBase)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.Zero(t, img.Base%MaxAlign)
		require.LessOrEqual(t, len(img.Bytes), len(data))
	})
}
