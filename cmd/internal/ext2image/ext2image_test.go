// SPDX-License-Identifier: BSD-3-Clause

package ext2image_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/ext2image"
)

// long needs the inode's 12 blocks, those of an indirect block, and some of two
// that the doubly indirect block lists.
var long = bytes.Repeat([]byte("0123456789abcdef"), (12+256+256+30)*1024/16)

func sample() []ext2image.File {
	files := []ext2image.File{
		{Path: "sbin/init", Mode: ext2image.Regular | 0o755, Data: []byte("a program")},
		{Path: "dev/console", Mode: ext2image.CharDevice | 0o600, Major: 5, Minor: 1},
		{Path: "dev/ram0", Mode: ext2image.BlockDevice | 0o600, Major: 1},
		{Path: "proc", Mode: ext2image.Directory | 0o555},
		{Path: "long", Mode: ext2image.Regular | 0o644, Data: long},
		{Path: "indirect", Mode: ext2image.Regular | 0o644, Data: long[:13*1024+1]},
		{Path: "direct", Mode: ext2image.Regular | 0o644, Data: long[:12*1024]},
		{Path: "empty", Mode: ext2image.Regular},
	}
	for i := range 60 { // a directory of several blocks
		files = append(files, ext2image.File{Path: fmt.Sprintf("many/%02d-a-name-of-thirty-characters", i), Mode: ext2image.Regular})
	}
	return files
}

// TestBuild reads an image back.
func TestBuild(t *testing.T) {
	files := sample()
	img, err := ext2image.Build(2<<20, files)
	require.NoError(t, err)
	again, err := ext2image.Build(2<<20, files)
	require.NoError(t, err)
	require.Equal(t, img, again, "equal files, equal bytes")

	got := map[string]inode{}
	reader(img).walk("", 2, got)
	for _, f := range files {
		i, ok := got[f.Path]
		require.True(t, ok, f.Path)
		require.Equal(t, f.Mode, i.mode, f.Path)
		if f.Mode>>12 == ext2image.Regular>>12 {
			require.True(t, bytes.Equal(f.Data, i.data), f.Path)
		}
		if f.Major != 0 {
			require.Equal(t, uint32(f.Major)<<8|uint32(f.Minor), i.device, f.Path)
		}
	}
	require.Equal(t, uint16(0o040755), got["sbin"].mode, "made on the way")
	require.Equal(t, uint16(2), got["sbin"].links)
	require.Equal(t, uint16(7), got["."].links, "the root: two and its five directories")
	require.Len(t, got, len(files)+5, "and the root, lost+found, sbin, dev, many")
}

// TestChecker lets the format's own checker look.
func TestChecker(t *testing.T) {
	e2fsck, err := exec.LookPath("e2fsck")
	if err != nil {
		t.Skip("e2fsck is not installed")
	}
	for _, size := range []int{2 << 20, 8 << 20} {
		img, err := ext2image.Build(size, sample())
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "image")
		require.NoError(t, os.WriteFile(file, img, 0o600))
		out, err := exec.Command(e2fsck, "-f", "-n", file).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// TestRefused is what an image cannot hold.
func TestRefused(t *testing.T) {
	regular := func(path string, size int) []ext2image.File {
		return []ext2image.File{{Path: path, Mode: ext2image.Regular, Data: make([]byte, size)}}
	}
	for _, c := range []struct {
		size  int
		files []ext2image.File
		want  string
	}{
		{1<<20 + 1, nil, "multiple of 1024"},
		{9 << 20, nil, "multiple of 1024"},
		{8 << 10, nil, "multiple of 1024"},
		{1 << 20, regular("/a", 0), "without a slash"},
		{1 << 20, regular("a/", 0), "without a slash"},
		{1 << 20, regular("../a", 0), "without a slash"},
		{1 << 20, regular("", 0), "without a slash"},
		{1 << 20, regular(string(bytes.Repeat([]byte("n"), 256)), 0), "longer than 255"},
		{1 << 20, append(regular("a", 0), regular("a/b", 0)...), "a is no directory"},
		{1 << 20, append(regular("a/b", 0), regular("a", 0)...), "twice"},
		{1 << 20, append(regular("a", 0), regular("a", 0)...), "twice"},
		{1 << 20, []ext2image.File{{Path: "a", Mode: 0o120777}}, "not written"},
		{1 << 20, []ext2image.File{{Path: "a", Mode: ext2image.Directory, Data: []byte{1}}}, "only a regular file"},
		{1 << 20, regular("a", 1<<20), "no room in an image of 1024 KB"},
		{128 << 10, regular("a", 200<<10), "no room in an image of 128 KB"},
		{128 << 10, append(regular("a", 100<<10), regular("b", 18<<10)...), "no room"},
	} {
		_, err := ext2image.Build(c.size, c.files)
		require.ErrorContains(t, err, c.want)
	}
}

// reader reads an image, knowing only the format.
type reader []byte

type inode struct {
	mode, links uint16
	data        []byte
	device      uint32
}

func (r reader) u32(at uint32) uint32 { return binary.LittleEndian.Uint32(r[at:]) }
func (r reader) u16(at uint32) uint16 { return binary.LittleEndian.Uint16(r[at:]) }

func (r reader) inode(n uint32) inode {
	at := r.u32(2048+8)*1024 + (n-1)*128
	i := inode{mode: r.u16(at), links: r.u16(at + 26), device: r.u32(at + 40)}
	size := r.u32(at + 4)
	for b := uint32(0); uint32(len(i.data)) < size; b++ {
		from := r.u32(at + 40 + 4*b)
		switch entry := func(table, i uint32) uint32 { return r.u32(table*1024 + 4*i) }; {
		case b >= 12+256:
			from = entry(entry(r.u32(at+40+52), (b-268)/256), (b-268)%256)
		case b >= 12:
			from = entry(r.u32(at+40+48), b-12)
		}
		i.data = append(i.data, r[from*1024:][:1024]...)
	}
	i.data = i.data[:size]
	return i
}

func (r reader) walk(path string, n uint32, into map[string]inode) {
	i := r.inode(n)
	into[filepath.Clean(path)] = i
	if i.mode>>12 != 4 {
		return
	}
	for at := uint32(0); at < uint32(len(i.data)); {
		d := reader(i.data[at:])
		name := string(d[8:][:d.u16(6)])
		if name != "." && name != ".." {
			r.walk(filepath.Join(path, name), d.u32(0), into)
		}
		at += uint32(d.u16(4))
	}
}
