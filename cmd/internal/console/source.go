// SPDX-License-Identifier: BSD-3-Clause
// Source text: finding the files that debug information names.

package console

import (
	"os"
	"path/filepath"
	"strings"

	"ring0/cmd/internal/debuginfo"
)

// maxSource is the largest source file that is read, in bytes.
const maxSource = 4 << 20

// sources finds and keeps source files.
type sources struct {
	dirs  []string            // searched before the place where the compiler found the file
	files map[string][]string // by name as debug information has it; nil: not there
}

func newSources(dirs []string) *sources {
	return &sources{dirs: dirs, files: map[string][]string{}}
}

// text is the lines of a file. Modules are built elsewhere: the whole path, its ends, and the bare name are looked for in the search
// directories, then the path as it is.
func (s *sources) text(file, compDir string) []string {
	if lines, known := s.files[file]; known {
		return lines
	}
	var lines []string
	for _, name := range s.candidates(file, compDir) {
		if data, err := readSource(name); err == nil {
			lines = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
			break
		}
	}
	s.files[file] = lines
	return lines
}

// candidates are the places where a file may be.
func (s *sources) candidates(file, compDir string) (names []string) {
	for _, dir := range s.dirs {
		parts := strings.Split(strings.Trim(filepath.ToSlash(file), "/"), "/")
		for i := range parts {
			names = append(names, filepath.Join(append([]string{dir}, parts[i:]...)...))
		}
	}
	if filepath.IsAbs(file) || compDir == "" {
		return append(names, file)
	}
	return append(names, filepath.Join(compDir, file), file)
}

func readSource(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSource {
		return nil, os.ErrInvalid
	}
	return os.ReadFile(name)
}

// line is the text of a source line.
func (s *sources) line(l debuginfo.Line, compDir string) (string, bool) {
	lines := s.text(l.File, compDir)
	if l.Line < 1 || l.Line > len(lines) {
		return "", false
	}
	return lines[l.Line-1], true
}

// compDir is where the compiler ran that made the code at pc.
func (c *Console) compDir(pc uint32) string {
	if f := c.table.FunctionAt(pc); f != nil {
		return f.CompDir
	}
	return ""
}

// SourceText is the lines of the file of a place in the code; nil when it is not at hand.
func (c *Console) SourceText(l debuginfo.Line) []string {
	return c.sources.text(l.File, c.compDir(l.Addr))
}
