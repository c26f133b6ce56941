// SPDX-License-Identifier: BSD-3-Clause
// The errors of this package: what a caller can tell apart, and how they read.

package loader

import (
	"fmt"
	"strconv"
	"strings"
)

// FormatError says that a file is not what it should be, in one sentence.
type FormatError struct {
	File  string // as the caller named it
	Place string // section, relocation place, symbol … ; may be empty
	Text  string
}

func (e *FormatError) Error() string { return joinPlace(e.File, e.Place, e.Text) }

// VersionError says that a module was compiled for another kernel.
type VersionError struct {
	File     string
	Compiled string // the module's kernel_version
	Running  string // the kernel's release
}

func (e *VersionError) Error() string {
	return e.File + ": " + e.text() + "."
}

func (e *VersionError) text() string {
	return fmt.Sprintf("kernel-module version mismatch\n\t%s was compiled for kernel version %s\n\twhile this kernel is version %s",
		e.File, e.Compiled, e.Running)
}

// UnresolvedError lists every symbol that neither the kernel nor a loaded
// module exports.
type UnresolvedError struct {
	File  string
	Names []string // in the order of the file's symbol table
	Hint  string   // may be empty
}

func (e *UnresolvedError) Error() string {
	var lines []string
	for _, n := range e.Names[:min(len(e.Names), maxListed)] {
		lines = append(lines, e.File+": unresolved symbol "+show(n))
	}
	if more := len(e.Names) - maxListed; more > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d more unresolved symbols", e.File, more))
	}
	if e.Hint != "" {
		lines = append(lines, e.File+": "+e.Hint)
	}
	return strings.Join(lines, "\n")
}

// ParameterError says why a `name=value` argument was refused.
type ParameterError struct {
	File      string
	Parameter string
	Text      string // the whole sentence, the parameter named in it
}

func (e *ParameterError) Error() string { return e.File + ": " + e.Text }

// maxListed bounds a list in a message; real modules import at most 300 symbols.
const maxListed = 1000

func joinPlace(parts ...string) string {
	kept := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ": ")
}

// show makes a name from a file fit for a message: printable names as they
// are, others quoted, long ones cut.
func show(name string) string {
	const limit = 200
	cut := ""
	if len(name) > limit {
		name, cut = name[:limit], "…"
	}
	for i := 0; i < len(name); i++ {
		if name[i] < 0x21 || name[i] > 0x7e {
			return strconv.QuoteToASCII(name) + cut
		}
	}
	if name == "" {
		return `""`
	}
	return name + cut
}
