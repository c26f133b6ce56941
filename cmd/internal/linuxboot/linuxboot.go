// SPDX-License-Identifier: BSD-3-Clause

// Package linuxboot loads a Linux kernel image into a PC as a boot loader
// does, by the real-mode or the 32-bit entry of the Linux/x86 boot protocol.
//
// Linux Documentation/i386/boot.txt (2.4) and Documentation/x86/boot.rst,
// protocol versions 2.00 and later; the layout of the parameter page is that of
// 2.4's Documentation/i386/zero-page.txt.
package linuxboot

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Fields of the boot sector, by offset.
const (
	offOldLine     = 0x20 // command line before 2.02: a magic number and its offset
	offSetupSects  = 0x1f1
	offBootFlag    = 0x1fe // AA55
	offMagic       = 0x202 // "HdrS"
	offVersion     = 0x206
	offKernelName  = 0x20e // offset of the version string, less 200
	offLoaderType  = 0x210
	offLoadFlags   = 0x211
	offCode32Start = 0x214
	offInitrdAddr  = 0x218
	offInitrdSize  = 0x21c
	offHeapEnd     = 0x224
	offCommandLine = 0x228
	offInitrdMax   = 0x22c // 2.03
	offLineSize    = 0x238 // 2.06
	offInitSize    = 0x260 // 2.10
)

// Values of fields.
const (
	bootFlag      = 0xaa55
	oldLineMagic  = 0xa33f
	loaderUnknown = 0xff
	flagHigh      = 1 << 0 // load at 1 MB
	flagHeap      = 1 << 7 // heap_end_ptr is valid
	sector        = 512
	defaultSetup  = 4          // sectors, where the field is 0
	oldInitrdMax  = 0x37ffffff // before 2.03
	oldLineSize   = 255        // before 2.06
)

// Image is a kernel image, checked.
type Image struct {
	setup   []byte // boot sector and set-up sectors
	kernel  []byte // protected-mode code
	version uint16 // of the protocol
	Name    string // the kernel's version string
}

// Parse reads a bzImage or zImage.
func Parse(file []byte) (*Image, error) {
	if len(file) < 2*sector {
		return nil, fmt.Errorf("linuxboot: %d bytes are no kernel image", len(file))
	}
	if binary.LittleEndian.Uint16(file[offBootFlag:]) != bootFlag || !bytes.Equal(file[offMagic:][:4], []byte("HdrS")) {
		return nil, fmt.Errorf("linuxboot: no boot sector with a HdrS header: not a kernel image, or one from before 1.3.73")
	}
	img := &Image{version: binary.LittleEndian.Uint16(file[offVersion:])}
	if img.version < 0x200 {
		return nil, fmt.Errorf("linuxboot: boot protocol %x: want 2.00 or later", img.version)
	}
	sectors := int(file[offSetupSects])
	if sectors == 0 {
		sectors = defaultSetup
	}
	n := (sectors + 1) * sector
	if n >= len(file) {
		return nil, fmt.Errorf("linuxboot: %d set-up sectors, but the file has only %d bytes", sectors, len(file))
	}
	img.setup, img.kernel = bytes.Clone(file[:n]), file[n:]
	if len(img.setup) > maxSetup {
		return nil, fmt.Errorf("linuxboot: %d set-up sectors do not fit below the command line", sectors)
	}
	img.Name = img.name()
	return img, nil
}

// name is the version string, or "" when the header has none.
func (img *Image) name() string {
	at := int(binary.LittleEndian.Uint16(img.setup[offKernelName:])) + 0x200
	if at == 0x200 || at >= len(img.setup) {
		return ""
	}
	s, _, _ := bytes.Cut(img.setup[at:], []byte{0})
	return string(s)
}

// high reports a bzImage, which is loaded at 1 MB.
func (img *Image) high() bool { return img.setup[offLoadFlags]&flagHigh != 0 }

func (img *Image) field32(off int) uint32 { return binary.LittleEndian.Uint32(img.setup[off:]) }

// initrdMax is the highest address an initial RAM disk may have.
func (img *Image) initrdMax() uint32 {
	if img.version >= 0x203 {
		return img.field32(offInitrdMax)
	}
	return oldInitrdMax
}

// lineSize is how long the command line may be.
func (img *Image) lineSize() int {
	if img.version >= 0x206 {
		return int(min(img.field32(offLineSize), maxLine))
	}
	return oldLineSize
}

// room is how much memory the kernel needs from its load address on, as far
// as it says.
func (img *Image) room() uint32 {
	n := uint32(len(img.kernel))
	if img.version >= 0x20a {
		n = max(n, img.field32(offInitSize))
	}
	return n
}
