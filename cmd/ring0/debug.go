// SPDX-License-Identifier: BSD-3-Clause
// ring0 debug: the step-debugger, full screen or by a script.

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	dbgconsole "ring0/cmd/internal/console"
	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/session"
	"ring0/cmd/internal/tui"
)

// debuggeeFlags say what is debugged: the same for every face of the debugger.
type debuggeeFlags struct {
	kernelFlags
	session session.Config
	sources []string
}

func (f *debuggeeFlags) register(cmd *cobra.Command) {
	f.kernelFlags.register(cmd)
	fl := cmd.Flags()
	fl.Uint32Var(&f.session.UID, "uid", 0, "run insmod as user `UID`")
	fl.StringVar(&f.session.Then, "then", "", "after loading do `STEPS`, as ring0 run does")
	fl.BoolVar(&f.session.Rmmod, "rmmod", false, "unload the modules at the end, last first")
	fl.BoolVarP(&f.session.Options.Force, "force", "f", false, "load in spite of a kernel version mismatch")
	fl.StringSliceVar(&f.sources, "source", nil, "look for source files in `DIR`")
}

// config is the debugger's configuration. The directories of the modules are searched for sources too.
func (f *debuggeeFlags) config(args []string) (cfg debugger.Config, sources []string, err error) {
	cfg.Session = f.session
	if cfg.Session.Kernel, err = f.kernel(); err != nil {
		return cfg, nil, err
	}
	if cfg.Session.Modules, err = splitModules(args); err != nil {
		return cfg, nil, err
	}
	sources = f.sources
	for _, m := range cfg.Session.Modules {
		if _, err := os.Stat(m.File); err != nil {
			return cfg, nil, err
		}
		sources = append(sources, filepath.Dir(m.File))
	}
	return cfg, sources, nil
}

// debugFlags are the flags of ring0 debug.
type debugFlags struct {
	debuggeeFlags
	commands string
	stay     bool
	colour   bool
	ascii    bool
}

func debugCommand() *cobra.Command {
	var f debugFlags
	cmd := &cobra.Command{
		Use:   "debug [flags] MODULE [PARAMETER=VALUE…] [-- MODULE [PARAMETER=VALUE…]]…",
		Short: "Step through a module, forwards and backwards, in a full-screen debugger",
		Long: `Boot a kernel, load the modules as ring0 run does, and stop where the first
one's init is about to execute. The debugger steps forwards and backwards; ?
lists its keys, :help its commands. With --commands it executes the commands in
a file instead and prints their answers.`,
		Example: `  ring0 debug hello.o who=world
  ring0 debug --commands tour.cmd oops.o`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.commands, "commands", "", "execute the debugger commands in `FILE` and print the answers")
	fl.BoolVar(&f.stay, "at-start", false, "stand at the start of history instead of the first module's init")
	fl.BoolVar(&f.colour, "colour", os.Getenv("NO_COLOR") == "", "use colours")
	fl.BoolVar(&f.ascii, "ascii", !unicodeTerminal(), "draw with ASCII characters only")
	return cmd
}

// unicodeTerminal guesses from the environment whether the terminal shows UTF-8.
func unicodeTerminal() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			v = strings.ToUpper(v)
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return false
}

func (f *debugFlags) run(cmd *cobra.Command, args []string) error {
	cfg, sources, err := f.config(args)
	if err != nil {
		return err
	}
	progress, report := tui.NewProgress()
	cfg.Progress = report
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
	if f.commands != "" {
		return runScript(cmd, con, f.commands)
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return fmt.Errorf("debug needs a terminal; --commands FILE works without one")
	}
	if os.Getenv("TERM") == "dumb" {
		return debugLines(con, os.Stdin, os.Stdout)
	}
	model := tui.New(con, progress, tui.Options{Colour: f.colour, Unicode: !f.ascii, Title: strings.Join(args, " ")})
	_, err = tea.NewProgram(model).Run()
	return err
}

// runScript executes a file of commands and prints each with its answer.
func runScript(cmd *cobra.Command, con *dbgconsole.Console, file string) error {
	out := cmd.OutOrStdout()
	err := con.Script(file, func(command, answer string) { fmt.Fprintf(out, "(ring0) %s\n%s", command, answer) })
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	return nil
}
