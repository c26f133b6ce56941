// SPDX-License-Identifier: BSD-3-Clause
// Programs: processes that run an ELF file at CPL 3 (2.4.18 fs/exec.c, fs/binfmt_elf.c). Reading the file is in elf.go.

package guestkernel

import (
	"fmt"
	"io"
	"path"

	"ring0/guestkernel/abi"
)

// ProgramConfig describes a program to run.
type ProgramConfig struct {
	ProcessConfig          // Comm: default the last part of Path
	Path          string   // the file's name, as the program is told
	File          []byte   // what is in it: a static i386 ELF program
	Args          []string // argv; none: Path alone
	Env           []string // "NAME=value"
	Stdin         io.Reader
	Stdout        io.Writer
	Stderr        io.Writer // nil: what is written there is lost, Stdin is at its end
}

// Program is a program that runs as a process of the guest, with what it forks.
type Program struct {
	k       *Kernel
	task    *Task
	outcome *Outcome // set when it has ended
}

// Task is the program's task; after the program's end it means nothing.
func (p *Program) Task() *Task { return p.task }

// A FormatError is a file, or what it is to be given, that the kernel would not execute.
type FormatError struct{ Reason string }

func (e *FormatError) Error() string { return e.Reason }

// StartProgram makes a process that runs a program. It has not executed anything yet: see Wait.
func (k *Kernel) StartProgram(cfg ProgramConfig) (p *Program, err error) {
	err = k.fromHost(func() error {
		p, err = k.startProgram(cfg)
		return err
	})
	return p, err
}

func (k *Kernel) startProgram(cfg ProgramConfig) (*Program, error) {
	if k.final != nil {
		return nil, fmt.Errorf("guestkernel: no new program: the machine stands still: %v", k.final)
	}
	image, err := parseProgram(cfg.File)
	if err != nil {
		return nil, err
	}
	if cfg.Comm == "" {
		cfg.Comm = path.Base(cfg.Path)
	}
	if len(cfg.Args) == 0 {
		cfg.Args = []string{cfg.Path}
	}
	if err := k.choosePID(&cfg.ProcessConfig); err != nil {
		return nil, err
	}
	file := k.contentFile(path.Base(cfg.Path), modeRegular|0o755, &content{data: cfg.File}, uint64(len(cfg.File)))
	mm := k.newMM()
	p := &Program{k: k}
	if file != 0 && mm != 0 {
		p.task = k.newTask(cfg.Comm, cfg.PID)
	}
	if p.task == nil {
		return nil, errNoMemory
	}
	p.task.program = p
	if cfg.PID == pidInit {
		k.becomeInit(p.task)
	} else {
		k.setParent(p.task, k.mem.U32(k.sym.ChildReaper))
	}
	p.task.start()
	p.task.Set(k.lay.Task.Mm, mm)
	p.task.Set(k.lay.Task.ActiveMm, mm)
	p.task.Set(k.lay.Task.DidExec, 1)
	k.setIdentity(p.task, cfg.ProcessConfig)
	if err := p.layOut(mm, file, image, cfg); err != nil {
		return nil, err
	}
	k.fput(file)
	k.enqueue(p.task)
	return p, nil
}

// layOut fills the address space, opens the standard streams and makes the frame through which the program is reached.
func (p *Program) layOut(mm, file uint32, image *elfImage, cfg ProgramConfig) error {
	k := p.k
	if err := k.mapImage(mm, file, image); err != nil {
		return err
	}
	sp, err := k.layStack(mm, image, stackTexts{cfg.Path, cfg.Args, cfg.Env}, p.task)
	if err != nil {
		return err
	}
	for _, s := range []hostStream{{r: cfg.Stdin}, {w: cfg.Stdout, writes: true}, {w: cfg.Stderr, writes: true}} {
		if !k.openStream(p.task, &s) {
			return errNoMemory
		}
	}
	k.startFrame(p.task, image.entry, sp)
	return nil
}

// startFrame makes the registers with which a program begins (start_thread, ELF_PLAT_INIT).
func (k *Kernel) startFrame(t *Task, entry, sp uint32) {
	f, regs := k.frameOfNew(t), &k.lay.PtRegs
	k.mem.Fill(f.addr, regs.Size, 0)
	f.Set(regs.Eip, entry)
	f.Set(regs.CS, abi.UserCS)
	f.Set(regs.Eflags, eflagsIF|2)
	f.Set(regs.Esp, sp)
	for _, s := range []abi.Field{regs.SS, regs.DS, regs.ES} {
		f.Set(s, abi.UserDS)
	}
}

// Wait runs the machine until the program has ended, or nothing can run any more.
func (p *Program) Wait() Outcome {
	if o := p.k.drive(func() bool { return p.outcome != nil }); o != nil {
		return *o
	}
	return *p.outcome
}

// exited records how the program ended.
func (p *Program) exited(code uint32) { p.outcome = endOf(code) }

// mapImage maps a program's segments and its heap. Pages come in when they are touched.
func (k *Kernel) mapImage(mm, file uint32, image *elfImage) error {
	lay := &k.lay.MM
	for _, s := range image.segments {
		if s.fileSize != 0 && !k.mapSegment(mm, file, s) {
			return errNoMemory
		}
		from, to := pageAlign(s.addr+s.fileSize), pageAlign(s.addr+s.memSize)
		if s.fileSize == 0 {
			from = s.addr & abi.PageMask
		}
		if to > from && !k.mapAnonymous(mm, from, to, dataFlags) {
			return errNoMemory
		}
		if s.memSize > s.fileSize && s.flags&abi.VMWrite != 0 {
			k.clearUser(mm, s.addr+s.fileSize, from)
		}
	}
	for _, f := range []struct {
		f abi.Field
		v uint32
	}{
		{lay.StartCode, image.startCode}, {lay.EndCode, image.endCode}, {lay.StartData, image.startData},
		{lay.EndData, image.endData}, {lay.StartBrk, image.brk}, {lay.Brk, image.brk},
	} {
		k.mem.Set(mm, f.f, f.v)
	}
	return nil
}

// clearUser zeroes the rest of a page behind a segment's bytes.
func (k *Kernel) clearUser(mm, from, to uint32) {
	if from < to {
		k.eachUserPage(mm, from, make([]byte, to-from), k.m.WritePhys)
	}
}

// mapSegment maps the part of the file that a segment is.
func (k *Kernel) mapSegment(mm, file uint32, s segment) bool {
	const denyWrite, executable = 0x800, 0x1000
	lay := &k.lay.VMA
	in := s.addr % abi.PageSize
	start, end := s.addr-in, pageAlign(s.addr+s.fileSize)
	vma := k.newVMA(mm, start, end, s.flags|mayAll|denyWrite|executable)
	if vma == 0 {
		return false
	}
	k.mem.Set(vma, lay.File, file)
	k.mem.Set(vma, lay.Pgoff, (s.offset-in)>>abi.PageShift)
	k.mem.Set(file, k.lay.File.Count, k.mem.Get(file, k.lay.File.Count)+1)
	k.linkVMA(mm, vma)
	k.addTotalVM(mm, end-start)
	return true
}

// stackTexts are the strings on a new program's stack.
type stackTexts struct {
	path      string
	args, env []string
}

// Types of auxiliary entries (linux/elf.h).
const (
	atNull     = 0
	atPhdr     = 3
	atPhent    = 4
	atPhnum    = 5
	atPagesz   = 6
	atBase     = 7
	atFlags    = 8
	atEntry    = 9
	atUID      = 11
	atEUID     = 12
	atGID      = 13
	atEGID     = 14
	atPlatform = 15
	atHwcap    = 16
	atClktck   = 17

	clocksPerSec = 100       // CLOCKS_PER_SEC
	maxArgs      = 32 * 4096 // MAX_ARG_PAGES
)

// layStack maps the stack and writes what a program finds there. From the top down: an empty word; the path; the strings of
// the environment and the arguments, the first lowest; the platform's name; auxiliary entries; the two vectors; argc.
func (k *Kernel) layStack(mm uint32, image *elfImage, texts stackTexts, t *Task) (sp uint32, err error) {
	lay := &k.lay.MM
	name := append([]byte(texts.path), 0)
	env, envAt := joinTexts(texts.env)
	args, argAt := joinTexts(texts.args)
	top := uint32(abi.StackTop - wordSize)
	pathAt := top - uint32(len(name))
	envStart := pathAt - uint32(len(env))
	argStart := envStart - uint32(len(args))
	if total := len(name) + len(env) + len(args); total > maxArgs-wordSize {
		return 0, &FormatError{fmt.Sprintf("arguments and environment of %d bytes: want at most %d", total, maxArgs-wordSize)}
	}
	platform := append([]byte("i686"), 0)
	platformAt := argStart - uint32(len(platform))
	vectors := words(append(vectorsOf(argStart, argAt, envStart, envAt), image.auxiliary(k, t, platformAt)...)...)
	sp = (platformAt&^15 - uint32(len(vectors))) &^ 15 // the padding lies above the auxiliary entries
	b := append(vectors, make([]byte, platformAt-sp-uint32(len(vectors)))...)
	for _, part := range [][]byte{platform, args, env, name} {
		b = append(b, part...)
	}
	const stackFlags = dataFlags | abi.VMGrowsDown
	vma := k.newVMA(mm, sp&abi.PageMask, abi.StackTop, stackFlags)
	if vma == 0 {
		return 0, errNoMemory
	}
	k.linkVMA(mm, vma)
	k.addTotalVM(mm, abi.StackTop-sp&abi.PageMask)
	if _, ok := k.eachUserPage(mm, sp, b, k.m.WritePhys); !ok {
		return 0, errNoMemory
	}
	for _, f := range []struct {
		f abi.Field
		v uint32
	}{
		{lay.ArgStart, argStart}, {lay.ArgEnd, envStart}, {lay.EnvStart, envStart}, {lay.EnvEnd, pathAt}, {lay.StartStack, sp},
	} {
		k.mem.Set(mm, f.f, f.v)
	}
	return sp, nil
}

// joinTexts are strings with their NULs, one behind the other, and where each begins.
func joinTexts(texts []string) (b []byte, at []uint32) {
	for _, s := range texts {
		at = append(at, uint32(len(b)))
		b = append(append(b, s...), 0)
	}
	return b, at
}

// vectorsOf are argc, argv and envp.
func vectorsOf(argStart uint32, args []uint32, envStart uint32, env []uint32) []uint32 {
	v := []uint32{uint32(len(args))}
	for _, at := range args {
		v = append(v, argStart+at)
	}
	v = append(v, 0)
	for _, at := range env {
		v = append(v, envStart+at)
	}
	return append(v, 0)
}

// auxiliary are the entries that tell a program about itself, in 2.4's order.
func (image *elfImage) auxiliary(k *Kernel, t *Task, platform uint32) []uint32 {
	lay := &k.lay.Task
	return []uint32{
		atHwcap, k.mem.Get(k.sym.BootCPU, k.lay.CPUInfo.Capability0), atPagesz, abi.PageSize, atClktck, clocksPerSec,
		atPhdr, image.headers, atPhent, elfHeaderSize, atPhnum, image.headerCount, atBase, 0, atFlags, 0, atEntry, image.entry,
		atUID, t.Get(lay.Uid), atEUID, t.Get(lay.Euid), atGID, t.Get(lay.Gid), atEGID, t.Get(lay.Egid),
		atPlatform, platform, atNull, 0,
	}
}
