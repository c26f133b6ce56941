// SPDX-License-Identifier: BSD-3-Clause
// Kernel versions and symbol versions.
//
// With CONFIG_MODVERSIONS an export's name carries a checksum of its type:
// printk_R1b7d4074, or printk_Rsmp_1b7d4074 with the prefix of an SMP kernel. A
// module says `using_checksums=1` in .modinfo, a kernel exports Using_Versions.
// When both are versioned, or neither, names must be equal; else they are
// compared without the checksum (modutils' ncv_strcmp).

package loader

import (
	"strconv"
	"strings"
)

const usingVersions = "Using_Versions"

// BaseName returns a symbol's name without its checksum suffix.
func BaseName(symbol string) string {
	base, _ := splitVersion(symbol)
	return base
}

// splitVersion returns a symbol's base name and its checksum suffix
// (`_R`, an optional prefix that ends in `_`, eight hexadecimal digits).
func splitVersion(name string) (base, suffix string) {
	const digits = 8
	if len(name) <= digits+2 || !allHex(name[len(name)-digits:]) {
		return name, ""
	}
	front := name[:len(name)-digits]
	if base, ok := strings.CutSuffix(front, "_R"); ok && base != "" {
		return base, name[len(base):]
	}
	if !strings.HasSuffix(front, "_") {
		return name, ""
	}
	at := strings.LastIndex(front, "_R")
	if at <= 0 || !isVersionPrefix(front[at+2:len(front)-1]) {
		return name, ""
	}
	return name[:at], name[at:]
}

func allHex(s string) bool {
	for i := 0; i < len(s); i++ {
		if !strings.Contains("0123456789abcdefABCDEF", s[i:i+1]) {
			return false
		}
	}
	return true
}

// isVersionPrefix accepts what genksyms -p makes: smp, 2gig, smp_2gig, ….
func isVersionPrefix(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return s != ""
}

// namePolicy decides which export a module's symbol may take.
type namePolicy int

const (
	exactNames      namePolicy = iota // both versioned, or neither
	checksumIgnored                   // one versioned, the other not
)

// key is equal for names that may match.
func (p namePolicy) key(name string) string {
	if p == exactNames {
		return name
	}
	base, _ := splitVersion(name)
	return base
}

// match: two names of one key match unless both carry checksums that differ.
func (p namePolicy) match(a, b string) bool {
	if a == b {
		return true
	}
	if p == exactNames {
		return false
	}
	baseA, sumA := splitVersion(a)
	baseB, sumB := splitVersion(b)
	return baseA == baseB && (sumA == "") != (sumB == "")
}

// chooseNamePolicy compares the module's claim with the kernel's.
func chooseNamePolicy(o *Object, providers []Provider) namePolicy {
	if o.checksummed() == kernelChecksummed(providers) {
		return exactNames
	}
	return checksumIgnored
}

func (o *Object) checksummed() bool {
	value, _ := o.ModInfo("using_checksums")
	n, err := strconv.Atoi(value)
	return err == nil && n != 0
}

func kernelChecksummed(providers []Provider) bool {
	for _, p := range providers {
		if !p.isKernel() {
			continue
		}
		for _, e := range p.Exports {
			if e.Name == usingVersions {
				return e.Value != 0
			}
		}
	}
	return false
}

// KernelVersion is the release the module was compiled for.
func (o *Object) KernelVersion() (string, bool) { return o.ModInfo("kernel_version") }

// checkVersion compares the module's kernel_version with the kernel's release.
// When both sides carry symbol checksums those decide, as in modutils.
func (o *Object) checkVersion(release string, bothChecksummed bool) error {
	compiled, ok := o.KernelVersion()
	if !ok || versionCode(compiled) < 0 {
		return o.errorf("", "couldn't find the kernel version the module was compiled for (kernel_version in .modinfo)")
	}
	if release == "" || compiled == release || bothChecksummed {
		return nil
	}
	return &VersionError{File: o.File, Compiled: compiled, Running: release}
}

// versionCode is LINUX_VERSION_CODE of a release string, or -1.
func versionCode(release string) int {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 3 {
		return -1
	}
	code := 0
	for i, p := range parts {
		end := 0
		for end < len(p) && p[end] >= '0' && p[end] <= '9' {
			end++
		}
		n, err := strconv.Atoi(p[:end])
		if err != nil || n > 255 || (i < 2 && end != len(p)) {
			return -1
		}
		code = code<<8 | n
	}
	return code
}
