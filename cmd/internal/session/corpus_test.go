// SPDX-License-Identifier: BSD-3-Clause
// Real file system modules on images made here.

package session

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// romfsImage is a romfs with one directory that has one file: big-endian headers of next, special, size, checksum, a name
// padded to 16 bytes; the low bits of next say what it is.
func romfsImage(text string) []byte {
	const kindDir, kindFile, pad = 1, 2, 16
	name := func(s string) []byte { return append([]byte(s), make([]byte, pad-len(s)%pad)...) }
	header := func(next, spec, size uint32, s string) []byte {
		var b []byte
		for _, v := range []uint32{next, spec, size, 0} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		b = append(b, name(s)...)
		sum := uint32(0)
		for i := 0; i < len(b); i += 4 {
			sum += binary.BigEndian.Uint32(b[i:])
		}
		binary.BigEndian.PutUint32(b[12:], -sum)
		return b
	}
	image := append([]byte("-rom1fs-"), 0, 0, 0, 0, 0, 0, 0, 0)
	image = append(image, name("disk")...)
	const root, file = 32, 64
	image = append(image, header(kindDir, file, 0, ".")...)
	image = append(image, header(kindFile, 0, uint32(len(text)), "hello")...)
	image = append(image, text...)
	for len(image)%1024 != 0 {
		image = append(image, 0)
	}
	binary.BigEndian.PutUint32(image[8:], uint32(len(image)))
	sum := uint32(0)
	for i := 0; i < 512; i += 4 {
		sum += binary.BigEndian.Uint32(image[i:])
	}
	binary.BigEndian.PutUint32(image[12:], -sum)
	return image
}

// corpus is the folder of real modules.
func corpus(t *testing.T) string {
	dir := os.Getenv("RING0_CORPUS")
	if dir == "" {
		t.Skip("RING0_CORPUS does not name a folder of real modules")
	}
	return dir
}

func TestRealFileSystem(t *testing.T) {
	dir := corpus(t)
	var cfg Config
	cfg.Kernel.Disks = [][]byte{romfsImage("from a ROM\n")}
	cfg.Modules = []Module{{File: filepath.Join(dir, "fs/romfs/romfs.o")}}
	cfg.Then = "mkdir /mnt/a; mount -t romfs -o ro /dev/ram0 /mnt/a; ls /mnt/a; cat /mnt/a/hello; rmmod romfs; umount /mnt/a; rmmod romfs"
	r, err := Run(cfg)
	require.NoError(t, err)
	out := map[string]StepResult{}
	for _, s := range r.Steps {
		out[s.Command] = s
	}
	require.Equal(t, "hello\n", out["ls /mnt/a"].Output)
	require.Equal(t, "from a ROM\n", out["cat /mnt/a/hello"].Output)
	require.Len(t, r.Steps, 7)
	require.Equal(t, "EBUSY", r.Steps[4].Errno, "it is mounted")
	require.Empty(t, r.Steps[5].Error)
	require.Empty(t, r.Steps[6].Error)
}

func TestModprobe(t *testing.T) {
	dir := corpus(t)
	var cfg Config
	var err error
	cfg.Kernel.Modprobe, err = Modprobe(filepath.Join(dir, "fs"))
	require.NoError(t, err)
	cfg.Kernel.Disks = [][]byte{romfsImage("")}
	cfg.Modules = []Module{{File: filepath.Join(dir, "fs/nls/nls_cp437.o")}}
	cfg.Then = "mkdir /mnt/a; mount -t romfs -o ro /dev/ram0 /mnt/a; cat /proc/modules"
	r, err := Run(cfg)
	require.NoError(t, err)
	require.Contains(t, r.Steps[2].Output, "romfs")
	require.Contains(t, r.Steps[2].Output, "(autoclean)")
}
