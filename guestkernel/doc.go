// SPDX-License-Identifier: BSD-3-Clause
// What package guestkernel is and how its parts hang together.

// Package guestkernel is a small Linux 2.4 kernel, modelled in Go, on the machine of package vm.
//
// What a 2.4 kernel keeps in memory lies in guest memory in the profile's real layout; Go keeps only what the guest
// cannot see. Guest code reaches Go through VMCALL alone: every function of the real kernel has a slot at its System.map
// address, and the slot's VMCALL runs the [Function] row of that name. Go reaches guest code through [Kernel.Invoke].
//
// A row that gives up the CPU, or calls guest code, may be called again with what it saw the first time (tape.go). Guest
// memory and the CPU take care of themselves; for what Go keeps, and for what the host says, there is kept.
//
//	config.go boot*.go      from a Config to a booted Kernel
//	kernel.go function.go   the Kernel, its subsystems, the rows of modelled functions
//	dispatch.go call.go     VMCALL → row; a row's view of its caller
//	guestcall.go            calling guest code from Go
//	memory.go usermem.go    guest memory as kernel code and as copy_from_user sees it
//	pages.go slab*.go vmalloc.go pagetable.go usermm.go  memory management
//	task.go coroutine.go schedule.go signal.go exit.go   tasks
//	process.go usermap.go outcome.go  host-driven processes and how a system call ended
//	trap.go fault.go extable.go oops*.go panic.go        exceptions and what they end in
//	module*.go              the module system calls
//	printk.go vsprintf.go string.go …  what modules call, a file per header or source file of the kernel
//	clock.go timer.go       the tick, timers, wall time
//	irq*.go i8259.go        interrupt lines, their handlers, the controller
//	softirq.go bottomhalf.go waitqueue.go semaphore.go rwsem.go  work put off, waiting
//	kthread.go daemons.go sigsend.go  kernel threads, the kernel's own tasks, signals
//	fork.go mmap.go sig*.go elf.go user*.go pipe.go select.go  programs: processes, their memory, signals, files
//	vfs.go super.go inode.go dcache.go walk.go file*.go ramfs.go  mounts, names, open files
//	pagecache.go filemap.go bufferhead.go reclaim.go  pages and blocks of files, and giving them back
//	blk*.go ramdisk.go partition.go disk*.go          block devices, their queues and names
//	proc_*.go seqfile.go sysctl*.go                   /proc and what modules put there
//	chrdev.go misc.go memdev.go tty*.go ntty*.go      character devices, terminals, the line discipline
//	pci*.go ioport.go dma.go mtrr.go lpt.go timerchip.go  the PC that drivers look for
//	net*.go sk*.go sock*.go datagram.go arp.go atm.go police.go  network devices, packets, sockets, netlink, hooks
//	callhook.go check*.go finding.go  looking for what modules do wrong and 2.4 does not notice
//	fail*.go useraccess.go  calls that fail on demand
//	checkpoint*.go tape*.go renew.go  going back: tables, what functions in flight were told, their Go stacks made again
//	hostcall.go             functions called on behalf of the host
//	entry/                  the real guest code: IDT stubs, int 0x80, user copies
//	inflate/                zlib streams in pieces, as the kernel decompresses them
package guestkernel
