// SPDX-License-Identifier: BSD-3-Clause
// Processes of the guest, and their system calls.

package moduletest

import (
	"errors"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

// Process is a program at CPL 3 whose system calls the test chooses. It is a [loader.Process].
type Process struct {
	k     *Kernel
	guest *guestkernel.Process // of the present boot
}

// NewProcess makes a process. The zero ProcessConfig is root's.
func (k *Kernel) NewProcess(cfg guestkernel.ProcessConfig) *Process {
	k.tb.Helper()
	if cfg.Comm == "" {
		cfg.Comm = "test"
	}
	p := &Process{k: k}
	var err error
	k.do(func() { p.guest, err = k.kernel.NewProcess(cfg) })
	if err != nil {
		k.Fatalf("no process: %v", err)
	}
	k.procs = append(k.procs, p)
	return p
}

// User is the process by which Open, ReadFile, WriteFile, Mmap and Call are done: root's, made when it is first needed, until
// [Kernel.As].
func (k *Kernel) User() *Process {
	k.tb.Helper()
	if k.user == nil {
		k.user = k.NewProcess(guestkernel.ProcessConfig{})
	}
	return k.user
}

// As has Open and the like done by another process.
func (k *Kernel) As(p *Process) { k.user = p }

// Guest is the process itself.
func (p *Process) Guest() *guestkernel.Process { return p.guest }

// Syscall makes a system call by number and waits until it has an outcome.
func (p *Process) Syscall(nr uint32, args ...uint32) (o guestkernel.Outcome) {
	p.k.do(func() { o = p.guest.Syscall(nr, args...) })
	return o
}

// Start begins a system call that may block, and Wait waits for it; meanwhile others may do things.
func (p *Process) Start(nr uint32, args ...uint32) (err error) {
	p.k.do(func() { err = p.guest.Start(nr, args...) })
	return err
}

// Wait waits for a system call that was started, or came back with the outcome Blocked.
func (p *Process) Wait() (o guestkernel.Outcome) {
	p.k.do(func() { o = p.guest.Wait() })
	return o
}

// Alloc maps zero-filled memory into the process.
func (p *Process) Alloc(size uint32) (addr uint32, err error) {
	p.k.do(func() { addr, err = p.guest.Alloc(size) })
	return addr, err
}

// WriteUser writes the process's memory.
func (p *Process) WriteUser(addr uint32, b []byte) (err error) {
	b = append([]byte{}, b...)
	p.k.do(func() { err = p.guest.WriteUser(addr, b) })
	return err
}

// ReadUser reads the process's memory.
func (p *Process) ReadUser(addr uint32, b []byte) (err error) {
	p.k.do(func() { err = p.guest.ReadUser(addr, b) }) // it may bring pages in
	return err
}

// Call makes a system call by name: Call("getpid"). A result from -4095 to -1 is an error.
func (p *Process) Call(name string, args ...uint32) (uint32, error) {
	row, ok := abi.SyscallByName(name)
	if !ok {
		return 0, errors.New("moduletest: no system call " + name)
	}
	o := p.Syscall(uint32(row.Number), args...)
	if o.Kind != guestkernel.Returned || o.Value < 0 && o.Value >= -abi.MaxErrno {
		return 0, &guestkernel.SyscallError{Call: name, Outcome: o}
	}
	return uint32(o.Value), nil
}

// Close ends the process, as a signal would; what it has open is closed.
func (p *Process) Close() (err error) {
	p.k.do(func() { err = p.guest.Close() })
	return err
}

// Errno is the error number in an error of this package, 0 when there is none.
func Errno(err error) abi.Errno {
	var call *guestkernel.SyscallError
	if errors.As(err, &call) {
		return call.Errno()
	}
	return moduleErrno(err)
}

// Blocked tells whether err is that a call blocks and nothing will end that: Wait may go on when something has happened.
func Blocked(err error) bool {
	var call *guestkernel.SyscallError
	return errors.As(err, &call) && call.Outcome.Kind == guestkernel.Blocked
}
