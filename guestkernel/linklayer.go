// SPDX-License-Identifier: BSD-3-Clause
// Clients of the link layer's header formats: SNAP, 802.2, 802.3 and Ethernet II (2.4.18 net/802/psnap.c, p8022.c, p8023.c,
// net/ethernet/pe2.c). A client is a datalink_proto; no frame ever reaches it.

package guestkernel

import "ring0/guestkernel/abi"

type datalinkLayout struct {
	Size           uint32    `c:"(sizeof)"`
	TypeLen        abi.Field `c:"type_len"`
	Type           abi.Field `c:"type"`
	StringName     abi.Field `c:"string_name"`
	HeaderLength   abi.Field `c:"header_length"`
	Rcvfunc        abi.Field `c:"rcvfunc"`
	DatalinkHeader abi.Field `c:"datalink_header"`
	Next           abi.Field `c:"next"`
}

func linkLayerFunctions() []Function {
	const unused = "no frame is received"
	free := func(c *Call) { c.Kernel.Kfree(c.Arg(0)) }
	return []Function{
		{Name: "register_snap_client", Fn: registerSNAP, Level: Partial, Note: unused},
		{Name: "unregister_snap_client", Fn: unregisterSNAP, Level: Full},
		{Name: "register_8022_client", Fn: register8022, Level: Partial, Note: unused},
		{Name: "unregister_8022_client", Fn: unregister8022, Level: Full},
		{Name: "make_8023_client", Fn: makeClient("802.3", "p8023_datalink_header", 0), Level: Full},
		{Name: "destroy_8023_client", Fn: free, Level: Full},
		{Name: "make_EII_client", Fn: makeClient("EtherII", "pEII_datalink_header", 0), Level: Full},
		{Name: "destroy_EII_client", Fn: free, Level: Full},
	}
}

// datalinkSpec describes a client.
type datalinkSpec struct {
	name, header string // its name and the function that makes its header
	kind         []byte
	headerLen    uint32
	receive      uint32
}

// newDatalink makes a client; 0 without memory. It is on no list.
func (k *Kernel) newDatalink(s datalinkSpec) uint32 {
	lay := &k.drv.lay.Datalink
	at := k.Kmalloc(lay.Size, k.pages.gfp.atomic)
	if at == 0 {
		return 0
	}
	k.mem.Write(at+lay.Type.Off, s.kind)
	k.mem.Set(at, lay.TypeLen, uint32(len(s.kind)))
	k.mem.Set(at, lay.HeaderLength, s.headerLen)
	k.mem.Set(at, lay.DatalinkHeader, k.symbol(s.header))
	k.mem.Set(at, lay.StringName, k.drv.net.names[s.name])
	k.mem.Set(at, lay.Rcvfunc, s.receive)
	return at
}

// bootLinkLayer stores the names of the formats.
func (k *Kernel) bootLinkLayer() error {
	k.drv.net.names = make(map[string]uint32)
	for _, name := range []string{"SNAP", "802.2", "802.3", "EtherII"} {
		k.drv.net.names[name] = k.newString(name)
	}
	return nil
}

// makeClient models struct datalink_proto *make_8023_client(void) and make_EII_client.
func makeClient(name, header string, length uint32) func(*Call) {
	return func(c *Call) {
		c.Return(c.Kernel.newDatalink(datalinkSpec{name: name, header: header, headerLen: length}))
	}
}

// datalinkOf returns the client of a kind on a list and the word that points to it.
func (k *Kernel) datalinkOf(list uint32, kind []byte) (word, client uint32) {
	lay := &k.drv.lay.Datalink
	for word, d := range k.links("a list of link layer clients", list, lay.Next) {
		if d != 0 && string(k.mem.Bytes(d+lay.Type.Off, uint32(len(kind)))) == string(kind) {
			return word, d
		}
	}
	return 0, 0
}

// registerDatalink makes a client and puts it at the head of a list; 0 when there is one of that kind.
func (k *Kernel) registerDatalink(list uint32, s datalinkSpec) uint32 {
	if _, have := k.datalinkOf(list, s.kind); have != 0 {
		return 0
	}
	at := k.newDatalink(s)
	if at != 0 {
		k.push(list, at, k.drv.lay.Datalink.Next)
	}
	return at
}

func (k *Kernel) unregisterDatalink(list uint32, kind []byte) {
	if word, d := k.datalinkOf(list, kind); d != 0 {
		k.mem.SetU32(word, k.mem.Get(d, k.drv.lay.Datalink.Next))
		k.Kfree(d)
	}
}

// Lengths: of a SNAP protocol number, and of the headers.
const (
	snapLen       = 5
	header8022Len = 3
)

// registerSNAP models struct datalink_proto *register_snap_client(unsigned char *desc, int (*rcvfunc)(…)).
func registerSNAP(c *Call) {
	k := c.Kernel
	c.Return(k.registerDatalink(k.drv.sym.SNAPList, datalinkSpec{name: "SNAP", header: "snap_datalink_header",
		kind: k.mem.Bytes(c.Arg(0), snapLen), headerLen: snapLen + header8022Len, receive: c.Arg(1)}))
}

// unregisterSNAP models void unregister_snap_client(unsigned char *desc).
func unregisterSNAP(c *Call) {
	c.Kernel.unregisterDatalink(c.Kernel.drv.sym.SNAPList, c.Kernel.mem.Bytes(c.Arg(0), snapLen))
}

// register8022 models struct datalink_proto *register_8022_client(unsigned char type, int (*rcvfunc)(…)).
func register8022(c *Call) {
	k := c.Kernel
	c.Return(k.registerDatalink(k.drv.sym.P8022List, datalinkSpec{name: "802.2", header: "p8022_datalink_header",
		kind: []byte{byte(c.Arg(0))}, headerLen: header8022Len, receive: c.Arg(1)}))
}

// unregister8022 models void unregister_8022_client(unsigned char type).
func unregister8022(c *Call) {
	c.Kernel.unregisterDatalink(c.Kernel.drv.sym.P8022List, []byte{byte(c.Arg(0))})
}
