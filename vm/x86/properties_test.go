// SPDX-License-Identifier: BSD-3-Clause

// FlagsOut, MemRead, MemWrite and Priv against the conformance vectors: what a
// real CPU kept, changed, or refused at CPL 3.

package x86

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

// arithmeticFlags are CF PF AF ZF SF OF.
const arithmeticFlags = 0x8D5

// A flagCount counts vectors by a flag's value before and after.
type flagCount [2][2]int

// An observation is what all vectors of one operation show, those with
// FlagsOut apart from those without.
type observation struct {
	flags     [12]flagCount // by bit number in EFLAGS, where defined
	count     int           // vectors without exception
	memWrites int           // of these, with MemWrite
	writes    int           // and that changed memory
}

type observed struct {
	op       Op
	flagsOut bool
}

func TestPropertiesAgainstVectors(t *testing.T) {
	seen := map[observed]*observation{}
	for _, group := range vectorstest.Groups() {
		for r, err := range vectorstest.Full(t, group).Records() {
			require.NoError(t, err)
			observe(t, seen, r)
		}
	}
	for op := range NumOps {
		memWrites, writes := 0, 0
		for _, flagsOut := range []bool{false, true} {
			if o := seen[observed{op, flagsOut}]; o != nil {
				checkFlagsOut(t, op, flagsOut, o)
				memWrites += o.memWrites
				writes += o.writes
			}
		}
		if memWrites >= 20 && writes == 0 {
			t.Errorf("%v has MemWrite but changed no memory in %d vectors", op, memWrites)
		}
	}
}

// observe adds a vector to what is known of its operation, and checks what
// must hold for each vector.
func observe(t *testing.T, seen map[observed]*observation, r *vectors.Record) {
	mode := Code32
	if r.Flags&vectors.Code16 != 0 {
		mode = 0
	}
	var in Inst
	if Decode(r.Code, r.In.EIP, mode, &in) != OK {
		return
	}
	if in.Flags&Priv != 0 && r.Exception != exceptionGP {
		t.Errorf("%v (%x) needs CPL 0 but gave exception %d", &in, r.Code, r.Exception)
	}
	if r.Exception != vectors.NoException {
		return
	}
	if len(r.MemOut) > 0 && in.Flags&MemWrite == 0 && !pushes[in.Op] {
		t.Errorf("%v (%x) changed memory", &in, r.Code)
	}
	key := observed{in.Op, in.Flags&FlagsOut != 0}
	o := seen[key]
	if o == nil {
		o = &observation{}
		seen[key] = o
	}
	o.count++
	if in.Flags&MemWrite != 0 {
		o.memWrites++
		if len(r.MemOut) > 0 {
			o.writes++
		}
	}
	for left := uint32(arithmeticFlags) &^ uint32(r.Undefined.EFLAGS); left != 0; left &= left - 1 {
		bit := bits.TrailingZeros32(left)
		o.flags[bit][r.In.EFLAGS>>bit&1][r.Out.EFLAGS>>bit&1]++
	}
}

// pushes has the operations that write to the stack.
var pushes = map[Op]bool{
	PUSH: true, PUSHA: true, PUSHF: true, PUSHSEG: true, CALL: true, CALLIND: true, CALLFAR: true, ENTER: true,
}

// mayKeep has the operations that change or leave undefined every flag, but
// not always: DIV defines none, a repeated CMPS may run zero times, FCOMI
// keeps EFLAGS when an exception is not masked.
var mayKeep = map[Op]bool{
	DIV: true, IDIV: true, CMPS: true, SCAS: true, FCOMI: true, FCOMIP: true, FUCOMI: true, FUCOMIP: true,
}

// checkFlagsOut asks that an operation with FlagsOut keeps no flag, and one
// without keeps at least one that the manual defines.
func checkFlagsOut(t *testing.T, op Op, flagsOut bool, o *observation) {
	keptFlags := 0
	for bit := range o.flags {
		c := &o.flags[bit]
		if arithmeticFlags>>bit&1 == 0 {
			continue
		}
		defined := c[0][0] + c[0][1] + c[1][0] + c[1][1]
		kept := c[0][1]+c[1][0] == 0 && defined > 0
		if kept {
			keptFlags++
		}
		if flagsOut && kept && c[0][0] >= 20 && c[1][1] >= 20 {
			t.Errorf("%v has FlagsOut but kept EFLAGS bit %d in %d vectors", op, bit, defined)
		}
	}
	if !flagsOut && keptFlags == 0 && !mayKeep[op] {
		t.Errorf("%v has no FlagsOut but changed or left undefined every flag in %d vectors", op, o.count)
	}
}
