// SPDX-License-Identifier: BSD-3-Clause
// An editor for tests: go-dap's client side over a pipe.

package dap

import (
	"bufio"
	"encoding/json"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-dap"
	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/session"
	"ring0/guestkernel"
)

const modules = "../../../testdata/modules/"

// editor is the client.
type editor struct {
	t      *testing.T
	conn   net.Conn
	in     *bufio.Reader
	seq    int
	events []dap.EventMessage // that nobody has waited for yet
	log    string             // output of category stdout
	over   chan error
}

// open serves an editor.
func open(t *testing.T) *editor {
	ours, theirs := net.Pipe()
	require.NoError(t, ours.SetDeadline(time.Now().Add(time.Minute)))
	e := &editor{t: t, conn: ours, in: bufio.NewReader(ours), over: make(chan error, 1)}
	base := debugger.Config{Session: session.Config{Kernel: guestkernel.Config{Mem: 20 << 20, MaxInsns: 10_000_000_000}}}
	go func() { e.over <- New(base, modules).Serve(theirs); theirs.Close() }()
	t.Cleanup(func() { ours.Close(); <-e.over })
	return e
}

// read returns the next message.
func (e *editor) read() dap.Message {
	e.t.Helper()
	m, err := dap.ReadProtocolMessage(e.in)
	require.NoError(e.t, err)
	return m
}

// note keeps an event.
func (e *editor) note(m dap.Message) {
	if o, ok := m.(*dap.OutputEvent); ok && o.Body.Category == "stdout" {
		e.log += o.Body.Output
	}
	if event, ok := m.(dap.EventMessage); ok {
		e.events = append(e.events, event)
	}
}

// post sends a request without waiting.
func (e *editor) post(command string, arguments any) (seq int) {
	e.t.Helper()
	e.seq++
	text, err := json.Marshal(map[string]any{"seq": e.seq, "type": "request", "command": command, "arguments": arguments})
	require.NoError(e.t, err)
	require.NoError(e.t, dap.WriteBaseMessage(e.conn, text))
	return e.seq
}

// answer waits for the response to a request.
func (e *editor) answer(seq int) dap.Message {
	e.t.Helper()
	for {
		m := e.read()
		if r, ok := m.(dap.ResponseMessage); ok {
			require.Equal(e.t, seq, r.GetResponse().RequestSeq)
			return m
		}
		e.note(m)
	}
}

// ask sends a request that must succeed.
func ask[R dap.ResponseMessage](e *editor, command string, arguments any) R {
	e.t.Helper()
	m := e.answer(e.post(command, arguments))
	r, ok := m.(R)
	if !ok {
		text, _ := json.Marshal(m)
		require.Fail(e.t, command+" failed", string(text))
	}
	return r
}

// fails sends a request that must be refused, and returns why.
func (e *editor) fails(command string, arguments any) string {
	e.t.Helper()
	m := e.answer(e.post(command, arguments))
	r, ok := m.(*dap.ErrorResponse)
	require.True(e.t, ok, "%s succeeded: %v", command, m)
	require.False(e.t, r.Success)
	return r.Message
}

// wait waits for an event.
func wait[E dap.EventMessage](e *editor) E {
	e.t.Helper()
	for {
		for i, event := range e.events {
			if found, ok := event.(E); ok {
				e.events = append(e.events[:i:i], e.events[i+1:]...)
				return found
			}
		}
		e.note(e.read())
	}
}

// stops sends a request that moves and returns the stop it ends at.
func (e *editor) stops(command string, arguments map[string]any) dap.StoppedEventBody {
	e.t.Helper()
	if arguments == nil {
		arguments = map[string]any{}
	}
	arguments["threadId"] = 1
	m := e.answer(e.post(command, arguments))
	require.True(e.t, m.(dap.ResponseMessage).GetResponse().Success, "%s: %v", command, m)
	return wait[*dap.StoppedEvent](e).Body
}

// launch goes to the first init.
func (e *editor) launch(arguments map[string]any) {
	e.t.Helper()
	ask[*dap.InitializeResponse](e, "initialize", map[string]any{"adapterID": "ring0", "linesStartAt1": true, "columnsStartAt1": true,
		"supportsProgressReporting": true, "supportsInvalidatedEvent": true})
	arguments["program"] = modules + arguments["program"].(string)
	ask[*dap.LaunchResponse](e, "launch", arguments)
	wait[*dap.InitializedEvent](e)
}

// top is the innermost frame.
func (e *editor) top() dap.StackFrame {
	e.t.Helper()
	return ask[*dap.StackTraceResponse](e, "stackTrace", map[string]any{"threadId": 1, "levels": 1}).Body.StackFrames[0]
}

// value evaluates an expression in a frame.
func (e *editor) value(expression string, frame int) string {
	e.t.Helper()
	return ask[*dap.EvaluateResponse](e, "evaluate", map[string]any{"expression": expression, "frameId": frame, "context": "watch"}).Body.Result
}

// scope lists the variables of a scope of a frame.
func (e *editor) scope(frame int, name string) (ref int, values map[string]dap.Variable) {
	e.t.Helper()
	for _, s := range ask[*dap.ScopesResponse](e, "scopes", map[string]any{"frameId": frame}).Body.Scopes {
		if s.Name == name {
			return s.VariablesReference, e.variables(s.VariablesReference)
		}
	}
	require.Fail(e.t, "there is no scope "+name)
	return 0, nil
}

func (e *editor) variables(ref int) map[string]dap.Variable {
	e.t.Helper()
	values := map[string]dap.Variable{}
	for _, v := range ask[*dap.VariablesResponse](e, "variables", map[string]any{"variablesReference": ref}).Body.Variables {
		values[v.Name] = v
	}
	return values
}

// sourcePath is source.c as an editor knows it.
func sourcePath(t *testing.T) string {
	p, err := filepath.Abs(modules + "source.c")
	require.NoError(t, err)
	return p
}
