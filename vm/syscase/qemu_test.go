// SPDX-License-Identifier: BSD-3-Clause

// The same cases on QEMU, where RING0_QEMU names a qemu-system-i386: a second
// opinion, not an authority. QEMU checks neither segment limits nor alignment
// and leaves out more; what it is known to do otherwise is listed in
// testdata/qemu.differs.

package syscase_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ring0/vm/syscase"
)

func TestCasesOnQEMU(t *testing.T) {
	qemu := os.Getenv("RING0_QEMU")
	if qemu == "" {
		t.Skip("RING0_QEMU does not name a qemu-system-i386")
	}
	differs := readDiffers(t)
	for name, cases := range caseFiles(t) {
		for i := range cases {
			c := &cases[i]
			if c.CPU != "" {
				continue // QEMU's models are not ours
			}
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				img, err := c.Build()
				require.NoError(t, err)
				o, err := runQEMU(qemu, t.TempDir(), img)
				var diffs []string
				if err != nil {
					diffs = []string{err.Error()}
				} else {
					diffs = c.Check(o)
				}
				known := differs[name+"/"+c.Name]
				if known && len(diffs) == 0 {
					t.Errorf("listed in testdata/qemu.differs, but agrees")
				}
				for _, d := range diffs {
					if !known {
						t.Errorf("testdata/%s.txt:%d: %s", name, c.Line, d)
					}
				}
			})
		}
	}
}

// readDiffers reads the names of the cases where QEMU is known to differ.
func readDiffers(t *testing.T) map[string]bool {
	b, err := os.ReadFile("testdata/qemu.differs")
	require.NoError(t, err)
	known := map[string]bool{}
	for _, line := range strings.Split(string(b), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			known[line] = true
		}
	}
	return known
}

// monitor is QEMU's command line.
type monitor struct {
	in  io.Writer
	out *bufio.Reader
}

// command sends a line and returns the answer up to the next prompt.
func (m *monitor) command(s string) (string, error) {
	if s != "" {
		if _, err := fmt.Fprintln(m.in, s); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	for {
		c, err := m.out.ReadByte()
		if err != nil {
			return b.String(), err
		}
		b.WriteByte(c)
		if strings.HasSuffix(b.String(), "(qemu) ") {
			return b.String(), nil
		}
	}
}

// runQEMU boots an image and waits for its HLT.
func runQEMU(qemu, dir string, img *syscase.Image) (*syscase.Outcome, error) {
	kernel, dump := filepath.Join(dir, "kernel"), filepath.Join(dir, "dump")
	if err := os.WriteFile(kernel, img.Bytes, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(qemu, "-cpu", "pentium3", "-m", "16", "-display", "none", "-serial", "none", "-net", "none",
		"-monitor", "stdio", "-no-reboot", "-kernel", kernel)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	m := &monitor{in: in, out: bufio.NewReader(out)}
	_, err = m.command("")
	for range 200 {
		var regs string
		if err == nil {
			regs, err = m.command("info registers")
		}
		if err == io.EOF || errors.Is(err, syscall.EPIPE) {
			return &syscase.Outcome{Shutdown: true}, nil
		}
		if err != nil {
			return nil, err
		}
		if strings.Contains(regs, "HLT=1") {
			if _, err := m.command("pmemsave 0 0x14000 " + strconv.Quote(dump)); err != nil {
				return nil, err
			}
			return readRegisters(regs, dump)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, fmt.Errorf("still running")
}

var registerRE = regexp.MustCompile(`([A-Z0-9]+) *=([0-9a-f]+)(?: ([0-9a-f]{8}) [0-9a-f]{8})?`)

// readRegisters reads the answer to "info registers".
func readRegisters(text, dump string) (*syscase.Outcome, error) {
	memory, err := os.ReadFile(dump)
	if err != nil {
		return nil, err
	}
	value := map[string]uint32{}
	base := map[string]uint32{}
	for _, m := range registerRE.FindAllStringSubmatch(text, -1) {
		v, _ := strconv.ParseUint(m[2], 16, 32)
		b, _ := strconv.ParseUint(m[3], 16, 32)
		value[m[1]], base[m[1]] = uint32(v), uint32(b)
	}
	o := &syscase.Outcome{
		EIP: value["EIP"], Eflags: value["EFL"], SSBase: base["SS"],
		LDTR: uint16(value["LDT"]), TR: uint16(value["TR"]),
		Read: func(pa uint32, b []byte) {
			if uint64(pa) < uint64(len(memory)) {
				copy(b, memory[pa:])
			}
		},
	}
	for i, n := range []string{"EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI"} {
		o.GPR[i] = value[n]
	}
	for i, n := range []string{"ES", "CS", "SS", "DS", "FS", "GS"} {
		o.Seg[i] = uint16(value[n])
	}
	for i := range o.CR {
		o.CR[i] = value[fmt.Sprintf("CR%d", i)]
	}
	for i := range o.DR {
		o.DR[i] = value[fmt.Sprintf("DR%d", i)]
	}
	return o, nil
}
