// SPDX-License-Identifier: BSD-3-Clause

package pc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ring0/vm"
	"ring0/vm/pc"
)

// code is a PC whose ROM executes code from F000:0000 on.
func code(t *testing.T, cfg pc.Config, code ...byte) *pc.PC {
	t.Helper()
	cfg.ROM = bytes.Repeat([]byte{0xf4}, 64<<10)
	copy(cfg.ROM, code)
	copy(cfg.ROM[0xfff0:], []byte{0xea, 0x00, 0x00, 0x00, 0xf0})
	if cfg.RAM == 0 {
		cfg.RAM = 2 << 20
	}
	p, err := pc.New(cfg)
	require.NoError(t, err)
	return p
}

func peek(p *pc.PC, at uint32) uint8 {
	var b [1]byte
	p.ReadPhys(at, b[:])
	return b[0]
}

// TestMemoryMap is what lies where at power-up.
func TestMemoryMap(t *testing.T) {
	p := code(t, pc.Config{}, 0x11, 0x22)
	for _, c := range []struct {
		at          uint32
		is, becomes uint8 // before, and after 55 was written
		what        string
	}{
		{0x00000, 0x00, 0x55, "RAM"},
		{0x9ffff, 0x00, 0x55, "RAM's end below 640 KB"},
		{0xa0000, 0xff, 0xff, "nothing"},
		{0xb7fff, 0xff, 0xff, "nothing"},
		{0xb8000, 0x00, 0x55, "the text screen"},
		{0xbffff, 0x00, 0x55, "its end"},
		{0xc0000, 0xff, 0xff, "nothing"},
		{0xeffff, 0xff, 0xff, "nothing"},
		{0xf0000, 0x11, 0x11, "the ROM"},
		{0xfffff, 0xf4, 0xf4, "its end"},
		{0x1fffff, 0x00, 0x55, "RAM's end"},
		{0x200000, 0xff, 0xff, "nothing"},
		{0xfffeffff, 0xff, 0xff, "nothing"},
		{0xffff0001, 0x22, 0x22, "the ROM again"},
		{0xfffffff0, 0xea, 0xea, "the reset vector"},
	} {
		p.SetA20(true)
		require.Equal(t, c.is, peek(p, c.at), "%08x: %s", c.at, c.what)
		p.WritePhys32(c.at&^3, 0x55555555)
		require.Equal(t, c.becomes, peek(p, c.at), "%08x written: %s", c.at, c.what)
	}
}

// TestLargeROM shows its last 128 KB below 1 MB, and all of it below 4 GB.
func TestLargeROM(t *testing.T) {
	rom := make([]byte, 256<<10)
	for i := range rom {
		rom[i] = uint8(i >> 12)
	}
	p, err := pc.New(pc.Config{RAM: 1 << 20, ROM: rom})
	require.NoError(t, err)
	require.Equal(t, uint8(0x20), peek(p, 0xe0000))
	require.Equal(t, uint8(0x3f), peek(p, 0xfffff))
	require.Equal(t, uint8(0x00), peek(p, 0xfffc0000))
	require.Equal(t, uint8(0x3f), peek(p, 0xffffffff))
	require.Equal(t, uint8(0xff), peek(p, 0xdffff))
}

// TestConfigErrors is what no PC can be made of.
func TestConfigErrors(t *testing.T) {
	rom := make([]byte, 4096)
	for _, c := range []struct {
		cfg  pc.Config
		want string
	}{
		{pc.Config{}, "a ROM of 0 bytes"},
		{pc.Config{ROM: rom[:4095]}, "multiple of 4096"},
		{pc.Config{ROM: make([]byte, 260<<10)}, "up to 262144"},
		{pc.Config{ROM: rom, RAM: 640 << 10}, "at least 1 MB"},
		{pc.Config{ROM: rom, CPU: "8086"}, "8086"},
		{pc.Config{ROM: rom, Rate: 1000}, "1000 instructions per second"},
	} {
		_, err := pc.New(c.cfg)
		require.ErrorContains(t, err, c.want)
	}
}

// TestEnds is why runs return.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		code  []byte
		want  pc.Reason
		value uint32
	}{
		{"limit", []byte{0xeb, 0xfe}, pc.Limit, 0},
		{"halted", []byte{0xf4}, pc.Halted, 0},
		{"exit port", []byte{0xb0, 0x07, 0xe6, 0xf4}, pc.ExitPort, 7},
		{"exit port, 32 bits", []byte{0x66, 0xb8, 4, 3, 2, 1, 0x66, 0xe7, 0xf4}, pc.ExitPort, 0x01020304},
		{"other exit port", []byte{0xba, 0x01, 0x05, 0xb0, 0x09, 0xee}, pc.ExitPort, 9},
		{"keyboard controller's reset", []byte{0xb0, 0xfe, 0xe6, 0x64}, pc.ResetAsked, 0},
		{"port 92", []byte{0xb0, 0x01, 0xe6, 0x92}, pc.ResetAsked, 0},
		{"port CF9", []byte{0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee}, pc.ResetAsked, 0},
		{"triple fault", []byte{0x2e, 0x0f, 0x01, 0x1e, 0x20, 0x00, 0xb0, 0x01, 0x0f, 0x01, 0xf0, 0xcc}, pc.TripleFault, 0},
	} {
		p := code(t, pc.Config{}, c.code...)
		require.Equal(t, pc.End{Reason: c.want, Value: c.value}, p.Run(1000), c.name)
	}
}

// TestDemands end a run after the instruction that is being executed; the
// first one counts.
func TestDemands(t *testing.T) {
	p := code(t, pc.Config{}, 0x40, 0xeb, 0xfd) // inc ax; jmp
	p.Schedule(100, func() { p.PowerOff(); p.Fail(errors.New("later")) })
	require.Equal(t, pc.PoweredOff, p.Run(1000).Reason)
	require.Less(t, p.Now(), uint64(110))
	p.Schedule(200, func() { p.Fail(errors.New("no such service")) })
	end := p.Run(1000)
	require.Equal(t, pc.Unwritten, end.Reason)
	require.EqualError(t, end.Err, "no such service")
	require.Equal(t, pc.Limit, p.Run(10).Reason, "and goes on")
}

// TestReset restarts the program, which counts in memory, until it has run
// three times; what the chips keep depends on how the reset came.
func TestReset(t *testing.T) {
	program := []byte{
		0x31, 0xc0, 0x8e, 0xd8, // ds = 0
		0xff, 0x06, 0x00, 0x05, // inc word [500]
		0x83, 0x3e, 0x00, 0x05, 0x03, 0x72, 0x01, 0xf4, // cmp word [500],3; jb +1; hlt
		0xb0, 0x40, 0xe6, 0x81, // page register 81 = 40
	}
	for _, c := range []struct {
		name string
		how  []byte
		page uint8
	}{
		{"processor", []byte{0xb0, 0xfe, 0xe6, 0x64}, 0x40},
		{"board", []byte{0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee}, 0},
		{"triple fault", []byte{0x2e, 0x0f, 0x01, 0x1e, 0x80, 0x00, 0xb0, 0x01, 0x0f, 0x01, 0xf0, 0xcc}, 0x40},
	} {
		p := code(t, pc.Config{OnReset: pc.Restart, OnShutdown: pc.Restart}, append(program, c.how...)...)
		require.Equal(t, pc.Halted, p.Run(1000).Reason, c.name)
		require.Equal(t, uint8(3), peek(p, 0x500), c.name)
		require.Equal(t, c.page, p.DMA.In(0x81), c.name)
	}
}

// TestA20 has two switches: either opens the gate, and it is open at power-up.
func TestA20(t *testing.T) {
	p := code(t, pc.Config{})
	require.True(t, p.A20(), "for the reset vector")
	kbc := func(open uint8) {
		p.KBC.Out(0x64, 0xd1)
		p.KBC.Out(0x60, 0xdd|open<<1)
	}
	for _, c := range []struct{ kbc, port92 uint8 }{{0, 0}, {1, 0}, {0, 1}, {1, 1}, {0, 0}} {
		kbc(c.kbc)
		p.System.Out(0x92, c.port92<<1)
		require.Equal(t, c.kbc|c.port92 != 0, p.A20(), "%v", c)
	}
	p.WritePhys32(0x0, 0x11111111)
	p.WritePhys32(0x100000, 0x22222222)
	require.Equal(t, uint8(0x22), peek(p, 0), "closed: bit 20 is 0")
}

// TestCMOS is what a set-up program would have left.
func TestCMOS(t *testing.T) {
	for _, c := range []struct {
		mb              uint32
		extended, above uint16
	}{{1, 0, 0}, {16, 15 << 10, 0}, {64, 63 << 10, 48 << 4}, {128, 0xffff, 112 << 4}} {
		p := code(t, pc.Config{RAM: c.mb << 20})
		word := func(at uint8) uint16 {
			return binary.LittleEndian.Uint16([]byte{p.RTC.Peek(at), p.RTC.Peek(at + 1)})
		}
		require.Equal(t, uint16(640), word(0x15))
		require.Equal(t, c.extended, word(0x17))
		require.Equal(t, c.extended, word(0x30))
		require.Equal(t, c.above, word(0x34))
		sum := uint16(0)
		for at := uint8(0x10); at < 0x2e; at++ {
			sum += uint16(p.RTC.Peek(at))
		}
		require.Equal(t, sum, uint16(p.RTC.Peek(0x2e))<<8|uint16(p.RTC.Peek(0x2f)))
		require.Equal(t, []byte{0x20, 0x03, 0x10, 0x23}, []byte{p.RTC.Peek(0x32), p.RTC.Peek(9), p.RTC.Peek(8), p.RTC.Peek(7)})
	}
	p := code(t, pc.Config{Date: time.Date(1999, 12, 31, 23, 59, 58, 0, time.UTC)})
	require.Equal(t, uint8(0x19), p.RTC.Peek(0x32), "the century")
}

// TestProgress tells of both ports, and of nothing else.
func TestProgress(t *testing.T) {
	var got []uint16
	p := code(t, pc.Config{Progress: func(port uint16, v uint8) { got = append(got, port, uint16(v)) }},
		0xb0, 0x12, 0xe6, 0x80, 0xe6, 0x81, 0xba, 0x90, 0x01, 0xee, 0xf4)
	p.Run(100)
	require.Equal(t, []uint16{0x80, 0x12, 0x190, 0x12}, got)
}

// TestTyping echoes what is typed, once the program listens.
func TestTyping(t *testing.T) {
	var out bytes.Buffer
	p := code(t, pc.Config{Serial: &out},
		0xba, 0xfb, 0x03, 0xb0, 0x03, 0xee, // lcr: eight bits
		0xba, 0xfc, 0x03, 0xb0, 0x0b, 0xee, // mcr: DTR RTS OUT2
		0xba, 0xf9, 0x03, 0xb0, 0x01, 0xee, // ier: receiver
		0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf8, // wait for a byte
		0xba, 0xf8, 0x03, 0xec, 0xee, // echo
		0x3c, 0x0a, 0x75, 0xef, 0xf4) // until line feed
	texts := []string{"one ", "", "two\n"}
	p.Type(func() ([]byte, bool) {
		text := texts[0]
		texts = texts[1:]
		return []byte(text), len(texts) > 0
	})
	require.Equal(t, pc.Halted, p.Run(vm.Forever).Reason)
	require.Equal(t, "one two\n", out.String())
	require.Empty(t, texts)
}

// TestDrain sends what a halted processor has left in the transmitter.
func TestDrain(t *testing.T) {
	var out bytes.Buffer
	p := code(t, pc.Config{Serial: &out},
		0xba, 0xfb, 0x03, 0xb0, 0x03, 0xee, // lcr: eight bits
		0xba, 0xf8, 0x03, 0xb0, 'a', 0xee, 0xb0, 'b', 0xee, 0xf4)
	require.Equal(t, pc.Limit, p.Run(8).Reason)
	require.Empty(t, out.String())
	require.Equal(t, pc.Halted, p.Run(100).Reason)
	require.Equal(t, "ab", out.String())
}
