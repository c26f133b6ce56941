// SPDX-License-Identifier: BSD-3-Clause

// System instructions: descriptor-table registers, LDTR and TR, halting,
// caches, SYSENTER, the hypercall.
//
// Intel SDM vol. 2, one section per mnemonic; vol. 3, 2.8 "System instruction
// summary".

package vm

import "ring0/vm/x86"

var systemOps = opTable{
	x86.MOVSEG:     {any: opMOVSEG},
	x86.MOVFROMSEG: {any: opMOVFROMSEG},
	x86.PUSHSEG:    {any: opPUSHSEG},
	x86.POPSEG:     {any: opPOPSEG},
	x86.LDSEG:      {any: opLDSEG},
	x86.CLI:        {any: opCLI},
	x86.STI:        {any: opSTI},
	x86.PUSHF:      {any: opPUSHF},
	x86.POPF:       {any: opPOPF},
	x86.IN:         {any: opIN},
	x86.OUT:        {any: opOUT},
	x86.HLT:        {any: opHLT},
	x86.CLTS:       {any: opCLTS},
	x86.INVLPG:     {any: opINVLPG},
	x86.INVD:       {any: opINVD},
	x86.WBINVD:     {any: opINVD},
	x86.LGDT:       {any: opLGDT},
	x86.SGDT:       {any: opSGDT},
	x86.LIDT:       {any: opLIDT},
	x86.SIDT:       {any: opSIDT},
	x86.LLDT:       {any: opLLDT},
	x86.SLDT:       {any: opSLDT},
	x86.LTR:        {any: opLTR},
	x86.STR:        {any: opSTR},
	x86.SMSW:       {any: opSMSW},
	x86.LMSW:       {any: opLMSW},
	x86.LAR:        {any: opLAR},
	x86.LSL:        {any: opLSL},
	x86.VERR:       {any: opVERR},
	x86.VERW:       {any: opVERW},
	x86.ARPL:       {any: opARPL},
	x86.MOVTOCR:    {any: opMOVTOCR},
	x86.MOVFROMCR:  {any: opMOVFROMCR},
	x86.MOVTODR:    {any: opMOVTODR},
	x86.MOVFROMDR:  {any: opMOVFROMDR},
	x86.CPUID:      {any: opCPUID},
	x86.RDTSC:      {any: opRDTSC},
	x86.RDMSR:      {any: opRDMSR},
	x86.WRMSR:      {any: opWRMSR},
	x86.RDPMC:      {any: opRDPMC},
	x86.SYSENTER:   {any: opSYSENTER},
	x86.SYSEXIT:    {any: opSYSEXIT},
	x86.RSM:        {any: opUD}, // outside system-management mode, which this machine lacks
	x86.VMCALL:     {any: opVMCALL},
}

// opHLT is F4: CPL 0 only.
func opHLT(c *CPU, in *inst) bool {
	if c.cpl != 0 {
		return c.gp0()
	}
	c.eip, c.exit = in.Next(), exitHalt
	return false
}

// opINVLPG is 0F 01 /7: CPL 0 only. The segment's limit is not checked.
func opINVLPG(c *CPU, in *inst) bool {
	if c.cpl != 0 {
		return c.gp0()
	}
	c.flushPage(c.seg[in.Seg].base + c.effAddr(in))
	return c.proceed(in, c.mode)
}

// opINVD is INVD (0F 08) and WBINVD (0F 09): CPL 0 only. Memory caches are
// not modelled: every write is in memory at once.
func opINVD(c *CPU, in *inst) bool {
	if c.cpl != 0 {
		return c.gp0()
	}
	return c.proceed(in, c.mode)
}

// opVMCALL is 0F 01 C1: the door to the host. Outside CPL 0 it is what it is
// on a processor without virtualisation: #UD.
func opVMCALL(c *CPU, in *inst) bool {
	if c.cpl != 0 {
		return c.ud()
	}
	c.eip, c.exit = in.Next(), exitHypercall
	return false
}

// opLGDT is 0F 01 /2, opLIDT 0F 01 /3: CPL 0 only. With a 16-bit operand size
// the base has 24 bits.
func opLGDT(c *CPU, in *inst) bool { return c.loadTable(in, &c.gdtr) }

func opLIDT(c *CPU, in *inst) bool { return c.loadTable(in, &c.idtr) }

func (c *CPU) loadTable(in *inst, t *tableReg) bool {
	if c.cpl != 0 {
		return c.gp0()
	}
	v, ok := c.readAligned(in.Seg, c.effAddr(in), 6, 4)
	if !ok {
		return false
	}
	t.limit, t.base = uint16(v), uint32(v>>16)
	if in.Size == 2 {
		t.base &= 0xffffff
	}
	return c.proceed(in, c.mode)
}

// opSGDT is 0F 01 /0, opSIDT 0F 01 /1: at any CPL. All 32 bits of the base
// are stored whatever the operand size, as processors do; the manual has the
// upper 8 bits zero with a 16-bit operand size.
func opSGDT(c *CPU, in *inst) bool { return c.storeTable(in, c.gdtr) }

func opSIDT(c *CPU, in *inst) bool { return c.storeTable(in, c.idtr) }

func (c *CPU) storeTable(in *inst, t tableReg) bool {
	return c.writeAligned(in.Seg, c.effAddr(in), 6, 4, uint64(t.limit)|uint64(t.base)<<16)
}

// opSLDT is 0F 00 /0, opSTR 0F 00 /1: at any CPL, in protected mode.
func opSLDT(c *CPU, in *inst) bool { return c.storeSelector(in, c.ldtr.sel) }

func opSTR(c *CPU, in *inst) bool { return c.storeSelector(in, c.tr.sel) }

func (c *CPU) storeSelector(in *inst, sel uint16) bool {
	if c.realMode() {
		return c.ud()
	}
	return c.writeWordRM(in, sel)
}

// opLLDT loads LDTR.
//
//	0F 00 /2   LLDT r/m16
//
// Faults: #UD outside protected mode, #GP(0) above CPL 0, the operand's,
// then those of the selector.
func opLLDT(c *CPU, in *inst) bool {
	sel, ok := c.systemSelector(in)
	if !ok {
		return false
	}
	// A null selector makes LDTR unusable.
	if nullSel(sel) {
		c.ldtr = segment{sel: sel}
		return c.proceed(in, c.mode)
	}
	// The selector must be of the GDT, and within it.
	if sel&4 != 0 {
		return c.selFault(VecGP, sel)
	}
	d, ok := c.fetchDesc(sel, VecGP)
	if !ok {
		return false
	}
	// It must name an LDT.
	if d.kind() != sysLDT {
		return c.selFault(VecGP, sel)
	}
	// It must be present.
	if !d.present() {
		return c.selFault(VecNP, sel)
	}
	c.ldtr.load(sel, d)
	return c.proceed(in, c.mode)
}

// systemSelector reads the operand of LLDT and LTR.
func (c *CPU) systemSelector(in *inst) (uint16, bool) {
	if c.realMode() {
		return 0, c.ud()
	}
	if c.cpl != 0 {
		return 0, c.gp0()
	}
	return c.readWordRM(in)
}

// opLTR loads TR and makes its TSS busy.
//
//	0F 00 /3   LTR r/m16
func opLTR(c *CPU, in *inst) bool {
	sel, ok := c.systemSelector(in)
	if !ok {
		return false
	}
	// The selector must not be null.
	if nullSel(sel) {
		return c.gp0()
	}
	// It must be of the GDT, and within it.
	if sel&4 != 0 {
		return c.selFault(VecGP, sel)
	}
	d, ok := c.fetchDesc(sel, VecGP)
	if !ok {
		return false
	}
	// It must name an available TSS.
	if d.kind() != sysTSS16 && d.kind() != sysTSS32 {
		return c.selFault(VecGP, sel)
	}
	// It must be present.
	if !d.present() {
		return c.selFault(VecNP, sel)
	}
	if !c.setBusy(sel, true) {
		return false
	}
	c.tr.load(sel, d)
	c.tr.attr |= sysBusy
	return c.proceed(in, c.mode)
}

// Hidden parts of the segments that SYSENTER and SYSEXIT load: flat, 4 GB.
const (
	flatCode32 = attrP | attrS | attrCode | attrReadable | attrAccessed | attrDB | attrG
	flatData32 = attrP | attrS | attrWritable | attrAccessed | attrDB | attrG
)

// fastSegments loads CS and SS without reading descriptors.
func (c *CPU) fastSegments(cs uint16, cpl uint8) {
	dpl := uint16(cpl) << attrDPLShift
	c.seg[x86.CS] = segment{sel: cs&^3 | uint16(cpl), attr: flatCode32 | dpl, limit: 0xffffffff}
	c.seg[x86.SS] = segment{sel: (cs+8)&^3 | uint16(cpl), attr: flatData32 | dpl, limit: 0xffffffff}
	c.cpl = cpl
	c.updateMode()
}

// opSYSENTER is 0F 34: to ring 0 at the addresses in the SYSENTER MSRs.
func opSYSENTER(c *CPU, in *inst) bool {
	if !c.model.has(featSEP) {
		return c.ud()
	}
	// Protected mode, with a selector set.
	if c.cr0&CR0PE == 0 || nullSel(uint16(c.msr.sysenterCS)) {
		return c.gp0()
	}
	c.flags &^= FlagVM | FlagIF | FlagRF
	c.fastSegments(uint16(c.msr.sysenterCS), 0)
	c.gpr[x86.ESP] = c.msr.sysenterESP
	return c.farJumped(c.msr.sysenterEIP)
}

// opSYSEXIT is 0F 35: to ring 3 at ECX:EDX. The segments follow those of
// SYSENTER in the GDT.
func opSYSEXIT(c *CPU, in *inst) bool {
	if !c.model.has(featSEP) {
		return c.ud()
	}
	// A selector set, protected mode, CPL 0.
	if nullSel(uint16(c.msr.sysenterCS)) || c.cr0&CR0PE == 0 || c.cpl != 0 {
		return c.gp0()
	}
	c.fastSegments(uint16(c.msr.sysenterCS)+16, 3)
	c.gpr[x86.ESP] = c.gpr[x86.ECX]
	return c.farJumped(c.gpr[x86.EDX])
}
