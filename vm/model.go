// SPDX-License-Identifier: BSD-3-Clause

// CPU models: what CPUID says, and which features follow from it.
//
// Intel SDM vol. 2, "CPUID"; application note 485. A feature that this
// machine lacks (VME, the local APIC) is not announced by any model; a
// control bit or instruction of a feature that a model lacks faults.

package vm

import (
	"fmt"
	"strings"

	"ring0/vm/x86"
)

// Feature bits: CPUID leaf 1, EDX.
const (
	featFPU   = 1 << 0
	featDE    = 1 << 2
	featPSE   = 1 << 3
	featTSC   = 1 << 4
	featMSR   = 1 << 5
	featPAE   = 1 << 6
	featMCE   = 1 << 7
	featCX8   = 1 << 8
	featSEP   = 1 << 11
	featMTRR  = 1 << 12
	featPGE   = 1 << 13
	featMCA   = 1 << 14
	featCMOV  = 1 << 15
	featPAT   = 1 << 16
	featPSE36 = 1 << 17
	featCLFSH = 1 << 19
	featMMX   = 1 << 23
	featFXSR  = 1 << 24
	featSSE   = 1 << 25
	featSSE2  = 1 << 26

	featuresPPro = featFPU | featDE | featPSE | featTSC | featMSR | featPAE | featMCE | featCX8 |
		featMTRR | featPGE | featMCA | featCMOV
	featuresPII  = featuresPPro | featSEP | featPAT | featPSE36 | featMMX | featFXSR
	featuresPIII = featuresPII | featSSE
	featuresP4   = featuresPIII | featSSE2 | featCLFSH
)

// Model is one kind of processor.
type Model struct {
	Name     string
	Maker    string // the vendor string, 12 characters
	Brand    string // the name CPUID leaves 80000002–4 give, if any
	family   uint8
	model    uint8
	stepping uint8
	features uint32    // CPUID leaf 1, EDX
	misc     uint32    // leaf 1, EBX
	caches   [4]uint32 // leaf 2
}

// Models returns the processors a machine can be built with.
func Models() []Model {
	return []Model{
		{
			Name: "pentium3", Maker: "GenuineIntel", family: 6, model: 8, stepping: 3,
			features: featuresPIII, misc: 2, caches: [4]uint32{0x03020101, 0, 0, 0x0c040882},
		},
		{
			Name: "pentium2", Maker: "GenuineIntel", family: 6, model: 5, stepping: 2,
			features: featuresPII, caches: [4]uint32{0x03020101, 0, 0, 0x0c040843},
		},
		{
			Name: "ppro", Maker: "GenuineIntel", family: 6, model: 1, stepping: 9,
			features: featuresPPro, caches: [4]uint32{0x03020101, 0, 0, 0x06040a42},
		},
		{
			Name: "pentium4", Maker: "GenuineIntel", Brand: "Intel(R) Pentium(R) 4 CPU 1.70GHz",
			family: 15, model: 1, stepping: 2,
			features: featuresP4, misc: 8<<8 | 8, caches: [4]uint32{0x665b5001, 0, 0, 0x007a7040},
		},
		{
			// What QEMU's qemu32 shows to a guest, less the local APIC and SSE3.
			Name: "qemu32", Maker: "GenuineIntel", Brand: "QEMU Virtual CPU version 2.5+",
			family: 6, model: 6, stepping: 3,
			features: featuresPII&^(featMTRR|featMCA|featPSE36) | featSSE | featSSE2,
			caches:   [4]uint32{0x00000001, 0, 0, 0x002c307d},
		},
	}
}

// DefaultModel is the processor of a machine whose Config names none.
const DefaultModel = "pentium3"

func modelByName(name string) (*Model, error) {
	if name == "" {
		name = DefaultModel
	}
	models := Models()
	names := make([]string, len(models))
	for i := range models {
		if models[i].Name == name {
			return &models[i], nil
		}
		names[i] = models[i].Name
	}
	return nil, fmt.Errorf("vm: no CPU model %q: want one of %s", name, strings.Join(names, ", "))
}

// has reports that the model has all the given features.
func (m *Model) has(features uint32) bool { return m.features&features == features }

// featureNames are the features of CPUID leaf 1 as the manual writes them.
var featureNames = [...]struct {
	bit  uint32
	name string
}{
	{featFPU, "FPU"}, {featDE, "DE"}, {featPSE, "PSE"}, {featTSC, "TSC"}, {featMSR, "MSR"}, {featPAE, "PAE"},
	{featMCE, "MCE"}, {featCX8, "CX8"}, {featSEP, "SEP"}, {featMTRR, "MTRR"}, {featPGE, "PGE"}, {featMCA, "MCA"},
	{featCMOV, "CMOV"}, {featPAT, "PAT"}, {featPSE36, "PSE-36"}, {featCLFSH, "CLFSH"}, {featMMX, "MMX"},
	{featFXSR, "FXSR"}, {featSSE, "SSE"}, {featSSE2, "SSE2"},
}

// Features lists the features that CPUID announces.
func (m *Model) Features() []string {
	var names []string
	for _, f := range featureNames {
		if m.has(f.bit) {
			names = append(names, f.name)
		}
	}
	return names
}

// signature is family, model and stepping as CPUID leaf 1 and EDX after reset
// give them.
func (m *Model) signature() uint32 {
	return uint32(m.family)<<8 | uint32(m.model)<<4 | uint32(m.stepping)
}

// CR4Bits are the bits of CR4 that are not reserved.
func (m *Model) CR4Bits() uint32 {
	bits := uint32(0)
	for _, b := range [...]struct{ feature, cr4 uint32 }{
		{featTSC, CR4TSD}, {featDE, CR4DE}, {featPSE, CR4PSE}, {featPAE, CR4PAE}, {featMCE, CR4MCE},
		{featPGE, CR4PGE}, {featMMX, CR4PCE}, {featFXSR, CR4OSFXSR}, {featSSE, CR4OSXMMEXCPT},
	} {
		if m.has(b.feature) {
			bits |= b.cr4
		}
	}
	if m.family == 6 {
		bits |= CR4PCE // every P6 has performance counters
	}
	return bits
}

// cpuid returns EAX EBX ECX EDX of a leaf. Beyond the last leaf a processor
// answers as for its highest basic one.
func (m *Model) cpuid(leaf uint32) [4]uint32 {
	switch {
	case leaf == 0:
		return [4]uint32{2, word(m.Maker, 0), word(m.Maker, 8), word(m.Maker, 4)}
	case leaf == 1:
		return [4]uint32{m.signature(), m.misc, 0, m.features}
	case leaf == 0x80000000 && m.Brand != "":
		return [4]uint32{0x80000004}
	case leaf == 0x80000001 && m.Brand != "":
		return [4]uint32{}
	case leaf-0x80000002 < 3 && m.Brand != "":
		at := int(leaf-0x80000002) * 16
		return [4]uint32{word(m.Brand, at), word(m.Brand, at+4), word(m.Brand, at+8), word(m.Brand, at+12)}
	}
	return m.caches
}

// word is the four characters of s from position at on, zero beyond its end.
func word(s string, at int) (w uint32) {
	for i := at; i < at+4 && i < len(s); i++ {
		w |= uint32(s[i]) << (8 * (i - at))
	}
	return w
}

// opCPUID is 0F A2, at any CPL.
func opCPUID(c *CPU, in *inst) bool {
	r := c.model.cpuid(c.gpr[x86.EAX])
	c.gpr[x86.EAX], c.gpr[x86.EBX], c.gpr[x86.ECX], c.gpr[x86.EDX] = r[0], r[1], r[2], r[3]
	return c.proceed(in, c.mode)
}

// CPUID returns what the instruction gives for a leaf: EAX, EBX, ECX, EDX.
func (m *Machine) CPUID(leaf uint32) [4]uint32 { return m.cpu.model.cpuid(leaf) }
