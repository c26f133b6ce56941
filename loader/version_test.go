// SPDX-License-Identifier: BSD-3-Clause
// Symbol checksums and kernel releases.

package loader

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplitVersion(t *testing.T) {
	for _, c := range []struct{ name, base, suffix string }{
		{"printk_R1b7d4074", "printk", "_R1b7d4074"},
		{"printk_Rsmp_1b7d4074", "printk", "_Rsmp_1b7d4074"},
		{"kmap_high_Rsmp_2gig_12345678", "kmap_high", "_Rsmp_2gig_12345678"},
		{"printk", "printk", ""},
		{"printk_R1b7d407", "printk_R1b7d407", ""},
		{"printk_R1b7d407g", "printk_R1b7d407g", ""},
		{"printk_r1b7d4074", "printk_r1b7d4074", ""},
		{"_R1b7d4074", "_R1b7d4074", ""},
		{"x_R_1b7d4074", "x_R_1b7d4074", ""},
		{"get_Right_00000000", "get", "_Right_00000000"},
		{"a_R12345678_R12345678", "a_R12345678", "_R12345678"},
		{"deadbeef", "deadbeef", ""},
		{"", "", ""},
	} {
		base, suffix := splitVersion(c.name)
		require.Equal(t, c.base, base, c.name)
		require.Equal(t, c.suffix, suffix, c.name)
	}
}

// versionedObject wants one symbol; checksums is its using_checksums.
func versionedObject(wanted, checksums string) testObject {
	return testObject{
		sections: []testSection{
			{name: ".modinfo", typ: shtProgbits, align: 1, data: modinfo("kernel_version=2.4.18-14custom", "license=GPL", "using_checksums="+checksums)},
			{name: ".data", typ: shtProgbits, flags: shfAlloc | shfWrite, align: 4, data: make([]byte, 4)},
		},
		symbols: []testSymbol{{name: wanted, bind: bindGlobal, section: "UNDEF"}},
		relocs:  map[string][]testReloc{".data": {{0, 1, wanted}}},
	}
}

func TestChecksums(t *testing.T) {
	const at = 0xc011afe0
	versioned := func(name string) []Provider {
		return []Provider{{Exports: []Export{{"Using_Versions", 1}, {name, at}}}}
	}
	plain := func(name string) []Provider { return []Provider{{Exports: []Export{{name, at}}}} }
	for _, c := range []struct {
		name      string
		wanted    string
		checksums string
		kernel    []Provider
		resolved  bool
	}{
		{"both versioned, equal", "printk_R1b7d4074", "1", versioned("printk_R1b7d4074"), true},
		{"both versioned, other checksum", "printk_R1b7d4075", "1", versioned("printk_R1b7d4074"), false},
		{"both versioned, unversioned reference", "printk", "1", versioned("printk_R1b7d4074"), false},
		{"both versioned, export without one", "__up_wakeup", "1", versioned("__up_wakeup"), true},
		{"module not versioned", "printk", "0", versioned("printk_R1b7d4074"), true},
		{"module not versioned, smp kernel", "printk", "", versioned("printk_Rsmp_1b7d4074"), true},
		{"module not versioned, other name", "print", "0", versioned("printk_R1b7d4074"), false},
		{"kernel not versioned", "printk_R1b7d4074", "1", plain("printk"), true},
		{"neither versioned", "printk", "0", plain("printk"), true},
		{"neither versioned, names differ", "printk", "0", plain("printk_R1b7d4074"), false},
		{"one versioned, two checksums", "printk_R1b7d4074", "0", versioned("printk_R00000000"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			img, err := link("v.o", versionedObject(c.wanted, c.checksums).build(t).bytes, c.kernel, Options{Release: "2.4.18-14custom"})
			if !c.resolved {
				require.EqualError(t, err, "v.o: unresolved symbol "+c.wanted)
				return
			}
			require.NoError(t, err)
			data, _ := img.Section(".data")
			require.Equal(t, uint32(at), word(t, img, data.Addr))
		})
	}
}

func TestKernelRelease(t *testing.T) {
	kernel := []Provider{{Exports: []Export{{"printk", 1}}}}
	file := versionedObject("printk", "0").build(t).bytes
	_, err := link("v.o", file, kernel, Options{Release: "2.4.20"})
	require.EqualError(t, err, "v.o: kernel-module version mismatch\n"+
		"\tv.o was compiled for kernel version 2.4.18-14custom\n\twhile this kernel is version 2.4.20.")
	var version *VersionError
	require.ErrorAs(t, err, &version)

	object, err := Parse("v.o", file)
	require.NoError(t, err)
	plan, err := Prepare(object, kernel, Options{Release: "2.4.20", Force: true})
	require.NoError(t, err)
	require.Equal(t, "Warning: kernel-module version mismatch\n"+
		"\tv.o was compiled for kernel version 2.4.18-14custom\n\twhile this kernel is version 2.4.20", plan.Warnings()[0])

	_, err = link("v.o", file, kernel, Options{Release: "2.4.18-14custom"})
	require.NoError(t, err)

	// With checksums on both sides those decide, not the release.
	both := []Provider{{Exports: []Export{{"Using_Versions", 1}, {"printk_R1b7d4074", 1}}}}
	_, err = link("v.o", versionedObject("printk_R1b7d4074", "1").build(t).bytes, both, Options{Release: "2.4.20"})
	require.NoError(t, err)
}

func TestVersionCode(t *testing.T) {
	for release, code := range map[string]int{
		"2.4.18": 132114, "2.4.18-14custom": 132114, "2.4.37.11": 132133, "2.4": -1, "2.x.1": -1, "": -1, "2.4.": -1, "2.4.999": -1,
	} {
		require.Equal(t, code, versionCode(release), release)
	}
}
