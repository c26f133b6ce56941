// SPDX-License-Identifier: BSD-3-Clause

package linuxboot_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/linuxboot"
	"ring0/vm/pc"
	"ring0/vm/pc/bios"
)

// FuzzLoad gives images with any header to a small PC: they are refused, or
// loaded without a write outside RAM.
func FuzzLoad(f *testing.F) {
	rom, err := bios.ROM()
	require.NoError(f, err)
	old, small := bzForm(), bzForm()
	old.version, small.flags = 0x200, 0
	for _, seed := range []form{bzForm(), old, small} {
		f.Add(seed.file(), uint16(100), true)
	}
	f.Fuzz(func(t *testing.T, file []byte, initrd uint16, protected bool) {
		img, err := linuxboot.Parse(file)
		if err != nil {
			return
		}
		p, err := pc.New(pc.Config{RAM: 2 << 20, ROM: rom})
		require.NoError(t, err)
		bios.Start(p, nil)
		o := linuxboot.Options{Entry: linuxboot.RealMode, CommandLine: "line", Initrd: make([]byte, initrd)}
		if protected {
			o.Entry = linuxboot.Protected
		}
		if img.Load(p, o) == nil {
			p.Run(1000)
		}
	})
}
