// SPDX-License-Identifier: BSD-3-Clause
// The kernel structures insmod fills, as the profile lays them out.

package loader

import "ring0/guestkernel/abi"

// kernelABI holds the layouts of linux/module.h and asm/uaccess.h.
type kernelABI struct {
	profile   string
	module    abi.ModuleLayout
	symbol    abi.ModuleSymbolLayout
	reference abi.ModuleRefLayout
	exception abi.ExceptionEntryLayout
	info      moduleInfoLayout
}

// moduleInfoLayout is struct module_info, what query_module(QM_INFO) fills in.
type moduleInfoLayout struct {
	Size     uint32    `c:"(sizeof)"` // bytes
	Addr     abi.Field `c:"addr"`     // of the module's struct module
	Length   abi.Field `c:"size"`
	Flags    abi.Field `c:"flags"`
	Usecount abi.Field `c:"usecount"`
}

// kernelABIFor looks a profile up; "" is the default one.
func kernelABIFor(profile string) (kernelABI, error) {
	if profile == "" {
		profile = abi.ProfileNames()[0]
	}
	p, err := abi.ProfileByName(profile)
	if err != nil {
		return kernelABI{}, err
	}
	k := kernelABI{profile: profile}
	for _, b := range []struct {
		name   string
		target any
	}{
		{"module", &k.module},
		{"module_symbol", &k.symbol},
		{"module_ref", &k.reference},
		{"exception_table_entry", &k.exception},
		{"module_info", &k.info},
	} {
		if err := p.Bind(b.name, b.target); err != nil {
			return kernelABI{}, err
		}
	}
	return k, nil
}

// put stores a 32-bit field of a structure that begins at record.
func put(record []byte, field abi.Field, value uint32) { putLE32(record[field.Off:], value) }

// get reads one back.
func get(record []byte, field abi.Field) uint32 { return le32(record[field.Off:]) }
