// SPDX-License-Identifier: BSD-3-Clause
// ring0 run: boot, insmod, print the kernel log and the verdict.

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ring0/cmd/internal/hostfile"
	"ring0/cmd/internal/session"
	"ring0/guestkernel"
)

// kernelFlags are the flags of every command that boots a kernel.
type kernelFlags struct {
	config guestkernel.Config
	mem    string
	disks  []string
	probe  string
}

func (f *kernelFlags) register(cmd *cobra.Command) {
	f.registerBoot(cmd)
	fl := cmd.Flags()
	fl.StringArrayVar(&f.disks, "disk", nil, "what is on a RAM disk, `ram0=FILE` and so on")
	fl.StringVar(&f.probe, "modprobe", "", "answer request_module with the modules below `DIR`, and those that they need")
	fl.Uint64Var(&f.config.MaxInsns, "max-insns", 0, "stop after `N` guest instructions; 0: no limit")
	fl.BoolVar(&f.config.StubMissing, "stub-missing", false, "log calls of kernel functions that are not written and return 0, instead of stopping")
}

// registerBoot adds the flags that say which kernel it is.
func (f *kernelFlags) registerBoot(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.mem, "mem", "128M", "RAM of the machine, `SIZE` in bytes or with K, M, G")
	fl.StringVar(&f.config.Release, "kernel-release", "", "what uname says the kernel is, `RELEASE`; from 2.6 on there is no create_module")
	fl.StringVar(&f.config.Profile, "profile", "", "which 2.4 kernel to model, `BUILD`; there is 2.4.18-14")
}

// kernel is the configuration the flags ask for.
func (f *kernelFlags) kernel() (guestkernel.Config, error) {
	mem, err := parseSize(f.mem)
	if err != nil {
		return f.config, fmt.Errorf("--mem %w", err)
	}
	cfg := f.config
	cfg.Mem = mem
	if f.probe != "" {
		if cfg.Modprobe, err = session.Modprobe(f.probe); err != nil {
			return cfg, fmt.Errorf("--modprobe: %w", err)
		}
	}
	for _, disk := range f.disks {
		if err := addDisk(&cfg, disk); err != nil {
			return cfg, err
		}
	}
	return cfg, nil
}

// addDisk reads the image of "ram1=FILE".
func addDisk(cfg *guestkernel.Config, disk string) error {
	name, file, found := strings.Cut(disk, "=")
	digits, isRAM := strings.CutPrefix(name, "ram")
	n, err := strconv.ParseUint(digits, 10, 8)
	if !found || !isRAM || err != nil || n > 15 || digits != strconv.FormatUint(n, 10) {
		return fmt.Errorf("--disk %q: want ram0=FILE to ram15=FILE", disk)
	}
	for len(cfg.Disks) <= int(n) {
		cfg.Disks = append(cfg.Disks, nil)
	}
	if cfg.Disks[n] != nil {
		return fmt.Errorf("--disk %q: there is another image for %s", disk, name)
	}
	cfg.Disks[n], err = hostfile.Read(file, min(hostfile.Disk, int64(cfg.Mem))) // what is larger finds no room there
	return err
}

// parseSize reads "64M", "1G", "131072K" or bytes: what a 32-bit machine can have.
func parseSize(s string) (uint32, error) {
	digits, shift := s, 0
	if n := len(s) - 1; n > 0 {
		if unit := strings.IndexByte("KMG", s[n]&^0x20); unit >= 0 {
			digits, shift = s[:n], 10*(unit+1)
		}
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || n == 0 || n<<shift > 1<<32-1 {
		return 0, fmt.Errorf("%q: want a number of bytes, or one with K, M or G, as 64M; less than 4G", s)
	}
	return uint32(n << shift), nil
}

// runFlags are the flags of ring0 run.
type runFlags struct {
	sessionFlags
	loadMap bool
	each    string
}

func runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] MODULE [PARAMETER=VALUE…] [-- MODULE [PARAMETER=VALUE…]]…",
		Short: "Boot, load modules, print the kernel log and the verdict",
		Long: `Boot a kernel and load one module after the other, as insmod does. A MODULE is
an i386 object file, an image made by ring0 link, or a raw image that begins
with struct module. The kernel log and the verdicts go to stdout.`,
		Example: `  ring0 run hello.o who=world
  ring0 run --rmmod exporter.o -- importer.o`,
		Args: arguments(1, anyNumber, "a MODULE"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.register(cmd, "insmod")
	fl := cmd.Flags()
	fl.StringVar(&f.each, "fail-each", "", "run once for every call of `FUNCTION` by modules, each time with that call failing")
	fl.BoolVarP(&f.loadMap, "map", "m", false, "print a load map of each module; with --json in its load_map")
	fl.BoolVarP(&f.session.Options.Force, "force", "f", false, "load in spite of a kernel version mismatch")
	fl.StringVarP(&f.session.Options.Name, "name", "o", "", "call the module `NAME`; for one module")
	fl.BoolVarP(&f.session.Options.Autoclean, "autoclean", "k", false, "mark the module for automatic removal")
	fl.BoolVarP(&f.session.Options.NoExport, "noexport", "x", false, "export nothing that the module does not list itself")
	return cmd
}

func (f *runFlags) run(cmd *cobra.Command, args []string) error {
	cfg, err := f.configuration(cmd)
	if err != nil {
		return err
	}
	if cfg.Modules, err = splitModules(args); err != nil {
		return err
	}
	if cfg.Options.Name != "" && len(cfg.Modules) > 1 {
		return fmt.Errorf("--name %s: there are %d modules, and a name is for one", cfg.Options.Name, len(cfg.Modules))
	}
	done, release := interrupted()
	defer release()
	cfg.Done = done
	if f.each != "" {
		return f.runEach(cmd, cfg)
	}
	result, err := session.Run(cfg)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if f.stats {
		defer result.WriteStats(cmd.ErrOrStderr())
	}
	if f.json {
		result.Maps = f.loadMap
		if err := result.WriteJSON(out); err != nil {
			return err
		}
		return exitWith(int(result.Verdict))
	}
	if f.loadMap {
		for _, m := range result.Modules {
			if m.Image != nil {
				fmt.Fprint(out, m.Image.LoadMap())
			}
		}
	}
	result.WriteLog(out)
	result.WriteVerdict(out)
	result.WriteSteps(out)
	result.WriteFaults(out)
	result.WriteFindings(out)
	return exitOf(result)
}

// exitOf is the exit code of a run, with what there is to say about input that cannot be read.
func exitOf(result *session.Result) error {
	if err := result.BadInput(); err != nil {
		return &exitError{exitUsage, err}
	}
	return exitWith(int(result.Verdict))
}

// runEach is --fail-each.
func (f *runFlags) runEach(cmd *cobra.Command, cfg session.Config) error {
	if strings.ContainsAny(f.each, ":@") {
		return fmt.Errorf("--fail-each %q: want a FUNCTION alone", f.each)
	}
	if _, err := guestkernel.ParseFault(f.each + ":1"); err != nil {
		return fmt.Errorf("--fail-each %w", err)
	}
	out := cmd.OutOrStdout()
	runs := []session.EachResult{}
	worst, err := session.RunEach(cfg, f.each, func(e session.EachResult) {
		if runs = append(runs, e); !f.json {
			e.Write(out)
		}
	})
	if err != nil {
		return err
	}
	if f.json {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(map[string]any{"version": 1, "function": f.each, "runs": runs}); err != nil {
			return err
		}
	} else if len(runs) == 0 {
		fmt.Fprintf(out, "%s is never called\n", f.each)
	}
	return exitWith(int(worst))
}

// separator stands for "--" between modules. The flag parser must not see the
// real one: it would take every flag behind it for a parameter.
const separator = "\x00--"

// hideSeparators replaces "--" in the command line of a command that takes modules.
func hideSeparators(args []string) []string {
	if len(args) == 0 || !slices.Contains([]string{"run", "exec", "link", "debug", "gdb"}, args[0]) {
		return args
	}
	out := slices.Clone(args)
	for i, a := range out {
		if a == "--" {
			out[i] = separator
		}
	}
	return out
}

// splitModules groups arguments: a module and its parameters, groups apart by "--".
func splitModules(args []string) ([]session.Module, error) {
	var groups [][]string
	group := []string{}
	for _, a := range args {
		if a == separator {
			groups, group = append(groups, group), []string{}
			continue
		}
		group = append(group, a)
	}
	groups = append(groups, group)
	var modules []session.Module
	for _, g := range groups {
		if len(g) == 0 {
			return nil, fmt.Errorf("a module is missing before or after --")
		}
		if strings.Contains(g[0], "=") {
			return nil, fmt.Errorf("%s: want a module before its parameters", g[0])
		}
		for _, p := range g[1:] {
			if !strings.Contains(p, "=") {
				return nil, fmt.Errorf("%s: want PARAMETER=VALUE; modules are separated by --", p)
			}
		}
		modules = append(modules, session.Module{File: g[0], Parameters: g[1:]})
	}
	return modules, nil
}
