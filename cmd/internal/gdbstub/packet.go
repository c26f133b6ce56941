// SPDX-License-Identifier: BSD-3-Clause
// Packets of the GDB remote serial protocol (gdb manual, appendix E.1 "Overview"): framing, checksums, acknowledgement, escapes.

package gdbstub

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// maxPacket is the size of the largest packet, in bytes, as qSupported tells.
const maxPacket = 0x4000

// What the wire brings beside packets.
const (
	startByte     = '$'
	endByte       = '#'
	escapeByte    = '}'
	escapeXor     = 0x20
	interruptByte = 0x03
	ackByte       = '+'
	nakByte       = '-'
)

// arrival is something the other side sent.
type arrival struct {
	packet    []byte // decoded; nil: not a packet
	interrupt bool   // Ctrl-C
	again     bool   // the last packet did not arrive whole there
	err       error  // the connection is over
}

// wire reads and writes packets. Reading happens on one goroutine, writing on another.
type wire struct {
	in    *bufio.Reader
	out   io.Writer
	noAck atomic.Bool
	last  []byte // packet sent
}

func newWire(rw io.ReadWriter) *wire {
	const buffer = 4096
	return &wire{in: bufio.NewReaderSize(rw, buffer), out: rw}
}

// errBadPacket is a packet that did not arrive whole.
var errBadPacket = errors.New("gdbstub: checksum does not match")

// read returns the next arrival. Bytes between packets that mean nothing are passed over.
func (w *wire) read() arrival {
	for {
		b, err := w.in.ReadByte()
		switch {
		case err != nil:
			return arrival{err: err}
		case b == interruptByte:
			return arrival{interrupt: true}
		case b == nakByte && !w.noAck.Load():
			return arrival{again: true}
		case b == startByte:
			p, err := w.body()
			if errors.Is(err, errBadPacket) {
				return arrival{packet: nil}
			}
			if err != nil {
				return arrival{err: err}
			}
			return arrival{packet: p}
		}
	}
}

// body reads from behind "$" to the end of the checksum. A packet that grows beyond the limit is read to its end and counts as bad.
func (w *wire) body() ([]byte, error) {
	packet := make([]byte, 0, 64)
	sum, escaped, tooLong := byte(0), false, false
	for {
		b, err := w.in.ReadByte()
		if err != nil {
			return nil, err
		}
		if b == endByte {
			break
		}
		sum += b
		switch {
		case len(packet) >= maxPacket:
			tooLong = true
			continue
		case escaped:
			b ^= escapeXor
			escaped = false
		case b == escapeByte:
			escaped = true
			continue
		case b == startByte: // the start of a new packet: the old one was cut off
			packet, sum = packet[:0], 0
			continue
		}
		packet = append(packet, b)
	}
	var digits [2]byte
	if _, err := io.ReadFull(w.in, digits[:]); err != nil {
		return nil, err
	}
	hi, ok1 := unhex(digits[0])
	lo, ok2 := unhex(digits[1])
	if tooLong || escaped || !w.noAck.Load() && (!ok1 || !ok2 || hi<<4|lo != sum) {
		return nil, errBadPacket
	}
	return packet, nil
}

// acknowledge tells whether a packet arrived whole.
func (w *wire) acknowledge(ok bool) error {
	if w.noAck.Load() {
		return nil
	}
	b := []byte{ackByte}
	if !ok {
		b[0] = nakByte
	}
	_, err := w.out.Write(b)
	return err
}

// send writes a packet.
func (w *wire) send(payload []byte) error {
	buf := make([]byte, 0, len(payload)+4)
	buf = append(buf, startByte)
	for _, b := range payload {
		switch b {
		case startByte, endByte, escapeByte, '*':
			buf = append(buf, escapeByte, b^escapeXor)
		default:
			buf = append(buf, b)
		}
	}
	sum := byte(0)
	for _, b := range buf[1:] {
		sum += b
	}
	buf = append(buf, fmt.Sprintf("#%02x", sum)...)
	w.last = buf
	_, err := w.out.Write(buf)
	return err
}

// resend writes the last packet again.
func (w *wire) resend() error {
	_, err := w.out.Write(w.last)
	return err
}

// unhex is the value of a hexadecimal digit.
func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
