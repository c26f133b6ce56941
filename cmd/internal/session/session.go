// SPDX-License-Identifier: BSD-3-Clause
// Package session runs modules on a freshly booted kernel and says what
// happened: insmod one after the other, rmmod in reverse when asked. It knows
// no flags and prints nothing.
package session

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"ring0/cmd/internal/hostfile"
	"ring0/guestkernel"
	"ring0/guestkernel/abi"
	"ring0/loader"
)

// Config says what to run.
type Config struct {
	Kernel  guestkernel.Config
	UID     uint32
	Caps    []string // capabilities the process has, "CAP_SYS_MODULE"; "none"; nil: those of its uid
	Drop    []string // capabilities it does without
	Modules []Module
	Options loader.Options      // common to all modules; Parameters come from Module
	Program *Program            // runs after loading, as UID with Caps, while insmod is root's; nil: none
	Then    string              // steps after loading, separated by semicolons
	Rmmod   bool                // unload everything that loaded, last first
	Timeout time.Duration       // host time; 0: none
	Done    <-chan struct{}     // closed when somebody wants the run to end; nil: nobody will
	Fail    []guestkernel.Fault // calls of kernel functions that are to fail
	Trace   func(line string)   // called with a decoded line for every kernel call; nil: not traced

	// For a debugger. Attach is called with the booted kernel, before anything runs; ReadFile reads the modules, nil is
	// hostfile.Read; Linked is told of each module that has got its place, before init_module.
	Attach   func(*guestkernel.Kernel)
	ReadFile func(name string) ([]byte, error)
	Linked   func(file string, data []byte, image *loader.Image)
}

// Module is one file to load.
type Module struct {
	File       string
	Parameters []string
}

// Verdict is how it ended, which is also the exit code.
type Verdict int

// Verdicts.
const (
	Success Verdict = 0
	Failed  Verdict = 1 // an errno, or insmod refused
	BadFile Verdict = 2 // unreadable input
	Crashed Verdict = 3 // oops, panic, triple fault, or the machine stands still
	Limited Verdict = 4 // a limit was reached, or something is not written
)

// Result is what happened.
type Result struct {
	Kernel  *guestkernel.Kernel
	Modules []ModuleResult
	Steps   []StepResult
	Program *ProgramResult // nil: there was none
	Verdict Verdict
	Cause   error // of the verdict; nil for Success
	Checked bool  // checks were on
	Maps    bool  // the JSON report has load maps
	Elapsed time.Duration
}

// ModuleResult is the fate of one module.
type ModuleResult struct {
	Module
	Name     string
	Size     uint32
	Base     uint32 // 0: create_module gave no address
	Image    *loader.Image
	Warnings []string
	Init     *CallResult // nil: init_module was not called, or not answered
	Remove   *CallResult // nil: not asked for, or not answered
	Err      error       // what insmod or rmmod says
}

// CallResult is the answer of a system call.
type CallResult struct {
	Value int32 // 0, or a negative errno
}

// Errno is the error of a call, 0 when it succeeded.
func (r CallResult) Errno() abi.Errno {
	if r.Value < 0 {
		return abi.Errno(-r.Value)
	}
	return 0
}

// Run boots a kernel and loads the modules. An error is about the host: the
// kernel could not be booted as configured. What modules do is in the Result.
func Run(cfg Config) (*Result, error) {
	steps, err := parseSteps(cfg.Then)
	if err != nil {
		return nil, err
	}
	if cfg.Program != nil && cfg.Program.Init && cfg.Kernel.FirstPID == 0 {
		cfg.Kernel.FirstPID = childPID
	}
	kernel, err := guestkernel.Boot(cfg.Kernel)
	if err != nil {
		return nil, err
	}
	r := &runner{cfg: cfg, kernel: kernel, result: &Result{Kernel: kernel, Checked: cfg.Kernel.Check}}
	if cfg.Trace != nil {
		kernel.SetTrace(guestkernel.TraceLines(cfg.Trace))
	}
	for _, f := range cfg.Fail {
		if err := kernel.Inject(f); err != nil {
			return nil, err
		}
	}
	if cfg.Attach != nil {
		cfg.Attach(kernel)
	}
	began := time.Now()
	defer r.watchdog()()
	if err := r.process(); err != nil {
		return nil, err
	}
	if cfg.Program != nil {
		defer r.followLog(cfg.Program.Log)()
	}
	r.loadAll()
	if cfg.Program != nil && r.result.Cause == nil {
		r.runProgram(cfg.Program)
	}
	r.runSteps(steps)
	if cfg.Rmmod {
		r.unloadAll()
	}
	r.result.Elapsed = time.Since(began)
	return r.result, nil
}

type runner struct {
	cfg     Config
	kernel  *guestkernel.Kernel
	proc    *guestkernel.Process
	result  *Result
	oopses  int                    // so far
	stopped atomic.Pointer[string] // why the machine was told to stop
}

// process makes the process that stands for insmod. Before a program it is root's, and there is none without a module.
func (r *runner) process() (err error) {
	if r.cfg.Program != nil {
		if len(r.cfg.Modules) != 0 {
			r.proc, err = r.kernel.NewProcess(guestkernel.ProcessConfig{Comm: "insmod"})
		}
		return err
	}
	cfg := guestkernel.ProcessConfig{Comm: "insmod", UID: r.cfg.UID}
	caps, err := r.capabilities()
	if err != nil {
		return err
	}
	cfg.Caps = caps
	r.proc, err = r.kernel.NewProcess(cfg)
	return err
}

// capabilities are the process's; nil for what a process of its uid has.
func (r *runner) capabilities() (*guestkernel.Caps, error) {
	if len(r.cfg.Caps)+len(r.cfg.Drop) == 0 {
		return nil, nil
	}
	set := uint32(0)
	if r.cfg.UID == 0 && len(r.cfg.Caps) == 0 {
		set = ^uint32(0) &^ (1 << abi.CapSetpcap)
	}
	for _, name := range r.cfg.Caps {
		if name == "none" {
			if len(r.cfg.Caps) > 1 {
				return nil, errors.New("none stands for no capability at all: want it alone")
			}
			continue
		}
		bit, err := r.capability(name)
		if err != nil {
			return nil, err
		}
		set |= bit
	}
	for _, name := range r.cfg.Drop {
		bit, err := r.capability(name)
		if err != nil {
			return nil, err
		}
		set &^= bit
	}
	return &guestkernel.Caps{Effective: set, Permitted: set}, nil
}

// capability is the bit of a capability.
func (r *runner) capability(name string) (uint32, error) {
	bit, ok := r.kernel.Profile().Constant(name)
	if !ok || bit < 0 || bit > 31 || !strings.HasPrefix(name, "CAP_") {
		return 0, fmt.Errorf("%q is not a capability of 2.4: want CAP_SYS_MODULE and the like", name)
	}
	return 1 << bit, nil
}

// watchdog stops the machine when the host time is used up, or when somebody wants the end. The function it returns
// calls it off.
func (r *runner) watchdog() (cancel func()) {
	stop := func(why string) {
		r.stopped.CompareAndSwap(nil, &why)
		r.kernel.Machine().Interrupt()
	}
	over := make(chan struct{})
	go func() {
		var late <-chan time.Time
		if r.cfg.Timeout > 0 {
			late = time.After(r.cfg.Timeout)
		}
		select {
		case <-late:
			stop(fmt.Sprintf("time limit of %v", r.cfg.Timeout))
		case <-r.cfg.Done:
			stop("interrupted")
		case <-over:
		}
	}()
	return func() { close(over) }
}

// explain adds to an outcome what the kernel cannot know: why the machine was told to stop, and the module's own name for
// the place.
func (r *runner) explain(err error) {
	o := outcomeOf(err)
	if o == nil {
		return
	}
	if why := r.stopped.Load(); why != nil && o.Kind == guestkernel.Requested {
		o.Reason = *why
	}
	if name, ok := r.result.locate(guestkernel.Place{EIP: o.EIP, Symbol: o.Symbol}); ok {
		o.Symbol = name
	}
}

// outcomeOf is the outcome that an error is about, nil without one.
func outcomeOf(err error) *guestkernel.Outcome {
	var call *loader.StopError
	if errors.As(err, &call) {
		return &call.Outcome
	}
	var program *programError
	if errors.As(err, &program) {
		return &program.outcome
	}
	var step *guestkernel.SyscallError
	if errors.As(err, &step) && step.Outcome.Kind != guestkernel.Returned {
		return &step.Outcome
	}
	return nil
}

func (r *runner) loadAll() {
	for _, m := range r.cfg.Modules {
		res := r.load(m)
		r.result.Modules = append(r.result.Modules, res)
		if r.note(res.Err) {
			return
		}
	}
}

// note keeps the first error as the cause of the verdict. It reports whether
// the run is over.
func (r *runner) note(err error) bool {
	if err == nil {
		return false
	}
	r.explain(err)
	if r.result.Cause == nil {
		r.result.Cause, r.result.Verdict = err, verdictOf(err)
	}
	return true
}

// load reads and inserts one file: an object, or a linked image.
func (r *runner) load(m Module) ModuleResult {
	res := ModuleResult{Module: m}
	read := r.cfg.ReadFile
	if read == nil {
		read = func(name string) ([]byte, error) { return hostfile.Read(name, hostfile.Object) }
	}
	data, err := read(m.File)
	if err != nil {
		res.Err = &fileError{err}
		return res
	}
	loaded, err := r.insert(m, data)
	res.Err = err
	if loaded != nil {
		res.Name, res.Warnings, res.Image = loaded.Name, loaded.Warnings, loaded.Image
		if loaded.Image != nil {
			res.Base, res.Size = loaded.Image.Base, loaded.Image.Size()
		}
	}
	res.Init = answer("init_module", err)
	return res
}

func (r *runner) insert(m Module, data []byte) (*loader.Loaded, error) {
	if loader.KindOf(data) == loader.KindELF {
		object, err := loader.Parse(m.File, data)
		if err != nil {
			return nil, &fileError{err}
		}
		options := r.cfg.Options
		options.Parameters = m.Parameters
		options.Release = r.kernel.Release()
		options.Placed = func(image *loader.Image) { r.linked(m.File, data, image) }
		return loader.Insmod(r.proc, object, options)
	}
	image, err := loader.ReadImage(m.File, data, firstModule)
	if err != nil {
		return nil, &fileError{err}
	}
	if len(m.Parameters) > 0 {
		return nil, fmt.Errorf("%s: a linked image has its parameters already; %s comes too late", m.File, m.Parameters[0])
	}
	if r.cfg.Options.Name != "" {
		return nil, fmt.Errorf("%s: a linked image has its name already; %s comes too late", m.File, r.cfg.Options.Name)
	}
	r.linked(m.File, nil, image)
	return loader.InsmodImage(r.proc, image)
}

// linked tells the debugger of a module in its place.
func (r *runner) linked(file string, data []byte, image *loader.Image) {
	if r.cfg.Linked != nil {
		r.cfg.Linked(file, data, image)
	}
}

// firstModule is where the first module of a fresh 128 MB kernel lands.
const firstModule = 0xc880f000

// unloadAll removes what loaded, last first.
func (r *runner) unloadAll() {
	for i := len(r.result.Modules) - 1; i >= 0; i-- {
		res := &r.result.Modules[i]
		if res.Err != nil {
			continue
		}
		res.Err = loader.Rmmod(r.proc, res.Name)
		res.Remove = answer("delete_module", res.Err)
		if r.note(res.Err) {
			return
		}
	}
}

// answer is the result of call as err tells it: 0 without an error, nil when
// err is about something else.
func answer(call string, err error) *CallResult {
	if err == nil {
		return &CallResult{}
	}
	var e *loader.CallError
	if errors.As(err, &e) && e.Call == call {
		return &CallResult{Value: -int32(e.Errno)}
	}
	return nil
}

// fileError is an input that cannot be read.
type fileError struct{ error }

func (e *fileError) Unwrap() error { return e.error }

func isFileError(err error) bool {
	var file *fileError
	return errors.As(err, &file)
}

// verdictOf classes an error.
func verdictOf(err error) Verdict {
	if isFileError(err) {
		return BadFile
	}
	o := outcomeOf(err)
	if o == nil {
		return Failed
	}
	var program *programError
	if errors.As(err, &program) && o.Kind == guestkernel.Killed {
		return Failed // an oops is counted by itself
	}
	return verdictOfOutcome(*o)
}

// verdictOfOutcome classes how a system call or a program ended.
func verdictOfOutcome(o guestkernel.Outcome) Verdict {
	switch o.Kind {
	case guestkernel.Exited, guestkernel.PoweredOff:
		return Failed
	case guestkernel.Limit, guestkernel.Requested, guestkernel.Missing, guestkernel.Unwritten:
		return Limited
	}
	return Crashed
}
