// SPDX-License-Identifier: BSD-3-Clause
// Rows P (privilege) and C (create_module) of the matrix.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// A credential is a way for a process to have, or not to have, CAP_SYS_MODULE. The real probe got there by system calls; here
// the process is made with what these leave.
type credential struct {
	name string
	cfg  ProcessConfig
}

func credentials() map[string]credential {
	const sysModule = 1 << abi.CapSysModule
	return map[string]credential{
		"setuid":     {"after setuid(1000)", ProcessConfig{UID: 1000}},
		"capeff":     {"uid 0 but CAP_SYS_MODULE dropped from effective set by capset (still permitted)", ProcessConfig{Caps: &Caps{Effective: rootCaps &^ sysModule, Permitted: rootCaps}}},
		"capall":     {"uid 0 but CAP_SYS_MODULE dropped from effective and permitted by capset", ProcessConfig{Caps: &Caps{Effective: rootCaps &^ sysModule, Permitted: rootCaps &^ sysModule}}},
		"keep":       {"uid 1000 with PR_SET_KEEPCAPS then capset raising CAP_SYS_MODULE effective", ProcessConfig{UID: 1000, Caps: &Caps{Effective: sysModule, Permitted: rootCaps}}},
		"seteuid":    {"after seteuid(1000) (ruid/suid 0)", ProcessConfig{Caps: &Caps{Permitted: rootCaps}}},
		"setfsuid":   {"after setfsuid(1000) only", ProcessConfig{}},
		"seteuid(0)": {"after seteuid(1000) then seteuid(0)", ProcessConfig{}},
	}
}

// probePerm is group P.
func probePerm(p *probe) {
	p.group = "P"
	creds := credentials()
	big := func(call func() reply, as string) reply { return p.child(creds[as].cfg, call) }
	create := func(name any, size uint32) func() reply { return func() reply { return p.create(name, size) } }
	initAt := func(name, image any) func() reply { return func() reply { return p.initAt(name, image) } }
	del := func(name any) func() reply { return func() reply { return p.delete(name) } }
	query := func(name any, which int) func() reply {
		return func() reply { return p.query(name, which, userBig, userBigSize-4, userBig+userBigSize-4) }
	}
	syms := func(table uint32) func() reply { return func() reply { return p.sys(abi.NrGetKernelSyms, table) } }

	p.make("pdup", 4096)
	base := p.make("pini", 4096)
	p.setup("pini", base, 4096)
	for i, as := range []string{"setuid", "capeff", "capall", "keep", "seteuid", "setfsuid", "seteuid(0)"} {
		p.begin("create_module", `("p1",8192) %s`, creds[as].name)
		p.end(big(create("p1", 8192), as), "%s", map[bool]string{true: "order: CAP check first"}[i == 0])
		p.delete("p1")
	}
	for _, c := range []struct {
		call, what, as, notes string
		do                    func() reply
		state                 bool
	}{
		{"create_module", "(NULL,8192)", "setuid", "order test: EPERM vs EFAULT", create(0, 8192), false},
		{"create_module", `("p1",1)`, "setuid", "order test: EPERM vs EINVAL", create("p1", 1), false},
		{"create_module", "(existing name,8192)", "setuid", "order test: EPERM vs EEXIST", create("pdup", 8192), false},
		{"init_module", `("nosuch",valid image)`, "setuid", "order test: EPERM vs ENOENT", initAt("nosuch", userImage), false},
		{"init_module", "(NULL,NULL)", "setuid", "order test: EPERM vs EFAULT", initAt(0, 0), false},
		{"init_module", "(created name, valid image)", "setuid", "", initAt("pini", userImage), true},
		{"init_module", "(created name, valid image)", "capeff", "", initAt("pini", userImage), true},
		{"init_module", "(created name, valid image)", "capall", "", initAt("pini", userImage), true},
		{"init_module", "(created name, valid image)", "keep", "", initAt("pini", userImage), true},
		{"delete_module", `("nosuch")`, "setuid", "", del("nosuch"), false},
		{"delete_module", "(NULL)", "setuid", "", del(0), false},
		{"delete_module", "(bad pointer 0x8)", "setuid", "", del(8), false},
		{"delete_module", "(running module)", "setuid", "", del("pini"), true},
		{"delete_module", "(running module)", "capeff", "", del("pini"), true},
		{"query_module", "(NULL,which=0)", "setuid", "no privilege needed", query(0, 0), false},
		{"query_module", "(NULL,QM_MODULES)", "setuid", "no privilege needed", query(0, abi.QMModules), false},
		{"query_module", "(NULL,QM_SYMBOLS)", "setuid", "no privilege needed", query(0, abi.QMSymbols), false},
		{"query_module", `("pini",QM_INFO)`, "setuid", "no privilege needed", query("pini", abi.QMInfo), false},
		{"get_kernel_syms", "(NULL)", "setuid", "no privilege needed", syms(0), false},
		{"get_kernel_syms", "(buffer)", "setuid", "no privilege needed", syms(userBig), false},
		{"delete_module", "(running module)", "keep", "", del("pini"), true},
	} {
		p.begin(c.call, "%s %s", c.what, creds[c.as].name)
		r := big(c.do, c.as)
		if c.state {
			c.notes = p.state("pini")
		}
		p.end(r, "%s", c.notes)
	}
}

// probeCreate is group C.
func probeCreate(p *probe) {
	p.group = "C"
	p.createFirst()
	p.createBadNames()
	p.createReadableNames()
	p.createLengths()
	p.createSizes()
	p.createMany()
}

func (p *probe) createFirst() {
	lay := p.lay
	p.begin("create_module", `("a",4096) first module on a fresh boot`)
	r := p.create("a", 4096)
	base := r.v()
	rest := 1
	for off := lay.Nsyms.Off; off < lay.Size; off += 4 {
		if p.word(base+off) != 0 {
			rest = 0
		}
	}
	name := p.field(base, lay.Name)
	text, _ := p.k.mem.CString(base+lay.Size, 8)
	p.end(r, `header in kernel memory: size_of_struct=%d next=0x%x name=0x%x (=base+%d) size=%d uc=%d flags=%d rest zero=%d; name bytes at base+96 = "%s"; %s; /proc/modules: %s`,
		p.field(base, lay.SizeOfStruct), p.field(base, lay.Next), name, name-base, p.field(base, lay.ModuleSize),
		p.field(base, lay.Usecount), p.field(base, lay.Flags), rest, text, p.state("a"), p.modules())
	for _, c := range []struct {
		what, notes string
		size        uint32
	}{
		{`("a",4096) again: name exists, uninitialised`, "", 4096},
		{`("a",97) existing name with size one below minimum (98)`, "order test: EINVAL vs EEXIST", 97},
		{`("a",0xffffffff) existing name with absurd size`, "EEXIST is checked before allocation", 0xffffffff},
		{`("a",0x7fffffff) existing name with absurd size`, "", 0x7fffffff},
	} {
		p.begin("create_module", "%s", c.what)
		p.end(p.create("a", c.size), "%s", c.notes)
	}
	p.delete("a")
	p.begin("create_module", `("a",4096) after delete_module("a")`)
	p.end(p.create("a", 4096), "same name and address reusable after delete")
	p.delete("a")
}

func (p *probe) createBadNames() {
	const lastUserByte = abi.TaskSize - 1
	for _, name := range []uint32{0, 1, 8, 0xfff, 0x1000, 0x30000000, lastUserByte, 0xc0000000, 0xc0100000, 0xc02f9440,
		0xc8800000, 0xfe000000, 0xfffff000, 0xfffffffe, 0xffffffff} {
		p.begin("create_module", "(name pointer 0x%08x,8192)", name)
		notes := ""
		if name == lastUserByte {
			notes = fmt.Sprintf("last user byte, holds 0x%02x", p.read(name, 1)[0])
		}
		p.end(p.create(name, 8192), "%s", notes)
	}
	p.begin("create_module", "(name pointer NULL, size 0)")
	p.end(p.create(0, 0), "order test: EFAULT vs EINVAL")
	p.begin("create_module", "(name pointer in PROT_NONE page,8192)")
	p.end(p.create(userGuard, 8192), "")
}

// createReadableNames puts the name into pages of each protection, and around the end of one.
func (p *probe) createReadableNames() {
	for i, c := range []struct {
		what, notes string
		prot        uint32
	}{
		{"PROT_WRITE-only", "i386: write-only mapping is readable", ProtWrite},
		{"PROT_EXEC-only", "i386: exec-only mapping is readable", ProtExec},
		{"PROT_READ", "", ProtRead},
	} {
		at := userTextEnd + uint32(2*i+1)*abi.PageSize
		if err := p.p.Map(at, abi.PageSize, c.prot); err != nil {
			p.t.Fatal(err)
		}
		p.write(at, []byte("wo\x00"))
		p.begin("create_module", "(name in %s page,8192)", c.what)
		p.end(p.create(at, 8192), "%s", c.notes)
		p.delete("wo")
	}
	for _, c := range []struct{ what, text string }{
		{`("abc" unterminated, running into a PROT_NONE page,8192)`, "abc"},
		{`("abc\0" whose NUL is the last byte of the mapped page,8192)`, "abc\x00"},
		{"(single byte 'x' unterminated at page end,8192)", "x"},
		{"(empty string at page end,8192)", "\x00"},
	} {
		p.begin("create_module", "%s", c.what)
		p.end(p.create(p.atEnd([]byte(c.text)), 8192), "")
		p.delete("abc")
	}
	p.begin("create_module", `("",8192)`)
	p.end(p.create("", 8192), "empty name")
	p.begin("create_module", `("",0)`)
	p.end(p.create("", 0), "empty name and bad size")
}

func (p *probe) createLengths() {
	for _, n := range []int{1, 2, 3, 4, 31, 32, 58, 59, 60, 61, 62, 63, 64, 65, 95, 96, 127, 128, 255, 256, 257, 511, 512,
		1023, 1024, 2047, 2048, 4000, 4093, 4094, 4095, 4096, 4097, 5000, 8191} {
		name := strings.Repeat("n", n)
		p.begin("create_module", "(name of %d bytes 'n', size 16384)", n)
		r := p.create(name, 16384)
		if r.failed() {
			p.end(r, "")
			continue
		}
		nul := p.word(r.v()+p.lay.Size+uint32(n)) & 0xff
		p.end(r, "byte after stored name=0x%02x; name present at base+%d", nul, p.field(r.v(), p.lay.Name)-r.v())
		p.delete(name)
	}
	n4095, n4096 := strings.Repeat("n", 4095), strings.Repeat("n", 4096)
	p.begin("create_module", "(4096 non-NUL bytes ending exactly at a PROT_NONE page,16384)")
	p.end(p.create(p.atEnd([]byte(n4096)), 16384), "ENAMETOOLONG without reading byte 4097")
	p.begin("create_module", "(4095 non-NUL bytes ending exactly at a PROT_NONE page,16384)")
	p.end(p.create(p.atEnd([]byte(n4095)), 16384), "needs 4096th byte")
	p.begin("create_module", "(4095 bytes + NUL ending exactly at a PROT_NONE page,16384)")
	p.end(p.create(p.atEnd([]byte(n4095+"\x00")), 16384), "")
	p.delete(n4095)
	p.begin("create_module", "(name of 4096 bytes, size 0)")
	p.end(p.create(n4096, 0), "order test: ENAMETOOLONG vs EINVAL")
	for _, odd := range []string{" ", "a b", "a\nb", "/", "..", "\xff\xfe", "#", "\t", "a\x01", "-", "%s%n"} {
		p.begin("create_module", "(name \"%s\" (odd characters), 8192)", odd)
		r := p.create(odd, 8192)
		p.end(r, "no character check; /proc/modules line: %s", p.modules())
		p.delete(odd)
	}
}

// createSizes goes around the smallest size for names of several lengths, and up to what fits into 128 MB.
func (p *probe) createSizes() {
	around := func(n int, sizes ...int) {
		name, least := strings.Repeat("s", n), int(p.lay.Size)+n+1
		for _, size := range sizes {
			p.begin("create_module", "(name of %d bytes, size %d) [minimum is 96+%d+1=%d]", n, size, n, least)
			r := p.create(name, uint32(size))
			p.end(r, "")
			if !r.failed() {
				p.delete(name)
			}
		}
	}
	around(1, 0, 1, 60, 95, 96, 97, 98, 99)
	for _, n := range []int{5, 10, 59, 60, 100, 1000, 4095} {
		least := int(p.lay.Size) + n + 1
		around(n, least-2, least-1, least, least+1)
	}
	for _, size := range []uint32{4095, 4096, 4097, 8192, 65536, 1 << 20, 4 << 20, 16 << 20, 32 << 20, 64 << 20} {
		p.begin("create_module", `("big",%d) with 128 MB RAM`, size)
		p.end(p.create("big", size), "")
		p.delete("big")
	}
}

func (p *probe) createMany() {
	const many = 200
	p.begin("create_module", "200 modules of 4096 bytes named m0..m199")
	var first, last reply
	ok := 0
	for i := range many {
		last = p.create(fmt.Sprintf("m%d", i), 4096)
		if !last.failed() {
			ok++
		}
		if i == 0 {
			first = last
		}
	}
	p.end(last, "ok=%d first=0x%x last=0x%x (stride 0x%x)", ok, first.v(), last.v(), (last.v()-first.v())/(many-1))
}
