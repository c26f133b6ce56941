// SPDX-License-Identifier: BSD-3-Clause
// Reading the steps of --then: "echo 'a; b' > /proc/x; cat /proc/x".

package session

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ring0/guestkernel"
	"ring0/loader"
)

// step is one step of a script.
type step struct {
	text string // as written
	do   stepFunc
}

// stepFunc does a step as a process of the guest.
type stepFunc func(p *guestkernel.Process) (output string, err error)

// stepCommand is a row of the commands that there are.
type stepCommand struct {
	name, usage string
	parse       func(words []string, file string) (do stepFunc, err error) // words behind the name; file is what > names
}

// errUsage is all there is to say of a step that is not as its usage.
var errUsage = errors.New("usage")

// stepCommands are in the order in which messages list them.
func stepCommands() []stepCommand {
	return []stepCommand{
		{"cat", "PATH", oneWord(func(p *guestkernel.Process, path string) (string, error) {
			text, err := p.ReadFile(path, stepLimit)
			return string(text), err
		})},
		{"echo", "TEXT > PATH", parseEcho},
		{"ls", "DIR", oneWord(list)},
		{"mkdir", "DIR", oneWord(silent(func(p *guestkernel.Process, path string) error { return p.MakeDir(path, 0o777) }))},
		{"rm", "PATH", oneWord(silent((*guestkernel.Process).Remove))},
		{"mount", "-t TYPE [-o OPTIONS] DEVICE DIR", parseMount},
		{"umount", "DIR", oneWord(silent((*guestkernel.Process).Unmount))},
		{"ifconfig", ifconfigUsage, parseIfconfig},
		{"rmmod", "NAME", oneWord(silent(func(p *guestkernel.Process, name string) error { return loader.Rmmod(p, name) }))},
		{"sleep", "SECONDS", parseSleep},
	}
}

// StepUsage lists the steps that there are.
func StepUsage() string {
	var all []string
	for _, c := range stepCommands() {
		all = append(all, c.name+" "+c.usage)
	}
	return strings.Join(all, ", ")
}

// parseSteps reads a script: steps end with a semicolon or a line, words with a blank; quotes keep all of these together.
func parseSteps(script string) ([]step, error) {
	parts, err := splitScript(script)
	if err != nil {
		return nil, err
	}
	var steps []step
	for i, part := range parts {
		s, err := parseStep(part)
		if err != nil {
			return nil, fmt.Errorf("step %d, %q: %w", i+1, part.text, err)
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func parseStep(part scriptPart) (step, error) {
	for _, c := range stepCommands() {
		if c.name != part.words[0] {
			continue
		}
		do, err := c.parse(part.words[1:], part.file)
		switch {
		case errors.Is(err, errUsage) || part.file != "" && c.name != "echo":
			return step{}, fmt.Errorf("want %s %s", c.name, c.usage)
		case err != nil:
			return step{}, fmt.Errorf("%w: want %s %s", err, c.name, c.usage)
		}
		return step{part.text, do}, nil
	}
	return step{}, fmt.Errorf("want one of %s", StepUsage())
}

// oneWord is a step with one argument.
func oneWord(do func(p *guestkernel.Process, word string) (string, error)) func([]string, string) (stepFunc, error) {
	return func(words []string, _ string) (stepFunc, error) {
		if len(words) != 1 {
			return nil, errUsage
		}
		return func(p *guestkernel.Process) (string, error) { return do(p, words[0]) }, nil
	}
}

// silent is for what prints nothing.
func silent(do func(p *guestkernel.Process, word string) error) func(*guestkernel.Process, string) (string, error) {
	return func(p *guestkernel.Process, word string) (string, error) { return "", do(p, word) }
}

// parseEcho prints, or writes to a file.
func parseEcho(words []string, file string) (stepFunc, error) {
	text := strings.Join(words, " ") + "\n"
	return func(p *guestkernel.Process) (string, error) {
		if file == "" {
			return text, nil
		}
		_, err := p.WriteFile(file, []byte(text))
		return "", err
	}, nil
}

func parseMount(words []string, _ string) (stepFunc, error) {
	kind, options := "", ""
	for len(words) > 2 {
		switch words[0] {
		case "-t":
			kind = words[1]
		case "-o":
			options = words[1]
		default:
			return nil, errUsage
		}
		words = words[2:]
	}
	if kind == "" || len(words) != 2 {
		return nil, errUsage
	}
	return func(p *guestkernel.Process) (string, error) { return "", p.Mount(kind, words[0], words[1], options) }, nil
}

// longestSleep is a limit in seconds, far from where the guest's clock ends.
const longestSleep = 1e6

func parseSleep(words []string, _ string) (stepFunc, error) {
	if len(words) != 1 {
		return nil, errUsage
	}
	seconds, err := strconv.ParseFloat(words[0], 64)
	if err != nil || !(seconds >= 0 && seconds < longestSleep) {
		return nil, errUsage
	}
	return func(p *guestkernel.Process) (string, error) { return "", p.Sleep(uint64(seconds * 1e6)) }, nil
}

// scriptPart is a step in words.
type scriptPart struct {
	text  string
	words []string
	file  string // behind >; empty: there is no >
}

// splitScript splits a script into steps and words.
func splitScript(script string) ([]scriptPart, error) {
	var parts []scriptPart
	for rest := script; rest != ""; {
		words, n, err := splitWords(rest, ";\n>")
		if err != nil {
			return nil, err
		}
		part := scriptPart{text: strings.TrimSpace(rest[:n])}
		rest = rest[min(n+1, len(rest)):]
		if len(words) == 0 {
			continue
		}
		if at := slices.IndexFunc(words, word.isRedirect); at >= 0 {
			if at == 0 || at != len(words)-2 || words[at+1].text == "" || words[at+1].isRedirect() {
				return nil, fmt.Errorf("step %d, %q: want one file behind >, and nothing else", len(parts)+1, part.text)
			}
			words, part.file = words[:at], words[at+1].text
		}
		part.words = texts(words)
		parts = append(parts, part)
	}
	return parts, nil
}

// word is a word of a script.
type word struct {
	text   string
	quoted bool // a part of it was
}

func (w word) isRedirect() bool { return w.text == ">" && !w.quoted }

func texts(words []word) (texts []string) {
	for _, w := range words {
		texts = append(texts, w.text)
	}
	return texts
}

// SplitWords splits a line at blanks; quotes, " or ', keep a word together and are dropped.
func SplitWords(line string) ([]string, error) {
	words, _, err := splitWords(line, "")
	return texts(words), err
}

// splitWords takes the words of the first step and says how long that is. Of the characters in special, > is a word by
// itself and the others end a step.
func splitWords(script, special string) (words []word, n int, err error) {
	var w word
	inside := false // a word
	end := func() {
		if inside {
			words = append(words, w)
		}
		w, inside = word{}, false
	}
	for ; n < len(script); n++ {
		switch c := script[n]; {
		case c == '>' && strings.Contains(special, ">"):
			end()
			words = append(words, word{text: ">"})
		case strings.IndexByte(special, c) >= 0:
			end()
			return words, n, nil
		case c == ' ' || c == '\t' || c == '\n':
			end()
		case c == '"' || c == '\'':
			length := strings.IndexByte(script[n+1:], c)
			if length < 0 {
				return nil, 0, fmt.Errorf("%s: a quote %c without its end", script, c)
			}
			w.text, w.quoted, inside = w.text+script[n+1:n+1+length], true, true
			n += 1 + length
		default:
			w.text, inside = w.text+script[n:n+1], true
		}
	}
	end()
	return words, n, nil
}
