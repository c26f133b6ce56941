// SPDX-License-Identifier: BSD-3-Clause
// The rows that say which functions of the kernel are modelled, and how well.

package guestkernel

import (
	"fmt"
	"slices"
	"strings"

	"ring0/guestkernel/abi"
)

// A Function is one modelled function of the kernel: an export, a system call or an internal function that guest code
// reaches. Its slot lies at the System.map address of its name. Name, header and prototype of an export are in the
// profile (abi.Export); a row repeats none of that.
type Function struct {
	Name  string      // its symbol in System.map
	Fn    func(*Call) // nil for functions of real guest code (package entry)
	Level Level
	Note  string // for Partial: what is missing; for Stub: what it answers
	Conv  Conv
	Proto string // C prototype where the profile has none or a useless one, such as "void __get_user_4 (void)"
}

// Level is how much of a function's behaviour a row has.
type Level uint8

// Support levels.
const (
	None    Level = iota // not written: a call stops the run by name
	Full                 // everything a caller can observe
	Partial              // see the row's note
	Stub                 // answers without doing; see the row's note
)

func (l Level) String() string { return [...]string{"none", "full", "partial", "stub"}[l] }

// Conv is a calling convention: where a function finds its 32-bit argument words.
type Conv uint8

// Calling conventions. Special functions take and return what their row's note says, mostly all registers preserved.
const (
	CDecl    Conv = iota // on the stack above the return address; also asmlinkage
	Regparm3             // EAX, EDX, ECX, then the stack: FASTCALL
	Special              // as the function's comment says
)

func (c Conv) String() string { return [...]string{"cdecl", "regparm(3)", "special"}[c] }

// A subsystem is a part of the kernel with the functions it models and its share of booting.
type subsystem struct {
	name      string
	functions []Function
	boot      func(*Kernel) error // nil when there is nothing to set up
}

// subsystems lists all parts in the order in which they boot.
func subsystems() []subsystem {
	return append([]subsystem{
		{"entry", entryFunctions(), nil},
		{"log", printkFunctions(), (*Kernel).bootPrintk},
		{"consoles", consoleFunctions(), (*Kernel).bootConsole},
		{"vsprintf", vsprintfFunctions(), nil},
		{"string", stringFunctions(), (*Kernel).bootCtype},
		{"traps", trapFunctions(), nil},
		{"bug", bugFunctions(), nil},
		{"clock", nil, (*Kernel).bootClock},
		{"delay", delayFunctions(), (*Kernel).bootCPUData},
		{"time", timeFunctions(), nil},
		{"pages", pageFunctions(), (*Kernel).bootPages},
		{"slab", slabFunctions(), (*Kernel).bootSlab},
		{"vmalloc", vmallocFunctions(), (*Kernel).bootVmalloc},
		{"devices", deviceFunctions(), (*Kernel).bootDevices},
		{"misc", miscFunctions(), (*Kernel).bootMisc},
		{"resources", resourceFunctions(), (*Kernel).bootResources},
		{"dma", dmaFunctions(), (*Kernel).bootDMA},
		{"ioremap", ioremapFunctions(), nil},
		{"utf8", utf8Functions(), nil},
		{"checksum", checksumFunctions(), nil},
		{"nethelpers", netHelperFunctions(), (*Kernel).bootNetHelpers},
		{"tasks", nil, (*Kernel).bootTasks},
		{"schedule", scheduleFunctions(), nil},
		{"nice", niceFunctions(), nil},
		{"reboot", rebootFunctions(), nil},
		{"remap", remapFunctions(), nil},
		{"userpages", userPagesFunctions(), nil},
		{"pcidma", pciDMAFunctions(), nil},
		{"irq", irqFunctions(), (*Kernel).bootIRQ},
		{"pic", picFunctions(), nil},
		{"lpt", nil, (*Kernel).bootLPT},
		{"timerchip", nil, (*Kernel).bootTimerChip},
		{"irqprobe", irqProbeFunctions(), (*Kernel).bootIRQProbe},
		{"softirq", softirqFunctions(), (*Kernel).bootSoftirqs},
		{"bottomhalf", bottomHalfFunctions(), nil},
		{"timer", timerFunctions(), (*Kernel).bootTimers},
		{"wait", waitFunctions(), nil},
		{"semaphore", semaphoreFunctions(), nil},
		{"rwsem", rwsemFunctions(), nil},
		{"kthread", kthreadFunctions(), nil},
		{"daemons", daemonFunctions(), (*Kernel).bootDaemons},
		{"sigsend", signalFunctions(), nil},
		{"intermodule", interModuleFunctions(), (*Kernel).bootInterModule},
		{"pm", pmFunctions(), (*Kernel).bootPM},
		{"mempool", mempoolFunctions(), nil},
		{"blkqueue", blockQueueFunctions(), (*Kernel).bootBlockQueues},
		{"identity", identityFunctions(), (*Kernel).bootIdentity},
		{"modules", moduleFunctions(), (*Kernel).bootModules},
		{"notifiers", notifierFunctions(), nil},
		{"panic", panicFunctions(), nil},
		{"files", fileTableFunctions(), (*Kernel).bootFiles},
		{"readwrite", readWriteFunctions(), nil},
		{"poll", pollFunctions(), nil},
		{"select", selectFunctions(), nil},
		{"nanosleep", nanosleepFunctions(), nil},
		{"mm", mmFunctions(), (*Kernel).bootMM},
		{"fork", forkFunctions(), nil},
		{"waitchild", waitChildFunctions(), nil},
		{"sigcalls", signalCallFunctions(), nil},
		{"credentials", credentialFunctions(), nil},
		{"filecalls", fileCallFunctions(), nil},
		{"pipe", pipeFunctions(), (*Kernel).bootPipes},
		{"seqfile", seqFunctions(), (*Kernel).bootSeqFiles},
		{"stat", statFunctions(), (*Kernel).bootStat},
		{"filemmap", fileMapFunctions(), (*Kernel).bootFileMaps},
		{"filesync", fileSyncFunctions(), nil},
		{"memdev", memoryDeviceFunctions(), (*Kernel).bootMemoryDevices},
		{"sysmisc", sysMiscFunctions(), nil},
		{"mountcall", mountCallFunctions(), nil},
		{"chrdev", charDeviceFunctions(), (*Kernel).bootCharOps},
		{"proc", procTreeFunctions(), (*Kernel).bootProc},
		{"procfile", procFileFunctions(), nil},
		{"proctext", procTextFunctions(), nil},
	}, driverSubsystems()...)
}

//go:generate go run ./internal/gendocs ../docs/exports.md

// Functions returns the rows of all modelled functions, by name.
func Functions() []Function {
	var all []Function
	for _, part := range subsystems() {
		all = append(all, part.functions...)
	}
	slices.SortFunc(all, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// functionSet finds rows by name.
type functionSet map[string]*Function

// entryFunctions are the functions of real guest code that modules call.
func entryFunctions() []Function {
	const getUser = "address in EAX; value in EDX, 0 or -EFAULT in EAX; other registers keep their values"
	real := func(name string) Function { return Function{Name: name, Level: Full} }
	return []Function{
		{Name: "__get_user_1", Level: Full, Conv: Special, Note: getUser},
		{Name: "__get_user_2", Level: Full, Conv: Special, Note: getUser},
		{Name: "__get_user_4", Level: Full, Conv: Special, Note: getUser},
		real("__generic_copy_to_user"), real("__generic_copy_from_user"),
		real("strncpy_from_user"), real("__strncpy_from_user"),
		real("strnlen_user"), real("clear_user"), real("__clear_user"),
	}
}

// newFunctionSet collects the rows of all subsystems. Two rows of one name are a mistake of ours.
func newFunctionSet(parts []subsystem) (functionSet, error) {
	set := make(functionSet, 512)
	for _, part := range parts {
		for i := range part.functions {
			f := &part.functions[i]
			if _, twice := set[f.Name]; twice {
				return nil, fmt.Errorf("guestkernel: function %s has two rows, one of them in %s", f.Name, part.name)
			}
			set[f.Name] = f
		}
	}
	return set, nil
}

// Support tells how well the kernel models the function of that name.
func (k *Kernel) Support(name string) (level Level, conv Conv, note string) {
	if f := k.functions[name]; f != nil {
		return f.Level, f.Conv, f.Note
	}
	return None, CDecl, ""
}

// prototype returns the parsed C declaration of a function, from its row or the profile.
func (k *Kernel) prototype(name string) (abi.Prototype, bool) {
	text := ""
	if e, ok := k.profile.Export(name); ok {
		text = e.Prototype
	}
	if f := k.functions[name]; f != nil && f.Proto != "" {
		text = f.Proto
	}
	if text == "" {
		text = syscallPrototype(name)
	}
	if text == "" {
		return abi.Prototype{}, false
	}
	p, err := abi.ParsePrototype(text)
	return p, err == nil
}

// syscallPrototype is the declaration of the system call that a function handles, "" when it handles none.
func syscallPrototype(handler string) string {
	if !strings.HasPrefix(handler, "sys_") {
		return ""
	}
	for _, call := range abi.Syscalls() {
		if call.Handler == handler {
			return call.Prototype
		}
	}
	return ""
}
