/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a module tells insmod and what it shares with the kernel: parameters and other strings in
 * section .modinfo, exported symbols in section __ksymtab, struct module with its use count.
 * 
 * A file that defines EXPORT_SYMTAB before including this header exports just what it names with
 * EXPORT_SYMBOL. A file that says EXPORT_NO_SYMBOLS exports nothing. One that says neither exports
 * every global symbol: insmod sees no __ksymtab section.
 * 
 * MODVERSIONS (versioned.c alone defines it) adds using_checksums=1: then the names of imported and
 * exported symbols end in _R and a checksum.
 * 
 * MODULE_KERNEL_VERSION may name another kernel (wrongkernel.c).
 */
#ifndef _RING0_LINUX_MODULE_H
#define _RING0_LINUX_MODULE_H

#include <asm/atomic.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/version.h>

struct exception_table_entry;

struct module_symbol {
	unsigned long value;
	const char *name;
};

struct module_ref {
	struct module *dep;          /* the module that is needed */
	struct module *ref;          /* the module that needs it */
	struct module_ref *next_ref; /* the next one that needs the same */
};

struct module {
	unsigned long size_of_struct;
	struct module *next;
	const char *name;
	unsigned long size;
	union {
		atomic_t usecount;
		long pad;
	} uc;
	unsigned long flags;
	unsigned nsyms;
	unsigned ndeps;
	struct module_symbol *syms;
	struct module_ref *deps;
	struct module_ref *refs;
	int (*init)(void);
	void (*cleanup)(void);
	const struct exception_table_entry *ex_table_start;
	const struct exception_table_entry *ex_table_end;
	/* The structure of the manual page ends here, after 60 bytes. */
	const void *persist_start;
	const void *persist_end;
	int (*can_unload)(void);
	int runsize;
	const char *kallsyms_start;
	const char *kallsyms_end;
	const char *archdata_start;
	const char *archdata_end;
	const char *kernel_data;
};

#define MOD_UNINITIALIZED 0
#define MOD_RUNNING 1
#define MOD_DELETED 2
#define MOD_AUTOCLEAN 4
#define MOD_VISITED 8
#define MOD_USED_ONCE 16
#define MOD_JUST_FREED 32
#define MOD_INITIALIZING 64

/* insmod makes this symbol: struct module in front of the module's own sections. */
extern struct module __this_module;
#define THIS_MODULE (&__this_module)

#define MOD_INC_USE_COUNT                                                                          \
	(atomic_inc(&THIS_MODULE->uc.usecount), THIS_MODULE->flags |= MOD_VISITED | MOD_USED_ONCE)
#define MOD_DEC_USE_COUNT                                                                          \
	(atomic_dec(&THIS_MODULE->uc.usecount), THIS_MODULE->flags |= MOD_VISITED)
#define MOD_IN_USE (atomic_read(&THIS_MODULE->uc.usecount) != 0)

#define MODINFO_STRING(name) static const char name[] __attribute__((used, section(".modinfo")))

/*
 * insmod writes the variable in the object. It must be a global one: a compiler of today takes a
 * static variable that nobody here changes for a constant. The declaration refuses a static one.
 */
#define MODULE_PARM(var, kind)                                                                     \
	__typeof__(var) var;                                                                       \
	MODINFO_STRING(__parm_##var) = "parm_" #var "=" kind
#define MODULE_PARM_DESC(var, text) MODINFO_STRING(__parm_desc_##var) = "parm_desc_" #var "=" text
#define MODULE_LICENSE(text) MODINFO_STRING(__license) = "license=" text
#define MODULE_AUTHOR(text) MODINFO_STRING(__author) = "author=" text
#define MODULE_DESCRIPTION(text) MODINFO_STRING(__description) = "description=" text

#ifndef MODULE_KERNEL_VERSION
#define MODULE_KERNEL_VERSION UTS_RELEASE
#endif
MODINFO_STRING(__kernel_version) = "kernel_version=" MODULE_KERNEL_VERSION;
#ifdef MODVERSIONS
MODINFO_STRING(__using_checksums) = "using_checksums=1";
#endif

#define EXPORT_STRING(text) #text
#define EXPORT_AS(sym, exported)                                                                   \
	static const char __kstrtab_##sym[] __attribute__((section(".kstrtab"))) =                 \
		EXPORT_STRING(exported);                                                           \
	static const struct module_symbol __ksymtab_##sym                                          \
		__attribute__((used, section("__ksymtab"))) = {(unsigned long)&sym, __kstrtab_##sym}

#ifdef EXPORT_SYMTAB
#define EXPORT_SYMBOL(sym) EXPORT_AS(sym, sym)
#endif
/* An empty __ksymtab section. */
#define EXPORT_NO_SYMBOLS __asm__(".section __ksymtab,\"a\"\n\t.previous")

void inter_module_register(const char *name, struct module *owner, const void *data);
void inter_module_unregister(const char *name);
const void *inter_module_get(const char *name);
void inter_module_put(const char *name);

#endif
