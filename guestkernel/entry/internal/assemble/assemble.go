// SPDX-License-Identifier: BSD-3-Clause
// Assembling entry.S for a profile: gcc -m32 -c, then ld with a start address for every .at section and the profile's
// System.map for what entry.S leaves open.

// Package assemble turns entry.S into the text that package entry embeds.
package assemble

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"ring0/guestkernel/abi"
)

const sectionPrefix = ".at."

// Entry assembles source for a profile and returns the text of the image.
func Entry(source string, profile *abi.Profile) (string, error) {
	dir, err := os.MkdirTemp("", "entry")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	object, linked := filepath.Join(dir, "entry.o"), filepath.Join(dir, "entry.elf")
	if err := run("gcc", "-m32", "-c", "-o", object, source); err != nil {
		return "", err
	}
	args, err := linkArgs(object, profile)
	if err != nil {
		return "", err
	}
	if err := run("ld", append(args, "-o", linked, object)...); err != nil {
		return "", err
	}
	file, err := elf.Open(linked)
	if err != nil {
		return "", err
	}
	defer file.Close()
	return describe(file, profile)
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// linkArgs gives ld the place of every section and the address of every undefined symbol.
func linkArgs(object string, profile *abi.Profile) ([]string, error) {
	file, err := elf.Open(object)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	args := []string{"-m", "elf_i386", "-e", "0", "--no-check-sections", "--no-warn-rwx-segments"}
	for _, section := range file.Sections {
		if addr, ok := strings.CutPrefix(section.Name, sectionPrefix); ok {
			args = append(args, "--section-start="+section.Name+"=0x"+addr)
		}
	}
	symbols, err := file.Symbols()
	if err != nil {
		return nil, err
	}
	for _, symbol := range symbols {
		if symbol.Section != elf.SHN_UNDEF || symbol.Name == "" {
			continue
		}
		addr, ok := profile.Symbol(symbol.Name)
		if !ok {
			return nil, fmt.Errorf("profile %s has no symbol %s", profile.Name, symbol.Name)
		}
		args = append(args, fmt.Sprintf("--defsym=%s=%#x", symbol.Name, addr))
	}
	return args, nil
}

// describe writes parts, exceptions and symbols, each by address.
func describe(file *elf.File, profile *abi.Profile) (string, error) {
	var parts, exceptions, symbols []string
	sections := slices.SortedFunc(slices.Values(file.Sections), func(a, b *elf.Section) int { return cmp.Compare(a.Addr, b.Addr) })
	end := uint64(0)
	for _, section := range sections {
		data, err := section.Data()
		switch {
		case section.Type != elf.SHT_PROGBITS:
		case err != nil:
			return "", err
		case section.Name == ".exceptions":
			for ; len(data) >= 8; data = data[8:] {
				exceptions = append(exceptions, fmt.Sprintf("exception %08x %08x\n", binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[4:])))
			}
		case strings.HasPrefix(section.Name, sectionPrefix):
			if err := checkRoom(section, profile); err != nil {
				return "", err
			}
			if section.Addr < end {
				return "", fmt.Errorf("section %s begins before the one before it ends, at %08x", section.Name, end)
			}
			end = section.Addr + section.Size
			parts = append(parts, fmt.Sprintf("part %08x %x\n", section.Addr, data))
		}
	}
	all, err := file.Symbols()
	if err != nil {
		return "", err
	}
	for _, symbol := range all {
		if elf.ST_BIND(symbol.Info) == elf.STB_GLOBAL && symbol.Section < elf.SHN_LORESERVE && symbol.Value >= abi.PageOffset {
			symbols = append(symbols, fmt.Sprintf("symbol %08x %s\n", symbol.Value, symbol.Name))
		}
	}
	for _, list := range [][]string{parts, exceptions, symbols} {
		slices.Sort(list)
	}
	head := "# entry.S for profile " + profile.Name + ", made by go run ./guestkernel/entry/internal/build. Do not edit.\n"
	return head + strings.Join(parts, "") + strings.Join(exceptions, "") + strings.Join(symbols, ""), nil
}

// checkRoom refuses code that runs into a function of the real kernel which entry.S does not define: its slot lies there.
func checkRoom(section *elf.Section, profile *abi.Profile) error {
	last := uint32(section.Addr + section.Size - 1)
	for addr := uint32(section.Addr); addr <= last; addr++ {
		name, offset, ok := profile.Lookup(addr)
		if _, exported := profile.Export(name); ok && offset == 0 && exported && addr != uint32(section.Addr) && !strings.HasPrefix(name, "__get_user") {
			return fmt.Errorf("section %s reaches %08x, over export %s", section.Name, last, name)
		}
	}
	return nil
}
