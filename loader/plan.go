// SPDX-License-Identifier: BSD-3-Clause
// Plan: everything about loading one module but its address.
//
// Prepare goes through insmod's steps in insmod's order, because the order
// shows: it decides where created sections end up and in which order strings
// follow each other in .kstrtab.

package loader

import (
	"fmt"
	"strings"
)

// Options are insmod's, with its letters.
type Options struct {
	Name       string   // -o: module name; default from the file name
	Parameters []string // name=value
	Release    string   // the kernel's release (uname -r); empty: not compared
	Force      bool     // -f: load in spite of a version mismatch
	Autoclean  bool     // -k: MOD_AUTOCLEAN
	NoExport   bool     // -x: export nothing the file does not list itself
	NoKsymoops bool     // -y: no __insmod_* symbols
	Origin     *Origin  // also make the __insmod_NAME_O… symbol; nil: do not
	Profile    string   // whose struct module to lay; empty: abi's default

	Placed func(*Image) // told of the image before init_module is called; nil: nobody
}

// Origin is what insmod records of the file it loaded.
type Origin struct {
	Path  string
	MTime uint32
}

// Dependency is a module whose exports are used.
type Dependency struct {
	Name string
	Addr uint32
}

// Plan is a module ready to be placed.
type Plan struct {
	object  *Object
	options Options
	name    string
	abi     kernelABI
	policy  namePolicy

	sections []planSection // the object's, by index, then those made here
	order    []int         // loaded sections by address
	symbols  []planSymbol  // the object's, by index, then those made here
	size     uint32

	this, strtab, ksymtab, kmodtab, got int // section indices; 0: there is none

	thisSymbol int // index of __this_module

	strings  []stringPatch
	pointers []symbolPatch
	gotSlots []int       // symbol index of each GOT entry
	gotIndex map[int]int // and back

	deps     []Dependency
	warnings []string
	taint    uint32
}

// planSymbol is a symbol on its way to an address.
type planSymbol struct {
	Symbol
	weakZero bool   // weak and undefined: resolved to 0, not exported
	hidden   bool   // init_module and the like: not exported
	from     string // external: which module; empty for the kernel
	export   string // and its name there
}

// stringPatch: the word at (section, offset) will point into .kstrtab.
type stringPatch struct {
	section      int
	offset, text uint32
}

// symbolPatch: the word at (section, offset) will hold a symbol's address.
type symbolPatch struct {
	section int
	offset  uint32
	symbol  int
}

const (
	thisModule = "__this_module"
	initName   = "init_module"
	exitName   = "cleanup_module"
)

// Prepare resolves, sizes and fills everything that does not depend on the
// address. object stays as it was.
func Prepare(object *Object, providers []Provider, options Options) (*Plan, error) {
	p, err := newPlan(object, options)
	if err != nil {
		return nil, err
	}
	if err := p.checkTables(); err != nil {
		return nil, err
	}
	p.policy = chooseNamePolicy(object, providers)
	if err := p.checkVersion(providers); err != nil {
		return nil, err
	}
	steps := []func() error{
		p.createThis,
		func() error { return p.resolve(providers) },
		p.allocateCommons,
		p.noteTaint,
		p.setParameters,
		p.createGot,
		p.createExports,
		p.layOut,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Link prepares an object and places it at base.
func Link(object *Object, base uint32, providers []Provider, options Options) (*Image, error) {
	plan, err := Prepare(object, providers, options)
	if err != nil {
		return nil, err
	}
	return plan.Place(base)
}

// Name is the module's name.
func (p *Plan) Name() string { return p.name }

// Size is what create_module must be asked for.
func (p *Plan) Size() uint32 { return p.size }

// Warnings are insmod's, in order; they do not stop the loading.
func (p *Plan) Warnings() []string { return p.warnings }

// Taint is what insmod adds to the kernel's `tainted`: TaintProprietary, TaintForced.
func (p *Plan) Taint() uint32 { return p.taint }

// Dependencies are the modules whose exports are used, newest first.
func (p *Plan) Dependencies() []Dependency { return p.deps }

func newPlan(object *Object, options Options) (*Plan, error) {
	kernel, err := kernelABIFor(options.Profile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", object.File, err)
	}
	p := &Plan{object: object, options: options, abi: kernel, name: options.Name, gotIndex: make(map[int]int)}
	if p.name == "" {
		p.name = object.ModuleName()
	}
	if p.name == "" || strings.IndexByte(p.name, 0) >= 0 {
		return nil, object.errorf("", "%q cannot be a module's name", p.name)
	}
	p.sections = make([]planSection, len(object.sections))
	for i := range object.sections {
		p.sections[i] = fromObject(&object.sections[i])
	}
	p.sortLoaded()
	p.symbols = make([]planSymbol, len(object.symbols))
	for i := range object.symbols {
		p.symbols[i].Symbol = object.symbols[i]
	}
	return p, nil
}

// checkTables holds the tables the kernel walks to whole entries.
func (p *Plan) checkTables() error {
	for _, table := range []struct {
		name  string
		entry uint32
	}{{ksymtabName, p.abi.symbol.Size}, {"__ex_table", p.abi.exception.Size}} {
		i := p.findSection(table.name)
		if i != 0 && p.isLoaded(i) && p.sections[i].size%table.entry != 0 {
			return p.object.errorf(table.name, "size %#x is not a multiple of %d", p.sections[i].size, table.entry)
		}
	}
	return nil
}

func (p *Plan) checkVersion(providers []Provider) error {
	both := p.object.checksummed() && kernelChecksummed(providers)
	err := p.object.checkVersion(p.options.Release, both)
	if err == nil || !p.options.Force {
		return err
	}
	if v, ok := err.(*VersionError); ok {
		p.warnings = append(p.warnings, "Warning: "+v.text())
		return nil
	}
	p.warnings = append(p.warnings, "Warning: "+err.Error())
	return nil
}

// createThis makes the section struct module goes to, in front of everything,
// and the module's name as the first string.
func (p *Plan) createThis() error {
	p.this = p.addSection(planSection{
		name: ".this", flags: shfAlloc | shfWrite, align: 4, size: p.abi.module.Size,
		data: make([]byte, p.abi.module.Size),
	})
	p.order = append([]int{p.this}, p.order...)
	p.thisSymbol = p.define(thisModule, Symbol{
		Name: thisModule, Bind: bindLocal, Type: symObject, Section: SectionRef(p.this), Size: p.abi.module.Size,
	})
	p.addString(p.this, p.abi.module.Name.Off, p.name)
	return nil
}

// define gives a name insmod owns its symbol: the undefined one of the file if
// there is one, else a new one. It returns the symbol's index.
func (p *Plan) define(name string, s Symbol) int {
	i, ok := p.object.global[name]
	if !ok || p.symbols[i].Section != Undefined {
		i = len(p.symbols)
		p.symbols = append(p.symbols, planSymbol{})
	}
	s.canonical = i
	p.symbols[i].Symbol = s
	return i
}

// noteTaint says what insmod says of a module's licence.
func (p *Plan) noteTaint() error {
	const intro = "Warning: loading %s will taint the kernel: %s"
	license, text := p.object.License()
	var reasons []string
	switch license {
	case LicenseNone:
		reasons = append(reasons, "no license")
		p.taint |= TaintProprietary
	case LicenseOther:
		reasons = append(reasons, "non-GPL license - "+show(text))
		p.taint |= TaintProprietary
	}
	if p.options.Force {
		reasons = append(reasons, "forced load")
		p.taint |= TaintForced
	}
	for i, r := range reasons {
		p.warnings = append(p.warnings, fmt.Sprintf(intro, p.name, r))
		if i == 0 {
			p.warnings = append(p.warnings, "  See http://www.tux.org/lkml/#export-tainted for information about tainted modules")
		}
	}
	return nil
}
