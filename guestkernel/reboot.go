// SPDX-License-Identifier: BSD-3-Clause
// Restarting, halting and idling the machine (2.4.18 arch/i386/kernel/process.c).

package guestkernel

func rebootFunctions() []Function {
	return []Function{
		{Name: "machine_restart", Fn: machineRestart, Level: Full},
		{Name: "machine_halt", Fn: func(*Call) {}, Level: Full},
		{Name: "machine_power_off", Fn: machinePowerOff, Level: Full},
		{Name: "disable_hlt", Fn: func(c *Call) { c.Kernel.countHlt(1) }, Level: Full},
		{Name: "enable_hlt", Fn: func(c *Call) { c.Kernel.countHlt(^uint32(0)) }, Level: Full},
	}
}

// machineRestart models void machine_restart(char *cmd): the processor resets, and the run is over.
func machineRestart(c *Call) {
	c.Kernel.stop(Outcome{Kind: TripleFault, Reason: "machine_restart called from " + c.Kernel.Symbolize(c.Caller())})
}

// machinePowerOff models void machine_power_off(void): calls pm_power_off, where somebody has set it.
func machinePowerOff(c *Call) {
	k := c.Kernel
	if fn := k.mem.U32(k.functionAt("pm_power_off")); fn != 0 {
		k.Call(fn)
	}
}

// countHlt adds d to hlt_counter. The idle task's HLT costs no time here, so that it never looks.
func (k *Kernel) countHlt(d uint32) {
	at := k.functionAt("hlt_counter")
	k.mem.SetU32(at, k.mem.U32(at)+d)
}
