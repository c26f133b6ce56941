// SPDX-License-Identifier: BSD-3-Clause
// What a kernel is asked to be.

package guestkernel

import (
	"fmt"

	"ring0/vm"
)

// Config describes a kernel. The zero value of a field means its default.
type Config struct {
	Profile     string   // which 2.4 kernel (see abi.ProfileNames); default "2.4.18-14"
	Mem         uint32   // RAM in bytes, a multiple of 4 MB from 20 MB to 1 GB; default 128 MB
	Release     string   // system_utsname.release; default the profile's. 2.6 and later have no create_module
	FirstPID    int32    // pid of the first process; default 10
	MaxInsns    uint64   // instructions after which a run ends with [Limit]; default none
	StubMissing bool     // a function that is not written logs its call and returns 0 instead of stopping the run
	MHz         uint32   // instructions per microsecond of guest time; default 100
	Disks       [][]byte // what is on /dev/ram0, /dev/ram1 …

	// Modprobe loads the module that request_module asks for; nil: there is no program at modprobe_path. It is called
	// while the asking task sleeps, and may run processes.
	Modprobe func(k *Kernel, name string) error

	Check bool // look for what modules do wrong and 2.4 does not notice: see Kernel.Findings
}

// Limits of Config.Mem. Below, the tables of the booted kernel do not fit; above 896 MB it is high memory, which only
// vmalloc uses.
const (
	minMem  = 20 << 20
	maxMem  = 1 << 30
	memStep = 4 << 20
)

// complete fills in the defaults and checks the rest.
func (c Config) complete() (Config, error) {
	if c.Profile == "" {
		c.Profile = "2.4.18-14"
	}
	if c.Mem == 0 {
		c.Mem = 128 << 20
	}
	if c.FirstPID == 0 {
		c.FirstPID = 10
	}
	if c.MaxInsns == 0 {
		c.MaxInsns = vm.Forever
	}
	if c.MHz == 0 {
		c.MHz = 100
	}
	if c.Mem < minMem || c.Mem%memStep != 0 || c.Mem > maxMem {
		return c, fmt.Errorf("guestkernel: %d bytes of memory: want a multiple of %d MB from %d to %d MB",
			c.Mem, memStep>>20, minMem>>20, maxMem>>20)
	}
	if c.FirstPID < 1 || c.FirstPID > 30000 {
		return c, fmt.Errorf("guestkernel: first pid %d: want 1 to 30000", c.FirstPID)
	}
	if !isRelease(c.Release) {
		return c, fmt.Errorf("guestkernel: release %q: want at most %d printable characters, none of them blank", c.Release, maxRelease)
	}
	return c, nil
}

// maxRelease is what fits into new_utsname.release with its zero.
const maxRelease = 64

func isRelease(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(s) <= maxRelease
}
