// SPDX-License-Identifier: BSD-3-Clause
// The generator of the tables that package abi embeds: flags and the list of tables; convert.go has the conversions.

// Command gen writes the text tables under guestkernel/abi/data from the reference folder:
//
//	go run ./guestkernel/abi/internal/gen [-reference DIR] [-out DIR]
//
// The reference holds what was measured on the real kernels: layouts-PROFILE.tsv, constants-PROFILE.tsv,
// exports-PROFILE.tsv and System.map-PROFILE. A table whose source is missing for a profile is not written; which
// profiles have which is listed in sources. The formats are described in guestkernel/abi/data/README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// source is one table: a reference file, the file made from it, and the conversion.
type source struct {
	from, to string
	convert  func(input string) (string, error)
}

// sources lists every table. The vanilla kernel was only compiled for its layouts, never booted.
var sources = []source{
	{"layouts-2.4.18-14.tsv", "layouts-2.4.18-14.txt", layouts},
	{"layouts-2.4.37.tsv", "layouts-2.4.37.txt", layouts},
	{"constants-2.4.18-14.tsv", "constants-2.4.18-14.txt", constants},
	{"exports-2.4.18-14.tsv", "exports-2.4.18-14.txt", exports},
	{"System.map-2.4.18-14", "symbols-2.4.18-14.txt", symbols},
	{"System.map-2.4.18-14", "symbolnames-2.4.18-14.txt", symbolNames},
}

func main() {
	reference := flag.String("reference", "../shared/reference", "folder with the measured facts")
	out := flag.String("out", "guestkernel/abi/data", "folder to write the tables to")
	flag.Parse()
	for _, s := range sources {
		if err := generate(*reference, *out, s); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

func generate(reference, out string, s source) error {
	input, err := os.ReadFile(filepath.Join(reference, s.from))
	if err != nil {
		return err
	}
	text, err := s.convert(string(input))
	if err != nil {
		return fmt.Errorf("%s: %w", s.from, err)
	}
	return os.WriteFile(filepath.Join(out, s.to), []byte(text), 0o644)
}
