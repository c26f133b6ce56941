// SPDX-License-Identifier: BSD-3-Clause
// syslog(2): reading the log's ring, and what the console shows (2.4.18 kernel/printk.c do_syslog).

package guestkernel

import "ring0/guestkernel/abi"

// Commands of syslog(2).
const (
	syslogClose = iota
	syslogOpen
	syslogRead       // what has not been read yet; waits for something
	syslogReadAll    // the last of what was logged since the last clearing
	syslogReadClear  // the same, and clears
	syslogClear      // clears
	syslogConsoleOff // only emergencies reach the console
	syslogConsoleOn
	syslogConsoleLevel
	syslogUnread // how many bytes have not been read
)

// sysSyslog models long sys_syslog(int type, char *buf, int len). All but reading the ring needs CAP_SYS_ADMIN.
func sysSyslog(c *Call) {
	k, command := c.Kernel, c.Arg(0)
	if command != syslogReadAll && !k.running.Capable(abi.CapSysAdmin) {
		c.Fail(abi.EPERM)
		return
	}
	level := k.sym.ConsolePrintk + consoleLogLevel
	c.Return(0)
	switch command {
	case syslogClose, syslogOpen:
	case syslogRead:
		c.Return(uint32(k.readLog(c.Arg(1), int32(c.Arg(2)))))
	case syslogReadAll, syslogReadClear:
		c.Return(uint32(k.readLastLog(c.Arg(1), int32(c.Arg(2)), command == syslogReadClear)))
	case syslogClear:
		k.mem.SetU32(k.sym.LoggedChars, 0)
	case syslogConsoleOff:
		k.mem.SetU32(level, k.mem.U32(k.sym.ConsolePrintk+minimumConsoleLogLevel))
	case syslogConsoleOn:
		k.mem.SetU32(level, k.mem.U32(k.sym.ConsolePrintk+defaultConsoleLogLevel))
	case syslogConsoleLevel:
		want := int32(c.Arg(2))
		if want < 1 || want > 8 {
			c.Fail(abi.EINVAL)
			return
		}
		k.mem.SetU32(level, uint32(max(want, int32(k.mem.U32(k.sym.ConsolePrintk+minimumConsoleLogLevel)))))
	case syslogUnread:
		c.Return(k.mem.U32(k.sym.LogEnd) - k.mem.U32(k.sym.LogStart))
	default:
		c.Fail(abi.EINVAL)
	}
}

// logBuffer checks where the log is to be put. done is set when there is nothing to do but to return result.
func (k *Kernel) logBuffer(buf uint32, length int32) (result int32, done bool) {
	switch {
	case buf == 0 || length < 0:
		return -int32(abi.EINVAL), true
	case length == 0:
		return 0, true
	case !k.AccessOK(buf, uint32(length)):
		return -int32(abi.EFAULT), true
	}
	return 0, false
}

// readLog takes up to length unread bytes, and sleeps until there are some. Returns how many. What a bad address lies
// behind is lost.
func (k *Kernel) readLog(buf uint32, length int32) int32 {
	if result, done := k.logBuffer(buf, length); done {
		return result
	}
	lay := &k.lay.Task
	for k.mem.U32(k.sym.LogStart) == k.mem.U32(k.sym.LogEnd) {
		t := k.running
		if t.Get(lay.Sigpending) != 0 {
			return -int32(abi.ERESTARTSYS)
		}
		t.Set(lay.State, abi.TaskInterruptible)
		k.log.readers = append(k.log.readers, t)
		k.Schedule()
	}
	start := k.mem.U32(k.sym.LogStart)
	n := min(uint32(length), k.mem.U32(k.sym.LogEnd)-start)
	k.mem.SetU32(k.sym.LogStart, start+n)
	if k.CopyToUser(buf, k.ringText(start, start+n)) != 0 {
		return -int32(abi.EFAULT)
	}
	return int32(n)
}

// wakeLogReaders wakes who sleeps in readLog.
func (k *Kernel) wakeLogReaders() {
	readers := k.log.readers
	k.log.readers = nil
	for _, t := range readers {
		k.Wake(t)
	}
}

// readLastLog copies the last bytes logged since the log was cleared, whoever has read them, and returns how many.
func (k *Kernel) readLastLog(buf uint32, length int32, clear bool) int32 {
	if result, done := k.logBuffer(buf, length); done {
		return result
	}
	end, logged := k.mem.U32(k.sym.LogEnd), k.mem.U32(k.sym.LoggedChars)
	if clear {
		k.mem.SetU32(k.sym.LoggedChars, 0)
	}
	n := min(uint32(length), logged, logBufLen)
	if k.CopyToUser(buf, k.ringText(end-n, end)) != 0 {
		return -int32(abi.EFAULT)
	}
	return int32(n)
}
