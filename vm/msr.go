// SPDX-License-Identifier: BSD-3-Clause

// Model-specific registers, the time-stamp counter, performance counters.
//
// Intel SDM vol. 4, "MSRs in the P6 family processors"; vol. 2, "RDMSR",
// "WRMSR", "RDTSC", "RDPMC"; vol. 3, 11.11 "Memory type range registers",
// 15.3 "Machine-check MSRs". An MSR that the model does not have is #GP(0).
//
// Memory types have no effect here, so the MTRRs and the PAT only keep what
// is written. There are no machine-check errors: the bank registers stay as
// software leaves them.

package vm

import "ring0/vm/x86"

// MSR numbers.
const (
	msrTSC          = 0x10
	msrPlatformID   = 0x17
	msrAPICBase     = 0x1b
	msrPowerOn      = 0x2a // EBL_CR_POWERON
	msrUpdateTrig   = 0x79 // BIOS_UPDT_TRIG
	msrBIOSSign     = 0x8b
	msrPerfCtr0     = 0xc1
	msrPerfCtr1     = 0xc2
	msrMTRRCap      = 0xfe
	msrL2Ctl3       = 0x11e // BBL_CR_CTL3
	msrSysenterCS   = 0x174
	msrSysenterESP  = 0x175
	msrSysenterEIP  = 0x176
	msrMCGCap       = 0x179
	msrMCGStatus    = 0x17a
	msrMCGCtl       = 0x17b
	msrEvntSel0     = 0x186
	msrEvntSel1     = 0x187
	msrDebugCtl     = 0x1d9
	msrBranchFrom   = 0x1db
	msrBranchTo     = 0x1dc
	msrEventFrom    = 0x1dd
	msrEventTo      = 0x1de
	msrMTRRPhys     = 0x200 // base and mask of 8 ranges
	msrMTRRFix64K   = 0x250
	msrMTRRFix16K   = 0x258 // and 259
	msrMTRRFix4K    = 0x268 // to 26F
	msrPAT          = 0x277
	msrMTRRDefType  = 0x2ff
	msrMCBank       = 0x400 // CTL STATUS ADDR MISC of 5 banks
	mtrrVarRegs     = 16
	mtrrFixRegs     = 11
	mcBankRegs      = 20
	mtrrCap         = 0x508 // 8 variable ranges, fixed ranges, write-combining
	mcgCap          = 0x105 // 5 banks, MCG_CTL present
	apicBaseReset   = 0xfee00100
	patReset        = 0x0007040600070406
	msrAPICEnable   = 1 << 11
	debugctlDefined = 0x7f
)

// msrState is the content of the MSRs.
type msrState struct {
	tscBase               uint64 // instruction count at which the TSC was 0
	apicBase              uint64
	powerOn, biosSign     uint64
	l2Ctl3                uint64
	sysenterCS            uint32
	sysenterESP           uint32
	sysenterEIP           uint32
	mcgStatus, mcgCtl     uint64
	mcBank                [mcBankRegs]uint64
	perf                  [2]perfCounter
	debugctl              uint32
	lastBranch, lastEvent branchPair
	mtrrVar               [mtrrVarRegs]uint64
	mtrrFix               [mtrrFixRegs]uint64
	mtrrDefType, pat      uint64
}

// branchPair is where a branch came from and went to: offsets in CS.
type branchPair struct{ from, to uint32 }

func (s *msrState) reset(now uint64) {
	*s = msrState{tscBase: now, apicBase: apicBaseReset, pat: patReset}
}

// tsc is the time-stamp counter: one tick per instruction.
func (c *CPU) tsc() uint64 { return c.now() - c.msr.tscBase }

// readMSR returns false for a register the model does not have.
func (c *CPU) readMSR(n uint32) (uint64, bool) {
	s := &c.msr
	switch n {
	case msrTSC:
		return c.tsc(), true
	case msrPerfCtr0, msrPerfCtr1:
		return s.perf[n-msrPerfCtr0].read(c.now()), c.model.family == 6
	case msrMTRRCap:
		return mtrrCap, c.model.has(featMTRR)
	case msrMCGCap:
		return mcgCap, c.model.has(featMCA)
	case msrPlatformID:
		return 0, c.model.has(featSEP)
	case msrDebugCtl:
		return uint64(s.debugctl), true
	case msrBranchFrom:
		return uint64(s.lastBranch.from), true
	case msrBranchTo:
		return uint64(s.lastBranch.to), true
	case msrEventFrom:
		return uint64(s.lastEvent.from), true
	case msrEventTo:
		return uint64(s.lastEvent.to), true
	}
	if p := s.word32(c.model, n); p != nil {
		return uint64(*p), true
	}
	if p := s.stored(c.model, n); p != nil {
		return *p, true
	}
	return 0, false
}

// word32 finds the 32-bit registers that keep what is written.
func (s *msrState) word32(m *Model, n uint32) *uint32 {
	if !m.has(featSEP) {
		return nil
	}
	switch n {
	case msrSysenterCS:
		return &s.sysenterCS
	case msrSysenterESP:
		return &s.sysenterESP
	case msrSysenterEIP:
		return &s.sysenterEIP
	}
	return nil
}

// stored finds the 64-bit registers that keep what is written.
func (s *msrState) stored(m *Model, n uint32) *uint64 {
	switch n {
	case msrAPICBase:
		return &s.apicBase
	case msrPowerOn:
		return &s.powerOn
	case msrBIOSSign:
		return &s.biosSign
	case msrL2Ctl3:
		return onlyWith(m.family == 6, &s.l2Ctl3)
	case msrPAT:
		return onlyWith(m.has(featPAT), &s.pat)
	case msrMCGStatus:
		return onlyWith(m.has(featMCA), &s.mcgStatus)
	case msrMCGCtl:
		return onlyWith(m.has(featMCA), &s.mcgCtl)
	case msrEvntSel0, msrEvntSel1:
		return onlyWith(m.family == 6, &s.perf[n-msrEvntSel0].sel)
	}
	if n-msrMCBank < mcBankRegs {
		return onlyWith(m.has(featMCA), &s.mcBank[n-msrMCBank])
	}
	return onlyWith(m.has(featMTRR), s.mtrr(n))
}

func onlyWith(present bool, p *uint64) *uint64 {
	if present {
		return p
	}
	return nil
}

// mtrr finds the memory type range registers.
func (s *msrState) mtrr(n uint32) *uint64 {
	switch {
	case n-msrMTRRPhys < mtrrVarRegs:
		return &s.mtrrVar[n-msrMTRRPhys]
	case n == msrMTRRFix64K:
		return &s.mtrrFix[0]
	case n-msrMTRRFix16K < 2:
		return &s.mtrrFix[1+n-msrMTRRFix16K]
	case n-msrMTRRFix4K < 8:
		return &s.mtrrFix[3+n-msrMTRRFix4K]
	case n == msrMTRRDefType:
		return &s.mtrrDefType
	}
	return nil
}

// writeMSR returns false for a register the model does not have, one that is
// read-only, and a value with a reserved bit or type.
func (c *CPU) writeMSR(n uint32, v uint64) bool {
	s := &c.msr
	switch n {
	case msrTSC:
		// P6: the low half is written, the high half cleared.
		s.tscBase = c.now() - v&0xffffffff
		return true
	case msrUpdateTrig:
		return true // microcode is not modelled
	case msrDebugCtl:
		if v&^debugctlDefined != 0 {
			return false
		}
		s.debugctl = uint32(v)
		c.debugChanged()
		return true
	case msrPerfCtr0, msrPerfCtr1:
		s.perf[n-msrPerfCtr0].write(c.now(), uint64(int64(int32(v))))
		return c.model.family == 6
	case msrEvntSel0, msrEvntSel1:
		s.perf[n-msrEvntSel0].selectEvent(c.now(), v)
		return c.model.family == 6
	}
	if p := s.word32(c.model, n); p != nil {
		*p = uint32(v)
		return true
	}
	p := s.stored(c.model, n)
	if p == nil || !validMSR(n, v) {
		return false
	}
	if n == msrAPICBase {
		v &^= msrAPICEnable // there is no local APIC: as on a mobile P6, the bit stays clear
	}
	*p = v
	return true
}

// validMSR checks the values that registers refuse.
func validMSR(n uint32, v uint64) bool {
	switch {
	case n == msrAPICBase:
		return v&0x6ff == 0 && v>>paePhysBits == 0
	case n == msrPAT:
		return validTypes(v, patTypes)
	case n == msrMTRRDefType:
		return v&^0xcff == 0 && validTypes(v&0xff, mtrrTypes)
	case n-msrMTRRPhys < mtrrVarRegs && n&1 == 0:
		return v&0xf00 == 0 && v>>paePhysBits == 0 && validTypes(v&0xff, mtrrTypes)
	case n-msrMTRRPhys < mtrrVarRegs:
		return v&0x7ff == 0 && v>>paePhysBits == 0
	case n == msrMTRRFix64K, n-msrMTRRFix16K < 2, n-msrMTRRFix4K < 8:
		return validTypes(v, mtrrTypes)
	case n-msrMCBank < mcBankRegs && n&3 != 0:
		return v == 0 // STATUS, ADDR, MISC can only be cleared
	}
	return true
}

// Memory types, as sets of numbers: UC WC WT WP WB, and UC- in the PAT.
const (
	mtrrTypes = 1<<0 | 1<<1 | 1<<4 | 1<<5 | 1<<6
	patTypes  = mtrrTypes | 1<<7
)

// validTypes checks that each byte of v is a memory type.
func validTypes(v uint64, types uint64) bool {
	for ; v != 0; v >>= 8 {
		if v&0xff > 7 || types>>(v&0xff)&1 == 0 {
			return false
		}
	}
	return true
}

// opRDMSR is 0F 32: CPL 0 only.
func opRDMSR(c *CPU, in *inst) bool {
	if !c.model.has(featMSR) {
		return c.ud()
	}
	if c.cpl != 0 {
		return c.gp0()
	}
	v, ok := c.readMSR(c.gpr[x86.ECX])
	if !ok {
		return c.gp0()
	}
	c.gpr[x86.EAX], c.gpr[x86.EDX] = uint32(v), uint32(v>>32)
	return c.proceed(in, c.mode)
}

// opWRMSR is 0F 30: CPL 0 only.
func opWRMSR(c *CPU, in *inst) bool {
	if !c.model.has(featMSR) {
		return c.ud()
	}
	if c.cpl != 0 || !c.writeMSR(c.gpr[x86.ECX], uint64(c.gpr[x86.EDX])<<32|uint64(c.gpr[x86.EAX])) {
		return c.gp0()
	}
	return c.proceed(in, c.mode)
}

// opRDTSC is 0F 31: #GP(0) above CPL 0 while CR4.TSD is set.
func opRDTSC(c *CPU, in *inst) bool {
	if !c.model.has(featTSC) {
		return c.ud()
	}
	if c.cr4&CR4TSD != 0 && c.cpl != 0 {
		return c.gp0()
	}
	v := c.tsc()
	c.gpr[x86.EAX], c.gpr[x86.EDX] = uint32(v), uint32(v>>32)
	return c.proceed(in, c.mode)
}

// opRDPMC is 0F 33: counter ECX, 40 bits; above CPL 0 with CR4.PCE alone.
func opRDPMC(c *CPU, in *inst) bool {
	if c.cpl != 0 && c.cr4&CR4PCE == 0 {
		return c.gp0()
	}
	n := c.gpr[x86.ECX]
	if n >= uint32(len(c.msr.perf)) || c.model.family != 6 {
		return c.gp0()
	}
	v := c.msr.perf[n].read(c.now())
	c.gpr[x86.EAX], c.gpr[x86.EDX] = uint32(v), uint32(v>>32)
	return c.proceed(in, c.mode)
}
