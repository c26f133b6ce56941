// SPDX-License-Identifier: BSD-3-Clause

package dap

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-dap"
	"github.com/stretchr/testify/require"
)

// TestSession is a whole session: break, look, step, step back, change, go on, disconnect.
func TestSession(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "source_dwarf4.o", "stopOnEntry": false})
	file := sourcePath(t)
	set := ask[*dap.SetBreakpointsResponse](e, "setBreakpoints", map[string]any{"source": map[string]any{"path": file},
		"breakpoints": []map[string]any{{"line": 76}, {"line": 95, "condition": "value == 3"}, {"line": 100000}}}).Body.Breakpoints
	require.Len(t, set, 3)
	require.True(t, set[0].Verified)
	require.Equal(t, 76, set[0].Line)
	require.Equal(t, file, set[0].Source.Path)
	require.True(t, set[1].Verified)
	require.False(t, set[2].Verified)
	require.NotEmpty(t, set[2].Message)

	stop := e.stops("configurationDone", nil)
	require.Equal(t, "breakpoint", stop.Reason)
	require.Equal(t, []int{set[0].Id}, stop.HitBreakpointIds)
	trace := ask[*dap.StackTraceResponse](e, "stackTrace", map[string]any{"threadId": 1}).Body
	require.Greater(t, trace.TotalFrames, 2)
	require.Equal(t, "area [source_dwarf4]", trace.StackFrames[0].Name)
	require.Equal(t, 76, trace.StackFrames[0].Line)
	require.Equal(t, file, trace.StackFrames[0].Source.Path)
	require.Equal(t, "init_module [source_dwarf4]", trace.StackFrames[1].Name)
	require.Equal(t, 120, trace.StackFrames[1].Line)

	_, arguments := e.scope(1, "Arguments")
	require.Equal(t, "3", arguments["scale"].Value)
	shape := e.variables(arguments["s"].VariablesReference)
	require.Contains(t, shape["name"].Value, `"triangle"`)
	require.Equal(t, "GREEN", shape["colour"].Value)
	require.Equal(t, "-3", shape["offset"].Value)
	corners := e.variables(shape["corner"].VariablesReference)
	require.Len(t, corners, 3)
	require.Equal(t, "4", e.variables(corners["[1]"].VariablesReference)["y"].Value)
	require.Equal(t, "4", e.value(e.variables(corners["[1]"].VariablesReference)["y"].EvaluateName, 1))

	here := e.top()
	require.Equal(t, "step", e.stops("next", map[string]any{"granularity": "instruction"}).Reason)
	require.NotEqual(t, here.InstructionPointerReference, e.top().InstructionPointerReference)
	require.Equal(t, "breakpoint", e.stops("reverseContinue", nil).Reason)
	require.Equal(t, here.InstructionPointerReference, e.top().InstructionPointerReference)
	again := ask[*dap.SetBreakpointsResponse](e, "setBreakpoints", map[string]any{"source": map[string]any{"path": file},
		"breakpoints": []map[string]any{{"line": 95, "condition": "value == 3"}}}).Body.Breakpoints
	require.Equal(t, set[1].Id, again[0].Id, "what stays keeps its number")
	require.Equal(t, "step", e.stops("stepOut", nil).Reason)
	require.Equal(t, "init_module [source_dwarf4]", e.top().Name)
	require.Equal(t, "step", e.stops("next", nil).Reason)
	require.Equal(t, 121, e.top().Line)
	require.Equal(t, "step", e.stops("next", nil).Reason)
	require.Equal(t, 122, e.top().Line)
	require.Equal(t, "step", e.stops("stepBack", nil).Reason)
	require.Equal(t, 121, e.top().Line)
	e.stops("next", nil)

	stop = e.stops("continue", nil)
	require.Equal(t, []int{set[1].Id}, stop.HitBreakpointIds)
	require.Equal(t, "3", e.value("value", 1))
	stop = e.stops("continue", nil)
	require.Equal(t, "pause", stop.Reason)
	require.Contains(t, stop.Description, "ended")
	require.Contains(t, e.log, "source: deeper")
	require.Equal(t, "breakpoint", e.stops("reverseContinue", nil).Reason)
	require.Equal(t, "pause", e.stops("continue", nil).Reason)
	require.Equal(t, 1, strings.Count(e.log, "source: deeper"), "the log is not said again")
	ask[*dap.ContinueResponse](e, "continue", map[string]any{"threadId": 1})
	require.Zero(t, wait[*dap.ExitedEvent](e).Body.ExitCode)
	wait[*dap.TerminatedEvent](e)
	ask[*dap.DisconnectResponse](e, "disconnect", map[string]any{})
}

// TestChanges: variables, registers, memory and expressions that are assigned to, and what follows from it.
func TestChanges(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "source_dwarf5.o"})
	ask[*dap.SetFunctionBreakpointsResponse](e, "setFunctionBreakpoints", map[string]any{
		"breakpoints": []map[string]any{{"name": "factorial"}, {"name": "no_such"}, {"name": "1+"}}})
	require.Equal(t, "function breakpoint", e.stops("configurationDone", nil).Reason)

	ref, registers := e.scope(1, "Registers")
	require.Contains(t, registers["eflags"].Value, "[")
	require.Contains(t, registers["eip"].Value, "factorial")
	r := ask[*dap.SetVariableResponse](e, "setVariable", map[string]any{"variablesReference": ref, "name": "esi", "value": "0x1234"})
	require.Equal(t, "0x1234", r.Body.Value)
	require.Equal(t, "0x1234", e.value("$esi", 1))
	require.NotEmpty(t, e.fails("setVariable", map[string]any{"variablesReference": ref, "name": "esi", "value": "no such thing"}))
	require.NotEmpty(t, e.fails("setVariable", map[string]any{"variablesReference": 9999, "name": "esi", "value": "0"}))
	require.Contains(t, e.fails("setVariable", map[string]any{"variablesReference": ref, "name": "cs", "value": "0x23"}), "privilege level 3")
	set := func(ref int, name, value string) string {
		return ask[*dap.SetVariableResponse](e, "setVariable", map[string]any{"variablesReference": ref, "name": name, "value": value}).Body.Value
	}
	require.Equal(t, "0x2b", set(ref, "fs", "0x2b"))
	require.Equal(t, "0x694", set(ref, "cr4", "$cr4 | 4"))
	float, floats := e.scope(1, "FPU and SSE")
	require.Equal(t, "2.5", set(float, "st0", "2.5"))
	require.Equal(t, "0x9f80", set(float, "mxcsr", "0x9f80"))
	require.Equal(t, "7", set(floats["xmm2"].VariablesReference, "[1]", "7"))
	require.Equal(t, "{0, 7, 0, 0}", e.value("$xmm2", 1))
	ask[*dap.SetExpressionResponse](e, "setExpression", map[string]any{"expression": "counter", "value": "1000", "frameId": 1})
	require.Equal(t, "1000", e.value("counter", 1))

	_, module := e.scope(1, "Module")
	label := module["label"]
	require.NotEmpty(t, label.MemoryReference)
	w := ask[*dap.WriteMemoryResponse](e, "writeMemory", map[string]any{"memoryReference": label.MemoryReference, "offset": 1,
		"data": base64.StdEncoding.EncodeToString([]byte("IE\x00"))})
	require.Equal(t, 3, w.Body.BytesWritten)
	m := ask[*dap.ReadMemoryResponse](e, "readMemory", map[string]any{"memoryReference": label.MemoryReference, "count": 4})
	require.Equal(t, base64.StdEncoding.EncodeToString([]byte("lIE\x00")), m.Body.Data)
	require.Equal(t, 8, ask[*dap.ReadMemoryResponse](e, "readMemory", map[string]any{"memoryReference": "0x0", "count": 8}).Body.UnreadableBytes)
	require.NotEmpty(t, e.fails("readMemory", map[string]any{"memoryReference": "nowhere", "count": 8}))
	require.NotEmpty(t, e.fails("writeMemory", map[string]any{"memoryReference": "0x0", "data": "AAAA"}))
	require.NotEmpty(t, e.fails("writeMemory", map[string]any{"memoryReference": label.MemoryReference, "data": "%%"}))

	ask[*dap.SetFunctionBreakpointsResponse](e, "setFunctionBreakpoints", map[string]any{"breakpoints": []any{}})
	e.stops("continue", nil)
	require.Contains(t, e.log, "counter 1000", "the run has gone the changed way")
}

// TestDataBreakpoints: found by name, hit forwards and backwards.
func TestDataBreakpoints(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "source_dwarf4.o", "stopOnEntry": true})
	require.Equal(t, "entry", e.stops("configurationDone", nil).Reason)
	info := ask[*dap.DataBreakpointInfoResponse](e, "dataBreakpointInfo", map[string]any{"name": "triangle.tiny", "frameId": 1}).Body
	require.NotEmpty(t, info.DataId)
	require.Nil(t, ask[*dap.DataBreakpointInfoResponse](e, "dataBreakpointInfo", map[string]any{"name": "$eax"}).Body.DataId)
	set := ask[*dap.SetDataBreakpointsResponse](e, "setDataBreakpoints", map[string]any{"breakpoints": []map[string]any{
		{"dataId": info.DataId, "accessType": "write"}, {"dataId": "zz", "accessType": "write"}}}).Body.Breakpoints
	require.True(t, set[0].Verified)
	require.False(t, set[1].Verified)
	stop := e.stops("continue", nil)
	require.Equal(t, "data breakpoint", stop.Reason)
	require.Equal(t, []int{set[0].Id}, stop.HitBreakpointIds)
	require.Contains(t, e.top().Name, "poke")
	require.Equal(t, "3 '\\003'", e.value("triangle.tiny", 1))
	e.stops("continue", nil)
	require.Equal(t, "data breakpoint", e.stops("reverseContinue", nil).Reason)
}

// TestHitCounts: conditions on how often.
func TestHitCounts(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "source_dwarf4.o"})
	set := ask[*dap.SetFunctionBreakpointsResponse](e, "setFunctionBreakpoints", map[string]any{"breakpoints": []map[string]any{
		{"name": "clamp"}, {"name": "deeper", "hitCondition": "often"}, {"name": "deeper", "condition": "1 +"},
	}}).Body.Breakpoints
	require.False(t, set[1].Verified)
	require.Contains(t, set[1].Message, "often")
	require.False(t, set[2].Verified)
	set = ask[*dap.SetBreakpointsResponse](e, "setBreakpoints", map[string]any{"source": map[string]any{"path": sourcePath(t)},
		"breakpoints": []map[string]any{{"line": 77, "hitCondition": ">=3"}}}).Body.Breakpoints
	require.True(t, set[0].Verified)
	ask[*dap.SetFunctionBreakpointsResponse](e, "setFunctionBreakpoints", map[string]any{"breakpoints": []any{}})
	e.stops("configurationDone", nil)
	require.Equal(t, "-30", e.value("s->corner[2].x * s->corner[2].y", 1))
	require.NotContains(t, e.log, "sum")
}

// TestOops: the exception's stop, its description, the frames behind it, and the way back.
func TestOops(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "source_dwarf4.o", "args": []string{"crash=1"}})
	ask[*dap.SetExceptionBreakpointsResponse](e, "setExceptionBreakpoints", map[string]any{"filters": []string{"oops", "panic"}})
	require.Contains(t, e.fails("setExceptionBreakpoints", map[string]any{"filters": []string{"sneeze"}}), "sneeze")
	stop := e.stops("configurationDone", nil)
	require.Equal(t, "exception", stop.Reason)
	info := ask[*dap.ExceptionInfoResponse](e, "exceptionInfo", map[string]any{"threadId": 1}).Body
	require.Contains(t, info.Description, "at virtual address 00000048")
	found := false
	for _, f := range ask[*dap.StackTraceResponse](e, "stackTrace", map[string]any{"threadId": 1}).Body.StackFrames {
		if f.Name == "poke [source_dwarf4]" {
			found = true
			require.Equal(t, 96, f.Line)
			require.Equal(t, "0x0", e.variables(func() int { r, _ := e.scope(f.Id, "Arguments"); return r }())["s"].Value[len("(struct shape *) "):])
		}
	}
	require.True(t, found)
	e.stops("stepBack", nil)
	require.NotEmpty(t, e.fails("exceptionInfo", map[string]any{"threadId": 1}))
	require.Equal(t, "exception", e.stops("continue", nil).Reason)
	ask[*dap.SetExceptionBreakpointsResponse](e, "setExceptionBreakpoints", map[string]any{"filters": []string{}})
	require.Contains(t, e.stops("continue", nil).Description, "ended")
	require.Contains(t, e.log, "Oops: 0002")
}

// TestCode: disassembly around a place, instruction breakpoints, goto.
func TestCode(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "source_dwarf4.o", "stopOnEntry": true})
	e.stops("configurationDone", nil)
	here := e.top().InstructionPointerReference
	code := ask[*dap.DisassembleResponse](e, "disassemble", map[string]any{"memoryReference": here, "instructionOffset": -4,
		"instructionCount": 10}).Body.Instructions
	require.Len(t, code, 10)
	require.Equal(t, here, code[4].Address)
	require.Contains(t, code[4].Instruction, "push")
	require.Equal(t, "56", code[4].InstructionBytes)
	require.Equal(t, 119, code[4].Line)
	later := ask[*dap.DisassembleResponse](e, "disassemble", map[string]any{"memoryReference": here, "instructionOffset": 2,
		"instructionCount": 3}).Body.Instructions
	require.Equal(t, code[6:9], later)
	require.Len(t, ask[*dap.DisassembleResponse](e, "disassemble", map[string]any{"memoryReference": "0x10", "instructionOffset": -5,
		"instructionCount": 6}).Body.Instructions, 6)
	require.NotEmpty(t, e.fails("disassemble", map[string]any{"memoryReference": here, "instructionCount": 1 << 30}))

	set := ask[*dap.SetInstructionBreakpointsResponse](e, "setInstructionBreakpoints", map[string]any{"breakpoints": []map[string]any{
		{"instructionReference": code[7].Address}, {"instructionReference": "x"}}}).Body.Breakpoints
	require.True(t, set[0].Verified)
	require.False(t, set[1].Verified)
	require.Equal(t, "instruction breakpoint", e.stops("continue", nil).Reason)
	require.Equal(t, code[7].Address, e.top().InstructionPointerReference)
	for range 3 {
		e.stops("stepBack", map[string]any{"granularity": "instruction"})
	}
	require.Equal(t, here, e.top().InstructionPointerReference)

	targets := ask[*dap.GotoTargetsResponse](e, "gotoTargets", map[string]any{"source": map[string]any{"path": sourcePath(t)}, "line": 122}).Body.Targets
	require.NotEmpty(t, targets)
	require.Equal(t, "goto", e.stops("goto", map[string]any{"targetId": targets[0].Id}).Reason)
	require.Equal(t, targets[0].InstructionPointerReference, e.top().InstructionPointerReference)
	for _, id := range []int{-1, 0, targets[0].Id} { // the last is of the stop before
		require.NotEmpty(t, e.fails("goto", map[string]any{"threadId": 1, "targetId": id}))
	}
}

// TestConsole: commands in the editor's console, expressions before commands of the same name, completion.
func TestConsole(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "source_dwarf4.o", "stopOnEntry": true})
	e.stops("configurationDone", nil)
	repl := func(text string) string {
		return ask[*dap.EvaluateResponse](e, "evaluate", map[string]any{"expression": text, "context": "repl", "frameId": 1}).Body.Result
	}
	require.Contains(t, repl("modules"), "source_dwarf4")
	require.Equal(t, "3", repl("counter"))
	require.Equal(t, "6", repl("counter * 2"))
	require.Contains(t, repl("print counter"), "3")
	require.NotEmpty(t, e.fails("evaluate", map[string]any{"expression": "log", "context": "watch"}))
	require.NotEmpty(t, e.fails("evaluate", map[string]any{"expression": "", "context": "repl"}))
	repl("tbreak area")
	require.Equal(t, "breakpoint", func() string { repl("continue"); return wait[*dap.StoppedEvent](e).Body.Reason }())
	require.Contains(t, e.top().Name, "area")
	repl("set counter = 8")
	wait[*dap.InvalidatedEvent](e)
	require.Equal(t, "8", e.value("counter", 1))
	items := ask[*dap.CompletionsResponse](e, "completions", map[string]any{"text": "print coun", "column": 11}).Body.Targets
	require.Contains(t, items, dap.CompletionItem{Label: "counter", Start: 7, Length: 4})

	require.Contains(t, ask[*dap.ModulesResponse](e, "modules", map[string]any{}).Body.Modules[0].SymbolStatus, "DWARF 4")
	sources := ask[*dap.LoadedSourcesResponse](e, "loadedSources", map[string]any{}).Body.Sources
	found := false
	for _, source := range sources {
		found = found || source.Path == sourcePath(t) && source.Name == "source.c"
	}
	require.True(t, found, "%v", sources)
	text := ask[*dap.SourceResponse](e, "source", map[string]any{"source": map[string]any{"path": sourcePath(t)}, "sourceReference": 0})
	require.Contains(t, text.Body.Content, "init_module")
	require.NotEmpty(t, e.fails("source", map[string]any{"source": map[string]any{"path": "/etc/passwd"}, "sourceReference": 0}))
}

// TestPause: a run that would not end is paused, takes breakpoints without being paused, and ends with the connection.
func TestPause(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "spin.o"})
	ask[*dap.ConfigurationDoneResponse](e, "configurationDone", map[string]any{})
	require.Contains(t, e.fails("stackTrace", map[string]any{"threadId": 1}), "pause")
	require.Len(t, ask[*dap.ThreadsResponse](e, "threads", map[string]any{}).Body.Threads, 1)
	require.Empty(t, ask[*dap.SetFunctionBreakpointsResponse](e, "setFunctionBreakpoints", map[string]any{"breakpoints": []any{}}).Body.Breakpoints)
	require.Contains(t, e.fails("next", map[string]any{"threadId": 1}), "pause", "it has gone on")
	wait[*dap.ProgressUpdateEvent](e)
	require.Equal(t, "pause", e.stops("pause", nil).Reason)
	require.Contains(t, e.log, "spinning")
	require.Contains(t, e.fails("pause", map[string]any{"threadId": 1}), "nothing runs")
	ask[*dap.RestartResponse](e, "restart", map[string]any{})
	require.Contains(t, e.fails("next", map[string]any{"threadId": 1}), "pause", "it runs again")
	ask[*dap.DisconnectResponse](e, "disconnect", map[string]any{})
	_, err := dap.ReadProtocolMessage(e.in)
	require.ErrorIs(t, err, io.EOF)
}

// TestNoDebug runs to the end and tells how it was.
func TestNoDebug(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "fails.o", "noDebug": true})
	ask[*dap.ConfigurationDoneResponse](e, "configurationDone", map[string]any{})
	require.Equal(t, 1, wait[*dap.ExitedEvent](e).Body.ExitCode)
	wait[*dap.TerminatedEvent](e)
}

// TestOrder: what comes before its time, or twice, is refused by name; serving goes on.
func TestOrder(t *testing.T) {
	e := open(t)
	require.Contains(t, e.fails("launch", map[string]any{}), "initialize")
	require.Contains(t, e.fails("stackTrace", map[string]any{"threadId": 1}), "initialize")
	ask[*dap.InitializeResponse](e, "initialize", map[string]any{"adapterID": "ring0"})
	require.Contains(t, e.fails("initialize", map[string]any{"adapterID": "ring0"}), "already")
	require.Contains(t, e.fails("variables", map[string]any{"variablesReference": 1}), "launch")
	require.Contains(t, e.fails("launch", map[string]any{}), "program")
	require.Contains(t, e.fails("launch", map[string]any{"program": 7}), "launch")
	require.Contains(t, e.fails("launch", map[string]any{"program": "no/such.o"}), "no/such.o")
	require.Contains(t, e.fails("attach", map[string]any{}), "not supported")
	ask[*dap.LaunchResponse](e, "launch", map[string]any{"program": filepath.Join(modules, "hello.o")})
	require.Contains(t, e.fails("launch", map[string]any{"program": "again.o"}), "already")
	require.Contains(t, e.fails("continue", map[string]any{"threadId": 1}), "configurationDone")
	require.Contains(t, e.fails("scopes", map[string]any{"frameId": 99}), "frame")
	require.Contains(t, e.fails("variables", map[string]any{"variablesReference": 99}), "stop")
	ask[*dap.TerminateResponse](e, "terminate", map[string]any{})
	wait[*dap.TerminatedEvent](e)
}

// TestGarbage: messages that are none get an error and serving goes on; a header that is none ends it.
func TestGarbage(t *testing.T) {
	e := open(t)
	for _, text := range []string{`{`, `[]`, `{"seq":3,"type":"request","command":"dance"}`, `{"seq":4,"type":"request","command":"next","arguments":7}`} {
		require.NoError(t, dap.WriteBaseMessage(e.conn, []byte(text)))
		r, ok := e.read().(*dap.ErrorResponse)
		require.True(t, ok, text)
		require.NotEmpty(t, r.Message)
	}
	require.NoError(t, dap.WriteBaseMessage(e.conn, []byte(`{"seq":5,"type":"event","event":"initialized"}`)))
	ask[*dap.InitializeResponse](e, "initialize", map[string]any{"adapterID": "ring0"})
	_, err := io.WriteString(e.conn, "Content-Length: lots\r\n\r\n")
	require.NoError(t, err)
	_, err = dap.ReadProtocolMessage(e.in)
	require.ErrorIs(t, err, io.EOF)
}

// TestPage: the launch configuration in docs/debugging.md is one, and works.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/debugging.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "```json\n")
	require.True(t, ok)
	text, _, ok := strings.Cut(rest, "```")
	require.True(t, ok)
	var all map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &all))
	known := map[string]bool{"type": true, "request": true, "name": true}
	arguments := reflect.TypeFor[launchArguments]()
	for i := range arguments.NumField() {
		name := arguments.Field(i).Tag.Get("json")
		require.Contains(t, all, name, "the page leaves one out")
		known[name] = true
	}
	for name := range all {
		require.True(t, known[name], "there is no launch argument %s", name)
	}
	t.Chdir("../../..")
	e := open(t)
	ask[*dap.InitializeResponse](e, "initialize", map[string]any{"adapterID": "ring0"})
	ask[*dap.LaunchResponse](e, "launch", all)
	wait[*dap.InitializedEvent](e)
	require.Equal(t, "entry", e.stops("configurationDone", nil).Reason)
	require.Contains(t, e.top().Name, "[exporter]")
	require.Equal(t, "exception", e.stops("continue", nil).Reason)
}

// TestCountingFromZero: an editor that counts lines and columns from 0 is told everything so, and understood.
func TestCountingFromZero(t *testing.T) {
	e := open(t)
	ask[*dap.InitializeResponse](e, "initialize", map[string]any{"adapterID": "ring0", "linesStartAt1": false, "columnsStartAt1": false})
	ask[*dap.LaunchResponse](e, "launch", map[string]any{"program": modules + "source_dwarf4.o"})
	wait[*dap.InitializedEvent](e)
	set := ask[*dap.SetBreakpointsResponse](e, "setBreakpoints", map[string]any{"source": map[string]any{"path": sourcePath(t)},
		"lines": []int{94}}).Body.Breakpoints
	require.True(t, set[0].Verified)
	require.Equal(t, 94, set[0].Line)
	e.stops("configurationDone", nil)
	require.Equal(t, 94, e.top().Line)
	require.Zero(t, e.top().Column)
	targets := ask[*dap.GotoTargetsResponse](e, "gotoTargets", map[string]any{"source": map[string]any{"path": sourcePath(t)}, "line": 95}).Body.Targets
	require.Equal(t, 95, targets[0].Line)
	code := ask[*dap.DisassembleResponse](e, "disassemble", map[string]any{"memoryReference": e.top().InstructionPointerReference,
		"instructionCount": 1}).Body.Instructions
	require.Equal(t, 94, code[0].Line)
	items := ask[*dap.CompletionsResponse](e, "completions", map[string]any{"text": "print count", "column": 11}).Body.Targets
	require.NotEmpty(t, items)
	require.Equal(t, 6, items[0].Start)
}

// TestLookingChangesNothing: only the console and the requests for it change something; a watch expression is asked at every stop.
func TestLookingChangesNothing(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "source_dwarf4.o", "stopOnEntry": true})
	e.stops("configurationDone", nil)
	for _, context := range []string{"watch", "hover", "variables", "clipboard"} {
		for _, text := range []string{"counter = 5", "counter++", "$eax = 1"} {
			why := e.fails("evaluate", map[string]any{"expression": text, "frameId": 1, "context": context})
			require.Contains(t, why, "cannot be changed here")
		}
	}
	require.Equal(t, "3", e.value("counter", 1))
	ask[*dap.EvaluateResponse](e, "evaluate", map[string]any{"expression": "counter = 5", "frameId": 1, "context": "repl"})
	require.Equal(t, "5", e.value("counter", 1))
	ref, _ := e.scope(1, "Registers")
	ask[*dap.SetVariableResponse](e, "setVariable", map[string]any{"variablesReference": ref, "name": "eip", "value": "factorial"})
	require.Equal(t, "all", string(wait[*dap.InvalidatedEvent](e).Body.Areas[0]))
	require.Contains(t, e.top().Name, "factorial")
}

// TestRestartTellsTheLogAgain: a restarted run is another one.
func TestRestartTellsTheLogAgain(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "hello.o"})
	e.stops("configurationDone", nil)
	first := e.log
	require.Contains(t, first, "hello, nobody")
	e.stops("restart", nil)
	require.Equal(t, first+first, e.log)
}

// TestShortMovesTellNoProgress: an editor would flash a notice at every step.
func TestShortMovesTellNoProgress(t *testing.T) {
	e := open(t)
	e.launch(map[string]any{"program": "source_dwarf4.o", "stopOnEntry": true})
	e.stops("configurationDone", nil)
	for range 3 {
		e.stops("next", nil)
	}
	e.stops("stepBack", nil)
	for _, event := range e.events {
		_, progress := event.(*dap.ProgressStartEvent)
		require.False(t, progress)
	}
}
