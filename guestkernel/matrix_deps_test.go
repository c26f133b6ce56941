// SPDX-License-Identifier: BSD-3-Clause
// Rows E of the matrix: dependencies and references.

package guestkernel

import "ring0/guestkernel/abi"

// probeDeps is group E.
func probeDeps(p *probe) {
	p.group = "E"
	p.depsPlaces()
	p.depsOnNothing()
	p.depOnKernel()
	p.depOnUninitialised()
	p.depsChain()
	p.depsTwiceAndBad()
	p.depsFailingInit()
	a := p.run("A")
	base := p.fresh("Bm", 4096)
	p.put(p.lay.Ndeps, 1)
	p.put(p.lay.Deps, base+imageDeps+1)
	p.putCode(imageDeps+1, le(a))
	p.begin("init_module", "deps array unaligned (base+0x281)")
	r := p.init("Bm")
	p.end(r, "refs(A)=%s", p.list("A", abi.QMRefs))
}

// run creates and initialises a module.
func (p *probe) run(name string) (base uint32) {
	base = p.fresh(name, 4096)
	p.init(name)
	return base
}

// needs sets up a module with these dependencies.
func (p *probe) needs(name string, deps ...uint32) (base uint32) {
	base = p.fresh(name, 4096)
	p.put(p.lay.Ndeps, uint32(len(deps)))
	p.put(p.lay.Deps, base+imageDeps)
	for i, d := range deps {
		p.dep(i, d)
	}
	return base
}

func (p *probe) depsPlaces() {
	base := p.fresh("m", 4096)
	for _, c := range []struct {
		what    string
		n, deps uint32
	}{
		{"ndeps=0, deps=0xdeadbeef", 0, 0xdeadbeef}, {"ndeps=1, deps=NULL", 1, 0}, {"ndeps=1, deps=base+95", 1, base + 95},
		{"ndeps=1, deps=base+size-12 (ends exactly at size), dep=NULL", 1, base + 4084},
		{"ndeps=1, deps=base+size-11", 1, base + 4085}, {"ndeps=1, deps=user address", 1, programAddr},
	} {
		p.fresh("m", 4096)
		p.put(p.lay.Ndeps, c.n)
		p.put(p.lay.Deps, c.deps)
		p.initRow("%s", c.what)
		p.delete("m")
	}
}

func (p *probe) depsOnNothing() {
	base := p.fresh("m", 4096)
	gone := p.make("gone", 4096)
	p.delete("gone")
	for _, c := range []struct {
		what string
		dep  uint32
	}{
		{"dep on itself", base}, {"dep = NULL", 0}, {"dep = 0xdeadbeef", 0xdeadbeef},
		{"dep = base+4 (not a module start)", base + 4}, {"dep = address of a deleted module", gone},
	} {
		p.needs("m", c.dep)
		p.initRow("%s", c.what)
	}
}

func (p *probe) depOnKernel() {
	kernel := p.k.sym.KernelModule
	p.needs("m", kernel)
	p.begin("init_module", "dep = address of the kernel's own struct module (0x%x)", kernel)
	r := p.init("m")
	p.end(r, "%s deps=%s; kernel_module.refs=0x%x flags=0x%x", p.state("m"), p.list("m", abi.QMDeps),
		p.field(kernel, p.lay.Refs), p.field(kernel, p.lay.Flags))
	p.delete("m")
	p.begin("delete_module", `("m") that had the kernel as dependency`)
	gone, _ := p.info("m")
	p.end(gone, "kernel_module.refs afterwards=0x%x", p.field(kernel, p.lay.Refs))
}

func (p *probe) depOnUninitialised() {
	una := p.fresh("una", 4096)
	p.needs("m", una)
	p.begin("init_module", "dep on a created but uninitialised module")
	r := p.init("m")
	p.end(r, "%s %s; refs(una)=%s deps(m)=%s; /proc/modules: %s", p.state("m"), p.state("una"), p.list("una", abi.QMRefs),
		p.list("m", abi.QMDeps), p.modules())
	p.begin("delete_module", "(uninitialised module that has a dependent)")
	p.end(p.delete("una"), "")
	p.begin("delete_module", "(dependent m)")
	r = p.delete("m")
	p.end(r, "%s", p.state("una"))
	p.begin("delete_module", "(una after dependent gone)")
	p.end(p.delete("una"), "")
}

// depsChain loads A, Bm on A, Cm on both, and takes them away.
func (p *probe) depsChain() {
	refs := func(name string) string { return p.list(name, abi.QMRefs) }
	a := p.run("A")
	b := p.needs("Bm", a)
	p.begin("init_module", "Bm depends on running A")
	r := p.init("Bm")
	ref := b + imageDeps
	p.end(r, "%s %s; module_ref in kernel: dep=0x%x ref=0x%x next_ref=0x%x; A.refs=0x%x (Bm deps at 0x%x); refs(A)=%s deps(Bm)=%s; /proc/modules: %s",
		p.state("A"), p.state("Bm"), p.word(ref), p.word(ref+4), p.word(ref+8), p.field(a, p.lay.Refs), ref,
		refs("A"), p.list("Bm", abi.QMDeps), p.modules())
	c := p.needs("Cm", a, b)
	p.begin("init_module", "Cm depends on A and Bm")
	r = p.init("Cm")
	p.end(r, "refs(A)=%s refs(Bm)=%s deps(Cm)=%s; ref entries next_ref=0x%x,0x%x; /proc/modules: %s", refs("A"), refs("Bm"),
		p.list("Cm", abi.QMDeps), p.word(c+imageDeps+8), p.word(c+imageDeps+20), p.modules())
	p.begin("delete_module", "(A) with two dependents, usecount 0")
	p.end(p.delete("A"), "")
	p.begin("delete_module", "(Bm) with one dependent")
	p.end(p.delete("Bm"), "")
	p.begin("delete_module", "(Cm) leaf")
	r = p.delete("Cm")
	p.end(r, "refs(A)=%s", refs("A"))
	p.begin("delete_module", "(Bm)")
	r = p.delete("Bm")
	p.end(r, "refs(A)=%s %s", refs("A"), p.state("A"))
	p.begin("delete_module", "(A)")
	p.end(p.delete("A"), "")
}

func (p *probe) depsTwiceAndBad() {
	refs := func() string { return p.list("A", abi.QMRefs) }
	a := p.run("A")
	p.needs("Bm", a, a)
	p.begin("init_module", "Bm lists A twice in deps")
	r := p.init("Bm")
	p.end(r, "refs(A)=%s deps(Bm)=%s", refs(), p.list("Bm", abi.QMDeps))
	p.begin("delete_module", "(Bm) listed A twice")
	r = p.delete("Bm")
	p.end(r, "refs(A)=%s", refs())
	p.needs("Bm", a, 0xdeadbeef)
	p.begin("init_module", "deps = {A, bogus}")
	r = p.init("Bm")
	p.end(r, "refs(A)=%s %s", refs(), p.state("A"))
}

// depsFailingInit: the references of a module whose init fails stay.
func (p *probe) depsFailingInit() {
	_, info := p.info("A")
	p.needs("Bm", info[0])
	p.putCode(imageInit, codeReturn(errnoWord(abi.ENODEV)))
	p.begin("init_module", "Bm depends on A and its init returns -19")
	r := p.init("Bm")
	p.end(r, "dependency stays registered: refs(A)=%s deps(Bm)=%s %s; /proc/modules: %s", p.list("A", abi.QMRefs),
		p.list("Bm", abi.QMDeps), p.state("Bm"), p.modules())
	p.begin("delete_module", "(A) whose only dependent failed its init")
	p.end(p.delete("A"), "")
	p.begin("delete_module", "(Bm) after failed init")
	r = p.delete("Bm")
	p.end(r, "refs(A)=%s", p.list("A", abi.QMRefs))
	p.begin("delete_module", "(A)")
	p.end(p.delete("A"), "")
}
