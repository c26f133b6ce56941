// SPDX-License-Identifier: BSD-3-Clause
// Rows D of the matrix: delete_module by name and the sweep.

package guestkernel

import (
	"strings"

	"ring0/guestkernel/abi"
)

// probeDelete is group D.
func probeDelete(p *probe) {
	p.group = "D"
	long := strings.Repeat("d", 4096)
	for _, at := range []uint32{1, 8, 0x1000, 0x30000000, 0xc0000000, 0xc0100000, 0xc8800000, 0xfffff000, 0xffffffff} {
		p.deleteRow(at, "", "(0x%08x)", at)
	}
	p.deleteRow(userGuard, "", "(PROT_NONE page)")
	p.deleteRow("", "empty name", `("")`)
	p.deleteRow(p.atEnd([]byte("abc")), "", "(unterminated string at page end)")
	p.deleteRow(long[1:], "", "(4095-byte name)")
	p.deleteRow(long, "", "(4096-byte name)")
	p.deleteRow("nosuch", "", `("nosuch")`)
	p.deleteRow(0, "", "(NULL) with no modules")
	p.run("m")
	p.begin("delete_module", `("m", second argument O_NONBLOCK|O_EXCL=0x880) running unused`)
	p.end(p.sys(abi.NrDeleteModule, "m", abi.ONonblock|abi.OExcl), "2.4 has no flags argument")
	p.run("m")
	p.begin("delete_module", `("m", second argument O_TRUNC=0x200)`)
	p.end(p.sys(abi.NrDeleteModule, "m", abi.OTrunc), "")
	p.deleteCanUnload()
	p.deleteSweeps()
	p.deleteSweepsOthers()
	p.deleteSweepChains()
	p.deleteSweepCanUnload()
}

func (p *probe) deleteRow(name any, notes, format string, args ...any) {
	p.begin("delete_module", format, args...)
	p.end(p.delete(name), "%s", notes)
}

// canUnload sets up name with a can_unload that returns v.
func (p *probe) canUnload(name string, v uint32) (base uint32) {
	base = p.fresh(name, 4096)
	p.put(p.lay.CanUnload, base+imageCanUnload)
	p.putCode(imageCanUnload, codeReturn(v))
	return base
}

// rid initialises a module that is in the way once more, without what keeps it, and deletes it.
func (p *probe) rid(name string, base uint32) {
	p.setup(name, base, 4096)
	p.init(name)
	p.delete(name)
}

func (p *probe) deleteCanUnload() {
	for _, v := range []uint32{0, 1, 0xffffffff, 2, 0x80000000} {
		base := p.canUnload("m", v)
		p.init("m")
		p.begin("delete_module", "can_unload() returns %d, usecount 0", int32(v))
		state, modules := p.state("m"), p.modules()
		r := p.delete("m")
		p.end(r, "before: %s /proc/modules: %s", state, modules)
		if r.failed() {
			p.rid("m", base)
		}
	}
	base := p.canUnload("m", 0)
	p.putCode(imageInit, code(incWord(base+p.lay.Usecount.Off), codeReturn(0)))
	p.init("m")
	p.deleteRow("m", "can_unload overrides the usecount", "can_unload() returns 0 while usecount is 1")
	for _, c := range []struct {
		size uint32
		what string
	}{
		{68, "size_of_struct=68 so can_unload not present (would return 1)"},
		{72, "size_of_struct=72 so can_unload present, returns 1"},
	} {
		base = p.canUnload("m", 1)
		p.put(p.lay.SizeOfStruct, c.size)
		p.init("m")
		p.deleteRow("m", "", "%s", c.what)
	}
	p.rid("m", base)
	base = p.canUnload("m", 1)
	p.putCode(imageInit, codeReturn(errnoWord(abi.EIO)))
	p.init("m")
	p.deleteRow("m", "can_unload is consulted even when not running", "init failed; can_unload present and returns 1")
	p.rid("m", base)
}

// flagged initialises a module whose image has flags and whose init adds more, and uses.
func (p *probe) flagged(name string, flags, added, uses uint32, deps ...uint32) (base uint32) {
	base = p.needs(name, deps...)
	p.put(p.lay.Flags, flags)
	init := orWord(base+p.lay.Flags.Off, added)
	if uses != 0 {
		init = code(init, addWord(base+p.lay.Usecount.Off, uses))
	}
	p.putCode(imageInit, code(init, 0x31, 0xc0, 0xc3))
	p.init(name)
	return base
}

// deleteSweeps sweeps twice over a module with each set of marks.
func (p *probe) deleteSweeps() {
	for _, c := range []struct {
		what               string
		flags, added, uses uint32
	}{
		{"flags: not autoclean, used once", 0, 0x10, 0}, {"autoclean, never used (no USED_ONCE)", 4, 0, 0},
		{"autoclean|USED_ONCE, not VISITED", 4, 0x10, 0}, {"autoclean|USED_ONCE|VISITED", 4, 0x18, 0},
		{"autoclean|USED_ONCE|VISITED|JUST_FREED", 4, 0x38, 0}, {"autoclean|USED_ONCE, usecount 1", 4, 0x10, 1},
		{"autoclean|VISITED only", 4, 8, 0}, {"autoclean|USED_ONCE|JUST_FREED", 4, 0x30, 0},
	} {
		base := p.flagged("ac", c.flags, c.added, c.uses)
		p.sweepRow("(NULL) sweep 1 with module ac: "+c.what, "ac")
		if r, _ := p.info("ac"); r.failed() {
			continue
		}
		p.sweepRow("(NULL) sweep 2, same module", "ac")
		if r, _ := p.info("ac"); !r.failed() {
			p.rid("ac", base)
		}
	}
}

// sweepRow makes a row of a sweep whose notes are a module's state before and after.
func (p *probe) sweepRow(what, name string) {
	before := p.state(name)
	p.begin("delete_module", "%s", what)
	r := p.delete(0)
	p.end(r, "before %s after %s", before, p.state(name))
}

func (p *probe) deleteSweepsOthers() {
	p.fresh("ac", 4096)
	p.put(p.lay.Flags, abi.ModAutoclean)
	p.putCode(imageInit, codeReturn(errnoWord(abi.EIO)))
	p.init("ac")
	p.begin("delete_module", "(NULL) with an autoclean module whose init failed")
	r := p.delete(0)
	p.end(r, "%s", p.state("ac"))
	p.fresh("ac", 4096)
	p.begin("delete_module", "(NULL) with a created, uninitialised module")
	r = p.delete(0)
	p.end(r, "%s", p.state("ac"))
	p.delete("ac")
}

// deleteSweepChains sweeps over a module and the one it needs until both are gone, and once more.
func (p *probe) deleteSweepChains() {
	for _, c := range []struct {
		what   string
		added  uint32
		sweeps int
	}{
		{"not visited", abi.ModUsedOnce, 3},
		{"visited", abi.ModUsedOnce | abi.ModVisited, 4},
	} {
		a := p.flagged("A", abi.ModAutoclean, c.added, 0)
		p.flagged("Bm", abi.ModAutoclean, c.added, 0, a)
		for i := 1; i <= c.sweeps; i++ {
			before := "before " + p.state("A") + p.state("Bm") + " "
			switch {
			case i == 1 && c.what == "visited":
				p.begin("delete_module", "(NULL) sweep 1: Bm depends on A, both autoclean|USED_ONCE|VISITED")
			case i == 1:
				p.begin("delete_module", "(NULL) sweep 1: Bm depends on A, both autoclean|USED_ONCE, not visited")
			default:
				p.begin("delete_module", "(NULL) sweep %d", i)
			}
			if i == c.sweeps {
				before = ""
			}
			r := p.delete(0)
			p.end(r, "%safter %s %s", before, p.state("A"), p.state("Bm"))
		}
	}
}

func (p *probe) deleteSweepCanUnload() {
	for v := range uint32(2) {
		base := p.canUnload("ac", v)
		p.put(p.lay.Flags, abi.ModAutoclean)
		p.putCode(imageInit, code(orWord(base+p.lay.Flags.Off, abi.ModUsedOnce), 0x31, 0xc0, 0xc3))
		p.init("ac")
		p.begin("delete_module", "(NULL) autoclean|USED_ONCE with can_unload returning %d", v)
		r := p.delete(0)
		p.end(r, "%s", p.state("ac"))
	}
}
