// SPDX-License-Identifier: BSD-3-Clause
// The test modules on the modelled kernel, against what the real 2.4.18-14 did with them (testdata/modules/expect).

package loader

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
)

// lacking says why a case cannot hold yet. One that does hold must leave the list.
var lacking = map[string]string{
	"hello-parameters": "a parameter out of range: ring0 refuses it, where the real insmod cut it off",
}

// A step is one action of a case and what is to come of it.
type step struct {
	action string
	result string
	log    []string
}

// readSteps reads a file of testdata/modules/expect; its README has the rules.
func readSteps(t *testing.T, file string) []step {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var steps []step
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "..." || strings.HasPrefix(line, "<") || strings.HasPrefix(line, "/"):
			last := &steps[len(steps)-1]
			last.log = append(last.log, line)
		default:
			colon := strings.LastIndex(line, ":")
			require.Positive(t, colon, line)
			steps = append(steps, step{action: line[:colon], result: strings.TrimPrefix(line[colon+1:], " ")})
		}
	}
	return steps
}

func TestModulesAsOnTheRealKernel(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(modulesDir, "expect", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			err := runSteps(t, readSteps(t, file))
			if why := lacking[name]; why != "" {
				require.Error(t, err, "it works: take it off the list of what is lacking")
				t.Skipf("lacks %s: %v", why, err)
			}
			require.NoError(t, err)
		})
	}
}

// runSteps does a case on a fresh kernel and returns what first was not as expected.
func runSteps(t *testing.T, steps []step) error {
	const enough = 300_000_000 // instructions; an endless loop ends there
	kernel, err := guestkernel.Boot(guestkernel.Config{MaxInsns: enough})
	require.NoError(t, err)
	defer kernel.Close()
	seen := len(kernel.LogText())
	for _, s := range steps {
		result, err := doStep(kernel, s.action, s.result)
		if err != nil {
			return fmt.Errorf("%s: %w", s.action, err)
		}
		log := kernel.LogText()
		lines := strings.Split(strings.TrimSuffix(log[seen:], "\n"), "\n")
		if log[seen:] == "" {
			lines = nil
		}
		seen = len(log)
		if result != s.result {
			return fmt.Errorf("%s: got %q, want %q; log:\n%s", s.action, result, s.result, strings.Join(lines, "\n"))
		}
		if !matchLog(s.log, lines) {
			return fmt.Errorf("%s: log is\n%s\n\nwant\n%s", s.action, strings.Join(lines, "\n"), strings.Join(s.log, "\n"))
		}
		if result == "panic" || result == "hang" || result == "reset" {
			break
		}
	}
	return nil
}

// matchLog compares log lines with what is expected: text, /regular expression/, or ... for any number of lines.
func matchLog(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if want[0] == "..." {
		return matchLog(want[1:], got) || len(got) > 0 && matchLog(want, got[1:])
	}
	if len(got) == 0 {
		return false
	}
	same := want[0] == got[0]
	if pattern, ok := strings.CutPrefix(want[0], "/"); ok {
		same = regexp.MustCompile("^(?:" + strings.TrimSuffix(pattern, "/") + ")$").MatchString(got[0])
	}
	return same && matchLog(want[1:], got[1:])
}

// doStep does one step in a process of its own and returns its result in the words of expect. want chooses between words
// for the same thing.
func doStep(kernel *guestkernel.Kernel, action, want string) (string, error) {
	words := strings.Fields(action)
	p, err := kernel.NewProcess(guestkernel.ProcessConfig{Comm: words[0]})
	if err != nil {
		return "", err
	}
	defer p.Close()
	switch words[0] {
	case "insmod":
		return insmodStep(kernel, p, words[1:], want)
	case "rmmod":
		return verdict(Rmmod(p, words[1]))
	case "modules":
		var names []string
		for line := range strings.Lines(kernel.ModulesText()) {
			names = append(names, strings.Fields(line)[0])
		}
		return strings.Join(names, " "), nil
	case "read":
		text, err := p.ReadFile(filePath(words[1]), 1<<16)
		return strings.TrimSuffix(string(text), "\n"), err
	case "write":
		taken, err := p.WriteFile(filePath(words[1]), []byte(strings.Join(words[2:], " ")+"\n"))
		return strconv.Itoa(taken), err
	case "sleep":
		ticks, err := strconv.ParseUint(words[1], 10, 32)
		if err != nil {
			return "", err
		}
		if stop := kernel.RunTicks(uint32(ticks)); stop != nil {
			return verdict(&StopError{Outcome: *stop})
		}
		return "", nil
	}
	return "", fmt.Errorf("no way to do this step")
}

// filePath is the path of a file that a case names: /proc/..., or a character device by its numbers.
func filePath(name string) string {
	if strings.HasPrefix(name, "char:") {
		return "/dev/" + name
	}
	return name
}

// insmodStep does "insmod [-f] FILE [PARAMETER=VALUE…]".
func insmodStep(kernel *guestkernel.Kernel, p *guestkernel.Process, words []string, want string) (string, error) {
	options := Options{Release: kernel.Release(), Profile: kernel.Profile().Name}
	if words[0] == "-f" {
		options.Force = true
		words = words[1:]
	}
	options.Parameters = words[1:]
	data, err := os.ReadFile(filepath.Join(modulesDir, words[0]))
	if err != nil {
		return "", err
	}
	if strings.HasSuffix(words[0], ".bin") {
		image, err := ReadImage(words[0], data, 0)
		if err != nil {
			return "", err
		}
		_, err = InsmodImage(p, image)
		return verdict(err)
	}
	object, err := Parse(words[0], data)
	if err != nil {
		return "", err
	}
	_, err = Insmod(p, object, options)
	var call *CallError
	var stop *StopError
	if err == nil || errors.As(err, &call) || errors.As(err, &stop) {
		return verdict(err)
	}
	expected, refused := strings.CutPrefix(want, "refused ")
	if !refused {
		return "", err
	}
	for word := range strings.FieldsSeq(expected) {
		if !strings.Contains(err.Error(), word) {
			return "", fmt.Errorf("refused, but without the word %q: %w", word, err)
		}
	}
	return want, nil
}

// verdict names how a system call ended as expect does.
func verdict(err error) (string, error) {
	var call *CallError
	var stop *StopError
	switch {
	case err == nil:
		return "0", nil
	case errors.As(err, &call):
		return fmt.Sprintf("%d %v", -call.Errno.Number(), call.Errno), nil
	case !errors.As(err, &stop):
		return "", err
	}
	switch stop.Outcome.Kind {
	case guestkernel.Killed:
		return "oops", nil
	case guestkernel.KernelPanic:
		return "panic", nil
	case guestkernel.TripleFault:
		return "reset", nil
	case guestkernel.Limit, guestkernel.Halted:
		return "hang", nil
	}
	return "", err
}
