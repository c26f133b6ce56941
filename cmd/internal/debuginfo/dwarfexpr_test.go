// SPDX-License-Identifier: BSD-3-Clause
// Location expressions, one a line: testdata/locations.txt.

package debuginfo

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// numberedFrame has 0x1000 + 16 × its number in each register, its own address in every word of memory, and a caller.
type numberedFrame struct{ caller bool }

func (f numberedFrame) LookupPC() uint32 { return 0x5000 }

func (f numberedFrame) Register(n int) (uint32, bool) {
	base := uint32(0x1000)
	if f.caller {
		base = 0x8000
	}
	return base + 16*uint32(n), n >= 0 && n < 9 && n != 2
}

func (f numberedFrame) FrameBase() (uint32, bool) { return 0x7000, true }

func (f numberedFrame) ReadMemory(addr uint32, b []byte) int {
	if addr < 0x1000 {
		return 0
	}
	for i := range b {
		at := addr + uint32(i)
		b[i] = byte(at &^ 3 >> (8 * (at & 3)))
	}
	return len(b)
}

func (f numberedFrame) Caller() (FrameContext, *CallSite) {
	site := &CallSite{params: []callParam{{where: []byte{opReg0}, value: []byte{opBreg0 + 3, 8}}}}
	return numberedFrame{caller: true}, site
}

func TestLocations(t *testing.T) {
	file, err := os.Open("testdata/locations.txt")
	require.NoError(t, err)
	defer file.Close()
	lines := 0
	for s := bufio.NewScanner(file); s.Scan(); {
		text, want, ok := strings.Cut(s.Text(), " → ")
		if !ok {
			require.True(t, s.Text() == "" || strings.HasPrefix(s.Text(), "#"), s.Text())
			continue
		}
		lines++
		code, _, _ := strings.Cut(text, ";")
		expr, err := hex.DecodeString(strings.ReplaceAll(code, " ", ""))
		require.NoError(t, err)
		v := Variable{Loc: Location{always: expr}, base: Location{always: []byte{opCallFrameCFA}}}
		place, err := v.Place(numberedFrame{})
		require.Equal(t, want, placeText(place, err), text)
	}
	require.Greater(t, lines, 30)
}

func placeText(place Place, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	var parts []string
	for _, p := range place {
		text := "nowhere"
		switch p.Kind {
		case InMemory:
			text = fmt.Sprintf("at %#x", p.Addr)
		case InRegister:
			text = fmt.Sprintf("register %d", p.Reg)
		case IsValue:
			text = fmt.Sprintf("value %x", p.Bytes)
		}
		if p.Size != 0 {
			text += fmt.Sprintf(" (%d)", p.Size)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}
