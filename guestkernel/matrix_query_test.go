// SPDX-License-Identifier: BSD-3-Clause
// Rows Q (query_module) and G (get_kernel_syms) of the matrix.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// The probe's buffer for answers, and the word that query_module stores through.
const (
	queryBuf = userBig
	queryRet = userBig + userBigSize - 4
)

// probeQuery is groups Q and G.
func probeQuery(p *probe) {
	p.group = "Q"
	p.queryArguments()
	p.queryKernel()
	p.queryKernelSymbols()
	alpha := p.queryLoad()
	p.queryModules()
	p.queryNames("QM_DEPS", abi.QMDeps, "beta", "alpha")
	p.queryNames("QM_REFS", abi.QMRefs, "alpha", "beta")
	p.querySymbols()
	p.queryInfo(alpha)
	p.group, p.count = "G", 0
	p.kernelSyms()
}

// q is query_module with 99 in the word for the number; it returns that word too.
func (p *probe) q(name any, which int, buf, size any) (r reply, n uint32) {
	p.write(queryRet, le(99))
	r = p.query(name, which, buf, size, queryRet)
	return r, p.readWord(queryRet)
}

// qRow makes a row of such a call, whose notes are the number, if there is a format for it.
func (p *probe) qRow(what string, name any, which int, buf, size any, format string) {
	p.begin("query_module", "%s", what)
	r, n := p.q(name, which, buf, size)
	if strings.Contains(format, "%d") {
		format = fmt.Sprintf(format, n)
	}
	p.end(r, "%s", format)
}

// fill sets the beginning of the buffer.
func (p *probe) fill(n int, c string) { p.write(queryBuf, []byte(strings.Repeat(c, n))) }

func (p *probe) queryArguments() {
	long := strings.Repeat("q", 4096)
	for _, c := range []struct {
		what  string
		name  any
		notes string
	}{
		{"(NULL,0,NULL,0,NULL)", 0, "probe call used by modutils"}, {`("nosuch",0,...)`, "nosuch", ""}, {`("",0,...)`, "", ""},
		{"(0x1000 unmapped,0,...)", 0x1000, ""}, {"(0xc0100000,0,...)", uint32(0xc0100000), ""}, {"(4096-byte name,0,...)", long, ""},
		{"(4095-byte unknown name,0,...)", long[1:], ""},
	} {
		p.begin("query_module", "%s", c.what)
		p.end(p.query(c.name, 0, 0, 0, 0), "%s", c.notes)
	}
	for _, which := range []int32{6, 7, 100, -1, 0x7fffffff, -0x80000000, 0x101} {
		p.begin("query_module", "(NULL,which=%d)", which)
		r, n := p.q(0, int(which), queryBuf, 4096)
		p.end(r, "%s", touched(n))
	}
	p.begin("query_module", `("nosuch",which=99)`)
	r, _ := p.q("nosuch", 99, queryBuf, 4096)
	p.end(r, "order test: ENOENT vs EINVAL")
}

// touched says what became of the number's word.
func touched(n uint32) string {
	if n == 99 {
		return "ret word untouched"
	}
	return "ret word written"
}

// queryKernel asks the kernel itself, with no modules loaded.
func (p *probe) queryKernel() {
	p.qRow("(NULL,QM_MODULES,buf,4096) no modules", 0, abi.QMModules, queryBuf, 4096, "ret=%d")
	p.qRow("(NULL,QM_MODULES,NULL,0) no modules", 0, abi.QMModules, 0, 0, "ret=%d")
	p.begin("query_module", "(NULL,QM_MODULES,NULL,0,ret=NULL) no modules")
	p.end(p.query(0, abi.QMModules, 0, 0, 0), "")
	p.qRow("(NULL,QM_DEPS) on the kernel", 0, abi.QMDeps, queryBuf, 4096, "ret=%d")
	p.qRow("(NULL,QM_REFS) on the kernel", 0, abi.QMRefs, queryBuf, 4096, "ret=%d")
	p.qRow("(NULL,QM_INFO) on the kernel", 0, abi.QMInfo, queryBuf, 4096, "ret=%d")
	p.qRow("(NULL,QM_SYMBOLS,NULL,0) on the kernel", 0, abi.QMSymbols, 0, 0, "ret=%d bytes needed")
}

func (p *probe) queryKernelSymbols() {
	const what = "(NULL,QM_SYMBOLS,"
	_, need := p.q(0, abi.QMSymbols, 0, 0)
	big := func(off uint32) uint32 { return p.readWord(queryBuf + off) }
	ask := func(row string, size uint32) (r reply, n uint32) {
		p.begin("query_module", "%s%s", what, row)
		p.write(queryBuf, make([]byte, need+64))
		return p.q(0, abi.QMSymbols, queryBuf, size)
	}
	r, n := ask("buf,needed) exact", need)
	first, last := big(4), big(8*n-4)
	lastName := p.cstring(queryBuf + last)
	p.end(r, `ret=%d symbols; first entry value=0x%x string offset=%d (=8*nsyms=%d) name="%s"; last name="%s" value=0x%x; bytes used=%d`,
		n, big(0), first, 8*n, p.cstring(queryBuf+first), lastName, big(8*n-8), last+uint32(len(lastName))+1)
	rows := n
	r, n = ask("buf,needed-1)", need-1)
	p.end(r, "ret=%d; first entry already written: value=0x%x off=%d; second-last written=%d last written=%d", n, big(0), big(4),
		min(big(8*(rows-2)), 1), min(big(8*(rows-1)), 1))
	r, n = ask("buf,8*nsyms) room for the table only", 8*rows)
	p.end(r, "ret=%d; first word 0x%x", n, big(0))
	r, n = ask("buf,8*nsyms-1)", 8*rows-1)
	p.end(r, "ret=%d; first word 0x%x (nothing written)", n, big(0))
	p.qRow(what+"buf,bufsize=0xffffffff)", 0, abi.QMSymbols, queryBuf, uint32(0xffffffff), "ret=%d")
	p.qRow(what+"buf=NULL,bufsize=1000000)", 0, abi.QMSymbols, 0, 1000000, "ret=%d")
	p.qRow(what+"buf=0xc0000000,bufsize=1000000)", 0, abi.QMSymbols, uint32(0xc0000000), 1000000, "ret=%d")
	p.qRow(what+"buf running into PROT_NONE page)", 0, abi.QMSymbols, userGuard-8192, 1000000, "ret=%d")
	p.begin("query_module", "%sgood buf,ret=NULL)", what)
	p.end(p.query(0, abi.QMSymbols, queryBuf, userBigSize, 0), "")
}

// symbol sets an entry of the image's symbols and its name.
func (p *probe) symbol(base uint32, i int, name string, nameOff, value uint32) {
	off := uint32(imageSyms + 8*i)
	p.putWord(off, value)
	p.putWord(off+4, base+nameOff)
	p.putText(nameOff, name)
}

// queryLoad loads alpha with two symbols and beta that needs it, and creates gammma.
func (p *probe) queryLoad() (alpha uint32) {
	alpha = p.fresh("alpha", 4096)
	p.put(p.lay.Nsyms, 2)
	p.put(p.lay.Syms, alpha+imageSyms)
	p.symbol(alpha, 0, "alpha_sym_one", imageStrings+0x20, 0x1111)
	p.symbol(alpha, 1, "alpha_sym_two", imageStrings+0x40, alpha+0x222)
	p.init("alpha")
	beta := p.fresh("beta", 8192)
	p.put(p.lay.Ndeps, 1)
	p.put(p.lay.Deps, beta+imageDeps)
	p.dep(0, alpha)
	p.init("beta")
	p.fresh("gammma", 4096)
	return alpha
}

func (p *probe) queryModules() {
	const what = "(NULL,QM_MODULES,"
	buffer := func(size int, row, format string) {
		p.begin("query_module", "%s", row)
		p.fill(64, "#")
		r, n := p.q(0, abi.QMModules, queryBuf, size)
		p.end(r, format, n, strings.ReplaceAll(string(p.read(queryBuf, 22)), "\x00", "|"))
	}
	buffer(4096, "(NULL,QM_MODULES) alpha, beta running, gammma uninitialised", "ret=%d buffer=%s (| is NUL); newest first; uninitialised included")
	p.qRow(what+"bufsize exact=18)", 0, abi.QMModules, queryBuf, 18, "ret=%d")
	buffer(17, what+"bufsize 17)", "ret=%d (bytes needed), partial buffer=%s")
	buffer(7, what+"bufsize 7)", "ret=%d, partial buffer=%s")
	p.qRow(what+"bufsize 0)", 0, abi.QMModules, queryBuf, 0, "ret=%d")
	p.qRow(what+"buf=NULL,bufsize 0)", 0, abi.QMModules, 0, 0, "ret=%d")
	p.begin("query_module", "%sbuf=NULL,bufsize 4096)", what)
	r, n := p.q(0, abi.QMModules, 0, 4096)
	p.end(r, "%s", touched(n))
	p.qRow(what+"buf=kernel 0xc0000000,4096)", 0, abi.QMModules, uint32(0xc0000000), 4096, "")
	p.qRow(what+"buf crossing into PROT_NONE after 10 bytes,4096)", 0, abi.QMModules, userGuard-10, 4096, "")
	for _, c := range []struct {
		row       string
		size, ret uint32
		notes     string
	}{
		{"good buf,ret=NULL)", 4096, 0, ""},
		{"bufsize 0,ret=NULL)", 0, 0, "EFAULT beats ENOSPC"},
		{"ret=kernel pointer 0xc02f9440)", 4096, 0xc02f9440, ""},
	} {
		p.begin("query_module", "%s%s", what, c.row)
		p.end(p.query(0, abi.QMModules, queryBuf, c.size, c.ret), "%s", c.notes)
	}
	p.qRow(`("alpha",QM_MODULES) with a module name`, "alpha", abi.QMModules, queryBuf, 4096, "ret=%d (name only has to exist)")
	p.qRow(`("nosuch",QM_MODULES)`, "nosuch", abi.QMModules, queryBuf, 4096, "")
}

// queryNames asks for the one dependency of one module, or the one reference to one, and for those that have none.
func (p *probe) queryNames(what string, which int, of, answer string) {
	row := func(name, rest string) string { return fmt.Sprintf(`("%s",%s%s`, name, what, rest) }
	size := len(answer) + 1
	p.begin("query_module", "%s", row(of, ",4096)"))
	r, n := p.q(of, which, queryBuf, 4096)
	p.end(r, `ret=%d first="%s"`, n, p.cstring(queryBuf))
	exact := fmt.Sprintf(",%d exact)", size)
	tooSmall := fmt.Sprintf(",%d)", size-1)
	if which == abi.QMDeps {
		exact, tooSmall = ",bufsize"+strings.Replace(exact, ",", " ", 1), ",bufsize"+strings.Replace(tooSmall, ",", " ", 1)
	}
	p.qRow(row(of, exact), of, which, queryBuf, size, "ret=%d")
	p.qRow(row(of, tooSmall), of, which, queryBuf, size-1, "ret=%d")
	p.qRow(row(of, ",NULL,0)"), of, which, 0, 0, "ret=%d")
	p.qRow(row(of, ",NULL,4096)"), of, which, 0, 4096, "")
	if which == abi.QMDeps {
		p.begin("query_module", "%s", row(of, ",buf,4096,ret=NULL)"))
		p.end(p.query(of, which, queryBuf, 4096, 0), "")
	}
	p.qRow(row(answer, ") none"), answer, which, queryBuf, 4096, "ret=%d")
	if which == abi.QMDeps {
		p.qRow(row(answer, ",NULL,0) none"), answer, which, 0, 0, "ret=%d")
	}
	p.qRow(row("gammma", ") uninitialised"), "gammma", which, queryBuf, 4096, "ret=%d")
	if which == abi.QMDeps {
		p.begin("query_module", "%s", row("gammma", ",ret=NULL) uninitialised"))
		p.end(p.query("gammma", which, queryBuf, 4096, 0), "")
	}
}

// bytesRow makes a row whose notes show what is in the buffer afterwards.
func (p *probe) bytesRow(name string, which int, rest string, size, show int, format string, args ...any) {
	p.begin("query_module", `("%s",%s`, name, rest)
	p.fill(64, "#")
	r, n := p.q(name, which, queryBuf, size)
	p.end(r, "ret=%d bytes: %x%s", n, p.read(queryBuf, show), fmt.Sprintf(format, args...))
}

func (p *probe) querySymbols() {
	const which = abi.QMSymbols
	p.bytesRow("alpha", which, "QM_SYMBOLS,4096) 2 symbols", 4096, 44, "")
	p.qRow(`("alpha",QM_SYMBOLS,44 exact)`, "alpha", which, queryBuf, 44, "ret=%d")
	p.bytesRow("alpha", which, "QM_SYMBOLS,43)", 43, 44, "")
	p.bytesRow("alpha", which, "QM_SYMBOLS,16)", 16, 16, "")
	p.qRow(`("alpha",QM_SYMBOLS,15)`, "alpha", which, queryBuf, 15, "ret=%d")
	p.qRow(`("alpha",QM_SYMBOLS,NULL,0)`, "alpha", which, 0, 0, "ret=%d")
	p.qRow(`("beta",QM_SYMBOLS,NULL,0) module without symbols`, "beta", which, 0, 0, "ret=%d")
	p.qRow(`("gammma",QM_SYMBOLS) uninitialised`, "gammma", which, queryBuf, 4096, "ret=%d")
}

func (p *probe) queryInfo(alpha uint32) {
	const which = abi.QMInfo
	p.bytesRow("alpha", which, "QM_INFO,16)", 16, 20, " (addr,size,flags,usecount); base 0x%x", alpha)
	p.qRow(`("alpha",QM_INFO,17)`, "alpha", which, queryBuf, 17, "ret=%d")
	p.bytesRow("alpha", which, "QM_INFO,15)", 15, 16, "")
	p.qRow(`("alpha",QM_INFO,0)`, "alpha", which, queryBuf, 0, "ret=%d")
	p.qRow(`("alpha",QM_INFO,NULL,0)`, "alpha", which, 0, 0, "ret=%d")
	p.begin("query_module", `("alpha",QM_INFO,NULL,16)`)
	r, n := p.q("alpha", which, 0, 16)
	p.end(r, "%s", touched(n))
	p.begin("query_module", `("alpha",QM_INFO,15,ret=NULL)`)
	p.end(p.query("alpha", which, queryBuf, 15, 0), "EFAULT beats ENOSPC")
	p.begin("query_module", `("alpha",QM_INFO,16,ret=NULL)`)
	p.fill(16, "#")
	r = p.query("alpha", which, queryBuf, 16, 0)
	notes := "buffer untouched"
	if p.readWord(queryBuf) != 0x23232323 {
		notes = "buffer filled before the fault"
	}
	p.end(r, "%s", notes)
	for _, c := range []struct{ what, name string }{{`("gammma",QM_INFO) uninitialised`, "gammma"}, {`("beta",QM_INFO)`, "beta"}} {
		p.begin("query_module", "%s", c.what)
		r, _ := p.info(c.name)
		p.end(r, "%s", p.state(c.name))
	}
	p.begin("query_module", `("alpha",which=0)`)
	p.end(p.query("alpha", 0, 0, 0, 0), "")
	p.begin("query_module", `("alpha",which=6)`)
	r = p.query("alpha", 6, 0, 0, 0)
	p.end(r, "module flags after: %s", p.state("alpha"))
}

// kernelSyms is group G, with alpha, beta and gammma loaded.
func (p *probe) kernelSyms() {
	syms := func(table any) reply { return p.sys(abi.NrGetKernelSyms, table) }
	row := func(what string, table any, notes string) {
		p.begin("get_kernel_syms", "%s", what)
		p.end(syms(table), "%s", notes)
	}
	p.begin("get_kernel_syms", "(NULL) alpha(2 syms), beta(0), gammma uninitialised")
	needed := syms(0)
	p.end(needed, "= sum(nsyms+1) over all modules incl. uninitialised and the kernel (%d+1)", p.field(p.k.sym.KernelModule, p.lay.Nsyms))
	p.begin("get_kernel_syms", "(buffer)")
	copied := syms(queryBuf)
	entries := make([]string, 6)
	for i := range entries {
		at := uint32(queryBuf + 64*i)
		entries[i] = fmt.Sprintf("[%d]=%08x '%s'", i, p.readWord(at), p.cstring(at+4))
	}
	p.end(copied, "entries of 64 bytes: %s", strings.Join(entries, " "))
	p.begin("get_kernel_syms", "(buffer): does the count match the NULL form?")
	p.endWith("n/a", "NULL form %d, copy form %d (uninitialised modules are counted but not copied)", needed.Value, copied.Value)
	row("(0x1000 unmapped)", 0x1000, "a fault is not reported: the number of entries copied so far is returned")
	row("(0xc0000000)", uint32(0xc0000000), "")
	row("(0xffffffff)", uint32(0xffffffff), "")
	row("(buffer with exactly 3 entries before a PROT_NONE page)", userGuard-192, "partial count")
	row("(buffer with 3.5 entries before a PROT_NONE page)", userGuard-224, "")
	for _, name := range []string{"beta", "alpha", "gammma"} {
		p.delete(name)
	}
	p.kernelSymsLong(syms)
	row("(NULL) no modules", 0, "")
}

// kernelSymsLong loads a module whose names are as long as an entry's and longer.
func (p *probe) kernelSymsLong(syms func(any) reply) {
	long := strings.Repeat("L", 80)
	base := p.fresh(long, 4096)
	p.put(p.lay.Name, base+0x800)
	p.putText(0x800, long)
	p.putCode(imageName, make([]byte, 0x60))
	p.put(p.lay.Nsyms, 2)
	p.put(p.lay.Syms, base+imageSyms)
	p.symbol(base, 0, strings.Repeat("s", 59), 0x900, 7)
	p.symbol(base, 1, strings.Repeat("t", 100), 0xa00, 8)
	init := p.init(long)
	p.begin("get_kernel_syms", "module name of 80 bytes, symbols of 59 and 100 bytes")
	p.fill(1024, "?")
	r := syms(queryBuf)
	length := func(entry uint32) int { return len(p.cstring(queryBuf + 64*entry + 4)) }
	p.end(r, "init=%s; '#'+name stored len=%d, sym0 len=%d, sym1 len=%d (truncated to 59 + NUL)", init, length(0), length(1), length(2))
	p.delete(long)
}
