// SPDX-License-Identifier: BSD-3-Clause
// What the parts of the kernel that drivers register with know of the profile: layouts and addresses.
//
// These parts (pci.go, netdevice.go, procfs.go, registry.go …) keep lists in guest memory, most of them linked through a
// field of what a module hands over.

package guestkernel

import (
	"fmt"
	"iter"
	"reflect"

	"ring0/guestkernel/abi"
)

// driverState is the layouts and places of the registration interfaces.
type driverState struct {
	lay  driverLayouts
	sym  driverSymbols
	net  netState
	pci  pciState
	rnd  uint64 // state of the random numbers
	core netcoreState
	fs   fsState
	kmod kmodState

	proto protocolState
}

// driverLayouts are the structures that drivers hand over.
type driverLayouts struct {
	PCIDev      pciDevLayout      `c:"struct pci_dev"`
	PCIBus      pciBusLayout      `c:"struct pci_bus"`
	PCIDriver   pciDriverLayout   `c:"struct pci_driver"`
	PCIID       pciIDLayout       `c:"struct pci_device_id"`
	NetDevice   netDeviceLayout   `c:"struct net_device"`
	PacketType  packetTypeLayout  `c:"struct packet_type"`
	NetFamily   netFamilyLayout   `c:"struct net_proto_family"`
	InetProto   inetProtoLayout   `c:"struct inet_protocol"`
	NFHook      nfHookLayout      `c:"struct nf_hook_ops"`
	NFSockopt   nfSockoptLayout   `c:"struct nf_sockopt_ops"`
	QdiscOps    qdiscOpsLayout    `c:"struct Qdisc_ops"`
	TCFProtoOps tcfProtoOpsLayout `c:"struct tcf_proto_ops"`
	NLS         nlsLayout         `c:"struct nls_table"`
	FileSystem  fileSystemLayout  `c:"struct file_system_type"`
	Binfmt      binfmtLayout      `c:"struct linux_binfmt"`
	ExecDomain  execDomainLayout  `c:"struct exec_domain"`
	Gendisk     gendiskLayout     `c:"struct gendisk"`
	HdStruct    hdStructLayout    `c:"struct hd_struct"`
	TTY         ttyLayout         `c:"struct tty_struct"`
	TTYDriver   ttyDriverLayout   `c:"struct tty_driver"`
	TTYLdisc    ttyLdiscLayout    `c:"struct tty_ldisc"`
	TTYFlip     ttyFlipLayout     `c:"struct tty_flip_buffer"`
	SysctlHead  sysctlHeadLayout  `c:"struct ctl_table_header"`
	MDPers      mdPersLayout      `c:"struct mdk_personality_s"`
	CtlTable    ctlTableLayout    `c:"struct ctl_table"`
	Socket      socketLayout      `c:"struct socket"`
	Sock        sockLayout        `c:"struct sock"`
	SocketInode socketInodeLayout `c:"struct inode"`
	Datalink    datalinkLayout    `c:"struct datalink_proto"`

	Sysinfo sysinfoLayout `c:"struct sysinfo"`
}

// driverSymbols are the kernel's own variables of these parts.
type driverSymbols struct {
	PCIDevices    uint32 `sym:"pci_devices"`
	PCIRootBuses  uint32 `sym:"pci_root_buses"`
	PCIRootBus    uint32 `sym:"pci_root_bus"`
	PCIDrivers    uint32 `sym:"pci_drivers"`
	PCICompat     uint32 `sym:"pci_compat_driver"`
	PCIConfigRead uint32 `sym:"pci_config_read"`
	PCIConfWrite  uint32 `sym:"pci_config_write"`
	PCIProbe      uint32 `sym:"pci_probe"`
	PCIRootOps    uint32 `sym:"pci_root_ops"`
	PCIConf1      uint32 `sym:"pci_direct_conf1"`

	DevBase     uint32 `sym:"dev_base"`
	PtypeAll    uint32 `sym:"ptype_all"`
	PtypeBase   uint32 `sym:"ptype_base"`
	NetdevNit   uint32 `sym:"netdev_nit"`
	NetdevChain uint32 `sym:"netdev_chain"`
	NetFamilies uint32 `sym:"net_families"`
	GendiskArr  uint32 `sym:"gendisk_array"`
	IfIndex     uint32 `sym:"ifindex.1"`
	NFHooks     uint32 `sym:"nf_hooks"`
	NFSockopts  uint32 `sym:"nf_sockopts"`
	QdiscBase   uint32 `sym:"qdisc_base"`
	TCFProtos   uint32 `sym:"tcf_proto_base"`
	InetProtos  uint32 `sym:"inet_protos"`
	InetChain   uint32 `sym:"inetaddr_chain"`
	RtnlSem     uint32 `sym:"rtnl_sem"`
	Loopback    uint32 `sym:"loopback_dev"`
	NoopQdisc   uint32 `sym:"noop_qdisc"`

	ProcSysRoot  uint32 `sym:"proc_sys_root"`
	NetlinkTable uint32 `sym:"nl_table"`
	SNAPList     uint32 `sym:"snap_list"`
	P8022List    uint32 `sym:"p8022_list"`

	FileSystems uint32 `sym:"file_systems"`
	Formats     uint32 `sym:"formats"`
	ExecDomains uint32 `sym:"exec_domains"`
	RootTable   uint32 `sym:"root_table_header"`
	GendiskHead uint32 `sym:"gendisk_head"`
	TTYDrivers  uint32 `sym:"tty_drivers"`
	TTYFops     uint32 `sym:"tty_fops"`
	Ldiscs      uint32 `sym:"ldiscs"`
	NLSDefault  uint32 `sym:"default_table"`
	MDPers      uint32 `sym:"pers"`
	NLSTables   uint32 `sym:"tables"`
}

// bootDrivers binds all of it. It comes before the parts that use it.
func (k *Kernel) bootDrivers() error {
	lays := reflect.ValueOf(&k.drv.lay).Elem()
	for i := range lays.NumField() {
		tag := lays.Type().Field(i).Tag.Get("c")
		if err := k.profile.Bind(tag, lays.Field(i).Addr().Interface()); err != nil {
			return fmt.Errorf("guestkernel: profile %s: %w", k.profile.Name, err)
		}
	}
	syms := reflect.ValueOf(&k.drv.sym).Elem()
	for i := range syms.NumField() {
		name := syms.Type().Field(i).Tag.Get("sym")
		addr, ok := k.profile.Symbol(name)
		if !ok {
			return fmt.Errorf("guestkernel: profile %s has no single symbol %s", k.profile.Name, name)
		}
		syms.Field(i).SetUint(uint64(addr))
	}
	return nil
}

// symbol is the address of a kernel function or variable that the profile must have.
func (k *Kernel) symbol(name string) uint32 {
	addr, ok := k.profile.Symbol(name)
	if !ok {
		panicf("profile %s has no single symbol %s", k.profile.Name, name)
	}
	return addr
}

// links walks a singly linked list by the words that hold its pointers: first the head itself, then the link field of each
// member. The last one holds 0. A list that comes back to itself ends with a remark.
func (k *Kernel) links(what string, head uint32, next abi.Field) iter.Seq2[uint32, uint32] {
	return func(yield func(word, member uint32) bool) {
		seen := map[uint32]bool{}
		for word := head; ; {
			member := k.mem.U32(word)
			if seen[word] {
				k.note("%s is circular: 2.4.18 would follow it for ever", what)
				return
			}
			seen[word] = true
			if !yield(word, member) || member == 0 {
				return
			}
			word = member + next.Off
		}
	}
}

// linkOf is the word that points to a member; 0 when it is not on the list.
func (k *Kernel) wordOf(what string, head uint32, next abi.Field, member uint32) uint32 {
	for word, m := range k.links(what, head, next) {
		if m == member && m != 0 {
			return word
		}
	}
	return 0
}

// push puts a member at the head of a list.
func (k *Kernel) push(head, member uint32, next abi.Field) {
	k.mem.Set(member, next, k.mem.U32(head))
	k.mem.SetU32(head, member)
}

// errWord is an error number as the kernel returns it.
func errWord(e abi.Errno) uint32 { return uint32(-int32(e)) }

// tryModule takes a reference to a module that is not on its way out; 0 is the kernel (try_inc_mod_count).
func (k *Kernel) tryModule(addr uint32) bool {
	if addr == 0 {
		return true
	}
	m := module{k, addr}
	if m.flags()&abi.ModDeleted != 0 {
		return false
	}
	m.addUse(1)
	m.setFlags(abi.ModVisited|abi.ModUsedOnce, 0)
	return true
}

// putModule gives a reference back (__MOD_DEC_USE_COUNT).
func (k *Kernel) putModule(addr uint32) {
	if addr != 0 {
		m := module{k, addr}
		m.addUse(-1)
		m.setFlags(abi.ModVisited, 0)
	}
}

// driverSubsystems are the parts that drivers register with.
func driverSubsystems() []subsystem {
	return append([]subsystem{
		{"drivers", nil, (*Kernel).bootDrivers},
		{"registry", registryFunctions(), (*Kernel).bootRegistry},
		{"fslayouts", nil, (*Kernel).bootFsLayouts},
		{"fasync", fasyncFunctions(), (*Kernel).bootFasync},
		{"pagecache", pageCacheFunctions(), (*Kernel).bootPageCache},
		{"buffers", bufferFunctions(), (*Kernel).bootBuffers},
		{"pagebuffers", pageBufferFunctions(), nil},
		{"blockio", blockIOFunctions(), nil},
		{"inodes", inodeFunctions(), (*Kernel).bootInodes},
		{"dcache", dcacheFunctions(), (*Kernel).bootDcache},
		{"super", superFunctions(), nil},
		{"filemap", filemapFunctions(), (*Kernel).bootFilemap},
		{"walk", walkFunctions(), nil},
		{"pathcalls", pathCallFunctions(), nil},
		{"pathnames", pathNameFunctions(), nil},
		{"proctexts", procRecordFunctions(), (*Kernel).bootProcRecords},
		{"procstatus", procStatusFunctions(), (*Kernel).bootProcStatus},
		{"blockdevices", blockDeviceFunctions(), (*Kernel).bootBlockDevs},
		{"diskstats", diskStatFunctions(), nil},
		{"partitions", partitionFunctions(), (*Kernel).bootPartitions},
		{"ramdisk", ramDiskFunctions(), nil},
		{"ramfs", ramfsFunctions(), (*Kernel).bootRamfs},
		{"sysctl", sysctlFunctions(), (*Kernel).bootSysctl},
		{"sysctlfiles", sysctlFileFunctions(), (*Kernel).bootSysctlFiles},
		{"sysctlulong", sysctlULongFunctions(), nil},
		{"sysctlstrategy", sysctlStrategyFunctions(), nil},
		{"pci", pciFunctions(), (*Kernel).bootPCI},
		{"pciresources", pciResourceFunctions(), nil},
		{"pcihotplug", pciHotplugFunctions(), nil},
		{"pcistate", pciStateFunctions(), nil},
		{"netdevice", netDeviceFunctions(), (*Kernel).bootNetDevices},
		{"netproto", netProtoFunctions(), (*Kernel).bootNetProto},
		{"netcore", nil, (*Kernel).bootNetCore},
		{"skbuff", skbFunctions(), nil},
		{"skbcopy", skbCopyFunctions(), nil},
		{"sock", sockFunctions(), nil},
		{"netpath", netPathFunctions(), nil},
		{"netqueue", netQueueFunctions(), nil},
		{"netup", netUpFunctions(), (*Kernel).bootNetProc},
		{"neighbour", neighbourFunctions(), nil},
		{"socket", socketFunctions(), (*Kernel).bootSockets},
		{"inetsock", inetSockFunctions(), (*Kernel).bootInetSockets},
		{"devinet", devinetFunctions(), (*Kernel).bootDevinet},
		{"netioctl", netIoctlFunctions(), nil},
		{"netmcast", multicastFunctions(), nil},
		{"ide", ideFunctions(), nil},
		{"modprobe", modprobeFunctions(), nil},
		{"zlib", zlibFunctions(), nil},
		{"vtconsole", vtConsoleFunctions(), nil},
		{"staticdata", nil, (*Kernel).bootStaticData},
		{"socketmake", socketMakingFunctions(), nil},
		{"linklayer", linkLayerFunctions(), (*Kernel).bootLinkLayer},
		{"tty", ttyFunctions(), (*Kernel).bootTTY},
		{"ttyopen", ttyOpenFunctions(), nil},
		{"ttyio", ttyIOFunctions(), nil},
		{"ttyhangup", ttyHangupFunctions(), nil},
		{"ttyioctl", ttyIoctlFunctions(), nil},
		{"ntty", nttyFunctions(), nil},
		{"nttyinput", nttyInputFunctions(), nil},
		{"nttyioctl", nttyIoctlFunctions(), nil},
		{"mtrr", mtrrFunctions(), (*Kernel).bootMTRR},
		{"mdlists", mdListFunctions(), (*Kernel).bootMDLists},
		{"rbtree", rbTreeFunctions(), nil},
		{"pcipool", pciPoolFunctions(), nil},
		{"pnp", pnpFunctions(), nil},
		{"random", randomFunctions(), nil},
	}, protocolSubsystems()...)
}
