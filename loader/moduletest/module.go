// SPDX-License-Identifier: BSD-3-Clause
// Modules: loading, calling, looking at and changing their variables, unloading.

package moduletest

import (
	"encoding/binary"
	"errors"
	"fmt"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
	"ring0/loader"
)

// Module is a module that was loaded.
type Module struct {
	k        *Kernel
	Name     string
	Image    *loader.Image
	Warnings []string // insmod's
}

// Load loads a module as insmod does. Parameters are "name=value".
func (k *Kernel) Load(file string, parameters ...string) *Module {
	k.tb.Helper()
	m, err := k.TryLoad(file, parameters...)
	if err != nil {
		k.Fatalf("%v", err)
	}
	return m
}

// TryLoad is Load with an error instead of a failed test. What init has returned is its [Errno]; an oops is a
// *loader.StopError. The module it returns beside an error is how far loading came, for its symbols.
func (k *Kernel) TryLoad(file string, parameters ...string) (*Module, error) {
	data, err := k.readModule(file)
	if err != nil {
		return nil, err
	}
	return k.LoadObject(file, data, loader.Options{Parameters: parameters})
}

// LoadObject loads an object that is in memory, with insmod's options.
func (k *Kernel) LoadObject(file string, data []byte, options loader.Options) (*Module, error) {
	object, err := loader.Parse(file, data)
	if err != nil {
		return nil, err
	}
	m := &Module{k: k}
	k.do(func() {
		options.Release = k.kernel.Release()
		p, bad := k.kernel.NewProcess(guestkernel.ProcessConfig{Comm: "insmod"})
		if bad != nil {
			err = bad
			return
		}
		loaded, bad := loader.Insmod(p, object, options)
		m.Name, m.Image, m.Warnings, err = loaded.Name, loaded.Image, loaded.Warnings, bad
		if closed := p.Close(); err == nil {
			err = closed
		}
	})
	k.modules = append(k.modules, m)
	return m, err
}

// Unload unloads the module as rmmod does.
func (m *Module) Unload() {
	m.k.tb.Helper()
	if err := m.TryUnload(); err != nil {
		m.k.Fatalf("%v", err)
	}
}

// TryUnload is Unload with an error instead of a failed test.
func (m *Module) TryUnload() (err error) {
	m.k.do(func() {
		p, bad := m.k.kernel.NewProcess(guestkernel.ProcessConfig{Comm: "rmmod"})
		if bad != nil {
			err = bad
			return
		}
		err = loader.Rmmod(p, m.Name)
		if closed := p.Close(); err == nil {
			err = closed
		}
	})
	return err
}

// moduleErrno is the error number of create_module, init_module or delete_module in an error.
func moduleErrno(err error) abi.Errno {
	var call *loader.CallError
	if errors.As(err, &call) {
		return call.Errno
	}
	return 0
}

// Died tells whether err is that a process was killed, as after an oops in a system call of its.
func Died(err error) bool {
	var stop *loader.StopError
	var call *guestkernel.SyscallError
	switch {
	case errors.As(err, &stop):
		return stop.Outcome.Kind == guestkernel.Killed
	case errors.As(err, &call):
		return call.Outcome.Kind == guestkernel.Killed
	}
	return false
}

// Addr is where a function or variable of the module lies, static ones included.
func (m *Module) Addr(symbol string) uint32 {
	m.k.tb.Helper()
	if m.Image != nil {
		if s, ok := m.Image.Symbol(symbol); ok {
			return s.Addr
		}
	}
	m.k.Fatalf("module %s has no symbol %s", m.Name, symbol)
	return 0
}

// Call calls a function of the module: see [Kernel.Call] for arguments.
func (m *Module) Call(symbol string, args ...any) int32 {
	m.k.tb.Helper()
	v, err := m.k.TryCall(m.Addr(symbol), args...)
	if err != nil {
		m.k.Fatalf("%s: %v", symbol, err)
	}
	return v
}

// TryCall is Call with an error instead of a failed test.
func (m *Module) TryCall(symbol string, args ...any) (int32, error) {
	m.k.tb.Helper()
	return m.k.TryCall(m.Addr(symbol), args...)
}

// Int is the value of an int, long, unsigned or pointer variable.
func (m *Module) Int(symbol string) int32 {
	m.k.tb.Helper()
	return int32(binary.LittleEndian.Uint32(m.Bytes(symbol, 4)))
}

// SetInt changes such a variable.
func (m *Module) SetInt(symbol string, v int32) {
	m.k.tb.Helper()
	m.k.Poke(m.Addr(symbol), binary.LittleEndian.AppendUint32(nil, uint32(v)))
}

// Bytes are the first n bytes of a variable.
func (m *Module) Bytes(symbol string, n int) []byte {
	m.k.tb.Helper()
	return m.k.Peek(m.Addr(symbol), n)
}

// Text is the string in a char array.
func (m *Module) Text(symbol string) string {
	m.k.tb.Helper()
	return m.k.Text(m.Addr(symbol))
}

// UseCount is the module's use count; the test fails when it is not loaded.
func (m *Module) UseCount() int32 {
	m.k.tb.Helper()
	info, ok := m.Info()
	if !ok {
		m.k.Fatalf("module %s is not in module_list", m.Name)
	}
	return info.UseCount
}

// Info is the module's entry of module_list; ok is false when it has none.
func (m *Module) Info() (info guestkernel.ModuleInfo, ok bool) {
	for _, info := range m.k.kernel.ModuleList() {
		if info.Name == m.Name {
			return info, true
		}
	}
	return info, false
}

// has tells whether an address lies in the module.
func (m *Module) has(addr uint32) bool { return m.Image != nil && m.Image.Contains(addr) }

// Timers are the pending timers that lie in the module or call it.
func (m *Module) Timers() (timers []guestkernel.TimerInfo) {
	for _, t := range m.k.kernel.PendingTimers() {
		if m.has(t.Addr) || m.has(t.Function) {
			timers = append(timers, t)
		}
	}
	return timers
}

// IRQs are the interrupt handlers in the module.
func (m *Module) IRQs() (irqs []guestkernel.IRQInfo) {
	for _, irq := range m.k.kernel.IRQHandlers() {
		if m.has(irq.Handler) {
			irqs = append(irqs, irq)
		}
	}
	return irqs
}

func (m *Module) String() string { return fmt.Sprintf("module %s", m.Name) }
