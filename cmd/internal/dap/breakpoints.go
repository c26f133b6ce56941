// SPDX-License-Identifier: BSD-3-Clause
// Breakpoints of every kind. A request replaces all of its kind; those that stay as they were keep their counts.

package dap

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/go-dap"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/debuginfo"
	"ring0/cmd/internal/expr"
)

// Kinds of breakpoints; those of sources have the path behind theirs.
const (
	sourcePoints      = "source:"
	functionPoints    = "function"
	instructionPoints = "instruction"
	dataPoints        = "data"
	exceptionPoints   = "exception"
)

// point is a breakpoint of the editor's.
type point struct {
	id   int
	spec spec
}

// spec is what the editor has asked for.
type spec struct {
	place     string
	line      int // counted from 1
	offset    int // of an instruction
	condition string
	hits      string
	access    dap.DataBreakpointAccessType
}

// replace makes the breakpoints of a kind be those wanted and describes each. add makes a new one.
func (s *Server) replace(kind string, wanted []spec, add func(spec) (int, error)) []dap.Breakpoint {
	old := s.points[kind]
	var now []point
	list := make([]dap.Breakpoint, 0, len(wanted))
	for _, w := range wanted {
		p := point{spec: w}
		for i := range old {
			if old[i].spec == w && old[i].id != 0 {
				p.id, old[i].id = old[i].id, 0
				break
			}
		}
		if p.id == 0 {
			id, err := add(w)
			if err != nil {
				list = append(list, dap.Breakpoint{Message: err.Error(), Line: s.editorLine(w.line)})
				continue
			}
			p.id = id
		}
		now = append(now, p)
		b := s.describe(p)
		s.told[p.id] = b.Verified
		list = append(list, b)
	}
	for _, p := range old {
		if p.id != 0 {
			_ = s.dbg.Delete(p.id) // one that is gone already is no loss
			delete(s.told, p.id)
		}
	}
	s.points[kind] = now
	return list
}

// describe is a breakpoint in the protocol's words.
func (s *Server) describe(p point) dap.Breakpoint {
	b := dap.Breakpoint{Id: p.id, Line: s.editorLine(p.spec.line)}
	for _, known := range s.dbg.Breakpoints() {
		if known.ID != p.id {
			continue
		}
		switch at := known.Location.Kind; {
		case at != debugger.AtAddress && at != debugger.AtSymbol && at != debugger.AtLine:
			b.Verified = true
		case len(known.Addrs) == 0:
			b.Message = "there is no such code yet"
		default:
			b.Verified, b.InstructionReference = true, reference(known.Addrs[0])
			if l, ok := s.con.Table().LineOf(known.Addrs[0]); ok {
				b.Line, b.Source = s.editorLine(l.Line), s.source(l)
			}
		}
		return b
	}
	b.Verified = true // a watchpoint lies where it lies
	return b
}

// verify tells of breakpoints that have got a place, or lost it.
func (s *Server) verify() {
	for _, list := range s.points {
		for _, p := range list {
			if b := s.describe(p); b.Verified != s.told[p.id] {
				s.told[p.id] = b.Verified
				s.send("breakpoint", &dap.BreakpointEvent{Body: dap.BreakpointEventBody{Reason: "changed", Breakpoint: b}})
			}
		}
	}
}

// trigger reads a condition and a count: "N" and ">=N" stop from the N-th time on, ">N" behind it.
func (s *Server) trigger(w spec) (when debugger.Condition, ignore uint64, err error) {
	if w.condition != "" {
		if when, err = s.con.Condition(w.condition); err != nil {
			return nil, 0, err
		}
	}
	text := strings.TrimSpace(w.hits)
	if text == "" {
		return when, 0, nil
	}
	number, orMore := strings.CutPrefix(text, ">=")
	number, above := strings.CutPrefix(number, ">")
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 63)
	if err != nil || orMore && above || n == 0 && !above {
		return nil, 0, fmt.Errorf("%q is no count of hits: N, >=N or >N is", w.hits)
	}
	if above {
		return when, n, nil
	}
	return when, n - 1, nil
}

// at adds a breakpoint at a location.
func (s *Server) at(l debugger.Location, w spec) (int, error) {
	when, ignore, err := s.trigger(w)
	if err != nil {
		return 0, err
	}
	return s.dbg.AddBreakpoint(debugger.Breakpoint{Location: l, Text: w.condition, When: when, Ignore: ignore})
}

// debugName is a file of the editor's as debug information may know it: the longest end of the path that some file has.
func (s *Server) debugName(file string) string {
	parts := strings.Split(strings.Trim(filepath.ToSlash(filepath.Clean(file)), "/"), "/")
	for i := range parts {
		end := strings.Join(parts[i:], "/")
		for _, known := range s.con.Table().Files() {
			if debuginfo.MatchFile(known, end) {
				return end
			}
		}
	}
	return parts[len(parts)-1]
}

func (s *Server) onSetBreakpoints(r *dap.SetBreakpointsRequest) (dap.ResponseMessage, error) {
	path := r.Arguments.Source.Path
	if path == "" {
		return nil, errors.New("setBreakpoints: the source has no path")
	}
	var wanted []spec
	asked := r.Arguments.Breakpoints
	if asked == nil { // as older editors say it
		for _, line := range r.Arguments.Lines {
			asked = append(asked, dap.SourceBreakpoint{Line: line})
		}
	}
	for _, b := range asked {
		wanted = append(wanted, spec{place: path, line: s.ownLine(b.Line), condition: b.Condition, hits: b.HitCondition})
	}
	list := s.replace(sourcePoints+path, wanted, func(w spec) (int, error) {
		return s.at(debugger.Location{Kind: debugger.AtLine, File: s.debugName(path), Line: w.line}, w)
	})
	return &dap.SetBreakpointsResponse{Body: dap.SetBreakpointsResponseBody{Breakpoints: list}}, nil
}

func (s *Server) onSetFunctionBreakpoints(r *dap.SetFunctionBreakpointsRequest) (dap.ResponseMessage, error) {
	var wanted []spec
	for _, b := range r.Arguments.Breakpoints {
		wanted = append(wanted, spec{place: b.Name, condition: b.Condition, hits: b.HitCondition})
	}
	list := s.replace(functionPoints, wanted, func(w spec) (int, error) {
		if w.place == "" {
			return 0, errors.New("which function?")
		}
		l, err := s.con.Location(w.place)
		if err != nil {
			return 0, err
		}
		return s.at(l, w)
	})
	return &dap.SetFunctionBreakpointsResponse{Body: dap.SetFunctionBreakpointsResponseBody{Breakpoints: list}}, nil
}

func (s *Server) onSetInstructionBreakpoints(r *dap.SetInstructionBreakpointsRequest) (dap.ResponseMessage, error) {
	var wanted []spec
	for _, b := range r.Arguments.Breakpoints {
		wanted = append(wanted, spec{place: b.InstructionReference, offset: b.Offset, condition: b.Condition, hits: b.HitCondition})
	}
	list := s.replace(instructionPoints, wanted, func(w spec) (int, error) {
		addr, err := address(w.place, w.offset)
		if err != nil {
			return 0, err
		}
		return s.at(debugger.Location{Kind: debugger.AtAddress, Addr: addr}, w)
	})
	return &dap.SetInstructionBreakpointsResponse{Body: dap.SetInstructionBreakpointsResponseBody{Breakpoints: list}}, nil
}

// onDataBreakpointInfo says whether something can be watched: what lies in memory can.
func (s *Server) onDataBreakpointInfo(r *dap.DataBreakpointInfoRequest) (dap.ResponseMessage, error) {
	frame, name := r.Arguments.FrameId, r.Arguments.Name
	if r.Arguments.VariablesReference != 0 {
		h, err := s.handle(r.Arguments.VariablesReference)
		if err != nil {
			return nil, err
		}
		frame, name = h.frame, h.childName(name)
	}
	response := &dap.DataBreakpointInfoResponse{}
	env := s.env(frame)
	v, err := expr.Eval(name, env)
	size := uint32(0)
	if err == nil {
		size = env.Complete(v.Type).Sizeof()
	}
	switch {
	case err != nil:
		response.Body.Description = err.Error()
	case v.Kind != expr.InMemory || size == 0:
		response.Body.Description = name + " is not in memory"
	default:
		response.Body.DataId = fmt.Sprintf("%#x,%d", v.Addr, size)
		response.Body.Description = fmt.Sprintf("%s: %d bytes at %#x", name, size, v.Addr)
		response.Body.AccessTypes = []dap.DataBreakpointAccessType{"read", "write", "readWrite"}
	}
	return response, nil
}

func (s *Server) onSetDataBreakpoints(r *dap.SetDataBreakpointsRequest) (dap.ResponseMessage, error) {
	var wanted []spec
	for _, b := range r.Arguments.Breakpoints {
		wanted = append(wanted, spec{place: b.DataId, condition: b.Condition, hits: b.HitCondition, access: b.AccessType})
	}
	kinds := map[dap.DataBreakpointAccessType]debugger.WatchKind{"": debugger.WatchWrite, "write": debugger.WatchWrite,
		"read": debugger.WatchRead, "readWrite": debugger.WatchAccess}
	list := s.replace(dataPoints, wanted, func(w spec) (int, error) {
		at, size, _ := strings.Cut(w.place, ",")
		addr, err1 := strconv.ParseUint(at, 0, 32)
		n, err2 := strconv.ParseUint(size, 10, 32)
		kind, known := kinds[w.access]
		if err1 != nil || err2 != nil || !known {
			return 0, fmt.Errorf("%q %q is nothing that could be watched", w.place, w.access)
		}
		when, ignore, err := s.trigger(w)
		if err != nil {
			return 0, err
		}
		return s.dbg.AddWatchpoint(debugger.Watchpoint{Range: debugger.Range{Addr: uint32(addr), Size: uint32(n)}, Kind: kind,
			Text: w.condition, When: when, Ignore: ignore})
	})
	return &dap.SetDataBreakpointsResponse{Body: dap.SetDataBreakpointsResponseBody{Breakpoints: list}}, nil
}

// Filters of exception breakpoints.
const (
	filterOops      = "oops"
	filterPanic     = "panic"
	filterException = "exception"
	filterLoad      = "load"
)

func exceptionFilters() []dap.ExceptionBreakpointsFilter {
	return []dap.ExceptionBreakpointsFilter{
		{Filter: filterOops, Label: "Oops", Description: "before the kernel prints an oops", Default: true},
		{Filter: filterPanic, Label: "Kernel panic", Description: "before panic()", Default: true},
		{Filter: filterException, Label: "Any exception of the CPU", Description: "page faults that the kernel repairs too", SupportsCondition: true},
		{Filter: filterLoad, Label: "Module load", Description: "before a module's init is called", SupportsCondition: true},
	}
}

func (s *Server) onSetExceptionBreakpoints(r *dap.SetExceptionBreakpointsRequest) (dap.ResponseMessage, error) {
	options := r.Arguments.FilterOptions
	for _, f := range r.Arguments.Filters {
		options = append(options, dap.ExceptionFilterOptions{FilterId: f})
	}
	catch := debugger.Catch{NoOops: true, NoPanic: true}
	var wanted []spec
	for _, o := range options {
		switch o.FilterId {
		case filterOops:
			catch.NoOops = false
		case filterPanic:
			catch.NoPanic = false
		case filterException, filterLoad:
			wanted = append(wanted, spec{place: o.FilterId, condition: o.Condition})
		default:
			return nil, fmt.Errorf("there is no filter %q", o.FilterId)
		}
	}
	s.dbg.SetCatch(catch)
	list := s.replace(exceptionPoints, wanted, func(w spec) (int, error) {
		l := debugger.Location{Kind: debugger.AtException, Number: -1}
		if w.place == filterLoad {
			l.Kind = debugger.AtModuleLoad
		}
		return s.at(l, w)
	})
	return &dap.SetExceptionBreakpointsResponse{Body: dap.SetExceptionBreakpointsResponseBody{Breakpoints: list}}, nil
}

func (s *Server) onExceptionInfo(*dap.ExceptionInfoRequest) (dap.ResponseMessage, error) {
	stop := s.dbg.LastStop()
	body := dap.ExceptionInfoResponseBody{ExceptionId: stop.Reason.String(), Description: s.con.Reason(), BreakMode: "always"}
	switch {
	case stop.Exception != nil:
		body.ExceptionId = stop.Exception.String()
	case stop.Reason != debugger.ReasonOops && stop.Reason != debugger.ReasonPanic && stop.Reason != debugger.ReasonTripleFault:
		return nil, errors.New("this is no stop at an exception")
	}
	return &dap.ExceptionInfoResponse{Body: body}, nil
}
