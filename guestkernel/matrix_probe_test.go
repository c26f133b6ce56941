// SPDX-License-Identifier: BSD-3-Clause
// The process that runs the matrix's rows: its memory, the images it builds, its system calls and how it writes them down.
//
// An image is laid out as all rows have it: header, name at 0xa0, init at 0x100, cleanup at 0x180, can_unload at 0x1c0,
// symbols at 0x200, dependencies at 0x280, exception table at 0x300, strings at 0x380, and at 0x400 what init saw.

package guestkernel

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// Offsets in an image.
const (
	imageName      = 0xa0
	imageInit      = 0x100
	imageCleanup   = 0x180
	imageCanUnload = 0x1c0
	imageSyms      = 0x200
	imageDeps      = 0x280
	imageTable     = 0x300
	imageStrings   = 0x380
	imageSeen      = 0x400
)

// The process's memory: the image, up to a page that cannot be touched; room for answers; strings.
const (
	userImage   = 0x40000000
	userGuard   = userImage + 0x40000
	userBig     = 0x50000000
	userBigSize = 0x80000
	userText    = 0x60000000
	userTextEnd = userText + 0x20000
)

// probe is the process.
type probe struct {
	t         *testing.T
	m         *matrix
	k         *Kernel
	p         *Process
	lay       *abi.ModuleLayout
	img       []byte // what the next init_module finds at userImage
	text      uint32 // where the next string goes
	boot      string
	group     string
	count     int
	call      string
	what      string
	logAt     int // where the log of the row in progress begins, and ring0's remarks
	remarksAt int
	limit     int // bytes of log that a row's notes show
}

// newProbe boots a kernel with a probe on it, as init.
func newProbe(t *testing.T, m *matrix, bootName string) *probe {
	cfg := Config{MaxInsns: 1_000_000_000}
	if bootName == "vmlimit" {
		cfg.Mem = 1 << 30
	}
	k := boot(t, cfg)
	p := &probe{t: t, m: m, k: k, lay: &k.lay.Module, img: make([]byte, 0x4000), boot: bootName, limit: 600}
	p.p = p.process(ProcessConfig{Comm: "init", PID: 1})
	return p
}

// process makes a process with the probe's memory.
func (p *probe) process(cfg ProcessConfig) *Process {
	proc := newProcess(p.t, p.k, cfg)
	require.NoError(p.t, proc.Map(userImage, userGuard-userImage, ProtRead|ProtWrite))
	require.NoError(p.t, proc.Map(userGuard, abi.PageSize, ProtNone))
	require.NoError(p.t, proc.Map(userBig, userBigSize, ProtRead|ProtWrite))
	require.NoError(p.t, proc.Map(userText, userTextEnd-userText, ProtRead|ProtWrite))
	return proc
}

// begin starts a row.
func (p *probe) begin(call, format string, args ...any) {
	p.call, p.what = call, format
	if len(args) > 0 {
		p.what = fmt.Sprintf(format, args...)
	}
	p.logAt, p.remarksAt = len(p.k.LogText()), len(p.k.Notes())
}

// end finishes a row with a call's answer and notes.
func (p *probe) end(r reply, format string, args ...any) { p.endWith(r.String(), format, args...) }

func (p *probe) endWith(result, format string, args ...any) {
	p.t.Helper()
	notes := format
	if len(args) > 0 {
		notes = fmt.Sprintf(format, args...)
	}
	p.count++
	row := matrixRow{fmt.Sprintf("%s%03d", p.group, p.count), p.call, escape(p.what, 0), result, escape(notes, 0)}
	log := p.k.LogText()[p.logAt:]
	if log != "" && consolePieces(p.m.expected(row.id).notes) == nil {
		if notes != "" {
			row.notes += "; "
		}
		row.notes += "printk: " + escape(log, p.limit)
	}
	got := produced{row, log, p.k.Notes()[p.remarksAt:]}
	p.t.Run(row.id, func(t *testing.T) { p.m.check(t, got) })
}

// escape writes text as the file has it: no control characters; of more than limit bytes the first, and dots.
func escape(s string, limit int) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case limit > 0 && i == limit:
			return b.String() + "..."
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < 32 || c > 126:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// reply is a system call's outcome.
type reply struct {
	Outcome
}

// v is the answer as an address or a number.
func (r reply) v() uint32 { return uint32(r.Value) }

// failed tells an errno from an answer.
func (r reply) failed() bool { return r.Kind != Returned || r.Value < 0 && r.Value > -4096 }

// String is the answer as the file has it.
func (r reply) String() string {
	switch {
	case r.Kind == Killed:
		return fmt.Sprintf("no return: caller killed by signal %d", r.Signal)
	case r.Kind == KernelPanic:
		return fmt.Sprintf("no return: oops then %q", "Kernel panic: "+r.Reason)
	case r.Kind != Returned:
		return r.Outcome.String()
	case r.Value < 0 && r.Value >= -int32(abi.ENOSYS):
		return fmt.Sprintf("%d %s", r.Value, abi.Errno(-r.Value))
	case r.Value > -4096 && r.Value < 0x10000:
		return fmt.Sprint(r.Value)
	}
	return fmt.Sprintf("0x%08x", r.v())
}

// arg makes a system call's argument: numbers as they are, strings by their address.
func (p *probe) arg(v any) uint32 {
	switch v := v.(type) {
	case int:
		return uint32(v)
	case uint32:
		return v
	case string:
		return p.str(v)
	}
	p.t.Fatalf("argument %T", v)
	return 0
}

// str puts a string into the process's memory.
func (p *probe) str(s string) uint32 {
	if p.text == 0 || p.text+uint32(len(s))+1 > userTextEnd {
		p.text = userText
	}
	addr := p.text
	p.write(addr, append([]byte(s), 0))
	p.text += uint32(len(s)) + 1
	return addr
}

// atEnd puts bytes right below the page that cannot be touched.
func (p *probe) atEnd(b []byte) uint32 {
	addr := userGuard - uint32(len(b))
	p.write(addr, b)
	return addr
}

func (p *probe) write(addr uint32, b []byte) { require.NoError(p.t, p.p.WriteUser(addr, b)) }

func (p *probe) read(addr uint32, n int) []byte {
	b := make([]byte, n)
	require.NoError(p.t, p.p.ReadUser(addr, b))
	return b
}

func (p *probe) readWord(addr uint32) uint32 { return binary.LittleEndian.Uint32(p.read(addr, 4)) }

// cstring reads a string from the process's memory.
func (p *probe) cstring(addr uint32) string {
	s, _, _ := strings.Cut(string(p.read(addr, 5000)), "\x00")
	return s
}

// System calls.

func (p *probe) sys(nr uint32, args ...any) reply {
	words := make([]uint32, len(args))
	for i, a := range args {
		words[i] = p.arg(a)
	}
	return reply{p.p.Syscall(nr, words...)}
}

func (p *probe) create(name any, size uint32) reply { return p.sys(abi.NrCreateModule, name, size) }
func (p *probe) delete(name any) reply              { return p.sys(abi.NrDeleteModule, name) }
func (p *probe) initAt(name, image any) reply       { return p.sys(abi.NrInitModule, name, image) }
func (p *probe) query(name any, which int, buf, size, ret any) reply {
	return p.sys(abi.NrQueryModule, name, which, buf, size, ret)
}

// init writes the image into the process's memory and calls init_module with it.
func (p *probe) init(name any) reply {
	p.write(userImage, p.img)
	return p.initAt(name, userImage)
}

// child makes a call in a process of its own, which has the memory of the probe as far as images and answers go.
func (p *probe) child(cfg ProcessConfig, call func() reply) reply {
	parent := p.p
	if cfg.Comm == "" {
		cfg.Comm = "init"
	}
	if cfg.PID == 0 {
		cfg.PID = p.k.freePID(9)
	}
	p.p = p.process(cfg)
	p.write(userImage, p.img)
	r := call()
	if r.Kind == Returned {
		p.p.Close()
	}
	p.p = parent
	return r
}

// Images.

// put sets a field of the image's header.
func (p *probe) put(f abi.Field, v uint32) { p.putWord(f.Off, v) }

func (p *probe) putWord(off, v uint32)           { binary.LittleEndian.PutUint32(p.img[off:], v) }
func (p *probe) putText(off uint32, s string)    { copy(p.img[off:], s+"\x00") }
func (p *probe) putCode(off uint32, code []byte) { copy(p.img[off:], code) }

// codeReturn is code that returns v.
func codeReturn(v uint32) []byte { return code(movEax(v), 0xc3) }

// codeSnap is an init that notes its module's flags and use count and returns v.
func (p *probe) codeSnap(base, v uint32) []byte {
	return code(0xa1, base+p.lay.Flags.Off, 0xa3, base+imageSeen,
		0xa1, base+p.lay.Usecount.Off, 0xa3, base+uint32(imageSeen+4), codeReturn(v))
}

// codePrintk is code that logs the module's flags and use count with the format at base+format and returns v.
func (p *probe) codePrintk(base, format, v uint32) []byte {
	printk, ok := p.k.profile.Symbol("printk")
	require.True(p.t, ok)
	return code(0xff, 0x35, base+p.lay.Usecount.Off, 0xff, 0x35, base+p.lay.Flags.Off, 0x68, base+format,
		movEax(printk), 0xff, 0xd0, 0x83, 0xc4, 12, codeReturn(v))
}

// incWord, decWord, orWord, addWord, setWord are instructions on a word in memory.
func incWord(at uint32) []byte    { return code(0xff, 0x05, at) }
func decWord(at uint32) []byte    { return code(0xff, 0x0d, at) }
func orWord(at, v uint32) []byte  { return code(0x81, 0x0d, at, v) }
func addWord(at, v uint32) []byte { return code(0x81, 0x05, at, v) }
func setWord(at, v uint32) []byte { return code(0xc7, 0x05, at, v) }

// setup makes the image that all rows begin with: init notes what it sees, cleanup logs it.
func (p *probe) setup(name string, base, size uint32) {
	clear(p.img)
	p.put(p.lay.SizeOfStruct, p.lay.Size)
	p.put(p.lay.Next, p.word(base+p.lay.Next.Off))
	p.put(p.lay.ModuleSize, size)
	p.put(p.lay.Name, base+imageName)
	p.putText(imageName, name)
	p.put(p.lay.Init, base+imageInit)
	p.put(p.lay.Cleanup, base+imageCleanup)
	p.putCode(imageInit, p.codeSnap(base, 0))
	p.putText(imageStrings, "<4>CLEANUP flags=%x uc=%x\n")
	p.putCode(imageCleanup, p.codePrintk(base, imageStrings, 0))
}

// fresh deletes and creates a module and sets up its image.
func (p *probe) fresh(name string, size uint32) (base uint32) {
	p.delete(name)
	base = p.make(name, size)
	p.setup(name, base, size)
	return base
}

// make creates a module without a row.
func (p *probe) make(name string, size uint32) uint32 { return p.create(name, size).v() }

// dep sets an entry of the image's dependencies, with rubbish where the kernel writes.
func (p *probe) dep(i int, d uint32) {
	off := uint32(imageDeps + 12*i)
	p.putWord(off, d)
	p.putWord(off+4, 0xaaaaaaaa)
	p.putWord(off+8, 0xbbbbbbbb)
}

// What is looked at afterwards.

// word reads kernel memory as /dev/kmem would; bytes that are not there read as 0xee.
func (p *probe) word(addr uint32) uint32 {
	v := uint32(0xeeeeeeee)
	p.k.mem.try(func() { v = p.k.mem.U32(addr) })
	return v
}

// field reads a field of a struct module.
func (p *probe) field(base uint32, f abi.Field) uint32 { return p.word(base + f.Off) }

// info asks QM_INFO.
func (p *probe) info(name string) (r reply, words [4]uint32) {
	r = p.query(name, abi.QMInfo, userBig, 16, userBig+16)
	for i := range words {
		words[i] = p.readWord(userBig + uint32(4*i))
	}
	return r, words
}

// state is QM_INFO in words.
func (p *probe) state(name string) string {
	r, info := p.info(name)
	if r.failed() {
		return fmt.Sprintf("[QM_INFO(%s)=%s]", name, r)
	}
	return fmt.Sprintf("[%s: size=%d flags=0x%x usecount=%d]", name, info[1], info[2], int32(info[3]))
}

// list is QM_MODULES, QM_DEPS or QM_REFS in words.
func (p *probe) list(name any, which int) string {
	p.write(userBig, make([]byte, abi.PageSize))
	r := p.query(name, which, userBig, abi.PageSize, userBig+abi.PageSize)
	if r.failed() {
		return r.String()
	}
	n := p.readWord(userBig + abi.PageSize)
	names := strings.SplitN(string(p.read(userBig, abi.PageSize)), "\x00", int(n)+1)
	return fmt.Sprintf("n=%d {%s}", n, strings.Join(names[:n], ","))
}

// modules is /proc/modules.
func (p *probe) modules() string { return p.k.ModulesText() }
