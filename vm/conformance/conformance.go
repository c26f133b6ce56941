// SPDX-License-Identifier: BSD-3-Clause
// Running vector files and reporting per instruction form.

// Package conformance runs CPU vectors (package vectors) on a machine and
// compares everything a program could see: registers, flags, memory, the
// exception with its error code and CR2.
//
// Each vector is one instruction at CPL 3 under paging, entered through IRET
// and left, when it faults, through an IDT gate: what happens around the
// instruction is the machine's own doing too.
package conformance

import (
	"fmt"
	"io"
	"strings"

	"ring0/vm/vectors"
)

// Options choose what is run and how it is compared.
type Options struct {
	CPU    string // model name for vm.Config; empty for one that has SSE2
	Form   string // only forms whose name contains this
	Strict bool   // compare what the manual leaves undefined, too
}

// Report says how the forms of one file did, in file order.
type Report struct {
	Group     string
	Forms     []FormResult
	Total     int
	Failed    int
	Unwritten int // of the failed: those whose instruction the machine does not have yet
}

// FormResult is one instruction form.
type FormResult struct {
	Name      string
	Total     int
	Failed    int
	Unwritten int
	First     *Failure // nil when none failed
}

// Failure is one vector that came out differently.
type Failure struct {
	Index       int // in the file
	Code        []byte
	Differences []string
}

// String is the failure in one line.
func (f *Failure) String() string {
	return fmt.Sprintf("#%d (% x): %s", f.Index, f.Code, strings.Join(f.Differences, "; "))
}

// Run executes every vector of a file, compressed or not.
func Run(r io.Reader, opt Options) (*Report, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	f, err := vectors.Parse(raw)
	if err != nil {
		return nil, err
	}
	return RunFile(f, opt)
}

// RunFile executes every vector of a file.
func RunFile(f *vectors.File, opt Options) (*Report, error) {
	b, err := newBench(f, opt)
	if err != nil {
		return nil, err
	}
	rep := &Report{Group: f.Group, Forms: make([]FormResult, len(f.Forms))}
	wanted := make([]bool, len(f.Forms))
	for i, name := range f.Forms {
		rep.Forms[i].Name = name
		wanted[i] = strings.Contains(name, opt.Form)
	}
	for rec, err := range f.Records() {
		if err != nil {
			return nil, err
		}
		if !wanted[rec.Form] {
			continue
		}
		v, err := b.run(rec)
		if err != nil {
			return nil, fmt.Errorf("conformance: group %s: vector %d (%s, % x): %w", f.Group, rec.Index, rec.Name, rec.Code, err)
		}
		rep.add(rec, v)
	}
	return rep, nil
}

// verdict is how one vector came out.
type verdict struct {
	differences []string // none: it passed
	unwritten   bool
}

func (r *Report) add(rec *vectors.Record, v verdict) {
	form := &r.Forms[rec.Form]
	r.Total++
	form.Total++
	if len(v.differences) == 0 {
		return
	}
	if v.unwritten {
		r.Unwritten++
		form.Unwritten++
	}
	r.Failed++
	form.Failed++
	if form.First == nil {
		form.First = &Failure{Index: rec.Index, Code: rec.Code, Differences: v.differences}
	}
}

// WriteText lists the forms that failed, each with its first example, and
// with all set the others as well; then the sum.
func (r *Report) WriteText(w io.Writer, all bool) error {
	for i := range r.Forms {
		f := &r.Forms[i]
		if f.Total == 0 || f.Failed == 0 && !all {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-28s %s\n", f.Name, counts(f.Total, f.Failed, f.Unwritten)); err != nil {
			return err
		}
		if f.First != nil {
			if _, err := fmt.Fprintf(w, "    %v\n", f.First); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", r.Group, counts(r.Total, r.Failed, r.Unwritten))
	return err
}

func counts(total, failed, unwritten int) string {
	s := fmt.Sprintf("%d of %d pass", total-failed, total)
	if unwritten > 0 {
		s += fmt.Sprintf(", %d not written", unwritten)
	}
	return s
}
