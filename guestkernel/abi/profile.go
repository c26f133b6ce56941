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
)

// A Profile is one build of a 2.4 kernel. It is read-only and safe for any number of goroutines.
type Profile struct {
	Name    string // what the command line calls it: "2.4.18-14"
	Release string // system_utsname.release, UTS_RELEASE: "2.4.18-14custom"
	Version string // system_utsname.version, UTS_VERSION; empty when that kernel was never built into an image
	Banner  string // linux_banner as printed at boot, without its newline; empty like Version
	HZ      int    // timer interrupts per second

	layouts   layoutTable
	constants table
	exports   table
	symbols   symbolText
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
			HZ:        512,
			layouts:   layouts2418,
			constants: constants2418,
			exports:   exports2418,
			symbols:   symbols2418,
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
	var value strings.Builder
	for text != "" { // adjacent literals make one string, as in C
		literal, err := strconv.QuotedPrefix(text)
		if err != nil {
			return "", false
		}
		part, err := strconv.Unquote(literal)
		if err != nil {
			return "", false
		}
		value.WriteString(part)
		text = strings.TrimLeft(text[len(literal):], " ")
	}
	return value.String(), true
}
