// SPDX-License-Identifier: BSD-3-Clause
// The kernel under test, and what ties it to a test.

package moduletest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ring0/guestkernel"
)

// TB is what a Kernel needs of a test; *testing.T and *testing.B are it, and so is [Standalone].
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Standalone stands for a test in programs and examples: what would fail the test panics.
type Standalone struct{}

// Helper does nothing.
func (Standalone) Helper() {}

// Cleanup does nothing: the kernel is given up with the program.
func (Standalone) Cleanup(func()) {}

// Fatalf panics with the message.
func (Standalone) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Config says what to boot. The zero value is a 2.4.18-14 with 128 MB and checks on.
type Config struct {
	Kernel   guestkernel.Config // memory, profile, release, limits
	Dir      string             // where module files are looked for; empty: as their names say
	NoChecks bool               // do not look for leaks, double frees and the like
	Insns    uint64             // instructions after which a test has failed; 0: 2 billion
}

// defaultInsns is a limit that no sensible test reaches: some seconds of host time.
const defaultInsns = 2_000_000_000

// Kernel is a running guest under test.
type Kernel struct {
	tb      TB // of the innermost sub-test that runs
	cfg     Config
	kernel  *guestkernel.Kernel
	journal []func()   // what has been done since booting, to be done again
	procs   []*Process // all that were made, in order
	modules []*Module  // all that were loaded, in order
	user    *Process   // whom Open and the like are done by
	depth   int        // operations that go on inside one that is in the journal
}

// Boot boots a kernel, which is given up when the test is over.
func Boot(tb TB, cfg Config) *Kernel {
	tb.Helper()
	if cfg.Insns == 0 {
		cfg.Insns = defaultInsns
	}
	if cfg.Kernel.MaxInsns == 0 {
		cfg.Kernel.MaxInsns = cfg.Insns
	}
	cfg.Kernel.Check = !cfg.NoChecks
	k := &Kernel{tb: tb, cfg: cfg}
	if err := k.boot(); err != nil {
		tb.Fatalf("%v", err)
	}
	tb.Cleanup(func() { k.kernel.Close() })
	return k
}

func (k *Kernel) boot() (err error) {
	k.kernel, err = guestkernel.Boot(k.cfg.Kernel)
	return err
}

// Guest is the kernel itself, for what this package has no word for. What is changed through it is not done again when a
// snapshot has to be reached by booting anew: see [Kernel.Restore].
func (k *Kernel) Guest() *guestkernel.Kernel { return k.kernel }

// Fatalf fails the test; the message has the kernel log and the findings behind it.
func (k *Kernel) Fatalf(format string, args ...any) {
	k.tb.Helper()
	k.tb.Fatalf("%s%s", fmt.Sprintf(format, args...), k.state())
}

// state is what a failed test shows of the kernel.
func (k *Kernel) state() string {
	var b strings.Builder
	b.WriteString("\nkernel log:\n")
	for _, line := range k.Log() {
		b.WriteString("  " + line + "\n")
	}
	for _, f := range k.Findings() {
		b.WriteString("found: " + f.String() + "\n")
	}
	for _, note := range k.kernel.Notes() {
		b.WriteString("ring0: " + note + "\n")
	}
	return b.String()
}

// Run runs f as a sub-test and then takes the guest back to where it was before. Meanwhile what fails fails the sub-test.
// Without a *testing.T it just runs f.
func (k *Kernel) Run(name string, f func(t *testing.T)) bool {
	k.tb.Helper()
	before, outer := k.Snapshot(), k.tb
	defer k.Forget(before)
	defer k.Restore(before)
	defer func() { k.tb = outer }()
	t, ok := outer.(*testing.T)
	if !ok {
		f(nil)
		return true
	}
	return t.Run(name, func(t *testing.T) {
		k.tb = t
		f(t)
	})
}

// readModule reads a module file.
func (k *Kernel) readModule(file string) ([]byte, error) {
	if k.cfg.Dir != "" && !filepath.IsAbs(file) {
		file = filepath.Join(k.cfg.Dir, file)
	}
	return os.ReadFile(file)
}
