// SPDX-License-Identifier: BSD-3-Clause
// Asking for a module (2.4.18 kernel/kmod.c request_module). The program that answers is the host's: Config.Modprobe.

package guestkernel

import "ring0/guestkernel/abi"

// kmodState is who waits for the host's modprobe. It is empty whenever the host has control.
type kmodState struct{ waiting []moduleRequest }

// moduleRequest is one call of request_module.
type moduleRequest struct {
	name string
	task *Task
}

func modprobeFunctions() []Function {
	return []Function{{Name: "request_module", Fn: requestModule, Level: Full}}
}

// requestModule models int request_module(const char *name): 0 once modprobe has been started, whatever came of it.
//
// Context: may sleep.
func requestModule(c *Call) {
	c.Kernel.requestModule(c.Kernel.nameAt(c.Arg(0)))
	c.Return(0)
}

// requestModule has the host load a module. Without a modprobe it says what the real kernel does when there is no program at
// modprobe_path.
func (k *Kernel) requestModule(name string) {
	if k.cfg.Modprobe == nil {
		k.Printk("<3>kmod: failed to exec %s -s -k %s, errno = %d\n", k.nameAt(k.sym.ModprobePath), name, abi.ENOENT)
		return
	}
	t := k.running
	t.asks = true
	k.drv.kmod.waiting = append(k.drv.kmod.waiting, moduleRequest{name, t})
	for kept(k, func() bool { return t.asks }) {
		t.Set(k.lay.Task.State, abi.TaskUninterruptible)
		k.Schedule()
	}
}

// serveModprobe answers those who wait. The host has control.
func (k *Kernel) serveModprobe() {
	for len(k.drv.kmod.waiting) > 0 {
		r := k.drv.kmod.waiting[0]
		k.drv.kmod.waiting = k.drv.kmod.waiting[1:]
		if err := k.cfg.Modprobe(k, r.name); err != nil {
			k.note("modprobe %s: %v", r.name, err)
		}
		r.task.asks = false
		k.Wake(r.task)
	}
}
