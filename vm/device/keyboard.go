// SPDX-License-Identifier: BSD-3-Clause

// The keyboard: its commands and what it answers, scan codes on the wire.
//
// IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and
// 102-key)". Left out: key types of scan code set 3 (FB–FD), which are
// answered with Resend like any command a keyboard does not know.

package device

// KeyboardState is the state of the keyboard.
type KeyboardState struct {
	Queue    []uint8 // bytes to send
	SendAt   uint64  // when the first of them is at the controller
	Last     uint8   // the byte sent last
	Scanning bool    // keys are looked at
	Set      uint8   // scan code set
	LEDs     uint8
	Rate     uint8 // typematic rate and delay
	Command  uint8 // it waits for an operand; 0: none
	TestEnds bool  // the byte at the end of Queue is the self-test's result
	Break    bool  // translation: the last code was F0
}

// Keyboard commands and answers.
const (
	keySetLEDs  = 0xed
	keyEcho     = 0xee
	keyScanSet  = 0xf0
	keyIdentify = 0xf2
	keySetRate  = 0xf3
	keyEnable   = 0xf4
	keyDisable  = 0xf5
	keyDefaults = 0xf6
	keyAllTypes = 0xf7 // to FA: key types of set 3, all keys
	keyResend   = 0xfe // also an answer
	keyReset    = 0xff
	keyAck      = 0xfa
	keyPassed   = 0xaa // self-test
	keyBreak    = 0xf0 // in front of the code of a released key
)

// Typematic default: 10.9 characters a second after half a second.
const keyDefaultRate = 0x2b

// How long things take, in microseconds.
const (
	keyByteTime = 1000    // 11 bits on the wire
	keyTestTime = 300_000 // self-test
)

const microsecond = 1_000_000 // in hertz

func newKeyboardState() KeyboardState {
	return KeyboardState{Scanning: true, Set: 2, Rate: keyDefaultRate, SendAt: never}
}

// keyboard is the state with its clock.
type keyboard struct {
	clock *Clock
	s     *KeyboardState
}

// send queues bytes.
func (k *keyboard) send(codes ...uint8) {
	s := k.s
	if len(s.Queue) == 0 {
		s.SendAt = k.clock.Now() + k.clock.Length(keyByteTime, microsecond)
	}
	s.Queue = append(s.Queue, codes...)
}

// nextByte is when take has the next byte.
func (k *keyboard) nextByte() uint64 {
	if len(k.s.Queue) == 0 {
		return never
	}
	return max(k.s.SendAt, k.clock.Now()+1)
}

// take is the byte that has arrived, if one has.
func (k *keyboard) take() (uint8, bool) {
	s := k.s
	if len(s.Queue) == 0 || k.clock.Now() < s.SendAt {
		return 0, false
	}
	s.Last, s.Queue = s.Queue[0], s.Queue[1:]
	delay := uint64(keyByteTime)
	if s.TestEnds && len(s.Queue) == 1 {
		delay, s.TestEnds = keyTestTime, false
	}
	s.SendAt = k.clock.Now() + k.clock.Length(delay, microsecond)
	return s.Last, true
}

// command is a byte from the controller. It ends what the keyboard was sending.
func (k *keyboard) command(v uint8) {
	s := k.s
	s.Queue, s.TestEnds = nil, false
	if pending := s.Command; pending != 0 && v < keySetLEDs {
		s.Command = 0
		k.operand(pending, v)
		return
	}
	s.Command = 0
	switch {
	case v == keySetLEDs, v == keyScanSet, v == keySetRate:
		s.Command = v
		k.send(keyAck)
	case v == keyEcho:
		k.send(keyEcho)
	case v == keyIdentify:
		k.send(keyAck, 0xab, 0x83)
	case v == keyEnable:
		s.Scanning = true
		k.send(keyAck)
	case v == keyDisable, v == keyDefaults:
		s.Set, s.Rate, s.Scanning = 2, keyDefaultRate, v == keyDefaults
		k.send(keyAck)
	case v >= keyAllTypes && v <= keyAck:
		k.send(keyAck)
	case v == keyResend:
		k.send(s.Last)
	case v == keyReset:
		last := s.Last
		*s = newKeyboardState()
		s.Last, s.TestEnds = last, true
		k.send(keyAck, keyPassed)
	default:
		k.send(keyResend)
	}
}

// operand is the byte after a command that has one.
func (k *keyboard) operand(command, v uint8) {
	s := k.s
	switch {
	case command == keySetLEDs && v <= 7:
		s.LEDs = v
	case command == keySetRate && v <= 0x7f:
		s.Rate = v
	case command == keyScanSet && v == 0:
		k.send(keyAck, s.Set)
		return
	case command == keyScanSet && v <= 3:
		s.Set = v
	default:
		k.send(keyResend)
		return
	}
	k.send(keyAck)
}

// translate is what the controller makes of a byte on its way from scan code
// set 2 to set 1. The break prefix becomes bit 7 of the next code and is no
// byte of its own.
func (k *keyboard) translate(v uint8) (uint8, bool) {
	s := k.s
	if v == keyBreak {
		s.Break = true
		return 0, false
	}
	if int(v) < len(set2to1) {
		v = set2to1[v]
	}
	if s.Break {
		v |= 0x80
		s.Break = false
	}
	return v, true
}

// set2to1 has the controller's answer for codes of set 2; higher ones pass.
var set2to1 = [...]uint8{
	0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
	0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
	0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
	0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
	0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
	0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
	0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
	0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
	0x80, 0x81, 0x82, 0x41, 0x54,
}
