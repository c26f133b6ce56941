// SPDX-License-Identifier: BSD-3-Clause
// ring0 gdb: a GDB remote stub for a module.

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/spf13/cobra"

	dbgconsole "ring0/cmd/internal/console"
	"ring0/cmd/internal/gdbstub"
)

// listenFlags say where a protocol is spoken.
type listenFlags struct {
	listen string
	stdio  bool
}

// listener listens at a loopback address: who can connect can run the debugger's commands.
func (f *listenFlags) listener() (net.Listener, error) {
	host, port, err := net.SplitHostPort(f.listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--listen %s: only loopback addresses, as 127.0.0.1:1234, are listened at: the protocol knows no password", f.listen)
	}
	return net.Listen("tcp", net.JoinHostPort(host, port))
}

// gdbFlags are the flags of ring0 gdb.
type gdbFlags struct {
	debuggeeFlags
	listenFlags
	stay bool
}

func gdbCommand() *cobra.Command {
	var f gdbFlags
	cmd := &cobra.Command{
		Use:   "gdb [flags] MODULE [PARAMETER=VALUE…] [-- MODULE [PARAMETER=VALUE…]]…",
		Short: "Let gdb debug a module, forwards and backwards",
		Long: `Boot a kernel, load the modules as ring0 run does, stop where the first one's
init is about to execute, and wait for gdb. gdb reads the modules' symbols by
itself. When gdb detaches, or its connection ends, another may connect and go on
where it was; kill ends the command.`,
		Example: `  ring0 gdb hello.o who=world
  gdb -ex 'target remote 127.0.0.1:1234'
  gdb -ex 'target remote | ring0 gdb --stdio hello.o'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:1234", "listen at the loopback address `HOST:PORT`; port 0 takes a free one")
	fl.BoolVar(&f.stdio, "stdio", false, "speak over stdin and stdout instead, for one gdb")
	fl.BoolVar(&f.stay, "at-start", false, "stand at the start of history instead of the first module's init")
	cmd.MarkFlagsMutuallyExclusive("listen", "stdio")
	return cmd
}

func (f *gdbFlags) run(cmd *cobra.Command, args []string) error {
	cfg, sources, err := f.config(args)
	if err != nil {
		return err
	}
	con, err := dbgconsole.Start(cfg, sources...)
	if err != nil {
		return err
	}
	defer con.Close()
	if !f.stay {
		if err := con.ToFirstInit(); err != nil {
			return err
		}
	}
	server := gdbstub.New(con)
	if f.stdio {
		return notKilled(server.Serve(stdio{os.Stdin, os.Stdout}))
	}
	l, err := f.listener()
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Fprintf(cmd.ErrOrStderr(), "ring0: listening for gdb: target remote %s\n", l.Addr())
	return serveGDB(cmd.ErrOrStderr(), l, server)
}

// serveGDB serves one gdb after the other until one kills the debuggee.
func serveGDB(talk io.Writer, l net.Listener, server *gdbstub.Server) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		err = server.Serve(conn)
		conn.Close()
		if errors.Is(err, gdbstub.ErrKilled) {
			return nil
		}
		if err != nil { // the connection broke; the debuggee is as it was
			fmt.Fprintln(talk, "ring0:", err)
		}
	}
}

func notKilled(err error) error {
	if errors.Is(err, gdbstub.ErrKilled) {
		return nil
	}
	return err
}

// stdio is standard input and output as a connection.
type stdio struct {
	io.Reader
	io.Writer
}
