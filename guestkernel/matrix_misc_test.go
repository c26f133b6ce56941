// SPDX-License-Identifier: BSD-3-Clause
// Rows M (/proc), X (the rest), S (a second process meanwhile) and L (1024 MB) of the matrix.

package guestkernel

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// probeProc is group M.
func probeProc(p *probe) {
	p.group = "M"
	p.procModulesRow("no modules")
	p.fresh("unin", 5000)
	p.fresh("run", 12345)
	p.init("run")
	p.fresh("auto", 4096)
	p.put(p.lay.Flags, abi.ModAutoclean)
	p.init("auto")
	p.flagged("used", 0, abi.ModVisited|abi.ModUsedOnce, 0)
	p.flagged("inuse", abi.ModAutoclean, abi.ModVisited|abi.ModUsedOnce, 3)
	p.run("a_name_longer_than_twenty_chars")
	p.fresh("fail", 4096)
	p.putCode(imageInit, codeReturn(errnoWord(abi.EIO)))
	p.init("fail")
	p.canUnload("canun", 1)
	p.init("canun")
	p.run("exactly20charsname__")
	p.procModulesRow("one module of each state")
	p.begin("read /proc/ksyms", "module symbol lines")
	lines := strings.SplitAfter(p.k.KsymsText(), "\n")
	first := ""
	for i, line := range lines {
		if i < 2 || strings.Contains(line, "[") {
			first += line
		}
	}
	p.endWith(fmt.Sprint(len(lines)-1), "first lines: %s", first)
}

func (p *probe) procModulesRow(what string) {
	p.begin("read /proc/modules", "%s", what)
	text := p.modules()
	p.endWith(fmt.Sprint(len(text)), "%s", text)
}

// probeExtra is group X.
func probeExtra(p *probe) {
	p.group = "X"
	p.freshBoot("extra", func(p *probe) {
		const nanosleep = 162
		before := p.word(p.k.sym.Jiffies)
		p.begin("(timing)", "jiffies counted across nanosleep of 2.000 s")
		if r := p.sys(nanosleep, string(append(le(2), le(0)...)), 0); r.failed() {
			p.end(r, "")
			return
		}
		p.endWith(fmt.Sprint(p.word(p.k.sym.Jiffies)-before), "HZ = 512 +- 1 tick")
	})
	p.extraImages()
	p.extraNames()
	p.extraNested()
	for _, nr := range []uint32{223, 224, 243, 250, 251, 252, 253, 254, 255, 256, 257, 1000, 0x7fffffff, 0xffffffff} {
		p.freshBoot("extra", func(p *probe) {
			p.begin("(syscall number)", "eax=%d, all arguments 0", int32(nr))
			if nr == 252 {
				p.endWith("skipped", "")
				return
			}
			p.end(p.sys(nr, 0, 0, 0, 0, 0), "")
		})
	}
}

// extraImages gives images at odd addresses, with pages that come in on demand, and in a read-only page.
func (p *probe) extraImages() {
	row := func(image uint32, notes, format string, args ...any) {
		p.begin("init_module", format, args...)
		r := p.initAt("m", image)
		p.end(r, "%s%s", notes, p.state("m"))
		p.delete("m")
	}
	for i := uint32(1); i < 4; i++ {
		p.fresh("m", 4096)
		p.write(userImage+0x8000+i, p.img[:4096])
		row(userImage+0x8000+i, "", "image pointer misaligned by %d", i)
	}
	demand, readOnly := uint32(userTextEnd+0x10000), uint32(userTextEnd+0x20000)
	require.NoError(p.t, p.p.Map(demand, 0x3000, ProtRead|ProtWrite))
	p.fresh("m", 0x3000)
	p.put(p.lay.Next, 0)
	p.write(demand, p.img[:0x1000])
	row(demand, "demand faults during the copy are fine; ", "image of 3 pages, pages 2 and 3 never touched (demand zero), image.next=0")
	require.NoError(p.t, p.p.Map(readOnly, 0x1000, ProtRead))
	p.fresh("m", 0x1000)
	p.write(readOnly, p.img[:0x1000])
	row(readOnly, "", "image in a PROT_READ page")
}

func (p *probe) extraNames() {
	named := func(name string, size, nameOff uint32) {
		base := p.make(name, size)
		p.setup("x", base, size) // a name of that length has no room at its usual place
		p.put(p.lay.Name, base+nameOff)
		p.putText(nameOff, name)
	}
	n60, n4095 := strings.Repeat("N", 60), strings.Repeat("N", 4095)
	named(n60, 4096, 0x800)
	p.begin("init_module", "60-byte name")
	p.end(p.init(n60), "")
	p.begin("delete_module", "60-byte name")
	p.end(p.delete(n60), "")
	named(n4095, 16384, 0x2000)
	p.put(p.lay.Init, 0)
	p.put(p.lay.Cleanup, 0)
	p.begin("init_module", "4095-byte name")
	p.end(p.init(n4095), "")
	p.begin("read /proc/modules", "with a 4095-byte module name")
	text := p.modules()
	p.endWith(fmt.Sprint(len(text)), `output is limited to one page; a line that does not fit is cut where it stops fitting: ends with "...%s"`, text[len(text)-12:])
	p.begin("query_module", "QM_MODULES with a 4095-byte module name, bufsize 4096")
	r, n := p.q(0, abi.QMModules, queryBuf, 4096)
	p.end(r, "ret=%d", n)
	p.begin("delete_module", "4095-byte name")
	p.end(p.delete(n4095), "")
}

// codeSyscall is code that makes a system call from kernel mode and stores the answer at base+imageSeen+8.
func codeSyscall(base, nr uint32, args ...uint32) []byte {
	words := append(args, make([]uint32, 5-len(args))...)
	return code(0x53, 0x56, 0x57, movEax(nr), 0xbb, words[0], 0xb9, words[1], 0xba, words[2], 0xbe, words[3], 0xbf, words[4],
		0xcd, 0x80, 0xa3, base+uint32(imageSeen+8), 0x5f, 0x5e, 0x5b)
}

// extraNested has init and cleanup make module calls of their own.
func (p *probe) extraNested() {
	nested := func(nr uint32, args ...uint32) (inner func() reply) {
		base := p.fresh("m", 4096)
		p.put(p.lay.Cleanup, 0)
		p.putCode(imageInit, code(codeSyscall(base, nr, args...), 0x31, 0xc0, 0xc3))
		return func() reply { return reply{Outcome{Value: int32(p.word(base + imageSeen + 8))}} }
	}
	m, n2 := p.str("m"), p.str("n2")
	inner := nested(abi.NrDeleteModule, m)
	p.begin("init_module", "init calls delete_module on itself through int 0x80")
	r := p.init("m")
	p.end(r, "inner delete_module=%s; %s", inner(), p.state("m"))
	p.delete("m")
	inner = nested(abi.NrCreateModule, m, 8192)
	p.begin("init_module", "init calls create_module of its own name through int 0x80")
	r = p.init("m")
	p.end(r, "inner create_module=%s", inner())
	p.delete("m")
	inner = nested(abi.NrQueryModule, m, abi.QMInfo, queryBuf, 16, queryRet)
	p.begin("init_module", "init calls query_module(QM_INFO) on itself")
	r = p.init("m")
	p.end(r, "inner=%s size=%d flags=0x%x usecount=%d", inner(), p.readWord(queryBuf+4), p.readWord(queryBuf+8), p.readWord(queryBuf+12))
	p.delete("m")
	p.fresh("n2", 4096)
	second := uint32(userImage + 0x8000)
	p.write(second, p.img[:4096])
	inner = nested(abi.NrInitModule, n2, second)
	p.begin("init_module", "init calls init_module of another created module (nested)")
	r = p.init("m")
	p.end(r, "inner=%s; %s %s", inner(), p.state("n2"), p.state("m"))
	p.delete("n2")
	p.delete("m")
	inner = nested(abi.NrQueryModule, m)
	p.begin("init_module", "init calls query_module(own name, which=0)")
	r = p.init("m")
	p.end(r, "inner=%s; %s", inner(), p.state("m"))
	p.delete("m")
	p.fresh("m", 4096)
	p.putCode(imageCleanup, code(0x53, movEax(abi.NrDeleteModule), 0xbb, m, 0xcd, 0x80, 0xa3, uint32(queryBuf), 0x5b, 0xc3))
	p.init("m")
	p.begin("delete_module", "cleanup calls delete_module on itself through int 0x80 (result stored straight into user memory)")
	r = p.delete("m")
	p.end(r, "inner=%s", reply{Outcome{Value: int32(p.readWord(queryBuf))}})
}

// codeSleep is code that sleeps interruptibly for some ticks and returns v.
func (p *probe) codeSleep(ticks, v uint32) []byte {
	timeout, ok := p.k.profile.Symbol("schedule_timeout")
	require.True(p.t, ok)
	return code(movEax(0xffffe000), 0x21, 0xe0, 0xc7, 0x00, uint32(abi.TaskInterruptible), movEax(ticks), 0xb9, timeout, 0x50,
		0xff, 0xd1, 0x83, 0xc4, 4, codeReturn(v))
}

// sleeper starts a call in a process of its own and returns how to wait for its end.
func (p *probe) sleeper(nr uint32, args ...any) (proc *Process, wait func() reply) {
	parent := p.p
	proc = p.process(ProcessConfig{Comm: "init"})
	p.p = proc
	p.write(userImage, p.img)
	words := make([]uint32, len(args))
	for i, a := range args {
		words[i] = p.arg(a)
	}
	p.p = parent
	require.NoError(p.t, proc.Start(nr, words...))
	return proc, func() reply { return reply{proc.Wait()} }
}

// sleepingInit sets up slp with an init that sleeps and starts it.
func (p *probe) sleepingInit(ticks, v uint32) (base uint32, proc *Process, wait func() reply) {
	base = p.fresh("slp", 4096)
	p.putCode(imageInit, p.codeSleep(ticks, v))
	proc, wait = p.sleeper(abi.NrInitModule, "slp", userImage)
	return base, proc, wait
}

// probeSleep is group S.
func probeSleep(p *probe) {
	p.group = "S"
	p.freshBoot("sleep", (*probe).sleepQueries)
	p.freshBoot("sleep", (*probe).sleepTwice)
	p.freshBoot("sleep", (*probe).sleepFailing)
	p.freshBoot("sleep", (*probe).sleepKilled)
	p.freshBoot("sleep", (*probe).sleepCleanup)
	p.freshBoot("sleep", func(p *probe) {
		base := p.fresh("m", 4096)
		p.putCode(imageCleanup, code(incWord(base+p.lay.Usecount.Off), 0xc3))
		p.init("m")
		p.begin("delete_module", "cleanup increments the usecount")
		r := p.delete("m")
		p.end(r, "freed anyway: %s", p.state("m"))
	})
}

func (p *probe) sleepFailing() {
	_, _, wait := p.sleepingInit(300, errnoWord(abi.ENOMEM))
	p.begin("init_module", "init sleeps then returns -12")
	r := wait()
	p.end(r, "%s", p.state("slp"))
}

func (p *probe) sleepKilled() {
	const kill = 37
	_, proc, wait := p.sleepingInit(51200, 0)
	p.sys(kill, uint32(proc.Task().Pid()), abi.SIGKILL)
	p.begin("init_module", "SIGKILL to a process sleeping (TASK_INTERRUPTIBLE) inside init")
	r := wait()
	result := r.String()
	if r.Kind == Killed && r.Signal == abi.SIGKILL {
		result = "no return: killed"
	}
	p.endWith(result, "init finished before the process died: %s", p.state("slp"))
}

// freshBoot runs rows, which go on with the numbers, on a kernel of their own: a call that is not modelled stops the run.
func (p *probe) freshBoot(name string, rows func(p *probe)) {
	p.t.Run("alone", func(t *testing.T) {
		alone := newProbe(t, p.m, name)
		alone.group, alone.count = p.group, p.count
		rows(alone)
		p.count = alone.count
	})
}

func (p *probe) sleepQueries() {
	slp, _, wait := p.sleepingInit(512, 0)
	row := func(call, what string, r reply, format string, args ...any) {
		p.call, p.what = call, what
		p.end(r, format, args...)
	}
	p.begin("", "")
	r, _ := p.info("slp")
	row("query_module", "QM_INFO while another process is inside init_module", r, "%s; /proc/modules: %s", p.state("slp"), p.modules())
	row("delete_module", "module being initialised by another process", p.delete("slp"), "")
	row("create_module", "same name while it is being initialised", p.create("slp", 4096), "")
	r, n := p.q("slp", abi.QMSymbols, queryBuf, 4096)
	row("query_module", "QM_SYMBOLS while initialising", r, "ret=%d", n)
	r, n = p.q("slp", abi.QMDeps, queryBuf, 4096)
	row("query_module", "QM_DEPS while initialising", r, "ret=%d", n)
	p.needs("onslp", slp)
	r = p.init("onslp")
	row("init_module", "onslp depends on slp, which is still initialising", r, "%s", p.state("onslp"))
	r = wait()
	row("init_module", "the sleeping init (schedule_timeout(512) inside init) completes", r, "%s refs=%s", p.state("slp"), p.list("slp", abi.QMRefs))
	p.delete("onslp")
	p.delete("slp")
}

func (p *probe) sleepTwice() {
	const second = imageInit + 0x60
	base, _, wait := p.sleepingInit(512, 0)
	p.putCode(second, p.codeSnap(base, 0))
	p.put(p.lay.Init, base+second)
	p.begin("init_module", "second init_module of the same module while the first sleeps in init")
	r := p.init("slp")
	p.end(r, "runs concurrently: init saw flags=0x%x uc=%d; %s", p.word(base+imageSeen), p.word(base+imageSeen+4), p.state("slp"))
	p.begin("init_module", "first init_module of that pair returns")
	r = wait()
	p.end(r, "usecount decremented twice: %s", p.state("slp"))
	p.begin("delete_module", "(slp after doubled init)")
	p.end(p.delete("slp"), "")
	p.rid("slp", base)
}

func (p *probe) sleepCleanup() {
	base := p.fresh("slp", 4096)
	p.putCode(imageCleanup, p.codeSleep(512, 0))
	p.init("slp")
	_, wait := p.sleeper(abi.NrDeleteModule, "slp")
	p.begin("query_module", "QM_INFO while cleanup of the module is sleeping")
	r, _ := p.info("slp")
	p.end(r, "flags word in memory=0x%x; QM_MODULES %s; /proc/modules: %s", p.field(base, p.lay.Flags), p.list(0, abi.QMModules), p.modules())
	p.begin("delete_module", "second delete while cleanup runs")
	p.end(p.delete("slp"), "")
	p.begin("init_module", "init while cleanup runs")
	p.end(p.init("slp"), "")
	p.begin("create_module", "same name while cleanup runs")
	r = p.create("slp", 4096)
	p.end(r, "old at 0x%x; /proc/modules: %s", base, p.modules())
	p.begin("get_kernel_syms", "(NULL) while a module is being cleaned up")
	p.end(p.sys(abi.NrGetKernelSyms, 0), "")
	p.begin("delete_module", "the sleeping cleanup completes")
	r = wait()
	p.end(r, "/proc/modules: %s", p.modules())
}

// probeVMLimit is group L: 1024 MB, where the address space is what runs out.
func probeVMLimit(p *probe) {
	p.group = "L"
	const largest, page = 92200960, abi.PageSize
	const space = "vmalloc space 0xf8800000-0xfdffe000, first free 0xf880f000, 92,205,056 bytes left"
	const notes = "limited by address space, not RAM; one guard page is charged per area; size is rounded up to pages; " +
		"the area including its guard page may end exactly at 0xfdffe000"
	for _, size := range []uint32{largest - 1, largest, largest + 1, largest + page} {
		p.begin("create_module", `("bis",%d) with 1024 MB RAM: %s`, size, space)
		r := p.create("bis", size)
		p.end(r, notes)
		if !r.failed() {
			p.delete("bis")
		}
	}
	fill := func(prefix string, size uint32) (n int, last reply) {
		for ; ; n++ {
			if last = p.create(fmt.Sprintf("%s%d", prefix, n), size); last.failed() {
				return n, last
			}
		}
	}
	p.begin("create_module", "")
	n, r := fill("f", 1<<20)
	p.what = fmt.Sprintf("%dth module of 1048576 bytes with 1024 MB RAM (%d fit)", n+1, n)
	p.end(r, "")
	p.begin("create_module", "module of 4096 bytes when no 8192-byte hole is left in the vmalloc space")
	_, r = fill("p", 4096)
	p.end(r, "")
}
