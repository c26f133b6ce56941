// SPDX-License-Identifier: BSD-3-Clause
// Looking at the kernel: its log, its objects, the findings; and expecting something of them.

package moduletest

import (
	"slices"
	"strings"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

// Log is the kernel log, a line each, without levels.
func (k *Kernel) Log() []string {
	var lines []string
	for _, line := range k.kernel.Log() {
		lines = append(lines, line.Text)
	}
	return lines
}

// LogOf is what f adds to the log.
func (k *Kernel) LogOf(f func()) []string {
	before := len(k.Log())
	f()
	return k.Log()[before:]
}

// ExpectLog fails the test unless some line of the log contains each text, in this order.
func (k *Kernel) ExpectLog(texts ...string) {
	k.tb.Helper()
	lines := k.Log()
	for _, text := range texts {
		at := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, text) })
		if at < 0 {
			k.Fatalf("the log does not have %q", text)
		}
		lines = lines[at+1:]
	}
}

// ExpectNotLogged fails the test when a line of the log contains text.
func (k *Kernel) ExpectNotLogged(text string) {
	k.tb.Helper()
	for _, line := range k.Log() {
		if strings.Contains(line, text) {
			k.Fatalf("the log has %q", line)
		}
	}
}

// Modules are the names in module_list, newest first.
func (k *Kernel) Modules() []string {
	var names []string
	for _, m := range k.kernel.ModuleList() {
		names = append(names, m.Name)
	}
	return names
}

// ExpectErrno fails the test unless err is that error number; 0 is no error at all.
func (k *Kernel) ExpectErrno(err error, want abi.Errno) {
	k.tb.Helper()
	switch {
	case want == 0 && err != nil:
		k.Fatalf("error %v, want none", err)
	case err == nil && want != 0:
		k.Fatalf("no error, want %s", want)
	case Errno(err) != want:
		k.Fatalf("error %v, want %s", err, want)
	}
}

// Findings are what the checks have found, with the modules' own names for places.
func (k *Kernel) Findings() (all []guestkernel.Finding) {
	for _, f := range k.kernel.Findings() {
		all = append(all, f.Named(k.locate))
	}
	return all
}

// locate names a place in a module.
func (k *Kernel) locate(p guestkernel.Place) (string, bool) {
	for _, m := range slices.Backward(k.modules) {
		if m.has(p.EIP) && strings.HasSuffix(p.Symbol, "["+m.Name+"]") {
			return m.Image.Locate(p.EIP)
		}
	}
	return "", false
}

// ExpectNoFindings fails the test when the checks have found something.
func (k *Kernel) ExpectNoFindings() {
	k.tb.Helper()
	if n := len(k.Findings()); n > 0 {
		k.Fatalf("the checks have found %d mistakes", n)
	}
}

// ExpectFinding fails the test unless the checks have found something of that kind with that text in it, and returns it.
func (k *Kernel) ExpectFinding(kind guestkernel.FindingKind, text string) guestkernel.Finding {
	k.tb.Helper()
	for _, f := range k.Findings() {
		if f.Kind == kind && strings.Contains(f.String(), text) {
			return f
		}
	}
	k.Fatalf("the checks have found no %s with %q", kind, text)
	return guestkernel.Finding{}
}

// ProcExists tells whether /proc has a file.
func (k *Kernel) ProcExists(path string) bool {
	k.tb.Helper()
	f, err := k.TryOpen(path, ReadOnly)
	if err != nil {
		return Errno(err) != abi.ENOENT
	}
	f.Close()
	return true
}

// Regions are the lines of /proc/ioports.
func (k *Kernel) Regions() []string {
	var lines []string
	for line := range strings.Lines(k.kernel.IOPorts()) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// SlabObjects is how many objects of a slab cache are in use, and whether there is such a cache.
func (k *Kernel) SlabObjects(cache string) (n uint32, ok bool) {
	for _, c := range k.kernel.Caches() {
		if c.Name == cache {
			return c.Active, true
		}
	}
	return 0, false
}

// Counts are what loading and unloading must leave as it was.
type Counts struct {
	Modules, Tasks, Areas, Timers, IRQs int
	FreePages, SlabPages                uint32
	SlabObjects                         map[string]uint32 // in use, by cache
}

// Counts counts the kernel's objects.
func (k *Kernel) Counts() Counts {
	c := Counts{
		Modules: len(k.kernel.ModuleList()), Tasks: len(k.kernel.TaskList()), Areas: len(k.kernel.VmallocAreas()),
		Timers: len(k.kernel.PendingTimers()), IRQs: len(k.kernel.IRQHandlers()),
		FreePages: k.kernel.FreePageCount(), SlabObjects: map[string]uint32{},
	}
	for _, cache := range k.kernel.Caches() {
		c.SlabObjects[cache.Name] = cache.Active
		c.SlabPages += cache.Slabs * cache.SlabPages
	}
	return c
}
