// SPDX-License-Identifier: BSD-3-Clause
// insmod and rmmod: the whole way through a guest process's system calls.
//
// The order is modutils': query_module for what is there, create_module, relocate
// to the address it returned, init_module, and delete_module when that failed.

package loader

import (
	"errors"
	"fmt"

	"ring0/guestkernel/abi"
)

// Loaded is a module insmod has brought into the kernel, or tried to.
type Loaded struct {
	Name     string
	Image    *Image   // nil when create_module did not get an address
	Warnings []string // insmod's, in order
	Taint    uint32   // what insmod adds to the kernel's `tainted`
}

// initHint is what insmod says when init_module failed.
const initHint = "Hint: insmod errors can be caused by incorrect module parameters, including invalid IO or IRQ parameters.\n" +
	"      You may find more information in syslog or the output from dmesg"

// Insmod loads an object. The result is never nil: after an error it says how far
// loading came, and its Image explains addresses in an oops. A *CallError is an
// errno of a system call, a *StopError a call that did not return (an oops, a
// panic, a limit); every other error was found before the kernel was asked.
func Insmod(process Process, object *Object, options Options) (*Loaded, error) {
	loaded := &Loaded{Name: options.Name}
	if loaded.Name == "" {
		loaded.Name = object.ModuleName()
	}
	kernel, err := kernelABIFor(options.Profile)
	if err != nil {
		return loaded, err
	}
	c := &caller{process: process, file: object.File, abi: kernel}
	providers, err := c.providers()
	if isErrno(err, abi.ENOSYS) {
		return loaded, c.probeCreate(loaded.Name, object)
	}
	if err != nil {
		return loaded, err
	}
	plan, err := Prepare(object, providers, options)
	if err != nil {
		return loaded, err
	}
	loaded.Warnings, loaded.Taint = plan.Warnings(), plan.Taint()
	base, err := c.create(loaded.Name, plan.Size())
	if err != nil {
		return loaded, err
	}
	loaded.Image, err = plan.Place(base)
	if err != nil {
		return loaded, c.undo(err, loaded.Name)
	}
	if options.Placed != nil {
		options.Placed(loaded.Image)
	}
	return loaded, c.initialise(loaded.Image)
}

// InsmodImage loads a linked image. It must have been linked for the address
// the kernel gives it and for the symbols the kernel has.
func InsmodImage(process Process, img *Image) (*Loaded, error) {
	loaded := &Loaded{Name: img.Name, Image: img}
	kernel, err := kernelABIFor(img.Profile)
	if err != nil {
		return loaded, err
	}
	c := &caller{process: process, file: img.Name, abi: kernel}
	if len(img.Imports)+len(img.Deps) > 0 {
		providers, err := c.providers()
		if err != nil {
			return loaded, err
		}
		if err := img.CheckImports(providers); err != nil {
			return loaded, err
		}
	}
	base, err := c.create(img.Name, img.Size())
	if err != nil {
		return loaded, err
	}
	if base != img.Base {
		err := fmt.Errorf("%s: linked for address %#x, but create_module returned %#x", img.Name, img.Base, base)
		return loaded, c.undo(err, img.Name)
	}
	return loaded, c.initialise(img)
}

// Rmmod unloads a module; an empty name unloads all unused autoclean modules
// (rmmod -a).
func Rmmod(process Process, name string) error {
	c := &caller{process: process, file: "rmmod"}
	err := c.remove(name)
	if call, ok := err.(*CallError); ok && name != "" {
		call.Text = fmt.Sprintf("can't unload module '%s'", name)
	}
	return err
}

// create reserves kernel memory.
func (c *caller) create(name string, size uint32) (uint32, error) {
	at, err := c.userString(name)
	if err != nil {
		return 0, err
	}
	base, err := c.call("create_module", abi.NrCreateModule, at, size)
	if call, ok := err.(*CallError); ok {
		switch call.Errno {
		case abi.EEXIST:
			call.Text = fmt.Sprintf("a module named %s already exists", name)
		case abi.ENOMEM:
			call.Text = fmt.Sprintf("can't allocate kernel memory for module; needed %d bytes", size)
		}
	}
	return base, err
}

// probeCreate is for a kernel without query_module, 2.6 or later: insmod cannot
// go on, but create_module's own answer is the one people look for.
func (c *caller) probeCreate(name string, object *Object) error {
	size := uint64(c.abi.module.Size)
	for i := range object.sections {
		if s := &object.sections[i]; s.loaded {
			size += uint64(s.Size)
		}
	}
	_, err := c.create(name, uint32(size))
	if err != nil {
		return err
	}
	err = fmt.Errorf("%s: the kernel has create_module but no query_module: its symbols are unknown", c.file)
	return c.undo(err, name)
}

// initialise copies the image into the kernel and runs its init function; when
// that fails the module is removed again, as insmod does.
func (c *caller) initialise(img *Image) error {
	name, err := c.userString(img.Name)
	if err != nil {
		return c.undo(err, img.Name)
	}
	body, err := c.userBytes(img.Bytes)
	if err != nil {
		return c.undo(err, img.Name)
	}
	_, err = c.call("init_module", abi.NrInitModule, name, body)
	if call, ok := err.(*CallError); ok {
		call.Hint = initHint
		return c.undo(err, img.Name)
	}
	return err
}

// undo removes a module whose loading failed, and returns why it failed.
func (c *caller) undo(why error, name string) error {
	if err := c.remove(name); err != nil {
		return errors.Join(why, err)
	}
	return why
}

// remove calls delete_module; an empty name is a NULL pointer.
func (c *caller) remove(name string) error {
	var at uint32
	if name != "" {
		var err error
		if at, err = c.userString(name); err != nil {
			return err
		}
	}
	_, err := c.call("delete_module", abi.NrDeleteModule, at, 0)
	return err
}
