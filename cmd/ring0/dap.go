// SPDX-License-Identifier: BSD-3-Clause
// ring0 dap: a debug adapter for editors.

package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"ring0/cmd/internal/dap"
	"ring0/cmd/internal/debugger"
)

// dapFlags are the flags of ring0 dap.
type dapFlags struct {
	debuggeeFlags
	listenFlags
}

func dapCommand() *cobra.Command {
	var f dapFlags
	cmd := &cobra.Command{
		Use:   "dap [flags]",
		Short: "Let an editor debug a module, forwards and backwards",
		Long: `Speak the Debug Adapter Protocol over stdin and stdout, or with --listen to one
editor after the other. The editor's launch request names the module:
program, args (NAME=VALUE), modules (loaded before it), sourceDirs, then, rmmod,
force, stopOnEntry.`,
		Example: `  ring0 dap
  ring0 dap --listen 127.0.0.1:4711`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.listen, "listen", "", "listen at the loopback address `HOST:PORT`; port 0 takes a free one")
	return cmd
}

func (f *dapFlags) run(cmd *cobra.Command) error {
	var base debugger.Config
	var err error
	base.Session = f.session
	if base.Session.Kernel, err = f.kernel(); err != nil {
		return err
	}
	if f.listen == "" {
		return dap.New(base, f.sources...).Serve(stdio{os.Stdin, os.Stdout})
	}
	l, err := f.listener()
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Fprintf(cmd.ErrOrStderr(), "ring0: listening for an editor at %s\n", l.Addr())
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		if err := dap.New(base, f.sources...).Serve(conn); err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), "ring0:", err)
		}
		conn.Close()
	}
}
