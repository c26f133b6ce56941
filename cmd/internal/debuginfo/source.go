// SPDX-License-Identifier: BSD-3-Clause
// Source text, where it can be found. That it is nowhere is the usual case and no error of anybody's.

package debuginfo

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Sources finds source files. The zero value looks where the compiler found them. It is not safe for concurrent use.
type Sources struct {
	Dirs []string // searched in order, each for the file's whole path and for ever shorter ends of it

	read map[string]sourceFile
}

// sourceFile is a file that was looked for.
type sourceFile struct {
	lines []string
	from  string
	err   error
}

// maxSource bounds the size of a source file.
const maxSource = 8 << 20

// Lines returns the text of a file as debug information names it, and where it was found. Line n is Lines[n-1].
func (s *Sources) Lines(file string) (lines []string, from string, err error) {
	if s.read == nil {
		s.read = map[string]sourceFile{}
	}
	f, known := s.read[file]
	if !known {
		f = s.find(file)
		s.read[file] = f
	}
	return f.lines, f.from, f.err
}

// Forget drops what was read, so that changed files and directories count.
func (s *Sources) Forget() { s.read = nil }

// find looks for a file: in the directories, then at its own place. Cleaned, it cannot name a server, as two slashes at
// the front do on Windows.
func (s *Sources) find(file string) sourceFile {
	clean := path.Clean(filepath.ToSlash(file))
	for _, dir := range s.Dirs {
		for rest := strings.TrimPrefix(clean, "/"); rest != "" && rest != "."; {
			if f, ok := readSource(filepath.Join(dir, filepath.FromSlash(rest))); ok {
				return f
			}
			_, after, more := strings.Cut(rest, "/")
			if !more {
				break
			}
			rest = after
		}
	}
	if f, ok := readSource(filepath.FromSlash(clean)); ok {
		return f
	}
	return sourceFile{err: fmt.Errorf("source file %s is not here; name the directory it is in", file)}
}

// readSource reads a file that may not be there. What is no text, or too large, is as good as absent; so is what says it is
// empty, as the files of /proc do, of which a module may name one that lets its reader wait.
func readSource(name string) (sourceFile, bool) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 || info.Size() > maxSource {
		return sourceFile{}, false
	}
	data, err := os.ReadFile(name)
	if err != nil || bytes.IndexByte(data, 0) >= 0 {
		return sourceFile{}, false
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	return sourceFile{lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n"), from: name}, true
}
