// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
	"ring0/vm/x86"
)

func TestPageIsFresh(t *testing.T) {
	want, err := makePage()
	require.NoError(t, err)
	got, err := os.ReadFile(pageFile)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run go generate in vm/internal/coverage")
}

// TestEveryRowIsProved asks for vectors, a case or a named test for each row,
// and for privileged ones, which the vectors only see refused, for a case.
func TestEveryRowIsProved(t *testing.T) {
	forms, err := readForms()
	require.NoError(t, err)
	proved := map[string]bool{}
	for i := range forms {
		for _, r := range forms[i].rows {
			proved[r.key] = true
		}
	}
	cases, err := readCases()
	require.NoError(t, err)
	notes, err := readNotes()
	require.NoError(t, err)
	for r := range x86.Rows() {
		test := slices.ContainsFunc(notes, func(n note) bool { return n.kind == noteTest && n.about(r) })
		hasCase := len(cases[rowKey(r)]) != 0
		require.True(t, proved[rowKey(r)] || hasCase || test, "nothing proves %s", rowKey(r))
		if r.Priv {
			require.True(t, hasCase, "no case for the privileged %s", rowKey(r))
		}
	}
}

func TestRowKeysAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for r := range x86.Rows() {
		require.False(t, seen[rowKey(r)], rowKey(r))
		seen[rowKey(r)] = true
	}
}

// TestNotesFit asks that each key of notes.txt is of some row, and that every
// integer result that is not the recorded CPU's is explained.
func TestNotesFit(t *testing.T) {
	notes, err := readNotes()
	require.NoError(t, err)
	explained := map[string]bool{}
	for i := range notes {
		n := &notes[i]
		for _, key := range n.keys {
			if n.kind == noteProof {
				continue // a rule, not a row
			}
			one := note{keys: []string{key}}
			found := false
			for r := range x86.Rows() {
				if one.about(r) {
					found = true
					explained[rowKey(r)] = explained[rowKey(r)] || n.kind == noteUndefined
				}
			}
			require.True(t, found, "%s: %q is no row's", notesFile, key)
		}
	}
	forms, err := readForms()
	require.NoError(t, err)
	for i := range forms {
		f := &forms[i]
		for _, r := range f.rows {
			if f.asRecorded != f.affected && f.group != "x87" {
				require.True(t, explained[r.key], "%s: %s is not as recorded, and no note explains %v", f.name, r.key, f.undefined)
			}
		}
	}
}

// TestFormsMatchSample holds forms.txt against the committed sample.
func TestFormsMatchSample(t *testing.T) {
	forms, err := readForms()
	require.NoError(t, err)
	for _, group := range groups {
		f, err := vectors.Open(vectorstest.SamplePath(group))
		require.NoError(t, err)
		sample, err := survey(f)
		require.NoError(t, err)
		require.NoError(t, compareUndefined(f, sample))
		for i := range sample {
			s := &sample[i]
			require.NotEmpty(t, forms, "%s has no %s %s", formsFile, group, s.name)
			all := &forms[0]
			forms = forms[1:]
			require.Equal(t, group+" "+s.name, all.group+" "+all.name)
			require.LessOrEqual(t, s.vectors, all.vectors)
			require.Subset(t, all.undefined, s.undefined, s.name)
			require.LessOrEqual(t, s.affected-s.asRecorded, all.affected-all.asRecorded, "%s: more undefined results differ than %s says", s.name, formsFile)
			for _, r := range s.rows {
				require.True(t, slices.ContainsFunc(all.rows, func(a rowCount) bool { return a.key == r.key && a.reg >= r.reg && a.mem >= r.mem }), "%s: %s", s.name, r.key)
			}
		}
	}
	require.Empty(t, forms)
}

// TestFormsMatchRecording holds forms.txt against the whole recording, but
// for what only running it could tell.
func TestFormsMatchRecording(t *testing.T) {
	forms, err := readForms()
	require.NoError(t, err)
	for _, group := range groups {
		recorded, err := survey(vectorstest.Full(t, group))
		require.NoError(t, err)
		for _, r := range recorded {
			require.NotEmpty(t, forms)
			r.asRecorded = forms[0].asRecorded
			require.Equal(t, string(formatForms([]form{r})), string(formatForms(forms[:1])))
			forms = forms[1:]
		}
	}
	require.Empty(t, forms)
}

// TestProofsExist asks that each test and case that a proof names is there.
func TestProofsExist(t *testing.T) {
	cases := caseNames(t)
	tests := testNames(t)
	notes, err := readNotes()
	require.NoError(t, err)
	word := regexp.MustCompile(`\bTest\w+|[a-z0-9]+/[a-z0-9-]*[a-z0-9*-]`)
	for i := range notes {
		if notes[i].kind != noteProof {
			continue
		}
		for _, name := range word.FindAllString(notes[i].text, -1) {
			prefix, all := strings.CutSuffix(name, "*")
			switch {
			case strings.HasPrefix(name, "vm/"):
			case strings.HasPrefix(name, "Test"):
				require.Contains(t, tests, name, "%v", notes[i].keys)
			default:
				require.True(t, slices.ContainsFunc(cases, func(s string) bool {
					return s == name || all && strings.HasPrefix(s, prefix)
				}), "%v: no case %s", notes[i].keys, name)
			}
		}
	}
}

// caseNames are all cases, of instructions that are no row's too.
func caseNames(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob(systemCases)
	require.NoError(t, err)
	for _, path := range append(files, simdCases) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, line := range strings.Split(string(text), "\n") {
			if name, _, ok := strings.Cut(line, "|"); ok && line[0] != '#' {
				names = append(names, fileName(path)+"/"+strings.TrimSpace(name))
			}
		}
	}
	return names
}

// testNames are the functions of all tests below vm.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range function.FindAllSubmatch(text, -1) {
			names[string(m[1])] = true
		}
		return err
	}))
	return names
}
