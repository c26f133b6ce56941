// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// fingerprint is everything a program and a report could find out.
func (k *Kernel) fingerprint() string {
	h := sha256.New()
	h.Write(k.m.RAM())
	s := k.m.State()
	fmt.Fprintln(h, s.GPR, s.EIP, s.Eflags, s.Seg, s.CR0, s.CR2, s.CR3, s.CR4, s.CPL, s.Now, k.pic.requested, k.pic.mask)
	fmt.Fprintln(h, k.LogText(), k.ConsoleText(), k.notes, k.nextPID, len(k.tasks), len(k.sched.runnable))
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// TestCheckpointSavesEveryField goes through the types that Kernel's fields lead to. A new field is saved by itself unless
// it is of a kind that cannot be: then it must be listed in keptFields or opaqueTypes, or here, with a reason.
func TestCheckpointSavesEveryField(t *testing.T) {
	constant := map[string]string{ // values that are saved as they are and lead to nothing that changes
		"Outcome.Err":    "errors do not change",
		"Function.Fn":    "set by Boot",
		"object.unwatch": "the machine's snapshot has its watches",
	}
	opaque, kept := opaqueTypes(), keptFields()
	seen := map[reflect.Type]bool{}
	var walk func(typ reflect.Type, path string)
	walk = func(typ reflect.Type, path string) {
		switch typ.Kind() {
		case reflect.Func, reflect.Interface:
			require.Contains(t, constant, path, "%s is a %s: what it keeps cannot be saved", path, typ)
		case reflect.Chan, reflect.UnsafePointer, reflect.Uintptr:
			t.Errorf("%s is a %s: it cannot be saved", path, typ)
		case reflect.Pointer:
			for _, o := range opaque {
				if typ.Elem() == o {
					return
				}
			}
			walk(typ.Elem(), path)
		case reflect.Slice, reflect.Array, reflect.Map:
			walk(typ.Elem(), path)
			if typ.Kind() == reflect.Map {
				walk(typ.Key(), path)
			}
		case reflect.Struct:
			if seen[typ] {
				return
			}
			seen[typ] = true
			require.True(t, typ.PkgPath() == "" || strings.HasPrefix(typ.PkgPath(), "ring0/guestkernel"), "%s: %s", path, typ)
			for i := range typ.NumField() {
				if f := typ.Field(i); kept[typ][f.Name] == "" {
					walk(f.Type, typ.Name()+"."+f.Name)
				}
			}
		}
	}
	walk(reflect.TypeFor[Kernel](), "Kernel")
	for typ, fields := range kept {
		for name := range fields {
			_, exists := typ.FieldByName(name)
			require.True(t, exists, "keptFields lists %s.%s, which is gone", typ.Name(), name)
		}
	}
}

// TestCheckpointOfTheHost goes back between system calls, to before processes that have been made, have ended and were
// killed since.
func TestCheckpointOfTheHost(t *testing.T) {
	g := newGuest(t, Config{Mem: 20 << 20})
	k := g.k
	alloc := g.put(code(0x68, uint32(k.pages.gfp.kernel), 0x68, uint32(100), call(k.functionAt("kmalloc")), 0x83, 0xc4, 8, 0xc3)...)
	crash := g.put(code(0x31, 0xc0, 0x8b, 0x00, 0xc3)...) // mov (%eax),%eax
	other := newProcess(t, k, ProcessConfig{Comm: "other"})
	require.Equal(t, Returned, other.Syscall(abi.NrGetpid).Kind)

	story := func() (said []string) {
		p := newProcess(t, k, ProcessConfig{Comm: "new"})
		say := func(o Outcome) { said = append(said, o.String(), k.fingerprint()) }
		say(p.Syscall(abi.NrGetpid))
		say(g.run(alloc))
		require.NoError(t, other.Close())
		say(g.run(alloc))
		require.Nil(t, k.RunTicks(3))
		say(g.run(crash))
		say(p.Syscall(abi.NrGetpid))
		return said
	}
	cp, before := k.Checkpoint(), k.fingerprint()
	first := story()
	require.Contains(t, first[6], "killed by signal 11")
	for range 3 {
		require.NoError(t, k.Restore(cp))
		require.Equal(t, before, k.fingerprint())
		require.Equal(t, first, story())
	}
	require.NoError(t, k.Restore(cp))
	later := k.Checkpoint()
	require.NoError(t, k.Restore(cp))
	require.False(t, k.Restorable(later), "forgotten with what came after")
	k.Forget(cp)
	require.Error(t, k.Restore(cp))
}

// roundsOfPrintk is a guest with a function that calls two others: a short one, then one that logs five lines with 20,000
// instructions between them.
func roundsOfPrintk(t *testing.T) (g *guest, outer uint32) {
	g = newGuest(t, Config{Mem: 20 << 20})
	text := g.put([]byte("<6>round %d\n\x00")...)
	// push %ebx; mov $5,%ebx; 1: push %ebx; push $text; call printk; add $8,%esp; mov $20000,%ecx; 2: loop 2b; dec %ebx;
	// jnz 1b; pop %ebx; mov $7,%eax; ret
	rounds := g.put(code(0x53, 0xbb, uint32(5), 0x53, 0x68, text, call(g.k.functionAt("printk")), 0x83, 0xc4, 8,
		0xb9, uint32(20_000), 0xe2, 0xfe, 0x4b, 0x75, 0xe6, 0x5b, movEax(7), 0xc3)...)
	short := g.put(code(0xb9, uint32(1000), 0xe2, 0xfe, 0xc3)...)
	return g, g.modelled(func(c *Call) {
		c.Kernel.Call(short)
		c.Return(c.Kernel.Call(rounds))
	})
}

// TestCheckpointOfATask goes back from the monitor inside a long system call to each of some earlier places: to before
// calls of modelled functions, and out of guest functions that one of them has called.
func TestCheckpointOfATask(t *testing.T) {
	straight, outer := roundsOfPrintk(t)
	require.Equal(t, int32(7), straight.result(outer))

	g, outer := roundsOfPrintk(t)
	k, m, start := g.k, g.k.m, g.k.m.Now()
	const end = 80_000
	var cps []*Checkpoint
	prints := map[*Checkpoint]string{}
	var target *Checkpoint
	ended, back := 0, 0
	m.SetMonitor(vm.Monitor{Boundary: func(vm.Boundary) {
		if target != nil {
			require.Equal(t, target.Place(), m.Place())
			require.Equal(t, prints[target], k.fingerprint(), "back at %v", target.Place())
			require.True(t, k.Restorable(target))
			back, target = back+1, nil
			m.MonitorAt(start + end)
			return
		}
		if m.Now()-start < end {
			cp := k.Checkpoint()
			cps, prints[cp] = append(cps, cp), k.fingerprint()
			m.MonitorAt(min(m.Now()+9_000, start+end))
			if m.Now()-start < 2000 {
				m.MonitorAt(m.Now() + 300)
			}
			return
		}
		for target == nil && len(cps) > 0 {
			cp := cps[len(cps)-1]
			cps = cps[:len(cps)-1]
			if k.Restorable(cp) {
				target = cp
				m.MonitorAt(cp.Place().Count)
				require.NoError(t, k.Rewind(cp))
			}
			ended++
		}
	}})
	m.MonitorAt(start + 5) // on the way into the system call
	require.Equal(t, int32(7), g.result(outer))
	require.Greater(t, ended, 2, "the short function's call is over")
	require.Greater(t, back, 8)
	require.Equal(t, straight.k.fingerprint(), k.fingerprint())
}

// TestCheckpointAcrossTasks goes back while the idle task runs to before a process fell asleep, and from there again.
func TestCheckpointAcrossTasks(t *testing.T) {
	const nap = 30_000 // microseconds
	straight := newGuest(t, Config{Mem: 20 << 20})
	require.NoError(t, straight.p.Sleep(nap))

	g := newGuest(t, Config{Mem: 20 << 20})
	k, m := g.k, g.k.m
	var awake *Checkpoint
	var then string
	back := 0
	m.SetMonitor(vm.Monitor{Boundary: func(vm.Boundary) {
		switch {
		case awake == nil:
			awake, then = k.Checkpoint(), k.fingerprint()
			require.Equal(t, g.p.task, k.running)
			m.MonitorAt(m.Now() + 1_000_000)
		case m.Place() == awake.Place():
			require.Equal(t, then, k.fingerprint())
			m.MonitorAt(m.Now() + uint64(back)*700_000)
		case back < 3:
			require.Equal(t, k.sched.idle, k.running)
			back++
			m.MonitorAt(awake.Place().Count)
			require.NoError(t, k.Rewind(awake))
		default:
			m.MonitorAt(vm.Forever)
		}
	}})
	m.MonitorAt(m.Now() + 3)
	require.NoError(t, g.p.Sleep(nap))
	require.Equal(t, 3, back)
	require.Equal(t, straight.k.fingerprint(), k.fingerprint())
}
