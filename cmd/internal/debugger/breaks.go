// SPDX-License-Identifier: BSD-3-Clause

// Breakpoints and watchpoints at work: where they lie, and whether one is met.

package debugger

import (
	"bytes"
	"fmt"
	"slices"

	"ring0/guestkernel"
	"ring0/vm"
)

// breakpoint is a Breakpoint of the user's.
type breakpoint struct{ Breakpoint }

// watchpoint is a Watchpoint of the user's, or of a search's own.
type watchpoint struct{ Watchpoint }

// trigger is what breakpoints and watchpoints have in common.
type trigger struct {
	id           int
	oneShot      bool
	ignore, hits *uint64
	when         Condition
}

func (b *breakpoint) trigger() trigger {
	return trigger{b.ID, b.OneShot, &b.Ignore, &b.Hits, b.When}
}

func (p *watchpoint) trigger() trigger {
	return trigger{p.ID, p.OneShot, &p.Ignore, &p.Hits, p.When}
}

// resolveAll finds out where the breakpoints lie.
func (d *Debugger) resolveAll() {
	for _, b := range d.points {
		b.Addrs = d.resolve(b.Location)
	}
	d.armed++
}

// resolve returns the addresses of a location; none for one that is no place
// in code, or nowhere yet.
func (d *Debugger) resolve(at Location) (addrs []uint32) {
	switch at.Kind {
	case AtAddress:
		return []uint32{at.Addr}
	case AtSymbol:
		for _, a := range d.symbol(at.Symbol) {
			addrs = append(addrs, a+at.Offset)
		}
	case AtLine:
		if d.cfg.Resolver != nil {
			addrs = d.cfg.Resolver.Line(at.File, at.Line)
		}
	case AtSyscall:
		if entry, ok := d.w.k.EntrySymbols()["system_call"]; ok {
			addrs = []uint32{entry}
		}
	case AtModuleInit, AtModuleExit:
		for _, m := range d.modules {
			if fn := m.function(at.Kind); fn != 0 && (at.Symbol == "" || at.Symbol == m.name) {
				addrs = append(addrs, fn)
			}
		}
	}
	slices.Sort(addrs)
	return slices.Compact(addrs)
}

func (m *moduleInfo) function(k LocationKind) uint32 {
	if k == AtModuleExit {
		return m.cleanup
	}
	return m.init
}

// symbol returns the addresses of a name: of debug information, of the
// modules' symbol tables, of the kernel.
func (d *Debugger) symbol(name string) (addrs []uint32) {
	if d.cfg.Resolver != nil {
		if addrs = d.cfg.Resolver.Symbol(name); len(addrs) > 0 {
			return addrs
		}
	}
	for _, img := range d.w.images {
		for _, s := range img.Image.Symbols {
			if s.Name == name {
				addrs = append(addrs, s.Addr)
			}
		}
	}
	if len(addrs) > 0 {
		return addrs
	}
	if a, ok := d.w.k.EntrySymbols()[name]; ok {
		return []uint32{a}
	}
	for _, s := range d.w.k.Profile().SymbolsNamed(name) {
		addrs = append(addrs, s.Addr)
	}
	return addrs
}

// noteModule keeps a module's functions when it is loaded and when it goes.
func (d *Debugger) noteModule(n guestkernel.Notice) {
	if n.Kind != guestkernel.ModuleLoaded && n.Kind != guestkernel.ModuleLeaves {
		return
	}
	i := slices.IndexFunc(d.modules, func(m moduleInfo) bool { return m.addr == n.Addr && m.name == n.Module })
	if i < 0 {
		i = len(d.modules)
		d.modules = append(d.modules, moduleInfo{name: n.Module, addr: n.Addr, size: n.Size})
	}
	if n.Kind == guestkernel.ModuleLoaded {
		d.modules[i].init = n.Fn
	} else {
		d.modules[i].cleanup = n.Fn
	}
	d.resolveAll()
}

// armBreaks has the machine's breakpoints and watches as the plan wants them.
func (w *world) armBreaks(active bool) {
	p := w.plan
	now := armedFor{p, w.d.armed, active}
	if w.armed == now && !p.rearm {
		return
	}
	w.armed, p.rearm = now, false
	want := map[uint32]bool{}
	if active {
		want = p.wantedBreaks(w.d)
	}
	for a := range w.breaks {
		if !want[a] {
			w.m.ClearBreakpoint(a)
			delete(w.breaks, a)
		}
	}
	for a := range want {
		if !w.breaks[a] {
			w.m.SetBreakpoint(a)
			w.breaks[a] = true
		}
	}
	if active {
		w.armWatches(p.wantedWatches(w.d))
	} else {
		w.armWatches(nil)
	}
}

// armedFor is what the machine's breakpoints and watches are for.
type armedFor struct {
	plan   *plan
	tables int  // Debugger.armed
	active bool // plan.from has been reached
}

// wantedBreaks are the addresses that are armed under the plan.
func (p *plan) wantedBreaks(d *Debugger) map[uint32]bool {
	want := map[uint32]bool{}
	for a := range p.runTo {
		want[a] = true
	}
	if !p.breaks || p.watch != nil {
		return want
	}
	for _, b := range d.points {
		for _, a := range b.Addrs {
			if !b.Disabled {
				want[a] = true
			}
		}
	}
	return want
}

// wantedWatches are the watchpoints that are armed under the plan.
func (p *plan) wantedWatches(d *Debugger) []*watchpoint {
	switch {
	case p.watch != nil:
		return p.watch
	case p.breaks:
		return slices.DeleteFunc(slices.Clone(d.watched), func(w *watchpoint) bool { return w.Disabled })
	}
	return nil
}

func (w *world) armWatches(want []*watchpoint) {
	for old, mark := range w.watches {
		if !slices.Contains(want, old) {
			w.m.Unwatch(mark)
			delete(w.watches, old)
		}
	}
	for _, p := range want {
		if w.watches[p] == nil {
			w.watches[p] = w.m.Watch(vm.Watched{
				First: p.Range.Addr, Last: p.Range.Addr + p.Range.Size - 1,
				Read: p.Kind == WatchRead || p.Kind == WatchAccess, Write: p.Kind != WatchRead,
			})
		}
	}
}

// met collects the breakpoints and watchpoints that m meets and whose
// condition holds.
func (w *world) met(m *moment) (stop *Stop, met []trigger) {
	s := &Stop{Position: m.place, EIP: w.m.EIP(), Hits: w.hits(m)}
	if m.kind == atFault {
		s.Exception = w.exception(m)
	}
	consider := func(t trigger, why Reason) {
		if t.when != nil {
			if ok, err := t.when(View{w.k, s}); err != nil {
				s.Text = fmt.Sprintf("condition of %d: %v", t.id, err)
			} else if !ok {
				return
			}
		}
		met = append(met, t)
		if stop == nil {
			stop = s
			s.Reason = why
		}
	}
	for _, b := range w.d.points {
		if !b.Disabled && w.lies(b, m) {
			consider(b.trigger(), ReasonBreakpoint)
		}
	}
	for _, p := range w.plan.wantedWatches(w.d) {
		if slices.ContainsFunc(s.Hits, func(h WatchHit) bool { return h.Watchpoint == p.ID && w.counts(p, h) }) {
			consider(p.trigger(), ReasonWatch)
		}
	}
	return stop, met
}

// lies tells whether b is for m.
func (w *world) lies(b *breakpoint, m *moment) bool {
	at := b.Location
	switch {
	case at.Kind == AtException:
		return m.kind == atFault && (at.Number < 0 || at.Number == int(m.fault.Vector))
	case at.Kind == AtModuleLoad:
		return m.kind == atNotice && m.notice.Kind == guestkernel.ModuleLoaded && (at.Symbol == "" || at.Symbol == m.notice.Module)
	case at.Kind == AtCount:
		return m.kind == atBoundary && w.passed < at.Count && at.Count <= m.place.Count
	case m.kind != atBoundary || !m.brk || !slices.Contains(b.Addrs, w.m.EIP()):
		return false
	}
	return at.Kind != AtSyscall || at.Number < 0 || at.Number == int(w.m.Reg(vm.EAX))
}

// hits are the accesses of m in the words of Stop.
func (w *world) hits(m *moment) (hits []WatchHit) {
	for _, e := range m.hits {
		for p, mark := range w.watches {
			if mark != e.Range {
				continue
			}
			h := WatchHit{Watchpoint: p.ID, Addr: e.Addr, Size: uint32(e.Size), Write: e.Write, Old: e.Old, New: e.New,
				EIP: e.EIP, Position: Position(e.Place)}
			if e.Host {
				h.Host = w.writer(e.EIP)
				h.Size = p.Range.Size
			}
			hits = append(hits, h)
		}
	}
	slices.SortStableFunc(hits, func(a, b WatchHit) int { return a.Watchpoint - b.Watchpoint })
	return hits
}

// writer names the modelled function that wrote: the one at eip, or, where that has called guest code since, the
// innermost one that has not returned.
func (w *world) writer(eip uint32) string {
	if name, _, ok := w.k.Profile().Lookup(eip); ok {
		return name
	}
	if t := w.k.Running(); t != nil {
		if served := t.ServedCalls(); len(served) > 0 {
			name, _, _ := w.k.Profile().Lookup(served[len(served)-1].Slot)
			return name
		}
	}
	return ""
}

// counts tells whether an access is one that the watchpoint is for.
func (w *world) counts(p *watchpoint, h WatchHit) bool {
	return p.Kind != WatchChange || !bytes.Equal(h.Old, h.New)
}

// exception describes the exception of m.
func (w *world) exception(m *moment) *Exception {
	return &Exception{Vector: m.fault.Vector, HasCode: m.fault.HasCode, ErrorCode: m.fault.Code, CR2: w.m.CR(2), EIP: w.m.EIP()}
}

var exceptionNames = map[uint8]string{
	vm.VecDE: "divide error", vm.VecDB: "debug", vm.VecNMI: "NMI", vm.VecBP: "int3", vm.VecOF: "overflow", vm.VecBR: "bounds",
	vm.VecUD: "invalid opcode", vm.VecNM: "device not available", vm.VecDF: "double fault", vm.VecTS: "invalid TSS",
	vm.VecNP: "segment not present", vm.VecSS: "stack segment", vm.VecGP: "general protection", vm.VecPF: "page fault",
	vm.VecMF: "x87 error", vm.VecAC: "alignment check", vm.VecMC: "machine check", vm.VecXM: "SIMD exception",
}

// String is the exception in words.
func (e *Exception) String() string {
	s := exceptionNames[e.Vector]
	if s == "" {
		s = fmt.Sprintf("exception %d", e.Vector)
	}
	if e.Vector == vm.VecPF {
		s += fmt.Sprintf(" at %08x", e.CR2)
	}
	if e.HasCode {
		s += fmt.Sprintf(", error code %04x", e.ErrorCode)
	}
	return fmt.Sprintf("%s, eip %08x", s, e.EIP)
}

// forwards is the match of a forward move: the first thing worth stopping for.
func (d *Debugger) forwards(w *world, m *moment) bool {
	stop, met := w.met(m)
	stays := false
	for _, t := range met {
		*t.hits++
		if *t.ignore > 0 {
			*t.ignore--
			continue
		}
		if !stays {
			stop.Breakpoint, stays = t.id, true
		}
		if t.oneShot {
			d.remove(t.id)
		}
	}
	if !stays {
		stop = d.caught(w, m)
	}
	w.plan.stop = stop
	return stop != nil
}

// backwards is the match of a search backwards. It changes nothing; ignore
// counts and one-shots are for forward moves.
func (d *Debugger) backwards(w *world, m *moment) *Stop {
	stop, met := w.met(m)
	if stop == nil {
		return d.caught(w, m)
	}
	stop.Breakpoint = met[0].id
	return stop
}

// caught is the stop at an event that stops by itself.
func (d *Debugger) caught(w *world, m *moment) *Stop {
	if m.kind != atNotice {
		return nil
	}
	switch k := m.notice.Kind; {
	case k == guestkernel.OopsBegins && !d.cfg.Catch.NoOops, k == guestkernel.PanicBegins && !d.cfg.Catch.NoPanic,
		k == guestkernel.RunEnds && m.notice.Outcome.Kind != guestkernel.KernelPanic:
		s := &Stop{Position: m.place, EIP: w.m.EIP()}
		d.describeNotice(s, m)
		return s
	}
	return nil
}

// describeNotice fills in what a notice says.
func (d *Debugger) describeNotice(s *Stop, m *moment) {
	n := m.notice
	switch n.Kind {
	case guestkernel.OopsBegins:
		s.Reason, s.Text, s.Frame = ReasonOops, n.Text, n.Frame
	case guestkernel.PanicBegins:
		s.Reason, s.Text = ReasonPanic, n.Text
	case guestkernel.RunEnds:
		s.Reason, s.Outcome, s.Text = ReasonStandstill, n.Outcome, n.Outcome.String()
		if n.Outcome.Kind == guestkernel.TripleFault {
			s.Reason = ReasonTripleFault
		}
	case guestkernel.ModuleLoaded, guestkernel.ModuleLeaves:
		s.Module = &ModuleEvent{n.Module, n.Addr, n.Size, n.Fn}
	}
}
