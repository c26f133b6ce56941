// SPDX-License-Identifier: BSD-3-Clause
// Package loader does insmod's work for Linux 2.4 modules: it reads an ELF32
// i386 relocatable object, places its sections, resolves its symbols against a
// running kernel, sets its parameters, relocates it and lays struct module in
// front. It follows modutils 2.4 (insmod, obj_load, obj_reloc, obj_i386).
//
// # The way of one module
//
//	object, err := loader.Parse("hello.o", data)            // the file, checked
//	plan, err := loader.Prepare(object, providers, options) // all but the address
//	size := plan.Size()                                     // for create_module
//	image, err := plan.Place(base)                          // relocated bytes
//
// [Link] does the last three in one call. [Insmod] does all of it through the
// system calls of a guest process. [ReadImage] and [Image.Save] keep a linked
// image in a file.
//
// # What an object may be
//
// A little-endian ELF32 EM_386 (or EM_486) file of type ET_REL with one symbol
// table. Relocation sections are SHT_REL; SHT_RELA is refused, as insmod does on
// i386. Section groups are ignored (one object has nothing to choose from).
// Every count, offset, size and index is checked in 64-bit arithmetic before it
// is used, and [Parse] keeps no more memory than a small multiple of the file;
// the loaded image is bounded by [MaxImage] and each alignment by [MaxAlign]
// (a module starts on a page, so more could not be kept).
//
// # Where this differs from insmod, and why
//
//   - The __insmod_NAME_O<path>_M<mtime>_V<version> symbol names the host's
//     file and its date, so it is made only when [Options.Origin] asks for it.
//   - A reference to an undefined global never binds to a local symbol of the
//     same name (insmod's hash table knows no difference).
//   - A weak undefined symbol is 0, as with insmod, but is not exported.
//   - Values of numeric parameters are range checked (insmod truncates them),
//     and a parameter that is wider than its variable is warned of.
//   - An empty value (`irq=`) is "too few values"; insmod versions disagree.
//   - 8- and 16-bit relocations are done (insmod: unhandled).
//   - No __kallsyms section is made (insmod can do it on kernels that ask); one
//     that is in the file is passed on.
package loader
