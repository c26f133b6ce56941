// SPDX-License-Identifier: BSD-3-Clause
// Net devices: up, down, frames to send.

package moduletest

import "ring0/guestkernel"

// NetDevice is a registered net device.
type NetDevice struct {
	k    *Kernel
	Name string
	Addr uint32 // of struct net_device
}

// NetDevice finds a net device by its name; the test fails when there is none.
func (k *Kernel) NetDevice(name string) *NetDevice {
	k.tb.Helper()
	addr := uint32(k.Call("__dev_get_by_name", name))
	if addr == 0 {
		k.Fatalf("there is no net device %s", name)
	}
	return &NetDevice{k, name, addr}
}

// Up brings the device up, as ifconfig up does; Down takes it down.
func (d *NetDevice) Up() {
	d.k.tb.Helper()
	d.k.ExpectErrno(d.TryUp(), 0)
}

// TryUp is Up with an error instead of a failed test.
func (d *NetDevice) TryUp() error {
	d.k.tb.Helper()
	return asError("dev_open", d.k.Call("dev_open", d.Addr))
}

// Down takes the device down.
func (d *NetDevice) Down() {
	d.k.tb.Helper()
	d.k.ExpectErrno(asError("dev_close", d.k.Call("dev_close", d.Addr)), 0)
}

// asError makes an error of a negative result.
func asError(call string, v int32) error {
	if v >= 0 {
		return nil
	}
	return &guestkernel.SyscallError{Call: call, Outcome: guestkernel.Outcome{Kind: guestkernel.Returned, Value: v}}
}

// Transmit has the kernel send a frame, link header included, on the device: it goes through the device's queue to the
// driver.
func (d *NetDevice) Transmit(frame []byte) {
	d.k.tb.Helper()
	const room, typeOff = 64, 12
	k := d.k
	skb := uint32(k.Call("alloc_skb", len(frame)+room, gfpAtomic))
	if skb == 0 {
		k.Fatalf("no sk_buff for %d bytes", len(frame))
	}
	data := k.Field("struct sk_buff", skb, "data")
	k.Poke(data, frame)
	k.SetField("struct sk_buff", skb, "tail", data+uint32(len(frame)))
	k.SetField("struct sk_buff", skb, "len", uint32(len(frame)))
	k.SetField("struct sk_buff", skb, "dev", d.Addr)
	k.SetField("struct sk_buff", skb, "mac.raw", data)
	if len(frame) >= typeOff+2 {
		k.SetField("struct sk_buff", skb, "protocol", uint32(frame[typeOff])|uint32(frame[typeOff+1])<<8)
	}
	k.ExpectErrno(asError("dev_queue_xmit", k.Call("dev_queue_xmit", skb)), 0)
	k.AdvanceTicks(1) // softirqs run
}

// NetStats are counters of a device, as ifconfig shows them.
type NetStats struct {
	RxPackets, TxPackets, RxBytes, TxBytes, RxErrors, TxErrors, RxDropped, TxDropped uint32
}

// Stats asks the driver for its counters.
func (d *NetDevice) Stats() (s NetStats) {
	d.k.tb.Helper()
	fn := d.k.Field("struct net_device", d.Addr, "get_stats")
	if fn == 0 {
		d.k.Fatalf("%s has no get_stats", d.Name)
	}
	v, err := d.k.TryCall(fn, Addr(d.Addr))
	if err != nil || v == 0 {
		d.k.Fatalf("get_stats of %s: %#x, %v", d.Name, v, err)
	}
	for _, f := range []struct {
		path string
		to   *uint32
	}{
		{"rx_packets", &s.RxPackets}, {"tx_packets", &s.TxPackets}, {"rx_bytes", &s.RxBytes}, {"tx_bytes", &s.TxBytes},
		{"rx_errors", &s.RxErrors}, {"tx_errors", &s.TxErrors}, {"rx_dropped", &s.RxDropped}, {"tx_dropped", &s.TxDropped},
	} {
		*f.to = d.k.Field("struct net_device_stats", uint32(v), f.path)
	}
	return s
}
