// SPDX-License-Identifier: BSD-3-Clause

// What is written by hand: notes.txt, whose head explains it.

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"ring0/vm/x86"
)

// Kinds of notes.
const (
	noteUndefined = "undefined" // what ring0 gives where the manual leaves it open
	noteModel     = "model"     // how CPU models differ
	noteRecorded  = "recorded"  // how the CPU of the vectors differs from an i686
	noteTest      = "test"      // a test in Go that proves a row
	noteProof     = "proof"     // what proves a rule that is no single row's
)

// note is a line of notes.txt.
type note struct {
	kind string
	keys []string // mnemonics, or codes of rows; none: of no row in particular
	text string
}

func readNotes() (notes []note, err error) {
	text, err := os.ReadFile(notesFile)
	if err != nil {
		return nil, err
	}
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		fields := strings.SplitN(line, "|", 3)
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s:%d: want kind | keys | text", notesFile, i+1)
		}
		n := note{kind: strings.TrimSpace(fields[0]), text: strings.TrimSpace(fields[2])}
		if !slices.Contains([]string{noteUndefined, noteModel, noteRecorded, noteTest, noteProof}, n.kind) {
			return nil, fmt.Errorf("%s:%d: no kind %q", notesFile, i+1, n.kind)
		}
		for _, key := range strings.Split(fields[1], ",") {
			if key = strings.TrimSpace(key); key != "" {
				n.keys = append(n.keys, key)
			}
		}
		notes = append(notes, n)
	}
	return notes, nil
}

// about says whether the note is about a row.
func (n *note) about(r x86.Row) bool {
	return slices.Contains(n.keys, r.Op.String()) || slices.Contains(n.keys, r.Code)
}
