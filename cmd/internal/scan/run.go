// SPDX-License-Identifier: BSD-3-Clause
// Loading every module, each with its dependencies on a fresh kernel, in parallel workers.

package scan

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"ring0/cmd/internal/plain"
	"ring0/guestkernel"
	"ring0/loader"
)

// RunConfig says how to load.
type RunConfig struct {
	Kernel  guestkernel.Config // MaxInsns is the limit of each module
	Timeout time.Duration      // host time for each module; 0: none
	Workers int                // 0: as many as there are processors
	Done    <-chan struct{}    // closed when somebody wants the end; nil: nobody will
	Only    func(*Module) bool // nil: all
}

// Fate is what became of one module.
type Fate struct {
	Path    string   `json:"module"`
	Depends []string `json:"depends"`            // modules loaded before, in order
	Verdict string   `json:"verdict"`            // "0", an errno by name, or how the run ended otherwise
	Reason  string   `json:"reason,omitempty"`   // of a verdict that is no errno
	Remove  string   `json:"rmmod"`              // exit status of rmmod, with the errno
	Log     []string `json:"log"`                // lines while loading the module, with their <level>
	Unload  []string `json:"unload_log"`         // and while unloading it
	Line    string   `json:"proc_modules"`       // its line of /proc/modules when loaded
	Notes   []string `json:"notes,omitempty"`    // ring0's own remarks
	Found   []string `json:"findings,omitempty"` // with checks on: what they found
	Insns   uint64   `json:"instructions"`       // of the whole run
}

// Verdicts that are not an errno.
const (
	verdictOops       = "oops"
	verdictDependency = "dependency"
	verdictRefused    = "refused"
	verdictHung       = "hung"
	verdictInternal   = "internal error"
)

// grace is how much longer than its timeout a module may take before its worker is given up.
const grace = 10 * time.Second

// UTF8 is the fate as JSON can have it.
func (f Fate) UTF8() Fate {
	for _, text := range []*string{&f.Path, &f.Reason, &f.Line} {
		*text = plain.UTF8(*text)
	}
	for _, texts := range []*[]string{&f.Depends, &f.Log, &f.Unload, &f.Notes, &f.Found} {
		if *texts != nil {
			*texts = plain.UTF8s(*texts)
		}
	}
	return f
}

// Run loads the modules and hands each fate to report, in the order of the paths, as soon as it and all before it are known.
// progress is called after every module, in no order.
func (c *Corpus) Run(cfg RunConfig, e *Exports, report func(Fate) error, progress func(done, all int)) error {
	var todo []*Module
	for _, m := range c.Modules {
		if cfg.Only == nil || cfg.Only(m) {
			todo = append(todo, m)
		}
	}
	next, ready := make(chan int), make([]chan Fate, len(todo))
	for i := range ready {
		ready[i] = make(chan Fate, 1)
	}
	var lock sync.Mutex
	done := 0
	for range cfg.workers() {
		go func() {
			for i := range next {
				ready[i] <- c.guarded(cfg, e, todo[i])
				lock.Lock()
				done++
				progress(done, len(todo))
				lock.Unlock()
			}
		}()
	}
	go func() {
		for i := range todo {
			next <- i
		}
		close(next)
	}()
	for i := range todo {
		select {
		case f := <-ready[i]:
			if err := report(f); err != nil {
				return err
			}
		case <-cfg.Done:
			return fmt.Errorf("%w after %d of %d modules", ErrInterrupted, i, len(todo))
		}
	}
	return nil
}

// ErrInterrupted says that RunConfig.Done ended a run.
var ErrInterrupted = errors.New("interrupted")

func (cfg *RunConfig) workers() int {
	if cfg.Workers > 0 {
		return cfg.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// guarded runs one module and gives it up when it does not answer long after its time.
func (c *Corpus) guarded(cfg RunConfig, e *Exports, m *Module) Fate {
	done := make(chan Fate, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- Fate{Path: m.Path, Verdict: verdictInternal, Reason: fmt.Sprint(r), Depends: []string{}}
			}
		}()
		done <- c.load(cfg, e, m)
	}()
	if cfg.Timeout <= 0 {
		return <-done
	}
	timer := time.NewTimer(cfg.Timeout + grace)
	defer timer.Stop()
	select {
	case f := <-done:
		return f
	case <-timer.C:
		return Fate{Path: m.Path, Verdict: verdictHung, Reason: "ring0 does not answer", Depends: []string{}}
	}
}

// load runs one module.
func (c *Corpus) load(cfg RunConfig, e *Exports, m *Module) Fate {
	f := Fate{Path: m.Path, Depends: []string{}, Log: []string{}, Unload: []string{}}
	machine, err := newMachine(cfg.Kernel, cfg.Timeout)
	if err != nil {
		f.Verdict, f.Reason = verdictInternal, err.Error()
		return f
	}
	defer machine.close()
	if c.prepare(&f, machine, c.Dependencies(m, e.Has)) {
		f.run(machine, c.Dir, m)
	}
	f.Notes = append(f.Notes, machine.kernel.Notes()...)
	for _, found := range machine.kernel.Findings() {
		f.Found = append(f.Found, found.Named(machine.locate).String())
	}
	f.Insns = machine.kernel.Machine().Now()
	return f
}

// prepare loads what a module depends on.
func (c *Corpus) prepare(f *Fate, machine *machine, depends []*Module) bool {
	for _, d := range depends {
		f.Depends = append(f.Depends, d.Name)
		if err := machine.insmod(c.Dir, d.Path); err != nil {
			verdict, reason := judge(err)
			f.Verdict, f.Reason = verdictDependency, strings.TrimSpace(d.Name+": "+verdict+" "+reason)
			return false
		}
	}
	return true
}

// run loads a module and unloads it again.
func (f *Fate) run(machine *machine, dir string, m *Module) {
	before := len(machine.kernel.Log())
	err := machine.insmod(dir, m.Path)
	f.Log = lines(machine.kernel.Log(), before)
	f.Verdict, f.Reason = judge(err)
	f.Line = machine.procModules(m.Name)
	if standsStill(err) {
		return
	}
	before = len(machine.kernel.Log())
	err = machine.rmmod(m.Name)
	f.Remove = status(err)
	f.Unload = lines(machine.kernel.Log(), before)
	if verdict, reason := judge(err); verdict == verdictOops {
		f.Verdict, f.Reason = verdict, "while unloading: "+reason
	}
}

// standsStill says that err ended the whole run, so that nothing can be unloaded.
func standsStill(err error) bool {
	var stop *loader.StopError
	return errors.As(err, &stop) && stop.Outcome.Kind.Final()
}

func lines(log []guestkernel.LogLine, from int) []string {
	out := []string{}
	for _, l := range log[min(from, len(log)):] {
		out = append(out, fmt.Sprintf("<%d>%s", l.Level, l.Text))
	}
	return out
}

// judge says how loading ended: the errno by name, or a word, and for words why.
func judge(err error) (verdict, reason string) {
	if err == nil {
		return "0", ""
	}
	var call *loader.CallError
	if errors.As(err, &call) {
		return call.Errno.String(), ""
	}
	var stop *loader.StopError
	if errors.As(err, &stop) {
		o := stop.Outcome
		if o.Kind == guestkernel.Killed {
			return verdictOops, o.String()
		}
		return o.Kind.String(), o.String()
	}
	return verdictRefused, err.Error()
}

// status is rmmod's exit status as a shell shows it, with the errno.
func status(err error) string {
	var call *loader.CallError
	var stop *loader.StopError
	switch {
	case err == nil:
		return "0"
	case errors.As(err, &call):
		return "1 " + call.Errno.String()
	case errors.As(err, &stop) && stop.Outcome.Kind == guestkernel.Killed:
		const signalled = 128
		return fmt.Sprint(signalled + stop.Outcome.Signal)
	case errors.As(err, &stop):
		return stop.Outcome.String()
	}
	return err.Error()
}
