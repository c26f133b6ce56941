// SPDX-License-Identifier: BSD-3-Clause
// Oopses of running guests: the whole way from the faulting instruction to the end of the task, and what else can end it.

package guestkernel

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// oopsNamed returns a text of the file.
func oopsNamed(t *testing.T, name string) string {
	for _, o := range readOopses(t) {
		if o.name == name {
			return o.text
		}
	}
	t.Fatalf("no oops %s", name)
	return ""
}

// hazardProbe makes a process as the real runs had it: init's, of pid 9, with its strings where the program has them.
func hazardProbe(t *testing.T) *probe {
	p := newProbe(t, &matrix{}, "oops")
	p.p.Close()
	p.p = p.process(ProcessConfig{Comm: "init", PID: 9})
	const data = 0x08057000
	require.NoError(t, p.p.Map(data, abi.PageSize, ProtRead|ProtWrite))
	p.write(data+0x14, []byte("hz\x00"))
	return p
}

// The name's address in the real program, and what its EBP held.
const (
	realName = 0x08057014
	realEBP  = 0x080495f2
)

// blur hides what depends on where pages, stacks and the program happen to lie, and two flags: RF, which the emulator of the
// real runs did not store with a fault, and SF, which a program may have had set.
func blur(text string) string {
	for _, m := range []struct{ expr, with string }{
		{`(0x|esp: |stackpage=)c[17][0-9a-f]{3}`, "${1}PPPPP"},
		{`\b(c7|c1)[0-9a-f]{6}\b`, "PPPPPPPP"},
		{`\b(080|bf)[0-9a-f]{5,6}\b`, "UUUUUUUU"},
		{`\*pde = \w+`, "*pde = PDE"},
		{`EFLAGS: 0001`, "EFLAGS: 0000"},
		{`\b000002[08]2\b`, "FLAGS"},
	} {
		text = regexp.MustCompile(m.expr).ReplaceAllString(text, m.with)
	}
	return text
}

// The same calls as on the real kernel leave the same registers and the same words on the stack.
func TestOopsesOfModuleFunctions(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(p *probe, base uint32)
		call func(p *probe) reply
	}{
		{"h-initend", func(p *probe, base uint32) { p.put(p.lay.Init, base+4096) },
			func(p *probe) reply { return p.init("hz") }},
		{"h-canunload-oops", func(p *probe, base uint32) {
			p.put(p.lay.CanUnload, base+imageCanUnload)
			p.putCode(imageCanUnload, ud2())
		}, func(p *probe) reply {
			p.init("hz")
			return p.sys(abi.NrDeleteModule, realName, 0, 0, 0, 0, realEBP)
		}},
		{"h-cleanup-oops", func(p *probe, base uint32) { p.putCode(imageCleanup, ud2()) }, func(p *probe) reply {
			p.init("hz")
			return p.sys(abi.NrDeleteModule, realName, 0, 0, 0, 0, realEBP)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := hazardProbe(t)
			base := p.fresh("hz", 4096)
			c.set(p, base)
			require.Equal(t, reply{Outcome{Kind: Killed, Signal: abi.SIGSEGV}}, c.call(p))
			require.Equal(t, blur(oopsNamed(t, c.name))+" ", blur(withoutLevels(p.k.LogText())))
			require.Len(t, p.k.Notes(), 1)
			require.Contains(t, p.k.Notes()[0], "exception tables searched: hz (no table), kernel (1272 entries)")
		})
	}
}

// The levels of the lines: what matters most is level 1, all else is of the default level.
func TestOopsLevels(t *testing.T) {
	p := hazardProbe(t)
	base := p.fresh("hz", 4096)
	p.put(p.lay.Init, base+4096)
	p.init("hz")
	want := map[string]bool{"Unable": true, "*pde": true, "*pte": true}
	for line := range strings.Lines(p.k.LogText()) {
		level, text := line[:3], line[3:]
		word, _, _ := strings.Cut(text, " ")
		if want[word] {
			require.Equal(t, "<1>", level, line)
			delete(want, word)
			continue
		}
		require.Equal(t, "<4>", level, line)
	}
	require.Empty(t, want)
}

// The remark says which tables were searched, and why one that has the instruction did not help.
func TestOopsExplainsTables(t *testing.T) {
	load := code(0xa1, uint32(0xdead0), 0xc3)
	for _, c := range []struct {
		name   string
		flags  uint32
		fixups func(at uint32) []uint32
		want   string
	}{
		{"not running", 0, func(at uint32) []uint32 { return []uint32{at, at} }, "test (not asked: neither running nor initialising), kernel (1272 entries)"},
		{"fixup 0", abi.ModRunning, func(at uint32) []uint32 { return []uint32{at, 0} }, "test (1 entries; entry 1 is for it, but its fixup is 0, which means none), kernel"},
		{"unsorted", abi.ModRunning, func(at uint32) []uint32 { return []uint32{at + 8, 1, at + 4, 1, at, 1} },
			"test (3 entries; entry 3 is for it, but halving the table misses it: the table is not sorted), kernel"},
		{"other entries", abi.ModInitializing, func(at uint32) []uint32 { return []uint32{at + 1, 1} }, "test (1 entries), kernel"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGuest(t, Config{})
			at := g.put(load...)
			g.fixups(c.flags, c.fixups(at)...)
			require.Equal(t, Outcome{Kind: Killed, Signal: abi.SIGSEGV}, g.run(at))
			require.Contains(t, g.k.Notes()[0], "exception tables searched: "+c.want)
		})
	}
}

// On lists that lead nowhere the printer stops where the real one would fault again; the task dies, the machine goes on.
func TestOopsOnBrokenLists(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(g *guest)
		want  string
	}{
		{"module_list is NULL", func(g *guest) { g.k.mem.SetU32(g.k.sym.ModuleList, 0) }, "EIP is at [unresolved]"},
		{"module_list is circular", func(g *guest) {
			mod := g.fixups(abi.ModRunning, 1, 1)
			g.k.mem.Set(mod, g.k.lay.Module.Next, mod)
		}, "EIP is at [unresolved]"},
		{"a name is wild", func(g *guest) {
			mod := g.fixups(abi.ModRunning, 1, 1)
			g.k.mem.Set(mod, g.k.lay.Module.Name, 0xffff0000)
		}, "EIP is at ___strtok_R29805c13 [] 0x"},
		{"symbols without end", func(g *guest) {
			mod := g.fixups(abi.ModRunning, 1, 1)
			g.k.mem.Set(mod, g.k.lay.Module.Nsyms, 0x20000000)
			g.k.mem.Set(mod, g.k.lay.Module.Syms, mod)
		}, "EIP is at "},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGuest(t, Config{})
			at := g.put(ud2()...)
			list := g.k.mem.U32(g.k.sym.ModuleList)
			c.spoil(g)
			require.Equal(t, Outcome{Kind: Killed, Signal: abi.SIGSEGV}, g.run(at))
			require.Contains(t, g.k.LogText(), c.want)
			require.Contains(t, g.k.LogText(), "\n<4>Code: 0f 0b ")
			require.Contains(t, strings.Join(g.k.Notes(), "\n"), "2.4.18 would")
			g.k.mem.SetU32(g.k.sym.ModuleList, list)
			next := newProcess(t, g.k, ProcessConfig{})
			require.Equal(t, Returned, next.Syscall(abi.NrGetpid).Kind)
		})
	}
}

// A list that leads to bad memory leaves nothing to print with: the search for a fixup faults, and so does the search for
// that fault's, until the stack has run over everything and the CPU shuts down, here as there.
func TestWildModuleListResetsTheMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	g := newGuest(t, Config{Mem: 24 << 20, MaxInsns: 1 << 32})
	g.k.mem.SetU32(g.k.sym.ModuleList, 0xdeadbee0)
	require.Equal(t, TripleFault, g.run(g.put(ud2()...)).Kind)
}

// Some tasks take the machine with them.
func TestOopsThatPanics(t *testing.T) {
	interrupt := func(g *guest) { g.k.mem.Set(g.k.sym.IRQStat, g.k.lay.IRQCPUStat.LocalIRQCount, 1) }
	pid := func(n uint32) func(*guest) { return func(g *guest) { g.p.task.Set(g.k.lay.Task.Pid, n) } }
	for _, c := range []struct {
		name   string
		set    func(g *guest)
		reason string
		log    string
	}{
		{"in an interrupt", interrupt, "Aiee, killing interrupt handler!", "<4> <0>Kernel panic: Aiee, killing interrupt handler!\n<0>In interrupt handler - not syncing\n"},
		{"init", pid(1), "Attempted to kill init!", "<4> <0>Kernel panic: Attempted to kill init!\n"},
		{"the idle task", pid(0), "Attempted to kill the idle task!", "<4> <0>Kernel panic: Attempted to kill the idle task!\n<0>In idle task - not syncing\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGuest(t, Config{})
			c.set(g)
			o := g.run(g.put(ud2()...))
			require.Equal(t, KernelPanic, o.Kind)
			require.Equal(t, c.reason, o.Reason)
			require.True(t, strings.HasSuffix(g.k.LogText(), c.log), g.k.LogText())
		})
	}
}

// panic() formats its text, tells the notifiers, and stops.
func TestPanic(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	panicAddr, ok := k.profile.Symbol("panic")
	require.True(t, ok)
	seen := g.put(0, 0, 0, 0)
	notifier := func(next uint32, answer uint32) uint32 {
		fn := g.put(code(incWord(seen), movEax(answer), 0xc3)...)
		return g.put(code(fn, next, uint32(0))...)
	}
	last := notifier(0, 0)
	k.mem.SetU32(k.sym.PanicNotifiers, notifier(notifier(last, 0x8000), 1)) // the second forbids the third
	k.mem.SetU32(k.sym.PanicTimeout, 5)
	format := g.put([]byte("x: panic called from init %d\x00")...)
	o := g.run(g.put(code(0x6a, 42, 0x68, format, call(panicAddr))...))
	require.Equal(t, KernelPanic, o.Kind)
	require.Equal(t, "x: panic called from init 42", o.Reason)
	require.Equal(t, "<0>Kernel panic: x: panic called from init 42\n<0>Rebooting in 5 seconds..", k.LogText())
	require.Equal(t, uint32(2), k.mem.U32(seen))
}

// A notifier that faults does not lead to another round of them.
func TestPanicInPanic(t *testing.T) {
	g := newGuest(t, Config{})
	bad := g.put(ud2()...)
	g.k.mem.SetU32(g.k.sym.PanicNotifiers, g.put(code(bad, uint32(0), uint32(0))...))
	g.p.task.Set(g.k.lay.Task.Pid, 1)
	o := g.run(g.put(ud2()...))
	require.Equal(t, KernelPanic, o.Kind)
	require.Equal(t, 2, strings.Count(g.k.LogText(), "Kernel panic: Attempted to kill init!"))
}
