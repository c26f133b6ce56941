// SPDX-License-Identifier: BSD-3-Clause
// What kind of file this is, and a helpful sentence for each kind that is not
// an i386 relocatable object.

package loader

import (
	"bytes"
	"fmt"
)

// machineNames is for messages only: the machines people have objects of.
var machineNames = map[uint16]string{
	2: "SPARC", 4: "Motorola 68000", 8: "MIPS", 15: "PA-RISC", 20: "PowerPC", 21: "PowerPC64",
	22: "S/390", 40: "ARM", 42: "SuperH", 43: "SPARC V9", 50: "IA-64", 62: "x86-64",
	183: "AArch64", 243: "RISC-V", 258: "LoongArch", 0x9026: "Alpha",
}

// otherFormats are the starts of files people give by mistake.
var otherFormats = []struct {
	magic string
	what  string
}{
	{"!<arch>\n", "an ar archive; extract the object with `ar x`"},
	{"!<thin>\n", "a thin ar archive; give one of the objects it names"},
	{"\x1f\x8b", "gzip data; decompress it first"},
	{"BZh", "bzip2 data; decompress it first"},
	{"\xfd7zXZ\x00", "xz data; decompress it first"},
	{"\x28\xb5\x2f\xfd", "zstd data; decompress it first"},
	{"MZ", "a DOS or Windows program"},
	{"#!", "a script"},
	{imageMagic, "a linked image, not an object; run it instead of linking it"},
}

// identify returns the file header, or says what the file is instead.
func identify(data []byte) (fileHeader, string) {
	if len(data) == 0 {
		return fileHeader{}, "the file is empty"
	}
	for _, f := range otherFormats {
		if bytes.HasPrefix(data, []byte(f.magic)) {
			return fileHeader{}, "not an ELF file but " + f.what
		}
	}
	if !bytes.HasPrefix(data, []byte("\x7fELF")) {
		return fileHeader{}, "not an ELF file"
	}
	if len(data) < headerSize {
		return fileHeader{}, fmt.Sprintf("truncated: %d bytes are too few for an ELF header", len(data))
	}
	if s := checkIdent(data); s != "" {
		return fileHeader{}, s
	}
	h := decodeFileHeader(data)
	return h, checkKind(h)
}

// checkIdent looks at e_ident, and at e_machine in the file's own byte order so
// that the sentence can name the machine.
func checkIdent(data []byte) string {
	class, order := data[identClass], data[identData]
	machine := le16(data[18:])
	if order == dataMSB {
		machine = machine<<8 | machine>>8
	}
	switch {
	case class != class32 && class != class64:
		return fmt.Sprintf("ELF class %d is neither 32-bit nor 64-bit", class)
	case order != dataLSB && order != dataMSB:
		return fmt.Sprintf("ELF byte order %d is neither little-endian nor big-endian", order)
	case class == class64 || order == dataMSB || !isI386(machine):
		return fmt.Sprintf("ELF file not for this architecture: %s; a 2.4 module for i386 is 32-bit little-endian i386",
			describeArch(class, order, machine))
	case data[identVersion] != versionNumber:
		return fmt.Sprintf("ELF version %d, want 1", data[identVersion])
	}
	return ""
}

func isI386(machine uint16) bool { return machine == machine386 || machine == machine486 }

func describeArch(class, order byte, machine uint16) string {
	bits, endian := "32-bit", "little-endian"
	if class == class64 {
		bits = "64-bit"
	}
	if order == dataMSB {
		endian = "big-endian"
	}
	name, known := machineNames[machine]
	switch {
	case isI386(machine):
		name = "i386"
	case !known:
		name = fmt.Sprintf("machine %d", machine)
	}
	return bits + " " + endian + " " + name
}

func checkKind(h fileHeader) string {
	const wrong = "ELF file not a relocatable object but "
	switch h.Type {
	case typeRel:
	case typeExec:
		return wrong + "an executable; `ring0 exec` runs static programs"
	case typeDyn:
		return wrong + "a shared object or position-independent executable"
	case typeCore:
		return wrong + "a core file"
	default:
		return fmt.Sprintf("%sof type %d", wrong, h.Type)
	}
	if h.Version != versionNumber {
		return fmt.Sprintf("ELF object version %d, want 1", h.Version)
	}
	return ""
}
