// SPDX-License-Identifier: BSD-3-Clause
// Linked images as files: what Save writes ReadImage reads, raw images are
// recognised and their base found, damaged ones refused.

package loader

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A debugger that reads the object file itself gets an address for every
// allocated section, in the file's order.
func TestFileSectionAddrs(t *testing.T) {
	img := mustLink(t, goodObject(), []Provider{{Exports: []Export{{"printk", 0xc0100000}, {"jiffies", 1}}}}, Options{})
	placed := map[uint32]bool{0: true}
	for _, s := range img.Sections {
		placed[s.Addr] = true
	}
	addrs := img.FileSectionAddrs()
	for _, name := range []string{".text", ".data"} {
		section, ok := img.Section(name)
		require.True(t, ok, name)
		require.Contains(t, addrs, section.Addr, name)
	}
	for _, a := range addrs {
		require.Contains(t, placed, a)
	}
	require.Empty(t, (&Image{}).FileSectionAddrs())
}

func TestSaveAndRead(t *testing.T) {
	providers := []Provider{{Name: "base", Addr: 0xc8840000, Exports: []Export{{"printk", 0xc8840100}}}, {Exports: []Export{{"jiffies", 1}}}}
	img := mustLink(t, goodObject(), providers, Options{Name: "renamed"})
	file, err := img.Save()
	require.NoError(t, err)
	require.Equal(t, KindImage, KindOf(file))
	back, err := ReadImage("x.img", file, 0)
	require.NoError(t, err)
	require.Equal(t, &Image{Name: "renamed", Profile: img.Profile, Base: testBase, Bytes: img.Bytes, Deps: img.Deps, Imports: img.Imports}, back)

	again, err := back.Save()
	require.NoError(t, err)
	require.Equal(t, file, again)
	require.NoError(t, back.CheckImports(providers))
	providers[0].Addr, providers[0].Exports[0].Value = 0xc8850000, 0xc8850100
	require.EqualError(t, back.CheckImports(providers), "renamed: linked to module base at 0xc8840000, which is not loaded there\n"+
		"renamed: linked to printk at 0xc8840100, which the running kernel does not export there")
}

func TestBadImages(t *testing.T) {
	img := mustLink(t, goodObject(), testKernel(), Options{NoKsymoops: true})
	good, err := img.Save()
	require.NoError(t, err)
	sums := regexp.MustCompile(`is 0x[0-9a-f]+, the header says 0x[0-9a-f]+`)
	for _, row := range tableRows(t, "testdata/bad/images.txt", 2) {
		t.Run(row[0], func(t *testing.T) {
			_, err := ReadImage("bad.img", patchImage(t, good, row[0]), 0)
			require.Error(t, err)
			require.Equal(t, "bad.img: "+row[1], sums.ReplaceAllString(err.Error(), "is 0xX, the header says 0xX"))
		})
	}
	for n := range good {
		_, err := ReadImage("cut.img", good[:n], 0)
		require.Error(t, err, "cut to %d bytes", n)
	}
}

func patchImage(t *testing.T, good []byte, patch string) []byte {
	file := append([]byte(nil), good...)
	place, value, ok := strings.Cut(patch, "=")
	require.True(t, ok)
	if place == "truncate" {
		return file[:atoi(t, value)]
	}
	b, err := hex.DecodeString(value)
	require.NoError(t, err)
	if place == "append" {
		return append(file, b...)
	}
	at := 0
	if strings.HasPrefix(place, "+") {
		at = int(le32(file[12:]))
	}
	n, err := strconv.Atoi(strings.TrimPrefix(place, "+"))
	require.NoError(t, err)
	copy(file[at+n:], b)
	return file
}

// TestRawImage: without our header the image is still recognised, and its base
// found from its pointers alone.
func TestRawImage(t *testing.T) {
	providers := append([]Provider{{Name: "base", Addr: 0xc8840000, Exports: []Export{{"perhaps", 0xc8840100}}}}, testKernel()...)
	for _, options := range []Options{{}, {NoKsymoops: true}, {NoExport: true, NoKsymoops: true}} {
		for _, list := range [][]Provider{providers, testKernel()} {
			img := mustLink(t, goodObject(), list, options)
			require.Equal(t, KindRaw, KindOf(img.Bytes))
			back, err := ReadImage("raw", img.Bytes, 0)
			require.NoError(t, err)
			require.Equal(t, &Image{Name: "good", Base: testBase, Bytes: img.Bytes}, back)
			back, err = ReadImage("raw", append(img.Bytes[:len(img.Bytes):len(img.Bytes)], "rest of the file"...), 0)
			require.NoError(t, err)
			require.Equal(t, img.Bytes, back.Bytes, "what lies behind the module's size is not part of it")
		}
	}
}

// rawModule lays an image by hand: struct module of some size, the name behind
// it, then padding.
func rawModule(header, size, name uint32) []byte {
	b := make([]byte, size)
	putLE32(b[0:], header)
	putLE32(b[8:], name)
	putLE32(b[12:], size)
	return b
}

func TestManualPageImage(t *testing.T) {
	b := rawModule(60, 100, 0xc8842000+60)
	copy(b[60:], "tiny\x00")
	putLE32(b[44:], 0xc8842000+66)
	putLE32(b[52:], 0xc8842000+100)
	putLE32(b[56:], 0xc8842000+100)
	img, err := ReadImage("tiny", b, 0)
	require.NoError(t, err)
	require.Equal(t, &Image{Name: "tiny", Base: 0xc8842000, Bytes: b}, img)
}

// TestAmbiguousBase: an image of several pages of which every page fits.
func TestAmbiguousBase(t *testing.T) {
	const size = 0x4000
	b := rawModule(96, size, 0xc8843800)
	for i := 96; i+4 < size; i += 4 {
		copy(b[i:], "abc\x00")
	}
	_, err := ReadImage("wide", b, 0)
	require.EqualError(t, err, "wide: raw image: it fits several base addresses, 0xc8840000 and 0xc8841000 among them")
	img, err := ReadImage("wide", b, 0xc8842000)
	require.NoError(t, err)
	require.Equal(t, uint32(0xc8842000), img.Base, "what create_module will return decides")

	// One more pointer decides as well.
	putLE32(b[44:], 0xc8840000+96) // init
	img, err = ReadImage("wide", b, 0)
	require.NoError(t, err)
	require.Equal(t, uint32(0xc8840000), img.Base)
}

func TestBadRawImages(t *testing.T) {
	good := func() []byte {
		b := rawModule(96, 0x200, 0xc8840000+96)
		copy(b[96:], "name\x00")
		return b
	}
	_, err := ReadImage("good", good(), 0)
	require.NoError(t, err)
	for _, c := range []struct {
		name  string
		spoil func(b []byte) []byte
		want  string
	}{
		{"no name", func(b []byte) []byte { putLE32(b[8:], 0); return b }, "raw image: struct module has no name pointer"},
		{"name far away", func(b []byte) []byte { putLE32(b[8:], 0x08048000); return b }, "raw image: no base address puts all of its pointers into the image"},
		{"name no string", func(b []byte) []byte { b[96] = 0x80; return b }, "raw image: no base address puts all of its pointers into the image"},
		{"name empty", func(b []byte) []byte { b[96] = 0; return b }, "raw image: no base address puts all of its pointers into the image"},
		{"init elsewhere", func(b []byte) []byte { putLE32(b[44:], 0xd0000000); return b }, "raw image: no base address puts all of its pointers into the image"},
		{"symbols without a table", func(b []byte) []byte { putLE32(b[24:], 5); return b }, "raw image: no base address puts all of its pointers into the image"},
		{"symbols past the end", func(b []byte) []byte { putLE32(b[24:], 0xffffffff); putLE32(b[32:], 0xc8840100); return b }, "raw image: no base address puts all of its pointers into the image"},
		{"dependencies without a table", func(b []byte) []byte { putLE32(b[28:], 5); return b }, "raw image: no base address puts all of its pointers into the image"},
		{"dependency of another module", func(b []byte) []byte { putLE32(b[28:], 1); putLE32(b[36:], 0xc8840100); return b }, "raw image: no base address puts all of its pointers into the image"},
		{"size of nothing", func(b []byte) []byte { putLE32(b[12:], 96); return b }, "raw image: struct module gives a size of 0x60, not more than itself (0x60)"},
		{"cut short", func(b []byte) []byte { return b[:300] }, "raw image: struct module gives a size of 0x200, the file has 0x12c bytes: truncated?"},
		{"no module", func(b []byte) []byte { putLE32(b, 59); return b }, "neither a linked image nor a raw one: it begins with neither RING0IMG nor a struct module"},
		{"odd header", func(b []byte) []byte { putLE32(b, 97); return b }, "neither a linked image nor a raw one: it begins with neither RING0IMG nor a struct module"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadImage("raw", c.spoil(good()), 0)
			require.EqualError(t, err, "raw: "+c.want)
		})
	}
}

// TestHostileRawImage: the search for the base is bounded whatever the image says.
func TestHostileRawImage(t *testing.T) {
	const size = 16 << 20
	b := bytes.Repeat([]byte("aaaaaaa\x00"), size/8)
	copy(b, rawModule(96, 4096, 0)[:96])
	putLE32(b[12:], size)
	putLE32(b[8:], 0xc9000000)
	putLE32(b[24:], (size-4096)/8) // symbols everywhere, each name valid but the last
	putLE32(b[32:], 0xc9000000)
	_, err := ReadImage("hostile", b, 0)
	require.Error(t, err)
}
