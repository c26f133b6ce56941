// SPDX-License-Identifier: BSD-3-Clause
// The report of a run, as text and as one JSON document.

package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"ring0/cmd/internal/plain"
	"ring0/guestkernel"
	"ring0/loader"
)

// WriteLog writes the kernel log as dmesg shows it.
func (r *Result) WriteLog(w io.Writer) {
	for _, line := range r.Kernel.Log() {
		fmt.Fprintln(w, plain.Escape(line.Text))
	}
}

// BadInput is what cannot be read, if that ended the run. It is no result, and WriteVerdict and WriteProgram leave it out.
func (r *Result) BadInput() error {
	if isFileError(r.Cause) {
		return r.Cause
	}
	return nil
}

// WriteVerdict writes what became of every module, one line each, and what
// ring0 itself has to say.
func (r *Result) WriteVerdict(w io.Writer) {
	for i := range r.Modules {
		r.Modules[i].write(w)
	}
	for _, note := range r.Kernel.Notes() {
		fmt.Fprintln(w, "ring0:", plain.Escape(note))
	}
}

func (m *ModuleResult) write(w io.Writer) {
	for _, text := range m.Warnings {
		fmt.Fprintln(w, "Warning:", plain.Escape(text))
	}
	if m.Init != nil {
		fmt.Fprintf(w, "init_module: %s\n", m.Init)
	}
	if m.Remove != nil {
		fmt.Fprintf(w, "delete_module: %s\n", m.Remove)
	}
	if m.Err != nil && !isFileError(m.Err) {
		fmt.Fprintln(w, plain.Escape(m.explain()))
	}
}

// explain is the error as insmod says it; a call that did not return says how
// it ended instead.
func (m *ModuleResult) explain() string {
	var stop *loader.StopError
	if errors.As(m.Err, &stop) {
		return fmt.Sprintf("%s: %s", stop.Call, stop.Outcome)
	}
	return m.Err.Error()
}

// String is "0", or "-16 EBUSY (Device or resource busy)".
func (r CallResult) String() string {
	if e := r.Errno(); e != 0 {
		return fmt.Sprintf("%d %s (%s)", r.Value, e, e.Text())
	}
	return fmt.Sprint(r.Value)
}

// WriteStats writes counts of the run.
func (r *Result) WriteStats(w io.Writer) {
	n := r.Kernel.Machine().Now()
	fmt.Fprintf(w, "%d instructions", n)
	if s := r.Elapsed.Seconds(); s > 0 {
		fmt.Fprintf(w, " in %.3f ms, %.1f million/s", s*1e3, float64(n)/s/1e6)
	}
	fmt.Fprintln(w)
}

// Document is the JSON report. docs/json.md describes it; Version changes when
// a field changes its meaning or goes.
type Document struct {
	Version int                `json:"version"`
	Kernel  KernelDocument     `json:"kernel"`
	Modules []ModuleDocument   `json:"modules"`
	Program *ProgramDocument   `json:"program,omitempty"` // of exec
	Steps   []StepResult       `json:"steps,omitempty"`
	Log     []LineDocument     `json:"log"`
	Notes   []string           `json:"notes"`
	Found   *[]FindingDocument `json:"findings,omitempty"` // with --check
	Faults  []FaultDocument    `json:"faults,omitempty"`   // with --fail
	Verdict string             `json:"verdict"`
	Exit    int                `json:"exit"`
	Insns   uint64             `json:"instructions"`
}

// KernelDocument describes the kernel that ran.
type KernelDocument struct {
	Profile string `json:"profile"`
	Release string `json:"release"`
	Memory  uint32 `json:"memory_bytes"`
}

// ModuleDocument is one module.
type ModuleDocument struct {
	File       string        `json:"file"`
	Parameters []string      `json:"parameters"`
	Name       string        `json:"name"`
	Address    string        `json:"address,omitempty"`
	Size       uint32        `json:"size"`
	Warnings   []string      `json:"warnings"`
	Init       *CallDocument `json:"init_module,omitempty"`
	Remove     *CallDocument `json:"delete_module,omitempty"`
	LoadMap    string        `json:"load_map,omitempty"` // with Result.Maps
	Error      string        `json:"error,omitempty"`
	Stopped    *StopDocument `json:"stopped,omitempty"`
}

// CallDocument is the answer of a system call.
type CallDocument struct {
	Value int32  `json:"value"`
	Errno string `json:"errno,omitempty"`
}

// StopDocument says why a system call did not return.
type StopDocument struct {
	Call   string `json:"call,omitempty"` // of a program: none
	Kind   string `json:"kind"`
	Signal int    `json:"signal,omitempty"`
	EIP    string `json:"eip,omitempty"`
	Symbol string `json:"symbol,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// LineDocument is a line of the kernel log.
type LineDocument struct {
	Level int    `json:"level"`
	Text  string `json:"text"`
}

// WriteJSON writes the report as one JSON document. Nothing in it depends on
// the host or its clock.
func (r *Result) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r.document())
}

func (r *Result) document() Document {
	k := r.Kernel
	d := Document{
		Version: 1,
		Kernel:  KernelDocument{k.Profile().Name, k.Release(), k.Machine().RAMSize()},
		Modules: []ModuleDocument{},
		Program: r.Program.document(),
		Steps:   r.stepDocuments(),
		Log:     []LineDocument{},
		Notes:   append([]string{}, k.Notes()...),
		Verdict: r.Verdict.String(),
		Exit:    int(r.Verdict),
		Insns:   k.Machine().Now(),
	}
	for i := range r.Modules {
		d.Modules = append(d.Modules, r.Modules[i].document(r.Maps))
	}
	d.Found, d.Faults = r.findingDocuments(), r.faultDocuments()
	for _, line := range k.Log() {
		d.Log = append(d.Log, LineDocument{line.Level, plain.UTF8(line.Text)})
	}
	return d
}

func (v Verdict) String() string {
	return [...]string{"success", "failed", "bad file", "crashed", "limit"}[v]
}

// document is a module in the report, with its load map if maps are asked for.
func (m *ModuleResult) document(maps bool) ModuleDocument {
	d := ModuleDocument{
		File: plain.UTF8(m.File), Parameters: plain.UTF8s(m.Parameters), Name: plain.UTF8(m.Name), Size: m.Size,
		Warnings: append([]string{}, m.Warnings...), Init: m.Init.document(), Remove: m.Remove.document(),
	}
	if m.Base != 0 {
		d.Address = fmt.Sprintf("%#08x", m.Base)
	}
	if m.Err != nil {
		d.Error = plain.UTF8(strings.TrimSpace(m.Err.Error()))
	}
	if maps && m.Image != nil {
		d.LoadMap = plain.UTF8(m.Image.LoadMap())
	}
	var stop *loader.StopError
	if errors.As(m.Err, &stop) {
		d.Stopped = stopDocument(stop.Call, stop.Outcome)
	}
	return d
}

func (r *CallResult) document() *CallDocument {
	if r == nil {
		return nil
	}
	d := &CallDocument{Value: r.Value}
	if e := r.Errno(); e != 0 {
		d.Errno = e.String()
	}
	return d
}

func stopDocument(call string, o guestkernel.Outcome) *StopDocument {
	d := &StopDocument{Call: call, Kind: o.Kind.String(), Signal: o.Signal, Symbol: o.Symbol, Reason: o.Reason}
	if o.EIP != 0 {
		d.EIP = fmt.Sprintf("%#08x", o.EIP)
	}
	if o.Err != nil {
		d.Reason = strings.TrimSpace(d.Reason + " " + o.Err.Error())
	}
	d.Symbol, d.Reason = plain.UTF8(d.Symbol), plain.UTF8(d.Reason)
	return d
}
