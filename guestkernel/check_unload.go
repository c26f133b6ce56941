// SPDX-License-Identifier: BSD-3-Clause
// Checks of what a module leaves behind: after its cleanup, or when insmod takes it away because its init failed.

package guestkernel

import (
	"fmt"
	"maps"
	"slices"

	"ring0/guestkernel/abi"
)

// givesObjects are functions whose result the caller must free. What others allocate on the way is the kernel's own affair.
const givesObjects = " kmalloc kmem_cache_alloc alloc_skb skb_clone skb_copy pskb_copy skb_copy_expand skb_realloc_headroom " +
	"sock_kmalloc sock_wmalloc sock_rmalloc sk_alloc alloc_etherdev init_etherdev alloc_fddidev alloc_fcdev alloc_trdev "

// moduleGoes is told of a module whose memory is about to be freed.
func (ch *checker) moduleGoes(m module) {
	if ch == nil {
		return
	}
	k, owner := ch.k, ch.k.ownerOf(m)
	ch.busy = true
	defer func() { ch.busy = false }()
	ch.pinSymbols(owner)
	for _, look := range []func(codeOwner){ch.pendingTimers, ch.boundInterrupts, ch.queuedWork, ch.openEntries, ch.livingTasks} {
		k.quietly(func() { look(owner) })
	}
	ch.heldResources(owner)
	ch.heldObjects(owner)
	ch.modules = slices.DeleteFunc(ch.modules, func(o codeOwner) bool { return o.addr == owner.addr })
	delete(ch.uses, owner.addr)
	k.clearProbes(owner.addr, owner.addr+owner.size-1)
}

// pinSymbols names the places in the module that objects remember, while they have names.
func (ch *checker) pinSymbols(owner codeOwner) {
	for _, o := range ch.objects {
		if owner.has(o.allocated.EIP) && o.allocated.Symbol == "" {
			o.allocated = ch.place(o.allocated.EIP)
		}
	}
}

// leftKey groups what was taken at one place.
type leftKey struct {
	at  uint32
	how string
}

// heldObjects reports slab objects.
func (ch *checker) heldObjects(owner codeOwner) {
	left := map[leftKey][]*object{}
	var order []leftKey
	byAge := slices.SortedFunc(maps.Values(ch.objects), func(a, b *object) int { return a.serial - b.serial })
	for _, o := range byAge {
		if o.owner.addr != owner.addr {
			continue
		}
		o.owner = codeOwner{name: owner.name}
		if o.freed != nil || !o.result {
			continue
		}
		key := leftKey{o.allocated.EIP, o.how}
		if left[key] == nil {
			order = append(order, key)
		}
		left[key] = append(left[key], o)
	}
	for _, key := range order {
		objects, size := left[key], uint32(0)
		for _, o := range objects {
			size += o.size
		}
		text := fmt.Sprintf("%s from %s not freed", byteCount(size), key.how)
		if len(objects) > 1 {
			text = fmt.Sprintf("%s in %d objects from %s not freed", byteCount(size), len(objects), key.how)
		}
		ch.report(Finding{Kind: Leak, Module: owner.name, Text: text, Allocated: &objects[0].allocated})
	}
}

// heldResources reports what rows keep track of.
func (ch *checker) heldResources(owner codeOwner) {
	ch.resources = slices.DeleteFunc(ch.resources, func(r *resource) bool {
		if r.owner.addr != owner.addr {
			return false
		}
		at := ch.place(r.at)
		f := Finding{Kind: StillRegistered, Module: owner.name, Text: r.text + " from " + r.row.take + " is not given back", Allocated: &at}
		if r.row.memory {
			f.Kind, f.Text = Leak, r.text+" from "+r.row.take+" is not freed"
		}
		ch.report(f)
		return true
	})
}

// dangling reports something through which the kernel will call into the module.
func (ch *checker) dangling(owner codeOwner, text string, fn, structure uint32) {
	f := Finding{Kind: Dangling, Module: owner.name, Text: text, At: ch.place(fn)}
	if o := ch.objects[structure]; o != nil {
		f.Allocated = &o.allocated
	}
	ch.report(f)
}

// pendingTimers finds timers that lie in the module or call it.
func (ch *checker) pendingTimers(owner codeOwner) {
	k, lay := ch.k, &ch.k.lay.Timer
	for n := range timerVectors {
		for i := range vectorLength(n) {
			for entry := range k.listMembers("a list of timers", k.timerList(n, i)) {
				timer := entry - lay.List.Off
				if fn := k.mem.Get(timer, lay.Function); owner.has(fn) || owner.has(timer) {
					ch.dangling(owner, "a timer is pending", fn, timer)
				}
			}
		}
	}
}

// boundInterrupts finds interrupt handlers in the module.
func (ch *checker) boundInterrupts(owner codeOwner) {
	k, lay := ch.k, &ch.k.lay.IRQAction
	for line := range uint32(abi.NrIRQs) {
		first := k.mem.Get(k.irqDesc(line), k.lay.IRQDesc.Action)
		for action := range k.chain("the handlers of an interrupt", first, lay.Next) {
			if fn := k.mem.Get(action, lay.Handler); owner.has(fn) {
				ch.dangling(owner, fmt.Sprintf("the handler of interrupt %d is not given back", line), fn, action)
			}
		}
	}
}

// queuedWork finds tasklets and entries of task queues that lie in the module or call it.
func (ch *checker) queuedWork(owner codeOwner) {
	k, tasklet, work := ch.k, &ch.k.lay.Tasklet, &ch.k.lay.TaskQueue
	for _, list := range []uint32{k.sym.TaskletVec, k.sym.TaskletHiVec} {
		for t := range k.chain("a list of tasklets", k.mem.U32(list), tasklet.Next) {
			if fn := k.mem.Get(t, tasklet.Func); owner.has(fn) || owner.has(t) {
				ch.dangling(owner, "a tasklet is scheduled", fn, t)
			}
		}
	}
	for _, queue := range []uint32{k.sym.TqTimer, k.sym.TqImmediate, k.sym.TqDisk, k.sym.TqContext} {
		for entry := range k.listMembers("a task queue", queue) {
			if fn := k.mem.Get(entry-work.List.Off, work.Routine); owner.has(fn) || owner.has(entry) {
				ch.dangling(owner, "an entry of a task queue is waiting", fn, entry-work.List.Off)
			}
		}
	}
}

// openEntries finds files in /proc that belong to the module or call it.
func (ch *checker) openEntries(owner codeOwner) {
	ch.entriesBelow(owner, ch.k.sym.ProcRoot, "/proc", 0)
}

func (ch *checker) entriesBelow(owner codeOwner, dir uint32, path string, depth int) {
	const deepest = 16
	k, lay := ch.k, &ch.k.lay.ProcDirEntry
	for e := range k.procEntries(dir) {
		name := path + "/" + string(k.mem.Bytes(k.mem.Get(e, lay.Name), min(k.mem.Get(e, lay.Namelen), 256)))
		o := ch.objects[e]
		mine := o != nil && o.owner.addr == owner.addr || k.mem.Get(e, lay.Owner) == owner.addr
		for _, fn := range []uint32{k.mem.Get(e, lay.ReadProc), k.mem.Get(e, lay.WriteProc), k.mem.Get(e, lay.GetInfo), k.mem.Get(e, lay.ProcFops)} {
			mine = mine || owner.has(fn)
		}
		if mine {
			f := Finding{Kind: StillRegistered, Module: owner.name, Text: name + " is not removed"}
			if o != nil {
				f.Allocated = &o.allocated
			}
			ch.report(f)
		}
		if k.mem.Get(e, lay.Mode)&modeKind == modeDir && depth < deepest {
			ch.entriesBelow(owner, e, name, depth+1)
		}
	}
}

// livingTasks finds kernel threads that run the module's code.
func (ch *checker) livingTasks(owner codeOwner) {
	k := ch.k
	for _, t := range k.everyTask() {
		if !t.dead && owner.has(t.entry) {
			ch.dangling(owner, fmt.Sprintf("kernel thread %d (%s) runs", t.Pid(), t.Comm()), t.entry, 0)
		}
	}
}

// sortedKeys are a map's keys in order.
func sortedKeys[V any](m map[uint32]V) []uint32 {
	keys := make([]uint32, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
