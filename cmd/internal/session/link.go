// SPDX-License-Identifier: BSD-3-Clause
// Linking without running.

package session

import (
	"os"

	"ring0/guestkernel"
	"ring0/loader"
)

// Link links a module for the address and the symbols that a freshly booted
// kernel gives it.
func Link(cfg guestkernel.Config, m Module, options loader.Options) (*loader.Image, error) {
	kernel, err := guestkernel.Boot(cfg)
	if err != nil {
		return nil, err
	}
	defer kernel.Close()
	proc, err := kernel.NewProcess(guestkernel.ProcessConfig{Comm: "insmod"})
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(m.File)
	if err != nil {
		return nil, err
	}
	object, err := loader.Parse(m.File, data)
	if err != nil {
		return nil, err
	}
	options.Parameters, options.Release = m.Parameters, kernel.Release()
	return loader.LinkFor(proc, object, options)
}
