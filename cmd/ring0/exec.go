// SPDX-License-Identifier: BSD-3-Clause
// ring0 exec: boot, load modules, run a static i386 program at CPL 3.

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ring0/cmd/internal/session"
)

// execFlags are the flags of ring0 exec.
type execFlags struct {
	sessionFlags
	program session.Program
	insmod  []string
}

func execCommand() *cobra.Command {
	var f execFlags
	cmd := &cobra.Command{
		Use:   "exec [flags] PROGRAM [ARGUMENT…]",
		Short: "Boot, run a static i386 Linux program",
		Long: `Boot a kernel, load modules if asked to, and run a statically linked i386 ELF
program as a process of the guest: at CPL 3, with an address space of its own,
through int $0x80. It sees /proc and /dev of the guest and nothing of the host
but its standard streams. stdout has what the program writes there; the kernel
log, what it writes to stderr, and how it ended if not with 0 go to stderr.

Exit code 0 when the program exits with 0 or switches the machine off, 1 when
it exits with something else or a signal kills it, 2 when it is no such program,
3 when the kernel oopsed or panicked meanwhile, or everything sleeps for good, 4
when a limit was reached, it was interrupted, or something is not written.`,
		Example: `  ring0 exec hello one two
  ring0 exec --insmod "scull.o major=0" --env DEBUG=1 test-scull`,
		Args: arguments(1, anyNumber, "a PROGRAM"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.register(cmd, "the program")
	fl := cmd.Flags()
	fl.SetInterspersed(false) // what comes behind the program is the program's
	fl.StringArrayVar(&f.program.Env, "env", nil, "a variable of the program's environment, `NAME=VALUE`; there are no others")
	fl.StringArrayVar(&f.insmod, "insmod", nil, "load a `MODULE` first, with its parameters behind it, separated by blanks; quotes keep words together")
	fl.BoolVar(&f.program.Init, "init", false, "run it as the kernel's first process: /sbin/init with pid 1; when it ends the kernel panics")
	return cmd
}

func (f *execFlags) run(cmd *cobra.Command, args []string) error {
	cfg, err := f.configuration(cmd)
	if err != nil {
		return err
	}
	for _, text := range f.insmod {
		words, err := session.SplitWords(text)
		if err != nil {
			return fmt.Errorf("--insmod %w", err)
		}
		if len(words) == 0 {
			return fmt.Errorf("--insmod %q: want a MODULE", text)
		}
		modules, err := splitModules(words)
		if err != nil {
			return fmt.Errorf("--insmod %q: %w", text, err)
		}
		cfg.Modules = append(cfg.Modules, modules...)
	}
	for _, v := range f.program.Env {
		if !strings.Contains(v, "=") {
			return fmt.Errorf("--env %q: want NAME=VALUE", v)
		}
	}
	if args = showSeparators(args); len(args) == 0 {
		return fmt.Errorf("exec: want a PROGRAM")
	}
	out, talk := cmd.OutOrStdout(), cmd.ErrOrStderr()
	program := f.program
	program.File, program.Args, program.Stdin = args[0], args[1:], cmd.InOrStdin()
	program.Stdout, program.Stderr, program.Log = out, talk, talk
	if f.json {
		program.Stdout, program.Stderr, program.Log = &session.Keep{}, &session.Keep{}, nil
	}
	cfg.Program = &program
	done, release := interrupted()
	defer release()
	cfg.Done = done
	result, err := session.Run(cfg)
	if err != nil {
		return err
	}
	if f.stats {
		defer result.WriteStats(talk)
	}
	if f.json {
		if err := result.WriteJSON(out); err != nil {
			return err
		}
		return exitWith(int(result.Verdict))
	}
	result.WriteVerdict(talk)
	result.WriteProgram(talk)
	result.WriteSteps(talk)
	result.WriteFaults(talk)
	result.WriteFindings(talk)
	return exitOf(result)
}

// showSeparators undoes hideSeparators: a program may have an argument "--". One before the program ends the flags.
func showSeparators(args []string) []string {
	shown := make([]string, len(args))
	for i, a := range args {
		if shown[i] = a; a == separator {
			shown[i] = "--"
		}
	}
	if len(shown) > 0 && shown[0] == "--" {
		return shown[1:]
	}
	return shown
}
