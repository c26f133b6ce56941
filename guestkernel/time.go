// SPDX-License-Identifier: BSD-3-Clause
// Time of day (2.4.18 kernel/time.c, arch/i386/kernel/time.c).

package guestkernel

import "ring0/guestkernel/abi"

const usecPerSec = 1_000_000

func timeFunctions() []Function {
	return []Function{
		{Name: "do_gettimeofday", Fn: doGettimeofday, Level: Full},
		{Name: "do_settimeofday", Fn: doSettimeofday, Level: Full},
		{Name: "sys_time", Fn: sysTime, Level: Full},
		{Name: "sys_stime", Fn: sysStime, Level: Full},
		{Name: "sys_gettimeofday", Fn: sysGettimeofday, Level: Full},
		{Name: "sys_settimeofday", Fn: sysSettimeofday, Level: Full},
	}
}

// sinceTick is how many microseconds have gone by since the tick that xtime counts last (do_fast_gettimeoffset).
func (k *Kernel) sinceTick() uint32 {
	return uint32((k.m.Now() - kept(k, func() uint64 { return k.clock.lastTick })) / uint64(k.cfg.MHz))
}

// timeOfDay is xtime and what has gone by since.
func (k *Kernel) timeOfDay() (sec, usec uint32) {
	lay := &k.lay.Timeval
	sec, usec = k.mem.Get(k.sym.Xtime, lay.Sec), k.mem.Get(k.sym.Xtime, lay.Usec)+k.sinceTick()
	return sec + usec/usecPerSec, usec % usecPerSec
}

// setTimeOfDay sets xtime so that it is sec and usec now.
func (k *Kernel) setTimeOfDay(sec, usec uint32) {
	for left := int32(usec - k.sinceTick()); ; left += usecPerSec {
		if left >= 0 {
			k.mem.Set(k.sym.Xtime, k.lay.Timeval.Sec, sec)
			k.mem.Set(k.sym.Xtime, k.lay.Timeval.Usec, uint32(left))
			return
		}
		sec--
	}
}

// doGettimeofday models void do_gettimeofday(struct timeval *tv).
func doGettimeofday(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.Timeval
	sec, usec := k.timeOfDay()
	k.mem.Set(c.Arg(0), lay.Sec, sec)
	k.mem.Set(c.Arg(0), lay.Usec, usec)
}

// doSettimeofday models void do_settimeofday(struct timeval *tv).
func doSettimeofday(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.Timeval
	k.setTimeOfDay(k.mem.Get(c.Arg(0), lay.Sec), k.mem.Get(c.Arg(0), lay.Usec))
}

// sysTime models long sys_time(int *tloc): the seconds, which also go to tloc.
func sysTime(c *Call) {
	sec, _ := c.Kernel.timeOfDay()
	c.Return(sec)
	if c.Arg(0) != 0 && !c.Kernel.PutUser(c.Arg(0), sec, 4) {
		c.Fail(abi.EFAULT)
	}
}

// sysStime models long sys_stime(int *tptr).
func sysStime(c *Call) {
	k := c.Kernel
	if !k.running.Capable(abi.CapSysTime) {
		c.Fail(abi.EPERM)
		return
	}
	sec, ok := k.GetUser(c.Arg(0), 4)
	if !ok {
		c.Fail(abi.EFAULT)
		return
	}
	k.mem.Set(k.sym.Xtime, k.lay.Timeval.Sec, sec)
	k.mem.Set(k.sym.Xtime, k.lay.Timeval.Usec, 0)
	c.Return(0)
}

// sysGettimeofday models long sys_gettimeofday(struct timeval *tv, struct timezone *tz).
func sysGettimeofday(c *Call) {
	k, tv, tz := c.Kernel, c.Arg(0), c.Arg(1)
	c.Return(0)
	sec, usec := k.timeOfDay()
	if tv != 0 && !(k.PutUser(tv, sec, 4) && k.PutUser(tv+4, usec, 4)) {
		c.Fail(abi.EFAULT)
		return
	}
	if tz != 0 && k.CopyToUser(tz, k.mem.Bytes(k.sym.SysTz, timezoneSize)) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// timezoneSize is the size of struct timezone: minutes west of Greenwich, and a correction nobody uses.
const timezoneSize = 8

// sysSettimeofday models long sys_settimeofday(struct timeval *tv, struct timezone *tz). The first time zone set, without a
// time, moves the clock: the real-time clock is taken to have had local time.
func sysSettimeofday(c *Call) {
	k, tv, tz := c.Kernel, c.Arg(0), c.Arg(1)
	var value, zone [timezoneSize]byte
	if tv != 0 && k.CopyFromUser(value[:], tv) != 0 || tz != 0 && k.CopyFromUser(zone[:], tz) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	if !k.running.Capable(abi.CapSysTime) {
		c.Fail(abi.EPERM)
		return
	}
	c.Return(0)
	word := func(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24 }
	if tz != 0 {
		k.mem.Write(k.sym.SysTz, zone[:])
		if !k.clock.zoneSet && tv == 0 {
			sec := k.sym.Xtime + k.lay.Timeval.Sec.Off
			k.mem.SetU32(sec, k.mem.U32(sec)+word(zone[:])*60)
		}
		k.clock.zoneSet = true
	}
	if tv != 0 {
		k.setTimeOfDay(word(value[:]), word(value[4:]))
	}
}
