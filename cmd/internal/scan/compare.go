// SPDX-License-Identifier: BSD-3-Clause
// Comparing fates with what a real kernel did.
//
// The file has a line for each module: path, modules loaded before it, verdict of init_module, exit status of rmmod, line of
// /proc/modules, log while loading, log while unloading; tabs between, a # before what is no module, line breaks in a log
// as \n.

package scan

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"ring0/cmd/internal/hostfile"
)

// Reference is what a real kernel did, by path.
type Reference map[string]Expected

// Expected is one module's line.
type Expected struct {
	Depends, Verdict, Remove, Line, Log, Unload string
}

// ReadReference reads a verdict file.
func ReadReference(file string) (Reference, error) {
	text, err := hostfile.Read(file, hostfile.Object)
	if err != nil {
		return nil, err
	}
	ref := make(Reference)
	lines := bufio.NewScanner(bytes.NewReader(text))
	const longest = 1 << 20
	lines.Buffer(nil, longest)
	for n := 1; lines.Scan(); n++ {
		text := lines.Text()
		if text == "" || text[0] == '#' {
			continue
		}
		c := strings.Split(text, "\t")
		if len(c) < 4 {
			return nil, fmt.Errorf("%s:%d: %d columns, want a module's path, what it depends on, its verdict and rmmod's exit status", file, n, len(c))
		}
		c = append(c, "", "", "")
		ref[c[0]] = Expected{Depends: c[1], Verdict: c[2], Remove: c[3], Line: strings.TrimRight(c[4], " "), Log: c[5], Unload: c[6]}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return ref, nil
}

// Comparison counts how far fates agree with a reference.
type Comparison struct {
	Reference Reference
	Compared  int
	Verdicts  int // agree in the verdict of init_module
	Removals  int // and in rmmod's exit status
	Logs      int // agree in the verdict and the log while loading, to the byte
	differ    []difference
}

type difference struct{ path, what, have, want, reason string }

// Add compares one fate. Modules that the reference does not know do not count.
func (c *Comparison) Add(f Fate) {
	want, ok := c.Reference[f.Path]
	if !ok {
		return
	}
	c.Compared++
	if f.Verdict != want.Verdict {
		c.differ = append(c.differ, difference{f.Path, "verdict", f.Verdict, want.Verdict, f.Reason})
		return
	}
	c.Verdicts++
	if f.logText() == want.Log {
		c.Logs++
	} else {
		c.differ = append(c.differ, difference{path: f.Path, what: "log", have: f.logText(), want: want.Log})
	}
	if f.Remove == want.Remove {
		c.Removals++
	} else {
		c.differ = append(c.differ, difference{path: f.Path, what: "rmmod", have: f.Remove, want: want.Remove})
	}
}

// logText is the log as the reference writes it.
func (f *Fate) logText() string {
	if len(f.Log) == 0 {
		return ""
	}
	return strings.Join(f.Log, `\n`) + `\n`
}

// Write prints the differences and then the counts. Log texts that differ are listed when logs is set.
func (c *Comparison) Write(w io.Writer, logs bool) {
	for _, d := range c.differ {
		if d.what == "log" && !logs {
			continue
		}
		fmt.Fprintf(w, "%s: %s %s, real %s", d.path, d.what, d.have, d.want)
		if d.reason != "" {
			fmt.Fprintf(w, " (%s)", d.reason)
		}
		fmt.Fprintln(w)
	}
	if c.Compared == 0 {
		fmt.Fprintln(w, "none of the modules is in the reference")
		return
	}
	percent := func(n int) float64 { return 100 * float64(n) / float64(c.Compared) }
	fmt.Fprintf(w, "%d compared: %d verdicts agree (%.1f %%), %d differ; of all %d also agree in rmmod's status (%.1f %%), %d in the log (%.1f %%)\n",
		c.Compared, c.Verdicts, percent(c.Verdicts), c.Compared-c.Verdicts, c.Removals, percent(c.Removals), c.Logs, percent(c.Logs))
}

// Agrees says that every verdict and exit status is as in the reference.
func (c *Comparison) Agrees() bool { return c.Removals == c.Compared }
