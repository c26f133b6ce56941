// SPDX-License-Identifier: BSD-3-Clause
// The system call nanosleep (2.4.18 kernel/timer.c, linux/time.h).

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

const (
	nsecPerSec   = 1_000_000_000
	timespecSize = 8              // seconds, nanoseconds
	maxJiffies   = 0x7fffffff - 1 // MAX_JIFFY_OFFSET
)

func nanosleepFunctions() []Function {
	return []Function{
		{Name: "sys_nanosleep", Fn: sysNanosleep, Level: Partial, Note: "a real-time task sleeps too where 2.4.18 waits in a loop, up to 2 ms"},
	}
}

// sysNanosleep models long sys_nanosleep(struct timespec *rqtp, struct timespec *rmtp): sleeps until the ticks are over that
// the time takes, and one more. A signal ends it with EINTR and what was left at rmtp.
func sysNanosleep(c *Call) {
	k := c.Kernel
	var request [timespecSize]byte
	if k.CopyFromUser(request[:], c.Arg(0)) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	sec, nsec := binary.LittleEndian.Uint32(request[:]), binary.LittleEndian.Uint32(request[4:])
	if int32(sec) < 0 || nsec >= nsecPerSec {
		c.Fail(abi.EINVAL)
		return
	}
	hz := uint32(k.profile.HZ)
	ticks := uint32(maxJiffies)
	if sec < maxJiffies/hz {
		tick := nsecPerSec / hz
		ticks = hz*sec + (nsec+tick-1)/tick
	}
	if sec|nsec != 0 {
		ticks++
	}
	c.Task().Set(k.lay.Task.State, abi.TaskInterruptible)
	left := c.sleepFor(ticks)
	c.Return(0)
	if left == 0 {
		return
	}
	c.Fail(abi.EINTR)
	if at := c.Arg(1); at != 0 {
		var rest [timespecSize]byte
		binary.LittleEndian.PutUint32(rest[:], left/hz)
		binary.LittleEndian.PutUint32(rest[4:], left%hz*(nsecPerSec/hz))
		if k.CopyToUser(at, rest[:]) != 0 {
			c.Fail(abi.EFAULT)
		}
	}
}
