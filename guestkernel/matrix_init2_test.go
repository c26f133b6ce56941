// SPDX-License-Identifier: BSD-3-Clause
// Rows I of the matrix, continued: tables, flags, areas, the order of the checks.

package guestkernel

import "ring0/guestkernel/abi"

func (p *probe) initSyms() {
	base := p.fresh("m", 4096)
	for _, c := range []struct {
		what string
		n    uint32
		syms uint32
	}{
		{"nsyms=0, syms=0xdeadbeef", 0, 0xdeadbeef}, {"nsyms=0, syms=NULL", 0, 0}, {"nsyms=1, syms=NULL", 1, 0},
		{"nsyms=1, syms=0xdeadbeef", 1, 0xdeadbeef}, {"nsyms=1, syms=base+95", 1, base + 95}, {"nsyms=1, syms=base+96", 1, base + 96},
		{"nsyms=1, syms=base+0x201 (unaligned)", 1, base + 0x201}, {"nsyms=1, syms=base+size-8 (ends exactly at size)", 1, base + 4088},
		{"nsyms=1, syms=base+size-7", 1, base + 4089}, {"nsyms=1, syms=base+size", 1, base + 4096},
		{"nsyms=2, syms=base+size-8", 2, base + 4088}, {"nsyms=500, syms=base+96 (96+4000=size)", 500, base + 96},
		{"nsyms=501, syms=base+96 (8 bytes over)", 501, base + 96},
		{"nsyms=1, syms = kernel's own symbol table address", 1, p.k.sym.StartKsyms}, {"nsyms=1, syms=user address", 1, programAddr},
	} {
		p.fresh("m", 4096)
		p.put(p.lay.Nsyms, c.n)
		p.put(p.lay.Syms, c.syms)
		p.put(p.lay.Init, 0)
		p.put(p.lay.Cleanup, 0)
		p.initRow("%s", c.what)
		p.delete("m")
	}
	for _, c := range []struct {
		n           uint32
		what, notes string
	}{
		{0x20000000, "nsyms=0x20000000 (8*nsyms wraps to 0), syms inside body", "bound test is done with wrapping 32-bit arithmetic"},
		{0x1fffffff, "nsyms=0x1fffffff (wraps to -8), syms inside body", ""},
		{0x10000000, "nsyms=0x10000000 (adds 2 GB: end wraps past 4 GB)", "base 0xc880f000"},
		{0x08000000, "nsyms=0x08000000 (adds 1 GB: end wraps just past 4 GB)", ""},
		{0x04000000, "nsyms=0x04000000 (adds 512 MB)", ""},
	} {
		base := p.fresh("m", 4096)
		p.put(p.lay.Nsyms, c.n)
		p.put(p.lay.Syms, base+imageSyms)
		p.begin("init_module", "%s", c.what)
		p.end(p.init("m"), "%s", c.notes)
		p.delete("m")
	}
}

func (p *probe) initTables() {
	base := p.fresh("m", 4096)
	for _, c := range []struct {
		what       string
		start, end uint32
	}{
		{"start=NULL end=NULL", 0, 0}, {"start=NULL, end=base+0x300 (multiple of 8)", 0, base + 0x300},
		{"start=NULL, end=0x1004 (not multiple of 8)", 0, 0x1004}, {"start=NULL, end=8", 0, 8},
		{"start=base+0x308 > end=base+0x300", base + 0x308, base + 0x300},
		{"start==end=base+0x300 (empty)", base + 0x300, base + 0x300},
		{"start=base+0x300 end=base+0x308 (one entry)", base + 0x300, base + 0x308},
		{"start=base+0x300 end=base+0x304 (half entry)", base + 0x300, base + 0x304},
		{"start=base+0x301 end=base+0x309 (unaligned)", base + 0x301, base + 0x309},
		{"start=base+95 end=base+103 (starts in header)", base + 95, base + 103},
		{"start=base+96 end=base+104", base + 96, base + 104},
		{"end=base+size (one entry, ends exactly at size)", base + 4088, base + 4096},
		{"end=base+size-1 (one entry)", base + 4087, base + 4095}, {"end beyond size", base + 4092, base + 4100},
		{"start=end=base+size", base + 4096, base + 4096}, {"start=end=base+size-1", base + 4095, base + 4095},
		{"start=user address, end=user address+8", programAddr, programAddr + 8},
		{"start=kernel __ex_table, end=its end", p.k.sym.StartExTab, p.k.sym.StopExTab},
		{"start=base+0x300, end=NULL", base + 0x300, 0},
	} {
		p.fresh("m", 4096)
		p.put(p.lay.Init, 0)
		p.put(p.lay.Cleanup, 0)
		p.put(p.lay.ExTableStart, c.start)
		p.put(p.lay.ExTableEnd, c.end)
		p.initRow("ex_table %s", c.what)
		p.delete("m")
	}
}

func (p *probe) initFlags() {
	for _, flags := range []uint32{0, 4, 1, 2, 3, 5, 6, 8, 12, 16, 20, 32, 64, 68, 0x80, 0x100, 0x80000000, 0x80000004, 0xfffffffb, 0xffffffff} {
		base := p.fresh("m", 4096)
		p.put(p.lay.Flags, flags)
		p.begin("init_module", "flags=0x%x in the image", flags)
		r := p.init("m")
		saw, uses := uint32(0), uint32(0)
		if !r.failed() {
			saw, uses = p.word(base+imageSeen), p.word(base+imageSeen+4)
		}
		p.end(r, "%s; init saw flags=0x%x usecount=%d", p.state("m"), saw, uses)
		p.delete("m")
	}
}

// initIgnored gives the fields that nobody looks at rubbish.
func (p *probe) initIgnored() {
	base := p.fresh("m", 4096)
	p.put(p.lay.Next, 0x11111111)
	p.put(p.lay.Refs, 0x22222222)
	p.put(p.lay.Usecount, 77)
	p.begin("init_module", "image has next=0x11111111 refs=0x22222222 usecount=77")
	r := p.init("m")
	p.end(r, "kernel: next=0x%x refs=0x%x usecount=%d; init saw usecount=%d", p.field(base, p.lay.Next), p.field(base, p.lay.Refs),
		p.field(base, p.lay.Usecount), p.word(base+imageSeen+4))
	p.delete("m")
	p.fresh("m", 4096)
	p.put(p.lay.PersistEnd, 0x33333333)
	p.put(p.lay.PersistStart, 0x44444444)
	p.put(p.lay.Runsize, 0x55555555)
	p.begin("init_module", "garbage persist_start/persist_end/runsize")
	r = p.init("m")
	p.end(r, "%s; never checked", p.state("m"))
	p.delete("m")
}

func (p *probe) initAreas(what string, start, end abi.Field) {
	for _, c := range []struct {
		what     string
		from, to uint32
	}{
		{"start=NULL end=NULL", 0, 0}, {"start=in end=in (start<end)", 0x300, 0x310}, {"start=end", 0x300, 0x300},
		{"start>end, both in body", 0x310, 0x300}, {"start in body, end=NULL", 0x300, 0}, {"start=NULL, end in body", 0, 0x300},
		{"start in header, end in body", 0x10, 0x300}, {"end=base+size", 0x300, 0x1000}, {"end=base+size+1", 0x300, 0x1001},
	} {
		base := p.fresh("m", 4096)
		if c.from != 0 {
			p.put(start, base+c.from)
		}
		if c.to != 0 {
			p.put(end, base+c.to)
		}
		p.initRow("%s %s", what, c.what)
		p.delete("m")
	}
}

// initOrder gives two reasons to refuse at once.
func (p *probe) initOrder() {
	lay := p.lay
	for _, c := range []struct {
		what   string
		fields map[abi.Field]uint32
	}{
		{"bad size_of_struct and size too large", map[abi.Field]uint32{lay.SizeOfStruct: 0, lay.ModuleSize: 0xffffffff}},
		{"size too large and name NULL", map[abi.Field]uint32{lay.ModuleSize: 0xffffffff, lay.Name: 0}},
		{"name NULL and syms NULL with nsyms=1", map[abi.Field]uint32{lay.Name: 0, lay.Nsyms: 1}},
		{"syms and deps out of bounds", map[abi.Field]uint32{lay.Nsyms: 1, lay.Ndeps: 1}},
		{"deps and init out of bounds", map[abi.Field]uint32{lay.Ndeps: 1, lay.Init: 1}},
		{"init and cleanup out of bounds", map[abi.Field]uint32{lay.Init: 1, lay.Cleanup: 1}},
		{"cleanup out of bounds and ex_table invalid", map[abi.Field]uint32{lay.Cleanup: 1, lay.ExTableStart: 8}},
		{"ex_table and flags invalid", map[abi.Field]uint32{lay.ExTableStart: 8, lay.Flags: 1}},
		{"flags and can_unload invalid", map[abi.Field]uint32{lay.Flags: 1, lay.CanUnload: 1}},
		{"can_unload and kallsyms invalid", map[abi.Field]uint32{lay.CanUnload: 1, lay.KallsymsEnd: 1}},
		{"kallsyms and archdata invalid", map[abi.Field]uint32{lay.KallsymsEnd: 1, lay.ArchdataEnd: 1}},
		{"archdata and kernel_data invalid", map[abi.Field]uint32{lay.ArchdataEnd: 1, lay.KernelData: 1}},
	} {
		p.fresh("m", 4096)
		for f, v := range c.fields {
			p.put(f, v)
		}
		p.initRow("order: %s", c.what)
	}
	p.fresh("m", 4096)
	p.put(lay.KernelData, 1)
	p.putText(imageName, "zz")
	p.initRow("order: kernel_data non-zero and name mismatch")
	base := p.fresh("m", 4096)
	p.putText(imageName, "zz")
	p.put(lay.Ndeps, 1)
	p.put(lay.Deps, base+imageDeps)
	p.putWord(imageDeps, base)
	p.initRow("order: name mismatch and self dependency")
	p.delete("m")
}
