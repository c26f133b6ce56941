// SPDX-License-Identifier: BSD-3-Clause

package linuxboot_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/linuxboot"
	"ring0/vm"
	"ring0/vm/pc"
	"ring0/vm/pc/bios"
)

// setupCode is a set-up program: it asks the BIOS for the base memory and to
// open A20, stores what it was told, and enters the kernel in protected mode.
var setupCode = []byte{
	0xb0, 'S', 0xe6, 0xe9, // mov al,'S'; out e9,al
	0xcd, 0x12, // int 12
	0xa3, 0x00, 0x08, // mov [800],ax
	0x8c, 0x0e, 0x02, 0x08, // mov [802],cs
	0x89, 0x26, 0x04, 0x08, // mov [804],sp
	0x8c, 0x16, 0x06, 0x08, // mov [806],ss
	0xb8, 0x01, 0x24, 0xcd, 0x15, // mov ax,2401; int 15
	0xfa,                         // cli
	0x0f, 0x01, 0x16, 0xa0, 0x02, // lgdt [2a0]
	0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, // cr0 |= 1
	0x66, 0xea, 0x00, 0x00, 0x10, 0x00, 0x10, 0x00, // jmp 0010:00100000
}

// kernelCode is a kernel: it says so and ends the machine.
var kernelCode = []byte{
	0xb8, 0x18, 0x00, 0x00, 0x00, 0x8e, 0xd8, // ds = 18
	0xb0, 'K', 0xe6, 0xe9, // mov al,'K'; out e9,al
	0x31, 0xc0, 0xe7, 0xf4, // xor eax,eax; out f4,eax
	0xf4,
}

// form is what of the tiny image a test varies.
type form struct {
	version    uint16
	flags      uint8
	kernel     []byte
	initrdMax  uint32
	lineSize   uint32 // 2.06
	initSize   uint32 // 2.10
	setupSects uint8
	setup      []byte
}

func bzForm() form {
	return form{version: 0x203, flags: 1, kernel: kernelCode, initrdMax: 0x37ffffff, setupSects: 4, setup: setupCode}
}

// file is the image file: a boot sector, set-up code with its header and GDT,
// the kernel.
func (f form) file() []byte {
	b := make([]byte, 512*5)
	le := binary.LittleEndian
	b[0x1f1] = f.setupSects
	le.PutUint16(b[0x1fe:], 0xaa55)
	copy(b[0x200:], []byte{0xeb, 0x6a}) // over the header: to 26c
	copy(b[0x202:], "HdrS")
	le.PutUint16(b[0x206:], f.version)
	le.PutUint16(b[0x20e:], 0xc0) // the name, at 2c0
	b[0x211] = f.flags
	le.PutUint32(b[0x214:], 0x100000)
	le.PutUint32(b[0x22c:], f.initrdMax)
	le.PutUint32(b[0x238:], f.lineSize)
	le.PutUint32(b[0x260:], f.initSize)
	copy(b[0x26c:], []byte{0xe9, 0x91, 0x00}) // jmp 300
	copy(b[0x2c0:], "tiny 1.0\x00")
	le.PutUint64(b[0x290:], 0x00cf9b000000ffff) // the GDT lies at 280
	le.PutUint64(b[0x298:], 0x00cf93000000ffff)
	le.PutUint16(b[0x2a0:], 0x1f)
	le.PutUint32(b[0x2a2:], 0x90280)
	copy(b[0x300:], f.setup)
	return append(b, f.kernel...)
}

// machine is a PC with ring0's BIOS.
func machine(t *testing.T, ram uint32) (*pc.PC, *bytes.Buffer) {
	t.Helper()
	rom, err := bios.ROM()
	require.NoError(t, err)
	var out bytes.Buffer
	p, err := pc.New(pc.Config{RAM: ram, ROM: rom, Debug: &out})
	require.NoError(t, err)
	bios.Start(p, nil)
	return p, &out
}

// memory reads physical memory.
func memory(p *pc.PC, at, n uint32) []byte {
	b := make([]byte, n)
	p.ReadPhys(at, b)
	return b
}

func word(p *pc.PC, at uint32) uint16  { return binary.LittleEndian.Uint16(memory(p, at, 2)) }
func dword(p *pc.PC, at uint32) uint32 { return binary.LittleEndian.Uint32(memory(p, at, 4)) }

func load(t *testing.T, f form, p *pc.PC, o linuxboot.Options) error {
	t.Helper()
	img, err := linuxboot.Parse(f.file())
	require.NoError(t, err)
	require.Equal(t, "tiny 1.0", img.Name)
	return img.Load(p, o)
}

// TestRealMode runs the image's set-up code and through it the kernel.
func TestRealMode(t *testing.T) {
	p, out := machine(t, 16<<20)
	initrd := bytes.Repeat([]byte("disk"), 1500)
	require.NoError(t, load(t, bzForm(), p, linuxboot.Options{
		Entry: linuxboot.RealMode, CommandLine: "a b=c", Initrd: initrd,
	}))
	require.Equal(t, uint8(0xff), memory(p, 0x90210, 1)[0], "an unknown loader")
	require.Equal(t, uint8(0x81), memory(p, 0x90211, 1)[0], "loaded high, and there is a heap")
	require.Equal(t, uint16(0xde00), word(p, 0x90224), "the heap's end, below the stack")
	require.Equal(t, uint32(0x100000), dword(p, 0x90214))
	require.Equal(t, "a b=c\x00", string(memory(p, dword(p, 0x90228), 6)))
	at := dword(p, 0x90218)
	require.Equal(t, uint32(16<<20-8192), at, "a page boundary, as high as it goes")
	require.Equal(t, uint32(len(initrd)), dword(p, 0x9021c))
	require.Equal(t, initrd, memory(p, at, uint32(len(initrd))))

	end := p.Run(10000)
	require.Equal(t, pc.ExitPort, end.Reason, end.Err)
	require.Zero(t, end.Value)
	require.Equal(t, "SK", out.String())
	require.Equal(t, uint16(639), word(p, 0x90800), "what INT 12 said")
	require.Equal(t, []uint16{0x9020, 0xe000, 0x9000}, []uint16{word(p, 0x90802), word(p, 0x90804), word(p, 0x90806)}, "CS SP SS")
}

// TestProtected enters the kernel itself.
func TestProtected(t *testing.T) {
	p, out := machine(t, 32<<20)
	require.NoError(t, load(t, bzForm(), p, linuxboot.Options{
		Entry: linuxboot.Protected, CommandLine: "x", Initrd: []byte("disk"),
	}))
	require.Equal(t, uint32(0x100000), p.EIP())
	require.Equal(t, uint32(0x90000), p.Reg(vm.ESI), "the parameter page")
	for r := vm.EAX; r <= vm.EDI; r++ {
		if r != vm.ESI && r != vm.ESP {
			require.Zero(t, p.Reg(r))
		}
	}
	require.Equal(t, uint32(vm.CR0PE), p.CR(0)&(vm.CR0PE|vm.CR0PG))
	require.Zero(t, p.Eflags()&vm.FlagIF)
	for _, seg := range []int{vm.CS, vm.DS, vm.ES, vm.SS} {
		s := p.SegmentRaw(seg)
		require.Zero(t, s.Base)
		require.Equal(t, uint32(0xffffffff), s.Limit)
	}
	require.Equal(t, "x\x00", string(memory(p, dword(p, 0x90228), 2)))
	require.Equal(t, "disk", string(memory(p, dword(p, 0x90218), 4)))
	require.Equal(t, []byte{3, 80}, memory(p, 0x90006, 2), "video mode, columns")
	require.Equal(t, uint16(31<<10), word(p, 0x90002), "KB above 1 MB")
	require.Equal(t, uint32(31<<10), dword(p, 0x901e0))
	require.Equal(t, uint8(5), memory(p, 0x901e8, 1)[0], "ranges of memory")
	require.Equal(t, uint32(0x9fc00), dword(p, 0x902d0+8), "the first one's size")
	require.Equal(t, uint32(31<<20), dword(p, 0x902d0+3*20+8), "the size of the one above 1 MB")

	end := p.Run(10000)
	require.Equal(t, pc.ExitPort, end.Reason, end.Err)
	require.Equal(t, "K", out.String(), "no set-up code")
}

// TestZImage is where a small kernel goes: its set-up code moves it down from
// 64 KB; for the 32-bit entry it is there already.
func TestZImage(t *testing.T) {
	f := bzForm()
	f.flags = 0
	for entry, base := range map[linuxboot.Entry]uint32{linuxboot.RealMode: 0x10000, linuxboot.Protected: 0x1000} {
		p, _ := machine(t, 4<<20)
		require.NoError(t, load(t, f, p, linuxboot.Options{Entry: entry}))
		require.Equal(t, kernelCode, memory(p, base, uint32(len(kernelCode))))
		require.Equal(t, uint32(0x1000), dword(p, 0x90214), "where it is entered")
		require.Zero(t, dword(p, 0x90218), "no initial RAM disk")
	}
}

// TestOldCommandLine is how it is passed before 2.02.
func TestOldCommandLine(t *testing.T) {
	f := bzForm()
	f.version = 0x201
	for _, entry := range []linuxboot.Entry{linuxboot.RealMode, linuxboot.Protected} {
		p, _ := machine(t, 4<<20)
		require.NoError(t, load(t, f, p, linuxboot.Options{Entry: entry, CommandLine: "old"}))
		require.Equal(t, uint16(0xa33f), word(p, 0x90020))
		require.Equal(t, "old\x00", string(memory(p, 0x90000+uint32(word(p, 0x90022)), 4)))
		require.Zero(t, dword(p, 0x90228))
	}
}

// TestInitrdMax keeps the RAM disk below what the kernel can reach.
func TestInitrdMax(t *testing.T) {
	f := bzForm()
	f.initrdMax = 0x7fffff
	p, _ := machine(t, 16<<20)
	require.NoError(t, load(t, f, p, linuxboot.Options{Entry: 32, Initrd: []byte("disk")}))
	require.Equal(t, uint32(0x7ff000), dword(p, 0x90218))
	f.version = 0x202 // has no such field
	require.NoError(t, load(t, f, p, linuxboot.Options{Entry: 32, Initrd: []byte("disk")}))
	require.Equal(t, uint32(0xfff000), dword(p, 0x90218))
}

// TestLoadErrors is what does not fit.
func TestLoadErrors(t *testing.T) {
	with := func(change func(*form)) form {
		f := bzForm()
		change(&f)
		return f
	}
	for _, c := range []struct {
		name string
		f    form
		o    linuxboot.Options
		want string
	}{
		{"long line", bzForm(), linuxboot.Options{CommandLine: strings.Repeat("x", 256)}, "256 characters: this kernel takes 255"},
		{"line of 2.06", with(func(f *form) { f.version, f.lineSize = 0x206, 99 }),
			linuxboot.Options{CommandLine: strings.Repeat("x", 100)}, "takes 99"},
		{"line beyond our room", with(func(f *form) { f.version, f.lineSize = 0x206, 1<<20 }),
			linuxboot.Options{CommandLine: strings.Repeat("x", 8000)}, "takes 7167"},
		{"zImage", with(func(f *form) { f.flags, f.kernel = 0, make([]byte, 520<<10) }), linuxboot.Options{}, "does not fit below 576 KB"},
		{"bzImage", with(func(f *form) { f.kernel = make([]byte, 3<<20+1) }), linuxboot.Options{}, "needs 4097 KB of RAM, the PC has 4096 KB"},
		{"room to unpack", with(func(f *form) { f.version, f.initSize, f.lineSize = 0x20a, 8<<20, 255 }), linuxboot.Options{}, "needs 9216 KB"},
		{"RAM disk", bzForm(), linuxboot.Options{Initrd: make([]byte, 3<<20)}, "does not fit between the kernel and 00400000"},
		{"entry", bzForm(), linuxboot.Options{Entry: 64}, "entry 64: want 16 or 32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, _ := machine(t, 4<<20)
			if c.o.Entry == 0 {
				c.o.Entry = linuxboot.RealMode
			}
			require.ErrorContains(t, load(t, c.f, p, c.o), c.want)
		})
	}
}

// TestParse is what is no image.
func TestParse(t *testing.T) {
	change := func(at int, v ...byte) []byte {
		b := bzForm().file()
		copy(b[at:], v)
		return b
	}
	for _, c := range []struct {
		file []byte
		want string
	}{
		{nil, "0 bytes are no kernel image"},
		{make([]byte, 1023), "no kernel image"},
		{change(0x1fe, 0), "no boot sector with a HdrS header"},
		{change(0x202, 'x'), "no boot sector with a HdrS header"},
		{change(0x206, 0xff, 0x01), "protocol 1ff: want 2.00"},
		{change(0x1f1, 200), "200 set-up sectors, but the file has only"},
		{append(change(0x1f1, 64), make([]byte, 64<<10)...), "64 set-up sectors do not fit"},
		{bzForm().file()[:5*512], "4 set-up sectors, but"},
	} {
		_, err := linuxboot.Parse(c.file)
		require.ErrorContains(t, err, c.want)
	}
	img, err := linuxboot.Parse(change(0x1f1, 0))
	require.NoError(t, err, "0 means 4")
	require.Equal(t, "tiny 1.0", img.Name)
	img, err = linuxboot.Parse(change(0x20e, 0, 0))
	require.NoError(t, err)
	require.Empty(t, img.Name)
}
