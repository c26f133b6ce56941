// SPDX-License-Identifier: BSD-3-Clause

// Package dap lets editors debug modules: the Debug Adapter Protocol over the debugger core and the console. It advertises only what it
// does, both directions of time included.
//
// One goroutine reads messages, one serves them and writes; a move of the debuggee has a third. Only the serving goroutine touches the
// console, and not while a move is under way.
package dap

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/go-dap"

	"ring0/cmd/internal/console"
	"ring0/cmd/internal/debugger"
)

// Server serves one editor, one session.
type Server struct {
	base debugger.Config // what launch completes
	dirs []string        // where sources are
	out  io.Writer
	seq  int
	init dap.InitializeRequestArguments

	phase   phase
	con     *console.Console
	dbg     *debugger.Debugger
	launch  launchArguments
	printed string // of the kernel's log

	points  map[string][]point // by kind
	told    map[int]bool       // breakpoints' numbers: whether the editor knows them as verified
	handles []handle           // what variables references of this stop mean
	targets []uint32           // and the targets of goto: addresses

	after    []func()  // what follows the response
	moving   *movement // nil: it stands
	held     []dap.RequestMessage
	progress chan debugger.Progress
	over     bool
}

// phase is how far the conversation has come.
type phase int

const (
	fresh       phase = iota // nothing has been said
	initialized              // initialize has been answered
	launched                 // there is a debuggee
	configured               // it may run
)

// New returns a server; base is the session's configuration without modules.
func New(base debugger.Config, sourceDirs ...string) *Server {
	return &Server{base: base, dirs: sourceDirs, points: map[string][]point{}, told: map[int]bool{}, progress: make(chan debugger.Progress, 1)}
}

// arrival is a message of the editor, or the end of the connection.
type arrival struct {
	content []byte
	err     error
}

// Serve talks until the editor disconnects or the connection ends.
func (s *Server) Serve(conn io.ReadWriter) error {
	s.out = conn
	arrivals, done := make(chan arrival), make(chan struct{})
	defer close(done)
	defer s.close()
	go listen(bufio.NewReader(conn), arrivals, done)
	for !s.over {
		var ended chan struct{}
		var once <-chan time.Time
		if s.moving != nil {
			ended, once = s.moving.ended, s.moving.retry
		}
		select {
		case a := <-arrivals:
			if a.err != nil {
				if errors.Is(a.err, io.EOF) {
					return nil
				}
				return fmt.Errorf("dap: %w", a.err)
			}
			if err := s.receive(a.content); err != nil {
				return err
			}
		case <-ended:
			if err := s.arrived(); err != nil {
				return err
			}
		case <-once:
			s.interrupt()
		case p := <-s.progress:
			if err := s.report(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// listen passes on what arrives. A broken header is the end: where the next message begins is not known.
func listen(r *bufio.Reader, to chan<- arrival, done <-chan struct{}) {
	for {
		content, err := dap.ReadBaseMessage(r)
		select {
		case to <- arrival{content, err}:
		case <-done:
			return
		}
		if err != nil {
			return
		}
	}
}

// close ends the debuggee.
func (s *Server) close() {
	if s.moving != nil {
		for ended := false; !ended; {
			s.dbg.Interrupt()
			select {
			case <-s.moving.ended:
				ended = true
			case <-time.After(again):
			}
		}
	}
	if s.con != nil {
		_ = s.con.Close() // it only abandons the machine
	}
}

// receive handles a message. An error is the connection's.
func (s *Server) receive(content []byte) error {
	message, err := dap.DecodeProtocolMessage(content)
	if err != nil {
		var head struct {
			Seq     int    `json:"seq"`
			Type    string `json:"type"`
			Command string `json:"command"`
		}
		_ = json.Unmarshal(content, &head) // what could be read of it is used
		return s.refuse(dap.Request{ProtocolMessage: dap.ProtocolMessage{Seq: head.Seq}, Command: head.Command}, err)
	}
	request, ok := message.(dap.RequestMessage)
	if !ok {
		return nil // responses and events are for nobody here
	}
	return s.serve(request)
}

// serve answers a request, now or when the move under way has ended.
func (s *Server) serve(request dap.RequestMessage) error {
	head := *request.GetRequest()
	row, known := requests()[head.Command]
	switch {
	case !known:
		return s.refuse(head, fmt.Errorf("%s is not supported", head.Command))
	case row.from > s.phase && s.phase == fresh:
		return s.refuse(head, fmt.Errorf("%s: initialize comes first", head.Command))
	case row.from > s.phase && s.phase == initialized:
		return s.refuse(head, errors.New("nothing is being debugged: launch comes first"))
	case row.from > s.phase:
		return s.refuse(head, fmt.Errorf("%s: configurationDone comes first", head.Command))
	case s.moving != nil && row.running == refused:
		return s.refuse(head, errors.New("the module runs: pause comes first"))
	case s.moving != nil && (row.running == held || row.running == ending):
		s.held = append(s.held, request)
		s.moving.paused = s.moving.paused || row.running == ending
		if s.moving.resumable || s.moving.paused {
			s.interrupt()
		}
		return nil
	}
	response, err := row.handle(s, request)
	if err != nil {
		s.after = nil
		return s.refuse(head, err)
	}
	if err := s.respond(head, response); err != nil {
		return err
	}
	return s.follow()
}

// follow does what comes after a response.
func (s *Server) follow() error {
	list := s.after
	s.after = nil
	for _, f := range list {
		f()
	}
	return nil
}

// respond sends a response.
func (s *Server) respond(request dap.Request, response dap.ResponseMessage) error {
	s.seq++
	r := response.GetResponse()
	r.Seq, r.Type, r.Command, r.RequestSeq, r.Success = s.seq, "response", request.Command, request.Seq, true
	return dap.WriteProtocolMessage(s.out, response)
}

// refuse sends an error.
func (s *Server) refuse(request dap.Request, err error) error {
	s.seq++
	r := &dap.ErrorResponse{}
	r.Seq, r.Type, r.Command, r.RequestSeq, r.Message = s.seq, "response", request.Command, request.Seq, err.Error()
	r.Body.Error = &dap.ErrorMessage{Id: 1, Format: "{text}", Variables: map[string]string{"text": err.Error()}}
	return dap.WriteProtocolMessage(s.out, r)
}

// send sends an event. That a connection is gone is found when it is read.
func (s *Server) send(name string, event dap.EventMessage) {
	s.seq++
	e := event.GetEvent()
	e.Seq, e.Type, e.Event = s.seq, "event", name
	_ = dap.WriteProtocolMessage(s.out, event)
}

// then keeps something to do behind the response.
func (s *Server) then(f func()) { s.after = append(s.after, f) }

// whileRunning says what becomes of a request while a move is under way.
type whileRunning int

const (
	refused  whileRunning = iota
	held                  // answered when the debuggee stands; one that just runs is made to for the time
	ending                // likewise, and it does not go on
	answered              // at once
)

// requestRow is a request the server answers.
type requestRow struct {
	from    phase
	running whileRunning
	handle  func(s *Server, request dap.RequestMessage) (dap.ResponseMessage, error)
}

// row makes a row of a handler of one type of request.
func row[R dap.RequestMessage](from phase, running whileRunning, f func(*Server, R) (dap.ResponseMessage, error)) requestRow {
	return requestRow{from, running, func(s *Server, request dap.RequestMessage) (dap.ResponseMessage, error) {
		r, ok := request.(R)
		if !ok {
			return nil, fmt.Errorf("%s: not the request it should be", request.GetRequest().Command)
		}
		return f(s, r)
	}}
}

// requests are all requests that are answered.
func requests() map[string]requestRow {
	return map[string]requestRow{
		"initialize":                row(fresh, refused, (*Server).onInitialize),
		"launch":                    row(initialized, refused, (*Server).onLaunch),
		"configurationDone":         row(launched, refused, (*Server).onConfigurationDone),
		"restart":                   row(configured, ending, (*Server).onRestart),
		"disconnect":                row(fresh, ending, (*Server).onDisconnect),
		"terminate":                 row(initialized, ending, (*Server).onTerminate),
		"setBreakpoints":            row(launched, held, (*Server).onSetBreakpoints),
		"setFunctionBreakpoints":    row(launched, held, (*Server).onSetFunctionBreakpoints),
		"setInstructionBreakpoints": row(launched, held, (*Server).onSetInstructionBreakpoints),
		"setDataBreakpoints":        row(launched, held, (*Server).onSetDataBreakpoints),
		"dataBreakpointInfo":        row(launched, refused, (*Server).onDataBreakpointInfo),
		"setExceptionBreakpoints":   row(launched, held, (*Server).onSetExceptionBreakpoints),
		"exceptionInfo":             row(configured, refused, (*Server).onExceptionInfo),
		"threads":                   row(launched, answered, (*Server).onThreads),
		"pause":                     row(configured, answered, (*Server).onPause),
		"continue":                  row(configured, refused, (*Server).onContinue),
		"reverseContinue":           row(configured, refused, (*Server).onReverseContinue),
		"next":                      row(configured, refused, (*Server).onNext),
		"stepIn":                    row(configured, refused, (*Server).onStepIn),
		"stepOut":                   row(configured, refused, (*Server).onStepOut),
		"stepBack":                  row(configured, refused, (*Server).onStepBack),
		"gotoTargets":               row(launched, refused, (*Server).onGotoTargets),
		"goto":                      row(configured, refused, (*Server).onGoto),
		"stackTrace":                row(launched, refused, (*Server).onStackTrace),
		"scopes":                    row(launched, refused, (*Server).onScopes),
		"variables":                 row(launched, refused, (*Server).onVariables),
		"setVariable":               row(launched, refused, (*Server).onSetVariable),
		"setExpression":             row(launched, refused, (*Server).onSetExpression),
		"evaluate":                  row(launched, refused, (*Server).onEvaluate),
		"completions":               row(launched, refused, (*Server).onCompletions),
		"disassemble":               row(launched, refused, (*Server).onDisassemble),
		"readMemory":                row(launched, refused, (*Server).onReadMemory),
		"writeMemory":               row(launched, refused, (*Server).onWriteMemory),
		"modules":                   row(launched, refused, (*Server).onModules),
		"loadedSources":             row(launched, refused, (*Server).onLoadedSources),
		"source":                    row(launched, refused, (*Server).onSource),
	}
}
