// SPDX-License-Identifier: BSD-3-Clause
// ring0 scan: what the modules in a folder need, and what becomes of each.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ring0/cmd/internal/plain"
	"ring0/cmd/internal/scan"
	"ring0/guestkernel"
)

// scanFlags are the flags of ring0 scan.
type scanFlags struct {
	kernelFlags
	run     bool
	json    bool
	logs    bool
	only    string
	compare string
	top     uint32
	timeout timeLimit
	workers uint32
}

func scanCommand() *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "scan DIR",
		Short: "Census of modules: what they need and lack; --run loads each",
		Long: `Look at every module below a folder. Without --run: how many of the symbols of
each module are modelled how well, what is missing, and in which order missing
exports are best written. With --run: load each module with the modules it needs
on a fresh kernel, unload it again, and print one line of JSON for each, in the
order of the paths. With --compare the lines are counted against the verdicts of
a real kernel, which go to stderr.`,
		Args: arguments(1, 1, "one DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantWith(cmd, "run", "check", "compare", "only", "timeout", "workers"); err != nil {
				return err
			}
			if err := wantWith(cmd, "compare", "compare-logs"); err != nil {
				return err
			}
			return f.scan(cmd.OutOrStdout(), args[0])
		},
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&f.run, "run", false, "load every module")
	fl.BoolVar(&f.config.Check, "check", false, "with --run: add what the checks find to each line (docs/checks.md)")
	fl.BoolVar(&f.json, "json", false, "print the census as JSON, a line for each module")
	fl.StringVar(&f.compare, "compare", "", "with --run: compare with the verdicts in `FILE`")
	fl.BoolVar(&f.logs, "compare-logs", false, "with --compare: also list logs that differ")
	fl.StringVar(&f.only, "only", "", "with --run: only modules whose path contains `TEXT`")
	fl.Uint32Var(&f.top, "top", 40, "list the `N` most needed missing exports")
	f.timeout.Duration = time.Minute
	fl.Var(&f.timeout, "timeout", "with --run: host `TIME` for each module; 0: no limit")
	fl.Uint32Var(&f.workers, "workers", 0, "with --run: load `N` modules at a time; 0: one for each processor")
	return cmd
}

// scanInsns is the limit of instructions for each module unless --max-insns says otherwise: 100 seconds of guest time, which
// an idle guest skips and a busy one is long in.
const scanInsns = 10_000_000_000

func (f *scanFlags) scan(out io.Writer, dir string) error {
	cfg, err := f.kernel()
	if err != nil {
		return err
	}
	if cfg.MaxInsns == 0 {
		cfg.MaxInsns = scanInsns
	}
	kernel, err := guestkernel.Boot(cfg)
	if err != nil {
		return err
	}
	exports := scan.NewExports(kernel)
	kernel.Close()
	corpus, err := scan.Find(dir)
	if err != nil {
		return err
	}
	switch {
	case f.run:
		err = f.load(out, corpus, exports, cfg)
	case f.json:
		err = writeCensusLines(out, corpus, corpus.Census(exports))
	default:
		f.writeCensus(out, corpus, corpus.Census(exports))
	}
	if err == nil && len(corpus.Closed) > 0 {
		return &exitError{exitUsage, fmt.Errorf("what cannot be read is left out:\n%w", errors.Join(corpus.Closed...))}
	}
	return err
}

func writeCensusLines(out io.Writer, corpus *scan.Corpus, census *scan.Census) error {
	enc := json.NewEncoder(out)
	for _, m := range census.Modules {
		if err := enc.Encode(m.UTF8()); err != nil {
			return err
		}
	}
	for _, s := range corpus.Skipped {
		if !s.Broken {
			continue
		}
		s.Path, s.Reason = plain.UTF8(s.Path), plain.UTF8(s.Reason)
		if err := enc.Encode(s); err != nil {
			return err
		}
	}
	return nil
}

// names are names in a line of text.
func names(all []string) string {
	words := make([]string, len(all))
	for i, name := range all {
		words[i] = plain.Word(name)
	}
	return strings.Join(words, " ")
}

func (f *scanFlags) writeCensus(out io.Writer, corpus *scan.Corpus, census *scan.Census) {
	for _, m := range census.Modules {
		fmt.Fprintf(out, "%s:", plain.Word(m.Path))
		for _, level := range []string{"full", "partial", "stub", "data", "module", "none", "unresolved"} {
			if n := m.Symbols[level]; n > 0 {
				fmt.Fprintf(out, " %d %s", n, level)
			}
		}
		for _, list := range []struct {
			title string
			names []string
		}{{"not modelled", m.None}, {"unresolved", m.Unresolved}, {"needs", m.Depends}} {
			if len(list.names) > 0 {
				fmt.Fprintf(out, "; %s: %s", list.title, names(list.names))
			}
		}
		fmt.Fprintln(out)
	}
	for _, s := range corpus.Skipped {
		if s.Broken {
			fmt.Fprintf(out, "%s; left out\n", plain.Escape(s.Reason))
		}
	}
	if len(census.Wanted) > 0 && f.top > 0 {
		fmt.Fprintln(out, "missing exports, best written in this order (export, modules that need it, modules that then lack nothing):")
		for _, w := range census.Wanted[:min(int(f.top), len(census.Wanted))] {
			fmt.Fprintf(out, "  %-32s %4d %4d\n", w.Name, w.Modules, w.Ready)
		}
	}
	fmt.Fprintf(out, "%d modules, %d lack nothing; %d missing exports; %d other objects\n",
		len(census.Modules), census.Ready, len(census.Wanted), len(corpus.Skipped))
}

// maxWorkers bounds the memory that --workers can ask for.
const maxWorkers = 256

// load runs the modules. The exit code is 1 when a comparison finds a difference.
func (f *scanFlags) load(out io.Writer, corpus *scan.Corpus, exports *scan.Exports, kernel guestkernel.Config) error {
	if f.workers > maxWorkers {
		return fmt.Errorf("--workers %d: want at most %d: each has a machine of its own", f.workers, maxWorkers)
	}
	only := func(m *scan.Module) bool { return strings.Contains(m.Path, f.only) }
	if !slices.ContainsFunc(corpus.Modules, only) {
		return fmt.Errorf("%s: no module to load here", corpus.Dir)
	}
	done, release := interrupted()
	defer release()
	run := scan.RunConfig{Kernel: kernel, Timeout: f.timeout.Duration, Workers: int(f.workers), Only: only, Done: done}
	var comparison scan.Comparison
	if f.compare != "" {
		reference, err := scan.ReadReference(f.compare)
		if err != nil {
			return err
		}
		comparison.Reference = reference
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	report := func(fate scan.Fate) error {
		comparison.Add(fate)
		return enc.Encode(fate.UTF8())
	}
	progress, end := progressLine(os.Stderr)
	err := corpus.Run(run, exports, report, progress)
	end()
	if errors.Is(err, scan.ErrInterrupted) {
		return &exitError{exitLimit, err}
	}
	if err != nil || f.compare == "" {
		return err
	}
	comparison.Write(os.Stderr, f.logs)
	if !comparison.Agrees() {
		return exitWith(exitFailed)
	}
	return nil
}

// progressLine shows how far a run is, on a terminal only.
func progressLine(f *os.File) (progress func(done, all int), end func()) {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return func(int, int) {}, func() {}
	}
	return func(done, all int) { fmt.Fprintf(f, "\r%d of %d modules", done, all) },
		func() { fmt.Fprint(f, "\r\x1b[K") }
}
