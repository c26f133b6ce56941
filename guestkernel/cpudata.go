// SPDX-License-Identifier: BSD-3-Clause
// What the kernel knows of its CPU: boot_cpu_data (2.4.18 arch/i386/kernel/setup.c identify_cpu).

package guestkernel

import "encoding/binary"

// CPUID leaves.
const (
	cpuidVendor = 0
	cpuidModel  = 1
	cpuidCaches = 2
	cpuidMaxExt = 0x80000000
	cpuidBrand  = 0x80000002 // and the next two: 48 bytes of text
)

// bootCPUData fills in boot_cpu_data from CPUID, as init_intel does: every model of the machine is one of Intel's.
func (k *Kernel) bootCPUData() error {
	lay, at := &k.lay.CPUInfo, k.sym.BootCPU
	vendor, model := k.m.CPUID(cpuidVendor), k.m.CPUID(cpuidModel)
	k.mem.Set(at, lay.Family, model[0]>>8&0xf)
	k.mem.Set(at, lay.Vendor, k.constant("X86_VENDOR_INTEL"))
	k.mem.Set(at, lay.Model, model[0]>>4&0xf)
	k.mem.Set(at, lay.Mask, model[0]&0xf)
	k.mem.Set(at, lay.WpWorksOk, 1)
	k.mem.Set(at, lay.HltWorksOk, 1)
	k.mem.Set(at, lay.HardMath, 1)
	k.mem.Set(at, lay.CpuidLevel, vendor[0])
	k.mem.Set(at, lay.Capability0, model[3])
	name := binary.LittleEndian.AppendUint32(nil, vendor[1])
	name = binary.LittleEndian.AppendUint32(name, vendor[3])
	name = binary.LittleEndian.AppendUint32(name, vendor[2])
	k.mem.Write(at+lay.VendorID.Off, name)
	k.mem.Write(at+lay.ModelID.Off, append([]byte(k.cpuName()), 0))
	k.mem.Set(at, lay.CacheSize, k.cpuCacheKB())
	k.mem.Set(at, lay.LoopsPerJiffy, k.mem.U32(k.sym.LoopsPerJiffy))
	k.mem.SetU32(k.sym.UdelayTSC, 1)
	return nil
}

// cpuName is the CPU's own name for itself, or 2.4.18's for its model.
func (k *Kernel) cpuName() string {
	if k.m.CPUID(cpuidMaxExt)[0] >= cpuidBrand+2 && k.m.CPUID(cpuidMaxExt)[0]>>31 != 0 {
		var text []byte
		for leaf := uint32(cpuidBrand); leaf < cpuidBrand+3; leaf++ {
			for _, word := range k.m.CPUID(leaf) {
				text = binary.LittleEndian.AppendUint32(text, word)
			}
		}
		for i, b := range text {
			if b == 0 {
				return string(text[:i])
			}
		}
		return string(text)
	}
	signature := k.m.CPUID(cpuidModel)[0]
	if signature>>8&0xf != 6 {
		return "unknown"
	}
	switch signature >> 4 & 0xf {
	case 1:
		return "Pentium Pro"
	case 3, 4:
		return "Pentium II (Klamath)"
	case 5:
		return "Pentium II (Deschutes)"
	case 6:
		return "Mobile Pentium II"
	case 7:
		return "Pentium III (Katmai)"
	case 8:
		return "Pentium III (Coppermine)"
	}
	return "unknown"
}

// cpuCacheKB is the size of the second-level cache, or of both first-level ones where there is none.
func (k *Kernel) cpuCacheKB() uint32 {
	var first, second uint32
	regs := k.m.CPUID(cpuidCaches)
	for r, v := range regs {
		for i := range 4 {
			if v>>31 != 0 || r == 0 && i == 0 { // no descriptors; how often to ask
				continue
			}
			level1, level2 := cacheDescriptor(byte(v >> (8 * i)))
			first, second = first+level1, second+level2
		}
	}
	if second != 0 {
		return second
	}
	return first
}

// cacheDescriptor gives the kilobytes that a descriptor of CPUID leaf 2 stands for, of the first or the second level.
func cacheDescriptor(d byte) (level1, level2 uint32) {
	switch d {
	case 0x06, 0x0a, 0x66:
		return 8, 0
	case 0x08, 0x0c, 0x67:
		return 16, 0
	case 0x68:
		return 32, 0
	case 0x41, 0x79:
		return 0, 128
	case 0x42, 0x7a, 0x82:
		return 0, 256
	case 0x43, 0x7b:
		return 0, 512
	case 0x44, 0x7c, 0x84:
		return 0, 1024
	case 0x45, 0x85:
		return 0, 2048
	}
	return 0, 0
}
