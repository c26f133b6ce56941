// SPDX-License-Identifier: BSD-3-Clause
// Flags of the commands that run something on a kernel and report: run and exec.

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"ring0/cmd/internal/session"
	"ring0/guestkernel"
)

// sessionFlags are the flags that run and exec share.
type sessionFlags struct {
	kernelFlags
	session session.Config
	json    bool
	stats   bool
	trace   bool
	fail    []string
	timeout timeLimit
}

// register adds the flags. who is whom the flags about users mean: insmod, or the program.
func (f *sessionFlags) register(cmd *cobra.Command, who string) {
	f.kernelFlags.register(cmd)
	fl := cmd.Flags()
	fl.Uint32Var(&f.session.UID, "uid", 0, "run "+who+" as user `UID`")
	fl.StringSliceVar(&f.session.Caps, "cap", nil, "run "+who+" with these capabilities and no others, `CAP_NAME`; none for none at all")
	fl.StringSliceVar(&f.session.Drop, "drop-cap", nil, "run "+who+" without these capabilities, `CAP_NAME`")
	fl.StringVar(&f.session.Then, "then", "", "afterwards do `STEPS`, separated by semicolons: "+session.StepUsage())
	fl.BoolVar(&f.session.Rmmod, "rmmod", false, "unload the modules again, last first")
	fl.Var(&f.timeout, "timeout", "stop after this much host `TIME`; 0: no limit")
	fl.BoolVar(&f.json, "json", false, "print one JSON document instead of text")
	fl.BoolVar(&f.trace, "trace", false, "decode every kernel call like ltrace, to stderr")
	fl.BoolVar(&f.config.Check, "check", false, "look for what modules do wrong and 2.4 does not notice: leaks, double frees, sleeping in interrupts (docs/checks.md)")
	fl.StringSliceVar(&f.fail, "fail", nil, "have the N-th call of a kernel function by modules fail, `FUNCTION:N`, also N-M, N- and *, and @MODULE behind it")
	fl.BoolVar(&f.stats, "stats", false, "print instruction count and speed, to stderr")
}

// configuration is what the flags ask for.
func (f *sessionFlags) configuration(cmd *cobra.Command) (cfg session.Config, err error) {
	cfg = f.session
	cfg.Timeout = f.timeout.Duration
	if cfg.Kernel, err = f.kernel(); err != nil {
		return cfg, err
	}
	for _, text := range f.fail {
		fault, err := guestkernel.ParseFault(text)
		if err != nil {
			return cfg, fmt.Errorf("--fail %w", err)
		}
		cfg.Fail = append(cfg.Fail, fault)
	}
	if f.trace {
		cfg.Trace = func(line string) { fmt.Fprintln(cmd.ErrOrStderr(), line) }
	}
	return cfg, nil
}
