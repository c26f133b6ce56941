// SPDX-License-Identifier: BSD-3-Clause
// The host's processor as the other side of the differential test:
// testdata/host.c in a process of its own.

package conformance

import (
	"encoding/binary"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/vectors"
)

// The structures of testdata/host.c: numbers, then FXSAVE image, code, data, images.
const (
	requestNumbers = 8 + 3 // registers, EFLAGS, EIP, length of the code
	answerNumbers  = 8 + 5 // registers, EFLAGS, EIP, exception, error code, CR2
	answerSize     = answerNumbers*4 + fxSize + seqMaxCode + seqDataSize + seqImageSize
)

// result is what a sequence came to.
type result struct {
	outcome
	fop               uint16
	fip, fdp          uint32
	code, data, image []byte
}

// host is a running helper.
type host struct {
	in  io.Writer
	out io.Reader
}

// startHost builds and starts the helper. The test is skipped where the host
// cannot run 32-bit code or has no compiler for it.
func startHost(t *testing.T) *host {
	t.Helper()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "386" || runtime.GOOS != "linux" {
		t.Skipf("the host is %s/%s: no x86 processor to ask", runtime.GOOS, runtime.GOARCH)
	}
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc to build testdata/host.c with")
	}
	bin := filepath.Join(t.TempDir(), "host")
	if out, err := exec.Command(gcc, "-m32", "-no-pie", "-O1", "-Wall", "-Werror", "-o", bin, "testdata/host.c").CombinedOutput(); err != nil {
		t.Skipf("gcc -m32 does not build testdata/host.c: %v\n%s", err, out)
	}
	cmd := exec.Command(bin)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	if err := cmd.Start(); err != nil {
		t.Skipf("the host does not run 32-bit programs: %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	return &host{in, out}
}

// run executes a sequence on the host's processor.
func (h *host) run(s *sequence, code []byte) (*result, error) {
	req := make([]byte, 0, requestNumbers*4+fxSize+seqMaxCode+seqDataSize+seqImageSize)
	for _, v := range s.gpr {
		req = binary.LittleEndian.AppendUint32(req, v)
	}
	for _, v := range [...]uint32{s.flags, s.eip, uint32(len(code))} {
		req = binary.LittleEndian.AppendUint32(req, v)
	}
	req = append(req, s.fx...)
	req = append(req, code...)
	req = append(req, make([]byte, seqMaxCode-len(code))...)
	req = append(req, s.data...)
	req = append(req, s.image...)
	if _, err := h.in.Write(req); err != nil {
		return nil, fmt.Errorf("the helper is gone: %w", err)
	}
	ans := make([]byte, answerSize)
	if _, err := io.ReadFull(h.out, ans); err != nil {
		return nil, fmt.Errorf("the helper gave no answer: %w", err)
	}
	number := func(i int) uint32 { return binary.LittleEndian.Uint32(ans[4*i:]) }
	fx, rest := ans[answerNumbers*4:][:fxSize], ans[answerNumbers*4+fxSize:]
	r := &result{code: rest[:len(code)], data: rest[seqMaxCode:][:seqDataSize], image: rest[seqMaxCode+seqDataSize:]}
	r.setFX(fx)
	for i := range r.GPR {
		r.GPR[i] = number(i)
	}
	r.EFLAGS, r.EIP = number(8)&vectors.EFLAGSMask, number(9)
	r.exception, r.errorCode = uint8(number(10)), number(11)
	if r.exception == excPF {
		r.errorCode &^= pfInstruction
		r.cr2 = number(12)
	}
	return r, nil
}
