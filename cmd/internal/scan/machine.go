// SPDX-License-Identifier: BSD-3-Clause
// One kernel for one module: insmod and rmmod, each by a process of its own.

package scan

import (
	"path/filepath"
	"strings"
	"time"

	"ring0/cmd/internal/hostfile"
	"ring0/guestkernel"
	"ring0/loader"
)

// machine is a booted kernel.
type machine struct {
	kernel *guestkernel.Kernel
	images []*loader.Image // of what was loaded, for the names in findings
	stop   func() bool     // calls the watchdog off
}

// What is known of the system on which the verdicts were recorded, as far as logs show it: the process that loads the first
// module is the thirteenth, and something has taken so much of the memory that modules lie in, before them.
const (
	recordedPID  = 13
	recordedArea = 0x21000
)

// pause is how many ticks pass between two commands of a shell. Threads that a module has started run meanwhile.
const pause = 2

// newMachine boots a kernel that stands still after timeout of host time.
func newMachine(cfg guestkernel.Config, timeout time.Duration) (*machine, error) {
	if cfg.FirstPID == 0 {
		cfg.FirstPID = recordedPID
	}
	kernel, err := guestkernel.Boot(cfg)
	if err != nil {
		return nil, err
	}
	kernel.Vmalloc(recordedArea)
	m := &machine{kernel: kernel, stop: func() bool { return true }}
	if timeout > 0 {
		m.stop = time.AfterFunc(timeout, kernel.Machine().Interrupt).Stop
	}
	return m, nil
}

func (m *machine) close() {
	m.stop()
	m.kernel.Close()
}

// insmod loads a file as insmod without options does.
func (m *machine) insmod(dir, file string) error {
	data, err := hostfile.Read(filepath.Join(dir, filepath.FromSlash(file)), hostfile.Object)
	if err != nil {
		return err
	}
	object, err := loader.Parse(file, data)
	if err != nil {
		return err
	}
	process, err := m.kernel.NewProcess(guestkernel.ProcessConfig{Comm: "insmod"})
	if err != nil {
		return err
	}
	loaded, err := loader.Insmod(process, object, loader.Options{Release: m.kernel.Release()})
	if loaded.Image != nil {
		m.images = append(m.images, loaded.Image)
	}
	return m.leave(process, err)
}

// leave ends a process and lets the time pass until the next one.
func (m *machine) leave(process *guestkernel.Process, err error) error {
	if closed := process.Close(); err == nil {
		err = closed
	}
	m.kernel.RunTicks(pause) // what ends the run here ends the next command too
	return err
}

// locate names a place by the module's own symbols.
func (m *machine) locate(p guestkernel.Place) (name string, ok bool) {
	for _, img := range m.images {
		if img.Contains(p.EIP) && strings.HasSuffix(p.Symbol, "["+img.Name+"]") {
			return img.Locate(p.EIP)
		}
	}
	return "", false
}

func (m *machine) rmmod(name string) error {
	process, err := m.kernel.NewProcess(guestkernel.ProcessConfig{Comm: "rmmod"})
	if err != nil {
		return err
	}
	return m.leave(process, loader.Rmmod(process, name))
}

// procModules is the module's line of /proc/modules, "" without one.
func (m *machine) procModules(name string) string {
	for line := range strings.Lines(m.kernel.ModulesText()) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == name {
			return strings.TrimRight(line, " \n")
		}
	}
	return ""
}
