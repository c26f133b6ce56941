// SPDX-License-Identifier: BSD-3-Clause
// What the chapters of the network that use devices and sockets know of the profile: layouts (2.4.18 linux/netdevice.h,
// net/sock.h, linux/socket.h, linux/inetdevice.h and others).

package guestkernel

import (
	"reflect"

	"ring0/guestkernel/abi"
)

// protocolState is layouts only: everything else is in guest memory.
type protocolState struct {
	Device linkDeviceLayout  `c:"struct net_device"`
	Dst    dstRateLayout     `c:"struct dst_entry"`
	Sock   sockUseLayout     `c:"struct sock"`
	Socket socketFlagsLayout `c:"struct socket"`

	Route      routeLayout        `c:"struct rtable"`
	InetPeer   inetPeerLayout     `c:"struct inet_peer"`
	SockOption sockOptionLayout   `c:"struct sock"`
	RateTable  rateTableLayout    `c:"struct qdisc_rate_table"`
	Police     policeLayout       `c:"struct tcf_police"`
	Traffic    trafficStatsLayout `c:"struct tc_stats"`
	Hook       hookLayout         `c:"struct nf_hook_ops"`
	HookInfo   hookInfoLayout     `c:"struct nf_info"`
	HookOption hookOptionLayout   `c:"struct nf_sockopt_ops"`
	ATMDev     atmDevLayout       `c:"struct atm_dev"`
	ATMVcc     atmVccLayout       `c:"struct atm_vcc"`
	ATMOps     atmOpsLayout       `c:"struct atmdev_ops"`
	ATMStats   atmStatsLayout     `c:"struct k_atm_aal_stats"`
	ATMParm    atmParmLayout      `c:"struct atm_trafprm"`
}

// linkDeviceLayout is what this part needs of struct net_device besides netDeviceLayout and netPathLayout.
type linkDeviceLayout struct {
	Master abi.Field `c:"master"`
}

type dstRateLayout struct {
	RateLast   abi.Field `c:"rate_last"`
	RateTokens abi.Field `c:"rate_tokens"`
}

// bindProtocols binds the layouts. It comes before the parts that use them.
func (k *Kernel) bindProtocols() error {
	lays := reflect.ValueOf(&k.drv.proto).Elem()
	for i := range lays.NumField() {
		if err := k.profile.Bind(lays.Type().Field(i).Tag.Get("c"), lays.Field(i).Addr().Interface()); err != nil {
			return err
		}
	}
	return nil
}

// protocolSubsystems are the parts of the network above devices and buffers.
func protocolSubsystems() []subsystem {
	return []subsystem{
		{"protocols", nil, (*Kernel).bindProtocols},
		{"linktypes", linkTypeFunctions(), (*Kernel).bootRouteCache},
		{"netsundry", protocolHelperFunctions(), nil},
		{"filter", filterFunctions(), nil},
		{"sockmem", sockMemFunctions(), nil},
		{"iovec", iovecFunctions(), nil},
		{"datagram", datagramFunctions(), nil},
		{"rtattr", rtattrFunctions(), nil},
		{"netlink", netlinkFunctions(), (*Kernel).bootNetlink},
		{"scm", scmFunctions(), nil},
		{"sockopt", sockOptionFunctions(), nil},
		{"arp", arpFunctions(), nil},
		{"inetaddr", inetAddressFunctions(), nil},
		{"linkframes", linkFrameFunctions(), nil},
		{"socketasync", socketAsyncFunctions(), (*Kernel).bootSocketAsync},
		{"police", policeFunctions(), nil},
		{"estimator", estimatorFunctions(), nil},
		{"netfilter", netfilterFunctions(), nil},
		{"atm", atmFunctions(), (*Kernel).bootATM},
	}
}
