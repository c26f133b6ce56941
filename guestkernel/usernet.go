// SPDX-License-Identifier: BSD-3-Clause
// Network devices from the host: sockets and ioctls of a process, as ifconfig makes them.

package guestkernel

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// A NetInterface is what a program can ask about a network device.
type NetInterface struct {
	Name     string
	Flags    uint16 // IFF_…: 1 is up
	MTU      int
	Type     uint16 // ARPHRD_…: 1 is Ethernet
	Hardware [6]byte
	Address  netip.Addr // invalid: it has none; then there is no Mask either
	Mask     netip.Addr
}

// InterfaceChange is one thing to change of a network device.
type InterfaceChange struct {
	request uint32
	data    []byte
	on, off uint16
}

// Flags of a NetInterface that a change can set and clear.
const (
	InterfaceUp       = ifUp
	InterfacePromisc  = ifPromisc
	InterfaceAllmulti = ifAllmulti
	InterfaceNoARP    = ifNoARP
)

// ChangeFlags sets and clears flags.
func ChangeFlags(on, off uint16) InterfaceChange { return InterfaceChange{siocSIFFlags, nil, on, off} }

// ChangeMTU sets how long a packet may be.
func ChangeMTU(n uint32) InterfaceChange {
	return InterfaceChange{request: siocSIFMtu, data: binary.LittleEndian.AppendUint32(nil, n)}
}

// ChangeAddress sets the IPv4 address, ChangeMask the network's mask, ChangeBroadcast the broadcast address.
func ChangeAddress(a netip.Addr) InterfaceChange   { return addressChange(siocSIFAddr, a) }
func ChangeMask(a netip.Addr) InterfaceChange      { return addressChange(siocSIFNetmask, a) }
func ChangeBroadcast(a netip.Addr) InterfaceChange { return addressChange(siocSIFBrdAddr, a) }

func addressChange(request uint32, a netip.Addr) InterfaceChange {
	ip := a.As4()
	return InterfaceChange{request: request, data: append([]byte{familyInet, 0, 0, 0}, ip[:]...)}
}

// ChangeHardware sets the Ethernet address.
func ChangeHardware(mac [6]byte) InterfaceChange {
	return InterfaceChange{request: siocSIFHwaddr, data: append([]byte{arphrdEther, 0}, mac[:]...)}
}

// Interface asks about a network device.
func (p *Process) Interface(name string) (n NetInterface, err error) {
	n.Name = name
	err = p.withDatagramSocket(func(fd uint32) error {
		for _, ask := range []struct {
			request  uint32
			optional bool
			take     func([]byte)
		}{
			{siocGIFFlags, false, func(b []byte) { n.Flags = binary.LittleEndian.Uint16(b) }},
			{siocGIFMtu, false, func(b []byte) { n.MTU = int(binary.LittleEndian.Uint32(b)) }},
			{siocGIFHwaddr, false, func(b []byte) { n.Type = binary.LittleEndian.Uint16(b); copy(n.Hardware[:], b[2:]) }},
			{siocGIFAddr, true, func(b []byte) { n.Address = netip.AddrFrom4([4]byte(b[sinAddr:])) }},
			{siocGIFNetmask, true, func(b []byte) { n.Mask = netip.AddrFrom4([4]byte(b[sinAddr:])) }},
		} {
			b, err := p.interfaceIoctl(fd, name, ask.request, nil)
			var failed *SyscallError
			if ask.optional && errors.As(err, &failed) && failed.Errno() != 0 {
				continue // no address
			}
			if err != nil {
				return err
			}
			ask.take(b)
		}
		return nil
	})
	return n, err
}

// ChangeInterface changes a network device, one thing after the other, until one fails.
func (p *Process) ChangeInterface(name string, changes ...InterfaceChange) error {
	return p.withDatagramSocket(func(fd uint32) error {
		for _, change := range changes {
			if change.request == siocSIFFlags {
				b, err := p.interfaceIoctl(fd, name, siocGIFFlags, nil)
				if err != nil {
					return err
				}
				change.data = binary.LittleEndian.AppendUint16(nil, binary.LittleEndian.Uint16(b)&^change.off|change.on)
			}
			if _, err := p.interfaceIoctl(fd, name, change.request, change.data); err != nil {
				return err
			}
		}
		return nil
	})
}

// withDatagramSocket opens a socket of AF_INET for as long as f runs.
func (p *Process) withDatagramSocket(f func(fd uint32) error) error {
	const size, socket = 3 * wordSize, 1
	at, err := p.scratch(size)
	if err != nil {
		return err
	}
	if err := p.WriteUser(at, words(familyInet, socketDgram, 0)); err != nil {
		return err
	}
	fd, err := p.call("socketcall", socket, at)
	if err != nil {
		return err
	}
	if err := f(fd); err != nil {
		return errors.Join(err, p.closeAfter(err, fd))
	}
	return p.CloseFile(fd)
}

// interfaceIoctl makes one ioctl on a device and returns what is behind the name afterwards.
func (p *Process) interfaceIoctl(fd uint32, name string, request uint32, data []byte) ([]byte, error) {
	b := make([]byte, ifreqSize)
	copy(b[:ifNameSize-1], name)
	copy(b[ifreqData:], data)
	at, err := p.scratch(ifreqSize)
	if err != nil {
		return nil, err
	}
	if err := p.WriteUser(at, b); err != nil {
		return nil, err
	}
	if _, err := p.Ioctl(fd, request, at); err != nil {
		return nil, err
	}
	return b[ifreqData:], p.ReadUser(at, b)
}
