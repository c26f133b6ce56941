// SPDX-License-Identifier: BSD-3-Clause
// The host's modprobe: loads a module by name, and before it those that it needs, from a folder.

package session

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ring0/cmd/internal/hostfile"
	"ring0/cmd/internal/scan"
	"ring0/guestkernel"
	"ring0/loader"
)

// Modprobe is what answers request_module with the modules below dir; see guestkernel.Config.Modprobe. A name is that of a
// module's file; - and _ are not the same.
func Modprobe(dir string) (func(*guestkernel.Kernel, string) error, error) {
	corpus, err := scan.Find(dir)
	if err != nil {
		return nil, err
	}
	return func(k *guestkernel.Kernel, name string) error {
		i := slices.IndexFunc(corpus.Modules, func(m *scan.Module) bool { return m.Name == name })
		if i < 0 {
			return fmt.Errorf("no module of this name below %s", dir)
		}
		m := corpus.Modules[i]
		for _, need := range append(corpus.Dependencies(m, scan.NewExports(k).Has), m) {
			if isLoaded(k, need.Name) {
				continue
			}
			if err := autoload(k, filepath.Join(corpus.Dir, filepath.FromSlash(need.Path))); err != nil {
				return fmt.Errorf("%s: %w", need.Name, err)
			}
		}
		return nil
	}, nil
}

// isLoaded tells whether /proc/modules has a name.
func isLoaded(k *guestkernel.Kernel, name string) bool {
	for line := range strings.Lines(k.ModulesText()) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == name {
			return true
		}
	}
	return false
}

// autoload is insmod -k of a file.
func autoload(k *guestkernel.Kernel, file string) error {
	data, err := hostfile.Read(file, hostfile.Object)
	if err != nil {
		return err
	}
	object, err := loader.Parse(file, data)
	if err != nil {
		return err
	}
	p, err := k.NewProcess(guestkernel.ProcessConfig{Comm: "modprobe"})
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = loader.Insmod(p, object, loader.Options{Release: k.Release(), Autoclean: true})
	return err
}
