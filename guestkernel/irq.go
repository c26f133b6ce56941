// SPDX-License-Identifier: BSD-3-Clause
// Interrupts and their handlers (2.4.18 arch/i386/kernel/irq.c). The controller is in i8259.go, probing in irqprobe.go.
//
// irq_desc, the handlers on it and the controller's table of functions are guest memory; the functions are called where
// guest code finds them.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Bits of an irq_desc_t's status.
const (
	irqInProgress = 1 << iota
	irqDisabled
	irqPending
	irqReplay
	irqAutodetect
	irqWaiting
)

// Flags of request_irq.
const (
	saInterrupt = 0x20000000 // run with interrupts off
	saShared    = 0x04000000
)

func irqFunctions() []Function {
	return []Function{
		{Name: "do_IRQ", Fn: doIRQ, Level: Full},
		{Name: "handle_IRQ_event", Fn: func(c *Call) {
			c.Return(c.Kernel.handleIRQEvent(c.Arg(0), c.Arg(1), c.Arg(2)))
		}, Level: Full},
		{Name: "request_irq", Fn: requestIRQ, Level: Full},
		{Name: "free_irq", Fn: freeIRQ, Level: Full},
		{Name: "disable_irq", Fn: func(c *Call) { c.Kernel.disableIRQ(c.Arg(0)) }, Level: Full},
		{Name: "disable_irq_nosync", Fn: func(c *Call) { c.Kernel.disableIRQ(c.Arg(0)) }, Level: Full},
		{Name: "enable_irq", Fn: func(c *Call) { c.Kernel.enableIRQ(c.Arg(0), c.Caller()) }, Level: Full},
		{Name: "no_action", Fn: func(*Call) {}, Level: Full},
		{Name: "get_irq_list", Fn: getIRQList, Level: Full},
	}
}

// bootIRQ makes every line an 8259A's without a handler, and gives the PC's own devices theirs.
func (k *Kernel) bootIRQ() error {
	lay := &k.lay.IRQDesc
	for line := range uint32(abi.NrIRQs) {
		desc := k.irqDesc(line)
		k.mem.Set(desc, lay.Status, irqDisabled)
		k.mem.Set(desc, lay.Handler, k.sym.I8259Type)
		k.mem.Set(desc, lay.Depth, 1)
	}
	k.boot8259()
	for _, own := range []struct {
		line          uint32
		name, handler string
		action        uint32 // where the compiler put it; 0: request_irq's kmalloc
		flags         uint32
	}{
		{0, "timer", "timer_interrupt", k.sym.IRQ0, saInterrupt},
		{1, "keyboard", "keyboard_interrupt", 0, 0},
		{2, "cascade", "no_action", k.sym.IRQ2, 0},
		{8, "rtc", "rtc_interrupt", 0, saInterrupt},
		{14, "ide0", "ide_intr", 0, saShared},
		{15, "ide1", "ide_intr", 0, saShared},
	} {
		handler, ok := k.profile.Symbol(own.handler)
		if !ok {
			return fmt.Errorf("guestkernel: profile %s has no %s", k.profile.Name, own.handler)
		}
		if own.action == 0 {
			own.action = k.Kmalloc(k.lay.IRQAction.Size, k.pages.gfp.kernel)
		}
		k.fillIRQAction(own.action, irqRequest{handler, own.flags, k.newString(own.name), 0})
		k.setupIRQ(own.line, own.action)
	}
	return nil
}

// irqDesc is the irq_desc_t of a line.
func (k *Kernel) irqDesc(line uint32) uint32 { return k.sym.IRQDesc + line*k.lay.IRQDesc.Size }

// callIRQType calls a function of the line's controller: irq_desc[line].handler->f(line).
func (k *Kernel) callIRQType(line uint32, f abi.Field) {
	k.Call(k.mem.Get(k.mem.Get(k.irqDesc(line), k.lay.IRQDesc.Handler), f), line)
}

// countIRQ adds d to a counter of irq_stat.
func (k *Kernel) countIRQ(f abi.Field, d uint32) {
	k.mem.Set(k.sym.IRQStat, f, k.mem.Get(k.sym.IRQStat, f)+d)
}

// doIRQ models unsigned int do_IRQ(struct pt_regs regs): orig_eax is the line minus 256. The handlers of a line that is
// disabled or being handled do not run; the interrupt stays pending. Afterwards softirqs run, unless the interrupt came
// in one.
func doIRQ(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.IRQDesc
	regs := c.SP() + 4
	line := k.Frame(regs).Get(k.lay.PtRegs.OrigEax) & 0xff
	desc := k.irqDesc(line)
	count := k.sym.Kstat + k.lay.KernelStat.Irqs.Off + 4*line
	k.mem.SetU32(count, k.mem.U32(count)+1)
	k.callIRQType(line, k.lay.IRQType.Ack)
	status := k.mem.Get(desc, lay.Status)&^(irqReplay|irqWaiting) | irqPending
	action := uint32(0)
	if status&(irqDisabled|irqInProgress) == 0 {
		action = k.mem.Get(desc, lay.Action)
		status = status&^irqPending | irqInProgress
	}
	k.mem.Set(desc, lay.Status, status)
	own := c.regs
	c.saveArea(line, regs, action, own[vm.EBX], own[vm.ESI], own[vm.EDI], own[vm.EBP])
	if action != 0 {
		k.runIRQ(line, regs, action)
	}
	k.callIRQType(line, k.lay.IRQType.End)
	if k.softirqPending() != 0 {
		k.doSoftirqFrom(c, k.site("do_IRQ", doIRQSoftirq))
	}
	k.leaveIdle()
	c.Return(1)
}

// runIRQ runs the handlers of a line until it is not pending any more.
func (k *Kernel) runIRQ(line, regs, action uint32) {
	desc, lay := k.irqDesc(line), &k.lay.IRQDesc
	for {
		k.handleIRQEvent(line, regs, action)
		status := k.mem.Get(desc, lay.Status)
		if status&irqPending == 0 {
			k.mem.Set(desc, lay.Status, status&^irqInProgress)
			return
		}
		k.mem.Set(desc, lay.Status, status&^irqPending)
	}
}

// handleIRQEvent models int handle_IRQ_event(unsigned int irq, struct pt_regs *regs, struct irqaction *action): every
// handler of the line is called, with interrupts on unless the first has SA_INTERRUPT.
func (k *Kernel) handleIRQEvent(line, regs, action uint32) uint32 {
	lay := &k.lay.IRQAction
	k.countIRQ(k.lay.IRQCPUStat.LocalIRQCount, 1)
	if k.mem.Get(action, lay.Flags)&saInterrupt == 0 {
		k.sti()
	}
	status := uint32(1)
	for ; action != 0; action = k.mem.Get(action, lay.Next) {
		status |= k.mem.Get(action, lay.Flags)
		k.Call(k.mem.Get(action, lay.Handler), line, k.mem.Get(action, lay.DevId), regs)
	}
	k.cli()
	k.countIRQ(k.lay.IRQCPUStat.LocalIRQCount, ^uint32(0))
	return status
}

// cli and sti switch interrupts off and on for the code that the running task goes on with.
func (k *Kernel) cli() { k.m.SetEflags(k.m.Eflags() &^ eflagsIF) }
func (k *Kernel) sti() { k.m.SetEflags(k.m.Eflags() | eflagsIF) }

// irqSave switches interrupts off; irqRestore brings back what irqSave returned.
func (k *Kernel) irqSave() (flags uint32) {
	flags = k.m.Eflags() & eflagsIF
	k.cli()
	return flags
}

func (k *Kernel) irqRestore(flags uint32) { k.m.SetEflags(k.m.Eflags()&^eflagsIF | flags) }

// irqRequest is what request_irq is asked to enter.
type irqRequest struct{ handler, flags, name, dev uint32 }

func (k *Kernel) fillIRQAction(action uint32, r irqRequest) {
	lay := &k.lay.IRQAction
	k.mem.Set(action, lay.Handler, r.handler)
	k.mem.Set(action, lay.Flags, r.flags)
	k.mem.Set(action, lay.Mask, 0)
	k.mem.Set(action, lay.Name, r.name)
	k.mem.Set(action, lay.DevId, r.dev)
	k.mem.Set(action, lay.Next, 0)
}

// requestIRQ models
//
//	int request_irq(unsigned int irq, void (*handler)(int, void *, struct pt_regs *), unsigned long irqflags,
//	                const char *devname, void *dev_id)
//
// EINVAL for a line there is not or no handler, ENOMEM, EBUSY when the line has a handler and not both share it.
//
// Context: may sleep in kmalloc only.
func requestIRQ(c *Call) {
	k := c.Kernel
	line, r := c.Arg(0), irqRequest{handler: c.Arg(1), flags: c.Arg(2), name: c.Arg(3), dev: c.Arg(4)}
	if r.flags&saShared != 0 && r.dev == 0 {
		name := "<NULL>"
		if r.name != 0 {
			name = k.text(r.name, printkBufLen)
		}
		k.Printk("<4>Bad boy: %s (at 0x%x) called us without a dev_id!\n", name, c.Caller())
	}
	if line >= abi.NrIRQs || r.handler == 0 {
		c.Fail(abi.EINVAL)
		return
	}
	action := k.Kmalloc(k.lay.IRQAction.Size, k.pages.gfp.kernel)
	if action == 0 {
		c.Fail(abi.ENOMEM)
		return
	}
	k.fillIRQAction(action, r)
	if !k.setupIRQ(line, action) {
		k.Kfree(action)
		c.Fail(abi.EBUSY)
		return
	}
	c.Return(0)
}

// setupIRQ puts a handler at the end of a line's list; the first one switches the line on. False when the line cannot be
// shared.
func (k *Kernel) setupIRQ(line, action uint32) bool {
	lay, desc := &k.lay.IRQDesc, k.irqDesc(line)
	link := desc + lay.Action.Off
	first := k.mem.U32(link)
	if first != 0 && k.mem.Get(first, k.lay.IRQAction.Flags)&k.mem.Get(action, k.lay.IRQAction.Flags)&saShared == 0 {
		return false
	}
	flags := k.irqSave()
	for k.mem.U32(link) != 0 {
		link = k.mem.U32(link) + k.lay.IRQAction.Next.Off
	}
	k.mem.SetU32(link, action)
	if first == 0 {
		k.mem.Set(desc, lay.Depth, 0)
		k.mem.Set(desc, lay.Status, k.mem.Get(desc, lay.Status)&^(irqDisabled|irqAutodetect|irqWaiting|irqInProgress))
		k.startLine(line)
	}
	k.irqRestore(flags)
	return true
}

// startLine lets the controller deliver a line. While booting there is no task yet whose stack a call could use.
func (k *Kernel) startLine(line uint32) {
	if k.running == nil {
		k.unmaskLine(line)
		return
	}
	k.callIRQType(line, k.lay.IRQType.Startup)
}

// freeIRQ models void free_irq(unsigned int irq, void *dev_id): takes the handler with that dev_id off the line; the last
// one switches the line off.
func freeIRQ(c *Call) {
	k, line := c.Kernel, c.Arg(0)
	if line >= abi.NrIRQs {
		return
	}
	lay, desc := &k.lay.IRQDesc, k.irqDesc(line)
	flags := k.irqSave()
	link := desc + lay.Action.Off
	action := k.mem.U32(link)
	for action != 0 && k.mem.Get(action, k.lay.IRQAction.DevId) != c.Arg(1) {
		link = action + k.lay.IRQAction.Next.Off
		action = k.mem.U32(link)
	}
	if action == 0 {
		k.Printk("<4>Trying to free free IRQ%d\n", line)
		k.irqRestore(flags)
		return
	}
	k.mem.SetU32(link, k.mem.Get(action, k.lay.IRQAction.Next))
	if k.mem.Get(desc, lay.Action) == 0 {
		k.mem.Set(desc, lay.Status, k.mem.Get(desc, lay.Status)|irqDisabled)
		k.callIRQType(line, k.lay.IRQType.Shutdown)
	}
	k.irqRestore(flags)
	k.Kfree(action)
}

// disableIRQ models void disable_irq(unsigned int irq). On one CPU no handler can be running that it would wait for.
func (k *Kernel) disableIRQ(line uint32) {
	lay, desc := &k.lay.IRQDesc, k.irqDesc(line)
	flags := k.irqSave()
	depth := k.mem.Get(desc, lay.Depth)
	k.mem.Set(desc, lay.Depth, depth+1)
	if depth == 0 {
		k.mem.Set(desc, lay.Status, k.mem.Get(desc, lay.Status)|irqDisabled)
		k.callIRQType(line, k.lay.IRQType.Disable)
	}
	k.irqRestore(flags)
}

// enableIRQ models void enable_irq(unsigned int irq): undoes one disable_irq. An interrupt that came meanwhile is raised
// again.
func (k *Kernel) enableIRQ(line, caller uint32) {
	lay, desc := &k.lay.IRQDesc, k.irqDesc(line)
	flags := k.irqSave()
	switch depth := k.mem.Get(desc, lay.Depth); depth {
	case 0:
		k.Printk("<4>enable_irq(%d) unbalanced from %08x\n", line, caller)
	case 1:
		status := k.mem.Get(desc, lay.Status) &^ irqDisabled
		if status&(irqPending|irqReplay) == irqPending {
			status |= irqReplay
			k.raiseLine(line)
		}
		k.mem.Set(desc, lay.Status, status)
		k.callIRQType(line, k.lay.IRQType.Enable)
		k.mem.Set(desc, lay.Depth, 0)
	default:
		k.mem.Set(desc, lay.Depth, depth-1)
	}
	k.irqRestore(flags)
}

// getIRQList models int get_irq_list(char *buf): the text of /proc/interrupts.
func getIRQList(c *Call) {
	text := c.Kernel.InterruptsText()
	c.Kernel.mem.Write(c.Arg(0), append([]byte(text), 0))
	c.Return(uint32(len(text)))
}

// InterruptsText is /proc/interrupts: every line with a handler, how often it came, whose it is.
func (k *Kernel) InterruptsText() string {
	var b strings.Builder
	b.WriteString("           CPU0       \n")
	counts := k.sym.Kstat + k.lay.KernelStat.Irqs.Off
	for line := range uint32(abi.NrIRQs) {
		desc := k.irqDesc(line)
		action := k.mem.Get(desc, k.lay.IRQDesc.Action)
		if action == 0 {
			continue
		}
		name := k.mem.Get(k.mem.Get(desc, k.lay.IRQDesc.Handler), k.lay.IRQType.Typename)
		fmt.Fprintf(&b, "%3d: %10d  %14s", line, k.mem.U32(counts+4*line), k.text(name, printkBufLen))
		separator := "  "
		for ; action != 0; action = k.mem.Get(action, k.lay.IRQAction.Next) {
			b.WriteString(separator + k.text(k.mem.Get(action, k.lay.IRQAction.Name), printkBufLen))
			separator = ", "
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "NMI: %10d \n", k.mem.Get(k.sym.IRQStat, k.lay.IRQCPUStat.NMICount))
	fmt.Fprintf(&b, "ERR: %10d\n", k.mem.U32(k.sym.IRQErrCount))
	return b.String()
}
