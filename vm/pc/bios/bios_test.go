// SPDX-License-Identifier: BSD-3-Clause

package bios_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm"
	"ring0/vm/pc"
	"ring0/vm/pc/bios"
)

// program is a PC about to execute code at 0:0600, with interrupts on.
func program(t *testing.T, cfg pc.Config, code ...byte) (p *pc.PC, screen *bytes.Buffer) {
	t.Helper()
	var err error
	cfg.RAM = 2 << 20
	cfg.ROM, err = bios.ROM()
	require.NoError(t, err)
	p, err = pc.New(cfg)
	require.NoError(t, err)
	screen = new(bytes.Buffer)
	bios.Start(p, func(c byte) { screen.WriteByte(c) })
	p.WritePhys(callAt, code)
	p.LoadSegment(vm.CS, 0)
	p.SetEIP(callAt)
	p.SetEflags(p.Eflags() | vm.FlagIF)
	return p, screen
}

// TestKeyboard waits in INT 16 for keys that are pressed later, and shows what
// they stand for: shift, caps lock, control, and Enter for the end.
func TestKeyboard(t *testing.T) {
	p, screen := program(t, pc.Config{},
		0x30, 0xe4, 0xcd, 0x16, // 600: mov ah,0; int 16
		0xb4, 0x0e, 0xcd, 0x10, // mov ah,e; int 10
		0x3c, 0x0d, 0x75, 0xf4, // cmp al,d; jne 600
		0xfa, 0xf4)
	set2 := func(codes ...uint8) { p.KBC.Keys(codes...) }
	press := func(code uint8) { set2(code, 0xf0, code) }
	p.Schedule(1_000_000, func() {
		press(0x1c)      // a
		set2(0x12)       // left shift …
		press(0x1c)      // A
		press(0x1e)      // @
		set2(0xf0, 0x12) // … released
		press(0x58)      // caps lock
		press(0x1c)      // A
		press(0x1e)      // 2
		set2(0x14)       // control …
		press(0x32)      // ^B
		set2(0xf0, 0x14) // … released
		press(0x5a)      // Enter
	})
	require.Equal(t, pc.Halted, p.Run(1_000_000_000).Reason)
	require.Equal(t, "aA@A2\x02\r", screen.String())
	require.Equal(t, "aA@A2☻", p.VGA.Screen()[0])
}

// TestTimer lets the clock tick for a second of the machine's time.
func TestTimer(t *testing.T) {
	p, _ := program(t, pc.Config{}, 0xb0, 0xb8, 0xe6, 0x21, 0xf4, 0xeb, 0xfd) // hlt; jmp
	ticks := func() uint32 { return p.ReadPhys32(0x46c) }
	began := ticks()
	require.Equal(t, uint32(26463*1573040/86400), began, "07:21:03")
	require.Equal(t, pc.Limit, p.Run(pc.DefaultRate).Reason)
	require.Equal(t, uint32(18), ticks()-began)
}

// TestSerial sends through INT 14, which waits while the transmitter is full.
func TestSerial(t *testing.T) {
	var out bytes.Buffer
	p, _ := program(t, pc.Config{Serial: &out},
		0xb8, 0xe3, 0x00, 0x31, 0xd2, 0xcd, 0x14, // 9600 baud, eight bits
		0xb1, 0x03, // three times
		0xb8, 'x', 0x01, 0xcd, 0x14, // 609: send
		0xfe, 0xc9, 0x75, 0xf7, // dec cl; jnz 609
		0xfa, 0xf4)
	require.Equal(t, pc.Halted, p.Run(100_000_000).Reason)
	require.Equal(t, "xxx", out.String())
	require.Greater(t, p.Now(), uint64(2*10*pc.DefaultRate/9600), "it took its time")
}

// apm is INT 15 AH=53 with AL, BX and CX; it returns AX and the carry flag.
func apm(t *testing.T, p *pc.PC, al uint8, bx, cx uint32) (ax uint16, carry bool) {
	t.Helper()
	p.SetReg(vm.EAX, 0x5300|uint32(al))
	p.SetReg(vm.EBX, bx)
	p.SetReg(vm.ECX, cx)
	call(t, p, 0x15)
	return uint16(p.Reg(vm.EAX)), p.Eflags()&vm.FlagCF != 0
}

// TestAPM is the states of its connection.
func TestAPM(t *testing.T) {
	p := newPC(t, 2<<20)
	for i, c := range []struct {
		al     uint8
		bx, cx uint32
		ah     uint8 // of an error
	}{
		{0x05, 0, 0, 0x03},                                   // not connected
		{0x04, 0, 0, 0x03},                                   // nothing to disconnect
		{0x00, 0, 0, 0},                                      // it is there
		{0x01, 0, 0, 0},                                      // real-mode connection
		{0x01, 0, 0, 0x02},                                   // which there is already
		{0x0b, 0, 0, 0x80},                                   // no events
		{0x07, 2, 3, 0x09},                                   // no such device
		{0x07, 1, 1, 0x60},                                   // no standby
		{0x07, 1, 9, 0x0a},                                   // no such state
		{0x55, 0, 0, 0x0c},                                   // no such function
		{0x04, 0, 0, 0},                                      // disconnected
		{0x03, 0, 0, 0},                                      // 32-bit connection
		{0x02, 0, 0, 0x07},                                   // which there is already
		{0x04, 0, 0, 0}, {0x02, 0, 0, 0}, {0x03, 0, 0, 0x05}, // the same with 16 bits
	} {
		ax, carry := apm(t, p, c.al, c.bx, c.cx)
		require.Equal(t, c.ah != 0, carry, "call %d", i)
		if carry {
			require.Equal(t, c.ah, uint8(ax>>8), "call %d", i)
		}
	}
	p = newPC(t, 2<<20)
	ax, carry := apm(t, p, 0x00, 0, 0)
	require.Equal(t, []any{uint16(0x0102), false, uint32(0x504d), uint32(3)}, []any{ax, carry, p.Reg(vm.EBX), p.Reg(vm.ECX)})
	apm(t, p, 0x01, 0, 0)
	p.WritePhys(callAt, []byte{0xb8, 0x07, 0x53, 0xbb, 0x01, 0x00, 0xb9, 0x03, 0x00, 0xcd, 0x15})
	p.SetEIP(callAt)
	p.Wake()
	require.Equal(t, pc.PoweredOff, p.Run(100).Reason)
}

// TestUnserved names what this BIOS does not have.
func TestUnserved(t *testing.T) {
	for _, c := range []struct {
		code []byte
		end  pc.Reason
		want string
	}{
		{[]byte{0x0f, 0x0b}, pc.Unwritten, "bios: interrupt 06 at 0000:0600: exception or unknown service"},
		{[]byte{0x31, 0xc9, 0xf7, 0xf1}, pc.Unwritten, "bios: interrupt 00 at 0000:0602"},
		{[]byte{0x0f, 0x01, 0xc1, 0x00}, pc.Unwritten, "bios: VMCALL at 00000600, which is no door"},
		{[]byte{0xea, 0xf0, 0xff, 0x00, 0xf0}, pc.Unwritten, "cannot start again"},
		{[]byte{0xcd, 0x19}, pc.PoweredOff, ""},
		{[]byte{0xcd, 0x18}, pc.PoweredOff, ""},
		{[]byte{0xcd, 0x0d, 0xcd, 0x76, 0xfa, 0xf4}, pc.Halted, ""}, // interrupts of no device
	} {
		p, _ := program(t, pc.Config{}, c.code...)
		end := p.Run(1000)
		require.Equal(t, c.end, end.Reason, "% x", c.code)
		if c.want == "" {
			require.NoError(t, end.Err)
			continue
		}
		require.ErrorContains(t, end.Err, c.want)
	}
}
