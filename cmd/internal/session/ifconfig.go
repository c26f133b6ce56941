// SPDX-License-Identifier: BSD-3-Clause
// The step ifconfig: network devices up and down, and what else ifconfig(8) sets.

package session

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"ring0/guestkernel"
)

const ifconfigUsage = "DEVICE [ADDRESS] [netmask ADDRESS] [broadcast ADDRESS] [mtu N] [hw ether ADDRESS] [up|down] [[-]promisc] [[-]allmulti] [[-]arp]"

// parseIfconfig reads the step; without anything to change it says how the device is.
func parseIfconfig(words []string, _ string) (stepFunc, error) {
	if len(words) == 0 {
		return nil, errUsage
	}
	changes, err := interfaceChanges(words[1:])
	if err != nil {
		return nil, err
	}
	return func(p *guestkernel.Process) (string, error) {
		if len(changes) > 0 {
			return "", p.ChangeInterface(words[0], changes...)
		}
		return showInterface(p, words[0])
	}, nil
}

func showInterface(p *guestkernel.Process, device string) (string, error) {
	n, err := p.Interface(device)
	if err != nil {
		return "", err
	}
	return describeInterface(n), nil
}

// interfaceChanges reads what is to change, in the order of the words. An address brings the device up, as ifconfig does.
func interfaceChanges(words []string) (changes []guestkernel.InterfaceChange, err error) {
	flags := map[string]uint16{"promisc": guestkernel.InterfacePromisc, "allmulti": guestkernel.InterfaceAllmulti, "up": guestkernel.InterfaceUp, "-arp": guestkernel.InterfaceNoARP}
	clears := map[string]uint16{"-promisc": guestkernel.InterfacePromisc, "-allmulti": guestkernel.InterfaceAllmulti, "down": guestkernel.InterfaceUp, "arp": guestkernel.InterfaceNoARP}
	for len(words) > 0 {
		word := words[0]
		if flags[word] != 0 || clears[word] != 0 {
			changes, words = append(changes, guestkernel.ChangeFlags(flags[word], clears[word])), words[1:]
			continue
		}
		change, used, err := interfaceChange(words)
		if err != nil {
			return nil, err
		}
		changes, words = append(changes, change), words[used:]
		if used == 1 {
			changes = append(changes, guestkernel.ChangeFlags(guestkernel.InterfaceUp, 0))
		}
	}
	return changes, nil
}

// interfaceChange reads a change that takes one, two or three words.
func interfaceChange(words []string) (change guestkernel.InterfaceChange, used int, err error) {
	value := ""
	if len(words) > 1 {
		value = words[1]
	}
	address := func(text string, f func(netip.Addr) guestkernel.InterfaceChange, n int) (guestkernel.InterfaceChange, int, error) {
		a, err := netip.ParseAddr(text)
		if err != nil || !a.Is4() {
			return change, 0, fmt.Errorf("%q is no IPv4 address", text)
		}
		return f(a), n, nil
	}
	switch words[0] {
	case "netmask":
		return address(value, guestkernel.ChangeMask, 2)
	case "broadcast":
		return address(value, guestkernel.ChangeBroadcast, 2)
	case "mtu":
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return change, 0, fmt.Errorf("mtu %q is no number", value)
		}
		return guestkernel.ChangeMTU(uint32(n)), 2, nil
	case "hw":
		if value != "ether" || len(words) < 3 {
			return change, 0, errors.New("hw: only ether is known")
		}
		mac, err := net.ParseMAC(words[2])
		if err != nil || len(mac) != 6 {
			return change, 0, fmt.Errorf("%q is no Ethernet address", words[2])
		}
		return guestkernel.ChangeHardware([6]byte(mac)), 3, nil
	}
	return address(words[0], guestkernel.ChangeAddress, 1)
}

// describeInterface is one line about a device, and one more when it has an address.
func describeInterface(n guestkernel.NetInterface) string {
	names := []string{"UP", "BROADCAST", "DEBUG", "LOOPBACK", "POINTOPOINT", "NOTRAILERS", "RUNNING", "NOARP", "PROMISC", "ALLMULTI", "MASTER", "SLAVE",
		"MULTICAST", "PORTSEL", "AUTOMEDIA", "DYNAMIC"}
	var set []string
	for i, name := range names {
		if n.Flags>>i&1 != 0 {
			set = append(set, name)
		}
	}
	text := fmt.Sprintf("%s: flags %04x <%s>, mtu %d, type %d", n.Name, n.Flags, strings.Join(set, ","), n.MTU, n.Type)
	if n.Type == 1 {
		text += ", address " + net.HardwareAddr(n.Hardware[:]).String()
	}
	if n.Address.IsValid() {
		text += fmt.Sprintf("\n    inet %s, netmask %s", n.Address, n.Mask)
	}
	return text + "\n"
}
