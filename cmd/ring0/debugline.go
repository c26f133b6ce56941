// SPDX-License-Identifier: BSD-3-Clause
// The debugger on a terminal that cannot place text (TERM=dumb, as inside an editor): commands are typed line by line.

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"

	dbgconsole "ring0/cmd/internal/console"
)

// debugLines executes commands until one quits or there are no more. An empty line does the last one again; Ctrl-C ends a move.
func debugLines(con *dbgconsole.Console, in io.Reader, out io.Writer) error {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	over := make(chan struct{})
	defer close(over)
	go func() {
		for {
			select {
			case <-interrupts:
				con.Interrupt()
			case <-over:
				return
			}
		}
	}()
	where, err := con.Exec("position")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s", where)
	lines := bufio.NewScanner(in)
	for !con.Done() {
		fmt.Fprint(out, "(ring0) ")
		if !lines.Scan() {
			fmt.Fprintln(out)
			return lines.Err()
		}
		answer, err := con.Exec(lines.Text())
		fmt.Fprint(out, answer)
		if err != nil {
			fmt.Fprintln(out, err)
		}
	}
	return nil
}
