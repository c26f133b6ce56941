// SPDX-License-Identifier: BSD-3-Clause
// The installed gdb drives the stub: testdata/*.gdb are its commands, testdata/*.txt what it answers.

package gdbstub

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/console"
	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/session"
	"ring0/guestkernel"
)

var update = flag.Bool("update", false, "write the transcripts again")

const modules = "../../../testdata/modules/"

// startConsole loads modules as "file.o parameter=value … -- file.o …" names them.
func startConsole(t testing.TB, then, text string) *console.Console {
	cfg := debugger.Config{Session: session.Config{Kernel: guestkernel.Config{Mem: 20 << 20, MaxInsns: 10_000_000_000}, Then: then}}
	for one := range strings.SplitSeq(text, " -- ") {
		words := strings.Fields(one)
		cfg.Session.Modules = append(cfg.Session.Modules, session.Module{File: modules + words[0], Parameters: words[1:]})
	}
	con, err := console.Start(cfg, modules)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, con.Close()) })
	require.NoError(t, con.ToFirstInit())
	return con
}

// serve serves one gdb after the other until one kills the debuggee or the test ends. It returns where.
func serve(t *testing.T, con *console.Console) (addr string, killed <-chan struct{}) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	over, dead := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		server := New(con)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			err = server.Serve(conn)
			conn.Close()
			if errors.Is(err, ErrKilled) {
				close(dead)
				return
			}
		}
	}()
	t.Cleanup(func() { l.Close(); <-over })
	return l.Addr().String(), dead
}

// TestGDB replays each script. Its first lines say what to load, "# load FILE.o …", what to do then, "# then STEPS", and what in gdb's
// answers depends on the time, "# hide PATTERN".
func TestGDB(t *testing.T) {
	gdb, err := exec.LookPath("gdb")
	if err != nil {
		t.Skip("gdb is not installed: apt-get install gdb")
	}
	scripts, err := filepath.Glob("testdata/*.gdb")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".gdb"), func(t *testing.T) {
			text, err := os.ReadFile(script)
			require.NoError(t, err)
			addr, _ := serve(t, startConsole(t, header(string(text), "then"), header(string(text), "load")))
			got := transcript(t, gdb, addr, string(text))
			if hide := header(string(text), "hide"); hide != "" {
				got = regexp.MustCompile(hide).ReplaceAllString(got, "…")
			}
			golden := strings.TrimSuffix(script, ".gdb") + ".txt"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

// TestPage: what docs/debugging.md shows of gdb is a part of a transcript.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/debugging.md")
	require.NoError(t, err)
	whole, err := os.ReadFile("testdata/oops.txt")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "```gdb\n")
	require.True(t, ok)
	shown, _, ok := strings.Cut(rest, "```")
	require.True(t, ok)
	require.Contains(t, string(whole), shown)
}

// header is the value of a line "# name value".
func header(text, name string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "# "+name+" "); ok {
			return value
		}
	}
	return ""
}

// settings hold for every script.
const settings = "set pagination off\nset confirm off\nset width 0\nset style enabled off\nset debuginfod enabled off\nset auto-load no\n" +
	"set python print-stack none\ndirectory " + modules + "\n"

// transcript is what gdb says, each command before its answer. The line "connect" stands for the target's address; "interrupt COMMAND" is
// a command that Ctrl-C ends.
func transcript(t *testing.T, gdb, addr, script string) string {
	dir := t.TempDir()
	started, over := filepath.Join(dir, "started"), filepath.Join(dir, "over")
	args := []string{"-nx", "-nh", "-batch"}
	do := func(command string) { args = append(args, "-ex", command) }
	for line := range strings.Lines(settings + script) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		do("echo \\n(gdb) " + line + "\\n")
		endless, interrupt := strings.CutPrefix(line, "interrupt ")
		switch {
		case interrupt:
			do("shell touch " + started)
			do(endless)
			do("shell touch " + over)
		case line == "connect":
			do("target remote " + addr)
		default:
			do(line)
		}
	}
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, gdb, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C", "TERM=dumb", "DEBUGINFOD_URLS=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	go interrupted(ctx, cmd.Process, started, over)
	err := cmd.Wait()
	require.NoError(t, ctx.Err(), out.String())
	require.NoError(t, err, out.String())
	_, text, ok := strings.Cut(out.String(), "(gdb) connect\n")
	require.True(t, ok, out.String())
	return normalise(t, "(gdb) connect\n"+text)
}

// interrupted sends Ctrl-C once a file is there and the command behind it has had time to begin, and again until gdb has gone on.
func interrupted(ctx context.Context, gdb *os.Process, started, over string) {
	const begins = 1500 * time.Millisecond
	exists := func(file string) bool { _, err := os.Stat(file); return err == nil }
	for ctx.Err() == nil && !exists(started) {
		time.Sleep(begins / 20)
	}
	for ctx.Err() == nil {
		time.Sleep(begins)
		if exists(over) || gdb.Signal(os.Interrupt) != nil {
			return
		}
	}
}

// normalise takes out what differs between gdb's versions and places.
func normalise(t *testing.T, text string) string {
	root, err := filepath.Abs(modules)
	require.NoError(t, err)
	text = strings.ReplaceAll(text, root, "MODULES")
	for _, r := range []struct{ pattern, by string }{
		{`(?m)^warning: File transfers from remote targets can be slow.*\n`, ""},
		{`(?m)^Reading .* from remote target\.\.\.\n`, ""},
		{`(?m)^\(No debugging symbols found in .*\)\n`, ""},
		{`(?m)^Reading symbols from .*\n`, ""},
		{`(?m)^Source directories searched: .*\n`, ""},
		{`(?m)[ \t]+$`, ""},
		{`\A\n+`, ""},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.by)
	}
	return text
}
