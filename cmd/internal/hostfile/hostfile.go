// SPDX-License-Identifier: BSD-3-Clause
// Package hostfile reads the files that users name. Any name may be typed: of
// a folder, of a device that never ends, of a pipe that nobody writes to.
// Reading one of these ends with a sentence, and neither hangs nor fills the
// host's memory.
package hostfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Limits for what a file may hold.
const (
	Object = 256 << 20 // modules, programs, kernels, vectors
	Disk   = 1 << 30   // disk images: as much as the largest guest has memory
)

// Read returns the content of a file or of a pipe, of at most limit bytes.
func Read(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, explain(name, err)
	}
	flags := os.O_RDONLY
	switch mode := info.Mode(); {
	case mode.IsDir():
		return nil, fmt.Errorf("%s: a folder, want a file", name)
	case mode&fs.ModeNamedPipe != 0:
		flags |= syscall.O_NONBLOCK // without a writer it is empty, instead of a wait for one
	case !mode.IsRegular():
		return nil, fmt.Errorf("%s: a device or socket, want a file", name)
	}
	f, err := os.OpenFile(name, flags, 0)
	if err != nil {
		return nil, explain(name, err)
	}
	defer f.Close()
	var content bytes.Buffer
	if size := info.Size(); size <= limit {
		content.Grow(int(size) + bytes.MinRead)
		_, err = content.ReadFrom(io.LimitReader(f, limit+1))
	}
	switch {
	case err != nil:
		return nil, explain(name, err)
	case info.Size() > limit || int64(content.Len()) > limit:
		return nil, fmt.Errorf("%s: larger than %d MB", name, limit>>20)
	}
	return content.Bytes(), nil
}

// explain is an error of the os package as a sentence about the file.
func explain(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	if name == "" {
		name = `""`
	}
	return fmt.Errorf("%s: %w", name, err)
}
