// SPDX-License-Identifier: BSD-3-Clause
// Every command and what it answers; completion; scripts; conditions.

package console

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/golden"
	"ring0/cmd/internal/session"
)

var update = flag.Bool("update", false, "write the answers in testdata anew")

const modules = "../../../testdata/modules"

func open(t testing.TB, module string, parameters ...string) *Console {
	t.Helper()
	c, err := Start(debugger.Config{Session: session.Config{
		Modules: []session.Module{{File: filepath.Join(modules, module), Parameters: parameters}}, Rmmod: true,
	}}, modules)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	require.NoError(t, c.ToFirstInit())
	return c
}

// answer is what a command says, an error included.
func answer(c *Console, text string) string {
	out, err := c.Exec(text)
	if err != nil {
		out += "error: " + err.Error() + "\n"
	}
	return out
}

// TestTranscript types what testdata/source.txt says and compares the answers.
func TestTranscript(t *testing.T) {
	const file = "testdata/source.txt"
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	c := open(t, "source_dwarf4.o")
	var fresh strings.Builder
	used := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "# ") { // a remark; frames begin with # and a number
			fresh.WriteString(line)
		}
		command, typed := strings.CutPrefix(line, "> ")
		if !typed {
			continue
		}
		name, _ := splitCommand(strings.TrimSpace(command))
		if cmd, err := c.catalog.find(name); err == nil {
			used[cmd.name] = true
		}
		fresh.WriteString(line + golden.Mask(answer(c, command)))
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(fresh.String()), 0o644))
	} else {
		require.Equal(t, string(data), fresh.String(), "-update writes the answers anew")
	}
	for _, cmd := range c.catalog.commands {
		if cmd.name != "quit" && cmd.name != "all-registers" && cmd.name != "extable" { // their answers are long, or none
			require.True(t, used[cmd.name], "no test types %s", cmd.name)
		}
	}
}

// TestStepsStop: steps that are made several times end at a breakpoint, and without lines go by instructions.
func TestStepsStop(t *testing.T) {
	c := open(t, "source_dwarf4.o")
	answer(c, "break poke")
	require.Contains(t, answer(c, "step 100"), "breakpoint 2\n")
	require.Contains(t, answer(c, "print pokes"), "0")
	answer(c, "goto start")
	answer(c, "continue")
	require.Contains(t, answer(c, "reverse-stepi 3"), "deeper")
	require.Contains(t, answer(c, "next 5"), "breakpoint 2\n")

	c = open(t, "hello.o") // no debug information
	before := c.dbg.Position().Count
	require.NotContains(t, answer(c, "step"), "error")
	require.Equal(t, before+1, c.dbg.Position().Count)
	answer(c, "next 2")
	require.Equal(t, before+3, c.dbg.Position().Count)
	answer(c, "reverse-next")
	answer(c, "reverse-step")
	require.Equal(t, before+1, c.dbg.Position().Count)
}

func TestLongAnswers(t *testing.T) {
	c := open(t, "source_dwarf4.o")
	require.Contains(t, answer(c, "all-registers"), "mxcsr 0x00001f80")
	require.Contains(t, answer(c, "all-registers"), "limit 0xffffffff  32-bit code of ring 0\n")
	require.Contains(t, answer(c, "all-registers"), "limit 0xffffffff  not usable\n")
	require.Contains(t, answer(c, "all-registers"), "TSS of ring 0\n")
	require.Contains(t, answer(c, "watch label[0]"), "change of 1 byte at")
	require.Contains(t, answer(c, "extable"), "kernel: ")
	help := answer(c, "help")
	require.Equal(t, 1, strings.Count(help, "Moving:\n"), "each group once")
	for _, text := range []string{"", "  ", "quit", "next"} {
		_, err := c.Look(text)
		require.Error(t, err, "%q", text)
	}
	for _, cmd := range c.catalog.commands {
		require.Contains(t, help, "  "+cmd.name)
		require.Contains(t, answer(c, "help "+cmd.name), cmd.help)
	}
	require.Empty(t, answer(c, "quit"))
	require.True(t, c.Done())
}

func TestEmptyLineRepeats(t *testing.T) {
	c := open(t, "source_dwarf4.o")
	answer(c, "stepi")
	at := c.dbg.Position().Count
	answer(c, "")
	require.Equal(t, at+1, c.dbg.Position().Count)
	answer(c, "print 1")
	require.Empty(t, answer(c, ""), "print is not repeated")
}

func TestCompletion(t *testing.T) {
	c := open(t, "source_dwarf4.o")
	for _, row := range []struct {
		typed string
		want  string // one of the candidates
		from  int
	}{
		{"reverse-f", "reverse-finish", 0}, {"break fact", "factorial", 6}, {"print *tri", "triangle", 7}, {"print $ea", "$eax", 6},
		{"catch sys", "syscall", 6}, {"break sou", "source.c:", 6}, {"help bre", "break", 5}, {"goto st", "start", 5}, {"registers cr", "cr3", 10},
	} {
		list, from := c.Complete(row.typed)
		require.Contains(t, list, row.want, row.typed)
		require.Equal(t, row.from, from, row.typed)
		require.LessOrEqual(t, len(list), 2*maxCandidates)
	}
	list, _ := c.Complete("nosuch x")
	require.Empty(t, list)
}

func TestScripts(t *testing.T) {
	c := open(t, "source_dwarf4.o")
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		return file
	}
	inner := write("inner", "# a remark\n\nstepi 2\n")
	outer := write("outer", "source "+inner+"\necho done\nquit\necho never\n")
	var said []string
	require.NoError(t, c.Script(outer, func(command, answer string) { said = append(said, answer) }))
	require.Len(t, said, 3)
	require.Equal(t, "done\n", said[1])

	c = open(t, "source_dwarf4.o")
	loop := write("loop", "source "+filepath.Join(dir, "loop")+"\n")
	require.ErrorContains(t, c.Script(loop, func(string, string) {}), "too deep")
	bad := write("bad", "stepi\nnosuch\n")
	require.ErrorContains(t, c.Script(bad, func(string, string) {}), "bad:2: ")
}

// A condition that cannot be evaluated stops.
func TestBrokenCondition(t *testing.T) {
	c := open(t, "source_dwarf4.o")
	answer(c, "break factorial if *(int *)0 == 1")
	require.Contains(t, answer(c, "continue"), "breakpoint 2")
}

// What gdb's monitor passes on must not move the debuggee behind gdb's back.
func TestLookRefusesToMove(t *testing.T) {
	c := open(t, "source_dwarf4.o")
	before := c.dbg.Position()
	for _, text := range []string{"stepi", "c", "run", "rsi", "goto start", "last-write counter", "source x", "start"} {
		_, err := c.Look(text)
		require.Error(t, err, text)
	}
	require.Equal(t, before, c.dbg.Position())
	out, err := c.Look("modules")
	require.NoError(t, err)
	require.Contains(t, out, "source_dwarf4")
}

// A module without debug information is still useful.
func TestWithoutDebugInformation(t *testing.T) {
	c := open(t, "oops.o")
	require.Contains(t, answer(c, "continue"), "oops: ")
	require.Contains(t, answer(c, "backtrace"), "oops_write")
	require.Contains(t, answer(c, "list"), "no source line is known")
	require.Contains(t, answer(c, "disassemble"), "=>")
	require.Contains(t, answer(c, "locals"), "none")
}

func TestFlagsText(t *testing.T) {
	require.Equal(t, "IF ZF PF", FlagsText(0x246))
	require.Equal(t, "CF IOPL=3", FlagsText(0x3003))
	require.Equal(t, "", FlagsText(2))
}
