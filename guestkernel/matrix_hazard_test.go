// SPDX-License-Identifier: BSD-3-Clause
// Rows H of the matrix: what the real kernel did not survive, or only just. Each boot has its rows.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// A hazard is one boot of the real kernel.
type hazard struct {
	boot  string
	first int // number of its first row
	rows  func(p *probe)
}

func (h hazard) run(p *probe) {
	p.group, p.count, p.limit = "H", h.first-1, 2600
	h.rows(p)
}

func hazards() []hazard {
	all := []hazard{
		{"h-initend", 1, hazardInitEnd}, {"h-symnull", 3, hazardSymNull}, {"h-symbad", 8, hazardSymBad}, {"h-symuser", 10, hazardSymUser},
		{"h-reinit-refs", 12, hazardReinitRefs}, {"h-reinit-refs2", 16, hazardReinitRefs2}, {"h-depwrap", 18, hazardDepWrap},
		{"h-reinit-loop", 19, hazardReinitLoop}, {"h-reinit-loop2", 21, hazardReinitLoop2}, {"h-nokill", 23, hazardInit},
		{"h-canunload-oops", 24, hazardCanUnload}, {"h-cleanup-oops", 26, hazardCleanup}, {"h-init-delself", 29, hazardOwnCount},
		{"h-canun-ex-run", 30, hazardTableRunning}, {"h-canun-ex-failed", 31, hazardTableFailed}, {"h-std", 32, hazardDirection},
		{"h-nameend", 33, hazardNameEnd}, {"h-next0-hdr", 35, hazardNextHeader}, {"h-next0-body", 36, hazardNextBody},
		{"h-next0-name", 37, hazardNextName},
	}
	for i, size := range []uint32{104857600, 117440512, 121634816, 125829120, 130023424, 134082560, 134086656, 134086657,
		0x7fffffff, 0x80000000, 0xfffff000, 0xfffff001, 0xffffffff} {
		all = append(all, hazard{fmt.Sprintf("h-size-%#x", size), 38 + i, func(p *probe) { hazardSize(p, size) }})
	}
	return all
}

// forked makes a row of a call in a process of its own, whose notes are made afterwards.
func (p *probe) forked(call, what string, do func() reply, notes func() string) {
	p.begin(call, "%s", what)
	r := p.child(ProcessConfig{}, do)
	text := ""
	if notes != nil {
		text = notes()
	}
	p.end(r, "%s", text)
}

func (p *probe) initHz() reply   { return p.initAt("hz", userImage) }
func (p *probe) stateHz() string { return p.state("hz") }

func hazardInitEnd(p *probe) {
	base := p.fresh("hz", 4096)
	p.put(p.lay.Init, base+4096)
	p.forked("init_module", "init = base+size exactly with size a page multiple (guard page)", p.initHz,
		func() string { return p.state("hz") + " /proc/modules: " + p.modules() })
	p.deleteRow("hz", "", "(that module, stuck initialising)")
}

// oneSymbol sets up hz with one symbol whose name lies at an address.
func (p *probe) oneSymbol(name uint32) {
	base := p.fresh("hz", 4096)
	p.put(p.lay.Nsyms, 1)
	p.put(p.lay.Syms, base+imageSyms)
	p.putWord(imageSyms+4, name)
}

func (p *probe) querySymsHz() reply { return p.query("hz", abi.QMSymbols, queryBuf, 4096, queryRet) }

func hazardSymNull(p *probe) {
	p.oneSymbol(0)
	p.forked("init_module", "nsyms=1 whose name pointer is NULL", p.initHz,
		func() string { return p.state("hz") + " (symbol names are not checked)" })
	p.forked("query_module", "QM_SYMBOLS of module with NULL symbol name", p.querySymsHz, p.stateHz)
	p.begin("read /proc/ksyms", "with NULL symbol name")
	p.endWith(fmt.Sprint(len(p.k.KsymsText())), "")
	p.forked("get_kernel_syms", "(buffer) with NULL symbol name", func() reply { return p.sys(abi.NrGetKernelSyms, queryBuf) }, nil)
	p.begin("delete_module", "(module whose query oopsed)")
	r := p.delete("hz")
	p.end(r, "%s", p.state("hz"))
}

func hazardSymBad(p *probe) {
	p.oneSymbol(0xfffffff0)
	p.forked("init_module", "nsyms=1 whose name pointer is 0xfffffff0", p.initHz, nil)
	p.forked("query_module", "QM_SYMBOLS of module with symbol name 0xfffffff0", p.querySymsHz, nil)
}

func hazardSymUser(p *probe) {
	p.oneSymbol(p.str("userstr"))
	p.forked("init_module", "nsyms=1 whose name pointer is a user address", p.initHz, nil)
	p.begin("query_module", "QM_SYMBOLS of that module from the same process")
	r := p.querySymsHz()
	p.end(r, `string read from user space by the kernel: "%s"`, p.cstring(queryBuf+8))
}

// pair loads A and Bm, which needs it, and leaves A's image to be initialised again.
func (p *probe) pair() (a, b uint32) {
	a = p.run("A")
	image := append([]byte(nil), p.img...)
	b = p.needs("Bm", a)
	p.init("Bm")
	p.img = image
	return a, b
}

func hazardReinitRefs(p *probe) {
	a, _ := p.pair()
	p.begin("init_module", "re-init of running A that has dependent Bm")
	r := p.init("A")
	p.end(r, "A.refs=0x%x refs(A)=%s deps(Bm)=%s", p.field(a, p.lay.Refs), p.list("A", abi.QMRefs), p.list("Bm", abi.QMDeps))
	p.begin("delete_module", "(A) although Bm depends on it")
	r = p.delete("A")
	p.end(r, "/proc/modules: %s", p.modules())
	p.forked("query_module", "QM_DEPS of Bm whose dependency was freed",
		func() reply { return p.query("Bm", abi.QMDeps, queryBuf, 4096, queryRet) }, nil)
	p.forked("delete_module", "(Bm) whose dependency A has been freed", func() reply { return p.delete("Bm") },
		func() string { return "/proc/modules: " + p.modules() })
}

func hazardReinitRefs2(p *probe) {
	p.pair()
	p.begin("init_module", "re-init of running A that has dependent Bm")
	r := p.init("A")
	p.end(r, "refs(A)=%s", p.list("A", abi.QMRefs))
	p.forked("delete_module", "(Bm) not on A's reference list any more", func() reply { return p.delete("Bm") },
		func() string { return "/proc/modules: " + p.modules() })
}

func hazardDepWrap(p *probe) {
	base := p.fresh("hz", 4096)
	p.put(p.lay.Ndeps, 0x15555556)
	p.put(p.lay.Deps, base+imageDeps)
	p.dep(0, p.k.sym.KernelModule)
	p.forked("init_module", "ndeps=0x15555556 (12*ndeps wraps to 8), deps[0]=kernel, rest zero", p.initHz, p.stateHz)
}

// circular initialises Bm, which needs A, twice: its reference then leads to itself.
func (p *probe) circular() (a, b uint32, again func() reply) {
	a = p.run("A")
	b = p.needs("Bm", a)
	p.init("Bm")
	return a, b, func() reply { return p.init("Bm") }
}

func hazardReinitLoop(p *probe) {
	_, b, again := p.circular()
	p.begin("init_module", "re-init of running Bm that depends on A")
	r := again()
	p.end(r, "Bm's ref entry at 0x%x: next_ref=0x%x (points to itself: the reference list is now circular)", b+imageDeps, p.word(b+imageDeps+8))
	p.forked("query_module", "QM_REFS(A) with circular reference list, bufsize 4096", func() reply {
		return p.query("A", abi.QMRefs, queryBuf, 4096, queryRet)
	}, func() string { return fmt.Sprintf("refs(A)=%s", p.list("A", abi.QMRefs)) })
}

func hazardReinitLoop2(p *probe) {
	a, _, again := p.circular()
	again()
	p.begin("read /proc/modules", "circular reference list (Bm initialised twice)")
	p.endWith(fmt.Sprint(len(p.modules())), "one page filled")
	p.forked("delete_module", "(Bm) circular", func() reply { return p.delete("Bm") },
		func() string { return fmt.Sprintf("refs A=0x%x", p.field(a, p.lay.Refs)) })
}

// ud2 is the instruction that BUG() begins with.
func ud2() []byte { return code(0x0f, 0x0b) }

// hazardInit: the process is init itself. What the log has of it is compared elsewhere, with the oops texts.
func hazardInit(p *probe) {
	p.fresh("hz", 4096)
	p.putCode(imageInit, ud2())
	p.begin("init_module", "init executes ud2 in PID 1 itself")
	r := p.init("hz")
	notes := "machine halted, not rebooted (panic=0)"
	if strings.Contains(p.k.LogText(), "Rebooting") {
		notes = "machine rebooted"
	}
	p.logAt = len(p.k.LogText())
	p.end(r, "%s", notes)
}

func hazardCanUnload(p *probe) {
	base := p.fresh("hz", 4096)
	p.put(p.lay.CanUnload, base+imageCanUnload)
	p.putCode(imageCanUnload, ud2())
	p.init("hz")
	del := func() reply { return p.delete("hz") }
	p.forked("delete_module", "can_unload executes ud2", del, p.stateHz)
	p.forked("delete_module", "second try", del, nil)
}

func hazardCleanup(p *probe) {
	base := p.fresh("hz", 4096)
	p.putCode(imageCleanup, ud2())
	p.init("hz")
	p.forked("delete_module", "cleanup executes ud2", func() reply { return p.delete("hz") }, func() string {
		return fmt.Sprintf("%s flags word=0x%x; /proc/modules: %s", p.state("hz"), p.field(base, p.lay.Flags), p.modules())
	})
	p.deleteRow("hz", "", "second try after the oops in cleanup")
	p.begin("create_module", "same name after the oops in cleanup")
	r := p.create("hz", 4096)
	p.end(r, "old at 0x%x", base)
}

func hazardOwnCount(p *probe) {
	base := p.fresh("hz", 4096)
	p.putCode(imageInit, code(setWord(base+p.lay.Usecount.Off, 0), 0x31, 0xc0, 0xc3))
	p.begin("init_module", "init sets usecount to 0 itself and returns 0")
	r := p.init("hz")
	p.end(r, "%s", p.state("hz"))
}

// coveredCanUnload sets up hz with a can_unload whose load faults and has a fixup.
func (p *probe) coveredCanUnload() (base uint32) {
	base = p.fresh("hz", 4096)
	p.put(p.lay.CanUnload, base+imageCanUnload)
	p.putCode(imageCanUnload, code(0xa1, uint32(0xdead0), 0xc3))
	p.putCode(imageCanUnload+0x20, codeReturn(0))
	p.put(p.lay.ExTableStart, base+imageTable)
	p.put(p.lay.ExTableEnd, base+imageTable+8)
	p.putWord(imageTable, base+imageCanUnload)
	p.putWord(imageTable+4, base+imageCanUnload+0x20)
	return base
}

func (p *probe) coveredRow(state string) {
	init := p.init("hz")
	p.forked("delete_module", "can_unload does a load covered by the module's ex_table; module "+state,
		func() reply { return p.delete("hz") }, func() string { return fmt.Sprintf("init=%s; %s", init, p.state("hz")) })
}

func hazardTableRunning(p *probe) {
	p.coveredCanUnload()
	p.coveredRow("running")
}

func hazardTableFailed(p *probe) {
	p.coveredCanUnload()
	p.putCode(imageInit, codeReturn(errnoWord(abi.EIO)))
	p.coveredRow("NOT running (its init failed, flags 0)")
}

func hazardDirection(p *probe) {
	p.fresh("hz", 4096)
	p.putCode(imageInit, code(0xfd, 0x31, 0xc0, 0xc3))
	p.forked("init_module", "init returns 0 with the direction flag set (std; xor eax,eax; ret)", p.initHz, p.stateHz)
}

func hazardNameEnd(p *probe) {
	base := p.fresh("m", 4096)
	p.put(p.lay.Init, 0)
	p.put(p.lay.Cleanup, 0)
	p.put(p.lay.Name, base+4095)
	p.putCode(4095, []byte("m"))
	p.forked("init_module", "mod->name = base+size-1, one-byte name, size a page multiple (its NUL exists only in user memory)",
		func() reply { return p.initAt("m", userImage) }, func() string { return "bound check does not count the NUL" })
	p.forked("delete_module", `("m"): name lookup runs strcmp off the end of the module into the guard page`,
		func() reply { return p.delete("m") }, nil)
}

// nextRow makes a row of an image that is there only in part and whose header, copied over the live one, unlinks the rest of
// the list.
func (p *probe) nextRow(what string, bytes int) {
	p.fresh("hz", 4096)
	p.put(p.lay.Next, 0)
	p.forked("init_module", what, func() reply { return p.initAt("hz", p.atEnd(p.img[:bytes])) }, p.stateHz)
}

func hazardNextHeader(p *probe) {
	p.nextRow("image.next=0 and the header copy faults (95 of 96 header bytes mapped)", 95)
}

func hazardNextBody(p *probe) {
	p.nextRow("image.next=0 and the body copy faults (only the first 256 bytes mapped)", 256)
}

func hazardNextName(p *probe) {
	p.nextRow("image.next=0 and the image name string is unmapped (only the 96 header bytes mapped)", 96)
}

func hazardSize(p *probe, size uint32) {
	p.forked("create_module", fmt.Sprintf(`("hz",%d = 0x%x) num_physpages=%d (fresh boot)`, size, size, p.word(p.k.sym.NumPhyspages)),
		func() reply { return p.create("hz", size) }, func() string {
			hz := p.create("hz", 4096)
			return fmt.Sprintf(`after: create("aft",4096)=%s; create("hz",4096)=%s`, p.create("aft", 4096), hz)
		})
}
