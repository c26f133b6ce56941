// SPDX-License-Identifier: BSD-3-Clause
// Failing every call of a function in turn, each on a freshly booted kernel.

package session

import (
	"fmt"
	"io"

	"ring0/guestkernel"
)

// maxEach bounds the runs of a sweep.
const maxEach = 1000

// EachResult is one run of a sweep.
type EachResult struct {
	Call     uint64   `json:"call"`
	From     string   `json:"from"`   // who called; empty: the run was stopped before anybody did
	Result   string   `json:"result"` // empty likewise
	Verdict  string   `json:"verdict"`
	Outcome  string   `json:"outcome"` // what the last module's system call came to
	Findings []string `json:"findings,omitempty"`
	verdict  Verdict
}

// RunEach runs cfg once for every call of a function by modules, with that call failing. It ends with the first call that
// there is not. report is called after each run.
func RunEach(cfg Config, function string, report func(EachResult)) (worst Verdict, err error) {
	for call := uint64(1); call <= maxEach; call++ {
		run := cfg
		run.Fail = append(append([]guestkernel.Fault{}, cfg.Fail...), guestkernel.Fault{Function: function, First: call})
		r, err := Run(run)
		if err == nil {
			err = r.BadInput()
		}
		if err != nil {
			return worst, err
		}
		counts := r.Kernel.Faults()
		mine := counts[len(counts)-1]
		if len(mine.Sites) > 0 {
			each := EachResult{Call: call, From: r.name(mine.Sites[0].At), Result: mine.Sites[0].Result,
				Verdict: r.Verdict.String(), Outcome: r.outcome(), verdict: r.Verdict}
			for _, f := range r.Findings() {
				each.Findings = append(each.Findings, f.String())
			}
			worst = max(worst, severity(r.Verdict))
			report(each)
		} else if r.Verdict != Success { // by itself; there may be more calls, which nobody will see
			worst = max(worst, severity(r.Verdict))
			report(EachResult{Call: call, Verdict: r.Verdict.String(), Outcome: r.outcome(), verdict: r.Verdict})
		}
		r.Kernel.Close()
		if len(mine.Sites) == 0 || cfg.isDone() {
			break
		}
	}
	return worst, nil
}

// isDone says that somebody wants the end.
func (cfg *Config) isDone() bool {
	select {
	case <-cfg.Done:
		return true
	default:
		return false
	}
}

// severity is what a run adds to the verdict of a sweep: that a module says no to a failure is how it should be.
func severity(v Verdict) Verdict {
	if v == Failed {
		return Success
	}
	return v
}

// outcome says in a few words how it ended.
func (r *Result) outcome() string {
	if r.Cause != nil {
		for i := len(r.Modules) - 1; i >= 0; i-- {
			m := &r.Modules[i]
			switch {
			case m.Err == nil:
			case m.Remove != nil:
				return "delete_module: " + m.Remove.String()
			case m.Init != nil:
				return "init_module: " + m.Init.String()
			default:
				return m.explain()
			}
		}
		return r.Cause.Error()
	}
	if n := len(r.Modules); n > 0 && r.Modules[n-1].Init != nil {
		return "init_module: " + r.Modules[n-1].Init.String()
	}
	return ""
}

// Write writes one run of a sweep as text.
func (e EachResult) Write(w io.Writer) {
	if e.Result == "" {
		fmt.Fprintf(w, "call %d is not reached: %s\n", e.Call, e.Outcome)
		return
	}
	fmt.Fprintf(w, "call %d from %s: %s; %s\n", e.Call, e.From, e.Result, e.Outcome)
	for _, f := range e.Findings {
		fmt.Fprintf(w, "  %s\n", f)
	}
}
