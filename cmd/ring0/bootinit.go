// SPDX-License-Identifier: BSD-3-Clause
// ring0 boot --init: an initial RAM disk around one static program.

package main

import (
	"bytes"
	"compress/gzip"

	"ring0/cmd/internal/ext2image"
)

// ramDiskSize is the usual size of a kernel's RAM disks.
const ramDiskSize = 4 << 20

// rootOnRAMDisk tells the kernel that the initial RAM disk is its root.
const rootOnRAMDisk = "root=/dev/ram0 "

// initialDisk is a root file system with init as /sbin/init, the devices that a
// program expects (linux/Documentation/devices.txt), an empty /proc to mount
// on, and more files. It is compressed: kernels draw a progress bar otherwise.
func initialDisk(init []byte, more ...ext2image.File) ([]byte, error) {
	files := []ext2image.File{
		{Path: "proc", Mode: ext2image.Directory | 0o555},
		{Path: "sbin/init", Mode: ext2image.Regular | 0o755, Data: init},
	}
	for _, d := range []struct {
		name         string
		mode         uint16
		major, minor uint8
	}{
		{"mem", 0o640, 1, 1}, {"kmem", 0o640, 1, 2}, {"null", 0o666, 1, 3}, {"zero", 0o666, 1, 5},
		{"tty", 0o666, 5, 0}, {"console", 0o600, 5, 1}, {"ttyS0", 0o660, 4, 64},
	} {
		files = append(files, ext2image.File{
			Path: "dev/" + d.name, Mode: ext2image.CharDevice | d.mode, Major: d.major, Minor: d.minor,
		})
	}
	disk, err := ext2image.Build(ramDiskSize, append(files, more...))
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err = w.Write(disk); err == nil {
		err = w.Close()
	}
	return packed.Bytes(), err
}
