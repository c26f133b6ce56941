// SPDX-License-Identifier: BSD-3-Clause
// The texts of /proc/modules and /proc/ksyms (2.4.18 kernel/module.c get_module_list, ksyms_op).

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// ModulesText is what /proc/modules reads as. Where the list leads to bad memory, on which the kernel would oops, the text
// ends.
func (k *Kernel) ModulesText() string {
	p := pageText{left: abi.PageSize}
	k.mem.try(func() { k.listModules(&p) })
	return p.text.String()
}

// KsymsText is what /proc/ksyms reads as, likewise.
func (k *Kernel) KsymsText() string {
	var text strings.Builder
	k.mem.try(func() { k.listSymbols(&text) })
	return text.String()
}

// listModules writes one line for each module: name, size, use count once it runs, state, users. There is one page: what
// does not fit any more is left out, and so is everything behind it.
func (k *Kernel) listModules(p *pageText) {
	for m := range k.loaded() {
		if !k.moduleLine(p, m) {
			return
		}
	}
}

// pageText is a text that may grow to a page.
type pageText struct {
	text strings.Builder
	left int
}

// add appends pieces until one does not fit.
func (p *pageText) add(pieces ...string) bool {
	for _, s := range pieces {
		if len(s) > p.left {
			return false
		}
		p.text.WriteString(s)
		p.left -= len(s)
	}
	return true
}

const moduleNameColumn = 20

func (k *Kernel) moduleLine(p *pageText, m module) bool {
	lay := &k.lay.Module
	name, flags := m.name(), m.flags()
	if !p.add(name, strings.Repeat(" ", max(moduleNameColumn-len(name), 0)), fmt.Sprintf("%8d", m.get(lay.ModuleSize))) {
		return false
	}
	if flags&abi.ModRunning != 0 {
		uses := int32(m.get(lay.Usecount))
		if m.canUnload() != 0 {
			uses = -1
		}
		if !p.add(fmt.Sprintf("%4d", uses)) {
			return false
		}
	}
	return p.add(moduleState(flags)...) && k.moduleUsers(p, m) && p.add("\n")
}

// moduleState is the words for a module's flags.
func moduleState(flags uint32) (words []string) {
	switch {
	case flags&abi.ModDeleted != 0:
		return []string{" (deleted)"}
	case flags&abi.ModRunning != 0:
		if flags&abi.ModAutoclean != 0 {
			words = append(words, " (autoclean)")
		}
		if flags&abi.ModUsedOnce == 0 {
			words = append(words, " (unused)")
		}
		return words
	case flags&abi.ModInitializing != 0:
		return []string{" (initializing)"}
	}
	return []string{" (uninitialized)"}
}

// moduleUsers lists the modules that refer to m: " [b a]". On a circular list it goes on until the page is full, as the
// kernel does.
func (k *Kernel) moduleUsers(p *pageText, m module) bool {
	ref := m.get(k.lay.Module.Refs)
	if ref == 0 {
		return true
	}
	for before := " ["; ref != 0; before = " " {
		user := module{k, k.mem.Get(ref, k.lay.ModuleRef.Ref)}
		if !p.add(before, user.name()) {
			return false
		}
		ref = k.mem.Get(ref, k.lay.ModuleRef.NextRef)
	}
	return p.add("]")
}

// listSymbols writes one line for each exported symbol, newest module first, the kernel last.
func (k *Kernel) listSymbols(text *strings.Builder) {
	sym := &k.lay.ModuleSymbol
	for m := range k.modules() {
		at := m.get(k.lay.Module.Syms)
		for range m.get(k.lay.Module.Nsyms) {
			text.WriteString(k.symbolLine(m, at))
			at += sym.Size
		}
	}
}

// symbolLine is the line of the symbol at an address of a module's table.
func (k *Kernel) symbolLine(m module, at uint32) string {
	suffix, name := "\n", "<NULL>"
	if module := m.name(); module != "" {
		suffix = "\t[" + module + "]\n"
	}
	if p := k.mem.Get(at, k.lay.ModuleSymbol.Name); p != 0 {
		name = k.kernelString(p)
	}
	return fmt.Sprintf("%08x %s%s", k.mem.Get(at, k.lay.ModuleSymbol.Value), name, suffix)
}
