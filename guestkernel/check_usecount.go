// SPDX-License-Identifier: BSD-3-Clause
// Checks of use counts: negative ones, and those that files have changed for good.
//
// A module may count uses of its own, or of devices that are up. Looked at are therefore only changes between two moments
// without open files of the module, with at least one open() or close() of such a file between.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// useState is what is known of a module's use count.
type useState struct {
	idle  int32 // the count when no file was open
	valid bool  // idle is known
	open  bool  // files have been open since
}

// negativeUse reports a use count below 0, in words for the moment.
func (ch *checker) negativeUse(m module, moment string) {
	if ch == nil {
		return
	}
	if n := int32(m.get(m.lay().Usecount)); n < 0 {
		ch.report(Finding{Kind: UseCount, Module: m.name(), Text: fmt.Sprintf("the use count is %d %s", n, moment)})
	}
}

// aroundFile runs open or close and looks at the use counts afterwards.
func (ch *checker) aroundFile(c *Call) {
	k := ch.k
	before := ch.openFiles()
	counts := map[uint32]int32{}
	for m := range k.loaded() {
		if m.addr != 0 {
			counts[m.addr] = int32(m.get(m.lay().Usecount))
		}
	}
	c.Fn.Fn(c)
	after := ch.openFiles()
	for m := range k.loaded() {
		if m.addr == 0 || m.flags()&abi.ModRunning == 0 {
			continue
		}
		ch.compareUse(m, counts[m.addr], before[m.addr], after[m.addr], c.Fn.Name)
	}
}

// compareUse looks at one module. was and before are its use count and open files before the call.
func (ch *checker) compareUse(m module, was int32, before, after int, call string) {
	now, s := int32(m.get(m.lay().Usecount)), ch.uses[m.addr]
	if before == 0 {
		s = useState{idle: was, valid: true}
	}
	s.open = s.open || after > 0
	ch.negativeUse(m, "after "+call)
	if after == 0 && s.valid && now != s.idle && (s.open || before == 0) {
		ch.report(Finding{Kind: UseCount, Module: m.name(),
			Text: fmt.Sprintf("the use count is %d with no file open, and was %d before the first open", now, s.idle)})
		s = useState{idle: now, valid: true}
	}
	ch.uses[m.addr] = s
}

// openFiles counts the open files by the module that their operations lie in, or the driver of their terminal.
func (ch *checker) openFiles() map[uint32]int {
	k, lay, count := ch.k, &ch.k.lay.File, map[uint32]int{}
	k.quietly(func() {
		for entry := range k.listMembers("the list of open files", k.sym.AnonList) {
			ops := k.mem.Get(entry-lay.List.Off, lay.Op)
			if owner := k.callingModule(ops); owner.addr != 0 {
				count[owner.addr]++
			}
		}
		for d, files := range k.terminalFiles() {
			if owner := k.callingModule(d); owner.addr != 0 {
				count[owner.addr] += files
			}
		}
	})
	return count
}
