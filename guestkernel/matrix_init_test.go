// SPDX-License-Identifier: BSD-3-Clause
// Rows I of the matrix: init_module's checks, up to its functions.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// Addresses outside the module that rows give to init_module.
const (
	sysGetpidAddr = 0xc0123a50
	programAddr   = 0x08048000
)

// probeInit is group I.
func probeInit(p *probe) {
	p.group = "I"
	p.initNames()
	p.initImages()
	p.initHeaderSizes()
	p.initOptionalFields()
	p.initFunctions()
	p.initEndOfModule()
	p.initModuleSizes()
	p.initImageNames()
	p.initSyms()
	p.initTables()
	p.initFlags()
	p.initIgnored()
	p.initAreas("kallsyms", p.lay.KallsymsStart, p.lay.KallsymsEnd)
	p.initAreas("archdata", p.lay.ArchdataStart, p.lay.ArchdataEnd)
	p.initOrder()
}

// initRow makes a row of init_module("m", image) whose notes are the module's state.
func (p *probe) initRow(format string, args ...any) reply {
	p.t.Helper()
	p.begin("init_module", format, args...)
	r := p.init("m")
	p.end(r, "%s", p.state("m"))
	return r
}

func (p *probe) initNames() {
	p.setup("nosuch", 0xc8810000, 4096)
	p.write(userImage, p.img)
	long := strings.Repeat("q", 4096)
	for _, c := range []struct {
		what        string
		name, image any
		notes       string
	}{
		{`("nosuch",valid image)`, "nosuch", userImage, "name was never created"},
		{`("nosuch",NULL)`, "nosuch", 0, "order test: ENOENT vs EFAULT of the image pointer"},
		{"(NULL,valid image)", 0, userImage, ""},
		{"(NULL,NULL)", 0, 0, ""},
		{"(0x1000 unmapped,image)", 0x1000, userImage, ""},
		{"(0xc0100000 kernel pointer,image)", uint32(0xc0100000), userImage, ""},
		{"(0xffffffff,image)", uint32(0xffffffff), userImage, ""},
		{"(PROT_NONE page,image)", userGuard, userImage, ""},
		{`("",image)`, "", userImage, "the kernel's own entry has the empty name; it cannot be reached"},
		{"(unterminated string at page end,image)", p.atEnd([]byte("abc")), userImage, ""},
		{"(4095-byte name not created,image)", long[1:], userImage, ""},
		{"(4096-byte name,image)", long, userImage, ""},
	} {
		p.begin("init_module", "%s", c.what)
		p.end(p.initAt(c.name, c.image), "%s", c.notes)
	}
}

// live is what the file says of rows whose image keeps the list intact.
const live = "image.next holds the live list value (with next=0 this case kills the machine, see the h-next0-* rows); "

// initImages gives images that cannot be read, or not to their end.
func (p *probe) initImages() {
	base := p.fresh("m", 4096)
	row := func(what string, image uint32, notes func() string) {
		p.begin("init_module", `("m",%s`, what)
		r := p.initAt("m", image)
		p.end(r, "%s", notes())
	}
	none := func() string { return "" }
	state := func() string { return p.state("m") }
	row("image=NULL)", 0, state)
	row("image=0x1000 unmapped)", 0x1000, none)
	row("image=0xc0100000 kernel text)", 0xc0100000, none)
	row("image = the module's own kernel address)", base, state)
	row("image=0xbffffffd: size word straddles the user limit)", 0xbffffffd, none)
	row("image=PROT_NONE page)", userGuard, none)
	row("image: only first 4 bytes mapped, size_of_struct=96)", p.atEnd(le(p.lay.Size)), state)
	row("image: only first 4 bytes mapped, size_of_struct=0)", p.atEnd(le(0)), state)
	row("image: first 95 bytes of the header mapped, size_of_struct=96)", p.atEnd(p.img[:95]),
		func() string { return live + "header restored: " + p.state("m") })
	row("image: exactly the 96 header bytes mapped, name beyond)", p.atEnd(p.img[:96]),
		func() string { return live + p.state("m") })
	row("image: header+name mapped, body truncated by a PROT_NONE page)", p.atEnd(p.img[:0x100]), func() string {
		return fmt.Sprintf("%s%s; kernel header after: size=%d next=0x%x init=0x%x", live, p.state("m"),
			p.field(base, p.lay.ModuleSize), p.field(base, p.lay.Next), p.field(base, p.lay.Init))
	})
	row("image: all but the last byte of the body mapped)", p.atEnd(p.img[:0xfff]), func() string { return live + p.state("m") })
	row("valid image ending exactly at a PROT_NONE page) size_of_struct=96", p.atEnd(p.img[:0x1000]), func() string {
		return fmt.Sprintf("%s; init saw flags=0x%x usecount=%d; header after: next=0x%x refs=0x%x flags=0x%x uc=%d; /proc/modules: %s",
			p.state("m"), p.word(base+imageSeen), p.word(base+imageSeen+4), p.field(base, p.lay.Next), p.field(base, p.lay.Refs),
			p.field(base, p.lay.Flags), p.field(base, p.lay.Usecount), p.modules())
	})
	p.begin("delete_module", `("m") running, unused`)
	p.end(p.delete("m"), "")
}

func (p *probe) initHeaderSizes() {
	for _, size := range []uint32{0, 1, 4, 56, 59, 60, 61, 62, 63, 64, 65, 68, 71, 72, 73, 76, 80, 84, 88, 92, 93, 95, 96, 97,
		100, 128, 156, 159, 160, 161, 164, 256, 4096, 0x7fffffff, 0x80000000, 0xffffffff} {
		p.fresh("m", 4096)
		p.put(p.lay.SizeOfStruct, size)
		p.initRow("size_of_struct=%d (0x%x), otherwise valid (name at +160)", size, size)
		p.delete("m")
	}
}

// initOptionalFields gives each field behind the first 60 bytes rubbish, with headers that have and have not the field.
func (p *probe) initOptionalFields() {
	const rubbish = 0x12345678
	for _, f := range []struct {
		name  string
		field abi.Field
	}{
		{"persist_start", p.lay.PersistStart}, {"persist_end", p.lay.PersistEnd}, {"can_unload", p.lay.CanUnload},
		{"runsize", p.lay.Runsize}, {"kallsyms_start", p.lay.KallsymsStart}, {"kallsyms_end", p.lay.KallsymsEnd},
		{"archdata_start", p.lay.ArchdataStart}, {"archdata_end", p.lay.ArchdataEnd}, {"kernel_data", p.lay.KernelData},
	} {
		for _, h := range []struct {
			size uint32
			what string
		}{
			{p.lay.Size, "full"},
			{f.field.Off + f.field.Size, "field is the last one present"},
			{f.field.Off, "field not part of the header"},
		} {
			if h.size == p.lay.Size && h.what != "full" {
				continue
			}
			base := p.fresh("m", 4096)
			p.put(p.lay.SizeOfStruct, h.size)
			p.put(f.field, rubbish)
			p.begin("init_module", "%s=0x%x (out of body), size_of_struct=%d (%s)", f.name, rubbish, h.size, h.what)
			r := p.init("m")
			p.end(r, "%s; kernel's copy of the field afterwards 0x%x", p.state("m"), p.field(base, f.field))
			p.delete("m")
		}
	}
}

// initFunctions points init, cleanup and can_unload to where they may and may not lie.
func (p *probe) initFunctions() {
	for _, f := range []struct {
		name  string
		field abi.Field
	}{{"init", p.lay.Init}, {"cleanup", p.lay.Cleanup}, {"can_unload", p.lay.CanUnload}} {
		base := p.fresh("m", 4096)
		for _, c := range []struct {
			what string
			v    uint32
		}{
			{"NULL", 0}, {"base (start of header)", base}, {"base+95 (last header byte)", base + 95},
			{"base+size+1", base + 4097}, {"base+size+4096", base + 8192}, {"base-1", base - 1},
			{"user address of the image", userImage + imageInit}, {"kernel text 0xc0123a50 (sys_getpid)", sysGetpidAddr},
			{"0xffffffff", 0xffffffff}, {"1", 1},
		} {
			p.fresh("m", 4096)
			p.put(f.field, c.v)
			p.initRow("%s = %s", f.name, c.what)
			p.delete("m")
		}
		function := codeReturn(0)
		if f.name == "cleanup" {
			function = code(0xc3)
		}
		for _, c := range []struct {
			what string
			off  uint32
		}{
			{"= base+96 (exactly the end of the header; code there)", 96},
			{"= base+0x503 (unaligned, inside)", 0x503},
			{"in the last bytes of the body", uint32(4096 - len(function))},
		} {
			base := p.fresh("m", 4096)
			p.putCode(c.off, function)
			if c.off == 96 { // over the name's usual place
				p.put(p.lay.Name, base+0x800)
				p.putText(0x800, "m")
			}
			p.put(f.field, base+c.off)
			p.initRow("%s %s", f.name, c.what)
			p.delete("m")
		}
	}
}

// initEndOfModule looks at the slack behind a module that does not end with its page. The init that the bounds would allow
// there was not run on the real machine either.
func (p *probe) initEndOfModule() {
	p.fresh("m", 4000)
	p.begin("init_module", "init = base+size exactly, size=4000 (bound test accepts p<=end), body byte there not copied")
	p.fresh("m", 4096)
	p.putCode(4000, []byte(strings.Repeat("\xc3", 96)))
	p.put(p.lay.Init, 0)
	p.init("m")
	base := p.fresh("m", 4000)
	var slack [4]byte
	p.k.mem.Read(base+4000, slack[:])
	p.endWith("skipped", "slack bytes past size are % x, not the stale 0xc3 of the previous module at the same address; not executed", slack)
	p.delete("m")
}

func (p *probe) initModuleSizes() {
	for _, c := range []struct {
		size uint32
		what string
	}{
		{4096, "== created"}, {4097, "created+1"}, {8192, "larger"}, {0xffffffff, "max"}, {4095, "created-1"}, {4088, "created-8"},
		{0x180, "0x180 (cuts off cleanup and later)"}, {0xa2, "0xA2: name+NUL just inside, init outside"},
		{0xa1, "0xA1: name without NUL inside"}, {0xa0, "0xA0"}, {96, "96"}, {95, "95 (below header)"}, {0, "0"},
	} {
		p.fresh("m", 4096)
		p.put(p.lay.ModuleSize, c.size)
		if c.size == 0x180 {
			p.put(p.lay.Cleanup, 0)
		}
		p.initRow("mod->size=%d, created 4096 (%s)", c.size, c.what)
		p.delete("m")
	}
	p.fresh("m", 4096)
	p.put(p.lay.ModuleSize, 0x600)
	p.begin("init_module", "mod->size=0x600 smaller than created 4096, all pointers inside 0x600")
	r := p.init("m")
	p.end(r, "%s; smaller size accepted and kept", p.state("m"))
	p.begin("delete_module", "(module initialised with a smaller size than created)")
	p.end(p.delete("m"), "")
	for _, size := range []uint32{0xa2, 0xa1} {
		base := p.fresh("m", 4096)
		p.put(p.lay.ModuleSize, size)
		p.put(p.lay.Init, 0)
		p.put(p.lay.Cleanup, 0)
		if size == 0xa2 {
			p.initRow("mod->size=0xA2 (header+slack+name+NUL), init=cleanup=NULL")
		} else {
			p.begin("init_module", "mod->size=0xA1: name inside, its NUL outside, init=cleanup=NULL")
			r := p.init("m")
			var name [3]byte
			p.k.mem.Read(base+imageName, name[:])
			p.end(r, "bound check counts strlen(name) without NUL; kernel bytes at name: % x", name)
		}
		p.delete("m")
	}
}

// initImageNames gives the image names that lie outside, or are not the module's.
func (p *probe) initImageNames() {
	base := p.fresh("m", 4096)
	for _, c := range []struct {
		what string
		at   uint32
	}{
		{"NULL", 0}, {"base+0", base}, {"base+95 (inside header)", base + 95}, {"base+size (one past)", base + 4096},
		{"base-1", base - 1}, {"0xffffffff", 0xffffffff}, {"user address of the name", userImage + imageName},
	} {
		p.fresh("m", 4096)
		p.put(p.lay.Name, c.at)
		p.initRow("mod->name = %s", c.what)
	}
	base = p.fresh("m", 4096)
	p.put(p.lay.Name, base+96)
	p.putText(96, "m")
	p.initRow("mod->name = base+96 exactly, equal string")
	p.delete("m")
	for _, name := range []string{"n", "mm", "", "M", "m "} {
		p.fresh("m", 4096)
		p.putText(imageName, name)
		p.initRow(`image name string is "%s" but call names "m"`, name)
	}
	p.fresh("m", 4096)
	p.putCode(imageName, []byte(strings.Repeat("z", 0x2000-imageName)))
	p.put(p.lay.Init, 0)
	p.put(p.lay.Cleanup, 0)
	p.initRow("image name is 4096+ bytes without NUL")

	base = p.fresh("m", 4096)
	p.put(p.lay.Init, 0)
	p.put(p.lay.Cleanup, 0)
	p.put(p.lay.Name, base+0xfff)
	p.putCode(0xfff, []byte("m"))
	p.begin("init_module", "image name at last body byte 'm', NUL would be in a PROT_NONE page")
	r := p.initAt("m", p.atEnd(p.img[:0x1000]))
	p.end(r, "%s", p.state("m"))

	base = p.fresh("mname", 4096)
	p.putText(imageName, "other")
	p.begin("init_module", `name mismatch "other" vs created "mname" (same length)`)
	r = p.init("mname")
	kept, _ := p.k.mem.CString(base+96, 16)
	p.end(r, `name kept in kernel at base+96 = "%s"; %s`, kept, p.state("mname"))
	p.delete("mname")
}
