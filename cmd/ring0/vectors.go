// SPDX-License-Identifier: BSD-3-Clause
// ring0 vectors: CPU conformance vectors, reported per instruction form.

package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

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
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return f.run(cmd.OutOrStdout(), files) },
	}
	cmd.Flags().StringVar(&f.options.Form, "form", "", "only forms whose name contains `TEXT`")
	cmd.Flags().StringVar(&f.options.CPU, "cpu", "", "CPU `MODEL` to run on")
	cmd.Flags().BoolVar(&f.options.Strict, "strict", false, "compare what the manual leaves undefined, too")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "only forms that fail, and the totals")
	return cmd
}

func (f *vectorsFlags) run(out io.Writer, files []string) error {
	failed := 0
	for _, name := range files {
		n, err := f.file(out, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		failed += n
	}
	if failed > 0 {
		return exitWith(exitFailed)
	}
	return nil
}

// file runs one file and returns how many of its vectors failed.
func (f *vectorsFlags) file(out io.Writer, name string) (failed int, err error) {
	r, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	rep, err := conformance.Run(r, f.options)
	if err != nil {
		return 0, err
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
	return rep.Failed, nil
}
