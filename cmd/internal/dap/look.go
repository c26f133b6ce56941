// SPDX-License-Identifier: BSD-3-Clause
// Frames, scopes, variables, expressions.

package dap

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/google/go-dap"

	"ring0/cmd/internal/console"
	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/debuginfo"
	"ring0/cmd/internal/expr"
	"ring0/cmd/internal/unwind"
)

// handle is what a variables reference means: a scope of a frame, or a value with parts.
type handle struct {
	frame int    // its number
	scope string // of a scope
	value expr.Value
	name  string // of a value: an expression for it
}

// Scopes of a frame.
const (
	scopeArguments = "Arguments"
	scopeLocals    = "Locals"
	scopeModule    = "Module"
	scopeRegisters = "Registers"
	scopeFloat     = "FPU and SSE"
)

// refer makes a variables reference.
func (s *Server) refer(h handle) int {
	s.handles = append(s.handles, h)
	return len(s.handles)
}

func (s *Server) handle(ref int) (handle, error) {
	if ref < 1 || ref > len(s.handles) {
		return handle{}, fmt.Errorf("variables reference %d is of another stop", ref)
	}
	return s.handles[ref-1], nil
}

// childName is an expression for a part of a handle.
func (h handle) childName(name string) string {
	switch {
	case h.scope == scopeRegisters || h.scope == scopeFloat:
		return "$" + name
	case h.scope != "":
		return name
	case strings.HasPrefix(name, "["):
		return "(" + h.name + ")" + name
	case name == "*":
		return "*(" + h.name + ")"
	case name == "": // the members of an unnamed structure are the outer one's
		return h.name
	case h.value.Type.Strip().Kind == debuginfo.Pointer:
		return "(" + h.name + ")->" + name
	}
	return "(" + h.name + ")." + name
}

// frame is the frame of a number of the editor's: 0 is the innermost one.
func (s *Server) frame(id int) *unwind.Frame {
	frames := s.con.Frames()
	if id < 1 || id > len(frames) {
		return frames[0]
	}
	return frames[id-1]
}

// env is the environment of a frame.
func (s *Server) env(frame int) expr.Env { return s.con.Env(s.frame(frame)) }

// editorLine and editorColumn are what is counted from 1 here as the editor counts it; ownLine is the other way.
func (s *Server) editorLine(n int) int {
	if s.init.LinesStartAt1 || n == 0 {
		return n
	}
	return n - 1
}

func (s *Server) editorColumn(n int) int {
	if s.init.ColumnsStartAt1 {
		return n
	}
	return n - 1
}

func (s *Server) ownLine(n int) int {
	if s.init.LinesStartAt1 {
		return n
	}
	return n + 1
}

// source is the file of a place as the editor can open it; nil when it is not at hand.
func (s *Server) source(l debuginfo.Line) *dap.Source {
	if name := s.con.SourcePath(l); name != "" {
		return &dap.Source{Name: path.Base(name), Path: name}
	}
	return nil
}

func (s *Server) onStackTrace(r *dap.StackTraceRequest) (dap.ResponseMessage, error) {
	frames := s.con.Frames()
	response := &dap.StackTraceResponse{Body: dap.StackTraceResponseBody{StackFrames: []dap.StackFrame{}, TotalFrames: len(frames)}}
	first, last := min(max(r.Arguments.StartFrame, 0), len(frames)), len(frames)
	if n := r.Arguments.Levels; n > 0 {
		last = min(last, first+min(n, unwind.MaxFrames))
	}
	for i := first; i < last; i++ {
		response.Body.StackFrames = append(response.Body.StackFrames, s.stackFrame(i+1, frames[i]))
	}
	return response, nil
}

func (s *Server) stackFrame(id int, f *unwind.Frame) dap.StackFrame {
	name := f.Function
	if name == "" {
		name = "??"
	}
	if f.Fn == nil && f.Offset != 0 {
		name += fmt.Sprintf("+%#x", f.Offset)
	}
	if f.Trap != "" {
		name += " <" + f.Trap + ">"
	}
	if f.Module != "" {
		name += " [" + f.Module + "]"
	}
	frame := dap.StackFrame{Id: id, Name: name, InstructionPointerReference: reference(f.PC)}
	if f.File != "" {
		if frame.Source = s.source(debuginfo.Line{File: f.File, Line: f.Line, Addr: f.PC}); frame.Source != nil {
			frame.Line, frame.Column = s.editorLine(f.Line), s.editorColumn(1)
		}
	}
	if f.Module != "" {
		frame.ModuleId = f.Module
	} else {
		frame.PresentationHint = "subtle"
	}
	return frame
}

func (s *Server) onScopes(r *dap.ScopesRequest) (dap.ResponseMessage, error) {
	if id := r.Arguments.FrameId; id < 1 || id > len(s.con.Frames()) {
		return nil, fmt.Errorf("there is no frame %d at this stop", id)
	}
	id := r.Arguments.FrameId
	f := s.frame(id)
	response := &dap.ScopesResponse{Body: dap.ScopesResponseBody{Scopes: []dap.Scope{}}}
	add := func(name, hint string) {
		response.Body.Scopes = append(response.Body.Scopes,
			dap.Scope{Name: name, PresentationHint: hint, VariablesReference: s.refer(handle{frame: id, scope: name})})
	}
	if f.Fn != nil {
		add(scopeArguments, "arguments")
		add(scopeLocals, "locals")
	}
	if m := s.con.Table().ModuleAt(f.PC); m != nil && len(m.Globals) > 0 {
		add(scopeModule, "")
	}
	add(scopeRegisters, "registers")
	add(scopeFloat, "registers")
	return response, nil
}

// scopeNames are the expressions in a scope, by the names shown.
func (s *Server) scopeNames(h handle) (names []string) {
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	f := s.frame(h.frame)
	switch h.scope {
	case scopeArguments, scopeLocals:
		for _, v := range f.Fn.VarsAt(f.PC) {
			if v.Param == (h.scope == scopeArguments) {
				add(v.Name)
			}
		}
	case scopeModule:
		for _, v := range s.con.Table().ModuleAt(f.PC).Globals {
			add(v.Name)
		}
	case scopeRegisters:
		for _, name := range []string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags", "cs", "ss", "ds", "es", "fs", "gs",
			"cr0", "cr2", "cr3", "cr4", "cpl"} {
			add(name)
		}
	case scopeFloat:
		for _, group := range []string{"st", "xmm"} {
			for i := range 8 {
				add(fmt.Sprintf("%s%d", group, i))
			}
		}
		for _, name := range []string{"fctrl", "fstat", "ftag", "mxcsr"} {
			add(name)
		}
	}
	return names
}

// maxVariables bounds what one answer lists; editors ask for more by start and count.
const maxVariables = 1000

func (s *Server) onVariables(r *dap.VariablesRequest) (dap.ResponseMessage, error) {
	h, err := s.handle(r.Arguments.VariablesReference)
	if err != nil {
		return nil, err
	}
	first, count := max(r.Arguments.Start, 0), r.Arguments.Count
	if count <= 0 || count > maxVariables {
		count = maxVariables
	}
	list := []dap.Variable{}
	if h.scope == "" {
		fields, _ := expr.Fields(s.env(h.frame), h.value, first, count)
		for _, f := range fields {
			list = append(list, s.variable(h.frame, f.Name, h.childName(f.Name), f.Value, nil))
		}
	} else {
		names := s.scopeNames(h)
		names = names[min(first, len(names)):]
		for _, name := range names[:min(count, len(names))] {
			v, err := expr.Eval(h.childName(name), s.env(h.frame))
			list = append(list, s.variable(h.frame, name, h.childName(name), v, err))
		}
	}
	return &dap.VariablesResponse{Body: dap.VariablesResponseBody{Variables: list}}, nil
}

// variable describes a value; err is why there is none.
func (s *Server) variable(frame int, name, expression string, v expr.Value, err error) dap.Variable {
	if name == "" {
		name = "(unnamed)"
	}
	d := dap.Variable{Name: name, EvaluateName: expression}
	if err != nil {
		d.Value = "<" + err.Error() + ">"
		return d
	}
	env := s.env(frame)
	d.Value, d.Type = s.text(env, expression, v), v.Type.String()
	if v.Kind == expr.InMemory {
		d.MemoryReference = reference(v.Addr)
	}
	d.VariablesReference, d.NamedVariables, d.IndexedVariables = s.parts(frame, expression, v)
	return d
}

// text is a value as it is shown: registers in hexadecimal, EFLAGS spelled out.
func (s *Server) text(env expr.Env, expression string, v expr.Value) string {
	if !strings.HasPrefix(expression, "$") || v.Type.Sizeof() > 4 {
		return expr.Print(env, v, expr.Format{})
	}
	n, err := v.Uint(env)
	if err != nil {
		return expr.Print(env, v, expr.Format{})
	}
	text := fmt.Sprintf("%#x", n)
	if expression == "$eflags" {
		text += " [" + console.FlagsText(uint32(n)) + "]"
	} else if name := env.SymbolAt(uint32(n)); name != "" && v.Type.Sizeof() == 4 {
		text += " <" + name + ">"
	}
	return text
}

// parts is the reference for a value's parts, 0 when it has none.
func (s *Server) parts(frame int, expression string, v expr.Value) (ref, named, indexed int) {
	env := s.env(frame)
	_, total := expr.Fields(env, v, 0, 0)
	if total == 0 {
		return 0, 0, 0
	}
	ref = s.refer(handle{frame: frame, value: v, name: expression})
	if env.Complete(v.Type).Kind == debuginfo.Array {
		return ref, 0, total
	}
	return ref, total, 0
}

// assign gives an object a value and returns what it then is.
func (s *Server) assign(frame int, object, value string) (expr.Value, string, error) {
	if _, err := expr.Eval("("+object+") = ("+value+")", s.env(frame)); err != nil {
		return expr.Value{}, "", err
	}
	s.con.Arrived() // frames know registers
	env := s.env(frame)
	now, err := expr.Eval(object, env)
	if err != nil {
		return now, "", err
	}
	return now, s.text(env, object, now), nil
}

func (s *Server) onSetVariable(r *dap.SetVariableRequest) (dap.ResponseMessage, error) {
	h, err := s.handle(r.Arguments.VariablesReference)
	if err != nil {
		return nil, err
	}
	name := h.childName(r.Arguments.Name)
	v, text, err := s.assign(h.frame, name, r.Arguments.Value)
	if err != nil {
		return nil, err
	}
	s.changed(name)
	response := &dap.SetVariableResponse{Body: dap.SetVariableResponseBody{Value: text, Type: v.Type.String()}}
	response.Body.VariablesReference, response.Body.NamedVariables, response.Body.IndexedVariables = s.parts(h.frame, name, v)
	return response, nil
}

func (s *Server) onSetExpression(r *dap.SetExpressionRequest) (dap.ResponseMessage, error) {
	frame := r.Arguments.FrameId
	v, text, err := s.assign(frame, r.Arguments.Expression, r.Arguments.Value)
	if err != nil {
		return nil, err
	}
	s.changed(r.Arguments.Expression)
	response := &dap.SetExpressionResponse{Body: dap.SetExpressionResponseBody{Value: text, Type: v.Type.String()}}
	response.Body.VariablesReference, response.Body.NamedVariables, response.Body.IndexedVariables = s.parts(frame, r.Arguments.Expression, v)
	return response, nil
}

// onEvaluate evaluates an expression; in the console it may be a command too. A single name is a variable before it is a command.
func (s *Server) onEvaluate(r *dap.EvaluateRequest) (dap.ResponseMessage, error) {
	text := strings.TrimSpace(r.Arguments.Expression)
	if text == "" {
		return nil, errors.New("an expression was expected")
	}
	frame := r.Arguments.FrameId
	env := s.env(frame)
	if c := r.Arguments.Context; c != "repl" && c != "" { // asked again and again: it must not change history
		env = s.con.LookingEnv(s.frame(frame))
	}
	v, err := expr.Eval(text, env)
	if r.Arguments.Context == "repl" && (err != nil || !isName(text)) && s.con.IsCommand(text) {
		return s.command(text)
	}
	if err != nil {
		return nil, err
	}
	body := dap.EvaluateResponseBody{Result: s.text(s.env(frame), text, v), Type: v.Type.String()}
	body.VariablesReference, body.NamedVariables, body.IndexedVariables = s.parts(frame, text, v)
	if v.Kind == expr.InMemory {
		body.MemoryReference = reference(v.Addr)
	}
	return &dap.EvaluateResponse{Body: body}, nil
}

// changed is told of an object that was given a value: after a register everything may look otherwise.
func (s *Server) changed(object string) {
	if strings.HasPrefix(strings.TrimLeft(object, "( "), "$") {
		s.invalidate()
	}
}

// invalidate has the editor ask for everything again, behind the response.
func (s *Server) invalidate() {
	if s.init.SupportsInvalidatedEvent {
		s.then(func() {
			s.send("invalidated", &dap.InvalidatedEvent{Body: dap.InvalidatedEventBody{Areas: []dap.InvalidatedAreas{"all"}}})
		})
	}
}

func isName(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r != '_' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') }) < 0
}

// command executes a command of the console. One that moves is answered at once; what it says follows as output.
func (s *Server) command(text string) (dap.ResponseMessage, error) {
	if s.con.Moves(text) {
		if s.phase != configured {
			return nil, errors.New("configurationDone comes before moves")
		}
		s.then(func() {
			s.send("continued", &dap.ContinuedEvent{Body: dap.ContinuedEventBody{ThreadId: theThread, AllThreadsContinued: true}})
			s.move(func(m *movement) (debugger.Stop, error) {
				answer, err := s.con.Exec(text)
				m.says = answer
				return s.dbg.LastStop(), err
			})
		})
		return &dap.EvaluateResponse{}, nil
	}
	changes := s.dbg.Changes()
	answer, err := s.con.Exec(text)
	if err != nil {
		return nil, err
	}
	if s.dbg.Changes() != changes {
		s.invalidate()
	}
	return &dap.EvaluateResponse{Body: dap.EvaluateResponseBody{Result: strings.TrimRight(answer, "\n")}}, nil
}

// onCompletions completes a command line or an expression.
func (s *Server) onCompletions(r *dap.CompletionsRequest) (dap.ResponseMessage, error) {
	text := []rune(r.Arguments.Text)
	column := r.Arguments.Column - s.editorColumn(1) // counted from 0
	before := string(text[:min(max(column, 0), len(text))])
	candidates, from := s.con.Complete(before)
	response := &dap.CompletionsResponse{Body: dap.CompletionsResponseBody{Targets: []dap.CompletionItem{}}}
	for _, c := range candidates {
		item := dap.CompletionItem{Label: c, Start: s.editorColumn(len([]rune(before[:from])) + 1), Length: len([]rune(before[from:]))}
		response.Body.Targets = append(response.Body.Targets, item)
	}
	return response, nil
}
