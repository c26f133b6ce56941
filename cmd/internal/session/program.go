// SPDX-License-Identifier: BSD-3-Clause
// Running a program at CPL 3 once the modules are loaded.

package session

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"ring0/cmd/internal/hostfile"
	"ring0/cmd/internal/plain"
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
	before := r.oopses
	r.note(r.program(res))
	res.Oopses = r.oopses - before
	if res.Oopses > 0 && r.result.Verdict <= Failed {
		r.result.Verdict = Crashed
	}
}

// followLog passes the kernel log on as it comes, to w if there is one, and counts oopses. The function it returns ends
// the log's last line.
func (r *runner) followLog(w io.Writer) (end func()) {
	log := &logWriter{w: w, fresh: true}
	r.kernel.SetObserver(func(n guestkernel.Notice) {
		switch n.Kind {
		case guestkernel.LogWritten:
			log.write(n.Text)
		case guestkernel.OopsBegins:
			r.oopses++
		}
	})
	return func() {
		if !log.fresh {
			log.write("\n")
		}
	}
}

// program starts it and waits for its end, which is an error unless it is a good one.
func (r *runner) program(res *ProgramResult) error {
	data, err := hostfile.Read(res.File, hostfile.Object)
	if err != nil {
		res.Err = &fileError{err}
		return res.Err
	}
	cfg, err := r.programConfig(res.Program, data)
	if err != nil {
		return err
	}
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
	end := &programError{program.Wait()}
	res.Outcome = &end.outcome
	if end.outcome.Kind == guestkernel.PoweredOff || end.outcome.Kind == guestkernel.Exited && end.outcome.Value == 0 {
		return nil
	}
	return end
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
		io.WriteString(l.w, plain.Escape(line))
		l.fresh = strings.HasSuffix(line, "\n")
	}
}

// WriteProgram writes how the program ended, unless all is well.
func (r *Result) WriteProgram(w io.Writer) {
	p := r.Program
	switch {
	case p == nil, isFileError(p.Err):
	case p.Err != nil:
		fmt.Fprintln(w, p.Err)
	case p.Outcome.Kind != guestkernel.Exited || p.Outcome.Value != 0:
		fmt.Fprintf(w, "%s: %s\n", p.File, plain.Escape(p.Outcome.String()))
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
	d := &ProgramDocument{File: plain.UTF8(p.File), Args: plain.UTF8s(p.Args), PID: p.PID, Oopses: p.Oopses}
	d.Stdout, d.Stderr = kept(p.Stdout), kept(p.Stderr)
	switch {
	case p.Err != nil:
		d.Error = plain.UTF8(p.Err.Error())
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
		return plain.UTF8(k.buf.String())
	}
	return ""
}
