// SPDX-License-Identifier: BSD-3-Clause
// File systems from the host: mount, directories, removal, through system calls of a process.

package guestkernel

import (
	"encoding/binary"
	"errors"

	"ring0/guestkernel/abi"
)

// userTexts puts strings into the process's memory, one behind the other. An empty one is NULL.
func (p *Process) userTexts(texts ...string) ([]uint32, error) {
	var all []byte
	for _, s := range texts {
		all = append(append(all, s...), 0)
	}
	at, err := p.scratch(uint32(len(all)))
	if err != nil {
		return nil, err
	}
	places := make([]uint32, len(texts))
	next := at
	for i, s := range texts {
		if s != "" {
			places[i] = next
		}
		next += uint32(len(s)) + 1
	}
	return places, p.WriteUser(at, all)
}

// Mount mounts a file system of a type on a directory. device is what it lies on, a path or what the type takes for one;
// options may be empty.
func (p *Process) Mount(kind, device, dir, options string) error {
	const magic = mountMagic
	at, err := p.userTexts(device, dir, kind, options)
	if err != nil {
		return err
	}
	flags := uint32(0)
	if options == "ro" {
		flags, at[3] = mountReadOnly, 0
	}
	_, err = p.call("mount", at[0], at[1], at[2], flags|magic, at[3])
	return err
}

// Unmount ends what is mounted on a directory.
func (p *Process) Unmount(dir string) error { return p.onPath("umount2", dir, 0) }

// MakeDir makes a directory, Remove removes a file and RemoveDir a directory.
func (p *Process) MakeDir(path string, mode uint32) error { return p.onPath("mkdir", path, mode) }

// Remove removes a file.
func (p *Process) Remove(path string) error { return p.onPath("unlink", path) }

// RemoveDir removes an empty directory.
func (p *Process) RemoveDir(path string) error { return p.onPath("rmdir", path) }

func (p *Process) onPath(call, path string, args ...uint32) error {
	at, err := p.userText(path)
	if err != nil {
		return err
	}
	_, err = p.call(call, append([]uint32{at}, args...)...)
	return err
}

// A DirEntry is a name in a directory.
type DirEntry struct {
	Name  string
	Inode uint64
	Type  uint8 // DT_…: 4 is a directory, 8 a file, 0 unknown
}

// ReadDir lists a directory in the order of its file system, with . and .. if that has them.
func (p *Process) ReadDir(path string) ([]DirEntry, error) {
	fd, err := p.Open(path, OpenRead, 0)
	if err != nil {
		return nil, err
	}
	var all []DirEntry
	for {
		b, err := p.dirPiece(fd)
		if err != nil {
			return all, errors.Join(err, p.closeAfter(err, fd))
		}
		if len(b) == 0 {
			return all, p.CloseFile(fd)
		}
		all = append(all, parseDirents(b)...)
	}
}

// dirPiece is one getdents64(2).
func (p *Process) dirPiece(fd uint32) ([]byte, error) {
	at, err := p.scratch(abi.PageSize)
	if err != nil {
		return nil, err
	}
	n, err := p.call("getdents64", fd, at, abi.PageSize)
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(n, abi.PageSize))
	return b, p.ReadUser(at, b)
}

// parseDirents reads struct linux_dirent64, one behind the other.
func parseDirents(b []byte) (all []DirEntry) {
	const lengthOff, typeOff = 16, 18
	for len(b) > dirNameOff {
		length := int(binary.LittleEndian.Uint16(b[lengthOff:]))
		if length <= dirNameOff || length > len(b) {
			return all
		}
		name := b[dirNameOff:length]
		for i, c := range name {
			if c == 0 {
				name = name[:i]
				break
			}
		}
		all = append(all, DirEntry{string(name), binary.LittleEndian.Uint64(b), b[typeOff]})
		b = b[length:]
	}
	return all
}
