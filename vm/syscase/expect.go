// SPDX-License-Identifier: BSD-3-Clause

// Expectations. The first word says which handler the case ends in:
//
//	ok                       INT 81 behind the code (EIP is checked)
//	int:N                    handler of vector N, no error code
//	de db bp of br ud nm …   an exception without error code
//	gp:E ts:E np:E ss:E df:E ac:E    … with error code E
//	pf:E@A                   … and CR2 A
//	shutdown                 a triple fault
//
// The others, in any order:
//
//	+N  -N                   EIP in the frame, relative to the start; +0 where not given
//	eip=N                    EIP in the frame
//	cs=N eflags=N/M esp=N ss=N    the frame's; eflags under mask M
//	frame16                  the frame has 16-bit words
//	frame:I=N                word I of the frame, error code first
//	eax=N … ds=N …           registers in the handler (but not CS ESP SS)
//	hcs=N hss=N hesp=N       CS SS ESP of the handler
//	tr=N ldtr=N cr0=N/M cr3=N dr6=N/M dr7=N   likewise
//	[A]=N [w:A]=N [b:A]=N    memory: 32, 16, 8 bits

package syscase

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Outcome is the state in which a case halted.
type Outcome struct {
	Shutdown bool
	GPR      [8]uint32 // EAX ECX EDX EBX ESP EBP ESI EDI
	EIP      uint32    // behind the HLT
	Eflags   uint32
	Seg      [6]uint16 // ES CS SS DS FS GS
	SSBase   uint32
	LDTR, TR uint16
	CR       [5]uint32
	DR       [8]uint32
	Read     func(pa uint32, b []byte)
}

var exceptions = map[string]int{
	"de": 0, "db": 1, "nmi": 2, "bp": 3, "of": 4, "br": 5, "ud": 6, "nm": 7, "df": 8,
	"ts": 10, "np": 11, "ss": 12, "gp": 13, "pf": 14, "mf": 16, "ac": 17,
}

// exceptionsWithCode push an error code.
const exceptionsWithCode = 1<<8 | 1<<10 | 1<<11 | 1<<12 | 1<<13 | 1<<14 | 1<<17

// frame is what a handler found on its stack.
type frame struct {
	words            []uint32 // error code first
	err              uint32
	eip, cs, eflags  uint32
	esp, ss          uint32
	vector, expected int
}

// report notes a difference.
type report func(format string, args ...any)

// Check compares an outcome with what the case expects and returns what
// differs.
func (c *Case) Check(o *Outcome) (diffs []string) {
	bad := func(format string, args ...any) { diffs = append(diffs, fmt.Sprintf(format, args...)) }
	if o.Shutdown || c.Expect[0] == "shutdown" {
		if o.Shutdown != (c.Expect[0] == "shutdown") {
			bad("shutdown: want %v, got %v", !o.Shutdown, o.Shutdown)
		}
		return diffs
	}
	f := c.readFrame(o)
	if err := c.checkVector(f, o, bad); err != nil {
		bad("%v", err)
		return diffs
	}
	if f.vector != f.expected {
		bad("vector: want %x, got %x (words %x)", f.expected, f.vector, f.words)
		return diffs
	}
	c.checkRest(f, o, bad)
	return diffs
}

// checkRest checks EIP and the expectations after the first.
func (c *Case) checkRest(f *frame, o *Outcome, bad report) {
	wantEIP, checkEIP := c.endEIP(), true
	for _, e := range c.Expect[1:] {
		name, val, isValue := strings.Cut(e, "=")
		switch {
		case e == "frame16":
		case e[0] == '+' || e[0] == '-':
			n, err := number(e[1:])
			if err != nil {
				bad("%s: %v", e, err)
			}
			if e[0] == '-' {
				n = -n
			}
			wantEIP = modes[c.Mode].eip + uint32(n)
		case isValue:
			checkEIP = checkEIP && name != "eip"
			o.checkValue(name, val, f, bad)
		default:
			bad("no expectation %q", e)
		}
	}
	if checkEIP && f.eip != wantEIP {
		bad("eip: want %x, got %x", wantEIP, f.eip)
	}
}

// endEIP is the EIP in the frame of a case that says nothing of it: behind
// its INT 81, or where it started.
func (c *Case) endEIP() uint32 {
	eip := modes[c.Mode].eip
	for _, s := range c.Setup {
		if v, ok := strings.CutPrefix(s, "eip="); ok {
			n, _ := number(v)
			eip = uint32(n)
		}
	}
	if c.Expect[0] == "ok" {
		eip += uint32(len(c.Code)) + 2
	}
	return eip
}

// checkValue checks NAME=N or NAME=N/M.
func (o *Outcome) checkValue(name, val string, f *frame, bad report) {
	want, mask, err := masked(val)
	if err != nil {
		bad("%s=%s: %v", name, val, err)
		return
	}
	got, known := o.lookup(name, f)
	if !known {
		bad("no expectation %q", name)
	} else if got&mask != want&mask {
		bad("%s: want %x, got %x", name, want, got)
	}
}

// masked reads N or N/M.
func masked(s string) (want, mask uint32, err error) {
	mask = 0xffffffff
	val, m, ok := strings.Cut(s, "/")
	n, err := number(val)
	if err == nil && ok {
		var k uint64
		k, err = number(m)
		mask = uint32(k)
	}
	return uint32(n), mask, err
}

func (c *Case) readFrame(o *Outcome) *frame {
	size := uint32(4)
	for _, e := range c.Expect {
		if e == "frame16" {
			size = 2
		}
	}
	if c.Mode == "real" {
		size = 2
	}
	f := &frame{vector: int(o.EIP-addrStubs) / 4}
	if c.Mode == "real" {
		f.vector = int(o.EIP) / 4
	}
	esp := o.GPR[4]
	if o.Seg[2] == selData16 {
		esp &= 0xffff
	}
	var b [12 * 4]byte
	o.Read(o.SSBase+esp, b[:12*size])
	for i := range uint32(12) {
		if size == 4 {
			f.words = append(f.words, binary.LittleEndian.Uint32(b[4*i:]))
		} else {
			f.words = append(f.words, uint32(binary.LittleEndian.Uint16(b[2*i:])))
		}
	}
	w := f.words
	if f.vector >= 0 && f.vector < 32 && exceptionsWithCode>>f.vector&1 != 0 && c.Mode != "real" {
		f.err = w[0]
		w = w[1:]
	}
	f.eip, f.cs, f.eflags = w[0], w[1]&0xffff, w[2]
	f.esp, f.ss = w[3], w[4]&0xffff
	return f
}

// checkVector reads the first expectation and checks error code and CR2.
func (c *Case) checkVector(f *frame, o *Outcome, bad report) error {
	name, arg, hasArg := strings.Cut(c.Expect[0], ":")
	switch name {
	case "ok":
		f.expected = vecOK
		return nil
	case "int":
		n, err := number(arg)
		f.expected = int(n)
		return err
	}
	v, ok := exceptions[name]
	if !ok {
		return fmt.Errorf("no outcome %q", name)
	}
	f.expected = v
	if f.vector != v || !hasArg {
		return nil
	}
	code, cr2, hasCR2 := strings.Cut(arg, "@")
	n, err := number(code)
	if err != nil {
		return err
	}
	if f.err != uint32(n) {
		bad("error code: want %x, got %x", n, f.err)
	}
	if !hasCR2 {
		return nil
	}
	a, err := number(cr2)
	if err == nil && o.CR[2] != uint32(a) {
		bad("cr2: want %x, got %x", a, o.CR[2])
	}
	return err
}

// lookup finds the value an expectation names.
func (o *Outcome) lookup(name string, f *frame) (uint32, bool) {
	switch name {
	case "eip":
		return f.eip, true
	case "cs":
		return f.cs, true
	case "eflags":
		return f.eflags, true
	case "esp":
		return f.esp, true
	case "ss":
		return f.ss, true
	case "hcs":
		return uint32(o.Seg[1]), true
	case "hss":
		return uint32(o.Seg[2]), true
	case "hesp":
		return o.GPR[4], true
	case "tr":
		return uint32(o.TR), true
	case "ldtr":
		return uint32(o.LDTR), true
	case "heflags":
		return o.Eflags, true
	}
	if i := index(gprNames, name); i >= 0 {
		return o.GPR[i], true
	}
	if i := index(segNames, name); i >= 0 {
		return uint32(o.Seg[i]), true
	}
	if len(name) == 3 && name[2] >= '0' && name[2] <= '7' {
		n := name[2] - '0'
		switch {
		case name[:2] == "cr" && n <= 4:
			return o.CR[n], true
		case name[:2] == "dr":
			return o.DR[n], true
		}
	}
	if s, ok := strings.CutPrefix(name, "frame:"); ok {
		n, err := number(s)
		if err != nil || n >= uint64(len(f.words)) {
			return 0, false
		}
		return f.words[n], true
	}
	return o.memory(name)
}

// memory reads [A], [w:A] or [b:A].
func (o *Outcome) memory(name string) (uint32, bool) {
	s, ok := strings.CutPrefix(name, "[")
	s, ok2 := strings.CutSuffix(s, "]")
	if !ok || !ok2 {
		return 0, false
	}
	size := 4
	if t, ok := strings.CutPrefix(s, "w:"); ok {
		s, size = t, 2
	} else if t, ok := strings.CutPrefix(s, "b:"); ok {
		s, size = t, 1
	}
	at, err := number(s)
	if err != nil {
		return 0, false
	}
	var b [4]byte
	o.Read(uint32(at), b[:size])
	return binary.LittleEndian.Uint32(b[:]), true
}
