// SPDX-License-Identifier: BSD-3-Clause
// The instructions of random sequences, with the manual's word on flags. What
// it leaves undefined counts as undefined here, whatever processors do.

package conformance

// add appends one instruction, or a few that belong together.
func (g *generator) add() {
	makers := [...]struct {
		weight int
		make   func()
	}{
		{20, g.alu}, {6, g.unary}, {12, g.moves}, {4, g.multiply}, {2, g.divide},
		{8, g.shift}, {4, g.doubleShift}, {5, g.bit}, {3, g.scan}, {5, g.exchange},
		{6, g.conditional}, {6, g.branch}, {7, g.stack}, {4, g.decimal}, {5, g.flagBits},
		{6, g.stringOp}, {3, g.selfModify},
	}
	total := 0
	for _, m := range makers {
		total += m.weight
	}
	n := g.Intn(total)
	for _, m := range makers {
		if n -= m.weight; n < 0 {
			m.make()
			return
		}
	}
}

// alu is ADD OR ADC SBB AND SUB XOR CMP and TEST.
func (g *generator) alu() {
	op := byte(g.Intn(9))
	p, size, low := g.width()
	var it *item
	switch form := g.Intn(5); {
	case op == 8:
		it = g.plain(join(p, []byte{0x84 | low}, g.rm(g.regOf(size), size))...)
	case form == 0:
		it = g.plain(join(p, []byte{op<<3 | low}, g.rm(g.regOf(size), size))...)
	case form == 1:
		it = g.plain(join(p, []byte{op<<3 | 2 | low}, g.rm(g.regOf(size), size))...)
	case form == 2:
		it = g.plain(join(p, []byte{op<<3 | 4 | low}, g.imm(size))...)
	case form == 3 && size > 1:
		it = g.plain(join(p, []byte{0x83}, g.rm(op, size), g.imm(1))...)
	default:
		it = g.plain(join(p, []byte{0x80 | low}, g.rm(op, size), g.imm(size))...)
	}
	it.defines = flAll
	switch op {
	case 2, 3:
		it.reads = flCF
	case 1, 4, 6, 8:
		it.defines, it.undefines = flAll&^flAF, flAF
	}
}

// unary is NOT NEG INC DEC.
func (g *generator) unary() {
	p, size, low := g.width()
	switch g.Intn(4) {
	case 0:
		g.plain(join(p, []byte{0xf6 | low}, g.rm(2, size))...)
	case 1:
		g.plain(join(p, []byte{0xf6 | low}, g.rm(3, size))...).defines = flAll
	case 2:
		g.plain(join(p, []byte{0xfe | low}, g.rm(byte(g.Intn(2)), size))...).defines = flAll &^ flCF
	default:
		p, _ := g.sized()
		g.plain(join(p, []byte{0x40 | byte(g.Intn(2))<<3 | g.register()})...).defines = flAll &^ flCF
	}
}

// moves is MOV MOVZX MOVSX LEA CBW CWD BSWAP.
func (g *generator) moves() {
	p, size, low := g.width()
	switch g.Intn(8) {
	case 0:
		g.plain(join(p, []byte{0x88 | low}, g.rm(g.regOf(size), size))...)
	case 1:
		g.plain(join(p, []byte{0x8a | low}, g.rm(g.regOf(size), size))...)
	case 2:
		g.plain(join(p, []byte{0xc6 | low}, g.rm(0, size), g.imm(size))...)
	case 3:
		g.plain(join(p, []byte{0xb0 | low<<3 | g.regOf(size)}, g.imm(size))...)
	case 4:
		p, _ := g.sized()
		from := g.Intn(2)
		op := []byte{0xb6, 0xbe}[g.Intn(2)] | byte(from)
		g.plain(join(p, []byte{0x0f, op}, g.rm(g.register(), 1+from))...)
	case 5:
		p, _ := g.sized()
		if g.Intn(3) == 0 { // of a 16-bit address
			g.plain(join(p, []byte{0x67, 0x8d, 0x80 | g.register()<<3 | byte(g.Intn(8))}, g.imm(2))...)
			return
		}
		g.plain(join(p, []byte{0x8d}, g.mem(g.register()))...)
	case 6:
		p, _ := g.sized()
		g.plain(join(p, []byte{0x98 | byte(g.Intn(2))})...)
	default:
		g.plain(0x0f, 0xc8|g.register())
	}
}

func (g *generator) multiply() {
	var it *item
	switch g.Intn(3) {
	case 0:
		p, size, low := g.width()
		it = g.plain(join(p, []byte{0xf6 | low}, g.rm(4|byte(g.Intn(2)), size))...)
	case 1:
		p, size := g.sized()
		it = g.plain(join(p, []byte{0x0f, 0xaf}, g.rm(g.register(), size))...)
	default:
		p, size := g.sized()
		it = g.plain(join(p, []byte{0x69}, g.rm(g.register(), size), g.imm(size))...)
	}
	it.defines, it.undefines = flCF|flOF, flSF|flZF|flAF|flPF
}

// divide mostly prepares operands that do not overflow.
func (g *generator) divide() {
	p, size, low := g.width()
	signed := byte(g.Intn(2))
	if g.Intn(4) > 0 {
		g.plain(0xb8|3, 0, 0, 0, 0).code = join([]byte{0xb8 | 3}, le32(g.value()|0x1010101)) // mov ebx, …
		switch {
		case size == 1:
			g.plain(0x0f, 0xb6, 0xc0) // movzx eax, al
		case signed == 1:
			g.plain(join(p, []byte{0x99})...)
		default:
			g.plain(0xba, 0, 0, 0, 0) // mov edx, 0
		}
		g.plain(join(p, []byte{0xf6 | low, 0xc0 | (6|signed)<<3 | 3})...).undefines = flAll
		return
	}
	g.plain(join(p, []byte{0xf6 | low}, g.rm(6|signed, size))...).undefines = flAll
}

// shift is ROL ROR RCL RCR SHL SHR SAR by a constant, 1 or CL.
func (g *generator) shift() {
	p, size, low := g.width()
	op := []byte{0, 1, 2, 3, 4, 5, 7}[g.Intn(7)]
	var it *item
	n, known := 1, true
	switch g.Intn(3) {
	case 0:
		n = g.Intn(40)
		it = g.plain(join(p, []byte{0xc0 | low}, g.rm(op, size), []byte{byte(n)})...)
	case 1:
		it = g.plain(join(p, []byte{0xd0 | low}, g.rm(op, size))...)
	default:
		known = false
		it = g.plain(join(p, []byte{0xd2 | low}, g.rm(op, size))...)
	}
	n &= 31
	if known && n == 0 {
		return
	}
	results := uint32(flCF)
	if op >= 4 {
		results |= flSF | flZF | flPF
		it.undefines = flAF
		if op != 7 && size < 4 && (!known || n >= 8*size) {
			it.undefines |= flCF
		}
	}
	if !known || n != 1 {
		it.undefines |= flOF
	} else {
		results |= flOF
	}
	if known { // a count of 0 defines nothing
		it.defines = results &^ it.undefines
	}
	if op == 2 || op == 3 {
		it.reads = flCF
	}
}

// doubleShift is SHLD SHRD; 16-bit ones only up to 16.
func (g *generator) doubleShift() {
	p, size := g.sized()
	op := []byte{0xa4, 0xac}[g.Intn(2)]
	if size == 4 && g.Intn(2) == 0 {
		g.plain(join(p, []byte{0x0f, op | 1}, g.rm(g.register(), size))...).undefines = flAF | flOF
		return
	}
	n := 1 + g.Intn(15)
	it := g.plain(join(p, []byte{0x0f, op}, g.rm(g.register(), size), []byte{byte(n)})...)
	it.defines, it.undefines = flCF|flSF|flZF|flPF, flAF|flOF
	if n == 1 {
		it.defines, it.undefines = flAll&^flAF, flAF
	}
}

// bit is BT BTS BTR BTC.
func (g *generator) bit() {
	p, size := g.sized()
	op := byte(4 + g.Intn(4))
	var it *item
	if g.Intn(2) == 0 {
		it = g.plain(join(p, []byte{0x0f, 0xba}, g.rm(op, size), []byte{byte(g.Uint32())})...)
	} else {
		it = g.plain(join(p, []byte{0x0f, 0x83 | op<<3}, g.rm(g.register(), size))...)
	}
	it.defines, it.undefines = flCF, flAll&^flCF
}

// scan is BSF BSR; the destination stays when there is no bit.
func (g *generator) scan() {
	p, size := g.sized()
	it := g.plain(join(p, []byte{0x0f, 0xbc | byte(g.Intn(2))}, g.rm(g.register(), size))...)
	it.defines, it.undefines = flZF, flAll&^flZF
}

// exchange is XCHG XADD CMPXCHG CMPXCHG8B.
func (g *generator) exchange() {
	p, size, low := g.width()
	switch g.Intn(4) {
	case 0:
		g.plain(join(p, []byte{0x86 | low}, g.rm(g.regOf(size), size))...)
	case 1:
		g.plain(join(p, []byte{0x0f, 0xc0 | low}, g.rm(g.regOf(size), size))...).defines = flAll
	case 2:
		g.plain(join(p, []byte{0x0f, 0xb0 | low}, g.rm(g.regOf(size), size))...).defines = flAll
	default:
		g.plain(join([]byte{0x0f, 0xc7}, g.mem(1))...).defines = flZF
	}
}

// condReads are the flags condition cc looks at.
func condReads(cc byte) uint32 {
	return [...]uint32{flOF, flCF, flZF, flCF | flZF, flSF, flPF, flSF | flOF, flSF | flOF | flZF}[cc>>1]
}

// conditional is SETcc CMOVcc.
func (g *generator) conditional() {
	cc := byte(g.Intn(16))
	if g.Intn(2) == 0 {
		g.plain(join([]byte{0x0f, 0x90 | cc}, g.rm(0, 1))...).reads = condReads(cc)
		return
	}
	p, size := g.sized()
	g.plain(join(p, []byte{0x0f, 0x40 | cc}, g.rm(g.register(), size))...).reads = condReads(cc)
}

// branch goes forward, over a few instructions or none.
func (g *generator) branch() {
	cc := byte(g.Intn(16))
	var it *item
	switch g.Intn(8) {
	case 0:
		it = g.plain(0xe9, 0, 0, 0, 0)
		it.wide = true
	case 1:
		it = g.plain(0xe8, 0, 0, 0, 0)
		it.wide = true
	case 2:
		it = g.plain(0xe0|byte(g.Intn(4)), 0)
		if it.code[0] < 0xe2 {
			it.reads = flZF
		}
	case 3, 4:
		it = g.plain(0x70|cc, 0)
		it.reads = condReads(cc)
	default:
		it = g.plain(0x0f, 0x80|cc, 0, 0, 0, 0)
		it.reads, it.wide = condReads(cc), true
	}
	it.skip = 1 + g.Intn(4)
}

func (g *generator) stack() {
	p, size := g.sized()
	switch g.Intn(9) {
	case 0, 1:
		g.plain(join(p, []byte{0x50 | g.register()})...)
	case 2, 3:
		g.plain(join(p, []byte{0x58 | g.register()})...)
	case 4:
		g.plain(join(p, []byte{0xff}, g.rm(6, size))...)
	case 5:
		g.plain(join(p, []byte{0x8f}, g.rm(0, size))...)
	case 6:
		g.plain(join(p, []byte{0x60 | byte(g.Intn(2))})...).partial = true
	case 7:
		g.plain(0xc8, byte(g.Intn(64)), 0, byte(g.Intn(4))).partial = true
	default:
		g.plain(join(p, []byte{0xc9})...)
	}
}

func (g *generator) decimal() {
	switch g.Intn(4) {
	case 0:
		it := g.plain([]byte{0x27, 0x2f}[g.Intn(2)])
		it.reads, it.defines, it.undefines = flAF|flCF, flAll&^flOF, flOF
	case 1:
		it := g.plain([]byte{0x37, 0x3f}[g.Intn(2)])
		it.reads, it.defines, it.undefines = flAF, flAF|flCF, flAll&^(flAF|flCF)
	default:
		it := g.plain(0xd4|byte(g.Intn(2)), []byte{10, 16, 0, 7}[g.Intn(4)])
		it.defines, it.undefines = flSF|flZF|flPF, flOF|flAF|flCF
	}
}

// flagBits is CLC STC CMC CLD STD LAHF SAHF SALC PUSHF and POPF.
func (g *generator) flagBits() {
	switch g.Intn(9) {
	case 0, 1:
		g.plain(0xf8 | byte(g.Intn(2))).defines = flCF
	case 2:
		g.plain(0xf5).reads = flCF
	case 3:
		g.plain(0xfc | byte(g.Intn(2)))
	case 4:
		g.plain(0x9f).reads = flAll &^ flOF
	case 5:
		g.plain(0x9e).defines = flAll &^ flOF
	case 6:
		g.plain(0xd6).reads = flCF
	case 7:
		p, _ := g.sized()
		g.plain(join(p, []byte{0x9c})...).reads = flAll
	default:
		g.plain(join([]byte{0x68}, le32(g.Uint32()&(flAll|1<<10)|2))...) // no TF
		g.plain(0x9d).defines = flAll
	}
}

// stringOp is a string instruction, mostly with its registers set up.
func (g *generator) stringOp() {
	if g.Intn(5) > 0 {
		near := seqData + 0x100 + uint32(g.Intn(0x1e00))
		g.plain(join([]byte{0xbe}, le32(near))...)
		if g.Intn(2) == 0 {
			near = seqData + 0x100 + uint32(g.Intn(0x1e00))
		}
		g.plain(join([]byte{0xbf}, le32(near+uint32(g.Intn(32))-16))...)
	}
	p, _, low := g.width()
	op := []byte{0xa4, 0xa6, 0xaa, 0xac, 0xae}[g.Intn(5)]
	repeat := g.Intn(3) > 0
	if repeat {
		g.plain(join([]byte{0xb9}, le32(uint32(g.Intn(70))))...)
		p = join([]byte{0xf2 | byte(g.Intn(2))}, p)
	}
	it := g.plain(join(p, []byte{op | low})...)
	if op == 0xa6 || op == 0xae {
		it.partial = true // both operands may fault
		if !repeat {      // no elements define nothing
			it.defines = flAll
		}
	}
}

// selfModify stores into the immediate of an instruction further on.
func (g *generator) selfModify() {
	it := g.plain(join([]byte{0xc7, 0x05, 0, 0, 0, 0}, le32(g.value()))...)
	it.patch = 1 + g.Intn(3)
	for n := it.patch; n > 1; n-- {
		g.plain(0x40 | g.register()).defines = flAll &^ flCF
	}
	g.plain(join([]byte{0xb8 | g.register()}, le32(0))...)
}
