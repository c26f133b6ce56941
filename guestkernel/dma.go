// SPDX-License-Identifier: BSD-3-Clause
// DMA channels of the PC (2.4.18 kernel/dma.c).

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// dma_chan_busy is an array of {lock, name}, indexed by channel.
const (
	dmaChannels = 8
	dmaCascade  = 4
	dmaEntry    = 8
	dmaName     = 4
)

func dmaFunctions() []Function {
	return []Function{
		{Name: "request_dma", Fn: requestDMA, Level: Full, Proto: "int request_dma(unsigned int dmanr, const char *device_id)"},
		{Name: "free_dma", Fn: freeDMA, Level: Full, Proto: "void free_dma(unsigned int dmanr)"},
	}
}

func (k *Kernel) bootDMA() error {
	at := k.sym.DMAChannels + dmaCascade*dmaEntry
	k.mem.SetU32(at, 1)
	k.mem.SetU32(at+dmaName, k.newString("cascade"))
	return nil
}

// requestDMA models int request_dma(unsigned int dmanr, const char *device_id).
func requestDMA(c *Call) {
	k, channel := c.Kernel, c.Arg(0)
	at := k.sym.DMAChannels + channel*dmaEntry
	switch {
	case channel >= dmaChannels:
		c.Fail(abi.EINVAL)
	case k.mem.U32(at) != 0:
		c.Fail(abi.EBUSY)
		k.mem.SetU32(at, 1)
	default:
		k.mem.SetU32(at, 1)
		k.mem.SetU32(at+dmaName, c.Arg(1))
		c.Return(0)
	}
}

// freeDMA models void free_dma(unsigned int dmanr).
func freeDMA(c *Call) {
	k, channel := c.Kernel, c.Arg(0)
	if channel >= dmaChannels {
		k.Printk("<4>Trying to free DMA%d\n", int32(channel))
		return
	}
	at := k.sym.DMAChannels + channel*dmaEntry
	if k.mem.U32(at) == 0 {
		k.Printk("<4>Trying to free free DMA%d\n", channel)
	}
	k.mem.SetU32(at, 0)
}

// DMAList is the text of /proc/dma.
func (k *Kernel) DMAList() string {
	const longest = 256
	var b strings.Builder
	for channel := range uint32(dmaChannels) {
		if at := k.sym.DMAChannels + channel*dmaEntry; k.mem.U32(at) != 0 {
			name, _ := k.mem.CString(k.mem.U32(at+dmaName), longest)
			fmt.Fprintf(&b, "%2d: %s\n", channel, name)
		}
	}
	return b.String()
}
