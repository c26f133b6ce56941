// SPDX-License-Identifier: BSD-3-Clause

// From an instruction back to the row it comes from, for documentation,
// statistics and tests. Decode itself does not need to know.

package x86

// A RowIndex finds rows by instruction bytes.
type RowIndex struct {
	rows [2][256][]*placedRow // one-byte and two-byte opcodes
}

// NewRowIndex makes an index of all rows.
func NewRowIndex() *RowIndex {
	x := &RowIndex{}
	for r := range allRows() {
		p := r.place()
		for i := range p.at.count {
			rows := &x.rows[mapOf(p.at.two)][int(p.at.opcode)+i]
			*rows = append(*rows, p)
		}
	}
	return x
}

func mapOf(two bool) int {
	if two {
		return 1
	}
	return 0
}

// Find returns the row of the instruction that code begins with. There is
// none when bytes are missing, and when it is #UD for another reason than a
// row that says so.
func (x *RowIndex) Find(code []byte, mode Mode) (row Row, in Inst, ok bool) {
	if Decode(code, 0, mode, &in) != OK {
		return row, in, false
	}
	var w window
	copy(w[:MaxLen], code)
	flags, _, p := w.prefixes()
	two := w.u8(p) == 0x0F
	if two {
		p++
	}
	opcode, modrm := w.u8(p), w.u8(p+1)
	prefix := [...]string{mandatoryNone: "NP", mandatory66: "66", mandatoryF3: "F3", mandatoryF2: "F2"}[mandatoryPrefix(flags)]
	for _, r := range x.rows[mapOf(two)][opcode] {
		if r.op == in.Op && (r.at.prefix == "" || r.at.prefix == prefix) && r.fits(modrm) {
			return r.describe(), in, true
		}
	}
	return row, in, false
}

// fits says whether the byte after the opcode is one of the row's.
func (p *placedRow) fits(modrm uint8) bool {
	switch {
	case p.at.modrm >= 0:
		return int(modrm) >= p.at.modrm && int(modrm) < p.at.modrm+p.at.modrms
	case p.at.group >= 0 && int(modrm>>3&7) != p.at.group:
		return false
	}
	return p.selection() == selNone || p.allows(modrm < 0xC0)
}
