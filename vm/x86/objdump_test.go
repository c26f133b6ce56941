// SPDX-License-Identifier: BSD-3-Clause

// The decoder against objdump's reading of real code. RING0_OBJDUMP_CORPUS
// names a folder; every 32-bit x86 ELF file below it is disassembled by
// objdump, and each instruction must have the same length here.

package x86

import (
	"bufio"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestObjdumpCorpus(t *testing.T) {
	folder := os.Getenv("RING0_OBJDUMP_CORPUS")
	if folder == "" {
		t.Skip("RING0_OBJDUMP_CORPUS names no folder of i386 ELF files")
	}
	if _, err := exec.LookPath("objdump"); err != nil {
		t.Skip("objdump is not installed")
	}
	files, instructions := 0, 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !isI386(path) {
			return err
		}
		files++
		instructions += checkListing(t, path)
		return nil
	})
	require.NoError(t, err)
	require.NotZero(t, instructions, "no code below %s", folder)
	t.Logf("%d files, %d instructions", files, instructions)
}

// isI386 says whether the file is a 32-bit x86 ELF file.
func isI386(path string) bool {
	f, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return f.Machine == elf.EM_386
}

// checkListing compares all instructions of one file and returns how many
// there are.
func checkListing(t *testing.T, path string) (n int) {
	cmd := exec.Command("objdump", "-d", "-z", "-w", "--insn-width=16", path)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		// "  address:\tbytes \tinstruction"
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) < 3 || !strings.HasSuffix(fields[0], ":") {
			continue
		}
		code, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(fields[1]), " ", ""))
		require.NoError(t, err, lines.Text())
		n++
		if problem := listingProblem(code, fields[2]); problem != "" {
			t.Errorf("%s %s %x %s: %s", path, fields[0], code, fields[2], problem)
		}
	}
	require.NoError(t, lines.Err())
	require.NoError(t, cmd.Wait(), path)
	return n
}

// listingProblem compares one instruction. objdump names many that are #UD
// here (bad LOCK, later processors): then lengths must still agree.
func listingProblem(code []byte, text string) string {
	if strings.HasPrefix(text, ".byte") || onlyPrefixes(code) {
		return "" // the section or symbol ends within the instruction
	}
	var in Inst
	err := Decode(code, 0, Code32, &in)
	if err == OK && in.Op == WAIT && len(code) > 1 {
		// objdump shows FWAIT and FNSTCW as one FSTCW.
		code = code[1:]
		err = Decode(code, 0, Code32, &in)
	}
	switch {
	case strings.Contains(text, "(bad)"):
		if err == OK && in.Op != Invalid && in.Op != SALC { // objdump does not know SALC
			return in.String()
		}
	case err != OK:
		return err.String()
	case int(in.Len) != len(code):
		return fmt.Sprintf("%d bytes: %v", in.Len, &in)
	}
	return ""
}

func onlyPrefixes(code []byte) bool {
	for _, b := range code {
		if prefixEffects[b].set == 0 {
			return false
		}
	}
	return true
}
