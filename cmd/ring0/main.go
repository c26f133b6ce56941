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
	exitUsage  = 2 // usage, or unreadable input
	exitCrash  = 3 // oops, panic or triple fault in the guest
	exitLimit  = 4 // a limit was reached
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
	err := root.Execute()
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
is in the output; 2 usage or unreadable input; 3 oops, panic or triple fault in
the guest; 4 a limit was reached.`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(commands()...)
	return root
}

// commands are the subcommands, in the order help shows them.
func commands() []*cobra.Command {
	return []*cobra.Command{
		runCommand(), linkCommand(), ksymsCommand(), vectorsCommand(), benchCommand(), bootCommand(), scanCommand(), execCommand(),
		debugCommand(), gdbCommand(), dapCommand(),
	}
}
