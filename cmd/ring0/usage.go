// SPDX-License-Identifier: BSD-3-Clause
// What a wrong command line is told: one sentence that says what would be right.

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError puts an error of the flag parser into words.
func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &invalid):
		return fmt.Errorf("--%s %q: want %s", invalid.GetFlag().Name, invalid.GetValue(), wanted(invalid.GetFlag().Value))
	case errors.As(err, &unknown):
		return fmt.Errorf("%w; %s --help lists the flags", err, cmd.CommandPath())
	}
	return err
}

// wanted says what a flag takes.
func wanted(v pflag.Value) string {
	switch v.Type() {
	case "uint32":
		return "a number from 0 to 4294967295"
	case "uint64":
		return "a number from 0 to 18446744073709551615"
	case "int":
		return "a number"
	case "bool":
		return "true or false"
	case "duration":
		return "a time with its unit, as 500ms, 10s or 2m"
	case "stringSlice":
		return "values with commas between, and quotes in pairs"
	}
	return "a " + v.Type()
}

// timeLimit is a flag's time: not negative, where 0 is none.
type timeLimit struct{ time.Duration }

func (t *timeLimit) Set(text string) (err error) {
	if t.Duration, err = time.ParseDuration(text); err == nil && t.Duration < 0 {
		err = errors.New("negative")
	}
	return err
}

func (t *timeLimit) Type() string { return "duration" }

func (t *timeLimit) String() string {
	if t.Duration == 0 {
		return "0"
	}
	return t.Duration.String()
}

// arguments checks how many there are: from least to most, of which what speaks.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("%s: want %s; see %s --help", cmd.Name(), what, cmd.CommandPath())
		case len(args) > most:
			return fmt.Errorf("%s: %s is too much: want %s; see %s --help", cmd.Name(), args[most], what, cmd.CommandPath())
		}
		return nil
	}
}

// anyNumber is no bound for arguments.
const anyNumber = int(^uint(0) >> 1)

// excludeEachOther refuses two flags together.
func excludeEachOther(cmd *cobra.Command, one, other string) error {
	if cmd.Flags().Changed(one) && cmd.Flags().Changed(other) {
		return fmt.Errorf("--%s and --%s exclude each other", one, other)
	}
	return nil
}

// wantWith refuses flags that mean nothing without another one.
func wantWith(cmd *cobra.Command, with string, flags ...string) error {
	if cmd.Flags().Changed(with) {
		return nil
	}
	for _, name := range flags {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s means nothing without --%s", name, with)
		}
	}
	return nil
}

// notEmpty refuses flags that were given nothing, as by a variable of a shell that is not set. Where nothing means all, or
// nothing to do, it is right.
func notEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "append", "form", "level", "only", "then":
			return
		}
		if text := f.Value.String(); err == nil && (text == "" || text == "[]") {
			err = fmt.Errorf("--%s is empty", f.Name)
		}
	})
	return err
}
