// SPDX-License-Identifier: BSD-3-Clause
// Steps after loading: what a user would type at a shell, each through real system calls.

package session

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

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

// runSteps does the steps of "a; b; c", each in a process of its own, until one does not come back.
func (r *runner) runSteps(script string) {
	for command := range strings.SplitSeq(script, ";") {
		if command = strings.TrimSpace(command); command == "" {
			continue
		}
		output, err := r.step(command)
		res := StepResult{Command: command, Output: output}
		if err != nil {
			res.Error, res.Errno = err.Error(), errnoOf(err)
		}
		r.result.Steps = append(r.result.Steps, res)
		r.note(err)
		if err != nil && res.Errno == "" {
			return
		}
	}
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

// step does one: cat PATH, echo TEXT > PATH, rmmod NAME, sleep SECONDS.
func (r *runner) step(command string) (output string, err error) {
	p, err := r.kernel.NewProcess(guestkernel.ProcessConfig{Comm: "sh", UID: r.cfg.UID})
	if err != nil {
		return "", err
	}
	defer p.Close()
	words := strings.Fields(command)
	switch {
	case words[0] == "echo":
		text, path, found := strings.Cut(strings.TrimSpace(strings.TrimPrefix(command, "echo")), ">")
		if !found {
			return text + "\n", nil
		}
		_, err := p.WriteFile(strings.TrimSpace(path), []byte(strings.Trim(strings.TrimSpace(text), `"'`)+"\n"))
		return "", err
	case len(words) != 2:
	case words[0] == "cat":
		text, err := p.ReadFile(words[1], stepLimit)
		return string(text), err
	case words[0] == "rmmod":
		return "", loader.Rmmod(p, words[1])
	case words[0] == "sleep":
		seconds, err := strconv.ParseFloat(words[1], 64)
		if err != nil || !(seconds >= 0 && seconds < 1e6) {
			return "", fmt.Errorf("%s: want seconds", command)
		}
		return "", p.Sleep(uint64(seconds * 1e6))
	}
	return "", fmt.Errorf("%s: want cat PATH, echo TEXT > PATH, rmmod NAME or sleep SECONDS", command)
}

// WriteSteps writes each step with what it printed.
func (r *Result) WriteSteps(w io.Writer) {
	for _, s := range r.Steps {
		fmt.Fprintf(w, "$ %s\n%s", s.Command, s.Output)
		if s.Output != "" && !strings.HasSuffix(s.Output, "\n") {
			fmt.Fprintln(w)
		}
		if s.Error != "" {
			fmt.Fprintln(w, s.Error)
		}
	}
}
