// SPDX-License-Identifier: BSD-3-Clause
// Packets, whole and broken.

package gdbstub

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/debugger"
	"ring0/vm"
)

// framed is a packet as it goes over the wire.
func framed(payload string) string {
	sum := byte(0)
	for _, b := range []byte(payload) {
		sum += b
	}
	return fmt.Sprintf("$%s#%02x", payload, sum)
}

func TestReadPackets(t *testing.T) {
	for _, row := range []struct {
		name, wire string
		packet     string
		bad        bool
		interrupt  bool
		again      bool
	}{
		{name: "whole", wire: "$g#67", packet: "g"},
		{name: "upper case sum", wire: "$qC,,k#CE", bad: true},
		{name: "acknowledgements and garbage before it", wire: "++xyz\x00$g#67", packet: "g"},
		{name: "wrong sum", wire: "$g#68", bad: true},
		{name: "no digits", wire: "$g#zz", bad: true},
		{name: "escaped", wire: framed("X0,1:}\x04"), packet: "X0,1:$"},
		{name: "ends in an escape", wire: framed("m}"), bad: true},
		{name: "a packet cut off by another", wire: "$m0,$g#67", packet: "g"},
		{name: "empty", wire: "$#00", packet: ""},
		{name: "too long", wire: framed(strings.Repeat("a", maxPacket+1)), bad: true},
		{name: "as long as can be", wire: framed(strings.Repeat("a", maxPacket)), packet: strings.Repeat("a", maxPacket)},
		{name: "Ctrl-C", wire: "\x03", interrupt: true},
		{name: "again", wire: "-", again: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWire(&pipe{Reader: strings.NewReader(row.wire)})
			a := w.read()
			require.NoError(t, a.err)
			require.Equal(t, row.interrupt, a.interrupt)
			require.Equal(t, row.again, a.again)
			if row.bad || row.interrupt || row.again {
				require.Nil(t, a.packet)
				return
			}
			require.NotNil(t, a.packet)
			require.Equal(t, row.packet, string(a.packet))
			require.ErrorIs(t, w.read().err, io.EOF)
		})
	}
}

// pipe is a connection of a given input.
type pipe struct {
	io.Reader
	bytes.Buffer
}

func (p *pipe) Read(b []byte) (int, error)  { return p.Reader.Read(b) }
func (p *pipe) Write(b []byte) (int, error) { return p.Buffer.Write(b) }

// TestSendEscapes: what is sent comes back as it was, whatever it is.
func TestSendEscapes(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	out := &pipe{Reader: strings.NewReader("")}
	require.NoError(t, newWire(out).send(all))
	back := newWire(&pipe{Reader: bytes.NewReader(out.Bytes())}).read()
	require.Equal(t, all, back.packet)
}

// client is the other side of a connection.
type client struct {
	t    *testing.T
	conn net.Conn
	wire *wire
}

// dial serves a console over a pipe.
func dial(t *testing.T, load string) *client {
	con := startConsole(t, "", load)
	ours, theirs := net.Pipe()
	over := make(chan error, 1)
	server := New(con)
	go func() { over <- server.Serve(theirs); theirs.Close() }()
	t.Cleanup(func() { ours.Close(); <-over })
	require.NoError(t, ours.SetDeadline(time.Now().Add(time.Minute)))
	c := &client{t: t, conn: ours, wire: newWire(ours)}
	require.Equal(t, "OK", c.ask("QStartNoAckMode"))
	c.wire.noAck.Store(true)
	return c
}

// ask sends a packet and returns the answer.
func (c *client) ask(packet string) string {
	c.t.Helper()
	_, err := io.WriteString(c.conn, framed(packet))
	require.NoError(c.t, err)
	a := c.wire.read()
	require.NoError(c.t, a.err)
	return string(a.packet)
}

// TestMalformed: what is no packet of the protocol gets an error or the empty answer, and serving goes on.
func TestMalformed(t *testing.T) {
	c := dial(t, "hello.o")
	for _, row := range []struct{ packet, answer string }{
		{"", ""}, {"y", ""}, {"vMustReplyEmpty", ""}, {"qCRC:0,4", ""}, {"QNonStop:1", ""}, {"Z9,0,1", ""}, {"z9,0,1", ""},
		{"Z0", errMalformed}, {"Z0,zz,1", errMalformed}, {"Z2,c0100000,0", errRefused}, {"Z2,fffffff0,20", errRefused}, {"z0,1,1", "OK"},
		{"m", errMalformed}, {"m0", errMalformed}, {"m0,", errMalformed}, {"m0,4", errMemory}, {"m123456789,1", errMalformed},
		{"m-1,1", errMalformed}, {"M0,1:00", errMemory}, {"M0,2:00", errMalformed}, {"M0,1:0", errMalformed}, {"X0,1", errMalformed},
		{"X0,0:", "OK"}, {"X0,5:a", errMalformed}, {"Mfffffffe,4:00000000", errMemory},
		{"p", errMalformed}, {"pffff", errMalformed}, {"P0", errMalformed}, {"P0=00", errMalformed}, {"P0=zz", errMalformed},
		{"Pa=ffffffff", "E.a value of 4 bytes does not fit cs, which has 2"}, {"G00", errMalformed}, {"Gzz", errMalformed},
		{"H", errMalformed}, {"Hg7", errMalformed}, {"Hg0", "OK"}, {"T7", errRefused}, {"T1", "OK"},
		{"vCont", ""}, {"vCont;", errMalformed}, {"vCont;x", errMalformed}, {"vCont;c:7", errMalformed}, {"vCont;r1", errMalformed},
		{"czz", errMalformed}, {"s1ffffffff", errMalformed},
		{"qXfer:", ""}, {"qXfer:features:read:other.xml:0,10", "E00"}, {"qXfer:features:read:target.xml:0", errMalformed},
		{"qXfer:features:write:target.xml:0:1", ""}, {"qXfer:auxv:read::0,10", ""}, {"qXfer:libraries:read::ffffffff,1", "l"},
		{"qRcmd,zz", errMalformed}, {"qThreadExtraInfo,9", errMalformed},
		{"vFile:open:zz,0,0", fileInvalid}, {"vFile:open:2f,0,0", fileNotFound}, {"vFile:open:2f6574632f706173737764,0,0", fileNotFound},
		{"vFile:open:2f,1,0", fileDenied}, {"vFile:open:2f", fileInvalid}, {"vFile:pread:3,10,0", fileBadNumber}, {"vFile:fstat:3", fileBadNumber},
		{"vFile:close:3", fileBadNumber}, {"vFile:unlink:2f", ""},
	} {
		require.Equal(t, row.answer, c.ask(row.packet), "packet %q", row.packet)
	}
	require.Equal(t, "T05thread:1;", c.ask("?"), "serving goes on")
}

// TestGarbage: a connection that brings noise does not end serving.
func TestGarbage(t *testing.T) {
	c := dial(t, "hello.o")
	before := c.ask("g")
	_, err := io.WriteString(c.conn, "\x03\x03noise#zz+-\xff\x00")
	require.NoError(t, err)
	require.Equal(t, before, c.ask("g"))
}

func TestFiles(t *testing.T) {
	c := dial(t, "hello.o")
	name := c.ask("qXfer:exec-file:read:1:0,1000")
	require.Equal(t, "l/ring0/vmlinux-2.4.18-14", name)
	open := fmt.Sprintf("vFile:open:%x,0,0", name[1:])
	for n := range maxFiles {
		require.Equal(t, fmt.Sprintf("F%x", n+3), c.ask(open))
	}
	require.Equal(t, fileDenied, c.ask(open))
	require.Equal(t, "F4;\x7fELF", c.ask("vFile:pread:3,4,0"))
	require.Equal(t, "F0;", c.ask("vFile:pread:3,4,ffffffff"))
	require.Equal(t, fileInvalid, c.ask("vFile:pread:3,4,-1"))
	require.True(t, strings.HasPrefix(c.ask("vFile:fstat:3"), "F40;"))
	require.Equal(t, "F0", c.ask("vFile:close:3"))
	require.Equal(t, fileBadNumber, c.ask("vFile:pread:3,4,0"))
}

// TestRegisters: g is the registers one after the other, p each; the description is XML that says so.
func TestRegisters(t *testing.T) {
	c := dial(t, "hello.o")
	all := ""
	for i := range registers() {
		all += c.ask(fmt.Sprintf("p%x", i))
	}
	require.Equal(t, all, c.ask("g"))
	require.Equal(t, "OK", c.ask("P3=78563412"))
	require.Equal(t, "78563412", c.ask("p3"))
	require.Equal(t, "OK", c.ask("G"+all))
	require.Equal(t, all, c.ask("g"))

	type description struct {
		Features []struct {
			Registers []struct {
				Name string `xml:"name,attr"`
				Bits int    `xml:"bitsize,attr"`
			} `xml:"reg"`
		} `xml:"feature"`
	}
	var d description
	require.NoError(t, xml.Unmarshal([]byte(targetXML(registers())), &d))
	n := 0
	for _, f := range d.Features {
		for _, r := range f.Registers {
			require.Equal(t, registers()[n].name, r.Name)
			require.Equal(t, registers()[n].bits, r.Bits)
			require.Len(t, registers()[n].get(new(debugger.Registers)), r.Bits/8, r.Name)
			n++
		}
	}
	require.Len(t, registers(), n)
}

func TestFullTag(t *testing.T) {
	f := vm.FPU{Tag: 0b0111_1111}
	f.R[0].SE, f.R[0].Man = 0x3fff, 1<<63 // 1.0
	f.R[2].SE = 0x7fff                    // an infinity or NaN
	f.R[3].SE = 0x3fff                    // no integer bit
	f.R[4].Man = 1                        // denormal
	require.Equal(t, uint32(0b11_01_01_10_10_10_01_00), fullTag(&f))
}

// TestStops: what is said of a stop.
func TestStops(t *testing.T) {
	c := dial(t, "divide.o")
	require.Contains(t, c.ask("qSupported:swbreak+;hwbreak+;xmlRegisters=i386"), "swbreak+;hwbreak+")
	require.Equal(t, "T05library:;thread:1;", c.ask("s"), "gdb has not asked for libraries yet")
	require.Equal(t, "T05thread:1;", c.ask("s"))
	require.Contains(t, c.ask("qXfer:libraries:read::0,1000"), "divide.o")
	require.Regexp(t, `^T08thread:1;$`, c.ask("c"), "a divide error is SIGFPE")
	require.Equal(t, "T05replaylog:end;thread:1;", c.ask("vCont;c"))
	require.Equal(t, "T08thread:1;", c.ask("bc"))
	require.Equal(t, "T05library:;thread:1;", c.ask("bc"), "there is no module yet")
	require.Equal(t, "T05replaylog:begin;thread:1;", c.ask("bc"), "gdb goes on and is told where it stands")
	require.Equal(t, "T05replaylog:begin;thread:1;", c.ask("bs"))
}

// FuzzPackets: whatever a packet says, it gets an answer and the stub lives. Moves are left out: they take time.
func FuzzPackets(f *testing.F) {
	for _, seed := range []string{"g", "m0,4", "Mc0000000,1:00", "X0,0:", "Z0,c0100000,1", "z0,c0100000,1", "qSupported:swbreak+",
		"qXfer:features:read:target.xml:0,fff", "vFile:open:2f,0,0", "vFile:pread:3,10,0", "qRcmd,6c6f67", "G00", "P0=00000000", "vCont?", "H", "T1"} {
		f.Add([]byte(seed))
	}
	con := startConsole(f, "", "hello.o")
	f.Fuzz(func(t *testing.T, packet []byte) {
		s := New(con)
		s.points, s.files, s.knows = map[point]int{}, map[uint64][]byte{}, map[string]bool{}
		s.wire = newWire(&pipe{Reader: strings.NewReader("")})
		defer s.removePoints()
		switch {
		case len(packet) > 0 && strings.IndexByte("csbk", packet[0]) >= 0, hasPrefix(packet, "vCont;"), hasPrefix(packet, "qRcmd,"):
			return
		}
		reply, _ := s.handle(packet)
		require.LessOrEqual(t, len(reply), 2*maxPacket)
		s.wire = newWire(&pipe{Reader: bytes.NewReader(packet)})
		for s.wire.read().err == nil {
			continue
		}
	})
}

// TestFloatRegisters: the x87 stack counts from its top; XMM registers are little-endian.
func TestFloatRegisters(t *testing.T) {
	var r debugger.Registers
	r.FPU.FSW = 3 << 11
	r.FPU.R[3].SE, r.FPU.R[3].Man = 0x4000, 0xc000000000000000 // 3.0
	r.FPU.R[2].SE, r.FPU.R[2].Man = 0xbfff, 1<<63              // -1.0
	r.FPU.XMM[5] = [2]uint64{0x0807060504030201, 0x100f0e0d0c0b0a09}
	r.FPU.FCW, r.FPU.MXCSR, r.FPU.FIP, r.FPU.FOP = 0x37f, 0x1f80, 0xc0100000, 0x123
	want := map[string][]byte{
		"st0": {0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0x40}, "st7": {0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xbf},
		"xmm5": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, "fctrl": {0x7f, 3, 0, 0}, "fstat": {0, 0x18, 0, 0},
		"mxcsr": {0x80, 0x1f, 0, 0}, "fioff": {0, 0, 0x10, 0xc0}, "fop": {0x23, 1, 0, 0},
	}
	for _, row := range registers() {
		if bytes, wanted := want[row.name]; wanted {
			require.Equal(t, bytes, row.get(&r), row.name)
			delete(want, row.name)
		}
	}
	require.Empty(t, want, "every name is a register's")
}
