// SPDX-License-Identifier: BSD-3-Clause

package debugger_test

import (
	"fmt"
	"path"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/debuginfo"
	"ring0/cmd/internal/session"
	"ring0/guestkernel"
)

// oneModule answers from the debug information of the module that was linked last.
type oneModule struct{ *debuginfo.Module }

func (m *oneModule) Symbol(name string) (addrs []uint32) {
	for _, s := range m.SymbolsNamed(name) {
		addrs = append(addrs, s.Addr)
	}
	return addrs
}

func (m *oneModule) Line(file string, line int) []uint32 {
	addrs, _ := m.Lines.AddrsOf(file, line)
	return addrs
}

func (m *oneModule) LineOf(addr uint32) (debugger.LineRange, bool) {
	if m.Module == nil {
		return debugger.LineRange{}, false
	}
	l, ok := m.Lines.LineOf(addr)
	return debugger.LineRange{File: l.File, Line: l.Line, IsStmt: l.IsStmt, Lo: l.Low, Hi: l.High}, ok
}

// inSource debugs source.o up to a line.
func inSource(t *testing.T, format string, line int) (*debugger.Debugger, *oneModule) {
	info := &oneModule{}
	var d *debugger.Debugger
	d, err := debugger.Start(debugger.Config{
		Session: session.Config{Kernel: guestkernel.Config{Mem: 20 << 20},
			Modules: []session.Module{{File: "../../../testdata/modules/source_" + format + ".o"}}},
		Linked: func(i debugger.Image) {
			info.Module = debuginfo.Load(i.Image)
			d.SetDebugInfo(info, info)
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	_, err = d.Break(debugger.Location{Kind: debugger.AtLine, File: "source.c", Line: line})
	require.NoError(t, err)
	s, err := d.Continue(debugger.Forward)
	require.NoError(t, err)
	require.Equal(t, debugger.ReasonBreakpoint, s.Reason)
	return d, info
}

func (m *oneModule) where(d *debugger.Debugger) string {
	l, ok := m.LineOf(d.LastStop().EIP)
	if !ok {
		return "no line"
	}
	return fmt.Sprintf("%s:%d", path.Base(l.File), l.Line)
}

// walkLines makes moves of one kind from init's first instruction until there are no lines any more.
func walkLines(t *testing.T, d *debugger.Debugger, info *oneModule, move func(debugger.Direction) (debugger.Stop, error)) (stops []debugger.Stop) {
	for range 200 {
		if s := d.LastStop(); info.where(d) != "no line" {
			stops = append(stops, s)
		} else {
			return stops
		}
		_, err := move(debugger.Forward)
		require.NoError(t, err)
	}
	require.Fail(t, "the module does not end")
	return nil
}

// TestLinesBothWays goes through init by lines and back again.
func TestLinesBothWays(t *testing.T) {
	for _, format := range []string{"dwarf2", "dwarf5", "stabs"} {
		t.Run(format, func(t *testing.T) {
			d, info := inSource(t, format, 119)
			begin := d.Position()
			next := walkLines(t, d, info, d.NextLine)
			require.Greater(t, len(next), 5)
			_, err := d.StepInsn(debugger.Backward, 1)
			require.NoError(t, err)
			for i := len(next) - 1; i >= 0; i-- {
				s, err := d.NextLine(debugger.Backward)
				require.NoError(t, err)
				require.Equal(t, next[i].Position, s.Position, "%d: %s", i, info.where(d))
			}

			require.Equal(t, begin, d.Position())
			step := walkLines(t, d, info, d.StepLine)
			require.Greater(t, len(step), len(next)+10)
			back := map[debugger.Position]bool{}
			_, err = d.StepInsn(debugger.Backward, 1)
			require.NoError(t, err)
			for begin.Before(d.Position()) {
				s, err := d.StepLine(debugger.Backward)
				require.NoError(t, err)
				back[s.Position] = true
			}
			for _, s := range step {
				if l, _ := info.LineOf(s.EIP); l.Lo == s.EIP { // not a function that was entered and begins with a call
					require.True(t, back[s.Position], "%v", s.Position)
				}
			}
		})
	}
}

// TestUntilLine leaves a loop.
func TestUntilLine(t *testing.T) {
	d, info := inSource(t, "dwarf2", 76)
	for info.where(d) != "source.c:76" || d.LastStop().EIP < info.SymbolsNamed("area")[0].Addr+0x40 {
		_, err := d.StepLine(debugger.Forward)
		require.NoError(t, err)
	}
	require.NoError(t, d.Delete(1))
	s, err := d.UntilLine(debugger.Forward)
	require.NoError(t, err)
	require.Equal(t, "source.c:81", info.where(d), "%v", s)
}
