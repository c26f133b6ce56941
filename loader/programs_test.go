// SPDX-License-Identifier: BSD-3-Clause
// User programs on a kernel with modules, against the console of a real 2.4.18-14 (testdata/user/expect/modules).

package loader

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
)

const userDir = "../testdata/user"

var memoryLine = regexp.MustCompile(`(?m)^memory (\d+)$`)

// A consoleLog collects what a console shows: a program's output and the log above the level of debugging, without levels.
type consoleLog struct {
	strings.Builder
	fresh, hidden bool // at the beginning of a line; inside one that is not shown
}

func (c *consoleLog) log(text string) {
	for line := range strings.Lines(text) {
		if c.fresh {
			c.hidden = strings.HasPrefix(line, "<7>")
			if len(line) > 2 && line[0] == '<' && line[2] == '>' {
				line = line[3:]
			}
		}
		if !c.hidden {
			c.WriteString(line)
		}
		c.fresh = strings.HasSuffix(line, "\n")
	}
}

// TestProgramsWithModules runs the files: "memory MEGABYTES" if it is not the usual, "insmod FILE", "run PROGRAM [ARGUMENT…]:
// exit 0" with what follows on the console.
func TestProgramsWithModules(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(userDir, "expect", "modules", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			cfg := guestkernel.Config{MaxInsns: 1_000_000_000}
			if m := memoryLine.FindStringSubmatch(string(text)); m != nil {
				megabytes, err := strconv.ParseUint(m[1], 10, 16)
				require.NoError(t, err)
				cfg.Mem = uint32(megabytes) << 20
			}
			kernel, p := boot(t, cfg, guestkernel.ProcessConfig{})
			console := &consoleLog{fresh: true}
			kernel.SetObserver(func(n guestkernel.Notice) {
				if n.Kind == guestkernel.LogWritten {
					console.log(n.Text)
				}
			})
			want := ""
			for line := range strings.Lines(string(text)) {
				bare := strings.TrimSuffix(line, "\n")
				switch words := strings.Fields(bare); {
				case strings.HasPrefix(bare, "#"), memoryLine.MatchString(bare):
				case strings.HasPrefix(bare, "insmod "):
					_, err := insmodStep(kernel, p, words[1:], "0")
					require.NoError(t, err)
					console.Reset()
				case strings.HasPrefix(bare, "run "):
					require.Equal(t, want, console.String())
					want = ""
					runUser(t, kernel, console, strings.TrimPrefix(bare, "run "))
				default:
					want += line
				}
			}
			require.Equal(t, want, console.String())
		})
	}
}

// runUser runs "PROGRAM [ARGUMENT…]: exit 0".
func runUser(t *testing.T, kernel *guestkernel.Kernel, console *consoleLog, run string) {
	console.Reset() // what modules logged meanwhile
	command, end, _ := strings.Cut(run, ": ")
	words := strings.Fields(command)
	file, err := os.ReadFile(filepath.Join(userDir, words[0]))
	require.NoError(t, err)
	program, err := kernel.StartProgram(guestkernel.ProgramConfig{Path: words[0], Args: words, File: file, Stdout: console, Stderr: console})
	require.NoError(t, err)
	require.Equal(t, strings.Replace(end, "exit", "exited", 1), program.Wait().String())
}
