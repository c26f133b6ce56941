// SPDX-License-Identifier: BSD-3-Clause
// Checks: looking for what modules do wrong and 2.4 does not notice (Config.Check).
//
// The checker stands around the functions that modules call (callhook.go) and hears of objects that come and go (slab.go,
// vmalloc.go, pages.go), of modules (module_init.go, module_delete.go) and of guest calls (guestcall.go).
//
//	check.go           the checker; which module calls
//	check_context.go   sleeping and user memory where neither may be
//	check_object.go    slab objects: quarantine, red zones, double frees
//	check_access.go    who reads and writes objects
//	check_resource.go  pages, areas, and what is registered
//	check_unload.go    what a module leaves behind
//	check_usecount.go  use counts
//	finding.go         what was found
//
// With checks on a module's kmalloc takes a little more than it asks for, and what it gives back is not handed out again for
// a while: addresses differ from those of a run without.

package guestkernel

// checker is the host side of the checks.
type checker struct {
	k        *Kernel
	findings []*Finding
	seen     map[findingKey]*Finding
	modules  []codeOwner            // by age; a module stays until it is deleted
	calls    map[*Task][]moduleCall // calls by modules that each task is inside of, outermost first
	busy     bool                   // the checker itself reads memory

	objects    map[uint32]*object   // slab objects of modules by address, also those in quarantine
	pages      map[uint32][]*object // the same by each page they touch
	taken      int                  // objects so far
	quarantine []*object            // given back, oldest first
	held       uint32               // bytes of those
	releasing  bool                 // objects leave the quarantine
	caches     map[uint32]uint32    // sizes that modules asked of their caches, by address

	resources []*resource // what modules have taken, oldest first
	takers    map[string][]*resourceRow
	givers    map[string][]*resourceRow
	sleepers  map[string]int
	uses      map[uint32]useState
}

// moduleCall is a call of a modelled function by a module.
type moduleCall struct {
	function string
	caller   uint32
	from     codeOwner
}

// startChecks switches the checks on, at the end of booting.
func (k *Kernel) startChecks() {
	ch := &checker{
		k: k, sleepers: sleepers(), takers: map[string][]*resourceRow{}, givers: map[string][]*resourceRow{}, seen: map[findingKey]*Finding{}, calls: map[*Task][]moduleCall{}, objects: map[uint32]*object{},
		pages: map[uint32][]*object{}, caches: map[uint32]uint32{}, uses: map[uint32]useState{},
	}
	for _, row := range resourceRows() {
		ch.takers[row.take] = append(ch.takers[row.take], &row)
		ch.givers[row.give] = append(ch.givers[row.give], &row)
		if row.all != "" {
			ch.givers[row.all] = append(ch.givers[row.all], &row)
		}
	}
	k.looking.check = ch
	k.mem.look = ch.kernelAccess
	k.watchUserAccess()
}

// around runs a modelled function for its caller and checks what can be checked from outside.
func (ch *checker) around(c *Call, from codeOwner) {
	if from.addr == 0 {
		ch.aroundOwn(c)
		return
	}
	t := ch.k.running
	call := moduleCall{c.Fn.Name, c.caller(), from}
	ch.calls[t] = append(ch.calls[t], call)
	defer func() {
		if ch.calls[t] = ch.calls[t][:len(ch.calls[t])-1]; len(ch.calls[t]) == 0 {
			delete(ch.calls, t)
		}
	}()
	ch.mayNotSleep(c, call)
	args := ch.resourceArgs(c)
	c.Fn.Fn(c)
	ch.afterCall(c, call, args)
}

// aroundOwn runs a function that a module did not call: of interest are system calls alone.
func (ch *checker) aroundOwn(c *Call) {
	t := ch.k.running
	// What the kernel does on its own account, also for a module that waits below, is not that module's.
	hidden := ch.calls[t]
	delete(ch.calls, t)
	defer func() {
		if hidden != nil {
			ch.calls[t] = hidden
		}
	}()
	switch c.Fn.Name {
	case "sys_open", "sys_close":
		ch.aroundFile(c)
	default:
		c.Fn.Fn(c)
	}
}

// call is the innermost call by a module that the running task is inside of; ok is false outside of any.
func (ch *checker) call() (c moduleCall, ok bool) {
	if ch == nil {
		return c, false
	}
	calls := ch.calls[ch.k.running]
	if len(calls) == 0 {
		return c, false
	}
	return calls[len(calls)-1], true
}
