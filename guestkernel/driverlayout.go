// SPDX-License-Identifier: BSD-3-Clause
// The structures that drivers register, as far as the kernel model looks at them. Names are the C names in Go's spelling.

package guestkernel

import "ring0/guestkernel/abi"

type pciDevLayout struct {
	Size            uint32    `c:"(sizeof)"`
	GlobalList      abi.Field `c:"global_list"`
	BusList         abi.Field `c:"bus_list"`
	Bus             abi.Field `c:"bus"`
	Devfn           abi.Field `c:"devfn"`
	Vendor          abi.Field `c:"vendor"`
	Device          abi.Field `c:"device"`
	SubsystemVendor abi.Field `c:"subsystem_vendor"`
	SubsystemDevice abi.Field `c:"subsystem_device"`
	Class           abi.Field `c:"class"`
	HdrType         abi.Field `c:"hdr_type"`
	RomBaseReg      abi.Field `c:"rom_base_reg"`
	Driver          abi.Field `c:"driver"`
	DMAMask         abi.Field `c:"dma_mask"`
	CurrentState    abi.Field `c:"current_state"`
	SavedState      abi.Field `c:"saved_state"`
	IRQ             abi.Field `c:"irq"`
	Resource        abi.Field `c:"resource"`
	Name            abi.Field `c:"name"`
	SlotName        abi.Field `c:"slot_name"`
}

type pciBusLayout struct {
	Size     uint32    `c:"(sizeof)"`
	Node     abi.Field `c:"node"`
	Children abi.Field `c:"children"`
	Devices  abi.Field `c:"devices"`
	Resource abi.Field `c:"resource"`
	Ops      abi.Field `c:"ops"`
	Number   abi.Field `c:"number"`
	Name     abi.Field `c:"name"`

	Secondary   abi.Field `c:"secondary"`
	Subordinate abi.Field `c:"subordinate"`
}

type pciDriverLayout struct {
	Node    abi.Field `c:"node"`
	Name    abi.Field `c:"name"`
	IDTable abi.Field `c:"id_table"`
	Probe   abi.Field `c:"probe"`
	Remove  abi.Field `c:"remove"`
}

type pciIDLayout struct {
	Size      uint32    `c:"(sizeof)"`
	Vendor    abi.Field `c:"vendor"`
	Device    abi.Field `c:"device"`
	Subvendor abi.Field `c:"subvendor"`
	Subdevice abi.Field `c:"subdevice"`
	Class     abi.Field `c:"class"`
	ClassMask abi.Field `c:"class_mask"`
}

type netDeviceLayout struct {
	Size              uint32    `c:"(sizeof)"`
	Name              abi.Field `c:"name"`
	State             abi.Field `c:"state"`
	Next              abi.Field `c:"next"`
	Init              abi.Field `c:"init"`
	Ifindex           abi.Field `c:"ifindex"`
	Iflink            abi.Field `c:"iflink"`
	Flags             abi.Field `c:"flags"`
	Mtu               abi.Field `c:"mtu"`
	Type              abi.Field `c:"type"`
	HardHeaderLen     abi.Field `c:"hard_header_len"`
	Priv              abi.Field `c:"priv"`
	Broadcast         abi.Field `c:"broadcast"`
	DevAddr           abi.Field `c:"dev_addr"`
	AddrLen           abi.Field `c:"addr_len"`
	Qdisc             abi.Field `c:"qdisc"`
	QdiscSleeping     abi.Field `c:"qdisc_sleeping"`
	TxQueueLen        abi.Field `c:"tx_queue_len"`
	XmitLockOwner     abi.Field `c:"xmit_lock_owner"`
	Refcnt            abi.Field `c:"refcnt"`
	Deadbeaf          abi.Field `c:"deadbeaf"`
	Features          abi.Field `c:"features"`
	Uninit            abi.Field `c:"uninit"`
	Stop              abi.Field `c:"stop"`
	Destructor        abi.Field `c:"destructor"`
	HardHeader        abi.Field `c:"hard_header"`
	RebuildHeader     abi.Field `c:"rebuild_header"`
	SetMulticastList  abi.Field `c:"set_multicast_list"`
	SetMacAddress     abi.Field `c:"set_mac_address"`
	HardHeaderCache   abi.Field `c:"hard_header_cache"`
	HeaderCacheUpdate abi.Field `c:"header_cache_update"`
	ChangeMtu         abi.Field `c:"change_mtu"`
	HardHeaderParse   abi.Field `c:"hard_header_parse"`
	Divert            abi.Field `c:"divert"`
}

type packetTypeLayout struct {
	Type abi.Field `c:"type"`
	Next abi.Field `c:"next"`
}

type netFamilyLayout struct {
	Family abi.Field `c:"family"`
	Create abi.Field `c:"create"`
}

type inetProtoLayout struct {
	Next     abi.Field `c:"next"`
	Protocol abi.Field `c:"protocol"`
	Copy     abi.Field `c:"copy"`
}

type nfHookLayout struct {
	List     abi.Field `c:"list"`
	PF       abi.Field `c:"pf"`
	Hooknum  abi.Field `c:"hooknum"`
	Priority abi.Field `c:"priority"`
}

type nfSockoptLayout struct {
	List   abi.Field `c:"list"`
	PF     abi.Field `c:"pf"`
	SetMin abi.Field `c:"set_optmin"`
	SetMax abi.Field `c:"set_optmax"`
	GetMin abi.Field `c:"get_optmin"`
	GetMax abi.Field `c:"get_optmax"`
}

type qdiscOpsLayout struct {
	Next    abi.Field `c:"next"`
	ID      abi.Field `c:"id"`
	Enqueue abi.Field `c:"enqueue"`
	Dequeue abi.Field `c:"dequeue"`
	Requeue abi.Field `c:"requeue"`
}

type tcfProtoOpsLayout struct {
	Next abi.Field `c:"next"`
	Kind abi.Field `c:"kind"`
}

type nlsLayout struct {
	Charset abi.Field `c:"charset"`
	Owner   abi.Field `c:"owner"`
	Next    abi.Field `c:"next"`
}

type fileSystemLayout struct {
	Name     abi.Field `c:"name"`
	Owner    abi.Field `c:"owner"`
	Next     abi.Field `c:"next"`
	FsSupers abi.Field `c:"fs_supers"`
}

type binfmtLayout struct {
	Next abi.Field `c:"next"`
}

type execDomainLayout struct {
	Next abi.Field `c:"next"`
}

type gendiskLayout struct {
	Major      abi.Field `c:"major"`
	MajorName  abi.Field `c:"major_name"`
	MinorShift abi.Field `c:"minor_shift"`
	MaxP       abi.Field `c:"max_p"`
	NrReal     abi.Field `c:"nr_real"`
	Part       abi.Field `c:"part"`
	Sizes      abi.Field `c:"sizes"`
	Next       abi.Field `c:"next"`
}

type hdStructLayout struct {
	Size            uint32    `c:"(sizeof)"`
	StartSect       abi.Field `c:"start_sect"`
	NrSects         abi.Field `c:"nr_sects"`
	IOsInFlight     abi.Field `c:"ios_in_flight"`
	IOTicks         abi.Field `c:"io_ticks"`
	LastIdleTime    abi.Field `c:"last_idle_time"`
	LastQueueChange abi.Field `c:"last_queue_change"`
	AveQ            abi.Field `c:"aveq"`
	RdIOs           abi.Field `c:"rd_ios"`
	RdMerges        abi.Field `c:"rd_merges"`
	RdTicks         abi.Field `c:"rd_ticks"`
	RdSectors       abi.Field `c:"rd_sectors"`
	WrIOs           abi.Field `c:"wr_ios"`
	WrMerges        abi.Field `c:"wr_merges"`
	WrTicks         abi.Field `c:"wr_ticks"`
	WrSectors       abi.Field `c:"wr_sectors"`
}

type mdPersLayout struct {
	Name abi.Field `c:"name"`
}

type sysinfoLayout struct {
	Totalram  abi.Field `c:"totalram"`
	Freeram   abi.Field `c:"freeram"`
	Sharedram abi.Field `c:"sharedram"`
	Bufferram abi.Field `c:"bufferram"`
	Totalhigh abi.Field `c:"totalhigh"`
	Freehigh  abi.Field `c:"freehigh"`
	MemUnit   abi.Field `c:"mem_unit"`
}
