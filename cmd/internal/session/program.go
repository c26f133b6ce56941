// SPDX-License-Identifier: BSD-3-Clause
// Running a program at CPL 3 once the modules are loaded.

package session

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ring0/guestkernel"
)

// Program says which program runs.
type Program struct {
	File   string
	Args   []string // without the program's own name
	Env    []string // "NAME=value"
	Init   bool     // it is the kernel's first process: pid 1, and its end is a panic
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Log    io.Writer // gets the kernel log as it comes; nil: nobody does
}

// ProgramResult is what became of it.
type ProgramResult struct {
	*Program
	PID     int32
	Outcome *guestkernel.Outcome // nil: it was not started
	Oopses  int                  // since it was started, whoever they hit
	Err     error                // why it was not started
}

// What a program is as init, and which pid its first child gets: the kernel's own threads have those before.
const (
	initPath  = "/sbin/init"
	initPID   = 1
	childPID  = 9
	streamCap = 1 << 20 // bytes of a program's output that the JSON report keeps
)

// runProgram runs the program of the configuration.
func (r *runner) runProgram(p *Program) {
	res := &ProgramResult{Program: p}
	r.result.Program = res
	r.note(r.program(res))
	if res.Oopses > 0 && r.result.Verdict <= Failed {
		r.result.Verdict = Crashed
	}
}

// program starts it and waits for its end, which is an error unless it is a good one.
func (r *runner) program(res *ProgramResult) error {
	data, err := os.ReadFile(res.File)
	if err != nil {
		res.Err = &fileError{err}
		return res.Err
	}
	cfg, err := r.programConfig(res.Program, data)
	if err != nil {
		return err
	}
	log := &logWriter{w: res.Log, fresh: true}
	log.write(r.kernel.LogText()) // of modules that were loaded before
	r.kernel.SetObserver(func(n guestkernel.Notice) {
		switch n.Kind {
		case guestkernel.LogWritten:
			log.write(n.Text)
		case guestkernel.OopsBegins:
			res.Oopses++
		}
	})
	program, err := r.kernel.StartProgram(cfg)
	var format *guestkernel.FormatError
	switch {
	case errors.As(err, &format):
		res.Err = &fileError{fmt.Errorf("%s: %w", res.File, err)}
		return res.Err
	case err != nil:
		res.Err = err
		return err
	}
	res.PID = program.Task().Pid()
	outcome := program.Wait()
	res.Outcome = &outcome
	switch {
	case outcome.Kind == guestkernel.PoweredOff, outcome.Kind == guestkernel.Exited && outcome.Value == 0:
		return nil
	}
	return &programError{outcome}
}

// programConfig is how the kernel is to run a program.
func (r *runner) programConfig(p *Program, data []byte) (guestkernel.ProgramConfig, error) {
	name := filepath.ToSlash(p.File) // the guest knows one separator
	cfg := guestkernel.ProgramConfig{
		Path: name, File: data, Args: append([]string{name}, p.Args...), Env: p.Env,
		Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr,
	}
	cfg.UID = r.cfg.UID
	caps, err := r.capabilities()
	cfg.Caps = caps
	if p.Init {
		cfg.PID, cfg.Path, cfg.Args[0] = initPID, initPath, initPath
	}
	return cfg, err
}

// programError is an end that is not a good one.
type programError struct{ outcome guestkernel.Outcome }

func (e *programError) Error() string { return e.outcome.String() }

// logWriter passes the kernel log on as dmesg shows it, without levels.
type logWriter struct {
	w     io.Writer
	fresh bool // at the beginning of a line
}

func (l *logWriter) write(text string) {
	if l.w == nil {
		return
	}
	for line := range strings.Lines(text) {
		if l.fresh && len(line) > 2 && line[0] == '<' && line[2] == '>' {
			line = line[3:]
		}
		io.WriteString(l.w, line)
		l.fresh = strings.HasSuffix(line, "\n")
	}
}

// WriteProgram writes how the program ended, unless all is well.
func (r *Result) WriteProgram(w io.Writer) {
	p := r.Program
	switch {
	case p == nil:
	case p.Err != nil:
		fmt.Fprintln(w, p.Err)
	case p.Outcome.Kind != guestkernel.Exited || p.Outcome.Value != 0:
		fmt.Fprintf(w, "%s: %s\n", p.File, p.Outcome)
	}
}

// ProgramDocument is the program in the JSON report.
type ProgramDocument struct {
	File    string        `json:"file"`
	Args    []string      `json:"args"`
	PID     int32         `json:"pid"`
	Exit    *int32        `json:"exit_status,omitempty"`
	Stopped *StopDocument `json:"stopped,omitempty"`
	Oopses  int           `json:"oopses"`
	Stdout  string        `json:"stdout"`
	Stderr  string        `json:"stderr"`
	Error   string        `json:"error,omitempty"`
}

// document is the program in the report. What it wrote is in it when a Keep took it.
func (p *ProgramResult) document() *ProgramDocument {
	if p == nil {
		return nil
	}
	d := &ProgramDocument{File: p.File, Args: append([]string{}, p.Args...), PID: p.PID, Oopses: p.Oopses}
	d.Stdout, d.Stderr = kept(p.Stdout), kept(p.Stderr)
	switch {
	case p.Err != nil:
		d.Error = p.Err.Error()
	case p.Outcome == nil:
	case p.Outcome.Kind == guestkernel.Exited:
		d.Exit = &p.Outcome.Value
	default:
		d.Stopped = stopDocument("", *p.Outcome)
	}
	return d
}

// Keep is a program's output for the report: its first megabyte.
type Keep struct{ buf bytes.Buffer }

// Write keeps what there is room for.
func (k *Keep) Write(b []byte) (int, error) {
	k.buf.Write(b[:min(len(b), streamCap-k.buf.Len())])
	return len(b), nil
}

func kept(w io.Writer) string {
	if k, ok := w.(*Keep); ok {
		return k.buf.String()
	}
	return ""
}
