// SPDX-License-Identifier: BSD-3-Clause
// Constants of the kernel's headers that are the same in all 2.4 kernels, by header. For those that differ between kernels,
// GFP_KERNEL or PG_locked among them, ask [Profile.Constant].
//
// The comment behind each begins with its C name, and a test compares the value with the profile's.

package abi

// Module flags: the flags of struct module (linux/module.h).
const (
	ModUninitialized = 0    // MOD_UNINITIALIZED: created, or its init failed
	ModRunning       = 1    // MOD_RUNNING: init returned 0
	ModDeleted       = 2    // MOD_DELETED: cleanup has begun
	ModAutoclean     = 4    // MOD_AUTOCLEAN: may be unloaded when unused
	ModVisited       = 8    // MOD_VISITED: delete_module's mark while it looks for unused modules
	ModUsedOnce      = 0x10 // MOD_USED_ONCE: its use count was above 0 once
	ModJustFreed     = 0x20 // MOD_JUST_FREED: a user of it has just gone
	ModInitializing  = 0x40 // MOD_INITIALIZING: its init is running
)

// What query_module(2) can be asked (linux/module.h).
const (
	QMModules = 1 // QM_MODULES
	QMDeps    = 2 // QM_DEPS
	QMRefs    = 3 // QM_REFS
	QMSymbols = 4 // QM_SYMBOLS
	QMInfo    = 5 // QM_INFO
)

// Task states (linux/sched.h).
const (
	TaskRunning         = 0 // TASK_RUNNING
	TaskInterruptible   = 1 // TASK_INTERRUPTIBLE
	TaskUninterruptible = 2 // TASK_UNINTERRUPTIBLE
	TaskZombie          = 4 // TASK_ZOMBIE
	TaskStopped         = 8 // TASK_STOPPED
)

// Task flags that do not differ between 2.4 kernels (linux/sched.h).
const (
	PFStarting   = 2        // PF_STARTING: being created
	PFExiting    = 4        // PF_EXITING: in do_exit
	PFForkNoExec = 0x40     // PF_FORKNOEXEC
	PFSuperPriv  = 0x100    // PF_SUPERPRIV: used a privilege of the superuser
	PFDumpCore   = 0x200    // PF_DUMPCORE
	PFSignaled   = 0x400    // PF_SIGNALED: killed by a signal
	PFMemalloc   = 0x800    // PF_MEMALLOC
	PFUsedFPU    = 0x100000 // PF_USEDFPU: used the FPU in this time slice
)

// Scheduling policies (linux/sched.h).
const (
	SchedOther = 0 // SCHED_OTHER
	SchedFIFO  = 1 // SCHED_FIFO
	SchedRR    = 2 // SCHED_RR
)

// Wait queue entry flags (linux/wait.h).
const (
	WQFlagExclusive = 1 // WQ_FLAG_EXCLUSIVE
)

// Flags of clone(2) (linux/sched.h).
const (
	CloneVM      = 0x100   // CLONE_VM
	CloneFS      = 0x200   // CLONE_FS
	CloneFiles   = 0x400   // CLONE_FILES
	CloneSighand = 0x800   // CLONE_SIGHAND
	ClonePID     = 0x1000  // CLONE_PID
	ClonePtrace  = 0x2000  // CLONE_PTRACE
	CloneVfork   = 0x4000  // CLONE_VFORK
	CloneParent  = 0x8000  // CLONE_PARENT
	CloneThread  = 0x10000 // CLONE_THREAD
)

// Capabilities: bit numbers in the sets of a task (linux/capability.h).
const (
	CapChown          = 0  // CAP_CHOWN
	CapDACOverride    = 1  // CAP_DAC_OVERRIDE
	CapDACReadSearch  = 2  // CAP_DAC_READ_SEARCH
	CapFowner         = 3  // CAP_FOWNER
	CapFsetid         = 4  // CAP_FSETID
	CapKill           = 5  // CAP_KILL
	CapSetgid         = 6  // CAP_SETGID
	CapSetuid         = 7  // CAP_SETUID
	CapSetpcap        = 8  // CAP_SETPCAP
	CapLinuxImmutable = 9  // CAP_LINUX_IMMUTABLE
	CapNetBindService = 10 // CAP_NET_BIND_SERVICE
	CapNetBroadcast   = 11 // CAP_NET_BROADCAST
	CapNetAdmin       = 12 // CAP_NET_ADMIN
	CapNetRaw         = 13 // CAP_NET_RAW
	CapIPCLock        = 14 // CAP_IPC_LOCK
	CapIPCOwner       = 15 // CAP_IPC_OWNER
	CapSysModule      = 16 // CAP_SYS_MODULE
	CapSysRawio       = 17 // CAP_SYS_RAWIO
	CapSysChroot      = 18 // CAP_SYS_CHROOT
	CapSysPtrace      = 19 // CAP_SYS_PTRACE
	CapSysPacct       = 20 // CAP_SYS_PACCT
	CapSysAdmin       = 21 // CAP_SYS_ADMIN
	CapSysBoot        = 22 // CAP_SYS_BOOT
	CapSysNice        = 23 // CAP_SYS_NICE
	CapSysResource    = 24 // CAP_SYS_RESOURCE
	CapSysTime        = 25 // CAP_SYS_TIME
	CapSysTTYConfig   = 26 // CAP_SYS_TTY_CONFIG
	CapMknod          = 27 // CAP_MKNOD
	CapLease          = 28 // CAP_LEASE
)

// Signals (asm-i386/signal.h).
const (
	SIGHUP    = 1  // SIGHUP
	SIGINT    = 2  // SIGINT
	SIGQUIT   = 3  // SIGQUIT
	SIGILL    = 4  // SIGILL
	SIGTRAP   = 5  // SIGTRAP
	SIGABRT   = 6  // SIGABRT
	SIGBUS    = 7  // SIGBUS
	SIGFPE    = 8  // SIGFPE
	SIGKILL   = 9  // SIGKILL
	SIGUSR1   = 10 // SIGUSR1
	SIGSEGV   = 11 // SIGSEGV
	SIGUSR2   = 12 // SIGUSR2
	SIGPIPE   = 13 // SIGPIPE
	SIGALRM   = 14 // SIGALRM
	SIGTERM   = 15 // SIGTERM
	SIGSTKFLT = 16 // SIGSTKFLT
	SIGCHLD   = 17 // SIGCHLD
	SIGCONT   = 18 // SIGCONT
	SIGSTOP   = 19 // SIGSTOP
	SIGTSTP   = 20 // SIGTSTP
	SIGTTIN   = 21 // SIGTTIN
	SIGTTOU   = 22 // SIGTTOU
	SIGURG    = 23 // SIGURG
	SIGXCPU   = 24 // SIGXCPU
	SIGXFSZ   = 25 // SIGXFSZ
	SIGVTALRM = 26 // SIGVTALRM
	SIGPROF   = 27 // SIGPROF
	SIGWINCH  = 28 // SIGWINCH
	SIGIO     = 29 // SIGIO
	SIGPWR    = 30 // SIGPWR
	SIGSYS    = 31 // SIGSYS
	SIGRTMIN  = 32 // SIGRTMIN
	SIGRTMAX  = 63 // SIGRTMAX
)

// Areas of vmlist (linux/vmalloc.h) and mappings of a process (linux/mm.h).
const (
	VMIoremap   = 1       // VM_IOREMAP: vm_struct.flags
	VMAlloc     = 2       // VM_ALLOC: vm_struct.flags
	VMRead      = 1       // VM_READ: vm_area_struct.vm_flags from here on
	VMWrite     = 2       // VM_WRITE
	VMExec      = 4       // VM_EXEC
	VMShared    = 8       // VM_SHARED
	VMMayRead   = 0x10    // VM_MAYREAD
	VMMayWrite  = 0x20    // VM_MAYWRITE
	VMMayExec   = 0x40    // VM_MAYEXEC
	VMMayShare  = 0x80    // VM_MAYSHARE
	VMGrowsDown = 0x100   // VM_GROWSDOWN
	VMLocked    = 0x2000  // VM_LOCKED
	VMIO        = 0x4000  // VM_IO
	VMReserved  = 0x80000 // VM_RESERVED
)

// Flags of open(2) (asm-i386/fcntl.h).
const (
	ORdonly    = 0       // O_RDONLY
	OWronly    = 1       // O_WRONLY
	ORdwr      = 2       // O_RDWR
	OAccmode   = 3       // O_ACCMODE
	OCreat     = 0x40    // O_CREAT
	OExcl      = 0x80    // O_EXCL
	ONoctty    = 0x100   // O_NOCTTY
	OTrunc     = 0x200   // O_TRUNC
	OAppend    = 0x400   // O_APPEND
	ONonblock  = 0x800   // O_NONBLOCK
	OSync      = 0x1000  // O_SYNC
	ODirect    = 0x4000  // O_DIRECT
	OLargefile = 0x8000  // O_LARGEFILE
	ODirectory = 0x10000 // O_DIRECTORY
	ONofollow  = 0x20000 // O_NOFOLLOW
)
