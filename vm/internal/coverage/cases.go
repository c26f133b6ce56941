// SPDX-License-Identifier: BSD-3-Clause

// Test cases in text files, by the rows whose instructions they execute.

package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ring0/vm/syscase"
	"ring0/vm/x86"
)

const (
	systemCases = "../../syscase/testdata/*.txt"
	simdCases   = "../../testdata/simd.txt"
)

// caseList has the names of the cases of each row, "file/case".
type caseList struct {
	index *x86.RowIndex
	byRow map[string][]string
}

func readCases() (map[string][]string, error) {
	l := caseList{x86.NewRowIndex(), map[string][]string{}}
	files, err := filepath.Glob(systemCases)
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if err := l.addSystem(name); err != nil {
			return nil, err
		}
	}
	return l.byRow, l.addSIMD()
}

// add notes the instructions of code, up to one that has no row.
func (l *caseList) add(name string, code []byte, mode x86.Mode) {
	for len(code) > 0 {
		row, in, ok := l.index.Find(code, mode)
		if !ok {
			return
		}
		key := rowKey(row)
		if !slices.Contains(l.byRow[key], name) {
			l.byRow[key] = append(l.byRow[key], name)
		}
		code = code[in.Len:]
	}
}

func (l *caseList) addSystem(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	cases, err := syscase.Parse(f)
	for _, c := range cases {
		code16 := c.Mode == "real" || c.Mode == "v86" || strings.HasSuffix(c.Mode, "-16")
		l.add(fileName(path)+"/"+c.Name, c.Code, codeMode(code16))
	}
	return err
}

// addSIMD reads the cases of vm/testdata/simd.txt: name | setup | code | outcome.
func (l *caseList) addSIMD() error {
	text, err := os.ReadFile(simdCases)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Split(line, "|")
		if len(fields) < 3 {
			continue
		}
		code, err := hex.DecodeString(strings.ReplaceAll(fields[2], " ", ""))
		if err != nil {
			return err
		}
		l.add(fileName(simdCases)+"/"+strings.TrimSpace(fields[0]), code, x86.Code32)
	}
	return nil
}

// fileName is a path without folder and extension.
func fileName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}
