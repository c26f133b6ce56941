// SPDX-License-Identifier: BSD-3-Clause
// ring0 debug on a real terminal: start, break, step, go back, resize, quit. The terminal is left clean.

package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// terminal is a program on a pseudo-terminal whose output goes to an emulator.
type terminal struct {
	t    *testing.T
	pty  *os.File
	cmd  *exec.Cmd
	mu   sync.Mutex
	vt   *vt.Emulator
	raw  strings.Builder
	done chan struct{} // the program has closed the terminal
}

func startTerminal(t *testing.T, kind string, args ...string) *terminal {
	t.Helper()
	cmd := exec.Command("ring0", args...)
	cmd.Env = append(os.Environ(), "TERM="+kind, "LANG=C.UTF-8")
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENODEV) {
		t.Skip("no pseudo-terminals here: ", err)
	}
	require.NoError(t, err)
	x := &terminal{t: t, pty: f, cmd: cmd, vt: vt.NewEmulator(80, 24), done: make(chan struct{})}
	go x.pump()
	go func() { _, _ = io.Copy(f, x.vt) }() // the emulator's answers to queries
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended unless the test failed
		_ = f.Close()
	})
	return x
}

// pump feeds the emulator.
func (x *terminal) pump() {
	defer close(x.done)
	buf := make([]byte, 1<<14)
	for {
		n, err := x.pty.Read(buf)
		x.mu.Lock()
		x.raw.Write(buf[:n])
		_, _ = x.vt.Write(buf[:n]) // an emulator takes everything
		x.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (x *terminal) screen() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.vt.String()
}

// waits waits until the screen shows a text.
func (x *terminal) waits(text string) {
	x.t.Helper()
	require.Eventually(x.t, func() bool { return strings.Contains(x.screen(), text) }, 20*time.Second, 20*time.Millisecond,
		"%q does not appear on:\n%s", text, x.screen())
}

func (x *terminal) types(keys string) {
	x.t.Helper()
	_, err := x.pty.WriteString(keys)
	require.NoError(x.t, err)
}

func (x *terminal) resize(w, h int) {
	x.t.Helper()
	x.mu.Lock()
	x.vt.Resize(w, h)
	x.mu.Unlock()
	require.NoError(x.t, pty.Setsize(x.pty, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)}))
}

func TestDebugOnATerminal(t *testing.T) {
	x := startTerminal(t, "xterm-256color", "debug", "../../testdata/modules/source_dwarf4.o")
	x.waits("init_module")
	x.types(":break factorial\r")
	x.waits("breakpoint 2")
	x.types("n")
	x.types(":continue\r")
	x.waits("factorial")
	x.types("I")
	x.waits("init_module")
	x.resize(120, 40)
	x.waits("─ stack ─")
	x.types("?")
	x.waits("Moving back in time")
	x.types("\x1b")
	require.Eventually(t, func() bool { return !strings.Contains(x.screen(), "Moving back in time") }, 20*time.Second, 20*time.Millisecond)
	x.types("q")
	select {
	case <-x.done:
	case <-time.After(20 * time.Second):
		t.Fatal("q does not quit")
	}
	require.NoError(t, x.cmd.Wait())

	x.mu.Lock()
	defer x.mu.Unlock()
	require.False(t, x.vt.IsAltScreen(), "the alternate screen is left")
	raw := x.raw.String()
	require.Greater(t, strings.LastIndex(raw, "\x1b[?25h"), strings.LastIndex(raw, "\x1b[?25l"), "the cursor is shown again")
	require.Greater(t, strings.LastIndex(raw, "\x1b[?1002l"), strings.LastIndex(raw, "\x1b[?1002h"), "the mouse is given back")
}

// A terminal that cannot place text gets lines, and no escape sequence.
func TestDebugOnADumbTerminal(t *testing.T) {
	x := startTerminal(t, "dumb", "debug", "../../testdata/modules/spin.o")
	x.waits("(ring0)")
	x.types("stepi\n\nnonsense\n")
	x.waits("is no command")
	x.types("run\n")
	time.Sleep(300 * time.Millisecond)
	x.types("\x03")
	x.waits("interrupted")
	x.types("quit\n")
	select {
	case <-x.done:
	case <-time.After(20 * time.Second):
		t.Fatal("quit does not quit")
	}
	require.NoError(t, x.cmd.Wait())
	x.mu.Lock()
	defer x.mu.Unlock()
	require.NotContains(t, x.raw.String(), "\x1b")
}
