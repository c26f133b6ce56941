// SPDX-License-Identifier: BSD-3-Clause
// DWARF: one pass over all entries makes functions, variables and an index of types.

package debuginfo

import (
	"cmp"
	"fmt"
	"slices"
)

// Tags.
const (
	tagArray             = 0x01
	tagEnumeration       = 0x04
	tagFormalParameter   = 0x05
	tagLexicalBlock      = 0x0b
	tagMember            = 0x0d
	tagPointer           = 0x0f
	tagCompileUnit       = 0x11
	tagStructure         = 0x13
	tagSubroutineType    = 0x15
	tagTypedef           = 0x16
	tagUnion             = 0x17
	tagUnspecifiedParams = 0x18
	tagInlined           = 0x1d
	tagSubrange          = 0x21
	tagBaseType          = 0x24
	tagConst             = 0x26
	tagEnumerator        = 0x28
	tagSubprogram        = 0x2e
	tagVariable          = 0x34
	tagVolatile          = 0x35
	tagRestrict          = 0x37
	tagUnspecifiedType   = 0x3b
	tagAtomic            = 0x47
	tagCallSite          = 0x48
	tagCallSiteParam     = 0x49
	tagGNUCallSite       = 0x4109
	tagGNUCallSiteParam  = 0x410a
)

// Attributes.
const (
	atLocation           = 0x02
	atName               = 0x03
	atByteSize           = 0x0b
	atBitOffset          = 0x0c
	atBitSize            = 0x0d
	atStmtList           = 0x10
	atLowPC              = 0x11
	atHighPC             = 0x12
	atCompDir            = 0x1b
	atConstValue         = 0x1c
	atUpperBound         = 0x2f
	atPrototyped         = 0x27
	atAbstractOrigin     = 0x31
	atCount              = 0x37
	atDataMemberLocation = 0x38
	atDeclFile           = 0x3a
	atDeclLine           = 0x3b
	atDeclaration        = 0x3c
	atEncoding           = 0x3e
	atExternal           = 0x3f
	atFrameBase          = 0x40
	atSpecification      = 0x47
	atType               = 0x49
	atEntryPC            = 0x52
	atRanges             = 0x55
	atCallFile           = 0x58
	atCallLine           = 0x59
	atDataBitOffset      = 0x6b
	atStrOffsetsBase     = 0x72
	atAddrBase           = 0x73
	atRnglistsBase       = 0x74
	atLoclistsBase       = 0x8c
	atCallReturnPC       = 0x7d
	atCallValue          = 0x7e
	atGNUCallValue       = 0x2111
)

// readDWARF reads the sections of a module into it.
func readDWARF(m *Module, s map[string][]byte) {
	d := &dwarfData{
		m: m, info: s[".debug_info"], abbrev: s[".debug_abbrev"], str: s[".debug_str"], lineStr: s[".debug_line_str"],
		line: s[".debug_line"], ranges: s[".debug_ranges"], rnglists: s[".debug_rnglists"], loc: s[".debug_loc"],
		loclists: s[".debug_loclists"], addr: s[".debug_addr"], strOffs: s[".debug_str_offsets"],
		abbrevs: map[uint64]abbrevTable{}, budget: dwarfBudget, files: map[string]int32{},
		types: map[uint32]*Type{}, unfilled: map[*Type]uint32{}, byName: map[string]uint32{}, calls: map[uint32]*CallSite{},
	}
	m.types, m.calls = d, d.calls
	d.readUnits()
	oldest, newest := uint16(5), uint16(2)
	for _, u := range d.units {
		oldest, newest = min(oldest, u.version), max(newest, u.version)
		d.readContents(u)
	}
	if len(d.units) == 0 {
		d.linesAlone()
		return
	}
	m.Format = fmt.Sprintf("DWARF %d", newest)
	if oldest != newest {
		m.Format = fmt.Sprintf("DWARF %d–%d", oldest, newest)
	}
	d.fill()
}

// linesAlone reads line numbers without entries, as assembled files may have.
func (d *dwarfData) linesAlone() {
	for at := uint64(0); at < uint64(len(d.line)); {
		end, ok := d.lineEnd(at)
		if !ok {
			d.m.problem(problem(".debug_line", int(at), "the program ends behind the section"))
			return
		}
		if err := d.readLines(at, nil); err != nil {
			d.m.problem(err)
		}
		at = end
	}
	d.m.Format = "DWARF line numbers"
}

// readContents reads one unit: its own entry, its lines, everything else.
func (d *dwarfData) readContents(u *unit) {
	err := u.each(func(e *entry, depth int) error {
		if depth == 0 {
			u.begin(e)
		}
		return errStop
	})
	if err != nil && err != errStop {
		d.m.problem(err)
		return
	}
	w := walker{d: d, u: u}
	first := len(d.m.Functions)
	if err := u.each(w.entry); err != nil {
		d.m.problem(err)
	}
	for _, f := range d.m.Functions[first:] {
		f.orderParams()
	}
}

// orderParams puts the parameters first and in their order.
func (f *Function) orderParams() {
	slices.SortStableFunc(f.Vars, func(a, b *Variable) int {
		switch {
		case a.Param && b.Param:
			return cmp.Compare(a.order, b.order)
		case a.Param:
			return -1
		case b.Param:
			return 1
		}
		return 0
	})
}

var errStop = fmt.Errorf("no more is wanted")

// begin takes what the unit's own entry says. The bases of the index tables come first: other attributes need them.
func (u *unit) begin(e *entry) {
	for _, a := range e.attrs {
		switch a.name {
		case atStrOffsetsBase:
			u.strBase = a.number
		case atAddrBase:
			u.addrBase = a.number
		case atRnglistsBase:
			u.rngBase = a.number
		case atLoclistsBase:
			u.locBase = a.number
		}
	}
	if u.version == 5 && u.strBase+u.addrBase+u.rngBase+u.locBase != 0 {
		again := entry{}
		if err := u.read(u.cursor(u.first), &again); err == nil {
			*e = again
		}
	}
	low, _ := e.number(atLowPC)
	u.name, u.compDir, u.low = e.text(atName), e.text(atCompDir), uint32(low)
	if at, ok := e.number(atStmtList); ok {
		if err := u.d.readLines(at, u); err != nil {
			u.d.m.problem(err)
		}
	}
}

// walker goes through a unit's entries and knows where it is.
type walker struct {
	d      *dwarfData
	u      *unit
	scopes []scope
	site   *CallSite // the call site whose parameters follow
}

// scope is a function, an inlined call or a block that is being read.
type scope struct {
	depth  int
	fn     *Function // nil: a function without code, or outside functions
	inline *Inline
	ranges []Range // of a block
	blocks int
}

func (w *walker) scope() scope {
	if len(w.scopes) == 0 {
		return scope{}
	}
	return w.scopes[len(w.scopes)-1]
}

// maxScopes bounds how deep functions, inlined calls and blocks nest.
const maxScopes = 500

// entry takes one entry.
func (w *walker) entry(e *entry, depth int) error {
	for len(w.scopes) > 0 && w.scopes[len(w.scopes)-1].depth >= depth {
		w.scopes = w.scopes[:len(w.scopes)-1]
	}
	if len(w.scopes) > maxScopes {
		return problem(".debug_info", int(e.offset), "blocks nested more than %d deep", maxScopes)
	}
	switch e.tag {
	case tagSubprogram:
		w.scopes = append(w.scopes, scope{depth: depth, fn: w.function(e)})
	case tagInlined:
		w.inlined(e, depth)
	case tagLexicalBlock:
		w.block(e, depth)
	case tagFormalParameter, tagVariable:
		w.variable(e)
	case tagCallSite, tagGNUCallSite:
		w.callSite(e)
	case tagCallSiteParam, tagGNUCallSiteParam:
		w.callParam(e)
	case tagBaseType, tagStructure, tagUnion, tagEnumeration, tagTypedef:
		w.typeName(e)
	}
	return nil
}

// origin follows abstract origins and specifications to the entry that has an attribute.
func (e *entry) origin(name uint32) *entry {
	for range 6 {
		if _, ok := e.get(name); ok {
			return e
		}
		ref, ok := e.number(atAbstractOrigin)
		if !ok {
			ref, ok = e.number(atSpecification)
		}
		if !ok || ref > 0xffffffff {
			return nil
		}
		next, err := e.unit.d.entryAt(uint32(ref))
		if err != nil {
			return nil
		}
		e = next
	}
	return nil
}

// originText is an attribute of the entry or what it comes from.
func (e *entry) originText(name uint32) string {
	if o := e.origin(name); o != nil {
		return o.text(name)
	}
	return ""
}

func (e *entry) originNumber(name uint32) (uint64, *entry) {
	if o := e.origin(name); o != nil {
		n, _ := o.number(name)
		return n, o
	}
	return 0, nil
}

// place is the source file and line of a declaration.
func (e *entry) place(fileAttr, lineAttr uint32) (file string, line int) {
	n, o := e.originNumber(fileAttr)
	if o != nil && n < uint64(len(o.unit.files)) {
		file = o.unit.files[n]
	}
	l, _ := e.originNumber(lineAttr)
	return file, int(min(l, 1<<30))
}

// function makes a function, when it has code.
func (w *walker) function(e *entry) *Function {
	ranges := w.u.rangesOf(e)
	if len(ranges) == 0 {
		return nil
	}
	f := &Function{
		Name: e.originText(atName), Module: w.d.m.Name, Ranges: ranges, Unit: w.u.name, CompDir: w.u.compDir,
	}
	f.File, f.Line = e.place(atDeclFile, atDeclLine)
	external, _ := e.originNumber(atExternal)
	f.External = external != 0
	if t := e.origin(atType); t != nil {
		f.Result = w.d.typeOf(t)
	}
	f.frameBase = w.u.locationOf(e, atFrameBase)
	w.d.m.Functions = append(w.d.m.Functions, f)
	return f
}

// inlined makes an inlined call of the function that is being read.
func (w *walker) inlined(e *entry, depth int) {
	outer := w.scope()
	s := scope{depth: depth, fn: outer.fn, inline: outer.inline, ranges: w.u.rangesOf(e), blocks: outer.blocks}
	if outer.fn != nil && len(s.ranges) > 0 {
		in := &Inline{Name: e.originText(atName), Ranges: s.ranges, Entry: s.ranges[0].Low}
		if pc, ok := e.number(atEntryPC); ok {
			in.Entry = uint32(pc)
			if a, _ := e.get(atEntryPC); a.form != formAddr && a.form < formAddrx {
				in.Entry = s.ranges[0].Low + uint32(pc)
			}
		}
		in.CallFile, in.CallLine = e.place(atCallFile, atCallLine)
		if outer.inline != nil {
			in.Depth = outer.inline.Depth + 1
		}
		outer.fn.Inlined = append(outer.fn.Inlined, in)
		s.inline = in
	} else {
		s.fn = nil // no code of it is left
	}
	w.scopes = append(w.scopes, s)
}

// block enters a lexical block. One without code of its own has its function's scope.
func (w *walker) block(e *entry, depth int) {
	s := w.scope()
	s.depth, s.blocks = depth, s.blocks+1
	if ranges := w.u.rangesOf(e); len(ranges) > 0 {
		s.ranges = ranges
	}
	w.scopes = append(w.scopes, s)
}

// variable makes a parameter, a local or a global variable.
func (w *walker) variable(e *entry) {
	s := w.scope()
	inside := len(w.scopes) > 0
	if inside && s.fn == nil {
		return // of a function without code: the abstract instance of an inlined one
	}
	v := &Variable{Name: e.originText(atName), Param: e.tag == tagFormalParameter, Block: s.blocks, Unit: w.u.name}
	if v.Name == "" {
		return
	}
	v.order = e.offset
	if o := e.origin(atName); o != nil {
		v.order = o.offset
	}
	if t := e.origin(atType); t != nil {
		v.Type = w.d.typeOf(t)
	}
	v.Loc = w.u.locationOf(e, atLocation)
	if o := e.origin(atConstValue); !v.Loc.Known() && o != nil {
		v.Loc = constantLocation(o)
	}
	if !inside {
		external, _ := e.originNumber(atExternal)
		v.Static = external == 0
		if _, fixed := v.StaticAddr(); fixed {
			w.d.m.Globals = append(w.d.m.Globals, v)
		}
		return
	}
	v.Scope, v.base = s.ranges, s.fn.frameBase
	if s.inline != nil {
		s.inline.Vars = append(s.inline.Vars, v)
		return
	}
	s.fn.Vars = append(s.fn.Vars, v)
}

// constantLocation is the value of a variable that the compiler folded away.
func constantLocation(e *entry) Location {
	a, _ := e.get(atConstValue)
	value := a.data
	switch {
	case value == nil && a.text != "":
		value = append([]byte(a.text), 0)
	case value == nil:
		for i := range 8 {
			value = append(value, byte(a.number>>(8*i)))
		}
	}
	if len(value) > 127 {
		value = value[:127]
	}
	return Location{always: append([]byte{opImplicitValue, byte(len(value))}, value...)}
}

// callSite takes note of a call, for entry values in the function called.
func (w *walker) callSite(e *entry) {
	w.site = nil
	pc, ok := e.number(atCallReturnPC)
	if !ok {
		pc, ok = e.number(atLowPC)
	}
	s := w.scope()
	if !ok || s.fn == nil {
		return
	}
	w.site = &CallSite{Return: uint32(pc), unit: w.u, base: s.fn.frameBase}
	w.d.calls[w.site.Return] = w.site
}

func (w *walker) callParam(e *entry) {
	where, ok := e.get(atLocation)
	value, ok2 := e.get(atCallValue)
	if !ok2 {
		value, ok2 = e.get(atGNUCallValue)
	}
	if ok && ok2 && w.site != nil && len(w.site.params) < 64 {
		w.site.params = append(w.site.params, callParam{where.data, value.data})
	}
}

// typeName enters a type by its name; a definition wins over a declaration, the first one over later ones.
func (w *walker) typeName(e *entry) {
	name := e.text(atName)
	if e.tag == tagEnumeration {
		w.d.enumsAt = append(w.d.enumsAt, e.offset)
	}
	if name == "" {
		return
	}
	switch e.tag {
	case tagStructure:
		name = "struct " + name
	case tagUnion:
		name = "union " + name
	case tagEnumeration:
		name = "enum " + name
	}
	if _, known := w.d.byName[name]; !known && !e.flag(atDeclaration) {
		w.d.byName[name] = e.offset
	}
}

// CallSiteAt is the call that returns to an address, or nil.
func (m *Module) CallSiteAt(returnAddr uint32) *CallSite { return m.calls[returnAddr] }
