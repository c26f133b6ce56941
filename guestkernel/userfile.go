// SPDX-License-Identifier: BSD-3-Clause
// Files from the host: open, read, write and close as a program of the guest does it, through system calls of a process.

package guestkernel

import (
	"errors"
	"fmt"

	"ring0/guestkernel/abi"
)

// A SyscallError is a system call that did not succeed: it returned an error number, or it did not return.
type SyscallError struct {
	Call    string // "read"
	Outcome Outcome
}

func (e *SyscallError) Error() string {
	if errno := e.Errno(); errno != 0 {
		return fmt.Sprintf("%s: %s (%s)", e.Call, errno, errno.Text())
	}
	return e.Call + ": " + e.Outcome.String()
}

// Errno is the error number that the call returned, 0 when it did not return.
func (e *SyscallError) Errno() abi.Errno {
	if e.Outcome.Kind == Returned {
		return abi.Errno(-e.Outcome.Value)
	}
	return 0
}

// Flags of Process.Open.
const (
	OpenRead   = 0
	OpenWrite  = 1
	OpenBoth   = 2
	OpenCreate = openCreate
	OpenTrunc  = openTruncate
)

// maxErrno is the highest error number: results from -maxErrno to -1 are errors, others are not.
const maxErrno = 4095

// call makes a system call by name. Its result, when that is no error, may have the top bit set.
func (p *Process) call(name string, args ...uint32) (uint32, error) {
	row, ok := abi.SyscallByName(name)
	if !ok {
		return 0, fmt.Errorf("guestkernel: no system call %s", name)
	}
	o := p.Syscall(uint32(row.Number), args...)
	if o.Kind != Returned || o.Value < 0 && o.Value >= -maxErrno {
		return 0, &SyscallError{Call: name, Outcome: o}
	}
	return uint32(o.Value), nil
}

// userText puts a string with its NUL into the process's memory.
func (p *Process) userText(s string) (uint32, error) {
	at, err := p.scratch(uint32(len(s)) + 1)
	if err != nil {
		return 0, err
	}
	return at, p.WriteUser(at, append([]byte(s), 0))
}

// scratch is memory of the process for the arguments of one call: the same each time while it is large enough.
func (p *Process) scratch(size uint32) (uint32, error) {
	if size > p.bufferSize {
		at, err := p.Alloc(size)
		if err != nil {
			return 0, err
		}
		p.buffer, p.bufferSize = at, (size+abi.PageSize-1)&^(abi.PageSize-1)
	}
	return p.buffer, nil
}

// Open opens a file of /proc or /dev and returns its number. mode is for flags with OpenCreate.
func (p *Process) Open(path string, flags, mode uint32) (fd uint32, err error) {
	at, err := p.userText(path)
	if err != nil {
		return 0, err
	}
	return p.call("open", at, flags, mode)
}

// CloseFile closes an open file.
func (p *Process) CloseFile(fd uint32) error {
	_, err := p.call("close", fd)
	return err
}

// Read reads at most len(b) bytes; 0 is the end of the file.
func (p *Process) Read(fd uint32, b []byte) (int, error) {
	at, err := p.scratch(uint32(len(b)))
	if err != nil {
		return 0, err
	}
	n, err := p.call("read", fd, at, uint32(len(b)))
	if err != nil {
		return 0, err
	}
	if uint64(n) > uint64(len(b)) { // a driver may claim anything
		return 0, fmt.Errorf("guestkernel: read of %d bytes returned %d", len(b), n)
	}
	return int(n), p.ReadUser(at, b[:n])
}

// Write writes b and returns how many bytes were taken.
func (p *Process) Write(fd uint32, b []byte) (int, error) {
	at, err := p.scratch(uint32(len(b)))
	if err != nil {
		return 0, err
	}
	if err := p.WriteUser(at, b); err != nil {
		return 0, err
	}
	n, err := p.call("write", fd, at, uint32(len(b)))
	return int(n), err
}

// Seek moves the position of an open file: whence is 0, 1 or 2, as for lseek.
func (p *Process) Seek(fd uint32, offset int32, whence uint32) (uint32, error) {
	return p.call("lseek", fd, uint32(offset), whence)
}

// Ioctl makes an ioctl; what it returns is up to the driver.
func (p *Process) Ioctl(fd, cmd, arg uint32) (uint32, error) { return p.call("ioctl", fd, cmd, arg) }

// ReadFile reads a file as cat does, 4096 bytes at a time, but no more than limit bytes: a device may have no end. What was
// read before an error comes with it.
func (p *Process) ReadFile(path string, limit int) ([]byte, error) {
	fd, err := p.Open(path, OpenRead, 0)
	if err != nil {
		return nil, err
	}
	var all []byte
	piece := make([]byte, abi.PageSize)
	for len(all) < limit {
		n, err := p.Read(fd, piece[:min(len(piece), limit-len(all))])
		all = append(all, piece[:n]...)
		if err != nil {
			return all, errors.Join(err, p.closeAfter(err, fd))
		}
		if n == 0 {
			break
		}
	}
	return all, p.CloseFile(fd)
}

// WriteFile writes a file as a shell's echo does: until all is taken or there is an error. It returns how many bytes were
// taken.
func (p *Process) WriteFile(path string, b []byte) (taken int, err error) {
	fd, err := p.Open(path, OpenWrite|OpenCreate|OpenTrunc, 0o666)
	if err != nil {
		return 0, err
	}
	for {
		n, err := p.Write(fd, b[taken:])
		if taken += n; err != nil {
			return taken, errors.Join(err, p.closeAfter(err, fd))
		}
		if n == 0 || taken >= len(b) {
			return taken, p.CloseFile(fd)
		}
	}
}

// closeAfter closes a file after an error, if the process is there to do it.
func (p *Process) closeAfter(err error, fd uint32) error {
	var failed *SyscallError
	if errors.As(err, &failed) && failed.Outcome.Kind != Returned {
		return nil
	}
	return p.CloseFile(fd)
}

// Sleep makes the process sleep for a number of microseconds (nanosleep).
func (p *Process) Sleep(micros uint64) error {
	at, err := p.scratch(8)
	if err != nil {
		return err
	}
	var spec [8]byte
	for i, v := range [2]uint32{uint32(micros / usecPerSec), uint32(micros % usecPerSec * 1000)} {
		for b := range 4 {
			spec[4*i+b] = byte(v >> (8 * b))
		}
	}
	if err := p.WriteUser(at, spec[:]); err != nil {
		return err
	}
	_, err = p.call("nanosleep", at, 0)
	return err
}
