// SPDX-License-Identifier: BSD-3-Clause

package debugger

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ring0/cmd/internal/session"
	"ring0/guestkernel"
	"ring0/vm"
)

// fingerprint is everything that can be seen of the debuggee: registers, RAM, log, what the kernel remarks.
func (d *Debugger) fingerprint() string {
	h := sha256.New()
	m, k := d.w.m, d.w.k
	h.Write(m.RAM())
	s := m.State()
	fmt.Fprintln(h, s.GPR, s.EIP, s.Eflags, s.Seg, s.LDTR, s.TR, s.GDTR, s.IDTR, s.CR0, s.CR2, s.CR3, s.CR4, s.DR, s.CPL, s.Halted, s.Now)
	fmt.Fprintln(h, m.FPU(), k.LogText(), k.ConsoleText(), k.Notes(), d.at.kind, d.at.place)
	return fmt.Sprintf("%x at %v, eip %08x", h.Sum(nil)[:8], d.at.place, s.EIP)
}

// straight is the fingerprint of a run that goes to p without a stop or a checkpoint, making the edits on its way.
func straight(t require.TestingT, cfg Config, edits []Edit, p Position) string {
	d := &Debugger{cfg: cfg, files: map[string][]byte{}}
	require.NoError(t, d.boot())
	defer d.Close()
	d.edits = edits
	d.w.replayEdits(d.at.place)
	require.NoError(t, d.travel(p, Forward))
	require.Equal(t, p, d.at.place)
	return d.fingerprint()
}

// fewChecks keeps the test short and the same in every run, unless rapid's flags say otherwise.
func fewChecks(t *testing.T) {
	for name, value := range map[string]string{"rapid.checks": "10", "rapid.seed": "1"} {
		f := flag.Lookup(name)
		require.NotNil(t, f, name)
		if f.Value.String() == f.DefValue {
			require.NoError(t, f.Value.Set(value))
			t.Cleanup(func() { require.NoError(t, f.Value.Set(f.DefValue)) })
		}
	}
}

// TestWalk goes forwards and backwards at random, with breakpoints and edits, and compares every state with that of a
// straight run.
func TestWalk(t *testing.T) {
	fewChecks(t)
	for _, story := range []struct{ then, file string }{
		{"rmmod hello", "hello.o"},                   // a few hundred instructions
		{"sleep 0.02", "timer.o"},                    // interrupts, an idle machine
		{"sleep 0.01; rmmod kthread", "kthread.o"},   // tasks that come and go
		{"sleep 0.02; rmmod sleepers", "sleepers.o"}, // tasks that sleep in many functions
		{"", "fixup.o"},                              // faults that are made good
		{"", "oops.o"},                               // one that is not
	} {
		t.Run(story.file, func(t *testing.T) {
			cfg := Config{Session: session.Config{Kernel: guestkernel.Config{Mem: 20 << 20}, Then: story.then,
				Modules: []session.Module{{File: modules + story.file}}}}
			rapid.Check(t, func(t *rapid.T) { walk(t, cfg) })
		})
	}
	for _, program := range []string{"waits", "signals"} { // processes that wait for each other
		t.Run(program, func(t *testing.T) {
			cfg := Config{Session: session.Config{Kernel: guestkernel.Config{Mem: 20 << 20},
				Program: &session.Program{File: programs + program}}}
			rapid.Check(t, func(t *rapid.T) { walk(t, cfg) })
		})
	}
}

func walk(t *rapid.T, cfg Config) {
	d, err := Start(cfg)
	require.NoError(t, err)
	defer d.Close()
	d.every = rapid.SampledFrom([]uint64{300, 3000, 30_000}).Draw(t, "checkpoint every")
	_, err = d.GoTo(Position{Count: rapid.SampledFrom([]uint64{0, 10_000, 300_000}).Draw(t, "explore")})
	require.NoError(t, err)
	move := func(f func() (Stop, error)) func(*rapid.T) {
		return func(t *rapid.T) {
			s, err := f()
			require.NoError(t, err)
			require.Equal(t, d.Position(), s.Position)
		}
	}
	dir := rapid.SampledFrom([]Direction{Forward, Backward})
	for _, name := range []string{"printk", "kfree", "add_timer", "init_module", "schedule"} {
		_, err := d.Break(Location{Kind: AtSymbol, Symbol: name})
		require.NoError(t, err)
	}
	_, err = d.Break(Location{Kind: AtException, Number: vm.VecPF})
	require.NoError(t, err)
	moves := map[string]func(*rapid.T){
		"continue": func(t *rapid.T) { move(func() (Stop, error) { return d.Continue(dir.Draw(t, "dir")) })(t) },
		"step": func(t *rapid.T) {
			move(func() (Stop, error) { return d.StepInsn(dir.Draw(t, "dir"), rapid.Uint64Range(1, 90).Draw(t, "n")) })(t)
		},
		"next":   func(t *rapid.T) { move(func() (Stop, error) { return d.Next(dir.Draw(t, "dir")) })(t) },
		"finish": func(t *rapid.T) { move(func() (Stop, error) { return d.Finish(dir.Draw(t, "dir")) })(t) },
		"watch": func(t *rapid.T) {
			at := Range{d.View().Registers().ESP - rapid.Uint32Range(0, 64).Draw(t, "below")*4, rapid.Uint32Range(1, 16).Draw(t, "size")}
			kind := rapid.SampledFrom([]WatchKind{WatchWrite, WatchRead, WatchAccess, WatchChange}).Draw(t, "kind")
			if at.check() == nil {
				_, err := d.AddWatchpoint(Watchpoint{Range: at, Kind: kind, OneShot: true})
				require.NoError(t, err)
			}
		},
		"last write": func(t *rapid.T) {
			if at := (Range{d.View().Registers().ESP, 4}); at.check() == nil {
				move(func() (Stop, error) { return d.LastWrite(at) })(t)
			}
		},
		"goto": func(t *rapid.T) {
			to := Position{Count: rapid.Uint64Range(0, d.Explored().Count+1000).Draw(t, "count")}
			move(func() (Stop, error) { return d.GoTo(to) })(t)
		},
		"edit": func(t *rapid.T) {
			if d.LastStop().Reason == ReasonEnded || d.at.kind == atNotice {
				return
			}
			r := rapid.SampledFrom([]Register{EAX, ECX, EDX, EFLAGS, ES, CS, SS, DS, FS, GS, LDTR, CR0, CR2, CR4, DR0, DR7, ST0, MM0 + 3, XMM0 + 1, FCTRL,
				FSTAT, FTAG, MXCSR}).Draw(t, "register")
			value := rapid.SliceOfN(rapid.Byte(), r.Size(), r.Size()).Draw(t, "value")
			if r.Size() == 2 && rapid.Bool().Draw(t, "selector") {
				value = []byte{byte(rapid.SampledFrom([]int{0x10, 0x18, 0x23, 0x2b, 0xa8}).Draw(t, "one")), 0}
			}
			before, edits := d.fingerprint(), len(d.Edits())
			if err := d.SetRegister(r, value); err != nil {
				require.Equal(t, before, d.fingerprint(), "refused: %v", err)
				require.Len(t, d.Edits(), edits)
			}
		},
	}
	names := []string{"continue", "continue", "step", "step", "next", "goto", "goto", "edit", "finish", "watch", "last write"}
	for range rapid.IntRange(3, 12).Draw(t, "moves") {
		moves[rapid.SampledFrom(names).Draw(t, "move")](t)
	}
	if d.at.kind != atStart {
		require.Equal(t, straight(t, cfg, d.Edits(), d.Position()), d.fingerprint())
	}
}

// TestGoBackWhateverTasksDo goes to and fro in runs in which tasks sleep and wake each other all the time. Every place is
// reached from a checkpoint, without booting again, and looks as in a straight run.
func TestGoBackWhateverTasksDo(t *testing.T) {
	fewChecks(t)
	const from, to = 300_000, 5_000_000
	for name, cfg := range longRuns() {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Session: cfg}
			cfg.Session.Kernel = guestkernel.Config{Mem: 20 << 20, MaxInsns: to + 1000}
			d, err := Start(cfg)
			require.NoError(t, err)
			defer d.Close()
			d.every = 40_000
			_, err = d.GoTo(Position{Count: to})
			require.NoError(t, err)
			world := d.w
			rapid.Check(t, func(t *rapid.T) {
				for range 8 {
					s, err := d.GoTo(Position{Count: rapid.Uint64Range(from, to).Draw(t, "to")})
					require.NoError(t, err)
					require.Same(t, world, d.w, "booted again")
					if rapid.IntRange(0, 3).Draw(t, "look") == 0 {
						require.Equal(t, straight(t, cfg, nil, s.Position), d.fingerprint())
					}
				}
			})
		})
	}
}
