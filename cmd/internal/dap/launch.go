// SPDX-License-Identifier: BSD-3-Clause
// The beginning and the end of a session: initialize, launch, configurationDone, restart, terminate, disconnect.

package dap

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/go-dap"

	"ring0/cmd/internal/console"
	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/session"
)

// launchArguments are what launch is told.
type launchArguments struct {
	Program     string         `json:"program"`     // the module to load last
	Args        []string       `json:"args"`        // its parameters, NAME=VALUE
	Modules     []launchModule `json:"modules"`     // loaded before it
	SourceDirs  []string       `json:"sourceDirs"`  // where sources are, besides beside the modules
	Then        string         `json:"then"`        // steps after loading
	Rmmod       bool           `json:"rmmod"`       // unload everything at the end
	Force       bool           `json:"force"`       // load in spite of a version mismatch
	StopOnEntry bool           `json:"stopOnEntry"` // stop at the first module's init
	NoDebug     bool           `json:"noDebug"`     // run to the end without stopping
}

type launchModule struct {
	Program string   `json:"program"`
	Args    []string `json:"args"`
}

func (s *Server) onInitialize(r *dap.InitializeRequest) (dap.ResponseMessage, error) {
	if s.phase != fresh {
		return nil, errors.New("initialize was answered already")
	}
	if r.Arguments.PathFormat != "" && r.Arguments.PathFormat != "path" {
		return nil, fmt.Errorf("paths as %q are not supported", r.Arguments.PathFormat)
	}
	s.phase, s.init = initialized, r.Arguments
	return &dap.InitializeResponse{Body: capabilities()}, nil
}

// capabilities are what the server does.
func capabilities() dap.Capabilities {
	return dap.Capabilities{
		SupportsConfigurationDoneRequest:  true,
		SupportsFunctionBreakpoints:       true,
		SupportsConditionalBreakpoints:    true,
		SupportsHitConditionalBreakpoints: true,
		SupportsEvaluateForHovers:         true,
		ExceptionBreakpointFilters:        exceptionFilters(),
		SupportsExceptionFilterOptions:    true,
		SupportsExceptionInfoRequest:      true,
		SupportsStepBack:                  true,
		SupportsSetVariable:               true,
		SupportsSetExpression:             true,
		SupportsGotoTargetsRequest:        true,
		SupportsCompletionsRequest:        true,
		SupportsModulesRequest:            true,
		SupportsLoadedSourcesRequest:      true,
		SupportsRestartRequest:            true,
		SupportsTerminateRequest:          true,
		SupportsDelayedStackTraceLoading:  true,
		SupportsDataBreakpoints:           true,
		SupportsReadMemoryRequest:         true,
		SupportsWriteMemoryRequest:        true,
		SupportsDisassembleRequest:        true,
		SupportsSteppingGranularity:       true,
		SupportsInstructionBreakpoints:    true,
	}
}

func (s *Server) onLaunch(r *dap.LaunchRequest) (dap.ResponseMessage, error) {
	if s.phase != initialized {
		return nil, errors.New("launch was answered already")
	}
	var args launchArguments
	if err := json.Unmarshal(r.Arguments, &args); err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	if args.Program == "" {
		return nil, errors.New(`launch: "program" must name a module, the .o file`)
	}
	cfg, sources := s.base, slices.Concat(args.SourceDirs, s.dirs)
	for _, m := range append(args.Modules, launchModule{args.Program, args.Args}) {
		if _, err := os.Stat(m.Program); err != nil {
			return nil, fmt.Errorf("launch: %w", err)
		}
		cfg.Session.Modules = append(cfg.Session.Modules, session.Module{File: m.Program, Parameters: m.Args})
		sources = append(sources, filepath.Dir(m.Program))
	}
	if args.Then != "" {
		cfg.Session.Then = args.Then
	}
	cfg.Session.Rmmod = cfg.Session.Rmmod || args.Rmmod
	cfg.Session.Options.Force = cfg.Session.Options.Force || args.Force
	cfg.Progress = func(p debugger.Progress) {
		select {
		case s.progress <- p:
		default: // the one before has not been read: this one may be lost
		}
	}
	con, err := console.Start(cfg, sources...)
	if err != nil {
		return nil, err
	}
	if err := con.ToFirstInit(); err != nil {
		return nil, errors.Join(err, con.Close())
	}
	s.con, s.dbg, s.launch, s.phase = con, con.Debugger(), args, launched
	s.then(func() { s.send("initialized", &dap.InitializedEvent{}) })
	return &dap.LaunchResponse{}, nil
}

// onConfigurationDone runs, unless something wants to stop where it stands.
func (s *Server) onConfigurationDone(*dap.ConfigurationDoneRequest) (dap.ResponseMessage, error) {
	if s.phase != launched {
		return nil, errors.New("configurationDone was answered already")
	}
	s.phase = configured
	s.then(s.begin)
	return &dap.ConfigurationDoneResponse{}, nil
}

// begin goes on from the first init.
func (s *Server) begin() {
	if s.launch.NoDebug {
		s.move(func(*movement) (debugger.Stop, error) { return s.dbg.GoTo(debugger.Position{Count: ^uint64(0)}) })
		return
	}
	stop := s.dbg.LastStop()
	for _, b := range s.dbg.Breakpoints() {
		for _, addr := range b.Addrs {
			if addr == stop.EIP && !b.Disabled && stop.Reason != debugger.ReasonEnded && b.When == nil && b.Ignore == 0 {
				stop.Reason, stop.Breakpoint = debugger.ReasonBreakpoint, b.ID
				s.stopped(stop)
				return
			}
		}
	}
	if s.launch.StopOnEntry || stop.Reason == debugger.ReasonEnded {
		s.entry()
		return
	}
	s.run(debugger.Forward)
}

// entry tells that it stands at the first init.
func (s *Server) entry() {
	stop := s.dbg.LastStop()
	if stop.Reason == debugger.ReasonBreakpoint {
		stop.Reason, stop.Breakpoint = debugger.ReasonStart, 0
	}
	s.stopped(stop)
}

// onRestart goes back to the first init.
func (s *Server) onRestart(*dap.RestartRequest) (dap.ResponseMessage, error) {
	if _, err := s.dbg.GoTo(debugger.Position{}); err != nil {
		return nil, err
	}
	if err := s.con.ToFirstInit(); err != nil {
		return nil, err
	}
	s.printed = "" // it is another run: its log is told anew
	s.then(s.begin)
	return &dap.RestartResponse{}, nil
}

// onTerminate ends the debuggee; the editor then disconnects.
func (s *Server) onTerminate(*dap.TerminateRequest) (dap.ResponseMessage, error) {
	s.then(func() { s.send("terminated", &dap.TerminatedEvent{}) })
	return &dap.TerminateResponse{}, nil
}

func (s *Server) onDisconnect(*dap.DisconnectRequest) (dap.ResponseMessage, error) {
	s.over = true
	return &dap.DisconnectResponse{}, nil
}

// finished tells how the run ended, and that it has.
func (s *Server) finished(r *session.Result) {
	e := &dap.ExitedEvent{}
	if r != nil {
		e.Body.ExitCode = int(r.Verdict)
	}
	s.send("exited", e)
	s.send("terminated", &dap.TerminatedEvent{})
}
