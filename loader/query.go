// SPDX-License-Identifier: BSD-3-Clause
// Asking the running kernel what it has: query_module(2) as insmod uses it.
//
// Mirrors modutils' get_kernel_info. The answers come from guest memory that a
// module may have edited, so they are checked like a file.

package loader

import (
	"fmt"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

// Process is what insmod needs of the process it runs as;
// *guestkernel.Process is one.
type Process interface {
	Syscall(nr uint32, args ...uint32) guestkernel.Outcome
	Alloc(size uint32) (uint32, error)
	WriteUser(addr uint32, b []byte) error
	ReadUser(addr uint32, b []byte) error
}

// Buffer sizes of insmod's first tries, and bounds on what an answer may need.
const (
	firstNames         = 256
	firstModuleSymbols = 1024
	firstKernelSymbols = 16 << 10
	maxAnswer          = 16 << 20
	maxGrowth          = 8       // buffers of one question
	maxAnswerName      = 8 << 10 // insmod itself exports names that hold a path
)

// StopError says that a system call did not return to insmod.
type StopError struct {
	File    string // the module or file insmod worked on
	Call    string
	Outcome guestkernel.Outcome
}

func (e *StopError) Error() string {
	return joinPlace(e.File, e.Call, e.Outcome.String())
}

// CallError is an errno a system call returned.
type CallError struct {
	File  string
	Call  string
	Errno abi.Errno
	Text  string // what insmod says instead of the call's name; may be empty
	Hint  string // further lines; may be empty
}

func (e *CallError) Error() string {
	what := e.Text
	if what == "" {
		what = e.Call
	}
	text := joinPlace(e.File, what, fmt.Sprintf("%s (%s)", e.Errno.Text(), e.Errno))
	if e.Hint != "" {
		text += "\n" + e.Hint
	}
	return text
}

// caller makes system calls for one insmod or rmmod.
type caller struct {
	process Process
	file    string
	abi     kernelABI
}

// call makes one system call. Every outcome but a return is an error, and so is
// an errno.
func (c *caller) call(name string, nr uint32, args ...uint32) (uint32, error) {
	outcome := c.process.Syscall(nr, args...)
	if outcome.Kind != guestkernel.Returned {
		return 0, &StopError{File: c.file, Call: name, Outcome: outcome}
	}
	if outcome.Value < 0 && outcome.Value >= -abi.MaxErrno {
		return 0, &CallError{File: c.file, Call: name, Errno: abi.Errno(-outcome.Value)}
	}
	return uint32(outcome.Value), nil
}

// userString puts a string into the process's memory.
func (c *caller) userString(s string) (uint32, error) {
	return c.userBytes(append([]byte(s), 0))
}

func (c *caller) userBytes(b []byte) (uint32, error) {
	addr, err := c.process.Alloc(uint32(len(b)))
	if err == nil {
		err = c.process.WriteUser(addr, b)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: user memory: %w", c.file, err)
	}
	return addr, nil
}

// QueryProviders returns the loaded modules, newest first, and then the kernel,
// with what each exports. profile is that of [Options.Profile].
func QueryProviders(process Process, profile string) ([]Provider, error) {
	kernel, err := kernelABIFor(profile)
	if err != nil {
		return nil, err
	}
	c := &caller{process: process, file: "insmod", abi: kernel}
	return c.providers()
}

func (c *caller) providers() ([]Provider, error) {
	// What insmod asks first: does the kernel have the call?
	if _, err := c.call("query_module", abi.NrQueryModule, 0, 0, 0, 0, 0); err != nil {
		return nil, err
	}
	names, err := c.moduleNames()
	if err != nil {
		return nil, err
	}
	var providers []Provider
	for _, name := range names {
		p, err := c.provider(name)
		if isErrno(err, abi.ENOENT) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		providers = append(providers, p)
	}
	exports, err := c.symbols(0, "the kernel", firstKernelSymbols)
	if err != nil {
		return nil, err
	}
	return append(providers, Provider{Exports: exports}), nil
}

func isErrno(err error, want abi.Errno) bool {
	call, ok := err.(*CallError)
	return ok && call.Errno == want
}

// provider asks for one module's address and symbols.
func (c *caller) provider(name string) (Provider, error) {
	at, err := c.userString(name)
	if err != nil {
		return Provider{}, err
	}
	info, _, err := c.query("QM_INFO: "+show(name), at, abi.QMInfo, c.abi.info.Size)
	if err != nil {
		return Provider{}, err
	}
	exports, err := c.symbols(at, show(name), firstModuleSymbols)
	return Provider{Name: name, Addr: get(info, c.abi.info.Addr), Exports: exports}, err
}

// query asks one question, growing the buffer as long as the kernel wants more,
// and returns the buffer and the count.
func (c *caller) query(what string, name, which, size uint32) ([]byte, uint32, error) {
	result, err := c.userBytes(make([]byte, 4))
	if err != nil {
		return nil, 0, err
	}
	for range maxGrowth {
		buffer, err := c.process.Alloc(size)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: user memory: %w", c.file, err)
		}
		_, callErr := c.call("query_module: "+what, abi.NrQueryModule, name, which, buffer, size, result)
		count, err := c.readWord(result)
		if err != nil {
			return nil, 0, err
		}
		if isErrno(callErr, abi.ENOSPC) && count > size && count <= maxAnswer {
			size = count
			continue
		}
		if callErr != nil {
			return nil, 0, callErr
		}
		answer := make([]byte, size)
		if err := c.process.ReadUser(buffer, answer); err != nil {
			return nil, 0, fmt.Errorf("%s: user memory: %w", c.file, err)
		}
		return answer, count, nil
	}
	return nil, 0, fmt.Errorf("%s: query_module: %s: the kernel wants a larger buffer each time", c.file, what)
}

func (c *caller) readWord(addr uint32) (uint32, error) {
	var word [4]byte
	if err := c.process.ReadUser(addr, word[:]); err != nil {
		return 0, fmt.Errorf("%s: user memory: %w", c.file, err)
	}
	return le32(word[:]), nil
}

// moduleNames asks for the list of modules: strings one behind the other.
func (c *caller) moduleNames() ([]string, error) {
	answer, count, err := c.query("QM_MODULES", 0, abi.QMModules, firstNames)
	if err != nil {
		return nil, err
	}
	var names []string
	rest := answer
	for range count {
		name, ok := cString(rest)
		if !ok {
			return nil, fmt.Errorf("%s: query_module: QM_MODULES: %d names do not end within %d bytes", c.file, count, len(answer))
		}
		names = append(names, name)
		rest = rest[len(name)+1:]
	}
	return names, nil
}

// symbols asks for a symbol table: records of value and name, the name an offset
// from the buffer's start.
func (c *caller) symbols(name uint32, of string, size uint32) ([]Export, error) {
	what := "QM_SYMBOLS: " + of
	answer, count, err := c.query(what, name, abi.QMSymbols, size)
	if err != nil {
		return nil, err
	}
	layout := &c.abi.symbol
	if uint64(count)*uint64(layout.Size) > uint64(len(answer)) {
		return nil, fmt.Errorf("%s: query_module: %s: %d symbols do not fit %d bytes", c.file, what, count, len(answer))
	}
	table := stringTable(answer)
	exports := make([]Export, count)
	for i := range exports {
		record := answer[uint32(i)*layout.Size:]
		text, problem := table.at(get(record, layout.Name), maxAnswerName)
		if problem != "" {
			return nil, fmt.Errorf("%s: query_module: %s: symbol %d: name: %s", c.file, what, i, problem)
		}
		exports[i] = Export{Name: text, Value: get(record, layout.Value)}
	}
	return exports, nil
}
