// SPDX-License-Identifier: BSD-3-Clause
// Exported variables of the kernel that its image has filled in, and that belong to no part of the model (2.4.18
// drivers/char/tty_io.c, console.c, kernel/sys.c, arch/i386/kernel/apm.c).

package guestkernel

// bootStaticData writes them.
func (k *Kernel) bootStaticData() error {
	const nobody = 65534
	for _, name := range []string{"overflowuid", "overflowgid", "fs_overflowuid", "fs_overflowgid"} {
		k.mem.SetU32(k.symbol(name), nobody)
	}
	k.initSemaphore(k.symbol("apm_battery_hook_sem"), 1)
	k.initRwsem(k.symbol("uts_sem"))
	k.listInit(k.symbol("file_lock_list"))
	const ttl, reordering = 64, 3
	k.mem.SetU32(k.symbol("sysctl_ip_default_ttl"), ttl)
	k.mem.SetU32(k.symbol("sysctl_tcp_reordering"), reordering)
	k.setInts("sysctl_local_port_range", 1024, 4999)
	k.bootColours()
	k.bootTermios()
	return nil
}

// initRwsem makes a read-write semaphore that nobody has: count, waiters.
func (k *Kernel) initRwsem(sem uint32) {
	k.mem.SetU32(sem, 0)
	k.listInit(sem + wordSize)
}

// setInts fills an array of int.
func (k *Kernel) setInts(name string, values ...uint32) {
	at := k.symbol(name)
	for i, v := range values {
		k.mem.SetU32(at+uint32(i)*wordSize, v)
	}
}

// bootColours fills in the 16 colours of the text screen: red, green, blue by the screen's number, and that number by ANSI's.
func (k *Kernel) bootColours() {
	const half, low, full = 0xaa, 0x55, 0xff
	k.setInts("default_red", 0, half, 0, half, 0, half, 0, half, low, full, low, full, low, full, low, full)
	k.setInts("default_grn", 0, 0, half, low, 0, 0, half, half, low, low, full, full, low, low, full, full)
	k.setInts("default_blu", 0, 0, 0, 0, half, half, half, half, low, low, low, low, full, full, full, full)
	k.mem.Write(k.symbol("color_table"), []byte{0, 4, 2, 6, 1, 5, 3, 7, 8, 12, 10, 14, 9, 13, 11, 15})
}

// bootTermios fills in what a terminal is set to when nobody has said otherwise: struct termios has four words of flags, the
// line discipline and the control characters.
func (k *Kernel) bootTermios() {
	const (
		input   = 0o400 | 0o2000               // ICRNL, IXON
		output  = 1 | 4                        // OPOST, ONLCR
		control = 0o17 | 0o60 | 0o200 | 0o2000 // B38400, CS8, CREAD, HUPCL
		local   = 0o105073                     // ISIG, ICANON, ECHO, ECHOE, ECHOK, ECHOCTL, ECHOKE, IEXTEN
		chars   = 17                           // offset of c_cc
	)
	k.setInts("tty_std_termios", input, output, control, local)
	k.mem.Write(k.symbol("tty_std_termios")+chars, []byte{3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0})
}
