// SPDX-License-Identifier: BSD-3-Clause

// Package gdbstub is a GDB remote stub over the debugger core: gdb breaks, watches, steps and steps back in a module that runs in
// ring0. It advertises only what it does (gdb manual, appendix E "Remote Protocol").
package gdbstub

import (
	"errors"
	"fmt"
	"io"

	"ring0/cmd/internal/console"
	"ring0/cmd/internal/debugger"
)

// Server serves one debuggee to one gdb after the other.
type Server struct {
	con  *console.Console
	dbg  *debugger.Debugger
	regs []register

	kernel []byte        // the kernel's file, once somebody wanted it
	last   debugger.Stop // the stop gdb has been told of last
	crash  *crash        // the oops likewise

	// Of the connection:
	wire     *wire
	arrivals chan arrival
	points   map[point]int     // breakpoints this gdb has set, by what it calls them
	loads    int               // the breakpoint that notices modules
	known    string            // the list of libraries gdb has been told of
	pending  *debugger.Stop    // a stop gdb will be told of when it goes on
	knows    map[string]bool   // what gdb has said it supports
	files    map[uint64][]byte // open files by number
	killed   bool
}

// point is a breakpoint as Z and z packets name it.
type point struct {
	kind byte
	addr uint32
	size uint32
}

// New returns a server for a debuggee that stands at a stop.
func New(con *console.Console) *Server {
	return &Server{con: con, dbg: con.Debugger(), regs: registers(), last: con.Debugger().LastStop()}
}

// ErrKilled ends serving: gdb has killed the debuggee.
var ErrKilled = errors.New("gdbstub: killed")

// Serve talks to one gdb until it detaches, kills the debuggee (ErrKilled), or the connection ends. What it set is removed, the debuggee
// stands where it stood: another gdb may go on.
func (s *Server) Serve(conn io.ReadWriter) error {
	s.wire, s.points, s.files, s.knows = newWire(conn), map[point]int{}, map[uint64][]byte{}, map[string]bool{}
	s.known, s.pending = noLibraries, nil
	s.arrivals = make(chan arrival)
	var err error
	if s.loads, err = s.dbg.Break(debugger.Location{Kind: debugger.AtModuleLoad}); err != nil {
		return err
	}
	done := make(chan struct{})
	defer close(done)
	defer s.removePoints()
	go s.listen(s.wire, s.arrivals, done)
	for {
		a := <-s.arrivals
		switch {
		case errors.Is(a.err, io.EOF):
			return nil
		case a.err != nil:
			return a.err
		case a.interrupt: // nothing runs
			continue
		case a.again:
			if err := s.wire.resend(); err != nil {
				return err
			}
			continue
		}
		if over, err := s.answer(a.packet); over || err != nil {
			return err
		}
	}
}

// listen passes on what arrives. An arrival with an error is the last.
func (s *Server) listen(w *wire, to chan<- arrival, done <-chan struct{}) {
	for {
		a := w.read()
		select {
		case to <- a:
		case <-done:
			return
		}
		if a.err != nil {
			return
		}
	}
}

func (s *Server) removePoints() {
	_ = s.dbg.Delete(s.loads) // one that is gone already is no loss
	for _, id := range s.points {
		_ = s.dbg.Delete(id)
	}
	s.points, s.loads = nil, 0
}

// answer acknowledges a packet, does what it says and sends the reply.
func (s *Server) answer(packet []byte) (over bool, err error) {
	if err := s.wire.acknowledge(packet != nil); err != nil || packet == nil {
		return false, err
	}
	reply, over := s.handle(packet)
	if err := s.wire.send(reply); err != nil {
		return true, err
	}
	if string(packet) == "QStartNoAckMode" {
		s.wire.noAck.Store(true)
	}
	if s.killed {
		return true, ErrKilled
	}
	return over, nil
}

// Errors as E packets carry them.
const (
	errMalformed = "E16" // EINVAL
	errMemory    = "E0e" // EFAULT
	errRefused   = "E01" // EPERM
)

// packetRow is a packet the stub understands, by its first letters.
type packetRow struct {
	prefix string
	handle func(s *Server, rest []byte) []byte
}

// packets are searched in order: a longer prefix stands before a shorter one.
func packets() []packetRow {
	return []packetRow{
		{"?", (*Server).lastStop},
		{"g", (*Server).readRegisters},
		{"G", (*Server).writeRegisters},
		{"p", (*Server).readRegister},
		{"P", (*Server).writeRegister},
		{"m", (*Server).readMemory},
		{"M", (*Server).writeHex},
		{"X", (*Server).writeBinary},
		{"c", (*Server).continueFrom},
		{"s", (*Server).stepFrom},
		{"bs", func(s *Server, _ []byte) []byte { return s.step(debugger.Backward) }},
		{"bc", func(s *Server, _ []byte) []byte { return s.resume(debugger.Backward) }},
		{"vCont?", func(*Server, []byte) []byte { return []byte("vCont;c;C;s;S;r") }},
		{"vCont;", (*Server).resumeThreads},
		{"vKill", func(s *Server, _ []byte) []byte { s.killed = true; return []byte("OK") }},
		{"k", func(s *Server, _ []byte) []byte { s.killed = true; return []byte("OK") }},
		{"vFile:", (*Server).file},
		{"Z", (*Server).insertPoint},
		{"z", (*Server).removePoint},
		{"H", (*Server).chooseThread},
		{"T", (*Server).threadAlive},
		{"qSupported", (*Server).supported},
		{"qXfer:", (*Server).transfer},
		{"qRcmd,", (*Server).monitor},
		{"qAttached", func(*Server, []byte) []byte { return []byte("1") }},
		{"qC", func(*Server, []byte) []byte { return []byte("QC1") }},
		{"qfThreadInfo", func(*Server, []byte) []byte { return []byte("m1") }},
		{"qsThreadInfo", func(*Server, []byte) []byte { return []byte("l") }},
		{"qThreadExtraInfo,", (*Server).threadInfo},
		{"QStartNoAckMode", func(*Server, []byte) []byte { return []byte("OK") }},
	}
}

// lastStop is "?": the signal alone, since how gdb got there is of another connection.
func (s *Server) lastStop([]byte) []byte { return fmt.Appendf(nil, "T%02xthread:1;", signal(s.last)) }

// handle does what a packet says. An unknown one gets the empty reply; over says that gdb has detached.
func (s *Server) handle(packet []byte) (reply []byte, over bool) {
	text := string(packet)
	if text == "D" || len(text) > 2 && text[:2] == "D;" {
		return []byte("OK"), true
	}
	for _, row := range packets() {
		if !hasPrefix(packet, row.prefix) {
			continue
		}
		return row.handle(s, packet[len(row.prefix):]), false
	}
	return nil, false
}

// hasPrefix matches a packet's name. A name of letters must not go on in letters: "qC" is not "qCRC".
func hasPrefix(packet []byte, name string) bool {
	if len(packet) < len(name) || string(packet[:len(name)]) != name {
		return false
	}
	last := name[len(name)-1]
	isLetter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	if len(name) < 2 || !isLetter(last) || len(packet) == len(name) {
		return true
	}
	return !isLetter(packet[len(name)])
}
