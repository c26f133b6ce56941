// SPDX-License-Identifier: BSD-3-Clause
// Layouts of tasks and of what hangs on them: linux/sched.h, linux/wait.h, asm-i386/semaphore.h and their neighbours.

package abi

// TaskLayout is struct task_struct, at the base of a task's kernel stack (linux/sched.h).
type TaskLayout struct {
	Size               uint32 `c:"(sizeof)"` // bytes
	State              Field  `c:"state"`    // TASK_RUNNING and so on
	Flags              Field  `c:"flags"`    // PF_*
	Sigpending         Field  `c:"sigpending"`
	AddrLimit          Field  `c:"addr_limit"` // end of the addresses copy_from_user accepts: TaskSize or KernelLimit
	ExecDomain         Field  `c:"exec_domain"`
	NeedResched        Field  `c:"need_resched"`
	Ptrace             Field  `c:"ptrace"`
	LockDepth          Field  `c:"lock_depth"` // depth of the big kernel lock, -1 when not held
	Cpu                Field  `c:"cpu,optional"`
	Processor          Field  `c:"processor,optional"`
	Prio               Field  `c:"prio,optional"` // the O(1) scheduler's; counter and nice are the older one's
	StaticPrio         Field  `c:"static_prio,optional"`
	Array              Field  `c:"array,optional"`
	SleepAvg           Field  `c:"sleep_avg,optional"`
	SleepTimestamp     Field  `c:"sleep_timestamp,optional"`
	TimeSlice          Field  `c:"time_slice,optional"`
	FirstTimeSlice     Field  `c:"first_time_slice,optional"`
	Counter            Field  `c:"counter,optional"`
	Nice               Field  `c:"nice,optional"`
	CpusRunnable       Field  `c:"cpus_runnable,optional"`
	SleepTime          Field  `c:"sleep_time,optional"`
	RunList            Field  `c:"run_list"`
	Policy             Field  `c:"policy"` // SCHED_*
	CpusAllowed        Field  `c:"cpus_allowed"`
	NextTask           Field  `c:"next_task"` // all tasks in a ring through init_task
	PrevTask           Field  `c:"prev_task"`
	Mm                 Field  `c:"mm"` // none for a kernel thread
	ActiveMm           Field  `c:"active_mm"`
	Binfmt             Field  `c:"binfmt"`
	ExitCode           Field  `c:"exit_code"`
	ExitSignal         Field  `c:"exit_signal"`
	PdeathSignal       Field  `c:"pdeath_signal"`
	Personality        Field  `c:"personality"`
	DidExec            Field  `c:"did_exec"`
	Pid                Field  `c:"pid"`
	Pgrp               Field  `c:"pgrp"`
	TtyOldPgrp         Field  `c:"tty_old_pgrp"`
	Session            Field  `c:"session"`
	Tgid               Field  `c:"tgid"`
	Leader             Field  `c:"leader"`
	POpptr             Field  `c:"p_opptr"` // original parent
	PPptr              Field  `c:"p_pptr"`  // parent
	PCptr              Field  `c:"p_cptr"`  // youngest child
	PYsptr             Field  `c:"p_ysptr"` // younger sibling
	POsptr             Field  `c:"p_osptr"` // older sibling
	ThreadGroup        Field  `c:"thread_group"`
	PidhashNext        Field  `c:"pidhash_next"`
	PidhashPprev       Field  `c:"pidhash_pprev"`
	WaitChldexit       Field  `c:"wait_chldexit"`
	VforkDone          Field  `c:"vfork_done"`
	RtPriority         Field  `c:"rt_priority"`
	ItRealValue        Field  `c:"it_real_value"`
	ItProfValue        Field  `c:"it_prof_value"`
	ItVirtValue        Field  `c:"it_virt_value"`
	ItRealIncr         Field  `c:"it_real_incr"`
	ItProfIncr         Field  `c:"it_prof_incr"`
	ItVirtIncr         Field  `c:"it_virt_incr"`
	RealTimer          Field  `c:"real_timer"`
	Times              Field  `c:"times"`
	StartTime          Field  `c:"start_time"` // 8 bytes in one profile, 4 in the other
	PerCpuUtime        Field  `c:"per_cpu_utime"`
	PerCpuStime        Field  `c:"per_cpu_stime"`
	MinFlt             Field  `c:"min_flt"`
	MajFlt             Field  `c:"maj_flt"`
	Nswap              Field  `c:"nswap"`
	Swappable          Field  `c:"swappable"`
	Uid                Field  `c:"uid"`
	Euid               Field  `c:"euid"`
	Suid               Field  `c:"suid"`
	Fsuid              Field  `c:"fsuid"`
	Gid                Field  `c:"gid"`
	Egid               Field  `c:"egid"`
	Sgid               Field  `c:"sgid"`
	Fsgid              Field  `c:"fsgid"`
	Ngroups            Field  `c:"ngroups"`
	Groups             Field  `c:"groups"` // gid_t each
	CapEffective       Field  `c:"cap_effective"`
	CapInheritable     Field  `c:"cap_inheritable"`
	CapPermitted       Field  `c:"cap_permitted"`
	KeepCapabilities   Field  `c:"keep_capabilities"`
	User               Field  `c:"user"`
	Rlim               Field  `c:"rlim"` // struct rlimit each
	UsedMath           Field  `c:"used_math"`
	Comm               Field  `c:"comm"` // name for people, NUL-terminated
	LinkCount          Field  `c:"link_count"`
	TotalLinkCount     Field  `c:"total_link_count"`
	Tty                Field  `c:"tty"`
	Locks              Field  `c:"locks"`
	Semundo            Field  `c:"semundo"`
	Semsleeping        Field  `c:"semsleeping"`
	Thread             Field  `c:"thread"` // struct thread_struct, whose fields follow
	ThreadEsp0         Field  `c:"thread.esp0"`
	ThreadEip          Field  `c:"thread.eip"`
	ThreadEsp          Field  `c:"thread.esp"`
	ThreadFS           Field  `c:"thread.fs"`
	ThreadGS           Field  `c:"thread.gs"`
	ThreadDebugreg     Field  `c:"thread.debugreg"`
	ThreadCR2          Field  `c:"thread.cr2"`
	ThreadTrapNo       Field  `c:"thread.trap_no"`
	ThreadErrorCode    Field  `c:"thread.error_code"`
	ThreadI387         Field  `c:"thread.i387"`
	ThreadVM86Info     Field  `c:"thread.vm86_info"`
	ThreadScreenBitmap Field  `c:"thread.screen_bitmap"`
	ThreadV86Flags     Field  `c:"thread.v86flags"`
	ThreadV86Mask      Field  `c:"thread.v86mask"`
	ThreadSavedEsp0    Field  `c:"thread.saved_esp0"`
	ThreadIoperm       Field  `c:"thread.ioperm"`
	ThreadIoBitmap     Field  `c:"thread.io_bitmap"`
	Fs                 Field  `c:"fs"`
	Files              Field  `c:"files"`
	Namespace          Field  `c:"namespace"`
	Sig                Field  `c:"sig"`
	Blocked            Field  `c:"blocked"`
	Pending            Field  `c:"pending"`
	PendingHead        Field  `c:"pending.head"`
	PendingTail        Field  `c:"pending.tail"`
	PendingSignal      Field  `c:"pending.signal"`
	SasSsSp            Field  `c:"sas_ss_sp"`
	SasSsSize          Field  `c:"sas_ss_size"`
	Notifier           Field  `c:"notifier"`
	NotifierData       Field  `c:"notifier_data"`
	NotifierMask       Field  `c:"notifier_mask"`
	CpusAllowedMask    Field  `c:"cpus_allowed_mask,optional"`
	ParentExecId       Field  `c:"parent_exec_id"`
	SelfExecId         Field  `c:"self_exec_id"`
	JournalInfo        Field  `c:"journal_info"`
}

// FsLayout is struct fs_struct: a task's root and working directory.
type FsLayout struct {
	Size       uint32 `c:"(sizeof)"` // bytes
	Count      Field  `c:"count"`
	Umask      Field  `c:"umask"`
	Root       Field  `c:"root"`
	Pwd        Field  `c:"pwd"`
	Altroot    Field  `c:"altroot"`
	Rootmnt    Field  `c:"rootmnt"`
	Pwdmnt     Field  `c:"pwdmnt"`
	Altrootmnt Field  `c:"altrootmnt"`
}

// FilesLayout is struct files_struct: a task's open files.
type FilesLayout struct {
	Size            uint32 `c:"(sizeof)"` // bytes
	Count           Field  `c:"count"`
	MaxFds          Field  `c:"max_fds"`
	MaxFdset        Field  `c:"max_fdset"`
	NextFd          Field  `c:"next_fd"`
	Fd              Field  `c:"fd"` // points to fd_array while that is enough
	CloseOnExec     Field  `c:"close_on_exec"`
	OpenFds         Field  `c:"open_fds"`
	CloseOnExecInit Field  `c:"close_on_exec_init"`
	OpenFdsInit     Field  `c:"open_fds_init"`
	FdArray         Field  `c:"fd_array"`
}

// SignalLayout is struct signal_struct: a task's signal handlers.
type SignalLayout struct {
	Size   uint32 `c:"(sizeof)"` // bytes
	Count  Field  `c:"count"`
	Action Field  `c:"action"` // struct k_sigaction each
}

// KSigactionLayout is struct k_sigaction.
type KSigactionLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	Handler  Field  `c:"sa.sa_handler"`
	Flags    Field  `c:"sa.sa_flags"`
	Restorer Field  `c:"sa.sa_restorer"`
	Mask     Field  `c:"sa.sa_mask"`
}

// ListHeadLayout is struct list_head: a link of a doubly linked ring.
type ListHeadLayout struct {
	Size uint32 `c:"(sizeof)"` // bytes
	Next Field  `c:"next"`
	Prev Field  `c:"prev"`
}

// WaitQueueHeadLayout is wait_queue_head_t.
type WaitQueueHeadLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	TaskList Field  `c:"task_list"`
}

// WaitQueueLayout is wait_queue_t: one waiting task.
type WaitQueueLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	Flags    Field  `c:"flags"`    // WQ_FLAG_EXCLUSIVE
	Task     Field  `c:"task"`
	TaskList Field  `c:"task_list"`
}

// SemaphoreLayout is struct semaphore (asm-i386/semaphore.h).
type SemaphoreLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	Count    Field  `c:"count"`
	Sleepers Field  `c:"sleepers"`
	Wait     Field  `c:"wait"`
}

// RwSemaphoreLayout is struct rw_semaphore (asm-i386/rwsem.h).
type RwSemaphoreLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	Count    Field  `c:"count"`
	WaitList Field  `c:"wait_list"`
}

// CompletionLayout is struct completion.
type CompletionLayout struct {
	Size uint32 `c:"(sizeof)"` // bytes
	Done Field  `c:"done"`
	Wait Field  `c:"wait"`
}

// NewUtsnameLayout is struct new_utsname, the type of system_utsname.
type NewUtsnameLayout struct {
	Size       uint32 `c:"(sizeof)"` // bytes
	Sysname    Field  `c:"sysname"`
	Nodename   Field  `c:"nodename"`
	Release    Field  `c:"release"`
	Version    Field  `c:"version"`
	Machine    Field  `c:"machine"`
	Domainname Field  `c:"domainname"`
}
