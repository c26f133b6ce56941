// SPDX-License-Identifier: BSD-3-Clause
// Package scan looks at a folder of modules: what they need that the kernel lacks, and what becomes of each when it is
// loaded with its dependencies on a fresh kernel. It prints nothing.
//
// This file finds the modules below a folder.
package scan

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ring0/cmd/internal/hostfile"
	"ring0/loader"
)

// Corpus is the modules below one folder, by path.
type Corpus struct {
	Dir     string
	Modules []*Module
	Skipped []Skipped // files that look like objects and are not modules one can load, by path
	Closed  []error   // files and folders that cannot be read, by path

	providers map[string][]*Module // who exports a symbol, by its name without version
}

// Module is one module file.
type Module struct {
	Path  string   // below the folder, with slashes
	Name  string   // what insmod calls it
	Needs []string // undefined symbols, without versions, sorted

	exports map[string]bool // without versions
	sources []string        // source files it was made of, sorted
	size    int64
}

// Skipped is a file that was left out.
type Skipped struct {
	Path   string `json:"module"`
	Reason string `json:"error"`
	Broken bool   `json:"-"` // it is no object file, whatever its name says
}

// Find reads every object below dir. Symbolic links below it are not followed.
func Find(dir string) (*Corpus, error) {
	real, err := filepath.EvalSymlinks(dir)
	var path *fs.PathError
	if errors.As(err, &path) {
		return nil, fmt.Errorf("%s: %w", dir, path.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	c := &Corpus{Dir: real, providers: make(map[string][]*Module)}
	err = filepath.WalkDir(real, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			c.Closed = append(c.Closed, err)
			return nil
		case file == real && !entry.IsDir():
			return fmt.Errorf("%s: want a folder", dir)
		case !entry.Type().IsRegular() || !strings.HasSuffix(file, ".o"):
			return nil
		}
		if err := c.add(file); err != nil {
			c.Closed = append(c.Closed, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.dropParts()
	slices.SortFunc(c.Modules, func(a, b *Module) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(c.Skipped, func(a, b Skipped) int { return strings.Compare(a.Path, b.Path) })
	for _, m := range c.Modules {
		for name := range m.exports {
			c.providers[name] = append(c.providers[name], m)
		}
	}
	return c, nil
}

// add takes one file, as a module or as skipped.
func (c *Corpus) add(file string) error {
	rel, err := filepath.Rel(c.Dir, file)
	if err != nil {
		return err
	}
	rel = filepath.ToSlash(rel)
	data, err := hostfile.Read(file, hostfile.Object)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(data, []byte("!<arch>\n")) {
		return nil // an archive under an object's name
	}
	object, err := loader.Parse(rel, data)
	if err != nil {
		c.Skipped = append(c.Skipped, Skipped{rel, err.Error(), true})
		return nil
	}
	if _, ok := object.KernelVersion(); !ok {
		c.Skipped = append(c.Skipped, Skipped{Path: rel, Reason: "not a module: no kernel_version in .modinfo"})
		return nil
	}
	c.Modules = append(c.Modules, newModule(rel, object, int64(len(data))))
	return nil
}

// Symbol table facts of ELF that the loader keeps to itself.
const (
	bindLocal   = 0 // STB_LOCAL
	typeFile    = 4 // STT_FILE
	ksymtabMark = "__ksymtab_"
)

func newModule(rel string, object *loader.Object, size int64) *Module {
	m := &Module{Path: rel, Name: object.ModuleName(), size: size, exports: make(map[string]bool)}
	needs := make(map[string]bool)
	for _, name := range object.Undefined() {
		needs[loader.BaseName(name)] = true
	}
	m.Needs = slices.Sorted(maps.Keys(needs))
	listed := object.Section("__ksymtab") != nil
	for _, s := range object.Symbols() {
		name, marked := strings.CutPrefix(s.Name, ksymtabMark)
		switch {
		case s.Type == typeFile:
			m.sources = append(m.sources, s.Name)
		case s.Section == loader.Undefined || s.Bind == bindLocal && !marked:
		case listed == marked && s.Name != "init_module" && s.Name != "cleanup_module":
			m.exports[loader.BaseName(name)] = true
		}
	}
	slices.Sort(m.sources)
	m.sources = slices.Compact(m.sources)
	return m
}

// dropParts removes objects that another module was linked from: the sources of a part are among those of the whole, which
// lies beside it or in a folder above.
func (c *Corpus) dropParts() {
	var whole []*Module
	for _, m := range c.Modules {
		if w := c.wholeOf(m); w != nil {
			c.Skipped = append(c.Skipped, Skipped{Path: m.Path, Reason: "a part of " + w.Path})
			continue
		}
		whole = append(whole, m)
	}
	c.Modules = whole
}

func (c *Corpus) wholeOf(part *Module) *Module {
	for _, m := range c.Modules {
		if len(m.sources) > len(part.sources) && len(part.sources) > 0 && m.size > part.size &&
			isAbove(path.Dir(m.Path), path.Dir(part.Path)) && containsAll(m.sources, part.sources) {
			return m
		}
	}
	return nil
}

// isAbove says that folder dir is sub or lies above it.
func isAbove(dir, sub string) bool {
	return dir == sub || dir == "." || strings.HasPrefix(sub, dir+"/")
}

func containsAll(set, subset []string) bool {
	for _, s := range subset {
		if _, ok := slices.BinarySearch(set, s); !ok {
			return false
		}
	}
	return true
}

// Provider returns the module that exports a symbol, or nil. Of several it takes one in the wanter's folder, else the first
// by path.
func (c *Corpus) Provider(symbol string, wanter *Module) *Module {
	all := c.providers[symbol]
	for _, m := range all {
		if m != wanter && path.Dir(m.Path) == path.Dir(wanter.Path) {
			return m
		}
	}
	for _, m := range all {
		if m != wanter {
			return m
		}
	}
	return nil
}

// Dependencies returns the modules that must be loaded before m, in an order in which each finds its own. kernel says what
// the kernel exports. A ring of modules that need each other is broken where it closes.
func (c *Corpus) Dependencies(m *Module, kernel func(symbol string) bool) []*Module {
	var order []*Module
	seen := map[*Module]bool{m: true}
	var visit func(m *Module)
	visit = func(m *Module) {
		for _, symbol := range m.Needs {
			if kernel(symbol) {
				continue
			}
			if p := c.Provider(symbol, m); p != nil && !seen[p] {
				seen[p] = true
				visit(p)
				order = append(order, p)
			}
		}
	}
	visit(m)
	return order
}
