// SPDX-License-Identifier: BSD-3-Clause
// Steps after loading: what a user would type at a shell, each through real system calls.

package session

import (
	"errors"
	"fmt"
	"io"
	"slices"
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

// stepUsage names them all.
const stepUsage = "cat PATH, echo TEXT > PATH, ls DIR, mkdir DIR, rm PATH, mount -t TYPE [-o OPTIONS] DEVICE DIR, umount DIR, ifconfig DEVICE [WHAT…], rmmod NAME or sleep SECONDS"

// step does one.
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
	case words[0] == "mount":
		return "", mount(p, words[1:])
	case words[0] == "ifconfig":
		return ifconfig(p, words[1:])
	case len(words) != 2:
	case words[0] == "cat":
		text, err := p.ReadFile(words[1], stepLimit)
		return string(text), err
	case words[0] == "ls":
		return list(p, words[1])
	case words[0] == "umount":
		return "", p.Unmount(words[1])
	case words[0] == "mkdir":
		return "", p.MakeDir(words[1], 0o777)
	case words[0] == "rm":
		return "", p.Remove(words[1])
	case words[0] == "rmmod":
		return "", loader.Rmmod(p, words[1])
	case words[0] == "sleep":
		seconds, err := strconv.ParseFloat(words[1], 64)
		if err != nil || !(seconds >= 0 && seconds < 1e6) {
			return "", fmt.Errorf("%s: want seconds", command)
		}
		return "", p.Sleep(uint64(seconds * 1e6))
	}
	return "", fmt.Errorf("%s: want %s", command, stepUsage)
}

// mount does mount -t TYPE [-o OPTIONS] DEVICE DIR.
func mount(p *guestkernel.Process, words []string) error {
	kind, options := "", ""
	for len(words) > 2 {
		switch words[0] {
		case "-t":
			kind = words[1]
		case "-o":
			options = words[1]
		default:
			return fmt.Errorf("mount: %s: want -t TYPE [-o OPTIONS] DEVICE DIR", words[0])
		}
		words = words[2:]
	}
	if kind == "" || len(words) != 2 {
		return errors.New("mount: want -t TYPE [-o OPTIONS] DEVICE DIR")
	}
	return p.Mount(kind, words[0], words[1], options)
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
		fmt.Fprintf(w, "$ %s\n%s", s.Command, s.Output)
		if s.Output != "" && !strings.HasSuffix(s.Output, "\n") {
			fmt.Fprintln(w)
		}
		if s.Error != "" {
			fmt.Fprintln(w, s.Error)
		}
	}
}
