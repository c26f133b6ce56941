// SPDX-License-Identifier: BSD-3-Clause

// The 8042 keyboard controller, as PS/2 boards have it, without a mouse.
//
// IBM PS/2 Hardware Interface Technical Reference, "Keyboard and auxiliary
// device controller"; IBM PC AT Technical Reference for the input port.
//
//	60   data, to the keyboard or for the last command; the output buffer
//	64   commands; status
//
// The controller acts on a command at once: the input buffer is never seen
// full. Bytes from the keyboard take their time on the wire (keyboard.go).

package device

import "ring0/vm"

// I8042State is the state of the controller and its keyboard.
type I8042State struct {
	RAM      [32]uint8 // the first byte is the command byte
	Output   uint8     // output port
	Buffer   KeyByte   // output buffer
	Full     bool
	Replies  []KeyByte // what goes into the buffer next
	Command  uint8     // the last command
	WantData bool      // it waits for a byte at port 60
	Written  uint8     // status bit 3: the last write was a command
	Keyboard KeyboardState
}

// KeyByte is a byte in the output buffer.
type KeyByte struct {
	Value   uint8
	Aux     bool // of the auxiliary device
	Timeout bool
}

// Status bits.
const (
	kbdFull    = 1 << 0
	kbdSystem  = 1 << 2
	kbdCommand = 1 << 3
	kbdUnlock  = 1 << 4
	kbdAux     = 1 << 5
	kbdTimeout = 1 << 6
)

// Command byte bits.
const (
	kbcIRQ1       = 1 << 0
	kbcIRQ12      = 1 << 1
	kbcSystem     = 1 << 2
	kbcDisable    = 1 << 4
	kbcDisableAux = 1 << 5
	kbcTranslate  = 1 << 6
)

// KBCOutputA20 is the bit of the output port that opens the A20 gate.
const KBCOutputA20 = 1 << 1

// Output port bits.
const (
	kboReset    = 1 << 0 // low: reset
	kboA20      = KBCOutputA20
	kboFull     = 1 << 4 // IRQ 1
	kboAuxFull  = 1 << 5 // IRQ 12
	kboKeyClock = 1 << 6
	kboKeyData  = 1 << 7
	// At power-up all lines float high: A20 is open.
	kboPowerUp = 0xff &^ (kboFull | kboAuxFull)
)

// Commands.
const (
	kbcReadRAM     = 0x20 // to 3F
	kbcWriteRAM    = 0x60 // to 7F
	kbcPassword    = 0xa4
	kbcAuxOff      = 0xa7
	kbcAuxOn       = 0xa8
	kbcAuxTest     = 0xa9
	kbcSelfTest    = 0xaa
	kbcKeyTest     = 0xab
	kbcKeyOff      = 0xad
	kbcKeyOn       = 0xae
	kbcReadInput   = 0xc0
	kbcReadOutput  = 0xd0
	kbcWriteOutput = 0xd1
	kbcWriteBuffer = 0xd2
	kbcWriteAuxBuf = 0xd3
	kbcWriteAux    = 0xd4
	kbcTestInputs  = 0xe0
	kbcPulse       = 0xf0 // to FF
)

// Input port: unlocked, colour display, no manufacturing jumper.
const kbInputPort = 0xb0

// I8042 is the controller.
type I8042 struct {
	cfg   I8042Config
	s     I8042State
	keyb  keyboard
	alarm *alarm
}

// I8042Config has the controller's wires.
type I8042Config struct {
	IRQ1, IRQ12 Line
	A20         Line
	Reset       func(Reset)
}

// NewI8042 makes the controller with a keyboard.
func NewI8042(m *vm.Machine, clock *Clock, cfg I8042Config) (*I8042, error) {
	k := &I8042{cfg: cfg}
	k.s.Output = kboPowerUp
	k.s.RAM[0] = kbcDisable | kbcDisableAux | kbcTranslate
	k.s.Keyboard = newKeyboardState()
	k.keyb = keyboard{clock: clock, s: &k.s.Keyboard}
	k.alarm = newAlarm(clock, k.update)
	k.update()
	return k, Attach(m, k, Ports{0x60, 0x60}, Ports{0x64, 0x64})
}

// Keys makes the keyboard send codes, of scan code set 2, as if typed.
func (k *I8042) Keys(codes ...uint8) {
	if k.s.Keyboard.Scanning {
		k.keyb.send(codes...)
		k.update()
	}
}

// In reads the output buffer or the status.
func (k *I8042) In(port uint16) uint8 {
	s := &k.s
	if port == 0x64 {
		return s.status()
	}
	s.Full = false
	v := s.Buffer.Value
	k.drive() // the interrupt falls before the next byte raises it again
	k.update()
	return v
}

// Out writes a command or data.
func (k *I8042) Out(port uint16, v uint8) {
	s := &k.s
	switch {
	case port == 0x64:
		s.Written = kbdCommand
		s.Command, s.WantData = v, false
		k.command(v)
	case s.WantData:
		s.Written = 0
		s.WantData = false
		k.data(v)
	default:
		s.Written = 0
		s.RAM[0] &^= kbcDisable // to talk to the keyboard enables it
		k.keyb.command(v)
	}
	k.update()
}

func (s *I8042State) status() uint8 {
	v := s.Written | kbdUnlock
	if s.RAM[0]&kbcSystem != 0 {
		v |= kbdSystem
	}
	if s.Full {
		v |= kbdFull
		if s.Buffer.Aux {
			v |= kbdAux
		}
		if s.Buffer.Timeout {
			v |= kbdTimeout
		}
	}
	return v
}

// command is a write to port 64. Codes without a meaning are ignored.
func (k *I8042) command(v uint8) {
	s := &k.s
	switch {
	case v&0xe0 == kbcReadRAM:
		k.reply(s.RAM[v&0x1f])
	case v&0xe0 == kbcWriteRAM, v >= kbcWriteOutput && v <= kbcWriteAux:
		s.WantData = true
	case v >= kbcPulse:
		if v&kboReset == 0 {
			k.cfg.Reset(ResetCPU)
		}
	}
	switch v {
	case kbcPassword:
		k.reply(0xf1) // none
	case kbcAuxOff:
		s.RAM[0] |= kbcDisableAux
	case kbcAuxOn:
		s.RAM[0] &^= kbcDisableAux
	case kbcSelfTest:
		s.RAM[0] |= kbcSystem
		k.reply(0x55)
	case kbcAuxTest, kbcKeyTest:
		k.reply(0) // no line is stuck
	case kbcKeyOff:
		s.RAM[0] |= kbcDisable
	case kbcKeyOn:
		s.RAM[0] &^= kbcDisable
	case kbcReadInput:
		k.reply(kbInputPort)
	case kbcReadOutput:
		k.reply(s.outputPort())
	case kbcTestInputs:
		k.reply(3 &^ (s.RAM[0] & kbcDisable >> 4) &^ (s.RAM[0] & kbcDisableAux >> 4)) // the clock lines
	}
}

// data is the byte a command waited for.
func (k *I8042) data(v uint8) {
	s := &k.s
	switch c := s.Command; {
	case c&0xe0 == kbcWriteRAM:
		s.RAM[c&0x1f] = v
	case c == kbcWriteOutput:
		s.Output = v
		if v&kboReset == 0 {
			k.cfg.Reset(ResetCPU)
		}
	case c == kbcWriteBuffer:
		k.reply(v)
	case c == kbcWriteAuxBuf:
		s.Replies = append(s.Replies, KeyByte{Value: v, Aux: true})
	case c == kbcWriteAux: // there is no device to answer
		s.Replies = append(s.Replies, KeyByte{Value: 0xfe, Aux: true, Timeout: true})
	}
}

func (k *I8042) reply(v uint8) { k.s.Replies = append(k.s.Replies, KeyByte{Value: v}) }

// outputPort is the output port as it reads, with the interrupt lines.
func (s *I8042State) outputPort() uint8 {
	v := s.Output &^ (kboFull | kboAuxFull)
	if s.Full && !s.Buffer.Aux {
		v |= kboFull
	}
	if s.Full && s.Buffer.Aux {
		v |= kboAuxFull
	}
	return v
}

// update moves the next byte into the output buffer.
func (k *I8042) update() {
	s := &k.s
	if !s.Full && len(s.Replies) > 0 {
		s.Buffer, s.Full = s.Replies[0], true
		s.Replies = s.Replies[1:]
	}
	next := uint64(never)
	if !s.Full && s.RAM[0]&kbcDisable == 0 {
		if v, ok := k.keyb.take(); ok {
			if s.RAM[0]&kbcTranslate != 0 {
				v, ok = k.keyb.translate(v)
			}
			s.Buffer, s.Full = KeyByte{Value: v}, ok
		}
		next = k.keyb.nextByte()
	}
	k.alarm.set(next)
	k.drive()
}

// drive sets the wires.
func (k *I8042) drive() {
	s := &k.s
	k.cfg.IRQ1.drive(s.Full && !s.Buffer.Aux && s.RAM[0]&kbcIRQ1 != 0)
	k.cfg.IRQ12.drive(s.Full && s.Buffer.Aux && s.RAM[0]&kbcIRQ12 != 0)
	k.cfg.A20.drive(s.Output&kboA20 != 0)
}

// State and SetState are for snapshots.
func (k *I8042) State() I8042State {
	s := k.s
	s.Replies = append([]KeyByte(nil), s.Replies...)
	s.Keyboard.Queue = append([]uint8(nil), s.Keyboard.Queue...)
	return s
}

// SetState restores a State.
func (k *I8042) SetState(s I8042State) {
	k.s = s
	k.s = k.State()
	k.update()
}
