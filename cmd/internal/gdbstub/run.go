// SPDX-License-Identifier: BSD-3-Clause
// Packets that move, and replies that say where it ended.

package gdbstub

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"ring0/cmd/internal/debugger"
)

// move is a movement of the debuggee.
type move func() (debugger.Stop, error)

// run makes a move while it listens for Ctrl-C. What else arrives meanwhile is a mistake of the other side and dropped.
func (s *Server) run(m move) []byte {
	if s.pending != nil { // gdb has been told of libraries first; it stands where that move ended
		stop := *s.pending
		s.pending = nil
		return s.stopReply(stop)
	}
	type end struct {
		stop debugger.Stop
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		stop, err := m()
		ended <- end{stop, err}
	}()
	arrivals := s.arrivals
	var again <-chan time.Time
	for {
		select {
		case e := <-ended:
			s.con.Arrived()
			if e.err != nil {
				return []byte(errRefused)
			}
			return s.arrived(e.stop)
		case a := <-arrivals:
			if a.interrupt || a.err != nil {
				s.dbg.Interrupt()
				again = time.After(interruptAgain)
			}
			if a.err != nil { // answer finds the connection closed when it sends
				arrivals = nil
				s.lost(a)
			}
		case <-again:
			s.dbg.Interrupt()
			again = time.After(interruptAgain)
		}
	}
}

// interruptAgain is how often a move is asked to stand until it does: one that is about to begin does not hear it.
const interruptAgain = 50 * time.Millisecond

// lost keeps the end of the connection for Serve to find.
func (s *Server) lost(a arrival) {
	again := make(chan arrival, 1)
	again <- arrival{err: errors.Join(a.err, io.EOF)}
	s.arrivals = again
}

// forward makes moves until one ends at something to tell.
func (s *Server) forward(m move) move {
	return func() (debugger.Stop, error) {
		from := s.dbg.Position()
		for {
			stop, err := m()
			if err != nil {
				return stop, err
			}
			switch {
			case stop.Reason == debugger.ReasonBreakpoint && stop.Breakpoint == s.loads && s.libraries() == s.known:
				continue
			case stop.Reason == debugger.ReasonOops && s.crash != nil && from == s.crash.told && stop.Position == s.crash.oops:
				continue // gdb has been told of it at the instruction
			case stop.Reason == debugger.ReasonOops:
				return s.beforeFault(from, stop)
			}
			return stop, nil
		}
	}
}

// crash is an oops that gdb has been told of.
type crash struct {
	told debugger.Position // where: before the faulting instruction
	oops debugger.Position // where the kernel prints it
}

// beforeFault goes from an oops to before the instruction that caused it: there its operands can be seen and changed. An oops that is
// reached from behind the instruction is told of where it is.
func (s *Server) beforeFault(from debugger.Position, oops debugger.Stop) (debugger.Stop, error) {
	fault, ok := s.faultOf(oops)
	if !ok || !from.Before(fault) && from.Before(oops.Position) {
		return oops, nil
	}
	at, err := s.dbg.GoTo(fault)
	if err != nil {
		return at, err
	}
	exception, eip := at.Exception, at.EIP
	if at, err = s.dbg.StepInsn(debugger.Backward, 1); err != nil {
		return at, err
	}
	if at.EIP != eip || exception == nil || from.Compare(at.Position) >= 0 && from.Before(oops.Position) {
		return s.dbg.GoTo(oops.Position)
	}
	s.crash = &crash{at.Position, oops.Position}
	at.Reason, at.Exception = debugger.ReasonOops, exception
	return at, nil
}

// faultOf finds the exception that led to an oops: the last one before it at the instruction of its registers.
func (s *Server) faultOf(oops debugger.Stop) (at debugger.Position, ok bool) {
	const ptRegsEIP = 0x28 // offset in struct pt_regs
	var eip [4]byte
	if oops.Frame == 0 || s.dbg.View().ReadMem(oops.Frame+ptRegsEIP, eip[:]) < len(eip) {
		return at, false
	}
	for _, e := range s.dbg.Events() {
		if e.Kind == debugger.EventException && e.Position.Before(oops.Position) {
			at, ok = e.Position, true
		}
	}
	return at, ok
}

// backward makes a backward move. Loads of modules do not stop it. It ends before an access to watched memory, where gdb compares values.
func (s *Server) backward(m move) move {
	return func() (debugger.Stop, error) {
		from := s.dbg.Position()
		if s.loads != 0 {
			_ = s.dbg.Disable(s.loads)
			defer func() { _ = s.dbg.Enable(s.loads) }() // it is there: Serve has set it
		}
		stop, err := m()
		switch {
		case err != nil:
			return stop, err
		case stop.Reason == debugger.ReasonOops:
			return s.beforeFault(from, stop)
		case stop.Reason == debugger.ReasonWatch:
			at, err := s.dbg.StepInsn(debugger.Backward, 1)
			if err == nil && at.Reason == debugger.ReasonStep {
				at.Reason, at.Hits, at.Breakpoint = stop.Reason, stop.Hits, stop.Breakpoint
			}
			return at, err
		}
		return stop, nil
	}
}

func (s *Server) resume(dir debugger.Direction) []byte {
	m := func() (debugger.Stop, error) { return s.dbg.Continue(dir) }
	if dir == debugger.Backward {
		return s.run(s.backward(m))
	}
	return s.run(s.forward(m))
}

func (s *Server) step(dir debugger.Direction) []byte {
	m := func() (debugger.Stop, error) { return s.dbg.StepInsn(dir, 1) }
	if dir == debugger.Backward {
		return s.run(s.backward(m))
	}
	return s.run(s.forward(m))
}

// stepRange steps while it stays at addresses from low to below high.
func (s *Server) stepRange(text string) []byte {
	low, high, ok := span(text)
	if !ok {
		return []byte(errMalformed)
	}
	return s.run(s.forward(func() (debugger.Stop, error) { return s.dbg.StepRange(low, high) }))
}

// continueFrom is "c [addr]"; stepFrom is "s [addr]".
func (s *Server) continueFrom(rest []byte) []byte {
	if !s.jump(rest) {
		return []byte(errMalformed)
	}
	return s.resume(debugger.Forward)
}

func (s *Server) stepFrom(rest []byte) []byte {
	if !s.jump(rest) {
		return []byte(errMalformed)
	}
	return s.step(debugger.Forward)
}

// jump sets EIP if an address is given.
func (s *Server) jump(rest []byte) bool {
	if len(rest) == 0 {
		return true
	}
	addr, err := strconv.ParseUint(string(rest), 16, 32)
	s.crash = nil
	return err == nil && s.dbg.SetReg(debugger.EIP, uint32(addr)) == nil
}

// resumeThreads is vCont: there is one thread, so the first action that is meant for it counts. Signals are not delivered.
func (s *Server) resumeThreads(rest []byte) []byte {
	for action := range bytes.SplitSeq(rest, []byte{';'}) {
		what, thread, has := strings.Cut(string(action), ":")
		if has && !oneThread(thread) || what == "" {
			continue
		}
		switch what[0] {
		case 'c', 'C':
			return s.resume(debugger.Forward)
		case 's', 'S':
			return s.step(debugger.Forward)
		case 'r':
			return s.stepRange(what[1:])
		}
		return []byte(errMalformed)
	}
	return []byte(errMalformed)
}

// arrived is the reply to a move. When gdb does not know of a module, it is told first and asks to go on: then it is told of the stop.
func (s *Server) arrived(stop debugger.Stop) []byte {
	if now := s.libraries(); now != s.known {
		s.known = now
		if stop.Reason != debugger.ReasonBreakpoint || stop.Breakpoint != s.loads {
			s.pending = &stop
		}
		return []byte("T05library:;thread:1;")
	}
	return s.stopReply(stop)
}

// stopReply is a T packet.
func (s *Server) stopReply(stop debugger.Stop) []byte {
	s.last = stop
	var b strings.Builder
	fmt.Fprintf(&b, "T%02x", signal(stop))
	switch stop.Reason {
	case debugger.ReasonWatch:
		for _, h := range stop.Hits {
			fmt.Fprintf(&b, "%s:%x;", s.watchWord(h), h.Addr)
			break
		}
	case debugger.ReasonStart:
		b.WriteString("replaylog:begin;")
	case debugger.ReasonEnded, debugger.ReasonStandstill:
		b.WriteString("replaylog:end;")
	case debugger.ReasonBreakpoint:
		b.WriteString(s.breakWord(stop))
	}
	b.WriteString("thread:1;")
	return []byte(b.String())
}

// breakWord says which kind of breakpoint was hit, if gdb knows the word.
func (s *Server) breakWord(stop debugger.Stop) string {
	for p, id := range s.points {
		switch {
		case id != stop.Breakpoint:
		case p.kind == '0' && s.knows["swbreak+"]:
			return "swbreak:;"
		case p.kind == '1' && s.knows["hwbreak+"]:
			return "hwbreak:;"
		}
	}
	return ""
}

// watchWord is what gdb calls the kind of watchpoint that was hit.
func (s *Server) watchWord(h debugger.WatchHit) string {
	for p, id := range s.points {
		if id == h.Watchpoint {
			switch p.kind {
			case '3':
				return "rwatch"
			case '4':
				return "awatch"
			}
		}
	}
	return "watch"
}

// Signals as gdb numbers them.
const (
	sigInt  = 2
	sigIll  = 4
	sigTrap = 5
	sigAbrt = 6
	sigFPE  = 8
	sigSegv = 11
)

// signal says why it stopped in gdb's words.
func signal(stop debugger.Stop) int {
	const divide, breakpoint, invalid, float, simd = 0, 3, 6, 16, 19
	switch stop.Reason {
	case debugger.ReasonInterrupted:
		return sigInt
	case debugger.ReasonPanic:
		return sigAbrt
	case debugger.ReasonTripleFault, debugger.ReasonOops, debugger.ReasonException:
		if stop.Exception == nil {
			return sigSegv
		}
		switch stop.Exception.Vector {
		case divide, float, simd:
			return sigFPE
		case invalid:
			return sigIll
		case breakpoint:
			return sigTrap
		}
		return sigSegv
	}
	return sigTrap
}
