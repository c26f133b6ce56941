// SPDX-License-Identifier: BSD-3-Clause

// Package syscase reads the system test cases: tiny programs about segments,
// gates, tasks, paging and debugging, each with what must come of it.
//
// A case is one line:
//
//	name | mode | setup; setup … | code bytes | expectation expectation …   # assembly
//
// All numbers are hexadecimal. What a case sees is a fixed little world of
// descriptor tables, stacks and handlers (world.go), changed by its setup
// (setup.go), and entered in its mode by start-up code in the image
// (launch.go). The image can be booted by anything that loads a multiboot
// kernel: the cases hold for any i686, not only for package vm.
//
// Every way out leads to a HLT at CPL 0, or in real mode: the handlers of all
// vectors are nothing else. Which handler, and registers and memory then, are
// the outcome that expect.go compares.
package syscase

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Case is one test.
type Case struct {
	Name   string
	Line   int
	Mode   string
	CPU    string // the model that the case is about; empty: any with the features of a Pentium III
	Setup  []string
	Code   []byte
	Expect []string
}

// Parse reads a file of cases.
func Parse(r io.Reader) ([]Case, error) {
	var cases []Case
	seen := map[string]bool{}
	scan := bufio.NewScanner(r)
	for line := 1; scan.Scan(); line++ {
		text, _, _ := strings.Cut(scan.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		c, err := parseCase(text)
		if err == nil && seen[c.Name] {
			err = fmt.Errorf("second case %q", c.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		seen[c.Name] = true
		c.Line = line
		cases = append(cases, c)
	}
	return cases, scan.Err()
}

func parseCase(text string) (Case, error) {
	f := strings.Split(text, "|")
	if len(f) != 5 {
		return Case{}, fmt.Errorf("%d fields, want name | mode | setup | code | expectation", len(f))
	}
	code, err := hex.DecodeString(strings.ReplaceAll(f[3], " ", ""))
	if err != nil {
		return Case{}, fmt.Errorf("code: %w", err)
	}
	c := Case{Name: strings.TrimSpace(f[0]), Mode: strings.TrimSpace(f[1]), Code: code, Expect: strings.Fields(f[4])}
	for _, s := range strings.Split(f[2], ";") {
		if model, ok := strings.CutPrefix(strings.TrimSpace(s), "cpu "); ok {
			c.CPU = strings.TrimSpace(model)
		} else if s = strings.TrimSpace(s); s != "" {
			c.Setup = append(c.Setup, s)
		}
	}
	if len(c.Expect) == 0 {
		return Case{}, fmt.Errorf("case %q expects nothing", c.Name)
	}
	return c, nil
}
