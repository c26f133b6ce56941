// SPDX-License-Identifier: BSD-3-Clause
// The static census: what each module needs, and which missing exports would help most.

package scan

import (
	"maps"
	"slices"
	"strings"

	"ring0/cmd/internal/plain"
	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

// Census is what a corpus needs of a kernel.
type Census struct {
	Modules []ModuleCensus
	Wanted  []Wanted // functions without a model, the most useful first
	Ready   int      // modules that find everything they may call
}

// ModuleCensus is one module: how many symbols it needs by who answers, and what nobody has.
type ModuleCensus struct {
	Path       string         `json:"module"`
	Symbols    map[string]int `json:"symbols"` // "full", "partial", "stub", "data", "module", "none", "unresolved"
	None       []string       `json:"none"`    // exports of the kernel that are not modelled
	Unresolved []string       `json:"unresolved"`
	Depends    []string       `json:"depends"`
}

// UTF8 is the census of a module as JSON can have it.
func (m ModuleCensus) UTF8() ModuleCensus {
	m.Path = plain.UTF8(m.Path)
	for _, list := range []*[]string{&m.None, &m.Unresolved, &m.Depends} {
		*list = plain.UTF8s(*list)
	}
	return m
}

// Wanted is an export that is not modelled.
type Wanted struct {
	Name    string `json:"export"`
	Modules int    `json:"modules"` // how many modules need it, alone or through their dependencies
	Ready   int    `json:"ready"`   // how many modules lack nothing when this one and all before it are written
}

// Exports says what the kernel exports.
type Exports struct {
	level map[string]string
}

// NewExports reads the exports of a kernel and how well they are modelled.
func NewExports(kernel *guestkernel.Kernel) *Exports {
	e := &Exports{level: make(map[string]string)}
	for _, export := range kernel.Profile().Exports() {
		level := "data"
		if export.Kind == abi.ExportFunction {
			l, _, _ := kernel.Support(export.Name)
			level = l.String()
		}
		e.level[strings.TrimPrefix(export.Name, "GPLONLY_")] = level
	}
	return e
}

// Has says whether the kernel exports a symbol.
func (e *Exports) Has(symbol string) bool { return e.level[symbol] != "" }

// Census counts what the modules need.
func (c *Corpus) Census(e *Exports) *Census {
	census := &Census{}
	lacks := make([]map[string]bool, len(c.Modules))
	for i, m := range c.Modules {
		one := c.censusOf(m, e)
		census.Modules = append(census.Modules, one)
		all := make(map[string]bool)
		for _, part := range append(c.Dependencies(m, e.Has), m) {
			for _, symbol := range part.Needs {
				if e.level[symbol] == "none" {
					all[symbol] = true
				}
			}
		}
		lacks[i] = all
		if len(all) == 0 && len(one.Unresolved) == 0 {
			census.Ready++
		}
	}
	census.Wanted = greedy(lacks)
	return census
}

func (c *Corpus) censusOf(m *Module, e *Exports) ModuleCensus {
	one := ModuleCensus{Path: m.Path, Symbols: map[string]int{}, None: []string{}, Unresolved: []string{}, Depends: []string{}}
	for _, symbol := range m.Needs {
		level := e.level[symbol]
		switch {
		case level == "" && c.Provider(symbol, m) != nil:
			level = "module"
		case level == "":
			level = "unresolved"
			one.Unresolved = append(one.Unresolved, symbol)
		case level == "none":
			one.None = append(one.None, symbol)
		}
		one.Symbols[level]++
	}
	for _, d := range c.Dependencies(m, e.Has) {
		one.Depends = append(one.Depends, d.Name)
	}
	return one
}

// greedy orders what is lacking: always next what brings the most modules nearer to lacking nothing, where a module counts
// the more the less it lacks.
func greedy(lacks []map[string]bool) []Wanted {
	uses := make(map[string]int)
	for _, set := range lacks {
		for symbol := range set {
			uses[symbol]++
		}
	}
	var order []Wanted
	for left := maps.Clone(uses); len(left) > 0; {
		best, bestScore := "", -1.0
		score := make(map[string]float64)
		for _, set := range lacks {
			for symbol := range set {
				score[symbol] += 1 / float64(len(set)*len(set))
			}
		}
		for _, symbol := range slices.Sorted(maps.Keys(left)) {
			if score[symbol] > bestScore {
				best, bestScore = symbol, score[symbol]
			}
		}
		ready := 0
		for _, set := range lacks {
			delete(set, best)
			if len(set) == 0 {
				ready++
			}
		}
		delete(left, best)
		order = append(order, Wanted{best, uses[best], ready})
	}
	return order
}
