// SPDX-License-Identifier: BSD-3-Clause

// Delivering exceptions and interrupts: who is first, double faults,
// shutdown.
//
// Intel SDM vol. 3, 6.9 "Prioritization of concurrent events", 6.15
// "Interrupt 8: double fault exception", tables 6-4 and 6-5. What happens
// at the gate is in gate.go.

package vm

import "ring0/vm/x86"

// An event is one interrupt or exception on its way through the IDT.
type event struct {
	fault
	kind eventKind
	next uint32 // EIP to come back to
}

type eventKind uint8

const (
	evFault    eventKind = iota // an exception that restarts its instruction: pushes RF set
	evTrap                      // #DB after an instruction
	evSoftware                  // INT n, INT3, INTO: subject to the gate's DPL
	evExternal                  // INTR, NMI
	evICEBP                     // F1: like INT 1 without the DPL check
)

// ext is the EXT bit of error codes made while the event is delivered: set
// unless the program asked for the interrupt itself.
func (k eventKind) ext() uint32 {
	if k == evSoftware {
		return 0
	}
	return 1
}

// hasErrorCode tells the exceptions that push one.
const hasErrorCode = 1<<VecDF | 1<<VecTS | 1<<VecNP | 1<<VecSS | 1<<VecGP | 1<<VecPF | 1<<VecAC

// takeInterrupt delivers what is due before the next instruction: the debug
// trap of the last one, an NMI, or an external interrupt. It returns true
// when it delivered something; c.exit is then exitNone or exitShutdown.
func (c *CPU) takeInterrupt() bool {
	switch {
	case c.sys.trap != 0:
		c.deliverDebugTrap()
	case c.nmi:
		c.nmi, c.sys.nmiBlocked = false, true
		c.deliverEvent(&event{fault: fault{vector: VecNMI}, kind: evExternal, next: c.eip})
	case c.intrLine && c.flags&FlagIF != 0 && c.m.intc != nil:
		vector := c.m.intc.Acknowledge()
		c.deliverEvent(&event{fault: fault{vector: vector}, kind: evExternal, next: c.eip})
	default:
		if !c.stepping() {
			c.sys.midRep = false
		}
		return false
	}
	c.sys.midRep = false
	return true
}

// NMI raises a non-maskable interrupt. While one is being handled (until
// IRET) one more is remembered.
func (m *Machine) NMI() {
	c := &m.cpu
	if c.sys.nmiBlocked {
		c.sys.nmiLatched = true
		return
	}
	c.nmi = true
	c.endSliceBy(c.now())
}

// unblockNMI is what every IRET does.
func (c *CPU) unblockNMI() {
	if c.sys.nmiBlocked {
		c.sys.nmiBlocked = false
		c.nmi = c.nmi || c.sys.nmiLatched
		c.sys.nmiLatched = false
	}
}

// deliverPending delivers the exception in c.pending. c.eip is where to come
// back to: the faulting instruction, or the one after a trap.
func (c *CPU) deliverPending() {
	ev := event{fault: c.pending, next: c.eip}
	if c.exit == exitTrap && ev.vector == VecDB {
		ev.kind = evTrap
	}
	c.deliverEvent(&ev)
}

// deliverEvent takes ev through the IDT, and whatever faults arise on the
// way. Afterwards c.exit is exitNone, or exitShutdown.
func (c *CPU) deliverEvent(ev *event) {
	for {
		c.exit = exitNone
		if c.m.mon.on {
			c.m.lookAtFault(ev)
		}
		if c.deliver(ev) {
			c.exit = exitNone
			c.m.Mark()
			return
		}
		second := c.pending
		switch c.combine(ev, second.vector) {
		case serially:
			*ev = event{fault: second, next: c.eip}
		case doubleFault:
			*ev = event{fault: fault{vector: VecDF, hasErr: true}, next: c.eip}
		case shutdown:
			c.exit = exitShutdown
			return
		}
	}
}

// What two exceptions make together.
type combination uint8

const (
	serially combination = iota
	doubleFault
	shutdown
)

// contributory exceptions (SDM vol. 3, table 6-4). All others but #PF and
// #DF are benign.
const contributory = 1<<VecDE | 1<<VecTS | 1<<VecNP | 1<<VecSS | 1<<VecGP

// combine says what follows from a second exception while first was being
// delivered (SDM vol. 3, table 6-5). Interrupts are benign whatever their
// vector.
func (c *CPU) combine(first *event, second uint8) combination {
	if first.kind != evFault {
		return serially
	}
	bad := contributory>>second&1 != 0
	switch {
	case first.vector == VecDF:
		if bad || second == VecPF {
			return shutdown
		}
	case contributory>>first.vector&1 != 0:
		if bad {
			return doubleFault
		}
	case first.vector == VecPF:
		if bad || second == VecPF {
			return doubleFault
		}
	}
	return serially
}

// deliver takes one event through the IDT or, in real mode, the interrupt
// vector table. On false a fault is pending; c.exit is exitFault when nothing
// changed, exitTrap when a task switch was done and the fault belongs to the
// new task.
func (c *CPU) deliver(ev *event) bool {
	if c.cr0&CR0PE == 0 {
		return c.deliverReal(ev)
	}
	c.sys.ext = ev.kind.ext()
	ok := c.throughGate(ev)
	c.sys.ext = 0
	return ok
}

// deliverReal uses the real-mode table of far pointers (SDM vol. 3, 20.1.4).
// No error code is pushed.
func (c *CPU) deliverReal(ev *event) bool {
	at := uint32(ev.vector) * 4
	// The vector must lie within the table.
	if at+3 > uint32(c.idtr.limit) {
		return c.raiseErr(VecGP, 0)
	}
	ptr, ok := c.readSys(c.idtr.base+at, 4)
	if !ok {
		return false
	}
	// The stack must take three words.
	var t stackTop
	c.currentStack(&t)
	frame := [...]uint32{c.eflags(), uint32(c.seg[x86.CS].sel), ev.next}
	if !c.pushAll(&t, 2, frame[:]) {
		return false
	}
	c.recordEvent(uint32(ptr) & 0xffff)
	c.gpr[x86.ESP] = t.sp
	c.flags &^= FlagIF | FlagTF | FlagRF | FlagAC
	c.seg[x86.CS] = c.realSegment(c.seg[x86.CS], uint16(ptr>>16))
	c.updateMode()
	c.eip = uint32(ptr) & 0xffff
	return true
}
