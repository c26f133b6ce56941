// SPDX-License-Identifier: BSD-3-Clause
// Rows R of the matrix: what init returns, and what becomes of the module.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// probeRet is group R.
func probeRet(p *probe) {
	p.group = "R"
	p.retValues()
	p.retAgain()
	p.retUses()
	p.retDeletedFlag()
	p.retWithout()
	p.retRegisters()
	p.fresh("m", 4096)
	p.putCode(imageInit, code(0xfa, 0x31, 0xc0, 0xc3)) // cli; xor %eax,%eax
	p.begin("init_module", "init returns 0 with interrupts disabled (cli)")
	r := p.init("m")
	p.end(r, "system continues: %s", p.state("m"))
}

func (p *probe) retValues() {
	for _, v := range []uint32{0, 1, 2, 16, 0x7fffffff, 0xffffffff, 0xfffffffe, 0xfffffffb, 0xfffffff4, 0xfffffff2, 0xfffffff0,
		0xffffffed, 0xffffffea, 0xffffffda, 0xfffffe00, 0xfffffdff, 0xfffffdfe, 0xfffffc19, 0xfffff001, 0xfffff000, 0xffff0000,
		0x80000000, 0xc8810000} {
		base := p.fresh("m", 4096)
		p.putCode(imageInit, p.codeSnap(base, v))
		p.begin("init_module", "init returns %d (0x%x)", int32(v), v)
		r := p.init("m")
		p.end(r, "raw eax=0x%08x; %s; init saw flags=0x%x usecount=%d; /proc/modules: %s", r.v(), p.state("m"),
			p.word(base+imageSeen), int32(p.word(base+imageSeen+4)), p.modules())
		p.delete("m")
	}
}

// failedInit leaves a module whose init has failed with EIO.
func (p *probe) failedInit() (base uint32) {
	base = p.fresh("m", 4096)
	p.putCode(imageInit, p.codeSnap(base, errnoWord(abi.EIO)))
	p.init("m")
	return base
}

func (p *probe) retAgain() {
	p.failedInit()
	p.begin("delete_module", "(module whose init failed with -EIO)")
	p.end(p.delete("m"), "cleanup prints a CLEANUP line when it runs")
	base := p.failedInit()
	p.begin("create_module", "(same name while it exists after a failed init)")
	p.end(p.create("m", 4096), "")
	p.begin("query_module", "QM_SYMBOLS of module whose init failed")
	r := p.query("m", abi.QMSymbols, userBig, 4096, userBig+4096)
	p.end(r, "ret count=%d", p.readWord(userBig+4096))
	p.putCode(imageInit, p.codeSnap(base, 0))
	p.begin("init_module", "again with good image after a failed init")
	r = p.init("m")
	p.end(r, "%s; init saw flags=0x%x", p.state("m"), p.word(base+imageSeen))
	p.begin("init_module", "again on the running module, same image")
	r = p.init("m")
	p.end(r, "init function runs again; saw flags=0x%x usecount=%d; %s", p.word(base+imageSeen), p.word(base+imageSeen+4), p.state("m"))
	p.put(p.lay.SizeOfStruct, 0)
	p.initRow("on the running module with bad header size")
	p.put(p.lay.SizeOfStruct, p.lay.Size)
	p.put(p.lay.Flags, 1)
	p.begin("init_module", "on the running module with invalid flags")
	r = p.init("m")
	p.end(r, "old header restored: %s", p.state("m"))
	p.put(p.lay.Flags, 0)
	p.putCode(imageInit, p.codeSnap(base, errnoWord(abi.ENODEV)))
	p.initRow("on the running module, second init returns -19")
	p.begin("delete_module", "(previously running module whose re-init failed)")
	p.end(p.delete("m"), "cleanup prints a CLEANUP line when it runs")
}

// initDoes sets up m with an init that changes its own header and returns v.
func (p *probe) initDoes(v uint32, change func(base uint32) []byte) (base uint32) {
	base = p.fresh("m", 4096)
	p.putCode(imageInit, code(change(base), codeReturn(v)))
	return base
}

// reset initialises m once more with a plain init, which resets its use count.
func (p *probe) reset(base uint32) {
	p.putCode(imageInit, p.codeSnap(base, 0))
	p.init("m")
	p.delete("m")
}

func (p *probe) retUses() {
	count := func(base uint32) uint32 { return base + p.lay.Usecount.Off }
	withModules := func(what string) {
		p.begin("init_module", "%s", what)
		r := p.init("m")
		p.end(r, "%s; /proc/modules: %s", p.state("m"), p.modules())
	}
	base := p.initDoes(0, func(base uint32) []byte { return incWord(count(base)) })
	withModules("init does one 'incl usecount' (no flag change)")
	p.begin("delete_module", "(usecount 1)")
	r := p.delete("m")
	p.end(r, "%s", p.state("m"))
	p.putCode(imageInit, p.codeSnap(base, 0))
	p.begin("init_module", "re-init of module with usecount 1")
	r = p.init("m")
	p.end(r, "usecount lost: %s", p.state("m"))
	p.begin("delete_module", "(after re-init reset the usecount)")
	p.end(p.delete("m"), "")

	base = p.initDoes(0, func(base uint32) []byte {
		return code(incWord(count(base)), orWord(base+p.lay.Flags.Off, abi.ModVisited|abi.ModUsedOnce))
	})
	withModules("init does MOD_INC_USE_COUNT (incl + flags|=VISITED|USED_ONCE)")
	p.begin("delete_module", "(usecount 1 via MOD_INC_USE_COUNT)")
	p.end(p.delete("m"), "")
	p.reset(base)

	base = p.initDoes(0, func(base uint32) []byte { return decWord(count(base)) })
	withModules("init does one extra 'decl usecount'")
	p.begin("delete_module", "(usecount -1)")
	p.end(p.delete("m"), "")
	p.reset(base)

	p.initDoes(errnoWord(abi.EIO), func(base uint32) []byte { return incWord(count(base)) })
	p.initRow("init increments usecount and returns -5")
	p.begin("delete_module", "(failed init that had incremented)")
	p.end(p.delete("m"), "")
	base = p.initDoes(0, func(base uint32) []byte { return setWord(count(base), 100) })
	p.initRow("init sets usecount=100")
	p.reset(base)
}

func (p *probe) retDeletedFlag() {
	base := p.initDoes(0, func(base uint32) []byte { return setWord(base+p.lay.Flags.Off, abi.ModDeleted) })
	p.begin("init_module", "init sets its own flags to MOD_DELETED(2)")
	r := p.init("m")
	p.end(r, "%s; flags word=0x%x; /proc/modules: %s", p.state("m"), p.field(base, p.lay.Flags), p.modules())
	for _, c := range []struct {
		call, what string
		do         func() reply
	}{
		{"create_module", "(same name while a MOD_DELETED module of that name is listed)", func() reply { return p.create("m", 4096) }},
		{"delete_module", `("m") now resolves to the new one`, func() reply { return p.delete("m") }},
		{"delete_module", `("m") again: only the MOD_DELETED one is left`, func() reply { return p.delete("m") }},
	} {
		p.begin(c.call, "%s", c.what)
		r := c.do()
		p.end(r, "%s", p.modules())
	}
}

// retWithout is modules without functions, never initialised, or with their init in a second page.
func (p *probe) retWithout() {
	p.fresh("n0", 4096)
	p.put(p.lay.Init, 0)
	p.put(p.lay.Cleanup, 0)
	p.begin("init_module", "init=NULL cleanup=NULL")
	r := p.init("n0")
	p.end(r, "%s", p.state("n0"))
	p.begin("delete_module", "(cleanup=NULL)")
	p.end(p.delete("n0"), "")
	p.fresh("n0", 4096)
	p.begin("delete_module", "(created, never initialised)")
	p.end(p.delete("n0"), "no CLEANUP line: cleanup not run")
	p.run("n0")
	p.begin("delete_module", "(running; cleanup prints the flags/usecount it sees)")
	p.end(p.delete("n0"), "")
	base := p.fresh("pg", 8192)
	p.put(p.lay.Init, base+0x1800)
	p.putCode(0x1800, p.codeSnap(base, 0))
	p.begin("init_module", "two-page module, init in the second page")
	r = p.init("pg")
	p.end(r, "%s", p.state("pg"))
	p.delete("pg")
}

// retRegisters has init store the registers it is called with.
func (p *probe) retRegisters() {
	base := p.fresh("regs", 4096)
	p.put(p.lay.Cleanup, 0)
	at := func(i int) uint32 { return base + imageSeen + uint32(4*i) }
	p.putCode(imageInit, code(
		0xa3, at(0), 0x89, 0x1d, at(1), 0x89, 0x0d, at(2), 0x89, 0x15, at(3), 0x89, 0x35, at(4), 0x89, 0x3d, at(5), 0x89, 0x2d, at(6),
		0x89, 0x25, at(7), // eax ebx ecx edx esi edi ebp esp
		0x9c, 0x8f, 0x05, at(8), // pushf; pop
		0x8c, 0x0d, at(9), 0x8c, 0x1d, at(10), 0x8c, 0x05, at(11), 0x8c, 0x15, at(12), 0x8c, 0x25, at(13), 0x8c, 0x2d, at(14), // cs ds es ss fs gs
		0x0f, 0x20, 0xc0, 0xa3, at(15), 0x0f, 0x20, 0xd0, 0xa3, at(16), 0x0f, 0x20, 0xd8, 0xa3, at(17), 0x0f, 0x20, 0xe0, 0xa3, at(18), // cr0 cr2 cr3 cr4
		0x8b, 0x04, 0x24, 0xa3, at(19), // return address
		0x31, 0xc0, 0xc3))
	p.begin("init_module", "init stores its entry registers")
	r := p.init("regs")
	s := func(i int) uint32 { return p.word(at(i)) }
	general := fmt.Sprintf("eax=%08x ebx=%08x ecx=%08x edx=%08x esi=%08x edi=%08x ebp=%08x esp=%08x eflags=%08x",
		s(0), s(1), s(2), s(3), s(4), s(5), s(6), s(7), s(8))
	segment := fmt.Sprintf("cs=%04x ds=%04x es=%04x ss=%04x fs=%04x gs=%04x", s(9)&0xffff, s(10)&0xffff, s(11)&0xffff,
		s(12)&0xffff, s(13)&0xffff, s(14)&0xffff)
	p.end(r, "at entry: %s %s cr0=%08x cr2=%08x cr3=%08x cr4=%08x return-address=%08x (inside sys_init_module) esp&0x1fff=0x%x module base=%08x",
		general, segment, s(15), s(16), s(17), s(18), s(19), s(7)&0x1fff, base)
	p.delete("regs")
}
