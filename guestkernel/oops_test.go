// SPDX-License-Identifier: BSD-3-Clause
// The oops text against what the real kernel printed: testdata/oops-2.4.18-14.txt.
//
// For each text the guest is put into the state the text tells of: modules, registers, the part of the stack that is shown,
// the code at EIP, page table entries. The printer must then find the same names for the same addresses, take the same words
// of the stack for calls, and print the same lines, blanks at their ends included.

package guestkernel

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// An oopsText is one section of the file.
type oopsText struct {
	name    string
	modules []oopsModule
	text    string
}

type oopsModule struct {
	name       string
	addr, size uint32
}

func readOopses(t *testing.T) (all []oopsText) {
	file, err := os.ReadFile("testdata/oops-2.4.18-14.txt")
	require.NoError(t, err)
	for i, section := range strings.Split("\n"+string(file), "\n== ") {
		if i == 0 {
			continue // the comment
		}
		head, text, _ := strings.Cut(section, "\n")
		words := strings.Fields(head)
		o := oopsText{name: words[0], text: strings.TrimSuffix(text, "\n") + "\n"}
		for _, w := range words[1:] {
			m := regexp.MustCompile(`^(.*)=([0-9a-f]{8})\+(\d+)$`).FindStringSubmatch(w)
			require.NotNil(t, m, "%s: module %q", o.name, w)
			size, err := strconv.Atoi(m[3])
			require.NoError(t, err)
			o.modules = append(o.modules, oopsModule{m[1], hexWord(t, m[2]), uint32(size)})
		}
		all = append(all, o)
	}
	return all
}

func hexWord(t *testing.T, s string) uint32 {
	v, err := strconv.ParseUint(s, 16, 32)
	require.NoError(t, err)
	return uint32(v)
}

// find returns what an expression's groups match in the text, nil when it does not.
func (o *oopsText) find(expr string) []string {
	m := regexp.MustCompile(expr).FindStringSubmatch(o.text)
	if m == nil {
		return nil
	}
	return m[1:]
}

func TestOopsTexts(t *testing.T) {
	all := readOopses(t)
	require.GreaterOrEqual(t, len(all), 40)
	for _, o := range all {
		t.Run(o.name, func(t *testing.T) {
			s := oopsStage{t: t, k: boot(t, Config{}), o: o}
			trap, pf := s.set()
			s.k.printOops(trap, pf)
			require.Equal(t, o.text+" ", withoutLevels(s.k.LogText()))
			require.Empty(t, s.k.Notes())
		})
	}
}

// withoutLevels takes off what the console does not show.
func withoutLevels(log string) string {
	return regexp.MustCompile(`(?m)^<[0-7]>`).ReplaceAllString(log, "")
}

// oopsStage puts a guest into the state that a text tells of.
type oopsStage struct {
	t *testing.T
	k *Kernel
	o oopsText
}

// Physical memory that nothing uses right after boot, for the module area's page table and pages.
const (
	stageTable = 0x0152a000
	stagePages = 0x03000000
)

func (s *oopsStage) set() (trap, *pageFaultReport) {
	k := s.k
	s.mapModules()
	for i := len(s.o.modules) - 1; i >= 0; i-- {
		s.addModule(s.o.modules[i])
	}
	s.setTaint()
	s.setCode()
	return s.setTrap(s.setStack(), k)
}

// word returns the hexadecimal number that an expression finds.
func (s *oopsStage) word(expr string) uint32 {
	m := s.o.find(expr)
	require.NotNil(s.t, m, "no %s in the text", expr)
	return hexWord(s.t, m[0])
}

// mapModules maps a page for each page of a module, and puts in the entries that the text shows.
func (s *oopsStage) mapModules() {
	k, table := s.k, uint32(stageTable)
	var addr, pte uint32
	m := s.o.find(`virtual address (\w+)\n(?:.*\n){2}\*pde = (\w+)\n(?:\*pte = (\w+)\n)?`)
	if m != nil && m[1] != "00000000" {
		addr = hexWord(s.t, m[0])
		pde := hexWord(s.t, m[1])
		pte = hexWord(s.t, m[2])
		if pde&abi.PagePSE == 0 {
			k.m.WritePhys32(k.m.CR(3)+pgdOffset(addr), pde)
			k.m.WritePhys32(pde&abi.PageMask+pteOffset(addr), pte)
		}
		if pgdOffset(addr) == pgdOffset(0xc8800000) {
			table = pde & abi.PageMask
		}
	}
	k.m.WritePhys32(k.m.CR(3)+pgdOffset(0xc8800000), table|abi.PageTableBits)
	for _, m := range s.o.modules {
		for at := m.addr; at < m.addr+m.size; at += abi.PageSize {
			k.m.WritePhys32(table+pteOffset(at), stagePages+at&0x3ff000|abi.PageKernelBits)
		}
	}
	k.m.SetCR(3, k.m.CR(3)) // flush
}

// addModule puts a module in front of the list, with the symbols that the text names.
func (s *oopsStage) addModule(m oopsModule) {
	k, lay := s.k, &s.k.lay.Module
	mod := module{k, m.addr}
	k.mem.Fill(m.addr, lay.Size, 0)
	mod.set(lay.SizeOfStruct, lay.Size)
	mod.set(lay.Name, s.str(m.name))
	mod.set(lay.ModuleSize, m.size)
	mod.set(lay.Next, k.mem.U32(k.sym.ModuleList))
	k.mem.SetU32(k.sym.ModuleList, m.addr)
	known := map[string]bool{}
	var table []byte
	for _, f := range regexp.MustCompile(`(?:\[<(\w+)>\]|EIP is at) (\S+) \[`+m.name+`\] 0x(\w+)`).FindAllStringSubmatch(s.o.text, -1) {
		addr := s.word(`EIP:.*\[<(\w+)>\]`)
		if f[1] != "" {
			addr = hexWord(s.t, f[1])
		}
		if !known[f[2]] {
			known[f[2]] = true
			table = append(append(table, le(addr-hexWord(s.t, f[3]))...), le(s.str(f[2]))...)
		}
	}
	mod.set(lay.Nsyms, uint32(len(known)))
	mod.set(lay.Syms, s.put(table))
}

// put stores bytes in kernel memory.
func (s *oopsStage) put(b []byte) uint32 {
	addr := s.k.Kmalloc(uint32(len(b))+1, s.k.constant("GFP_KERNEL"))
	require.NotZero(s.t, addr)
	s.k.mem.Write(addr, b)
	return addr
}

func (s *oopsStage) str(text string) uint32 { return s.put(append([]byte(text), 0)) }

func (s *oopsStage) setTaint() {
	if m := s.o.find(`Tainted: (.)(.)`); m != nil {
		taint := uint32(0)
		if m[0] == "P" {
			taint |= 1
		}
		if m[1] == "F" {
			taint |= 2
		}
		s.k.mem.SetU32(s.k.sym.Tainted, taint)
	}
}

// setCode stores the bytes at EIP, and the file name of a BUG() where they point to.
func (s *oopsStage) setCode() {
	m := s.o.find(`Code: ((?:[0-9a-f]{2} )+)\n`)
	if m == nil {
		return
	}
	var b []byte
	for _, digits := range strings.Fields(m[0]) {
		b = append(b, byte(hexWord(s.t, digits)))
	}
	eip := s.word(`EIP:.*\[<(\w+)>\]`)
	s.k.mem.Write(eip, b)
	if bug := s.o.find(`kernel BUG at ([^<]*):\d+!`); bug != nil {
		s.k.mem.Write(s.k.mem.U32(eip+4), append([]byte(bug[0]), 0))
	}
}

// setStack stores the words of the stack that the text shows, those of its calls, and the task at its base.
func (s *oopsStage) setStack() (esp uint32) {
	k, task := s.k, &s.k.lay.Task
	base := s.word(`stackpage=(\w+)`) - abi.PageSize
	k.mem.Fill(base, abi.ThreadSize, 0)
	process := s.o.find(`Process (.*) \(pid: (\d+)`)
	pid, err := strconv.Atoi(process[1])
	require.NoError(s.t, err)
	k.mem.Set(base, task.Pid, uint32(pid))
	k.mem.Write(base+task.Comm.Off, append([]byte(process[0]), 0))
	esp = s.word(`esp: (\w+)`)
	dump := s.o.find(`(?s)Stack: (.*?)\nCall Trace`)[0]
	for i, w := range strings.Fields(dump) {
		k.mem.SetU32(esp+4*uint32(i), hexWord(s.t, w))
	}
	for _, call := range regexp.MustCompile(`\[<(\w+)>\] .*\(0x(\w+)\)\)`).FindAllStringSubmatch(s.o.text, -1) {
		k.mem.SetU32(hexWord(s.t, call[2]), hexWord(s.t, call[1]))
	}
	return esp
}

// setTrap makes the frame below esp, and what the handler was told.
func (s *oopsStage) setTrap(esp uint32, k *Kernel) (trap, *pageFaultReport) {
	regs := &k.lay.PtRegs
	f := Frame{k, esp - regs.Esp.Off}
	for expr, field := range map[string]abi.Field{
		"eax: ": regs.Eax, "ebx: ": regs.Ebx, "ecx: ": regs.Ecx, "edx: ": regs.Edx, "esi: ": regs.Esi, "edi: ": regs.Edi,
		"ebp: ": regs.Ebp, "EFLAGS: ": regs.Eflags, `\nds: `: regs.DS, " es: ": regs.ES, "EIP: +": regs.CS, `EIP: .*\[<`: regs.Eip,
	} {
		f.Set(field, s.word(expr+`(\w+)`))
	}
	k.m.SetReg(vm.ESP, f.addr-64) // the printer's own stack
	title := s.o.find(`(?m)^([a-zA-Z3 ]+): (\w{4})$`)
	t := trap{frame: f, title: title[0], code: hexWord(s.t, title[1])}
	if s.o.find(`(virtual address)`) == nil {
		return t, nil
	}
	return t, &pageFaultReport{s.word(`virtual address (\w+)`)}
}
