// SPDX-License-Identifier: BSD-3-Clause
// Random numbers (2.4.18 drivers/char/random.c). Two runs give the same ones: a run can be repeated.

package guestkernel

import "encoding/binary"

func randomFunctions() []Function {
	ignore := func(*Call) {}
	const fixed = "there is no entropy pool: the numbers are the same in every run"
	return []Function{
		{Name: "get_random_bytes", Fn: getRandomBytes, Level: Partial, Note: fixed},
		{Name: "add_interrupt_randomness", Fn: ignore, Level: Partial, Note: fixed},
		{Name: "add_keyboard_randomness", Fn: ignore, Level: Partial, Note: fixed},
		{Name: "add_mouse_randomness", Fn: ignore, Level: Partial, Note: fixed},
		{Name: "add_blkdev_randomness", Fn: ignore, Level: Partial, Note: fixed},
	}
}

// getRandomBytes models void get_random_bytes(void *buf, int nbytes).
func getRandomBytes(c *Call) {
	at, n := c.Arg(0), int32(c.Arg(1))
	var b [8]byte
	for n > 0 {
		binary.LittleEndian.PutUint64(b[:], c.Kernel.drv.nextRandom())
		part := min(n, int32(len(b)))
		c.Kernel.mem.Write(at, b[:part])
		at, n = at+uint32(part), n-part
	}
}

// nextRandom is a step of splitmix64.
func (s *driverState) nextRandom() uint64 {
	s.rnd += 0x9e3779b97f4a7c15
	z := s.rnd
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
