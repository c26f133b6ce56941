// SPDX-License-Identifier: BSD-3-Clause
// What block devices and file systems know of the profile: layouts and their caches (2.4.18 linux/fs.h).

package guestkernel

import (
	"reflect"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// fsState is layouts and addresses; all that changes is in guest memory.
type fsState struct {
	lay      fsLayouts
	ctl      ctlDataLayout
	pageWait uint32 // a wait_queue_head_t for everybody who waits for a page
	rootMnt  uint32 // struct vfsmount of /
	links    int    // symbolic links that are being followed
}

type fsLayouts struct {
	BH    bufferHeadLayout `c:"struct buffer_head"`
	Req   requestMore      `c:"struct request"`
	BDev  blockDevLayout   `c:"struct block_device"`
	BOps  blockOpsLayout   `c:"struct block_device_operations"`
	Space addrSpaceLayout  `c:"struct address_space"`
	AOps  aopsLayout       `c:"struct address_space_operations"`
	SB    superLayout      `c:"struct super_block"`
	SOps  superOpsLayout   `c:"struct super_operations"`
	Mnt   mountLayout      `c:"struct vfsmount"`
	Inode inodeMoreLayout  `c:"struct inode"`
	IOps  iopsMoreLayout   `c:"struct inode_operations"`
	DOps  dentryOpsLayout  `c:"struct dentry_operations"`
	Type  fsTypeLayout     `c:"struct file_system_type"`
	Iattr iattrLayout      `c:"struct iattr"`
	File  fileMoreLayout   `c:"struct file"`
	Fs    fsStructLayout   `c:"struct fs_struct"`
	Kstat kstatLayout      `c:"struct kernel_stat"`

	Nameidata nameidataLayout `c:"struct nameidata"`
	RBNode    rbNodeLayout    `c:"struct rb_node_s"`
	MDDev     mddevLayout     `c:"struct mddev_s"`
	RDev      rdevLayout      `c:"struct mdk_rdev_s"`
	MDSuper   mdSuperLayout   `c:"struct mdp_superblock_s"`
	DevName   devNameLayout   `c:"struct dev_name_s"`

	Owner  ownerLayout  `c:"struct file"`
	Fasync fasyncLayout `c:"struct fasync_struct"`
}

type bufferHeadLayout struct {
	Size         uint32    `c:"(sizeof)"`
	Next         abi.Field `c:"b_next"`
	Blocknr      abi.Field `c:"b_blocknr"`
	Length       abi.Field `c:"b_size"`
	List         abi.Field `c:"b_list"`
	Dev          abi.Field `c:"b_dev"`
	Count        abi.Field `c:"b_count"`
	Rdev         abi.Field `c:"b_rdev"`
	State        abi.Field `c:"b_state"`
	Flushtime    abi.Field `c:"b_flushtime"`
	ThisPage     abi.Field `c:"b_this_page"`
	Reqnext      abi.Field `c:"b_reqnext"`
	Pprev        abi.Field `c:"b_pprev"`
	Data         abi.Field `c:"b_data"`
	Page         abi.Field `c:"b_page"`
	EndIO        abi.Field `c:"b_end_io"`
	Private      abi.Field `c:"b_private"`
	Rsector      abi.Field `c:"b_rsector"`
	Wait         abi.Field `c:"b_wait"`
	Inode        abi.Field `c:"b_inode"`
	InodeBuffers abi.Field `c:"b_inode_buffers"`
}

type requestMore struct {
	ElevatorSequence abi.Field `c:"elevator_sequence"`
	Dev              abi.Field `c:"rq_dev"`
	Errors           abi.Field `c:"errors"`
	StartTime        abi.Field `c:"start_time"`
	Sector           abi.Field `c:"sector"`
	NrSectors        abi.Field `c:"nr_sectors"`
	HardSector       abi.Field `c:"hard_sector"`
	HardNrSectors    abi.Field `c:"hard_nr_sectors"`
	NrSegments       abi.Field `c:"nr_segments"`
	NrHwSegments     abi.Field `c:"nr_hw_segments"`
	CurrentNrSectors abi.Field `c:"current_nr_sectors"`
	HardCurSectors   abi.Field `c:"hard_cur_sectors"`
	Buffer           abi.Field `c:"buffer"`
	Waiting          abi.Field `c:"waiting"`
	BH               abi.Field `c:"bh"`
	BHTail           abi.Field `c:"bhtail"`
}

type blockDevLayout struct {
	Size    uint32    `c:"(sizeof)"`
	Hash    abi.Field `c:"bd_hash"`
	Count   abi.Field `c:"bd_count"`
	Inode   abi.Field `c:"bd_inode"`
	Dev     abi.Field `c:"bd_dev"`
	Openers abi.Field `c:"bd_openers"`
	Op      abi.Field `c:"bd_op"`
	Sem     abi.Field `c:"bd_sem"`
	Inodes  abi.Field `c:"bd_inodes"`
}

type blockOpsLayout struct {
	Open             abi.Field `c:"open"`
	Release          abi.Field `c:"release"`
	Ioctl            abi.Field `c:"ioctl"`
	CheckMediaChange abi.Field `c:"check_media_change"`
	Revalidate       abi.Field `c:"revalidate"`
	Owner            abi.Field `c:"owner"`
}

type addrSpaceLayout struct {
	CleanPages  abi.Field `c:"clean_pages"`
	DirtyPages  abi.Field `c:"dirty_pages"`
	LockedPages abi.Field `c:"locked_pages"`
	NrPages     abi.Field `c:"nrpages"`
	AOps        abi.Field `c:"a_ops"`
	Host        abi.Field `c:"host"`
	GFPMask     abi.Field `c:"gfp_mask"`
}

type aopsLayout struct {
	Writepage    abi.Field `c:"writepage"`
	Readpage     abi.Field `c:"readpage"`
	SyncPage     abi.Field `c:"sync_page"`
	PrepareWrite abi.Field `c:"prepare_write"`
	CommitWrite  abi.Field `c:"commit_write"`
	Bmap         abi.Field `c:"bmap"`
	Flushpage    abi.Field `c:"flushpage"`
	Releasepage  abi.Field `c:"releasepage"`
}

type superLayout struct {
	Size          uint32    `c:"(sizeof)"`
	List          abi.Field `c:"s_list"`
	Dev           abi.Field `c:"s_dev"`
	Blocksize     abi.Field `c:"s_blocksize"`
	BlocksizeBits abi.Field `c:"s_blocksize_bits"`
	Dirt          abi.Field `c:"s_dirt"`
	Maxbytes      abi.Field `c:"s_maxbytes"`
	Type          abi.Field `c:"s_type"`
	Op            abi.Field `c:"s_op"`
	Flags         abi.Field `c:"s_flags"`
	Magic         abi.Field `c:"s_magic"`
	Root          abi.Field `c:"s_root"`
	Umount        abi.Field `c:"s_umount"`
	Lock          abi.Field `c:"s_lock"`
	Count         abi.Field `c:"s_count"`
	Active        abi.Field `c:"s_active"`
	Dirty         abi.Field `c:"s_dirty"`
	LockedInodes  abi.Field `c:"s_locked_inodes"`
	Files         abi.Field `c:"s_files"`
	Bdev          abi.Field `c:"s_bdev"`
	Instances     abi.Field `c:"s_instances"`
	RenameSem     abi.Field `c:"s_vfs_rename_sem"`
	NfsdSem       abi.Field `c:"s_nfsd_free_path_sem"`
}

type superOpsLayout struct {
	AllocInode   abi.Field `c:"alloc_inode"`
	DestroyInode abi.Field `c:"destroy_inode"`
	ReadInode    abi.Field `c:"read_inode"`
	ReadInode2   abi.Field `c:"read_inode2"`
	DirtyInode   abi.Field `c:"dirty_inode"`
	WriteInode   abi.Field `c:"write_inode"`
	PutInode     abi.Field `c:"put_inode"`
	DeleteInode  abi.Field `c:"delete_inode"`
	PutSuper     abi.Field `c:"put_super"`
	WriteSuper   abi.Field `c:"write_super"`
	Statfs       abi.Field `c:"statfs"`
	RemountFs    abi.Field `c:"remount_fs"`
	ClearInode   abi.Field `c:"clear_inode"`
	UmountBegin  abi.Field `c:"umount_begin"`
}

type mountLayout struct {
	Size       uint32    `c:"(sizeof)"`
	Hash       abi.Field `c:"mnt_hash"`
	Parent     abi.Field `c:"mnt_parent"`
	Mountpoint abi.Field `c:"mnt_mountpoint"`
	Root       abi.Field `c:"mnt_root"`
	SB         abi.Field `c:"mnt_sb"`
	Mounts     abi.Field `c:"mnt_mounts"`
	Child      abi.Field `c:"mnt_child"`
	Count      abi.Field `c:"mnt_count"`
	Flags      abi.Field `c:"mnt_flags"`
	Devname    abi.Field `c:"mnt_devname"`
	List       abi.Field `c:"mnt_list"`
}

type inodeMoreLayout struct {
	Version      abi.Field `c:"i_version"`
	Bytes        abi.Field `c:"i_bytes"`
	Bdev         abi.Field `c:"i_bdev"`
	Pipe         abi.Field `c:"i_pipe"`
	Data         abi.Field `c:"i_data"`
	Devices      abi.Field `c:"i_devices"`
	DirtyBuffers abi.Field `c:"i_dirty_buffers"`
	DataBuffers  abi.Field `c:"i_dirty_data_buffers"`
	Hash         abi.Field `c:"i_hash"`
	List         abi.Field `c:"i_list"`
	Dentries     abi.Field `c:"i_dentry"`
	Wait         abi.Field `c:"i_wait"`
	AttrFlags    abi.Field `c:"i_attr_flags"`
}

type iopsMoreLayout struct {
	Create     abi.Field `c:"create"`
	Lookup     abi.Field `c:"lookup"`
	Link       abi.Field `c:"link"`
	Unlink     abi.Field `c:"unlink"`
	Symlink    abi.Field `c:"symlink"`
	Mkdir      abi.Field `c:"mkdir"`
	Rmdir      abi.Field `c:"rmdir"`
	Mknod      abi.Field `c:"mknod"`
	Rename     abi.Field `c:"rename"`
	Readlink   abi.Field `c:"readlink"`
	FollowLink abi.Field `c:"follow_link"`
	Truncate   abi.Field `c:"truncate"`
	Permission abi.Field `c:"permission"`
	Revalidate abi.Field `c:"revalidate"`
	Setattr    abi.Field `c:"setattr"`
	Getattr    abi.Field `c:"getattr"`
}

type dentryOpsLayout struct {
	Revalidate abi.Field `c:"d_revalidate"`
	Hash       abi.Field `c:"d_hash"`
	Compare    abi.Field `c:"d_compare"`
	Delete     abi.Field `c:"d_delete"`
	Release    abi.Field `c:"d_release"`
	Iput       abi.Field `c:"d_iput"`
}

type fsTypeLayout struct {
	Flags     abi.Field `c:"fs_flags"`
	ReadSuper abi.Field `c:"read_super"`
}

type iattrLayout struct {
	Size  uint32    `c:"(sizeof)"`
	Valid abi.Field `c:"ia_valid"`
	Mode  abi.Field `c:"ia_mode"`
	UID   abi.Field `c:"ia_uid"`
	GID   abi.Field `c:"ia_gid"`
	Len   abi.Field `c:"ia_size"`
	Atime abi.Field `c:"ia_atime"`
	Mtime abi.Field `c:"ia_mtime"`
	Ctime abi.Field `c:"ia_ctime"`
	Attrs abi.Field `c:"ia_attr_flags"`
}

type fileMoreLayout struct {
	Reada abi.Field `c:"f_reada"`
}

type kstatLayout struct {
	Pgpgin  abi.Field `c:"pgpgin"`
	Pgpgout abi.Field `c:"pgpgout"`
	Pswpin  abi.Field `c:"pswpin"`
	Pswpout abi.Field `c:"pswpout"`
}

type fsStructLayout struct {
	Root    abi.Field `c:"root"`
	Pwd     abi.Field `c:"pwd"`
	RootMnt abi.Field `c:"rootmnt"`
	PwdMnt  abi.Field `c:"pwdmnt"`
}

// bootFsLayouts binds them.
func (k *Kernel) bootFsLayouts() error {
	lays := reflect.ValueOf(&k.drv.fs.lay).Elem()
	for i := range lays.NumField() {
		if err := k.profile.Bind(lays.Type().Field(i).Tag.Get("c"), lays.Field(i).Addr().Interface()); err != nil {
			return err
		}
	}
	k.drv.fs.pageWait = k.Kmalloc(k.lay.WaitQueueHead.Size, k.pages.gfp.kernel)
	if k.drv.fs.pageWait == 0 {
		return errNoMemory
	}
	k.initWaitQueue(k.drv.fs.pageWait)
	return nil
}

// waitFor sleeps on a queue, not to be disturbed, until done.
func (k *Kernel) waitFor(queue uint32, done func() bool) {
	if done() {
		return
	}
	lay, esp := &k.lay.WaitQueue, k.m.Reg(vm.ESP)
	entry := esp - lay.Size
	k.m.SetReg(vm.ESP, entry)
	k.mem.Set(entry, lay.Flags, 0)
	k.mem.Set(entry, lay.Task, k.Current())
	k.enterQueue(queue, entry, 0)
	state := k.lay.Task.State
	for {
		k.running.Set(state, abi.TaskUninterruptible)
		if done() {
			break
		}
		k.scheduleCall()
	}
	k.running.Set(state, abi.TaskRunning)
	k.leaveQueue(entry)
	k.m.SetReg(vm.ESP, esp)
}
