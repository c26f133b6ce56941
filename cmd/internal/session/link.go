// SPDX-License-Identifier: BSD-3-Clause
// Linking without running.

package session

import (
	"ring0/cmd/internal/hostfile"
	"ring0/guestkernel"
	"ring0/loader"
)

// Link links a module for the address and the symbols that a freshly booted
// kernel gives it. Of an error the verdict says whose it is: BadFile for what
// cannot be read or booted, Failed for what insmod refuses.
func Link(cfg guestkernel.Config, m Module, options loader.Options) (*loader.Image, Verdict, error) {
	kernel, err := guestkernel.Boot(cfg)
	if err != nil {
		return nil, BadFile, err
	}
	defer kernel.Close()
	proc, err := kernel.NewProcess(guestkernel.ProcessConfig{Comm: "insmod"})
	if err != nil {
		return nil, BadFile, err
	}
	data, err := hostfile.Read(m.File, hostfile.Object)
	if err != nil {
		return nil, BadFile, err
	}
	object, err := loader.Parse(m.File, data)
	if err != nil {
		return nil, BadFile, err
	}
	options.Parameters, options.Release = m.Parameters, kernel.Release()
	image, err := loader.LinkFor(proc, object, options)
	if err != nil {
		return nil, verdictOf(err), err
	}
	return image, Success, nil
}
