// SPDX-License-Identifier: BSD-3-Clause
// ring0 ksyms: the kernel's exports and how well each is modelled.

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

// ksymsFlags are the flags of ring0 ksyms.
type ksymsFlags struct {
	kernelFlags
	level   string
	pattern string
}

func ksymsCommand() *cobra.Command {
	var f ksymsFlags
	cmd := &cobra.Command{
		Use:   "ksyms [TEXT]",
		Short: "List the kernel's exports and their support level",
		Long: `List the exported symbols of the modelled kernel whose name contains TEXT, by
name: address, support level (full, partial, stub, none, or data), name with
version, prototype, and what is missing. The last line counts those listed.`,
		Args: arguments(0, 1, "at most one TEXT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				f.pattern = args[0]
			}
			return f.run(cmd.OutOrStdout())
		},
	}
	f.registerBoot(cmd)
	cmd.Flags().StringVar(&f.level, "level", "", "only exports of this `LEVEL`: full, partial, stub, none or data")
	return cmd
}

func (f *ksymsFlags) run(out io.Writer) error {
	if f.level != "" && !slices.Contains(supportLevels(), f.level) {
		return fmt.Errorf("--level %q: want one of %s", f.level, strings.Join(supportLevels(), ", "))
	}
	cfg, err := f.kernel()
	if err != nil {
		return err
	}
	kernel, err := guestkernel.Boot(cfg)
	if err != nil {
		return err
	}
	defer kernel.Close()
	counts := map[string]int{}
	for _, e := range kernel.Profile().Exports() {
		level, note := "data", ""
		if e.Kind == abi.ExportFunction {
			l, _, n := kernel.Support(e.Name)
			level, note = l.String(), n
		}
		if f.level != "" && level != f.level || !strings.Contains(e.Name, f.pattern) {
			continue
		}
		counts[level]++
		fmt.Fprintf(out, "%08x %-7s %s", e.Addr, level, e.VersionedName())
		for _, s := range []string{e.Prototype, note} {
			if s != "" {
				fmt.Fprintf(out, "  %s", s)
			}
		}
		fmt.Fprintln(out)
	}
	var totals []string
	for _, level := range supportLevels() {
		totals = append(totals, fmt.Sprint(counts[level], " ", level))
	}
	fmt.Fprintln(out, strings.Join(totals, ", "))
	return nil
}

// supportLevels are the levels in the order of the totals.
func supportLevels() []string { return []string{"full", "partial", "stub", "data", "none"} }
