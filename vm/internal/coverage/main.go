// SPDX-License-Identifier: BSD-3-Clause

// Coverage writes docs/x86-coverage.md: one row for each instruction form,
// what is UNDEFINED or differs by CPU model, and the tests that prove it.
//
// It is made of the opcode tables of package x86; of forms.txt, which says
// what the recorded vectors hold (forms.go); of the test cases that are text
// files (cases.go); and of notes.txt, which is written by hand (notes.go).
//
//	go run .                the page alone
//	go run . -vectors DIR   first forms.txt, from a whole recording in DIR
package main

//go:generate go run .

import (
	"flag"
	"log"
	"os"
	"path/filepath"

	"ring0/vm/vectors"
)

const (
	pageFile  = "../../../docs/x86-coverage.md"
	formsFile = "forms.txt"
	notesFile = "notes.txt"
)

// groups are the names of the vector files.
var groups = []string{"int", "m16", "seg", "fault", "x87", "mmx", "sse", "sse2"}

func main() {
	log.SetFlags(0)
	log.SetPrefix("coverage: ")
	dir := flag.String("vectors", "", "make forms.txt from the recording in `DIR`")
	flag.Parse()
	if err := run(*dir); err != nil {
		log.Fatal(err)
	}
}

func run(dir string) error {
	if dir != "" {
		if err := writeForms(dir); err != nil {
			return err
		}
	}
	page, err := makePage()
	if err != nil {
		return err
	}
	return os.WriteFile(pageFile, page, 0o644)
}

func writeForms(dir string) error {
	var all []form
	for _, group := range groups {
		f, err := vectors.Open(filepath.Join(dir, group+".hwv.gz"))
		if err != nil {
			return err
		}
		forms, err := survey(f)
		if err != nil {
			return err
		}
		if err := compareUndefined(f, forms); err != nil {
			return err
		}
		all = append(all, forms...)
	}
	return os.WriteFile(formsFile, formatForms(all), 0o644)
}
