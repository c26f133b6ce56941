// SPDX-License-Identifier: BSD-3-Clause
// Module parameters: `name=value[,value…]` on the command line, MODULE_PARM in
// the module.
//
// Mirrors modutils' process_module_arguments. The format is in .modinfo under
// parm_NAME: [min[-max]] and a type: b h i l numbers of 1, 2, 4 and 4 bytes, s a
// pointer to a string, c<n> a string in an array of n characters. Without a
// count there is one value.

package loader

import (
	"fmt"
	"strconv"
)

// paramFormat is a parsed format.
type paramFormat struct {
	min, max int // max 0: no limit but the section's end
	kind     byte
	size     uint32 // bytes of one value in memory
}

// param is one argument being set.
type param struct {
	name   string
	format paramFormat
	symbol int
	count  int // values so far
	warned bool
}

// setParameters warns of declared parameters without a variable, as insmod
// does, then sets those the command line names.
func (p *Plan) setParameters() error {
	for _, info := range p.object.Parameters() {
		if !p.isVariable(p.object.find(info.Name)) {
			p.warnings = append(p.warnings, fmt.Sprintf("Warning: %s symbol for parameter %s not found", p.object.File, show(info.Name)))
		}
	}
	for _, argument := range p.options.Parameters {
		if err := p.setParameter(argument); err != nil {
			return err
		}
	}
	return nil
}

// isVariable reports whether a symbol lies in a loaded section of the module.
func (p *Plan) isVariable(symbol int) bool {
	s := &p.symbols[symbol]
	return symbol != 0 && s.Section > 0 && p.isLoaded(int(s.Section))
}

func (p *Plan) setParameter(argument string) error {
	name, value, ok := cutArgument(argument)
	fail := func(format string, args ...any) error {
		return &ParameterError{File: p.object.File, Parameter: name, Text: fmt.Sprintf(format, args...)}
	}
	if !ok {
		return fail("argument %s is not of the form name=value", strconv.Quote(argument))
	}
	text, known := p.object.ModInfo(parmPrefix + name)
	if !known || p.object.isDescription(parmPrefix+name) {
		return fail("invalid parameter %s", parmPrefix+show(name))
	}
	format, problem := parseParamFormat(show(name), text)
	if problem != "" {
		return fail("%s", problem)
	}
	symbol := p.object.find(name)
	if !p.isVariable(symbol) {
		return fail("symbol for parameter %s not found", show(name))
	}
	set := &param{name: show(name), format: format, symbol: symbol}
	if problem := p.setValues(set, value); problem != "" {
		return fail("%s", problem)
	}
	return nil
}

func cutArgument(argument string) (name, value string, ok bool) {
	for i := 0; i < len(argument); i++ {
		if argument[i] == '=' {
			return argument[:i], argument[i+1:], i > 0
		}
	}
	return argument, "", false
}

// setValues goes through the comma-separated values.
func (p *Plan) setValues(set *param, rest string) string {
	for more := rest != ""; more; {
		var problem string
		if set.count == set.format.max && set.format.max != 0 {
			return fmt.Sprintf("too many values for %s (max %d)", set.name, set.format.max)
		}
		rest, problem = p.setValue(set, rest)
		if problem != "" {
			return problem
		}
		set.count++
		rest = skipSpace(rest)
		if more = rest != ""; !more {
			break
		}
		if rest[0] != ',' {
			return fmt.Sprintf("invalid argument syntax for %s: %q", set.name, rest[:1])
		}
		rest = rest[1:]
	}
	if set.count < set.format.min {
		return fmt.Sprintf("too few values for %s (min %d)", set.name, set.format.min)
	}
	return ""
}

// setValue stores the first value of rest and returns what follows it.
func (p *Plan) setValue(set *param, rest string) (string, string) {
	offset, problem := p.valuePlace(set)
	if problem != "" {
		return "", problem
	}
	section := int(p.symbols[set.symbol].Section)
	switch set.format.kind {
	case 's':
		text, rest, problem := takeString(set.name, rest)
		if problem == "" {
			p.addString(section, offset, text)
		}
		return rest, problem
	case 'c':
		text, rest, problem := takeString(set.name, rest)
		if problem == "" && uint64(len(text)) >= uint64(set.format.size) {
			problem = fmt.Sprintf("string too long for %s (max %d)", set.name, set.format.size-1)
		}
		if problem == "" {
			place := p.sections[section].contents()[offset:]
			place[copy(place, text)] = 0
		}
		return rest, problem
	}
	value, rest, problem := takeNumber(set, rest)
	if problem == "" {
		place := p.sections[section].contents()[offset:]
		for i := uint32(0); i < set.format.size; i++ {
			place[i] = byte(value >> (8 * i))
		}
	}
	return rest, problem
}

// valuePlace returns where the next value goes in the variable's section. Past
// the variable's own end insmod writes on, and real modules depend on it (type i
// for a char): so do we, with a warning. The section's end is the limit.
func (p *Plan) valuePlace(set *param) (uint32, string) {
	s := &p.symbols[set.symbol]
	from := uint64(s.Value) + uint64(set.count)*uint64(set.format.size)
	end := from + uint64(set.format.size)
	section := &p.sections[s.Section]
	if end > uint64(section.size) {
		return 0, fmt.Sprintf("too many values for %s (value %d of type %c ends past section %s)",
			set.name, set.count+1, set.format.kind, show(section.name))
	}
	if size := end - uint64(s.Value); s.Size != 0 && size > uint64(s.Size) && !set.warned {
		set.warned = true
		p.warnings = append(p.warnings, fmt.Sprintf("Warning: %s parameter %s of type %c writes %d bytes over a variable of %d",
			p.object.File, set.name, set.format.kind, size, s.Size))
	}
	return uint32(from), ""
}
