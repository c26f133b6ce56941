// SPDX-License-Identifier: BSD-3-Clause

// The structures on disk: ext2_super_block, ext2_group_desc, ext2_inode and
// ext2_dir_entry of linux/ext2_fs.h.
//
//	block 0      boot block
//	block 1      superblock
//	block 2      descriptor of the one group
//	block 3      block bitmap
//	block 4      inode bitmap
//	block 5 …    inodes, then data

package ext2image

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	blockSize  = 1024
	minBlocks  = 16
	maxBlocks  = 8 * blockSize // of one group: bits in a bitmap
	inodeSize  = 128
	rootInode  = 2
	firstInode = 11
	maxName    = 255

	superBlock  = 1
	groupBlock  = 2
	blockBitmap = 3
	inodeBitmap = 4
	inodeTable  = 5

	magic         = 0xef53
	stateClean    = 1
	errorContinue = 1
	anyMounts     = 0xffff // as s_max_mnt_count: -1, never check

	direct   = 12              // block numbers in an inode
	perBlock = blockSize / 4   // block numbers in an indirect block
	sectors  = blockSize / 512 // i_blocks counts these
)

// made is the time on everything: the images must not depend on the clock.
var made = uint32(time.Date(2003, 10, 23, 7, 21, 3, 0, time.UTC).Unix())

// image is the image while it is being made.
type image struct {
	data   []byte
	inodes uint32 // in the table
	next   uint32 // first free block
}

// newImage makes an image with room for files inodes besides the root.
func newImage(size, files int) *image {
	const perTable = blockSize / inodeSize
	inodes := (uint32(files) + firstInode - 1 + perTable - 1) / perTable * perTable
	return &image{data: make([]byte, size), inodes: inodes, next: inodeTable + inodes/perTable}
}

func (img *image) block(n uint32) []byte { return img.data[n*blockSize:][:blockSize] }

func (img *image) allocate() (uint32, error) {
	if int(img.next)*blockSize >= len(img.data) {
		return 0, fmt.Errorf("no room in an image of %d KB", len(img.data)>>10)
	}
	img.next++
	return img.next - 1, nil
}

// fill writes the node's content and its inode.
func (img *image) fill(n *node) error {
	content := n.content()
	size, first := len(content), img.next
	var pointers [15]uint32
	for i := uint32(0); len(content) > 0; i++ {
		at, err := img.allocate()
		if err == nil {
			err = img.place(&pointers, i, at)
		}
		if err != nil {
			return err
		}
		content = content[copy(img.block(at), content):]
	}
	if n.Mode&typeMask == CharDevice || n.Mode&typeMask == BlockDevice {
		pointers[0] = uint32(n.Major)<<8 | uint32(n.Minor)
	}
	img.writeInode(n, size, img.next-first, pointers)
	return nil
}

// place notes that block i of a file is block at: in the inode, in the indirect
// block, or in one of those that the doubly indirect block lists. No image is
// so large that a file needs more.
func (img *image) place(pointers *[15]uint32, i, at uint32) error {
	if i < direct {
		pointers[i] = at
		return nil
	}
	i -= direct
	if i < perBlock {
		return img.placeIn(&pointers[direct], i, at)
	}
	i -= perBlock
	if pointers[direct+1] == 0 {
		outer, err := img.allocate()
		if err != nil {
			return err
		}
		pointers[direct+1] = outer
	}
	entry := img.block(pointers[direct+1])[4*(i/perBlock):]
	inner := binary.LittleEndian.Uint32(entry)
	err := img.placeIn(&inner, i%perBlock, at)
	binary.LittleEndian.PutUint32(entry, inner)
	return err
}

// placeIn sets entry i of the indirect block *table, which is made when there
// is none yet.
func (img *image) placeIn(table *uint32, i, at uint32) error {
	if *table == 0 {
		n, err := img.allocate()
		if err != nil {
			return err
		}
		*table = n
	}
	binary.LittleEndian.PutUint32(img.block(*table)[4*i:], at)
	return nil
}

func (img *image) writeInode(n *node, size int, blocks uint32, pointers [15]uint32) {
	b := img.data[inodeTable*blockSize+(n.inode-1)*inodeSize:][:inodeSize]
	le := binary.LittleEndian
	le.PutUint16(b[0:], n.Mode)
	le.PutUint32(b[4:], uint32(size))
	for _, at := range [...]int{8, 12, 16} { // accessed, changed, modified
		le.PutUint32(b[at:], made)
	}
	le.PutUint16(b[26:], n.links())
	le.PutUint32(b[28:], blocks*sectors)
	for i, p := range pointers {
		le.PutUint32(b[40+4*i:], p)
	}
}

// directory is the entries of a directory: inode, length of the entry, length
// of the name, name. None crosses a block; the last one of a block reaches to
// its end.
func directory(n *node) []byte {
	var out []byte
	last := -1
	add := func(inode uint32, name string) {
		length := (8 + len(name) + 3) &^ 3
		if last < 0 || len(out)%blockSize+length > blockSize || len(out)%blockSize == 0 {
			out = stretch(out, last)
		}
		last = len(out)
		out = binary.LittleEndian.AppendUint32(out, inode)
		out = binary.LittleEndian.AppendUint16(out, uint16(length))
		out = binary.LittleEndian.AppendUint16(out, uint16(len(name)))
		out = append(out, name...)
		out = append(out, make([]byte, length-8-len(name))...)
	}
	add(n.inode, ".")
	add(n.parent.inode, "..")
	for _, c := range n.children {
		add(c.inode, c.name)
	}
	return stretch(out, last)
}

// stretch lets the last entry reach to the end of its block.
func stretch(out []byte, last int) []byte {
	if last < 0 || len(out)%blockSize == 0 {
		return out
	}
	rest := blockSize - len(out)%blockSize
	length := binary.LittleEndian.Uint16(out[last+4:])
	binary.LittleEndian.PutUint16(out[last+4:], length+uint16(rest))
	return append(out, make([]byte, rest)...)
}

// finish writes bitmaps, group descriptor and superblock.
func (img *image) finish(nodes []*node) {
	blocks := uint32(len(img.data) / blockSize)
	// Block 0 belongs to no group: bit 0 is block 1. Bits of what does not
	// exist are set.
	setBits(img.block(blockBitmap), 0, img.next-1)
	setBits(img.block(blockBitmap), blocks-1, 8*blockSize)
	usedInodes := firstInode - 1 + uint32(len(nodes)) - 1 // the root is among the reserved ones
	setBits(img.block(inodeBitmap), 0, usedInodes)
	setBits(img.block(inodeBitmap), img.inodes, 8*blockSize)
	dirs := uint16(0)
	for _, n := range nodes {
		if n.isDir() {
			dirs++
		}
	}
	le := binary.LittleEndian
	g := img.block(groupBlock)
	le.PutUint32(g[0:], blockBitmap)
	le.PutUint32(g[4:], inodeBitmap)
	le.PutUint32(g[8:], inodeTable)
	le.PutUint16(g[12:], uint16(blocks-img.next))
	le.PutUint16(g[14:], uint16(img.inodes-usedInodes))
	le.PutUint16(g[16:], dirs)
	img.writeSuper(blocks, img.inodes-usedInodes)
}

func (img *image) writeSuper(blocks, freeInodes uint32) {
	s := img.block(superBlock)
	for at, v := range map[int]uint32{
		0: img.inodes, 4: blocks, 12: blocks - img.next, 16: freeInodes,
		20: 1,                                                // first data block
		32: 8 * blockSize, 36: 8 * blockSize, 40: img.inodes, // blocks, fragments, inodes per group
		48: made, 64: made, // written, checked
	} {
		binary.LittleEndian.PutUint32(s[at:], v)
	}
	for at, v := range map[int]uint16{54: anyMounts, 56: magic, 58: stateClean, 60: errorContinue} {
		binary.LittleEndian.PutUint16(s[at:], v)
	}
}

func setBits(bitmap []byte, from, to uint32) {
	for i := from; i < to; i++ {
		bitmap[i/8] |= 1 << (i % 8)
	}
}
