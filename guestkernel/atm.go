// SPDX-License-Identifier: BSD-3-Clause
// ATM: devices, virtual channels and what they may keep in memory (2.4.18 net/atm/resources.c, atm_misc.c, common.c, raw.c,
// proc.c).
//
// Sockets of the families are not written: a channel is one that a module has made.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

type atmDevLayout struct {
	Size      uint32    `c:"(sizeof)"`
	Ops       abi.Field `c:"ops"`
	Type      abi.Field `c:"type"`
	Number    abi.Field `c:"number"`
	Vccs      abi.Field `c:"vccs"`
	Last      abi.Field `c:"last"`
	Flags     abi.Field `c:"flags"`
	CIRange   abi.Field `c:"ci_range"`
	Signal    abi.Field `c:"signal"`
	LinkRate  abi.Field `c:"link_rate"`
	ProcEntry abi.Field `c:"proc_entry"`
	ProcName  abi.Field `c:"proc_name"`
	Prev      abi.Field `c:"prev"`
	Next      abi.Field `c:"next"`
}

type atmVccLayout struct {
	Flags   abi.Field `c:"flags"`
	VPI     abi.Field `c:"vpi"`
	VCI     abi.Field `c:"vci"`
	Dev     abi.Field `c:"dev"`
	TxClass abi.Field `c:"qos.txtp.traffic_class"`
	RxClass abi.Field `c:"qos.rxtp.traffic_class"`
	TxInuse abi.Field `c:"tx_inuse"`
	RxInuse abi.Field `c:"rx_inuse"`
	Push    abi.Field `c:"push"`
	Pop     abi.Field `c:"pop"`
	PushOAM abi.Field `c:"push_oam"`
	Send    abi.Field `c:"send"`
	Recvq   abi.Field `c:"recvq"`
	Stats   abi.Field `c:"stats"`
	Sleep   abi.Field `c:"sleep"`
	Sk      abi.Field `c:"sk"`
	Prev    abi.Field `c:"prev"`
	Next    abi.Field `c:"next"`
	Reply   abi.Field `c:"reply"`
}

type atmOpsLayout struct {
	DevClose abi.Field `c:"dev_close"`
	Send     abi.Field `c:"send"`
	ProcRead abi.Field `c:"proc_read"`
}

type atmStatsLayout struct {
	RxDrop abi.Field `c:"rx_drop"`
}

type atmParmLayout struct {
	MaxPCR abi.Field `c:"max_pcr"`
	PCR    abi.Field `c:"pcr"`
	MinPCR abi.Field `c:"min_pcr"`
}

// Facts of linux/atmdev.h and linux/atm.h.
const (
	atmCloseWithLast = 1 << 0  // ATM_DF_CLOSE
	atmVccAddress    = 1 << 0  // ATM_VF_ADDR
	atmVccClose      = 1 << 11 // ATM_VF_CLOSE
	atmSignalUnknown = 1
	atmOC3Rate       = 155520000 / 270 * 260 / 8 / 53
	atmAny           = 0xffffffff // ATM_VPI_ANY, ATM_VCI_ANY; also: any number
	atmFirstUser     = 32         // ATM_NOT_RSV_VCI
	atmMostPCR       = 0xffffffff // ATM_MAX_PCR
	atmWholePDU      = 15
	familyATMPVC     = 8
	familyATMSVC     = 20
	atmSearchMost    = 1 << 20
)

func atmFunctions() []Function {
	return []Function{
		{Name: "atm_dev_register", Fn: atmDevRegister, Level: Full, Proto: "struct atm_dev *atm_dev_register(const char *type, const struct atmdev_ops *ops, int number, atm_dev_flags_t *flags)"},
		{Name: "atm_dev_deregister", Fn: func(c *Call) { c.atmDeregister(c.Arg(0)) }, Level: Full, Proto: "void atm_dev_deregister(struct atm_dev *dev)"},
		{Name: "shutdown_atm_dev", Fn: func(c *Call) { c.atmShutdown(c.Arg(0)) }, Level: Full, Proto: "void shutdown_atm_dev(struct atm_dev *dev)"},
		{Name: "atm_find_dev", Fn: func(c *Call) { c.Return(c.Kernel.atmDevice(c.Arg(0))) }, Level: Full, Proto: "struct atm_dev *atm_find_dev(int number)"},
		{Name: "bind_vcc", Fn: func(c *Call) { c.atmBind(c.Arg(0), c.Arg(1)) }, Level: Full, Proto: "void bind_vcc(struct atm_vcc *vcc, struct atm_dev *dev)"},
		{Name: "atm_async_release_vcc", Fn: atmAsyncRelease, Level: Full, Proto: "void atm_async_release_vcc(struct atm_vcc *vcc, int reply)"},
		{Name: "atm_charge", Fn: atmCharge, Level: Full, Proto: "int atm_charge(struct atm_vcc *vcc, int truesize)"},
		{Name: "atm_alloc_charge", Fn: atmAllocCharge, Level: Full, Proto: "struct sk_buff *atm_alloc_charge(struct atm_vcc *vcc, int pdu_size, int gfp_flags)"},
		{Name: "atm_find_ci", Fn: atmFindCI, Level: Full, Proto: "int atm_find_ci(struct atm_vcc *vcc, short *vpi, int *vci)"},
		{Name: "atm_pcr_goal", Fn: atmPCRGoal, Level: Full, Proto: "int atm_pcr_goal(struct atm_trafprm *tp)"},
		{Name: "atm_init_aal5", Fn: atmInitAAL5, Level: Full, Proto: "int atm_init_aal5(struct atm_vcc *vcc)"},
		{Name: "atm_push_raw", Fn: atmPushRaw, Level: Full, Proto: "void atm_push_raw(struct atm_vcc *vcc, struct sk_buff *skb)"},
		{Name: "atm_pop_raw", Fn: atmPopRaw, Level: Full, Proto: "void atm_pop_raw(struct atm_vcc *vcc, struct sk_buff *skb)"},
		{Name: "proc_dev_atm_read", Fn: procDevATMRead, Level: Full, Proto: "ssize_t proc_dev_atm_read(struct file *file, char *buf, size_t count, loff_t *pos)"},
	}
}

// bootATM registers the families and makes /proc/net/atm, where each device has a file.
func (k *Kernel) bootATM() error {
	for _, f := range []struct {
		number      uint32
		ops, create string
	}{{familyATMPVC, "pvc_family_ops", "pvc_create"}, {familyATMSVC, "svc_family_ops", "svc_create"}} {
		ops := k.symbol(f.ops)
		k.mem.Set(ops, k.drv.lay.NetFamily.Family, f.number)
		k.mem.Set(ops, k.drv.lay.NetFamily.Create, k.symbol(f.create))
		k.mem.SetU32(k.drv.sym.NetFamilies+f.number*wordSize, ops)
	}
	dir := k.newProcEntry(k.mem.U32(k.sym.ProcNet), "atm", procSpec{mode: modeDir | 0o555, links: 2})
	if dir == 0 {
		return errNoMemory
	}
	k.mem.SetU32(k.symbol("atm_proc_root"), dir)
	return k.setOp(k.symbol("proc_dev_atm_operations"), k.lay.FileOperations.Read, "proc_dev_atm_read")
}

// atmDevice is atm_find_dev: the device of a number, 0 when there is none.
func (k *Kernel) atmDevice(number uint32) uint32 {
	lay := &k.drv.proto.ATMDev
	for _, dev := range k.links("atm_devs", k.symbol("atm_devs"), lay.Next) {
		if dev != 0 && k.mem.Get(dev, lay.Ops) != 0 && k.mem.Get(dev, lay.Number) == number {
			return dev
		}
	}
	return 0
}

// atmDevRegister models struct atm_dev *atm_dev_register(const char *type, const struct atmdev_ops *ops, int number,
// atm_dev_flags_t *flags): NULL without memory or when the number is taken; -1 is the lowest that is free.
func atmDevRegister(c *Call) {
	k, kind, ops, number, flags, lay := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3), &c.Kernel.drv.proto.ATMDev
	c.Return(0)
	dev := k.Kmalloc(lay.Size, k.pages.gfp.atomic)
	if dev == 0 {
		k.Printk("<3>atm_dev_register: no space for dev %s\n", k.kernelString(kind))
		return
	}
	k.mem.Fill(dev, lay.Size, 0)
	if number != atmAny && k.atmDevice(number) != 0 {
		k.Kfree(dev)
		return
	}
	if number == atmAny {
		for number = 0; k.atmDevice(number) != 0; number++ {
		}
	}
	word := uint32(0)
	if flags != 0 {
		word = k.mem.U32(flags)
	}
	for _, f := range []struct {
		f abi.Field
		v uint32
	}{{lay.Type, kind}, {lay.Ops, ops}, {lay.Number, number}, {lay.Flags, word}, {lay.Signal, atmSignalUnknown}, {lay.LinkRate, atmOC3Rate}} {
		k.mem.Set(dev, f.f, f.v)
	}
	k.atmLink(dev)
	if k.mem.Get(ops, k.drv.proto.ATMOps.ProcRead) != 0 && !k.atmShow(dev) {
		k.Printk("<3>atm_dev_register: atm_proc_dev_register failed for dev %s\n", k.kernelString(kind))
		k.atmUnlink(dev)
		k.Kfree(dev)
		dev = 0 // 2.4.18 returns what it has freed
	}
	c.Return(dev)
}

// atmLink puts a device at the end of the list, atmUnlink takes it off.
func (k *Kernel) atmLink(dev uint32) {
	lay, last := &k.drv.proto.ATMDev, k.symbol("last_dev")
	before := k.mem.U32(last)
	if k.mem.Set(dev, lay.Prev, before); before != 0 {
		k.mem.Set(before, lay.Next, dev)
	} else {
		k.mem.SetU32(k.symbol("atm_devs"), dev)
	}
	k.mem.SetU32(last, dev)
}

func (k *Kernel) atmUnlink(dev uint32) {
	lay := &k.drv.proto.ATMDev
	prev, next := k.mem.Get(dev, lay.Prev), k.mem.Get(dev, lay.Next)
	if prev != 0 {
		k.mem.Set(prev, lay.Next, next)
	} else {
		k.mem.SetU32(k.symbol("atm_devs"), next)
	}
	if next != 0 {
		k.mem.Set(next, lay.Prev, prev)
	} else {
		k.mem.SetU32(k.symbol("last_dev"), prev)
	}
}

// atmShow makes a device's file, TYPE:NUMBER (atm_proc_dev_register).
func (k *Kernel) atmShow(dev uint32) bool {
	lay, proc := &k.drv.proto.ATMDev, &k.lay.ProcDirEntry
	name := fmt.Sprintf("%s:%d", k.kernelString(k.mem.Get(dev, lay.Type)), k.mem.Get(dev, lay.Number))
	text := k.Kmalloc(uint32(len(name))+1, k.pages.gfp.atomic)
	if text == 0 {
		return false
	}
	k.mem.Write(text, append([]byte(name), 0))
	e := k.newProcEntry(k.mem.U32(k.symbol("atm_proc_root")), name, procSpec{mode: modeRegular | 0o444, links: 1})
	if e == 0 {
		k.Kfree(text)
		return false
	}
	k.mem.Set(dev, lay.ProcName, text)
	k.mem.Set(dev, lay.ProcEntry, e)
	k.mem.Set(e, proc.Data, dev)
	k.mem.Set(e, proc.ProcFops, k.symbol("proc_dev_atm_operations"))
	return true
}

// atmDeregister is atm_dev_deregister.
func (c *Call) atmDeregister(dev uint32) {
	k, lay := c.Kernel, &c.Kernel.drv.proto.ATMDev
	if k.mem.Get(k.mem.Get(dev, lay.Ops), k.drv.proto.ATMOps.ProcRead) != 0 {
		name := k.mem.Get(dev, lay.ProcName)
		k.Call(k.functionAt("remove_proc_entry"), name, k.mem.U32(k.symbol("atm_proc_root")))
		k.Kfree(name)
	}
	k.atmUnlink(dev)
	k.Kfree(dev)
}

// atmShutdown is shutdown_atm_dev: the device goes when it has no channel, else with its last one.
func (c *Call) atmShutdown(dev uint32) {
	k, lay := c.Kernel, &c.Kernel.drv.proto.ATMDev
	if k.mem.Get(dev, lay.Vccs) != 0 {
		k.mem.Set(dev, lay.Flags, k.mem.Get(dev, lay.Flags)|atmCloseWithLast)
		return
	}
	if end := k.mem.Get(k.mem.Get(dev, lay.Ops), k.drv.proto.ATMOps.DevClose); end != 0 {
		k.Call(end, dev)
	}
	c.atmDeregister(dev)
}

// atmBind is bind_vcc: a channel belongs to another device, or to none. The device that it leaves may go.
func (c *Call) atmBind(vcc, dev uint32) {
	k, lay, d := c.Kernel, &c.Kernel.drv.proto.ATMVcc, &c.Kernel.drv.proto.ATMDev
	c.atmLeave(vcc, dev)
	k.mem.Set(vcc, lay.Dev, dev)
	if dev == 0 {
		head := k.symbol("nodev_vccs")
		if first := k.mem.U32(head); first != 0 {
			k.mem.Set(first, lay.Prev, vcc)
		}
		k.push(head, vcc, lay.Next)
		k.mem.Set(vcc, lay.Prev, 0)
		return
	}
	last := k.mem.Get(dev, d.Last)
	k.mem.Set(vcc, lay.Next, 0)
	k.mem.Set(vcc, lay.Prev, last)
	if k.mem.Get(dev, d.Vccs) != 0 {
		k.mem.Set(last, lay.Next, vcc)
	} else {
		k.mem.Set(dev, d.Vccs, vcc)
	}
	k.mem.Set(dev, d.Last, vcc)
}

// atmLeave is unlink_vcc.
func (c *Call) atmLeave(vcc, hold uint32) {
	k, lay, d := c.Kernel, &c.Kernel.drv.proto.ATMVcc, &c.Kernel.drv.proto.ATMDev
	dev, prev, next := k.mem.Get(vcc, lay.Dev), k.mem.Get(vcc, lay.Prev), k.mem.Get(vcc, lay.Next)
	switch {
	case prev != 0:
		k.mem.Set(prev, lay.Next, next)
	case dev != 0:
		k.mem.Set(dev, d.Vccs, next)
	default:
		k.mem.SetU32(k.symbol("nodev_vccs"), next)
	}
	if next != 0 {
		k.mem.Set(next, lay.Prev, prev)
	} else if dev != 0 {
		k.mem.Set(dev, d.Last, prev)
	}
	if dev != 0 && dev != hold && k.mem.Get(dev, d.Vccs) == 0 && k.mem.Get(dev, d.Flags)&atmCloseWithLast != 0 {
		c.atmShutdown(dev)
	}
}

// atmAsyncRelease models void atm_async_release_vcc(struct atm_vcc *vcc, int reply): who waits for the channel hears that it
// is closed.
func atmAsyncRelease(c *Call) {
	k, vcc, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.proto.ATMVcc
	k.mem.Set(vcc, lay.Flags, k.mem.Get(vcc, lay.Flags)|atmVccClose)
	k.mem.Set(vcc, lay.Reply, c.Arg(1))
	k.wakeAny(vcc + lay.Sleep.Off)
}

// atmReserve counts received bytes; false when the socket has too many, which counts as a drop.
func (k *Kernel) atmReserve(vcc, size uint32) bool {
	lay := &k.drv.proto.ATMVcc
	k.add(vcc, lay.RxInuse, size)
	if int32(k.mem.Get(vcc, lay.RxInuse)) <= int32(k.mem.Get(k.mem.Get(vcc, lay.Sk), k.drv.lay.Sock.Rcvbuf)) {
		return true
	}
	k.atmDrop(vcc, size)
	return false
}

func (k *Kernel) atmDrop(vcc, size uint32) {
	lay := &k.drv.proto.ATMVcc
	k.add(vcc, lay.RxInuse, -size)
	k.add(k.mem.Get(vcc, lay.Stats), k.drv.proto.ATMStats.RxDrop, 1)
}

// atmCharge models int atm_charge(struct atm_vcc *vcc, int truesize): 1, or 0 when the packet is to be dropped.
func atmCharge(c *Call) { c.Return(boolWord(c.Kernel.atmReserve(c.Arg(0), c.Arg(1)))) }

// atmAllocCharge models struct sk_buff *atm_alloc_charge(struct atm_vcc *vcc, int pdu_size, int gfp_flags).
func atmAllocCharge(c *Call) {
	k, vcc, size, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.core.Skb
	guess := (size+atmWholePDU)&^atmWholePDU + lay.Size
	c.Return(0)
	if !k.atmReserve(vcc, guess) {
		return
	}
	skb := k.allocSkb(size, c.Arg(2))
	if skb == 0 {
		k.atmDrop(vcc, guess)
		return
	}
	k.add(vcc, k.drv.proto.ATMVcc.RxInuse, k.mem.Get(skb, lay.Truesize)-guess)
	c.Return(skb)
}

// atmTaken tells whether another channel of the device has that address in a direction that this one uses.
func (k *Kernel) atmTaken(vcc, vpi, vci uint32) bool {
	lay := &k.drv.proto.ATMVcc
	for _, other := range k.links("a list of channels", k.mem.Get(vcc, lay.Dev)+k.drv.proto.ATMDev.Vccs.Off, lay.Next) {
		if other == 0 || k.mem.Get(other, lay.Flags)&atmVccAddress == 0 || k.mem.Get(other, lay.VPI) != vpi || k.mem.Get(other, lay.VCI) != vci {
			continue
		}
		for _, class := range []abi.Field{lay.TxClass, lay.RxClass} {
			if k.mem.Get(other, class) != 0 && k.mem.Get(vcc, class) != 0 {
				return true
			}
		}
	}
	return false
}

// atmFindCI models int atm_find_ci(struct atm_vcc *vcc, short *vpi, int *vci): an address that is free, from where the last
// search ended; what is not -1 stays. EADDRINUSE.
func atmFindCI(c *Call) {
	k, vcc, vpiAt, vciAt := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2)
	wantP, wantC := uint32(int32(int16(k.mem.U16(vpiAt)))), k.mem.U32(vciAt)
	c.Return(0)
	if wantP != atmAny && wantC != atmAny {
		if k.atmTaken(vcc, wantP, wantC) {
			c.Fail(abi.EADDRINUSE)
		}
		return
	}
	lastC := k.symbol("c.1") // the function's own variables: a short p, and behind it int c
	lastP := lastC - wordSize
	ranges := k.mem.Get(vcc, k.drv.proto.ATMVcc.Dev) + k.drv.proto.ATMDev.CIRange.Off
	mostP, mostC := int32(1)<<(k.mem.U8(ranges)&31), int32(1)<<(k.mem.U8(ranges+1)&31)
	p, ci := int32(int16(k.mem.U16(lastP))), int32(k.mem.U32(lastC))
	if wantP != atmAny {
		p = int32(wantP)
	} else if p >= mostP {
		p = 0
	}
	if wantC != atmAny {
		ci = int32(wantC)
	} else if ci < atmFirstUser || ci >= mostC {
		ci = atmFirstUser
	}
	defer func() {
		k.mem.SetU16(lastP, uint16(p))
		k.mem.SetU32(lastC, uint32(ci))
	}()
	startP, startC := p, ci
	for range atmSearchMost {
		if !k.atmTaken(vcc, uint32(p), uint32(ci)) {
			k.mem.SetU16(vpiAt, uint16(p))
			k.mem.SetU32(vciAt, uint32(ci))
			return
		}
		if wantC == atmAny {
			if ci++; ci >= mostC {
				ci = atmFirstUser
			}
		}
		if (ci == atmFirstUser || wantC != atmAny) && wantP == atmAny {
			if p++; p >= mostP {
				p = 0
			}
		}
		if p == startP && ci == startC {
			c.Fail(abi.EADDRINUSE)
			return
		}
	}
	k.note("atm_find_ci does not come back to where it began: 2.4.18 would search for ever")
	c.Fail(abi.EADDRINUSE)
}

// atmPCRGoal models int atm_pcr_goal(struct atm_trafprm *tp): a peak cell rate to be rounded up, negative one to be rounded
// down, 0 for all there is.
func atmPCRGoal(c *Call) {
	k, lay := c.Kernel, &c.Kernel.drv.proto.ATMParm
	pcr, least, most := k.mem.Get(c.Arg(0), lay.PCR), k.mem.Get(c.Arg(0), lay.MinPCR), k.mem.Get(c.Arg(0), lay.MaxPCR)
	switch {
	case pcr != 0 && pcr != atmMostPCR:
		c.Return(-pcr)
	case least != 0 && pcr == 0:
		c.Return(least)
	case most != atmMostPCR:
		c.Return(-most)
	default:
		c.Return(0)
	}
}

// atmInitAAL5 models int atm_init_aal5(struct atm_vcc *vcc): packets go right to the device and wait in the channel's queue.
func atmInitAAL5(c *Call) {
	k, vcc, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.proto.ATMVcc
	k.mem.Set(vcc, lay.Push, k.functionAt("atm_push_raw"))
	k.mem.Set(vcc, lay.Pop, k.functionAt("atm_pop_raw"))
	k.mem.Set(vcc, lay.PushOAM, 0)
	k.mem.Set(vcc, lay.Send, k.mem.Get(k.mem.Get(k.mem.Get(vcc, lay.Dev), k.drv.proto.ATMDev.Ops), k.drv.proto.ATMOps.Send))
	c.Return(0)
}

// atmPushRaw models void atm_push_raw(struct atm_vcc *vcc, struct sk_buff *skb): a packet came in; NULL: the channel closes.
func atmPushRaw(c *Call) {
	k, lay := c.Kernel, &c.Kernel.drv.proto.ATMVcc
	if c.Arg(1) != 0 {
		k.enqueueSkb(c.Arg(0)+lay.Recvq.Off, c.Arg(1))
		k.wakeAny(c.Arg(0) + lay.Sleep.Off)
	}
}

// atmPopRaw models static void atm_pop_raw(struct atm_vcc *vcc, struct sk_buff *skb): a packet has been sent.
func atmPopRaw(c *Call) {
	k, lay := c.Kernel, &c.Kernel.drv.proto.ATMVcc
	k.add(c.Arg(0), lay.TxInuse, -k.mem.Get(c.Arg(1), k.drv.core.Skb.Truesize))
	k.freeSkb(c.Arg(1))
	k.wakeAny(c.Arg(0) + lay.Sleep.Off)
}

// procDevATMRead models static ssize_t proc_dev_atm_read(struct file *file, char *buf, size_t count, loff_t *pos): one line
// of the driver's for each read; the position counts lines.
func procDevATMRead(c *Call) {
	k, count, pos := c.Kernel, c.Arg(2), c.Arg(3)
	c.Return(0)
	if count == 0 {
		return
	}
	page := k.GetFreePages(k.pages.gfp.kernel, 0)
	if page == 0 {
		c.Fail(abi.ENOMEM)
		return
	}
	k.mem.Fill(page, abi.PageSize, 0)
	dev := k.mem.Get(k.mem.Get(k.fileInode(c.Arg(0)), k.lay.Inode.GenericIP), k.lay.ProcDirEntry.Data)
	length := errWord(abi.EINVAL)
	if read := k.mem.Get(k.mem.Get(dev, k.drv.proto.ATMDev.Ops), k.drv.proto.ATMOps.ProcRead); read != 0 {
		if length = k.Call(read, dev, pos, page); int32(length) > int32(count) || int32(length) > abi.PageSize {
			length = errWord(abi.EINVAL)
		}
	}
	if int32(length) >= 0 {
		if k.CopyToUser(c.Arg(1), k.mem.Bytes(page, length)) != 0 {
			length = errWord(abi.EFAULT)
		}
		k.mem.SetU64(pos, k.mem.U64(pos)+1)
	}
	k.FreePages(page, 0)
	c.Return(length)
}
