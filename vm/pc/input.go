// SPDX-License-Identifier: BSD-3-Clause

// What somebody types on the serial line.

package pc

// A Typist says what is typed next, without waiting for it; more is false
// when nothing will ever come again.
type Typist func() (data []byte, more bool)

// typingHz is how often the typist is asked, in guest time.
const typingHz = 100

// Type connects a typist to the serial port. It is asked while software
// listens and everything typed before has been sent, so that nothing is lost
// to a port that is being set up.
func (p *PC) Type(t Typist) {
	var ask func()
	next := func() { p.Schedule(p.Now()+p.Clock.Length(1, typingHz), ask) }
	ask = func() {
		if p.COM1.Listening() && p.COM1.Waiting() == 0 {
			data, more := t()
			p.COM1.Receive(data...)
			if !more {
				return
			}
		}
		next()
	}
	next()
}
