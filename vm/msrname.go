// SPDX-License-Identifier: BSD-3-Clause

// The model-specific registers by name (SDM vol. 4), for documentation and
// tools. Which of them a machine has is its model's: see Machine.MSR.

package vm

// MSRRange is a run of model-specific registers with a name in common.
type MSRRange struct {
	First, Last uint32
	Name        string
}

// MSRs lists every register that some model has, in order.
func MSRs() []MSRRange {
	one := func(n uint32, name string) MSRRange { return MSRRange{n, n, name} }
	return []MSRRange{
		one(msrTSC, "TIME_STAMP_COUNTER"),
		one(msrPlatformID, "PLATFORM_ID, reads as 0"),
		one(msrAPICBase, "APIC_BASE, its enable bit always clear"),
		one(msrPowerOn, "EBL_CR_POWERON"),
		one(msrUpdateTrig, "BIOS_UPDT_TRIG, write only, without effect"),
		one(msrBIOSSign, "BIOS_SIGN"),
		{msrPerfCtr0, msrPerfCtr1, "PERFCTR"},
		one(msrMTRRCap, "MTRRCAP, read only"),
		one(msrL2Ctl3, "BBL_CR_CTL3"),
		{msrSysenterCS, msrSysenterEIP, "SYSENTER_CS, ESP, EIP"},
		one(msrMCGCap, "MCG_CAP, read only"),
		{msrMCGStatus, msrMCGCtl, "MCG_STATUS, MCG_CTL"},
		{msrEvntSel0, msrEvntSel1, "EVNTSEL"},
		one(msrDebugCtl, "DEBUGCTL"),
		{msrBranchFrom, msrEventTo, "LASTBRANCHFROMIP, TOIP, LASTINTFROMIP, TOIP, read only"},
		{msrMTRRPhys, msrMTRRPhys + mtrrVarRegs - 1, "MTRRPHYSBASE and MASK"},
		one(msrMTRRFix64K, "MTRRFIX64K"),
		{msrMTRRFix16K, msrMTRRFix16K + 1, "MTRRFIX16K"},
		{msrMTRRFix4K, msrMTRRFix4K + 7, "MTRRFIX4K"},
		one(msrPAT, "PAT"),
		one(msrMTRRDefType, "MTRRDEFTYPE"),
		{msrMCBank, msrMCBank + mcBankRegs - 1, "MC0_CTL … MC4_MISC"},
	}
}
