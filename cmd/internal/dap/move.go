// SPDX-License-Identifier: BSD-3-Clause
// Moves in both directions of time, and what is told when one has ended.

package dap

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-dap"

	"ring0/cmd/internal/debugger"
)

// theThread is the only thread there is: the CPU.
const theThread = 1

// movement is a move under way on a goroutine of its own.
type movement struct {
	ended chan struct{} // closed when stop, err and says are there
	stop  debugger.Stop
	err   error
	says  string // of a command: its answer

	resumable bool             // interrupted for requests that are held, it goes on afterwards
	paused    bool             // it is to end
	retry     <-chan time.Time // when it is to be asked again to stand; nil: it has not been asked
	began     time.Time
	reporting bool // progress has been told of
}

// again is how often a move is asked to stand until it does: one that is about to begin does not hear it.
const again = 50 * time.Millisecond

// interrupt asks the move under way to stand.
func (s *Server) interrupt() {
	s.moving.retry = time.After(again)
	s.dbg.Interrupt()
}

// move starts a move.
func (s *Server) move(f func(m *movement) (debugger.Stop, error)) *movement {
	m := &movement{ended: make(chan struct{}), began: time.Now()}
	s.moving, s.handles, s.targets = m, nil, nil
	go func() {
		defer close(m.ended)
		m.stop, m.err = f(m)
	}()
	return m
}

// run continues in a direction.
func (s *Server) run(dir debugger.Direction) {
	m := s.move(func(*movement) (debugger.Stop, error) { return s.dbg.Continue(dir) })
	m.resumable = dir == debugger.Forward
}

// arrived is called when the move under way has ended.
func (s *Server) arrived() error {
	m := s.moving
	s.moving = nil
	s.con.Arrived()
	if m.reporting {
		s.send("progressEnd", &dap.ProgressEndEvent{Body: dap.ProgressEndEventBody{ProgressId: progressID}})
	}
	if m.says != "" {
		s.output("console", m.says)
	}
	waiting := s.held
	s.held = nil
	goesOn := m.err == nil && m.resumable && !m.paused && len(waiting) > 0 && m.stop.Reason == debugger.ReasonInterrupted
	if !goesOn {
		s.tell(m)
	}
	for _, request := range waiting {
		if err := s.serve(request); err != nil {
			return err
		}
	}
	if goesOn && s.moving == nil && !s.over {
		s.run(debugger.Forward)
	}
	return nil
}

// tell sends what a move has ended with.
func (s *Server) tell(m *movement) {
	if m.err != nil {
		s.output("console", m.err.Error()+"\n")
		s.stopped(s.dbg.LastStop())
		return
	}
	if s.launch.NoDebug && m.stop.Reason == debugger.ReasonEnded {
		s.log()
		s.finished(m.stop.Result)
		return
	}
	s.stopped(m.stop)
}

// stopped tells of a stop.
func (s *Server) stopped(stop debugger.Stop) {
	s.handles, s.targets = nil, nil
	s.log()
	s.verify()
	body := dap.StoppedEventBody{Reason: "step", ThreadId: theThread, AllThreadsStopped: true, Text: s.con.Reason()}
	switch stop.Reason {
	case debugger.ReasonStart:
		body.Reason, body.Description = "entry", "Paused at the start"
	case debugger.ReasonBreakpoint, debugger.ReasonWatch:
		body.Reason = s.breakReason(stop.Breakpoint)
		body.HitBreakpointIds = []int{stop.Breakpoint}
	case debugger.ReasonException, debugger.ReasonOops, debugger.ReasonPanic, debugger.ReasonTripleFault:
		body.Reason, body.Description = "exception", "Paused on "+stop.Reason.String()
	case debugger.ReasonInterrupted:
		body.Reason = "pause"
	case debugger.ReasonEnded, debugger.ReasonStandstill:
		body.Reason, body.Description = "pause", "The run has ended: step back, or continue to close the session"
	}
	if len(stop.Hits) > 0 {
		h := stop.Hits[0]
		body.Text = fmt.Sprintf("%#x was read", h.Addr)
		if h.Write {
			body.Text = fmt.Sprintf("%#x was % x, is % x", h.Addr, h.Old, h.New)
		}
	}
	s.send("stopped", &dap.StoppedEvent{Body: body})
}

// breakReason is the kind of a breakpoint in the protocol's words.
func (s *Server) breakReason(id int) string {
	for kind, list := range s.points {
		for _, p := range list {
			switch {
			case p.id != id:
			case kind == functionPoints:
				return "function breakpoint"
			case kind == instructionPoints:
				return "instruction breakpoint"
			case kind == dataPoints:
				return "data breakpoint"
			case kind == exceptionPoints:
				return "exception"
			}
		}
	}
	return "breakpoint"
}

// log sends what is new in the kernel's log. Going back takes nothing back; going on again says nothing twice, unless it differs.
func (s *Server) log() {
	text := s.dbg.View().Kernel().LogText()
	switch {
	case strings.HasPrefix(s.printed, text):
		return
	case strings.HasPrefix(text, s.printed):
		s.output("stdout", text[len(s.printed):])
	default:
		same := 0
		for same < len(text) && same < len(s.printed) && text[same] == s.printed[same] {
			same++
		}
		same = strings.LastIndexByte(text[:same], '\n') + 1
		s.output("console", "(another history from here on)\n")
		s.output("stdout", text[same:])
	}
	s.printed = text
}

func (s *Server) output(category, text string) {
	s.send("output", &dap.OutputEvent{Body: dap.OutputEventBody{Category: category, Output: text}})
}

const (
	progressID = "move"
	patience   = 300 * time.Millisecond // a move that has ended by then has no progress worth telling of
)

// report tells how far a long move has come.
func (s *Server) report(p debugger.Progress) error {
	if s.moving == nil || !s.init.SupportsProgressReporting || time.Since(s.moving.began) < patience {
		return nil
	}
	title := "Running"
	if p.Direction == debugger.Backward || p.Replaying {
		title = "Travelling in time"
	}
	if !s.moving.reporting {
		s.moving.reporting = true
		s.send("progressStart", &dap.ProgressStartEvent{Body: dap.ProgressStartEventBody{ProgressId: progressID, Title: title}})
	}
	body := dap.ProgressUpdateEventBody{ProgressId: progressID, Message: fmt.Sprintf("%d instructions", p.At.Count)}
	if p.Goal.Count != 0 && p.Goal.Count != ^uint64(0) {
		body.Percentage = int(min(100, 100*p.At.Count/p.Goal.Count))
	}
	s.send("progressUpdate", &dap.ProgressUpdateEvent{Body: body})
	return nil
}

func (s *Server) onThreads(*dap.ThreadsRequest) (dap.ResponseMessage, error) {
	return &dap.ThreadsResponse{Body: dap.ThreadsResponseBody{Threads: []dap.Thread{{Id: theThread, Name: "CPU 0"}}}}, nil
}

func (s *Server) onPause(*dap.PauseRequest) (dap.ResponseMessage, error) {
	if s.moving == nil {
		return nil, errors.New("nothing runs")
	}
	s.moving.paused = true
	s.interrupt()
	return &dap.PauseResponse{}, nil
}

// onContinue runs forwards. At the end of the run it closes the session.
func (s *Server) onContinue(*dap.ContinueRequest) (dap.ResponseMessage, error) {
	if stop := s.dbg.LastStop(); stop.Reason == debugger.ReasonEnded {
		s.then(func() { s.finished(stop.Result) })
	} else {
		s.then(func() { s.run(debugger.Forward) })
	}
	return &dap.ContinueResponse{Body: dap.ContinueResponseBody{AllThreadsContinued: true}}, nil
}

func (s *Server) onReverseContinue(*dap.ReverseContinueRequest) (dap.ResponseMessage, error) {
	s.then(func() { s.run(debugger.Backward) })
	return &dap.ReverseContinueResponse{}, nil
}

// byLine says whether a step goes by lines: unless told otherwise, where there are lines.
func (s *Server) byLine(g dap.SteppingGranularity) bool {
	_, ok := s.con.Table().LineOf(s.con.PC())
	return ok && g != "instruction"
}

// step makes a move by lines or by instructions behind the response.
func (s *Server) step(dir debugger.Direction, g dap.SteppingGranularity, line, instruction func(debugger.Direction) (debugger.Stop, error)) {
	f := instruction
	if s.byLine(g) {
		f = line
	}
	s.then(func() { s.move(func(*movement) (debugger.Stop, error) { return f(dir) }) })
}

func (s *Server) onNext(r *dap.NextRequest) (dap.ResponseMessage, error) {
	s.step(debugger.Forward, r.Arguments.Granularity, s.dbg.NextLine, s.dbg.Next)
	return &dap.NextResponse{}, nil
}

func (s *Server) onStepIn(r *dap.StepInRequest) (dap.ResponseMessage, error) {
	s.step(debugger.Forward, r.Arguments.Granularity, s.dbg.StepLine,
		func(dir debugger.Direction) (debugger.Stop, error) { return s.dbg.StepInsn(dir, 1) })
	return &dap.StepInResponse{}, nil
}

func (s *Server) onStepOut(*dap.StepOutRequest) (dap.ResponseMessage, error) {
	s.then(func() { s.move(func(*movement) (debugger.Stop, error) { return s.dbg.Finish(debugger.Forward) }) })
	return &dap.StepOutResponse{}, nil
}

func (s *Server) onStepBack(r *dap.StepBackRequest) (dap.ResponseMessage, error) {
	s.step(debugger.Backward, r.Arguments.Granularity, s.dbg.NextLine, s.dbg.Next)
	return &dap.StepBackResponse{}, nil
}

// onGotoTargets lists where a line's code begins.
func (s *Server) onGotoTargets(r *dap.GotoTargetsRequest) (dap.ResponseMessage, error) {
	addrs, line := s.con.Table().AddrsOf(s.debugName(r.Arguments.Source.Path), s.ownLine(r.Arguments.Line))
	response := &dap.GotoTargetsResponse{Body: dap.GotoTargetsResponseBody{Targets: []dap.GotoTarget{}}}
	for _, addr := range addrs {
		s.targets = append(s.targets, addr)
		response.Body.Targets = append(response.Body.Targets, dap.GotoTarget{
			Id: len(s.targets), Label: s.con.Symbol(addr), Line: s.editorLine(line), InstructionPointerReference: reference(addr)})
	}
	return response, nil
}

// onGoto sets EIP: another history begins.
func (s *Server) onGoto(r *dap.GotoRequest) (dap.ResponseMessage, error) {
	id := r.Arguments.TargetId
	if id < 1 || id > len(s.targets) {
		return nil, fmt.Errorf("goto: this stop has no target %d", id)
	}
	if err := s.dbg.SetReg(debugger.EIP, s.targets[id-1]); err != nil {
		return nil, err
	}
	s.con.Arrived()
	s.then(func() {
		s.handles, s.targets = nil, nil
		s.send("stopped", &dap.StoppedEvent{Body: dap.StoppedEventBody{Reason: "goto", ThreadId: theThread, AllThreadsStopped: true}})
	})
	return &dap.GotoResponse{}, nil
}
