// SPDX-License-Identifier: BSD-3-Clause
// Steps after loading: what a user would type at a shell, each through real system calls.

package session

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ring0/cmd/internal/plain"
	"ring0/guestkernel"
	"ring0/loader"
)

// StepResult is one step and what came of it.
type StepResult struct {
	Command string `json:"command"`
	Output  string `json:"output"`
	Errno   string `json:"errno,omitempty"` // name of the error number the step ended with
	Error   string `json:"error,omitempty"`
}

const stepLimit = 1 << 20 // bytes that cat prints

// runSteps does the steps, each in a process of its own, until one does not come back.
func (r *runner) runSteps(steps []step) {
	for _, s := range steps {
		output, err := r.step(s)
		res := StepResult{Command: s.text, Output: output}
		r.note(err)
		if err != nil {
			res.Error, res.Errno = err.Error(), errnoOf(err)
		}
		r.result.Steps = append(r.result.Steps, res)
		if err != nil && res.Errno == "" {
			return
		}
	}
}

// step does one.
func (r *runner) step(s step) (output string, err error) {
	p, err := r.kernel.NewProcess(guestkernel.ProcessConfig{Comm: "sh", UID: r.cfg.UID})
	if err != nil {
		return "", err
	}
	defer p.Close()
	return s.do(p)
}

// errnoOf is the name of the error number in an error, empty without one.
func errnoOf(err error) string {
	var failed *guestkernel.SyscallError
	if errors.As(err, &failed) && failed.Errno() != 0 {
		return failed.Errno().String()
	}
	var call *loader.CallError
	if errors.As(err, &call) {
		return call.Errno.String()
	}
	return ""
}

// list is what is in a directory, by name, without . and ..
func list(p *guestkernel.Process, dir string) (string, error) {
	entries, err := p.ReadDir(dir)
	var names []string
	for _, e := range entries {
		if e.Name != "." && e.Name != ".." {
			names = append(names, e.Name+"\n")
		}
	}
	slices.Sort(names)
	return strings.Join(names, ""), err
}

// WriteSteps writes each step with what it printed.
func (r *Result) WriteSteps(w io.Writer) {
	for _, s := range r.Steps {
		fmt.Fprintf(w, "$ %s\n%s", s.Command, plain.Escape(s.Output))
		if s.Output != "" && !strings.HasSuffix(s.Output, "\n") {
			fmt.Fprintln(w)
		}
		if s.Error != "" {
			fmt.Fprintln(w, s.Error)
		}
	}
}

// stepDocuments are the steps in the JSON report.
func (r *Result) stepDocuments() (all []StepResult) {
	for _, s := range r.Steps {
		all = append(all, StepResult{plain.UTF8(s.Command), plain.UTF8(s.Output), s.Errno, plain.UTF8(s.Error)})
	}
	return all
}
