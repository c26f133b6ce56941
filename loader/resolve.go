// SPDX-License-Identifier: BSD-3-Clause
// Giving undefined symbols their values: exports of the loaded modules, newest
// first, then of the kernel.
//
// Mirrors modutils' add_kernel_symbols and obj_check_undefineds.

package loader

import "strings"

// Provider is one module in the running kernel, or the kernel itself, with what
// it exports. Prepare takes them in the order of query_module(QM_MODULES):
// newest module first, the kernel last.
type Provider struct {
	Name    string // module name; empty for the kernel
	Addr    uint32 // where its struct module lies; not used for the kernel
	Exports []Export
}

func (p *Provider) isKernel() bool { return p.Name == "" }

// Export is one exported symbol, its name as query_module(QM_SYMBOLS) gives it.
type Export struct {
	Name  string
	Value uint32
}

// Import records where a symbol of the module was found.
type Import struct {
	Name   string // as the module calls it
	Export string // as the provider exports it
	From   string // module name; empty for the kernel
	Value  uint32
}

// gplPrefix marks exports of EXPORT_SYMBOL_GPL.
const gplPrefix = "GPLONLY_"

// resolve walks the providers in order; the first match of a symbol wins.
func (p *Plan) resolve(providers []Provider) error {
	wanted := p.wantedSymbols()
	refused := make(map[string]bool) // keys of GPL-only exports this module may not use
	license, _ := p.object.License()
	for i := range providers {
		provider := &providers[i]
		used := false
		for _, e := range provider.Exports {
			name, gplOnly := strings.CutPrefix(e.Name, gplPrefix)
			key := p.policy.key(name)
			if gplOnly && license != LicenseGPL {
				refused[key] = true
				continue
			}
			if p.offer(wanted[key], name, e, provider) {
				used = true
			}
		}
		if used && !provider.isKernel() {
			p.deps = append(p.deps, Dependency{Name: provider.Name, Addr: provider.Addr})
		}
	}
	return p.settleUndefined(refused)
}

// wantedSymbols indexes what an export may supply or, as with insmod, replace: an
// undefined symbol, a weak definition, or a common one.
func (p *Plan) wantedSymbols() map[string][]int {
	wanted := make(map[string][]int)
	for i := range p.symbols {
		s := &p.symbols[i]
		if i == 0 || s.canonical != i || s.Bind == bindLocal || isOwnName(s.Name) {
			continue
		}
		if s.Section == Undefined || s.Section == Common || s.Bind == bindWeak {
			key := p.policy.key(s.Name)
			wanted[key] = append(wanted[key], i)
		}
	}
	return wanted
}

// offer gives one export to every symbol it matches and reports whether any
// took it.
func (p *Plan) offer(candidates []int, name string, e Export, from *Provider) bool {
	taken := false
	for _, i := range candidates {
		s := &p.symbols[i]
		if s.Section == external || !p.policy.match(s.Name, name) {
			continue
		}
		s.Section, s.Value, s.Bind = external, e.Value, bindGlobal
		s.from, s.export = from.Name, e.Name
		taken = true
	}
	return taken
}

// settleUndefined makes weak undefined symbols 0 and collects the others.
func (p *Plan) settleUndefined(refused map[string]bool) error {
	var missing []string
	gplOnly := false
	for i := range p.symbols {
		s := &p.symbols[i]
		if i == 0 || s.canonical != i || s.Section != Undefined || s.Name == "" || s.Name == gotSymbol {
			continue
		}
		if s.Bind == bindWeak {
			s.Section, s.Value, s.weakZero = Absolute, 0, true
			continue
		}
		missing = append(missing, s.Name)
		gplOnly = gplOnly || refused[p.policy.key(s.Name)]
	}
	if len(missing) == 0 {
		return nil
	}
	err := &UnresolvedError{File: p.object.File, Names: missing}
	if gplOnly {
		err.Hint = "Note: modules without a GPL compatible license cannot use GPLONLY_ symbols"
	}
	return err
}

// Imports are the symbols taken from elsewhere, in symbol table order.
func (p *Plan) Imports() []Import {
	var list []Import
	for i := range p.symbols {
		s := &p.symbols[i]
		if s.Section == external && s.canonical == i {
			list = append(list, Import{Name: s.Name, Export: s.export, From: s.from, Value: s.Value})
		}
	}
	return list
}
