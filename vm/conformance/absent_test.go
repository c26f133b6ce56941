// SPDX-License-Identifier: BSD-3-Clause
// What a CPU model lacks is #UD on it, and what it has is not: every form of
// x87, MMX, SSE, SSE2 and the system-call instructions, on every model.

package conformance

import (
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm"
	"ring0/vm/vectors"
	"ring0/vm/x86"
)

func TestAbsentInstructions(t *testing.T) {
	forms := fpuForms()
	forms["sse"] = append(forms["sse"],
		fpuForm{row: x86.Row{Op: x86.SYSENTER}, head: []byte{0x0f, 0x34}, reg: -1},
		fpuForm{row: x86.Row{Op: x86.SYSEXIT}, head: []byte{0x0f, 0x35}, reg: -1})
	for _, model := range vm.Models() {
		t.Run(model.Name, func(t *testing.T) {
			g, err := newGuest(model.Name)
			require.NoError(t, err)
			gen := &generator{Rand: rand.New(rand.NewSource(1)), forms: forms}
			absent := map[string]int{}
			for _, kind := range [...]string{"x87", "mmx", "sse"} {
				for _, f := range forms[kind] {
					in := decodeOf(t, gen, &f)
					vector := runAlone(t, g, gen)
					if model.Has(in) {
						require.NotEqual(t, uint8(excUD), vector, "%v", in)
						continue
					}
					require.Equal(t, uint8(excUD), vector, "%v", in)
					absent[vm.Feature(in)]++
				}
			}
			for _, name := range [...]string{"SEP", "MMX", "SSE", "SSE2", "FXSR", "CLFSH"} {
				have := strings.Contains(" "+strings.Join(model.Features(), " ")+" ", " "+name+" ")
				require.Equal(t, have, absent[name] == 0, "%s: %d forms", name, absent[name])
			}
		})
	}
}

// decodeOf makes an instruction of a form the generator's only item.
func decodeOf(t *testing.T, gen *generator, f *fpuForm) *x86.Inst {
	t.Helper()
	gen.items = nil
	gen.any(f)
	var in x86.Inst
	require.Equal(t, x86.OK, x86.Decode(gen.items[0].code, seqCode, x86.Code32, &in))
	return &in
}

// runAlone is the exception that the generator's only item ends with.
func runAlone(t *testing.T, g *guest, gen *generator) uint8 {
	t.Helper()
	s := &sequence{items: gen.items, eip: seqCode, flags: 0x202}
	s.setMemory(nil)
	s.gpr[vectors.ESP], s.gpr[vectors.EBP] = seqData+0x1800, seqData+0x1000
	s.gpr[vectors.ESI], s.gpr[vectors.EDI] = seqData+0x100, seqData+0x200
	a, ok := s.assemble()
	require.True(t, ok)
	g.write(seqCode, blank)
	g.write(s.eip, a.code)
	r, err := g.run(s, len(a.code), 0)
	require.NoError(t, err)
	return r.exception
}
