// SPDX-License-Identifier: BSD-3-Clause
// Kernel profiles: which kernels are known and what each is called.
//
// 2.4.18-14 was measured on the running kernel. 2.4.37 was compiled for its layouts and never booted, so it has
// neither constants nor exports nor a System.map; every lookup of those answers "not there".

package abi

import (
	_ "embed" // the tables
	"fmt"
	"strconv"
	"strings"
)

var (
	//go:embed data/layouts-2.4.18-14.txt
	layouts2418 layoutTable
	//go:embed data/layouts-2.4.37.txt
	layouts2437 layoutTable
	//go:embed data/constants-2.4.18-14.txt
	constants2418 table
	//go:embed data/exports-2.4.18-14.txt
	exports2418 table
	//go:embed data/symbols-2.4.18-14.txt
	symbols2418 symbolText
	//go:embed data/symbolnames-2.4.18-14.txt
	symbolNames2418 nameIndex
)

// A Profile is one build of a 2.4 kernel. It is read-only and safe for any number of goroutines.
type Profile struct {
	Name    string // what the command line calls it: "2.4.18-14"
	Release string // system_utsname.release, UTS_RELEASE: "2.4.18-14custom"
	Version string // system_utsname.version, UTS_VERSION; empty when that kernel was never built into an image
	Banner  string // linux_banner as printed at boot, without its newline; empty like Version
	HZ      int    // timer interrupts per second

	layouts     layoutTable
	constants   table
	exports     table
	symbols     symbolText
	symbolNames nameIndex // of symbols
}

// ProfileNames lists the names [ProfileByName] knows, the default first.
func ProfileNames() []string { return []string{"2.4.18-14", "2.4.37"} }

// ProfileByName returns the kernel of that name.
func ProfileByName(name string) (*Profile, error) {
	var p Profile
	switch name {
	case "2.4.18-14":
		p = Profile{
			Release: "2.4.18-14custom",
			Version: "#1 Thu Oct 23 07:21:03 IST 2003",
			Banner: "Linux version 2.4.18-14custom (root@localhost.localdomain) " +
				"(gcc version 3.2 20020903 (Red Hat Linux 8.0 3.2-7)) #1 Thu Oct 23 07:21:03 IST 2003",
			HZ:          512,
			layouts:     layouts2418,
			constants:   constants2418,
			exports:     exports2418,
			symbols:     symbols2418,
			symbolNames: symbolNames2418,
		}
	case "2.4.37":
		p = Profile{Release: "2.4.37.11", HZ: 100, layouts: layouts2437}
	default:
		return nil, fmt.Errorf("abi: unknown kernel profile %q; known: %s", name, strings.Join(ProfileNames(), ", "))
	}
	p.Name = name
	return &p, nil
}

// Constant returns a numeric constant of the kernel's headers: a macro or an enumerator, as the compiler saw it in this
// configuration. Unsigned 32-bit values are positive: PAGE_OFFSET is 3221225472.
func (p *Profile) Constant(name string) (int64, bool) {
	text, ok := p.constants.find(name)
	if !ok {
		return 0, false
	}
	value, err := strconv.ParseInt(text, 10, 64)
	return value, err == nil
}

// ConstantString returns a string constant of the kernel's headers, for example KERN_ERR "<3>".
func (p *Profile) ConstantString(name string) (string, bool) {
	text, ok := p.constants.find(name)
	if !ok {
		return "", false
	}
	return unquoteC(text)
}

// unquoteC joins adjacent C string literals. The escapes are those the table has: octal, \n, \t, \" and \\.
func unquoteC(literals string) (string, bool) {
	var value strings.Builder
	inside := false
	for i := 0; i < len(literals); i++ {
		switch c := literals[i]; {
		case c == '"':
			inside = !inside
		case !inside && c != ' ':
			return "", false // a number
		case inside && c == '\\':
			decoded, length := unescapeC(literals[i+1:])
			value.WriteByte(decoded)
			i += length
		case inside:
			value.WriteByte(c)
		}
	}
	return value.String(), !inside
}

// unescapeC decodes what follows a backslash and returns how many bytes that is.
func unescapeC(text string) (decoded byte, length int) {
	for length < len(text) && length < 3 && '0' <= text[length] && text[length] <= '7' {
		decoded = decoded<<3 | (text[length] - '0')
		length++
	}
	switch {
	case length > 0:
		return decoded, length
	case text[0] == 'n':
		return '\n', 1
	case text[0] == 't':
		return '\t', 1
	}
	return text[0], 1
}

// A BootArea is an area of vmlist that exists when the first process starts.
type BootArea struct {
	Flags uint32 // vm_struct.flags
	Size  uint32 // bytes, with the guard page
}

// BootAreas returns what boot left in vmlist. The first area begins at VMALLOC_START, each other where the one before
// ends, whatever the size of memory (measured with 32 to 1024 MB). Empty for a kernel that was never booted.
func (p *Profile) BootAreas() []BootArea {
	if p.Name != "2.4.18-14" {
		return nil
	}
	return []BootArea{{VMAlloc, 53248}, {VMAlloc, 8192}}
}
