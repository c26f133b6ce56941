// SPDX-License-Identifier: BSD-3-Clause

// Package assemble makes ROM images of assembler sources with the GNU tools,
// and text of images, so that building ring0 needs no assembler.
package assemble

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ROM assembles source to a flat image that is linked at address 0.
func ROM(source string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "rom")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	object, image := filepath.Join(dir, "rom.o"), filepath.Join(dir, "rom.bin")
	for _, args := range [][]string{
		{"as", "--32", "-o", object, source},
		{"ld", "-m", "elf_i386", "-Ttext", "0", "--oformat", "binary", "-o", image, object},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s %s: %w\n%s", args[0], source, err, out)
		}
	}
	return os.ReadFile(image)
}

// Available reports whether as and ld can make i386 code here.
func Available() bool {
	for _, tool := range [][]string{{"as", "--32", "-o", os.DevNull, os.DevNull}, {"ld", "-v"}} {
		if exec.Command(tool[0], tool[1:]...).Run() != nil {
			return false
		}
	}
	return true
}

// Text assembles source and writes the image as lines of sixteen bytes with
// their address, leaving out lines of zeros.
func Text(source string) (string, error) {
	image, err := ROM(source)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Made of %s: address, bytes. What is not listed is zero.\n", filepath.Base(source))
	for at := 0; at < len(image); at += 16 {
		line := image[at:min(at+16, len(image))]
		if !bytes.Equal(line, make([]byte, len(line))) {
			fmt.Fprintf(&b, "%04x: % x\n", at, line)
		}
	}
	return b.String(), nil
}
