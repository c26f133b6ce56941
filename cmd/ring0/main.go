// SPDX-License-Identifier: BSD-3-Clause
// Ring0 runs Linux 2.4 kernel modules without a Linux 2.4 kernel.
//
// This file is the root of the command tree; each subcommand has a file of
// its own. Data goes to stdout, talk to stderr.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the module or program failed; its errno or exit code is in the output
	exitUsage  = 2 // usage, unreadable input, or output that cannot be written
	exitCrash  = 3 // oops, panic or triple fault in the guest
	exitLimit  = 4 // a limit was reached, or something is not written
)

// exitError is an error that knows the exit code. A nil err prints nothing:
// the report said it all.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exitWith ends the command with a code and without a message.
func exitWith(code int) error {
	if code == exitOK {
		return nil
	}
	return &exitError{code: code}
}

func main() { os.Exit(run(os.Args[1:])) }

// run executes a command line and returns the exit code.
func run(args []string) int {
	root := rootCommand()
	root.SetArgs(hideSeparators(args))
	out := &output{Writer: os.Stdout}
	root.SetOut(out)
	err := root.Execute()
	if out.err != nil {
		fmt.Fprintln(os.Stderr, "ring0: stdout:", errors.Unwrap(out.err))
		return exitUsage
	}
	if err == nil {
		return exitOK
	}
	var exit *exitError
	if errors.As(err, &exit) {
		if exit.err != nil {
			fmt.Fprintln(os.Stderr, "ring0:", exit.err)
		}
		return exit.code
	}
	fmt.Fprintln(os.Stderr, "ring0:", err)
	return exitUsage
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "ring0",
		Short: "Run Linux 2.4 kernel modules without a Linux 2.4 kernel",
		Long: `ring0 runs Linux 2.4 kernel modules without a Linux 2.4 kernel: a complete
i686 machine executes the module's own machine code in guest memory, and a
small 2.4 kernel gives it create_module(2), init_module(2), vmalloc memory,
exception tables and the exports it calls.

Exit codes: 0 success; 1 the module or program failed, its errno or exit code
is in the output; 2 usage, unreadable input or unwritable output; 3 oops, panic
or triple fault in the guest, or nothing in it can go on; 4 a limit was reached,
it was interrupted, or it needs something that ring0 does not have.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q; %s --help lists the commands", args[0], cmd.Name())
			}
			return nil
		},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return notEmpty(cmd) },
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(commands()...)
	return root
}

// commands are the subcommands; help sorts them.
func commands() []*cobra.Command {
	return []*cobra.Command{
		runCommand(), linkCommand(), ksymsCommand(), vectorsCommand(), benchCommand(), bootCommand(), scanCommand(), execCommand(),
		debugCommand(), gdbCommand(), dapCommand(),
	}
}
