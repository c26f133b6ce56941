// SPDX-License-Identifier: BSD-3-Clause
// Layouts of what modules hand to the kernel: timers, interrupt handlers, file operations, resources, /proc entries.

package abi

// TimerLayout is struct timer_list (linux/timer.h).
type TimerLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	List     Field  `c:"list"`     // both pointers zero while the timer is not pending
	Expires  Field  `c:"expires"`  // jiffies
	Data     Field  `c:"data"`     // argument of function
	Function Field  `c:"function"`
}

// TimevalLayout is struct timeval, the type of xtime.
type TimevalLayout struct {
	Size uint32 `c:"(sizeof)"` // bytes
	Sec  Field  `c:"tv_sec"`
	Usec Field  `c:"tv_usec"`
}

// TaskletLayout is struct tasklet_struct (linux/interrupt.h).
type TaskletLayout struct {
	Size  uint32 `c:"(sizeof)"` // bytes
	Next  Field  `c:"next"`
	State Field  `c:"state"`
	Count Field  `c:"count"`
	Func  Field  `c:"func"`
	Data  Field  `c:"data"`
}

// TaskQueueLayout is struct tq_struct: a task queue's entry (linux/tqueue.h).
type TaskQueueLayout struct {
	Size    uint32 `c:"(sizeof)"` // bytes
	List    Field  `c:"list"`
	Sync    Field  `c:"sync"`
	Routine Field  `c:"routine"`
	Data    Field  `c:"data"`
}

// SoftirqActionLayout is struct softirq_action, the element of softirq_vec.
type SoftirqActionLayout struct {
	Size   uint32 `c:"(sizeof)"` // bytes
	Action Field  `c:"action"`
	Data   Field  `c:"data"`
}

// IRQActionLayout is struct irqaction: a handler of an interrupt line.
type IRQActionLayout struct {
	Size    uint32 `c:"(sizeof)"` // bytes
	Handler Field  `c:"handler"`
	Flags   Field  `c:"flags"`
	Mask    Field  `c:"mask"`
	Name    Field  `c:"name"`
	DevId   Field  `c:"dev_id"`
	Next    Field  `c:"next"`
}

// TaskletHeadLayout is struct tasklet_head: the tasklets of one CPU that wait to run.
type TaskletHeadLayout struct {
	Size uint32 `c:"(sizeof)"` // bytes
	List Field  `c:"list"`
}

// IRQDescLayout is irq_desc_t, the element of irq_desc: an interrupt line (linux/irq.h).
type IRQDescLayout struct {
	Size    uint32 `c:"(sizeof)"` // bytes
	Status  Field  `c:"status"`   // IRQ_*
	Handler Field  `c:"handler"`  // struct hw_interrupt_type: the controller's functions
	Action  Field  `c:"action"`   // list of struct irqaction
	Depth   Field  `c:"depth"`    // nested disable_irq calls
}

// IRQTypeLayout is struct hw_interrupt_type: what an interrupt controller can do.
type IRQTypeLayout struct {
	Size        uint32 `c:"(sizeof)"` // bytes
	Typename    Field  `c:"typename"`
	Startup     Field  `c:"startup"`
	Shutdown    Field  `c:"shutdown"`
	Enable      Field  `c:"enable"`
	Disable     Field  `c:"disable"`
	Ack         Field  `c:"ack"`
	End         Field  `c:"end"`
	SetAffinity Field  `c:"set_affinity"`
}

// KernelStatLayout is struct kernel_stat, the type of kstat, as far as time and interrupts go.
type KernelStatLayout struct {
	Size         uint32 `c:"(sizeof)"`     // bytes
	PerCpuUser   Field  `c:"per_cpu_user"` // ticks
	PerCpuNice   Field  `c:"per_cpu_nice"`
	PerCpuSystem Field  `c:"per_cpu_system"`
	Irqs         Field  `c:"irqs"` // counts by line
}

// SigqueueLayout is struct sigqueue: a pending signal with what is known about it.
type SigqueueLayout struct {
	Size uint32 `c:"(sizeof)"` // bytes
	Next Field  `c:"next"`
	Info Field  `c:"info"` // struct siginfo
}

// SiginfoLayout is struct siginfo, as kill(2) fills it in.
type SiginfoLayout struct {
	Size  uint32 `c:"(sizeof)"` // bytes
	Signo Field  `c:"si_signo"`
	Errno Field  `c:"si_errno"`
	Code  Field  `c:"si_code"`
	Pid   Field  `c:"_sifields._kill._pid"`
	UID   Field  `c:"_sifields._kill._uid"`
	Band  Field  `c:"_sifields._sigpoll._band"`
	FD    Field  `c:"_sifields._sigpoll._fd"`
}

// PMDevLayout is struct pm_dev: a device that takes part in power management (linux/pm.h).
type PMDevLayout struct {
	Size      uint32 `c:"(sizeof)"` // bytes
	Type      Field  `c:"type"`
	ID        Field  `c:"id"`
	Callback  Field  `c:"callback"`
	Data      Field  `c:"data"`
	Flags     Field  `c:"flags"`
	State     Field  `c:"state"`
	PrevState Field  `c:"prev_state"`
	Entry     Field  `c:"entry"`
}

// FileOperationsLayout is struct file_operations (linux/fs.h).
type FileOperationsLayout struct {
	Size            uint32 `c:"(sizeof)"` // bytes
	Owner           Field  `c:"owner"`
	Llseek          Field  `c:"llseek"`
	Read            Field  `c:"read"`
	Write           Field  `c:"write"`
	Readdir         Field  `c:"readdir"`
	Poll            Field  `c:"poll"`
	Ioctl           Field  `c:"ioctl"`
	Mmap            Field  `c:"mmap"`
	Open            Field  `c:"open"`
	Flush           Field  `c:"flush"`
	Release         Field  `c:"release"`
	Fsync           Field  `c:"fsync"`
	Fasync          Field  `c:"fasync"`
	Lock            Field  `c:"lock"`
	Readv           Field  `c:"readv"`
	Writev          Field  `c:"writev"`
	Sendpage        Field  `c:"sendpage"`
	GetUnmappedArea Field  `c:"get_unmapped_area"`
}

// FileLayout is struct file: an open file.
type FileLayout struct {
	Size        uint32 `c:"(sizeof)"` // bytes
	List        Field  `c:"f_list"`
	Dentry      Field  `c:"f_dentry"`
	Vfsmnt      Field  `c:"f_vfsmnt"`
	Op          Field  `c:"f_op"`
	Count       Field  `c:"f_count"`
	Flags       Field  `c:"f_flags"`
	Mode        Field  `c:"f_mode"`
	Pos         Field  `c:"f_pos"`
	Owner       Field  `c:"f_owner"`
	UID         Field  `c:"f_uid"`
	GID         Field  `c:"f_gid"`
	Error       Field  `c:"f_error"`
	Version     Field  `c:"f_version"`
	PrivateData Field  `c:"private_data"`
}

// InodeLayout is struct inode without the file systems' own parts.
type InodeLayout struct {
	Size       uint32 `c:"(sizeof)"` // bytes
	Ino        Field  `c:"i_ino"`
	Count      Field  `c:"i_count"`
	Dev        Field  `c:"i_dev"`
	Mode       Field  `c:"i_mode"`
	Nlink      Field  `c:"i_nlink"`
	UID        Field  `c:"i_uid"`
	GID        Field  `c:"i_gid"`
	Rdev       Field  `c:"i_rdev"`
	Length     Field  `c:"i_size"` // bytes of the file
	Atime      Field  `c:"i_atime"`
	Mtime      Field  `c:"i_mtime"`
	Ctime      Field  `c:"i_ctime"`
	Blkbits    Field  `c:"i_blkbits"`
	Blksize    Field  `c:"i_blksize"`
	Blocks     Field  `c:"i_blocks"`
	Sem        Field  `c:"i_sem"`
	Op         Field  `c:"i_op"`
	Fop        Field  `c:"i_fop"`
	SB         Field  `c:"i_sb"`
	Mapping    Field  `c:"i_mapping"`
	Cdev       Field  `c:"i_cdev"`
	State      Field  `c:"i_state"`
	Flags      Field  `c:"i_flags"`
	Generation Field  `c:"i_generation"`
	GenericIP  Field  `c:"u.generic_ip"`
}

// DentryLayout is struct dentry: a name in a directory.
type DentryLayout struct {
	Size       uint32 `c:"(sizeof)"` // bytes
	Count      Field  `c:"d_count"`
	Flags      Field  `c:"d_flags"`
	Inode      Field  `c:"d_inode"`
	Parent     Field  `c:"d_parent"`
	Hash       Field  `c:"d_hash"`
	LRU        Field  `c:"d_lru"`
	Child      Field  `c:"d_child"`
	Subdirs    Field  `c:"d_subdirs"`
	Alias      Field  `c:"d_alias"`
	Mounted    Field  `c:"d_mounted"`
	Name       Field  `c:"d_name"`
	NameString Field  `c:"d_name.name"`
	NameLen    Field  `c:"d_name.len"`
	NameHash   Field  `c:"d_name.hash"`
	Op         Field  `c:"d_op"`
	SB         Field  `c:"d_sb"`
	Fsdata     Field  `c:"d_fsdata"`
	Iname      Field  `c:"d_iname"` // short names live here
}

// ResourceLayout is struct resource: a range of ports or addresses (linux/ioport.h).
type ResourceLayout struct {
	Size    uint32 `c:"(sizeof)"` // bytes
	Name    Field  `c:"name"`
	Start   Field  `c:"start"`
	End     Field  `c:"end"`   // last, not one behind
	Flags   Field  `c:"flags"` // IORESOURCE_*
	Parent  Field  `c:"parent"`
	Sibling Field  `c:"sibling"`
	Child   Field  `c:"child"`
}

// NotifierBlockLayout is struct notifier_block.
type NotifierBlockLayout struct {
	Size         uint32 `c:"(sizeof)"` // bytes
	NotifierCall Field  `c:"notifier_call"`
	Next         Field  `c:"next"`
	Priority     Field  `c:"priority"`
}

// ProcDirEntryLayout is struct proc_dir_entry (linux/proc_fs.h).
type ProcDirEntryLayout struct {
	Size      uint32 `c:"(sizeof)"` // bytes
	LowIno    Field  `c:"low_ino"`
	Namelen   Field  `c:"namelen"`
	Name      Field  `c:"name"`
	Mode      Field  `c:"mode"`
	Nlink     Field  `c:"nlink"`
	UID       Field  `c:"uid"`
	GID       Field  `c:"gid"`
	Length    Field  `c:"size"`
	ProcIops  Field  `c:"proc_iops"`
	ProcFops  Field  `c:"proc_fops"`
	GetInfo   Field  `c:"get_info"`
	Owner     Field  `c:"owner"`
	Next      Field  `c:"next"`
	Parent    Field  `c:"parent"`
	Subdir    Field  `c:"subdir"`
	Data      Field  `c:"data"`
	ReadProc  Field  `c:"read_proc"`
	WriteProc Field  `c:"write_proc"`
	Count     Field  `c:"count"`
	Deleted   Field  `c:"deleted"`
	Rdev      Field  `c:"rdev"`
	Set       Field  `c:"set,optional"`
}

// MiscDeviceLayout is struct miscdevice.
type MiscDeviceLayout struct {
	Size        uint32 `c:"(sizeof)"` // bytes
	Minor       Field  `c:"minor"`
	Name        Field  `c:"name"`
	Fops        Field  `c:"fops"`
	Next        Field  `c:"next"`
	Prev        Field  `c:"prev"`
	DevfsHandle Field  `c:"devfs_handle"`
}
