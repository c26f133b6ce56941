// SPDX-License-Identifier: BSD-3-Clause
// Sockets of a family that is a real module: RING0_CORPUS names the tree of a built 2.4.18-14 with net/ipx/ipx.o.

package loader

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
)

// ipxAddress is struct sockaddr_ipx.
func ipxAddress(port uint16, network uint32, node, kind, action byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, 4) // AF_IPX
	b = binary.BigEndian.AppendUint16(b, port)
	b = binary.BigEndian.AppendUint32(b, network)
	return append(b, 0, 0, 0, 0, 0, node, kind, action)
}

// TestIPXSockets sends datagrams between two sockets over IPX's internal network: bind, sendto, recvfrom, getsockname, ioctl,
// /proc, close, rmmod are the module's.
func TestIPXSockets(t *testing.T) {
	path := filepath.Join(os.Getenv("RING0_CORPUS"), "net", "ipx", "ipx.o")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Skip("RING0_CORPUS names no tree with net/ipx/ipx.o")
	}
	const (
		socketcall, sysSocket, sysBind, sysGetsockname, sysSendto, sysRecvfrom = 102, 1, 2, 6, 11, 12
		dgram, setAddress, memory, dontWait, internal, network                 = 2, 0x8916, 4096, 0x40, 2, 0x0a0b0c0d
	)
	kernel, p := boot(t, guestkernel.Config{MaxInsns: 100_000_000}, guestkernel.ProcessConfig{})
	object, err := Parse("ipx.o", file)
	require.NoError(t, err)
	_, err = Insmod(p, object, Options{})
	require.NoError(t, err)
	at, err := p.Alloc(memory)
	require.NoError(t, err)
	put := func(offset uint32, b []byte) uint32 {
		require.NoError(t, p.WriteUser(at+offset, b))
		return at + offset
	}
	get := func(offset, n uint32) []byte {
		b := make([]byte, n)
		require.NoError(t, p.ReadUser(at+offset, b))
		return b
	}
	call := func(number uint32, args ...uint32) int32 {
		var b []byte
		for _, a := range args {
			b = binary.LittleEndian.AppendUint32(b, a)
		}
		o := p.Syscall(socketcall, number, put(0, b))
		require.Equal(t, guestkernel.Returned, o.Kind, "%v\n%s", o, kernel.LogText())
		return o.Value
	}
	const address, length, data = 64, 128, 256
	var fd [2]uint32
	for i := range fd {
		n := call(sysSocket, 4, dgram, 0)
		require.GreaterOrEqual(t, n, int32(0))
		fd[i] = uint32(n)
	}
	const noSuchNode = -99 // EADDRNOTAVAIL
	bind := func(fd uint32, port uint16) int32 {
		return call(sysBind, fd, put(address, ipxAddress(port, network, 1, 0, 0)), 16)
	}
	require.EqualValues(t, noSuchNode, bind(fd[0], 0x4000), "there is no network yet")
	request := append(make([]byte, 16), ipxAddress(internal, network, 1, 0, 1)...)
	request[18] = internal
	request[19] = 0
	_, err = p.Ioctl(fd[0], setAddress, put(data, append(request, make([]byte, 16)...)))
	require.NoError(t, err, "%s", kernel.LogText())
	for i, port := range []uint16{0x4000, 0x4001} {
		require.EqualValues(t, 0, bind(fd[i], port))
	}
	put(length, []byte{16, 0, 0, 0})
	require.EqualValues(t, 0, call(sysGetsockname, fd[1], at+address, at+length))
	require.Equal(t, ipxAddress(0x4001, network, 1, 0, 0)[:14], get(address, 14))

	require.EqualValues(t, -11, call(sysRecvfrom, fd[1], at+data, 100, dontWait, at+address, at+length), "EAGAIN")
	to := put(address, ipxAddress(0x4001, network, 1, 17, 0))
	require.EqualValues(t, 8, call(sysSendto, fd[0], put(data, []byte("datagram")), 8, dontWait, to, 16))
	put(data, make([]byte, 100))
	put(length, []byte{16, 0, 0, 0})
	require.EqualValues(t, 8, call(sysRecvfrom, fd[1], at+data, 100, dontWait, at+address, at+length))
	require.Equal(t, "datagram", string(get(data, 8)))
	require.Equal(t, ipxAddress(0x4000, network, 1, 17, 0)[:15], get(address, 15), "who sent it")

	text, err := p.ReadFile("/proc/net/ipx_interface", 4096)
	if err != nil {
		text, err = p.ReadFile("/proc/net/ipx/interface", 4096)
	}
	require.NoError(t, err)
	require.Contains(t, string(text), "0A0B0C0D")
	require.NoError(t, p.CloseFile(fd[0]))
	request[len(request)-1] = 0 // delete it
	_, err = p.Ioctl(fd[1], setAddress, put(data, append(request, make([]byte, 16)...)))
	require.NoError(t, err)
	require.NoError(t, p.CloseFile(fd[1]))
	require.NoError(t, Rmmod(p, "ipx"))
	require.EqualValues(t, -97, call(sysSocket, 4, dgram, 0), "EAFNOSUPPORT")
}
