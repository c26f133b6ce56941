// SPDX-License-Identifier: BSD-3-Clause
// The ioctls that ask for and set IP addresses of devices (2.4.18 net/ipv4/devinet.c devinet_ioctl).

package guestkernel

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"ring0/guestkernel/abi"
)

// addressRequest is one call of devinet_ioctl.
type addressRequest struct {
	c     *Call
	cmd   uint32
	ifr   []byte // the caller's struct ifreq
	label string // name of the address: that of the device, or with a colon and a number behind it
	dev   uint32
	ip    uint32 // 0: none
	word  uint32 // points to the address
	ifa   uint32 // 0: none
}

// devinetIoctl is devinet_ioctl.
func (c *Call) devinetIoctl(cmd, arg uint32) uint32 {
	k := c.Kernel
	r := &addressRequest{c: c, cmd: cmd, ifr: make([]byte, ifreqSize)}
	if k.CopyFromUser(r.ifr, arg) != 0 {
		return errWord(abi.EFAULT)
	}
	r.ifr[ifNameSize-1] = 0
	r.label = textOf(r.ifr[:ifNameSize])
	name, _, alias := strings.Cut(r.label, ":")
	k.loadDevice(c.Task(), name)
	reads := cmd == siocGIFAddr || cmd == siocGIFBrdAddr || cmd == siocGIFDstAddr || cmd == siocGIFNetmask
	sets := cmd == siocSIFAddr || cmd == siocSIFBrdAddr || cmd == siocSIFDstAddr || cmd == siocSIFNetmask
	inet := binary.LittleEndian.Uint16(r.ifr[ifreqData:]) == familyInet
	switch {
	case (sets || cmd == siocSIFFlags) && !c.Task().Capable(abi.CapNetAdmin):
		return errWord(abi.EACCES)
	case sets && !inet, !sets && !reads && cmd != siocSIFFlags:
		return errWord(abi.EINVAL)
	}
	k.down(c, k.drv.sym.RtnlSem)
	result := errWord(abi.ENODEV)
	if r.dev = k.netDeviceNamed(name); r.dev != 0 {
		r.find(reads && inet)
		switch {
		case r.ifa == 0 && cmd != siocSIFAddr && cmd != siocSIFFlags:
			result = errWord(abi.EADDRNOTAVAIL)
		case reads:
			result = r.read()
		case cmd == siocSIFFlags:
			result = r.flags(alias)
		default:
			result = r.set()
		}
	}
	k.up(k.drv.sym.RtnlSem)
	if reads && result == 0 && k.CopyToUser(arg, r.ifr) != 0 {
		return errWord(abi.EFAULT)
	}
	return result
}

// sent is the address in the request.
func (r *addressRequest) sent() uint32 { return leWord(r.ifr[ifreqData+sinAddr:]) }

// find looks for the address that is meant: by label and address if that is asked for, then by label alone.
func (r *addressRequest) find(byAddress bool) {
	k := r.c.Kernel
	lay := &k.drv.core.InAddress
	if r.ip = k.inDeviceOf(r.dev); r.ip == 0 {
		return
	}
	list := r.ip + k.drv.core.InDevice.IfaList.Off
	for _, strict := range []bool{true, false} {
		if strict && !byAddress {
			continue
		}
		for word, ifa := range k.links("ifa_list", list, lay.Next) {
			if ifa == 0 || k.text16(ifa+lay.Label.Off) != r.label || strict && k.mem.Get(ifa, lay.Address) != r.sent() {
				continue
			}
			r.word, r.ifa = word, ifa
			return
		}
	}
}

// read puts what is asked for into the request.
func (r *addressRequest) read() uint32 {
	k := r.c.Kernel
	lay := &k.drv.core.InAddress
	f := map[uint32]abi.Field{siocGIFAddr: lay.Local, siocGIFBrdAddr: lay.Broadcast, siocGIFDstAddr: lay.Address, siocGIFNetmask: lay.Mask}[r.cmd]
	sin := r.ifr[ifreqData : ifreqData+sockaddrInLen]
	clear(sin)
	sin[0] = familyInet
	binary.LittleEndian.PutUint32(sin[sinAddr:], k.mem.Get(r.ifa, f))
	return 0
}

// flags is SIOCSIFFLAGS: an alias that is not up is an address that goes.
func (r *addressRequest) flags(alias bool) uint32 {
	k := r.c.Kernel
	flags := uint32(binary.LittleEndian.Uint16(r.ifr[ifreqData:]))
	switch {
	case !alias:
		return r.c.changeFlags(r.dev, flags)
	case r.ifa == 0:
		return errWord(abi.EADDRNOTAVAIL)
	case flags&ifUp == 0:
		k.removeAddress(r.word, r.ifa)
		k.freeAddress(r.ifa)
		if k.mem.Get(r.ip, k.drv.core.InDevice.IfaList) == 0 {
			k.destroyInDevice(r.ip)
		}
	}
	return 0
}

// set changes an address, or makes it.
func (r *addressRequest) set() uint32 {
	k := r.c.Kernel
	lay, v := &k.drv.core.InAddress, r.sent()
	change := func(f abi.Field) uint32 {
		if k.mem.Get(r.ifa, f) != v {
			k.removeAddress(r.word, r.ifa)
			k.mem.Set(r.ifa, f, v)
			if f == lay.Mask {
				k.mem.Set(r.ifa, lay.Prefixlen, uint32(bits.LeadingZeros32(^hostOrder(v))))
			}
			k.insertAddress(r.ifa)
		}
		return 0
	}
	switch r.cmd {
	case siocSIFBrdAddr:
		return change(lay.Broadcast)
	case siocSIFDstAddr:
		if k.mem.Get(r.ifa, lay.Address) != v && classLen(v) < 0 {
			return errWord(abi.EINVAL)
		}
		return change(lay.Address)
	case siocSIFNetmask:
		if inverse := ^hostOrder(v); inverse&(inverse+1) != 0 {
			return errWord(abi.EINVAL)
		}
		return change(lay.Mask)
	}
	return r.setAddress(v)
}

// setAddress is SIOCSIFADDR: mask and broadcast address are those of the address's class.
func (r *addressRequest) setAddress(v uint32) uint32 {
	const pointToPoint, single, loopbackNet = 0x10, 32, 0x7f
	k := r.c.Kernel
	lay, length := &k.drv.core.InAddress, classLen(v)
	switch {
	case length < 0:
		return errWord(abi.EINVAL)
	case r.ifa == 0:
		if r.ifa = k.newAddress(r.label); r.ifa == 0 {
			return errWord(abi.ENOBUFS)
		}
	case k.mem.Get(r.ifa, lay.Local) == v:
		return 0
	default:
		k.removeAddress(r.word, r.ifa)
		k.mem.Set(r.ifa, lay.Broadcast, 0)
		k.mem.Set(r.ifa, lay.Anycast, 0)
	}
	k.mem.Set(r.ifa, lay.Local, v)
	k.mem.Set(r.ifa, lay.Address, v)
	flags := k.mem.Get(r.dev, k.drv.lay.NetDevice.Flags)
	if flags&pointToPoint != 0 {
		length = single
	} else if flags&ifBroadcast != 0 && length < single-1 {
		k.mem.Set(r.ifa, lay.Broadcast, v|^maskOf(length))
	}
	k.mem.Set(r.ifa, lay.Prefixlen, uint32(length))
	k.mem.Set(r.ifa, lay.Mask, maskOf(length))
	if r.ip == 0 {
		if r.ip = k.newInDevice(r.dev); r.ip == 0 {
			k.freeAddress(r.ifa)
			return errWord(abi.ENOBUFS)
		}
	}
	if k.mem.Get(r.ifa, lay.Dev) != r.ip {
		k.joinInDevice(r.ifa, r.ip)
	}
	if v&0xff == loopbackNet {
		k.mem.Set(r.ifa, lay.Scope, scopeHost)
	}
	return k.insertAddress(r.ifa)
}
