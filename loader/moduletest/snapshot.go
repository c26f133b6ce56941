// SPDX-License-Identifier: BSD-3-Clause
// Going back to an earlier state of the guest.
//
// A checkpoint of the kernel does it when it can. It cannot when a task has since moved inside a function of the modelled
// kernel, since with checks on, as they mostly are here, no tapes are kept (guestkernel/tape.go). Then the kernel is booted
// anew and all that was done before the snapshot is done again, which comes out the same because nothing in the guest
// depends on the host.

package moduletest

import (
	"slices"

	"ring0/guestkernel"
)

// Snapshot is a state of the guest.
type Snapshot struct {
	owner      *Kernel
	kernel     *guestkernel.Kernel // that checkpoint is of
	checkpoint *guestkernel.Checkpoint
	done       int // operations in the journal
	procs      int
	modules    int
	user       *Process
}

// Snapshot records the present state.
func (k *Kernel) Snapshot() *Snapshot {
	return &Snapshot{owner: k, kernel: k.kernel, checkpoint: k.kernel.Checkpoint(), done: len(k.journal), procs: len(k.procs),
		modules: len(k.modules), user: k.user}
}

// Restore takes the guest back to s, which can be restored again; snapshots that were made later cannot. Processes, files
// and modules that there were then are valid as they were, younger ones are not. What was changed through Guest comes back
// too, unless the kernel has to be booted anew for it.
func (k *Kernel) Restore(s *Snapshot) {
	k.tb.Helper()
	if s.owner != k || s.done > len(k.journal) {
		k.tb.Fatalf("moduletest: the snapshot is another guest's, or younger than one that was restored")
	}
	k.journal = k.journal[:s.done]
	k.procs, k.modules, k.user = k.procs[:s.procs], k.modules[:s.modules], s.user
	if s.kernel == k.kernel && k.kernel.Restorable(s.checkpoint) && k.kernel.Restore(s.checkpoint) == nil {
		return
	}
	if err := k.again(); err != nil {
		k.tb.Fatalf("moduletest: %v", err)
	}
	s.kernel, s.checkpoint = k.kernel, k.kernel.Checkpoint()
}

// again boots and does what the journal says.
func (k *Kernel) again() error {
	k.kernel.Close()
	if err := k.boot(); err != nil {
		return err
	}
	k.depth++
	defer func() { k.depth-- }()
	for _, operation := range slices.Clone(k.journal) {
		operation()
	}
	return nil
}

// Forget gives up a snapshot. Writing to guest memory is a little faster without.
func (k *Kernel) Forget(s *Snapshot) {
	if s.kernel == k.kernel {
		k.kernel.Forget(s.checkpoint)
	}
}

// do makes an operation that changes the guest and remembers it. Operations inside it are a part of it.
func (k *Kernel) do(operation func()) {
	if k.depth == 0 {
		k.journal = append(k.journal, operation)
	}
	k.depth++
	defer func() { k.depth-- }()
	operation()
}
