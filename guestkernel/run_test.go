// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Every way a run can end that is not a return, each by its name.
func TestOutcomes(t *testing.T) {
	recurse := code(0xe8, uint32(0xfffffffb)) // call itself
	for _, c := range []struct {
		name string
		code []byte
		want OutcomeKind
	}{
		{"spin", code(0xeb, 0xfe), Limit},
		{"cli; hlt", code(0xfa, 0xf4, 0xc3), Halted},
		{"sti; hlt", code(0xfb, 0xf4, movEax(1), 0xc3), Returned},
		{"recursion without end", recurse, TripleFault},
		{"unknown function", code(call(0xc0105000), 0xc3), Missing},
		{"VMCALL of its own", code(0x0f, 0x01, 0xc1, 0xc3), Killed},
		{"single step", code(0x9c, 0x81, 0x0c, 0x24, uint32(vm.FlagTF), 0x9d, 0x90, movEax(1), 0xc3), Returned},
		{"x87", code(0xd9, 0xe8, 0xdd, 0xd8, movEax(1), 0xc3), Returned}, // #NM switches it on
		{"int 0x80", code(movEax(abi.NrGetpid), 0xcd, 0x80, 0xc3), Returned},
		{"write to kernel text", code(0xc6, 0x05, uint32(0xc0105000), 0x90, movEax(1), 0xc3), Returned},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGuest(t, Config{MaxInsns: 200_000_000})
			at := g.put(c.code...)
			o := g.run(at)
			require.Equal(t, c.want, o.Kind, "%v", o)
			if o.Kind.Final() {
				require.NotEmpty(t, o.Symbol)
				require.Equal(t, o, g.p.Syscall(abi.NrGetpid), "a final outcome stays")
				_, err := g.k.NewProcess(ProcessConfig{})
				require.Error(t, err)
			}
			if o.Kind == Limit {
				require.Equal(t, at, o.EIP)
			}
		})
	}
}

func TestRunGoesOnAfterItsLimit(t *testing.T) {
	g := newGuest(t, Config{MaxInsns: 100_000})
	// mov $1000000,%ecx; 1: loop 1b; mov %ecx,%eax; ret
	at := g.put(code(0xb9, uint32(1_000_000), 0xe2, 0xfe, 0x89, 0xc8, 0xc3)...)
	require.Equal(t, Limit, g.run(at).Kind)
	require.NoError(t, g.k.Extend(400_000))
	require.Equal(t, Limit, g.p.Wait().Kind)
	require.NoError(t, g.k.Extend(10_000_000))
	require.Equal(t, Outcome{Kind: Returned}, g.p.Wait())
	require.Error(t, g.k.Extend(1))
}

// A function that is not written is reported with prototype, arguments and caller; with StubMissing it answers 0.
func TestMissingFunction(t *testing.T) {
	call3 := func(g *guest, e abi.Export) uint32 {
		return g.put(code(0x6a, 0x11, movEax(7), call(e.Addr), 0x59, 0xc3)...)
	}
	g := newGuest(t, Config{})
	e, p := unwritten(t, g.k)
	o := g.run(call3(g, e))
	require.Equal(t, Missing, o.Kind)
	require.Contains(t, o.Reason, e.Name+"(("+p.Params[0].Type.Name+") 0x11) called from c8")
	require.Contains(t, o.Reason, "prototype: "+p.String())
	g = newGuest(t, Config{StubMissing: true})
	require.Equal(t, int32(0), g.result(call3(g, e)))
	require.Contains(t, g.k.Notes()[len(g.k.Notes())-1], e.Name)
}

// unwritten finds an exported function of one structure that is not modelled.
func unwritten(t *testing.T, k *Kernel) (abi.Export, abi.Prototype) {
	for _, e := range k.profile.Exports() {
		p, err := abi.ParsePrototype(e.Prototype)
		if err == nil && k.functions[e.Name] == nil && len(p.Params) == 1 && !abi.Regparm3(e.Name) &&
			strings.HasPrefix(p.Params[0].Type.Name, "struct ") && p.Params[0].Type.Kind == abi.KindPointer {
			return e, p
		}
	}
	t.Skip("every function is written")
	return abi.Export{}, abi.Prototype{}
}

// Modelled code calls guest code in straight-line Go: arguments by convention, nesting, registers back as they were.
func TestInvoke(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	sub := g.put(code(0x8b, 0x44, 0x24, 4, 0x2b, 0x44, 0x24, 8, 0x99, 0xbb, uint32(0xbad), 0xc3)...) // 4(%esp) - 8(%esp), in EDX:EAX; EBX lost
	fast := g.put(code(0x29, 0xd0, 0x29, 0xc8, 0x2b, 0x44, 0x24, 4, 0xc2, 0, 0)...)                  // eax - edx - ecx - 4(%esp)
	back := g.put(code(0xff, 0x15, uint32(0), 0xc3)...)
	var got []uint32
	probe := &Function{Name: "probe", Fn: func(c *Call) {
		before := k.registers()
		got = append(got, k.Call(sub, 30, 12))
		eax, edx := k.Invoke(GuestCall{Fn: sub, Args: []uint32{1, 2}})
		got = append(got, eax, edx)
		eax, _ = k.Invoke(GuestCall{Fn: fast, Args: []uint32{100, 1, 2, 3}, Conv: Regparm3})
		got = append(got, eax)
		eax, _ = k.Invoke(GuestCall{Fn: sub, Args: []uint32{5, 4}, ReturnTo: k.site("sys_init_module", 0x4d9)})
		got = append(got, eax)
		eax, _ = k.Invoke(GuestCall{Fn: g.put(0x89, 0xf0, 0xc3), Regs: &Registers{vm.ESI: 0x1234}})
		got = append(got, eax)
		require.Equal(t, before, k.registers())
		c.Return(6)
	}, Conv: CDecl}
	slotAt := g.put(vmcallRet[:]...)
	k.slots[slotAt] = slot{fn: probe}
	k.mem.SetU32(back+2, g.put(le(slotAt)...))
	require.Equal(t, int32(6), g.result(back))
	require.Equal(t, []uint32{18, 0xffffffff, 0xffffffff, 94, 1, 0x1234}, got)
}

// jiffies counts the timer's interrupts, which come by the number of instructions alone.
func TestJiffies(t *testing.T) {
	g := newGuest(t, Config{MHz: 1})
	perTick := g.k.clock.perTick
	at := g.put(code(0xa1, g.k.sym.Jiffies, 0x8b, 0x4c, 0x24, 4, 0xe2, 0xfe, 0x2b, 0x05, g.k.sym.Jiffies, 0xf7, 0xd8, 0xc3)...)
	ticks := g.result(at, uint32(10*perTick))
	require.InDelta(t, 10, ticks, 1)
	// the same with interrupts off
	quiet := g.put(code(0xfa, 0xff, 0x74, 0x24, 4, call(at), 0x59, 0xfb, 0xc3)...)
	require.Zero(t, g.result(quiet, uint32(10*perTick)), "interrupts off")
}

// Two processes have memory of their own at the same address, and nothing is left of one that has gone.
func TestProcessesAreApart(t *testing.T) {
	k := boot(t, Config{})
	newProcess(t, k, ProcessConfig{}).Close()
	k.reapCaches() // two processes may need one slab more than one
	free, tasks := k.freePageCount(), len(k.tasks)
	first, last := k.mem.Get(k.sym.InitTask, k.lay.Task.NextTask), k.mem.Get(k.sym.InitTask, k.lay.Task.PrevTask)
	a, b := newProcess(t, k, ProcessConfig{}), newProcess(t, k, ProcessConfig{UID: 500, Comm: "other"})
	at, err := a.Alloc(3 * abi.PageSize)
	require.NoError(t, err)
	same, err := b.Alloc(3 * abi.PageSize)
	require.NoError(t, err)
	require.Equal(t, at, same)
	require.NoError(t, a.WriteUser(at+abi.PageSize-2, []byte("mine")))
	got := make([]byte, 4)
	require.NoError(t, b.ReadUser(at+abi.PageSize-2, got))
	require.Equal(t, "\x00\x00\x00\x00", string(got))
	require.Equal(t, int32(0), a.Syscall(abi.NrGetuid).Value)
	require.Equal(t, int32(500), b.Syscall(abi.NrGetuid).Value)
	require.True(t, a.task.Capable(abi.CapSysModule))
	require.False(t, b.task.Capable(abi.CapSysModule))
	require.Equal(t, "other", b.task.Comm())
	require.Equal(t, a.task.Pid()+1, b.task.Pid())
	require.Error(t, a.WriteUser(0xdead0, []byte("x")))
	_, err = a.Alloc(0)
	require.Error(t, err)
	_, err = a.Alloc(0xfffff000)
	require.Error(t, err)
	require.Error(t, a.Map(at, abi.PageSize, ProtRead), "overlap")
	require.Equal(t, Outcome{Kind: Exited, Value: 3}, a.Syscall(abi.NrExit, 3))
	b.Close()
	k.reapCaches()
	require.Equal(t, free, k.freePageCount())
	require.Len(t, k.tasks, tasks)
	require.Equal(t, first, k.mem.Get(k.sym.InitTask, k.lay.Task.NextTask))
	require.Equal(t, last, k.mem.Get(k.sym.InitTask, k.lay.Task.PrevTask))
}

// Two boots, the same calls: the same clock, to the instruction.
func TestDeterminism(t *testing.T) {
	run := func() (uint64, Registers) {
		g := newGuest(t, Config{})
		at := g.put(code(0xb9, uint32(1_000_000), 0xe2, 0xfe, 0xa1, g.k.sym.Jiffies, 0xc3)...)
		g.result(at)
		return g.k.m.Now(), g.k.registers()
	}
	now, regs := run()
	again, regs2 := run()
	require.Equal(t, now, again)
	require.Equal(t, regs, regs2)
}
