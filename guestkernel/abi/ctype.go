// SPDX-License-Identifier: BSD-3-Clause
// C types as the i386 kernel's compiler sees them: kinds, sizes in bytes, and the typedefs of the 2.4 headers that stand
// for scalars (asm-i386/types.h, asm-i386/posix_types.h, linux/types.h and the headers named below).

package abi

import (
	"fmt"
	"slices"
	"strings"
)

// A Kind says coarsely what a value of a C type is, which is what printing one needs.
type Kind uint8

// The kinds. Integers narrower than int are KindInt or KindUint with their own size.
const (
	KindUnknown     Kind = iota
	KindVoid             // no value
	KindChar             // plain char, signed on i386
	KindInt              // signed, up to 32 bits
	KindUint             // unsigned, up to 32 bits
	KindLong             // long
	KindUlong            // unsigned long: also addresses and jiffies
	KindLongLong         // signed 64 bits
	KindUlongLong        // unsigned 64 bits
	KindSize             // size_t
	KindEnum             // an enumeration, stored as unsigned int
	KindFloat            // float or double
	KindPointer          // to data
	KindString           // char *, const or not
	KindFuncPointer      // to code
	KindFunc             // a function itself: only behind a pointer
	KindAggregate        // a struct or union by value
	KindArray            // only as a structure's member; a parameter of array type is a pointer
)

var kindNames = [...]string{"unknown", "void", "char", "int", "unsigned", "long", "unsigned long", "long long",
	"unsigned long long", "size", "enum", "float", "pointer", "string", "function pointer", "function", "aggregate", "array"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// A Type is a C type.
type Type struct {
	Name string // in C's notation: "const char *", "void (*) (int)"
	Kind Kind
	Size uint32 // bytes; 0 for void and for functions
}

// Signed says whether a value of the type is sign-extended.
func (t Type) Signed() bool {
	switch t.Kind {
	case KindChar, KindInt, KindLong, KindLongLong:
		return true
	}
	return false
}

// Slots returns how many 32-bit stack words an argument of the type takes: a 64-bit value takes two.
func (t Type) Slots() int { return int(t.Size+3) / 4 }

// ParseType reads a type without a name: "long unsigned int", "struct file *", "void (*) (int)", "char[16]".
func ParseType(text string) (Type, error) {
	d, err := parseDeclaration(text)
	switch {
	case err != nil:
		return Type{}, err
	case d.name != "":
		return Type{}, fmt.Errorf("abi: type %q: unexpected name %s", text, d.name)
	}
	return d.typ(), nil
}

// baseType resolves declaration specifiers: the words before any * ( or [. An unknown typedef has KindUnknown, which is
// still good behind a pointer.
func baseType(words []string) Type {
	unqualified := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "const" || w == "volatile" })
	name := strings.Join(unqualified, " ")
	var t Type
	switch {
	case strings.HasPrefix(name, "enum "):
		t = Type{Kind: KindEnum, Size: 4}
	case strings.HasPrefix(name, "struct "), strings.HasPrefix(name, "union "), aggregateSize(name) > 0:
		t = Type{Kind: KindAggregate, Size: aggregateSize(name)}
	case len(unqualified) > 0 && isArithmeticWord(unqualified[0]):
		t = arithmeticType(unqualified)
	default:
		t = typedefType(name)
	}
	t.Name = strings.Join(words, " ")
	return t
}

func isArithmeticWord(word string) bool {
	switch word {
	case "void", "char", "short", "int", "long", "signed", "unsigned", "float", "double":
		return true
	}
	return false
}

// arithmeticType resolves C's own types, whose words may come in any order: "long unsigned int".
func arithmeticType(words []string) Type {
	count := func(word string) (n int) {
		for _, w := range words {
			if w == word {
				n++
			}
		}
		return n
	}
	pick := func(signed, unsigned Kind, size uint32) Type {
		if count("unsigned") > 0 {
			return Type{Kind: unsigned, Size: size}
		}
		return Type{Kind: signed, Size: size}
	}
	switch {
	case slices.ContainsFunc(words, func(w string) bool { return !isArithmeticWord(w) }):
		return Type{}
	case count("void") > 0:
		return Type{Kind: KindVoid}
	case count("double") > 0:
		return Type{Kind: KindFloat, Size: 8}
	case count("float") > 0:
		return Type{Kind: KindFloat, Size: 4}
	case count("char") > 0 && count("signed") > 0:
		return Type{Kind: KindInt, Size: 1}
	case count("char") > 0:
		return pick(KindChar, KindUint, 1)
	case count("short") > 0:
		return pick(KindInt, KindUint, 2)
	case count("long") > 1:
		return pick(KindLongLong, KindUlongLong, 8)
	case count("long") > 0:
		return pick(KindLong, KindUlong, 4)
	}
	return pick(KindInt, KindUint, 4)
}

// typedefType resolves a typedef that does not name a structure with members of interest.
func typedefType(name string) Type {
	switch name {
	case "s8", "__s8", "int8_t":
		return Type{Kind: KindInt, Size: 1}
	case "s16", "__s16", "int16_t":
		return Type{Kind: KindInt, Size: 2}
	case "s32", "__s32", "int32_t", "pid_t", "__kernel_pid_t", "pm_dev_t", "key_t", "__kernel_key_t", "__kernel_daddr_t":
		return Type{Kind: KindInt, Size: 4}
	case "u8", "__u8", "uint8_t", "u_int8_t", "u_char", "cc_t":
		return Type{Kind: KindUint, Size: 1}
	case "u16", "__u16", "uint16_t", "u_int16_t", "u_short", "ushort", "sa_family_t",
		"wchar_t", // linux/nls.h
		"umode_t", "mode_t", "nlink_t", "dev_t", "kdev_t", "__kernel_mode_t", "__kernel_uid_t", "__kernel_gid_t":
		return Type{Kind: KindUint, Size: 2}
	case "__kernel_ipc_pid_t":
		return Type{Kind: KindInt, Size: 2}
	case "u32", "__u32", "uint32_t", "u_int32_t", "u_int", "uint", "uid_t", "gid_t", "__kernel_uid32_t",
		"__kernel_gid32_t", "kernel_cap_t", "dma_addr_t", "tcflag_t", "kmem_bufctl_t":
		return Type{Kind: KindUint, Size: 4}
	case "time_t", "__kernel_time_t", "suseconds_t", "clock_t", "off_t", "__kernel_off_t":
		return Type{Kind: KindLong, Size: 4}
	case "ssize_t", "__kernel_ssize_t":
		return Type{Kind: KindInt, Size: 4}
	case "ino_t", "__kernel_ino_t", "ulong", "u_long", "old_sigset_t":
		return Type{Kind: KindUlong, Size: 4}
	case "s64", "__s64", "int64_t", "loff_t", "__kernel_loff_t":
		return Type{Kind: KindLongLong, Size: 8}
	case "u64", "__u64", "uint64_t", "u_int64_t", "dma64_addr_t":
		return Type{Kind: KindUlongLong, Size: 8}
	case "size_t", "__kernel_size_t":
		return Type{Kind: KindSize, Size: 4}
	case "va_list", "caddr_t", "fl_owner_t", "devfs_handle_t": // char *, but no text; struct files_struct *; struct devfs_entry *
		return Type{Kind: KindPointer, Size: 4}
	}
	return functionTypedef(name)
}

// functionTypedef resolves the typedefs of functions and of pointers to functions that exports and structures use.
func functionTypedef(name string) Type {
	switch name {
	case "fn": // how the layout tables write any function type
		return Type{Kind: KindFunc}
	case "get_block_t", "bh_end_io_t", "filler_t", "request_fn_proc", "make_request_fn", "plug_device_fn",
		"merge_request_fn", "merge_requests_fn", "gifconf_func_t", "get_info_t", "read_proc_t", "write_proc_t",
		"elevator_merge_fn", "elevator_merge_req_fn", "nf_hookfn", "ctl_handler", "proc_handler":
		return Type{Kind: KindFunc}
	case "filldir_t", "read_actor_t", "find_inode_t", "__sighandler_t", "pm_callback":
		return Type{Kind: KindFuncPointer, Size: 4}
	}
	return Type{}
}

// aggregateSize knows the structures that prototypes pass by value, all of one word; 0 for all others.
func aggregateSize(name string) uint32 {
	switch name {
	case "union semun", "pgprot_t", "pte_t", "pmd_t", "pgd_t", "swp_entry_t", "mm_segment_t", "atomic_t":
		return 4
	}
	return 0
}
