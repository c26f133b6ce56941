// SPDX-License-Identifier: BSD-3-Clause
// Notifier chains: who wants to be called when something happens (2.4.18 kernel/sys.c, linux/notifier.h).

package guestkernel

import "ring0/guestkernel/abi"

func notifierFunctions() []Function {
	reboot := func(k *Kernel) uint32 { return k.sym.RebootNotifiers }
	return []Function{
		{Name: "notifier_chain_register", Level: Full, Fn: func(c *Call) { c.Kernel.addNotifier(c.Arg(0), c.Arg(1)); c.Return(0) }},
		{Name: "notifier_chain_unregister", Level: Full, Fn: func(c *Call) { c.removeNotifier(c.Arg(0), c.Arg(1)) }},
		{Name: "notifier_call_chain", Level: Full, Fn: func(c *Call) {
			c.Return(c.Kernel.callNotifiers("a notifier chain", c.Arg(0), c.Arg(1), c.Arg(2)))
		}},
		{Name: "register_reboot_notifier", Level: Full, Fn: func(c *Call) { c.Kernel.addNotifier(reboot(c.Kernel), c.Arg(0)); c.Return(0) }},
		{Name: "unregister_reboot_notifier", Level: Full, Fn: func(c *Call) { c.removeNotifier(reboot(c.Kernel), c.Arg(0)) }},
	}
}

// addNotifier puts a notifier_block into the chain whose head is at list: before the first of lower priority.
func (k *Kernel) addNotifier(list, block uint32) {
	lay := &k.lay.NotifierBlock
	priority := int32(k.mem.Get(block, lay.Priority))
	for other := range k.chain("a notifier chain", k.mem.U32(list), lay.Next) {
		if priority > int32(k.mem.Get(other, lay.Priority)) {
			break
		}
		list = other + lay.Next.Off
	}
	k.mem.Set(block, lay.Next, k.mem.U32(list))
	k.mem.SetU32(list, block)
}

// removeNotifier takes a notifier_block out of a chain and returns 0, or ENOENT when it is not in it.
func (c *Call) removeNotifier(list, block uint32) {
	k, lay := c.Kernel, &c.Kernel.lay.NotifierBlock
	c.Return(0)
	for other := range k.chain("a notifier chain", k.mem.U32(list), lay.Next) {
		if other == block {
			k.mem.SetU32(list, k.mem.Get(block, lay.Next))
			return
		}
		list = other + lay.Next.Off
	}
	c.Fail(abi.ENOENT)
}

// callNotifiers calls the functions of a chain in its order, until one forbids the rest, and returns what the last said.
func (k *Kernel) callNotifiers(what string, list, event, data uint32) (result uint32) {
	lay := &k.lay.NotifierBlock
	for block := range k.chain(what, k.mem.U32(list), lay.Next) {
		result = k.Call(k.mem.Get(block, lay.NotifierCall), block, event, data)
		if result&notifyStopMask != 0 {
			break
		}
	}
	return result
}
