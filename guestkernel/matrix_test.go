// SPDX-License-Identifier: BSD-3-Clause
// The matrix: what a real 2.4.18-14 answered to the module system calls, case by case, against what this kernel answers.
//
// testdata/matrix-2.4.18-14.tsv has the facts. The matrix_*_test.go files have the actions, group by group and row by row in
// its order; each row's case, result and notes (state of the module, /proc/modules, log lines) are made from what happened
// and must be the file's, word for word. testdata/matrix-exceptions.tsv lists the rows for which that is not so, and why:
//
//	later   needs what is not modelled yet; the test fails when the row passes after all
//	hazard  the real kernel died or hung by its own mistake: result and notes that ring0 gives instead
//	differs ring0 answers this, for a reason that is no mistake of anybody's
//	mask    parts of the notes, by regular expression, that depend on where pages happen to lie

package guestkernel

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A matrixRow is one row of the file, or one as the test has produced it.
type matrixRow struct{ id, call, what, result, notes string }

// A matrixException is one line of the list of exceptions.
type matrixException struct{ kind, result, notes, reason string }

// matrix is both files, and which rows have been run.
type matrix struct {
	rows       map[string]matrixRow
	ids        []string
	exceptions map[string]matrixException
	ran        map[string]bool
}

// readTable reads a file of tab-separated lines with n fields. Lines that begin with # are comments.
func readTable(t *testing.T, name string, n int) (table [][]string) {
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, fields, n, "%s: %q", name, line)
		table = append(table, fields)
	}
	return table
}

func readMatrix(t *testing.T) *matrix {
	m := &matrix{rows: map[string]matrixRow{}, exceptions: map[string]matrixException{}, ran: map[string]bool{}}
	for _, f := range readTable(t, "matrix-2.4.18-14.tsv", 5) {
		require.NotContains(t, m.rows, f[0])
		m.rows[f[0]] = matrixRow{f[0], f[1], f[2], f[3], f[4]}
		m.ids = append(m.ids, f[0])
	}
	for _, f := range readTable(t, "matrix-exceptions.tsv", 5) {
		require.Contains(t, m.rows, f[0], "an exception for no row")
		require.NotContains(t, m.exceptions, f[0], "two exceptions for one row")
		require.Contains(t, []string{"later", "hazard", "differs", "mask"}, f[1])
		require.NotEmpty(t, f[4], "%s: an exception without a reason", f[0])
		m.exceptions[f[0]] = matrixException{f[1], f[2], f[3], f[4]}
	}
	return m
}

// expected is a row as it should come out here.
func (m *matrix) expected(id string) matrixRow {
	row := m.rows[id]
	if e, excepted := m.exceptions[id]; excepted && (e.kind == "hazard" || e.kind == "differs") {
		row.result, row.notes = e.result, e.notes
	}
	return row
}

// produced is what the test has made of a row.
type produced struct {
	matrixRow
	log     string   // all that was logged meanwhile
	remarks []string // ring0's own
}

// check compares a row that the test has produced with the file's.
func (m *matrix) check(t *testing.T, got produced) {
	want, known := m.expected(got.id), m.rows[got.id].id != ""
	require.True(t, known, "no row %s", got.id)
	require.False(t, m.ran[got.id], "row %s has been run before", got.id)
	m.ran[got.id] = true
	exception := m.exceptions[got.id]
	switch exception.kind {
	case "later":
		require.NotEqual(t, withoutConsole(want).String(), got.String(), "the row passes: take it off the list of exceptions (%s)", exception.reason)
		return
	case "hazard":
		require.Contains(t, strings.Join(got.remarks, "\n"), "2.4.18", "a remark says that the real kernel would have failed")
	case "mask":
		mask := regexp.MustCompile(exception.notes)
		require.Regexp(t, mask, want.notes)
		want.notes, got.notes = mask.ReplaceAllString(want.notes, "…"), mask.ReplaceAllString(got.notes, "…")
	}
	log := got.log
	for _, piece := range consolePieces(want.notes) {
		_, after, found := strings.Cut(log, piece)
		require.True(t, found, "the log lacks %q in:\n%s", piece, log)
		log = after
	}
	require.Equal(t, withoutConsole(want).String(), got.String())
}

func (r matrixRow) String() string {
	return strings.Join([]string{r.id, r.call, r.what, r.result, r.notes}, "\n")
}

// The notes of some rows end with what the console showed, a file that has all of it, and the boot they belong to.
var (
	consoleNote = regexp.MustCompile(`(?:; )?console: (.*?)(?: ; full text [^ ]*|$)`)
	bootNote    = regexp.MustCompile(` *\[own boot: [^]]*\]$`)
	fileNote    = regexp.MustCompile(` *; console (oops/)?[^ ]*`)
)

// consolePieces lists what the log must have, in order.
func consolePieces(notes string) []string {
	m := consoleNote.FindStringSubmatch(notes)
	if m == nil {
		return nil
	}
	return strings.Split(m[1], " / ")
}

// withoutConsole is a row with those notes taken off.
func withoutConsole(row matrixRow) matrixRow {
	notes := bootNote.ReplaceAllString(row.notes, "")
	row.notes = fileNote.ReplaceAllString(consoleNote.ReplaceAllString(notes, ""), "")
	return row
}

func TestMatrix(t *testing.T) {
	m := readMatrix(t)
	for _, group := range []struct {
		name string
		run  func(p *probe)
	}{
		{"perm", probePerm}, {"create", probeCreate}, {"init", probeInit}, {"deps", probeDeps}, {"ret", probeRet},
		{"delete", probeDelete}, {"query", probeQuery}, {"proc", probeProc}, {"extra", probeExtra}, {"sleep", probeSleep},
		{"vmlimit", probeVMLimit},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(newProbe(t, m, group.name)) })
	}
	for _, h := range hazards() {
		t.Run(h.boot, func(t *testing.T) { h.run(newProbe(t, m, h.boot)) })
	}
	for _, id := range m.ids {
		require.True(t, m.ran[id], "row %s was not run", id)
	}
}
