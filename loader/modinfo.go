// SPDX-License-Identifier: BSD-3-Clause
// The .modinfo section: NUL-terminated `key=value` strings that the kernel's
// MODULE_* macros leave for insmod.
//
// linux/module.h (MODULE_PARM, MODULE_LICENSE, …) and modutils' get_modinfo_value.

package loader

import "strings"

type modinfoEntry struct{ key, value string }

// readModinfo splits .modinfo; bytes after the last NUL are padding.
func (o *Object) readModinfo() {
	s := o.Section(".modinfo")
	if s == nil {
		return
	}
	for rest := s.Data; ; {
		text, ended := cString(rest)
		if !ended {
			return
		}
		rest = rest[len(text)+1:]
		if key, value, ok := strings.Cut(text, "="); ok {
			o.addModinfo(key, value)
		}
	}
}

// addModinfo keeps the first value of each key.
func (o *Object) addModinfo(key, value string) {
	if _, seen := o.modinfoAt[key]; seen {
		return
	}
	if o.modinfoAt == nil {
		o.modinfoAt = make(map[string]int)
	}
	o.modinfoAt[key] = len(o.modinfo)
	o.modinfo = append(o.modinfo, modinfoEntry{key, value})
}

// ModInfo returns the first value of a key.
func (o *Object) ModInfo(key string) (string, bool) {
	i, ok := o.modinfoAt[key]
	if !ok {
		return "", false
	}
	return o.modinfo[i].value, true
}

// License is what GPL-only exports and the taint flag depend on.
type License int

// The three things a module can say about its licence.
const (
	LicenseNone  License = iota // says nothing: taints
	LicenseOther                // not compatible with the GPL: taints
	LicenseGPL                  // one of the five strings of linux/module.h
)

// Bits of the kernel's `tainted`.
const (
	TaintProprietary = 1 << 0
	TaintForced      = 1 << 1
)

// License classifies MODULE_LICENSE and returns its text.
func (o *Object) License() (License, string) {
	text, ok := o.ModInfo("license")
	if !ok {
		return LicenseNone, ""
	}
	switch text {
	case "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MPL/GPL":
		return LicenseGPL, text
	}
	return LicenseOther, text
}

// ParameterInfo is one MODULE_PARM of a module.
type ParameterInfo struct {
	Name        string
	Format      string // as in the file: [min[-max]]{b,h,i,l,s,c<n>}
	Description string // MODULE_PARM_DESC, or empty
}

const (
	parmPrefix = "parm_"
	descPrefix = "parm_desc_"
)

// Parameters lists the module's parameters in file order.
func (o *Object) Parameters() []ParameterInfo {
	var list []ParameterInfo
	for _, e := range o.modinfo {
		name, ok := strings.CutPrefix(e.key, parmPrefix)
		if !ok || o.isDescription(e.key) {
			continue
		}
		description, _ := o.ModInfo(descPrefix + name)
		list = append(list, ParameterInfo{name, e.value, strings.Trim(description, `"`)})
	}
	return list
}

// isDescription tells `parm_desc_x`, the description of x, from a parameter
// whose own name begins with desc_, which has a variable.
func (o *Object) isDescription(key string) bool {
	return strings.HasPrefix(key, descPrefix) && o.find(strings.TrimPrefix(key, parmPrefix)) == 0
}
