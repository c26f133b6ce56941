// SPDX-License-Identifier: BSD-3-Clause

// Looking: the machine's state where it stands, read only.

package debugger

import (
	"ring0/guestkernel"
	"ring0/vm"
)

// View is the state at a stop. It may be used until the next move, and inside
// a Condition during the call.
type View struct {
	k    *guestkernel.Kernel
	stop *Stop
}

// View returns the state where the debuggee stands.
func (d *Debugger) View() View { return View{d.w.k, &d.stop} }

// InModel tells whether a modelled function of the kernel is in the midst of its work: no instruction comes next.
func (d *Debugger) InModel() bool { return d.at.kind == atNotice }

// Registers are the CPU's registers.
type Registers struct {
	EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI uint32
	EIP, EFLAGS                            uint32
	ES, CS, SS, DS, FS, GS, LDTR, TR       vm.Segment
	GDTR, IDTR                             vm.Table
	CR0, CR2, CR3, CR4                     uint32
	DR                                     [8]uint32
	CPL                                    int
	Halted                                 bool
	FPU                                    vm.FPU
}

// Registers returns all registers.
func (v View) Registers() Registers {
	m := v.k.Machine()
	s := m.State()
	return Registers{
		s.GPR[0], s.GPR[1], s.GPR[2], s.GPR[3], s.GPR[4], s.GPR[5], s.GPR[6], s.GPR[7], s.EIP, s.Eflags,
		s.Seg[vm.ES], s.Seg[vm.CS], s.Seg[vm.SS], s.Seg[vm.DS], s.Seg[vm.FS], s.Seg[vm.GS], s.LDTR, s.TR,
		s.GDTR, s.IDTR, s.CR0, s.CR2, s.CR3, s.CR4, s.DR, int(s.CPL), s.Halted, m.FPU(),
	}
}

// Stop is the stop the view belongs to; in a Condition only its Position, EIP,
// Hits and Exception are set.
func (v View) Stop() Stop { return *v.stop }

// Kernel gives access to the kernel for looking; nothing may be run or changed.
func (v View) Kernel() *guestkernel.Kernel { return v.k }

// ReadMem copies linear memory into b as the supervisor sees it and returns
// how many bytes were mapped.
func (v View) ReadMem(addr uint32, b []byte) int { return v.k.Peek(addr, b) }

// ReadPhys copies physical memory into b.
func (v View) ReadPhys(addr uint32, b []byte) { v.k.Machine().ReadPhys(addr, b) }
