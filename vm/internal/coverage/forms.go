// SPDX-License-Identifier: BSD-3-Clause

// What the recorded vectors hold, form by form: forms.txt.

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"ring0/vm/conformance"
	"ring0/vm/vectors"
	"ring0/vm/x86"
)

// formsHead explains the file to whoever opens it.
const formsHead = `# The forms of the recorded vectors. Made by "go run . -vectors DIR"; do not edit.
#
# group, form, vectors; what some of them leave UNDEFINED, with in how many of
# these ring0 gives what was recorded; the rows of the opcode tables that they
# come from, with the number of register and of memory operands. Vectors that
# come from no row are #UD, or never get as far as decoding.
`

// form is an instruction form of a vector file.
type form struct {
	group, name string
	vectors     int
	undefined   []string // flags of EFLAGS and FSW, registers, memory
	affected    int      // vectors with something undefined
	asRecorded  int      // of these, where ring0 gives the recorded values
	rows        []rowCount
}

// rowCount says how many vectors of a form come from a row.
type rowCount struct {
	key      string // rowKey
	reg, mem int
}

// rowKey names a row.
func rowKey(r x86.Row) string {
	return strings.TrimSpace(r.Code + " " + r.Op.String() + " " + r.Operands)
}

// survey counts the vectors of a file.
func survey(f *vectors.File) ([]form, error) {
	forms := make([]form, len(f.Forms))
	undefined := make([]undefinedSet, len(f.Forms))
	counts := make([]map[string]rowCount, len(f.Forms))
	for i, name := range f.Forms {
		forms[i] = form{group: f.Group, name: name}
		counts[i] = map[string]rowCount{}
	}
	index := x86.NewRowIndex()
	for rec, err := range f.Records() {
		if err != nil {
			return nil, err
		}
		forms[rec.Form].vectors++
		if undefined[rec.Form].add(&rec.Undefined) {
			forms[rec.Form].affected++
		}
		if row, in, ok := index.Find(rec.Code, codeMode(rec.Flags&vectors.Code16 != 0)); ok {
			c := counts[rec.Form]
			c[rowKey(row)] = c[rowKey(row)].plus(hasMemory(in.Form))
		}
	}
	for i := range forms {
		forms[i].undefined = undefined[i].names()
		for _, key := range slices.Sorted(maps.Keys(counts[i])) {
			c := counts[i][key]
			c.key = key
			forms[i].rows = append(forms[i].rows, c)
		}
	}
	return forms, nil
}

func hasMemory(form x86.Form) bool {
	switch form {
	case x86.FormM, x86.FormRM, x86.FormMR, x86.FormMI, x86.FormRMI, x86.FormMRI:
		return true
	}
	return false
}

func codeMode(code16 bool) x86.Mode {
	if code16 {
		return 0
	}
	return x86.Code32
}

func (c rowCount) plus(memory bool) rowCount {
	if memory {
		c.mem++
	} else {
		c.reg++
	}
	return c
}

// compareUndefined finds out where ring0 agrees with the recording also in
// what the manual leaves undefined.
func compareUndefined(f *vectors.File, forms []form) error {
	rep, err := conformance.RunFile(f, conformance.Options{Strict: true})
	if err != nil {
		return err
	}
	for i := range rep.Forms {
		forms[i].asRecorded = forms[i].affected - rep.Forms[i].Failed
	}
	return nil
}

// undefinedSet gathers what is undefined.
type undefinedSet struct {
	eflags, fsw uint16
	gpr         uint8
	memory      bool
}

// add says whether anything was undefined.
func (s *undefinedSet) add(u *vectors.Undefined) bool {
	s.eflags |= u.EFLAGS
	s.fsw |= u.FSW
	s.gpr |= u.GPR
	s.memory = s.memory || len(u.Mem) != 0
	return u.EFLAGS != 0 || u.FSW != 0 || u.GPR != 0 || len(u.Mem) != 0
}

var (
	eflagsNames = map[int]string{0: "CF", 2: "PF", 4: "AF", 6: "ZF", 7: "SF", 11: "OF"}
	fswNames    = map[int]string{8: "C0", 9: "C1", 10: "C2", 14: "C3"}
)

func (s *undefinedSet) names() (names []string) {
	for i := range 16 {
		if s.eflags>>i&1 != 0 {
			names = append(names, cmp.Or(eflagsNames[i], fmt.Sprintf("EFLAGS.%d", i)))
		}
	}
	for i := range 16 {
		if s.fsw>>i&1 != 0 {
			names = append(names, cmp.Or(fswNames[i], fmt.Sprintf("FSW.%d", i)))
		}
	}
	if s.gpr != 0 {
		names = append(names, "result")
	}
	if s.memory {
		names = append(names, "memory")
	}
	return names
}

// formatForms writes forms.txt.
func formatForms(forms []form) []byte {
	var b bytes.Buffer
	b.WriteString(formsHead)
	for i := range forms {
		f := &forms[i]
		undefined := "-"
		if f.affected != 0 {
			undefined = fmt.Sprintf("%s %d/%d", strings.Join(f.undefined, " "), f.asRecorded, f.affected)
		}
		rows := make([]string, len(f.rows))
		for i, r := range f.rows {
			rows[i] = fmt.Sprintf("%s = %d+%d", r.key, r.reg, r.mem)
		}
		fmt.Fprintf(&b, "%s\t%s\t%d\t%s\t%s\n", f.group, f.name, f.vectors, undefined, strings.Join(rows, "; "))
	}
	return b.Bytes()
}

// readForms reads forms.txt.
func readForms() (forms []form, err error) {
	text, err := os.ReadFile(formsFile)
	if err != nil {
		return nil, err
	}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f, err := parseForm(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", formsFile, i+1, err)
		}
		forms = append(forms, f)
	}
	return forms, nil
}

func parseForm(line string) (f form, err error) {
	fields := strings.Split(line, "\t")
	if len(fields) != 5 {
		return f, fmt.Errorf("%d fields, want 5", len(fields))
	}
	f = form{group: fields[0], name: fields[1]}
	if f.vectors, err = strconv.Atoi(fields[2]); err != nil {
		return f, err
	}
	if words := strings.Fields(fields[3]); len(words) > 1 {
		last := len(words) - 1
		f.undefined = words[:last]
		if _, err = fmt.Sscanf(words[last], "%d/%d", &f.asRecorded, &f.affected); err != nil {
			return f, err
		}
	}
	for _, text := range strings.Split(fields[4], "; ") {
		if text == "" {
			continue
		}
		key, counts, _ := strings.Cut(text, " = ")
		c := rowCount{key: key}
		if _, err = fmt.Sscanf(counts, "%d+%d", &c.reg, &c.mem); err != nil {
			return f, fmt.Errorf("%q: %w", text, err)
		}
		f.rows = append(f.rows, c)
	}
	return f, nil
}
