// SPDX-License-Identifier: BSD-3-Clause
// ring0 vectors: CPU conformance vectors, reported per instruction form.

package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ring0/cmd/internal/hostfile"
	"ring0/vm/conformance"
)

// vectorsFlags are the flags of ring0 vectors.
type vectorsFlags struct {
	options conformance.Options
	quiet   bool
}

func vectorsCommand() *cobra.Command {
	var f vectorsFlags
	cmd := &cobra.Command{
		Use:   "vectors FILE.hwv[.gz]…",
		Short: "Run CPU conformance vectors, report per instruction form",
		Long: `Run files of recorded CPU vectors (format HWV1): each is one instruction with
the whole architectural state before and after, as a real CPU left it. Flags and
bits that the manual leaves undefined are not compared.`,
		Args: arguments(1, anyNumber, "a FILE of vectors"),
		RunE: func(cmd *cobra.Command, files []string) error { return f.run(cmd.OutOrStdout(), files) },
	}
	cmd.Flags().StringVar(&f.options.Form, "form", "", "only forms whose name contains `TEXT`")
	cmd.Flags().StringVar(&f.options.CPU, "cpu", "", "CPU `MODEL` to run on: one of "+cpuModels())
	cmd.Flags().BoolVar(&f.options.Strict, "strict", false, "compare what the manual leaves undefined, too")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "only forms that fail, and the totals")
	return cmd
}

func (f *vectorsFlags) run(out io.Writer, files []string) error {
	failed, total := 0, 0
	for _, name := range files {
		rep, err := f.file(out, name)
		if err != nil {
			return err
		}
		failed, total = failed+rep.Failed, total+rep.Total
	}
	if total == 0 {
		return fmt.Errorf("no vector of a form with %q in its name", f.options.Form)
	}
	if failed > 0 {
		return exitWith(exitFailed)
	}
	return nil
}

// file runs one file.
func (f *vectorsFlags) file(out io.Writer, name string) (*conformance.Report, error) {
	data, err := hostfile.Read(name, hostfile.Object)
	if err != nil {
		return nil, err
	}
	rep, err := conformance.Run(bytes.NewReader(data), f.options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, form := range rep.Forms {
		if form.Total == 0 || f.quiet && form.Failed == 0 {
			continue
		}
		fmt.Fprintf(out, "%-4s %6d/%-6d %s\n", rep.Group, form.Total-form.Failed, form.Total, form.Name)
		if form.First != nil {
			fmt.Fprintf(out, "     %s\n", form.First)
		}
	}
	fmt.Fprintf(out, "%s: %d vectors, %d failed\n", rep.Group, rep.Total, rep.Failed)
	return rep, nil
}
