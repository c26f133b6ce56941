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

	"ring0/cmd/internal/debugger"
)

// Signals as gdb numbers them.
const (
	sigInt  = 2
	sigIll  = 4
	sigTrap = 5
	sigAbrt = 6
	sigFPE  = 8
	sigSegv = 11
)

// run makes a move while it listens for Ctrl-C. What else arrives meanwhile is a mistake of the other side and dropped.
func (s *Server) run(move func() (debugger.Stop, error)) []byte {
	type end struct {
		stop debugger.Stop
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		stop, err := move()
		ended <- end{stop, err}
	}()
	arrivals := s.arrivals
	for {
		select {
		case e := <-ended:
			s.con.Arrived()
			if e.err != nil {
				return []byte(errRefused)
			}
			return s.stopReply(e.stop)
		case a := <-arrivals:
			if a.interrupt || a.err != nil {
				s.dbg.Interrupt()
			}
			if a.err != nil { // answer finds the connection closed when it sends
				arrivals = nil
				s.lost(a)
			}
		}
	}
}

// lost keeps the end of the connection for Serve to find.
func (s *Server) lost(a arrival) {
	again := make(chan arrival, 1)
	again <- arrival{err: errors.Join(a.err, io.EOF)}
	s.arrivals = again
}

func (s *Server) resume(dir debugger.Direction) []byte {
	return s.run(func() (debugger.Stop, error) { return s.dbg.Continue(dir) })
}

func (s *Server) step(dir debugger.Direction) []byte {
	return s.run(func() (debugger.Stop, error) { return s.dbg.StepInsn(dir, 1) })
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
	return err == nil && s.dbg.SetReg(debugger.EIP, uint32(addr)) == nil
}

// resumeThreads is vCont: there is one thread, so the first action that is meant for it counts. Signals are not delivered.
func (s *Server) resumeThreads(rest []byte) []byte {
	for action := range bytes.SplitSeq(rest, []byte{';'}) {
		what, thread, has := strings.Cut(string(action), ":")
		if has && thread != "1" && thread != "-1" && thread != "p1.1" || what == "" {
			continue
		}
		switch what[0] {
		case 'c', 'C':
			return s.resume(debugger.Forward)
		case 's', 'S':
			return s.step(debugger.Forward)
		}
		return []byte(errMalformed)
	}
	return []byte(errMalformed)
}

// stopReply is a T packet.
func (s *Server) stopReply(stop debugger.Stop) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "T%02xthread:1;", signal(stop))
	for _, h := range stop.Hits {
		fmt.Fprintf(&b, "%s:%x;", s.watchWord(h), h.Addr)
		break
	}
	switch stop.Reason {
	case debugger.ReasonStart:
		b.WriteString("replaylog:begin;")
	case debugger.ReasonEnded:
		b.WriteString("replaylog:end;")
	case debugger.ReasonBreakpoint:
		if stop.Exception == nil && stop.Module == nil {
			b.WriteString("swbreak:;")
		}
	}
	if now := s.libraries(); now != s.known {
		s.known = now
		b.WriteString("library:;")
	}
	return []byte(b.String())
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

// signal says why it stopped in gdb's words.
func signal(stop debugger.Stop) int {
	const divide, invalid, float, simd = 0, 6, 16, 19
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
		}
		return sigSegv
	}
	return sigTrap
}
