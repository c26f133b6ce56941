// SPDX-License-Identifier: BSD-3-Clause

// Package ext2image makes a small ext2 file system image: the initial RAM disk
// of a kernel that is to run a program or two.
//
//	ext2image.go   the tree of files, the image
//	layout.go      structures on disk
//
// Revision 0 of the format, which every kernel since 1.2 mounts: blocks of 1 KB,
// one block group, inodes of 128 bytes. The same files give the same bytes.
package ext2image

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// File modes: type and permissions.
const (
	Directory   = 0o040000
	CharDevice  = 0o020000
	BlockDevice = 0o060000
	Regular     = 0o100000
	typeMask    = 0o170000
)

// File is a file of the image. Directories that a path needs are made with
// mode 0755; everything belongs to root.
type File struct {
	Path         string // from the root, without a slash in front
	Mode         uint16
	Data         []byte // of a regular file
	Major, Minor uint8  // of a device
}

// node is a file with its place in the tree.
type node struct {
	File
	name     string
	inode    uint32
	parent   *node
	children []*node // of a directory, by name
}

func (n *node) isDir() bool { return n.Mode&typeMask == Directory }

// links is how many directory entries name the inode.
func (n *node) links() uint16 {
	if !n.isDir() {
		return 1
	}
	links := uint16(2) // its own "." and its name
	for _, c := range n.children {
		if c.isDir() {
			links++
		}
	}
	return links
}

// Build makes an image of size bytes.
func Build(size int, files []File) ([]byte, error) {
	if size%blockSize != 0 || size > maxBlocks*blockSize || size < minBlocks*blockSize {
		return nil, fmt.Errorf("ext2image: %d bytes: want a multiple of %d from %d to %d",
			size, blockSize, minBlocks*blockSize, maxBlocks*blockSize)
	}
	nodes, err := tree(files)
	if err != nil {
		return nil, err
	}
	img := newImage(size, len(nodes)-1)
	for _, n := range nodes {
		if err := img.fill(n); err != nil {
			return nil, fmt.Errorf("ext2image: %s: %w", n.Path, err)
		}
	}
	img.finish(nodes)
	return img.data, nil
}

// tree makes nodes of the files, the root first, each behind its directory.
func tree(files []File) ([]*node, error) {
	root := &node{File: File{Path: "/", Mode: Directory | 0o755}, inode: rootInode}
	root.parent = root
	byPath := map[string]*node{".": root}
	nodes := []*node{root}
	var add func(f File) (*node, error)
	add = func(f File) (*node, error) {
		dir, ok := byPath[path.Dir(f.Path)]
		if !ok {
			var err error
			if dir, err = add(File{Path: path.Dir(f.Path), Mode: Directory | 0o755}); err != nil {
				return nil, err
			}
		}
		if !dir.isDir() {
			return nil, fmt.Errorf("ext2image: %s: %s is no directory", f.Path, dir.Path)
		}
		n := &node{File: f, name: path.Base(f.Path), inode: firstInode + uint32(len(nodes)) - 1, parent: dir}
		dir.children = append(dir.children, n)
		byPath[f.Path] = n
		nodes = append(nodes, n)
		return n, nil
	}
	for _, f := range append([]File{lostAndFound()}, files...) {
		if err := check(f); err != nil {
			return nil, err
		}
		if byPath[f.Path] != nil {
			return nil, fmt.Errorf("ext2image: %s: twice, or named behind a file in it", f.Path)
		}
		if _, err := add(f); err != nil {
			return nil, err
		}
	}
	for _, n := range nodes {
		slices.SortFunc(n.children, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	}
	return nodes, nil
}

// lostAndFound is the directory that checkers want to find.
func lostAndFound() File { return File{Path: "lost+found", Mode: Directory | 0o700} }

func check(f File) error {
	switch {
	case f.Path == "" || f.Path == "." || path.Clean(f.Path) != f.Path || strings.HasPrefix(f.Path, "/") || strings.HasPrefix(f.Path, ".."):
		return fmt.Errorf("ext2image: path %q: want a clean path from the root, without a slash in front", f.Path)
	case len(path.Base(f.Path)) > maxName:
		return fmt.Errorf("ext2image: %s: the name is longer than %d bytes", f.Path, maxName)
	case len(f.Data) > 0 && f.Mode&typeMask != Regular:
		return fmt.Errorf("ext2image: %s: only a regular file has data", f.Path)
	}
	switch f.Mode & typeMask {
	case Directory, CharDevice, BlockDevice, Regular:
		return nil
	}
	return fmt.Errorf("ext2image: %s: mode %o: this type of file is not written", f.Path, f.Mode)
}

// content is what the file's blocks hold.
func (n *node) content() []byte {
	if n.isDir() {
		return directory(n)
	}
	return n.Data
}
